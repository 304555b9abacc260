"""The plain views of these tests: doors that say who opened them. None of them knows kit."""

from __future__ import annotations

from typing import Any

import discord
import pytest
from discord import ui


class Door(ui.View):
    """A persistent view with two buttons; each names the instance that answers."""

    def __init__(self, name: str = "door", timeout: float | None = None) -> None:
        super().__init__(timeout=timeout)
        self.name = name

    @ui.button(label="Open", custom_id="door:open")
    async def open(self, interaction: discord.Interaction, button: ui.Button) -> None:
        await interaction.response.send_message(f"{self.name} opens", ephemeral=True)

    @ui.button(label="Shut", custom_id="door:shut")
    async def shut(self, interaction: discord.Interaction, button: ui.Button) -> None:
        await interaction.response.send_message(f"{self.name} shuts", ephemeral=True)


class LayoutDoor(ui.LayoutView):
    """The same with components of the second version."""

    def __init__(self, name: str = "door", timeout: float | None = None) -> None:
        super().__init__(timeout=timeout)
        self.name = name

    text = ui.TextDisplay("A door")
    row: ui.ActionRow = ui.ActionRow()

    @row.button(label="Open", custom_id="door:open")
    async def open(self, interaction: discord.Interaction, button: ui.Button) -> None:
        await interaction.response.send_message(f"{self.name} opens", ephemeral=True)

    @row.button(label="Shut", custom_id="door:shut")
    async def shut(self, interaction: discord.Interaction, button: ui.Button) -> None:
        await interaction.response.send_message(f"{self.name} shuts", ephemeral=True)


class Knob(ui.View):
    """A view of another kind, with one button."""

    def __init__(
        self, name: str = "knob", custom_id: str = "knob:turn", timeout: float | None = None
    ) -> None:
        super().__init__(timeout=timeout)
        self.name = name
        self.add(custom_id)

    def add(self, custom_id: str) -> ui.Button:
        """A button that says which it is."""
        button: ui.Button = ui.Button(label=custom_id, custom_id=custom_id)

        async def press(interaction: discord.Interaction) -> None:
            await interaction.response.send_message(f"{self.name} {button.custom_id}", ephemeral=True)

        button.callback = press  # type: ignore[method-assign]
        self.add_item(button)
        return button


doors = pytest.mark.parametrize("door", [Door, LayoutDoor])


def channel_of(lab: Any) -> Any:
    """The channel in which the bot of a lab sends."""
    return lab.bot.get_channel(int(lab.discord.world.channel_id))


async def send(lab: Any, view: Any) -> discord.Message:
    """The message on which the bot has sent a view."""
    message: discord.Message = await channel_of(lab).send(view=view)
    return message


async def said(lab: Any, control: str, message: Any = None, *, user: str = "alice") -> list[str]:
    """What a click was answered with, by everybody who answered it."""
    outcome = await lab.click(control, message=message, user=user)
    assert (outcome.failure, outcome.errors) == (None, [])
    return [answer.text for answer in outcome.ephemeral]
