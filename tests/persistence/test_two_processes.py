"""Several processes that count at the same time on one storage: no update of any is lost."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

import pytest

from kit.persistence.places import open_place
from tests.persistence.shared_storage import SHARED, empty_place

FULL = os.environ.get("KIT_SOAK") == "full"
UPDATES = 10_000 if FULL else 1_000

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600 if FULL else 120)]


async def count_together(place: str, names: list[str], counts: int) -> dict[str, dict[str, Any]]:
    """Let a process for each name count; what each says of itself at its end."""
    arguments = ("-W", "error", "-W", "ignore::DeprecationWarning", "-m", "tests.persistence.counting_peer")
    peers = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, *arguments, place, name, str(counts), str(counts * len(names))),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        for name in names
    ]
    for peer in peers:
        assert await peer.stdout.readline() == b"ready\n", (await peer.stderr.read()).decode()
    for peer in peers:
        peer.stdin.write(b"go\n")
    said = {}
    for name, peer in zip(names, peers, strict=True):
        output, errors = await peer.communicate()
        assert peer.returncode == 0, errors.decode()
        said[name] = json.loads(output)
    return said


async def stored(place: str) -> dict[str, Any]:
    """What a process that starts now finds."""
    backend = open_place(place)
    state = await backend.load_state()
    await backend.close()
    return state["application"]


@pytest.mark.parametrize("kind", SHARED)
@pytest.mark.asyncio
async def test_two_processes_count_one_counter_up_together(kind, tmp_path):
    """Every update of both is in the storage and in the memory of both, though each was often too late."""
    expected = {"all": UPDATES, "left": UPDATES // 2, "right": UPDATES // 2}
    async with empty_place(kind, tmp_path) as place:
        said = await count_together(place, ["left", "right"], UPDATES // 2)
        assert await stored(place) == {"counters": expected}
        for peer in said.values():
            assert peer["memory"] == expected
            assert peer["rows_adopted"] > 0
            assert peer["storage_errors"] == 0
            assert peer["dispatch_errors"] == 0
        assert sum(peer["conflicts"] for peer in said.values()) > 0, "they never met"


@pytest.mark.asyncio
async def test_three_processes_count_one_counter_up_together(tmp_path):
    """With three, a process is overtaken while it makes up for having been overtaken."""
    names = ["left", "middle", "right"]
    expected = {"all": UPDATES // 3 * 3} | dict.fromkeys(names, UPDATES // 3)
    async with empty_place("sqlite", tmp_path) as place:
        said = await count_together(place, names, UPDATES // 3)
        assert await stored(place) == {"counters": expected}
        assert [peer["memory"] for peer in said.values()] == [expected] * 3
        assert sum(peer["conflicts"] for peer in said.values()) > 0, "they never met"
