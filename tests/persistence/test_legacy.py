"""A bot that moves over from pycascadeui 2.1.0 finds what it had; the samples are pycascadeui's own."""

from __future__ import annotations

import copy
import json
import logging
import sqlite3
from pathlib import Path

import discord
import pytest
from discord.ext import commands
from hypothesis import given
from hypothesis import strategies as st

import kit
from kit.persistence import FileStorageBackend, StorageError, legacy, setup_persistence
from kit.persistence.migration import migrate_storage
from kit.state import StateStore, get_store
from kit.state.actions import STATE_RESTORED

DATA = Path(__file__).parent / "data"
SAMPLE = (DATA / "pycascadeui-2.1.0.json").read_text(encoding="utf-8")
GUILD, ADMIN, MEMBER = 1180000000000000456, 1180000000000000123, 1180000000000000124


def sample() -> dict:
    """What pycascadeui stored, parsed."""
    return json.loads(SAMPLE)


def check(state: dict) -> None:
    """See that `state` is the sample in kit's form."""
    panels = state["persistent_views"]
    assert panels[f"roles:panel:{GUILD}"] == {
        "state_key": f"roles:panel:{GUILD}",
        "class_name": "RolePanel",
        "message_id": 1180000000000001001,
        "channel_id": 1180000000000000900,
        "guild_id": GUILD,
        "user_id": ADMIN,
        "registered_at": sample()["persistent_views"][f"roles:panel:{GUILD}"]["registered_at"],
    }
    assert panels["roles:direct"]["guild_id"] is None
    assert panels["tickets:integers"]["message_id"] == 1180000000000001005
    assert set(panels) == {f"roles:panel:{GUILD}", "roles:direct", "tickets:integers"}
    assert state["application"] == {
        "counters": {str(ADMIN): 2},
        "_scoped": {f"user:{MEMBER}": {"theme": "dark"}},
        "$currency": {"$set": [1, 2]},
        "opened": "2026-01-02T03:04:00+00:00",
        "tags": ["only one"],
        "greeting": "Grüße 🎉",
    }
    assert state["sessions"] == {
        f"CounterView:user_{ADMIN}": {
            "views": [],
            "nav_stack": [],
            "undo_stack": [],
            "redo_stack": [],
            "data": {"draft": "half a sentence"},
        }
    }
    assert state["views"] == {}
    assert "components" not in state
    [submitted] = state["modals"].values()
    assert submitted["submissions"][0]["values"] == {"reason": "spam"}


def test_the_three_kinds_of_storage_read_alike():
    """The file, the table's row and the Redis value become one and the same state."""
    database = sqlite3.connect(":memory:")
    database.executescript((DATA / "pycascadeui-2.1.0.sql").read_text(encoding="utf-8"))
    rows = database.execute(legacy.SQLITE_QUERY).fetchall()
    database.close()
    value = (DATA / "pycascadeui-2.1.0.redis").read_bytes()
    for state in (
        legacy.from_json(SAMPLE, "'old.json'"),
        legacy.from_sqlite_rows(rows, "'old.db'"),
        legacy.from_redis(value, "Redis"),
    ):
        check(state)


def test_storage_that_pycascadeui_only_opened_is_empty():
    """It made its table at the first look, and its key at the first save."""
    assert legacy.from_sqlite_rows([], "'old.db'") == {}
    assert legacy.from_redis(None, "Redis") == {}


def test_what_is_left_behind_is_logged(caplog):
    """Undo history, ways back, dead views and click logs each get a line that says why."""
    with caplog.at_level(logging.WARNING):
        legacy.from_json(SAMPLE, "'old.json'")
    text = caplog.text
    assert "'old.json' was written by pycascadeui; 4 live views left behind" in text
    assert "the undo history of 1 of 3 sessions left behind" in text
    assert "the way back of 1 of 3 sessions left behind" in text
    assert "the log of clicks on 1 component left behind" in text


def test_the_old_state_is_not_changed_by_reading_it():
    """`normalise` makes a state of its own."""
    stored = sample()
    legacy.normalise(stored)
    assert stored == sample()


def test_a_panel_that_could_never_be_restored_is_named(caplog):
    """An entry without a message is left behind, and does not keep the bot from starting."""
    stored = sample()
    stored["persistent_views"]["half"] = {"class_name": "RolePanel", "message_id": None, "channel_id": "12"}
    stored["persistent_views"]["nothing"] = None
    state, notes = legacy.normalise(stored)
    assert "half" not in state["persistent_views"]
    assert "the panel 'half' left behind: without message_id it can't be restored" in notes
    assert any("'nothing'" in note and "class_name and message_id and channel_id" in note for note in notes)


def test_fields_and_branches_of_ones_own_come_along():
    """What pycascadeui does not know is the bot's, and stays."""
    stored = sample()
    stored["economy"] = {"bank": 7}
    stored["persistent_views"]["roles:direct"]["colour"] = "red"
    stored["sessions"][f"Hub:user_{MEMBER}"]["mood"] = "good"
    state, _ = legacy.normalise(stored)
    assert state["economy"] == {"bank": 7}
    assert state["persistent_views"]["roles:direct"]["colour"] == "red"
    assert state["sessions"][f"Hub:user_{MEMBER}"]["mood"] == "good"


