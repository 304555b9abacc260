"""Measures persistence beside its floor (bare discord.py, bare SQLite) and its peers, in one run.

    python benchmarks/persistence.py [--rounds N] [--quick] [--markdown] [--only WORK ...]

Every measurement is a fresh process of `benchmarks/peers/`, in the environment of its library;
the peers' environments are made on demand in `benchmarks/.venvs/`. The libraries take turns
within a round, so that a machine that slows down slows all of them. Quote the ratios. Work that
takes longer than `--limit` is cut off and said to be; nothing is extrapolated.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
VENVS = HERE / ".venvs"
SCRIPTS = HERE / "peers"


@dataclass(frozen=True)
class Library:
    """What is measured.

    Attributes:
        name: As the table calls it.
        script: Its script in `benchmarks/peers/`.
        requirement: What its environment holds; this one if left out.
    """

    name: str
    script: str
    requirement: str | None = None


OURS = Library("viewkit", "ours.py")
FLOOR = Library("floor", "floor.py")
LIBRARIES = (
    OURS,
    FLOOR,
    Library("pycascadeui 2.1.0", "pycascadeui_2.py", "pycascadeui[sqlite]==2.1.0"),
    Library("pycascadeui 3.14.2", "pycascadeui_3.py", "pycascadeui[sqlite]==3.14.2"),
)
# SQLite's other setting; a row of its own, not a column.
NORMAL_FLOOR = Library("floor, synchronous=NORMAL", "floor_normal.py")


def slow(samples: list[float]) -> float:
    """What 95 of 100 samples stay below."""
    return sorted(samples)[len(samples) * 95 // 100]


@dataclass(frozen=True)
class Row:
    """One line of the table for each size.

    Attributes:
        text: What it says, with a place for the size.
        work: What `peers/scenario.py` calls the work.
        sample: Which of its samples it shows.
        sizes: How many entries or panels.
        reduce: How many samples become one number.
        more: Whether more is better.
        elsewhere: The work that shows the same of the libraries that know no difference.
    """

    text: str
    work: str
    sample: str
    sizes: tuple[int, ...]
    reduce: Callable[[list[float]], float] = statistics.median
    more: bool = False
    elsewhere: str | None = None

    def work_of(self, library: Library) -> str:
        """The work that shows the row of a library."""
        return self.work if self.elsewhere is None or library is OURS else self.elsewhere


ROWS = (
    Row(
        "dispatches a second, {size} entries", "dispatch", "a second", (0, 1_000, 10_000, 100_000), more=True
    ),
    Row(
        "a dispatch acknowledged, SQLite on, {size} entries (ms)",
        "durable",
        "acknowledged",
        (10_000, 100_000),
    ),
    Row("a dispatch durable by itself, {size} entries: p50 (ms)", "durable", "durable", (1_000, 100_000)),
    Row(
        "a dispatch durable by itself, {size} entries: p95 (ms)", "durable", "durable", (1_000, 100_000), slow
    ),
    Row("a dispatch and a flush, {size} entries: p50 (ms)", "flush", "flushed", (1_000, 100_000)),
    Row("bytes written by a dispatch, {size} entries", "durable", "bytes", (1_000, 100_000)),
    Row("loading {size} entries (ms)", "load", "ms", (100_000,)),
    Row("restoring {size} panels (s)", "restore", "seconds", (1_000, 10_000, 100_000)),
    Row("requests to Discord to restore {size} panels", "restore", "requests", (1_000, 10_000, 100_000)),
    Row("memory that restoring {size} panels takes (MB)", "restore", "megabytes", (1_000, 10_000, 100_000)),
    Row(
        "restoring {size} panels that have on_restore (s)",
        "restore, built",
        "seconds",
        (1_000, 10_000),
        elsewhere="restore",
    ),
    Row("first click on one of {size} restored panels, to the answer (ms)", "click", "ms", (1_000, 100_000)),
    Row("the store's work in a click, {size} live panels (ms)", "live", "ms", (10_000,)),
    Row(
        "the same, each panel subscribed to the state (ms)",
        "live, following",
        "ms",
        (10_000,),
        elsewhere="live",
    ),
)

Key = tuple[Library, str, int]


class Run:
    """The samples of all rounds, and what was cut off.

    Args:
        folder: Where databases are made. On a RAM disk, durable costs nothing.
        limit: After how many seconds a measurement is cut off.
    """

    def __init__(self, folder: Path, limit: float) -> None:
        self.folder = folder
        self.limit = limit
        self.samples: dict[Key, dict[str, list[float]]] = {}
        self.cut_off: set[Key] = set()

    def measure(self, library: Library, work: str, size: int) -> None:
        """Do the work once more, unless it or a smaller one of the kind was cut off before."""
        if any(cut[:2] == (library, work) and cut[2] <= size for cut in self.cut_off):
            self.cut_off.add((library, work, size))
            return
        prepared = self.folder / f"{library.script} {work} {size}"
        if not prepared.exists():
            prepared.mkdir()
            self._run(library, "prepare", work, size, prepared)
        place = self.folder / "now"
        shutil.copytree(prepared, place)
        try:
            output = self._run(library, "measure", work, size, place, timeout=self.limit)
        except subprocess.TimeoutExpired:
            self.cut_off.add((library, work, size))
        else:
            for name, samples in json.loads(output.splitlines()[-1]).items():
                self.samples.setdefault((library, work, size), {}).setdefault(name, []).extend(samples)
        finally:
            shutil.rmtree(place)

    def _run(
        self, library: Library, step: str, work: str, size: int, place: Path, *, timeout: float | None = None
    ) -> str:
        script = [environment(library), "-W", "ignore", str(SCRIPTS / library.script)]
        arguments = [step, work, str(size), "."]
        done = subprocess.run(
            script + arguments, cwd=place, capture_output=True, text=True, timeout=timeout, check=False
        )
        if done.returncode != 0:
            raise SystemExit(
                f"{library.name} failed at {step} {work!r} {size}:\n{done.stdout}\n{done.stderr}"
            )
        return done.stdout

    def number(self, row: Row, size: int, library: Library) -> float | None:
        """What stands in the row for a library, or None."""
        samples = self.samples.get((library, row.work_of(library), size), {}).get(row.sample)
        return row.reduce(samples) if samples else None

    def was_cut_off(self, row: Row, size: int, library: Library) -> bool:
        """Whether nothing stands there because it took too long."""
        key = (library, row.work_of(library), size)
        return key in self.cut_off and key not in self.samples


@functools.cache
def environment(library: Library) -> str:
    """The Python that has a library; its environment is made if there is none yet."""
    if library.requirement is None:
        return sys.executable
    place = VENVS / library.name.replace(" ", "-")
    scripts = "Scripts" if os.name == "nt" else "bin"
    python = place / scripts / "python"
    if not python.exists():
        print(f"making an environment for {library.requirement}", file=sys.stderr)
        VENVS.mkdir(exist_ok=True)
        # It hides itself from git and ruff.
        (VENVS / ".gitignore").write_text("*\n", encoding="ascii")
        venv.create(place, with_pip=True)
        installed = subprocess.run(
            [python, "-m", "pip", "install", "-q", *library.requirement.split()], check=False
        )
        if installed.returncode != 0:
            shutil.rmtree(place)
            raise SystemExit(f"{library.requirement} could not be installed; what pip said stands above")
    return str(python)


def works(rows: tuple[Row, ...]) -> Iterator[tuple[Library, str, int]]:
    """What the rows need, each once, the libraries in turn."""
    wanted: dict[Key, None] = {}
    for row in rows:
        for size in row.sizes:
            for library in LIBRARIES:
                wanted[library, row.work_of(library), size] = None
                if row.work == "durable" and library is FLOOR:
                    wanted[NORMAL_FLOOR, row.work, size] = None
    yield from wanted


def figure(value: float) -> str:
    """A number with three digits that count."""
    if value == 0 or value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value >= 0.001 else f"{value:.1g}"


def ratio(row: Row, value: float, base: float | None) -> str:
    """How many times worse `value` is than `base`."""
    if not base or not value:
        return ""
    return f"{figure(base / value if row.more else value / base)}x"


def lines(run: Run, rows: tuple[Row, ...]) -> Iterator[list[str]]:
    """The cells of the table."""
    peers = [library for library in LIBRARIES if library.requirement is not None]
    yield [
        "work",
        OURS.name,
        FLOOR.name,
        "to floor",
        *(part for peer in peers for part in (peer.name, "to ours")),
    ]
    for row in rows:
        for size in row.sizes:
            ours = run.number(row, size, OURS)
            floor = run.number(row, size, FLOOR)
            cells = [
                row.text.format(size=f"{size:,}"),
                *(("" if n is None else figure(n)) for n in (ours, floor)),
            ]
            cells.append("" if ours is None else ratio(row, ours, floor))
            for peer in peers:
                value = run.number(row, size, peer)
                if value is None:
                    cells += [f"> {run.limit:g} s" if run.was_cut_off(row, size, peer) else "", ""]
                else:
                    cells += [figure(value), ratio(row, value, ours)]
            yield cells


def show_table(table: list[list[str]], *, markdown: bool) -> None:
    if markdown:
        table.insert(1, ["---", *["---:"] * (len(table[0]) - 1)])
        for cells in table:
            print(f"| {' | '.join(cells)} |")
    else:
        widths = [max(len(cells[column]) for cells in table) for column in range(len(table[0]))]
        for cells in table:
            print(
                cells[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)),
            )
    print(f"\n{machine()}")


def show(run: Run, rows: tuple[Row, ...], *, markdown: bool) -> None:
    show_table(list(lines(run, rows)), markdown=markdown)
    print(
        "A ratio says how many times worse; an empty cell, that a library has no such thing; "
        f'"> {run.limit:g} s", that it was cut off there or at a smaller size.'
    )
    for (library, work, size), samples in run.samples.items():
        if library is NORMAL_FLOOR and work == "durable":
            commit = statistics.median(samples["durable"])
            print(f"One row committed with synchronous=NORMAL, {size:,} entries: {figure(commit)} ms.")


def machine() -> str:
    """What the numbers were measured on."""
    name = platform.processor() or platform.machine()
    cpus = Path("/proc/cpuinfo")
    if cpus.exists():
        models = [
            line for line in cpus.read_text(encoding="utf-8").splitlines() if line.startswith("model name")
        ]
        name = models[0].partition(":")[2].strip() if models else name
    parts = [f"{os.cpu_count()} x {name}", f"Python {platform.python_version()}"]
    parts += [f"discord.py {version('discord.py')}", f"SQLite {sqlite3.sqlite_version}"]
    if hasattr(os, "getloadavg"):
        parts.append(f"load {os.getloadavg()[0]:.1f}")
    return ", ".join(parts)


def chosen(options: argparse.Namespace) -> tuple[Row, ...]:
    """The rows that were asked for."""
    rows = [row for row in ROWS if not options.only or row.work in options.only]
    if options.quick:
        rows = [
            Row(**{**vars(row), "sizes": tuple(size for size in row.sizes if size <= 1_000)}) for row in rows
        ]
    return tuple(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure persistence beside its floor and its peers.")
    parser.add_argument("--rounds", type=int, default=5, help="rounds to take the median of")
    parser.add_argument(
        "--limit", type=float, default=60, help="seconds after which a measurement is cut off"
    )
    parser.add_argument("--quick", action="store_true", help="one round of the sizes up to 1,000")
    parser.add_argument(
        "--only", nargs="+", choices=sorted({row.work for row in ROWS}), help="these works alone"
    )
    parser.add_argument("--folder", help="where to make the databases, on the disk that counts")
    parser.add_argument("--markdown", action="store_true", help="print a table for the README")
    options = parser.parse_args()
    rows = chosen(options)
    with tempfile.TemporaryDirectory(prefix="viewkit-bench-", dir=options.folder) as folder:
        run = Run(Path(folder), options.limit)
        for number in range(1 if options.quick else options.rounds):
            for library, work, size in works(rows):
                print(f"round {number + 1}: {library.name}, {work}, {size:,}", file=sys.stderr)
                run.measure(library, work, size)
    show(run, rows, markdown=options.markdown)


if __name__ == "__main__":
    main()
