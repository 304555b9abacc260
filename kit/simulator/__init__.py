"""A Discord on this machine: a loopback server for unmodified bots, without token or network."""

from .connector import LoopbackConnector
from .errors import ClickError, WorldFileError
from .forms import Violation, error_tree
from .interactions import Interaction
from .limits import check_message, check_modal
from .server import Simulator
from .world import World

__all__ = [
    "ClickError",
    "Interaction",
    "LoopbackConnector",
    "Simulator",
    "Violation",
    "World",
    "WorldFileError",
    "check_message",
    "check_modal",
    "error_tree",
]
