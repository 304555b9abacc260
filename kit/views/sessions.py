"""Session limits: how many views of a class one user, guild or bot may have at a time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any, Literal
from weakref import WeakValueDictionary

from kit.persistence.live import live_views
from kit.state import StateError

Scope = Literal["user", "guild", "user_guild", "global"]


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


def scope_key(scope: Scope, user_id: Any, guild_id: Any) -> tuple[Any, ...]:
    """What two views of one class must share to count against one limit.

    Raises:
        ValueError: If `scope` is none of "user", "guild", "user_guild" and "global".
    """
    keys = {
        "user": (user_id,),
        "guild": (guild_id,),
        "user_guild": (user_id, guild_id),
        "global": (),
    }
    if scope not in keys:
        raise ValueError(f"session_scope = {scope!r}; it is one of {', '.join(map(repr, keys))}")
    return keys[scope]


def kind(view: Any) -> str:
    """What views of one class have in common: the registry key, or the name of the class."""
    return str(getattr(view, "registry_key", type(view).__name__))


@contextlib.asynccontextmanager
async def turn(view: Any) -> AsyncIterator[None]:
    """Hold back others that are sent at the same time and would replace, or count against, `view`."""
    locks: WeakValueDictionary[Any, asyncio.Lock]
    locks = view.state_store.extras.setdefault("sending", WeakValueDictionary())
    names: list[tuple[Any, ...]] = []
    if view.session_limit is not None:
        names.append(("limit", kind(view), *scope_key(view.session_scope, view.user_id, view.guild_id)))
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
    store = view.state_store
    wanted = scope_key(view.session_scope, view.user_id, view.guild_id)
    alive = [
        other
        for other in live_views(store)
        if kind(other) == kind(view)
        and other is not view
        and not (view.is_stored and other.state_key == view.state_key)
        and scope_key(view.session_scope, other.user_id, other.guild_id) == wanted
    ]
    if not view.is_stored:
        return alive
    seen = {other.state_key for other in alive} | {view.state_key}
    asleep = [
        key
        for key, entry in store.state["persistent_views"].items()
        if key not in seen
        and entry["class_name"] == view.registry_key
        and scope_key(view.session_scope, *_identity(entry)) == wanted
    ]
    return [*asleep, *alive]


def _identity(entry: Mapping[str, Any]) -> tuple[int | None, int | None]:
    user_id, guild_id = entry.get("user_id"), entry.get("guild_id")
    return (None if user_id is None else int(user_id), None if guild_id is None else int(guild_id))
