"""The guild of a simulated Discord, beside its people: its bots and its emoji."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from typing import Any

from kit.simulator.errors import UnknownError
from kit.simulator.world import payloads
from kit.simulator.world.bots import Bot, new_token
from kit.simulator.world.flags import bits
from kit.simulator.world.media import Upload, image_type
from kit.simulator.world.members import MemberState
from kit.simulator.world.observed import is_id, named
from kit.simulator.world.permissions import ADMINISTRATOR

Json = dict[str, Any]
EMOJI_NAME = re.compile(r"\w{1,32}", re.ASCII)


class GuildState(MemberState):
    """The part of a world that is there before its channels: people, roles, bots and emoji.

    Each change is told to the observers under the name of the gateway event that carries it.
    """

    def __init__(self) -> None:
        super().__init__()
        # What emoji look like, by their ids.
        self.images: dict[str, Upload] = {}

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
        raise UnknownError("Application", repr(name), f"Known: {known}. Or world.add_bot({name!r}).")

    def add_bot(
        self, name: str, *, token: str | None = None, permissions: int | Iterable[str] = ADMINISTRATOR
    ) -> Bot:
        """Adds an application and its bot to the guild, with a role of its own.

        Args:
            name: Its username.
            token: What it logs in with; made up when left out.
            permissions: What its role grants: a bit set, or names.

        Raises:
            ValueError: A bot is called so already, or has that token.
        """
        named("A bot", name, 32)
        if name in self.users:
            raise ValueError(f"{name!r} is a person: a bot has another name.")
        if any(bot.name == name or bot.token == token for bot in self.bots.values()):
            raise ValueError(
                f"There is a bot {name!r}, or one of that token, already: use world.bot_named({name!r})."
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
    def bot_permissions(self, permissions: int | Iterable[str]) -> None:
        self.update_role(self.bot_role["id"], {"permissions": str(bits(permissions))})

    def emoji(
        self,
        name: str,
        *,
        image: bytes | None = None,
        animated: bool | None = None,
        id: str | int | None = None,  # noqa: A002 - Discord's own name
    ) -> Json:
        """A custom emoji of the guild, made if there is none of that name.

        Args:
            name: Its name, without the colons, or the id of one that is there.
            image: What it looks like, as PNG, GIF, JPEG or WebP; nothing can be fetched when left out.
            animated: Whether it moves; a GIF does when left out.
            id: The id that it has in a real guild, so that a bot's code can name it here as well.

        Raises:
            LookupError: None has that id.
            ValueError: It is no name, or the image is of no kind that Discord takes.
        """
        if is_id(name) or self._emoji_named(name):
            return self.find_emoji(name)
        if not isinstance(name, str) or not EMOJI_NAME.fullmatch(name):
            words = "1 to 32 letters, digits or underscores"
            raise ValueError(f"The name of an emoji is {words}, not {name!r:.60}.")
        if image is not None and not isinstance(image, bytes):
            raise ValueError(f"The image of :{name}: is given as bytes, not {image!r:.60}.")
        owner = self.user_by_id(self.guild["owner_id"])
        return self.add_emoji(payloads.emoji(str(id or ""), name, owner), image, animated)

    def find_emoji(self, wanted: str) -> Json:
        """A custom emoji of the guild that is there.

        Args:
            wanted: Its name or its id.

        Raises:
            LookupError: There is none; the message names those there are.
        """
        found = self._emoji_named(wanted)
        if found is None:
            known = ", ".join(f":{emoji['name']}: {emoji['id']}" for emoji in self.guild["emojis"]) or "none"
            raise UnknownError("Emoji", wanted, f"Known: {known}")
        return found

    def _emoji_named(self, wanted: str) -> Json | None:
        return next((e for e in self.guild["emojis"] if wanted in (e["id"], e["name"])), None)

    def add_emoji(self, emoji: Json, image: bytes | None = None, animated: bool | None = None) -> Json:
        """Adds a custom emoji to the guild.

        Args:
            emoji: The emoji object; it gets an id here if it has none.
            image: See ``emoji``.
            animated: See ``emoji``.

        Raises:
            ValueError: The image is of no kind that Discord takes.
        """
        made = self.keep_emoji(emoji, image, animated)
        self.put_emojis([*self.guild["emojis"], made])
        return made

    def keep_emoji(self, emoji: Json, image: bytes | None, animated: bool | None) -> Json:
        """Keeps the image of an emoji, the guild's or an application's.

        Args:
            emoji: The emoji object.
            image: Its image.
            animated: Whether it moves; a GIF does when left out.

        Returns:
            The emoji object with its id.

        Raises:
            ValueError: The image is of no kind that Discord takes.
        """
        kind = image_type(image) if image is not None else "png"
        if kind is None:
            raise ValueError(f"The image of :{emoji['name']}: is no PNG, GIF, JPEG or WebP.")
        emoji_id = emoji["id"] or self.snowflakes.next()
        if image is not None:
            self.images[emoji_id] = Upload(f"{emoji['name']}.{kind}", image)
        return {**emoji, "id": emoji_id, "animated": kind == "gif" if animated is None else animated}

    def put_emojis(self, emojis: list[Json]) -> None:
        """Replaces the custom emoji of the guild.

        Args:
            emojis: All of them.
        """
        self.guild = {**self.guild, "emojis": emojis}
        self.emit("GUILD_EMOJIS_UPDATE", {"guild_id": self.guild["id"], "emojis": emojis})

    def drop_emoji(self, emoji: str) -> None:
        """Deletes a custom emoji of the guild. Messages and reactions keep its name and id.

        Args:
            emoji: Its name or its id.

        Raises:
            LookupError: There is none.
        """
        gone = self.find_emoji(emoji)
        self.images.pop(gone["id"], None)
        self.put_emojis([kept for kept in self.guild["emojis"] if kept["id"] != gone["id"]])

    def known_emojis(self, bot: Bot) -> frozenset[str]:
        """The ids of the custom emoji that a bot can use: the guild's and its own.

        Args:
            bot: The bot.
        """
        return frozenset(emoji["id"] for emoji in (*self.guild["emojis"], *bot.emojis))
