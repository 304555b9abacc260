"""An IPython shell that runs cells as a kernel does, in the loop of the test."""

from __future__ import annotations

from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from kit.lab.extension import unload


class NotebookShell:
    """Runs cells with top-level await, and tells the extension of each."""

    def __init__(self) -> None:
        self.shell = InteractiveShell()

    @property
    def names(self) -> dict[str, Any]:
        """The user's namespace."""
        return self.shell.user_ns

    async def run(self, source: str) -> Any:
        """Run a cell; the result is IPython's, with what it raised and the value of its last line."""
        try:
            transformed = self.shell.transform_cell(source)
        except SyntaxError:
            transformed = source
        result = await self.shell.run_cell_async(source, store_history=True, transformed_cell=transformed)
        # As a kernel does after each cell.
        self.shell.events.trigger("post_run_cell", result)
        return result

    async def run_well(self, source: str) -> Any:
        """Run a cell that must not fail; the value of its last line."""
        result = await self.run(source)
        result.raise_error()
        return result.result

    def close(self) -> None:
        """Let the extension go, and the thread that writes the history."""
        unload(self.shell)
        saver = self.shell.history_manager.save_thread
        if saver is not None:
            saver.stop()
