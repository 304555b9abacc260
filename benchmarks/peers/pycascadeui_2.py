"""pycascadeui 2.1.0 under the scenario."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import cascadeui
import discord
import scenario
import stage
from cascadeui import PersistentView, StatefulButton, cascade_reducer, get_store, setup_persistence
from cascadeui.persistence import SQLiteBackend


@cascade_reducer(scenario.ACTION)
async def counted(action: Any, state: Any) -> Any:
    counters = state["application"].setdefault("counters", {})
    key = action["payload"]["key"]
    counters[key] = counters.get(key, 0) + 1
    return state


class Panel(PersistentView):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_item(StatefulButton(label="Count", custom_id=stage.CUSTOM_ID, callback=self.count))

    async def count(self, interaction: discord.Interaction) -> None:
        await self.dispatch(scenario.ACTION, {"key": scenario.KEY})
        await interaction.response.defer()


class Watched(SQLiteBackend):
    """Tells when a save is done."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.saved = asyncio.Event()

    async def save_state(self, state: Any) -> bool:
        done = await super().save_state(state)
        assert done
        self.saved.set()
        return done


class Cascade(scenario.Library):
    durable_samples = 20
    backend: Watched

    def fill(self, entries: int) -> None:
        get_store().state["application"]["counters"] = scenario.counters(entries)

    async def dispatch(self) -> None:
        await get_store().dispatch(scenario.ACTION, {"key": scenario.KEY})

    async def store(self, path: Path, counters: dict[str, int], panels: int) -> None:
        registry = {
            f"panel:{number}": {
                "state_key": f"panel:{number}",
                "class_name": Panel.__name__,
                "message_id": str(stage.MESSAGES + number),
                "channel_id": str(stage.CHANNELS + number),
                "guild_id": str(stage.GUILDS + number),
                "user_id": str(stage.USERS + number),
            }
            for number in range(panels)
        }
        empty: dict[str, Any] = {"sessions": {}, "views": {}, "components": {}}
        state = {**empty, "application": {"counters": counters}, "persistent_views": registry}
        await SQLiteBackend(str(path)).save_state(state)

    async def open(self, path: Path, bot: stage.Bot | None = None) -> int:
        self.path = path
        self.backend = Watched(path)
        return len((await setup_persistence(bot, backend=self.backend))["restored"])

    async def durable(self) -> int:
        await self.backend.saved.wait()
        self.backend.saved.clear()
        with sqlite3.connect(self.path) as connection:
            return connection.execute("SELECT length(data) FROM cascadeui_state").fetchone()[0]

    async def make_live(self, _: Path, panels: int) -> list[Any]:
        """Put the views where a restore puts them, which takes minutes for so many; without storage."""
        bot, store = await stage.starting_bot(), get_store()
        views = []
        for number in range(panels):
            view = Panel(state_key=f"panel:{number}")
            view.user_id, view.guild_id = stage.USERS + number, stage.GUILDS + number
            view._message = stage.Message(
                stage.Channel(bot, stage.CHANNELS + number), stage.MESSAGES + number
            )
            store.register_view(view)
            if not views:
                await view._register_state()
                [record] = store.state["views"].values()
            store.state["views"][view.id] = {**record, "id": view.id}
            views.append(view)
        return views

    async def close(self) -> None:
        """Every save opened and closed its own connection."""


assert cascadeui.__version__ == "2.1.0"
scenario.main(Cascade())
