"""Requests that nobody would send: good bodies with parts made wrong, junk, and paths that lead nowhere."""

from __future__ import annotations

import copy
import json
import random
import urllib.parse
from dataclasses import dataclass, field
from typing import Any

from kit.simulator import Simulator
from tests.conformance import bodies
from tests.simulator.fuzz.routes import served
from tests.simulator.limits.component_cases import COMPONENTS
from tests.simulator.limits.message_cases import MESSAGES
from tests.simulator.limits.modal_cases import MODALS

Json = dict[str, Any]

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "PROPFIND")
JUNK: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 1, 5, 64, 1 << 15, 1 << 31, 1 << 64, 1.5, 1e300),
    *("", "x", " ", "0", "9" * 30, "x" * 5000, "🎉", "字" * 4001, "\x00", "2026-13-01", "attachment://x.txt"),
    *(
        "javascript:alert(1)",
        "https://[",
        "null",
        [],
        {},
        [None],
        [[]],
        [{}],
        {"a": 1},
        [1, "1"],
        {"": {"": []}},
    ),
    *(
        {"type": 2},
        {"type": 17, "components": []},
        {"_errors": []},
        [{"type": 1, "components": [{"type": 2}]}],
    ),
)
SEGMENTS = (
    *("abc", "-1", "1e5", "9" * 30, "0", "..", ".", "%00", "a/b", "@me", "@original", "{channel_id}", "🎉"),
    *("x:5", "a:x:5", " ", "\\", "'", "null", "\x7f", "١٢٣"),
)
QUERIES = (
    "limit",
    "before",
    "after",
    "around",
    "with_counts",
    "with_response",
    "query",
    "wait",
    "thread_id",
    "x",
)
VALUES = ("1", "0", "-1", "101", "9" * 30, "x", "", "true", "1.5", "a&b=c", "🎉")
RAW = (
    b"",
    b"{",
    b"\xff\xfe",
    b"[" * 5000,
    b'{"content": NaN}',
    b'"x"',
    b"null",
    b'{"a": 1e999}',
    b"\x00" * 64,
)
TYPES = (
    "application/json",
    "text/plain",
    "multipart/form-data; boundary=b",
    "application/x-www-form-urlencoded",
    "",
)
PARTS = (
    b'--b\r\nContent-Disposition: form-data; name="payload_json"\r\n\r\n{"content": "x"}\r\n',
    b'--b\r\nContent-Disposition: form-data; name="payload_json"\r\n\r\n{\r\n',
    b'--b\r\nContent-Disposition: form-data; name="files[0]"; filename="../x.txt"\r\n\r\nx\r\n',
    b'--b\r\nContent-Disposition: form-data; name="files[99]"; filename=""\r\n\r\nx\r\n',
    b"--b\r\nnonsense\r\n\r\n",
    b"--b--\r\n",
    b"--b",
)


