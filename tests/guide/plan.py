"""How the bot of a test is put together: what its main file would say."""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import discord
from discord.ext import commands

from kit import StateError, setup_persistence
from kit.lab import Lab
from kit.persistence import SQLiteBackend
from kit.persistence.registry import view_classes

BRANCHES = ("views", "sessions", "application", "persistent_views")
DATABASE = "bot.db"


async def remember(bot: commands.Bot) -> None:
    """The last line of a setup_hook."""
    await setup_persistence(bot, backend=SQLiteBackend(DATABASE))


async def nothing(bot: commands.Bot) -> None:
    """A part of a main file that is not there."""


class Plan:
    """A bot that is built anew from the same plan at each of its lives; change the plan between two.

    Attributes:
        setup: What its setup_hook does, given the bot.
        before_login: What the main file does with the bot before it starts it.
        sends: By the name of a command, what the command sends: given its context, a view or the
            coroutine of a `send()`.
        views: The views that commands have sent, oldest first.
        refused: What sending raised, oldest first.
        requests: The REST calls of the current life, as "GET /channels/...".
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.setup: Callable[[Any], Awaitable[Any]] = remember
        self.before_login: Callable[[Any], Awaitable[Any]] = nothing
        self.sends: dict[str, Callable[[Any], Any]] = {}
        self.views: list[Any] = []
        self.refused: list[Exception] = []
        self.requests: list[str] = []

    async def start(self) -> Lab:
        """The lab in which the bot runs."""
        lab = await Lab.start(self.make)
        lab.discord.deadline = 2.0
        return lab

    def make(self) -> commands.Bot:
        """The bot of one life."""
        self.requests.clear()
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(self._note)
        hooks = (self.before_login, self.setup)
        bot = PlannedBot(*hooks, command_prefix="!", intents=discord.Intents.all(), http_trace=trace)
        for name, make in self.sends.items():
            bot.add_command(commands.Command(self._command(make), name=name))
        return bot

    async def _note(self, session: Any, context: Any, request: Any) -> None:
        self.requests.append(f"{request.method} {request.url.path.removeprefix('/api/v10')}")

    def _command(self, make: Callable[[Any], Any]) -> Any:
        async def command(ctx: commands.Context) -> None:
            try:
                made = make(ctx)
                if inspect.isawaitable(made):
                    await made
                else:
                    await made.send()
                    self.views.append(made)
            except (StateError, ValueError) as error:
                self.refused.append(error)

        return command

    def cog(self, name: str, source: str) -> str:
        """Write a cog module; returns the name to load it by."""
        folder = self.folder / "cogs"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.py").write_text(textwrap.dedent(source))
        return f"cogs.{name}"


class PlannedBot(commands.Bot):
    """A bot whose setup_hook is given to it, and what is done before it."""

    def __init__(self, early: Callable[[Any], Any], setup: Callable[[Any], Any], **options: Any) -> None:
        super().__init__(help_command=None, **options)
        self._early = early
        self._setup = setup

    async def login(self, token: str) -> None:
        await self._early(self)
        await super().login(token)

    async def setup_hook(self) -> None:
        await self._setup(self)


def forget_cogs() -> None:
    """Unlearn the modules of the folder `cogs`, as a new process would not know them."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "cogs"]:
        del sys.modules[name]
    for key in view_classes:
        if view_classes.get(key).__module__.partition(".")[0] == "cogs":
            view_classes.put(key, None)


async def new_process() -> None:
    """For `lab.restart(offline=new_process)`: the next life has not imported a cog yet."""
    forget_cogs()


async def on_disk() -> dict[str, Any]:
    """The state as another process would read it from the planned bot's database."""
    backend = SQLiteBackend(DATABASE)
    try:
        # A branch that never held anything has no row.
        return {**{branch: {} for branch in BRANCHES}, **await backend.load_state()}
    finally:
        await backend.close()


async def rewrite_disk(change: Callable[[dict[str, Any]], None]) -> None:
    """Change the stored state while no bot runs."""
    backend = SQLiteBackend(DATABASE)
    try:
        state = await backend.load_state()
        change(state)
        await backend.save_state(state)
    finally:
        await backend.close()
