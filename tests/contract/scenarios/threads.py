"""Threads: started, written in, archived and deleted."""

from __future__ import annotations

from typing import Any

import discord

from tests.contract.stage import Stage, refusal, scenario


async def started(stage: Stage) -> tuple[discord.Message, discord.Thread]:
    message = await stage.channel.send("ticket")
    return message, await message.create_thread(name="Ticket 1")


@scenario([True, True, "Ticket 1", [400, 160004]])
async def a_thread_of_a_message(stage: Stage) -> Any:
    """A thread that is started from a message has its id, and the message has one thread."""
    message, thread = await started(stage)
    fetched = await stage.channel.fetch_message(message.id)
    same = fetched.thread is not None and fetched.thread.id == thread.id
    again = await refusal(message.create_thread(name="Ticket 2"))
    return [thread.id == message.id, same, thread.name, again]


@scenario([["ticket"], ["inside"]])
async def a_thread_is_a_channel(stage: Stage) -> Any:
    """What is written in a thread is not in its channel."""
    _, thread = await started(stage)
    await thread.send("inside")
    inside = [it.content async for it in thread.history() if it.type is discord.MessageType.default]
    return [stage.contents, inside]


@scenario([True, False, [400, 50083]])
async def an_archived_thread(stage: Stage) -> Any:
    """A new message brings an archived thread back; what is old in it can't be changed before."""
    _, thread = await started(stage)
    sent = await thread.send("inside")
    archived = await thread.edit(archived=True)
    edited = await refusal(sent.edit(content="changed"))
    await archived.send("again")
    again = await stage.bot.fetch_channel(thread.id)
    return [archived.archived, again.archived, edited]


@scenario(["done", [404, 10003], ["ticket"]])
async def a_thread_that_is_deleted(stage: Stage) -> Any:
    """A deleted thread takes its messages along, and leaves the one that it was started from."""
    _, thread = await started(stage)
    await thread.send("inside")
    return [await refusal(thread.delete()), await refusal(thread.send("x")), stage.contents]


@scenario(["done", [403, 50013], "done"])
async def threads_have_permissions(stage: Stage) -> Any:
    """Writing in a thread needs Send Messages in Threads, and not Send Messages."""
    _, thread = await started(stage)
    me = stage.channel.guild.me
    await stage.channel.set_permissions(me, send_messages=False)
    answers = [await refusal(thread.send("one"))]
    await stage.channel.set_permissions(me, send_messages_in_threads=False)
    answers.append(await refusal(thread.send("two")))
    await stage.channel.set_permissions(me, overwrite=None)
    return [*answers, await refusal(thread.send("three"))]
