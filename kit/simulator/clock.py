"""The time of a simulated Discord: the machine's, until a test steps it forward."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Timer:
    """Something that is to happen at a moment of a clock.

    Args:
        clock: The clock.
        due: When, by its ``monotonic()``.
        callback: What is called then.
    """

    def __init__(self, clock: Clock, due: float, callback: Callable[[], Any]) -> None:
        self.due = due
        self._clock = clock
        self._callback = callback
        self._handle = self._schedule()

    def _schedule(self) -> asyncio.TimerHandle:
        wait = max(0.0, self.due - self._clock.monotonic())
        return asyncio.get_running_loop().call_later(wait, self._fire)

    def _fire(self) -> None:
        self.cancel()
        self._callback()

    def stepped(self) -> None:
        """Keeps up with a clock that was stepped: fires at once if it is due."""
        self._handle.cancel()
        if self.due <= self._clock.monotonic():
            self._fire()
        else:
            self._handle = self._schedule()

    def cancel(self) -> None:
        """Lets it not happen; one that has happened stays as it is."""
        self._handle.cancel()
        self._clock.timers.discard(self)


class Clock:
    """Tells the time, and can be stepped forward, so that 15 minutes pass in no time.

    Attributes:
        timers: What is to happen.
    """

    def __init__(self) -> None:
        self.timers: set[Timer] = set()
        self._ahead = 0.0

    def time(self) -> float:
        """Seconds since 1970."""
        return time.time() + self._ahead

    def monotonic(self) -> float:
        """Seconds since some moment; only differences mean something."""
        return time.monotonic() + self._ahead

    def now(self) -> dt.datetime:
        """This moment, in UTC."""
        return dt.datetime.fromtimestamp(self.time(), dt.UTC)

    def timestamp(self) -> str:
        """This moment in the form of Discord's API: ISO 8601 with microseconds and an offset."""
        return self.now().isoformat(timespec="microseconds")

    def call_later(self, seconds: float, callback: Callable[[], Any]) -> Timer:
        """Calls a function on the running loop when some seconds have passed by this clock.

        Args:
            seconds: How long from now.
            callback: The function.
        """
        timer = Timer(self, self.monotonic() + seconds, callback)
        self.timers.add(timer)
        return timer

    async def sleep(self, seconds: float) -> None:
        """Waits until some seconds have passed by this clock.

        Args:
            seconds: How many; none at all return at once.
        """
        if seconds <= 0:
            return
        passed = asyncio.Event()
        timer = self.call_later(seconds, passed.set)
        try:
            await passed.wait()
        finally:
            timer.cancel()

    def advance(self, seconds: float) -> None:
        """Steps forward; what falls due happens at once, in order.

        Args:
            seconds: How far.

        Raises:
            ValueError: Backwards, as snowflakes only grow, or by no number.
        """
        if not isinstance(seconds, int | float) or not math.isfinite(seconds):
            raise ValueError(f"A clock is stepped by a number of seconds, not by {seconds!r:.60}.")
        if seconds < 0:
            raise ValueError(f"A clock of Discord only goes forward; {seconds:g} s is back.")
        self._ahead += seconds
        for timer in sorted(self.timers, key=lambda timer: timer.due):
            if timer in self.timers:
                timer.stepped()
