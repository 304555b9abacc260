"""The data of a simulated Discord: a guild, its people, channels and messages, and the bots in it."""

from kit.simulator.world.world import World

__all__ = ["World"]
