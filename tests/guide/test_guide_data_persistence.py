"""Pattern 1: the view goes, its data stays, and the next one of its key picks up where it left off."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from tests.guide.panels import passing_kinds
from tests.guide.plan import on_disk


async def until(condition) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


@passing_kinds
@pytest.mark.asyncio
async def test_a_view_that_is_asked_for_again_picks_up_where_the_last_one_left_off(plan, kind):
    """Count to two, use the command again: two, in both layouts, before and after a restart."""
    plan.sends["tally"] = lambda ctx: kind(context=ctx, state_key=f"tally:{ctx.author.id}")
    lab = await plan.start()
    await lab.say("!tally")
    await lab.click("tally:add")
    await lab.click("tally:add")
    assert (await lab.say("!tally")).message.labels == ["Add to 2"]
    await lab.restart()
    assert (await lab.say("!tally")).message.labels == ["Add to 2"]
    await lab.restart(crash=True)
    assert (await lab.say("!tally")).message.labels == ["Add to 2"]


@passing_kinds
@pytest.mark.asyncio
async def test_the_view_times_out_as_usual_and_its_data_stays_on_disk(plan, kind):
    """After the time-out its button is off and its `views` entry gone; the count is read by the next one."""
    plan.sends["tally"] = lambda ctx: kind(context=ctx, state_key="tally", timeout=0.3)
    lab = await plan.start()
    await lab.say("!tally")
    await lab.click("tally:add")
    [view] = plan.views
    assert list((await on_disk())["views"]) == [view.id]
    await until(lambda: lab.messages[-1].controls["tally:add"].get("disabled"))
    assert view.is_finished()
    await lab.store.flush()
    stored = await on_disk()
    assert (stored["views"], stored["sessions"]) == ({}, {})
    assert stored["application"] == {"counters": {"tally": 1}}
    assert (await lab.say("!tally")).message.labels == ["Add to 1"]


@passing_kinds
@pytest.mark.asyncio
async def test_exit_cleans_the_view_up_and_leaves_its_data(plan, kind):
    """A view that is ended by the bot is treated as one that timed out."""
    plan.sends["tally"] = lambda ctx: kind(context=ctx, state_key="tally")
    lab = await plan.start()
    await lab.say("!tally")
    await lab.click("tally:add")
    await plan.views[0].exit()
    await lab.store.flush()
    assert lab.messages[-1].controls["tally:add"]["disabled"]
    stored = await on_disk()
    assert (stored["views"], stored["sessions"]) == ({}, {})
    assert stored["application"] == {"counters": {"tally": 1}}


@passing_kinds
@pytest.mark.asyncio
async def test_the_state_key_is_stable_and_the_id_is_a_new_uuid_each_time(plan, kind):
    """Data is found by the key, since no two instances share an id."""
    plan.sends["tally"] = lambda ctx: kind(context=ctx, state_key="tally")
    lab = await plan.start()
    for _ in range(3):
        await lab.say("!tally")
    assert {view.state_key for view in plan.views} == {"tally"}
    assert len({uuid.UUID(view.id) for view in plan.views}) == 3


@passing_kinds
@pytest.mark.asyncio
async def test_the_key_decides_who_shares_the_data(plan, kind):
    """A key with the user's id counts for each user, one with the guild's id for all of them."""
    plan.sends["mine"] = lambda ctx: kind(context=ctx, state_key=f"tally:{ctx.author.id}")
    plan.sends["ours"] = lambda ctx: kind(context=ctx, state_key=f"tally:{ctx.guild.id}")
    lab = await plan.start()
    for command, user in (("!mine", "alice"), ("!ours", "alice")):
        await lab.say(command, user=user)
        await lab.click("tally:add", user=user)
    assert (await lab.say("!mine", user="alice")).message.labels == ["Add to 1"]
    assert (await lab.say("!mine", user="bob")).message.labels == ["Add to 0"]
    assert (await lab.say("!ours", user="bob")).message.labels == ["Add to 1"]


@passing_kinds
@pytest.mark.asyncio
async def test_only_the_data_persists_not_the_view(plan, kind):
    """After a restart the old message is dead and leaves nothing in `views`: the view is made anew."""
    plan.sends["tally"] = lambda ctx: kind(context=ctx, state_key="tally")
    lab = await plan.start()
    await lab.say("!tally")
    await lab.click("tally:add")
    await lab.restart()
    assert "no answer" in (await lab.click("tally:add")).failure
    stored = await on_disk()
    assert (stored["views"], stored["persistent_views"]) == ({}, {})
    await lab.say("!tally")
    first, second = plan.views
    assert first is not second
    assert list((await on_disk())["views"]) == [second.id]


@passing_kinds
@pytest.mark.asyncio
async def test_a_session_limit_of_one_ends_the_view_before(plan, kind):
    """The user who asks again has one live view, not two that count against each other."""
    limited = type("Limited", (kind,), {"session_limit": 1})
    plan.sends["tally"] = lambda ctx: limited(context=ctx, state_key=f"tally:{ctx.author.id}")
    lab = await plan.start()
    first = (await lab.say("!tally")).message
    others = (await lab.say("!tally", user="bob")).message
    second = (await lab.say("!tally")).message
    shown = {message.id: message.controls.get("tally:add") for message in lab.messages}
    assert shown[first.id]["disabled"]
    assert not shown[others.id].get("disabled")
    assert not shown[second.id].get("disabled")
    assert set((await on_disk())["views"]) == {plan.views[1].id, plan.views[2].id}
