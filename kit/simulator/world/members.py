"""The people of a guild: who is in it, who was banned, and the roles and names that they have there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from kit.simulator.errors import UnknownError
from kit.simulator.world import payloads
from kit.simulator.world.observed import is_id, named
from kit.simulator.world.roles import RoleState

Json = dict[str, Any]
MAX_TIME_OUT = 28 * 86_400


class MemberState(RoleState):
    """The part of a world that is its people.

    A method that takes a user takes a name or an id.
    """

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, Json] = {}
        self.members: dict[str, Json] = {}
        # Why, by the id of who was banned.
        self.bans: dict[str, str | None] = {}
        # The ids of those whom no bot can write a direct message.
        self.closed_dms: list[str] = []
        # What people are called, by id: a large guild is looked through by ids.
        self._names: dict[str, str] = {}

    def user(
        self,
        name: str,
        *,
        roles: Iterable[str] | None = None,
        nick: str | None = None,
        global_name: str | None = None,
        direct_messages: bool | None = None,
    ) -> Json:
        """A person, made if nobody is called so, and as told; what is left out stays as it is.

        Args:
            name: Username, or the id of someone who is there.
            roles: Names or ids of all the roles they then have; a name that is new makes the role.
            nick: What they are called in the guild; "" takes it away.
            global_name: Their display name.
            direct_messages: Whether bots can write to them; they can at first.

        Raises:
            LookupError: Nobody has that id, no role has such an id, or roles or a nick are for someone who is
                not in the guild.
        """
        if nick:
            named("A nick", nick, 32)
        held = None if roles is None else self._roles_of(roles)
        if name not in self.users and not is_id(name):
            self.add_user(name, roles=held or (), nick=nick, global_name=global_name)
            held = nick = global_name = None
        user = self.find_user(name)
        if direct_messages is not None:
            others = [user_id for user_id in self.closed_dms if user_id != user["id"]]
            self.closed_dms = others if direct_messages else [*others, user["id"]]
        if global_name is not None:
            user = self._put_user({**user, "global_name": global_name})
        changes: Json = {} if held is None else {"roles": held}
        changes.update({} if nick is None else {"nick": nick or None})
        if changes:
            self.update_member(user["id"], changes)
        return user

    def _roles_of(self, names: Iterable[str]) -> list[str]:
        held = [self.role(role)["id"] for role in _listed(names)]
        if self.guild["id"] in held:
            raise ValueError("Everybody has @everyone: leave it out of the roles.")
        return list(dict.fromkeys(held))

    def find_user(self, wanted: str) -> Json:
        """A person, or a bot, who is there.

        Args:
            wanted: Their name or id.

        Raises:
            LookupError: Nobody is called so; the message names those who are there.
        """
        wanted = str(wanted)
        if wanted in self.users:
            return self.users[wanted]
        if self.knows(wanted):
            return self.user_by_id(wanted)
        for bot in self.bots.values():
            if wanted == bot.name:
                return bot.user
        raise UnknownError(
            "User", repr(wanted), f"Known: {', '.join(self.users)}. Make them first: world.user({wanted!r})."
        )

    def user_by_id(self, user_id: str) -> Json:
        """A person, or a bot, by id alone.

        Args:
            user_id: The snowflake.

        Raises:
            LookupError: No such user.
        """
        if user_id in self.bots:
            return self.bots[user_id].user
        if user_id in self._names:
            return self.users[self._names[user_id]]
        raise UnknownError("User", user_id)

    def knows(self, user_id: str) -> bool:
        """Whether an id is somebody's, a person's or a bot's.

        Args:
            user_id: The snowflake.
        """
        return user_id in self.bots or user_id in self._names

    def index_users(self) -> None:
        """Notes who is who, after all of them were read at once."""
        self._names = {user["id"]: name for name, user in self.users.items()}

    def add_user(
        self,
        name: str,
        *,
        roles: Sequence[str] = (),
        nick: str | None = None,
        global_name: str | None = None,
    ) -> Json:
        """Lets a new person join the guild.

        Args:
            name: Username, not yet taken.
            roles: Roles to start with, by id or name.
            nick: What they are called in the guild.
            global_name: Their display name; the name, capitalised, when left out.

        Raises:
            ValueError: The name is taken, or no name.
            LookupError: No such role.
        """
        if name in self.users:
            raise ValueError(f"There is a user {name!r} already: use user({name!r}), or another name.")
        named("A person", name, 32)
        if any(name == bot.name for bot in self.bots.values()):
            raise ValueError(f"{name!r} is a bot: people have other names.")
        held = [self.find_role(role)["id"] for role in _listed(roles)]
        user = payloads.user(self.snowflakes.next(), name)
        self.users[name] = {**user, "global_name": global_name} if global_name is not None else user
        self._names[user["id"]] = name
        self._admit(user["id"], held, nick)
        return self.users[name]

    def _put_user(self, user: Json) -> Json:
        self.users[user["username"]] = user
        if user["id"] in self.members:
            self.update_member(user["id"], {})
        return user

    def _admit(self, user_id: str, roles: Sequence[str] = (), nick: str | None = None) -> None:
        member = payloads.member(roles, joined_at=self.clock.timestamp())
        self.members[user_id] = {**member, "nick": nick or None}
        self.emit("GUILD_MEMBER_ADD", {"guild_id": self.guild["id"], **self.member(user_id)})

    def join(self, user: str) -> Json:
        """Lets someone come back who left.

        Args:
            user: Who.

        Returns:
            The member.

        Raises:
            LookupError: Nobody is called so.
            ValueError: They are there, or were banned.
        """
        found = self.find_user(user)
        if found["id"] in self.members:
            raise ValueError(f"{found['username']} is in the guild.")
        if found["id"] in self.bans:
            raise ValueError(f"{found['username']} was banned: unban({found['username']!r}) first.")
        self._admit(found["id"])
        return self.member(found["id"])

    def leave(self, user: str) -> None:
        """Takes someone out of the guild, as if they left or were kicked. What they wrote stays.

        Args:
            user: Who.

        Raises:
            LookupError: Nobody in the guild is called so.
            ValueError: They own it, or are a bot.
        """
        member = self.member(user)
        user_id = member["user"]["id"]
        if user_id == self.guild["owner_id"] or user_id in self.bots:
            raise ValueError(
                f"{member['user']['username']} owns the guild or is a bot of it, and stays in it."
            )
        del self.members[user_id]
        self.emit("GUILD_MEMBER_REMOVE", {"guild_id": self.guild["id"], "user": member["user"]})

    def ban(self, user: str, *, reason: str | None = None) -> None:
        """Bans someone, whether or not they are in the guild.

        Args:
            user: Who.
            reason: Why.

        Raises:
            LookupError: Nobody is called so.
            ValueError: They own the guild, or are a bot of it.
        """
        found = self.find_user(user)
        if found["id"] in self.bans:
            return
        if found["id"] in self.members:
            self.leave(found["id"])
        self.bans[found["id"]] = reason
        self.emit("GUILD_BAN_ADD", {"guild_id": self.guild["id"], "user": found})

    def unban(self, user: str) -> None:
        """Lifts a ban.

        Args:
            user: Whose.

        Raises:
            LookupError: They are not banned.
        """
        found = self.find_user(user)
        if found["id"] not in self.bans:
            raise UnknownError("Ban", user)
        del self.bans[found["id"]]
        self.emit("GUILD_BAN_REMOVE", {"guild_id": self.guild["id"], "user": found})

    def member(self, user: str) -> Json:
        """A guild member with its user, as REST answers it.

        Args:
            user: Who.

        Raises:
            LookupError: No such member.
        """
        user_id = user if user in self.members else None
        if user_id is None and not is_id(user):
            user_id = str(self.find_user(user)["id"])
        if user_id not in self.members:
            raise UnknownError("Member", user)
        return {**self.members[user_id], "user": self.user_by_id(user_id)}

    def update_member(self, user: str, changes: Json) -> Json:
        """Changes a member's roles, nick or other fields.

        Args:
            user: The member.
            changes: Fields of the member object.

        Raises:
            LookupError: No such member.
        """
        user_id = self.member(user)["user"]["id"]
        self.members[user_id] = {**self.members[user_id], **changes}
        member = self.member(user_id)
        self.emit("GUILD_MEMBER_UPDATE", {"guild_id": self.guild["id"], **member})
        return member

    def give_role(self, user: str, *roles: str) -> Json:
        """Gives a member roles, as a moderator would.

        Args:
            user: The member.
            roles: The roles, by name or id.

        Returns:
            The member.

        Raises:
            LookupError: No such member or role.
        """
        held = self.member(user)["roles"]
        given = self._roles_of([self.find_role(role)["id"] for role in roles])
        return self.update_member(user, {"roles": list(dict.fromkeys((*held, *given)))})

    def take_role(self, user: str, *roles: str) -> Json:
        """Takes roles from a member, as a moderator would.

        Args:
            user: The member.
            roles: The roles, by name or id.

        Returns:
            The member.

        Raises:
            LookupError: No such member or role.
        """
        taken = {self.find_role(role)["id"] for role in roles}
        left = [role_id for role_id in self.member(user)["roles"] if role_id not in taken]
        return self.update_member(user, {"roles": left})

    def time_out(self, user: str, seconds: float) -> Json:
        """Lets a member only read for a while; the world's clock tells when it is over.

        Args:
            user: The member.
            seconds: How long from now, 28 days at most; 0 ends it.

        Returns:
            The member.

        Raises:
            LookupError: No such member.
            ValueError: It is too long, or no number.
        """
        if not isinstance(seconds, int | float) or not seconds <= MAX_TIME_OUT:
            raise ValueError(
                f"A time-out lasts for 0 to {MAX_TIME_OUT} seconds, 28 days, not {seconds!r:.60}."
            )
        until = (self.clock.now() + dt.timedelta(seconds=seconds)).isoformat() if seconds > 0 else None
        return self.update_member(user, {"communication_disabled_until": until})


def _listed(names: Iterable[str]) -> Iterable[str]:
    if isinstance(names, str):
        raise ValueError(f"roles is a list: use [{names!r}].")  # noqa: TRY004
    return names
