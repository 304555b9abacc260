"""Roles, overwrites and permissions: what a bot may do is what Discord would let it do."""

from __future__ import annotations

import datetime as dt

import discord
import pytest

from kit.simulator import ClickError, World
from kit.simulator.world.permissions import (
    ADD_REACTIONS,
    ADMINISTRATOR,
    ATTACH_FILES,
    EMBED_LINKS,
    MANAGE_CHANNELS,
    MANAGE_ROLES,
    MENTION_EVERYONE,
    READ_MESSAGE_HISTORY,
    SEND_MESSAGES,
    VIEW_CHANNEL,
)


async def refusal(action) -> int:
    """The error code with which Discord refuses an action."""
    with pytest.raises(discord.HTTPException) as caught:
        await action
    return caught.value.code


def restricted(world: World, *bits: int) -> None:
    """Leaves the bot and everyone else with nothing but some permissions."""
    world.update_role(world.guild["id"], {"permissions": "0"})
    world.bot_permissions = sum(bits)


@pytest.mark.asyncio
async def test_new_roles_are_below_the_bots(lab):
    """A role that anyone creates is the lowest, so a role panel can hand it out at once."""
    bot = await lab.bot()
    guild = bot.guilds[0]
    made = lab.world.add_role("Mods")
    role = await guild.create_role(name="Member")
    await lab.until(lambda: guild.get_role(role.id) and guild.get_role(int(made["id"])).position == 2)
    assert [role.name for role in guild.roles] == ["@everyone", "Member", "Mods", "viewkit"]
    assert [role.position for role in guild.roles] == [0, 1, 2, 3]
    assert all(guild.get_role(key).is_assignable() for key in (role.id, int(made["id"])))
    await role.delete()
    await lab.until(lambda: guild.self_role.position == 2)
    assert role.id not in guild._roles


@pytest.mark.asyncio
async def test_a_role_above_the_bots_is_out_of_reach(lab):
    """A role that was moved above the bot's own can't be given, taken, changed or deleted by it."""
    bot = await lab.bot()
    high = lab.world.add_role("High")
    lab.world.rank_roles([lab.world.bot_role["id"], high["id"]])
    guild = bot.guilds[0]
    await lab.until(lambda: guild.get_role(int(high["id"])) and guild.self_role.position == 1)
    role = guild.get_role(int(high["id"]))
    bob = guild.get_member_named("bob")
    assert not role.is_assignable()
    for action in (bob.add_roles(role), bob.edit(roles=[role]), role.edit(name="x"), role.delete()):
        assert await refusal(action) == 50013
    assert lab.world.member(str(bob.id))["roles"] == []
    with pytest.raises(ValueError, match="rank_roles takes each role but @everyone once"):
        lab.world.rank_roles([high["id"]])


@pytest.mark.asyncio
async def test_roles_that_nobody_hands_out(lab):
    """@everyone and the bot's own role are refused, and so is a nick for the owner or someone higher."""
    bot = await lab.bot()
    guild = bot.guilds[0]
    bob = guild.get_member_named("bob")
    assert await refusal(bob.add_roles(guild.default_role)) == 50028
    assert await refusal(bob.add_roles(guild.self_role)) == 50013
    assert await refusal(guild.owner.edit(nick="x")) == 50013
    await bob.edit(nick="Bobby")
    high = lab.world.add_role("High")
    lab.world.rank_roles([lab.world.bot_role["id"], high["id"]])
    lab.world.update_member(str(bob.id), {"roles": [high["id"]]})
    assert await refusal(bob.edit(nick="x")) == 50013
    await guild.me.edit(nick="me")
    assert lab.world.member(lab.world.application_id)["nick"] == "me"


