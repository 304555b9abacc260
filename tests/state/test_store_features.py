"""What a store offers beside dispatch: selectors, batches, hooks, middleware, computed values, scopes, history."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kit
from kit.state import StateError, StateStore, UndoScope, get_store, thaw
from kit.state.selectors import Watchers, select


@pytest.fixture(autouse=True)
def reducers():
    @kit.reducer("SET")
    def put(action, state):
        state["application"][action["payload"]["key"]] = action["payload"]["value"]

    @kit.reducer("FAIL")
    def fail(action, state):
        state["application"]["half"] = True
        raise ZeroDivisionError("by design")


async def put(key, value):
    await get_store().dispatch("SET", {"key": key, "value": value})


@pytest.mark.asyncio
async def test_a_selector_wakes_only_for_what_it_has_read(store):
    """It is not even run for a change elsewhere."""
    heard, runs = [], []

    def score(state):
        runs.append(1)
        return state["application"].get("score", 0)

    store.subscribe("hud", lambda state, action: heard.append(state["application"]["score"]), selector=score)
    await put("score", 1)
    await put("other", 1)
    await put("score", 2)
    await put("score", 2)
    assert heard == [1, 2]
    assert len(runs) == 3


@pytest.mark.asyncio
async def test_a_selector_of_a_whole_branch_wakes_for_anything_in_it(store):
    """What it returns is live, so any change below counts."""
    heard = []
    store.subscribe("all", lambda state, action: heard.append(1), selector=lambda state: state["application"])
    await put("a", {"b": 1})
    await store.dispatch("SESSION_CREATED", {"session_id": "s"})
    await put("c", 2)
    assert heard == [1, 1]


@pytest.mark.asyncio
async def test_selector_and_action_filter_together(store):
    """A change by another action is heard of with the next action of the filter."""
    heard = []
    store.subscribe(
        "both",
        lambda state, action: heard.append(action.type),
        ["SET"],
        lambda state: sorted(state["sessions"]),
    )
    await store.dispatch("SESSION_CREATED", {"session_id": "s"})
    await put("a", 1)
    await put("b", 1)
    assert heard == ["SET"]


@pytest.mark.asyncio
async def test_a_selector_that_fails_is_logged_and_its_subscriber_told(store, caplog):
    """A view whose selector broke had better look for itself."""
    heard = []
    store.subscribe(
        "x", lambda state, action: heard.append(1), selector=lambda s: 1 // s["application"].get("n", 1)
    )
    await put("n", 0)
    assert heard == [1]
    assert "the selector of the subscriber x failed" in caplog.text


values = st.recursive(
    st.integers(0, 2), lambda inner: st.dictionaries(st.sampled_from("ab"), inner, max_size=2), max_leaves=6
)


@given(st.lists(st.tuples(st.lists(st.sampled_from("ab"), min_size=1, max_size=3), values), max_size=8))
def test_a_selector_never_misses_a_change(steps):
    """Whatever is changed: when its result differs, it was touched."""

    def selector(state):
        node = state["application"]
        for key in "ab":
            if not hasattr(node, "keys"):
                break
            node = node.get(key, {})
        return repr(thaw(node)) if not hasattr(node, "keys") else sorted(node)

    async def run():
        store = StateStore()

        def change(action, state):
            node = state["application"]
            *path, last = action["payload"]["path"]
            for key in path:
                if not hasattr(node.get(key), "keys"):
                    node[key] = {}
                node = node[key]
            node[last] = action["payload"]["value"]

        store.reducers.register("CHANGE", change)
        heard = []
        store.subscribe("s", lambda state, action: heard.append(1), selector=selector)
        for path, value in steps:
            before, count = select(selector, store.state)[0], len(heard)
            await store.dispatch("CHANGE", {"path": path, "value": value})
            assert (select(selector, store.state)[0] != before) <= (len(heard) > count)

    asyncio.run(run())


def test_watchers_leave_nothing_behind():
    """A hundred thousand views that come and go cost no memory."""
    watchers = Watchers()
    for number in range(100):
        watchers.put(("subscriber", str(number)), {("application", number, "x"), ("views",)})
        watchers.put(("subscriber", str(number)), {("application", number, "y")})
    assert watchers.touched([("application", 7)]) == {("subscriber", "7")}
    for number in range(100):
        watchers.discard(("subscriber", str(number)))
    assert watchers._root.inner == {}


@pytest.mark.asyncio
async def test_ten_thousand_deaf_subscribers_cost_a_dispatch_nothing(store):
    """Those who listen to another action are not even looked at."""
    for number in range(10_000):
        store.subscribe(str(number), lambda state, action: None, action_filter=["OTHER"])
    assert store._subscriptions.hearing({"SET"}, store.state) == []


@pytest.mark.asyncio
async def test_subscribers_that_await_run_at_once(store):
    """One slow message edit does not hold the others up."""
    running = []

    async def slow(state, action):
        running.append(1)
        await asyncio.sleep(0.01)
        assert len(running) == 20

    for number in range(20):
        store.subscribe(str(number), slow)
    await put("a", 1)
    assert store.counters()["notification_errors"] == 0


@pytest.mark.asyncio
async def test_a_batch_is_one_change_that_others_hear_of_once(store):
    """Subscribers of either action, and of BATCH_COMPLETE, are told once, when all of it is done."""
    heard = []
    store.subscribe(
        "set", lambda state, action: heard.append((action.type, len(state["application"]))), ["SET"]
    )
    store.subscribe(
        "batch",
        lambda state, action: heard.append(("b", len(action["payload"]["actions"]))),
        ["BATCH_COMPLETE"],
    )
    async with store.batch() as batch:
        await batch.dispatch("SET", {"key": "a", "value": 1})
        await put("b", 2)
        async with store.batch() as inner:
            await inner.dispatch("SET", {"key": "c", "value": 3})
        assert heard == []
    assert heard == [("BATCH_COMPLETE", 3), ("b", 3)]
    assert [action.type for action in store.history] == ["SET"] * 3
    with pytest.raises(StateError, match="this batch has ended"):
        await batch.dispatch("SET", {"key": "d", "value": 1})


@pytest.mark.asyncio
async def test_a_batch_that_fails_changes_nothing(store):
    """What is raised in the block takes all of it back, and comes out."""
    await put("n", 1)

    async def buy():
        async with store.batch():
            await put("n", 2)
            await put("m", {"x": [1, 2]})
            raise RuntimeError("no coins")

    with pytest.raises(RuntimeError, match="no coins"):
        await buy()
    assert store.state["application"] == {"n": 1}


@pytest.mark.asyncio
async def test_a_reducer_that_fails_in_a_batch_takes_back_only_its_own(store):
    """The block may catch it and go on."""
    async with store.batch() as batch:
        await put("a", 1)
        with pytest.raises(ZeroDivisionError):
            await batch.dispatch("FAIL")
        await put("b", 2)
    assert store.state["application"] == {"a": 1, "b": 2}


@pytest.mark.asyncio
async def test_others_wait_for_a_batch_and_flush_is_refused_in_it(store):
    """Another task's dispatch takes effect after the batch, and does not become part of it."""
    inside = asyncio.Event()

    async def other():
        await inside.wait()
        await put("n", "other")

    task = asyncio.create_task(other())
    async with store.batch():
        inside.set()
        await asyncio.sleep(0.01)
        await put("n", "batch")
        with pytest.raises(StateError, match="durable after its end"):
            await store.flush()
    await task
    assert store.state["application"] == {"n": "other"}


