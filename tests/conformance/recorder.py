"""Holds everything that a simulator in this process says, and takes, against Discord's description.

A bot that works here must work on Discord: what we accept, its description accepts; what we answer and
tell is shaped as it says. Each distinct shape is judged once, so that a suite of thousands of clicks
costs what its dozens of kinds cost.
"""

from __future__ import annotations

import contextvars
import functools
import json
import re
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

from kit.simulator.gateway.session import Session
from kit.simulator.rest import rest
from tests.conformance.description import Description, Fault

JSON = "application/json"
PREFIX = re.compile(r"^/api(/v\d+)?/")
WORD = re.compile(r"[a-z_-]{1,20}")
# The union of all kinds of channels, which has no name of its own.
CHANNEL = "#/paths/~1channels~1%7Bchannel_id%7D/get/responses/200/content/application~1json/schema"
# Where the objects of the description stand in the events that carry them.
EVENTS: dict[str, dict[str, str]] = {
    "READY": {"user": "UserPIIResponse"},
    "MESSAGE_CREATE": {"": "MessageResponse"},
    "MESSAGE_UPDATE": {"": "MessageResponse"},
    "MESSAGE_REACTION_ADD": {"member": "GuildMemberResponse"},
    "GUILD_CREATE": {
        "roles.*": "GuildRoleResponse",
        "channels.*": "GuildChannelResponse",
        "members.*": "GuildMemberResponse",
        "threads.*": "ThreadResponse",
        "emojis.*": "EmojiResponse",
    },
    "GUILD_EMOJIS_UPDATE": {"emojis.*": "EmojiResponse"},
    "GUILD_BAN_ADD": {"user": "UserResponse"},
    "GUILD_BAN_REMOVE": {"user": "UserResponse"},
    "GUILD_MEMBER_REMOVE": {"user": "UserResponse"},
    "GUILD_MEMBER_ADD": {"": "GuildMemberResponse"},
    "GUILD_MEMBER_UPDATE": {"": "GuildMemberResponse"},
    "GUILD_MEMBERS_CHUNK": {"members.*": "GuildMemberResponse"},
    "GUILD_ROLE_CREATE": {"role": "GuildRoleResponse"},
    "GUILD_ROLE_UPDATE": {"role": "GuildRoleResponse"},
    "CHANNEL_CREATE": {"": CHANNEL},
    "CHANNEL_UPDATE": {"": CHANNEL},
    "CHANNEL_DELETE": {"": CHANNEL},
    "THREAD_CREATE": {"": "ThreadResponse"},
    "THREAD_UPDATE": {"": "ThreadResponse"},
    "THREAD_MEMBER_UPDATE": {"": "ThreadMemberResponse"},
    "THREAD_MEMBERS_UPDATE": {"added_members.*": "ThreadMemberResponse"},
    "TYPING_START": {"member": "GuildMemberResponse"},
    "INTERACTION_CREATE": {
        "message": "MessageResponse",
        "member": "GuildMemberResponse",
        "user": "UserResponse",
        "channel": CHANNEL,
        "data.resolved": "ResolvedObjectsResponse",
    },
}


def shape(value: Any) -> Any:
    """What of a value the description can tell apart; texts by their length, ids not at all."""
    if isinstance(value, dict):
        return tuple(("#" if key.isdecimal() else key, shape(inner)) for key, inner in value.items())
    if isinstance(value, list):
        return len(value), *dict.fromkeys(map(shape, value))
    if isinstance(value, str):
        return "#" if value.isdecimal() else value if WORD.fullmatch(value) else f"text {len(value)}"
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int):
        return value if -1 <= value <= 64 else f"bits {value.bit_length()}"
    return type(value).__name__


def parts(value: Any, path: str) -> Iterator[Any]:
    """What stands at a path of a value, where ``*`` is each item of a list."""
    if not path:
        yield value
        return
    head, _, rest_of = path.partition(".")
    inside = value if head == "*" else [value[head]] if value.get(head) is not None else []
    for inner in inside:
        yield from parts(inner, rest_of)


class Recorder:
    """Judges each kind of exchange and event once, and keeps what is wrong."""

    def __init__(self, description: Description) -> None:
        self.description = description
        self.faults: list[Fault] = []
        self.seen: set[Any] = set()
        self.operations: set[str] = set()
        # The task of a connection has one request at a time.
        self._body: contextvars.ContextVar[Any] = contextvars.ContextVar("body")

    def _judge(self, place: str, schema: str, value: Any, *, side: str = "answer") -> None:
        key = (place, schema, shape(value))
        if key in self.seen:
            return
        self.seen.add(key)
        self.faults += self.description.faults(place, schema, value, side=side)

    def exchange(self, method: str, path: str, body: Any, status: int, answer: Any) -> None:
        """Judges one request and its response."""
        operation = self.description.operation(method, path)
        if operation is None or status >= 500:
            return
        self.operations.add(operation.name)
        known, schema = operation.response(status)
        if not known:
            self.faults.append(
                Fault(f"response {operation.name}", "", "status", f"{status}, not {[*operation.responses]}")
            )
        elif schema is not None:
            self._judge(f"response {status} {operation.name}", schema, answer)
        if status < 300 and operation.request is not None and body is not None:
            self._judge(f"request {operation.name}", operation.request, body, side="request")

    def event(self, name: str, data: Any) -> None:
        """Judges the objects in one gateway event."""
        for path, schema in EVENTS.get(name, {}).items():
            for value in parts(data, path):
                self._judge(f"event {name} {path}".strip(), schema, value)

    def news(self) -> list[Fault]:
        """What was wrong since the last time."""
        faults, self.faults = self.faults, []
        return faults

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hears every simulator of this process."""
        with (
            _wrapped(rest.Rest, "handle", self._hear_exchange),
            _wrapped(rest, "read_body", self._hear_body),
            _wrapped(Session, "push", self._hear_event),
        ):
            yield

    async def _hear_exchange(self, handle: Any, served: Any, request: Any) -> Any:
        self._body.set(None)
        response = await handle(served, request)
        body = self._body.get()
        path = urllib.parse.unquote(request.rel_url.raw_path)
        # What stands before Discord's API answers in words of its own, or breaks off.
        spoken = isinstance(response, web.Response) and (not response.body or response.content_type == JSON)
        if spoken and PREFIX.match(path):
            answer = json.loads(response.body) if response.body else None
            self.exchange(request.method, PREFIX.sub("/", path), body, response.status, answer)
        return response

    async def _hear_body(self, read: Any, request: Any, call: Any) -> None:
        await read(request, call)
        self._body.set(call.body)

    def _hear_event(self, push: Any, session: Session, event: str, data: Any) -> None:
        push(session, event, data)
        self.event(event, data)


@contextmanager
def _wrapped(owner: Any, name: str, hear: Callable[..., Any]) -> Iterator[None]:
    original = getattr(owner, name)

    @functools.wraps(original)
    def wrapper(*arguments: Any) -> Any:
        return hear(original, *arguments)

    setattr(owner, name, wrapper)
    try:
        yield
    finally:
        setattr(owner, name, original)
