"""Leaves: the rows a state is kept in, and what a change does to them.

A row is a path and a value. A mapping has a row of its own (`{}`) and one for each
thing in it, down to scalars, lists and sets, which are written whole. The records
of views, sessions and panels are written whole too: each belongs to one view, and
100,000 panels are 100,000 rows, not a million.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from kit.persistence.codec import CodecError, dumps, loads, parse_path, path_text, untag
from kit.state import Change, Path

RECORD_DEPTH = {"views": 2, "sessions": 3, "persistent_views": 2}


class Write(NamedTuple):
    """What becomes of one row.

    Attributes:
        key: The row's path, as `path_text` writes it.
        value: The row's value, as `dumps` writes it; None removes the row.
        subtree: Whether the rows below it go first.
    """

    key: str
    value: str | None
    subtree: bool = False


def below(key: str) -> tuple[str, str]:
    """The bounds (from, to; `to` excluded) of the keys of all rows below `key`.

    >>> low, high = below('["application","counters"]')
    >>> low <= '["application","counters","a"]' < high
    True
    >>> low <= '["application","countersX"]' < high
    False
    """
    prefix = key[:-1]
    return prefix + ",", prefix + "-"


def writes(state: Mapping[str, Any], change: Change) -> list[Write]:
    """The rows that `change` changed, as they are in `state`, the state right after it."""
    rows: dict[Path, list[Write]] = {}
    had_children = _paths_that_were_mappings(change)
    for patch in change.patches:
        path, value, present = _leaf(state, patch.path)
        if path in rows:
            continue
        subtree = path in had_children
        if not present:
            rows[path] = [Write(path_text(path), None, subtree)]
        else:
            first, *others = list(_flatten(path, value))
            rows[path] = [first._replace(subtree=subtree), *others]
    return [write for group in _outermost(rows) for write in group]


def _paths_that_were_mappings(change: Change) -> set[Path]:
    return {inverse.path for inverse in change.inverses if isinstance(inverse.value, dict)}


def _outermost(rows: dict[Path, list[Write]]) -> Iterator[list[Write]]:
    """Parents first: a row that clears its subtree comes before the rows it holds now."""
    for path in sorted(rows, key=len):
        yield rows[path]


def _leaf(state: Mapping[str, Any], path: Path) -> tuple[Path, Any, bool]:
    """The row that `path` lies in: its path, its value, and whether it is there."""
    limit = RECORD_DEPTH.get(str(path[0]), len(path))
    node: Any = state
    for depth, key in enumerate(path[:limit]):
        if not isinstance(node, dict):
            return path[:depth], node, True
        if key not in node:
            return path[: depth + 1], None, False
        node = node[key]
    return path[:limit], node, True


def _flatten(path: Path, value: Any) -> Iterator[Write]:
    if isinstance(value, dict) and len(path) < RECORD_DEPTH.get(str(path[0]), len(path) + 1):
        yield Write(path_text(path), "{}")
        for key, item in value.items():
            yield from _flatten((*path, key), item)
    else:
        yield Write(path_text(path), dumps(value))


def coalesce(pending: Iterable[Write]) -> list[Write]:
    """The writes that leave the same rows, one for each key, clearings of subtrees first.

    >>> coalesce([Write("[1]", "1"), Write("[1]", "2"), Write("[2]", None)])
    [Write(key='[1]', value='2', subtree=False), Write(key='[2]', value=None, subtree=False)]
    """
    rows: dict[str, Write] = {}
    cleared: set[str] = set()
    # From the last to the first: what a later one clears is not written at all.
    for write in reversed(list(pending)):
        later = rows.get(write.key)
        if cleared and not cleared.isdisjoint(_above(write.key)):
            continue
        if later is None:
            rows[write.key] = write
        elif write.subtree and not later.subtree:
            rows[write.key] = later._replace(subtree=True)
        if write.subtree:
            cleared.add(write.key)
    in_order = list(rows.values())[::-1]
    return sorted(in_order, key=lambda write: not write.subtree)


def _above(key: str) -> Iterator[str]:
    """The keys of the rows around a row."""
    path = parse_path(key)
    return (path_text(path[:depth]) for depth in range(1, len(path)))


def overlap(rows: Iterable[Write], others: Iterable[Write]) -> bool:
    """Whether writing `rows` after `others`, of another process, could undo some of them.

    They overlap where they write one row, where one clears what the other has a row in, and
    where `others` put something that is no mapping above a row.

    >>> overlap([Write('["a","n"]', "1")], [Write('["a","m"]', "1")])
    False
    >>> overlap([Write('["a","n"]', "1")], [Write('["a"]', None)])
    True
    """
    return bool(overlapping(list(rows), others))


def overlapping(rows: Sequence[Write], others: Iterable[Write]) -> list[Write]:
    """Those of `others`, of another process, that writing `rows` could undo: see `overlap`."""
    keys = {row.key for row in rows}
    cleared = {row.key for row in rows if row.subtree}
    around = {above for row in rows for above in _above(row.key)}
    return [
        other
        for other in others
        if other.key in keys
        or (other.key in around and (other.subtree or other.value != "{}"))
        or (cleared and not cleared.isdisjoint(_above(other.key)))
    ]


def adopt(state: Any, rows: Iterable[Write]) -> None:
    """Make the rows that another process has written, on a draft of the state.

    Raises:
        CodecError: If a row can't be read.
    """
    for row in sorted(rows, key=lambda row: len(parse_path(row.key))):
        *steps, last = parse_path(row.key)
        if row.value is None:
            _forget(state, steps, last)
            continue
        parent = state
        for step in steps:
            if not hasattr(parent.get(step), "keys"):
                parent[step] = {}
            parent = parent[step]
        is_mapping = row.value == "{}" and len(steps) + 1 < RECORD_DEPTH.get(str((*steps, last)[0]), math.inf)
        if is_mapping and not row.subtree and hasattr(parent.get(last), "keys"):
            # What is in it has rows of its own.
            continue
        parent[last] = loads(row.value)


def _forget(state: Any, steps: Iterable[str | int], last: str | int) -> None:
    node = state
    for step in steps:
        node = node.get(step)
        if not hasattr(node, "keys"):
            return
    node.pop(last, None)


def flatten(state: Mapping[str, Any]) -> Iterator[Write]:
    """Every row of a whole state."""
    for branch, value in state.items():
        yield from _flatten((branch,), value)


def assemble(rows: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The state that rows of (key, value) hold.

    Raises:
        CodecError: If a row can't be read, or lies below one that is no mapping.
    """
    root: dict[Any, Any] = {}
    for path, key, value in sorted(_parsed(rows), key=lambda row: len(row[0])):
        node: Any = root
        for step in path[:-1]:
            node = node.setdefault(step, {})
            if not isinstance(node, dict):
                raise CodecError(f"the row {key} lies below {step!r}, which is no mapping")
        last = path[-1]
        if value == {} and isinstance(node.get(last), dict):
            continue
        node[last] = value
    return root


def _parsed(rows: Iterable[tuple[str, str]]) -> list[tuple[Path, str, Any]]:
    """The path, the key and the value of each row."""
    keys: list[str] = []
    texts: list[str] = []
    for key, text in rows:
        keys.append(key)
        texts.append(text)
    try:
        # One text of all is parsed in a third of the time of each by itself.
        paths = json.loads(f"[{','.join(keys)}]")
        values = json.loads(f"[{','.join(texts)}]")
        if len(paths) == len(values) == len(keys):
            return [
                (tuple(path), key, untag(value) if value.__class__ in {dict, list} else value)
                for path, key, value in zip(paths, keys, values, strict=True)
            ]
    except (ValueError, TypeError, KeyError, AttributeError):
        # One of them can't be read: it is found, and named, by reading each by itself.
        pass
    return [(parse_path(key), key, _read(key, text)) for key, text in zip(keys, texts, strict=True)]


def _read(key: str, text: str) -> Any:
    try:
        return loads(text)
    except CodecError as error:
        raise CodecError(f"the row {key} can't be read: {error}") from error
