"""The least that the work takes: bare discord.py views, and bare SQLite."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import discord
import scenario
import stage
from discord import ui


class Panel(ui.View):
    clicks = 0

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @ui.button(label="Count", custom_id=stage.CUSTOM_ID)
    async def count(self, interaction: discord.Interaction, _: ui.Button[Any]) -> None:
        Panel.clicks += 1
        await interaction.response.defer()


class Floor(scenario.Library):
    synchronous = "FULL"

    async def store(self, path: Path, counters: dict[str, int], panels: int) -> None:
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE counters (key TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID")
        connection.execute("CREATE TABLE panels (message_id INTEGER PRIMARY KEY)")
        connection.executemany("INSERT INTO counters VALUES (?, ?)", counters.items())
        rows = ((stage.MESSAGES + number,) for number in range(panels))
        connection.executemany("INSERT INTO panels VALUES (?)", rows)
        connection.commit()
        connection.close()

    async def open(self, path: Path, bot: stage.Bot | None = None) -> int:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute(f"PRAGMA synchronous={self.synchronous}")
        self.counters = dict(self.connection.execute("SELECT key, n FROM counters").fetchall())
        restored = 0
        if bot is not None:
            for (message_id,) in self.connection.execute("SELECT message_id FROM panels"):
                bot.add_view(Panel(), message_id=message_id)
                restored += 1
        return restored

    async def dispatch(self) -> None:
        """Count, and commit the row."""
        if not hasattr(self, "connection"):
            raise scenario.NotPlayedError
        count = self.counters[scenario.KEY] = self.counters.get(scenario.KEY, 0) + 1
        self.connection.execute(
            "INSERT INTO counters VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET n = excluded.n",
            (scenario.KEY, count),
        )

    async def durable(self) -> int:
        return len(scenario.KEY) + len(str(self.counters[scenario.KEY]))

    async def flush(self) -> None:
        """It is on disk already."""

    async def close(self) -> None:
        self.connection.close()


if __name__ == "__main__":
    scenario.main(Floor())
