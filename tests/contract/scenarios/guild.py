"""Channels, roles and what a bot may do."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import discord

from tests.contract.stage import Stage, refusal, scenario


@scenario([[403, 50013], "done"])
async def a_bot_that_may_not_write(stage: Stage) -> Any:
    """Where an overwrite takes Send Messages away, sending is 50013; elsewhere it goes on."""
    guild = stage.channel.guild
    quiet = await guild.create_text_channel("quiet")
    await quiet.set_permissions(guild.me, send_messages=False)
    return [await refusal(quiet.send("x")), await refusal(stage.channel.send("x"))]


@scenario([[403, 50001], [403, 50001]])
async def a_bot_that_may_not_look(stage: Stage) -> Any:
    """Where an overwrite takes View Channel away, everything is 50001."""
    guild = stage.channel.guild
    hidden = await guild.create_text_channel("hidden")
    sent = await hidden.send("x")
    await hidden.set_permissions(guild.me, view_channel=False)
    return [await refusal(hidden.send("y")), await refusal(hidden.fetch_message(sent.id))]


@scenario([403, 50013])
async def deleting_without_manage_messages(stage: Stage) -> Any:
    """Deleting what alice wrote needs Manage Messages."""
    message_id = await stage.say("mine")
    await stage.channel.set_permissions(stage.channel.guild.me, manage_messages=False)
    return await refusal(stage.channel.get_partial_message(message_id).delete())


@scenario([[403, 50013], [403, 50013], "done"])
async def files_and_reactions_have_permissions(stage: Stage) -> Any:
    """Files need Attach Files, and a new reaction needs Add Reactions."""
    sent = await stage.channel.send("x")
    me = stage.channel.guild.me
    await stage.channel.set_permissions(me, attach_files=False, add_reactions=False)
    file = discord.File(io.BytesIO(b"x"), "x.txt")
    return [
        await refusal(stage.channel.send(file=file)),
        await refusal(sent.add_reaction("👍")),
        await refusal(stage.channel.send("text")),
    ]


@scenario(["refused by the client", "refused by the client"])
async def where_bob_may_not_look(stage: Stage) -> Any:
    """Who can't see a channel clicks and says nothing there."""
    sent = await stage.channel.send("panel", view=stage.catching())
    bob = await stage.channel.guild.fetch_member(stage.user_id("bob"))
    await stage.channel.set_permissions(bob, view_channel=False)
    return [
        await refusal(stage.click(sent.id, "press", user="bob")),
        await refusal(stage.say("hello", user="bob")),
    ]


@scenario(["done", "refused by the client", "done"])
async def a_time_out(stage: Stage) -> Any:
    """A member in time-out is silent until it ends."""
    bob = await stage.channel.guild.fetch_member(stage.user_id("bob"))
    said = [await refusal(stage.say("one", user="bob"))]
    await bob.timeout(dt.timedelta(minutes=5))
    said.append(await refusal(stage.say("two", user="bob")))
    await stage.advance(6 * 60)
    return [*said, await refusal(stage.say("three", user="bob"))]


@scenario([403, 50013])
async def renaming_the_owner(stage: Stage) -> Any:
    """Nobody stands above the owner of the guild."""
    alice = await stage.channel.guild.fetch_member(stage.user_id("alice"))
    return await refusal(alice.edit(nick="al"))


@scenario([["Helper"], [], "b"])
async def roles_and_nicknames(stage: Stage) -> Any:
    """A role is made, given and taken, and a nickname set."""
    guild = stage.channel.guild
    role = await guild.create_role(name="Helper")
    bob = await guild.fetch_member(stage.user_id("bob"))
    await bob.add_roles(role)
    given = await guild.fetch_member(bob.id)
    await bob.remove_roles(role)
    await bob.edit(nick="b")
    after = await guild.fetch_member(bob.id)
    return [[it.name for it in given.roles[1:]], [it.name for it in after.roles[1:]], after.nick]


@scenario([[404, 10011], [404, 10007], [404, 10013]])
async def what_is_not_there(stage: Stage) -> Any:
    """A role, a member and a user that there are not have codes of their own."""
    guild = stage.channel.guild
    bob = await guild.fetch_member(stage.user_id("bob"))
    return [
        await refusal(bob.add_roles(discord.Object(1))),
        await refusal(guild.fetch_member(1)),
        await refusal(stage.bot.fetch_user(1)),
    ]


@scenario(["ticket", "closed", "done", [404, 10003]])
async def a_ticket(stage: Stage) -> Any:
    """A channel is made, renamed and deleted, once."""
    ticket = await stage.channel.guild.create_text_channel("ticket")
    name = ticket.name
    closed = await ticket.edit(name="closed")
    return [name, closed.name, await refusal(ticket.delete()), await refusal(ticket.delete())]


@scenario(["rude", [404, 10007], "done", [404, 10026]])
async def a_ban(stage: Stage) -> Any:
    """Who is banned is no member, with the reason noted, until the ban is lifted."""
    guild = stage.channel.guild
    bob = await guild.fetch_member(stage.user_id("bob"))
    await guild.ban(bob, reason="rude")
    reason = (await guild.fetch_ban(bob)).reason
    member = await refusal(guild.fetch_member(bob.id))
    return [reason, member, await refusal(guild.unban(bob)), await refusal(guild.fetch_ban(bob))]
