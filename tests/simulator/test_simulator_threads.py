"""Threads: started, joined, archived and found again; private ones; posts in forums; panels inside."""

from __future__ import annotations

import discord
import pytest

from kit.simulator import ClickError, World
from kit.simulator.world.permissions import (
    CREATE_PRIVATE_THREADS,
    CREATE_PUBLIC_THREADS,
    MANAGE_THREADS,
    READ_MESSAGE_HISTORY,
    SEND_MESSAGES,
    SEND_MESSAGES_IN_THREADS,
    VIEW_CHANNEL,
)
from tests.simulator.agreement import agree


async def refusal(action) -> int:
    with pytest.raises(discord.HTTPException) as caught:
        await action
    return caught.value.code


def panel():
    """A view whose button names the thread it was pressed in."""
    view = discord.ui.View(timeout=None)
    button = discord.ui.Button(label="Close", custom_id="close")

    async def pressed(interaction: discord.Interaction) -> None:
        assert isinstance(interaction.channel, discord.Thread)
        await interaction.response.send_message(f"closing {interaction.channel.name}")
        await interaction.channel.edit(archived=True, locked=True)

    button.callback = pressed
    view.add_item(button)
    return view


@pytest.mark.asyncio
async def test_a_ticket_in_a_thread(lab):
    """A thread is started from a message, a person is added, and the button inside it closes it."""
    bot = await lab.bot()
    message = await lab.channel(bot).send("ticket")
    thread = await message.create_thread(name="Ticket 1", auto_archive_duration=60)
    await agree(lab, bot)
    assert thread.id == message.id
    assert (await message.channel.fetch_message(message.id)).thread.id == thread.id
    bob = bot.guilds[0].get_member_named("bob")
    await thread.add_user(bob)
    await agree(lab, bot)
    assert {member.id for member in await thread.fetch_members()} == {bot.user.id, bob.id}
    posted = await thread.send("press", view=panel())
    used = await (await lab.simulator.click("close", message=posted.id, user="bob")).answered()
    assert used.effects[0][1]["content"] == "closing Ticket 1"
    assert used.payload["channel"]["thread_metadata"]["archived"] is False
    await lab.until(lambda: lab.world.thread("Ticket 1")["thread_metadata"]["archived"])
    await agree(lab, bot)
    kinds = [m["type"] for m in lab.world.messages("Ticket 1")]
    assert kinds[0] == 21
    assert lab.world.thread("Ticket 1")["message_count"] == 2
    assert await refusal(posted.edit(content="x")) == 50083
    assert await refusal(thread.add_user(bot.guilds[0].owner)) == 50083
    assert await refusal(message.create_thread(name="again")) == 160004
    (archived,) = [found async for found in message.channel.archived_threads()]
    assert (archived.name, archived.locked) == ("Ticket 1", True)
    await thread.edit(archived=False, locked=False)
    await agree(lab, bot)
    await thread.delete()
    await agree(lab, bot)
    assert await refusal(thread.send("x")) == 10003


@pytest.mark.asyncio
async def test_a_thread_comes_back_when_someone_writes(lab):
    """A message in an archived thread brings it back; a locked one takes none but a moderator's."""
    bot = await lab.bot()
    thread = await lab.simulator.start_thread("Talk", user="bob", content="hello")
    await agree(lab, bot)
    assert [m["type"] for m in lab.world.messages()] == [18]
    assert [m["content"] for m in lab.world.messages("Talk")] == ["hello"]
    lab.world.archive_thread("Talk", archived=True)
    await agree(lab, bot)
    await lab.simulator.say("still there?", user="alice", channel="Talk")
    await agree(lab, bot)
    assert set(lab.world.thread_members[thread["id"]]) == {lab.world.user(n)["id"] for n in ("alice", "bob")}
    found = bot.get_channel(int(thread["id"]))
    await found.join()
    await agree(lab, bot)
    removed = []

    async def on_thread_remove(thread) -> None:
        removed.append(thread.name)

    bot.add_listener(on_thread_remove)
    await found.leave()
    await lab.until(lambda: removed == ["Talk"])
    assert [t.name for t in await bot.guilds[0].active_threads()] == ["Talk"]
    lab.world.archive_thread("Talk", archived=True, locked=True)
    lab.world.bot_permissions = 0
    assert await refusal(found.send("x")) == 160005
    assert await refusal(found.edit(archived=False)) == 50013
    lab.world.bot_permissions = MANAGE_THREADS
    await found.edit(archived=False)
    await found.send("x")


