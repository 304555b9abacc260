"""Bots of other libraries, each in its own environment and process, live on one simulator."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path

import pytest
import pytest_asyncio

from kit.simulator import Interaction, Simulator
from tests.environments import environment
from tests.libraries import matrix
from tests.libraries.matrix import MATRIX, Library

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DOCS = ROOT / "docs" / "libraries.md"
PATIENCE = 30
EPHEMERAL, LOADING, COMPONENTS_V2 = 1 << 6, 1 << 7, 1 << 15

pytestmark = pytest.mark.environments


class Life:
    """A simulator, and a bot process that comes and goes on it.

    Args:
        library: What the bot is written with.
        simulator: Where it lives.
        errors: Where the bot's complaints go.
    """

    def __init__(self, library: Library, simulator: Simulator, errors: Path) -> None:
        self.library = library
        self.simulator = simulator
        self.errors = errors
        self.python = environment(library.name, [library.requirement])
        self.process: asyncio.subprocess.Process | None = None
        self.panel_id = ""

    async def start(self, *, shards: int = 1) -> str:
        """Starts the bot, waits until it is ready, and returns what it printed."""
        with self.errors.open("a", encoding="utf-8") as errors:
            self.process = await asyncio.create_subprocess_exec(
                *(self.python, "-W", "ignore", HERE / "bots" / self.library.bot),
                env={
                    **os.environ,
                    "PYTHONPATH": str(ROOT),
                    "SIMULATOR_PORT": str(self.simulator.port),
                    "BOT_TOKEN": self.simulator.token,
                    "SHARDS": str(shards),
                },
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
            )
        async with asyncio.timeout(PATIENCE):
            printed = (await self.process.stdout.readline()).decode().strip()
            assert printed, f"the bot ended before it was ready: {self.errors.read_text()}"
            await self.until(lambda: "panel" in self.simulator.world.entities()["commands"].values())
        return printed

    async def kill(self) -> None:
        """Ends the bot as `kill -9` does, and waits until the simulator has noticed."""
        self.process.kill()
        await self.process.wait()
        self.process._transport.close()
        self.process = None

    async def until(self, condition) -> None:
        """Waits for what the simulator tells nobody."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await asyncio.sleep(0.01)

    async def answer(self, doing) -> Interaction:
        """What comes of something that a person does, once the bot has answered."""
        interaction = await doing
        async with asyncio.timeout(PATIENCE):
            await interaction.answered()
        assert interaction.failure is None, interaction.failure
        return interaction

    async def click(self, custom_id: str) -> Interaction:
        """Alice clicks on the panel."""
        return await self.answer(self.simulator.click(custom_id, message=self.panel_id, user="alice"))

    @property
    def count(self) -> str:
        """What the counter on the panel says."""
        return self.simulator.world.message(self.panel_id)["components"][0]["components"][0]["label"]


@pytest_asyncio.fixture
async def life(request, tmp_path):
    """A simulator for one library; its bot, if one still runs, is killed in the end."""
    simulator = await Simulator.start(deadline=PATIENCE)
    life = Life(request.param, simulator, tmp_path / "errors.txt")
    yield life
    if life.process is not None:
        await life.kill()
    await simulator.close()


async def log_in(life: Life) -> None:
    assert await life.start() == "ready 1"


async def read_and_reply(life: Life) -> None:
    said = await life.simulator.say("!ping", user="bob")
    await life.until(lambda: len(life.simulator.world.messages()) == 2)
    reply = life.simulator.world.messages()[-1]
    assert (reply["content"], reply["message_reference"]["message_id"]) == ("pong", said["id"])


async def use_a_command(life: Life) -> None:
    used = await life.answer(life.simulator.slash("panel", {"title": "Panel"}, user="alice"))
    ((kind, posted),) = used.effects
    assert (kind, posted["content"]) == ("create", "Panel")
    life.panel_id = posted["id"]


async def click(life: Life) -> None:
    await life.click("count")
    await life.click("count")
    assert life.count == "2"


async def select(life: Life) -> None:
    chosen = await life.answer(
        life.simulator.choose("fruit", ["pear"], message=life.panel_id, user="bob"),
    )
    ((kind, reply),) = chosen.effects
    assert (kind, reply["content"], reply["flags"] & EPHEMERAL) == ("create", "You chose pear", EPHEMERAL)


