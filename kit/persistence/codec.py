"""The written form of the state: JSON, with a tag where JSON alone would lose a type.

Integer keys, sets, tuples and dates come back as they were. A tag is an object of
one key that starts with `$`; a mapping that looks like one is escaped.

>>> text = dumps({1: {"a"}, "when": dt.date(2026, 1, 2)})
>>> text
'{"$dict":[[1,{"$set":["a"]}],["when",{"$date":"2026-01-02"}]]}'
>>> loads(text) == {1: {"a"}, "when": dt.date(2026, 1, 2)}
True
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from kit.state import Path, StateError

_PLAIN = frozenset({type(None), bool, int, float, str})
_encode_text = json.JSONEncoder(separators=(",", ":")).encode


class CodecError(StateError, ValueError):
    """A text that is not the written form of a state."""


def dumps(value: Any) -> str:
    """The written form of a value of the state: one line of ASCII."""
    return _encode_text(tag(value))


def loads(text: str | bytes) -> Any:
    """The value that `dumps` wrote.

    Raises:
        CodecError: If the text is torn, or was written by something else.
    """
    try:
        return untag(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CodecError(f"not a value that kit wrote: {error}") from error


def tag(value: Any) -> Any:
    """`value` in the types of JSON."""
    cls = value.__class__
    if cls in _PLAIN:
        return value
    if isinstance(value, dict):
        if all(key.__class__ is str for key in value) and not _looks_tagged(value):
            return {key: tag(item) for key, item in value.items()}
        return {"$dict": [[key, tag(item)] for key, item in value.items()]}
    if isinstance(value, list):
        return [tag(item) for item in value]
    if isinstance(value, set):
        return {"$set": sorted((tag(item) for item in value), key=repr)}
    writer = _WRITERS.get(cls)
    if writer is None:
        raise CodecError(f"{value!r} has no written form; the store should have refused it")
    return writer(value)


def untag(value: Any) -> Any:
    """The value that `tag` gave the types of JSON."""
    if isinstance(value, list):
        return [untag(item) for item in value]
    if not isinstance(value, dict):
        return value
    if not _looks_tagged(value):
        return {key: untag(item) for key, item in value.items()}
    [(name, content)] = value.items()
    reader = _READERS.get(name)
    if reader is None:
        raise CodecError(f"unknown tag {name!r}: written by a newer version of kit?")
    return reader(content)


def _moment(value: dt.datetime) -> list[Any]:
    if isinstance(value.tzinfo, ZoneInfo):
        return [value.replace(tzinfo=None).isoformat(), value.fold, value.tzinfo.key]
    return [value.isoformat(), value.fold]


def _read_moment(text: str, fold: int, zone: str | None = None) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text).replace(fold=fold)
    return moment if zone is None else moment.replace(tzinfo=ZoneInfo(zone))


_WRITERS: dict[type, Callable[[Any], Any]] = {
    tuple: lambda value: {"$tuple": [tag(item) for item in value]},
    dt.datetime: lambda value: {"$datetime": _moment(value)},
    dt.date: lambda value: {"$date": value.isoformat()},
    dt.timedelta: lambda value: {"$timedelta": [value.days, value.seconds, value.microseconds]},
}

_READERS: dict[str, Callable[[Any], Any]] = {
    "$dict": lambda content: {key: untag(item) for key, item in content},
    "$set": lambda content: {untag(item) for item in content},
    "$tuple": lambda content: tuple(untag(item) for item in content),
    "$datetime": lambda content: _read_moment(*content),
    "$date": dt.date.fromisoformat,
    "$timedelta": lambda content: dt.timedelta(*content),
}


def _looks_tagged(value: dict[Any, Any]) -> bool:
    first = next(iter(value), None)
    return isinstance(first, str) and first.startswith("$")


def path_text(path: Path) -> str:
    """A path as the key of a row: a JSON array, so that 1 and "1" stay two keys.

    >>> path_text(("application", "counters", 7))
    '["application","counters",7]'
    """
    return _encode_text(path)


def parse_path(text: str) -> Path:
    """The path that `path_text` wrote; CodecError if it is none."""
    try:
        return tuple(json.loads(text))
    except ValueError as error:
        raise CodecError(f"not a path that kit wrote: {text!r}") from error
