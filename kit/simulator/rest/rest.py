"""The REST side: finds the route of a request, checks its authorisation, shapes its errors."""

from __future__ import annotations

import hmac
import inspect
import json
import logging
import math
import re
import urllib.parse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import web

from kit.simulator.errors import ApiError, UnknownError, UnsupportedError, invalid_field, unknown
from kit.simulator.faults import failure
from kit.simulator.ratelimits import Asked
from kit.simulator.rest import (
    applications,
    bans,
    channels,
    commands,
    emojis,
    guild,
    interactions,
    members,
    messages,
    reactions,
    thread_members,
    threads,
    webhooks,
)
from kit.simulator.rest.calls import Call, Created, read_body
from kit.simulator.rest.routing import Routes

if TYPE_CHECKING:
    from kit.simulator.server import Simulator
    from kit.simulator.world.bots import Bot
    from kit.simulator.world.media import Upload

Json = dict[str, Any]
FILE_SEGMENTS, IMAGE_SEGMENTS = 4, 2
NOT_FOUND = ApiError(404, 0, "404: Not Found")
RESOURCES = (
    *(messages, reactions, interactions, webhooks, commands, applications, guild, emojis),
    *(channels, threads, thread_members, members, bans),
)
NOT_ALLOWED = ApiError(405, 0, "405: Method Not Allowed")
# What Discord has on paths that are served here, and the simulator has not; anything else there is a 405.
UNSERVED = {
    "applications/{application_id}/guilds/{guild_id}/commands/permissions": ("PATCH", "DELETE"),
    "channels/{channel_id}/thread-members/@me": ("GET",),
    "channels/{channel_id}/messages/bulk-delete": ("GET", "PATCH", "DELETE"),
    "channels/{channel_id}/messages/pins": ("PATCH", "DELETE"),
    "guilds/{guild_id}": ("PATCH",),
    "guilds/{guild_id}/channels": ("PATCH",),
    "guilds/{guild_id}/members/@me": ("GET", "PUT", "DELETE"),
    "guilds/{guild_id}/members/search": ("PUT", "PATCH", "DELETE"),
    "guilds/{guild_id}/members/{user_id}": ("PUT",),
    "users/@me": ("PATCH",),
}
VERSION = re.compile(r"v\d+")

log = logging.getLogger(__name__)


