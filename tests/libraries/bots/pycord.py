"""A panel that outlives its bot, with py-cord.

No `from __future__ import annotations` here: py-cord takes options from annotations as they are.
`loopback` is the file that `python -m kit.simulator --connector loopback.py` writes.
"""

import asyncio
import os
import sys

import discord
from discord import ui

from kit.simulator import LoopbackConnector

TITLES = ("Panel", "Paper", "Board")
SHARDS = int(os.environ.get("SHARDS", "1"))


class Feedback(ui.Modal):
    def __init__(self) -> None:
        super().__init__(ui.InputText(label="What do you think?", custom_id="text"), title="Feedback")

    async def callback(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"Thanks: {self.children[0].value}", ephemeral=True)


class Panel(ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @ui.button(label="0", custom_id="count")
    async def count(self, button: ui.Button, interaction: discord.Interaction) -> None:
        shown = interaction.message.components[0].children[0].label
        button.label = str(int(shown) + 1)
        await interaction.response.edit_message(view=self)

    @ui.button(label="Later", custom_id="later")
    async def later(self, button: ui.Button, interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True, invisible=False)
        await interaction.followup.send("here it is")

    @ui.button(label="Feedback", custom_id="feedback")
    async def feedback(self, button: ui.Button, interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Feedback())

    @ui.string_select(
        custom_id="fruit", options=[discord.SelectOption(label=fruit) for fruit in ("apple", "pear")]
    )
    async def fruit(self, select: ui.Select, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"You chose {select.values[0]}", ephemeral=True)


class Card(ui.DesignerView):
    """Components V2."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        like = ui.Button(label="Like", custom_id="like")
        like.callback = self.like
        self.text = ui.TextDisplay("Do you like it?")
        self.add_item(ui.Container(self.text, ui.ActionRow(like)))

    async def like(self, interaction: discord.Interaction) -> None:
        self.text.content = f"{interaction.user.name} likes it"
        await interaction.response.edit_message(view=self)


class Bot(discord.Bot if SHARDS == 1 else discord.AutoShardedBot):
    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Discord wants five seconds between shards, the simulator none."""

    async def on_ready(self) -> None:
        self.add_view(Panel())
        self.add_view(Card())
        sys.stdout.write(f"ready {len(getattr(self, 'shards', '1'))}\n")
        sys.stdout.flush()

    async def on_message(self, message: discord.Message) -> None:
        if message.content == "!ping":
            await message.reply("pong")


async def main() -> None:
    options = {} if SHARDS == 1 else {"shard_count": SHARDS}
    bot = Bot(
        intents=discord.Intents.all(),
        connector=LoopbackConnector(int(os.environ["SIMULATOR_PORT"])),
        guild_ready_timeout=0.1,
        **options,
    )

    async def titles(context: discord.AutocompleteContext) -> list[str]:
        return [it for it in TITLES if it.startswith(context.value)]

    @bot.slash_command()
    @discord.option("title", autocomplete=titles)
    async def panel(context: discord.ApplicationContext, title: str) -> None:
        """Posts the panel."""
        await context.respond(title, view=Panel())

    @bot.message_command(name="Shout")
    async def shout(context: discord.ApplicationContext, message: discord.Message) -> None:
        await context.respond(message.content.upper())

    @bot.slash_command(name="card")
    async def show_card(context: discord.ApplicationContext) -> None:
        """Posts the card."""
        await context.respond(view=Card())

    await bot.start(os.environ["BOT_TOKEN"])


asyncio.run(main())
