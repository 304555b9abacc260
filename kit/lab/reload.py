"""Hot reload: a view class that was defined again takes over its live messages, or is refused.

One transaction: build a new view for each message from its stored arguments, validate
them, plan the difference, swap old for new without an `await` between, repaint the
messages whose payload changed, and drain the callbacks that still run on the old views.
Whatever fails before the swap leaves the old views answering.

State lives in the store under the state key, so nothing is copied from view to view.
"""

from __future__ import annotations

import asyncio
import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakSet

import aiohttp
import discord
from discord import ui

from kit.lab.discordlife import DiscordLife
from kit.lab.layouts import bare, differences
from kit.lab.started import (
    UnknownArgumentsError,
    check_still_kept,
    made_again,
    started_of,
    started_views,
    wake_kept,
)
from kit.persistence.kept import is_kept
from kit.persistence.live import class_key, live_views
from kit.persistence.registry import view_classes
from kit.persistence.routes import routes_of
from kit.simulator.limits import check_message
from kit.views.persistent import Persistent
from kit.views.stateful import Stateful

COMPONENTS_V2 = 1 << 15
VERSIONS_KEPT = 10


class ReloadRefused(Exception):  # noqa: N818  (it is an answer, and reads as one)
    """Why a class did not take over; the views before it keep answering."""


@dataclass
class Reload:
    """The record of one reload.

    Attributes:
        view: The name of the class.
        status: "reloaded", "unchanged" or "refused".
        changes: What is different, in words.
        messages: The ids of the messages whose views were swapped.
        repainted: The ids of those whose payload changed.
        finishing: How many callbacks were still running on the old views.
        cell: The number of the cell that defined the class, if it is known.
        line: The line in it, for an error.
        error: Why it was refused.
    """

    view: str
    status: str = "reloaded"
    changes: list[str] = field(default_factory=list)
    messages: list[int] = field(default_factory=list)
    repainted: list[int] = field(default_factory=list)
    finishing: int = 0
    cell: int | None = None
    line: int | None = None
    error: str | None = None

    def note(self, change: str) -> None:
        """Add a change, unless it is there already: messages of one class change alike."""
        if change not in self.changes:
            self.changes.append(change)

    @property
    def place(self) -> str:
        """Where the class statement is: "cell 5, line 3"."""
        known = {"cell": self.cell, "line": self.line}
        return ", ".join(f"{name} {number}" for name, number in known.items() if number is not None)

    def __repr__(self) -> str:
        if self.status == "refused":
            where = f" ({self.place})" if self.place else ""
            return f"{self.view} was not reloaded{where}: {self.error}. The one before it keeps answering."
        messages = f"{len(self.messages)} live message{'' if len(self.messages) == 1 else 's'}"
        detail = "; ".join(self.changes) or "no visible change"
        return f"{self.view} reloaded on {messages}: {detail}"

    def _repr_html_(self) -> str:
        return f"<code>{html.escape(repr(self))}</code>"


@dataclass
class Swap:
    """One live view and the one that takes its place; a started one may be on no message of its own."""

    old: Any
    new: Any
    message_id: int | None
    payload: list[dict[str, Any]]
    before: list[dict[str, Any]]
    shown: list[dict[str, Any]]

    @property
    def repaints(self) -> bool:
        """Whether the message is to look different."""
        if self.message_id is None:
            return False
        return self.payload != self.before or bare(self.payload) != bare(self.shown)


