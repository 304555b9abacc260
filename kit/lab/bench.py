"""What the controls widget shows of a lab, and the commands it gives."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kit.export import Export, ExportError

if TYPE_CHECKING:
    from kit.lab.session import Lab

SHOWN = 20


class LabBench:
    """The lab as its controls see it."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._busy: str | None = None
        self._listeners: list[Callable[[], None]] = []
        self._exports: list[dict[str, Any]] = []

    @property
    def busy(self) -> str | None:
        """What the lab is doing: "restarting", or None."""
        return self._busy

    @busy.setter
    def busy(self, what: str | None) -> None:
        self._busy = what
        self.changed()

    def changed(self) -> None:
        """Tell the widgets that there is something new."""
        for listener in tuple(self._listeners):
            listener()

    def subscribe_status(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` when the status changed; returns the way to end it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def status(self) -> dict[str, Any]:
        """All that the controls show, as JSON."""
        lab = self._lab
        return {
            "bot": lab.discord.world.bot_user["username"],
            "online": lab.online,
            "life": lab.lives,
            "busy": self._busy,
            "report": lab.report.as_json() if lab.report is not None else None,
            "reloads": [
                {
                    "view": record.view,
                    "status": record.status,
                    "cell": record.cell,
                    "line": record.line,
                    "changes": record.changes,
                    "error": record.error,
                }
                for record in reversed(lab.reloads[-SHOWN:])
            ],
            "errors": [
                {
                    "when": time.strftime("%H:%M:%S", time.localtime(collected.when)),
                    "what": f"{type(collected.error).__name__}: {collected.error}",
                    "traceback": collected.traceback,
                }
                for collected in list(lab.errors.collected)[: -SHOWN - 1 : -1]
            ],
            "views": lab.exportable,
            "exports": self._exports[:SHOWN],
        }

    def exported(self, export: Export) -> None:
        """Show a finished export."""
        proof = export.proof
        steps = [] if proof is None else [step for step, good, _ in proof.steps if good]
        self._note_export(export.view, str(export.path), "written", steps)

    def _note_export(self, view: str, path: str, status: str, proof: list[str]) -> None:
        self._exports.insert(0, {"view": view, "path": path, "status": status, "proof": proof})
        self.changed()

    async def command(self, name: str, arguments: dict[str, Any]) -> None:
        """Do what a button of the controls asks for.

        Raises:
            ValueError: If there is no such command.
        """
        match name:
            case "restart":
                await self._lab.restart()
            case "crash":
                await self._lab.restart(crash=True)
            case "clear_errors":
                self._lab.errors.forget()
            case "export":
                await self._export(arguments["view"], arguments["to"])
            case _:
                raise ValueError(f"no command {name!r}; there are restart, crash, clear_errors and export")

    async def _export(self, view: str, to: str) -> None:
        try:
            await self._lab.export(view, to)
        except ExportError as error:
            self._note_export(view, to, "refused", [str(error)])
