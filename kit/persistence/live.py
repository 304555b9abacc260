"""The views that are alive in this process, found by what identifies them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

from kit.state import StateStore


class LiveViews:
    """The live views of one store: by id, and the persistent ones by state key."""

    def __init__(self) -> None:
        self._by_id: dict[str, Any] = {}
        self._panels: dict[str, Any] = {}

    def add(self, view: Any, *, panel: bool = False) -> None:
        """Remember `view`; with `panel`, also as the one of its state key."""
        self._by_id[view.id] = view
        if panel:
            self._panels[view.state_key] = view

    def discard(self, view: Any) -> None:
        """Forget `view`; a newer one of the same id or state key stays."""
        view_id, state_key = view.id, view.state_key
        if self._by_id.get(view_id) is view:
            del self._by_id[view_id]
        if self._panels.get(state_key) is view:
            del self._panels[state_key]

    def panel(self, state_key: str) -> Any:
        """The live view of a persistent panel, or None: it may exist and not be built yet."""
        return self._panels.get(state_key)

    def panels(self) -> list[Any]:
        """All persistent views that are alive."""
        return list(self._panels.values())

    def __iter__(self) -> Iterator[Any]:
        return iter(tuple(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)


_by_store: WeakKeyDictionary[StateStore, LiveViews] = WeakKeyDictionary()


def live_views(store: StateStore) -> LiveViews:
    """The live views of `store`."""
    views = _by_store.get(store)
    if views is None:
        views = _by_store[store] = LiveViews()
    return views
