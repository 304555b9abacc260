"""What a case of a rule is, and Discord's words in it."""

from __future__ import annotations

from typing import Any, NamedTuple

Json = dict[str, Any]

LONG, LENGTH, REQUIRED = "BASE_TYPE_MAX_LENGTH", "BASE_TYPE_BAD_LENGTH", "BASE_TYPE_REQUIRED"
TYPE, CHOICE, NUMBER = "UNION_TYPE_CHOICES", "BASE_TYPE_CHOICES", "NUMBER_TYPE_COERCE"
MIN, MAX, BOOLEAN = "NUMBER_TYPE_MIN", "NUMBER_TYPE_MAX", "BOOLEAN_TYPE_CONVERT"
LEGACY = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
TOTAL, EMOJI = "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", "COMPONENT_INVALID_EMOJI"
WIDTH, DEFAULTS = "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES"
EXCLUSIVE = "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE"
SCHEME, URL, FORBIDDEN = "URL_TYPE_INVALID_SCHEME", "URL_TYPE_INVALID_URL", "BASE_TYPE_FORBIDDEN"

FIRST = "components.0.components.0"
INPUT = "components.0.component"
UNSET = "MESSAGE_CANNOT_REMOVE_COMPONENTS_V2_FLAG"


class Case(NamedTuple):
    """One rule at one place.

    Args:
        rule: Its id.
        good: A payload at the edge.
        bad: One beyond it, and wrong nowhere else.
        where: Where the bad one is wrong, joined by dots.
        code: Discord's inner code.
    """

    rule: str
    good: Json
    bad: Json
    where: str
    code: str


class Edit(NamedTuple):
    """A change to a message, at its edge and beyond."""

    rule: str
    before: Json
    good: Json
    bad: Json
    where: str
    code: str
