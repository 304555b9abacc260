"""pycascadeui 3.14.2 under the scenario."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import cascadeui
import discord
import scenario
import stage
from cascadeui import (
    ApplicationPersistence,
    PersistenceMiddleware,
    PersistentView,
    RegistryPersistence,
    SlotPolicy,
    StatefulButton,
    cascade_reducer,
    get_store,
    setup_middleware,
)
from cascadeui.persistence import SQLiteBackend

REGISTRY, SLOTS = "cascadeui_persistent_views", "cascadeui_application_slots"


@cascade_reducer(scenario.ACTION)
def counted(action: Any, state: Any) -> Any:
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
    """Tells when a batch is written, and how much it was."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.written = asyncio.Event()
        self.size = 0

    async def row_upsert_many(self, namespace: str, rows: Any, key_columns: Any) -> None:
        await super().row_upsert_many(namespace, rows, key_columns)
        self.size = sum(len(str(value)) for row in rows for value in row.values())
        self.written.set()


class Cascade(scenario.Library):
    # Two seconds each: it waits for that long before it writes.
    durable_samples = 3
    backend: Watched
    manager: Any = None

    def fill(self, entries: int) -> None:
        get_store().state["application"]["counters"] = scenario.counters(entries)

    async def dispatch(self) -> None:
        await get_store().dispatch(scenario.ACTION, {"key": scenario.KEY})

    async def store(self, path: Path, counters: dict[str, int], panels: int) -> None:
        await self.open(path)
        now = int(time.time())
        slot = {
            "slot_name": "counters",
            "payload": json.dumps(counters),
            "schema_version": 1,
            "updated_at": now,
            "expires_at": None,
        }
        rows = [
            {
                "persistence_key": f"panel:{number}",
                "view_class": Panel._class_session_key(),
                "message_id": stage.MESSAGES + number,
                "channel_id": stage.CHANNELS + number,
                "guild_id": stage.GUILDS + number,
                "user_id": stage.USERS + number,
                "session_id": None,
                "init_kwargs": "{}",
                "created_at": now,
                "updated_at": now,
            }
            for number in range(panels)
        ]
        await self.backend.row_upsert_many(SLOTS, [slot], ["slot_name"])
        await self.backend.row_upsert_many(REGISTRY, rows, ["persistence_key"])
        await self.close()

    async def open(self, path: Path, bot: stage.Bot | None = None) -> int:
        self.backend = Watched(path)
        self.persistence = PersistenceMiddleware(
            registry=RegistryPersistence(self.backend),
            application=ApplicationPersistence(self.backend, slots={"counters": SlotPolicy(persistent=True)}),
            bot=bot,
        )
        await setup_middleware(self.persistence)
        self.manager = get_store().persistence_manager
        return len(self.manager.last_reattach_summary["restored"]) if bot is not None else 0

    async def durable(self) -> int:
        await self.backend.written.wait()
        self.backend.written.clear()
        return self.backend.size

    async def flush(self) -> None:
        await self.manager.flush_all()

    async def make_live(self, _: Path, panels: int) -> list[Any]:
        """Put the views where a restore puts them, which takes a minute for so many; without storage."""
        bot, store = await stage.starting_bot(), get_store()
        views = []
        for number in range(panels):
            view = Panel(persistence_key=f"panel:{number}")
            view.user_id, view.guild_id = stage.USERS + number, stage.GUILDS + number
            view._message = stage.Message(
                stage.Channel(bot, stage.CHANNELS + number), stage.MESSAGES + number
            )
            view._registry_message_id = str(view._message.id)
            store._register_view(view)
            if not views:
                await view._register_state()
                [record] = store.state["views"].values()
            store.state["views"][view.id] = {**record, "id": view.id}
            views.append(view)
        return views

    async def close(self) -> None:
        if self.manager is not None:
            await self.manager.close()


assert cascadeui.__version__ == "3.14.2"
scenario.main(Cascade())
