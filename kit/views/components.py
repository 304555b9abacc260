"""Components for stateful views: buttons and selects that take their callback, cards, and custom ids."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord import ui

from kit.state.actions import COMPONENT_INTERACTION

Callback = Callable[[discord.Interaction[Any]], Awaitable[Any]]


class StatefulButton(ui.Button[Any]):
    """A `discord.ui.Button` that takes its callback, and tells the store that it was pressed.

    Args:
        callback: `async def callback(interaction)`, usually a method of the view.
        **kwargs: As for `discord.ui.Button`.
    """

    def __init__(self, *, callback: Callback | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._given = callback

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Run the given callback, then dispatch `COMPONENT_INTERACTION`."""
        await _run(self, self._given, interaction, value=True)


class StatefulSelect(ui.Select[Any]):
    """A `discord.ui.Select` that takes its callback, and tells the store what was chosen.

    Args:
        callback: `async def callback(interaction)`; the choice is in `select.values`.
        **kwargs: As for `discord.ui.Select`.
    """

    def __init__(self, *, callback: Callback | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._given = callback

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Run the given callback, then dispatch `COMPONENT_INTERACTION`."""
        await _run(self, self._given, interaction, value=list(self.values))


async def _run(
    item: StatefulButton | StatefulSelect,
    given: Callback | None,
    interaction: discord.Interaction[Any],
    value: Any,
) -> None:
    view: Any = item.view
    if given is not None:
        await given(interaction)
    if not interaction.response.is_done():
        # Pressing a button that has nothing to say is no failure.
        await interaction.response.defer()
    dispatch = getattr(view, "dispatch", None)
    if dispatch is not None and not view.is_finished():
        payload = {
            "component_id": item.custom_id,
            "view_id": view.id,
            "user_id": interaction.user.id,
            "value": value,
        }
        await dispatch(COMPONENT_INTERACTION, payload)


def card(
    *children: str | ui.Item[Any],
    color: discord.Colour | int | None = None,
    spoiler: bool = False,
) -> ui.Container[Any]:
    """A container for a `StatefulLayoutView`: headings and texts as strings, and components.

    Args:
        *children: Strings become `discord.ui.TextDisplay`.
        color: The colour of the accent bar.
        spoiler: Whether the card is hidden until it is clicked.
    """
    items = [ui.TextDisplay(child) if isinstance(child, str) else child for child in children]
    return ui.Container(*items, accent_colour=color, spoiler=spoiler)


def slugify(text: str) -> str:
    """A part of a custom_id from a text: lower case, with `_` for everything that is no letter or digit.

    Letters of every script are kept. A text without any gets a short digest, so that
    two of them do not share a custom_id.

    >>> slugify("Game Nights!"), slugify("日本語")
    ('game_nights', '日本語')
    >>> slugify("🎉") != slugify("🔥")
    True
    """
    slug = re.sub(r"[\W_]+", "_", text.casefold()).strip("_")
    if slug or not text:
        return slug
    return "x" + hashlib.blake2s(text.encode(), digest_size=4).hexdigest()
