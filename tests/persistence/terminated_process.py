"""A bot on a simulated Discord whose storage is slow; it is ended by SIGTERM from outside.

python terminated_process.py PATH [own]
"""

from __future__ import annotations

import asyncio
import signal
import sys

import discord
from discord.ext import commands

import kit
from kit.persistence import FileStorageBackend
from kit.simulator import Simulator


class SlowBackend(FileStorageBackend):
    """A disk that takes a while, so that there is something to lose."""

    async def save_state(self, state):
        await asyncio.sleep(0.3)
        return await super().save_state(state)


@kit.reducer("COUNTED")
def counted(action, state):
    state["application"]["n"] = state["application"].get("n", 0) + 1


class Bot(commands.Bot):
    """Counts, and says so."""

    def __init__(self, path: str, **options) -> None:
        super().__init__("!", intents=discord.Intents.default(), **options)
        self.path = path

    async def setup_hook(self) -> None:
        await kit.setup_persistence(self, backend=SlowBackend(self.path))

    async def on_ready(self) -> None:
        await kit.get_store().flush()
        for _ in range(10):
            await kit.get_store().dispatch("COUNTED")
        print("ready", flush=True)

    async def close(self) -> None:
        await super().close()
        print("closed", flush=True)


async def main(path: str, own: str = "") -> None:
    """Run the bot until it is closed."""
    simulator = await Simulator.start()
    bot = Bot(path, connector=simulator.connector())
    if own:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, lambda: asyncio.ensure_future(bot.close()))
    async with bot:
        await bot.start(simulator.token)
    await simulator.close()
    print("ended", flush=True)


asyncio.run(main(*sys.argv[1:]))
