"""The classes of persistent views, by the name under which panels remember them.

A subclass registers itself when its class statement runs. Stored panels name the
class, not the module: a class that moves from a notebook to a cog is the same class.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from kit.state import StateError

NOTEBOOK_MODULES = frozenset({"__main__", "__mp_main__", "builtins"})


class Restorable(Protocol):
    """What restoring needs of a live view."""

    state_key: str

    async def on_restore(self, bot: Any) -> None:
        """Called after the view was rebuilt from its stored entry."""

    async def handle(self, interaction: Any) -> None:
        """Answer an interaction that arrived before the view was attached."""

    def is_finished(self) -> bool:
        """Whether the view has ended."""

    def attach(self, bot: Any) -> None:
        """Let discord.py route the interactions of the view's message to it."""

    def record(self) -> dict[str, Any]:
        """What the state remembers of the live view."""

    async def discard(self) -> None:
        """Let go of everything but the stored entry."""


class RestorableClass(Protocol):
    """What restoring needs of a view class."""

    __name__: str
    __module__: str
    restores_eagerly: bool

    def restore(self, entry: dict[str, Any], bot: Any) -> Restorable:
        """A view as its stored entry describes it, on its message but not attached yet."""

    def check_entry(self, entry: dict[str, Any]) -> None:
        """Raise TypeError if the class can't be built from the entry's arguments."""


class ClassCollisionError(StateError, TypeError):
    """Two classes of one name, in two modules."""


class ClassRegistry:
    """View classes by registry key.

    Attributes:
        changes: How often a class was put in it.
    """

    def __init__(self) -> None:
        self.changes = 0
        self._classes: dict[str, Any] = {}
        self._before: dict[str, Any] = {}
        self._listeners: list[Callable[[str, Any, Any], None]] = []

    def register(self, key: str, cls: Any) -> None:
        """Remember `cls` under `key`.

        A class takes the place of one that it redefines: the same module's (a cell or an
        extension run again), one of the notebook's that moved to a module or back, and one
        whose module was unloaded.

        Raises:
            ClassCollisionError: If `key` belongs to a class of another module.
        """
        before = self._classes.get(key)
        if before is not None and not _redefines(cls, before):
            raise ClassCollisionError(
                f"two persistent views are called {key!r}: {_full_name(before)} and {_full_name(cls)}. "
                f"Stored panels are found by that name, so give one a key of its own: `registry_key = "
                f'"{cls.__module__.rpartition(".")[2]}.{key}"` in its class body'
            )
        self.put(key, cls)
        self._before[key] = before
        for listener in tuple(self._listeners):
            listener(key, before, cls)

    def get(self, key: str) -> Any:
        """The class registered under `key`, or None."""
        cls, before = self._classes.get(key), self._before.get(key)
        beside = before is not None and cls is not None and before.__module__ == cls.__module__
        if beside and not _is_defined(cls) and _is_defined(before):
            # The extension failed to load after its class statement, and discord.py went back to the
            # module before.
            return before
        return cls

    def put(self, key: str, cls: Any) -> None:
        """Make `cls` the class of `key` without asking; None forgets the key. For hot reload."""
        self.changes += 1
        self._before.pop(key, None)
        if cls is None:
            self._classes.pop(key, None)
        else:
            self._classes[key] = cls

    def subscribe(self, listener: Callable[[str, Any, Any], None]) -> Callable[[], None]:
        """Call `listener(key, before, cls)` at each registration; returns the way to end it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._classes))

    def __contains__(self, key: object) -> bool:
        return key in self._classes


def _redefines(new: Any, old: Any) -> bool:
    if new.__module__ == old.__module__:
        # Two nested classes of one name are two classes; one in a function is made anew at each call.
        return new.__qualname__ == old.__qualname__ or "<locals>" in new.__qualname__ + old.__qualname__
    if {new.__module__, old.__module__} & NOTEBOOK_MODULES:
        return True
    return old.__module__ not in sys.modules


def newer(key: str | None, cls: Any) -> Any:
    """The class that was defined anew in the place of `cls`, by `bot.reload_extension` say; None if none was.

    What a notebook defines again has to be accepted first, which is the lab's work.
    """
    found = None if key is None else view_classes.get(key)
    if found is None or found is cls or found.__module__ in NOTEBOOK_MODULES:
        return None
    return found if _is_defined(found) else None


def _is_defined(cls: Any) -> bool:
    """Whether `cls` is what its module has under its name."""
    return cls is not None and getattr(sys.modules.get(cls.__module__), cls.__qualname__, None) is cls


def _full_name(cls: Any) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


view_classes = ClassRegistry()
