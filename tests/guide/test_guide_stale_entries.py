"""What changed while the bot was offline: which entries go, and which stay."""

from __future__ import annotations

import pytest

from kit import setup_persistence
from kit.persistence import SQLiteBackend
from kit.persistence.registry import view_classes
from tests.guide.panels import TallyView, persistent_kinds
from tests.guide.plan import DATABASE, on_disk, rewrite_disk

verifications = pytest.mark.parametrize("verify", ["background", "startup"])


async def with_two_panels(plan, kind, verify):
    """A lab whose bot has sent the panels "stale" and "fresh"; the first is in a channel of its own."""

    async def setup(bot):
        plan.summary = await setup_persistence(bot, backend=SQLiteBackend(DATABASE), verify=verify)

    plan.setup = setup
    lab = await plan.start()
    plan.place = lab.discord.world.add_channel("place")
    stale = kind(state_key="stale", user_id=1, guild_id=int(lab.discord.world.guild["id"]))
    plan.stale = await stale.send(channel=lab.bot.get_partial_messageable(int(plan.place["id"])))
    await lab.post(kind, state_key="fresh")
    return lab


async def expect_removed(plan, lab, change):
    """The entry is removed by the next start; the start after it asks Discord nothing about it."""
    entry = (await on_disk())["persistent_views"]["stale"]
    report = await lab.restart(offline=change)
    assert (report.removed, report.restored) == (["stale"], ["fresh"])
    await lab.store.flush()
    assert list((await on_disk())["persistent_views"]) == ["fresh"]
    report = await lab.restart()
    assert (report.removed, report.restored) == ([], ["fresh"])
    assert not [request for request in plan.requests if str(entry["message_id"]) in request]
    assert (await lab.click("tally:add", message=lab.messages[-1])).ok


@verifications
@persistent_kinds
@pytest.mark.asyncio
async def test_message_deleted_the_entry_is_removed_and_not_tried_again(plan, kind, verify):
    """An admin deleted the panel's message while the bot was off."""
    lab = await with_two_panels(plan, kind, verify)

    async def deleted(simulator):
        simulator.world.delete_message(plan.stale.id)

    await expect_removed(plan, lab, deleted)


@verifications
@persistent_kinds
@pytest.mark.asyncio
async def test_channel_deleted_the_entry_is_removed_and_not_tried_again(plan, kind, verify):
    """An admin deleted the channel with the panel in it."""
    lab = await with_two_panels(plan, kind, verify)

    async def deleted(simulator):
        simulator.world.delete_channel(plan.place["id"])

    await expect_removed(plan, lab, deleted)


@pytest.mark.parametrize("sort", [4, 15], ids=["category", "forum"])
@verifications
@pytest.mark.asyncio
async def test_channel_not_messageable_the_entry_is_removed_and_not_tried_again(plan, verify, sort):
    """The entry names a channel that holds no messages, such as a category or a forum."""
    lab = await with_two_panels(plan, TallyView, verify)

    async def moved(simulator):
        other = simulator.world.add_channel("elsewhere", type=sort)

        def change(state):
            state["persistent_views"]["stale"]["channel_id"] = int(other["id"])

        await rewrite_disk(change)

    await expect_removed(plan, lab, moved)


@persistent_kinds
@pytest.mark.asyncio
async def test_class_missing_the_entry_is_skipped_and_kept(plan, kind):
    """Start after start without the class changes nothing, and with it the panel answers again."""
    lab = await with_two_panels(plan, kind, "background")
    other = type("Renamed", (kind,), {})
    entries = (await on_disk())["persistent_views"]
    view_classes.put(kind.__name__, None)
    try:
        for _ in range(2):
            report = await lab.restart()
            assert (sorted(report.skipped), report.restored, report.removed) == (["fresh", "stale"], [], [])
            await lab.store.flush()
            assert (await on_disk())["persistent_views"] == entries
        apology = await lab.click("tally:add")
        assert "not available" in apology.ephemeral[0].text
        lab.errors.forget()
    finally:
        view_classes.put(kind.__name__, kind)
    assert (await lab.click("tally:add")).message.labels == ["Add to 1"]
    assert sorted((await lab.restart()).restored) == ["fresh", "stale"]
    assert "Renamed" in view_classes
    assert other.registry_key == "Renamed"


@pytest.mark.asyncio
async def test_a_message_deleted_while_the_bot_runs_takes_its_entry_along(plan):
    """Nothing is left for the next start to find stale."""
    lab = await with_two_panels(plan, TallyView, "background")
    lab.discord.world.delete_message(plan.stale.id)
    await lab.say("hello")
    await lab.store.flush()
    assert list((await on_disk())["persistent_views"]) == ["fresh"]


@pytest.mark.asyncio
async def test_a_channel_deleted_while_the_bot_runs_takes_its_entries_along(plan):
    """The same for the channel."""
    lab = await with_two_panels(plan, TallyView, "background")
    lab.discord.world.delete_channel(plan.place["id"])
    await lab.say("hello")
    await lab.store.flush()
    assert list((await on_disk())["persistent_views"]) == ["fresh"]
