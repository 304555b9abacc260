"""The store: one way to change the state, and everybody who follows hears of exactly that change."""

from __future__ import annotations

import asyncio
import copy
import json
import math
import pickle

import pytest

import kit
from kit.state import Change, StateError, StateMutationError, StateStore, UnstorableError
from kit.state.patches import apply
from kit.state.tree import freeze


def add_counter(store: StateStore) -> None:
    @kit.reducer("COUNTED")
    def counted(action, state):
        counters = state["application"].setdefault("counters", {})
        counters[action["payload"]["key"]] = counters.get(action["payload"]["key"], 0) + 1


@pytest.mark.asyncio
async def test_a_dispatch_changes_the_state_and_says_what_it_changed(store):
    """A counter goes up by one, and the change names its path and the way back."""
    add_counter(store)
    await store.dispatch("COUNTED", {"key": "roles"})
    change = await store.dispatch("COUNTED", {"key": "roles"})
    assert store.state["application"] == {"counters": {"roles": 2}}
    assert [tuple(patch) for patch in change.patches] == [
        ("replace", ("application", "counters", "roles"), 2)
    ]
    assert [tuple(patch) for patch in change.inverses] == [
        ("replace", ("application", "counters", "roles"), 1)
    ]


@pytest.mark.asyncio
async def test_the_guides_way_to_read_the_state_works(store):
    """`store.state.get(...)` chains as on the plain dict of the guide, and json and pickle take it."""
    add_counter(store)
    await store.dispatch("COUNTED", {"key": "a"})
    assert store.state.get("application", {}).get("counters", {}).get("a", 0) == 1
    assert json.loads(json.dumps(store.state)) == store.state
    assert pickle.loads(pickle.dumps(store.state)) == store.state


@pytest.mark.asyncio
async def test_changing_the_state_outside_a_reducer_is_an_error_at_that_line(store):
    """Every way to change a dict, list or set of the tree raises, and nothing changes."""

    @kit.reducer("FILLED")
    def fill(action, state):
        state["application"].update({"d": {"x": 1}, "l": [1, [2]], "s": {1}})

    await store.dispatch("FILLED")
    before = copy.deepcopy(store.state)
    tree = store.state["application"]
    attempts = [
        lambda: tree.update(x=1),
        lambda: tree["d"].pop("x"),
        lambda: tree["d"].__setitem__("x", 2),
        lambda: tree["d"].setdefault("y", 2),
        lambda: tree["l"].append(3),
        lambda: tree["l"][1].clear(),
        lambda: tree["l"].sort(),
        lambda: tree["s"].add(2),
        lambda: store.state.clear(),
    ]
    for attempt in attempts:
        with pytest.raises(StateMutationError, match="write a reducer"):
            attempt()
    assert store.state == before


@pytest.mark.asyncio
async def test_a_copy_of_the_state_may_be_changed(store):
    """`copy.deepcopy` gives plain containers that have nothing to do with the store."""

    @kit.reducer("FILLED")
    def fill(action, state):
        state["application"]["l"] = [1, {"a": {1}}]

    await store.dispatch("FILLED")
    mine = copy.deepcopy(store.state)
    mine["application"]["l"][1]["a"].add(2)
    mine["application"]["l"].append(3)
    assert store.state["application"]["l"] == [1, {"a": {1}}]


@pytest.mark.asyncio
async def test_a_reducer_that_raises_changes_nothing(store):
    """Half a change is taken back, lists and nested values included."""

    @kit.reducer("FILLED")
    def fill(action, state):
        state["application"].update({"n": 1, "l": [1, 2, 3], "d": {"x": {"y": 1}}, "s": {1, 2}})

    @kit.reducer("BROKEN")
    def broken(action, state):
        state["application"]["n"] = 2
        state["application"]["l"].insert(1, 9)
        del state["application"]["l"][0]
        state["application"]["s"].discard(1)
        del state["application"]["d"]["x"]["y"]
        state["views"]["new"] = {}
        raise ZeroDivisionError

    await store.dispatch("FILLED")
    before = copy.deepcopy(store.state)
    with pytest.raises(ZeroDivisionError):
        await store.dispatch("BROKEN")
    assert store.state == before