@pytest.mark.asyncio
async def test_a_private_thread(lab):
    """A bot that was not added to a private thread knows nothing of it, until it is added."""
    lab.world.bot_permissions = ["view_channel", "send_messages_in_threads"]
    bot = await lab.bot()
    thread = await lab.simulator.start_thread("Secret", user="alice", private=True, content="psst")
    await agree(lab, bot)
    assert list(bot.guilds[0].threads) == []
    assert await refusal(bot.fetch_channel(int(thread["id"]))) == 50001
    with pytest.raises(ClickError, match="bob can't write in #Secret"):
        await lab.simulator.say("x", user="bob", channel="Secret")
    lab.world.join_thread("Secret", "viewkit")
    await agree(lab, bot)
    (found,) = bot.guilds[0].threads
    await found.send("hi", view=panel())
    lab.world.leave_thread("Secret", "viewkit")
    await lab.until(lambda: lab.world.bot.id not in lab.world.thread_members[thread["id"]])
    assert await refusal(found.send("x")) == 50001
    restarted = await lab.bot()
    await agree(lab, restarted)
    assert list(restarted.guilds[0].threads) == []


@pytest.mark.asyncio
async def test_a_post_in_a_forum(lab):
    """A forum has tags and posts; a bot posts a panel there, and a person posts as well."""
    bot = await lab.bot()
    forum = await bot.guilds[0].create_forum(
        "help", available_tags=[discord.ForumTag(name="bug"), discord.ForumTag(name="idea", moderated=True)]
    )
    assert [tag.name for tag in forum.available_tags] == ["bug", "idea"]
    made = await forum.create_thread(
        name="It broke", content="how", view=panel(), applied_tags=[forum.available_tags[0]]
    )
    await agree(lab, bot)
    assert [tag.name for tag in made.thread.applied_tags] == ["bug"]
    assert [m["type"] for m in lab.world.messages(made.thread.id)] == [0]
    used = await (await lab.simulator.click("Close", message=made.message.id, user="bob")).answered()
    assert used.effects[0][1]["content"] == "closing It broke"
    post = await lab.simulator.start_thread("Mine too", user="bob", channel="help", content="same")
    await agree(lab, bot)
    assert (post["owner_id"], post["type"]) == (lab.world.user("bob")["id"], 11)
    tag = await forum.create_tag(name="solved")
    found = bot.get_channel(int(post["id"]))
    await lab.until(lambda: tag in found.parent.available_tags)
    await found.add_tags(tag)
    assert lab.world.thread("Mine too")["applied_tags"] == [str(tag.id)]
    assert (await found.fetch_member(lab.world.user("bob")["id"])).id == int(lab.world.user("bob")["id"])
    await agree(lab, bot)
    await forum.edit(require_tag=True)
    assert await refusal(forum.create_thread(name="x", content="x")) == 40067
    tags = [forum.available_tags[0]]
    channels = len(lab.world.channels)
    assert await refusal(forum.create_thread(name="x", content="x" * 2001, applied_tags=tags)) == 50035
    assert len(lab.world.channels) == channels
    assert (
        await refusal(
            lab.channel(bot)._state.http.send_message(
                forum.id, params=discord.http.handle_message_parameters("x")
            )
        )
        == 50008
    )
    await forum.delete()
    await agree(lab, bot)
    assert not list(lab.world.threads())


@pytest.mark.asyncio
async def test_archived_threads_are_found(lab):
    """Archived threads are listed newest first, in pages, public and private apart."""
    bot = await lab.bot()
    channel = lab.channel(bot)
    for number in range(5):
        thread = await channel.create_thread(
            name=str(number),
            type=discord.ChannelType.private_thread if number == 4 else discord.ChannelType.public_thread,
        )
        await thread.edit(archived=True)
    assert [t.name async for t in channel.archived_threads(limit=2)] == ["3", "2"]
    assert [t.name async for t in channel.archived_threads(limit=None)] == ["3", "2", "1", "0"]
    assert [t.name async for t in channel.archived_threads(private=True)] == ["4"]
    assert [t.name async for t in channel.archived_threads(private=True, joined=True)] == ["4"]
    assert await bot.guilds[0].active_threads() == []
    await agree(lab, bot)


