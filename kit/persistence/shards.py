"""Shards: which guilds a process answers for, when several share the guilds of one bot."""

from __future__ import annotations

from typing import Any

from kit.persistence.groups import integer


def answers_for(bot: Any, guild_id: Any) -> bool:
    """Whether the gateway sends the interactions of a guild to `bot`.

    Discord sends a guild's events to the shard `(guild_id >> 22) % shard_count`, and direct
    messages to shard 0 (https://discord.com/developers/docs/events/gateway#sharding). A bot
    that was given no shards has all of them.

    Args:
        bot: The bot; None, for a process without one, has no guilds to share.
        guild_id: The guild, as an integer or as text; None for direct messages.
    """
    count = getattr(bot, "shard_count", None)
    shards = getattr(bot, "shard_ids", None)
    if shards is None and getattr(bot, "shard_id", None) is not None:
        shards = [bot.shard_id]
    if shards is None or not count:
        return True
    guild = integer(guild_id)
    return (0 if guild is None else (guild >> 22) % count) in shards
