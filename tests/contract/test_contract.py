"""The same scenarios, played on our simulator and on simcord: what Discord does, and who differs."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.contract import scenarios
from tests.contract.differences import DIFFERENCES
from tests.contract.ours import Simulated
from tests.contract.stage import SCENARIOS
from tests.environments import environment

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "contract.md"
PATIENCE = 100

assert scenarios


@pytest.mark.asyncio
@pytest.mark.parametrize("name", SCENARIOS)
async def test_our_simulator_does_what_discord_does(name):
    """Each scenario ends on our simulator as it does on Discord."""
    async with Simulated() as stage:
        assert await SCENARIOS[name].play(stage) == SCENARIOS[name].expected


@pytest.fixture(scope="module")
def observed():
    """What comes of each scenario on simcord, in an environment of its own."""
    done = subprocess.run(
        [environment("simcord", ["simcord==3.2.1"]), "-W", "ignore", "-m", "tests.contract.with_simcord"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.environments
@pytest.mark.parametrize("name", SCENARIOS)
def test_simcord_differs_where_it_is_said_to(name, observed):
    """Each scenario ends on simcord as it does on Discord, or as the list of differences says."""
    expected = SCENARIOS[name].expected
    assert observed[name] == (DIFFERENCES[name].observed if name in DIFFERENCES else expected)
    assert name not in DIFFERENCES or DIFFERENCES[name].observed != expected


def test_the_docs_list_every_scenario():
    """The table in the docs names each scenario with its story, and how simcord differs."""
    rows = [line.strip("| ").split(" | ") for line in DOCS.read_text(encoding="utf-8").splitlines()]
    shown = {row[0]: [cell.strip() for cell in row[1:]] for row in rows if row[0] in SCENARIOS}
    assert shown == {
        name: [scenario.story, *([DIFFERENCES[name].reason] if name in DIFFERENCES else [])]
        for name, scenario in SCENARIOS.items()
    }
    assert DIFFERENCES.keys() <= SCENARIOS.keys()
