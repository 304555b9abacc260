"""What people do in a lab beside clicks: menus, completed options, reactions; and who is there."""

from __future__ import annotations

import asyncio
import json

import discord
import pytest
from discord import app_commands

import kit
from kit.simulator import ClickError


@pytest.mark.asyncio
async def test_menus_and_completed_options(lab):
    """The commands are synced when they are first used, and the outcome is what that person sees."""

    @lab.bot.tree.command()
    async def buy(interaction: discord.Interaction, fruit: str):
        """Buys fruit."""
        await interaction.response.send_message(f"one {fruit}")

    @buy.autocomplete("fruit")
    async def fruits(interaction, typed):
        names = ["apple", "apricot", "banana"]
        return [app_commands.Choice(name=name, value=name) for name in names if name.startswith(typed)]

    @lab.bot.tree.context_menu(name="Report")
    async def report(interaction: discord.Interaction, message: discord.Message):
        await interaction.response.send_message(f"reported: {message.content}", ephemeral=True)

    offered = await lab.autocomplete("buy", {"fruit": "ap"}, focused="fruit", user="bob")
    assert offered.choices == ["apple", "apricot"]
    assert "offered: 'apple', 'apricot'" in repr(offered)
    bought = await lab.slash("buy", fruit="banana", user="bob")
    reported = await lab.context_menu("Report", bought.message, user="alice")
    assert [message.text for message in reported.ephemeral] == ["reported: one banana"]


@pytest.mark.asyncio
async def test_a_reaction_reaches_the_bot(lab):
    """It is on the newest message if none is named; an emoji that nobody knows is refused."""
    with pytest.raises(ClickError, match="no message to react to"):
        await lab.react("👍")
    came = asyncio.Event()

    @lab.bot.listen()
    async def on_reaction_add(reaction, user):
        assert (reaction.emoji, user.name) == ("👍", "bob")
        came.set()

    await lab.bot.get_channel(int(lab.discord.world.channel_id)).send("vote")
    outcome = await lab.react("👍", user="bob")
    assert came.is_set()
    assert outcome.edited[0].raw["reactions"][0]["count"] == 1
    with pytest.raises(ClickError, match="There is no emoji"):
        await lab.react("nonsense")


@pytest.mark.asyncio
async def test_a_role_that_was_made_is_in_the_next_kernel(tmp_path, monkeypatch):
    """What changes in the world is saved shortly after, not just what is written in the channel."""
    monkeypatch.chdir(tmp_path)
    async with kit.Lab.start(name="shop") as lab:
        lab.discord.world.user("carol", roles=["Mods"])
        file = lab.folder / "world.json"
        async with asyncio.timeout(5):
            while not (file.exists() and "carol" in json.loads(file.read_text())["users"]):
                await asyncio.sleep(0.01)
