"""What is measured, the same for every library: one piece of work in one fresh process.

    python <library>.py prepare WORK SIZE FOLDER
    python <library>.py measure WORK SIZE FOLDER

The last line that `measure` prints is JSON: lists of samples by name, nothing where the library
has no such thing. `prepare` writes the database that `measure` finds in the folder.
"""

# ruff: noqa: ARG002
from __future__ import annotations

import asyncio
import json
import logging
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import stage

# A peer logs every dispatch, and remembers that it may; that is not what is measured.
logging.disable(logging.CRITICAL)

Samples = dict[str, list[float]]

DATABASE = "state.db"
ACTION = "COUNTED"
KEY = "key7"
RATE_SECONDS = 0.5
CLICKS = 100
LIVE_CLICKS = 200


class NotPlayedError(Exception):
    """The library has nothing that does this work."""


class Library:
    """One library under the scenario. What a library has no way to do is left as it is here.

    Attributes:
        durable_samples: How many single dispatches to follow to the disk.
        built_early: Whether its panels are to be built when the bot starts.
        following: Whether each panel is to follow the state.
    """

    durable_samples = 100
    built_early = False
    following = False

    def fill(self, entries: int) -> None:
        """Put counters into the state, without storage."""
        raise NotPlayedError

    async def dispatch(self) -> None:
        """Count once, through the public reducer."""
        raise NotPlayedError

    async def store(self, path: Path, counters: dict[str, int], panels: int) -> None:
        """Write a database that holds counters and panels, as the library itself would."""

    async def open(self, path: Path, bot: stage.Bot | None = None) -> int:
        """Load the state and keep it from now on; with a bot, make its panels answer, and count them."""
        raise NotPlayedError

    async def durable(self) -> int:
        """Wait until the last dispatch is on disk by itself; return the bytes of what was written."""
        raise NotPlayedError

    async def flush(self) -> None:
        """Write what was dispatched now, and wait for it."""
        raise NotPlayedError

    async def make_live(self, path: Path, panels: int) -> list[Any]:
        """Live views of that many panels, with a `dispatch` each."""
        raise NotPlayedError

    async def close(self) -> None:
        """Let go of the storage."""


async def measure_dispatch(library: Library, entries: int, _: Path) -> Samples:
    library.fill(entries)
    await library.dispatch()
    done, started = 0, time.perf_counter()
    while (spent := time.perf_counter() - started) < RATE_SECONDS:
        # In bunches: reading the clock costs a tenth of a fast dispatch.
        for _ in range(min(max(int(done / spent / 50), 1), 1000) if done else 1):
            await library.dispatch()
            done += 1
    return {"a second": [done / spent]}


async def measure_durable(library: Library, _: int, path: Path) -> Samples:
    await library.open(path)
    await library.dispatch()
    await library.durable()
    samples: Samples = {"acknowledged": [], "durable": [], "bytes": []}
    for _ in range(library.durable_samples):
        started = time.perf_counter()
        await library.dispatch()
        returned = time.perf_counter()
        size = await library.durable()
        samples["durable"].append((time.perf_counter() - started) * 1000)
        samples["acknowledged"].append((returned - started) * 1000)
        samples["bytes"].append(size)
    await library.close()
    return samples


async def measure_flush(library: Library, _: int, path: Path) -> Samples:
    await library.open(path)
    await library.dispatch()
    await library.flush()
    samples: Samples = {"flushed": []}
    for _ in range(max(library.durable_samples, 20)):
        started = time.perf_counter()
        await library.dispatch()
        await library.flush()
        samples["flushed"].append((time.perf_counter() - started) * 1000)
    await library.close()
    return samples


async def measure_load(library: Library, _: int, path: Path) -> Samples:
    started = time.perf_counter()
    await library.open(path)
    spent = time.perf_counter() - started
    await library.close()
    return {"ms": [spent * 1000]}


async def measure_restore(library: Library, panels: int, path: Path) -> Samples:
    bot = await stage.starting_bot()
    before = peak_memory()
    started = time.perf_counter()
    restored = await library.open(path, bot)
    spent = time.perf_counter() - started
    grown = peak_memory() - before
    if restored != panels:
        raise AssertionError(f"{restored} of {panels} panels came back")
    calls = bot.rest_calls
    await library.close()
    return {"seconds": [spent], "megabytes": [grown / 1e6], "requests": [calls]}


async def measure_click(library: Library, panels: int, path: Path) -> Samples:
    answers, bot = stage.Answers(), await stage.starting_bot()
    await library.open(path, bot)
    times: list[float] = []
    for number in range(0, panels, max(panels // CLICKS, 1)):
        payload, answered = stage.click(number), answers.expect()
        started = time.perf_counter()
        bot._connection.parse_interaction_create(payload)  # type: ignore[arg-type]
        times.append((await asyncio.wait_for(answered, 10) - started) * 1000)
        # What comes after the answer belongs to no other click.
        await asyncio.sleep(0.01)
    await library.close()
    return {"ms": times}


async def measure_live(library: Library, panels: int, path: Path) -> Samples:
    views = await library.make_live(path, panels)
    assert len(views) == panels
    times: list[float] = []
    for number in range(LIVE_CLICKS):
        view = views[number * 37 % panels]
        pressed = {"component_id": stage.CUSTOM_ID, "view_id": view.id, "user_id": stage.USERS, "value": True}
        started = time.perf_counter()
        await view.dispatch(ACTION, {"key": KEY})
        await view.dispatch("COMPONENT_INTERACTION", pressed)
        times.append((time.perf_counter() - started) * 1000)
        await asyncio.sleep(0)
    await library.close()
    return {"ms": times}


def peak_memory() -> int:
    """The most memory that this process has had, in bytes."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except FileNotFoundError:
        # In bytes here; Linux, which says kilobytes, has the file.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def counters(entries: int) -> dict[str, int]:
    """The state that is dispatched on."""
    return {f"key{number}": number for number in range(entries)}


MEASURES: dict[str, Callable[[Library, int, Path], Awaitable[Samples]]] = {
    "dispatch": measure_dispatch,
    "durable": measure_durable,
    "flush": measure_flush,
    "load": measure_load,
    "restore": measure_restore,
    "restore, built": measure_restore,
    "click": measure_click,
    "live": measure_live,
    "live, following": measure_live,
}
ON_PANELS = frozenset({"restore", "restore, built", "click"})


async def _prepare(library: Library, work: str, size: int, path: Path) -> None:
    panels = size if work in ON_PANELS else 0
    if work != "dispatch" and not work.startswith("live"):
        await library.store(path, counters(0 if panels else size), panels)


def main(library: Library) -> None:
    """What every library's script does."""
    step, work, size, folder = sys.argv[1:]
    library.built_early = work not in {"restore", "click"}
    library.following = work == "live, following"
    path = Path(folder) / DATABASE
    if step == "prepare":
        asyncio.run(_prepare(library, work, int(size), path))
        return
    try:
        samples = asyncio.run(MEASURES[work](library, int(size), path))
    except NotPlayedError:
        samples = {}
    print("\n" + json.dumps(samples), flush=True)
    # A peer may leave threads that never end.
    os._exit(0)
