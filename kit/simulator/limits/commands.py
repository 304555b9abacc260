"""Discord's rules for application commands (``A01``), their options (``A02``) and choices (``A03``).

The bounds are those of the docs page *Application Commands*.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kit.simulator.limits.forms import Form

Json = dict[str, Any]

CHAT_INPUT = 1
COMMAND_TYPES = (CHAT_INPUT, 2, 3, 4)
SUBCOMMAND, GROUP, STRING, INTEGER, NUMBER = 1, 2, 3, 4, 10
INPUTS = tuple(range(STRING, 12))
NESTED = {SUBCOMMAND: INPUTS, GROUP: (SUBCOMMAND,)}
VALUES: dict[int, tuple[type, ...]] = {STRING: (str,), INTEGER: (int,), NUMBER: (int, float)}
CONTEXTS, INTEGRATION_TYPES, CHANNEL_TYPES = (0, 1, 2), (0, 1), tuple(range(17))
# The docs page *API Reference*, "Locales".
LOCALES = {
    *("id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no", "pl"),
    *("pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja"),
    *("zh-TW", "ko"),
}
# What a number of JavaScript holds exactly.
MAX_NUMBER = (1 << 53) - 1
MAX_PERMISSIONS = (1 << 54) - 1
MAX_NAME, MAX_TEXT, MAX_OPTIONS, MAX_CHOICES, MAX_INPUT = 32, 100, 25, 25, 6000


def command_fields(form: Form) -> Json:
    """What a bot registers, with Discord's defaults for what it left out.

    Args:
        form: The body of Create Application Command, or one object of Bulk Overwrite. Faults are noted there.
    """
    form.snowflake("A01", "id")
    kind = form.choice("A01", "type", COMMAND_TYPES) or CHAT_INPUT
    options = form.forms("A02", "options", 0, MAX_OPTIONS)
    permissions = form.bits("A01", "default_member_permissions")
    if permissions is not None and permissions > MAX_PERMISSIONS:
        words = f"int value should be less than or equal to {MAX_PERMISSIONS}."
        form.fault("A01", "default_member_permissions", "NUMBER_TYPE_MAX", words)
    form.flag("A01", "dm_permission")
    return {
        "type": kind,
        **_described(form, "A01", chat_input=kind == CHAT_INPUT),
        "options": [_option(option, (SUBCOMMAND, GROUP, *INPUTS)) for option in options],
        "default_member_permissions": None if permissions is None else str(permissions),
        "dm_permission": form.data.get("dm_permission") is not False,
        "contexts": form.choices("A01", "contexts", CONTEXTS, 1, MAX_OPTIONS) or None,
        "integration_types": form.choices("A01", "integration_types", INTEGRATION_TYPES, 1, MAX_OPTIONS)
        or [0],
        "nsfw": form.flag("A01", "nsfw"),
    }


def _described(form: Form, rule: str, *, chat_input: bool) -> Json:
    name = form.text(rule, "name", 1, MAX_NAME, required=True)
    if chat_input and name and not _is_plain(name):
        form.fault(rule, "name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    low = 1 if chat_input else 0
    fields: Json = {
        "name": name,
        "description": form.text(rule, "description", low, MAX_TEXT, required=chat_input) or "",
    }
    for key, high in (("name_localizations", MAX_NAME), ("description_localizations", MAX_TEXT)):
        _localized(form, rule, key, high)
        fields[key] = form.data.get(key)
    return fields


def _is_plain(name: str) -> bool:
    """Whether a name has only letters, their marks, numbers, ``-``, ``_`` and ``'``, and no capitals."""
    plain = all(char in "-_'" or unicodedata.category(char)[0] in "LMN" for char in name)
    return plain and name == name.lower()


def _localized(form: Form, rule: str, key: str, high: int) -> None:
    texts = form.form(rule, key)
    if texts is None:
        return
    for locale in texts.data:
        if locale in LOCALES:
            texts.text(rule, locale, 1, high, required=True)
        else:
            texts.fault(rule, "", "ENUM_TYPE_COERCE", f'Value "{locale:.40}" is not a valid enum value.')


def _option(form: Form, offered: Sequence[int]) -> Json:
    kind = form.choice("A02", "type", offered, required=True)
    nested = form.forms("A02", "options", 0, MAX_OPTIONS) if kind in NESTED else []
    for choice in form.forms("A03", "choices", 0, MAX_CHOICES):
        check_choice(choice, VALUES.get(kind, (str, int, float)))
    for key in ("required", "autocomplete"):
        form.flag("A02", key)
    for key in ("min_value", "max_value"):
        _amount(form, "A02", key, (int,) if kind == INTEGER else (int, float))
    for key in ("min_length", "max_length"):
        form.number("A02", key, 0, MAX_INPUT)
    form.choices("A02", "channel_types", CHANNEL_TYPES, 0, len(CHANNEL_TYPES))
    copied = ("choices", "required", "autocomplete", "min_value", "max_value", "min_length", "max_length")
    return {
        "type": kind,
        **_described(form, "A02", chat_input=True),
        **{key: form.data[key] for key in (*copied, "channel_types") if form.given(key)},
        "options": [_option(option, NESTED[kind]) for option in nested],
    }


def check_choice(form: Form, kinds: tuple[type, ...] = (str, int, float)) -> None:
    """Notes what a choice of an option, or of an autocomplete answer, breaks.

    Args:
        form: The choice.
        kinds: What its value may be.
    """
    form.text("A03", "name", 1, MAX_TEXT, required=True)
    _localized(form, "A03", "name_localizations", MAX_TEXT)
    if str in kinds and isinstance(form.data.get("value"), str):
        form.text("A03", "value", 0, MAX_TEXT)
    elif not form.given("value"):
        form.fault("A03", "value", "BASE_TYPE_REQUIRED", "This field is required")
    else:
        _amount(form, "A03", "value", kinds)


def _amount(form: Form, rule: str, key: str, kinds: tuple[type, ...]) -> None:
    value = form.data.get(key)
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, kinds):
        words = " or ".join(kind.__name__ for kind in kinds)
        form.fault(rule, key, "NUMBER_TYPE_COERCE", f'Value "{value!r:.40}" is not {words}.')
    elif isinstance(value, int):
        form.number(rule, key, -MAX_NUMBER, MAX_NUMBER)
