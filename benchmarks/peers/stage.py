"""A Discord that answers at once, for benchmarks: a bot that never logs in, and clicks on its messages.

It needs discord.py alone, so that it runs in the environment of every library. What a library
would ask Discord is counted, answered from memory, and costs next to nothing.
"""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import discord
from discord.ext import commands
from discord.webhook import async_ as webhooks

GUILDS, CHANNELS, MESSAGES, USERS = (kind << 56 for kind in range(1, 5))
CUSTOM_ID = "count"


class Message:
    """As much of a message as restoring a panel reads."""

    def __init__(self, channel: Channel, message_id: int) -> None:
        self.id = message_id
        self.channel = channel
        self.guild = None
        self.components: list[Any] = []
        self.flags = discord.MessageFlags()


class Channel(discord.abc.Messageable):
    """A channel in which every message exists."""

    def __init__(self, bot: Bot, channel_id: int) -> None:
        self.bot = bot
        self.id = channel_id

    async def _get_channel(self) -> Any:
        return self

    async def fetch_message(self, id: int, /) -> Any:  # noqa: A002  (discord.py's own name)
        self.bot.rest_calls += 1
        return Message(self, id)


class Bot(commands.Bot):
    """A bot right before its first connection: nothing is in its cache.

    Attributes:
        rest_calls: How many requests it would have made.
    """

    def __init__(self) -> None:
        super().__init__(command_prefix="!", intents=discord.Intents.none())
        self.rest_calls = 0
        self.http.request = self._refuse  # type: ignore[method-assign]

    async def _refuse(self, route: Any, **_: Any) -> Any:
        self.rest_calls += 1
        raise discord.HTTPException(
            SimpleNamespace(status=501, reason="not played here"),  # type: ignore[arg-type]
            f"{route.method} {route.path}",
        )

    async def fetch_channel(self, channel_id: int, /) -> Any:
        self.rest_calls += 1
        return Channel(self, channel_id)


async def starting_bot() -> Bot:
    """A bot as it is in `setup_hook`: it knows who it is, and nothing else."""
    bot = Bot()
    await bot._async_setup_hook()
    bot._connection.user = discord.ClientUser(state=bot._connection, data=_person(1, "bot"))
    return bot


class Answers:
    """Takes the answers to interactions, in place of Discord.

    It has the methods of discord.py's webhook adapter that answering takes; `expect()` gives a
    future of the moment at which the next answer arrives.
    """

    def __init__(self) -> None:
        self._arrived: asyncio.Future[float] | None = None
        webhooks.async_context.set(self)  # type: ignore[arg-type]

    def expect(self) -> asyncio.Future[float]:
        self._arrived = asyncio.get_running_loop().create_future()
        return self._arrived

    async def create_interaction_response(self, interaction_id: int, _: str, **__: Any) -> Any:
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(time.perf_counter())
        return {"interaction": {"id": str(interaction_id), "type": 3}}


def _person(person_id: int, name: str) -> Any:
    return {
        "id": str(person_id),
        "username": name,
        "discriminator": "0",
        "avatar": None,
        "global_name": None,
        "bot": person_id == 1,
    }


def click(number: int) -> dict[str, Any]:
    """The INTERACTION_CREATE of a click on the panel of that number."""
    channel = {"id": str(CHANNELS + number), "type": 0, "name": "general", "position": 0, "permissions": "0"}
    button = {"type": 2, "style": 1, "label": "Count", "custom_id": CUSTOM_ID, "id": 2}
    return {
        "id": str(MESSAGES * 2 + number),
        "application_id": "1",
        "type": 3,
        "token": f"token-{number}",
        "version": 1,
        "guild_id": str(GUILDS + number),
        "channel": channel,
        "channel_id": channel["id"],
        "locale": "en-US",
        "guild_locale": "en-US",
        "app_permissions": "0",
        "attachment_size_limit": 10_485_760,
        "entitlements": [],
        "authorizing_integration_owners": {},
        "context": 0,
        "member": {
            "user": _person(USERS, "alice"),
            "roles": [],
            "joined_at": "2026-01-01T00:00:00+00:00",
            "deaf": False,
            "mute": False,
            "flags": 0,
            "permissions": "0",
        },
        "data": {"component_type": 2, "custom_id": CUSTOM_ID, "id": 2},
        "message": {
            "id": str(MESSAGES + number),
            "channel_id": channel["id"],
            "type": 0,
            "content": "",
            "author": _person(1, "bot"),
            "timestamp": "2026-01-01T00:00:00+00:00",
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "mentions": [],
            "mention_roles": [],
            "attachments": [],
            "embeds": [],
            "pinned": False,
            "flags": 0,
            "components": [{"type": 1, "id": 1, "components": [button]}],
        },
    }
