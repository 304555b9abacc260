"""Undo and redo: each person's own steps, as large as the change, never somebody else's."""

from __future__ import annotations

import json

import pytest

import kit
from kit import PersistentView, StatefulButton
from kit.persistence.live import live_views
from kit.state import UndoConflictError


@pytest.fixture(autouse=True)
def board():
    @kit.reducer("NOTED")
    def noted(action, state):
        notes = state["application"].setdefault("notes", {})
        notes[action["payload"]["where"]] = action["payload"]["text"]

    @kit.reducer("VOTED")
    def voted(action, state):
        state["application"].setdefault("votes", set()).add(action["payload"]["user"])

    @kit.reducer("LISTED")
    def listed(action, state):
        state["application"].setdefault("list", []).append(action["payload"]["text"])


class Board(PersistentView):
    """A shared panel: everybody may press, everybody has an undo of their own."""

    enable_undo = True
    undo_limit = 3

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        for name in ("note", "vote", "undo", "redo"):
            self.add_item(StatefulButton(label=name, custom_id=name, callback=getattr(self, f"press_{name}")))

    async def press_note(self, interaction):
        who = interaction.user.name
        await self.dispatch("NOTED", {"where": who, "text": f"by {who} {len(self.notes)}"})

    async def press_vote(self, interaction):
        await self.dispatch("VOTED", {"user": interaction.user.id})

    async def press_undo(self, interaction):
        done = await self.undo(interaction)
        await interaction.response.send_message("undone" if done else "nothing to undo", ephemeral=True)

    async def press_redo(self, interaction):
        done = await self.redo()
        await interaction.response.send_message("redone" if done else "nothing to redo", ephemeral=True)

    @property
    def notes(self):
        return self.state_store.state["application"].get("notes", {})


@pytest.fixture(autouse=True)
def registered():
    kit.persistence.view_classes.put("Board", Board)


@pytest.mark.asyncio
async def test_everybody_undoes_their_own(lab):
    """Alice's undo takes Alice's note back and leaves Bob's, whoever wrote last."""
    await lab.post(Board, state_key="board", user="alice")
    await lab.click("note", user="alice")
    await lab.click("note", user="bob")
    assert (await lab.click("undo", user="alice")).ephemeral[0].text == "undone"
    assert list(lab.store.state["application"]["notes"]) == ["bob"]
    assert (await lab.click("undo", user="alice")).ephemeral[0].text == "nothing to undo"
    assert (await lab.click("redo", user="alice")).ephemeral[0].text == "redone"
    assert set(lab.store.state["application"]["notes"]) == {"bob", "alice"}


@pytest.mark.parametrize("crash", [False, True])
@pytest.mark.asyncio
async def test_undo_survives_a_restart(lab, crash):
    """The steps are in the stored session, of a visitor as of the owner."""
    await lab.post(Board, state_key="board", user="alice")
    await lab.click("note", user="bob")
    await lab.store.flush()
    await lab.restart(crash=crash)
    assert (await lab.click("undo", user="bob")).ephemeral[0].text == "undone"
    assert lab.store.state["application"] == {}
    await lab.restart(crash=crash)
    assert (await lab.click("redo", user="bob")).ephemeral[0].text == "redone"


@pytest.mark.asyncio
async def test_members_of_a_set_are_taken_back_one_by_one(lab):
    """Alice takes her vote back; Bob's, which came after, stays."""
    await lab.post(Board, state_key="board", user="alice")
    await lab.click("vote", user="alice")
    await lab.click("vote", user="bob")
    await lab.click("undo", user="alice")
    await lab.click("note", user="bob")
    bob = next(
        name
        for name in lab.store.state["sessions"]
        if name != live_views(lab.store).panel("board").session_id
    )
    assert {f"Board:user_{voter}" for voter in lab.store.state["application"]["votes"]} == {bob}


@pytest.mark.asyncio
async def test_what_somebody_else_has_changed_since_is_refused(lab):
    """The conflict names the place, the change of the other stays, and the step is dropped."""
    await lab.post(Board, state_key="board", user="alice")
    view = live_views(lab.store).panel("board")
    await view.dispatch("NOTED", {"where": "door", "text": "mine"})
    await lab.store.dispatch("NOTED", {"where": "door", "text": "theirs"})
    with pytest.raises(UndoConflictError, match=r"application\.notes\.door was changed by somebody else"):
        await view.undo()
    assert lab.store.state["application"]["notes"]["door"] == "theirs"
    assert await view.undo() is False


@pytest.mark.asyncio
async def test_a_batch_is_one_step(lab):
    """Two dispatches of a batch are undone together."""
    await lab.post(Board, state_key="board", user="alice")
    view = live_views(lab.store).panel("board")
    async with view.batch() as batch:
        await batch.dispatch("NOTED", {"where": "a", "text": "1"})
        await view.dispatch("LISTED", {"text": "x"})
    assert await view.undo() is True
    assert lab.store.state["application"] == {}
    assert await view.redo() is True
    assert lab.store.state["application"] == {"notes": {"a": "1"}, "list": ["x"]}


@pytest.mark.asyncio
async def test_a_new_change_ends_redo_and_old_steps_are_forgotten(lab):
    """As in every editor: the limit counts steps, and a new one takes the place of those that were undone."""
    await lab.post(Board, state_key="board", user="alice")
    view = live_views(lab.store).panel("board")
    for number in range(5):
        await view.dispatch("LISTED", {"text": str(number)})
    assert await view.undo() is True
    await view.dispatch("LISTED", {"text": "new"})
    assert await view.redo() is False
    assert [await view.undo() for _ in range(4)] == [True, True, True, False]
    assert lab.store.state["application"]["list"] == ["0", "1"]


@pytest.mark.asyncio
async def test_a_step_is_as_large_as_the_change(lab):
    """Beside 200 kB of other state, twenty steps are a few kilobytes."""
    await lab.post(Board, state_key="board", user="alice")
    view = live_views(lab.store).panel("board")
    await lab.store.dispatch("NOTED", {"where": "big", "text": "x" * 200_000})
    for number in range(20):
        await view.dispatch("NOTED", {"where": f"small {number}", "text": "y"})
    session = lab.store.state["sessions"][view.session_id]
    assert len(session["undo_stack"]) == 3
    assert len(json.dumps(session["undo_stack"])) < 1000


@pytest.mark.asyncio
async def test_views_without_undo_remember_nothing(lab):
    """It is off by default, and costs nothing then."""

    class Plain(PersistentView):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.add_item(StatefulButton(label="x", custom_id="x"))

    await lab.post(Plain, state_key="plain")
    view = live_views(lab.store).panel("plain")
    await view.dispatch("LISTED", {"text": "x"})
    assert lab.store.state["sessions"][view.session_id]["undo_stack"] == []
    assert await view.undo() is False
