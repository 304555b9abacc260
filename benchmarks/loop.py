"""Measures the loop of the lab beside its floor, bare discord.py on the same simulator.

    python benchmarks/loop.py [--rounds N] [--markdown]

Every row is the median of its rounds; ours and the floor take turns within a round, so
that a machine that slows down slows both. Quote the ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import discord
from discord import ui
from discord.ext import commands

import kit
from kit.persistence import SQLiteBackend, setup_persistence
from kit.simulator import Simulator
from kit.state import get_store, set_store

AT_ONCE = 100


@kit.reducer("COUNTED")
def counted(action: Any, state: Any) -> None:
    counters = state["application"].setdefault("counters", {})
    key = action["payload"]["key"]
    counters[key] = counters.get(key, 0) + 1


class Panel(kit.PersistentView):
    label = "Count"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.button = kit.StatefulButton(label=self.label, custom_id="count", callback=self.count)
        self.add_item(self.button)

    async def count(self, interaction: discord.Interaction) -> None:
        await self.dispatch("COUNTED", {"key": self.state_key})
        self.button.label = (
            f"{self.label} {self.state_store.state['application']['counters'][self.state_key]}"
        )
        await interaction.response.edit_message(view=self)


class BareView(ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.clicks = 0

    @ui.button(label="Count", custom_id="count")
    async def count(self, interaction: discord.Interaction, button: ui.Button) -> None:
        self.clicks += 1
        button.label = f"Count {self.clicks}"
        await interaction.response.edit_message(view=self)


class Bare:
    """A bare discord.py bot on a simulator, with one view added back at each start."""

    def __init__(self) -> None:
        self.message_id: int | None = None

    async def open(self) -> None:
        self.simulator = await Simulator.start()
        await self.start()

    async def start(self) -> None:
        self.bot = commands.Bot(
            command_prefix="!",
            intents=discord.Intents.all(),
            connector=self.simulator.connector(),
            guild_ready_timeout=0.005,
        )
        await self.bot.login(self.simulator.token)
        if self.message_id is not None:
            self.bot.add_view(BareView(), message_id=self.message_id)
        self.task = asyncio.create_task(self.bot.connect())
        await self.bot.wait_until_ready()

    async def post(self) -> None:
        channel = self.bot.get_channel(int(self.simulator.world.channel_id))
        assert isinstance(channel, discord.TextChannel)
        self.message_id = (await channel.send(view=BareView())).id

    async def restart(self) -> None:
        await self.bot.close()
        await self.task
        await self.start()

    async def close(self) -> None:
        await self.bot.close()
        await self.task
        await self.simulator.close()


async def clicked(simulator: Simulator, message_id: int) -> None:
    interaction = await simulator.click("count", message=message_id, user="alice")
    await interaction.answered()
    assert interaction.failure is None, interaction.failure


async def timed(work: Callable[[], Awaitable[Any]]) -> float:
    started = time.perf_counter()
    await work()
    return (time.perf_counter() - started) * 1000


Rows = dict[str, tuple[list[float], list[float]]]


def row(rows: Rows, name: str) -> tuple[list[float], list[float]]:
    return rows.setdefault(name, ([], []))


async def measure_loop(rows: Rows, rounds: int) -> None:
    for _ in range(rounds):
        bare = Bare()
        start = row(rows, "start, to buttons answering (ms)")
        start[1].append(await timed(bare.open))
        begun = time.perf_counter()
        async with kit.Lab.start() as lab:
            start[0].append((time.perf_counter() - begun) * 1000)
            await bare.post()
            posted = await lab.post(Panel, state_key="panel")
            message_id = posted.message.id
            assert bare.message_id is not None
            click = row(rows, "click round trip, ours with an SQLite write (ms)")
            for _ in range(50):
                click[0].append(await timed(lambda: clicked(lab.discord, message_id)))
                click[1].append(await timed(lambda: clicked(bare.simulator, bare.message_id)))  # type: ignore[arg-type]
            crowd = row(rows, f"{AT_ONCE} clicks at once (ms)")
            crowd[0].append(await timed(lambda: crowd_of(lab.discord, message_id)))
            crowd[1].append(await timed(lambda: crowd_of(bare.simulator, bare.message_id)))
            restart = row(rows, "restart, to buttons answering (ms)")
            restart[0].append(await timed(lab.restart))
            restart[1].append(await timed(bare.restart))
            row(rows, "crash and restart (ms)")[0].append(await timed(lambda: lab.restart(crash=True)))
            await lab.click("count")
            again = type("Panel", (Panel,), {"label": "Again", "__module__": "__main__"})
            row(rows, "hot reload, to the repainted message (ms)")[0].append(
                await timed(lambda: lab.reload(again))
            )
            assert lab.messages[-1].labels == ["Again"], lab.reloads
        await bare.close()


async def crowd_of(simulator: Simulator, message_id: Any) -> None:
    await asyncio.gather(*(clicked(simulator, message_id) for _ in range(AT_ONCE)))


async def measure_store(rows: Rows, rounds: int) -> None:
    for entries in (0, 100_000):
        for _ in range(rounds):
            store = get_store().successor()
            store.load({"application": {"counters": {f"key{number}": number for number in range(entries)}}})
            started = time.perf_counter()
            for _ in range(20_000):
                await store.dispatch("COUNTED", {"key": "key7"})
            row(rows, f"dispatches a second at {entries:,} entries")[0].append(
                20_000 / (time.perf_counter() - started)
            )
    with tempfile.TemporaryDirectory() as folder:
        before = set_store(get_store().successor())
        await setup_persistence(backend=SQLiteBackend(Path(folder) / "state.db"))
        store = get_store()
        for number in range(100 * rounds):
            started = time.perf_counter()
            await store.dispatch("COUNTED", {"key": f"key{number % 10}"})
            await store.flush()
            row(rows, "one dispatch durable in SQLite (ms)")[0].append((time.perf_counter() - started) * 1000)
        await store.close()
        set_store(before)


def measure_imports(rows: Rows, rounds: int) -> None:
    for _ in range(max(rounds, 5)):
        imports = row(rows, "import kit; the floor imports discord.ext.commands (ms)")
        for place, module in enumerate(("kit", "discord.ext.commands")):
            code = f"t = time.perf_counter(); import {module}; print((time.perf_counter() - t) * 1000)"
            code = f"import time; {code}"
            command = [sys.executable, "-W", "ignore", "-c", code]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            imports[place].append(float(done.stdout))


def show(rows: Rows, *, markdown: bool) -> None:
    if markdown:
        print("| work | ours | bare discord.py | ratio |\n| --- | ---: | ---: | ---: |")
    for name, (ours, floor) in rows.items():
        mine = statistics.median(ours)
        theirs = statistics.median(floor) if floor else None
        cells = [name, f"{mine:,.1f}" if mine < 1000 else f"{mine:,.0f}"]
        cells += [f"{theirs:,.1f}", f"{mine / theirs:.2f}"] if theirs else ["", ""]
        print(
            f"| {' | '.join(cells)} |"
            if markdown
            else f"{cells[0]:<58}{cells[1]:>10}{cells[2]:>10}{cells[3]:>8}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the loop of the lab beside bare discord.py.")
    parser.add_argument("--rounds", type=int, default=7, help="rounds to take the median of")
    parser.add_argument("--markdown", action="store_true", help="print a table for the README")
    options = parser.parse_args()
    rows: Rows = {}
    asyncio.run(measure_loop(rows, options.rounds))
    asyncio.run(measure_store(rows, options.rounds))
    measure_imports(rows, options.rounds)
    show(rows, markdown=options.markdown)


if __name__ == "__main__":
    main()
