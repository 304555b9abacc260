"""A notebook: a class cell run again reloads, a broken one does not, and each record names cell and line."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell

import kit
from tests.shell import NotebookShell

CLASS = """\
from kit import PersistentView, StatefulButton

class Panel(PersistentView):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.add_item(StatefulButton(label="Old", custom_id="panel:press", callback=self.press))

    async def press(self, interaction):
        await interaction.response.send_message("old", ephemeral=True)
"""


@pytest.fixture
def shell(monkeypatch, tmp_path):
    """A notebook in an empty folder."""
    monkeypatch.chdir(tmp_path)
    notebook = NotebookShell()
    monkeypatch.setattr(InteractiveShell, "_instance", notebook.shell)
    yield notebook
    notebook.close()


async def stop() -> None:
    if kit.Lab.running is not None:
        await kit.Lab.running.stop()


async def start(shell: NotebookShell) -> kit.Lab:
    """A lab with one live panel."""
    await shell.run_well("%load_ext kit")
    await shell.run_well("import kit; lab = await kit.Lab.start()")
    await shell.run_well(CLASS)
    await shell.run_well("await lab.post(Panel, state_key='panel')")
    return shell.names["lab"]


@pytest.mark.asyncio
async def test_running_the_class_cell_again_reloads_the_live_message(shell):
    """No call but the cell: the label changes, the callback changes, the record names the cell."""
    try:
        lab = await start(shell)
        await shell.run_well(CLASS.replace("Old", "New").replace('"old"', '"new"'))
        await lab.settled()
        assert (lab.reloads[-1].status, lab.reloads[-1].cell) == ("reloaded", 5)
        assert lab.messages[0].labels == ["New"]
        assert (await lab.click("New")).ephemeral[0].text == "new"
        await lab.check()
    finally:
        await stop()


BROKEN = {
    "a syntax error": (CLASS.replace("label=", "label"), "SyntaxError", 6),
    "a name that is not there": (
        CLASS.replace('label="Old"', 'label="New"') + "    limit = LIMIT\n",
        "NameError",
        10,
    ),
    "a constructor that raises": (
        CLASS.replace("self.add_item", "1 / 0; self.add_item"),
        "ZeroDivisionError",
        6,
    ),
    "an id that is gone": (CLASS.replace(', custom_id="panel:press"', ""), "has no custom_id", None),
}


@pytest.mark.parametrize("why", BROKEN)
@pytest.mark.asyncio
async def test_a_broken_class_cell_leaves_the_last_good_version_and_says_where(shell, why):
    """The preview's notice and the record name the cell, and the line where there is one."""
    source, error, line = BROKEN[why]
    try:
        lab = await start(shell)
        preview = lab.preview()
        await shell.run(source)
        await lab.settled()
        record = lab.reloads[-1]
        assert (record.status, record.cell, record.line) == ("refused", 5, line)
        assert error in record.error
        assert "cell 5" in preview._notice["text"]
        assert (await lab.click("Old")).ephemeral[0].text == "old"

        await shell.run_well("x = 1")
        await lab.settled()
        assert lab.reloads[-1] is record, "the next good cell adopted the rejected class"
        await shell.run_well(CLASS.replace("Old", "Good"))
        await lab.settled()
        assert lab.messages[0].labels == ["Good"]
        assert preview._notice is None
    finally:
        await stop()


@pytest.mark.asyncio
async def test_a_cell_that_raises_after_its_class_statement_reloads_all_the_same(shell):
    """The class is bound, as Python says."""
    try:
        lab = await start(shell)
        await shell.run(CLASS.replace("Old", "New") + "\nraise LookupError('later')")
        await lab.settled()
        assert lab.messages[0].labels == ["New"]
    finally:
        await stop()


@pytest.mark.asyncio
async def test_cells_that_ran_before_the_extension_are_exported_too(shell):
    """The ledger starts from the shell's history."""
    try:
        await shell.run_well("import kit")
        await shell.run_well(CLASS)
        await shell.run_well("lab = await kit.Lab.start()")
        await shell.run_well("await lab.post(Panel, state_key='panel')")
        export = await shell.run_well("await lab.export(Panel, to='cogs/panel.py', prove=False)")
        assert "class Panel(PersistentView):" in export.path.read_text()
    finally:
        await stop()


@pytest.mark.asyncio
async def test_the_lab_shows_itself_with_and_without_a_kernel(shell):
    """Widgets where there is a kernel; HTML and text beside them."""
    try:
        lab = await start(shell)
        data, _ = lab._repr_mimebundle_()
        assert "application/vnd.jupyter.widget-view+json" in data
        assert "[Old]" in data["text/plain"]
        assert "Old" in data["text/html"]
    finally:
        await stop()


@pytest.mark.asyncio
async def test_reloading_the_extension_keeps_hot_reload_and_the_ledger(shell):
    """`%reload_ext kit` is a habit; it ends nothing."""
    try:
        lab = await start(shell)
        await shell.run_well("%reload_ext kit")
        await shell.run_well(CLASS.replace("Old", "New"))
        await lab.settled()
        assert lab.messages[0].labels == ["New"]
        export = await shell.run_well("await lab.export(Panel, to='cogs/panel.py', prove=False)")
        assert 'label="New"' in export.path.read_text()
    finally:
        await stop()


@pytest.mark.asyncio
async def test_running_the_cell_of_a_kept_plain_class_again_reloads_its_views(shell):
    """A class that subclasses nothing of kit's, kept through a ViewClient; whether its cell keeps it or not."""
    menu = """
import kit
from discord import ui
from kit import ViewClient

@ViewClient.persistent
class Menu(ui.View):
    def __init__(self, name="menu"):
        super().__init__(timeout=None)
        self.name = name

    @ui.button(label="Old", custom_id="menu:serve")
    async def serve(self, interaction, button):
        await interaction.response.send_message(f"{self.name} old", ephemeral=True)
"""
    keep = """
client = ViewClient(lab.bot)
await client.keep_view(Menu("all"), bind_to=None)
"""
    try:
        await shell.run_well("%load_ext kit")
        await shell.run_well("import kit; lab = await kit.Lab.start()")
        await shell.run_well(menu)
        await shell.run_well(keep)
        lab = shell.names["lab"]
        await shell.run_well("""
channel = lab.bot.get_channel(int(lab.discord.world.channel_id))
messages = [await channel.send(view=Menu()) for _ in range(2)]
await client.keep_view(Menu("one"), bind_to=messages[0])
""")
        for number, cell in enumerate((menu, menu + keep, menu)):
            await shell.run_well(cell.replace("Old", f"V{number}").replace("} old", f"}} v{number}"))
            await lab.settled()
            assert lab.reloads[-1].status == "reloaded"
            for message, name in zip(shell.names["messages"], ("one", "all"), strict=True):
                outcome = await lab.click("menu:serve", message=message)
                assert [answer.text for answer in outcome.ephemeral] == [f"{name} v{number}"]
        assert lab.messages[0].labels == ["V2"]
        await lab.check()
    finally:
        await stop()
