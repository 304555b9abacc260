"""A request, read: its path, its query, its JSON body and its files."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import math
import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import MultipartReader, StreamReader, web
from aiohttp.http_exceptions import HttpProcessingError

from kit.simulator.errors import ApiError, UnsupportedError, invalid_field
from kit.simulator.limits.forms import Form, utc_moment
from kit.simulator.world.bots import Bot
from kit.simulator.world.media import Upload

MAX_BODY = 25 * 1024 * 1024
# Of a guild without boosts.
MAX_FILE = 10 * 1024 * 1024
BODY_SECONDS = 30.0
# A message has ten files and its JSON; an endpoint's answer no more.
MAX_PARTS = 50
TOO_LARGE = ApiError(413, 40005, "Request entity too large")
TOO_SLOW = ApiError(408, 0, "408: Request Timeout")
BAD_JSON = ApiError(400, 50109, "The request body contains invalid JSON.")
FORM = "application/x-www-form-urlencoded"
FILE_FIELD = re.compile(r"files?\[?(\d*)\]?")
# What comes of a client that breaks off in the middle of a body.
CUT_SHORT = (web.RequestPayloadError, ConnectionError)
# What aiohttp's reader raises for a boundary or a header that makes no sense.
BROKEN_MULTIPART = (ValueError, AssertionError, AttributeError, HttpProcessingError, *CUT_SHORT)
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class Created:
    """An answer that Discord gives with the status 201.

    Args:
        body: The JSON.
    """

    body: Any


@dataclass(slots=True)
class Call:
    """One request, read.

    Args:
        bot: Who calls; on a route that carries its own authorisation, the first bot.
        route: "METHOD /path" without the API prefix.
        params: The ids in the path, by the names in the route's template.
        query: The query string.
        body: The JSON body, or the ``payload_json`` part; ``{}`` when there is none.
        files: Uploaded files by the number in ``files[n]``.
        reason: What the audit log is told, percent-encoded.
    """

    bot: Bot
    route: str
    params: dict[str, str]
    query: dict[str, str]
    body: Any = field(default_factory=dict)
    files: dict[int, Upload] = field(default_factory=dict)
    reason: str = ""

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

    def moment(self, name: str) -> dt.datetime | None:
        """A moment of the query string, in ISO 8601; None if it is absent.

        Args:
            name: Its key.

        Raises:
            ApiError: It is none.
        """
        text = self.query.get(name)
        try:
            # A "+" that was not quoted arrives as a space.
            return utc_moment(text.replace(" ", "+")) if text else None
        except ValueError:
            raise invalid_field(name, "DATE_TIME_TYPE_PARSE", f"Could not parse {text}.") from None


async def read_body(request: web.Request, call: Call) -> None:
    """Reads a request's JSON, form or multipart body into its call.

    Args:
        request: The request.
        call: Where ``body`` and ``files`` go.

    Raises:
        ApiError: The body is too large, too slow, or no JSON, or no multipart.
        UnsupportedError: It is a form without a JSON part.
    """
    if (request.content_length or 0) > MAX_BODY:
        raise TOO_LARGE
    try:
        async with asyncio.timeout(BODY_SECONDS):
            await _read_body(request, call)
    except TimeoutError:
        raise TOO_SLOW from None


async def _read_body(request: web.Request, call: Call) -> None:
    if request.content_type.startswith("multipart/"):
        await read_parts(request.headers, request.content, call)
        return
    try:
        data = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise TOO_LARGE from None
    except CUT_SHORT:
        raise BAD_JSON from None
    if data:
        call.body = _parse_form(data) if request.content_type == FORM else parse(data)


def _parse_form(data: bytes) -> Any:
    """The JSON in a form without files, as py-cord answers interactions.

    Raises:
        UnsupportedError: The fields of the body are those of the form.
    """
    text = data.decode(errors="replace")
    try:
        fields = dict(urllib.parse.parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_PARTS))
    except ValueError:
        raise BAD_JSON from None
    if "payload_json" not in fields:
        raise UnsupportedError("a form without payload_json")
    return parse(fields["payload_json"].encode(errors="replace"))


async def read_parts(headers: Mapping[str, str], content: StreamReader, call: Call) -> None:
    """Reads a multipart body, a part at a time.

    Args:
        headers: Of a request, or of an endpoint's answer.
        content: Its body.
        call: Where ``body`` and ``files`` go.

    Raises:
        ApiError: The body is too large, or its JSON or its parts make no sense.
    """
    total = count = 0
    try:
        reader = MultipartReader(headers, content)
        while (part := await reader.next()) is not None:
            count += 1
            if count > MAX_PARTS:
                raise invalid_field("", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_PARTS} or fewer parts.")
            chunks, before = [], total
            while chunk := await part.read_chunk(1 << 16):  # type: ignore[union-attr]
                total += len(chunk)
                if total > MAX_BODY or total - before > MAX_FILE:
                    raise TOO_LARGE
                chunks.append(chunk)
            data, name = b"".join(chunks), part.name or ""  # type: ignore[union-attr]
            if name == "payload_json":
                call.body = parse(data)
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


def parse(data: bytes) -> Any:
    """The JSON of a body.

    Args:
        data: The body.

    Raises:
        ApiError: It is no JSON.
    """
    try:
        text = data.decode()
        value = DECODER.decode(text)
        if SURROGATE.search(text):
            # A pair of them is one character; one alone is none, and no file or socket would take it.
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise BAD_JSON from None
    return value
