"""The routes of reactions: add, remove, list, clear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kit.simulator.errors import unknown
from kit.simulator.rest.calls import Call
from kit.simulator.rest.messages import active, find, manage_messages
from kit.simulator.rest.routing import Routes
from kit.simulator.world import reactions
from kit.simulator.world.permissions import ADD_REACTIONS, READ_MESSAGE_HISTORY, require

if TYPE_CHECKING:
    from kit.simulator.server import Simulator
    from kit.simulator.world.world import World

Json = dict[str, Any]

routes = Routes()
REACTIONS = "channels/{channel_id}/messages/{message_id}/reactions"
REACTION = REACTIONS + "/{emoji}"


def _emoji(world: World, call: Call, message: Json) -> Json:
    """The emoji of a path: one that is on the message, wherever it came from, or one that the bot can use."""
    there = [reaction["emoji"] for reaction in message.get("reactions", ()) if reaction["emoji"]["id"]]
    return reactions.parse(call.params["emoji"], [*there, *world.guild["emojis"], *call.bot.emojis])


@routes.add("PUT", REACTION + "/@me")
def add_reaction(simulator: Simulator, call: Call) -> None:
    """Create Reaction."""
    world = simulator.world
    message = active(world, find(world, call))
    emoji = _emoji(world, call, message)
    new = all(reaction["emoji"] != emoji for reaction in message.get("reactions", ()))
    needed = READ_MESSAGE_HISTORY | (ADD_REACTIONS if new else 0)
    require(world, call.bot.id, needed, world.channels[message["channel_id"]])
    reactions.add(world, message, emoji, call.bot.id)


@routes.add("DELETE", REACTION + "/@me")
def remove_own_reaction(simulator: Simulator, call: Call) -> None:
    """Delete Own Reaction."""
    message = find(simulator.world, call)
    emoji = _emoji(simulator.world, call, message)
    reactions.remove(simulator.world, active(simulator.world, message), emoji, call.bot.id)


@routes.add("DELETE", REACTION + "/{user_id}")
def remove_reaction(simulator: Simulator, call: Call) -> None:
    """Delete User Reaction."""
    world, user_id = simulator.world, call.params["user_id"]
    message = find(world, call)
    if user_id != call.bot.id:
        manage_messages(world, call)
    world.user_by_id(user_id)
    reactions.remove(world, active(world, message), _emoji(world, call, message), user_id)


@routes.add("GET", REACTION)
def get_reactions(simulator: Simulator, call: Call) -> list[Json]:
    """Get Reactions."""
    world = simulator.world
    message = find(world, call)
    require(world, call.bot.id, READ_MESSAGE_HISTORY, world.channels[message["channel_id"]])
    limit, after = call.number("limit", 25, 1, 100), call.number("after", 0, 0, 1 << 64)
    key = reactions.key_of(_emoji(world, call, message))
    users = world.reactors.get(message["id"], {}).get(key)
    if users is None:
        raise unknown("Emoji")
    # Super reactions, of which there are none here, are listed under type 1.
    listed = users if call.number("type", 0, 0, 1) == 0 else []
    ids = sorted((user_id for user_id in listed if int(user_id) > after), key=int)
    return [world.user_by_id(user_id) for user_id in ids[:limit]]


@routes.add("DELETE", REACTIONS)
def clear_reactions(simulator: Simulator, call: Call) -> None:
    """Delete All Reactions."""
    message = find(simulator.world, call)
    manage_messages(simulator.world, call)
    reactions.clear(simulator.world, active(simulator.world, message))


@routes.add("DELETE", REACTION)
def clear_emoji(simulator: Simulator, call: Call) -> None:
    """Delete All Reactions for Emoji."""
    message = find(simulator.world, call)
    manage_messages(simulator.world, call)
    emoji = _emoji(simulator.world, call, message)
    reactions.clear(simulator.world, active(simulator.world, message), emoji)
