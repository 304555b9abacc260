"""`kill -9` at a random moment: nothing acknowledged is lost, nothing is torn."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import sys
import threading
from pathlib import Path

import pytest

import kit
from kit.persistence import FileStorageBackend, SQLiteBackend
from kit.state import StateStore, get_store, set_store
from tests.lab.panels import RolePanel, count_roles

FULL = os.environ.get("KIT_SOAK") == "full"
KILLS = 100 if FULL else 10
RESTARTS = 1000 if FULL else 100
PROCESS = Path(__file__).with_name("counting_process.py")

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1200 if FULL else 120)]


async def run_and_kill(name: str, path: Path, delay: float) -> int:
    """Start the counting process, kill it after `delay` seconds; the last count that it called durable."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore", str(PROCESS), name, str(path)), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    await asyncio.sleep(delay)
    process.kill()
    lines = (await process.stdout.read()).split(b"\n")
    await process.wait()
    # The last piece has no line end: it may be half a number.
    return max((int(line) for line in lines[:-1]), default=0)


@pytest.mark.parametrize("name", ["sqlite", "file"])
@pytest.mark.asyncio
async def test_what_was_flushed_survives_any_kill(name, tmp_path):
    """Each process goes on from where the one before was killed, and finds all that it had acknowledged."""
    path = tmp_path / "state"
    chance = random.Random(20261121)
    acknowledged = 0
    for _ in range(KILLS):
        acknowledged = max(acknowledged, await run_and_kill(name, path, chance.uniform(0.0, 0.05)))
        backend = SQLiteBackend(path) if name == "sqlite" else FileStorageBackend(path)
        counters = (
            (await backend.load_state()).get("application", {}).get("counters", {"left": 0, "right": 0})
        )
        if isinstance(backend, SQLiteBackend):
            await backend.close()
        assert counters["left"] == counters["right"], "half a change was written"
        assert counters["left"] >= acknowledged
        assert counters["left"] <= acknowledged + 6, "more was written than was ever dispatched"
        acknowledged = counters["left"]
    assert acknowledged > 0


@pytest.mark.asyncio
async def test_a_day_of_restarts_leaves_nothing_behind(tmp_path, monkeypatch):
    """Restarts and crashes in turn, each with a click: no task, thread, file or store more than before."""
    monkeypatch.chdir(tmp_path)
    count_roles()

    def footprint() -> tuple[int, ...]:
        gc.collect()
        stores = sum(isinstance(thing, StateStore) for thing in gc.get_objects())
        files = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0
        return len(asyncio.all_tasks()), threading.active_count(), files, stores

    async with kit.Lab.start() as lab:
        await lab.post(RolePanel, state_key="roles:main")
        for number in range(RESTARTS):
            await lab.restart(crash=number % 2 == 0)
            await lab.click("roles:get")
            if number == 4:
                before = footprint()
        after = footprint()
        assert lab.messages[0].labels[0] == f"Get role ({RESTARTS})"
        assert all(now <= then for now, then in zip(after, before, strict=True)), (before, after)


@pytest.mark.asyncio
async def test_many_clicks_cost_no_memory(tmp_path, monkeypatch):
    """The simulator and the store forget what is over."""
    monkeypatch.chdir(tmp_path)
    count_roles()
    clicks = 20_000 if FULL else 2_000
    async with kit.Lab.start() as lab:
        message = (await lab.post(RolePanel, state_key="roles:main")).message
        for _ in range(clicks // 20):
            await asyncio.gather(*(lab.click("roles:get", message=message) for _ in range(20)))
        assert lab.store.state["application"]["roles"]["roles:main"] == clicks // 20 * 20
        assert len(lab.messages) == 1
    set_store(get_store().successor())
