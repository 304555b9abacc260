"""Several processes that count at the same time on one storage: no update of any is lost."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.persistence.shared_storage import SHARED, empty_place, result_of, start_peer, stored

FULL = os.environ.get("KIT_SOAK") == "full"
UPDATES = 10_000 if FULL else 1_000

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600 if FULL else 120)]


async def count_together(place: str, names: list[str], counts: int) -> dict[str, dict[str, Any]]:
    """Let a process for each name count; what each says of itself at its end."""
    peers = {name: await start_peer(place, name, counts, counts * len(names)) for name in names}
    for peer in peers.values():
        peer.stdin.write(b"go\n")
    return {name: await result_of(peer) for name, peer in peers.items()}


@pytest.mark.parametrize("kind", SHARED)
@pytest.mark.asyncio
async def test_two_processes_count_one_counter_up_together(kind, tmp_path):
    """Every update of both is in the storage and in the memory of both, though each was often too late."""
    expected = {"all": UPDATES, "left": UPDATES // 2, "right": UPDATES // 2}
    async with empty_place(kind, tmp_path) as place:
        said = await count_together(place, ["left", "right"], UPDATES // 2)
        assert (await stored(place))["application"] == {"counters": expected}
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
        assert (await stored(place))["application"] == {"counters": expected}
        assert [peer["memory"] for peer in said.values()] == [expected] * 3
        assert sum(peer["conflicts"] for peer in said.values()) > 0, "they never met"
