"""What goes wrong where nobody awaits it, collected until somebody asks."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

LOGGERS = ("kit", "asyncio")
KEPT = 200


@dataclass(frozen=True)
class Collected:
    """One thing that went wrong.

    Attributes:
        error: The exception; a RuntimeError with the message where only a message was logged.
        what: What was being done, as the library that noticed it says.
        when: Seconds since the epoch.
    """

    error: BaseException
    what: str
    when: float = field(default_factory=time.time)

    @property
    def traceback(self) -> str:
        """The traceback as text."""
        return "".join(traceback.format_exception(self.error))


class ErrorCollector(logging.Handler):
    """Collects the errors that the bot's library, kit and asyncio log, and those given to it.

    The library reports what a callback or a command raises to its logger and goes on, as
    it must in production; in a lab that would be a click that silently does nothing.

    Args:
        loggers: The names of the library's loggers.
        changed: Called when there is something new.
    """

    def __init__(self, loggers: Sequence[str], changed: Callable[[], None]) -> None:
        super().__init__(logging.ERROR)
        self.collected: deque[Collected] = deque(maxlen=KEPT)
        self._unchecked: list[Collected] = []
        self._changed = changed
        self._loggers = (*loggers, *LOGGERS)

    def install(self) -> None:
        """Begin to listen, or go on after somebody set up logging anew.

        `logging.config` disables the loggers that are there unless it is told not to, and then nothing
        tells of what goes wrong any more.
        """
        for name in self._loggers:
            logging.getLogger(name).addHandler(self)
        for name, logger in logging.root.manager.loggerDict.items():
            if isinstance(logger, logging.Logger) and name.split(".")[0] in self._loggers:
                logger.disabled = False

    def remove(self) -> None:
        """Stop listening."""
        for name in self._loggers:
            logging.getLogger(name).removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Collect what a log record tells of."""
        error = record.exc_info[1] if record.exc_info else None
        self.add(error if error is not None else RuntimeError(record.getMessage()), record.getMessage())

    def add(self, error: BaseException, what: str) -> None:
        """Collect an error; one that is collected already is not added twice."""
        if any(known.error is error for known in self._unchecked):
            return
        collected = Collected(error, what)
        self.collected.append(collected)
        self._unchecked.append(collected)
        self._changed()

    def watch(self, task: asyncio.Task[Any], what: str) -> None:
        """Collect what `task` raises: a task whose reference is kept reports nothing itself."""

        def done(task: asyncio.Task[Any]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                self.add(error, what)

        task.add_done_callback(done)

    def since(self, moment: float) -> list[BaseException]:
        """The errors collected at `moment` or later."""
        return [collected.error for collected in self.collected if collected.when >= moment]

    def forget(self) -> None:
        """Empty the list."""
        self.collected.clear()
        self._unchecked.clear()
        self._changed()

    def check(self) -> None:
        """Raise what was collected since the last check.

        Raises:
            ExceptionGroup: Of all that was collected.
        """
        errors = [collected.error for collected in self._unchecked]
        self._unchecked.clear()
        if errors:
            raise BaseExceptionGroup("collected while the lab was running", errors)
