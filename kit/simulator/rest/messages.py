"""The routes of channels' messages: list, read, send, edit, delete, pin."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any

from kit.simulator.errors import ApiError, unknown
from kit.simulator.rest.calls import Call
from kit.simulator.rest.routing import Routes
from kit.simulator.world import messages, payloads, pins
from kit.simulator.world.permissions import (
    ATTACH_FILES,
    EMBED_LINKS,
    MANAGE_MESSAGES,
    MANAGE_THREADS,
    PIN_MESSAGES,
    READ_MESSAGE_HISTORY,
    SEND_MESSAGES,
    SEND_TTS_MESSAGES,
    lacking,
    require,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kit.simulator.server import Simulator
    from kit.simulator.world.world import World

Json = dict[str, Any]
MAX_PINS = 250
BULK_SECONDS = 14 * 86_400
ARCHIVED = ApiError(400, 50083, "Thread is archived")
LOCKED = ApiError(400, 160005, "Thread is locked")

routes = Routes()
MESSAGES = "channels/{channel_id}/messages"
MESSAGE = "channels/{channel_id}/messages/{message_id}"


def find(world: World, call: Call) -> Json:
    """The message of a path, as a bot may see it: ephemeral ones are not there.

    Args:
        world: Where.
        call: The request.

    Raises:
        ApiError: 10003, 10008 or 50001.
    """
    channel = world.find_channel(call.params["channel_id"])
    require(world, call.bot.id, 0, channel)
    message = world.message(call.params["message_id"])
    if message["channel_id"] != channel["id"] or world.viewer_of(message["id"]) is not None:
        raise unknown("Message")
    return message


def shown(world: World, call: Call, message: Json) -> Json:
    """A message as a bot gets it; what others wrote is hidden from an application that may not read it.

    Args:
        world: Where.
        call: The request.
        message: The message.
    """
    seen = world.seen(message, call.bot.id)
    if "message_content" in call.bot.privileged_intents:
        return seen
    return messages.without_content(world, seen, call.bot.id)


def in_channel(world: World, call: Call, needed: int) -> Json:
    """The channel of a path, if the bot holds some permissions there.

    Args:
        world: Where.
        call: The request.
        needed: The permissions.

    Raises:
        ApiError: 10003, 50001 or 50013.
    """
    channel = world.find_channel(call.params["channel_id"])
    require(world, call.bot.id, needed, channel)
    return channel


def _messageable(channel: Json) -> Json:
    if channel["type"] not in payloads.MESSAGEABLE:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    return channel


def _history(world: World, call: Call) -> list[str]:
    """The ids of a channel's messages, oldest first; none to a bot that may not read its history.

    Raises:
        ApiError: 10003 or 50001.
    """
    channel = _messageable(in_channel(world, call, 0))
    hidden = lacking(world, call.bot.id, READ_MESSAGE_HISTORY, channel)
    return [] if hidden else world.listed(channel["id"])


@routes.add("GET", MESSAGES)
def list_messages(simulator: Simulator, call: Call) -> list[Json]:
    """Get Channel Messages."""
    ids = _history(simulator.world, call)
    limit = call.number("limit", 50, 1, 100)
    highest = 1 << 64
    if "around" in call.query:
        middle = bisect_left(ids, call.number("around", 0, 0, highest), key=int)
        start, end = max(0, middle - (limit - 1) // 2), middle + limit // 2 + 1
    elif "after" in call.query:
        start = bisect_right(ids, call.number("after", 0, 0, highest), key=int)
        end = start + limit
    else:
        end = bisect_left(ids, call.number("before", highest, 0, highest), key=int)
        start = max(0, end - limit)
    return [shown(simulator.world, call, simulator.world.message(key)) for key in reversed(ids[start:end])]


@routes.add("GET", MESSAGE)
def get_message(simulator: Simulator, call: Call) -> Json:
    """Get Channel Message."""
    in_channel(simulator.world, call, READ_MESSAGE_HISTORY)
    return shown(simulator.world, call, find(simulator.world, call))


@routes.add("POST", MESSAGES)
def create_message(simulator: Simulator, call: Call) -> Json:
    """Create Message."""
    channel = in_channel(simulator.world, call, SEND_MESSAGES)
    return send(simulator.world, call, channel, call.form().data)


def send(world: World, call: Call, channel: Json, payload: Mapping[str, Any]) -> Json:
    """Sends a bot's message.

    Args:
        world: Where.
        call: The request, with its files.
        channel: Where to; the bot may write there.
        payload: The message.

    Raises:
        ApiError: What is wrong with it, or what it may not do there.
    """
    if channel["type"] == payloads.DM_CHANNEL and not world.takes_direct_messages(channel):
        raise ApiError(403, 50007, "Cannot send messages to this user")
    if channel["type"] not in payloads.MESSAGEABLE:
        raise ApiError(400, 50008, "Cannot send messages in a non-text channel")
    locked = channel.get("thread_metadata", {}).get("locked")
    if locked and lacking(world, call.bot.id, MANAGE_THREADS, channel):
        raise LOCKED
    messages.validate(payload, call.files, emojis=world.known_emojis(call.bot))
    extras = ((EMBED_LINKS, payload.get("embeds")), (ATTACH_FILES, call.files))
    for needed, used in (*extras, (SEND_TTS_MESSAGES, payload.get("tts"))):
        require(world, call.bot.id, needed if used else 0, channel)
    before = messages.sent_before(world, channel["id"], payload, call.bot.id)
    message = before or messages.create(world, channel["id"], payload, call.files, author=call.bot.user)
    return world.seen(message, call.bot.id)


def active(world: World, message: Json) -> Json:
    """A message that can be changed: it is in no archived thread.

    Args:
        world: Where.
        message: The message.

    Raises:
        ApiError: 50083.
    """
    channel = world.channels[message["channel_id"]]
    if channel["type"] in payloads.THREADS and channel["thread_metadata"]["archived"]:
        raise ARCHIVED
    return message


@routes.add("PATCH", MESSAGE)
def edit_message(simulator: Simulator, call: Call) -> Json:
    """Edit Message. Of what others wrote, a moderator can hide the embeds."""
    world = simulator.world
    message, payload = active(world, find(world, call)), call.form().data
    if message["author"]["id"] != call.bot.id or message.get("webhook_id") not in (None, call.bot.id):
        if call.files or "flags" not in payload or messages.WRITTEN & set(payload):
            raise ApiError(403, 50005, "Cannot edit a message authored by another user")
        manage_messages(world, call)
    messages.validate(payload, call.files, edit_of=message, emojis=world.known_emojis(call.bot))
    return world.seen(messages.edit(world, message, payload, call.files), call.bot.id)


@routes.add("DELETE", MESSAGE)
def delete_message(simulator: Simulator, call: Call) -> None:
    """Delete Message."""
    message = find(simulator.world, call)
    if message["author"]["id"] != call.bot.id:
        manage_messages(simulator.world, call)
    simulator.world.delete_message(message["id"])


def manage_messages(world: World, call: Call) -> Json:
    """A channel of the guild where the bot may touch what others wrote.

    Args:
        world: Where.
        call: The request.

    Raises:
        ApiError: 10003, 50001, 50003 or 50013.
    """
    channel = in_channel(world, call, MANAGE_MESSAGES)
    if channel["type"] == payloads.DM_CHANNEL:
        raise ApiError(400, 50003, "Cannot execute action on a DM channel")
    return channel


@routes.add("POST", MESSAGES + "/bulk-delete")
def bulk_delete(simulator: Simulator, call: Call) -> None:
    """Bulk Delete Messages."""
    channel, form = manage_messages(simulator.world, call), call.form()
    ids = form.snowflakes("M15", "messages", 2, 100, required=True)
    form.check()
    world = simulator.world
    if min(map(world.snowflakes.time_of, ids)) < world.clock.time() - BULK_SECONDS:
        raise ApiError(400, 50034, "You can only bulk delete messages that are under 14 days old.")
    world.delete_messages(channel["id"], ids)


@routes.add("POST", "channels/{channel_id}/typing")
def typing(simulator: Simulator, call: Call) -> None:
    """Trigger Typing Indicator."""
    channel = _messageable(in_channel(simulator.world, call, SEND_MESSAGES))
    messages.show_typing(simulator.world, channel["id"], call.bot.id)


def _pins(world: World, call: Call, before: dt.datetime | None = None) -> list[Json]:
    """What is pinned in a channel, newest pin first; none to a bot that may not read its history."""
    channel = in_channel(world, call, 0)
    if lacking(world, call.bot.id, READ_MESSAGE_HISTORY, channel):
        return []
    pinned = [
        {"pinned_at": when, "message": shown(world, call, world.message(key))}
        for key, when in reversed(world.pins.get(channel["id"], {}).items())
        if before is None or dt.datetime.fromisoformat(when) < before
    ]
    # Of two that were pinned at one moment the order stays.
    return sorted(pinned, key=lambda entry: str(entry["pinned_at"]), reverse=True)


@routes.add("GET", MESSAGES + "/pins")
def list_pins(simulator: Simulator, call: Call) -> Json:
    """Get Channel Pins."""
    limit = call.number("limit", 50, 1, 50)
    found = _pins(simulator.world, call, call.moment("before"))
    return {"items": found[:limit], "has_more": len(found) > limit}


@routes.add("GET", "channels/{channel_id}/pins")
def list_pins_deprecated(simulator: Simulator, call: Call) -> list[Json]:
    """Get Pinned Messages, the older route."""
    return [entry["message"] for entry in _pins(simulator.world, call)[:50]]


@routes.add("PUT", "channels/{channel_id}/pins/{message_id}")
@routes.add("PUT", MESSAGES + "/pins/{message_id}")
def pin(simulator: Simulator, call: Call) -> None:
    """Pin Message."""
    world = simulator.world
    channel = in_channel(world, call, PIN_MESSAGES)
    message = active(world, find(world, call))
    if len(world.pins.get(channel["id"], ())) >= MAX_PINS and not message["pinned"]:
        raise ApiError(400, 30003, f"Maximum number of pins reached for the channel ({MAX_PINS})")
    pins.pin(world, message, user=call.bot.user)


@routes.add("DELETE", "channels/{channel_id}/pins/{message_id}")
@routes.add("DELETE", MESSAGES + "/pins/{message_id}")
def unpin(simulator: Simulator, call: Call) -> None:
    """Unpin Message."""
    in_channel(simulator.world, call, PIN_MESSAGES)
    pins.unpin(simulator.world, active(simulator.world, find(simulator.world, call)))
