"""What everything in a world has in common: one clock, ids that grow, and observers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kit.simulator.clock import Clock
from kit.simulator.world.snowflakes import Snowflakes

Json = dict[str, Any]
Listener = Callable[[str, Json], None]


class Observed:
    """Something whose changes are told, each under the name of the gateway event that carries it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.snowflakes = Snowflakes(self.clock)
        self._listeners: list[Listener] = []

    def observe(self, listener: Listener) -> Callable[[], None]:
        """Calls a function with the gateway name and data of everything that changes here.

        Args:
            listener: Called as ``listener("MESSAGE_CREATE", message)``, at once.

        Returns:
            A function that ends it.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def emit(self, event: str, data: Json) -> None:
        """Tells the observers of a change; routes call it for events that change no data, such as typing.

        Args:
            event: The gateway event's name.
            data: Its data.
        """
        for listener in tuple(self._listeners):
            listener(event, data)


def named(what: str, name: object, longest: int) -> None:
    """Refuses what can be no name on Discord.

    Args:
        what: Whose it is, for the error.
        name: The name.
        longest: How many characters it may have.

    Raises:
        ValueError: It is empty, too long or no text.
    """
    if not isinstance(name, str) or not 1 <= len(name) <= longest:
        raise ValueError(f"{what} has a name of 1 to {longest} characters, not {name!r:.60}.")


def is_id(text: object) -> bool:
    """Whether something names a thing by its id: what is made only of digits does, anything else is a name.

    Args:
        text: An id or a name.
    """
    return str(text).isdecimal() and str(text).isascii()
