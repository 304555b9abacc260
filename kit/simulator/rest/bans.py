"""The routes by which members are kicked and banned."""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING, Any

from kit.simulator.errors import UnknownError, UnsupportedError
from kit.simulator.rest.calls import Call
from kit.simulator.rest.guild import guild
from kit.simulator.rest.routing import Routes
from kit.simulator.world.permissions import (
    BAN_MEMBERS,
    KICK_MEMBERS,
    MANAGE_GUILD,
    MISSING_PERMISSIONS,
    require,
    require_above_member,
)

if TYPE_CHECKING:
    from kit.simulator.server import Simulator
    from kit.simulator.world.world import World

Json = dict[str, Any]
WEEK_SECONDS = 604_800

routes = Routes()
BANS = "guilds/{guild_id}/bans"


@routes.add("DELETE", "guilds/{guild_id}/members/{user_id}")
def kick(simulator: Simulator, call: Call) -> None:
    """Remove Guild Member."""
    world, user_id = simulator.world, call.params["user_id"]
    guild(world, call)
    require(world, call.bot.id, KICK_MEMBERS)
    world.member(user_id)
    _removable(world, call, user_id)
    world.leave(user_id)


def _removable(world: World, call: Call, user_id: str) -> None:
    require_above_member(world, call.bot.id, user_id)
    if user_id == call.bot.id:
        raise MISSING_PERMISSIONS
    if user_id in world.bots:
        raise UnsupportedError("a bot removed from the guild")


@routes.add("GET", BANS)
def get_bans(simulator: Simulator, call: Call) -> list[Json]:
    """Get Guild Bans."""
    world = simulator.world
    guild(world, call)
    require(world, call.bot.id, BAN_MEMBERS)
    limit, highest = call.number("limit", 1000, 1, 1000), 1 << 64
    before, after = call.number("before", highest, 0, highest), call.number("after", 0, 0, highest)
    ids = sorted((user_id for user_id in world.bans if after < int(user_id) < before), key=int)
    return [_ban(world, user_id) for user_id in (ids[-limit:] if "before" in call.query else ids[:limit])]


@routes.add("GET", BANS + "/{user_id}")
def get_ban(simulator: Simulator, call: Call) -> Json:
    """Get Guild Ban."""
    world, user_id = simulator.world, call.params["user_id"]
    guild(world, call)
    require(world, call.bot.id, BAN_MEMBERS)
    if user_id not in world.bans:
        raise UnknownError("Ban", user_id)
    return _ban(world, user_id)


def _ban(world: World, user_id: str) -> Json:
    return {"user": world.user_by_id(user_id), "reason": world.bans[user_id]}


@routes.add("PUT", BANS + "/{user_id}")
def ban(simulator: Simulator, call: Call) -> None:
    """Create Guild Ban; what they wrote in the last ``delete_message_seconds`` goes as well."""
    world, user_id = simulator.world, call.params["user_id"]
    guild(world, call)
    require(world, call.bot.id, BAN_MEMBERS)
    form = call.form()
    seconds = form.number("G04", "delete_message_seconds", 0, WEEK_SECONDS) or 0
    days = form.number("G04", "delete_message_days", 0, 7) or 0
    form.check()
    # discord.py sends it in the query string, where Discord reads it as well.
    seconds = seconds or call.number("delete_message_seconds", 0, 0, WEEK_SECONDS)
    world.user_by_id(user_id)
    if user_id in world.members:
        _removable(world, call, user_id)
    world.ban(user_id, reason=urllib.parse.unquote(call.reason) or None)
    _purge(world, user_id, seconds or days * 86_400)


def _purge(world: World, user_id: str, seconds: int) -> None:
    since = world.clock.time() - seconds
    for channel_id, stored in tuple(world.message_store.items()):
        gone = [
            key
            for key, message in stored.items()
            if seconds and message["author"]["id"] == user_id and world.snowflakes.time_of(key) >= since
        ]
        if gone:
            world.delete_messages(channel_id, gone)


@routes.add("DELETE", BANS + "/{user_id}")
def unban(simulator: Simulator, call: Call) -> None:
    """Remove Guild Ban."""
    world, user_id = simulator.world, call.params["user_id"]
    guild(world, call)
    require(world, call.bot.id, BAN_MEMBERS)
    if user_id not in world.bans:
        raise UnknownError("Ban", user_id)
    world.unban(user_id)


@routes.add("POST", "guilds/{guild_id}/bulk-ban")
def bulk_ban(simulator: Simulator, call: Call) -> Json:
    """Bulk Guild Ban."""
    world = simulator.world
    guild(world, call)
    require(world, call.bot.id, BAN_MEMBERS | MANAGE_GUILD)
    form = call.form()
    ids = form.snowflakes("G04", "user_ids", 1, 200, required=True)
    seconds = form.number("G04", "delete_message_seconds", 0, WEEK_SECONDS) or 0
    form.check()
    spared = {world.guild["owner_id"], *world.bans, *world.bots}
    banned = [user_id for user_id in ids if world.knows(user_id) and user_id not in spared]
    for user_id in banned:
        world.ban(user_id, reason=urllib.parse.unquote(call.reason) or None)
        _purge(world, user_id, seconds)
    return {"banned_users": banned, "failed_users": [user_id for user_id in ids if user_id not in banned]}