class Rest:
    """Answers REST requests for one simulator.

    Args:
        simulator: Whose world it serves.

    Attributes:
        routes: All that it serves.
    """

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.routes = Routes()
        for template, methods in UNSERVED.items():
            for method in methods:
                self.routes.add(method, template)(_unserved)
        for module in RESOURCES:
            self.routes.include(module.routes)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answers one request; whatever goes wrong comes back in Discord's error shape.

        Args:
            request: The request.
        """
        segments = [urllib.parse.unquote(part) for part in request.rel_url.raw_path.split("/")[1:]]
        segments = segments[1:] if segments[:1] == ["api"] else segments
        segments = segments[1:] if segments and VERSION.fullmatch(segments[0]) else segments
        name = f"{request.method} /{'/'.join(segments)}"
        simulator = self._simulator
        fault = None
        if simulator.faults.active:
            wait, fault = simulator.faults.meet(name, self._asker(request, segments))
            await simulator.world.clock.sleep(wait)
        if fault is not None and fault.kind == "fail" and not fault["carried_out"]:
            return _shaped(failure(fault))
        answer = await self._limited(request, segments, name)
        if fault is not None and fault.kind == "fail":
            return _shaped(failure(fault))
        return answer if fault is None else await _cut(request, answer)

    async def _limited(self, request: web.Request, segments: list[str], name: str) -> web.Response:
        limits, clock = self._simulator.rate_limits, self._simulator.world.clock
        if limits is None:
            return await self._answered(request, segments, name, {})
        wait = limits.banned(clock)
        if wait:
            # Cloudflare's own words, which no library takes for Discord's.
            headers = {"Retry-After": str(math.ceil(wait))}
            return web.Response(status=429, text="error code: 1015", headers=headers)
        headers = {}
        answer = await self._answered(request, segments, name, headers)
        answer.headers.update(headers)
        limits.answered(answer.status, clock)
        return answer

    async def _answered(
        self, request: web.Request, segments: list[str], name: str, headers: dict[str, str]
    ) -> web.Response:
        try:
            return _answer(200, await self._call(request, segments, name, headers))
        except ApiError as error:
            return self._refuse(error, request, segments, name)
        except UnknownError as error:
            return self._refuse(unknown(error.kind), request, segments, name)
        except UnsupportedError as error:
            what = f"{name} ({error})" if str(error) else name
            self._simulator.note_unsupported(what)
            return _answer(501, {"message": f"viewkit's simulator does not serve {what}", "code": 0})
        except Exception:
            log.exception("The simulator failed on %s; this is a bug of viewkit, please report it", name)
            return _answer(500, {"message": "500: Internal Server Error", "code": 0})

    def _refuse(self, error: ApiError, request: web.Request, segments: list[str], name: str) -> web.Response:
        bot, clock = self._asker(request, segments), self._simulator.world.clock
        said = (error.status, error.code, error.message)
        self._simulator.refused.note(clock.monotonic(), bot.id if bot else None, name, said)
        return _shaped(error)

    async def _call(
        self, request: web.Request, segments: list[str], name: str, headers: dict[str, str]
    ) -> Any:
        if not any(segments):
            raise NOT_FOUND
        if segments[0] == "attachments":
            return self._file(request, segments)
        if segments[0] == "emojis":
            return self._image(segments)
        simulator = self._simulator
        found = self.routes.find(request.method, segments)
        bot = simulator.world.bot
        if found is None or not found[0].open:
            bot = self._authorised(request.headers.get("Authorization", ""))
        if found is None:
            raise NOT_ALLOWED if self.routes.has(segments) else UnsupportedError
        route, params = found
        if simulator.rate_limits is not None:
            headers.update(simulator.rate_limits.take(Asked(bot, route, params), simulator.world.clock))
        for key, value in params.items():
            if key.endswith("_id") and not (value.isdecimal() and value.isascii() and len(value) <= 20):
                raise invalid_field(key, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
        reason = request.headers.get("X-Audit-Log-Reason", "")
        call = Call(bot, name, params, dict(request.query), reason=reason)
        # Who knows the token of an interaction or a webhook may send a body; for a made-up one none is read.
        if request.body_exists and (not route.open or self._knows(params)):
            await read_body(request, call)
        answer = route.handler(simulator, call)
        return await answer if inspect.isawaitable(answer) else answer

    def _knows(self, params: Mapping[str, str]) -> bool:
        """Whether the token of a path is one."""
        simulator = self._simulator
        hook = simulator.world.webhooks.get(params.get("application_id", ""), {"token": ""})
        given = params["token"].encode(errors="replace")
        return (
            hmac.compare_digest(given, hook["token"].encode())
            or simulator.interactions.bot_of(params["token"]) is not None
        )

    def _asker(self, request: web.Request, segments: list[str]) -> Bot | None:
        """The bot that a request comes from; webhooks and interactions name it in their path."""
        world = self._simulator.world
        if segments[:1] == ["webhooks"] and len(segments) > 1:
            application_id = world.webhooks.get(segments[1], {}).get("application_id", segments[1])
            return world.bots.get(application_id)
        if segments[:1] == ["interactions"] and len(segments) > 2:
            return self._simulator.interactions.bot_of(segments[2])
        return world.bot_of(request.headers.get("Authorization", "").removeprefix("Bot "))

    def _authorised(self, header: str) -> Bot:
        kind, _, token = header.partition(" ")
        bot = self._simulator.world.bot_of(token)
        if bot is None or kind != "Bot":
            raise ApiError(401, 0, "401: Unauthorized")
        return bot

    def _file(self, request: web.Request, segments: list[str]) -> web.Response:
        world = self._simulator.world
        if request.method != "GET" or len(segments) != FILE_SEGMENTS:
            raise NOT_FOUND
        given = request.query.get("hm", "").encode(errors="replace")
        if not hmac.compare_digest(given, world.signature(segments[1], segments[2]).encode()):
            raise ApiError(403, 50001, "Missing Access")
        try:
            upload = world.upload(segments[2])
        except LookupError:
            raise NOT_FOUND from None
        return _served(upload)

    def _image(self, segments: list[str]) -> web.Response:
        """The image of an emoji, which Discord's CDN shows to everyone who knows its id."""
        upload = self._simulator.world.images.get(segments[-1].partition(".")[0])
        if upload is None or len(segments) != IMAGE_SEGMENTS:
            raise NOT_FOUND
        return _served(upload)


def _served(upload: Upload) -> web.Response:
    # A page that someone uploaded must not run as a page of this address.
    guard = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
    return web.Response(body=upload.data, headers={"Content-Type": upload.content_type, **guard})


def _shaped(error: ApiError | web.Response) -> web.Response:
    if isinstance(error, web.Response):
        return error
    answer = _answer(error.status, error.body())
    answer.headers.update(error.headers)
    return answer


async def _cut(request: web.Request, answer: web.Response) -> web.StreamResponse:
    """Sends the first half of an answer, if it has a body, and breaks the connection."""
    transport = request.transport
    if not isinstance(answer.body, bytes) or not answer.body or transport is None:
        if transport is not None:
            transport.abort()
        return answer
    half = web.StreamResponse(status=answer.status, headers={"Content-Length": str(len(answer.body))})
    half.content_type = answer.content_type
    await half.prepare(request)
    await half.write(answer.body[: len(answer.body) // 2])
    transport.close()
    return half


def _unserved(simulator: Simulator, call: Call) -> None:  # noqa: ARG001
    raise UnsupportedError


def _answer(status: int, payload: Any) -> web.Response:
    if isinstance(payload, web.Response):
        return payload
    if isinstance(payload, Created):
        return _answer(201, payload.body)
    if payload is None:
        return web.Response(status=204)
    # discord.py parses a body only under exactly this Content-Type, with no charset.
    return web.Response(
        status=status, body=json.dumps(payload).encode(), headers={"Content-Type": "application/json"}
    )
