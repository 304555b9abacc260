"""The lab shown by its name: the controls work, and a refused class is explained above the panel."""

from __future__ import annotations

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

START = """
%load_ext kit
import discord
import kit
from discord import ui
from kit import PersistentView, StatefulButton
lab = await kit.Lab.start()
"""
PANEL = """
class Panel(PersistentView):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.add_item(StatefulButton(label="Hello", custom_id="panel:hello", callback=self.hello))

    async def hello(self, interaction):
        await interaction.response.send_message("still here", ephemeral=True)
"""
NOTES = """
class Note(ui.Modal, title="Note"):
    text = ui.TextInput(label="Text", custom_id="text", style=discord.TextStyle.paragraph)

    async def on_submit(self, interaction):
        await interaction.response.send_message(repr(self.text.value))


class Notes(ui.View):
    @ui.button(label="Write", custom_id="notes:write")
    async def write(self, interaction, button):
        await interaction.response.send_modal(Note())
"""
CELLS = [START, PANEL, "await lab.post(Panel, state_key='panel')", "lab"]


@pytest.fixture
def notebook(folder, open_notebook):
    """A notebook whose cells have all been run."""
    cells = [new_code_cell(source.strip()) for source in CELLS]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / "controls.ipynb")
    opened = open_notebook("controls.ipynb")
    for index in range(len(CELLS)):
        opened.run(index)
    return opened


def test_the_buttons_restart_crash_and_export(notebook):
    """Each press is a new life, the report follows, the panel answers, and the export shows its proof."""
    board = notebook.output(3)
    for press, life in (("restart", "life 2"), ("crash", "life 3")):
        board.locator(f"[data-command={press}]").click()
        expect(board).to_contain_text(life)
        expect(board.locator("[data-stat=restored]")).to_contain_text("1")
    board.locator('[data-custom-id="panel:hello"]').click()
    expect(board).to_contain_text("still here")
    board.locator("[data-role=path]").fill("cogs/controls_panel.py")
    board.locator("[data-command=export]").click()
    expect(board).to_contain_text("answers as in the notebook", timeout=15_000)
    assert (notebook.server.root / "cogs" / "controls_panel.py").exists()
    assert notebook.ask("await lab.check()") == ""


def test_a_class_that_can_not_take_over_is_explained_on_the_preview(notebook):
    """The notice names the cell, the old button stays, and a corrected cell takes the notice away."""
    board = notebook.output(3)
    notebook.set_source(1, PANEL.replace(', custom_id="panel:hello"', "").strip())
    notebook.run(1)
    notice = board.locator(".notice[role=status]")
    expect(notice).to_contain_text(re.compile("the button 'Hello' in Panel has no custom_id"))
    expect(notice).to_contain_text("cell 5")
    button = board.locator('[data-custom-id="panel:hello"]')
    button.click()
    expect(board).to_contain_text("still here")
    notebook.set_source(1, PANEL.replace("Hello", "Hello again").strip())
    notebook.run(1)
    expect(button).to_contain_text("Hello again")
    expect(notice).to_be_hidden()
    assert [line for line in notebook.console if line.startswith(("error", "pageerror"))] == []


def test_the_enter_key_says_something_and_breaks_lines(notebook):
    """JupyterLab, which prevents line breaks in its cells, leaves Enter to the preview."""
    board = notebook.output(3)
    composer = board.locator("[data-role=say]")
    composer.fill("good morning")
    composer.press("Enter")
    expect(board.locator(".messages")).to_contain_text("good morning")
    expect(composer).to_have_value("")
    notebook.set_source(1, NOTES.strip())
    notebook.run(1)
    assert notebook.ask("await lab.post(Notes)") == ""
    board.locator('[data-custom-id="notes:write"]').click()
    text = board.locator("[role=dialog] textarea")
    text.fill("one")
    text.press("End")
    text.press("Enter")
    text.press_sequentially("two")
    board.get_by_role("button", name="Submit").click()
    expect(board.locator(".messages")).to_contain_text(r"'one\ntwo'")
    assert notebook.ask("await lab.check()") == ""
