"""What a bot does with messages."""

from __future__ import annotations

import io
from typing import Any

import discord

from tests.contract.stage import Stage, refusal, scenario


@scenario([["one"], ["two"], True, []])
async def a_message_is_sent_edited_and_deleted(stage: Stage) -> Any:
    """A message is sent, edited and deleted, and everyone sees it."""
    sent = await stage.channel.send("one")
    first = stage.contents
    edited = await sent.edit(content="two")
    second = stage.contents
    await sent.delete()
    return [first, second, edited.edited_at is not None, stage.contents]


@scenario([[404, 10008]] * 3)
async def a_message_that_is_gone(stage: Stage) -> Any:
    """A deleted message can't be fetched, edited or deleted: 10008."""
    sent = await stage.channel.send("one")
    await sent.delete()
    return [
        await refusal(doing)
        for doing in (stage.channel.fetch_message(sent.id), sent.edit(content="two"), sent.delete())
    ]


@scenario([[404, 10003]] * 3)
async def a_channel_that_is_gone(stage: Stage) -> Any:
    """Nothing is sent to, fetched from or read of a deleted channel: 10003."""
    channel = await stage.channel.guild.create_text_channel("ticket")
    sent = await channel.send("one")
    await channel.delete()
    return [
        await refusal(doing)
        for doing in (
            channel.send("two"),
            channel.fetch_message(sent.id),
            stage.bot.fetch_channel(channel.id),
        )
    ]


@scenario([[400, 50006], [400, 50006]])
async def an_empty_message(stage: Stage) -> Any:
    """A message must hold something: 50006."""
    return [await refusal(stage.send({})), await refusal(stage.send({"content": "", "embeds": []}))]


@scenario([[403, 50005], "done"])
async def a_message_of_someone_else(stage: Stage) -> Any:
    """A bot can't edit what alice wrote, and may delete it."""
    message = await stage.channel.fetch_message(await stage.say("mine"))
    return [await refusal(message.edit(content="yours")), await refusal(message.delete())]


@scenario([["a question", "an answer"], True, [400, 50035]])
async def a_reply(stage: Stage) -> Any:
    """A reply points to its message, and a reply to what is gone is refused."""
    question = await stage.channel.fetch_message(await stage.say("a question"))
    answer = await question.reply("an answer")
    points = answer.reference.message_id == question.id
    contents = stage.contents
    await question.delete()
    return [contents, points, await refusal(question.reply("too late"))]


@scenario([[["👍", 1, True]], [], [404, 10014]])
async def reactions(stage: Stage) -> Any:
    """A reaction is counted and taken back; what is no emoji is 10014."""
    sent = await stage.channel.send("one")
    await sent.add_reaction("👍")
    fetched = await stage.channel.fetch_message(sent.id)
    first = [[str(it.emoji), it.count, it.me] for it in fetched.reactions]
    await sent.remove_reaction("👍", stage.bot.user)
    fetched = await stage.channel.fetch_message(sent.id)
    return [first, [str(it.emoji) for it in fetched.reactions], await refusal(sent.add_reaction("nonsense"))]


@scenario([["one"], []])
async def pins(stage: Stage) -> Any:
    """A pinned message is listed until it is unpinned."""
    sent = await stage.channel.send("one")
    await sent.pin()
    first = [it.content async for it in stage.channel.pins()]
    await sent.unpin()
    return [first, [it.content async for it in stage.channel.pins()]]


@scenario([["4", "3"], ["1", "2"], ["0", "1"], ["2", "1", "0"]])
async def history(stage: Stage) -> Any:
    """History is listed newest first, oldest first, and on either side of a message."""
    sent = [await stage.channel.send(str(number)) for number in range(5)]
    pages: tuple[dict[str, Any], ...] = (
        {"limit": 2},
        {"limit": 2, "after": sent[0]},
        {"limit": 2, "oldest_first": True},
        {"before": sent[3]},
    )
    return [[it.content async for it in stage.channel.history(**page)] for page in pages]


@scenario([["0"], [404, 10008]])
async def a_purge(stage: Stage) -> Any:
    """Several messages are deleted in one request."""
    sent = [await stage.channel.send(str(number)) for number in range(4)]
    await stage.channel.delete_messages(sent[1:])
    return [stage.contents, await refusal(stage.channel.fetch_message(sent[2].id))]


@scenario(["notes.txt", 5, "hello", "spoiled"])
async def an_attachment(stage: Stage) -> Any:
    """A file is sent, described, and downloaded again."""
    file = discord.File(io.BytesIO(b"hello"), "notes.txt", description="spoiled")
    sent = await stage.channel.send(file=file)
    attachment = (await stage.channel.fetch_message(sent.id)).attachments[0]
    data = (await attachment.read()).decode()
    return [attachment.filename, attachment.size, data, attachment.description]


@scenario([None, "bob", "refused by the client", [400, 50007]])
async def direct_messages(stage: Stage) -> Any:
    """A panel in bob's direct messages works for him alone; a bot can't write to itself."""
    bob = await stage.bot.fetch_user(stage.user_id("bob"))
    sent = await bob.send("panel", view=stage.catching())
    await stage.click(sent.id, "press", user="bob")
    interaction = await stage.next()
    alice = await refusal(stage.click(sent.id, "press", user="alice"))
    own = await refusal(stage.bot.http.start_private_message(stage.bot.user.id))
    return [interaction.guild_id, interaction.user.name, alice, own]


@scenario([["bob"], False])
async def mentions(stage: Stage) -> Any:
    """Bob is named among the mentions, and everyone is spared."""
    spared = discord.AllowedMentions(users=True, everyone=False)
    sent = await stage.channel.send(f"<@{stage.user_id('bob')}> @everyone", allowed_mentions=spared)
    return [[it.name for it in sent.mentions], sent.mention_everyone]
