"""A hikari bot in the lab: `lab = await kit.Lab.start(kit.lab.hikari.bot(make_bot))`.

The bot runs in the notebook's loop, started with hikari's `start()` and ended with its `close()`;
arc, crescent, lightbulb and tanjun are clients around such a bot and need nothing of their own.
A crash is neither: connections are cut and tasks cancelled before hikari can say the goodbye that
its shard says when it is cancelled. This is the one file that reaches into hikari for it.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import socket
from abc import abstractmethod
from collections.abc import Callable, Coroutine
from typing import Any

from kit.lab.hikariclients import log_errors
from kit.lab.life import START_TIMEOUT, Bots, Life
from kit.lab.tasks import TaskOwner
from kit.simulator import Simulator

try:
    import hikari
except ImportError as error:
    raise ImportError('kit.lab.hikari needs hikari: pip install "viewkit[hikari]"') from error

BotMaker = Callable[[str, str], Any]

CLOSE_TIMEOUT = 12.0
# The coroutines in which hikari and the libraries around it run what a developer wrote for an
# event: hikari's dispatch and the end of its generator listeners, the callbacks of miru and arc,
# the commands of crescent and lightbulb.
HANDLERS = frozenset(
    {
        "_invoke_callback",
        "_consume_generator_listener",
        "_handle_callback",
        "handle_resp",
        "handle_interaction_create",
    }
)


def bot(make: BotMaker) -> HikariBots:
    """A hikari bot for `kit.Lab.start(...)`.

    Args:
        make: Makes the bot and all that is around it, and is called anew at each restart, as
            `make(token, rest_url)`. It returns the `hikari.GatewayBot` or `hikari.RESTBot` that it made
            with both, or a client that has it as its `app`, as those of arc, crescent and lightbulb do.

    Returns:
        What `kit.Lab.start` takes.

    Raises:
        TypeError: If it can't be called with these two.
    """
    try:
        inspect.signature(make).bind("token", "rest_url")
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{make!r} can't be called as make(token, rest_url). Give a function that makes the bot with "
            "both, such as `lambda token, rest_url: hikari.GatewayBot(token, rest_url=rest_url)`"
        ) from error
    return HikariBots(make)


class HikariBots(Bots):
    """Makes hikari bots.

    Args:
        make: Makes the bot; see `bot`.
    """

    loggers = ("hikari", "miru", "arc", "crescent", "lightbulb", "tanjun")

    def __init__(self, make: BotMaker) -> None:
        self._make = make

    def life(self, simulator: Simulator, number: int) -> HikariLife:
        """A life that has not begun, with its bot.

        Raises:
            TypeError: If what was made is no hikari bot.
            ValueError: If it is one for the real Discord.
        """
        owner = TaskOwner()
        try:
            made = owner.context.run(self._make, simulator.token, simulator.rest_url)
        except RuntimeError as error:
            if str(error) == "This event loop is already running":
                error.add_note("The lab starts the bot: leave out `bot.run()`, and return the bot.")
            raise
        log_errors(made)
        app = made if isinstance(made, hikari.GatewayBot | hikari.RESTBot) else getattr(made, "app", None)
        if isinstance(app, hikari.GatewayBot):
            life: HikariLife = GatewayLife(app, simulator, number, owner)
        elif isinstance(app, hikari.RESTBot):
            life = RESTLife(app, simulator, number, owner)
        else:
            if inspect.iscoroutine(made):
                made.close()
            raise TypeError(
                f"the function given to kit.lab.hikari.bot made {made!r}; let it return the "
                "hikari.GatewayBot or hikari.RESTBot"
            )
        if app.rest._rest_url != simulator.rest_url:  # type: ignore[attr-defined]  # noqa: SLF001
            raise ValueError(
                "the bot was made without the lab's rest_url, and would call Discord itself: "
                f"hikari.{type(app).__name__}(..., rest_url=rest_url)"
            )
        return life


class HikariLife(Life):
    """A hikari bot from its start to its end."""

    bot: hikari.GatewayBot | hikari.RESTBot
    # hikari's and miru's ways end in `asyncio.wait_for`; lightbulb's menus and modals have their own.
    waits = frozenset({("wait_for", "tasks.py"), ("attach", "menus.py"), ("attach", "modals.py")})
    without_panels = "which views answer again is up to the bot's own start: press one to see"

    def handlers(self) -> set[asyncio.Task[Any]]:
        """The tasks of the bot in which its developer's code answers an event."""
        return {task for task in self.owner.running() if _name_of(task) in HANDLERS}

    async def flush(self) -> None:
        """Nothing: what the bot keeps, it writes itself."""

    async def sync_commands(self) -> None:
        """Nothing: the libraries around hikari register their commands when the bot starts."""

    async def _bring_up(self) -> None:
        start = self.owner.start(self._start(), name="viewkit-start")
        done, _ = await asyncio.wait({start}, timeout=START_TIMEOUT)
        if not done:
            raise TimeoutError(
                f"the bot did not start within {START_TIMEOUT:g} s. hikari waits for what listens to its "
                "StartingEvent and StartedEvent, and for start-up callbacks: let them start a task for "
                "what goes on"
            )
        try:
            await start
        except hikari.UnauthorizedError as error:
            raise ValueError(
                "Discord does not know the bot's token. Make it with the one that the function is given: "
                f"hikari.{type(self.bot).__name__}(token, ..., rest_url=rest_url)"
            ) from error
        if not self.online:
            raise RuntimeError(
                "the bot closed itself as it started: something that listens to its StartingEvent or "
                "StartedEvent, or a start-up callback, calls `bot.close()`"
            )

    @abstractmethod
    async def _start(self) -> None:
        """Let hikari start the bot."""

    async def close(self) -> None:
        """End as a bot that is stopped, by hikari's `close()`.

        Raises:
            Exception: What the bot's own code raised; a TimeoutError if it did not end.
        """
        try:
            if self.bot.is_alive:
                await self._in_time(self.bot.close())
        finally:
            # What close() could not end because something raised in it, or hung, ends here.
            await self.crash()

    async def _in_time(self, closing: Coroutine[Any, Any, None]) -> None:
        task = self.owner.start(closing, name="viewkit-close")
        done, _ = await asyncio.wait({task}, timeout=CLOSE_TIMEOUT)
        if not done:
            raise TimeoutError(
                f"the bot did not close within {CLOSE_TIMEOUT:g} s: something that listens to its "
                "StoppingEvent or StoppedEvent, or a shutdown callback, does not return"
            )
        await task

    async def crash(self) -> None:
        """End as a killed process does: connections are cut, tasks are gone, nothing is finished."""
        hang_up = self._cut()
        await self.owner.cancel()
        await hang_up()
        if self.bot.rest.is_alive:
            await self.bot.rest.close()

    @abstractmethod
    def _cut(self) -> Callable[[], Coroutine[Any, Any, None]]:
        """Cut the connections at once; returns what frees them when no task uses them any more."""


