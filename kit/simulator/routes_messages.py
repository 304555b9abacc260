"""The routes of channels' messages: list, read, send, edit, delete, react, pin."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from . import messages
from .errors import ApiError, invalid_field, unknown
from .rest import Call, Routes

if TYPE_CHECKING:
    from .server import Simulator
    from .world import World

Json = dict[str, Any]
MAX_PINS = 250
MAX_REACTIONS = 20

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
        ApiError: 10003 or 10008.
    """
    channel = world.channel(call.params["channel_id"])
    message = world.message(call.params["message_id"])
    if message["channel_id"] != channel["id"] or world.viewer_of(message["id"]) is not None:
        raise unknown("Message")
    return message


@routes.add("GET", MESSAGES)
def list_messages(simulator: Simulator, call: Call) -> list[Json]:
    """Get Channel Messages."""
    newest = simulator.world.newest_first(call.params["channel_id"])
    limit = call.number("limit", 50, 1, 100)
    highest = 1 << 64
    if "around" in call.query:
        around = call.number("around", 0, 0, highest)
        everything = list(newest)
        place = next((i for i, m in enumerate(everything) if int(m["id"]) <= around), len(everything))
        return everything[max(0, place - limit // 2) :][:limit]
    if "after" in call.query:
        after = call.number("after", 0, 0, highest)
        return list(itertools.takewhile(lambda m: int(m["id"]) > after, newest))[-limit:]
    before = call.number("before", highest, 0, highest)
    return list(itertools.islice((m for m in newest if int(m["id"]) < before), limit))


@routes.add("GET", MESSAGE)
def get_message(simulator: Simulator, call: Call) -> Json:
    """Get Channel Message."""
    return find(simulator.world, call)


@routes.add("POST", MESSAGES)
def create_message(simulator: Simulator, call: Call) -> Json:
    """Create Message."""
    channel_id = simulator.world.channel(call.params["channel_id"])["id"]
    messages.validate(call.form(), call.files)
    return messages.create(simulator.world, channel_id, call.form(), call.files)


@routes.add("PATCH", MESSAGE)
def edit_message(simulator: Simulator, call: Call) -> Json:
    """Edit Message."""
    message = find(simulator.world, call)
    if message["author"]["id"] != simulator.world.application_id:
        raise ApiError(403, 50005, "Cannot edit a message authored by another user")
    messages.validate(call.form(), call.files, edit_of=message)
    return messages.edit(simulator.world, message, call.form(), call.files)


@routes.add("DELETE", MESSAGE)
def delete_message(simulator: Simulator, call: Call) -> None:
    """Delete Message."""
    simulator.world.delete_message(find(simulator.world, call)["id"])


@routes.add("POST", MESSAGES + "/bulk-delete")
def bulk_delete(simulator: Simulator, call: Call) -> None:
    """Bulk Delete Messages."""
    world = simulator.world
    channel_id = world.channel(call.params["channel_id"])["id"]
    ids = call.form().get("messages")
    if not isinstance(ids, list) or not 2 <= len(ids) <= 100:
        raise invalid_field("messages", "BASE_TYPE_BAD_LENGTH", "Must be between 2 and 100 in length.")
    for message_id in dict.fromkeys(str(item) for item in ids):
        if world.channel_of.get(message_id) == channel_id and world.viewer_of(message_id) is None:
            world.delete_message(message_id)


@routes.add("POST", "channels/{channel_id}/typing")
def typing(simulator: Simulator, call: Call) -> None:
    """Trigger Typing Indicator."""
    simulator.world.channel(call.params["channel_id"])


@routes.add("PUT", REACTIONS + "/{emoji}/@me")
def add_reaction(simulator: Simulator, call: Call) -> None:
    """Create Reaction."""
    _react(simulator.world, find(simulator.world, call), call.params["emoji"], simulator.world.application_id)


@routes.add("DELETE", REACTIONS + "/{emoji}/@me")
def remove_own_reaction(simulator: Simulator, call: Call) -> None:
    """Delete Own Reaction."""
    _unreact(simulator.world, find(simulator.world, call), call.params["emoji"])


@routes.add("DELETE", REACTIONS)
def clear_reactions(simulator: Simulator, call: Call) -> None:
    """Delete All Reactions."""
    message = find(simulator.world, call)
    simulator.world.replace_quietly({**message, "reactions": []})
    ids = {"channel_id": message["channel_id"], "message_id": message["id"]}
    simulator.world.emit("MESSAGE_REACTION_REMOVE_ALL", ids)


def _emoji(text: str) -> Json:
    name, _, emoji_id = text.removeprefix("a:").partition(":")
    return {"id": emoji_id or None, "name": name}


def _react(world: World, message: Json, text: str, user_id: str) -> None:
    emoji = _emoji(text)
    reactions = [dict(reaction) for reaction in message.get("reactions", ())]
    if any(reaction["emoji"] == emoji for reaction in reactions):
        return
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
    world.emit("MESSAGE_REACTION_ADD", event)


def _unreact(world: World, message: Json, text: str) -> None:
    emoji = _emoji(text)
    left = [reaction for reaction in message.get("reactions", ()) if reaction["emoji"] != emoji]
    if len(left) == len(message.get("reactions", ())):
        return
    world.replace_quietly({**message, "reactions": left})
    event = {"user_id": world.application_id, "channel_id": message["channel_id"]}
    event.update(message_id=message["id"], emoji=emoji, burst=False, type=0)
    world.emit("MESSAGE_REACTION_REMOVE", event)


def _pins(world: World, channel_id: str) -> list[Json]:
    return [message for message in world.newest_first(channel_id) if message["pinned"]]


@routes.add("GET", MESSAGES + "/pins")
def list_pins(simulator: Simulator, call: Call) -> Json:
    """Get Channel Pins."""
    limit = call.number("limit", 50, 1, 50)
    pins = _pins(simulator.world, call.params["channel_id"])
    items = [{"pinned_at": message["timestamp"], "message": message} for message in pins[:limit]]
    return {"items": items, "has_more": len(pins) > limit}


@routes.add("GET", "channels/{channel_id}/pins")
def list_pins_deprecated(simulator: Simulator, call: Call) -> list[Json]:
    """Get Pinned Messages, the older route."""
    return _pins(simulator.world, call.params["channel_id"])[:50]


@routes.add("PUT", "channels/{channel_id}/pins/{message_id}")
@routes.add("PUT", MESSAGES + "/pins/{message_id}")
def pin(simulator: Simulator, call: Call) -> None:
    """Pin Message."""
    if len(_pins(simulator.world, call.params["channel_id"])) >= MAX_PINS:
        raise ApiError(400, 30003, f"Maximum number of pins reached for the channel ({MAX_PINS})")
    _set_pinned(simulator.world, find(simulator.world, call), pinned=True)


@routes.add("DELETE", "channels/{channel_id}/pins/{message_id}")
@routes.add("DELETE", MESSAGES + "/pins/{message_id}")
def unpin(simulator: Simulator, call: Call) -> None:
    """Unpin Message."""
    _set_pinned(simulator.world, find(simulator.world, call), pinned=False)


def _set_pinned(world: World, message: Json, *, pinned: bool) -> None:
    if message["pinned"] == pinned:
        return
    world.put_message({**message, "pinned": pinned})
    channel_id = message["channel_id"]
    event: Json = {"channel_id": channel_id}
    event["last_pin_timestamp"] = message["timestamp"] if pinned else None
    world.emit("CHANNEL_PINS_UPDATE", event)
