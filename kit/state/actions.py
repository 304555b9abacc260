"""Actions: what happened, as the reducers are told it.

The names and payloads of the built-in actions are those of the persistence guide
that kit implements; a bot adds its own.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

VIEW_CREATED = "VIEW_CREATED"
VIEW_UPDATED = "VIEW_UPDATED"
VIEW_DESTROYED = "VIEW_DESTROYED"
SESSION_CREATED = "SESSION_CREATED"
SESSION_UPDATED = "SESSION_UPDATED"
COMPONENT_INTERACTION = "COMPONENT_INTERACTION"
PERSISTENT_VIEW_REGISTERED = "PERSISTENT_VIEW_REGISTERED"
PERSISTENT_VIEW_UNREGISTERED = "PERSISTENT_VIEW_UNREGISTERED"
SCOPED_UPDATE = "SCOPED_UPDATE"
STATE_RESTORED = "STATE_RESTORED"
STATE_SYNCED = "STATE_SYNCED"
NAVIGATION_PUSH = "NAVIGATION_PUSH"
NAVIGATION_POP = "NAVIGATION_POP"
NAVIGATION_REPLACE = "NAVIGATION_REPLACE"
UNDO = "UNDO"
REDO = "REDO"
UNDO_DROPPED = "UNDO_DROPPED"
BATCH_COMPLETE = "BATCH_COMPLETE"


UNDO_LIMIT = 20


@dataclass(frozen=True, slots=True)
class UndoScope:
    """Whose undo a dispatch goes to.

    Attributes:
        session_id: The session that remembers it.
        limit: How many steps it remembers.
    """

    session_id: str
    limit: int = UNDO_LIMIT


@dataclass(frozen=True, slots=True)
class Action:
    """Something that happened.

    Attributes:
        type: Its name, in capitals by custom: "COUNTER_INCREMENTED".
        payload: What a reducer needs to know, by name.
        source: The id of the view that dispatched it, if a view did.
        time: When, in seconds since the epoch.
        undo: Whose undo it goes to, if it can be undone.
    """

    type: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    source: str | None = None
    time: float = field(default_factory=time.time)
    undo: UndoScope | None = None

    def __getitem__(self, name: str) -> Any:
        """The attribute `name`, so that reducers may write `action["payload"]`."""
        try:
            return getattr(self, name)
        except AttributeError:
            raise KeyError(name) from None

    def get(self, name: str, default: Any = None) -> Any:
        """As `dict.get`."""
        return getattr(self, name, default)
