"""Reactions by several users, as bots and people add, see and take them away."""

from __future__ import annotations

import discord
import pytest

from kit.simulator import ClickError, World
from kit.simulator.world.permissions import READ_MESSAGE_HISTORY, SEND_MESSAGES, VIEW_CHANNEL
from tests.simulator.agreement import agree


@pytest.mark.asyncio
async def test_a_poll_by_reactions(lab):
    """The bot offers two signs, people vote with them, and it counts who chose what."""
    bot = await lab.bot()
    heard = []

    async def on_reaction_add(reaction, user):
        heard.append((str(reaction.emoji), user.name))

    bot.add_listener(on_reaction_add)
    message = await lab.channel(bot).send("pizza?")
    for sign in ("👍", "👎"):
        await message.add_reaction(sign)
    for user, sign in (("alice", "👍"), ("bob", "👍"), ("bob", "👎")):
        await lab.simulator.react(message.id, sign, user=user)
    await lab.until(lambda: len(heard) == 5)
    assert heard[2:] == [("👍", "alice"), ("👍", "bob"), ("👎", "bob")]
    await agree(lab, bot)
    fetched = await message.channel.fetch_message(message.id)
    assert [(r.count, r.me) for r in fetched.reactions] == [(3, True), (2, True)]
    voters = [user.name async for user in fetched.reactions[0].users()]
    assert sorted(voters) == ["alice", "bob", "viewkit"]
    assert [user.name async for user in fetched.reactions[0].users(limit=1)] == ["alice"]
    await lab.simulator.unreact(message.id, "👍", user="bob")
    await message.remove_reaction("👎", discord.Object(lab.world.user("bob")["id"]))
    await message.remove_reaction("👎", bot.user)
    await agree(lab, bot)
    (left,) = (await message.channel.fetch_message(message.id)).reactions
    assert (str(left.emoji), left.count) == ("👍", 2)
    await message.clear_reaction("👍")
    assert lab.world.reactors == {}
    await message.add_reaction("👍")
    await message.clear_reactions()
    await agree(lab, bot)
    assert lab.world.reactors == {}


@pytest.mark.asyncio
async def test_each_bot_sees_its_own(lab):
    """Whether a reaction is "me" depends on who asks: one bot's is not the other's."""
    helper = lab.world.add_bot("helper")
    one, two = await lab.bot(), await lab.bot(token=helper.token)
    message = await lab.channel(one).send("hi")
    await message.add_reaction("👍")
    seen = await lab.channel(two).fetch_message(message.id)
    assert [(r.count, r.me) for r in seen.reactions] == [(1, False)]
    await seen.add_reaction("👍")
    await message.edit(content="hello")
    await agree(lab, one)
    await agree(lab, two)
    assert [m.reactions[0].me async for m in lab.channel(two).history()] == [True]
    assert lab.world.messages(viewer="bob")[0]["reactions"][0]["me"] is False
    await lab.simulator.react(message.id, "👍", user="bob")
    assert lab.world.messages(viewer="bob")[0]["reactions"][0]["me"] is True


@pytest.mark.asyncio
async def test_custom_emoji(lab):
    """A custom emoji is known to the bot, reacts and stands on buttons; one that is not there is refused."""
    bot = await lab.bot()
    png = b"\x89PNG\r\n\x1a\n" + bytes(20)
    lab.world.emoji("party", image=png)
    await agree(lab, bot)
    (party,) = bot.guilds[0].emojis
    assert await party.read() == png
    message = await lab.channel(bot).send(f"{party}")
    await message.add_reaction(party)
    await lab.simulator.react(message.id, "party", user="bob")
    await lab.simulator.react(message.id, ":party:", user="alice")
    await agree(lab, bot)
    assert lab.world.message(message.id)["reactions"][0]["count"] == 3
    gone = discord.PartialEmoji(name="gone", id=123456789012345678)
    with pytest.raises(discord.NotFound) as caught:
        await message.add_reaction(gone)
    assert caught.value.code == 10014
    view = discord.ui.View()
    view.add_item(discord.ui.Button(label="x", emoji=gone))
    with pytest.raises(discord.HTTPException, match=r"In components.0.components.0.emoji.id: Invalid emoji"):
        await message.edit(view=view)
    view.children[0].emoji = party
    await message.edit(view=view)
    with pytest.raises(ClickError, match=r"There is no emoji 'gone'.*:party:"):
        await lab.simulator.react(message.id, "gone", user="bob")
    await party.delete()
    # A reaction outlives its emoji, and others can join it.
    await lab.simulator.unreact(message.id, "party", user="bob")
    await message.remove_reaction(party, bot.user)
    await lab.until(lambda: not bot.guilds[0].emojis)
    assert lab.world.message(message.id)["reactions"][0]["count"] == 1


