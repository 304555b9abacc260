"""Session limits: how many views of a class there may be, before and after a restart."""

from __future__ import annotations

import pytest

from kit import SessionLimitError
from tests.guide.panels import PassingLayout, PassingView, TallyLayout, TallyView, persistent_kinds
from tests.guide.plan import on_disk

HERE, THERE = 111, 222

# By scope: whose views count against each other, and whose do not, as (user, guild) of two views.
SHARED = {
    "user": (("alice", HERE), ("alice", THERE)),
    "guild": (("alice", HERE), ("bob", HERE)),
    "user_guild": (("alice", HERE), ("alice", HERE)),
    "global": (("alice", HERE), ("bob", THERE)),
}
APART = {
    "user": (("alice", HERE), ("bob", HERE)),
    "guild": (("alice", HERE), ("alice", THERE)),
    "user_guild": (("alice", HERE), ("bob", HERE)),
}


def limited(kind, scope, policy):
    """A class of which one is allowed in a scope."""
    limits = {"session_limit": 1, "session_scope": scope, "session_policy": policy}
    return type("Limited", (kind,), limits)


def offer(plan, view):
    """The commands that send one in either guild, each with a key of its own."""
    for guild in (HERE, THERE):
        plan.sends[f"send{guild}"] = lambda ctx, guild=guild: view(
            context=ctx, guild_id=guild, state_key=f"{ctx.author.name}:{guild}:{ctx.message.id}"
        )


async def send(lab, who):
    """The message on which a person's view is, or None if it was refused."""
    user, guild = who
    sent = (await lab.say(f"!send{guild}", user=user)).messages
    return sent[0].id if sent else None


def usable(lab):
    """The ids of the messages whose button can be pressed."""
    buttons = {message.id: message.controls.get("tally:add") for message in lab.messages}
    return [message_id for message_id, button in buttons.items() if button and not button.get("disabled")]


@pytest.mark.parametrize("restarted", [False, True], ids=["alive", "after a restart"])
@pytest.mark.parametrize("scope", SHARED)
@pytest.mark.asyncio
async def test_replace_ends_the_oldest_of_the_scope_and_no_other(plan, scope, restarted):
    """The new panel is there, the old one is off and forgotten, though nobody clicked it in this life."""
    offer(plan, limited(TallyView, scope, "replace"))
    lab = await plan.start()
    old = await send(lab, SHARED[scope][0])
    if restarted:
        await lab.restart()
    new = await send(lab, SHARED[scope][1])
    assert usable(lab) == [new]
    assert [entry["message_id"] for entry in (await on_disk())["persistent_views"].values()] == [new]
    assert (await lab.click("tally:add", message=new)).ok
    assert plan.refused == []
    await lab.restart()
    assert old not in [entry["message_id"] for entry in lab.store.state["persistent_views"].values()]


@pytest.mark.parametrize("restarted", [False, True], ids=["alive", "after a restart"])
@pytest.mark.parametrize("scope", SHARED)
@pytest.mark.asyncio
async def test_reject_keeps_the_first_of_the_scope(plan, scope, restarted):
    """The second one raises and posts nothing; the first one goes on answering."""
    offer(plan, limited(TallyLayout, scope, "reject"))
    lab = await plan.start()
    old = await send(lab, SHARED[scope][0])
    if restarted:
        await lab.restart()
    assert await send(lab, SHARED[scope][1]) is None
    [error] = plan.refused
    assert isinstance(error, SessionLimitError)
    assert (error.view_type, error.limit) == ("Limited", 1)
    assert usable(lab) == [old]
    assert (await lab.click("tally:add", message=old)).message.labels == ["Add to 1"]
    assert len((await on_disk())["persistent_views"]) == 1


@pytest.mark.parametrize("restarted", [False, True], ids=["alive", "after a restart"])
@pytest.mark.parametrize("policy", ["replace", "reject"])
@pytest.mark.parametrize("scope", APART)
@pytest.mark.asyncio
async def test_views_of_different_scopes_do_not_count_against_each_other(plan, scope, policy, restarted):
    """Each of the two is the only one in its scope, so both stay."""
    offer(plan, limited(TallyView, scope, policy))
    lab = await plan.start()
    first = await send(lab, APART[scope][0])
    if restarted:
        await lab.restart()
    second = await send(lab, APART[scope][1])
    assert usable(lab) == [first, second]
    assert plan.refused == []


@persistent_kinds
@pytest.mark.asyncio
async def test_the_limit_counts_restored_panels_whether_clicked_or_not(plan, kind):
    """Two are allowed: after a restart, with one of them clicked, the third still ends the oldest."""
    view = type("Pair", (kind,), {"session_limit": 2, "session_scope": "guild"})
    offer(plan, view)
    lab = await plan.start()
    first = await send(lab, ("alice", HERE))
    second = await send(lab, ("bob", HERE))
    await lab.restart()
    await lab.click("tally:add", message=first)
    third = await send(lab, ("alice", HERE))
    assert usable(lab) == [second, third]


@persistent_kinds
@pytest.mark.asyncio
async def test_another_admin_may_post_the_guilds_panel_anew(plan, kind):
    """Limit one, scope guild, policy replace, private to its creator: the limit asks nobody's leave."""
    view = type("Board", (kind,), {"session_limit": 1, "session_scope": "guild", "owner_only": True})
    offer(plan, view)
    lab = await plan.start()
    await send(lab, ("alice", HERE))
    new = await send(lab, ("bob", HERE))
    assert usable(lab) == [new]
    assert (await lab.click("tally:add", user="bob", message=new)).edited


@pytest.mark.parametrize("kind", [PassingView, PassingLayout])
@pytest.mark.parametrize("scope", SHARED)
@pytest.mark.asyncio
async def test_views_that_do_not_persist_have_the_same_limits(plan, kind, scope):
    """The policy is the same for them, as long as they are alive."""
    offer(plan, limited(kind, scope, "replace"))
    lab = await plan.start()
    await send(lab, SHARED[scope][0])
    new = await send(lab, SHARED[scope][1])
    assert usable(lab) == [new]
    await lab.restart()
    newer = await send(lab, SHARED[scope][0])
    assert usable(lab) == [new, newer]


@pytest.mark.asyncio
async def test_limits_of_one_class_are_not_those_of_another(plan):
    """Each class counts its own."""
    one = type("One", (TallyView,), {"session_limit": 1, "session_scope": "global"})
    other = type("Other", (TallyLayout,), {"session_limit": 1, "session_scope": "global"})
    plan.sends["one"] = lambda ctx: one(context=ctx, state_key="one")
    plan.sends["other"] = lambda ctx: other(context=ctx, state_key="other")
    lab = await plan.start()
    await lab.say("!one")
    await lab.say("!other")
    assert len(usable(lab)) == 2