class GatewayLife(HikariLife):
    """A `hikari.GatewayBot` from its start to its end."""

    bot: hikari.GatewayBot

    def __init__(self, bot: hikari.GatewayBot, simulator: Simulator, number: int, owner: TaskOwner) -> None:
        super().__init__(simulator, number, owner)
        self.bot = bot

    @property
    def online(self) -> bool:
        """Whether every shard is connected."""
        shards = self.bot.shards.values()
        return bool(shards) and all(shard.is_connected for shard in shards)

    async def _start(self) -> None:
        await self.bot.start(check_for_updates=False)

    def _cut(self) -> Callable[[], Coroutine[Any, Any, None]]:
        connections = []
        for shard in self.bot.shards.values():
            connection, shard._ws = shard._ws, None  # type: ignore[attr-defined]  # noqa: SLF001
            if connection is not None:
                connections.append(connection)
                response = connection._ws._response  # noqa: SLF001
                if response.connection is not None and response.connection.transport is not None:
                    response.connection.transport.abort()

        async def hang_up() -> None:
            for connection in connections:
                await connection._exit_stack.aclose()  # noqa: SLF001

        return hang_up


class RESTLife(HikariLife):
    """A `hikari.RESTBot` from its start to its end; interactions are posted to it on a port of its own."""

    bot: hikari.RESTBot

    def __init__(self, bot: hikari.RESTBot, simulator: Simulator, number: int, owner: TaskOwner) -> None:
        super().__init__(simulator, number, owner)
        self.bot = bot
        self._socket: socket.socket | None = None

    @property
    def online(self) -> bool:
        """Whether it listens."""
        return self.bot.is_alive

    async def _start(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        await self.bot.start(socket=self._socket, check_for_updates=False)
        log = logging.getLogger("hikari.interaction_server")
        log.addFilter(_is_news)
        try:
            await self.simulator.connect_endpoint(f"http://127.0.0.1:{self._socket.getsockname()[1]}")
        finally:
            log.removeFilter(_is_news)

    def _cut(self) -> Callable[[], Coroutine[Any, Any, None]]:
        runner = self.bot._server._server  # noqa: SLF001

        async def hang_up() -> None:
            if runner is not None:
                await runner.cleanup()
            if self._socket is not None:
                self._socket.close()

        return hang_up


def _is_news(record: logging.LogRecord) -> bool:
    # Discord signs a first PING wrongly, to see that it is refused; hikari refuses it, and logs an error.
    error = record.exc_info[0] if record.exc_info else None
    return error is None or error.__name__ != "BadSignatureError"


def _name_of(task: asyncio.Task[Any]) -> str:
    return str(getattr(task.get_coro(), "__name__", ""))
