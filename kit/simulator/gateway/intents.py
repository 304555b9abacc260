"""Which events a bot's intents let it see, and what of them (docs page *Gateway*, "List of Intents")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kit.simulator.world.messages import without_content
from kit.simulator.world.permissions import VIEW_CHANNEL, lacking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kit.simulator.world.world import World

Json = dict[str, Any]

GUILDS, GUILD_MEMBERS, GUILD_MODERATION, GUILD_EXPRESSIONS = 1 << 0, 1 << 1, 1 << 2, 1 << 3
GUILD_WEBHOOKS, GUILD_PRESENCES, MESSAGE_CONTENT = 1 << 5, 1 << 8, 1 << 15
# By the names under which an application is allowed them.
PRIVILEGED: Mapping[str, int] = {
    "presences": GUILD_PRESENCES,
    "members": GUILD_MEMBERS,
    "message_content": MESSAGE_CONTENT,
}
EPHEMERAL = 1 << 6
DM_CHANNEL = 1

GUILD_EVENTS: Mapping[str, int] = {
    "CHANNEL_CREATE": GUILDS,
    "CHANNEL_UPDATE": GUILDS,
    "CHANNEL_DELETE": GUILDS,
    "GUILD_ROLE_CREATE": GUILDS,
    "GUILD_ROLE_UPDATE": GUILDS,
    "GUILD_ROLE_DELETE": GUILDS,
    "GUILD_MEMBER_ADD": GUILD_MEMBERS,
    "GUILD_MEMBER_UPDATE": GUILD_MEMBERS,
    "GUILD_MEMBER_REMOVE": GUILD_MEMBERS,
    "GUILD_BAN_ADD": GUILD_MODERATION,
    "GUILD_BAN_REMOVE": GUILD_MODERATION,
    "GUILD_EMOJIS_UPDATE": GUILD_EXPRESSIONS,
    "WEBHOOKS_UPDATE": GUILD_WEBHOOKS,
    "PRESENCE_UPDATE": GUILD_PRESENCES,
}
THREAD_EVENTS = (
    "THREAD_CREATE",
    "THREAD_UPDATE",
    "THREAD_DELETE",
    "THREAD_MEMBERS_UPDATE",
    "THREAD_MEMBER_UPDATE",
    "THREAD_LIST_SYNC",
)
# The intent in a guild, and in a direct message.
CHANNEL_EVENTS: Mapping[str, tuple[int, int]] = {
    "MESSAGE_CREATE": (1 << 9, 1 << 12),
    "MESSAGE_UPDATE": (1 << 9, 1 << 12),
    "MESSAGE_DELETE": (1 << 9, 1 << 12),
    "MESSAGE_DELETE_BULK": (1 << 9, 1 << 12),
    "MESSAGE_REACTION_ADD": (1 << 10, 1 << 13),
    "MESSAGE_REACTION_REMOVE": (1 << 10, 1 << 13),
    "MESSAGE_REACTION_REMOVE_ALL": (1 << 10, 1 << 13),
    "MESSAGE_REACTION_REMOVE_EMOJI": (1 << 10, 1 << 13),
    "TYPING_START": (1 << 11, 1 << 14),
    "CHANNEL_PINS_UPDATE": (GUILDS, 1 << 12),
}


def visible(world: World, bot_id: str, intents: int, event: str, data: Json) -> Json | None:
    """An event's data as a bot with some intents gets it; None if it doesn't get it.

    Args:
        world: Where it happened.
        bot_id: The bot.
        intents: The bot's intents.
        event: The event's name.
        data: Its data, as the world tells it.
    """
    if event in GUILD_EVENTS:
        if data.get("type") == DM_CHANNEL and event.startswith("CHANNEL_"):
            return None
        own = event == "GUILD_MEMBER_UPDATE" and data["user"]["id"] == bot_id
        return data if own or intents & GUILD_EVENTS[event] else None
    if event in THREAD_EVENTS:
        return _of_thread(world, bot_id, intents, event, data) if intents & GUILDS else None
    return _in_channel(world, bot_id, intents, event, data) if event in CHANNEL_EVENTS else data


def _of_thread(world: World, bot_id: str, intents: int, event: str, data: Json) -> Json | None:
    """A private thread is told to those in it and to moderators; who is in it, to those who know members."""
    if data.get("for_bot", bot_id) != bot_id:
        return None
    data = {key: value for key, value in data.items() if key != "for_bot"}
    if event == "THREAD_LIST_SYNC":
        return data
    # Who was just taken out can no longer see it, but is told so.
    left = bot_id in data.get("removed_member_ids", ())
    thread = world.channels.get(data["id"])
    if thread is not None and not left and lacking(world, bot_id, VIEW_CHANNEL, thread):
        return None
    if event != "THREAD_MEMBERS_UPDATE":
        return world.shown_channel(data, bot_id) if event == "THREAD_CREATE" else data
    if intents & GUILD_MEMBERS:
        return data
    added = [member for member in data["added_members"] if member["user_id"] == bot_id]
    removed = [bot_id] if left else []
    return {**data, "added_members": added, "removed_member_ids": removed} if added or removed else None


def _in_channel(world: World, bot_id: str, intents: int, event: str, data: Json) -> Json | None:
    channel = world.channels.get(data["channel_id"])
    in_guild = channel is None or channel["type"] != DM_CHANNEL
    if not in_guild and channel and world.dm_bots[channel["id"]] != bot_id:
        return None
    if channel and lacking(world, bot_id, VIEW_CHANNEL, channel):
        return None
    needed = CHANNEL_EVENTS[event][0 if in_guild else 1]
    if not intents & needed or data.get("flags", 0) & EPHEMERAL:
        return None
    shown = {**data, "guild_id": world.guild["id"]} if in_guild else data
    if event in ("MESSAGE_CREATE", "MESSAGE_UPDATE"):
        shown = _message(world, bot_id, intents, shown, in_guild=in_guild)
    return shown


def _message(world: World, bot_id: str, intents: int, message: Json, *, in_guild: bool) -> Json:
    shown = dict(world.seen(message, bot_id))
    author_id = message["author"]["id"]
    if in_guild and author_id in world.members:
        shown["member"] = world.members[author_id]
        shown["mentions"] = [
            {**user, "member": world.members[user["id"]]} if user["id"] in world.members else user
            for user in message["mentions"]
        ]
    return shown if intents & MESSAGE_CONTENT else without_content(world, shown, bot_id)
