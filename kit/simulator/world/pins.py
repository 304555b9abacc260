"""Which messages of a channel are pinned, and since when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kit.simulator.world import messages, references

if TYPE_CHECKING:
    from kit.simulator.world.world import World

Json = dict[str, Any]

PINNED = 6


def pin(world: World, message: Json, *, user: Json) -> None:
    """Pins a message, which a system message tells; nothing happens if it is pinned already.

    Args:
        world: Where.
        message: The message.
        user: Who pins it.
    """
    if message["pinned"]:
        return
    world.pins.setdefault(message["channel_id"], {})[message["id"]] = world.clock.timestamp()
    _changed(world, message, pinned=True)
    about = {"message_reference": references.reference_to(world, message, 0)}
    messages.system(world, message["channel_id"], PINNED, user, about=about)


def unpin(world: World, message: Json) -> None:
    """Takes a pinned message down; nothing happens if it is not pinned.

    Args:
        world: Where.
        message: The message.
    """
    if message["pinned"]:
        world.pins[message["channel_id"]].pop(message["id"], None)
        _changed(world, message, pinned=False)


def _changed(world: World, message: Json, *, pinned: bool) -> None:
    channel = world.channels[message["channel_id"]]
    newest = next(reversed(world.pins[channel["id"]].values()), None)
    world.channels[channel["id"]] = {**channel, "last_pin_timestamp": newest}
    world.put_message({**message, "pinned": pinned})
    world.emit("CHANNEL_PINS_UPDATE", {"channel_id": channel["id"], "last_pin_timestamp": newest})
