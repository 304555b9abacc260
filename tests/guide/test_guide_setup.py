"""Setting up: once, in setup_hook, after the cogs; with a bot and without."""

from __future__ import annotations

import asyncio
import json

import pytest

from kit import get_store, setup_persistence
from kit.persistence import SQLiteBackend
from tests.guide.panels import PassingView, TallyLayout, TallyView, persistent_kinds
from tests.guide.plan import DATABASE, new_process, nothing, on_disk, remember

BOARD = """
    from kit import PersistentView, StatefulButton

    class Board(PersistentView):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.add_item(StatefulButton(label="Pin", custom_id="board:pin", callback=self.pin))

        async def pin(self, interaction):
            await interaction.response.send_message(f"pinned in {self.state_key}", ephemeral=True)

    async def setup(bot):
        @bot.command()
        async def board(ctx):
            await Board(context=ctx, state_key=f"board:{ctx.guild.id}").send()
"""


@pytest.mark.asyncio
async def test_cogs_first_and_then_setup_persistence_brings_their_panels_back(plan):
    """Importing the cog makes its class known, so the panel of the last process answers in this one."""
    extension = plan.cog("boards", BOARD)

    async def setup(bot):
        await bot.load_extension(extension)
        await remember(bot)

    plan.setup = setup
    lab = await plan.start()
    await lab.say("!board")
    key = f"board:{lab.discord.world.guild['id']}"
    report = await lab.restart(offline=new_process)
    assert (report.restored, report.skipped) == ([key], [])
    assert (await lab.click("Pin", user="bob")).ephemeral[0].text == f"pinned in {key}"


@pytest.mark.asyncio
async def test_setup_persistence_before_the_cogs_restores_nothing_and_loses_nothing(plan):
    """The panel is listed as skipped and kept, and is back at the next start in the right order."""
    extension = plan.cog("boards", BOARD)

    async def right(bot):
        await bot.load_extension(extension)
        await remember(bot)

    async def wrong(bot):
        plan.summary = await setup_persistence(bot, backend=SQLiteBackend(DATABASE))
        plan.early = {name: list(keys) for name, keys in plan.summary.items()}
        await bot.load_extension(extension)

    plan.setup = right
    lab = await plan.start()
    await lab.say("!board")
    entries = (await on_disk())["persistent_views"]
    [key] = entries
    plan.setup = wrong
    await lab.restart(offline=new_process)
    assert plan.early == {"restored": [], "skipped": [key], "failed": [], "removed": []}
    assert (await on_disk())["persistent_views"] == entries
    plan.setup = right
    assert (await lab.restart(offline=new_process)).restored == [key]
    assert (await lab.click("Pin")).ok


@pytest.mark.asyncio
async def test_a_panel_skipped_for_its_late_cog_answers_as_soon_as_the_cog_is_there(plan):
    """The order matters for what is restored at once; a click that comes later finds its class."""
    extension = plan.cog("boards", BOARD)

    async def right(bot):
        await bot.load_extension(extension)
        await remember(bot)

    plan.setup = right
    lab = await plan.start()
    await lab.say("!board")
    plan.setup = remember
    await lab.restart(offline=new_process)
    assert "not available" in (await lab.click("Pin")).ephemeral[0].text
    lab.errors.forget()
    await lab.bot.load_extension(extension)
    assert "pinned" in (await lab.click("Pin")).ephemeral[0].text


@pytest.mark.asyncio
async def test_without_a_bot_the_stored_state_is_there_for_views_with_a_state_key(plan):
    """Data only: the next process reads what the last one counted when the command is used again."""

    async def data_only(bot):
        await setup_persistence(backend=SQLiteBackend(DATABASE))

    plan.setup = data_only
    plan.sends["tally"] = lambda ctx: PassingView(context=ctx, state_key=f"tally:{ctx.author.id}")
    lab = await plan.start()
    await lab.say("!tally")
    assert (await lab.click("tally:add")).message.labels == ["Add to 1"]
    await lab.restart()
    assert (await lab.say("!tally")).message.labels == ["Add to 1"]


@persistent_kinds
@pytest.mark.asyncio
async def test_without_a_bot_no_panel_is_attached_again_and_none_is_lost(plan, kind):
    """Data only: the old message stays dead, its entry stays, and the next start with a bot wakes it."""

    async def data_only(bot):
        await setup_persistence(backend=SQLiteBackend(DATABASE))

    plan.sends["tally"] = lambda ctx: kind(context=ctx, state_key="tally")
    lab = await plan.start()
    await lab.say("!tally")
    plan.setup = data_only
    await lab.restart()
    assert "no answer" in (await lab.click("tally:add")).failure
    assert list((await on_disk())["persistent_views"]) == ["tally"]
    plan.setup = remember
    assert (await lab.restart()).restored == ["tally"]
    assert (await lab.click("tally:add")).message.labels == ["Add to 1"]


@pytest.mark.asyncio
async def test_with_a_bot_data_and_panels_are_back(plan):
    """Both patterns in one bot: the panel answers by itself, the other view when it is asked for."""
    plan.sends["panel"] = lambda ctx: TallyLayout(context=ctx, state_key="shared")
    plan.sends["mine"] = lambda ctx: PassingView(context=ctx, state_key=f"mine:{ctx.author.id}")
    lab = await plan.start()
    panel = (await lab.say("!panel")).message
    mine = (await lab.say("!mine", user="bob")).message
    for message in (panel, mine, mine):
        await lab.click("tally:add", message=message, user="bob")
    await lab.restart()
    assert (await lab.click("tally:add", message=panel)).message.labels == ["Add to 2"]
    assert "no answer" in (await lab.click("tally:add", message=mine, user="bob")).failure
    assert (await lab.say("!mine", user="bob")).message.labels == ["Add to 2"]


@pytest.mark.asyncio
async def test_data_only_persistence_needs_no_bot_at_all(plan):
    """A script without discord's connection reads and writes the same storage."""
    await setup_persistence(file_path="state.json")
    await get_store().dispatch("COUNTED", {"key": "nightly"})
    await get_store().close()
    assert json.loads((plan.folder / "state.json").read_text())["application"] == {"counters": {"nightly": 1}}


@pytest.mark.asyncio
async def test_one_call_serves_panels_of_several_cogs(plan):
    """There is one entry point: every class that was imported is restored by it."""
    plan.sends["classic"] = lambda ctx: TallyView(context=ctx, state_key="classic")
    plan.sends["modern"] = lambda ctx: TallyLayout(context=ctx, state_key="modern")
    lab = await plan.start()
    await lab.say("!classic")
    await lab.say("!modern")
    assert sorted((await lab.restart()).restored) == ["classic", "modern"]
    for message in lab.messages:
        if message.controls:
            assert (await lab.click("tally:add", message=message)).ok


@pytest.mark.asyncio
async def test_setup_persistence_may_be_called_before_the_bot_is_started(plan):
    """A main file without a setup_hook: its panels answer, and those that are gone are forgotten."""
    for name in ("gone", "there"):
        plan.sends[name] = lambda ctx, name=name: TallyView(context=ctx, state_key=name)

    async def main(bot):
        await remember(bot)
        await asyncio.sleep(0)

    plan.before_login, plan.setup = main, nothing
    lab = await plan.start()
    gone = (await lab.say("!gone")).message
    await lab.say("!there")

    async def deleted(simulator):
        simulator.world.delete_message(gone.id)

    report = await lab.restart(offline=deleted)
    assert (report.restored, report.removed) == (["there"], ["gone"])
    assert (await lab.click("tally:add")).message.labels == ["Add to 1"]
