"""What the documents show is run: README, docstrings, and the promises about the repository."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import discord
import pytest
from IPython.core.interactiveshell import InteractiveShell

import kit
from tests.shell import NotebookShell

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PAGES = [page for page in sorted((ROOT / "docs").glob("*.md")) if BLOCK.search(page.read_text())]
ALL_BUT_THE_LAB = "[getattr(kit, name) for name in kit.__all__ if name != 'Lab']"


def modules() -> list[str]:
    """Every module of kit that can be imported without side effects."""
    found = [module.name for module in pkgutil.walk_packages(kit.__path__, "kit.")]
    return [name for name in found if not name.endswith(("__main__", "_prove"))]


@pytest.mark.parametrize("name", modules())
def test_the_examples_in_docstrings_are_true(name):
    """A docstring's example prints what it says."""
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0


@pytest.mark.asyncio
async def test_the_readme_runs_from_top_to_bottom(tmp_path, monkeypatch):
    """Each Python block of the README is a cell, and the last of them sets up the bot that loads the export."""
    monkeypatch.chdir(tmp_path)
    notebook = NotebookShell()
    monkeypatch.setattr(InteractiveShell, "_instance", notebook.shell)
    blocks = BLOCK.findall((ROOT / "README.md").read_text())
    assert len(blocks) >= 5
    try:
        for block in blocks:
            await notebook.run_well(block)
        lab = kit.Lab.running
        assert lab.messages[0].labels == ["Yes (2)"]
        assert (tmp_path / "cogs" / "poll.py").exists()
        await lab.stop()
        monkeypatch.syspath_prepend(tmp_path)

        def make_bot():
            return notebook.names["MyBot"]("!", intents=discord.Intents.all())

        async with kit.Lab.start(make_bot) as lab:
            assert "PollCog" in lab.bot.cogs
    finally:
        if kit.Lab.running is not None:
            await kit.Lab.running.stop()
        notebook.close()


@pytest.mark.asyncio
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
async def test_every_page_runs_from_top_to_bottom(page, tmp_path, monkeypatch):
    """Each Python block is a cell of one notebook, every `assert` holds, and nothing is left behind."""
    monkeypatch.chdir(tmp_path)
    notebook = NotebookShell()
    monkeypatch.setattr(InteractiveShell, "_instance", notebook.shell)
    try:
        for block in BLOCK.findall(page.read_text()):
            await notebook.run_well(block)
        assert kit.Lab.running is None
    finally:
        if kit.Lab.running is not None:
            await kit.Lab.running.stop()
        notebook.close()


def test_the_pages_that_show_code_are_run():
    """A page whose blocks are marked up otherwise would be passed over."""
    assert {page.stem for page in PAGES} == {
        "bound_and_unbound",
        "faults",
        "hikari",
        "persistence",
        "simulator",
    }


def test_importing_kit_brings_in_no_jupyter_package():
    """A bot in production pays for the runtime only."""
    code = (
        f"import sys, kit; {ALL_BUT_THE_LAB}; "
        "print({'IPython', 'ipykernel', 'ipywidgets', 'anywidget', 'traitlets'} & set(sys.modules), 'kit.lab' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set() False"


def test_the_simulator_comes_without_discord_py():
    """It serves bots of any library, some of which can't share an environment with discord.py."""
    code = "import sys, kit.simulator; print('discord' in sys.modules, 'kit.state' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False False"


def test_importing_kit_writes_and_prints_nothing(tmp_path):
    """No log folder, no handler, no output."""
    code = (
        f"import logging, kit; {ALL_BUT_THE_LAB}; "
        "print(logging.getLogger('kit').handlers, logging.getLogger().handlers)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert (done.stdout.strip(), done.stderr, list(tmp_path.iterdir())) == ("[] []", "", [])


def test_every_make_target_of_the_readme_exists():
    """A command that the documents name is there."""
    named = set(
        re.findall(r"make (\w+)", (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text())
    )
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert named <= targets | {"you"}


def test_every_dependency_is_justified():
    """CONTRIBUTING has a line for each package that pyproject names."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + [
        entry for extra in project["optional-dependencies"].values() for entry in extra
    ]
    names = {re.split(r"[<>=\[ ]", entry)[0] for entry in wanted} - {"viewkit"}
    text = (ROOT / "CONTRIBUTING.md").read_text()
    assert {name for name in names if name not in text} == set()
