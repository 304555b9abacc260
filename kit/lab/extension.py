"""The IPython extension: the ledger of executed cells, and who is told of each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from kit.export import Cell, Ledger


@dataclass(frozen=True)
class CellRun:
    """A cell that has just been run.

    Attributes:
        cell: Its record in the ledger.
        error: What it raised, before or while it ran, or None.
    """

    cell: Cell
    error: BaseException | None


CellListener = Callable[[CellRun], None]


class CellWatch:
    """Follows the cells of one IPython shell.

    Args:
        shell: The shell, as `get_ipython()` returns it.
    """

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.ledger = Ledger()
        self.running = False
        self._listeners: list[CellListener] = []

    def start(self) -> None:
        """Begin to follow; cells that ran before are taken from the shell's history."""
        if not self.ledger.cells:
            self._seed()
        self.running = True
        self.shell.events.register("post_run_cell", self._after)

    def stop(self) -> None:
        """Stop following."""
        self.running = False
        self.shell.events.unregister("post_run_cell", self._after)

    def subscribe(self, listener: CellListener) -> Callable[[], None]:
        """Call `listener` after each cell; returns the way to end it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _seed(self) -> None:
        history = getattr(self.shell, "history_manager", None)
        if history is None:
            return
        raw, transformed = history.input_hist_raw, history.input_hist_parsed
        # The last one is the cell that loads the extension; it is noted when it ends.
        for number in range(1, max(len(raw) - 1, 1)):
            self.ledger.append(Cell(number=number, source=raw[number], transformed=transformed[number]))

    def _after(self, result: Any) -> None:
        info = result.info
        if info is None or not info.raw_cell or not info.store_history:
            return
        error = result.error_before_exec or result.error_in_exec
        cell = Cell(
            number=result.execution_count or len(self.ledger.cells) + 1,
            source=info.raw_cell,
            transformed=getattr(info, "transformed_cell", None) or self.shell.transform_cell(info.raw_cell),
            succeeded=error is None,
            failed_line=_failed_line(result.error_in_exec, self.shell.user_ns),
            id=getattr(info, "cell_id", None),
        )
        self.ledger.append(cell)
        run = CellRun(cell, error)
        for listener in tuple(self._listeners):
            listener(run)


def _failed_line(error: BaseException | None, namespace: dict[str, Any]) -> int | None:
    trace = error.__traceback__ if error is not None else None
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_globals is namespace and frame.f_code.co_name in {"<module>", "<cell line: 1>"}:
            return trace.tb_lineno
        trace = trace.tb_next
    return None


_watches: WeakKeyDictionary[Any, CellWatch] = WeakKeyDictionary()


def load(shell: Any) -> CellWatch:
    """Start the ledger of a shell, if it isn't running; a terminal's loop begins to run between cells."""
    watch = _watches.get(shell)
    if watch is None:
        watch = _watches[shell] = CellWatch(shell)
    if not watch.running:
        watch.start()
        if not _has_running_loop() and hasattr(shell, "enable_gui"):
            # In a terminal IPython runs the loop during an await only, and a bot
            # would answer nothing while the prompt waits.
            shell.enable_gui("asyncio")
    return watch


def unload(shell: Any) -> None:
    """Stop the ledger of a shell; it goes on where it was when the extension is loaded again."""
    watch = _watches.get(shell)
    if watch is not None and watch.running:
        watch.stop()


def current_watch() -> CellWatch | None:
    """The ledger of the shell this runs in, started if need be; None outside IPython."""
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    shell = get_ipython()
    return None if shell is None else load(shell)


def _has_running_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
