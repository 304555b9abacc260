"""A panel that outlives its bot, with discord.py 2.4 or newer."""

from __future__ import annotations

import asyncio
import os
import sys

import discord
from discord import app_commands, ui
from discord.ext import commands

from kit.simulator import LoopbackConnector

TITLES = ("Panel", "Paper", "Board")
SHARDS = int(os.environ.get("SHARDS", "1"))


class Feedback(ui.Modal, title="Feedback"):
    text = ui.TextInput(label="What do you think?", custom_id="text")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"Thanks: {self.text.value}", ephemeral=True)


class Panel(ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @ui.button(label="0", custom_id="count")
    async def count(self, interaction: discord.Interaction, button: ui.Button) -> None:
        shown = interaction.message.components[0].children[0].label
        button.label = str(int(shown) + 1)
        await interaction.response.edit_message(view=self)

    @ui.button(label="Later", custom_id="later")
    async def later(self, interaction: discord.Interaction, button: ui.Button) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.followup.send("here it is")

    @ui.button(label="Feedback", custom_id="feedback")
    async def feedback(self, interaction: discord.Interaction, button: ui.Button) -> None:
        await interaction.response.send_modal(Feedback())

    @ui.select(custom_id="fruit", options=[discord.SelectOption(label=fruit) for fruit in ("apple", "pear")])
    async def fruit(self, interaction: discord.Interaction, select: ui.Select) -> None:
        await interaction.response.send_message(f"You chose {select.values[0]}", ephemeral=True)


def card() -> ui.LayoutView:
    class Card(ui.LayoutView):
        """Components V2; discord.py has them since 2.6."""

        def __init__(self) -> None:
            super().__init__(timeout=None)
            like = ui.Button(label="Like", custom_id="like")
            like.callback = self.like
            self.text = ui.TextDisplay("Do you like it?")
            self.add_item(ui.Container(self.text, ui.ActionRow(like)))

        async def like(self, interaction: discord.Interaction) -> None:
            self.text.content = f"{interaction.user.name} likes it"
            await interaction.response.edit_message(view=self)

    return Card()


class Bot(commands.Bot if SHARDS == 1 else commands.AutoShardedBot):
    async def setup_hook(self) -> None:
        self.add_view(Panel())
        self.tree.add_command(panel)
        self.tree.add_command(shout)
        if hasattr(ui, "LayoutView"):
            self.add_view(card())
            self.tree.add_command(show_card)
        await self.tree.sync()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Discord wants five seconds between shards, the simulator none."""

    async def on_ready(self) -> None:
        sys.stdout.write(f"ready {len(getattr(self, 'shards', '1'))}\n")
        sys.stdout.flush()


@app_commands.command()
@app_commands.describe(title="What stands above the buttons")
async def panel(interaction: discord.Interaction, title: str) -> None:
    """Posts the panel."""
    await interaction.response.send_message(title, view=Panel())


@panel.autocomplete("title")
async def titles(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=it, value=it) for it in TITLES if it.startswith(typed)]


@app_commands.context_menu(name="Shout")
async def shout(interaction: discord.Interaction, message: discord.Message) -> None:
    await interaction.response.send_message(message.content.upper())


@app_commands.command(name="card")
async def show_card(interaction: discord.Interaction) -> None:
    """Posts the card."""
    await interaction.response.send_message(view=card())


async def main() -> None:
    options = {} if SHARDS == 1 else {"shard_count": SHARDS}
    bot = Bot(
        command_prefix="!",
        intents=discord.Intents.all(),
        guild_ready_timeout=0.1,
        **options,
    )

    # From 2.5 on, Bot(connector=...) does the same.
    bot.http.connector = LoopbackConnector(int(os.environ["SIMULATOR_PORT"]))

    @bot.command()
    async def ping(context: commands.Context) -> None:
        await context.reply("pong")

    async with bot:
        await bot.start(os.environ["BOT_TOKEN"])


asyncio.run(main())