class Reloader:
    """Reloads the view classes of one lab, and remembers their last versions.

    Args:
        life: Returns the bot's current life, or None while it is down or not discord.py's.
        shown: Is told of every record.
    """

    def __init__(self, life: Callable[[], DiscordLife | None], shown: Callable[[Reload], None]) -> None:
        self._life = life
        self._shown = shown
        self.records: list[Reload] = []
        self.versions: dict[str, list[type]] = {}
        self._rejected: WeakSet[type] = WeakSet()
        self._pending: WeakSet[type] = WeakSet()
        self._posted: dict[int, tuple[Any, Mapping[str, Any]]] = {}
        self._turn = asyncio.Lock()
        self._unsubscribe = view_classes.subscribe(self._note_version)

    def close(self) -> None:
        """Stop following the registry of classes."""
        self._unsubscribe()

    def _note_version(self, key: str, before: type | None, cls: type) -> None:
        life = self._life()
        # While the bot restarts its cogs are run again, too: only a cell's class has to be accepted.
        seen = cls.__module__ == "__main__" if life is None else key in self.live_classes(life)
        if before is None or not seen:
            return
        self._pending.add(cls)
        if before not in self._rejected and before not in self._pending:
            self._remember(key, before)

    def _remember(self, key: str, cls: type) -> None:
        versions = self.versions.setdefault(key, [])
        if not versions or versions[-1] is not cls:
            versions.append(cls)
        del versions[:-VERSIONS_KEPT]

    def _good(self, key: str) -> type | None:
        """The class that panels of `key` are to be built with: a new one has to be accepted first."""
        cls: type | None = view_classes.get(key)
        versions = self.versions.get(key)
        return versions[-1] if cls in self._pending and versions else cls

    def track(self, view: Any, message_id: int, arguments: Mapping[str, Any]) -> None:
        """Remember a plain discord.py view that the lab posted, and how it was made."""
        self._posted[message_id] = (view, arguments)

    def forget(self) -> None:
        """Forget the plain views: the bot's life has ended, and theirs with it."""
        self._posted.clear()

    @property
    def life(self) -> DiscordLife | None:
        """The bot's current life, or None while it is down or not discord.py's."""
        return self._life()

    def live_classes(self, life: DiscordLife) -> dict[str, type]:
        """The classes that answer on live messages, by what identifies them: see `kind`."""
        found: dict[str, type] = {}
        for view in (*self._plain(life).values(), *started_views(life), *live_views(life.store)):
            # The oldest: the cell of a class may post it, too, and the messages before are to follow.
            found.setdefault(class_key(view), type(view))
        for entry in life.store.state["persistent_views"].values():
            key = entry["class_name"]
            cls = self._good(key)
            if cls is not None:
                found.setdefault(key, cls)
        return found

    def is_new(self, cls: Any, current: type) -> bool:
        """Whether `cls`, found under the name of the live class `current`, is to take over from it."""
        return (
            isinstance(cls, type)
            and cls is not current
            and cls not in self._rejected
            and issubclass(cls, ui.View | ui.LayoutView)
            and kind_of(cls) == kind_of(current)
        )

    async def reload(self, cls: type, life: DiscordLife, *, cell: int | None = None) -> Reload:
        """Let `cls` take over the live messages of the class of its name.

        Returns:
            The record. A refusal is one too; nothing is raised for it.
        """
        async with self._turn:
            record = Reload(cls.__name__, cell=cell)
            try:
                swaps = await self._plan(cls, life, record)
            except Exception as error:  # noqa: BLE001  (the class is the user's: whatever it raises is the answer)
                self._refuse(cls, life, record, error)
            else:
                await self._carry_out(cls, life, swaps, record)
            self._pending.discard(cls)
            self.note(record)
            return record

    def note(self, record: Reload) -> None:
        """Keep a record, and show it."""
        self.records.append(record)
        self._shown(record)

    async def rollback(self, name: str, life: DiscordLife) -> Reload:
        """Let the version before the current one take over again.

        Raises:
            LookupError: If there is none.
        """
        versions = self.versions.get(name, [])
        if len(versions) < 2:
            raise LookupError(f"there is no version of {name!r} before the current one")
        versions.pop()
        return await self.reload(versions[-1], life)

    def _refuse(self, cls: type, life: DiscordLife, record: Reload, error: Exception) -> None:
        self._rejected.add(cls)
        good = self.live_classes(life).get(kind_of(cls))
        if good is not cls and (issubclass(cls, Persistent) or is_kept(cls)):
            view_classes.put(kind_of(cls), good)
        record.status = "refused"
        record.line = record.line or line_of(error)
        expected = isinstance(error, ReloadRefused | UnknownArgumentsError)
        record.error = str(error) if expected else f"{type(error).__name__}: {error}"

    async def _plan(self, cls: type, life: DiscordLife, record: Reload) -> list[Swap]:
        swaps = []
        for old, arguments, message_id, raw in await self._targets(cls, life):
            if _is_layout(type(old)) != _is_layout(cls):
                raise ReloadRefused(
                    f"{cls.__name__} changed between View and LayoutView, and Discord can't change a message "
                    f"that way; post a new one: `await lab.post({cls.__name__}, ...)`"
                )
            check_still_kept(cls, old, life)
            new = self._build(cls, old, arguments, record)
            payload = new.to_components()
            before = old.to_components()
            _check_limits(cls, raw, payload)
            swaps.append(Swap(old, new, message_id, payload, before, raw.get("components", [])))
            for line in differences(before, payload):
                record.note(line)
        return swaps

    async def _targets(
        self, cls: type, life: DiscordLife
    ) -> list[tuple[Any, Mapping[str, Any] | None, int | None, dict[str, Any]]]:
        """Every live view that `cls` is to replace: (view, its arguments, message id, raw message)."""
        await self._wake(cls, life)
        live: list[tuple[Any, int | None, Mapping[str, Any] | None]] = [
            (view, view.message.id, getattr(view, "arguments", {}))
            for view in live_views(life.store)
            if class_key(view) == kind_of(cls) and view.message is not None
        ]
        alive = {view for view, _, _ in live}
        live += [
            (view, message_id, self._arguments(view))
            for view, message_id in started_of(life, kind_of(cls)).items()
            if view not in alive
        ]
        known = {message_id for _, message_id, _ in live}
        live += [
            (view, message_id, self._arguments(view))
            for message_id, view in self._plain(life).items()
            if class_key(view) == kind_of(cls) and message_id not in known
        ]
        found: list[tuple[Any, Mapping[str, Any] | None, int | None, dict[str, Any]]] = []
        for view, message_id, arguments in live:
            if message_id is None:
                found.append((view, arguments, None, {"flags": COMPONENTS_V2 if _is_layout(cls) else 0}))
                continue
            try:
                raw = life.simulator.world.message(message_id)
            except LookupError:
                continue
            found.append((view, arguments, message_id, raw))
        return found

    def _plain(self, life: DiscordLife) -> dict[int, Any]:
        """The plain views that the lab posted and that nobody has started, by message."""
        started = started_views(life)
        return {
            message_id: view
            for message_id, (view, _) in self._posted.items()
            if not view.is_finished() and view not in started and started.on_message(message_id) is None
        }

    def _arguments(self, view: Any) -> Mapping[str, Any] | None:
        """What the lab made a plain view with, if it did."""
        return next((arguments for posted, arguments in self._posted.values() if posted is view), None)

    async def _wake(self, cls: type, life: DiscordLife) -> None:
        """Build the restored panels that nobody has clicked yet, with the class before `cls`."""
        if life.panels is not None and is_kept(cls):
            wake_kept(life, kind_of(cls), self._good(kind_of(cls)))
        if not issubclass(cls, Persistent) or life.panels is None:
            return
        key = cls.registry_key
        current = view_classes.get(key)
        view_classes.put(key, self._good(key))
        try:
            for state_key, entry in tuple(life.store.state["persistent_views"].items()):
                if entry["class_name"] == key:
                    await life.panels.view(state_key)
        finally:
            view_classes.put(key, current)

    def _build(self, cls: Any, old: Any, arguments: Mapping[str, Any] | None, record: Reload) -> Any:
        if issubclass(cls, Persistent):
            new: Any = cls.succeed(old)
            for name in new.unused_arguments:
                record.note(f"the argument {name!r} is no longer used; it stays stored")
            return new
        if isinstance(old, Stateful):
            args, kwargs = old._arguments  # noqa: SLF001
            new = cls(*args, **kwargs)
        else:
            new = made_again(cls, old, arguments)
        if isinstance(new, Stateful) and isinstance(old, Stateful):
            new.stand_for(old)
        if old.is_persistent() and not new.is_persistent():
            raise ReloadRefused(
                f"{cls.__name__} is no longer persistent: keep `timeout=None`, and a custom_id on everything"
            )
        return new

    async def _carry_out(self, cls: type, life: DiscordLife, swaps: Sequence[Swap], record: Reload) -> None:
        finishing = [task for swap in swaps for task in _callbacks(life, swap.old)]
        for swap in swaps:
            self._swap(swap, life)
        key = kind_of(cls)
        if issubclass(cls, Persistent) or is_kept(cls):
            view_classes.put(key, cls)
        if swaps and key not in self.versions:
            self._remember(key, type(swaps[0].old))
        self._remember(key, cls)
        record.messages = [swap.message_id for swap in swaps if swap.message_id is not None]
        if any(swap.message_id is None for swap in swaps):
            record.note("it is not bound: messages that were sent keep their look, and have its new code")
        record.finishing = len(finishing)
        record.status = "reloaded" if swaps else "unchanged"
        for swap in swaps:
            if swap.repaints:
                try:
                    await _repaint(swap, life)
                except (discord.HTTPException, aiohttp.ClientError) as error:
                    # The new view answers all the same; it is shown at its next edit.
                    record.note(f"message {swap.message_id} could not be repainted: {error}")
                else:
                    assert swap.message_id is not None
                    record.repainted.append(swap.message_id)
        if finishing:
            life.owner.start(self._drain(finishing, swaps, life), name="viewkit-drain")

    def _swap(self, swap: Swap, life: DiscordLife) -> None:
        """Old out, new in. discord.py: an old view's `stop()` would unregister a newer one's ids."""
        old, new = swap.old, swap.new
        if old in started_views(life):
            routes_of(life.bot).replace(old, new)
            if isinstance(new, Stateful) and old.id in live_views(life.store):
                new.take_over(old)
            return
        old.stop()
        if isinstance(new, Stateful):
            new.take_over(old)
        if new.is_persistent():
            life.bot.add_view(new, message_id=swap.message_id)
        else:
            life.bot._connection.store_view(new, swap.message_id)  # noqa: SLF001  (as `Message.edit(view=)` does)
        if swap.message_id in self._posted:
            self._posted[swap.message_id] = (new, self._posted[swap.message_id][1])

    async def _drain(
        self, finishing: list[asyncio.Task[Any]], swaps: Sequence[Swap], life: DiscordLife
    ) -> None:
        """A callback that ends by editing its message with the old layout is painted over."""
        await asyncio.wait(finishing)
        for swap in swaps:
            if swap.message_id is None:
                continue
            shown = life.simulator.world.message(swap.message_id)["components"]
            if not swap.new.is_finished() and bare(shown) != bare(swap.new.to_components()):
                await _repaint(swap, life)


