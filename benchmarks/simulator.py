"""Measures the simulator beside simcord 3.2.1, a fake in the memory of the bot, in one run.

    python benchmarks/simulator.py [--rounds N] [--quick] [--markdown] [--only WORK ...]

The bots are plain discord.py: ours answer over real HTTP and a real gateway, simcord's through function
calls. Where sockets decide, a third column says what they alone cost: discord.py before a server that only
copies bytes. Every measurement is a fresh process of `benchmarks/peers/`; they take turns within a round.
Quote the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from persistence import SCRIPTS, Library, environment, figure, show_table

ROOT = Path(__file__).parents[1]
OURS = Library("viewkit", "on_viewkit.py")
SIMCORD = Library("simcord 3.2.1", "on_simcord.py", "simcord==3.2.1 aiosqlite")
WIRE = Library("the wire alone", "on_a_wire.py")
LIBRARIES = (OURS, SIMCORD, WIRE)


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        text: What it says, with a place for the size.
        work: What `peers/pressing.py` calls the work.
        sample: Which of its samples it shows.
        size: How many messages or clicks.
        on: The libraries that do the work.
    """

    text: str
    work: str
    sample: str
    size: int = 0
    on: tuple[Library, ...] = (OURS, SIMCORD)


ROWS = (
    Row("start of the simulated Discord (ms); simcord's has its bot in it", "start", "discord"),
    Row("a bot logs in, to ready (ms)", "start", "bot"),
    Row("it restarts, to ready (ms)", "start", "again"),
    Row("click round trip (ms)", "click", "bare"),
    Row("the same, the callback commits a row to SQLite by aiosqlite (ms)", "click", "written"),
    Row("{size} such clicks at once (ms); simcord's one after another", "crowd", "ms", 100),
    Row("{size} messages with buttons sent (s)", "restore", "sent", 10_000),
    Row("they are fetched one by one, and their views added (s)", "restore", "fetched", 10_000, LIBRARIES),
    Row("the channel is listed, and their views added (s)", "restore", "listed", 10_000),
    Row("a click is judged and sent off (ms)", "judging", "click", on=(OURS,)),
    Row("a message with one button is judged (ms)", "judging", "small", on=(OURS,)),
    Row("a message of 40 components is judged (ms)", "judging", "large", on=(OURS,)),
)

Samples = dict[tuple[Library, str, int], dict[str, list[float]]]


def measure(library: Library, work: str, size: int) -> dict[str, list[float]]:
    """The samples of one process."""
    done = subprocess.run(
        [environment(library), "-W", "ignore", str(SCRIPTS / library.script), work, str(size)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"{library.name} failed at {work!r} {size}:\n{done.stdout}\n{done.stderr}")
    samples: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return samples


def lines(samples: Samples, rows: tuple[Row, ...]) -> Iterator[list[str]]:
    """The cells of the table."""
    yield ["work", OURS.name, SIMCORD.name, "to simcord", WIRE.name]
    for row in rows:
        numbers = {
            library: statistics.median(samples[library, row.work, row.size][row.sample]) for library in row.on
        }
        ours, simcord = numbers[OURS], numbers.get(SIMCORD)
        cells = [row.text.format(size=f"{row.size:,}"), figure(ours)]
        cells += ["", ""] if simcord is None else [figure(simcord), f"{figure(ours / simcord)}x"]
        yield [*cells, figure(numbers[WIRE]) if WIRE in numbers else ""]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the simulator beside simcord.")
    parser.add_argument("--rounds", type=int, default=5, help="rounds to take the median of")
    parser.add_argument("--quick", action="store_true", help="one round, with a tenth of the messages")
    parser.add_argument(
        "--only", nargs="+", choices=sorted({row.work for row in ROWS}), help="these works alone"
    )
    parser.add_argument("--markdown", action="store_true", help="print a table for the README")
    options = parser.parse_args()
    rows = [row for row in ROWS if not options.only or row.work in options.only]
    if options.quick:
        rows = [
            Row(**{**vars(row), "size": row.size // 10}) if row.work == "restore" else row for row in rows
        ]
    samples: Samples = {}
    for number in range(1 if options.quick else options.rounds):
        for library, work, size in dict.fromkeys((it, row.work, row.size) for row in rows for it in row.on):
            print(f"round {number + 1}: {library.name}, {work}, {size:,}", file=sys.stderr)
            for name, values in measure(library, work, size).items():
                samples.setdefault((library, work, size), {}).setdefault(name, []).extend(values)
    show_table(list(lines(samples, tuple(rows))), markdown=options.markdown)


if __name__ == "__main__":
    main()
