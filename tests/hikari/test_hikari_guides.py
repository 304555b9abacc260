"""Every bot of the hikari guides, as a program of its own: its views answer after it was restarted."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from kit.simulator import Simulator
from tests.guide.seed import FOLDER
from tests.hikari.programs import BOTS, ENVIRONMENTS, Bot, Program, label, message_of, press, python_of

pytestmark = pytest.mark.environments

ALL = (
    Bot("hikari_gateway", commands=False),
    Bot("hikari_rest", endpoint=True),
    Bot("arc_gateway"),
    Bot("arc_rest", endpoint=True),
    Bot("crescent_gateway"),
    Bot("crescent_rest", endpoint=True),
    Bot("lightbulb_gateway", "hikari-2.6"),
    Bot("tanjun_gateway", commands=False),
)
# hikari asks the package index for a newer version of itself when it runs; not for a development build.
QUIETLY = "import runpy, sys, hikari._about as about; about.__git_sha1__ = 'HEAD'; runpy.run_path(sys.argv[1], run_name='__main__')"


@pytest.mark.asyncio
@pytest.mark.parametrize("bot", ALL, ids=lambda bot: bot.name)
async def test_views_answer_on_old_messages_after_a_stop_and_after_a_kill(bot, simulator, tmp_path):
    """Send, click, restart, click: unbound views serve every message, bound ones keep each to itself."""
    program = Program(
        python_of(bot.environment),
        (str(BOTS / f"{bot.name}.py"),),
        simulator,
        {"PANELS": str(tmp_path / "panels.db")},
        endpoint=bot.endpoint,
    )
    async with program:
        panel = await bot.ask(simulator, "panel")
        first, second = [await bot.ask(simulator, "counter") for _ in range(2)]
        assert (await press(simulator, panel, "my_unique_custom_id_1"))["content"] == "You pressed button 1."
        assert label(await press(simulator, first, "counter:press")) == "Pressed 1 times"
        assert await program.stop() == 0

        await program.start()
        assert (await press(simulator, panel, "my_unique_custom_id_2"))["content"] == "You pressed button 2."
        assert label(await press(simulator, first, "counter:press")) == "Pressed 2 times"
        assert label(await press(simulator, second, "counter:press")) == "Pressed 1 times"
        await program.kill()

        await program.start()
        another = await bot.ask(simulator, "panel")
        for message in (panel, another):
            answer = await press(simulator, message, "my_unique_custom_id_1")
            assert answer["content"] == "You pressed button 1."
        assert label(await press(simulator, first, "counter:press")) == "Pressed 3 times"
        assert label(await press(simulator, second, "counter:press")) == "Pressed 2 times"
    assert simulator.unsupported == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_lab_takes_the_bots_of_every_library(environment, tmp_path):
    """The adapter knows hikari alone; what is built around it comes along, and leaves no task behind."""
    names = [bot.name for bot in ALL if bot.environment == environment]
    program = Path(__file__).with_name("lab_program.py")
    variables = {**os.environ, "PYTHONPATH": f"{program.parents[2]}{os.pathsep}{BOTS}", "PANELS": "panels.db"}
    ran = subprocess.run(
        [python_of(environment), program, *names],
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert ran.returncode == 0, ran.stderr
    counts = [["You pressed button 1.", f"Pressed {number} times"] for number in (1, 2, 3)]
    reports = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith('{"bot"')]
    assert reports == [{"bot": name, "seen": counts, "left": []} for name in names]


def test_a_command_that_waits_for_its_menu_holds_nobody_up(tmp_path):
    """A handler of lightbulb that waits for a person is not waited for itself; what it does afterwards is seen."""
    program = Path(__file__).with_name("menu_program.py")
    ran = subprocess.run(
        [python_of("hikari-2.6"), program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(program.parents[2])},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr


def test_what_commands_raise_is_collected(tmp_path):
    """Two libraries print it and go on, which no lab hears; a handler of the bot's own still has its say."""
    program = Path(__file__).with_name("errors_program.py")
    ran = subprocess.run(
        [python_of("hikari-2.7"), program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(program.parents[2])},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    assert "all of it" in ran.stdout


def test_the_corrections_of_the_guides_are_needed():
    """What docs/hikari.md says of the libraries is so in the versions that were tried."""
    program = Path(__file__).with_name("corrections_program.py")
    ran = subprocess.run(
        [python_of("hikari-2.7"), program], capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    assert "all of it" in ran.stdout


def test_the_versions_of_the_document_are_those_that_are_tried():
    """docs/hikari.md names each library with its version."""
    text = (Path(__file__).parents[2] / "docs" / "hikari.md").read_text(encoding="utf-8")
    pins = {pin.replace("[server]", "") for pins in ENVIRONMENTS.values() for pin in pins if "==" in pin}
    missing = [pin for pin in pins if f"{pin.replace('==', ' ').removeprefix('hikari-')}" not in text]
    assert missing == []


def _block(simulator: Simulator) -> str | None:
    """The block of the guide's "Unbound", with the token and the URL; None if it is not beside this repository."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("000_*.txt"))]
    if not texts:
        return None
    found = re.search(r"^## Unbound$.*?^```py$\n(.*?)^```$", texts[0], re.MULTILINE | re.DOTALL)
    assert found, "the guide has a block under Unbound"
    block, placeholder = found[1], 'hikari.GatewayBot("...")'
    assert block.count(placeholder) == 1
    login = f"hikari.GatewayBot({simulator.token!r}, rest_url={simulator.rest_url!r})"
    return "import hikari\nimport miru\n\n" + block.replace(placeholder, login)


@pytest.mark.asyncio
async def test_the_block_of_the_guide_runs_as_it_stands(simulator, tmp_path):
    """But for the token, the URL and the imports that it presumes, nothing in it is changed."""
    path = BOTS / "hikari_gateway.py"
    block = _block(simulator)
    if block is not None:
        path = tmp_path / "block.py"
        path.write_text(block, encoding="utf-8")
    variables = {"PANELS": str(tmp_path / "panels.db"), "PYTHONPATH": str(BOTS)}
    program = Program(python_of("hikari-2.7"), ("-c", QUIETLY, str(path)), simulator, variables)
    async with program:
        panel = await message_of(
            simulator, lambda: simulator.say(f"<@{simulator.world.application_id}>", user="alice")
        )
        assert simulator.world.message(panel)["content"] == (
            "This is a persistent view, and works after bot restarts!"
        )
        assert (await press(simulator, panel, "my_unique_custom_id_1"))["content"] == "You pressed button 1."
        await program.kill()
        await program.start()
        assert (await press(simulator, panel, "my_unique_custom_id_2"))["content"] == "You pressed button 2."
