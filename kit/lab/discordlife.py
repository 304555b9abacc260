"""One life of a discord.py bot in the lab: from login to close, or to a crash."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import discord
from discord.ext import commands

from kit.lab.life import START_TIMEOUT, Bots, Life
from kit.lab.tasks import TaskOwner
from kit.persistence import Panels, SQLiteBackend, StorageBackend, setup_persistence
from kit.simulator import Simulator
from kit.state import StateStore, get_store, set_store

BotFactory = Callable[[], Any]

DEAD = "this bot life has ended: after a restart, `kit.get_store()` and `lab.store` return the new store"
CLOSE_TIMEOUT = 12.0
# What discord.py names the tasks that it starts for an event, and the lab those of its own.
HANDLERS = ("discord-ui-", "discord.py: on_", "CommandTree-invoker", "viewkit-")


class PlainBot(commands.Bot):
    """The bot of a lab that was given none: prefix `!`, all intents, persistence."""

    def __init__(self, backend: StorageBackend) -> None:
        super().__init__(command_prefix="!", intents=discord.Intents.all(), help_command=None)
        self._backend = backend

    async def setup_hook(self) -> None:
        """Set up persistence, as a bot in production does."""
        await setup_persistence(self, backend=self._backend)


class DiscordBots(Bots):
    """Makes discord.py bots.

    Args:
        factory: Makes the bot: a function without arguments, or its class.
    """

    loggers = ("discord",)

    def __init__(self, factory: BotFactory) -> None:
        self.factory = factory

    def life(self, simulator: Simulator, number: int) -> DiscordLife:
        """A life that has not begun, with its bot and its store."""
        return DiscordLife(self.factory, simulator, number)


def bots_of(bot: BotFactory | Bots | None, backend: StorageBackend | None, folder: Path) -> Bots:
    """The bots that `Lab.start(bot, backend=...)` asks for; plain ones if it names none."""
    if isinstance(bot, Bots):
        return bot
    if bot is not None:
        return DiscordBots(bot)
    storage = backend if backend is not None else SQLiteBackend(folder / "state.db")
    return DiscordBots(lambda: PlainBot(storage))


class DiscordLife(Life):
    """A discord.py bot from login to its end, with the store of that life.

    Args:
        factory: Makes the bot.
        simulator: The Discord to connect to.
        number: Which life this is, from 1.
    """

    store: StateStore
    # `View.wait`, and what `Client.wait_for` hands out: `asyncio.wait_for` on a future.
    waits = frozenset({("wait", "view.py"), ("wait_for", "tasks.py")})
    without_panels = (
        "the bot set up no persistence: call `await setup_persistence(self, ...)` in its setup_hook"
    )

    def __init__(self, factory: BotFactory, simulator: Simulator, number: int) -> None:
        super().__init__(simulator, number, TaskOwner())
        self.store = get_store().successor()
        self.bot = self._make(factory)
        self._connection: asyncio.Task[None] | None = None

    def _make(self, factory: BotFactory) -> Any:
        before = set_store(self.store)
        try:
            bot = self.owner.context.run(factory)
        except BaseException:
            set_store(before)
            raise
        if inspect.isawaitable(bot) or not isinstance(bot, commands.bot.BotBase):
            set_store(before)
            if inspect.iscoroutine(bot):
                bot.close()
            raise TypeError(
                f"`bot` made {bot!r}; give a function without arguments that returns a commands.Bot, "
                "such as the class of your bot, or give a hikari bot as `kit.lab.hikari.bot(...)`"
            )
        return bot

    @property
    def online(self) -> bool:
        """Whether the bot is connected."""
        return self._connection is not None and not self._connection.done() and self.bot.is_ready()

    @property
    def panels(self) -> Panels | None:
        """The panels of the bot, if it set up persistence."""
        cog = self.bot.get_cog(Panels.__cog_name__)
        return cog if isinstance(cog, Panels) else None

    async def _bring_up(self) -> None:
        # `Client(connector=...)` is discord.py's own way to choose how it connects; a bot
        # that was made by its user's code is given the connector before it logs in.
        self.bot.http.connector = self.simulator.connector()
        # discord.py waits this long after the last GUILD_CREATE for another one. The
        # simulator sends them all at once.
        self.bot._connection.guild_ready_timeout = 0.005  # noqa: SLF001
        await self._log_in()
        self._connection = self.owner.start(self.bot.connect(), name="viewkit-connection")
        await self._ready()

    async def _log_in(self) -> None:
        login = self.owner.start(self.bot.login(self.simulator.token), name="viewkit-login")
        done, _ = await asyncio.wait({login}, timeout=START_TIMEOUT)
        if not done:
            raise TimeoutError(
                f"the bot's setup_hook did not return within {START_TIMEOUT:g} s. It runs before the bot "
                "connects, so it can't wait for `wait_until_ready()`: start a task that does"
            )
        await login

    async def _ready(self) -> None:
        assert self._connection is not None
        ready = asyncio.create_task(self.bot.wait_until_ready())
        try:
            await asyncio.wait(
                {ready, self._connection}, timeout=START_TIMEOUT, return_when=asyncio.FIRST_COMPLETED
            )
            if not ready.done():
                if self._connection.done():
                    await self._connection
                raise TimeoutError(f"the bot was not ready within {START_TIMEOUT:g} s")
        finally:
            ready.cancel()

    async def close(self) -> None:
        """End as a bot that is stopped: close, flush, let go of the storage.

        Raises:
            Exception: What the bot's own `close()` raised. All the rest is done even so.
        """
        try:
            await self.bot.close()
            if self._connection is not None:
                await asyncio.wait({self._connection}, timeout=5)
        finally:
            await self.owner.cancel()
            try:
                await asyncio.wait_for(self.store.close(DEAD), CLOSE_TIMEOUT)
            except BaseException:
                await self.store.abandon(DEAD)
                raise

    async def crash(self) -> None:
        """End as a killed process does: nothing is flushed, nothing that runs is finished."""
        await self.store.abandon(DEAD)
        sockets = _sockets(self.bot)
        for socket in sockets:
            if socket._keep_alive is not None:  # noqa: SLF001
                # discord.py's heartbeat is a thread, which no cancelled task stops.
                socket._keep_alive.stop()  # noqa: SLF001
        await self.owner.cancel()
        await self.bot.http.close()
        for socket in sockets:
            # The connection is gone without a word, as a killed process leaves it; this
            # lets aiohttp know.
            await socket.socket.close()

    def handlers(self) -> set[asyncio.Task[Any]]:
        """The tasks that discord.py started for events, and the lab for the bot."""
        return {task for task in self.owner.running() if task.get_name().startswith(HANDLERS)}

    async def flush(self) -> None:
        """Wait until what was dispatched is on disk."""
        await self.store.flush()

    async def sync_commands(self) -> None:
        """Sync the command tree."""
        await self.bot.tree.sync()


def _sockets(bot: Any) -> list[Any]:
    """The gateway connections of a bot, sharded or not."""
    shards = getattr(bot, "_AutoShardedClient__shards", None)
    found = [shard.ws for shard in shards.values()] if shards else [getattr(bot, "ws", None)]
    return [socket for socket in found if socket is not None]
