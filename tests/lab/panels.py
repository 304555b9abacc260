"""Views that the tests post."""

from __future__ import annotations

import discord
from discord import ui

import kit
from kit import PersistentLayoutView, PersistentView, StatefulButton, StatefulSelect, card


def count_roles() -> None:
    """The reducer of the role panels."""

    @kit.reducer("ROLE_TAKEN")
    def taken(action, state):
        roles = state["application"].setdefault("roles", {})
        key = action["payload"]["state_key"]
        roles[key] = roles.get(key, 0) + 1


class RolePanel(PersistentLayoutView):
    """A card with a counter on its button and a select, as in the quickstart."""

    label = "Get role"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.build()

    def build(self) -> None:
        taken = self.state_store.state["application"].get("roles", {}).get(self.state_key, 0)
        self.clear_items()
        self.add_item(
            card(
                "## Roles",
                ui.ActionRow(
                    StatefulButton(label=f"{self.label} ({taken})", custom_id="roles:get", callback=self.get)
                ),
                ui.ActionRow(
                    StatefulSelect(
                        custom_id="roles:topics",
                        placeholder="Topics",
                        max_values=2,
                        options=[
                            discord.SelectOption(label=text.title(), value=text) for text in ("art", "events")
                        ],
                        callback=self.topics,
                    )
                ),
                color=discord.Colour.blurple(),
            )
        )

    async def get(self, interaction: discord.Interaction) -> None:
        await self.dispatch("ROLE_TAKEN", {"state_key": self.state_key})
        self.build()
        await interaction.response.edit_message(view=self)

    async def topics(self, interaction: discord.Interaction) -> None:
        chosen = interaction.data["values"]
        await interaction.response.send_message(f"You follow {', '.join(chosen)}.", ephemeral=True)


class Classic(PersistentView):
    """The same in the older layout."""

    def __init__(self, greeting: str = "Hello", **kwargs):
        super().__init__(**kwargs)
        self.greeting = greeting
        self.add_item(StatefulButton(label="Greet", custom_id="classic:greet", callback=self.greet))

    async def greet(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"{self.greeting}, {interaction.user.name}!")


class Poll(ui.View):
    """A plain discord.py view."""

    def __init__(self):
        super().__init__(timeout=None)

    @ui.button(label="Vote", custom_id="poll:vote")
    async def vote(self, interaction, button):
        await interaction.response.send_message("voted", ephemeral=True)
