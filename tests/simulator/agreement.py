"""Whether what a bot believes is what the world holds."""

from __future__ import annotations

from typing import Any

import discord

from kit.simulator import World
from kit.simulator.world.payloads import DM_CHANNEL, THREADS
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
        "joined": {str(thread.id) for thread in guild.threads if thread.me is not None},
        "thread members": {str(thread.id): {str(m.id) for m in thread.members} for thread in guild.threads},
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
        "joined": {t["id"] for t in threads if bot_id in world.thread_members[t["id"]]},
        "thread members": {t["id"]: set(world.thread_members[t["id"]]) - {bot_id} for t in threads},
        "emojis": {emoji["id"]: (emoji["name"], emoji["animated"]) for emoji in world.guild["emojis"]},
    }


def messages_believed(bot: discord.Client, world: World) -> dict[int, tuple[Any, ...]]:
    """The cached messages that the world has as well: content, reactions, pins, flags."""
    return {
        message.id: (
            message.content,
            message.pinned,
            message.flags.value,
            {str(r.emoji): (r.count, r.me) for r in message.reactions},
        )
        for message in bot.cached_messages
        if not message.flags.ephemeral
    }


def messages_held(bot: discord.Client, world: World) -> dict[int, tuple[Any, ...]]:
    """The same messages, as the world holds them."""
    found = {}
    for message in bot.cached_messages:
        if message.flags.ephemeral:
            continue
        raw = world.seen(world.message(message.id), str(bot.user.id))
        reactions = {
            discord.PartialEmoji.from_dict(r["emoji"]): (r["count"], r["me"])
            for r in raw.get("reactions", ())
        }
        reactions = {str(emoji): counts for emoji, counts in reactions.items()}
        found[message.id] = (raw["content"], raw["pinned"], raw["flags"], reactions)
    return found


async def agree(lab, bot: discord.Client) -> None:
    """Waits until a bot believes what the world holds; fails with the difference."""
    world, bot_id = lab.world, str(bot.user.id)
    assert all(channel["type"] != DM_CHANNEL for channel in world.guild_channels())
    try:
        await lab.until(
            lambda: (
                believed(bot) == held(world, bot_id)
                and all(
                    message.id == int(message.id)
                    and str(message.id) in world.channel_of
                    or message.flags.ephemeral
                    for message in bot.cached_messages
                )
                and messages_believed(bot, world) == messages_held(bot, world)
            )
        )
    except TimeoutError:
        assert believed(bot) == held(world, bot_id)
        assert messages_believed(bot, world) == messages_held(bot, world)
