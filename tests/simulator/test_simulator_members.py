"""People of a guild: made by name, given roles, renamed, timed out, kicked, banned and back again."""

from __future__ import annotations

import datetime as dt

import discord
import pytest

from kit.simulator import ClickError, World
from kit.simulator.world.flags import PERMISSIONS
from tests.simulator.agreement import agree


async def refusal(action) -> int:
    with pytest.raises(discord.HTTPException) as caught:
        await action
    return caught.value.code


@pytest.mark.asyncio
async def test_a_cast_in_a_few_lines(lab):
    """People, roles and channels are made by name while the bot runs, and it knows each of them."""
    world = lab.world
    world.role("Mods", color=0x5865F2, permissions=["manage_messages", "kick_members"], hoist=True)
    carol = world.user("carol", roles=["Mods", "Helpers"], nick="Caro", global_name="Carol C.")
    world.channel(
        "tickets",
        category="Support",
        topic="Ask here",
        overwrites={
            "@everyone": {"view_channel": False},
            "Mods": {"view_channel": True, "send_messages": None},
            "bob": {"view_channel": True},
        },
    )
    bot = await lab.bot()
    world.user("carol", nick="")
    world.user("carol", roles=["Helpers"])
    world.give_role("bob", "Mods")
    world.take_role("carol", "Helpers")
    world.role("Mods", color=0xFF0000)
    world.user("dave")
    world.channel("lounge", type="voice")
    world.channel("tickets", topic="")
    await agree(lab, bot)
    guild = bot.guilds[0]
    member = guild.get_member(int(carol["id"]))
    assert (member.display_name, member.global_name, member.roles[1:]) == ("Carol C.", "Carol C.", [])
    mods = discord.utils.get(guild.roles, name="Mods")
    assert (mods.color.value, mods.permissions.kick_members, mods.hoist) == (0xFF0000, True, True)
    tickets = discord.utils.get(guild.text_channels, name="tickets")
    assert (tickets.category.name, tickets.topic) == ("Support", None)
    assert tickets.permissions_for(guild.get_member_named("bob")).view_channel
    assert not tickets.permissions_for(member).view_channel
    assert world.user("carol")["id"] == carol["id"]
    assert world.find_user(carol["id"]) == world.user("carol")


def test_a_typo_in_a_cast_says_what_there_is():
    """What is looked up and not there is an error that lists what is; so is a permission or type of no kind."""
    world = World()
    for action, words in (
        (lambda: world.find_user("bbo"), "Known: alice, bob"),
        (lambda: world.find_role("Mods"), "Known: @everyone"),
        (lambda: world.role("123"), "Unknown Role: 123"),
        (lambda: world.find_channel("genral"), "Known: #general"),
        (lambda: world.channel("123"), "Unknown Channel: 123"),
        (lambda: world.find_emoji("party"), "Unknown Emoji: party. Known: none"),
        (lambda: world.role("Mods", permissions=["manage_mesages"]), "no permission 'manage_mesages'"),
        (lambda: world.role("Mods", permissions="kick_members"), r"use \['kick_members'\]"),
        (lambda: world.user("carol", roles="Mods"), r"use \['Mods'\]"),
        (lambda: world.channel("x", type="forums"), "no channel type 'forums'. Known: text"),
        (lambda: world.channel("x", overwrites={"nobody": {}}), "Unknown User: 'nobody'"),
        (lambda: world.emoji("party", image=b"text"), ":party: is no PNG"),
        (lambda: world.give_role("bob", "Mods"), "Unknown Role"),
        (lambda: world.join("bob"), "bob is in the guild"),
        (lambda: world.unban("bob"), "Unknown Ban"),
        (lambda: world.leave("alice"), "alice owns the guild"),
        (lambda: world.user(""), "A person has a name"),
    ):
        with pytest.raises((LookupError, ValueError), match=words):
            action()
    assert set(world.users) == {"alice", "bob"}