@pytest.mark.asyncio
async def test_fifty_reducers_that_await_count_to_fifty(store):
    """Dispatches take effect one after the other, even where a reducer waits in the middle."""

    @kit.reducer("SLOW")
    async def slow(action, state):
        n = state["application"].get("n", 0)
        await asyncio.sleep(0)
        state["application"]["n"] = n + 1

    await asyncio.gather(*(store.dispatch("SLOW") for _ in range(50)))
    assert store.state["application"]["n"] == 50


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (object(), "application.x"),
        ({"deep": [1, {2.5: "float key"}]}, "application.x.deep"),
        ({"n": math.nan}, "application.x.n"),
        ([{1, (2, 3)}], "application.x"),
        (b"bytes", "application.x"),
        (frozenset({1}), "application.x"),
    ],
)
@pytest.mark.asyncio
async def test_a_value_that_storage_could_not_bring_back_is_refused_with_its_path(store, value, where):
    """What JSON can't hold never gets into the state."""

    @kit.reducer("SET")
    def put(action, state):
        state["application"]["x"] = action["payload"]["value"]

    with pytest.raises(UnstorableError) as refused:
        await store.dispatch("SET", {"value": value})
    assert str(refused.value).startswith(where)
    assert store.state["application"] == {}


@pytest.mark.asyncio
async def test_an_action_that_nobody_answers_names_the_reducer_to_write(store):
    """A typo in an action's name does not pass silently."""
    with pytest.raises(StateError, match=r"@kit\.reducer\('COUNTR'\)"):
        await store.dispatch("COUNTR")


@pytest.mark.asyncio
async def test_a_reducer_that_returns_a_new_state_is_told_to_change_the_draft(store):
    """The copying style of other libraries is refused, not half applied."""

    @kit.reducer("COPIED")
    def copied(action, state):
        state["application"]["x"] = 1
        return {"application": {}}

    with pytest.raises(StateError, match="change the `state` it is given"):
        await store.dispatch("COPIED")
    assert store.state["application"] == {}


@pytest.mark.asyncio
async def test_a_draft_kept_beyond_its_reducer_is_dead(store):
    """A leaked draft can't change the state behind the store's back."""
    leaked = []

    @kit.reducer("LEAKED")
    def leak(action, state):
        leaked.append(state["application"])

    await store.dispatch("LEAKED")
    with pytest.raises(StateError, match="a reducer that has returned"):
        leaked[0]["x"] = 1


@pytest.mark.asyncio
async def test_a_part_of_the_draft_that_was_removed_is_not_written_to(store):
    """Writing into a subtree after deleting it is an error instead of a lost change."""

    @kit.reducer("REMOVED")
    def removed(action, state):
        part = state["application"].setdefault("part", {})
        del state["application"]["part"]
        part["x"] = 1

    with pytest.raises(StateError, match="removed or replaced"):
        await store.dispatch("REMOVED")


@pytest.mark.asyncio
async def test_one_failing_subscriber_disturbs_nobody(store, caplog):
    """The change stands, the others hear of it, and the log says who failed."""
    add_counter(store)
    heard = []

    async def other(state, action):
        heard.append((action.type, state["application"]["counters"]["a"]))

    store.subscribe("bad", lambda state, action: 1 / 0)
    store.subscribe("good", other, {"COUNTED"})
    store.subscribe("elsewhere", other, {"SOMETHING_ELSE"})
    await store.dispatch("COUNTED", {"key": "a"})
    assert heard == [("COUNTED", 1)]
    assert "bad failed on COUNTED" in caplog.text


@pytest.mark.asyncio
async def test_a_follower_of_changes_can_rebuild_the_state_from_them(store):
    """The patches are enough to keep a copy up to date."""
    add_counter(store)
    replica = freeze(copy.deepcopy(store.state))
    changes: list[Change] = []
    stop = store.subscribe_changes(changes.append)
    for key in "abca":
        await store.dispatch("COUNTED", {"key": key})
    stop()
    await store.dispatch("COUNTED", {"key": "unheard"})
    for change in changes:
        apply(replica, change.patches)
    assert replica["application"] == {"counters": {"a": 2, "b": 1, "c": 1}}


@pytest.mark.asyncio
async def test_a_closed_store_says_where_the_current_one_is(store):
    """A callback of an ended bot life can't write into the new one."""
    add_counter(store)
    await store.close()
    with pytest.raises(StateError, match="get_store"):
        await store.dispatch("COUNTED", {"key": "a"})


def test_kits_own_actions_keep_their_reducers(store):
    """A bot can't take over an action that the views depend on by accident."""
    with pytest.raises(StateError, match="MY_VIEW_CREATED"):
        kit.reducer("VIEW_CREATED")(lambda action, state: None)
