"""The roles of a guild: their order, and what they grant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from kit.simulator.errors import UnknownError
from kit.simulator.world import payloads
from kit.simulator.world.flags import bits
from kit.simulator.world.observed import Observed, is_id, named

if TYPE_CHECKING:
    from kit.simulator.world.bots import Bot

Json = dict[str, Any]


class RoleState(Observed):
    """The part of a world that is there first: the guild itself and its roles."""

    def __init__(self) -> None:
        super().__init__()
        self.guild: Json = {}
        self.roles: dict[str, Json] = {}
        self.bots: dict[str, Bot] = {}

    def role(
        self,
        name: str,
        *,
        color: int | None = None,
        permissions: int | Iterable[str] | None = None,
        hoist: bool | None = None,
        mentionable: bool | None = None,
    ) -> Json:
        """A role, made if there is none of that name, and as told; what is left out stays as it is.

        Args:
            name: Its name, or the id of one that is there.
            color: 0xRRGGBB.
            permissions: What it grants: a bit set, or names as discord.py has them, ``["manage_messages"]``.
            hoist: Whether its members are listed apart.
            mentionable: Whether everyone may ping it.

        Raises:
            LookupError: No role has that id.
            ValueError: There is no such permission.
        """
        changes: Json = {} if color is None else payloads.colors(color)
        if permissions is not None:
            changes["permissions"] = str(bits(permissions))
        changes.update({} if hoist is None else {"hoist": hoist})
        changes.update({} if mentionable is None else {"mentionable": mentionable})
        found = self._role_named(name)
        if found is None and not is_id(name):
            named("A role", name, 100)
            return self.insert_role({**payloads.role(self.snowflakes.next(), name), **changes})
        found = self.find_role(name)
        return self.update_role(found["id"], changes) if changes else found

    def find_role(self, wanted: str) -> Json:
        """A role that is there.

        Args:
            wanted: Its id or its name.

        Raises:
            LookupError: There is none; the message names those there are.
        """
        found = self._role_named(wanted)
        if found is None:
            known = ", ".join(f"{role['name']} {role['id']}" for role in self.roles.values())
            raise UnknownError("Role", wanted, f"Known: {known}")
        return found

    def _role_named(self, wanted: str) -> Json | None:
        if wanted in self.roles:
            return self.roles[wanted]
        return next((role for role in self.roles.values() if role["name"] == wanted), None)

    def add_role(self, name: str, *, color: int = 0, permissions: int | Iterable[str] = 0) -> Json:
        """Creates a role, the lowest above @everyone as on Discord: all others move up.

        Args:
            name: Its name; another role may be called so as well.
            color: 0xRRGGBB.
            permissions: What it grants: a bit set, or names.

        Raises:
            ValueError: There is no such permission.
        """
        role = payloads.role(self.snowflakes.next(), name, permissions=bits(permissions), color=color)
        return self.insert_role(role)

    def insert_role(self, role: Json) -> Json:
        """Stores a new role.

        Args:
            role: The whole role object, at position 1.
        """
        others = self.ranking()
        self._put_role("GUILD_ROLE_CREATE", role)
        self.rank_roles([role["id"], *others])
        return role

    def update_role(self, role_id: str, changes: Json) -> Json:
        """Changes a role's name, permissions or other fields; ``rank_roles`` changes its position.

        Args:
            role_id: The role, by id or name.
            changes: Fields of the role object.

        Raises:
            LookupError: No such role.
        """
        return self._put_role("GUILD_ROLE_UPDATE", {**self.find_role(role_id), **changes})

    def _put_role(self, event: str, role: Json) -> Json:
        self.roles[role["id"]] = role
        self.emit(event, {"guild_id": self.guild["id"], "role": role})
        return role

    def rank_roles(self, role_ids: Sequence[str]) -> None:
        """Orders the roles. A bot gives, takes and changes only those below its own highest.

        Args:
            role_ids: All of them but @everyone, by id or name, the lowest first.

        Raises:
            LookupError: No such role.
            ValueError: A role is missing, or there twice.
        """
        ids = [self.find_role(role_id)["id"] for role_id in role_ids]
        if sorted(ids) != sorted(self.ranking()):
            raise ValueError(f"rank_roles takes each role but @everyone once: {', '.join(self.ranking())}.")
        for position, role_id in enumerate(ids, start=1):
            if self.roles[role_id]["position"] != position:
                self.update_role(role_id, {"position": position})

    def ranking(self) -> list[str]:
        """The ids of all roles but @everyone, the lowest first."""
        others = [role for key, role in self.roles.items() if key != self.guild["id"]]
        return [role["id"] for role in sorted(others, key=lambda role: int(role["position"]))]
