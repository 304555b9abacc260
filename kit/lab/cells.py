"""What a cell that was run means for the views on live messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from typing import Any

from kit.export import Cell
from kit.lab.extension import CellRun
from kit.lab.reload import Reload, Reloader, line_of


class CellFollower:
    """Reloads the view classes that a cell defined again, and notes those that it failed to.

    Args:
        reloader: Knows which classes are live, and lets others take over.
        namespace: The user's names.
        spawn: Starts work in the background, under a name.
        quiet: Waits until no restart is under way.
    """

    def __init__(
        self,
        reloader: Reloader,
        namespace: Mapping[str, Any],
        spawn: Callable[[Coroutine[Any, Any, Any], str], None],
        quiet: Callable[[], Awaitable[None]],
    ) -> None:
        self._reloader = reloader
        self._namespace = namespace
        self._spawn = spawn
        self._quiet = quiet

    def after(self, run: CellRun) -> None:
        """Do what a cell that was just run asks for."""
        life = self._reloader.life
        if life is None:
            self._spawn(self._after_restart(run), "reload after the restart")
            return
        live = self._reloader.live_classes(life)
        for record in self.refusals(run, live):
            self._reloader.note(record)
        for view in self.redefined(live):
            work = self._reloader.reload(view, life, cell=run.cell.number)
            self._spawn(work, f"reload {view.__name__}")

    async def _after_restart(self, run: CellRun) -> None:
        await self._quiet()
        if self._reloader.life is not None:
            self.after(run)

    def redefined(self, live: Mapping[str, type]) -> Iterator[type]:
        """The classes in the namespace that are to take over from live ones of their name."""
        for current in live.values():
            found: Any = self._namespace.get(current.__name__)
            if self._reloader.is_new(found, current):
                yield found

    def refusals(self, run: CellRun, live: Mapping[str, type]) -> Iterator[Reload]:
        """A record for each live class whose statement is in a cell that failed."""
        error = run.error
        if error is None:
            return
        line = error.lineno if isinstance(error, SyntaxError) else line_of(error)
        for name in {cls.__name__ for cls in live.values()}:
            if _defines(run.cell, name):
                text = f"{type(error).__name__}: {error}"
                yield Reload(name, status="refused", cell=run.cell.number, line=line, error=text)


def _defines(cell: Cell, name: str) -> bool:
    # As text: a cell with a syntax error has no tree to look into.
    return any(
        line.lstrip().startswith((f"class {name}(", f"class {name}:")) for line in cell.source.splitlines()
    )