@pytest.mark.asyncio
async def test_hooks_are_called_after_the_subscribers(store):
    """By the action's type in either spelling; what a hook raises is logged."""
    heard = []
    store.subscribe("s", lambda state, action: heard.append("subscriber"))
    store.on("set", lambda action, state: heard.append("hook"))

    async def broken(action, state):
        raise ZeroDivisionError

    store.on("SET", broken)
    await put("a", 1)
    assert heard == ["subscriber", "hook"]
    store.off("SET", broken)
    with pytest.raises(ValueError, match="is no hook on 'SET'"):
        store.off("SET", broken)


@pytest.mark.asyncio
async def test_middleware_stands_around_the_reducer(store):
    """It may look before and after, pass another action on, stop it, or refuse it."""
    seen = []

    async def audit(action, state, go_on):
        seen.append(("before", dict(state["application"])))
        await go_on(action, state)
        seen.append(("after", dict(state["application"])))

    async def rules(action, state, go_on):
        if action["payload"]["key"] == "stopped":
            return
        if action["payload"]["key"] == "refused":
            raise PermissionError("not you")
        await go_on(action, state)

    store.add_middleware(audit)
    store.add_middleware(rules)
    heard = []
    store.subscribe("s", lambda state, action: heard.append(action["payload"]["key"]))
    await put("a", 1)
    await put("stopped", 1)
    with pytest.raises(PermissionError):
        await put("refused", 1)
    assert seen[:2] == [("before", {}), ("after", {"a": 1})]
    assert heard == ["a"]
    assert store.state["application"] == {"a": 1}
    store.remove_middleware(rules)
    await put("refused", 1)
    assert store.state["application"] == {"a": 1, "refused": 1}


