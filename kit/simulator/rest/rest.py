"""The REST side: finds the route of a request, checks its authorisation, reads it, shapes its errors."""

from __future__ import annotations

import hmac
import json
import logging
import math
import re
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from kit.simulator.errors import ApiError, UnknownError, UnsupportedError, invalid_field, unknown
from kit.simulator.limits.forms import Form
from kit.simulator.world.media import Upload

if TYPE_CHECKING:
    from kit.simulator.server import Simulator

Json = dict[str, Any]
MAX_BODY = 25 * 1024 * 1024
FILE_SEGMENTS = 4
NOT_FOUND = ApiError(404, 0, "404: Not Found")
TOO_LARGE = ApiError(413, 40005, "Request entity too large")
BAD_JSON = ApiError(400, 50109, "The request body contains invalid JSON.")
FILE_FIELD = re.compile(r"files?\[?(\d*)\]?")
VERSION = re.compile(r"v\d+")
# What comes of a client that breaks off in the middle of a body.
CUT_SHORT = (web.RequestPayloadError, ConnectionError)
# What aiohttp's reader raises for a boundary or a header that makes no sense.
BROKEN_MULTIPART = (ValueError, AssertionError, AttributeError, HttpProcessingError, *CUT_SHORT)
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Call:
    """One request, read.

    Args:
        route: "METHOD /path" without the API prefix.
        params: The ids in the path, by the names in the route's template.
        query: The query string.
        body: The JSON body, or the ``payload_json`` part; ``{}`` when there is none.
        files: Uploaded files by the number in ``files[n]``.
    """

    route: str
    params: dict[str, str]
    query: dict[str, str]
    body: Any = field(default_factory=dict)
    files: dict[int, Upload] = field(default_factory=dict)

    def form(self) -> Form:
        """The body as an object, to be read field by field.

        Raises:
            ApiError: The body is some other JSON value.
        """
        if not isinstance(self.body, dict):
            raise invalid_field("", "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        return Form(self.body, (), [])

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """An integer of the query string.

        Args:
            name: Its key.
            default: What it is when absent.
            low: The least that is allowed.
            high: The most that is allowed.

        Raises:
            ApiError: It is no integer, or out of range.
        """
        text = self.query.get(name)
        if text is None:
            return default
        if not re.fullmatch(r"-?\d{1,19}", text):
            raise invalid_field(name, "NUMBER_TYPE_COERCE", f'Value "{text}" is not int.')
        value = int(text)
        if value < low:
            raise invalid_field(
                name, "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {low}."
            )
        if value > high:
            raise invalid_field(name, "NUMBER_TYPE_MAX", f"int value should be less than or equal to {high}.")
        return value


Handler = Callable[["Simulator", Call], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """What answers one method of one path template."""

    handler: Handler
    open: bool


class Routes:
    """A table of path templates such as ``channels/{channel_id}/messages``; plain words win over ids."""

    def __init__(self) -> None:
        self._tree: dict[str, Any] = {}

    def add(self, method: str, template: str, *, open: bool = False) -> Callable[[Handler], Handler]:  # noqa: A002
        """A decorator that serves a path with a function ``(simulator, call) -> JSON``; None answers 204.

        Args:
            method: The HTTP method.
            template: The path after ``/api/v10/``.
            open: Whether the path carries its own authorisation, as interaction tokens do.
        """

        def register(handler: Handler) -> Handler:
            node = self._tree
            for segment in template.split("/"):
                node = node.setdefault(segment, {})
            node.setdefault("", {})[method] = Route(handler, open)
            return handler

        return register

    def include(self, other: Routes) -> None:
        """Takes over all paths of another table.

        Args:
            other: The table.
        """
        _merge(self._tree, other._tree)

    def find(self, method: str, segments: list[str]) -> tuple[Route, dict[str, str]] | None:
        """The route of a path, with the values of its template's names; None if nothing serves it.

        Args:
            method: The HTTP method.
            segments: The path, split and unquoted.
        """
        return _find(self._tree, method, segments, {})


def _merge(into: dict[str, Any], tree: dict[str, Any]) -> None:
    for key, value in tree.items():
        if isinstance(value, dict):
            _merge(into.setdefault(key, {}), value)
        else:
            into[key] = value


def _find(
    node: dict[str, Any], method: str, segments: list[str], params: dict[str, str]
) -> tuple[Route, dict[str, str]] | None:
    if not segments:
        route = node.get("", {}).get(method)
        return (route, params) if route else None
    head, rest = segments[0], segments[1:]
    if head and head in node:
        found = _find(node[head], method, rest, params)
        if found:
            return found
    for key, child in node.items():
        if key.startswith("{") and head:
            found = _find(child, method, rest, {**params, key[1:-1]: head})
            if found:
                return found
    return None


class Rest:
    """Answers REST requests for one simulator.

    Args:
        simulator: Whose world it serves.
        routes: Every route it knows.
    """

    def __init__(self, simulator: Simulator, routes: Routes) -> None:
        self._simulator = simulator
        self._routes = routes

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
        found = self._routes.find(request.method, segments)
        if found is None or not found[0].open:
            self._authorise(request.headers.get("Authorization", ""))
        if found is None:
            raise UnsupportedError
        route, params = found
        for key, value in params.items():
            if key.endswith("_id") and not (value.isdecimal() and value.isascii() and len(value) <= 20):
                raise invalid_field(key, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
        call = Call(name, params, dict(request.query))
        if request.body_exists:
            await _read_body(request, call)
        return route.handler(self._simulator, call)

    def _authorise(self, header: str) -> None:
        expected = f"Bot {self._simulator.token}"
        if not hmac.compare_digest(header.encode(errors="replace"), expected.encode()):
            raise ApiError(401, 0, "401: Unauthorized")

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


async def _read_body(request: web.Request, call: Call) -> None:
    if (request.content_length or 0) > MAX_BODY:
        raise TOO_LARGE
    if request.content_type.startswith("multipart/"):
        await _read_multipart(request, call)
        return
    try:
        data = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise TOO_LARGE from None
    except CUT_SHORT:
        raise BAD_JSON from None
    if data:
        call.body = _parse(data)


async def _read_multipart(request: web.Request, call: Call) -> None:
    total = 0
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            chunks = []
            while chunk := await part.read_chunk(1 << 16):  # type: ignore[union-attr]
                total += len(chunk)
                if total > MAX_BODY:
                    raise TOO_LARGE
                chunks.append(chunk)
            data, name = b"".join(chunks), part.name or ""  # type: ignore[union-attr]
            if name == "payload_json":
                call.body = _parse(data)
            elif field_name := FILE_FIELD.fullmatch(name):
                number = int(field_name[1]) if field_name[1] else len(call.files)
                filename = part.filename or "unknown.bin"  # type: ignore[union-attr]
                # Bytes that are no UTF-8 arrive as lone surrogates, which no client could print.
                call.files[number] = Upload(filename.encode(errors="replace").decode(), data)
    except BROKEN_MULTIPART as error:
        raise invalid_field("", "CONTENT_TYPE_INVALID", f"The multipart body is broken: {error}") from None


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no number of JSON")
    return value


DECODER = json.JSONDecoder(parse_constant=_finite, parse_float=_finite)


def _parse(data: bytes) -> Any:
    try:
        text = data.decode()
        value = DECODER.decode(text)
        if SURROGATE.search(text):
            # A pair of them is one character; one alone is none, and no file or socket would take it.
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise BAD_JSON from None
    return value
