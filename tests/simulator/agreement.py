"""Whether what a bot believes is what the world holds."""

from __future__ import annotations

from typing import Any

import discord

from kit.simulator import World
from kit.simulator.world.payloads import THREADS
from kit.simulator.world.permissions import VIEW_CHANNEL, lacking


def believed(bot: discord.Client) -> dict[str, Any]:
    """A bot's cache of its guild, by id, in plain values."""
    guild = bot.guilds[0]
    return {
        "name": guild.name,
        "owner": str(guild.owner_id),
        "members": {
            str(member.id): (member.name, member.nick, {str(role.id) for role in member.roles[1:]})
            for member in guild.members
        },
        "roles": {
            str(role.id): (role.name, role.position, str(role.permissions.value), role.color.value)
            for role in guild.roles
        },
        "channels": {str(channel.id): (channel.name, channel.type.value) for channel in guild.channels},
        "overwrites": {
            str(channel.id): {
                str(target.id): tuple(bits.value for bits in overwrite.pair())
                for target, overwrite in channel.overwrites.items()
            }
            for channel in guild.channels
        },
        "threads": {
            str(thread.id): (thread.name, str(thread.parent_id), thread.archived, thread.locked)
            for thread in guild.threads
        },
        "emojis": {str(emoji.id): (emoji.name, emoji.animated) for emoji in guild.emojis},
    }


def held(world: World, bot_id: str) -> dict[str, Any]:
    """The same, as the world holds it."""
    channels = world.guild_channels()
    threads = [
        channel
        for channel in world.channels.values()
        if channel["type"] in THREADS
        and not channel["thread_metadata"]["archived"]
        and not lacking(world, bot_id, VIEW_CHANNEL, channel)
    ]
    return {
        "name": world.guild["name"],
        "owner": world.guild["owner_id"],
        "members": {
            key: (world.user_by_id(key)["username"], member["nick"], set(member["roles"]))
            for key, member in world.members.items()
        },
        "roles": {
            key: (role["name"], role["position"], role["permissions"], role["color"])
            for key, role in world.roles.items()
        },
        "channels": {channel["id"]: (channel["name"], channel["type"]) for channel in channels},
        "overwrites": {
            channel["id"]: {
                entry["id"]: (int(entry["allow"]), int(entry["deny"]))
                for entry in channel["permission_overwrites"]
            }
            for channel in channels
        },
        "threads": {
            thread["id"]: (
                thread["name"],
                thread["parent_id"],
                thread["thread_metadata"]["archived"],
                thread["thread_metadata"]["locked"],
            )
            for thread in threads
        },
        "emojis": {emoji["id"]: (emoji["name"], emoji["animated"]) for emoji in world.guild["emojis"]},
    }


def known_messages(bot: discord.Client, world: World) -> list[discord.Message]:
    """The cached messages of channels that are still there; discord.py keeps those of deleted ones."""
    cached = [message for message in bot.cached_messages if not message.flags.ephemeral]
    return [message for message in cached if str(message.channel.id) in world.channels]


def messages_believed(bot: discord.Client, world: World) -> dict[int, tuple[Any, ...]]:
    """The cached messages that the world has as well: content, reactions, pins, flags."""
    return {
        message.id: (
            message.content,
            message.pinned,
            message.flags.value,
            {str(r.emoji): (r.count, r.me) for r in message.reactions},
        )
        for message in known_messages(bot, world)
    }


def messages_held(bot: discord.Client, world: World) -> dict[int, tuple[Any, ...]]:
    """The same messages, as the world holds them."""
    found = {}
    for message in known_messages(bot, world):
        if str(message.id) not in world.channel_of:
            continue
        raw = world.seen(world.message(message.id), str(bot.user.id))
        reactions = {
            discord.PartialEmoji.from_dict(r["emoji"]): (r["count"], r["me"])
            for r in raw.get("reactions", ())
        }
        reactions = {str(emoji): counts for emoji, counts in reactions.items()}
        found[message.id] = (raw["content"], raw["pinned"], raw["flags"], reactions)
    return found


def differences(world: World, bot: discord.Client) -> list[str]:
    """Where a bot and the world disagree."""
    pairs = [
        (believed(bot), held(world, str(bot.user.id))),
        (messages_believed(bot, world), messages_held(bot, world)),
    ]
    # Of who else is in a thread, a bot knows those that it saw come.
    strangers = [
        f"thread {thread.name}: the bot believes that {member.id} is in it"
        for thread in bot.guilds[0].threads
        for member in thread.members
        if str(member.id) not in world.thread_members.get(str(thread.id), ())
    ]
    # discord.py leaves "me" in a thread that the bot left, but knows each that it is in.
    joined = {str(thread.id) for thread in bot.guilds[0].threads if thread.me is not None}
    strangers += [
        f"thread {thread.name}: the bot doesn't know that it is in it"
        for thread in bot.guilds[0].threads
        if str(bot.user.id) in world.thread_members.get(str(thread.id), ()) and str(thread.id) not in joined
    ]
    return strangers + [
        f"{key}: the bot believes {ours.get(key)}, the world holds {theirs.get(key)}"
        for ours, theirs in pairs
        for key in {*ours, *theirs}
        if ours.get(key) != theirs.get(key)
    ]


async def agree(lab, bot: discord.Client) -> None:
    """Waits until a bot believes what the world holds; fails with the differences."""
    try:
        await lab.until(lambda: not differences(lab.world, bot))
    except TimeoutError:
        raise AssertionError("\n".join(differences(lab.world, bot))) from None