@pytest.mark.asyncio
async def test_a_middleware_that_fails_after_the_reducer_takes_its_change_back(store):
    """Nothing is half done: the reducer ran, and what it did is gone."""

    async def fussy(action, state, go_on):
        await go_on(action, state)
        if len(state["application"]) > 1:
            raise OverflowError("too many keys")

    store.add_middleware(fussy)
    await put("a", 1)
    with pytest.raises(OverflowError):
        await put("b", 1)
    assert store.state["application"] == {"a": 1}


@pytest.mark.asyncio
async def test_computed_values_are_made_only_when_what_they_need_has_changed(store):
    """Reading it twice computes once; a change elsewhere computes nothing."""
    runs = []

    @kit.computed(selector=lambda state: state["application"].get("votes", {}))
    def total(votes):
        runs.append(1)
        return sum(votes.values())

    assert store.computed["total"] == 0
    await put("votes", {"a": 2, "b": 3})
    assert (store.computed["total"], store.computed["total"]) == (5, 5)
    await put("other", 1)
    assert store.computed["total"] == 5
    assert len(runs) == 2
    assert list(store.computed) == ["total"]
    with pytest.raises(StateError, match="no computed value is called 'votes'"):
        _ = store.computed["votes"]


@pytest.mark.asyncio
async def test_scoped_state_is_kept_as_the_guide_shows(store):
    """Under `application._scoped`, by the name and the id of the scope."""
    await store.set_scoped("user", {"theme": "dark"}, user_id=123)
    await store.set_scoped("user", {"size": 2}, user_id=123)
    await store.set_scoped("guild", {"prefix": "?"}, guild_id=456)
    assert store.state["application"]["_scoped"] == {
        "user:123": {"theme": "dark", "size": 2},
        "guild:456": {"prefix": "?"},
    }
    assert store.get_scoped("user", user_id=123)["size"] == 2
    assert store.get_scoped("user", user_id=9) == {}
    with pytest.raises(ValueError, match="needs a user_id"):
        store.get_scoped("user")
    with pytest.raises(ValueError, match="the scope 'server' is none of"):
        store.get_scoped("server", guild_id=1)


@pytest.mark.asyncio
async def test_history_has_the_latest_actions(store):
    """In order, with who and when, and not without end."""
    for number in range(250):
        await put("n", number)
    assert len(store.history) == 200
    assert store.history[-1].payload == {"key": "n", "value": 249}


