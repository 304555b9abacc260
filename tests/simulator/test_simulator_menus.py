"""Autocomplete, context menus, hybrid commands and files: the other ways into a command."""

from __future__ import annotations

import discord
import pytest
from discord import app_commands
from discord.ext import commands

from kit.simulator import ClickError
from tests.simulator.agreement import agree

FRUIT = ("apple", "apricot", "banana")


async def fruit_bot(lab):
    """A bot whose /buy completes the names of fruit."""
    bot = lab.make_bot()
    group = app_commands.Group(name="shop", description="A shop")

    @group.command()
    async def buy(interaction, fruit: str, count: app_commands.Range[int, 1, 9] = 1) -> None:
        """Buys fruit."""
        await interaction.response.send_message(f"{count} {fruit}")

    @buy.autocomplete("fruit")
    async def complete(interaction, current):
        count = interaction.namespace.count or ""
        return [app_commands.Choice(name=f"{count}{f}", value=f) for f in FRUIT if f.startswith(current)]

    @buy.autocomplete("count")
    async def guess(interaction, current):
        if current == "fail":
            raise RuntimeError(current)
        return [app_commands.Choice(name=str(n), value=n) for n in range(1, 4)]

    bot.tree.add_command(group)

    @bot.tree.error
    async def on_error(interaction, error) -> None:
        pass

    await lab.bot(bot)
    await bot.tree.sync()
    return bot


@pytest.mark.asyncio
async def test_autocomplete(lab):
    """While a person types, the bot offers choices, and knows what is filled in already."""
    await fruit_bot(lab)
    simulator = lab.simulator
    typed = await simulator.autocomplete("shop buy", {"fruit": "ap", "count": 2}, focused="fruit", user="bob")
    await typed.answered()
    assert typed.choices == [{"name": "2apple", "value": "apple"}, {"name": "2apricot", "value": "apricot"}]
    assert typed.type == 4
    typed = await simulator.autocomplete("shop buy", {}, focused="count", user="bob")
    assert [choice["value"] for choice in (await typed.answered()).choices] == [1, 2, 3]
    assert lab.world.messages() == []
    used = await simulator.slash("shop buy", {"fruit": "kiwi"}, user="bob")
    assert (await used.answered()).effects[0][1]["content"] == "1 kiwi"


@pytest.mark.asyncio
async def test_autocomplete_that_fails(lab):
    """A bot that doesn't answer leaves a person without choices, and no message appears."""
    await fruit_bot(lab)
    typed = await lab.simulator.autocomplete("shop buy", {"count": "fail"}, focused="count", user="bob")
    lab.world.clock.advance(3)
    await typed.answered()
    assert (typed.status, typed.choices, lab.world.messages()) == ("failed", None, [])
    assert typed.failure.startswith("no answer within 3 s")
    with pytest.raises(ClickError, match="no option 'fruity'"):
        await lab.simulator.autocomplete("shop buy", {}, focused="fruity", user="bob")
    with pytest.raises(ClickError, match="from 1 to 9, not 10"):
        await lab.simulator.slash("shop buy", {"fruit": "x", "count": 10}, user="bob")


@pytest.mark.asyncio
async def test_context_menus(lab):
    """A command in the menu of a message or of a user gets what it was opened on."""
    bot = lab.make_bot()

    @bot.tree.context_menu(name="Report")
    async def report(interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"{message.author.name}: {message.content}", ephemeral=True)

    @bot.tree.context_menu(name="Who is")
    async def who(interaction, member: discord.Member) -> None:
        await interaction.response.send_message(f"{member.display_name} {member.top_role.name}")

    await lab.bot(bot)
    await bot.tree.sync()
    lab.world.user("bob", nick="Bobby", roles=["Mods"])
    said = await lab.simulator.say("spam", user="bob")
    for target in (said, said["id"], int(said["id"])):
        used = await (await lab.simulator.context_menu("Report", target=target, user="alice")).answered()
        assert used.effects[0][1]["content"] == "bob: spam"
    metadata = used.effects[0][1]["interaction_metadata"]
    assert (metadata["command_type"], metadata["target_message_id"]) == (3, said["id"])
    assert used.effects[0][1]["type"] == 23
    used = await (await lab.simulator.context_menu("Who is", target="bob", user="alice")).answered()
    assert used.effects[0][1]["content"] == "Bobby Mods"
    assert used.effects[0][1]["interaction_metadata"]["target_user"]["username"] == "bob"
    for name, target, words in (
        ("Report", "bob", "There is no user command Report. Registered: Who is"),
        ("Who is", said, "There is no message command Who is. Registered: Report"),
        ("Report", "robert", "neither a message of this world nor somebody"),
    ):
        with pytest.raises(ClickError, match=words):
            await lab.simulator.context_menu(name, target=target, user="alice")
    await agree(lab, bot)


