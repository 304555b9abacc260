"""Drafts: what a reducer changes, with every change recorded as a patch.

A draft wraps a node of the live tree and writes through to it, so a change costs
the same whatever the size of the state. It finds its own path by walking up to
the root at each write: list indices shift and subtrees are removed while
references are held, and identity (`parent[key] is node`) is the one test that
cannot go stale.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping, MutableSequence, MutableSet
from typing import Any, Self, SupportsIndex, overload

from kit.state.patches import Patch, apply
from kit.state.tree import (
    SCALARS,
    Path,
    StateDict,
    StateError,
    StateList,
    StateSet,
    freeze,
    show,
    thaw,
    too_deep,
)

_ABSENT = object()
_SAFE = frozenset({type(None), bool, int, str})


class Recorder:
    """Collects the patches of one dispatch and their inverses."""

    __slots__ = ("_inverses", "closed", "patches", "root")

    def __init__(self, root: StateDict) -> None:
        self.root = root
        self.patches: list[Patch] = []
        self._inverses: list[Patch] = []
        self.closed = False

    @property
    def inverses(self) -> list[Patch]:
        """The steps back, in the order to apply them."""
        return self._inverses[::-1]

    def add(self, path: Path, value: Any) -> None:
        """Record that `value` was added at `path`."""
        self.patches.append(Patch("add", path, thaw(value)))
        self._inverses.append(Patch("remove", path))

    def remove(self, path: Path, old: Any) -> None:
        """Record that `old` was removed from `path`."""
        self.patches.append(Patch("remove", path))
        self._inverses.append(Patch("add", path, thaw(old)))

    def replace(self, path: Path, old: Any, value: Any) -> None:
        """Record that `old` gave way to `value` at `path`."""
        self.patches.append(Patch("replace", path, thaw(value)))
        self._inverses.append(Patch("replace", path, thaw(old)))

    def roll_back(self) -> None:
        """Take every recorded change back."""
        apply(self.root, self.inverses)


class _Draft:
    __slots__ = ("_key", "_node", "_parent", "_recorder")

    def __init__(self, node: Any, recorder: Recorder, parent: _Draft | None, key: str | int) -> None:
        self._node = node
        self._recorder = recorder
        self._parent = parent
        self._key = key

    def _path(self) -> Path:
        """Where this draft's node is now.

        Raises:
            StateError: If the node has left the tree, or the reducer has returned.
        """
        if self._recorder.closed:
            raise StateError("this draft belongs to a reducer that has returned; dispatch another action")
        parent = self._parent
        if parent is None:
            return ()
        node, key = parent._node, self._key  # noqa: SLF001  (a sibling draft)
        if isinstance(node, list):
            assert isinstance(key, int)
            if not (key < len(node) and node[key] is self._node):
                key = next((index for index, item in enumerate(node) if item is self._node), -1)
            attached = key != -1
            self._key = key
        else:
            attached = node.get(key) is self._node
        if not attached:
            raise StateError(
                "this part of the draft was removed or replaced earlier in the reducer; "
                "read it again from the state"
            )
        return (*parent._path(), key)  # noqa: SLF001

    def _child(self, key: str | int, value: Any) -> Any:
        cls = value.__class__
        if cls is StateDict:
            return DictDraft(value, self._recorder, self, key)
        if cls is StateList:
            return ListDraft(value, self._recorder, self, key)
        if cls is StateSet:
            return SetDraft(value, self._recorder, self, key)
        return value

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return thaw(self._node)

    def __repr__(self) -> str:
        return f"<draft {self._node!r}>"


def _same(old: Any, new: Any) -> bool:
    # 1 == True == 1.0, and each comes back from storage as something else.
    return old.__class__ is new.__class__ and old.__class__ in SCALARS and bool(old == new)


def plain(value: Any) -> Any:
    """The node behind a draft; other values as they are."""
    return value._node if isinstance(value, _Draft) else value  # noqa: SLF001


def _frozen(value: Any, path: Path) -> Any:
    try:
        return freeze(_unwrapped(value), path)
    except RecursionError:
        raise too_deep(path, value) from None


def _unwrapped(value: Any) -> Any:
    if value.__class__ in SCALARS:
        return value
    if isinstance(value, _Draft):
        return value._node  # noqa: SLF001
    if value.__class__ is dict:
        return {key: _unwrapped(item) for key, item in value.items()}
    if value.__class__ is list:
        return [_unwrapped(item) for item in value]
    return value


class DictDraft(_Draft, MutableMapping[Any, Any]):
    """A draft of a mapping; use it as a dict."""

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        value = self._node[key]
        return value if value.__class__ in SCALARS else self._child(key, value)

    def get(self, key: Any, default: Any = None) -> Any:
        """As `dict.get`."""
        value = self._node.get(key, _ABSENT)
        if value is _ABSENT:
            return default
        return value if value.__class__ in SCALARS else self._child(key, value)

    def __setitem__(self, key: Any, value: Any) -> None:
        if key.__class__ is not str and key.__class__ is not int:
            freeze({key: None}, self._path())
        path = (*self._path(), key)
        new = value if value.__class__ in _SAFE else _frozen(value, path)
        old = self._node.get(key, _ABSENT)
        if old is _ABSENT:
            self._recorder.add(path, new)
        elif _same(old, new):
            return
        else:
            self._recorder.replace(path, old, new)
        dict.__setitem__(self._node, key, new)

    def __delitem__(self, key: Any) -> None:
        old = self._node[key]
        self._recorder.remove((*self._path(), key), old)
        dict.__delitem__(self._node, key)

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """As `dict.setdefault`: the returned value is a draft, not `default` itself."""
        if key not in self._node:
            self[key] = default
        return self[key]

    def __contains__(self, key: object) -> bool:
        return key in self._node

    def __iter__(self) -> Iterator[Any]:
        return iter(self._node)

    def __len__(self) -> int:
        return len(self._node)

    def __eq__(self, other: object) -> bool:
        return bool(self._node == plain(other))

    def __or__(self, other: Any) -> dict[Any, Any]:
        return {**thaw(self._node), **other}

    def __ior__(self, other: Any) -> Self:
        self.update(other)
        return self

    def copy(self) -> dict[Any, Any]:
        """A plain copy, no longer part of the draft."""
        return thaw(self._node)  # type: ignore[no-any-return]

    __hash__ = None  # type: ignore[assignment]


class ListDraft(_Draft, MutableSequence[Any]):
    """A draft of a sequence; use it as a list."""

    __slots__ = ()

    @overload
    def __getitem__(self, index: SupportsIndex) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self._node)))]
        position = self._position(index)
        return self._child(position, self._node[position])

    def _position(self, index: SupportsIndex) -> int:
        position = index.__index__()
        if position < 0:
            position += len(self._node)
        if not 0 <= position < len(self._node):
            raise IndexError(f"index {index!r} of a list of {len(self._node)} at {show(self._path())}")
        return position

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            self._set_slice(index, value)
            return
        position = self._position(index)
        path = (*self._path(), position)
        new, old = _frozen(value, path), self._node[position]
        if not _same(old, new):
            self._recorder.replace(path, old, new)
            list.__setitem__(self._node, position, new)

    def _set_slice(self, where: slice, values: Iterable[Any]) -> None:
        wanted = self.copy()
        wanted[where] = [_unwrapped(value) for value in values]
        self.clear()
        self.extend(wanted)

    def __delitem__(self, index: Any) -> None:
        if isinstance(index, slice):
            for position in sorted(range(*index.indices(len(self._node))), reverse=True):
                del self[position]
            return
        position = self._position(index)
        self._recorder.remove((*self._path(), position), self._node[position])
        list.__delitem__(self._node, position)

    def insert(self, index: SupportsIndex, value: Any) -> None:
        """As `list.insert`."""
        size = len(self._node)
        position = index.__index__()
        position = max(position + size, 0) if position < 0 else min(position, size)
        path = (*self._path(), position)
        new = _frozen(value, path)
        self._recorder.add(path, new)
        list.insert(self._node, position, new)

    def sort(self, *, key: Any = None, reverse: bool = False) -> None:
        """As `list.sort`."""
        self[:] = sorted(self.copy(), key=key, reverse=reverse)

    def __len__(self) -> int:
        return len(self._node)

    def __eq__(self, other: object) -> bool:
        return bool(self._node == plain(other))

    def __add__(self, other: Iterable[Any]) -> list[Any]:
        return [*self.copy(), *other]

    def copy(self) -> list[Any]:
        """A plain copy, no longer part of the draft."""
        return thaw(self._node)  # type: ignore[no-any-return]

    __hash__ = None  # type: ignore[assignment]


class SetDraft(_Draft, MutableSet[Any]):
    """A draft of a set; each change replaces the set, which is a leaf of the tree."""

    __slots__ = ()

    def _become(self, new: set[Any]) -> None:
        if new == self._node:
            return
        path = self._path()
        node = freeze(new, path)
        self._recorder.replace(path, self._node, node)
        parent = self._parent
        assert parent is not None
        container: Any = parent._node  # noqa: SLF001
        put: Any = dict.__setitem__ if isinstance(container, dict) else list.__setitem__
        put(container, path[-1], node)
        self._node = node

    def add(self, value: Any) -> None:
        """As `set.add`."""
        self._become({*self._node, value})

    def discard(self, value: Any) -> None:
        """As `set.discard`."""
        self._become(set(self._node) - {value})

    def update(self, *others: Iterable[Any]) -> None:
        """As `set.update`."""
        self._become(set(self._node).union(*others))

    def clear(self) -> None:
        """As `set.clear`."""
        self._become(set())

    def __contains__(self, value: object) -> bool:
        return value in self._node

    def __iter__(self) -> Iterator[Any]:
        return iter(self._node)

    def __len__(self) -> int:
        return len(self._node)

    def __eq__(self, other: object) -> bool:
        return bool(self._node == plain(other))

    @classmethod
    def _from_iterable(cls, it: Iterable[Any]) -> set[Any]:
        return set(it)

    __hash__ = None  # type: ignore[assignment]