@pytest.mark.asyncio
async def test_a_successor_has_what_the_code_registered_and_none_of_the_state(store):
    """As the next process, whose imports register all of it again."""
    kit.computed(selector=lambda state: state["application"].get("n"))(lambda n: n)
    heard = []
    store.on("SET", lambda action, state: heard.append(1))
    await put("n", 1)
    after = store.successor()
    assert after.state["application"] == {}
    await after.dispatch("SET", {"key": "n", "value": 5})
    assert after.computed["<lambda>"] == 5
    assert heard == [1, 1]


@pytest.mark.asyncio
async def test_a_change_of_another_process_comes_in_under_what_is_not_written_yet(store):
    """Both processes have counted the same counter up: the local count is made again on top."""

    @kit.reducer("COUNT")
    def count(action, state):
        state["application"]["n"] = state["application"].get("n", 0) + 1

    heard = []
    store.subscribe(
        "s", lambda state, action: heard.append(action.type), selector=lambda s: s["application"].get("n")
    )
    mine = [await store.dispatch("COUNT"), await store.dispatch("COUNT")]

    def theirs(state):
        assert "n" not in state["application"]
        state["application"]["n"] = 10

    await store.merge(theirs, lambda: mine)
    assert store.state["application"] == {"n": 12}
    assert heard == ["COUNT", "COUNT", "STATE_SYNCED"]


@pytest.mark.asyncio
async def test_an_action_that_fails_on_top_of_anothers_change_is_dropped_loudly(store, caplog):
    """It was possible when it was made, and is no longer; the rest goes on."""

    @kit.reducer("SPEND")
    def spend(action, state):
        if state["application"]["coins"] < 5:
            raise ValueError("not enough coins")
        state["application"]["coins"] -= 5

    failed = []
    store.on("error", lambda text, error: failed.append(str(error)))
    await put("coins", 8)
    mine = [await store.dispatch("SPEND"), await store.dispatch("SET", {"key": "a", "value": 1})]
    await store.merge(lambda state: state["application"].update(coins=3), lambda: mine)
    assert store.state["application"] == {"coins": 3, "a": 1}
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert failed == ["not enough coins"]
    assert "another process was faster" in caplog.text


@pytest.mark.asyncio
async def test_a_merge_that_can_not_be_read_changes_nothing(store):
    """What was taken back to make room for it is there again."""
    change = [await store.dispatch("SET", {"key": "a", "value": 1})]

    def broken(state):
        state["application"]["b"] = 2
        raise LookupError

    with pytest.raises(LookupError):
        await store.merge(broken, lambda: change)
    assert store.state["application"] == {"a": 1}


@pytest.mark.asyncio
async def test_undo_can_be_had_without_a_view(store):
    """A dispatch says whose undo it goes to."""
    await store.dispatch("SET", {"key": "a", "value": [1]}, undo=UndoScope("me"))
    await store.dispatch("UNDO", {"session_id": "me"})
    assert store.state["application"] == {}
    with pytest.raises(StateError, match="the undo_stack of the session 'me' is empty"):
        await store.dispatch("UNDO", {"session_id": "me"})


@pytest.mark.asyncio
async def test_what_a_caller_does_to_a_payload_later_is_no_part_of_the_action(store):
    """One dict may be used for many dispatches; each has what was in it then."""
    payload = {"key": "a", "value": [1]}
    change = [await store.dispatch("SET", payload)]
    payload["value"].append(2)
    payload["key"] = "b"
    await store.merge(lambda state: None, lambda: change)
    assert store.state["application"] == {"a": [1]}
    assert store.history[-1].payload == {"key": "a", "value": [1]}


@pytest.mark.asyncio
async def test_an_action_that_runs_again_passes_the_middleware_again(store, caplog):
    """What another process has spent meanwhile can't be spent a second time."""

    @kit.reducer("SPEND")
    def spend(action, state):
        state["application"]["coins"] -= 5

    async def no_debts(action, state, go_on):
        await go_on(action, state)
        if state["application"].get("coins", 0) < 0:
            raise ValueError("nobody may owe coins")

    heard = []
    store.on("SPEND", lambda action, state: heard.append(1))
    await put("coins", 5)
    store.add_middleware(no_debts)
    mine = [await store.dispatch("SPEND")]
    await store.merge(lambda state: state["application"].update(coins=0), lambda: mine)
    assert store.state["application"] == {"coins": 0}
    assert heard == [1]
    assert "nobody may owe coins" in caplog.text


