"""The quickstart in a real JupyterLab, run cell by cell and clicked by hand."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"
OTHER_BOT = Path(__file__).with_name("production_bot.py")

ELSEWHERE = """
import asyncio, sys, json
seen = {{}}
async def elsewhere():
    process = await asyncio.create_subprocess_exec(
        sys.executable, {script!r}, str(lab.discord.port), lab.discord.token,
        str(lab.folder / "state.db"), "cogs.role_panel")
    await lab.discord.wait_connected()
    outcome = await lab.click("roles:get", user="bob", message=panel)
    await asyncio.sleep(0.1)
    process.kill()
    await process.wait()
    seen.update(ok=outcome.ok, labels=outcome.edited[0].labels if outcome.edited else [], failure=outcome.failure)
panel = lab.messages[0].id
report = await lab.restart(offline=elsewhere)
print(json.dumps([seen["ok"], seen["labels"][0], report.restored]))
"""


@pytest.fixture(scope="module")
def quickstart(folder):
    """A copy of the notebook where JupyterLab finds it."""
    shutil.copy(QUICKSTART, folder / "quickstart.ipynb")
    return "quickstart.ipynb"


def cell_with(notebook, text: str) -> int:
    """The number of the first cell that contains `text`."""
    return next(index for index, cell in enumerate(notebook.cells()) if text in cell["source"])


def last_cell_with(notebook, text: str) -> int:
    """The number of the last cell that contains `text`."""
    return max(index for index, cell in enumerate(notebook.cells()) if text in cell["source"])


def run_until(notebook, start: int, stop: int) -> None:
    """Run the code cells from `start` up to and including `stop`."""
    cells = notebook.cells()
    for index in range(start, stop + 1):
        if cells[index]["cell_type"] == "code":
            notebook.run(index)


def test_a_newcomer_does_the_quickstart(open_notebook, quickstart):
    """Define, see, click, inspect, restart, crash, reload, export: each step does what the prose says."""
    notebook = open_notebook(quickstart)
    post = cell_with(notebook, "lab.preview()")
    tree = cell_with(notebook, "lab.state()")
    run_until(notebook, 0, tree)

    preview = notebook.output(post)
    button = preview.locator('[data-custom-id="roles:get"]')
    expect(button).to_contain_text("(1)")

    notebook.show(post)
    button.click()
    expect(button).to_contain_text("(2)")
    state = notebook.output(tree)
    expect(state.get_by_text("ROLE_TOGGLED").first).to_be_visible()
    state.locator("""[data-path='["application","holders"]']""").click()
    state.locator("""[data-path='["application","holders","roles:main"]']""").click()
    leaf = state.locator("""[data-path='["application","holders","roles:main",1]']""")
    expect(leaf).to_be_visible()

    preview.locator("select[data-role=user]").select_option("bob")
    button.click()
    expect(button).to_contain_text("(1)")
    expect(leaf).to_have_count(0)

    run_until(notebook, tree + 1, cell_with(notebook, 'lab.click("roles:get", user="alice")'))
    expect(button).to_contain_text("(0)")
    button.click()
    expect(button).to_contain_text("(1)")

    again = last_cell_with(notebook, "class RolePanel")
    run_until(notebook, again, cell_with(notebook, "lab.reloads[-1]"))
    expect(button).to_contain_text("Become an Explorer")
    notebook.set_source(again, notebook.source(again).replace("Become an Explorer", "Join the Explorers"))
    notebook.run(again)
    expect(button).to_contain_text("Join the Explorers (1)")
    button.click()
    expect(button).to_contain_text("Join the Explorers (0)")

    export = cell_with(notebook, "lab.export(")
    run_until(notebook, export, len(notebook.cells()) - 1)
    expect(notebook.output(export)).to_contain_text("answers as in the notebook")

    assert (
        notebook.ask(ELSEWHERE.format(script=str(OTHER_BOT)))
        .strip()
        .startswith('[true, "Join the Explorers (1)"')
    )
    expect(button).to_contain_text("(1)")
    button.click()
    expect(button).to_contain_text("(0)")
    assert notebook.ask("await lab.check()") == ""
    assert notebook.offsite == []
    assert [line for line in notebook.console if line.startswith(("error", "pageerror"))] == []