def test_permissions_are_named_as_in_discord_py():
    """Each name of a permission means the same bit as discord.py's flag of that name."""
    assert dict(PERMISSIONS) == dict(discord.Permissions.VALID_FLAGS)


@pytest.mark.asyncio
async def test_a_bot_kicks_and_bans(lab):
    """A kicked person is gone and comes back; a banned one can't, until the ban is lifted."""
    bot = await lab.bot()
    guild = bot.guilds[0]
    bob = guild.get_member_named("bob")
    heard = []

    async def on_member_remove(member):
        heard.append(("left", member.name))

    async def on_member_ban(_guild, member):
        heard.append(("banned", member.name))

    async def on_member_unban(_guild, user):
        heard.append(("unbanned", user.name))

    for listener in (on_member_remove, on_member_ban, on_member_unban):
        bot.add_listener(listener)
    await lab.simulator.say("old", user="bob")
    await bob.kick(reason="spam")
    await agree(lab, bot)
    assert await refusal(guild.fetch_member(bob.id)) == 10007
    with pytest.raises(ClickError, match="bob can't write in #general"):
        await lab.simulator.say("hello?", user="bob")
    with pytest.raises(ClickError, match="shares no guild"):
        await lab.simulator.say("in private", user="bob", to="viewkit")
    lab.world.join("bob")
    await agree(lab, bot)
    await guild.ban(bob, reason="spam, again", delete_message_seconds=3600)
    await agree(lab, bot)
    assert [m["content"] for m in lab.world.messages()] == []
    with pytest.raises(ValueError, match=r"bob was banned: unban\('bob'\) first"):
        lab.world.join("bob")
    entry = await guild.fetch_ban(bob)
    assert (entry.user.name, entry.reason) == ("bob", "spam, again")
    assert [ban.user.name async for ban in guild.bans()] == ["bob"]
    await guild.unban(bob)
    assert await refusal(guild.unban(bob)) == 10026
    lab.world.join("bob")
    await agree(lab, bot)
    await lab.until(lambda: len(heard) == 4)
    assert [what for what, _ in heard] == ["left", "left", "banned", "unbanned"]


@pytest.mark.asyncio
async def test_who_may_be_kicked(lab):
    """Neither the owner nor somebody higher, and only with the permission."""
    bot = await lab.bot()
    guild = bot.guilds[0]
    bob = guild.get_member_named("bob")
    assert await refusal(guild.owner.kick()) == 50013
    assert await refusal(guild.ban(guild.owner)) == 50013
    lab.world.bot_permissions = ["manage_messages"]
    for action in (bob.kick(), guild.ban(bob), guild.unban(bob), guild.fetch_ban(bob)):
        assert await refusal(action) == 50013
    lab.world.bot_permissions = ["kick_members", "ban_members", "manage_guild"]
    lab.world.role("High")
    lab.world.rank_roles([lab.world.bot_role["id"], "High"])
    lab.world.give_role("bob", "High")
    assert await refusal(bob.kick()) == 50013
    lab.world.take_role("bob", "High")
    result = await guild.bulk_ban([bob, discord.Object(1)])
    assert ([user.id for user in result.banned], [user.id for user in result.failed]) == ([bob.id], [1])
    await agree(lab, bot)


@pytest.mark.asyncio
async def test_a_timeout_ends_by_the_worlds_clock(lab):
    """Someone who is timed out can only read, until the clock says that it is over."""
    bot = await lab.bot()
    bob = bot.guilds[0].get_member_named("bob")
    view = discord.ui.View()
    view.add_item(discord.ui.Button(label="x", custom_id="x"))
    await lab.channel(bot).send(view=view)
    await bob.timeout(dt.timedelta(minutes=10))
    with pytest.raises(ClickError, match="bob can't write in #general"):
        await lab.simulator.say("x", user="bob")
    assert len(lab.world.messages(viewer="bob")) == 1
    lab.world.clock.advance(601)
    await lab.simulator.say("x", user="bob")
    lab.world.time_out("bob", 60)
    await lab.until(lambda: bob.timed_out_until is not None)
    with pytest.raises(ClickError):
        await lab.simulator.say("x", user="bob")
    lab.world.time_out("bob", 0)
    await lab.simulator.say("x", user="bob")


