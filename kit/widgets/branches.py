"""Which part of a state a tree shows, and what of it a patch touches.

Only open branches have rows. A row is described from the live state when it is sent, so that any number of
patches between two sends costs one description.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Any, Final

Key = str | int
Path = tuple[Key, ...]

PAGE: Final = 100
_PREVIEW: Final = 200
_SAFE: Final = 2**53 - 1
_MISSING: Final = object()


class Branches:
    """The open branches of a state and the rows that changed since they were last taken.

    Args:
        open_paths: The branches that are open from the start; the root always is.
    """

    def __init__(self, open_paths: Iterable[Path]) -> None:
        self._open: dict[Path, dict[Key, None]] = {(): {}}
        for path in open_paths:
            for depth in range(1, len(path) + 1):
                self._open[tuple(path[:depth])] = {}
        self._rows: dict[Path, None] = {}
        self._touched: dict[Path, None] = {}
        self._whole: dict[Path, None] = {}

    def __contains__(self, path: Path) -> bool:
        return path in self._open

    def open(self, path: Path) -> None:
        """Open a branch."""
        self._open[path] = {}

    def close(self, path: Path) -> None:
        """Close a branch and all that are open below it, but never the root."""
        for other in [other for other in self._open if other and other[: len(path)] == path]:
            del self._open[other]

    def branch(self, state: Any, path: Path) -> dict[str, Any]:
        """Describe an open branch from its start, open branches below it included.

        Raises:
            LookupError: The state has nothing at `path`.
        """
        value = find(state, path)
        wanted = max(PAGE, len(self._open[path]))
        self._open[path] = {}
        rows = self._take(value, path, wanted, state)
        return {"path": to_wire(path), "row": row(path[-1] if path else "", value), "rows": rows}

    def shown(self, state: Any, path: Path = ()) -> dict[str, Any]:
        """Describe what the other views show of an open branch, as a view that joins them must draw it."""
        if not self._open[path]:
            return self.branch(state, path)
        value = find(state, path)
        present = ((key, (*path, key)) for key in self._open[path] if exists(state, (*path, key)))
        rows = [self._row(key, find(state, below), below, state, self.shown) for key, below in present]
        return {"path": to_wire(path), "row": row(path[-1] if path else "", value), "rows": rows}

    def page(self, state: Any, path: Path) -> dict[str, Any]:
        """Describe the next hundred children of an open branch.

        Raises:
            LookupError: The state has nothing at `path`, or it is not open.
        """
        if path not in self._open:
            raise LookupError(f"The branch {list(path)} is not open.")
        return {"path": to_wire(path), "rows": self._take(find(state, path), path, PAGE, state)}

    def touch(self, path: Path, op: str, state: Any) -> None:
        """Note that a patch changed `path`.

        Args:
            path: Where the change happened.
            op: "add", "replace" or "remove".
            state: The live state, to see whether an ancestor is a list.
        """
        parent = self._visible(path)
        if len(parent) == len(path):
            self._whole[parent] = None
        elif len(parent) == len(path) - 1:
            self._child(parent, path, op, state)
        else:
            self._touched[path[: len(parent) + 1]] = None
        if op != "replace":
            self._rows.update((path[:depth], None) for depth in range(1, len(parent) + 1))

    def take(self, state: Any) -> dict[str, Any]:
        """Return what changed on screen since the last time, described from the live state."""
        still_open = [path for path in self._whole if path in self._open and exists(state, path)]
        whole = [self.branch(state, path) for path in still_open]
        rows: list[dict[str, Any]] = []
        gone: list[list[Any]] = []
        paths = [path for path in self._touched | self._rows if path and path[:-1] in self._open]
        room = self._room(state, paths)
        for path in paths:
            if path[:-1] in self._open:
                self._describe(state, path, room, rows, gone)
        parts = {"branches": whole, "rows": rows, "gone": gone}
        update = {name: part for name, part in parts.items() if part}
        for dirty in (self._rows, self._touched, self._whole):
            dirty.clear()
        return update

    def _take(self, value: Any, path: Path, count: int, state: Any) -> list[dict[str, Any]]:
        loaded = self._open[path]
        rows = []
        fresh = ((key, child) for key, child in children(value) if key not in loaded)
        for key, child in list(islice(fresh, count)):
            loaded[key] = None
            rows.append(self._row(key, child, (*path, key), state, self.branch))
        return rows

    def _row(
        self, key: Key, value: Any, path: Path, state: Any, describe: Callable[[Any, Path], dict[str, Any]]
    ) -> dict[str, Any]:
        described = row(key, value)
        if path in self._open and "count" in described:
            described["branch"] = describe(state, path)
        return described

    def _visible(self, path: Path) -> Path:
        """Return the deepest open branch on the way to `path` whose whole way is open."""
        for depth in range(len(path) + 1):
            if path[:depth] not in self._open:
                return path[: depth - 1]
        return path

    def _child(self, parent: Path, path: Path, op: str, state: Any) -> None:
        container = find(state, parent) if exists(state, parent) else None
        if not isinstance(container, Mapping) and op != "replace":
            # In a list everything behind the place moves; in a set there is no place.
            self._whole[parent] = None
        else:
            self._touched[path] = None

    def _room(self, state: Any, paths: list[Path]) -> Counter[Path]:
        """Return how many rows may appear in each branch: a page of one that is shown to its end."""
        fresh = Counter(path[:-1] for path in paths if path[-1] not in self._open[path[:-1]])
        room: Counter[Path] = Counter()
        for parent, count in fresh.items():
            shown = len(self._open[parent])
            complete = exists(state, parent) and shown + count >= len(find(state, parent))
            room[parent] = PAGE - shown % PAGE if complete else PAGE - shown
        return room

    def _describe(
        self, state: Any, path: Path, room: Counter[Path], rows: list[Any], gone: list[Any]
    ) -> None:
        loaded = self._open[path[:-1]]
        key = path[-1]
        if not exists(state, path):
            if key in loaded:
                del loaded[key]
                gone.append(to_wire(path))
            self.close(path)
            return
        if key not in loaded:
            if room[path[:-1]] <= 0:
                return
            room[path[:-1]] -= 1
            loaded[key] = None
        entry: dict[str, Any] = {"path": to_wire(path), "row": row(key, find(state, path))}
        if path in self._touched:
            entry["flash"] = True
        rows.append(entry)


def children(value: Any) -> Iterator[tuple[Key, Any]]:
    """Yield the key and value of each child of a container; anything else has none."""
    if isinstance(value, Mapping):
        for key, child in value.items():
            yield as_key(key), child
    elif isinstance(value, AbstractSet):
        yield from enumerate(sorted(value, key=repr))
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        yield from enumerate(value)


def as_key(key: object) -> Key:
    """Return a key that JSON can carry and that stays apart from the others."""
    if isinstance(key, bool) or not isinstance(key, str | int):
        return repr(key)
    return key


def to_wire(path: Path) -> list[Any]:
    """Write a path for the browser, whose numbers would round a snowflake: a large one travels as text."""
    return [key_to_wire(key) for key in path]


def key_to_wire(key: Key) -> Any:
    """Write one key of a path; see `to_wire`."""
    return {"int": str(key)} if isinstance(key, int) and abs(key) > _SAFE else key


def find(state: Any, path: Path) -> Any:
    """Return what is at `path`.

    Raises:
        LookupError: There is nothing.
    """
    value = state
    for key in path:
        value = _child_of(value, key)
        if value is _MISSING:
            raise LookupError(f"The state has nothing at {list(path)}.")
    return value


def exists(state: Any, path: Path) -> bool:
    """Say whether there is something at `path`."""
    value = state
    for key in path:
        value = _child_of(value, key)
        if value is _MISSING:
            return False
    return True


def _child_of(value: Any, key: Key) -> Any:
    if isinstance(value, Mapping):
        if key in value:
            return value[key]
        return next((child for name, child in value.items() if as_key(name) == key), _MISSING)
    if isinstance(value, AbstractSet):
        members = sorted(value, key=repr)
        return members[key] if isinstance(key, int) and 0 <= key < len(members) else _MISSING
    if isinstance(value, Sequence) and not isinstance(value, str | bytes) and isinstance(key, int):
        return value[key] if 0 <= key < len(value) else _MISSING
    return _MISSING


def row(key: Key, value: Any) -> dict[str, Any]:
    """Describe one row: its key, the kind of its value, and a count or a short text of it."""
    name = key_to_wire(key)
    if isinstance(value, Mapping):
        return {"key": name, "kind": "dict", "count": len(value)}
    if isinstance(value, AbstractSet):
        return {"key": name, "kind": "set", "count": len(value)}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return {"key": name, "kind": "list", "count": len(value)}
    return {"key": name, "kind": _kind(value), "text": shorten(_literal(value), _PREVIEW)}


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return "text" if isinstance(value, str) else "other"


def _literal(value: Any) -> str:
    if value is None or isinstance(value, bool | str):
        return json.dumps(value[: _PREVIEW + 1] if isinstance(value, str) else value, ensure_ascii=False)
    # A large integer takes long to write out, so it is cut before.
    if type(value) is int and value.bit_length() > _PREVIEW * 3:
        return f"an integer of {value.bit_length()} bits"
    return repr(value)


def shorten(text: str, limit: int) -> str:
    """Cut a text to `limit` characters, the last of them an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
