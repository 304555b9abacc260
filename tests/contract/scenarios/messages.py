"""What a bot does with messages."""

from __future__ import annotations

import io
from typing import Any

import discord

from tests.contract.stage import PATIENCE, Stage, refusal, scenario


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


@scenario([0, 6, True])
async def a_pin_is_announced(stage: Stage) -> Any:
    """Pinning posts a message of the system, which points to what was pinned."""
    sent = await stage.channel.send("one")
    await sent.pin()
    first, announced = stage.seen("bob")
    points = announced.get("message_reference", {}).get("message_id") == str(sent.id)
    return [first["type"], announced["type"], points]


@scenario([["two", 1], ["two", 0]])
async def an_edit_keeps_the_rest(stage: Stage) -> Any:
    """An edit changes what it names: the buttons stay when the text is changed, and go when they are."""
    sent = await stage.channel.send("one", view=stage.catching())
    shown = []
    for change in ({"content": "two"}, {"view": None}):
        edited = await sent.edit(**change)
        shown.append([edited.content, len(edited.components)])
    return shown


@scenario([1, [0, "text"]])
async def an_attachment_is_removed(stage: Stage) -> Any:
    """An edit keeps the files that it lists."""
    sent = await stage.channel.send("text", file=discord.File(io.BytesIO(b"x"), "x.txt"))
    edited = await sent.edit(attachments=[])
    return [len(sent.attachments), [len(edited.attachments), edited.content]]


@scenario([[400, 50035], "done"])
async def a_layout_stays_a_layout(stage: Stage) -> Any:
    """A message of Components V2 never takes text of the old kind, and may become another layout."""
    layout = {"flags": 1 << 15, "components": [{"type": 10, "content": "x"}]}
    sent = await stage.send(layout)
    edit = stage.bot.http.request
    route = discord.http.Route(
        "PATCH",
        "/channels/{channel_id}/messages/{message_id}",
        channel_id=stage.channel_id,
        message_id=sent["id"],
    )
    other = {"components": [{"type": 10, "content": "y"}]}
    return [await refusal(edit(route, json=change)) for change in ({"content": "text"}, other)]


@scenario([1, [2]])
async def components_are_numbered(stage: Stage) -> Any:
    """Every component gets an id, in order, where it has none."""
    button = {"type": 2, "style": 1, "label": "x", "custom_id": "x"}
    sent = await stage.send({"components": [{"type": 1, "components": [button]}]})
    (row,) = sent["components"]
    return [row["id"], [it["id"] for it in row["components"]]]


@scenario(["rich", "title", 4096])
async def a_silent_embed(stage: Stage) -> Any:
    """An embed comes back as a rich one, and a silent message says that it is."""
    sent = await stage.channel.send(embed=discord.Embed(title="title"), silent=True)
    return [sent.embeds[0].type, sent.embeds[0].title, sent.flags.value]


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


@scenario(["", "one"])
async def a_forward(stage: Stage) -> Any:
    """A forwarded message has no text of its own, and a snapshot of what was said."""
    sent = await stage.channel.send("one")
    forwarded = await sent.forward(stage.channel)
    return [forwarded.content, forwarded.message_snapshots[0].content]


@scenario(["hello", True])
async def what_people_say(stage: Stage) -> Any:
    """A bot with the intent for it reads what bob says."""
    heard = stage.bot.wait_for("message", timeout=PATIENCE)
    await stage.say("hello", user="bob")
    message = await heard
    return [message.content, message.author.id == stage.user_id("bob")]


@scenario(["👍", True, [["👍", 2, True]], ["bob"]])
async def people_react(stage: Stage) -> Any:
    """A bot hears who reacts, and lists them."""
    sent = await stage.channel.send("one")
    await sent.add_reaction("👍")
    heard = stage.bot.wait_for(
        "raw_reaction_add", check=lambda it: it.user_id != stage.bot.user.id, timeout=PATIENCE
    )
    await stage.react(sent.id, "👍", user="bob")
    event = await heard
    (reaction,) = (await stage.channel.fetch_message(sent.id)).reactions
    people = [user.name async for user in reaction.users() if not user.bot]
    counted = [[str(reaction.emoji), reaction.count, reaction.me]]
    return [str(event.emoji), event.user_id == stage.user_id("bob"), counted, people]