@pytest.mark.asyncio
async def test_a_batch_waits_for_the_dispatch_that_runs_in_it(store):
    """Tasks that the block has started, and that are not done at its end, are part of it."""
    started = asyncio.Event()

    @kit.reducer("SLOW")
    async def slow(action, state):
        started.set()
        await asyncio.sleep(0.01)
        state["application"]["slow"] = True

    async def late():
        await started.wait()
        await store.dispatch("SET", {"key": "late", "value": 1})

    async with store.batch():
        running = asyncio.create_task(store.dispatch("SLOW"))
        waiting = asyncio.create_task(late())
        await started.wait()
        await asyncio.sleep(0)
    assert store.state["application"] == {"slow": True, "late": 1}
    await running
    await waiting


@pytest.mark.asyncio
async def test_a_reducer_that_dispatches_in_a_batch_is_told_so(store):
    """Outside and inside, by itself or by a task of its own, it is an error and no wait without end."""

    @kit.reducer("NESTED")
    async def nested(action, state):
        await asyncio.gather(put("x", 1))

    with pytest.raises(StateError, match="a reducer or a middleware called for 'SET'"):
        await store.dispatch("NESTED")
    async with store.batch():
        with pytest.raises(StateError, match="called for 'SET'"):
            await store.dispatch("NESTED")
        assert (await store.snapshot())["application"] == {}


@pytest.mark.asyncio
async def test_computed_values_follow_what_is_taken_back(store):
    """A value that was read in the middle of something that failed is made again."""
    kit.computed(selector=lambda state: state["application"].get("n", 0))(lambda n: n)
    name = "<lambda>"

    async def nosy(action, state, go_on):
        await go_on(action, state)
        assert store.computed[name] == action["payload"]["value"]
        if action["payload"]["value"] == 500:
            raise OverflowError

    store.add_middleware(nosy)
    await put("n", 1)
    with pytest.raises(OverflowError):
        await put("n", 500)
    assert store.computed[name] == 1
    async with store.batch():
        await put("n", 2)
        assert store.computed[name] == 2


@pytest.mark.asyncio
async def test_a_selector_that_failed_hears_again(store):
    """What it read before it failed is watched, and its next result counts as new."""
    heard = []
    await put("which", "a")
    await put("a", 1)
    store.subscribe(
        "s",
        lambda state, action: heard.append(1),
        selector=lambda s: s["application"][s["application"]["which"]],
    )
    await put("which", "b")
    await put("b", 7)
    await put("b", True)
    assert heard == [1, 1, 1]


@pytest.mark.asyncio
async def test_undo_remembers_as_many_steps_as_its_limit(store):
    """Twenty, if nothing else was said."""
    for number in range(30):
        await store.dispatch("SET", {"key": "n", "value": number}, undo=UndoScope("me"))
    assert len(store.state["sessions"]["me"]["undo_stack"]) == 20


@pytest.mark.asyncio
async def test_undo_never_takes_another_item_of_a_list_for_its_own(store):
    """Somebody has put an equal item before it: the step is refused, and both items stay as they are."""
    from kit.state import UndoConflictError

    @kit.reducer("TICK")
    def tick(action, state):
        state["application"]["todo"][action["payload"]["index"]]["done"] = True

    await put("todo", [{"text": "mine", "done": False}])
    await store.dispatch("TICK", {"index": 0}, undo=UndoScope("me"))
    await put("todo", [{"text": "theirs", "done": True}, {"text": "mine", "done": True}])
    with pytest.raises(UndoConflictError, match=r"application\.todo"):
        await store.dispatch("UNDO", {"session_id": "me"})
    assert [item["done"] for item in store.state["application"]["todo"]] == [True, True]