@pytest.mark.asyncio
async def test_a_bot_manages_emoji(lab):
    """A bot makes, renames and deletes emoji of the guild and of its own application."""
    bot = await lab.bot()
    gif = b"GIF89a" + bytes(10)
    made = await bot.guilds[0].create_custom_emoji(name="wave", image=gif)
    assert made.animated
    await made.edit(name="hello")
    await agree(lab, bot)
    assert (await bot.guilds[0].fetch_emoji(made.id)).name == "hello"
    assert [emoji.name for emoji in await bot.guilds[0].fetch_emojis()] == ["hello"]
    own = await bot.create_application_emoji(name="mine", image=b"\x89PNG\r\n\x1a\n")
    await own.edit(name="ours")
    assert [emoji.name for emoji in await bot.fetch_application_emojis()] == ["ours"]
    view = discord.ui.View()
    view.add_item(discord.ui.Button(emoji=own))
    message = await lab.channel(bot).send(view=view)
    await message.add_reaction(own)
    await own.delete()
    with pytest.raises(discord.NotFound):
        await bot.fetch_application_emoji(own.id)
    with pytest.raises(discord.HTTPException, match="In image"):
        await bot.http.create_custom_emoji(bot.guilds[0].id, "bad", "data:image/png;base64,AAAA")
    lab.world.update_role(lab.world.guild["id"], {"permissions": "0"})
    lab.world.bot_permissions = VIEW_CHANNEL
    with pytest.raises(discord.Forbidden):
        await bot.guilds[0].create_custom_emoji(name="wave", image=gif)


@pytest.mark.asyncio
async def test_reactions_take_permissions(lab):
    """Who may not react can join a reaction that is there; what others did is for moderators."""
    bot = await lab.bot()
    message = await lab.channel(bot).send("x")
    await lab.simulator.react(message.id, "👍", user="bob")
    lab.world.role("@everyone", permissions=VIEW_CHANNEL | READ_MESSAGE_HISTORY)
    lab.world.bot_permissions = SEND_MESSAGES
    await message.add_reaction("👍")
    for action in (
        message.add_reaction("👎"),
        message.remove_reaction("👍", discord.Object(lab.world.user("bob")["id"])),
        message.clear_reaction("👍"),
        message.clear_reactions(),
    ):
        with pytest.raises(discord.Forbidden) as caught:
            await action
        assert caught.value.code == 50013
    with pytest.raises(ClickError, match="bob can't react in #general"):
        await lab.simulator.react(message.id, "👎", user="bob")
    with pytest.raises(ClickError, match="bob did not react with 👎"):
        await lab.simulator.unreact(message.id, "👎", user="bob")
    lab.world.role("@everyone", permissions=VIEW_CHANNEL)
    with pytest.raises(discord.Forbidden):
        await message.add_reaction("👍")


@pytest.mark.asyncio
async def test_reactions_are_saved(lab, tmp_path):
    """Who reacted is still known after the world was saved and loaded."""
    bot = await lab.bot()
    message = await lab.channel(bot).send("x")
    await message.add_reaction("👍")
    await lab.simulator.react(message.id, "👍", user="bob")
    lab.world.save(tmp_path / "w.json")
    again = World.load(tmp_path / "w.json")
    assert again.reactors == lab.world.reactors
    assert again.seen(again.message(message.id), str(bot.user.id))["reactions"][0]["me"] is True
