"""The state tree: the store's state, opened where the user looks, with the log of actions beside it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final, Protocol

from .base import BenchWidget, ErrorListener, Pacer, read_text
from .branches import Branches, Key, Path, as_key, children, find, row, shorten, to_wire

__all__ = ["Action", "Change", "Patch", "StateTree", "Tree"]

_LINES: Final = 200
_PAYLOAD: Final = 120
_PATHS: Final = 8
_DEPTH: Final = 64
_KEY: Final = 1000


class Action(Protocol):
    """What was dispatched."""

    @property
    def type(self) -> str:
        """The action's name."""

    @property
    def payload(self) -> Any:
        """What it carries."""

    @property
    def source(self) -> str | None:
        """Who dispatched it."""

    @property
    def time(self) -> float:
        """When, in seconds since 1970."""


class Patch(Protocol):
    """One change of one place."""

    @property
    def op(self) -> str:
        """One of "add", "replace" and "remove"."""

    @property
    def path(self) -> tuple[str | int, ...]:
        """The place, key by key."""

    @property
    def value(self) -> Any:
        """The new value; nothing for "remove"."""


class Change(Protocol):
    """An action with the patches it made."""

    @property
    def action(self) -> Action:
        """What was dispatched."""

    @property
    def patches(self) -> Sequence[Patch]:
        """What it changed."""


