"""What members may do: how roles and overwrites add up, and what Discord refuses for want of a permission.

The bits and the order in which they add up are those of the docs page *Permissions*.
"""

from __future__ import annotations

import datetime as dt
import sys
from typing import TYPE_CHECKING, Any

from kit.simulator.errors import ApiError
from kit.simulator.world.payloads import ALL_PERMISSIONS, DM_CHANNEL, PRIVATE_THREAD, THREADS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kit.simulator.world.channels import ChannelState

Json = dict[str, Any]

ADMINISTRATOR, MANAGE_CHANNELS, ADD_REACTIONS, VIEW_CHANNEL = 1 << 3, 1 << 4, 1 << 6, 1 << 10
SEND_MESSAGES, SEND_TTS_MESSAGES, MANAGE_MESSAGES = 1 << 11, 1 << 12, 1 << 13
EMBED_LINKS, ATTACH_FILES, READ_MESSAGE_HISTORY, MENTION_EVERYONE = 1 << 14, 1 << 15, 1 << 16, 1 << 17
USE_EXTERNAL_EMOJIS, CHANGE_NICKNAME, MANAGE_NICKNAMES = 1 << 18, 1 << 26, 1 << 27
MANAGE_ROLES, USE_APPLICATION_COMMANDS, MODERATE_MEMBERS = 1 << 28, 1 << 31, 1 << 40
KICK_MEMBERS, BAN_MEMBERS, MANAGE_GUILD = 1 << 1, 1 << 2, 1 << 5
MANAGE_WEBHOOKS, MANAGE_EXPRESSIONS = 1 << 29, 1 << 30
MANAGE_THREADS, CREATE_PUBLIC_THREADS, CREATE_PRIVATE_THREADS = 1 << 34, 1 << 35, 1 << 36
SEND_MESSAGES_IN_THREADS, CREATE_EXPRESSIONS, PIN_MESSAGES = 1 << 38, 1 << 43, 1 << 51

NEED_SEND_MESSAGES = MENTION_EVERYONE | SEND_TTS_MESSAGES | ATTACH_FILES | EMBED_LINKS
LEFT_IN_TIMEOUT = VIEW_CHANNEL | READ_MESSAGE_HISTORY
IN_DIRECT_MESSAGES = ATTACH_FILES | EMBED_LINKS | MENTION_EVERYONE | USE_EXTERNAL_EMOJIS

MISSING_ACCESS = ApiError(403, 50001, "Missing Access")
MISSING_PERMISSIONS = ApiError(403, 50013, "Missing Permissions")


def granted(world: ChannelState, user_id: str, channel: Json | None = None) -> int:
    """What a member may do.

    Args:
        world: Where.
        user_id: The member.
        channel: The channel whose overwrites count, for a thread those of its channel; None for the guild as
            a whole.
    """
    if channel is not None and channel["type"] == DM_CHANNEL:
        return IN_DIRECT_MESSAGES
    if user_id not in world.members:
        return 0
    thread = channel if channel is not None and channel["type"] in THREADS else None
    if thread is not None:
        channel = world.channels[thread["parent_id"]]
    member = world.members[user_id]
    roles = (world.guild["id"], *member["roles"])
    bits = _union(world.roles[role_id]["permissions"] for role_id in roles)
    if user_id == world.guild["owner_id"] or bits & ADMINISTRATOR:
        return ALL_PERMISSIONS
    if channel is not None:
        bits = _overwritten(bits, channel["permission_overwrites"], roles, user_id)
        if not bits & (SEND_MESSAGES_IN_THREADS if thread else SEND_MESSAGES):
            bits &= ~NEED_SEND_MESSAGES
    private = thread is not None and thread["type"] == PRIVATE_THREAD and not bits & MANAGE_THREADS
    if thread is not None and private and user_id not in world.thread_members.get(thread["id"], ()):
        return 0
    until = member["communication_disabled_until"]
    if until and dt.datetime.fromisoformat(until) > world.clock.now():
        bits &= LEFT_IN_TIMEOUT
    return bits


def _union(sets: Iterable[str]) -> int:
    bits = 0
    for entry in sets:
        bits |= int(entry)
    return bits


def _overwritten(bits: int, overwrites: list[Json], roles: tuple[str, ...], user_id: str) -> int:
    """Of @everyone, then of all other roles at once, then of the member; each denies first, then allows."""
    for ids in (roles[:1], roles[1:], (user_id,)):
        step = [entry for entry in overwrites if entry["id"] in ids]
        denied, allowed = (_union(entry[key] for entry in step) for key in ("deny", "allow"))
        bits = bits & ~denied | allowed
    return bits if bits & VIEW_CHANNEL else 0


def lacking(world: ChannelState, user_id: str, needed: int, channel: Json | None = None) -> int:
    """Which of some permissions a member lacks; none in direct messages, where everyone may the same.

    Args:
        world: Where.
        user_id: The member.
        needed: The permissions.
        channel: Where they are needed; None for the guild as a whole.
    """
    if channel is not None and channel["type"] == DM_CHANNEL:
        return 0
    if channel is not None and channel["type"] in THREADS and needed & SEND_MESSAGES:
        needed = needed & ~SEND_MESSAGES | SEND_MESSAGES_IN_THREADS
    return needed & ~granted(world, user_id, channel)


def require(world: ChannelState, bot_id: str, needed: int, channel: Json | None = None) -> None:
    """Refuses what a bot may not do.

    Args:
        world: Where.
        bot_id: The bot.
        needed: The permissions it takes, all of them.
        channel: Where it takes them; None for the guild as a whole.

    Raises:
        ApiError: 50001 if the bot can't see the channel, 50013 if it lacks a permission.
    """
    if channel and channel["type"] == DM_CHANNEL and world.dm_bots[channel["id"]] != bot_id:
        raise MISSING_ACCESS
    missing = lacking(world, bot_id, needed | (VIEW_CHANNEL if channel else 0), channel)
    if channel and missing & VIEW_CHANNEL:
        raise MISSING_ACCESS
    if missing:
        raise MISSING_PERMISSIONS


def require_above(world: ChannelState, bot_id: str, role: Json) -> None:
    """Refuses to touch a role that is not below a bot's highest.

    Args:
        world: Where.
        bot_id: The bot.
        role: The role that is given, taken, changed or deleted.

    Raises:
        ApiError: 50013.
    """
    if _rank(role) >= _highest(world, bot_id):
        raise MISSING_PERMISSIONS


def require_above_member(world: ChannelState, bot_id: str, user_id: str) -> None:
    """Refuses to touch a member whose highest role is not below a bot's, and the owner.

    Args:
        world: Where.
        bot_id: The bot.
        user_id: The member; the bot may touch itself.

    Raises:
        ApiError: 50013.
    """
    if user_id != bot_id and _highest(world, user_id) >= _highest(world, bot_id):
        raise MISSING_PERMISSIONS


def _highest(world: ChannelState, user_id: str) -> tuple[int, int]:
    if user_id == world.guild["owner_id"]:
        return sys.maxsize, 0
    held = (world.guild["id"], *world.members[user_id]["roles"])
    return max(_rank(world.roles[role_id]) for role_id in held)


def _rank(role: Json) -> tuple[int, int]:
    # Of two roles at one position the older one, with the lower id, is the higher.
    return role["position"], -int(role["id"])
