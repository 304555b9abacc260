"""A bot in a process of its own, as in production, but for where its Discord is.

python production_bot.py PORT TOKEN DATABASE EXTENSION
"""

from __future__ import annotations

import sys
from pathlib import Path

import discord
from discord.ext import commands

from kit import setup_persistence
from kit.persistence import SQLiteBackend
from kit.simulator import LoopbackConnector

PORT, TOKEN, DATABASE, EXTENSION = sys.argv[1:]

# A bot finds its cogs beside itself; this one is started from beside them.
sys.path.insert(0, str(Path.cwd()))


class ProductionBot(commands.Bot):
    """Loads one cog and its database."""

    async def setup_hook(self) -> None:
        await self.load_extension(EXTENSION)
        await setup_persistence(self, backend=SQLiteBackend(DATABASE))

    async def start(self, token: str, *, reconnect: bool = True) -> None:
        self.http.connector = LoopbackConnector(int(PORT))
        await super().start(token, reconnect=reconnect)


ProductionBot(command_prefix="!", intents=discord.Intents.all()).run(TOKEN, log_handler=None)
