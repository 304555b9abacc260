"""`bot.reload_extension`: the views on live messages follow the code, or keep the last that works."""

from __future__ import annotations

import sys

import pytest

from kit import ViewClient
from kit.persistence.registry import view_classes
from tests.views.doors import channel_of, said

MODULE = "reloaded_doors"
COG = """
import discord
from discord import ui
from kit import PersistentView, StatefulButton, ViewClient

{broken_above}
@ViewClient.persistent
class Menu(ui.View):
    def __init__(self, name="menu"{argument}):
        super().__init__(timeout=None)
        self.name = name

    @ui.button(label="Serve", custom_id="{custom_id}")
    async def serve(self, interaction, button):
        await interaction.response.send_message(f"{{self.name}} {answer}", ephemeral=True)

class Desk(PersistentView):
    def __init__(self, *, title="desk"{wants}, **kwargs):
        super().__init__(**kwargs)
        self.title = title
        self.add_item(StatefulButton(label="Ring", custom_id="{custom_id}:desk", callback=self.ring))

    async def ring(self, interaction):
        await self.dispatch_scoped({{"rings": self.scoped_state.get("rings", 0) + 1}})
        text = f"{{self.title}} {answer} {{self.scoped_state['rings']}}"
        await interaction.response.send_message(text, ephemeral=True)

    scope = "global"

{broken_below}
async def setup(bot):
    {setup}
"""


@pytest.fixture
def extension(tmp_path, monkeypatch):
    """Writes the extension; what it is given differs from the first version."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(**given):
        parts = {
            "answer": "old", "custom_id": "menu:serve", "setup": "pass",
            "argument": "", "broken_above": "", "broken_below": "", "wants": "",
        }  # fmt: skip
        (tmp_path / f"{MODULE}.py").write_text(COG.format(**{**parts, **given}))

    write()
    yield write
    sys.modules.pop(MODULE, None)
    for name in ("Menu", "Desk"):
        view_classes.put(name, None)


def Menu(*args):  # noqa: N802  (the class that the extension has now)
    return sys.modules[MODULE].Menu(*args)


async def original(lab):
    return await channel_of(lab).send(view=Menu("sent"))


@pytest.mark.asyncio
async def test_kept_views_answer_with_the_new_code(lab, extension):
    """Bound and unbound, whether anybody has clicked them before or not; once each."""
    await lab.bot.load_extension(MODULE)
    client = ViewClient(lab.bot)
    bound, other = await original(lab), await original(lab)
    await client.keep_view(Menu("bound"), bind_to=bound)
    await client.keep_view(Menu("unbound"), bind_to=None)
    for message, name in ((bound, "bound"), (other, "unbound")):
        assert await said(lab, "Serve", message) == [f"{name} old"]
    for answer in ("new", "newer"):
        extension(answer=answer)
        await lab.bot.reload_extension(MODULE)
        for message, name in ((bound, "bound"), (other, "unbound")):
            assert await said(lab, "Serve", message) == [f"{name} {answer}"]
        assert [type(view) for view in (*client.bound_views, *client.unbound_views)] == [type(Menu())] * 2
    assert len(lab.store.state["persistent_views"]) == 2
    await lab.restart()
    assert await said(lab, "Serve", bound) == ["bound newer"]


@pytest.mark.parametrize(
    "setup",
    [
        "await ViewClient(bot).keep_view(Menu(), bind_to=None)",
        "ViewClient(bot).start_view(Menu(), bind_to=None)",
    ],
    ids=["kept", "started"],
)
@pytest.mark.parametrize("custom_id", ["menu:serve", "menu:renamed"])
@pytest.mark.asyncio
async def test_an_extension_that_starts_its_unbound_view_is_reloaded(lab, extension, setup, custom_id):
    """Its `setup` runs again while the former instance serves: the new one takes over, for old messages too."""
    extension(setup=setup)
    await lab.bot.load_extension(MODULE)
    message = await original(lab)
    assert await said(lab, "Serve", message) == ["menu old"]
    extension(setup=setup, answer="new", custom_id=custom_id)
    await lab.bot.reload_extension(MODULE)
    newer = await original(lab)
    assert await said(lab, "Serve", newer) == ["menu new"]
    if custom_id == "menu:serve":
        assert await said(lab, "Serve", message) == ["menu new"]
        assert len(ViewClient(lab.bot).unbound_views) == 1
    ViewClient(lab.bot).clear()


@pytest.mark.asyncio
async def test_a_renamed_control_of_a_kept_unbound_view_answers(lab, extension):
    """Nobody calls `keep_view` again: the new custom_id is found at its first click, the old one is gone."""
    await lab.bot.load_extension(MODULE)
    client = ViewClient(lab.bot)
    await client.keep_view(Menu(), bind_to=None)
    message = await original(lab)
    extension(answer="new", custom_id="menu:renamed")
    await lab.bot.reload_extension(MODULE)
    assert await said(lab, "Serve", await original(lab)) == ["menu new"]
    assert client.get_unbound_view("menu:serve") is None
    assert (await lab.click("menu:serve", message=message)).failure is not None


@pytest.mark.asyncio
async def test_a_new_version_that_can_not_be_made_leaves_the_old_one_answering(lab, extension):
    """It needs an argument that is not stored: logged once, and nobody's click is lost."""
    await lab.bot.load_extension(MODULE)
    client = ViewClient(lab.bot)
    bound, other = await original(lab), await original(lab)
    await client.keep_view(Menu("bound"), bind_to=bound)
    await client.keep_view(Menu("unbound"), bind_to=None)
    extension(argument=", *, colour", answer="new")
    await lab.bot.reload_extension(MODULE)
    for _ in range(2):
        for message, name in ((bound, "bound"), (other, "unbound")):
            outcome = await lab.click("Serve", message=message)
            assert [answer.text for answer in outcome.ephemeral] == [f"{name} old"]
    assert ["colour" in str(error) for error in lab.errors.since(0)] == [True, True]
    lab.errors.forget()
    extension(argument=", *, colour='red'", answer="newest")
    await lab.bot.reload_extension(MODULE)
    for message, name in ((bound, "bound"), (other, "unbound")):
        assert await said(lab, "Serve", message) == [f"{name} newest"]


