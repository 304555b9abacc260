"""Reading a body the way Discord's API does: each value is checked, and each fault noted with its path."""

from __future__ import annotations

import datetime as dt
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from kit.simulator.errors import invalid_form

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

INT_LIMIT = 1 << 31
ID_DIGITS = 20


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that a payload breaks.

    Args:
        rule: The rule's id, a key of ``RULES``, such as ``B02`` for a button's label.
        path: Where, as the keys and indexes from the body's root.
        code: Discord's inner code; best effort where Discord documents none.
        message: Discord's words for it.
        severity: "error" if Discord refuses the payload, "warning" if it only looks or works badly.
    """

    rule: str
    path: tuple[str, ...]
    code: str
    message: str
    severity: Literal["error", "warning"] = "error"


class Form:
    """One object of a body.

    Args:
        data: The object.
        path: Where it is.
        found: Where faults are noted.
    """

    def __init__(self, data: Mapping[str, Any], path: tuple[str, ...], found: list[Violation]) -> None:
        self.data = data
        self.path = path
        self.found = found

    def fault(self, rule: str, key: str, code: str, message: str) -> None:
        """Notes an error at one of the object's keys, or at the object itself for an empty key."""
        self.found.append(Violation(rule, self._at(key), code, message))

    def warn(self, rule: str, key: str, message: str) -> None:
        """Notes something that Discord accepts but that is better not done."""
        self.found.append(Violation(rule, self._at(key), "WARNING", message, "warning"))

    def _at(self, key: str) -> tuple[str, ...]:
        return (*self.path, key) if key else self.path

    def given(self, key: str) -> bool:
        """Whether a key is there and not null."""
        return self.data.get(key) is not None

    def check(self) -> None:
        """Refuses the body once everything in it was read.

        Raises:
            ApiError: An error was noted, here or in an object inside.
        """
        refuse(self.found)

    def _absent(self, rule: str, key: str, *, required: bool) -> bool:
        if self.given(key):
            return False
        if required:
            self.fault(rule, key, "BASE_TYPE_REQUIRED", "This field is required")
        return True

    def text(
        self, rule: str, key: str, low: int, high: int, *, required: bool = False, trim: bool = False
    ) -> str | None:
        """A string with a length, without the space around it if ``trim``; None if it is absent or wrong."""
        if self._absent(rule, key, required=required):
            return None
        value = self.data[key]
        if not isinstance(value, str):
            self.fault(rule, key, "STRING_TYPE_CONVERT", f'Could not interpret "{value!r:.40}" as string.')
            return None
        value = value.strip() if trim else value
        if not low <= len(value) <= high:
            self._bad_length(rule, key, low, high)
        elif len(value) * 2 > high and len(value.encode("utf-16-le", "surrogatepass")) // 2 > high:
            words = f"{high} or fewer UTF-16 units are safe; Discord doesn't document what it counts."
            self.warn("U01", key, words)
        return value

    def _bad_length(self, rule: str, key: str, low: int, high: int) -> None:
        if low:
            self.fault(rule, key, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
        else:
            self.fault(rule, key, "BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")

    def number(self, rule: str, key: str, low: int, high: int, *, required: bool = False) -> int | None:
        """An integer within bounds; None if it is absent or wrong."""
        if self._absent(rule, key, required=required):
            return None
        value = self.data[key]
        if isinstance(value, bool) or not isinstance(value, int):
            self.fault(rule, key, "NUMBER_TYPE_COERCE", f'Value "{value!r:.40}" is not int.')
            return None
        if value < low:
            self.fault(rule, key, "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {low}.")
            return None
        if value > high:
            self.fault(rule, key, "NUMBER_TYPE_MAX", f"int value should be less than or equal to {high}.")
            return None
        return value

    def choice(self, rule: str, key: str, offered: Sequence[Any], *, required: bool = False) -> Any:
        """One of some values; None if it is absent or wrong."""
        if self._absent(rule, key, required=required):
            return None
        value = self.data[key]
        if isinstance(value, bool) or not isinstance(value, int | str) or value not in offered:
            words = ", ".join(map(str, offered))
            self.fault(rule, key, "BASE_TYPE_CHOICES", f"Value must be one of ({words}).")
            return None
        return value

    def flag(self, rule: str, key: str) -> bool:
        """A boolean; False if it is absent or wrong."""
        value = self.data.get(key)
        if value is not None and not isinstance(value, bool):
            self.fault(rule, key, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")
        return value is True

    def snowflake(self, rule: str, key: str, *, required: bool = False) -> str | None:
        """An id, as a string or an integer; None if it is absent or wrong."""
        found = self._digits(rule, key, "snowflake", required=required)
        return None if found is None else str(found)

    def snowflakes(self, rule: str, key: str, low: int, high: int, *, required: bool = False) -> list[str]:
        """A list of ids, each once; the wrong ones are left out."""
        entries = self.items(rule, key, low, high, required=required)
        found = [entry.snowflake(rule, index, required=True) for index, entry in entries]
        self._once(rule, key, found)
        return [item for item in dict.fromkeys(found) if item is not None]

    def choices(self, rule: str, key: str, offered: Sequence[Any], low: int, high: int) -> list[Any]:
        """A list of some values, each once; the wrong ones are None."""
        entries = self.items(rule, key, low, high)
        found = [entry.choice(rule, index, offered, required=True) for index, entry in entries]
        self._once(rule, key, found)
        return found

    def _once(self, rule: str, key: str, values: Sequence[Any]) -> None:
        seen: set[Any] = set()
        for index, value in enumerate(values):
            if value is not None and value in seen:
                place = Form({}, (*self._at(key), str(index)), self.found)
                place.fault(
                    rule, "", "SET_TYPE_ALREADY_CONTAINS_VALUE", "The set already contains this value"
                )
            seen.add(value)

    def bits(self, rule: str, key: str) -> int | None:
        """A set of permissions, as a string or an integer; None if it is absent or wrong."""
        return self._digits(rule, key, "bit set", required=False)

    def _digits(self, rule: str, key: str, kind: str, *, required: bool) -> int | None:
        if self._absent(rule, key, required=required):
            return None
        value = self.data[key]
        text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
        if not (text.isascii() and text.isdecimal() and len(text) <= ID_DIGITS):
            self.fault(rule, key, "NUMBER_TYPE_COERCE", f'Value "{value!r:.40}" is not {kind}.')
            return None
        return int(text)

    def moment(self, rule: str, key: str) -> dt.datetime | None:
        """An ISO 8601 timestamp, in UTC where it names no offset; None if it is absent or wrong."""
        value = self.text(rule, key, 0, 64)
        if value is None:
            return None
        try:
            return utc_moment(value)
        except ValueError:
            words = f"Could not parse {value}. Should be ISO8601."
            self.fault(rule, key, "DATE_TIME_TYPE_PARSE", words)
            return None

    def array(self, rule: str, key: str, low: int, high: int, *, required: bool = False) -> list[Any]:
        """A list with a length; empty if it is absent or wrong."""
        if self._absent(rule, key, required=required):
            return []
        value = self.data[key]
        if not isinstance(value, list):
            self.fault(rule, key, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            return []
        if not low <= len(value) <= high:
            self._bad_length(rule, key, low, high)
        return value

    def items(
        self, rule: str, key: str, low: int, high: int, *, required: bool = False
    ) -> list[tuple[str, Form]]:
        """A list of plain values: of each its index, and an object that has it at that key."""
        values = self.array(rule, key, low, high, required=required)
        return [(str(i), Form({str(i): value}, self._at(key), self.found)) for i, value in enumerate(values)]

    def forms(self, rule: str, key: str, low: int, high: int, *, required: bool = False) -> list[Form]:
        """A list of objects; the wrong ones are left out."""
        forms = []
        for index, value in enumerate(self.array(rule, key, low, high, required=required)):
            form = Form(value, (*self._at(key), str(index)), self.found)
            if isinstance(value, dict):
                forms.append(form)
            else:
                form.fault(rule, "", "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        return forms

    def form(self, rule: str, key: str, *, required: bool = False) -> Form | None:
        """An object inside; None if it is absent or wrong."""
        if self._absent(rule, key, required=required):
            return None
        if not isinstance(self.data[key], dict):
            self.fault(rule, key, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
            return None
        return Form(self.data[key], (*self.path, key), self.found)

    def forbid(self, rule: str, *keys: str, code: str, message: str) -> None:
        """Faults each of some keys that is there."""
        for key in keys:
            if self.given(key):
                self.fault(rule, key, code, message)

    def url(
        self, rule: str, key: str, schemes: Sequence[str], high: int, *, required: bool = False
    ) -> str | None:
        """A URL of one of some schemes; None if it is absent or wrong."""
        value = self.text(rule, key, 1, high, required=required)
        if value is None:
            return None
        try:
            parts = urllib.parse.urlsplit(value)
        except ValueError:
            parts = urllib.parse.SplitResult("http", "", "", "", "")
        scheme = parts.scheme
        if scheme in ("http", "https") and not parts.netloc:
            self.fault(rule, key, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
            return None
        if scheme not in schemes:
            words = ", ".join(f'"{name}"' for name in schemes)
            message = f'Scheme "{scheme}" is not supported. Scheme must be one of ({words}).'
            self.fault(rule, key, "URL_TYPE_INVALID_SCHEME", message)
            return None
        return value


def utc_moment(text: str) -> dt.datetime:
    """A moment in ISO 8601; where it names no offset, in UTC.

    Args:
        text: The timestamp.

    Raises:
        ValueError: It is none.
    """
    moment = dt.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def error_tree(violations: Sequence[Violation], prefix: Sequence[str] = ()) -> dict[str, Any]:
    """The ``errors`` of an Invalid Form Body (docs page *API Reference*, "Error Messages").

    Args:
        violations: Those to show; warnings are left out.
        prefix: Keys to put before every path, such as ``("data",)`` for an interaction response.
    """
    tree: dict[str, Any] = {}
    for violation in violations:
        if violation.severity != "error":
            continue
        node = tree
        for key in (*prefix, *violation.path):
            node = node.setdefault(key, {})
        node.setdefault("_errors", []).append({"code": violation.code, "message": violation.message})
    return tree


def refuse(violations: Sequence[Violation], prefix: Sequence[str] = ()) -> None:
    """Refuses a body that breaks a rule; warnings let it pass.

    Args:
        violations: What was found in it.
        prefix: See ``error_tree``.

    Raises:
        ApiError: 400 with the tree of errors.
    """
    tree = error_tree(violations, prefix)
    if tree:
        raise invalid_form(tree)
