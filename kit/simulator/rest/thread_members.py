"""The routes of who is in a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kit.simulator.errors import ApiError, unknown
from kit.simulator.rest.calls import Call
from kit.simulator.rest.messages import ARCHIVED
from kit.simulator.rest.routing import Routes
from kit.simulator.world import payloads
from kit.simulator.world.permissions import (
    MANAGE_THREADS,
    MISSING_PERMISSIONS,
    SEND_MESSAGES,
    lacking,
    require,
)

if TYPE_CHECKING:
    from kit.simulator.server import Simulator
    from kit.simulator.world.world import World

Json = dict[str, Any]
WRONG_CHANNEL = ApiError(400, 50024, "Cannot execute action on this channel type")

routes = Routes()
MEMBERS = "channels/{channel_id}/thread-members"


def _thread(world: World, call: Call, *, active: bool = True) -> Json:
    """The thread of a path.

    Raises:
        ApiError: 10003, 50001, 50024 for another channel, or 50083 if it shall be active and is archived.
    """
    thread = world.find_channel(call.params["channel_id"])
    require(world, call.bot.id, 0, thread)
    if thread["type"] not in payloads.THREADS:
        raise WRONG_CHANNEL
    if active and thread["thread_metadata"]["archived"]:
        raise ARCHIVED
    return thread


@routes.add("PUT", MEMBERS + "/@me")
def join(simulator: Simulator, call: Call) -> None:
    """Join Thread."""
    world = simulator.world
    world.join_thread(_thread(world, call)["id"], call.bot.id)


@routes.add("DELETE", MEMBERS + "/@me")
def leave(simulator: Simulator, call: Call) -> None:
    """Leave Thread."""
    world = simulator.world
    thread = _thread(world, call)
    if call.bot.id in world.thread_members.get(thread["id"], ()):
        world.leave_thread(thread["id"], call.bot.id)


@routes.add("PUT", MEMBERS + "/{user_id}")
def add(simulator: Simulator, call: Call) -> None:
    """Add Thread Member."""
    world = simulator.world
    thread = _thread(world, call)
    require(world, call.bot.id, SEND_MESSAGES, thread)
    closed = not thread["thread_metadata"].get("invitable", True) and thread["owner_id"] != call.bot.id
    if closed and lacking(world, call.bot.id, MANAGE_THREADS, thread):
        raise MISSING_PERMISSIONS
    world.join_thread(thread["id"], call.params["user_id"])


@routes.add("DELETE", MEMBERS + "/{user_id}")
def remove(simulator: Simulator, call: Call) -> None:
    """Remove Thread Member: a moderator may, and whoever started a private thread."""
    world = simulator.world
    thread = _thread(world, call)
    own = thread["type"] == payloads.PRIVATE_THREAD and thread["owner_id"] == call.bot.id
    if not own:
        require(world, call.bot.id, MANAGE_THREADS, thread)
    world.leave_thread(thread["id"], call.params["user_id"])


@routes.add("GET", MEMBERS)
def list_members(simulator: Simulator, call: Call) -> list[Json]:
    """List Thread Members."""
    world = simulator.world
    thread = _thread(world, call, active=False)
    limit, after = call.number("limit", 100, 1, 100), call.number("after", 0, 0, 1 << 64)
    ids = sorted(world.thread_members.get(thread["id"], ()), key=int)
    shown = [_shown(world, call, thread["id"], user_id) for user_id in ids if int(user_id) > after]
    return shown[:limit] if call.query.get("with_member") else shown


@routes.add("GET", MEMBERS + "/{user_id}")
def get_member(simulator: Simulator, call: Call) -> Json:
    """Get Thread Member."""
    world = simulator.world
    thread = _thread(world, call, active=False)
    if call.params["user_id"] not in world.thread_members.get(thread["id"], ()):
        raise unknown("Member")
    return _shown(world, call, thread["id"], call.params["user_id"])


def _shown(world: World, call: Call, thread_id: str, user_id: str) -> Json:
    member = world.thread_member(thread_id, user_id)
    if call.query.get("with_member", "").lower() in ("1", "true") and user_id in world.members:
        return {**member, "member": world.member(user_id)}
    return member