@dataclass
class Request:
    """What is sent."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.headers} {(self.body or b'')[:2000]!r}"


class Fuzzer:
    """Makes requests for a simulator, the same ones for the same seed.

    Args:
        simulator: Whose ids are in the paths, where they fit.
        seed: Of all that is random.
    """

    def __init__(self, simulator: Simulator, seed: int) -> None:
        self.simulator = simulator
        self.random = random.Random(seed)
        self.tokens: list[tuple[str, str]] = []
        simulator.world.emoji("x", id="5")
        people = simulator.world.user("bob")["id"], simulator.world.add_role("Role")["id"]
        self.messages = [bodies.legacy(), bodies.layout(*people), {"content": "x"}]
        self.messages += [case.good for case in (*MESSAGES, *COMPONENTS)]
        self.modals = [bodies.modal(), bodies.second_modal(), *(case.good for case in MODALS)]
        self.routes = served()

    def request(self) -> Request:
        """The next request."""
        method, template = self.random.choice(self.routes)
        if self.random.random() < 0.05:
            method = self.random.choice(METHODS)
        path = "/".join(self._segment(part) for part in template.split("/"))
        if self.random.random() < 0.03:
            path += "/" + self.random.choice(SEGMENTS[:4])
        if self.random.random() < 0.3:
            chosen = {self.random.choice(QUERIES): self.random.choice(VALUES) for _ in range(2)}
            path += "?" + urllib.parse.urlencode(chosen)
        token = "nobody" if self.random.random() < 0.02 else self.simulator.token
        request = Request(method, f"/api/v10/{path}", {"Authorization": f"Bot {token}"})
        if method not in ("GET", "HEAD"):
            self._fill(request, template)
        return request

    def _fill(self, request: Request, template: str) -> None:
        kind = self.random.random()
        if kind < 0.04:
            request.body = self.random.choice(RAW)
            request.headers["Content-Type"] = self.random.choice(TYPES)
        elif kind < 0.08:
            request.body = b"".join(self.random.choice(PARTS) for _ in range(self.random.randint(1, 4)))
            request.headers["Content-Type"] = TYPES[2]
        else:
            body = self._spoiled(self._good(request.method, template))
            request.body = json.dumps(body).encode()
            request.headers["Content-Type"] = TYPES[0]

    def _segment(self, part: str) -> str:
        if not part.startswith("{"):
            return part
        if self.random.random() < 0.05:
            return urllib.parse.quote(self.random.choice(SEGMENTS), safe="%")
        return urllib.parse.quote(self._id(part[1:-1]))

    def _id(self, name: str) -> str:
        world = self.simulator.world
        choices = {
            "channel_id": list(world.channels),
            "message_id": list(world.channel_of),
            "user_id": list(world.members),
            "role_id": list(world.roles),
            "overwrite_id": [*world.roles, *world.members],
            "guild_id": [world.guild["id"]],
            "application_id": [world.application_id],
            "command_id": [c["id"] for scope in world.bot.commands.values() for c in scope],
            "emoji": ["🎉", "x:5"],
            "emoji_id": [e["id"] for e in (*world.guild["emojis"], *world.bot.emojis)],
            "which": ["@original", *list(world.channel_of)[-5:]],
            "interaction_id": [pair[0] for pair in self.tokens[-3:]],
            "token": [pair[1] for pair in self.tokens[-3:]],
        }
        return self.random.choice(choices.get(name) or ["5"])

    def _good(self, method: str, template: str) -> Any:
        one, last = self.random.choice, template.rpartition("/")[2]
        world = self.simulator.world
        if last == "callback":
            kind = one((4, 5, 6, 7, 8, 9))
            data = one(self.modals) if kind == 9 else one(self.messages)
            return {"type": kind, "data": {"choices": [{"name": "a", "value": 1}]} if kind == 8 else data}
        if template.startswith("applications"):
            return [bodies.command()] if method == "PUT" else bodies.command()
        if last in ("roles", "{role_id}"):
            return {
                "name": "r",
                "permissions": "8",
                "color": 5,
                "hoist": True,
                "colors": {"primary_color": 1},
            }
        overwrite = {"id": one(list(world.roles)), "type": 0, "allow": "1024", "deny": "0"}
        if last in ("channels", "{channel_id}"):
            kind = one((0, 0, 2, 4, 15))
            body = {
                "name": "c",
                "type": kind,
                "topic": "t",
                "position": 1,
                "permission_overwrites": [overwrite],
            }
            return {"recipient_id": one(list(world.members))} if template == "users/@me/channels" else body
        if last == "bulk-delete":
            return {"messages": list(world.channel_of)[-3:]}
        if last == "threads":
            return {"name": "t", "type": 11, "auto_archive_duration": 60, "message": {"content": "x"}}
        if "emojis" in template:
            return {"name": "smile", "image": bodies.IMAGE_DATA, "roles": []}
        if "ban" in last or "bans" in template:
            return {"user_ids": [one(list(world.members))], "delete_message_seconds": 60}
        if last == "permissions":
            return {"permissions": [{"id": one(list(world.roles)), "type": 1, "permission": True}]}
        if "members" in template:
            return {"nick": "n", "roles": [], "communication_disabled_until": "2025-01-01T00:00:00Z"}
        return overwrite if "permissions" in template else one(self.messages)

    def _spoiled(self, good: Any) -> Any:
        body = copy.deepcopy(good)
        for _ in range(self.random.choice((0, 0, 1, 1, 1, 2, 5))):
            places = [(node, key) for node, key in _places(body)]
            if not places or self.random.random() < 0.02:
                return copy.deepcopy(self.random.choice(JUNK))
            node, key = self.random.choice(places)
            change = self.random.random()
            if change < 0.6:
                node[key] = copy.deepcopy(self.random.choice(JUNK))
            elif change < 0.8:
                del node[key]
            elif isinstance(node, list):
                node.extend(copy.deepcopy(node[key]) for _ in range(self.random.choice((1, 5, 50))))
            else:
                node[self.random.choice(("type", "id", "flags", "custom_id", "components", "x"))] = (
                    copy.deepcopy(node[key])
                )
        return body


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every key and index in a body, with what it is a key or an index of."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, inner in items for place in ((value, key), *_places(inner))]
