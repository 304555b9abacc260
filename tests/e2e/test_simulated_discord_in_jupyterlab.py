"""The notebook of the simulated Discord in a real JupyterLab: a hikari bot, pressed by hand in the preview."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "simulated_discord.ipynb"


def test_a_hikari_bot_is_pressed_in_the_preview(open_notebook, folder):
    """The bot's messages are drawn, its buttons answer whoever presses, before and after it was killed."""
    shutil.copy(NOTEBOOK, folder / NOTEBOOK.name)
    notebook = open_notebook(NOTEBOOK.name)
    cells = notebook.cells()
    code = [index for index, cell in enumerate(cells) if cell["cell_type"] == "code"]
    shown = next(index for index in code if "lab.preview()" in cells[index]["source"])
    killed = next(index for index in code if "crash=True" in cells[index]["source"])
    for index in code:
        if index <= shown:
            notebook.run(index)
    notebook.show(shown)
    preview = notebook.output(shown)
    expect(preview.get_by_text("I greet whoever asks.")).to_be_visible()

    preview.locator('[data-custom-id="greeter:greet"]').click()
    expect(preview.get_by_text("Hello,")).to_be_visible()
    expect(preview.get_by_text("Only you can see this")).to_be_visible()
    count = preview.locator('[data-custom-id="counter:count"]')
    count.click()
    expect(count).to_contain_text("1 clicks")

    for index in code:
        if shown < index <= killed:
            notebook.run(index)
    expect(count).to_contain_text("3 clicks")
    notebook.show(shown)
    count.click()
    expect(count).to_contain_text("4 clicks")
