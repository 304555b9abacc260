"""Session limits: how many views of a class one user, guild or bot may have at a time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from weakref import WeakValueDictionary

from kit.persistence.index import panel_index
from kit.persistence.live import kind, live_views
from kit.state import StateError, scope_key


class SessionLimitError(StateError):
    """A view was refused, because there are as many of its class as it allows.

    Attributes:
        view_type: The name of the class.
        limit: Its `session_limit`.
    """

    def __init__(self, view_type: str, limit: int) -> None:
        self.view_type = view_type
        self.limit = limit
        super().__init__(
            f"there are {limit} of {view_type} already (session_limit = {limit}, session_policy = 'reject'); "
            "exit one first, or use session_policy = 'replace'"
        )


@contextlib.asynccontextmanager
async def turn(view: Any) -> AsyncIterator[None]:
    """Hold back others that are sent at the same time and would replace, or count against, `view`."""
    locks: WeakValueDictionary[Any, asyncio.Lock]
    locks = view.state_store.extras.setdefault("sending", WeakValueDictionary())
    names: list[tuple[Any, ...]] = []
    if view.session_limit is not None:
        names.append(
            (
                "limit",
                kind(view),
                *scope_key(view.session_scope, user_id=view.user_id, guild_id=view.guild_id),
            )
        )
    if view.is_stored:
        names.append(("state key", view.state_key))
    async with contextlib.AsyncExitStack() as stack:
        for name in names:
            lock = locks.get(name)
            if lock is None:
                locks[name] = lock = asyncio.Lock()
            await stack.enter_async_context(lock)
        yield


def others_in_scope(view: Any) -> list[Any]:
    """The views that count against the limit of `view`, oldest first.

    Live views, and state keys (text) of stored panels that nobody has clicked yet. The
    panel that `view` takes the place of, by its state key, does not count.
    """
    store, scope = view.state_store, view.session_scope
    alive = [
        other
        for other in live_views(store).in_scope(view, scope)
        if other is not view and not (view.is_stored and other.state_key == view.state_key)
    ]
    if not view.is_stored:
        return alive
    seen = {other.state_key for other in alive} | {view.state_key}
    stored = panel_index(store).groups.find(kind(view), scope, view.user_id, view.guild_id)
    asleep = [key for key in stored if key not in seen]
    entries = store.state["persistent_views"]
    # Discord's ids count the time up.
    born = {key: int(entries[key]["message_id"]) for key in asleep}
    return sorted([*asleep, *alive], key=lambda other: born.get(other) or other.message.id)
