"""A bot that tells all it does on its standard output, to be killed; and the process that starts it, again and again.

python -m tests.crash.clicked_bot PLACE PORT TOKEN

Each line of the standard input is a life of the bot: a process of its own, which has only to be forked, since
everything is imported already. What is said about it, at once and unbuffered, with the time before it:

    life PID          it has begun
    ready N           N panels were restored
    panel KEY ID      the `send()` of that panel, on that message, has returned
    made N            the N-th count was dispatched; N never goes back
    flushed N         `flush()` has returned, and N counts were dispatched before it was called
    begin / end       the writer begins a group / the group is durable
    over STATUS       it was killed
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import sys
import time
import traceback
from typing import Any

import discord
from discord.ext import commands

import kit
from kit import PersistentView, StatefulButton
from kit.persistence.places import open_place
from kit.simulator import LoopbackConnector


def say(*words: object) -> None:
    """One line, whole, even if this is the last thing that the process does."""
    os.write(1, f"{time.monotonic():.6f} {' '.join(map(str, words))}\n".encode())


@kit.reducer("PRESSED")
def pressed(action, state):
    """Two leaves that a torn write would tell apart."""
    counters = state["application"].setdefault("counters", {})
    for name in ("left", "right"):
        counters[name] = counters.get(name, 0) + 1


class Panel(PersistentView):
    """A button that counts, and answers when it has."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.add_item(StatefulButton(label="Count", custom_id="count", callback=self.count))

    async def count(self, interaction: discord.Interaction) -> None:
        await self.dispatch("PRESSED")
        say("made", kit.get_store().state["application"]["counters"]["left"])
        await interaction.response.defer()


def tell_of_groups(backend: Any) -> None:
    """Let the backend say when it begins to write what the writer gives it, and when that is durable."""
    name = "write" if hasattr(backend, "write") else "save_state"
    write = getattr(backend, name)

    async def telling(what: Any) -> Any:
        say("begin")
        done = await write(what)
        say("end")
        return done

    setattr(backend, name, telling)


class ClickedBot(commands.Bot):
    """Posts panels all the time, and flushes now and then."""

    async def setup_hook(self) -> None:
        backend = open_place(PLACE)
        summary = await kit.setup_persistence(self, backend=backend)
        tell_of_groups(backend)
        self.restored = len(summary["restored"])

    async def on_ready(self) -> None:
        say("ready", self.restored)
        self.work = [asyncio.create_task(self.post()), asyncio.create_task(self.flush())]

    async def post(self) -> None:
        while True:
            panel = Panel(state_key=f"panel:{os.getpid()}:{time.monotonic_ns()}")
            message = await panel.send(channel=self.guilds[0].text_channels[0])
            say("panel", panel.state_key, message.id)
            await asyncio.sleep(0.03)

    async def flush(self) -> None:
        store = kit.get_store()
        while True:
            made = store.state["application"].get("counters", {}).get("left", 0)
            await store.flush()
            say("flushed", made)
            await asyncio.sleep(0.02)


async def live() -> None:
    """One life."""
    connector = LoopbackConnector(PORT)
    bot = ClickedBot(
        "!",
        intents=discord.Intents.default(),
        connector=connector,
        guild_ready_timeout=0.01,
        help_command=None,
    )
    async with bot:
        await bot.start(TOKEN)


def main() -> None:
    """Begin a life for each line, and say when it is over."""
    for module in ("aiosqlite", "asyncpg", "redis.asyncio"):
        importlib.import_module(module)
    gc.freeze()
    while sys.stdin.readline():
        pid = os.fork()
        if pid == 0:
            say("life", os.getpid())
            try:
                asyncio.run(live())
            finally:
                traceback.print_exc()
                os._exit(1)
        _, status = os.waitpid(pid, 0)
        say("over", os.waitstatus_to_exitcode(status))


PLACE, PORT, TOKEN = sys.argv[1], int(sys.argv[2]), sys.argv[3]

main()