class Tree(Protocol):
    """What the state tree needs of a store."""

    @property
    def state(self) -> Mapping[str, Any]:
        """The live state."""

    def subscribe_changes(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Call `listener` after each dispatch; the answer ends that."""


class StateTree(BenchWidget):
    """Shows a store's state, a page of children at a time, and what changed it.

    Args:
        store: Where the state and its changes come from.
        open_paths: Branches that are open from the start.
        history: What happened before, oldest first, for the log.
        log_size: How many actions the log keeps.
        theme: "dark", "light", or "auto" to follow JupyterLab.
        on_error: Receives every exception of a handler.

    Raises:
        ValueError: The theme is unknown.
    """

    _scripts: ClassVar[tuple[str, ...]] = ("dom.js", "tree.js")
    _sheets: ClassVar[tuple[str, ...]] = ("tokens.css", "tree.css")

    def __init__(
        self,
        store: Tree,
        *,
        open_paths: Iterable[Path] = (("application",), ("persistent_views",)),
        history: Iterable[Change] = (),
        log_size: int = 200,
        theme: str = "dark",
        on_error: ErrorListener | None = None,
    ) -> None:
        super().__init__(theme=theme, on_error=on_error)
        self._store = store
        self._branches = Branches(open_paths)
        self._log: deque[dict[str, Any]] = deque(maxlen=log_size)
        self._unsent: deque[dict[str, Any]] = deque(maxlen=log_size)
        self._count = 0
        self._log.extend(self._entry(change) for change in history)
        self._pacer = Pacer(self._loop, self._flush)
        unsubscribe = store.subscribe_changes(lambda change: self.on_main(self._follow, change))
        self._at_close += [unsubscribe, self._pacer.cancel]

    def handle(self, kind: str, message: Mapping[str, Any]) -> None:
        """Answer one message of the browser; see `BenchWidget.handle`."""
        if kind == "ready":
            self._snapshot(read_text(message, "view", limit=64))
            return
        if kind not in ("open", "close", "more"):
            raise ValueError(f"A state tree knows no message of the type {kind!r}.")
        path = _read_path(message)
        if kind == "close":
            self._branches.close(path)
            self.post({"type": "closed", "path": to_wire(path)})
        elif kind == "more":
            self.post({"type": "page", **self._branches.page(self._store.state, path)})
        else:
            find(self._store.state, path)
            self._branches.open(path)
            self.post({"type": "update", "branches": [self._branches.branch(self._store.state, path)]})

    def refresh(self) -> None:
        """Show the state anew: another one has taken its place, as after a restart."""
        self.on_main(self._snapshot, None)

    def _text(self) -> str:
        lines: list[str] = []
        for line in self._lines(self._store.state, (), ""):
            if len(lines) == _LINES - 1:
                lines.append("…")
                break
            lines.append(line)
        return "\n".join(lines) if lines else "(the state is empty)"

    def _snapshot(self, view: str | None) -> None:
        # Rows that wait are part of the snapshot, but other views still need them.
        self._flush()
        describe = self._branches.branch if view is None else self._branches.shown
        root = describe(self._store.state, ())
        self.post({"type": "snapshot", "view": view, "root": root, "log": list(self._log)})

    def _follow(self, change: Change) -> None:
        if self._closed:
            return
        for patch in change.patches:
            self._branches.touch(tuple(as_key(key) for key in patch.path), patch.op, self._store.state)
        entry = self._entry(change)
        self._log.append(entry)
        self._unsent.append(entry)
        self._pacer.poke()

    def _entry(self, change: Change) -> dict[str, Any]:
        self._count += 1
        action = change.action
        return {
            "id": self._count,
            "time": action.time,
            "type": shorten(str(action.type), _PAYLOAD),
            "payload": preview_value(action.payload),
            "source": None if action.source is None else shorten(str(action.source), _PAYLOAD),
            "changes": len(change.patches),
            "paths": [to_wire(tuple(map(as_key, patch.path))) for patch in change.patches[:_PATHS]],
        }

    def _flush(self) -> None:
        update = self._branches.take(self._store.state)
        if self._unsent:
            update["log"] = list(self._unsent)
            self._unsent.clear()
        if update:
            self.post({"type": "update", **update})

    def _lines(self, value: Any, path: Path, indent: str) -> Iterator[str]:
        for index, (key, child) in enumerate(children(value)):
            if index == _LINES:
                yield f"{indent}…"
                return
            described = row(key, child)
            below = (*path, key)
            is_open = below in self._branches
            mark = ("▾" if is_open else "▸") if "count" in described else " "
            yield f"{indent}{mark} {_one_line(key)}: {_said(described)}"
            if is_open:
                yield from self._lines(child, below, indent + "  ")


def preview_value(value: Any) -> str:
    """Say a payload on one short line, reading no more of it than is shown."""
    return shorten(_preview(value, _PAYLOAD, 0), _PAYLOAD)


def _preview(value: Any, budget: int, depth: int) -> str:
    described = row("", value)
    if "count" not in described:
        return str(described["text"])
    opening, closing = ("[", "]") if described["kind"] == "list" else ("{", "}")
    parts: list[str] = []
    for key, child in children(value):
        if depth > 2 or sum(map(len, parts)) > budget:
            parts.append("…")
            break
        said = _preview(child, budget, depth + 1)
        parts.append(f"{_one_line(key)}: {said}" if described["kind"] == "dict" else said)
    return opening + ", ".join(parts) + closing


def _said(described: Mapping[str, Any]) -> str:
    if "count" not in described:
        return str(described["text"])
    count = described["count"]
    return f"[{count}]" if described["kind"] == "list" else f"{{{count}}}"


def _one_line(key: Key) -> str:
    return shorten(str(key).replace("\n", "⏎"), 80)


def _read_path(message: Mapping[str, Any]) -> Path:
    path = message.get("path")
    if not isinstance(path, list) or len(path) > _DEPTH:
        raise ValueError(f"'path' must be a list of at most {_DEPTH} keys.")
    return tuple(_read_key(key) for key in path)


def _read_key(key: object) -> Key:
    if isinstance(key, Mapping):
        digits = read_text(key, "int", limit=_KEY)
        if not digits.removeprefix("-").isdecimal():
            raise ValueError(f"A large number in 'path' must be written in digits, not {digits!r}.")
        return int(digits)
    if isinstance(key, bool) or not isinstance(key, str | int) or len(str(key)) > _KEY:
        raise ValueError(f"A key of 'path' must be a text or a number of at most {_KEY} characters.")
    return key
