"""The views that are alive in this process, found by what identifies them."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Iterator
from typing import Any

from kit.persistence.groups import Groups
from kit.state import Change, StateStore
from kit.state.actions import STATE_SYNCED, VIEW_CREATED


def kind(view: Any) -> str:
    """What a session limit counts a view as: its first page's registry key, or class name."""
    return str(getattr(view, "root_kind", None) or class_key(view))


def class_key(view: Any) -> str:
    """What views of one class have in common: the registry key, or the name of the class."""
    return str(getattr(view, "registry_key", type(view).__name__))


class LiveViews:
    """The live views of one store: by id, by message, and the persistent ones by state key."""

    def __init__(self) -> None:
        self._by_id: dict[str, Any] = {}
        self._by_message: dict[int, Any] = {}
        self._panels: dict[str, Any] = {}
        self._groups = Groups()

    def add(self, view: Any, *, panel: bool = False) -> None:
        """Remember `view`; with `panel`, also as the one of its state key."""
        self._by_id[view.id] = view
        self._by_message[view.message.id] = view
        self._groups.put(view.id, kind(view), view.user_id, view.guild_id)
        if panel:
            self._panels[view.state_key] = view

    def discard(self, view: Any) -> None:
        """Forget `view`; a newer one of the same id or state key stays."""
        view_id, state_key = view.id, view.state_key
        if self._by_id.get(view_id) is view:
            del self._by_id[view_id]
            self._groups.discard(view_id)
        message = view.message
        if message is not None and self._by_message.get(message.id) is view:
            del self._by_message[message.id]
        if self._panels.get(state_key) is view:
            del self._panels[state_key]

    def panel(self, state_key: str) -> Any:
        """The live view of a persistent panel, or None: it may exist and not be built yet."""
        return self._panels.get(state_key)

    def on_message(self, message_id: int) -> Any:
        """The live view on a message, or None."""
        return self._by_message.get(message_id)

    def in_scope(self, view: Any, scope: str) -> list[Any]:
        """The live views of the class of `view` that share `scope` with it, oldest first."""
        names = self._groups.find(kind(view), scope, view.user_id, view.guild_id)
        return [self._by_id[name] for name in names]

    def __contains__(self, view_id: object) -> bool:
        return view_id in self._by_id

    def by_id(self, view_id: str) -> Any:
        """The live view of an id, or None."""
        return self._by_id.get(view_id)

    def panels(self) -> list[Any]:
        """All persistent views that are alive."""
        return list(self._panels.values())

    def __iter__(self) -> Iterator[Any]:
        return iter(tuple(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)


class _Return:
    """Says again that views are alive which another process has taken for dead.

    A process that starts clears away the views that a crash has left. Which of them belong to a
    process that is still there, only that process knows.
    """

    def __init__(self, store: StateStore) -> None:
        self._store = store
        self._tasks: set[asyncio.Task[Any]] = set()
        store.subscribe_changes(self._follow)

    def _follow(self, change: Change) -> None:
        if change.action.type != STATE_SYNCED:
            return
        for patch in change.patches:
            if patch.op == "remove" and patch.path[0] == "views" and len(patch.path) == 2:
                view = live_views(self._store).by_id(str(patch.path[1]))
                if view is not None:
                    self._say(view)

    def _say(self, view: Any) -> None:
        # A context of its own: this runs in the writer's.
        task = asyncio.get_running_loop().create_task(
            self._store.dispatch(VIEW_CREATED, view.record(), source=view.id),
            name="viewkit-return",
            context=contextvars.Context(),
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def return_from_the_dead(store: StateStore) -> None:
    """Let the live views of `store` say so when another process has taken them for dead."""
    if "return" not in store.extras:
        store.extras["return"] = _Return(store)


def live_views(store: StateStore) -> LiveViews:
    """The live views of `store`."""
    # Kept by the store itself: views point back at their store, so a table of stores
    # would keep every one of them for ever.
    views: LiveViews = store.extras.setdefault("live views", LiveViews())
    return views