@pytest.mark.asyncio
async def test_a_bot_moves_roles(lab):
    """A bot orders the roles below its own; those above stay out of its reach."""
    bot = await lab.bot()
    guild = bot.guilds[0]
    for name in ("One", "Two", "Three"):
        lab.world.role(name)
    await agree(lab, bot)
    roles = {role.name: role for role in guild.roles}
    assert [role.name for role in guild.roles] == ["@everyone", "Three", "Two", "One", "viewkit"]
    await roles["One"].edit(position=1)
    await agree(lab, bot)
    assert [role.name for role in guild.roles] == ["@everyone", "One", "Three", "Two", "viewkit"]
    await guild.edit_role_positions({roles["One"]: 3, roles["Two"]: 2, roles["Three"]: 1})
    await agree(lab, bot)
    assert [role.name for role in guild.roles] == ["@everyone", "Three", "Two", "One", "viewkit"]
    assert await refusal(guild.edit_role_positions({roles["One"]: 4})) == 50013
    assert [role.name for role in guild.roles] == ["@everyone", "Three", "Two", "One", "viewkit"]


@pytest.mark.asyncio
async def test_people_are_chosen_by_name(lab):
    """In a select for users, roles or channels, people choose by name or by id."""
    bot = await lab.bot()
    lab.world.role("Mods")
    view = discord.ui.View(timeout=None)
    chosen = []
    for kind in (
        discord.ui.UserSelect,
        discord.ui.RoleSelect,
        discord.ui.ChannelSelect,
        discord.ui.MentionableSelect,
    ):
        select = kind(custom_id=kind.__name__, max_values=2)

        async def pick(interaction, select=select) -> None:
            chosen.append([value.name for value in select.values])
            await interaction.response.defer()

        select.callback = pick
        view.add_item(select)
    message = await lab.channel(bot).send(view=view)
    simulator, bob = lab.simulator, lab.world.user("bob")["id"]
    for name, values in (
        ("UserSelect", ["alice", bob]),
        ("RoleSelect", ["Mods"]),
        ("ChannelSelect", ["#general"]),
        ("MentionableSelect", ["bob", "Mods"]),
    ):
        used = await (await simulator.choose(name, values, message=message.id, user="bob")).answered()
        assert used.status == "answered"
    assert sorted(chosen[0]) == ["alice", "bob"]
    assert chosen[1:3] == [["Mods"], ["general"]]
    assert sorted(chosen[3]) == ["Mods", "bob"]
    with pytest.raises(ClickError, match=r"'bobby' is not on offer. On offer: .*bob"):
        await simulator.choose("UserSelect", ["bobby"], message=message.id, user="bob")
    with pytest.raises(ClickError, match="the same value twice"):
        await simulator.choose("UserSelect", ["bob", bob], message=message.id, user="bob")
    with pytest.raises(ClickError, match="2 are called 'viewkit': use an id"):
        await simulator.choose("MentionableSelect", ["viewkit"], message=message.id, user="bob")


@pytest.mark.asyncio
async def test_the_cast_is_saved(lab, tmp_path):
    """Bans, emoji with their images and who left are in the world's file."""
    world = lab.world
    gif = b"GIF89a" + bytes(8)
    emoji = world.emoji("party", image=gif)
    world.user("carol", roles=["Mods"])
    world.ban("bob", reason="spam")
    world.save(tmp_path / "w.json")
    again = World.load(tmp_path / "w.json")
    assert again.bans == world.bans
    assert again.find_emoji("party") == emoji
    assert again.images[emoji["id"]].data == gif
    assert again.member("carol") == world.member("carol")
    assert (set(again.users), len(again.members)) == ({"alice", "bob", "carol"}, 3)
