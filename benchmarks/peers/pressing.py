"""What is measured of a simulated Discord, the same for each: plain discord.py bots, and what people press.

    python <discord>.py WORK SIZE

The last line it prints is JSON: lists of samples by name.
"""

from __future__ import annotations

import abc
import asyncio
import contextlib
import gc
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiosqlite
import discord
from discord import ui
from discord.ext import commands

logging.disable(logging.CRITICAL)

Samples = dict[str, list[float]]

CUSTOM_ID = "count"
CLICKS = 200
WARM_UP = 20
CROWDS = 4


class Panel(ui.View):
    """A button that counts on its label."""

    def __init__(self, database: aiosqlite.Connection | None = None) -> None:
        super().__init__(timeout=None)
        self.database = database
        self.clicks = 0

    @ui.button(label="0", custom_id=CUSTOM_ID)
    async def count(self, interaction: discord.Interaction, button: ui.Button[Any]) -> None:
        self.clicks += 1
        if self.database is not None:
            await self.database.execute("INSERT INTO clicks VALUES (?)", (interaction.id,))
            await self.database.commit()
        button.label = str(self.clicks)
        await interaction.response.edit_message(view=self)


class Discord(abc.ABC):
    """A simulated Discord with one guild, one channel and one person.

    Attributes:
        bot: The bot that is logged in.
        ways: In which ways a bot can read its messages there.
    """

    bot: commands.Bot
    ways: tuple[str, ...] = ("fetched", "listed")

    @abc.abstractmethod
    async def open(self) -> None:
        """Starts it."""

    @abc.abstractmethod
    async def log_in(self) -> None:
        """Starts a new bot on it, and waits until that is ready."""

    @abc.abstractmethod
    async def log_out(self) -> None:
        """Closes the bot."""

    @abc.abstractmethod
    async def close(self) -> None:
        """Ends it."""

    @abc.abstractmethod
    def channel(self) -> discord.abc.Messageable:
        """The channel, as the bot sees it."""

    @abc.abstractmethod
    async def click(self, message_id: int) -> None:
        """Clicks the button, and waits for the answer."""

    async def crowd(self, message_id: int, size: int) -> None:
        """Clicks many times at once."""
        await asyncio.gather(*(self.click(message_id) for _ in range(size)))

    async def fill(self, size: int) -> list[int]:
        """Messages with a button each, sent by the bot."""
        return [(await self.channel().send("panel", view=Panel())).id for _ in range(size)]

    def judges(self, message_id: int) -> dict[str, Callable[[], Any]]:  # noqa: ARG002
        """What judges as Discord would, without a bot, by the name of what is judged."""
        return {}


def make_bot(**options: Any) -> commands.Bot:
    return commands.Bot("!", intents=discord.Intents.all(), help_command=None, **options)


async def timed(work: Callable[[], Awaitable[Any]]) -> float:
    """How many milliseconds it took."""
    begun = time.perf_counter()
    await work()
    return (time.perf_counter() - begun) * 1000


async def measure_start(place: Discord, _: int) -> Samples:
    samples: Samples = {"discord": [await timed(place.open)], "bot": [await timed(place.log_in)]}
    await place.log_out()
    samples["again"] = [await timed(place.log_in)]
    return samples


@contextlib.asynccontextmanager
async def database() -> AsyncIterator[aiosqlite.Connection]:
    """A database with a table for clicks, on the disk."""
    with tempfile.TemporaryDirectory() as folder:
        async with aiosqlite.connect(Path(folder) / "bot.db") as connection:
            await connection.execute("PRAGMA journal_mode=WAL")
            await connection.execute("CREATE TABLE clicks (id INTEGER PRIMARY KEY)")
            yield connection


async def measure_click(place: Discord, _: int) -> Samples:
    await started(place)
    samples: Samples = {}
    async with database() as connection:
        for name, view in (("bare", Panel()), ("written", Panel(connection))):
            message_id = (await place.channel().send("panel", view=view)).id
            times = [await timed(lambda: place.click(message_id)) for _ in range(CLICKS)]
            assert view.clicks == CLICKS
            samples[name] = times[WARM_UP:]
    return samples


async def measure_crowd(place: Discord, size: int) -> Samples:
    await started(place)
    async with database() as connection:
        view = Panel(connection)
        message_id = (await place.channel().send("panel", view=view)).id
        times = [await timed(lambda: place.crowd(message_id, size)) for _ in range(CROWDS)]
        assert view.clicks == CROWDS * size
    return {"ms": times[1:]}


async def measure_restore(place: Discord, size: int) -> Samples:
    """A plain bot brings its panels back in one of the two ways there are, without a library for it."""
    await started(place)
    ids: list[int] = []

    async def send() -> None:
        ids.extend(await place.fill(size))

    async def fetch_each() -> None:
        channel = place.channel()
        for message_id in ids:
            message = await channel.fetch_message(message_id)
            place.bot.add_view(Panel(), message_id=message.id)

    async def list_all() -> None:
        async for message in place.channel().history(limit=None):
            place.bot.add_view(Panel(), message_id=message.id)

    samples: Samples = {"sent": [await timed(send) / 1000]}
    for name, restore in (("fetched", fetch_each), ("listed", list_all)):
        if name not in place.ways:
            continue
        await place.log_out()
        await place.log_in()
        gc.collect()
        samples[name] = [await timed(restore) / 1000]
        assert len(place.bot.persistent_views) == size
    return samples


async def measure_judging(place: Discord, _: int) -> Samples:
    await started(place)
    message = await place.channel().send("panel", view=Panel())
    samples: Samples = {}
    for name, judge in place.judges(message.id).items():
        times = []
        for _ in range(CLICKS):
            begun = time.perf_counter()
            judge()
            times.append((time.perf_counter() - begun) * 1000)
        samples[name] = times
    return samples


async def started(place: Discord) -> None:
    await place.open()
    await place.log_in()


MEASURES: dict[str, Callable[[Discord, int], Awaitable[Samples]]] = {
    "start": measure_start,
    "click": measure_click,
    "crowd": measure_crowd,
    "restore": measure_restore,
    "judging": measure_judging,
}


def main(place: Discord) -> None:
    """What the script of each simulated Discord does."""
    work, size = sys.argv[1:]
    samples = asyncio.run(MEASURES[work](place, int(size)))
    print("\n" + json.dumps(samples), flush=True)
    # What is left open ends with the process.
    os._exit(0)
