"""The controls of the bench: restart and crash, what came back, what was reloaded, what failed, export."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Final, Protocol

from .base import BenchWidget, ErrorListener, Pacer, read_object, read_text

__all__ = ["Bench", "Controls"]

_PLAIN_COMMANDS: Final = ("restart", "crash", "clear_errors")
_PATH: Final = 1024
_SHOWN: Final = 50
_TRACEBACK: Final = 20_000
REPORT_FIELDS: Final = ("restored", "skipped", "failed", "removed", "unreachable")


class Bench(Protocol):
    """What the controls need of a bench."""

    def status(self) -> dict[str, Any]:
        """Return the state of the bot and the lists of reloads, errors, views and exports."""

    def subscribe_status(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` when the status changed; the answer ends that."""

    async def command(self, name: str, arguments: dict[str, Any]) -> None:
        """Carry out "restart", "crash", "export" or "clear_errors"."""


class Controls(BenchWidget):
    """Shows how the bot fares and lets the user restart, crash and export.

    Args:
        bench: Where the status comes from and the commands go.
        theme: "dark", "light", or "auto" to follow JupyterLab.
        on_error: Receives every exception of a command and every command that was refused.

    Raises:
        ValueError: The theme is unknown.
    """

    _scripts: ClassVar[tuple[str, ...]] = ("dom.js", "controls.js")
    _sheets: ClassVar[tuple[str, ...]] = ("tokens.css", "controls.css")

    def __init__(self, bench: Bench, *, theme: str = "dark", on_error: ErrorListener | None = None) -> None:
        super().__init__(theme=theme, on_error=on_error)
        self._bench = bench
        self._pacer = Pacer(self._loop, self._flush)
        unsubscribe = bench.subscribe_status(lambda: self.on_main(self._pacer.poke))
        self._at_close += [unsubscribe, self._pacer.cancel]

    def handle(self, kind: str, message: Mapping[str, Any]) -> None:
        """Answer one message of the browser; see `BenchWidget.handle`."""
        if kind == "ready":
            self.post(self._status() | {"view": read_text(message, "view", limit=64)})
        elif kind == "command":
            self._start(message)
        else:
            raise ValueError(f"The controls know no message of the type {kind!r}.")

    def _text(self) -> str:
        return "\n".join(_lines(self._bench.status()))

    def _flush(self) -> None:
        self.post(self._status())

    def _status(self) -> dict[str, Any]:
        status = dict(self._bench.status())
        for name in ("reloads", "errors", "exports"):
            status[name] = [dict(entry) for entry in list(status.get(name) or ())[:_SHOWN]]
        for error in status["errors"]:
            error["traceback"] = str(error.get("traceback") or "")[-_TRACEBACK:]
        return {"type": "status", "status": status}

    def _start(self, message: Mapping[str, Any]) -> None:
        nonce = self.take_nonce(message)
        try:
            name, arguments = self._read_command(message)
        except ValueError as error:
            self._answer(nonce, error)
            raise
        self.run(self._command(nonce, name, arguments))

    def _read_command(self, message: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        name = read_text(message, "name", limit=32)
        arguments = read_object(message.get("arguments"), "'arguments'")
        if name == "export":
            view = read_text(arguments, "view", limit=200)
            views = self._bench.status().get("views") or ()
            if view not in views:
                raise ValueError(f"There is no view {view!r} to export. Views: {', '.join(views) or 'none'}.")
            return name, {"view": view, "to": read_text(arguments, "to", limit=_PATH)}
        if name not in _PLAIN_COMMANDS:
            raise ValueError(f"The command {name!r} is unknown. Known: export, {', '.join(_PLAIN_COMMANDS)}.")
        if arguments:
            raise ValueError(f"The command {name!r} takes no arguments.")
        return name, {}

    async def _command(self, nonce: str, name: str, arguments: dict[str, Any]) -> None:
        try:
            await self._bench.command(name, arguments)
        except Exception as error:
            self._answer(nonce, error)
            raise
        self._answer(nonce, None)

    def _answer(self, nonce: str, error: Exception | None) -> None:
        reason = None if error is None else f"{type(error).__name__}: {error}"
        self.post({"type": "answer", "nonce": nonce, "status": "failed" if error else "ok", "reason": reason})


def count_of(value: Any) -> Any:
    """Return how many a field of a report names: its number, or the length of its list."""
    return len(value) if isinstance(value, list | tuple | set | dict) else value


def _lines(status: Mapping[str, Any]) -> Iterator[str]:
    presence = "● online" if status.get("online") else "○ offline"
    busy = f", {status['busy']}" if status.get("busy") else ""
    yield f"{status.get('bot')} {presence}, life {status.get('life')}{busy}"
    report = status.get("report")
    if report:
        said = [f"{name} {count_of(report[name])}" for name in REPORT_FIELDS if name in report]
        said += [f"{report['ms']} ms"] if "ms" in report else []
        yield "Last start: " + ", ".join(said)
    for reload in list(status.get("reloads") or ())[:_SHOWN]:
        cell, line = reload.get("cell"), reload.get("line")
        place = [
            f"{name} {number}" for name, number in (("cell", cell), ("line", line)) if number is not None
        ]
        where = f" ({', '.join(place)})" if place else ""
        what = reload.get("error") or "; ".join(reload.get("changes") or ())
        yield f"{reload.get('view')} {reload.get('status')}{where}{': ' if what else ''}{what}"
    for error in list(status.get("errors") or ())[:_SHOWN]:
        yield f"{error.get('when')} {error.get('what')}"
    for export in list(status.get("exports") or ())[:_SHOWN]:
        yield f"{export.get('view')} → {export.get('path')}: {export.get('status')}"
        yield from (f"  {line}" for line in export.get("proof") or ())
