"""What a scenario may ask of a simulated Discord, beside what it asks of its real discord.py bot."""

from __future__ import annotations

import abc
import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import discord
from discord import app_commands, ui
from discord.ext import commands

PATIENCE = 10
Json = dict[str, Any]


class RefusedError(Exception):
    """Discord's own client would not let a person do that."""


class Catching(ui.View):
    """A view whose callbacks answer nothing: they hand the interaction over to the scenario."""

    def __init__(self, caught: asyncio.Queue[discord.Interaction], *items: ui.Item[Any]) -> None:
        super().__init__(timeout=None)
        for item in items or (ui.Button(label="Press", custom_id="press"),):
            item.callback = caught.put
            self.add_item(item)


class Stage(abc.ABC):
    """A guild with one bot, one channel and two people: alice, who owns it, and bob.

    The bot may do everything but administrate, so that overwrites count. A scenario drives it from
    outside: callbacks only hand over their interaction, and the scenario answers it when it likes.

    Attributes:
        bot: The bot; another one after a restart.
        caught: The interactions that reached a callback.
    """

    bot: commands.Bot

    def __init__(self) -> None:
        self.caught: asyncio.Queue[discord.Interaction] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @abc.abstractmethod
    async def open(self) -> None:
        """Builds the guild and logs the bot in."""

    @abc.abstractmethod
    async def close(self) -> None:
        """Ends it all."""

    @abc.abstractmethod
    async def restart(self) -> None:
        """Closes the bot and logs another one in, with the panel of `catching` added as persistent."""

    @property
    @abc.abstractmethod
    def channel_id(self) -> int:
        """The channel."""

    @abc.abstractmethod
    def user_id(self, name: str) -> int:
        """A person by name."""

    @abc.abstractmethod
    async def click(self, message_id: int, custom_id: str, *, user: str = "alice") -> None:
        """Clicks a button, or raises `RefusedError`."""

    @abc.abstractmethod
    async def choose(
        self, message_id: int, custom_id: str, values: Sequence[str], *, user: str = "alice"
    ) -> None:
        """Chooses in a string select, or raises `RefusedError`."""

    @abc.abstractmethod
    async def submit(self, values: Json, *, user: str = "alice") -> None:
        """Fills in the modal that the last click showed, or raises `RefusedError`."""

    @abc.abstractmethod
    async def slash(self, name: str, *, user: str = "alice", **options: Any) -> None:
        """Uses a slash command, or raises `RefusedError`; a member option takes a name."""

    @abc.abstractmethod
    async def complete(self, name: str, option: str, typed: str, *, user: str = "alice") -> list[str]:
        """What is offered to someone who types into an option of a slash command."""

    @abc.abstractmethod
    async def menu(self, name: str, message_id: int, *, user: str = "alice") -> None:
        """Uses a command of the menu of a message, or raises `RefusedError`."""

    @abc.abstractmethod
    async def react(self, message_id: int, emoji: str, *, user: str = "alice") -> None:
        """Reacts to a message, or raises `RefusedError`."""

    @abc.abstractmethod
    async def say(self, content: str, *, user: str = "alice") -> int:
        """Writes a message as a person, and returns its id, or raises `RefusedError`."""

    @abc.abstractmethod
    def seen(self, user: str) -> list[Json]:
        """The messages of the channel as a person sees them, oldest first, as the API shows them."""

    @abc.abstractmethod
    async def advance(self, seconds: float) -> None:
        """Lets Discord's time pass."""

    def make_bot(self, **options: Any) -> commands.Bot:
        """A bot that hands its slash commands over to the scenario, too."""
        bot = commands.Bot("!", intents=discord.Intents.all(), help_command=None, **options)

        @bot.tree.command()
        @app_commands.describe(who="Whom", times="How often")
        async def greet(interaction: discord.Interaction, who: discord.Member, times: int = 1) -> None:
            """Greets someone."""
            interaction.extras["options"] = [who.name, times]
            await self.caught.put(interaction)

        return bot

    def catching(self, *items: ui.Item[Any]) -> Catching:
        """A view that hands its interactions over; a button "press" if nothing else is named."""
        return Catching(self.caught, *items)

    @property
    def channel(self) -> discord.TextChannel:
        """The channel, as the bot sees it."""
        channel = self.bot.get_channel(self.channel_id)
        assert isinstance(channel, discord.TextChannel)
        return channel

    @property
    def contents(self) -> list[str]:
        """What bob reads, who presses nothing unless he is told to."""
        return [message["content"] for message in self.seen("bob")]

    async def next(self) -> discord.Interaction:
        """The next interaction that reached a callback."""
        async with asyncio.timeout(PATIENCE):
            return await self.caught.get()

    async def pressed(self, *, user: str = "alice", message_id: int | None = None) -> discord.Interaction:
        """The interaction of a click on a panel, which is posted if none is given."""
        if message_id is None:
            message_id = (await self.channel.send("panel", view=self.catching())).id
        await self.click(message_id, "press", user=user)
        return await self.next()

    async def send(self, payload: Json) -> Json:
        """Sends a message as raw JSON, which discord.py would partly refuse to build."""
        route = discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=self.channel_id)
        return await self.bot.http.request(route, json=payload)


async def refusal(doing: Awaitable[Any]) -> Any:
    """Status and code of Discord's refusal; "done" if there is none."""
    try:
        await doing
    except discord.HTTPException as error:
        return [error.status, error.code]
    except RefusedError:
        return "refused by the client"
    return "done"


@dataclass(frozen=True)
class Scenario:
    """Something that happens, and what Discord makes of it.

    Attributes:
        name: What it is called.
        story: What happens, in a sentence.
        expected: What is to be observed, as JSON.
        play: Plays it, and returns what was observed.
    """

    name: str
    story: str
    expected: Any
    play: Callable[[Stage], Awaitable[Any]]


SCENARIOS: dict[str, Scenario] = {}


def scenario(
    expected: Any,
) -> Callable[[Callable[[Stage], Awaitable[Any]]], Callable[[Stage], Awaitable[Any]]]:
    """Registers a coroutine function of a stage as a scenario, under its name and docstring.

    Args:
        expected: What it returns on Discord.
    """

    def register(play: Callable[[Stage], Awaitable[Any]]) -> Callable[[Stage], Awaitable[Any]]:
        add(Scenario(play.__name__, str(play.__doc__), expected, play))
        return play

    return register


def add(new: Scenario) -> None:
    """Registers a scenario.

    Args:
        new: The scenario.
    """
    assert new.name not in SCENARIOS, f"there are two scenarios {new.name}"
    SCENARIOS[new.name] = new