def test_an_id_that_is_no_number_stays_as_it_is():
    """Nothing is guessed: a name where an id was expected is left for its owner."""
    stored = sample()
    stored["persistent_views"]["roles:direct"]["guild_id"] = "my guild"
    state, _ = legacy.normalise(stored)
    assert state["persistent_views"]["roles:direct"]["guild_id"] == "my guild"


def test_a_state_in_the_form_of_the_guide_is_read_too():
    """Integer ids and bare sessions, as the persistence guide prints them."""
    state, notes = legacy.normalise(
        {
            "views": {"a1": {"type": "CounterView", "message_id": 789012}},
            "sessions": {
                "CounterView:user_123": {"views": ["a1"], "nav_stack": [], "undo_stack": [], "data": {}}
            },
            "application": {"counters": {"counter:123": 42}},
            "persistent_views": {
                "roles:panel:456": {"class_name": "RolePanel", "message_id": 789012, "channel_id": 123456}
            },
        }
    )
    assert state == {
        "views": {},
        "sessions": {},
        "application": {"counters": {"counter:123": 42}},
        "persistent_views": {
            "roles:panel:456": {
                "class_name": "RolePanel",
                "state_key": "roles:panel:456",
                "message_id": 789012,
                "channel_id": 123456,
                "guild_id": None,
                "user_id": None,
            }
        },
    }
    assert notes == ["1 live view left behind: what they showed ended with their process"]


def test_a_torn_text_is_an_error_with_its_place():
    """Half a file is not taken for a small one."""
    with pytest.raises(StorageError, match=r"stored in 'old.json'.*left as it is"):
        legacy.from_json(SAMPLE[:-40], "'old.json'")
    with pytest.raises(StorageError, match="holds list"):
        legacy.from_json("[]", "'old.json'")


def test_a_file_of_pycascadeui_is_told_apart():
    """By what only pycascadeui writes, in any layout of the text; once read it is kit's for good."""
    assert legacy.is_legacy(sample())
    assert legacy.is_legacy(json.loads(json.dumps(sample(), sort_keys=True)))
    assert legacy.is_legacy({"sessions": {}, "views": {}, "components": {}, "application": {"n": 1}})
    without_clicks = {**sample(), "components": {}}
    assert legacy.is_legacy(without_clicks)
    assert not legacy.is_legacy(legacy.normalise(sample()).state)


@pytest.mark.parametrize(
    "components",
    [
        {},
        {"hub": {"id": 7, "clicks": 2}},
        {"interactions": [1, 2]},
        {"hub": [1], "id": "x", "interactions": []},
        ["hub"],
    ],
)
def test_a_branch_of_kits_user_called_components_is_never_touched(components):
    """A bot may have a branch of that name; its state is not taken for pycascadeui's."""
    state = {
        "views": {"v": {"type": "Hub", "message_id": 1}},
        "sessions": {
            "s": {"views": ["v"], "nav_stack": [], "undo_stack": [{"n": 1}], "redo_stack": [], "data": {}}
        },
        "application": {"n": 1},
        "persistent_views": {"p": {"class_name": "P", "message_id": 1, "channel_id": 2}},
        "components": components,
    }
    assert not legacy.is_legacy(state)


@given(
    application=st.dictionaries(
        st.text(), st.integers() | st.text() | st.dictionaries(st.text(), st.integers())
    ),
    message_ids=st.lists(st.integers(min_value=0, max_value=2**63)),
)
def test_no_state_that_kit_writes_is_taken_for_an_old_one(application, message_ids):
    """Whatever a bot keeps in its application branch."""
    panels = {f"p:{n}": {"class_name": "P", "message_id": n, "channel_id": 1} for n in message_ids}
    state = {"views": {}, "sessions": {}, "application": application, "persistent_views": panels}
    assert not legacy.is_legacy(state)


def test_reading_twice_changes_nothing_more():
    """A state in kit's form is its own normal form."""
    once = legacy.normalise(sample()).state
    twice, notes = legacy.normalise(copy.deepcopy(once))
    assert (twice, notes) == (once, [])


@pytest.mark.asyncio
async def test_a_store_takes_the_old_state_over():
    """What is left is nothing that the store would drop at its next start, and nothing it refuses."""
    state = legacy.from_json(SAMPLE, "'old.json'")
    store = StateStore(reducers=get_store().reducers)
    store.load(state)
    await store.dispatch(STATE_RESTORED)
    check(await store.snapshot())


@pytest.mark.asyncio
async def test_the_panels_of_an_old_bot_answer_again(tmp_path):
    """The bot that is rewritten with kit restores the panels that the old one had sent."""

    class RolePanel(kit.PersistentView):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.add_item(kit.StatefulButton(label="Get Role", custom_id="roles:get"))

    old = tmp_path / "cascadeui_state.json"
    old.write_text(SAMPLE, encoding="utf-8")
    await migrate_storage(FileStorageBackend(old), FileStorageBackend(tmp_path / "state.json"))
    async with commands.Bot("!", intents=discord.Intents.none()) as bot:
        summary = await setup_persistence(bot, file_path=tmp_path / "state.json", verify=None)
        assert summary["restored"] == [f"roles:panel:{GUILD}", "roles:direct"]
        assert summary["skipped"] == ["tickets:integers"]
        view = await bot.get_cog("viewkit persistence").view(f"roles:panel:{GUILD}")
        assert (view.message.id, view.guild_id, view.user_id) == (1180000000000001001, GUILD, ADMIN)
    await get_store().close()