@pytest.mark.asyncio
async def test_an_extension_that_fails_to_reload_changes_nothing(lab, extension):
    """discord.py goes back to the module before, and so do its views, though the class statement had run."""
    await lab.bot.load_extension(MODULE)
    client = ViewClient(lab.bot)
    message = await original(lab)
    await client.keep_view(Menu("kept"), bind_to=message)
    extension(answer="new", broken_below="raise LookupError('no such table')")
    with pytest.raises(Exception, match="no such table"):
        await lab.bot.reload_extension(MODULE)
    assert await said(lab, "Serve", message) == ["kept old"]
    asleep = await original(lab)
    lab.bot._connection._view_store._views.clear()
    entry = {"class_name": "Menu", "bound": True, "state_key": f"bound:{asleep.id}", "message_id": asleep.id}
    await lab.store.dispatch("PERSISTENT_VIEW_REGISTERED", entry)
    assert await said(lab, "Serve", asleep) == ["menu old"]
    extension(answer="newer")
    await lab.bot.reload_extension(MODULE)
    for where, name in ((message, "kept"), (asleep, "menu")):
        assert await said(lab, "Serve", where) == [f"{name} newer"]


@pytest.mark.asyncio
async def test_panels_answer_with_the_new_code(lab, extension):
    """Those that were sent in this life, too: their state goes on, and a removed button's old code is gone."""
    await lab.bot.load_extension(MODULE)
    sent = [(await lab.post(sys.modules[MODULE].Desk, state_key=key, title=key)).message for key in "ab"]
    assert await said(lab, "Ring", sent[0]) == ["a old 1"]
    extension(answer="new")
    await lab.bot.reload_extension(MODULE)
    assert await said(lab, "Ring", sent[0]) == ["a new 2"]
    assert await said(lab, "Ring", sent[1]) == ["b new 3"]
    extension(answer="bad", wants=", colour")
    await lab.bot.reload_extension(MODULE)
    for number in (4, 5):
        outcome = await lab.click("Ring", message=sent[0])
        assert [answer.text for answer in outcome.ephemeral] == [f"a new {number}"]
    assert ["colour" in str(error) for error in lab.errors.since(0)] == [True]
    lab.errors.forget()
    extension(custom_id="moved")
    await lab.bot.reload_extension(MODULE)
    assert await said(lab, "Ring", sent[0]) == ["This control was removed."]
    assert len(lab.store.state["views"]) == 2
    await lab.restart()
    assert await said(lab, "Ring", sent[1]) == ["This control was removed."]


@pytest.mark.asyncio
async def test_an_extension_that_was_unloaded_leaves_its_views_answering(lab, extension):
    """Until it is there again: nothing is lost in between, as with discord.py's own views."""
    await lab.bot.load_extension(MODULE)
    message = await original(lab)
    await ViewClient(lab.bot).keep_view(Menu("kept"), bind_to=message)
    await lab.bot.unload_extension(MODULE)
    assert await said(lab, "Serve", message) == ["kept old"]
    extension(answer="new")
    await lab.bot.load_extension(MODULE)
    assert await said(lab, "Serve", message) == ["kept new"]
