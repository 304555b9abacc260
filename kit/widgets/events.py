"""What a user may do in the preview, checked before anything happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from .base import read_object, read_text

_CUSTOM_ID: Final = 100
_CONTENT: Final = 2000
_ID: Final = 20
_INPUT: Final = 4000
_VALUES: Final = 25
_INPUTS: Final = 40
_FIELDS: Final = ("kind", "user", "message_id", "custom_id", "values", "modal_id", "content")


def read_event(raw: object, users: Sequence[str]) -> dict[str, Any]:
    """Check an event of the browser.

    Args:
        raw: What the browser sent.
        users: The names that may act.

    Returns:
        The event with all of its fields, None where a kind has no use for one. The lengths are those of the
        developer docs page "Components > Component Reference".

    Raises:
        ValueError: A field is unknown, missing, of the wrong type or too long, or the
            user is not one of `users`.
    """
    event = read_object(raw, "An event")
    kind = read_text(event, "kind", limit=16)
    reader = _READERS.get(kind)
    if reader is None:
        raise ValueError(f"The event kind {kind!r} is unknown. Known: {', '.join(_READERS)}.")
    unknown = [str(name)[:40] for name in event if name not in _FIELDS]
    if unknown:
        raise ValueError(f"The event {kind!r} has unknown fields: {', '.join(unknown)}.")
    user = read_text(event, "user", limit=64)
    if user not in users:
        raise ValueError(f"There is no user {user!r} here. Users: {', '.join(users)}.")
    return dict.fromkeys(_FIELDS) | {"kind": kind, "user": user} | reader(event)


def read_id(message: Mapping[str, Any], name: str) -> str:
    """Read a snowflake.

    Raises:
        ValueError: It is not a text of digits.
    """
    value = read_text(message, name, limit=_ID)
    if not (value.isascii() and value.isdigit()):
        raise ValueError(f"{name!r} must be an id of digits, not {value!r}.")
    return value


def _click(raw: Mapping[str, Any]) -> dict[str, Any]:
    custom_id = read_text(raw, "custom_id", limit=_CUSTOM_ID)
    return {"message_id": read_id(raw, "message_id"), "custom_id": custom_id}


def _choose(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {**_click(raw), "values": _texts(raw.get("values"), "values")}


def _submit(raw: Mapping[str, Any]) -> dict[str, Any]:
    values = read_object(raw.get("values"), "'values' of a modal")
    if len(values) > _INPUTS:
        raise ValueError(f"'values' has {len(values)} inputs; the most is {_INPUTS}.")
    inputs = {}
    for custom_id in values:
        if not isinstance(custom_id, str) or not 0 < len(custom_id) <= _CUSTOM_ID:
            raise ValueError("A custom_id in 'values' must be a text of 1 to 100 characters.")
        inputs[custom_id] = _input(values, custom_id)
    event = {"modal_id": read_text(raw, "modal_id", limit=_CUSTOM_ID), "values": inputs}
    if raw.get("custom_id") is not None:
        event["custom_id"] = read_text(raw, "custom_id", limit=_CUSTOM_ID)
    if raw.get("message_id") is not None:
        event["message_id"] = read_id(raw, "message_id")
    return event


def _input(values: Mapping[str, Any], custom_id: str) -> Any:
    value = values[custom_id]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, list):
        return _texts(value, custom_id)
    return read_text(values, custom_id, limit=_INPUT, empty=True)


def _say(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {"content": read_text(raw, "content", limit=_CONTENT)}


def _texts(value: object, name: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{name!r} must be a list of texts.")
    if len(value) > _VALUES:
        raise ValueError(f"{name!r} has {len(value)} values; the most is {_VALUES}.")
    if any(len(item) > _CUSTOM_ID for item in value):
        raise ValueError(f"A value of {name!r} has more than {_CUSTOM_ID} characters.")
    return value


_READERS: Final[dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    "click": _click,
    "choose": _choose,
    "submit": _submit,
    "say": _say,
}
