"""The guild of a simulated Discord: who is in it, what they may do, and its channels."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kit.simulator.clock import Clock
from kit.simulator.errors import UnknownError
from kit.simulator.world import payloads, permissions
from kit.simulator.world.bots import Bot, new_token
from kit.simulator.world.permissions import ADMINISTRATOR
from kit.simulator.world.snowflakes import Snowflakes

if TYPE_CHECKING:
    from collections.abc import Sequence

Json = dict[str, Any]
Listener = Callable[[str, Json], None]


class GuildState:
    """The part of a world that is there before the first message: people, roles and channels.

    Each change is told to the observers under the name of the gateway event that carries it.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.snowflakes = Snowflakes(self.clock)
        self.bots: dict[str, Bot] = {}
        self.guild: Json = {}
        self.users: dict[str, Json] = {}
        self.members: dict[str, Json] = {}
        self.roles: dict[str, Json] = {}
        self.channels: dict[str, Json] = {}
        # Whose each direct message channel is; the channel itself names the person.
        self.dm_bots: dict[str, str] = {}
        self._listeners: list[Listener] = []

    @property
    def bot(self) -> Bot:
        """The first of the bots."""
        return next(iter(self.bots.values()))

    @property
    def token(self) -> str:
        """The first bot's token."""
        return self.bot.token

    @property
    def bot_user(self) -> Json:
        """The first bot's user."""
        return self.bot.user

    @property
    def application_id(self) -> str:
        """The id of the first bot's application, which is also its user's."""
        return self.bot.id

    def bot_of(self, token: str) -> Bot | None:
        """The bot that a token belongs to; None if it is nobody's.

        Args:
            token: As given by whoever connects.
        """
        given, found = token.encode(errors="replace"), None
        for bot in self.bots.values():
            # Each is compared to its end: the time tells nothing of how much of a token was right.
            if hmac.compare_digest(given, bot.token.encode()):
                found = bot
        return found

    def bot_named(self, name: str) -> Bot:
        """A bot by its username.

        Args:
            name: As given to ``World(bot_name=...)`` or ``add_bot``.

        Raises:
            LookupError: No bot is called so; the message names those there are.
        """
        for bot in self.bots.values():
            if bot.name == name:
                return bot
        known = ", ".join(bot.name for bot in self.bots.values())
        raise UnknownError("Application", repr(name), f"Known: {known}. Or add_bot({name!r}).")

    def add_bot(self, name: str, *, token: str | None = None, permissions: int = ADMINISTRATOR) -> Bot:
        """Adds an application and its bot to the guild, with a role of its own.

        Args:
            name: Its username.
            token: What it logs in with; made up when left out.
            permissions: What its role grants.

        Raises:
            ValueError: A bot is called so already, or has that token.
        """
        if any(bot.name == name or bot.token == token for bot in self.bots.values()):
            raise ValueError(
                f"There is a bot {name!r}, or one of that token, already: use bot_named({name!r})."
            )
        bot_id = self.snowflakes.next()
        owner = self.user_by_id(self.guild["owner_id"])
        user = payloads.user(bot_id, name, bot=True)
        application = payloads.application(bot_id, user, owner, self.guild["id"])
        bot = self.bots[bot_id] = Bot(user, token or new_token(bot_id), application)
        role = self.add_role(name, permissions=permissions)
        role.update(managed=True, tags={"bot_id": bot_id})
        self.members[bot_id] = payloads.member([role["id"]], joined_at=self.clock.timestamp())
        self.emit("GUILD_MEMBER_ADD", {"guild_id": self.guild["id"], **self.member(bot_id)})
        return bot

    def observe(self, listener: Listener) -> Callable[[], None]:
        """Calls a function with the gateway name and data of everything that changes here.

        Args:
            listener: Called as ``listener("MESSAGE_CREATE", message)``, at once.

        Returns:
            A function that ends it.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def emit(self, event: str, data: Json) -> None:
        """Tells the observers of a change; routes call it for events that change no data, such as typing.

        Args:
            event: The gateway event's name.
            data: Its data.
        """
        for listener in tuple(self._listeners):
            listener(event, data)

    def user(self, name: str) -> Json:
        """A person by name.

        Args:
            name: As given to ``World(users=...)`` or ``add_user``.

        Raises:
            LookupError: Nobody is called so; the message names those who are there.
        """
        if name in self.users:
            return self.users[name]
        raise UnknownError("User", repr(name), f"Known: {', '.join(self.users)}. Or add_user({name!r}).")

    def user_by_id(self, user_id: str) -> Json:
        """A person, or a bot, by id.

        Args:
            user_id: The snowflake.

        Raises:
            LookupError: No such user.
        """
        if user_id in self.bots:
            return self.bots[user_id].user
        for user in self.users.values():
            if user["id"] == user_id:
                return user
        raise UnknownError("User", user_id)

    def member(self, user_id: str) -> Json:
        """A guild member with its user, as REST answers it.

        Args:
            user_id: The snowflake.

        Raises:
            LookupError: No such member.
        """
        if user_id not in self.members:
            raise UnknownError("Member", user_id)
        return {**self.members[user_id], "user": self.user_by_id(user_id)}

    def permissions(self, user_id: str, channel_id: str | None = None) -> int:
        """What a member may do: everything as owner or administrator, else what roles and overwrites grant.

        Args:
            user_id: The snowflake.
            channel_id: The channel it is about; the guild as a whole when left out.

        Raises:
            LookupError: No such member or channel.
        """
        self.member(user_id)
        return permissions.granted(self, user_id, self.channel(channel_id) if channel_id else None)

    @property
    def bot_role(self) -> Json:
        """The first bot's own role: Discord made it when the bot was added, and alone deletes it."""
        return self.role_of(self.bot)

    def role_of(self, bot: Bot) -> Json:
        """The role that belongs to a bot.

        Args:
            bot: Which.
        """
        return next(role for role in self.roles.values() if role.get("tags", {}).get("bot_id") == bot.id)

    @property
    def bot_permissions(self) -> int:
        """What the first bot's own role grants; an administrator at first. Set it to try a bot with less."""
        return int(self.bot_role["permissions"])

    @bot_permissions.setter
    def bot_permissions(self, bits: int) -> None:
        self.update_role(self.bot_role["id"], {"permissions": str(bits)})

    def add_user(self, name: str, *, roles: Sequence[str] = ()) -> Json:
        """Lets a person join the guild.

        Args:
            name: Username, not yet taken.
            roles: Ids of roles to start with.

        Raises:
            ValueError: The name is taken.
            LookupError: No such role.
        """
        if name in self.users:
            raise ValueError(f"There is a user {name!r} already: use user({name!r}), or another name.")
        for role_id in roles:
            self.role(role_id)
        user = payloads.user(self.snowflakes.next(), name)
        self.users[name] = user
        self.members[user["id"]] = payloads.member(roles, joined_at=self.clock.timestamp())
        self.emit("GUILD_MEMBER_ADD", {"guild_id": self.guild["id"], **self.member(user["id"])})
        return user

    def update_member(self, user_id: str, changes: Json) -> Json:
        """Changes a member's roles, nick or other fields.

        Args:
            user_id: The member.
            changes: Fields of the member object.

        Raises:
            LookupError: No such member.
        """
        self.member(user_id)
        self.members[user_id] = {**self.members[user_id], **changes}
        member = self.member(user_id)
        self.emit("GUILD_MEMBER_UPDATE", {"guild_id": self.guild["id"], **member})
        return member

    def role(self, role_id: str) -> Json:
        """A role by id.

        Args:
            role_id: The snowflake.

        Raises:
            LookupError: No such role.
        """
        if role_id not in self.roles:
            known = ", ".join(f"{role['name']} {role['id']}" for role in self.roles.values())
            raise UnknownError("Role", role_id, f"Known: {known}")
        return self.roles[role_id]

    def add_role(self, name: str, *, color: int = 0, permissions: int = 0) -> Json:
        """Creates a role, the lowest above @everyone as on Discord: all others move up.

        Args:
            name: Its name.
            color: 0xRRGGBB.
            permissions: The bit set it grants.
        """
        role = payloads.role(self.snowflakes.next(), name, permissions=permissions, color=color)
        return self.insert_role(role)

    def insert_role(self, role: Json) -> Json:
        """Stores a new role.

        Args:
            role: The whole role object, at position 1.
        """
        others = self._ranking()
        self._put_role("GUILD_ROLE_CREATE", role)
        self.rank_roles([role["id"], *others])
        return role

    def update_role(self, role_id: str, changes: Json) -> Json:
        """Changes a role's name, permissions or other fields; ``rank_roles`` changes its position.

        Args:
            role_id: The role.
            changes: Fields of the role object.

        Raises:
            LookupError: No such role.
        """
        return self._put_role("GUILD_ROLE_UPDATE", {**self.role(role_id), **changes})

    def _put_role(self, event: str, role: Json) -> Json:
        self.roles[role["id"]] = role
        self.emit(event, {"guild_id": self.guild["id"], "role": role})
        return role

    def rank_roles(self, role_ids: Sequence[str]) -> None:
        """Orders the roles. A bot gives, takes and changes only those below its own highest.

        Args:
            role_ids: All of them but @everyone, the lowest first.

        Raises:
            ValueError: A role is missing, or there twice.
        """
        if sorted(role_ids) != sorted(self._ranking()):
            raise ValueError(f"rank_roles takes each role but @everyone once: {', '.join(self._ranking())}.")
        for position, role_id in enumerate(role_ids, start=1):
            if self.roles[role_id]["position"] != position:
                self.update_role(role_id, {"position": position})

    def _ranking(self) -> list[str]:
        others = [role for key, role in self.roles.items() if key != self.guild["id"]]
        return [role["id"] for role in sorted(others, key=lambda role: int(role["position"]))]

    def delete_role(self, role_id: str) -> None:
        """Deletes a role, and takes it from everyone and from the channels' overwrites.

        Args:
            role_id: The snowflake.

        Raises:
            LookupError: No such role.
        """
        self.role(role_id)
        for user_id, member in self.members.items():
            if role_id in member["roles"]:
                self.update_member(user_id, {"roles": [held for held in member["roles"] if held != role_id]})
        for channel in self.guild_channels():
            left = [entry for entry in channel["permission_overwrites"] if entry["id"] != role_id]
            if len(left) < len(channel["permission_overwrites"]):
                self.put_channel({**channel, "permission_overwrites": left})
        del self.roles[role_id]
        self.emit("GUILD_ROLE_DELETE", {"guild_id": self.guild["id"], "role_id": role_id})
        self.rank_roles(self._ranking())

    def channel(self, channel_id: str | int) -> Json:
        """A channel by id.

        Args:
            channel_id: The snowflake.

        Raises:
            LookupError: No such channel.
        """
        if str(channel_id) not in self.channels:
            known = ", ".join(f"#{channel.get('name', 'DM')} {key}" for key, channel in self.channels.items())
            raise UnknownError("Channel", channel_id, f"Known: {known}")
        return self.channels[str(channel_id)]

    def guild_channels(self) -> list[Json]:
        """The channels of the guild, direct messages left out."""
        return [channel for channel in self.channels.values() if channel["type"] != payloads.DM_CHANNEL]

    def add_channel(self, name: str, *, type: int = 0) -> Json:  # noqa: A002 - Discord's own name
        """Creates a channel in the guild.

        Args:
            name: Its name, without the #.
            type: Discord's channel type; 0 is text.
        """
        channel = payloads.channel(
            self.snowflakes.next(), name, guild_id=self.guild["id"], position=len(self.channels), kind=type
        )
        return self.put_channel(channel)

    def put_channel(self, channel: Json) -> Json:
        """Stores a new or changed channel.

        Args:
            channel: The whole channel object.
        """
        event = "CHANNEL_UPDATE" if channel["id"] in self.channels else "CHANNEL_CREATE"
        self.channels[channel["id"]] = channel
        self.emit(event, channel)
        return channel

    def dm(self, user_id: str, *, bot: Bot | None = None) -> Json:
        """The direct message channel of a bot and a person, opened if need be.

        Args:
            user_id: The person.
            bot: The bot; the first when left out.

        Raises:
            LookupError: No such user.
        """
        user, bot_id = self.user_by_id(user_id), (bot or self.bot).id
        for key, owner_id in self.dm_bots.items():
            if (
                owner_id == bot_id
                and key in self.channels
                and self.channels[key]["recipients"][0]["id"] == user_id
            ):
                return self.channels[key]
        channel = payloads.dm_channel(self.snowflakes.next(), user)
        self.dm_bots[channel["id"]] = bot_id
        return self.put_channel(channel)
