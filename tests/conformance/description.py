"""Discord's own description of its API, as far as it can judge a JSON value."""

from __future__ import annotations

import datetime as dt
import functools
import json
import re
import urllib.parse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.conformance.conflicts import CORRECTIONS, Correction

FILE = Path(__file__).parents[2].parent / "shared" / "discord" / "openapi.json"
METHODS = ("get", "put", "post", "patch", "delete")


@dataclass(frozen=True)
class Fault:
    """Where a value is not as the description has it.

    Args:
        place: "request", "response" or "event", and of what.
        path: The keys, with indexes and ids as ``*``.
        keyword: The JSON Schema keyword that fails.
        message: What is wrong.
    """

    place: str
    path: str
    keyword: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.path or 'the body'} ({self.keyword}): {self.message}"


@dataclass(frozen=True)
class Operation:
    """One method of one path.

    Args:
        name: "METHOD /path/{template}".
        request: Where the schema of its body is; None if it takes none.
        responses: The same of its responses, by status.
    """

    name: str
    request: str | None
    responses: dict[str, str | None]

    def response(self, status: int) -> tuple[bool, str | None]:
        """Whether Discord answers this status there, and the schema of its body; None for no body."""
        for key in (str(status), f"{status // 100}XX"):
            if key in self.responses:
                return True, self.responses[key]
        return False, None


formats = FormatChecker(())


@formats.checks("date-time")
def _is_moment(value: Any) -> bool:
    if not isinstance(value, str):
        return True
    try:
        return dt.datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


@formats.checks("int32")
def _is_int32(value: Any) -> bool:
    return not isinstance(value, int) or -(1 << 31) <= value < 1 << 31


@formats.checks("uri")
def _is_uri(value: Any) -> bool:
    if not isinstance(value, str):
        return True
    try:
        return bool(urllib.parse.urlsplit(value).scheme)
    except ValueError:
        return False


@functools.cache
def corrected() -> Description:
    """The description with all corrections, read once."""
    return Description()


class Description:
    """The OpenAPI document, with a validator for each part of it that is asked for.

    Args:
        corrections: What is mended in it.
        path: Where it is.
    """

    def __init__(self, corrections: Iterable[Correction] = CORRECTIONS, path: Path = FILE) -> None:
        text = path.read_text()
        self.document = json.loads(text)
        self._registry: Registry[Any] = Registry()
        for side in ("request", "answer"):
            document = json.loads(text)
            for correction in corrections:
                if correction.side in (side, "both"):
                    correction.apply(document)
            resource = Resource.from_contents(document, default_specification=DRAFT202012)
            self._registry = self._registry.with_resource(side, resource)
        self._validators: dict[str, Draft202012Validator] = {}
        self._tree: dict[str, Any] = {}
        for template, methods in self.document["paths"].items():
            node = self._tree
            for segment in template.strip("/").split("/"):
                node = node.setdefault("*" if segment.startswith("{") else segment, {})
            node[""] = {
                method.upper(): self._operation(method, template) for method in METHODS if method in methods
            }

    def _operation(self, method: str, template: str) -> Operation:
        data = self.document["paths"][template][method]
        place = f"#/paths/{template.replace('/', '~1').replace('{', '%7B').replace('}', '%7D')}/{method}"
        responses = {}
        for status, response in data["responses"].items():
            at, shared = f"{place}/responses/{status}", response
            if "$ref" in response:
                at = response["$ref"]
                shared = self.document["components"]["responses"][at.rpartition("/")[2]]
            responses[status] = _json_schema(at, shared)
        request = _json_schema(f"{place}/requestBody", data.get("requestBody", {}))
        return Operation(f"{method.upper()} {template}", request, responses)

    def operation(self, method: str, path: str) -> Operation | None:
        """What serves a path below ``/api/v10``; None if Discord has nothing there."""
        return _found(self._tree, method, path.strip("/").split("/"))

    def faults(self, place: str, schema: str, value: Any, *, side: str = "answer") -> list[Fault]:
        """Where a value breaks a schema.

        Args:
            place: What is judged, for the faults.
            schema: The schema's name, or a reference into the document.
            value: What is judged.
            side: "request" for what a bot sends, with the corrections that hold there.
        """
        key = f"{side}{schema if schema.startswith('#') else f'#/components/schemas/{schema}'}"
        if key not in self._validators:
            self._validators[key] = Draft202012Validator(
                {"$ref": key}, registry=self._registry, format_checker=formats
            )
        errors = _leaves(self._validators[key].iter_errors(value))
        return [
            Fault(place, _place(error.absolute_path), str(error.validator), error.message[:200])
            for error in errors
        ]


def _json_schema(at: str, data: Any) -> str | None:
    return f"{at}/content/application~1json/schema" if "application/json" in data.get("content", {}) else None


def _found(node: dict[str, Any], method: str, segments: list[str]) -> Operation | None:
    if not segments:
        return node.get("", {}).get(method)
    for key in (segments[0], "*"):
        if segments[0] and key in node:
            found = _found(node[key], method, segments[1:])
            if found is not None:
                return found
    return None


def _place(path: Iterable[Any]) -> str:
    return ".".join("*" if re.fullmatch(r"\d+", str(part)) else str(part) for part in path)


def _leaves(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    """Of a union that fails, the errors of the branch that was meant: that of the same type, else the nearest."""
    for error in errors:
        branches: dict[Any, list[ValidationError]] = {}
        for inner in error.context or ():
            branches.setdefault(inner.schema_path[0], []).append(inner)
        if error.validator not in ("anyOf", "oneOf") or not branches:
            yield error
            continue
        meant = [found for found in branches.values() if not any(_misses_kind(inner) for inner in found)]
        if meant:
            yield from _leaves(min(meant, key=len))
        else:
            yield error


def _misses_kind(error: ValidationError) -> bool:
    """Whether a branch of a union fails because the value is another kind of thing altogether."""
    path = list(error.relative_path)
    return path == ["type"] or (not path and error.validator in ("type", "const", "enum"))
