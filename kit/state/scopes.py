"""Scopes: whose a piece of the application's state is, and the name it is kept under."""

from __future__ import annotations

from typing import Literal

Scope = Literal["user", "guild", "user_guild", "global"]

_NEEDS: dict[str, tuple[str, ...]] = {
    "user": ("user_id",),
    "guild": ("guild_id",),
    "user_guild": ("user_id", "guild_id"),
    "global": (),
}


def scope_key(
    scope: str, *, user_id: int | None = None, guild_id: int | None = None
) -> tuple[int | None, ...]:
    """The ids that two things of one scope share.

    Raises:
        ValueError: If `scope` is none of "user", "guild", "user_guild" and "global".
    """
    needs = _NEEDS.get(scope)
    if needs is None:
        raise ValueError(f"the scope {scope!r} is none of {', '.join(map(repr, _NEEDS))}")
    ids = {"user_id": user_id, "guild_id": guild_id}
    return tuple(ids[name] for name in needs)


def scope_name(scope: str, *, user_id: int | None = None, guild_id: int | None = None) -> str:
    """The key of a scope's data under `application._scoped`.

    >>> scope_name("user", user_id=123), scope_name("global")
    ('user:123', 'global')

    Raises:
        ValueError: If there is no such scope, or an id that it needs is missing.
    """
    ids = scope_key(scope, user_id=user_id, guild_id=guild_id)
    for name, value in zip(_NEEDS[scope], ids, strict=True):
        if value is None:
            raise ValueError(f"the scope {scope!r} needs a {name}")
    return ":".join([scope, *map(str, ids)])
