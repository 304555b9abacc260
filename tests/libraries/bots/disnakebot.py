"""A panel that outlives its bot, with disnake."""

from __future__ import annotations

import asyncio
import os
import sys

import disnake
from disnake import ui
from disnake.ext import commands

from kit.simulator import LoopbackConnector

TITLES = ("Panel", "Paper", "Board")
SHARDS = int(os.environ.get("SHARDS", "1"))


class Feedback(ui.Modal):
    def __init__(self) -> None:
        super().__init__(
            title="Feedback", components=[ui.Label("What do you think?", ui.TextInput(custom_id="text"))]
        )

    async def callback(self, interaction: disnake.ModalInteraction) -> None:
        await interaction.response.send_message(f"Thanks: {interaction.text_values['text']}", ephemeral=True)


class Panel(ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @ui.button(label="0", custom_id="count")
    async def count(self, button: ui.Button, interaction: disnake.MessageInteraction) -> None:
        button.label = str(int(interaction.component.label) + 1)
        await interaction.response.edit_message(view=self)

    @ui.button(label="Later", custom_id="later")
    async def later(self, button: ui.Button, interaction: disnake.MessageInteraction) -> None:
        await interaction.response.defer(ephemeral=True, with_message=True)
        await interaction.followup.send("here it is")

    @ui.button(label="Feedback", custom_id="feedback")
    async def feedback(self, button: ui.Button, interaction: disnake.MessageInteraction) -> None:
        await interaction.response.send_modal(Feedback())

    @ui.string_select(custom_id="fruit", options=["apple", "pear"])
    async def fruit(self, select: ui.StringSelect, interaction: disnake.MessageInteraction) -> None:
        await interaction.response.send_message(f"You chose {select.values[0]}", ephemeral=True)


def card(text: str) -> ui.Container:
    return ui.Container(ui.TextDisplay(text), ui.ActionRow(ui.Button(label="Like", custom_id="like")))


class Bot(commands.InteractionBot if SHARDS == 1 else commands.AutoShardedInteractionBot):
    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Discord wants five seconds between shards, the simulator none."""

    async def on_ready(self) -> None:
        self.add_view(Panel())
        # disnake syncs its commands in the background, and says nothing when it is done.
        while not self.global_slash_commands:
            await asyncio.sleep(0.01)
        sys.stdout.write(f"ready {len(getattr(self, 'shards', '1'))}\n")
        sys.stdout.flush()

    async def on_message(self, message: disnake.Message) -> None:
        if message.content == "!ping":
            await message.reply("pong")

    async def on_button_click(self, interaction: disnake.MessageInteraction) -> None:
        # disnake has no view of Components V2; what they send is an event.
        if interaction.component.custom_id == "like":
            liked = card(f"{interaction.user.name} likes it")
            await interaction.response.edit_message(components=liked)


async def main() -> None:
    options = {} if SHARDS == 1 else {"shard_count": SHARDS}
    bot = Bot(
        intents=disnake.Intents.all(),
        connector=LoopbackConnector(int(os.environ["SIMULATOR_PORT"])),
        guild_ready_timeout=0.1,
        **options,
    )

    @bot.slash_command()
    async def panel(interaction: disnake.ApplicationCommandInteraction, title: str) -> None:
        """Posts the panel."""
        await interaction.response.send_message(title, view=Panel())

    @panel.autocomplete("title")
    async def titles(interaction: disnake.ApplicationCommandInteraction, typed: str) -> list[str]:
        return [it for it in TITLES if it.startswith(typed)]

    @bot.message_command(name="Shout")
    async def shout(interaction: disnake.MessageCommandInteraction, message: disnake.Message) -> None:
        await interaction.response.send_message(message.content.upper())

    @bot.slash_command(name="card")
    async def show_card(interaction: disnake.ApplicationCommandInteraction) -> None:
        """Posts the card."""
        await interaction.response.send_message(components=card("Do you like it?"))

    await bot.start(os.environ["BOT_TOKEN"])


asyncio.run(main())
