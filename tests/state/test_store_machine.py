"""The store against plain containers, in whatever order things happen to it."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kit.state import Change, StateError, StateStore, UndoConflictError, UndoScope, thaw
from kit.state.patches import apply
from kit.state.reducers import Reducers
from kit.state.tree import freeze
from tests.state.operations import keys, perform, steps, strict

FULL = os.environ.get("KIT_SOAK") == "full"
LIMIT = 3
OURS = ("a", "b", "shared")
PEOPLE = ("ann", "bob")

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1200 if FULL else 120)]


class ByDesignError(Exception):
    """What a reducer of these tests raises."""


def changed(action: Any, state: Any) -> None:
    """Makes the steps of its payload, and fails after them if it is told to."""
    for step in action.payload["steps"]:
        perform(state["application"], step)
    if action.payload.get("fails"):
        raise ByDesignError


class Waiting:
    """A journal that writes nothing: it keeps the changes that are not durable yet."""

    def __init__(self) -> None:
        self.changes: list[Change] = []

    def record(self, _state: Any, change: Change) -> None:
        self.changes.append(change)

    def take(self) -> list[Change]:
        taken, self.changes = self.changes, []
        return taken


class Done:
    """What one step of a person's undo did, as far as the test knows: a branch before and after it."""

    def __init__(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        self.before, self.after = before, after

    def turned(self) -> Done:
        return Done(self.after, self.before)


class StoreMachine(RuleBasedStateMachine):
    """A store, and beside it what it should hold: `model`, and `durable`, which others have seen."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.reducers = Reducers()
        self.reducers.register("CHANGED", changed)
        self.store = StateStore(reducers=self.reducers)
        self.store.journal = self.waiting = Waiting()
        self.model: dict[str, Any] = {}
        self.durable = thaw(self.store.state)
        self.replica = freeze(thaw(self.store.state))
        self.announced: list[Change] = []
        self.store.subscribe_changes(self.announced.append)
        self.seen: dict[tuple[Any, ...], Any] = {}
        self.undo: dict[str, list[Done | None]] = {name: [] for name in PEOPLE}
        self.redo: dict[str, list[Done | None]] = {name: [] for name in PEOPLE}
        self.store.register_computed("size", lambda state: state["application"].get("a", {}), len)

    def teardown(self) -> None:
        self.runner.close()

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    def make(self, tree: dict[str, Any], made: list[Any]) -> dict[str, Any]:
        tree = copy.deepcopy(tree)
        for step in made:
            perform(tree, step)
        return tree

    def now(self) -> dict[str, Any]:
        return thaw(self.store.state["application"])

    @rule(made=steps(*OURS), who=st.sampled_from([None, *PEOPLE]))
    def dispatch(self, made, who):
        """An action that somebody can take back, or nobody."""
        before, self.model = self.model, self.make(self.model, made)
        scope = None if who is None else UndoScope(who, limit=LIMIT)
        change = self.run(self.store.dispatch("CHANGED", {"steps": made}, undo=scope))
        self.remember(who, before, change)

    def remember(self, who: str | None, before: dict[str, Any], change: Change) -> None:
        if who is not None and any(patch.path[0] == "application" for patch in change.patches):
            self.undo[who] = [*self.undo[who], Done(before, self.model)][-LIMIT:]
            self.redo[who] = []

    @rule(made=steps(*OURS))
    def fail(self, made):
        """An action whose reducer raises after it has changed things."""
        with pytest.raises(ByDesignError):
            self.run(self.store.dispatch("CHANGED", {"steps": made, "fails": True}))

    @rule(
        groups=st.lists(st.tuples(steps(*OURS), st.booleans()), min_size=1, max_size=3),
        fails=st.booleans(),
        who=st.sampled_from([None, *PEOPLE]),
    )
    def batch(self, groups, fails, who):
        """Several actions, some of which fail by themselves, and perhaps all are taken back."""
        scope = None if who is None else UndoScope(who, limit=LIMIT)
        before = self.model

        async def perform_all() -> None:
            async with self.store.batch(undo=scope) as batch:
                for made, fails_alone in groups:
                    with contextlib.suppress(ByDesignError):
                        await batch.dispatch("CHANGED", {"steps": made, "fails": fails_alone})
                if fails:
                    raise ByDesignError

        with contextlib.suppress(ByDesignError):
            self.run(perform_all())
        if not fails:
            for made, fails_alone in groups:
                if not fails_alone:
                    self.model = self.make(self.model, made)
            self.remember(who, before, self.announced[-1])

    @rule(who=st.sampled_from(PEOPLE))
    def take_back(self, who):
        """Undo: exact where nobody came between; never half; never what others did elsewhere."""
        self.step("UNDO", who, self.undo[who], self.redo[who])

    @rule(who=st.sampled_from(PEOPLE))
    def make_again(self, who):
        """Redo, likewise."""
        self.step("REDO", who, self.redo[who], self.undo[who])

    def step(self, kind: str, who: str, source: list[Done | None], target: list[Done | None]) -> None:
        known = source[-1] if source else None
        untouched = known is not None and strict(known.after) == strict(self.model)
        try:
            self.run(self.store.dispatch(kind, {"session_id": who}))
        except UndoConflictError:
            assert source
            assert not untouched, "it can't be taken back, though nothing was changed since"
            stack = f"{kind.lower()}_stack"
            self.run(self.store.dispatch("UNDO_DROPPED", {"session_id": who, "stack": stack}))
            source.pop()
            return
        except StateError:
            assert not source
            return
        done = source.pop()
        before, self.model = self.model, self.now()
        if untouched:
            assert strict(self.model) == strict(known.before)
        elif done is not None:
            elsewhere = {
                branch
                for branch in {*before, *self.model}
                if strict(done.before.get(branch)) == strict(done.after.get(branch))
            }
            for branch in elsewhere:
                assert strict(self.model.get(branch)) == strict(before.get(branch))
        target.append(Done(before, self.model))

    @rule()
    def become_durable(self):
        """All so far is in storage, and others may build on it."""
        self.waiting.take()
        self.durable = thaw(self.store.state)

    @rule(made=steps(*OURS))
    def be_overtaken(self, made):
        """Others have changed the same things before ours were durable: ours are made again on top of theirs."""
        for step in made:
            perform(self.durable["application"], step)
        expected = self.again(self.waiting.changes)
        self.run(
            self.store.merge(
                lambda draft: [perform(draft["application"], step) for step in made], self.waiting.take
            )
        )
        assert strict(thaw(self.store.state)) == strict(expected)
        self.model = self.now()
        for who in PEOPLE:
            # Which steps of undo are left depends on which of them had to be dropped.
            session = self.store.state["sessions"].get(who, {"undo_stack": [], "redo_stack": []})
            self.undo[who] = [None] * len(session["undo_stack"])
            self.redo[who] = [None] * len(session["redo_stack"])

    def again(self, changes: list[Change]) -> dict[str, Any]:
        """The state of a store that others' changes reach first, and then ours."""
        other = StateStore(reducers=self.reducers)
        other.load(self.durable)

        async def replay(change: Change) -> None:
            if len(change.actions) == 1 and change.action is change.actions[0]:
                [action] = change.actions
                await other.dispatch(action.type, action.payload, undo=action.undo)
                return
            async with other.batch():
                for action in change.actions:
                    await other.dispatch(action.type, action.payload, undo=action.undo)

        for change in changes:
            with contextlib.suppress(StateError):
                self.run(replay(change))
        return thaw(other.state)

    @rule(made=steps("theirs"))
    def hear_of_others(self, made):
        """Others have changed what is none of ours: ours stays, and what waits is still to be written."""
        waiting = list(self.waiting.changes)
        self.model = self.make(self.model, made)
        for step in made:
            perform(self.durable["application"], step)
        self.run(self.store.merge(lambda draft: [perform(draft["application"], step) for step in made]))
        assert self.waiting.changes == waiting

    @rule()
    def a_merge_that_fails(self):
        """A row of another process that can't be read changes nothing, and loses nothing of ours."""
        waiting = list(self.waiting.changes)

        def adopt(draft: Any) -> None:
            draft["application"]["a"] = {"half": True}
            raise ByDesignError

        with pytest.raises(ByDesignError):
            self.run(self.store.merge(adopt, self.waiting.take))
        assert self.waiting.changes == waiting

    @precondition(lambda self: len(self.seen) < 6)
    @rule(branch=st.sampled_from([*OURS, "theirs"]), rest=st.lists(keys, max_size=2))
    def subscribe(self, branch, rest):
        """A view that looks at one place of the state."""
        path = (branch, *rest)

        def look(state: Any) -> Any:
            found = state["application"]
            for key in path:
                if not hasattr(found, "keys") or key not in found:
                    return "nothing"
                found = found[key]
            return found

        def told(state: Any, _action: Any) -> None:
            self.seen[path] = thaw(look(state))

        self.store.subscribe(str(path), told, selector=look)
        told(self.store.state, None)

    @invariant()
    def the_store_holds_what_it_should(self):
        assert strict(self.now()) == strict(self.model)
        size = self.model.get("a", {})
        assert self.store.computed["size"] == len(size)

    @invariant()
    def undo_is_as_long_as_it_should_be(self):
        for who in PEOPLE:
            session = self.store.state["sessions"].get(who, {"undo_stack": [], "redo_stack": []})
            assert len(session["undo_stack"]) == len(self.undo[who])
            assert len(session["redo_stack"]) == len(self.redo[who])

    @invariant()
    def nobody_missed_a_change(self):
        for path, seen in self.seen.items():
            found: Any = self.model
            for key in path:
                found = found[key] if isinstance(found, dict) and key in found else "nothing"
            assert strict(seen) == strict(found), path

    @invariant()
    def patches_lead_both_ways(self):
        for change in self.announced:
            before = thaw(self.replica)
            apply(self.replica, change.patches)
            back = freeze(thaw(self.replica))
            apply(back, change.inverses)
            assert strict(thaw(back)) == strict(before)
        self.announced.clear()
        assert strict(thaw(self.replica)) == strict(thaw(self.store.state))


def test_a_store_holds_what_plain_containers_would():
    """Whatever is dispatched, taken back, merged and watched, in whatever order."""
    run_state_machine_as_test(
        StoreMachine,
        settings=settings(
            max_examples=1_000 if FULL else 50,
            stateful_step_count=50 if FULL else 20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
