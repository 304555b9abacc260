"""`kill -9` at a random moment, with 200 clicks a second: all that was acknowledged as durable is there, and whole."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import signal
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import pytest

from kit.simulator import ClickError, Simulator
from tests.persistence.redis_server import RedisServer, redis_program
from tests.persistence.shared_storage import EVERY, empty_place, stored

FULL = os.environ.get("KIT_SOAK") == "full"
KILLS = 100 if FULL else 10
CLICKS_PER_SECOND = 200

_log = logging.getLogger(__name__)

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1200 if FULL else 120)]


@dataclass
class Life:
    """What a process said before it was killed.

    Attributes:
        restored: How many panels answered again; None if it was killed before they did.
        panels: The panels whose `send()` had returned, and their messages.
        flushed: How many counts were dispatched before a flush that has returned.
        made: The counts that were dispatched, and when.
        before_group: How many they were when the last group began that became durable.
        open_groups: How many groups had begun and not ended.
        died: When it was killed.
    """

    restored: int | None = None
    panels: dict[str, int] = field(default_factory=dict)
    flushed: int = 0
    made: dict[int, float] = field(default_factory=dict)
    before_group: int = 0
    open_groups: int = 0
    died: float = 0.0
    _before: int = 0

    @property
    def latest(self) -> int:
        """The number of the last count that was dispatched; 0 if none was."""
        return max(self.made, default=0)

    def hear(self, line: bytes) -> None:
        """Take note of a line."""
        at, word, *rest = line.decode().split()
        if word == "ready":
            self.restored = int(rest[0])
        elif word == "panel":
            self.panels[rest[0]] = int(rest[1])
        elif word == "flushed":
            self.flushed = int(rest[0])
        elif word == "made":
            self.made[int(rest[0])] = float(at)
        elif word == "begin":
            self.open_groups += 1
            self._before = self.latest
        elif word == "end":
            self.open_groups -= 1
            self.before_group = self._before


class ClickedBot:
    """The process of `clicked_bot.py`, and the people who click on its panels.

    Attributes:
        panels: The messages of all panels whose `send()` has returned, by state key.
        answered: How many clicks were answered; and how many of them on panels of a former life.
    """

    def __init__(self, place: str, discord: Simulator) -> None:
        self.place = place
        self.discord = discord
        self.panels: dict[str, int] = {}
        self.answered = self.answered_by_restored = 0
        self.pid: int | None = None

    async def __aenter__(self) -> Self:
        self.process = await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-W",
                "error",
                "-W",
                "ignore::DeprecationWarning",
                "-m",
                "tests.crash.clicked_bot",
            ),
            *(self.place, str(self.discord.port), self.discord.token),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
        self.process.stdin.close()
        _, errors = await self.process.communicate()
        said = errors.decode()
        assert self.process.returncode == 0, said
        assert "Traceback" not in said, said

    async def live(self, seconds: float) -> Life:
        """Begin a life, click, kill it after so many seconds, and return what it said."""
        life = Life()
        self.process.stdin.write(b"live\n")
        self.pid = int((await self.process.stdout.readline()).split()[2])
        clicking = asyncio.create_task(self._click())
        killing = asyncio.create_task(self._kill(life, seconds))
        while b" over " not in (line := await self.process.stdout.readline()):
            assert line, "it ended by itself"
            life.hear(line)
        assert line.split()[2] == b"-9", (await self.process.stderr.read(10_000)).decode()
        await killing
        clicking.cancel()
        await asyncio.gather(clicking, return_exceptions=True)
        self.panels |= life.panels
        return life

    async def _kill(self, life: Life, seconds: float) -> None:
        await asyncio.sleep(seconds)
        os.kill(self.pid, signal.SIGKILL)
        life.died = time.monotonic()
        self.pid = None

    async def _click(self) -> None:
        """People click on whatever panel they see, old ones as well as new ones."""
        async with asyncio.TaskGroup() as clicks:
            while True:
                seen = self.discord.world.messages()
                if seen:
                    clicks.create_task(self._click_on(random.choice(seen[-50:])["id"]))
                await asyncio.sleep(1 / CLICKS_PER_SECOND)

    async def _click_on(self, message_id: str) -> None:
        with contextlib.suppress(ClickError):
            click = await self.discord.click("count", message=message_id, user="alice")
            answered = (await click.answered()).status == "answered"
            self.answered += answered
            self.answered_by_restored += answered and int(message_id) in self.panels.values()


@pytest.fixture
def place_of(kind, tmp_path) -> Iterator[Any]:
    """Gives the place; for Redis on a server that has on its disk what it has acknowledged."""
    if kind != "redis":
        yield empty_place(kind, tmp_path)
        return
    program = redis_program()
    if program is None:
        pytest.skip("redis-server is not installed here")
    server = RedisServer(program)
    server.start()
    yield contextlib.nullcontext(server.url)
    server.remove()


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.asyncio
async def test_a_kill_takes_no_more_than_the_group_that_was_being_written(kind, place_of):
    """Each life goes on from what the one before left, and its panels answer, whatever the moment was."""
    chance = random.Random(kind)
    found = came_up = 0
    lost: list[int] = []
    ages: list[float] = []
    simulator = await Simulator.start()
    async with place_of as place, ClickedBot(place, simulator) as bot:
        for _ in range(KILLS):
            known = len(bot.panels)
            life = await bot.live(chance.uniform(0.02, 0.6))
            state = await stored(place)

            counters = state.get("application", {}).get("counters", {"left": 0, "right": 0})
            assert counters["left"] == counters["right"], "half a change was written"
            # A flush that has returned, and a group that became durable with all that was made before it.
            assert counters["left"] >= max(found, life.flushed, life.before_group)
            assert counters["left"] <= max(found, life.latest) + 1, "more was written than was ever made"
            assert life.open_groups <= 1, "two groups were written at once"
            registered = state.get("persistent_views", {})
            assert {key: registered[key]["message_id"] for key in bot.panels} == bot.panels
            if life.restored is not None:
                came_up += 1
                assert life.restored >= known

            found = counters["left"]
            if life.latest > found:
                lost.append(life.latest - found)
                ages.append(life.died - life.made[found + 1])
    await simulator.close()
    assert came_up > KILLS // 4, "it was hardly ever there to be clicked on"
    assert found > 5 * KILLS
    assert bot.answered_by_restored > KILLS
    if ages:
        assert statistics.median(ages) < 0.1, "what was made had waited before it was written"
        assert statistics.median(lost) < 0.1 * CLICKS_PER_SECOND
    _log.info(
        "%s: %d kills, %d counts, %d panels; %d kills took counts, %d at most, made %.1f ms before at most",
        *(kind, KILLS, found, len(bot.panels), len(lost), max(lost, default=0), 1000 * max(ages, default=0)),
    )
