"""What the lab needs of a bot, whatever library it is made with."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from kit.lab.tasks import TaskOwner
from kit.persistence import Panels
from kit.simulator import Simulator
from kit.state import StateStore

START_TIMEOUT = 15.0


class Life(ABC):
    """A bot from login to its end, by a close or by a crash.

    Args:
        simulator: The Discord to connect to.
        number: Which life this is, from 1.
        owner: Owns the bot's tasks.

    Attributes:
        bot: The bot.
        seconds: How long it took until buttons answered.
        store: The store of kit's views, where the bot has one.
        waits: What the bot's handlers wait for people with; see `is_parked`.
        without_panels: What a report says where there are no panels.
    """

    bot: Any
    store: StateStore | None = None
    waits: ClassVar[frozenset[tuple[str, str]]]
    without_panels: ClassVar[str]

    def __init__(self, simulator: Simulator, number: int, owner: TaskOwner) -> None:
        self.simulator = simulator
        self.number = number
        self.owner = owner
        self.seconds = 0.0

    @property
    @abstractmethod
    def online(self) -> bool:
        """Whether interactions reach the bot."""

    @property
    def panels(self) -> Panels | None:
        """The bot's persistent panels, if it set up persistence."""
        return None

    async def start(self) -> None:
        """Bring the bot up, and return when buttons answer.

        Raises:
            Exception: What the bot's own code raised. The life is over then.
        """
        started = time.perf_counter()
        # A REST bot that was killed with the kernel before may have left its endpoint in the world's file.
        self.simulator.disconnect_endpoint()
        try:
            await self._bring_up()
        except BaseException:
            await self.crash()
            raise
        self.seconds = time.perf_counter() - started

    @abstractmethod
    async def _bring_up(self) -> None:
        """Log in and connect."""

    @abstractmethod
    async def close(self) -> None:
        """End as a bot that is stopped.

        Raises:
            Exception: What the bot's own code raised. All the rest is done even so.
        """

    @abstractmethod
    async def crash(self) -> None:
        """End as a killed process does: nothing is flushed, nothing that runs is finished."""

    @abstractmethod
    def handlers(self) -> set[asyncio.Task[Any]]:
        """What the bot runs for events; what a person did is over when they are."""

    @abstractmethod
    async def flush(self) -> None:
        """Wait until what an outcome shows is kept."""

    @abstractmethod
    async def sync_commands(self) -> None:
        """Register the bot's slash commands, where its library leaves that to the developer."""


class Bots(ABC):
    """Makes the bot of each life of a lab.

    Attributes:
        loggers: Where the library reports what callbacks and commands raise.
    """

    loggers: ClassVar[tuple[str, ...]]

    @abstractmethod
    def life(self, simulator: Simulator, number: int) -> Life:
        """A life that has not begun, with its bot."""
