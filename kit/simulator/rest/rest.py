"""The REST side: finds the route of a request, checks its authorisation, shapes its errors."""

from __future__ import annotations

import hmac
import inspect
import json
import logging
import re
import urllib.parse
from typing import TYPE_CHECKING, Any

from aiohttp import web

from kit.simulator.errors import ApiError, UnknownError, UnsupportedError, invalid_field, unknown
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
)
from kit.simulator.rest.calls import Call, read_body
from kit.simulator.rest.routing import Routes

if TYPE_CHECKING:
    from kit.simulator.server import Simulator
    from kit.simulator.world.bots import Bot
    from kit.simulator.world.media import Upload

Json = dict[str, Any]
FILE_SEGMENTS, IMAGE_SEGMENTS = 4, 2
NOT_FOUND = ApiError(404, 0, "404: Not Found")
RESOURCES = (
    *(messages, reactions, interactions, commands, applications, guild, emojis),
    *(channels, threads, thread_members, members, bans),
)
VERSION = re.compile(r"v\d+")

log = logging.getLogger(__name__)


class Rest:
    """Answers REST requests for one simulator.

    Args:
        simulator: Whose world it serves.
    """

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._routes = Routes()
        for module in RESOURCES:
            self._routes.include(module.routes)

    async def handle(self, request: web.Request) -> web.Response:
        """Answers one request; whatever goes wrong comes back in Discord's error shape.

        Args:
            request: The request.
        """
        segments = [urllib.parse.unquote(part) for part in request.rel_url.raw_path.split("/")[1:]]
        segments = segments[1:] if segments[:1] == ["api"] else segments
        segments = segments[1:] if segments and VERSION.fullmatch(segments[0]) else segments
        name = f"{request.method} /{'/'.join(segments)}"
        try:
            return _answer(200, await self._call(request, segments, name))
        except ApiError as error:
            return _answer(error.status, error.body())
        except UnknownError as error:
            refused = unknown(error.kind)
            return _answer(refused.status, refused.body())
        except UnsupportedError as error:
            what = f"{name} ({error})" if str(error) else name
            self._simulator.note_unsupported(what)
            return _answer(501, {"message": f"viewkit's simulator does not serve {what}", "code": 0})
        except Exception:
            log.exception("The simulator failed on %s; this is a bug of viewkit, please report it", name)
            return _answer(500, {"message": "500: Internal Server Error", "code": 0})

    async def _call(self, request: web.Request, segments: list[str], name: str) -> Any:
        if not any(segments):
            raise NOT_FOUND
        if segments[0] == "attachments":
            return self._file(request, segments)
        if segments[0] == "emojis":
            return self._image(segments)
        found = self._routes.find(request.method, segments)
        bot = self._simulator.world.bot
        if found is None or not found[0].open:
            bot = self._authorised(request.headers.get("Authorization", ""))
        if found is None:
            raise UnsupportedError
        route, params = found
        for key, value in params.items():
            if key.endswith("_id") and not (value.isdecimal() and value.isascii() and len(value) <= 20):
                raise invalid_field(key, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
        reason = request.headers.get("X-Audit-Log-Reason", "")
        call = Call(bot, name, params, dict(request.query), reason=reason)
        if request.body_exists:
            await read_body(request, call)
        answer = route.handler(self._simulator, call)
        return await answer if inspect.isawaitable(answer) else answer

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


def _answer(status: int, payload: Any) -> web.Response:
    if isinstance(payload, web.Response):
        return payload
    if payload is None:
        return web.Response(status=204)
    # discord.py parses a body only under exactly this Content-Type, with no charset.
    return web.Response(
        status=status, body=json.dumps(payload).encode(), headers={"Content-Type": "application/json"}
    )