@pytest.mark.asyncio
async def test_a_bot_without_permissions_is_refused(lab):
    """Each thing a bot does takes its permission, and 50013 is what it gets without."""
    bot = await lab.bot()
    world, guild, channel = lab.world, bot.guilds[0], lab.channel(bot)
    own = await channel.send("own")
    said = await lab.simulator.say("hello", user="alice")
    other = await channel.fetch_message(int(said["id"]))
    role = await guild.create_role(name="Member")
    bob = guild.get_member_named("bob")
    restricted(world, VIEW_CHANNEL, READ_MESSAGE_HISTORY)
    for action in (
        *(channel.send("x"), other.delete(), channel.delete_messages([own, other]), own.pin()),
        *(own.add_reaction("👍"), own.clear_reactions(), channel.edit(name="x"), channel.delete()),
        *(guild.create_text_channel("x"), guild.create_role(name="x"), bob.add_roles(role), role.delete()),
        *(bob.edit(nick="x"), guild.me.edit(nick="x"), bob.timeout(None), bob.edit(roles=[role])),
        *(channel.set_permissions(bob, view_channel=True), channel._state.http.send_typing(channel.id)),
    ):
        assert await refusal(action) == 50013
    await own.edit(content="still mine")
    await own.delete()
    world.bot_permissions = VIEW_CHANNEL | READ_MESSAGE_HISTORY | SEND_MESSAGES
    await channel.send("now")
    assert await refusal(channel.send(embed=discord.Embed(title="x"))) == 50013
    world.bot_permissions |= EMBED_LINKS | ADD_REACTIONS
    await (await channel.send(embed=discord.Embed(title="x"))).add_reaction("👍")
    world.bot_permissions = VIEW_CHANNEL
    assert [message async for message in channel.history()] == []
    assert await refusal(channel.fetch_message(other.id)) == 50013


@pytest.mark.asyncio
async def test_a_bot_grants_only_what_it_has(lab):
    """A bot that manages roles can't make itself or others an administrator."""
    bot = await lab.bot()
    guild = bot.guilds[0]
    restricted(lab.world, VIEW_CHANNEL, MANAGE_ROLES)
    role = await guild.create_role(name="Member", permissions=discord.Permissions(VIEW_CHANNEL))
    admin = discord.Permissions(ADMINISTRATOR)
    assert await refusal(guild.create_role(name="Boss", permissions=admin)) == 50013
    assert await refusal(role.edit(permissions=admin)) == 50013
    channel = lab.channel(bot)
    assert await refusal(channel.set_permissions(role, send_messages=True)) == 50013
    await channel.set_permissions(role, view_channel=True)


@pytest.mark.asyncio
async def test_a_ticket_panels_channel(lab):
    """A private channel is seen by whom its overwrites name, and 50001 is what the bot gets without one."""
    bot = await lab.bot()
    world, guild = lab.world, bot.guilds[0]
    bob = guild.get_member_named("bob")
    lab.world.add_user("carol")
    hidden, shown = (
        discord.PermissionOverwrite(view_channel=False),
        discord.PermissionOverwrite(view_channel=True),
    )
    category = await guild.create_category("Tickets")
    ticket = await guild.create_text_channel(
        "Ticket Of Bob", category=category, overwrites={guild.default_role: hidden, bob: shown}
    )
    assert (ticket.name, ticket.category_id) == ("ticket-of-bob", category.id)
    sent = await ticket.send(
        "close?", view=discord.ui.View().add_item(discord.ui.Button(label="x", custom_id="close"))
    )
    with pytest.raises(ClickError, match="carol can't see #ticket-of-bob"):
        await lab.simulator.click("close", message=sent.id, user="carol")
    with pytest.raises(ClickError, match="carol can't write in #ticket-of-bob"):
        await lab.simulator.say("hi", user="carol", channel=ticket.id)
    clicked = await lab.simulator.click("close", message=sent.id, user="bob")
    assert int(clicked.payload["member"]["permissions"]) == world.permissions(str(bob.id), str(ticket.id))

    await ticket.set_permissions(bob, send_messages=False)
    with pytest.raises(ClickError, match="bob can't write in"):
        await lab.simulator.say("hi", user="bob", channel=ticket.id)
    await ticket.set_permissions(bob, overwrite=None)
    assert [entry["id"] for entry in world.channel(ticket.id)["permission_overwrites"]] == [world.guild["id"]]
    assert await refusal(ticket.set_permissions(bob, overwrite=None)) == 10009
    gone = await guild.create_role(name="Gone")
    await gone.delete()
    assert await refusal(ticket.set_permissions(gone, send_messages=True)) == 10009

    world.bot_permissions = SEND_MESSAGES | MANAGE_CHANNELS
    for action in (
        ticket.send("x"),
        ticket.edit(name="y"),
        sent.edit(content="z"),
        guild.fetch_channel(ticket.id),
    ):
        assert await refusal(action) == 50001


@pytest.mark.asyncio
async def test_a_channel_that_a_bot_cannot_see_is_silent(lab):
    """Messages in a channel that is hidden from the bot don't reach it."""
    bot = await lab.bot()
    heard = []

    async def on_message(message):
        heard.append(message.content)

    bot.add_listener(on_message)
    restricted(lab.world, SEND_MESSAGES)
    await lab.simulator.say("unheard", user="alice")
    lab.world.bot_permissions = VIEW_CHANNEL
    await lab.simulator.say("heard", user="alice")
    await lab.until(lambda: heard)
    assert heard == ["heard"]


