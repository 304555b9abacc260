"""The routes of channels' messages: list, read, send, edit, delete, react, pin."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any

from kit.simulator.emoji import is_emoji
from kit.simulator.errors import ApiError, unknown
from kit.simulator.rest.calls import Call
from kit.simulator.rest.routing import Routes
from kit.simulator.world import messages, payloads
from kit.simulator.world.permissions import (
    ADD_REACTIONS,
    ATTACH_FILES,
    EMBED_LINKS,
    MANAGE_MESSAGES,
    PIN_MESSAGES,
    READ_MESSAGE_HISTORY,
    SEND_MESSAGES,
    SEND_TTS_MESSAGES,
    lacking,
    require,
)

if TYPE_CHECKING:
    from kit.simulator.server import Simulator
    from kit.simulator.world.world import World

Json = dict[str, Any]
MAX_PINS = 250
MAX_REACTIONS = 20
MESSAGEABLE = (0, 1, 2, 5, 13)
CUSTOM_EMOJI = re.compile(r"(?:a?:)?(\w{1,32}):(\d{1,20})", re.ASCII)

routes = Routes()
MESSAGES = "channels/{channel_id}/messages"
MESSAGE = "channels/{channel_id}/messages/{message_id}"
REACTIONS = "channels/{channel_id}/messages/{message_id}/reactions"


def find(world: World, call: Call) -> Json:
    """The message of a path, as a bot may see it: ephemeral ones are not there.

    Args:
        world: Where.
        call: The request.

    Raises:
        ApiError: 10003, 10008 or 50001.
    """
    channel = world.channel(call.params["channel_id"])
    require(world, call.bot.id, 0, channel)
    message = world.message(call.params["message_id"])
    if message["channel_id"] != channel["id"] or world.viewer_of(message["id"]) is not None:
        raise unknown("Message")
    return message


def _in_channel(world: World, call: Call, needed: int) -> Json:
    """The channel of a path, if the bot holds some permissions there.

    Raises:
        ApiError: 10003, 50001 or 50013.
    """
    channel = world.channel(call.params["channel_id"])
    require(world, call.bot.id, needed, channel)
    return channel


def _history(world: World, call: Call) -> list[str]:
    """The ids of a channel's messages, oldest first; none to a bot that may not read its history.

    Raises:
        ApiError: 10003 or 50001.
    """
    channel = _in_channel(world, call, 0)
    hidden = lacking(world, call.bot.id, READ_MESSAGE_HISTORY, channel)
    return [] if hidden else world.listed(channel["id"])


@routes.add("GET", MESSAGES)
def list_messages(simulator: Simulator, call: Call) -> list[Json]:
    """Get Channel Messages."""
    ids = _history(simulator.world, call)
    limit = call.number("limit", 50, 1, 100)
    highest = 1 << 64
    if "after" in call.query and "around" not in call.query:
        start = bisect_right(ids, call.number("after", 0, 0, highest), key=int)
        end = start + limit
    else:
        if "around" in call.query:
            middle = bisect_right(ids, call.number("around", 0, 0, highest), key=int)
            end = min(len(ids), middle + limit // 2)
        else:
            end = bisect_left(ids, call.number("before", highest, 0, highest), key=int)
        start = max(0, end - limit)
    return [simulator.world.message(key) for key in reversed(ids[start:end])]


@routes.add("GET", MESSAGE)
def get_message(simulator: Simulator, call: Call) -> Json:
    """Get Channel Message."""
    _in_channel(simulator.world, call, READ_MESSAGE_HISTORY)
    return find(simulator.world, call)


@routes.add("POST", MESSAGES)
def create_message(simulator: Simulator, call: Call) -> Json:
    """Create Message."""
    channel, payload = _in_channel(simulator.world, call, SEND_MESSAGES), call.form().data
    if channel["type"] not in MESSAGEABLE:
        raise ApiError(400, 50008, "Cannot send messages in a non-text channel")
    messages.validate(payload, call.files)
    extras = ((EMBED_LINKS, payload.get("embeds")), (ATTACH_FILES, call.files))
    for needed, used in (*extras, (SEND_TTS_MESSAGES, payload.get("tts"))):
        require(simulator.world, call.bot.id, needed if used else 0, channel)
    return messages.create(simulator.world, channel["id"], payload, call.files, author=call.bot.user)


@routes.add("PATCH", MESSAGE)
def edit_message(simulator: Simulator, call: Call) -> Json:
    """Edit Message."""
    message = find(simulator.world, call)
    if message["author"]["id"] != call.bot.id:
        raise ApiError(403, 50005, "Cannot edit a message authored by another user")
    payload = call.form().data
    messages.validate(payload, call.files, edit_of=message)
    return messages.edit(simulator.world, message, payload, call.files)


@routes.add("DELETE", MESSAGE)
def delete_message(simulator: Simulator, call: Call) -> None:
    """Delete Message."""
    message = find(simulator.world, call)
    if message["author"]["id"] != call.bot.id:
        _manage_messages(simulator.world, call)
    simulator.world.delete_message(message["id"])


def _manage_messages(world: World, call: Call) -> Json:
    """A channel of the guild where the bot may touch what others wrote.

    Raises:
        ApiError: 10003, 50001, 50003 or 50013.
    """
    channel = _in_channel(world, call, MANAGE_MESSAGES)
    if channel["type"] == payloads.DM_CHANNEL:
        raise ApiError(400, 50003, "Cannot execute action on a DM channel")
    return channel


@routes.add("POST", MESSAGES + "/bulk-delete")
def bulk_delete(simulator: Simulator, call: Call) -> None:
    """Bulk Delete Messages."""
    channel, form = _manage_messages(simulator.world, call), call.form()
    ids = form.snowflakes("M15", "messages", 2, 100, required=True)
    form.check()
    simulator.world.delete_messages(channel["id"], ids)


@routes.add("POST", "channels/{channel_id}/typing")
def typing(simulator: Simulator, call: Call) -> None:
    """Trigger Typing Indicator."""
    _in_channel(simulator.world, call, SEND_MESSAGES)


@routes.add("PUT", REACTIONS + "/{emoji}/@me")
def add_reaction(simulator: Simulator, call: Call) -> None:
    """Create Reaction."""
    _react(simulator.world, find(simulator.world, call), call.params["emoji"], call.bot.id)


@routes.add("DELETE", REACTIONS + "/{emoji}/@me")
def remove_own_reaction(simulator: Simulator, call: Call) -> None:
    """Delete Own Reaction."""
    _unreact(simulator.world, find(simulator.world, call), call.params["emoji"], call.bot.id)


@routes.add("DELETE", REACTIONS)
def clear_reactions(simulator: Simulator, call: Call) -> None:
    """Delete All Reactions."""
    message = find(simulator.world, call)
    _manage_messages(simulator.world, call)
    simulator.world.replace_quietly({**message, "reactions": []})
    ids = {"channel_id": message["channel_id"], "message_id": message["id"]}
    simulator.world.emit("MESSAGE_REACTION_REMOVE_ALL", ids)


def _emoji(text: str) -> Json:
    custom = CUSTOM_EMOJI.fullmatch(text)
    if custom is None and not is_emoji(text):
        raise unknown("Emoji")
    return {"id": custom[2], "name": custom[1]} if custom else {"id": None, "name": text}


def _react(world: World, message: Json, text: str, user_id: str) -> None:
    emoji = _emoji(text)
    reactions = [dict(reaction) for reaction in message.get("reactions", ())]
    if any(reaction["emoji"] == emoji for reaction in reactions):
        return
    channel = world.channel(message["channel_id"])
    require(world, user_id, ADD_REACTIONS | READ_MESSAGE_HISTORY, channel)
    if len(reactions) >= MAX_REACTIONS:
        raise ApiError(400, 30010, f"Maximum number of reactions reached ({MAX_REACTIONS})")
    details = {"burst": 0, "normal": 1}
    reactions.append(
        {
            "emoji": emoji,
            "count": 1,
            "count_details": details,
            "me": True,
            "me_burst": False,
            "burst_colors": [],
        }
    )
    world.replace_quietly({**message, "reactions": reactions})
    event = {"user_id": user_id, "channel_id": message["channel_id"], "message_id": message["id"]}
    event.update(emoji=emoji, burst=False, type=0, message_author_id=message["author"]["id"])
    if channel["type"] != payloads.DM_CHANNEL:
        event["member"] = world.member(user_id)
    world.emit("MESSAGE_REACTION_ADD", event)


def _unreact(world: World, message: Json, text: str, user_id: str) -> None:
    emoji = _emoji(text)
    left = [reaction for reaction in message.get("reactions", ()) if reaction["emoji"] != emoji]
    if len(left) == len(message.get("reactions", ())):
        return
    world.replace_quietly({**message, "reactions": left})
    event = {"user_id": user_id, "channel_id": message["channel_id"]}
    event.update(message_id=message["id"], emoji=emoji, burst=False, type=0)
    world.emit("MESSAGE_REACTION_REMOVE", event)


def _pins(world: World, call: Call) -> list[Json]:
    newest = map(world.message, reversed(_history(world, call)))
    return [message for message in newest if message["pinned"]]


@routes.add("GET", MESSAGES + "/pins")
def list_pins(simulator: Simulator, call: Call) -> Json:
    """Get Channel Pins."""
    limit = call.number("limit", 50, 1, 50)
    pins = _pins(simulator.world, call)
    items = [{"pinned_at": message["timestamp"], "message": message} for message in pins[:limit]]
    return {"items": items, "has_more": len(pins) > limit}


@routes.add("GET", "channels/{channel_id}/pins")
def list_pins_deprecated(simulator: Simulator, call: Call) -> list[Json]:
    """Get Pinned Messages, the older route."""
    return _pins(simulator.world, call)[:50]


@routes.add("PUT", "channels/{channel_id}/pins/{message_id}")
@routes.add("PUT", MESSAGES + "/pins/{message_id}")
def pin(simulator: Simulator, call: Call) -> None:
    """Pin Message."""
    _in_channel(simulator.world, call, PIN_MESSAGES)
    if len(_pins(simulator.world, call)) >= MAX_PINS:
        raise ApiError(400, 30003, f"Maximum number of pins reached for the channel ({MAX_PINS})")
    _set_pinned(simulator.world, find(simulator.world, call), pinned=True)


@routes.add("DELETE", "channels/{channel_id}/pins/{message_id}")
@routes.add("DELETE", MESSAGES + "/pins/{message_id}")
def unpin(simulator: Simulator, call: Call) -> None:
    """Unpin Message."""
    _in_channel(simulator.world, call, PIN_MESSAGES)
    _set_pinned(simulator.world, find(simulator.world, call), pinned=False)


def _set_pinned(world: World, message: Json, *, pinned: bool) -> None:
    if message["pinned"] == pinned:
        return
    world.put_message({**message, "pinned": pinned})
    channel_id = message["channel_id"]
    event: Json = {"channel_id": channel_id}
    event["last_pin_timestamp"] = message["timestamp"] if pinned else None
    world.emit("CHANNEL_PINS_UPDATE", event)
