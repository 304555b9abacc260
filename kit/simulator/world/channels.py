"""The channels of a guild, direct messages among them, and what roles and overwrites let members do there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kit.simulator.errors import UnknownError
from kit.simulator.world import payloads, permissions
from kit.simulator.world.bots import Bot
from kit.simulator.world.flags import bits
from kit.simulator.world.guild import GuildState
from kit.simulator.world.observed import is_id, named

Json = dict[str, Any]

KINDS: Mapping[str, int] = {
    "text": 0,
    "voice": 2,
    "category": 4,
    "news": 5,
    "stage_voice": 13,
    "forum": 15,
    "media": 16,
}
ROLE, MEMBER = 0, 1


class ChannelState(GuildState):
    """The part of a world that is its channels; threads are channels too."""

    def __init__(self) -> None:
        super().__init__()
        self.channels: dict[str, Json] = {}
        # Whose each direct message channel is; the channel itself names the person.
        self.dm_bots: dict[str, str] = {}
        # The same by the bot and the person.
        self._dm_of: dict[tuple[str, str], str] = {}
        # Since when somebody is in a thread: by its id, then by theirs.
        self.thread_members: dict[str, dict[str, str]] = {}

    def permissions(self, user: str, channel: str | int | None = None) -> int:
        """What a member may do: everything as owner or administrator, else what roles and overwrites grant.

        Args:
            user: The member, by name or id.
            channel: The channel it is about, by name or id; the guild as a whole when left out.

        Raises:
            LookupError: No such member or channel.
        """
        place = self.find_channel(channel) if channel else None
        if place is not None and place["type"] == payloads.DM_CHANNEL:
            return permissions.IN_DIRECT_MESSAGES
        return permissions.granted(self, self.member(user)["user"]["id"], place)

    def channel(
        self,
        name: str | int,
        *,
        type: str | int = "text",  # noqa: A002 - Discord's own name
        category: str | int | None = None,
        overwrites: Mapping[str, Mapping[str, bool | None]] | None = None,
        topic: str | None = None,
        nsfw: bool | None = None,
    ) -> Json:
        """A channel, made if there is none of that name, and as told; what is left out stays as it is.

        Args:
            name: Its name, without the #, or the id of one that is there.
            type: What is made: "text", "voice", "category", "news", "stage_voice", "forum", "media", or
                Discord's number.
            category: The category it is in, by name or id; a name that is new makes it.
            overwrites: By role, "@everyone" among them, or user, what is allowed (True), denied (False) or
                neither (None) there: ``{"@everyone": {"view_channel": False}}``.
            topic: What it says at its top.
            nsfw: Whether it is age-restricted.

        Raises:
            LookupError: No channel has that id, or an overwrite is for nobody who is there.
            ValueError: There is no such type or permission.
        """
        changes: Json = {} if topic is None else {"topic": topic or None}
        changes.update({} if nsfw is None else {"nsfw": nsfw})
        if category is not None:
            changes["parent_id"] = self.channel(category, type="category")["id"]
        if overwrites is not None and not isinstance(overwrites, Mapping):
            raise ValueError("Overwrites are by role or user: {'Mods': {'view_channel': True}}.")
        if overwrites is not None:
            changes["permission_overwrites"] = [self._overwrite(*entry) for entry in overwrites.items()]
        found = self._channel_named(name)
        if found is None and not is_id(name):
            named("A channel", name, 100)
            return self.put_channel({**self._fresh(str(name), type), **changes})
        found = self.find_channel(name)
        return self.put_channel({**found, **changes}) if changes else found

    def find_channel(self, wanted: str | int) -> Json:
        """A channel or a thread that is there.

        Args:
            wanted: Its id or its name, with or without the #.

        Raises:
            LookupError: There is none; the message names those there are.
        """
        found = self._channel_named(wanted)
        if found is None:
            known = ", ".join(f"#{channel.get('name', 'DM')} {key}" for key, channel in self.channels.items())
            raise UnknownError("Channel", wanted, f"Known: {known}")
        return found

    def _channel_named(self, wanted: str | int) -> Json | None:
        key = str(wanted)
        if key in self.channels or is_id(key):
            return self.channels.get(key)
        name = key.removeprefix("#")
        return next((channel for channel in self.channels.values() if channel.get("name") == name), None)

    def _overwrite(self, target: str, allowed: Mapping[str, bool | None]) -> Json:
        role = self._role_named(target)
        entry: Json = {"id": role["id"], "type": ROLE} if role else {"id": "", "type": MEMBER}
        if role is None:
            try:
                entry["id"] = self.find_user(target)["id"]
            except LookupError as error:
                roles = ", ".join(role["name"] for role in self.roles.values())
                raise UnknownError(
                    "Role", repr(target), f"Known: {roles}; nor is it a user: {error}"
                ) from error
        # A dict, or a discord.PermissionOverwrite, which is such pairs.
        named = dict(allowed) if isinstance(allowed, Mapping) or hasattr(allowed, "pair") else None
        if named is None or any(value not in (True, False, None) for value in named.values()):
            raise ValueError(
                f"The overwrite of {target!r} is {allowed!r}: use a dict such as "
                '{"view_channel": True, "send_messages": False}; None is neither.'
            )
        for key, wanted in (("allow", True), ("deny", False)):
            entry[key] = str(
                bits([name for name, value in named.items() if value is not None and value == wanted])
            )
        return entry

    def guild_channels(self) -> list[Json]:
        """The channels of the guild, direct messages and threads left out."""
        apart = (payloads.DM_CHANNEL, *payloads.THREADS)
        return [channel for channel in self.channels.values() if channel["type"] not in apart]

    def add_channel(self, name: str, *, type: str | int = 0) -> Json:  # noqa: A002 - Discord's own name
        """Creates a channel in the guild, whether or not there is one of that name.

        Args:
            name: Its name, without the #.
            type: What it is; see ``channel``.

        Raises:
            ValueError: There is no such type.
        """
        return self.put_channel(self._fresh(name, type))

    def _fresh(self, name: str, kind: str | int) -> Json:
        if kind not in KINDS and kind not in KINDS.values():
            raise ValueError(f"There is no channel type {kind!r}. Known: {', '.join(KINDS)}.")
        number = KINDS.get(str(kind), kind)
        channel_id, guild_id = self.snowflakes.next(), self.guild["id"]
        place = len(self.guild_channels())
        return payloads.channel(channel_id, name, guild_id=guild_id, position=place, kind=int(number))

    def put_channel(self, channel: Json) -> Json:
        """Stores a new or changed channel.

        Args:
            channel: The whole channel object.
        """
        event = "CHANNEL_UPDATE" if channel["id"] in self.channels else "CHANNEL_CREATE"
        self.channels[channel["id"]] = channel
        self.emit(event, channel)
        return channel

    def dm(self, user: str, *, bot: Bot | None = None) -> Json:
        """The direct message channel of a bot and a person, opened if need be.

        Args:
            user: The person, by name or id.
            bot: The bot; the first when left out.

        Raises:
            LookupError: No such user.
        """
        person, bot_id = self.find_user(user), (bot or self.bot).id
        if person["id"] in self.bots:
            raise ValueError(f"{person['username']} is a bot, and bots write each other no direct messages.")
        opened = self._dm_of.get((bot_id, person["id"]))
        if opened in self.channels:
            return self.channels[opened]
        channel = payloads.dm_channel(self.snowflakes.next(), person)
        self.dm_bots[channel["id"]] = bot_id
        self._dm_of[bot_id, person["id"]] = channel["id"]
        return self.put_channel(channel)

    def takes_direct_messages(self, channel: Json) -> bool:
        """Whether a bot can write to who is at the other end: they are in the guild and have not closed that.

        Args:
            channel: The direct message channel.
        """
        person_id = channel["recipients"][0]["id"]
        return person_id in self.members and person_id not in self.closed_dms

    def index_channels(self) -> None:
        """Notes whose each direct message channel is, after all of them were read at once."""
        self._dm_of = {
            (bot_id, self.channels[key]["recipients"][0]["id"]): key for key, bot_id in self.dm_bots.items()
        }

    def delete_role(self, role_id: str) -> None:
        """Deletes a role, and takes it from everyone and from the channels' overwrites.

        Args:
            role_id: The role, by id or name.

        Raises:
            LookupError: No such role.
            ValueError: It is @everyone's, or a bot's own.
        """
        role = self.find_role(role_id)
        gone = role["id"]
        if gone == self.guild["id"] or role["managed"]:
            raise ValueError(f"{role['name']} stays: Discord lets nobody delete it. Change what it grants.")
        for user_id, member in self.members.items():
            if gone in member["roles"]:
                self.update_member(user_id, {"roles": [held for held in member["roles"] if held != gone]})
        for channel in self.guild_channels():
            left = [entry for entry in channel["permission_overwrites"] if entry["id"] != gone]
            if len(left) < len(channel["permission_overwrites"]):
                self.put_channel({**channel, "permission_overwrites": left})
        del self.roles[gone]
        self.emit("GUILD_ROLE_DELETE", {"guild_id": self.guild["id"], "role_id": gone})
        self.rank_roles(self.ranking())
