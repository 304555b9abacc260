"""What a bot hears is what its intents say."""

from __future__ import annotations

import discord
import pytest

BY_INTENT = {
    "guilds": {
        *("guild_channel_create", "guild_channel_update", "guild_channel_delete"),
        *("guild_role_create", "guild_role_update", "guild_role_delete"),
        *("thread_create", "thread_update", "raw_thread_delete", "guild_channel_pins_update"),
    },
    "members": {"member_join", "member_remove", "raw_member_remove", "member_update"},
    "moderation": {"member_ban", "member_unban"},
    "expressions": {"guild_emojis_update"},
    "webhooks": {"webhooks_update"},
    "guild_messages": {
        *("message", "raw_message_edit", "raw_message_delete", "raw_bulk_message_delete"),
    },
    "guild_reactions": {
        *("raw_reaction_add", "raw_reaction_remove", "raw_reaction_clear", "raw_reaction_clear_emoji"),
    },
    "guild_typing": {"raw_typing"},
}
EVERYTHING = set().union(*BY_INTENT.values())


async def everything_happens(lab) -> None:
    """All that Discord tells bots of."""
    world, simulator = lab.world, lab.simulator
    world.channel("other")
    world.channel("other", topic="x")
    world.delete_channel("other")
    world.role("Mods")
    world.give_role("bob", "Mods")
    world.delete_role("Mods")
    world.user("carol")
    world.ban("carol")
    world.unban("carol")
    world.emoji("party")
    said = await simulator.say("x", user="alice")
    await simulator.edit(said, "y", user="alice")
    await simulator.pin(said, user="alice")
    await simulator.start_typing(user="alice")
    for _ in range(2):
        await simulator.react(said, "👍", user="bob")
        await simulator.unreact(said, "👍", user="bob")
    await simulator.react(said, "👍", user="bob")
    ids = {"channel_id": world.channel_id, "message_id": said["id"]}
    world.emit("MESSAGE_REACTION_REMOVE_EMOJI", {**ids, "emoji": {"id": None, "name": "👍"}})
    world.emit("MESSAGE_REACTION_REMOVE_ALL", ids)
    await simulator.start_thread("Talk", user="alice", message=said)
    world.archive_thread("Talk", archived=True)
    world.delete_channel("Talk")
    world.emit("WEBHOOKS_UPDATE", {"guild_id": world.guild["id"], "channel_id": world.channel_id})
    await simulator.delete(said, user="alice")
    more = [(await simulator.say("x", user="alice"))["id"] for _ in range(2)]
    world.delete_messages(world.channel_id, more)


async def heard(lab, intents: discord.Intents) -> set[str]:
    """The names of the events that a bot with some intents heard of all that."""
    events: set[str] = set()
    bot = lab.make_bot(intents=intents)
    for name in EVERYTHING:

        async def on_event(*_data, name=name) -> None:
            events.add(name)

        bot.add_listener(on_event, f"on_{name}")
    await lab.bot(bot)
    await everything_happens(lab)
    # What comes last through the same socket: once it is there, so is all before it.
    lab.world.update_member(lab.world.application_id, {"nick": "done"})
    await lab.until(lambda: bot.guilds[0].me.nick == "done")
    await lab.stop(bot)
    return events


@pytest.mark.parametrize("name", [name for name in BY_INTENT if name != "guilds"])
@pytest.mark.asyncio
async def test_one_intent_brings_its_events(lab, name):
    """Beside the guild's own, a bot hears what its one intent is about, and nothing else."""
    intents = discord.Intents(guilds=True, **{name: True})
    own = {"member_update"} if name != "members" else set()
    assert await heard(lab, intents) - own == BY_INTENT["guilds"] | BY_INTENT[name]


@pytest.mark.asyncio
async def test_all_intents_bring_all_events(lab):
    """A bot with all intents hears everything once it happens."""
    assert await heard(lab, discord.Intents.all()) == EVERYTHING


@pytest.mark.asyncio
async def test_who_is_in_a_thread_is_for_those_who_know_members(lab):
    """Without the members intent, a bot hears of its own coming and going alone."""
    seen = []
    bot = lab.make_bot(intents=discord.Intents(guilds=True))

    async def on_thread_join(thread) -> None:
        seen.append(("joined", thread.name))

    async def on_raw_thread_member_remove(payload) -> None:
        seen.append(("left", payload.member_id))

    async def on_thread_member_join(member) -> None:
        seen.append(("came", member.id))

    for listener in (on_thread_join, on_raw_thread_member_remove, on_thread_member_join):
        bot.add_listener(listener)
    await lab.bot(bot)
    await lab.simulator.start_thread("Talk", user="alice")
    lab.world.join_thread("Talk", "bob")
    lab.world.leave_thread("Talk", "bob")
    lab.world.join_thread("Talk", "viewkit")
    await lab.until(lambda: seen)
    assert seen == [("joined", "Talk")]