@pytest.mark.asyncio
async def test_an_interactions_permissions_are_those_of_its_channel(lab):
    """What an interaction says of the bot's and the member's permissions is what discord.py computes itself."""
    world = lab.world
    restricted(world, VIEW_CHANNEL, SEND_MESSAGES, MENTION_EVERYONE)
    role = world.add_role("Mod", permissions=VIEW_CHANNEL | ATTACH_FILES)
    world.update_member(world.user("bob")["id"], {"roles": [role["id"]]})
    everyone = {"id": world.guild["id"], "type": 0, "allow": str(MENTION_EVERYONE), "deny": str(VIEW_CHANNEL)}
    mods = {"id": role["id"], "type": 0, "allow": str(SEND_MESSAGES), "deny": "0"}
    bobs = {"id": world.user("bob")["id"], "type": 1, "allow": str(VIEW_CHANNEL), "deny": str(ATTACH_FILES)}
    bots = {"id": world.application_id, "type": 1, "allow": str(VIEW_CHANNEL), "deny": str(SEND_MESSAGES)}
    bot = await lab.bot()
    sent = await lab.channel(bot).send(
        "x", view=discord.ui.View().add_item(discord.ui.Button(label="x", custom_id="a"))
    )
    channel = world.channel(world.channel_id)
    world.put_channel({**channel, "permission_overwrites": [everyone, mods, bobs, bots]})
    clicked = await lab.simulator.click("a", message=sent.id, user="bob")
    await lab.until(lambda: len(lab.channel(bot).overwrites) == 4)
    member = lab.channel(bot).guild.get_member_named("bob")
    expected = lab.channel(bot).permissions_for(member).value
    assert (
        int(clicked.payload["member"]["permissions"])
        == expected
        == (VIEW_CHANNEL | SEND_MESSAGES | MENTION_EVERYONE)
    )
    own = lab.channel(bot).permissions_for(lab.channel(bot).guild.me).value
    assert int(clicked.payload["app_permissions"]) == own == VIEW_CHANNEL


@pytest.mark.asyncio
async def test_a_member_in_timeout_may_only_read(lab):
    """A member whom the bot put into timeout has nothing left but seeing and reading."""
    bot = await lab.bot()
    bob = bot.guilds[0].get_member_named("bob")
    await bob.timeout(dt.timedelta(days=28))
    assert lab.world.permissions(str(bob.id)) == VIEW_CHANNEL | READ_MESSAGE_HISTORY
    await bob.timeout(None)
    assert lab.world.permissions(str(bob.id)) & SEND_MESSAGES


@pytest.mark.asyncio
async def test_a_command_for_moderators(lab):
    """A command with default permissions is for those who have them, and "0" for administrators."""
    bot = lab.make_bot()

    @bot.tree.command()
    @discord.app_commands.default_permissions(manage_channels=True)
    async def sweep(interaction: discord.Interaction) -> None:
        """Sweeps."""
        await interaction.response.send_message("swept")

    await lab.bot(bot)
    await bot.tree.sync()
    with pytest.raises(ClickError, match="bob can't use /sweep in #general"):
        await lab.simulator.slash("sweep", user="bob")
    role = lab.world.add_role("Mod", permissions=MANAGE_CHANNELS)
    lab.world.update_member(lab.world.user("bob")["id"], {"roles": [role["id"]]})
    used = await (await lab.simulator.slash("sweep", user="bob")).answered()
    assert used.status == "answered"


def test_a_deleted_role_leaves_no_trace():
    """Deleting a role takes it from members and overwrites, and the roles above it move down."""
    world = World()
    high, low = world.add_role("High"), world.add_role("Low")
    entry = {"id": low["id"], "type": 0, "allow": "0", "deny": "0"}
    world.put_channel({**world.channel(world.channel_id), "permission_overwrites": [entry]})
    world.delete_role(low["id"])
    assert world.channel(world.channel_id)["permission_overwrites"] == []
    assert [role["position"] for role in world.roles.values()] == [0, 2, 1]
    assert world.role(high["id"])["position"] == 1


def test_a_saved_world_keeps_what_the_bot_may_do(tmp_path):
    """A world in which the bot lost its permissions is loaded like that."""
    world = World()
    assert world.bot_permissions == ADMINISTRATOR
    world.bot_permissions = SEND_MESSAGES
    world.save(tmp_path / "world.json")
    again = World.load(tmp_path / "world.json")
    assert (again.bot_permissions, again.bot_role["name"]) == (SEND_MESSAGES, "viewkit")
