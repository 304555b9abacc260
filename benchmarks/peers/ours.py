"""This library under the scenario."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import discord
import scenario
import stage

import kit
from kit.persistence import SQLiteBackend, setup_persistence


@kit.reducer(scenario.ACTION)
def counted(action: Any, state: Any) -> None:
    counters = state["application"].setdefault("counters", {})
    key = action["payload"]["key"]
    counters[key] = counters.get(key, 0) + 1


built: list[Panel] = []


class Panel(kit.PersistentView):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        built.append(self)
        self.add_item(kit.StatefulButton(label="Count", custom_id=stage.CUSTOM_ID, callback=self.count))

    async def count(self, interaction: discord.Interaction) -> None:
        await self.dispatch(scenario.ACTION, {"key": scenario.KEY})
        await interaction.response.defer()


class EarlyPanel(Panel):
    async def on_restore(self, bot: Any) -> None:
        """Say that this class wants to be built when the bot starts."""


class FollowingPanel(Panel):
    subscribed_actions = ("SESSION_UPDATED",)

    async def update_from_state(self, state: Any) -> None:
        """Follow the state; nobody updates a session here."""


class Watched(SQLiteBackend):
    """Tells when a group was written, and how much it was."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.written = asyncio.Event()
        self.size = 0

    async def write(self, rows: Sequence[Any]) -> None:
        await super().write(rows)
        self.size = sum(len(row.key) + len(row.value or "") for row in rows)
        self.written.set()


class Ours(scenario.Library):
    backend: Watched
    bot: stage.Bot | None = None

    def fill(self, entries: int) -> None:
        kit.get_store().load({"application": {"counters": scenario.counters(entries)}})

    async def dispatch(self) -> None:
        await kit.get_store().dispatch(scenario.ACTION, {"key": scenario.KEY})

    async def store(self, path: Path, counters: dict[str, int], panels: int) -> None:
        state: dict[str, Any] = {"application": {"counters": counters}, "persistent_views": {}}
        for number in range(panels):
            state["persistent_views"][f"panel:{number}"] = {
                "class_name": self.panel.__name__,
                "state_key": f"panel:{number}",
                "message_id": stage.MESSAGES + number,
                "channel_id": stage.CHANNELS + number,
                "guild_id": stage.GUILDS + number,
                "user_id": stage.USERS + number,
            }
        backend = SQLiteBackend(path)
        await backend.save_state(state)
        await backend.close()

    @property
    def panel(self) -> type[Panel]:
        if self.following:
            return FollowingPanel
        return EarlyPanel if self.built_early else Panel

    async def open(self, path: Path, bot: stage.Bot | None = None) -> int:
        self.bot = bot
        self.backend = Watched(path)
        summary = await setup_persistence(bot, backend=self.backend)
        return len(summary["restored"])

    async def durable(self) -> int:
        await self.backend.written.wait()
        self.backend.written.clear()
        return self.backend.size

    async def flush(self) -> None:
        await kit.get_store().flush()

    async def make_live(self, path: Path, panels: int) -> list[Any]:
        await self.store(path, {}, panels)
        await self.open(path, await stage.starting_bot())
        await self.flush()
        return built

    async def close(self) -> None:
        if self.bot is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self.bot.close()
        await kit.get_store().close()


scenario.main(Ours())
