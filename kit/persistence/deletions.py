"""What is deleted on Discord: the views that were there end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord

if TYPE_CHECKING:
    from kit.persistence.routes import Routes


def follow_deletions(bot: Any, routes: Routes) -> None:
    """Tell `routes` of deleted messages, channels and threads, and of guilds that `bot` has left."""

    async def message_gone(event: discord.RawMessageDeleteEvent) -> None:
        routes.forget_message(event.message_id)

    async def messages_gone(event: discord.RawBulkMessageDeleteEvent) -> None:
        for message_id in event.message_ids:
            routes.forget_message(message_id)

    async def channel_gone(channel: discord.abc.GuildChannel) -> None:
        routes.forget_where(channel_id=channel.id)

    async def thread_gone(event: discord.RawThreadDeleteEvent) -> None:
        routes.forget_where(channel_id=event.thread_id)

    async def guild_gone(guild: discord.Guild) -> None:
        routes.forget_where(guild_id=guild.id)

    bot.add_listener(message_gone, "on_raw_message_delete")
    bot.add_listener(messages_gone, "on_raw_bulk_message_delete")
    bot.add_listener(channel_gone, "on_guild_channel_delete")
    bot.add_listener(thread_gone, "on_raw_thread_delete")
    bot.add_listener(guild_gone, "on_guild_remove")
