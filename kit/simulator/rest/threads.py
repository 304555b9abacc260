"""The routes of threads: start, list, change, delete."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from kit.simulator.errors import ApiError, invalid_field
from kit.simulator.limits import guilds as guild_limits
from kit.simulator.rest.calls import Call, Created
from kit.simulator.rest.guild import guild
from kit.simulator.rest.messages import ARCHIVED, find, in_channel, send
from kit.simulator.rest.routing import Routes
from kit.simulator.world import messages, payloads, starting
from kit.simulator.world.permissions import (
    CREATE_PRIVATE_THREADS,
    CREATE_PUBLIC_THREADS,
    MANAGE_THREADS,
    MISSING_PERMISSIONS,
    READ_MESSAGE_HISTORY,
    SEND_MESSAGES,
    VIEW_CHANNEL,
    lacking,
    require,
)

if TYPE_CHECKING:
    from kit.simulator.server import Simulator
    from kit.simulator.world.world import World

Json = dict[str, Any]
REQUIRE_TAG = 1 << 4
NAMES_OF_OWNER = {"name", "archived", "auto_archive_duration", "invitable", "applied_tags"}

routes = Routes()
CHANNEL = "channels/{channel_id}"


@routes.add("POST", CHANNEL + "/messages/{message_id}/threads")
def start_from_message(simulator: Simulator, call: Call) -> Created:
    """Start Thread from Message."""
    world = simulator.world
    message = find(world, call)
    require(world, call.bot.id, CREATE_PUBLIC_THREADS, world.channels[message["channel_id"]])
    return Created(_start(world, call, guild_limits.thread_fields(call.form()), message=message))


@routes.add("POST", CHANNEL + "/threads")
def start(simulator: Simulator, call: Call) -> Created:
    """Start Thread without Message; in a forum or media channel, a post with its message."""
    world = simulator.world
    channel = in_channel(world, call, 0)
    fields = guild_limits.thread_fields(call.form(), channel)
    if channel["type"] in payloads.FORUMS:
        return Created(_post(world, call, channel, fields))
    private = fields.pop("type") == payloads.PRIVATE_THREAD
    require(world, call.bot.id, CREATE_PRIVATE_THREADS if private else CREATE_PUBLIC_THREADS, channel)
    return Created(_start(world, call, fields, private=private))


def _start(world: World, call: Call, fields: Json, **options: Any) -> Json:
    thread = starting.start(
        world,
        fields.pop("name"),
        call.params["channel_id"],
        owner_id=call.bot.id,
        auto_archive_minutes=fields.pop("auto_archive_duration"),
        fields={key: value for key, value in fields.items() if key != "type"},
        **options,
    )
    return world.shown_channel(thread, call.bot.id)


def _post(world: World, call: Call, channel: Json, fields: Json) -> Json:
    require(world, call.bot.id, SEND_MESSAGES, channel)
    if channel["flags"] & REQUIRE_TAG and not fields.get("applied_tags"):
        raise ApiError(400, 40067, "A tag is required to create a forum post in this channel")
    payload = call.form().form("G07", "message", required=True)
    if payload is None:
        raise invalid_field("message", "BASE_TYPE_REQUIRED", "This field is required")
    # Refused before there is a post: a thread without its first message would stay behind.
    messages.validate(payload.data, call.files, prefix=("message",), emojis=world.known_emojis(call.bot))
    thread = _start(world, call, fields)
    message = send(world, call, world.channels[thread["id"]], payload.data)
    return {**world.shown_channel(world.channels[thread["id"]], call.bot.id), "message": message}


def edit_thread(world: World, call: Call, thread: Json) -> Json:
    """Modify Channel, of a thread: whoever started it may do some of it, a moderator all.

    Args:
        world: Where.
        call: The request.
        thread: The thread.

    Raises:
        ApiError: 50083 if it is archived and stays so, 50013, or a field breaks a rule.
    """
    require(world, call.bot.id, 0, thread)
    fields = guild_limits.thread_changes(call.form(), world.channels[thread["parent_id"]])
    data = thread["thread_metadata"]
    wakes = fields.get("archived") is False
    if data["archived"] and not wakes:
        raise ARCHIVED
    if lacking(world, call.bot.id, MANAGE_THREADS, thread):
        everyones = wakes and set(fields) == {"archived"} and not data["locked"]
        owners = thread["owner_id"] == call.bot.id and set(fields) <= NAMES_OF_OWNER and not data["locked"]
        if not owners and (not everyones or lacking(world, call.bot.id, SEND_MESSAGES, thread)):
            raise MISSING_PERMISSIONS
    changed = {**data, **{key: fields.pop(key) for key in tuple(fields) if key in data}}
    if changed["archived"] != data["archived"]:
        changed["archive_timestamp"] = world.clock.timestamp()
    return world.put_thread({**thread, **fields, "thread_metadata": changed})


@routes.add("GET", "guilds/{guild_id}/threads/active")
def list_active(simulator: Simulator, call: Call) -> Json:
    """List Active Guild Threads."""
    world = simulator.world
    guild(world, call)
    active = [thread for thread in world.threads() if not thread["thread_metadata"]["archived"]]
    visible = [thread for thread in active if not lacking(world, call.bot.id, VIEW_CHANNEL, thread)]
    newest = sorted(visible, key=lambda thread: -int(thread["id"]))
    return {**_listed(world, call, newest), "has_more": False}


@routes.add("GET", CHANNEL + "/threads/archived/public")
def list_public(simulator: Simulator, call: Call) -> Json:
    """List Public Archived Threads."""
    in_channel(simulator.world, call, READ_MESSAGE_HISTORY)
    return _archived(simulator.world, call, lambda thread: thread["type"] != payloads.PRIVATE_THREAD)


@routes.add("GET", CHANNEL + "/threads/archived/private")
def list_private(simulator: Simulator, call: Call) -> Json:
    """List Private Archived Threads."""
    in_channel(simulator.world, call, READ_MESSAGE_HISTORY | MANAGE_THREADS)
    return _archived(simulator.world, call, lambda thread: thread["type"] == payloads.PRIVATE_THREAD)


@routes.add("GET", CHANNEL + "/users/@me/threads/archived/private")
def list_own_private(simulator: Simulator, call: Call) -> Json:
    """List Joined Private Archived Threads."""
    world = simulator.world
    in_channel(world, call, READ_MESSAGE_HISTORY)
    before, limit = call.number("before", 1 << 64, 0, 1 << 64), call.number("limit", 50, 2, 100)
    found = [
        thread
        for thread in world.threads(call.params["channel_id"])
        if thread["type"] == payloads.PRIVATE_THREAD
        and thread["thread_metadata"]["archived"]
        and call.bot.id in world.thread_members.get(thread["id"], ())
        and int(thread["id"]) < before
    ]
    found.sort(key=lambda thread: -int(thread["id"]))
    return {**_listed(world, call, found[:limit]), "has_more": len(found) > limit}


def _archived(world: World, call: Call, wanted: Callable[[Json], bool]) -> Json:
    limit, before = call.number("limit", 50, 2, 100), call.moment("before")
    found = [
        (dt.datetime.fromisoformat(thread["thread_metadata"]["archive_timestamp"]), thread)
        for thread in world.threads(call.params["channel_id"])
        if thread["thread_metadata"]["archived"] and wanted(thread)
    ]
    older = [entry for entry in found if before is None or entry[0] < before]
    older.sort(key=lambda entry: entry[0], reverse=True)
    shown = _listed(world, call, [thread for _, thread in older[:limit]])
    return {**shown, "has_more": len(older) > limit}


def _listed(world: World, call: Call, threads: Iterable[Json]) -> Json:
    found = list(threads)
    joined = [thread["id"] for thread in found if call.bot.id in world.thread_members.get(thread["id"], ())]
    members = [world.thread_member(thread_id, call.bot.id) for thread_id in joined]
    return {"threads": found, "members": members}
