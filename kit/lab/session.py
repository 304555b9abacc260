"""The lab: a bot on a simulated Discord, in the loop of a notebook."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from discord import ui

from kit.export import Export, ExportError, export_view
from kit.lab.acts import Acts
from kit.lab.bench import LabBench
from kit.lab.cells import CellFollower
from kit.lab.channel import LabChannel
from kit.lab.discordlife import BotFactory, DiscordBots, DiscordLife, bots_of
from kit.lab.display import Display
from kit.lab.errors import ErrorCollector
from kit.lab.extension import current_watch
from kit.lab.life import Bots, Life
from kit.lab.lives import Lives
from kit.lab.outcome import Outcome, SeenMessage
from kit.lab.people import People
from kit.lab.reload import Reload, Reloader
from kit.lab.report import RestartReport
from kit.lab.starting import Starting
from kit.lab.tasks import watch_tasks
from kit.lab.worldkeeper import WorldKeeper
from kit.persistence import StorageBackend
from kit.persistence.arguments import accepts
from kit.simulator import Simulator
from kit.state import StateStore, get_store, set_store
from kit.views.stateful import Stateful

if TYPE_CHECKING:
    from kit.widgets import Controls, Preview, StateTree


class LabError(Exception):
    """Something the lab can't do now; the message says what to do instead."""


