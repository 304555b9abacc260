"""Selectors: functions of the state, and the places of the tree that each has looked at.

A selector runs once on a view of the tree that notes what is read. From then on it
needs to run again only when a patch touches one of those places: with 100,000
selectors, a change costs as much as with one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from kit.state.tree import SCALARS, Path, thaw

Watcher = tuple[str, str]

Selector = Callable[[Mapping[str, Any]], Any]


def select(
    selector: Selector, state: Mapping[str, Any], seen: set[Path] | None = None
) -> tuple[Any, set[Path]]:
    """What `selector` makes of `state`, and the paths it depends on.

    Args:
        selector: The function.
        state: The state.
        seen: Where the paths are put; they are there even if the selector raises.

    >>> select(lambda state: state["application"].get("n", 0), {"application": {"n": 2}})
    (2, {('application', 'n')})
    """
    seen = set() if seen is None else seen
    value = _untracked(selector(TrackedDict(state, (), seen)))
    return value, seen


def is_settled(value: Any) -> bool:
    """Whether two results of a selector can be compared: live parts of the tree change under one's hands."""
    if value.__class__ in SCALARS:
        return True
    if value.__class__ in {list, tuple, set, frozenset}:
        return all(is_settled(item) for item in value)
    return value.__class__ is dict and all(is_settled(item) for item in value.values())


def is_same(one: Any, other: Any) -> bool:
    """Whether two settled results are equal, types included: 1, 1.0 and True are three things."""
    if one.__class__ is not other.__class__ or one != other:
        return False
    if one.__class__ in {list, tuple}:
        return all(map(is_same, one, other))
    if one.__class__ is dict:
        return all(is_same(value, other[key]) for key, value in one.items())
    return True


class TrackedDict(Mapping[Any, Any]):
    """A mapping of the state that notes what is read of it."""

    __slots__ = ("_node", "_path", "_seen")

    def __init__(self, node: Mapping[Any, Any], path: Path, seen: set[Path]) -> None:
        self._node = node
        self._path = path
        self._seen = seen

    def __getitem__(self, key: Any) -> Any:
        path = (*self._path, key)
        try:
            value = self._node[key]
        except KeyError:
            self._seen.add(path)
            raise
        return _tracked(value, path, self._seen)

    def __contains__(self, key: object) -> bool:
        self._seen.add((*self._path, key))  # type: ignore[arg-type]
        return key in self._node

    def __iter__(self) -> Iterator[Any]:
        self._seen.add(self._path)
        return iter(self._node)

    def __len__(self) -> int:
        self._seen.add(self._path)
        return len(self._node)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return thaw(self._whole())

    def __repr__(self) -> str:
        return repr(self._whole())

    def _whole(self) -> Mapping[Any, Any]:
        self._seen.add(self._path)
        return self._node


def _tracked(value: Any, path: Path, seen: set[Path]) -> Any:
    if isinstance(value, dict):
        return TrackedDict(value, path, seen)
    # A list is watched whole: an index names another item as soon as one before it goes.
    seen.add(path)
    return value


def _untracked(value: Any) -> Any:
    if isinstance(value, TrackedDict):
        return value._whole()  # noqa: SLF001
    if value.__class__ in {list, tuple, set, frozenset}:
        return value.__class__(_untracked(item) for item in value)
    if value.__class__ is dict:
        return {key: _untracked(item) for key, item in value.items()}
    return value


class _Place:
    __slots__ = ("inner", "watchers")

    def __init__(self) -> None:
        self.inner: dict[Any, _Place] = {}
        self.watchers: set[Watcher] = set()


class Watchers:
    """Who looks at which places of the tree."""

    def __init__(self) -> None:
        self._root = _Place()
        self._paths: dict[Watcher, frozenset[Path]] = {}

    def __bool__(self) -> bool:
        return bool(self._paths)

    def put(self, name: Watcher, paths: Iterable[Path]) -> None:
        """Let `name` look at `paths`, and no longer at those it looked at before."""
        wanted = frozenset(paths)
        if self._paths.get(name) == wanted:
            return
        self.discard(name)
        self._paths[name] = wanted
        for path in wanted:
            place = self._root
            for key in path:
                place = place.inner.setdefault(key, _Place())
            place.watchers.add(name)

    def discard(self, name: Watcher) -> None:
        """Forget `name`."""
        for path in self._paths.pop(name, ()):
            _remove(self._root, path, name)

    def touched(self, paths: Iterable[Sequence[str | int]]) -> set[Watcher]:
        """Those who look at one of `paths`, at something around it, or at something in it."""
        found: set[Watcher] = set()
        for path in paths:
            place: _Place | None = self._root
            for key in path:
                assert place is not None
                found |= place.watchers
                place = place.inner.get(key)
                if place is None:
                    break
            if place is not None:
                _collect(place, found)
        return found


def _remove(place: _Place, path: Sequence[Any], name: Watcher) -> None:
    if not path:
        place.watchers.discard(name)
        return
    inner = place.inner[path[0]]
    _remove(inner, path[1:], name)
    if not inner.watchers and not inner.inner:
        del place.inner[path[0]]


def _collect(place: _Place, found: set[Watcher]) -> None:
    found |= place.watchers
    for inner in place.inner.values():
        _collect(inner, found)
