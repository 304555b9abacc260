"""The views that the tests of the guide send: a counter in every kind that kit has."""

from __future__ import annotations

from typing import Any

import discord
import pytest
from discord.ui import ActionRow

from kit import (
    PersistentLayoutView,
    PersistentView,
    StatefulButton,
    StatefulLayoutView,
    StatefulView,
    card,
    get_store,
)


class Counting:
    """Reads its count when it is made, and adds one at each click."""

    state_key: str
    dispatch: Any

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.button = StatefulButton(label=self.label, custom_id="tally:add", callback=self.add)
        self.show(self.button)

    @property
    def label(self) -> str:
        counters = get_store().state.get("application", {}).get("counters", {})
        return f"Add to {counters.get(self.state_key, 0)}"

    def show(self, button: StatefulButton) -> None:
        raise NotImplementedError

    async def add(self, interaction: discord.Interaction) -> None:
        await self.dispatch("COUNTED", {"key": self.state_key})
        self.button.label = self.label
        await interaction.response.edit_message(view=self)


class Classic(Counting):
    """In the layout of rows."""

    add_item: Any

    def show(self, button: StatefulButton) -> None:
        self.add_item(button)


class Modern(Counting):
    """In a card, as components of the second version."""

    add_item: Any

    def show(self, button: StatefulButton) -> None:
        self.add_item(card("## Tally", ActionRow(button), color=discord.Colour.blurple()))


class TallyView(Classic, PersistentView):
    """Survives restarts."""


class TallyLayout(Modern, PersistentLayoutView):
    """Survives restarts, too."""


class PassingView(Classic, StatefulView):
    """Times out; its data stays."""


class PassingLayout(Modern, StatefulLayoutView):
    """Times out, too."""


persistent_kinds = pytest.mark.parametrize("kind", [TallyView, TallyLayout])
passing_kinds = pytest.mark.parametrize("kind", [PassingView, PassingLayout])