class Lab(Acts):
    """A real bot on a simulated Discord. Make one with `await Lab.start()`.

    Attributes:
        running: The lab that runs in this process, or None.
        discord: The simulated Discord.
        folder: Where the world and the database are kept.
        uses_kit: Whether its bots can have kit's views and store, as discord.py's can.
    """

    running: ClassVar[Lab | None] = None

    def __init__(
        self,
        bots: Bots,
        keeper: WorldKeeper,
        simulator: Simulator,
    ) -> None:
        self.folder: Path = keeper.folder
        self.discord = simulator
        self.uses_kit = isinstance(bots, DiscordBots)
        self._keeper = keeper
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._bench = LabBench(self)
        self._errors = ErrorCollector(bots.loggers, self._bench.changed)
        self._reloader = Reloader(lambda: self._kit_life, self._show_reload)
        self._display = Display(self)
        self._lives = Lives(
            bots, simulator, display=self._display, bench=self._bench, reloader=self._reloader
        )
        self._people = People(simulator, lambda: self._life, self._errors, keeper.save_changes)
        self._outer_store = get_store()
        self._cleanups: list[Callable[[], None]] = []

    @classmethod
    def start(
        cls,
        bot: BotFactory | Bots | None = None,
        *,
        name: str | None = None,
        backend: StorageBackend | None = None,
        users: Sequence[str] = ("alice", "bob"),
    ) -> Starting[Self]:
        """Start a Discord, a bot on it, and return the lab: `lab = await kit.Lab.start()`.

        Args:
            bot: A function without arguments, or a class, that makes the bot; called anew at each
                restart. Left out, a plain bot that sets up persistence. A hikari bot is given as
                `kit.lab.hikari.bot(...)`.
            name: Keeps the world and the database in `.kit/<name>/`, to be there again in the
                next kernel. Left out, they live in a throw-away folder.
            backend: Where the plain bot keeps its state; an SQLite file in the folder if left out.
            users: The people on the server; the first is the one who acts if nobody is named.

        Returns:
            Something to await, or to enter with `async with`.

        Raises:
            LabError: If a lab is running already, or its folder can't be used.
            Exception: What the bot's `setup_hook` raised.
        """
        return Starting(lambda: cls._open(bot, name, backend, tuple(users)))

    @classmethod
    async def _open(
        cls,
        bot: BotFactory | Bots | None,
        name: str | None,
        backend: StorageBackend | None,
        users: tuple[str, ...],
    ) -> Self:
        if cls.running is not None and cls.running._loop.is_closed():  # noqa: SLF001  (a lab, too)
            # Its loop ended without `stop()`, and took its bot along.
            cls.running._abandon()  # noqa: SLF001
        if cls.running is not None:
            raise LabError(
                "a lab is running already: it is `kit.Lab.running`. Use that one, or stop it first with "
                "`await kit.Lab.running.stop()`"
            )
        if bot is not None and not isinstance(bot, Bots) and not callable(bot):
            raise TypeError(
                f"`bot` is {bot!r}; give a function without arguments that makes the bot (its class will "
                "do), because every restart needs a new one"
            )
        if bot is not None and not isinstance(bot, Bots):
            try:
                inspect.signature(bot).bind()
            except TypeError as error:
                raise TypeError(
                    f"`bot` is {bot!r}, which can't be called without arguments ({error}); wrap it, as in "
                    "`Lab.start(lambda: MyBot(...))`, or give a function that makes a bot of hikari as "
                    "`Lab.start(kit.lab.hikari.bot(make_bot))`"
                ) from error
        keeper = WorldKeeper.open(name, users)
        try:
            simulator = await Simulator.start(keeper.world)
        except BaseException:
            keeper.close()
            raise
        lab = cls(bots_of(bot, backend, keeper.folder), keeper, simulator)
        Lab.running = lab
        try:
            await lab._begin()
        except BaseException:
            await lab.stop()
            raise
        return lab

    async def _begin(self) -> None:
        self._cleanups += [self._keeper.follow(self.discord), watch_tasks(self._loop)]
        self._errors.install()
        watch = current_watch()
        if watch is not None:
            cells = CellFollower(self._reloader, watch.shell.user_ns, self._spawn, self._lives.quiet)
            self._cleanups.append(watch.subscribe(cells.after))
        await self._lives.begin()

    @property
    def _life(self) -> Life | None:
        return self._lives.current

    @property
    def _kit_life(self) -> DiscordLife | None:
        return self._life if isinstance(self._life, DiscordLife) else None

    def _need_kit(self, what: str) -> None:
        if not self.uses_kit:
            raise LabError(
                f"{what} is for kit's views, which are discord.py's, and this bot is made with another "
                "library. Its own code sends its views: let people ask for them with `await lab.say(...)` "
                "or `await lab.slash(...)`, and press them with `await lab.click(...)`"
            )

    def _life_for(self, what: str) -> DiscordLife:
        self._need_kit(what)
        assert isinstance(self.life, DiscordLife)
        return self.life

    @property
    def report(self) -> RestartReport | None:
        """The report of the last start or restart."""
        return self._lives.report

    @property
    def bot(self) -> Any:
        """The bot of the current life: a `commands.Bot`, or that of another library."""
        return self.life.bot

    @property
    def store(self) -> StateStore:
        """The store of the current life.

        Raises:
            LabError: If the bot is down, or has none because it is not discord.py's.
        """
        return self._life_for("lab.store").store

    @property
    def life(self) -> Life:
        """The current life of the bot.

        Raises:
            LabError: If the bot is down.
        """
        if self._life is None:
            raise LabError("the bot is down: `await lab.restart()` brings it up again")
        return self._life

    @property
    def online(self) -> bool:
        """Whether the bot is connected."""
        return self._life is not None and self._life.online

    @property
    def messages(self) -> list[SeenMessage]:
        """The messages of the channel that the first user sees, oldest first."""
        return [SeenMessage(raw) for raw in self.discord.world.messages(viewer=self.users[0])]

    @property
    def lives(self) -> int:
        """How many lives the bot has had."""
        return self._lives.count

    @property
    def exportable(self) -> list[str]:
        """The names of the views that are on live messages."""
        return sorted(self._reloader.live_classes(self._kit_life)) if self._kit_life is not None else []

    @property
    def reloads(self) -> list[Reload]:
        """What hot reload did, oldest first."""
        return self._reloader.records

    @property
    def errors(self) -> ErrorCollector:
        """What went wrong where nobody awaited it."""
        return self._errors

    async def post(
        self, view: type[ui.View | ui.LayoutView], *, user: str | None = None, **arguments: Any
    ) -> Outcome:
        """Let the bot post a view in the channel.

        Args:
            view: The class. It is made as it would be in a command of `user`.
            user: Whose view it is.
            **arguments: Its constructor arguments, such as `state_key`.

        Raises:
            Exception: What the constructor or `send()` raised; nothing was posted then.
        """
        life = self._life_for("lab.post()")
        if not (isinstance(view, type) and issubclass(view, ui.View | ui.LayoutView)):
            raise TypeError(f"lab.post() takes a view class and its arguments, not {view!r}")
        name = self._user(user)
        channel: Any = life.bot.get_channel(int(self.discord.world.channel_id))

        async def deliver() -> None:
            if issubclass(view, Stateful):
                identity = {
                    "user_id": int(self.discord.world.find_user(name)["id"]),
                    "guild_id": int(self.discord.world.guild["id"]),
                }
                known = {key: value for key, value in identity.items() if accepts(view, key)}
                stateful: Any = view(**{**known, **arguments})
                stateful.belong_to(*identity.values())
                await stateful.send(channel=channel)
                return
            plain: Any = view(**arguments)
            message = await channel.send(view=plain)
            self._reloader.track(plain, message.id, arguments)

        async def post() -> None:
            # The bot's own task: an interrupted cell does not cut a panel in half.
            await asyncio.shield(life.owner.start(deliver(), name="viewkit-post"))

        return await self._people.watch(f"the bot posts {view.__name__}", name, post)

    async def restart(
        self, *, crash: bool = False, offline: Callable[..., Awaitable[Any]] | None = None
    ) -> RestartReport:
        """End the bot and start a new one on the same Discord and the same storage.

        Interrupting the cell does not interrupt the restart: it goes on to its end.

        Args:
            crash: End it as `kill -9` does, instead of closing it: nothing is flushed.
            offline: An async function that changes the world while the bot is down. It may
                take one argument, the simulator.

        Returns:
            What became of the panels, and how long it took until buttons answered.
        """
        work = self._lives.restart(crash=crash, offline=offline)
        task = asyncio.create_task(work, name="viewkit-restart")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self._errors.watch(task, "restart")
            raise

    async def reload(self, view: type, *, cell: int | None = None) -> Reload:
        """Let a view class take over the live messages of the class of its name.

        In a notebook this happens by itself when the cell of the class is run again.

        Returns:
            What changed, or why it was refused.
        """
        return await self._reloader.reload(view, self._life_for("lab.reload()"), cell=cell)

    async def rollback(self, name: str) -> Reload:
        """Let the version of a view class before the current one take over again."""
        return await self._reloader.rollback(name, self._life_for("lab.rollback()"))

    def _show_reload(self, record: Reload) -> None:
        self._display.notice(repr(record) if record.status == "refused" else None)
        self._bench.changed()

    def _spawn(self, coroutine: Any, what: str) -> None:
        # A terminal's cell ends while the loop stands still; it runs again at the next await.
        task = self._loop.create_task(coroutine, name=f"viewkit-{what}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._errors.watch(task, what)

    async def settled(self) -> None:
        """Wait for what the last cell started: reloads and restarts in the background."""
        while running := {task for task in self._tasks if task is not asyncio.current_task()}:
            await asyncio.wait(running)

    async def export(self, view: type | str, to: str | Path, *, prove: bool = True) -> Export:
        """Write a view to a cog module that `bot.load_extension` loads.

        Args:
            view: The class, or its name.
            to: The file, such as "cogs/role_panel.py".
            prove: Whether to prove the module in a fresh process before it is written.

        Raises:
            ExportError: If the module could not be right; it names the cell, the line and the remedy.
        """
        self._need_kit("lab.export()")
        watch = current_watch()
        if watch is None:
            raise ExportError(
                "no source",
                "export reads the cells that were run, and there are none outside IPython",
                fix="run the lab in a notebook or in `ipython`",
            )
        export = await export_view(
            view, ledger=watch.ledger, namespace=watch.shell.user_ns, to=to, prove=prove, lab_objects=(self,)
        )
        self._bench.exported(export)
        return export

    def preview(self, *, user: str | None = None, theme: str = "dark") -> Preview:
        """A widget that shows the channel as Discord does; its buttons are real."""
        return self._display.preview(LabChannel(self._people), user=user, theme=theme)

    def state(self, *, theme: str = "dark") -> StateTree:
        """A widget that shows the state tree of the running bot, and the actions that change it."""
        self._need_kit("lab.state()")
        return self._display.state(theme=theme)

    def controls(self, *, theme: str = "dark") -> Controls:
        """A widget to restart and crash the bot, with the last report, reloads, errors and export."""
        return self._display.controls(self._bench, theme=theme)

    async def check(self) -> None:
        """Raise what background work collected since the last check.

        Raises:
            BaseExceptionGroup: Of the errors that callbacks, commands and tasks of the bot raised.
        """
        await self.settled()
        self._errors.check()

    async def stop(self) -> None:
        """Close the bot and the Discord; nothing of them stays behind.

        Interrupting the cell does not interrupt it.

        Raises:
            Exception: What the bot's own `close()` raised, or that the world could not be saved.
                Everything is closed even so.
        """
        await asyncio.shield(self._loop.create_task(self._stop(), name="viewkit-stop"))

    async def _stop(self) -> None:
        try:
            await self._lives.end()
        finally:
            if Lab.running is self:
                self._let_go()
                await self.discord.close()
                self._keeper.close()

    def _abandon(self) -> None:
        self._let_go()
        self._keeper.close()

    def _let_go(self) -> None:
        """Undo what the lab did to this process."""
        Lab.running = None
        set_store(self._outer_store)
        self._errors.remove()
        self._reloader.close()
        self._display.close()
        for cleanup in reversed(self._cleanups):
            cleanup()

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self._display.bundle(**options)

    def __repr__(self) -> str:
        state = "online" if self.online else "offline"
        return f"<Lab: {state}, life {self.lives}, Discord at {self.discord.url}>"
