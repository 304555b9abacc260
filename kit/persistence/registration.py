"""How a view gets into the list of those that are restored: on disk, or not at all."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from kit.state import StateStore, thaw
from kit.state.actions import PERSISTENT_VIEW_REGISTERED, PERSISTENT_VIEW_UNREGISTERED

_log = logging.getLogger(__name__)

Dispatch = Callable[[str, Mapping[str, Any]], Awaitable[Any]]


async def register(store: StateStore, entry: Mapping[str, Any], dispatch: Dispatch | None = None) -> None:
    """Store the entry of a view; when this returns, a crash no longer loses it.

    If it can't be made durable, the list is as it was before.

    Args:
        store: Whose `persistent_views` list it.
        entry: The payload of PERSISTENT_VIEW_REGISTERED.
        dispatch: How the action is dispatched; as nobody's in particular when left out.

    Raises:
        StorageError: If the storage has failed for too long.
    """
    act = dispatch if dispatch is not None else store.dispatch
    stored = store.state["persistent_views"].get(entry["state_key"])
    former = None if stored is None else thaw(stored)
    await act(PERSISTENT_VIEW_REGISTERED, entry)
    try:
        await store.flush()
    except BaseException:
        if former is not None:
            await act(PERSISTENT_VIEW_REGISTERED, former)
        else:
            await act(PERSISTENT_VIEW_UNREGISTERED, {"state_key": entry["state_key"]})
        raise
    if store.journal is None and "unkept" not in store.extras:
        store.extras["unkept"] = True
        _log.warning(
            "%r is in memory alone and will be gone after a restart: nothing is stored before "
            "`await setup_persistence(bot, backend=...)`",
            entry["state_key"],
        )