@pytest.mark.asyncio
async def test_threads_take_permissions(lab):
    """Starting, writing and changing a thread each take their permission."""
    bot = await lab.bot()
    channel = lab.channel(bot)
    message = await channel.send("x")
    other = await lab.simulator.start_thread("Other", user="alice", content="hi")
    await agree(lab, bot)
    base = VIEW_CHANNEL | READ_MESSAGE_HISTORY | SEND_MESSAGES
    lab.world.role("@everyone", permissions=base)
    lab.world.bot_permissions = 0
    private = discord.ChannelType.private_thread
    for action in (
        message.create_thread(name="x"),
        channel.create_thread(name="x", type=discord.ChannelType.public_thread),
        channel.create_thread(name="x", type=private),
        bot.get_channel(int(other["id"])).send("x"),
        bot.get_channel(int(other["id"])).edit(name="x"),
        bot.get_channel(int(other["id"])).delete(),
    ):
        assert await refusal(action) == 50013
    with pytest.raises(ClickError, match="bob can't write in #Other"):
        await lab.simulator.say("x", user="bob", channel="Other")
    with pytest.raises(ClickError, match="bob can't start it in #general"):
        await lab.simulator.start_thread("x", user="bob")
    lab.world.bot_permissions = CREATE_PUBLIC_THREADS | CREATE_PRIVATE_THREADS | SEND_MESSAGES_IN_THREADS
    own = await message.create_thread(name="Own")
    await own.edit(name="Mine")
    assert await refusal(own.edit(locked=True)) == 50013
    closed = await channel.create_thread(name="Closed", type=private, invitable=False)
    await closed.add_user(bot.guilds[0].get_member_named("bob"))
    await closed.remove_user(bot.guilds[0].get_member_named("bob"))
    await agree(lab, bot)


@pytest.mark.asyncio
async def test_threads_are_saved(lab, tmp_path):
    """A saved world has its threads, their members and their messages; a bot that starts on it knows them."""
    bot = await lab.bot()
    thread = await (await lab.channel(bot).send("x")).create_thread(name="Kept")
    await thread.send("inside")
    lab.world.save(tmp_path / "w.json")
    again = World.load(tmp_path / "w.json")
    assert again.thread("Kept") == lab.world.thread("Kept")
    assert again.thread_members == lab.world.thread_members
    assert again.messages("Kept")[-1]["content"] == "inside"
    await lab.stop(bot)
    restarted = await lab.bot()
    await agree(lab, restarted)
    assert restarted.guilds[0].threads[0].me is not None


@pytest.mark.asyncio
async def test_a_bot_that_is_let_in_learns_of_the_threads(lab):
    """A channel that the bot could not see is opened to it, and its threads are known at once."""
    lab.world.bot_permissions = ["view_channel"]
    lab.world.channel("office", overwrites={"@everyone": {"view_channel": False}})
    bot = await lab.bot()
    await lab.simulator.start_thread("Plans", user="alice", channel="office", content="psst")
    await lab.simulator.start_thread("Secret", user="alice", channel="office", private=True)
    await agree(lab, bot)
    assert list(bot.guilds[0].threads) == []
    lab.world.channel("office", overwrites={"viewkit": {"view_channel": True}})
    await agree(lab, bot)
    assert [thread.name for thread in bot.guilds[0].threads] == ["Plans"]


@pytest.mark.asyncio
async def test_threads_that_people_cannot_start(lab):
    """A person is told why there is no thread, and none is left behind."""
    lab.world.channel("help", type="forum")
    lab.world.channel("lounge", type="voice")
    said = await lab.simulator.say("x", user="bob")
    await lab.simulator.start_thread("Talk", user="bob", message=said)
    threads = len(list(lab.world.threads()))
    for arguments, words in (
        ({"message": said}, "A thread has already been created for this message"),
        ({"channel": "help"}, "A post in a forum begins with a message"),
        ({"channel": "help", "content": "x" * 2001}, "Must be 2000 or fewer in length."),
        ({"channel": "help", "content": "x", "private": True}, "Cannot execute action on this channel type"),
        ({"channel": "lounge"}, "Cannot execute action on this channel type"),
        ({"name": ""}, "1 to 100 characters, not 0"),
    ):
        with pytest.raises(ClickError, match=words):
            await lab.simulator.start_thread(**{"name": "x", "user": "bob", **arguments})
    assert len(list(lab.world.threads())) == threads
    lab.world.archive_thread("Talk", archived=False, locked=True)
    with pytest.raises(ClickError, match="bob can't write in the locked #Talk"):
        await lab.simulator.say("x", user="bob", channel="Talk")
    starter = lab.world.messages("Talk")[0]
    with pytest.raises(ClickError, match="Cannot reply to a system message"):
        await lab.simulator.say("x", user="alice", channel="Talk", reply_to=starter)
