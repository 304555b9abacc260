"""Who reacted to a message, and with what."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kit.simulator.emoji import is_emoji
from kit.simulator.errors import ApiError, unknown
from kit.simulator.world.payloads import DM_CHANNEL

if TYPE_CHECKING:
    from kit.simulator.world.world import World

Json = dict[str, Any]

MAX_REACTIONS = 20
CUSTOM_EMOJI = re.compile(r"<?(?:a?:)?(\w{1,32}):(\d{1,20})>?", re.ASCII)


def parse(text: str, known: Sequence[Json]) -> Json:
    """The partial emoji of a reaction.

    Args:
        text: A Unicode emoji, or ``name:id`` of a custom one.
        known: The custom emoji that can be used.

    Raises:
        ApiError: 10014, there is no such emoji.
    """
    custom = CUSTOM_EMOJI.fullmatch(text)
    if custom is None:
        if not is_emoji(text):
            raise unknown("Emoji")
        return {"id": None, "name": text}
    for emoji in known:
        if emoji["id"] == custom[2]:
            partial = {"id": emoji["id"], "name": emoji["name"]}
            return {**partial, "animated": True} if emoji.get("animated") else partial
    raise unknown("Emoji")


def key_of(emoji: Json) -> str:
    """What tells one emoji from the others.

    Args:
        emoji: A partial emoji.
    """
    return str(emoji["id"] or emoji["name"])


def add(world: World, message: Json, emoji: Json, user_id: str) -> None:
    """Adds somebody's reaction; a second one of theirs with the same emoji changes nothing.

    Args:
        world: Where.
        message: The message.
        emoji: The partial emoji.
        user_id: Who reacts.

    Raises:
        ApiError: 30010, the message has too many different ones.
    """
    key, channel = key_of(emoji), world.channels[message["channel_id"]]
    by_emoji = world.reactors.setdefault(message["id"], {})
    if key not in by_emoji and len(by_emoji) >= MAX_REACTIONS:
        raise ApiError(400, 30010, f"Maximum number of reactions reached ({MAX_REACTIONS})")
    if user_id in by_emoji.get(key, ()):
        return
    by_emoji.setdefault(key, []).append(user_id)
    others = [dict(reaction) for reaction in message.get("reactions", ())]
    _count(world, message, [*others, {"emoji": emoji}] if len(by_emoji[key]) == 1 else others)
    event = _event(message, emoji, user_id)
    event["message_author_id"] = message["author"]["id"]
    if channel["type"] != DM_CHANNEL and user_id in world.members:
        event["member"] = world.member(user_id)
    world.emit("MESSAGE_REACTION_ADD", event)


def remove(world: World, message: Json, emoji: Json, user_id: str) -> None:
    """Takes somebody's reaction away, if there is one.

    Args:
        world: Where.
        message: The message.
        emoji: The partial emoji.
        user_id: Whose.
    """
    users = world.reactors.get(message["id"], {}).get(key_of(emoji), [])
    if user_id not in users:
        return
    users.remove(user_id)
    _count(world, message, message["reactions"])
    world.emit("MESSAGE_REACTION_REMOVE", _event(message, emoji, user_id))


def clear(world: World, message: Json, emoji: Json | None = None) -> None:
    """Takes everyone's reactions away.

    Args:
        world: Where.
        message: The message.
        emoji: The partial emoji; all when left out.
    """
    by_emoji = world.reactors.get(message["id"], {})
    ids = {"channel_id": message["channel_id"], "message_id": message["id"]}
    if emoji is None:
        by_emoji.clear()
        _count(world, message, [])
        world.emit("MESSAGE_REACTION_REMOVE_ALL", ids)
    elif by_emoji.pop(key_of(emoji), None):
        _count(world, message, message["reactions"])
        world.emit("MESSAGE_REACTION_REMOVE_EMOJI", {**ids, "emoji": emoji})


def _event(message: Json, emoji: Json, user_id: str) -> Json:
    ids = {"user_id": user_id, "channel_id": message["channel_id"], "message_id": message["id"]}
    return {**ids, "emoji": emoji, "burst": False, "type": 0}


def _count(world: World, message: Json, reactions: list[Json]) -> None:
    """Stores the counts anew; ``me`` is nobody's here, and is told when somebody looks."""
    by_emoji = world.reactors.get(message["id"], {})
    counted = []
    for reaction in reactions:
        users = by_emoji.get(key_of(reaction["emoji"]))
        if users:
            counts = {"count": len(users), "count_details": {"burst": 0, "normal": len(users)}}
            flags = {"me": False, "me_burst": False, "burst_colors": []}
            counted.append({"emoji": reaction["emoji"], **counts, **flags})
        else:
            by_emoji.pop(key_of(reaction["emoji"]), None)
    if not by_emoji:
        world.reactors.pop(message["id"], None)
    world.replace_quietly({**message, "reactions": counted})


def seen_by(world: World, message: Json, user_id: str | None) -> Json:
    """A message's reactions as one user sees them: ``me`` tells theirs.

    Args:
        world: Where.
        message: The message.
        user_id: Who looks.
    """
    by_emoji = world.reactors.get(message["id"])
    if not by_emoji or not message.get("reactions"):
        return message
    own = {key for key, users in by_emoji.items() if user_id in users}
    reactions = [{**r, "me": key_of(r["emoji"]) in own} for r in message["reactions"]]
    return {**message, "reactions": reactions}
