"""The index of the stored panels: by message, by channel, and by what session limits count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kit.persistence.groups import Groups, identity, integer
from kit.state import Change, StateError, StateStore

BRANCH = "persistent_views"


class EntryError(StateError, ValueError):
    """An entry of the panel registry that names no message."""


def needed_ids(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids without which a stored view can't be found.

    A panel's entry says nothing of `bound`. That of a plain view does: bound to a message, of which
    perhaps only the id is known, or unbound.
    """
    if "bound" not in entry:
        return ("message_id", "channel_id")
    return ("message_id",) if entry["bound"] else ()


def check_entry(entry: Any) -> None:
    """See that a stored view has a class and the ids of its message; EntryError says what it lacks."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("class_name"), str):
        raise EntryError(f"{entry!r} is no entry of a panel: it has no 'class_name'")
    for name in ("message_id", "channel_id"):
        if entry.get(name) is None and name not in needed_ids(entry):
            continue
        try:
            int(entry[name])
        except (KeyError, TypeError, ValueError):
            raise EntryError(f"the entry has {entry.get(name)!r} as its {name!r}, which is no id") from None


class PanelIndex:
    """Where each entry of `persistent_views` is found. Follows the store.

    Args:
        store: Whose panels.

    Attributes:
        groups: The panels by what session limits count.
        unbound: The state keys of the views that are bound to no message.
    """

    def __init__(self, store: StateStore) -> None:
        self._store = store
        self.rebuild()
        store.subscribe_changes(self._follow)

    def rebuild(self) -> None:
        """Index the whole branch anew."""
        self.groups = Groups()
        self.unbound: dict[str, None] = {}
        self._places: dict[str, tuple[int, int | None]] = {}
        self._by_message: dict[int, str] = {}
        self._by_channel: dict[int, dict[str, None]] = {}
        for state_key, entry in self._store.state[BRANCH].items():
            self._put(state_key, entry)

    def knows(self, state_key: str) -> bool:
        """Whether there is a panel of that state key, with a message."""
        return state_key in self._places

    def on_message(self, message_id: int) -> str | None:
        """The state key of the panel on a message."""
        return self._by_message.get(message_id)

    def in_channel(self, channel_id: int) -> list[str]:
        """The state keys of the panels in a channel."""
        return list(self._by_channel.get(channel_id, ()))

    def _follow(self, change: Change) -> None:
        keys: dict[str, None] = {}
        for patch in (*change.patches, *change.inverses):
            if patch.path[0] == BRANCH:
                if len(patch.path) == 1:
                    self.rebuild()
                    return
                keys[str(patch.path[1])] = None
        for state_key in keys:
            self._discard(state_key)
            entry = self._store.state[BRANCH].get(state_key)
            if entry is not None:
                self._put(state_key, entry)

    def _put(self, state_key: str, entry: Any) -> None:
        try:
            check_entry(entry)
        except EntryError:
            # Restoring reports it; it is on no message that could be clicked.
            return
        if not needed_ids(entry):
            self.unbound[state_key] = None
            return
        message_id, channel_id = int(entry["message_id"]), integer(entry.get("channel_id"))
        self._places[state_key] = (message_id, channel_id)
        self._by_message[message_id] = state_key
        if channel_id is not None:
            self._by_channel.setdefault(channel_id, {})[state_key] = None
        if "bound" not in entry:
            self.groups.put(state_key, entry.get("root", entry["class_name"]), *identity(entry))

    def _discard(self, state_key: str) -> None:
        self.unbound.pop(state_key, None)
        place = self._places.pop(state_key, None)
        if place is None:
            return
        message_id, channel_id = place
        if self._by_message.get(message_id) == state_key:
            del self._by_message[message_id]
        if channel_id is not None:
            del self._by_channel[channel_id][state_key]
            if not self._by_channel[channel_id]:
                del self._by_channel[channel_id]
        self.groups.discard(state_key)


def panel_index(store: StateStore) -> PanelIndex:
    """The index of the panels that `store` remembers."""
    index: PanelIndex | None = store.extras.get("panel index")
    if index is None:
        store.extras["panel index"] = index = PanelIndex(store)
    return index


def index_anew(store: StateStore) -> None:
    """Index the panels of a state that was just loaded."""
    known = "panel index" in store.extras
    index = panel_index(store)
    if known:
        index.rebuild()
