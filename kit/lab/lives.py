"""The lives of a lab's bot, one after the other on the same Discord and the same storage."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any

from kit.lab.bench import LabBench
from kit.lab.display import Display
from kit.lab.errors import ErrorCollector
from kit.lab.life import Bots, Life
from kit.lab.reload import Reloader
from kit.lab.report import RestartReport
from kit.simulator import Simulator

WhileOffline = Callable[..., Awaitable[Any]]


class Lives:
    """Begins and ends the lives of a bot, and keeps the widgets and hot reload up with them.

    Args:
        bots: Makes the bot of each life.
        simulator: The Discord they connect to.
        display: The widgets.
        bench: The controls.
        reloader: Hot reload.
        errors: Where the bots' errors are collected.

    Attributes:
        current: The life that goes on, or None while the bot is down.
        count: How many there have been.
        report: The report of the last beginning.
    """

    def __init__(
        self,
        bots: Bots,
        simulator: Simulator,
        *,
        display: Display,
        bench: LabBench,
        reloader: Reloader,
        errors: ErrorCollector,
    ) -> None:
        self.bots = bots
        self.current: Life | None = None
        self.count = 0
        self.report: RestartReport | None = None
        self._simulator = simulator
        self._display = display
        self._bench = bench
        self._reloader = reloader
        self._errors = errors
        self._last_bot: Any = None
        self._turn = asyncio.Lock()

    async def begin(self, how: str = "started") -> RestartReport:
        """Bring the bot up; `how` is for the report.

        Raises:
            TypeError: If the bot is that of the life before.
            Exception: What the bot's own code raised.
        """
        self.count += 1
        self._reloader.forget()
        began = time.time()
        life = self.bots.life(self._simulator, self.count)
        # A bot that sets up logging as it is made may have put the collector out.
        self._errors.install()
        if life.bot is self._last_bot:
            await life.crash()
            raise TypeError(
                f"the bot of life {self.count} is that of the life before, {life.bot!r}. A restarted process "
                "has a new one: make the bot inside the function given to `kit.Lab.start`, and return it"
            )
        self._last_bot = life.bot
        await life.start()
        self.current = life
        if life.store is not None:
            self._display.follow(life.store)
        self._display.set_online(True)
        self.report = await RestartReport.of(life, how)
        raised = self._errors.since(began)
        self.report.notes += [f"raised as it started: {type(error).__name__}: {error}" for error in raised]
        self._bench.changed()
        return self.report

    async def restart(self, *, crash: bool, offline: WhileOffline | None) -> RestartReport:
        """End the life that goes on, change the world, and begin another."""
        async with self._turn:
            life, self.current = self.current, None
            self._bench.busy = "crashing" if crash else "restarting"
            self._display.set_online(False)
            try:
                if life is not None:
                    await (life.crash() if crash else life.close())
                if offline is not None:
                    takes_one = bool(inspect.signature(offline).parameters)
                    await (offline(self._simulator) if takes_one else offline())
                return await self.begin("crashed and came back" if crash else "restarted")
            finally:
                self._bench.busy = None

    async def end(self) -> None:
        """Close the bot; nothing happens if it is down."""
        async with self._turn:
            life, self.current = self.current, None
            if life is not None:
                await life.close()

    async def quiet(self) -> None:
        """Wait until no restart is under way."""
        async with self._turn:
            return