@pytest.mark.asyncio
async def test_a_hybrid_command(lab):
    """One command answers to its prefix and to its slash, each in its own way."""
    bot = lab.make_bot()

    @bot.hybrid_command()
    async def roll(context: commands.Context, sides: int = 6) -> None:
        """Rolls."""
        await context.send(f"1 of {sides}")

    await lab.bot(bot)
    await bot.tree.sync()
    await lab.simulator.say("!roll 20", user="bob")
    await lab.until(lambda: lab.world.messages()[-1]["content"] == "1 of 20")
    used = await lab.simulator.slash("roll", {"sides": 8}, user="bob")
    assert (await used.answered()).effects[0][1]["content"] == "1 of 8"


@pytest.mark.asyncio
async def test_a_file_in_a_slash_command(lab):
    """An attachment option brings the file to the bot, byte for byte."""
    bot = lab.make_bot()

    @bot.tree.command()
    async def upload(
        interaction, file: discord.Attachment, who: discord.Member, where: discord.TextChannel
    ) -> None:
        """Takes a file."""
        data = await file.read()
        await interaction.response.send_message(f"{file.filename} {len(data)} {who.name} {where.name}")

    await lab.bot(bot)
    await bot.tree.sync()
    lab.world.channel("voice", type="voice")
    options = {"file": ("a.bin", b"12345"), "who": "bob", "where": "#general"}
    used = await lab.simulator.slash("upload", options, user="alice")
    assert (await used.answered()).effects[0][1]["content"] == "a.bin 5 bob general"
    for changed, words in (
        ({"file": "a.bin"}, r"a file as \(filename, bytes\)"),
        ({"where": "voice"}, "takes channels of the types"),
        ({"who": "bobby"}, "Known: alice, bob"),
    ):
        with pytest.raises(ClickError, match=words):
            await lab.simulator.slash("upload", {**options, **changed}, user="alice")


@pytest.mark.asyncio
async def test_where_a_command_is_offered(lab):
    """Contexts, installation and age restriction decide where a person finds a command."""
    bot = lab.make_bot()

    async def answer(interaction) -> None:
        await interaction.response.send_message(interaction.command.name)

    for name, decorator in (
        ("everywhere", lambda command: command),
        ("guild", app_commands.guild_only()),
        ("direct", app_commands.dm_only()),
        ("personal", app_commands.user_install()),
    ):
        command = app_commands.Command(name=name, description="x", callback=answer)
        bot.tree.add_command(decorator(command))
    bot.tree.add_command(app_commands.Command(name="adult", description="x", callback=answer, nsfw=True))
    await lab.bot(bot)
    await bot.tree.sync()
    direct = lab.world.dm("bob")["id"]
    lab.world.channel("adults", nsfw=True)
    for name, channel in (
        *(("everywhere", None), ("everywhere", direct), ("guild", None), ("direct", direct)),
        *(("adult", "adults"), ("adult", direct)),
    ):
        used = await (await lab.simulator.slash(name, user="bob", channel=channel)).answered()
        assert used.effects[0][1]["content"] == name
    for name, channel, words in (
        ("guild", direct, "/guild is not offered in direct messages"),
        ("direct", None, "/direct is not offered in a guild"),
        ("personal", None, "people who installed the app"),
        ("adult", None, "/adult is age-restricted and #general is not"),
    ):
        with pytest.raises(ClickError, match=words):
            await lab.simulator.slash(name, user="bob", channel=channel)
    with pytest.raises(ClickError, match=r"bob's direct messages. Use user='bob'"):
        await lab.simulator.slash("everywhere", user="alice", channel=direct)


@pytest.mark.asyncio
async def test_permissions_of_commands_are_not_a_bots(lab, http):
    """A bot reads that nobody set permissions on its commands, and can't set them itself."""
    bot = await fruit_bot(lab)
    (command,) = await bot.tree.fetch_commands()
    with pytest.raises(discord.NotFound) as caught:
        await command.fetch_permissions(bot.guilds[0])
    assert caught.value.code == 10066
    base = f"/api/v10/applications/{bot.user.id}/guilds/{bot.guilds[0].id}/commands"
    assert await http("GET", base + "/permissions") == (200, [])
    status, body = await http("PUT", f"{base}/{command.id}/permissions", {"permissions": []})
    assert (status, body["code"]) == (403, 20001)