async def _repaint(swap: Swap, life: DiscordLife) -> None:
    assert swap.message_id is not None
    message = getattr(swap.new, "message", None)
    if not isinstance(message, discord.PartialMessage | discord.Message):
        raw = life.simulator.world.message(swap.message_id)
        channel = life.bot.get_partial_messageable(int(raw["channel_id"]))
        message = channel.get_partial_message(swap.message_id)
    await message.edit(view=swap.new)


def _callbacks(life: DiscordLife, view: Any) -> list[asyncio.Task[Any]]:
    # discord.py names the task of each interaction after its view.
    return [task for task in life.owner.running() if task.get_name() == f"discord-ui-view-dispatch-{view.id}"]


def kind_of(cls: type) -> str:
    """What identifies a class whose name another may have, too: its registry key, or its name."""
    return str(getattr(cls, "registry_key", cls.__name__))


def _is_layout(cls: type) -> bool:
    return issubclass(cls, ui.LayoutView)


def _check_limits(cls: type, raw: Mapping[str, Any], payload: list[dict[str, Any]]) -> None:
    message = {"components": payload, "flags": raw.get("flags", 0)}
    if not raw.get("flags", 0) & COMPONENTS_V2:
        message["content"] = raw.get("content") or "\u200b"
    files = [attachment["filename"] for attachment in raw.get("attachments", ())]
    errors = [found for found in check_message(message, files=files) if found.severity == "error"]
    if errors:
        first = errors[0]
        raise ReloadRefused(
            f"Discord would refuse {cls.__name__} at {'.'.join(first.path)}: {first.message} ({first.rule})"
        )


def line_of(error: BaseException) -> int | None:
    """The line of the user's cell at which `error` was raised, if it was raised in one."""
    line = None
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if "ipykernel" in name or name.startswith("<ipython-input"):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
