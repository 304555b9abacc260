"""What the components of one message or modal share: their ids, and the files and emoji they can name."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field

from kit.simulator.emoji import is_emoji
from kit.simulator.limits.forms import Form

MAX_CUSTOM_ID, MAX_EMOJI = 100, 32


@dataclass(slots=True)
class Scope:
    """What the components of one message or modal share.

    Args:
        modal: Whether it is a modal.
        names: The files that ``attachment://`` can name.
        urls: The URLs of files that the edited message has already.
        emojis: The ids of the custom emoji that exist; None if nobody knows.
    """

    modal: bool
    names: frozenset[str] = frozenset()
    urls: frozenset[str] = frozenset()
    emojis: Container[str] | None = None
    count: int = 0
    media: int = 0
    in_row: bool = False
    ids: set[int] = field(default_factory=set)
    custom_ids: set[str] = field(default_factory=set)
    texts: list[str] = field(default_factory=list)
    referenced: set[str] = field(default_factory=set)


def check_custom_id(form: Form, scope: Scope) -> None:
    """C02: it has a custom_id. C03: no other component there has the same.

    Args:
        form: The component, or the modal.
        scope: What it shares with its neighbours.
    """
    custom_id = form.text("C02", "custom_id", 1, MAX_CUSTOM_ID, required=True)
    if custom_id in scope.custom_ids:
        words = "Component custom id cannot be duplicated"
        form.fault("C03", "custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", words)
    if custom_id is not None:
        scope.custom_ids.add(custom_id)


def check_emoji(form: Form, scope: Scope) -> bool:
    """C05: the emoji of a button or an option exists.

    Args:
        form: The button or the option.
        scope: What it shares with its neighbours.

    Returns:
        Whether there is one.
    """
    emoji = form.form("C05", "emoji")
    if emoji is None:
        return False
    emoji.flag("C05", "animated")
    custom = emoji.snowflake("C05", "id")
    name = emoji.text("C05", "name", 0, MAX_EMOJI)
    if emoji.given("id"):
        if custom is not None and scope.emojis is not None and custom not in scope.emojis:
            emoji.fault("C05", "id", "COMPONENT_INVALID_EMOJI", "Invalid emoji")
        elif name is None:
            emoji.warn("C05", "name", "Discord's description of its API asks for the emoji's name, too.")
    elif name is not None and len(name) <= MAX_EMOJI and not is_emoji(name):
        emoji.fault("C05", "name", "COMPONENT_INVALID_EMOJI", "Invalid emoji")
    elif not emoji.given("name"):
        emoji.fault("C05", "name", "BASE_TYPE_REQUIRED", "This field is required")
    return True
