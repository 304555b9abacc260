"""Panels after a restart: routed by message id at once, checked against Discord later.

Discord names the message of every click, and the stored registry names the panel of
every message. So nothing needs to be fetched before buttons answer, and a view is
built when it is first clicked: 100,000 panels are an index until somebody comes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine
from typing import Any

import aiohttp
import discord
from discord.ext import commands

from kit.persistence.answering import ROUTED, answer_privately
from kit.persistence.backends import StorageError
from kit.persistence.index import EntryError, check_entry, panel_index
from kit.persistence.kept import KeptViews, check_class
from kit.persistence.live import live_views
from kit.persistence.registry import view_classes
from kit.persistence.routes import routes_of
from kit.persistence.shards import answers_for
from kit.persistence.started import controls
from kit.state import StateStore
from kit.state.actions import PERSISTENT_VIEW_UNREGISTERED, VIEW_CREATED

_log = logging.getLogger(__name__)

FETCHES_AT_ONCE = 5

# https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
UNKNOWN_CHANNEL = 10003
UNKNOWN_MESSAGE = 10008


class RestoreSummary(dict[str, list[str]]):
    """What became of the stored panels: state keys by `restored`, `skipped`, `failed`, `removed`.

    Skipped panels name a class that is not imported; they are kept and answer as soon as
    it is. Failed ones could not be built; they are kept too. Removed ones are gone from
    Discord, and from the state.

    Attributes:
        errors: Why a panel failed, by state key.
        unreachable: Panels that Discord could not be asked about (403, 429, 5xx, time-outs),
            with the reason. They stay and answer.
        seconds: How long it took until buttons answered.
    """

    def __init__(self) -> None:
        super().__init__(restored=[], skipped=[], failed=[], removed=[])
        self.errors: dict[str, BaseException] = {}
        self.unreachable: dict[str, str] = {}
        self.seconds = 0.0
        self._verifying: asyncio.Task[None] | None = None

    async def verified(self) -> RestoreSummary:
        """Wait for the check against Discord that runs in the background, if there is one."""
        if self._verifying is not None:
            await asyncio.shield(self._verifying)
        return self


class Panels(commands.Cog, name="viewkit persistence"):
    """The stored panels of a bot, and the way from a click to the view that answers it.

    A cog, because that is how discord.py tells an add-on of interactions, of deletions,
    and of the bot being closed.

    Args:
        bot: The bot whose messages they are on.
        store: The store whose `persistent_views` lists them.
    """

    def __init__(self, bot: Any, store: StateStore) -> None:
        self.bot = bot
        self.store = store
        self.summary = RestoreSummary()
        self._live = live_views(store)
        self._index = panel_index(store)
        self._routes = routes_of(bot)
        self._kept = KeptViews(bot, store, self._routes)
        self._building: dict[str, asyncio.Task[Any]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ready = asyncio.Event()

    async def restore(self) -> RestoreSummary:
        """Make every stored panel answer. Makes no request to Discord."""
        started = time.perf_counter()
        self.summary = summary = RestoreSummary()
        self._routes.sleepers = self._kept
        built: list[Any] = []
        for state_key, entry in self._mine():
            await self._restore_one(state_key, entry, summary, built)
        async with self.store.batch():
            for view in built:
                if not view.is_finished():
                    await self.store.dispatch(VIEW_CREATED, view.record(), source=view.id)
        summary.seconds = time.perf_counter() - started
        return summary

    def _mine(self) -> list[tuple[str, Any]]:
        """The panels whose clicks come to this bot: with shards, those of its guilds."""
        return [
            (state_key, entry)
            for state_key, entry in self.store.state["persistent_views"].items()
            if not isinstance(entry, dict) or self._is_mine(entry)
        ]

    def _is_mine(self, entry: dict[str, Any]) -> bool:
        # An unbound view answers everywhere, and of a message the guild may not be known yet.
        nowhere = "bound" in entry and "guild_id" not in entry
        return nowhere or answers_for(self.bot, entry.get("guild_id"))

    async def _restore_one(
        self, state_key: str, entry: dict[str, Any], summary: RestoreSummary, built: list[Any]
    ) -> None:
        try:
            check_entry(entry)
        except EntryError as error:
            _log.error("the panel %r can't be restored and is kept: %s", state_key, error)
            summary["failed"].append(state_key)
            summary.errors[state_key] = error
            return
        cls = view_classes.get(entry["class_name"])
        if cls is None:
            _log.warning(
                "the panel %r is of the class %r, which is not imported: load its cog first",
                state_key,
                entry["class_name"],
            )
            summary["skipped"].append(state_key)
            return
        try:
            if "bound" in entry:
                self._restore_plain(state_key, entry, cls)
                summary["restored"].append(state_key)
                return
            cls.check_entry(entry)
            if cls.restores_eagerly and self._live.panel(state_key) is None:
                built.append(await self._build(state_key))
        except Exception as error:  # noqa: BLE001  (one panel's constructor must not keep the others dead)
            _log.exception(
                "the panel %r of %s could not be restored; it is kept", state_key, cls.__qualname__
            )
            summary["failed"].append(state_key)
            summary.errors[state_key] = error
        else:
            summary["restored"].append(state_key)

    def _restore_plain(self, state_key: str, entry: dict[str, Any], cls: Any) -> None:
        check_class(entry, cls)
        if not entry["bound"] and self._routes.started.stored(state_key) is None:
            self._kept.start(state_key)

    def state_key(self, message_id: int) -> str | None:
        """The state key of the panel on a message, or None if there is none."""
        return self._index.on_message(message_id)

    async def view(self, state_key: str) -> Any:
        """The live view of a stored panel, built and attached now if it isn't yet.

        Raises:
            LookupError: If its class is not imported.
            Exception: What its constructor or `on_restore` raised. The entry is kept.
        """
        view = self._live.panel(state_key)
        if view is not None:
            return view
        task = self._building.get(state_key)
        if task is None:
            task = asyncio.create_task(self._build_now(state_key), name=f"viewkit-build-{state_key}")
            self._building[state_key] = task
            task.add_done_callback(lambda _: self._building.pop(state_key, None))
        return await asyncio.shield(task)

    async def _build_now(self, state_key: str) -> Any:
        view = await self._build(state_key)
        if not view.is_finished():
            await self.store.dispatch(VIEW_CREATED, view.record(), source=view.id)
        return view

    async def _build(self, state_key: str) -> Any:
        entry = self.store.state["persistent_views"][state_key]
        cls = view_classes.get(entry["class_name"])
        if cls is None:
            raise LookupError(f"the class {entry['class_name']!r} of the panel {state_key!r} is not imported")
        view = cls.restore(dict(entry), self.bot)
        try:
            await view.on_restore(self.bot)
            now = self.store.state["persistent_views"].get(state_key)
            if now is not None and now["message_id"] != entry["message_id"]:
                # It was sent anew meanwhile, and that one is alive.
                await view.discard()
            elif not view.is_finished():
                view.attach(self.bot)
        except BaseException:
            await view.discard()
            raise
        return view

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the clicks that discord.py did not route to a view.

        The first one on a restored panel; one on a control that the view no longer has; and
        one that came while a callback was drawing its view anew, between `clear_items()` and
        the edit, when discord.py knows only the items that were just removed.
        """
        component = interaction.type is discord.InteractionType.component
        if not component or interaction.message is None or ROUTED in interaction.extras:
            return
        alive = self._live.on_message(interaction.message.id)
        if alive is not None:
            self._start(alive.handle(interaction), f"discord-ui-view-dispatch-{alive.id}")
            return
        state_key = self._index.on_message(interaction.message.id)
        if state_key is None or state_key in self._routes.started.ended:
            return
        if "bound" in self.store.state["persistent_views"][state_key]:
            # `Routes` would have started it.
            await _apologize(interaction)
            return
        await self._answer_asleep(state_key, interaction)

    async def _answer_asleep(self, state_key: str, interaction: discord.Interaction[Any]) -> None:
        """Answer the first click on a panel after a restart."""
        try:
            view = await self.view(state_key)
        except Exception:  # noqa: BLE001  (the constructor is the user's; the click gets an answer)
            _log.exception("a click on the panel %r could not be answered", state_key)
            await _apologize(interaction)
            return
        data: Any = interaction.data
        if (data["component_type"], data["custom_id"]) not in controls(view) and self._routes.answer_unbound(
            interaction
        ):
            return
        # Named as discord.py names the task of an interaction.
        self._start(view.handle(interaction), f"discord-ui-view-dispatch-{view.id}")

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Let the check in the background begin."""
        self._ready.set()

    @commands.Cog.listener()
    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """Forget the panel of a deleted message."""
        await self._forget_message(event.message_id)

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        """Forget the panels of deleted messages."""
        for message_id in event.message_ids:
            await self._forget_message(message_id)

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Forget the panels of a deleted channel."""
        await self._forget_channel(channel.id)

    @commands.Cog.listener()
    async def on_raw_thread_delete(self, event: discord.RawThreadDeleteEvent) -> None:
        """Forget the panels of a deleted thread."""
        await self._forget_channel(event.thread_id)

    async def _forget_channel(self, channel_id: int) -> None:
        for state_key in self._index.in_channel(channel_id):
            await self.remove(state_key, int(self.store.state["persistent_views"][state_key]["message_id"]))

    async def _forget_message(self, message_id: int) -> None:
        state_key = self._index.on_message(message_id)
        if state_key is not None:
            await self.remove(state_key, message_id)
        view = self._live.on_message(message_id)
        if view is not None:
            await view.discard()

    async def remove(self, state_key: str, message_id: int) -> None:
        """Forget a panel whose message is gone: its entry, and its view if it is alive.

        One of the same state key that was sent on another message meanwhile stays.
        """
        gone = {"state_key": state_key, "message_id": message_id}
        await self.store.dispatch(PERSISTENT_VIEW_UNREGISTERED, gone)
        self._routes.forget_message(message_id)
        view = self._live.on_message(message_id)
        if view is not None:
            await view.discard()

    async def verify(self, summary: RestoreSummary) -> None:
        """Ask Discord for the message of every restored panel, and forget those it says are gone."""
        places = asyncio.Semaphore(FETCHES_AT_ONCE)
        channels: dict[int, list[str]] = {}
        for state_key, entry in self._mine():
            if self._index.knows(state_key) and entry.get("channel_id") is not None:
                channels.setdefault(int(entry["channel_id"]), []).append(state_key)

        async def check(channel_id: int, state_keys: list[str]) -> None:
            async with places:
                await self._verify_channel(channel_id, state_keys, summary)

        await asyncio.gather(*(check(*channel) for channel in channels.items()))

    def verify_in_background(self, summary: RestoreSummary) -> None:
        """Start `verify` as soon as the bot is ready; `summary.verified()` waits for its end."""

        async def run() -> None:
            if not self.bot.is_ready():
                # Not `wait_until_ready`, which refuses a bot that has not logged in yet.
                await self._ready.wait()
            await self.verify(summary)

        task = asyncio.create_task(run(), name="viewkit-verify")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        summary._verifying = task  # noqa: SLF001

    async def _verify_channel(self, channel_id: int, state_keys: list[str], summary: RestoreSummary) -> None:
        channel = self.bot.get_channel(channel_id)
        gone = channel is not None and not isinstance(channel, discord.abc.Messageable)
        messageable = channel or self.bot.get_partial_messageable(channel_id)
        for state_key in state_keys:
            entry = self.store.state["persistent_views"].get(state_key)
            if entry is None:
                continue
            message_id = int(entry["message_id"])
            try:
                if not gone:
                    await messageable.fetch_message(message_id)
                    continue
            except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
                code = getattr(error, "code", None)
                # A 404 with another code, or none, is a proxy's.
                if code not in {UNKNOWN_CHANNEL, UNKNOWN_MESSAGE}:
                    summary.unreachable[state_key] = str(error) or type(error).__name__
                    continue
                # With the channel, every panel in it is gone.
                gone = code == UNKNOWN_CHANNEL
            await self._drop(state_key, message_id, summary)

    async def _drop(self, state_key: str, message_id: int, summary: RestoreSummary) -> None:
        await self.remove(state_key, message_id)
        if self._index.knows(state_key):
            # It was sent anew while Discord was asked about the former message.
            return
        for keys in summary.values():
            if state_key in keys:
                keys.remove(state_key)
        summary["removed"].append(state_key)

    async def cog_unload(self) -> None:
        """Stop what runs in the background and make everything durable: the bot is closing."""
        self._routes.sleepers = None
        self._kept.close()
        running = [*self._tasks, *self._building.values()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        try:
            await self.store.rest()
        except StorageError:
            # discord.py drops what a cog_unload raises.
            _log.exception("the bot closes with changes that could not be written")


async def _apologize(interaction: discord.Interaction[Any]) -> None:
    if not interaction.response.is_done():
        await answer_privately(interaction, "This panel is not available right now. Please try again later.")
