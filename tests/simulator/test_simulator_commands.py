"""Slash commands that a bot registers, and prefix commands in what people say."""

from __future__ import annotations

import discord
import pytest
from discord import app_commands

from kit.simulator import ClickError


async def registered(lab):
    bot = lab.make_bot()

    @bot.tree.command()
    async def greet(interaction, who: discord.Member, times: int = 1) -> None:
        """Greets someone."""
        await interaction.response.send_message(f"hi {who.name} " * times)

    @bot.tree.command()
    @app_commands.choices(size=[app_commands.Choice(name="Big", value="big")])
    async def order(interaction, size: str, role: discord.Role, where: discord.TextChannel) -> None:
        """Orders something."""
        await interaction.response.send_message(f"{size} {role.name} {where.name}", ephemeral=True)

    group = app_commands.Group(name="settings", description="Settings")

    @group.command()
    async def language(interaction, code: str) -> None:
        """Sets the language."""
        await interaction.response.send_message(code)

    bot.tree.add_command(group)
    await lab.bot(bot)
    assert len(await bot.tree.sync()) == 3
    return bot


@pytest.mark.asyncio
async def test_a_slash_command(lab):
    """A synced command is used by a person, and its answer is a message in the channel."""
    bot = await registered(lab)
    bob = lab.world.user("bob")["id"]
    used = await lab.simulator.slash("greet", {"who": bob, "times": 2}, user="alice")
    await used.answered()
    message = lab.world.messages()[-1]
    assert (message["content"], message["type"]) == ("hi bob hi bob", 20)
    assert message["interaction_metadata"]["user"]["username"] == "alice"
    used = await lab.simulator.slash("settings language", {"code": "de"}, user="alice")
    assert (await used.answered()).effects[0][1]["content"] == "de"
    role = lab.world.add_role("Mod")
    options = {"size": "big", "role": role["id"], "where": lab.world.channel_id}
    used = await lab.simulator.slash("/order", options, user="bob")
    assert (await used.answered()).effects[0][1]["content"] == "big Mod general"
    fetched = await bot.tree.fetch_commands()
    assert sorted(command.name for command in fetched) == ["greet", "order", "settings"]
    assert sorted(lab.world.entities()["commands"].values()) == ["greet", "order", "settings"]


@pytest.mark.asyncio
async def test_slash_commands_that_cannot_be_used(lab):
    """A command that is not there, or options that do not fit, are refused with what is there."""
    with pytest.raises(ClickError, match=r"bot.tree.sync\(\) first"):
        await lab.simulator.slash("greet", user="alice")
    await registered(lab)
    for name, options, words in (
        ("gret", {}, "Registered: /greet, /order, /settings"),
        ("greet", {}, "needs the option 'who'"),
        ("greet", {"who": "1"}, "Unknown"),
        ("greet", {"who": lab.world.user("bob")["id"], "times": "2"}, "takes int"),
        ("greet", {"whom": "x"}, "no option 'whom'. Its options: who, times"),
        ("settings", {}, "subcommands: language"),
        ("order", {"size": "small", "role": "1", "where": "1"}, "one of"),
    ):
        with pytest.raises(ClickError, match=words):
            await lab.simulator.slash(name, options, user="alice")


@pytest.mark.asyncio
async def test_guild_commands_one_by_one(lab):
    """Commands of one guild are edited and deleted one by one."""
    bot = lab.make_bot()
    guild = discord.Object(lab.world.guild["id"])

    @bot.tree.command(guild=guild)
    async def local(interaction) -> None:
        """Only here."""
        await interaction.response.send_message("here")

    await lab.bot(bot)
    (command,) = await bot.tree.sync(guild=guild)
    used = await lab.simulator.slash("local", user="bob")
    assert (await used.answered()).status == "answered"
    edited = await command.edit(description="Still here")
    assert edited.description == "Still here"
    await edited.delete()
    with pytest.raises(discord.NotFound) as caught:
        await edited.delete()
    assert caught.value.code == 10063


@pytest.mark.asyncio
async def test_a_prefix_command(lab):
    """Someone says !ping and the bot answers in the channel."""
    bot = lab.make_bot()

    @bot.command()
    async def ping(context) -> None:
        await context.reply("pong")

    await lab.bot(bot)
    said = await lab.simulator.say("!ping", user="bob")
    await lab.until(lambda: len(lab.world.messages()) == 2)
    answer = lab.world.messages()[-1]
    assert (answer["content"], answer["message_reference"]["message_id"]) == ("pong", said["id"])
