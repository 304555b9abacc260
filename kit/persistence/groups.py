"""Groups: things found by what a session limit counts: their class, and whose they are."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from kit.state import scope_key


class Groups:
    """Names, grouped by class and by each session scope."""

    def __init__(self) -> None:
        self._places: dict[str, tuple[str, int | None, int | None]] = {}
        # One name alone is kept as it is: 100,000 sets of one would be 20 MB.
        self._names: dict[Hashable, str | dict[str, None]] = {}

    def put(self, name: str, kind: str, user_id: int | None, guild_id: int | None) -> None:
        """Group `name` by its class and ids, and no longer by those it had."""
        place = (kind, user_id, guild_id)
        if self._places.get(name) == place:
            return
        self.discard(name)
        self._places[name] = place
        for key in _keys(*place):
            names = self._names.get(key)
            if names is None:
                self._names[key] = name
            elif isinstance(names, str):
                self._names[key] = {names: None, name: None}
            else:
                names[name] = None

    def discard(self, name: str) -> None:
        """Forget `name`, if it is known."""
        place = self._places.pop(name, None)
        if place is None:
            return
        for key in _keys(*place):
            names = self._names[key]
            if isinstance(names, str):
                del self._names[key]
            else:
                del names[name]
                if not names:
                    del self._names[key]

    def find(self, kind: str, scope: str, user_id: int | None, guild_id: int | None) -> list[str]:
        """The names of a class that share a scope, in the order in which they came."""
        names = self._names.get((kind, scope, *scope_key(scope, user_id=user_id, guild_id=guild_id)), ())
        return [names] if isinstance(names, str) else list(names)


def _keys(kind: str, user_id: int | None, guild_id: int | None) -> list[Hashable]:
    # As `scope_key` has them; spelled out, because an index of 100,000 panels asks for each.
    return [
        (kind, "user", user_id),
        (kind, "guild", guild_id),
        (kind, "user_guild", user_id, guild_id),
        (kind, "global"),
    ]


def identity(entry: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """The user and the guild of a stored panel."""
    return integer(entry.get("user_id")), integer(entry.get("guild_id"))


def integer(value: Any) -> int | None:
    """An id as the guide writes it; storage may hold it as text."""
    return None if value is None else int(value)