async def fill_in_a_modal(life: Life) -> None:
    asked = await life.click("feedback")
    assert asked.modal["title"] == "Feedback"
    sent = await life.answer(life.simulator.submit(asked, {"text": "lovely"}, user="alice"))
    assert sent.effects[-1][1]["content"] == "Thanks: lovely"


async def defer_and_follow_up(life: Life) -> None:
    later = await life.click("later")
    await life.until(lambda: len(later.effects) == 2)
    (_, thinking), (kind, filled) = later.effects
    assert (thinking["flags"], kind, filled["id"]) == (EPHEMERAL | LOADING, "edit", thinking["id"])
    assert (filled["content"], filled["flags"]) == ("here it is", EPHEMERAL)


async def use_components_v2(life: Life) -> None:
    used = await life.answer(life.simulator.slash("card", user="alice"))
    card = used.effects[-1][1]
    assert card["flags"] & COMPONENTS_V2
    await life.answer(life.simulator.click("like", message=card["id"], user="bob"))
    container = life.simulator.world.message(card["id"])["components"][0]
    assert (container["type"], container["components"][0]["content"]) == (17, "bob likes it")


async def try_again(life: Life) -> None:
    faults = life.simulator.faults
    before = int(life.count)
    with (
        faults.fail(502, "POST /channels/*", times=1) as broken,
        faults.fail(429, "POST /interactions/*", retry_after=0.05, times=1) as limited,
    ):
        await life.simulator.say("!ping", user="bob")
        await life.until(lambda: life.simulator.world.messages()[-1]["content"] == "pong")
        await life.click("count")
        assert not broken.active
        assert not limited.active
    assert int(life.count) == before + 1


async def come_back(life: Life, *, resumable: bool) -> None:
    states = []
    end = life.simulator.subscribe(
        lambda event, data: states.append(data["state"]) if event == "gateway" else None
    )
    await life.simulator.drop_gateway(resumable=resumable)
    await life.until(lambda: ("resumed" if resumable else "connected") in states)
    end()
    before = int(life.count)
    await life.click("count")
    assert int(life.count) == before + 1


async def resume(life: Life) -> None:
    await come_back(life, resumable=True)


async def identify_again(life: Life) -> None:
    await come_back(life, resumable=False)


async def survive_a_kill(life: Life) -> None:
    before = int(life.count)
    await life.kill()
    await life.start()
    await life.click("count")
    assert int(life.count) == before + 1


STEPS = {
    matrix.LOGIN: log_in,
    matrix.MESSAGE: read_and_reply,
    matrix.SLASH: use_a_command,
    matrix.CLICK: click,
    matrix.SELECT: select,
    matrix.MODAL: fill_in_a_modal,
    matrix.DEFER: defer_and_follow_up,
    matrix.LAYOUT: use_components_v2,
    matrix.RETRY: try_again,
    matrix.RESUME: resume,
    matrix.IDENTIFY: identify_again,
    matrix.KILL: survive_a_kill,
}


@pytest.mark.asyncio
@pytest.mark.parametrize("life", MATRIX, ids=str, indirect=True)
async def test_a_life_with_each_library(life):
    """A bot of each library logs in, answers whatever people do, is killed, and still answers."""
    for name, step in STEPS.items():
        if name in life.library.tried:
            await step(life)
    assert life.simulator.unsupported == []
    assert life.errors.read_text() == ""


@pytest.mark.asyncio
@pytest.mark.parametrize("life", [it for it in MATRIX if matrix.SHARDS in it.tried], ids=str, indirect=True)
async def test_two_shards(life):
    """A bot with two shards hears of a click on the one that has the guild."""
    assert await life.start(shards=2) == "ready 2"
    await use_a_command(life)
    await click(life)


def test_one_process():
    """A test of a bot needs no second process, with disnake neither."""
    library = next(library for library in MATRIX if library.name == "disnake")
    done = subprocess.run(
        [environment(library.name, [library.requirement]), "-W", "ignore", HERE / "bots" / "one_process.py"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("Hello? hello bob", "")


def test_the_docs_show_what_is_tried():
    """The table in the docs is the matrix of these tests."""
    lines = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [row for row in cells if not {*row[1]} <= {"-", ":"}] == matrix.table()
