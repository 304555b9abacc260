"""The routes of the guild's channels, threads among them, and of their permission overwrites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kit.simulator.errors import ApiError, UnknownError
from kit.simulator.limits import guilds as guild_limits
from kit.simulator.rest.calls import Call, Created
from kit.simulator.rest.guild import guild
from kit.simulator.rest.routing import Routes
from kit.simulator.rest.threads import edit_thread
from kit.simulator.world import payloads
from kit.simulator.world.permissions import (
    MANAGE_CHANNELS,
    MANAGE_ROLES,
    MANAGE_THREADS,
    MISSING_PERMISSIONS,
    require,
)

if TYPE_CHECKING:
    from kit.simulator.server import Simulator
    from kit.simulator.world.world import World

Json = dict[str, Any]
MAX_CHANNELS = 500

routes = Routes()
OVERWRITE = "channels/{channel_id}/permissions/{overwrite_id}"


@routes.add("GET", "guilds/{guild_id}/channels")
def get_channels(simulator: Simulator, call: Call) -> list[Json]:
    """Get Guild Channels."""
    guild(simulator.world, call)
    return simulator.world.guild_channels()


@routes.add("POST", "guilds/{guild_id}/channels")
def create_channel(simulator: Simulator, call: Call) -> Created:
    """Create Guild Channel."""
    world = simulator.world
    guild_id = guild(world, call)["id"]
    require(world, call.bot.id, MANAGE_CHANNELS)
    fields = guild_limits.channel_fields(call.form(), world)
    if len(world.guild_channels()) >= MAX_CHANNELS:
        raise ApiError(400, 30013, f"Maximum number of guild channels reached ({MAX_CHANNELS})")
    _grantable(call, world, [], fields.get("permission_overwrites", []))
    position, kind = len(world.channels), fields.get("type", guild_limits.TEXT)
    fresh = payloads.channel(world.snowflakes.next(), "", guild_id=guild_id, position=position, kind=kind)
    return Created(world.put_channel({**fresh, **{key: fields[key] for key in fields if key in fresh}}))


@routes.add("GET", "channels/{channel_id}")
def get_channel(simulator: Simulator, call: Call) -> Json:
    """Get Channel."""
    channel = simulator.world.find_channel(call.params["channel_id"])
    require(simulator.world, call.bot.id, 0, channel)
    return simulator.world.shown_channel(channel, call.bot.id)


@routes.add("PATCH", "channels/{channel_id}")
def edit_channel(simulator: Simulator, call: Call) -> Json:
    """Modify Channel."""
    world = simulator.world
    thread = world.find_channel(call.params["channel_id"])
    if thread["type"] in payloads.THREADS:
        return edit_thread(world, call, thread)
    channel = _managed(world, call, MANAGE_CHANNELS)
    fields = guild_limits.channel_fields(call.form(), world, channel)
    if "permission_overwrites" in fields:
        require(world, call.bot.id, MANAGE_ROLES, channel)
        _grantable(call, world, channel["permission_overwrites"], fields["permission_overwrites"])
    return world.put_channel({**channel, **{key: fields[key] for key in fields if key in channel}})


@routes.add("DELETE", "channels/{channel_id}")
def delete_channel(simulator: Simulator, call: Call) -> Json:
    """Delete Channel."""
    channel = simulator.world.find_channel(call.params["channel_id"])
    thread = channel["type"] in payloads.THREADS
    channel = _managed(simulator.world, call, MANAGE_THREADS if thread else MANAGE_CHANNELS)
    simulator.world.delete_channel(channel["id"])
    return channel


@routes.add("PUT", OVERWRITE)
def edit_permissions(simulator: Simulator, call: Call) -> None:
    """Edit Channel Permissions."""
    world = simulator.world
    channel = _with_overwrites(world, call)
    entry = guild_limits.overwrite_fields(call.form(), world, call.params["overwrite_id"])
    before = channel["permission_overwrites"]
    others = [other for other in before if other["id"] != entry["id"]]
    _grantable(call, world, before, [*others, entry])
    world.put_channel({**channel, "permission_overwrites": [*others, entry]})


@routes.add("DELETE", OVERWRITE)
def delete_permissions(simulator: Simulator, call: Call) -> None:
    """Delete Channel Permission."""
    world, target_id = simulator.world, call.params["overwrite_id"]
    channel = _with_overwrites(world, call)
    left = [entry for entry in channel["permission_overwrites"] if entry["id"] != target_id]
    if len(left) == len(channel["permission_overwrites"]):
        raise UnknownError("Overwrite", target_id)
    world.put_channel({**channel, "permission_overwrites": left})


def _managed(world: World, call: Call, needed: int) -> Json:
    """A channel of the guild on which the bot holds some permissions."""
    channel = world.find_channel(call.params["channel_id"])
    if channel["type"] == payloads.DM_CHANNEL:
        raise ApiError(400, 50003, "Cannot execute action on a DM channel")
    require(world, call.bot.id, needed, channel)
    return channel


def _with_overwrites(world: World, call: Call) -> Json:
    channel = _managed(world, call, MANAGE_ROLES)
    if channel["type"] in payloads.THREADS:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    return channel


def _grantable(call: Call, world: World, before: list[Json], after: list[Json]) -> None:
    """Only what the bot has itself can it allow or deny to others.

    Raises:
        ApiError: 50013.
    """
    old = {entry["id"]: entry for entry in before}
    held = world.permissions(call.bot.id)
    for entry in after:
        for key in ("allow", "deny"):
            changed = int(entry[key]) ^ int(old.get(entry["id"], {}).get(key, "0"))
            if changed & payloads.ALL_PERMISSIONS & ~held:
                raise MISSING_PERMISSIONS
