"""A Discord on this machine: a loopback server for unmodified bots, without token or network."""

from kit.simulator.connector import LoopbackConnector
from kit.simulator.errors import ClickError, EndpointError, WorldFileError
from kit.simulator.interactions.interactions import Interaction
from kit.simulator.limits.forms import Violation, error_tree
from kit.simulator.limits.messages import check_message, check_modal
from kit.simulator.ratelimits import Bucket, RateLimits
from kit.simulator.server import Simulator
from kit.simulator.world.world import World

__all__ = [
    "Bucket",
    "ClickError",
    "EndpointError",
    "Interaction",
    "LoopbackConnector",
    "RateLimits",
    "Simulator",
    "Violation",
    "World",
    "WorldFileError",
    "check_message",
    "check_modal",
    "error_tree",
]
