"""A simulator a test, and real discord.py bots that log in to it."""

from __future__ import annotations

import asyncio
import contextlib

import aiohttp
import discord
import pytest_asyncio
from discord.ext import commands

from kit.simulator import Simulator


class Harness:
    """A simulator and the bots that a test starts on it; all are closed at its end."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.bots: dict[commands.Bot, asyncio.Task[None]] = {}

    @property
    def world(self):
        return self.simulator.world

    async def bot(self, bot=None, *, token=None, **options) -> commands.Bot:
        """A bot that is ready."""
        if bot is None:
            bot = self.make_bot(**options)
        ready = asyncio.Event()

        async def on_ready() -> None:
            ready.set()

        bot.add_listener(on_ready)
        self.bots[bot] = task = asyncio.create_task(bot.start(token or self.simulator.token))
        waiter = asyncio.create_task(ready.wait())
        await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED, timeout=10)
        waiter.cancel()
        if task.done():
            task.result()
        assert ready.is_set()
        return bot

    def make_bot(self, **options) -> commands.Bot:
        options.setdefault("intents", discord.Intents.all())
        return commands.Bot(
            "!", connector=self.simulator.connector(), guild_ready_timeout=0.01, help_command=None, **options
        )

    async def stop(self, bot: commands.Bot) -> None:
        task = self.bots.pop(bot)
        await bot.close()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def until(self, condition) -> None:
        """Waits for what a bot does after its answer, of which the simulator tells nobody."""
        async with asyncio.timeout(5):
            while not condition():
                await asyncio.sleep(0.005)

    def channel(self, bot: commands.Bot) -> discord.TextChannel:
        return bot.get_channel(int(self.world.channel_id))


@pytest_asyncio.fixture
async def lab():
    simulator = await Simulator.start()
    harness = Harness(simulator)
    yield harness
    for bot in tuple(harness.bots):
        await harness.stop(bot)
    await simulator.close()
    leftover = [task for task in asyncio.all_tasks() if "viewkit" in task.get_name()]
    assert not leftover
    await asyncio.sleep(0)


@pytest_asyncio.fixture
async def http(lab):
    """A raw HTTP client of the simulator: calling it gives the status and the body."""
    async with aiohttp.ClientSession() as session:

        async def call(method, path, body=None, *, token=None, **options):
            headers = {"Authorization": f"Bot {lab.world.token if token is None else token}"}
            url = f"{lab.simulator.url}{path}"
            async with session.request(method, url, json=body, headers=headers, **options) as response:
                assert response.status == 204 or response.headers["Content-Type"] == "application/json"
                return response.status, await response.json() if response.status != 204 else None

        yield call
