"""A store on each kind of storage against plain containers, through restarts and crashes at any point."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from kit.persistence import SQLiteBackend, Writer
from kit.persistence.places import open_place
from kit.state import StateStore, thaw
from kit.state.reducers import Reducers
from tests.persistence.shared_storage import EVERY, SHARED, empty_place, stored
from tests.state.operations import perform, scalars, steps, strict

FULL = os.environ.get("KIT_SOAK") == "full"

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1200 if FULL else 120)]

SETTINGS = settings(
    max_examples=200 if FULL else 12,
    stateful_step_count=40 if FULL else 20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def changed(action: Any, state: Any) -> None:
    """Makes the steps of its payload."""
    for step in action.payload["steps"]:
        perform(state["application"], step)


def counted(action: Any, state: Any) -> None:
    """Adds to a counter, and to a list, that all processes share."""
    counters = state["application"].setdefault("counters", {})
    name = action.payload["name"]
    counters[name] = counters.get(name, 0) + 1
    state["application"].setdefault("log", []).append(action.payload["mark"])


REDUCERS = Reducers()
REDUCERS.register("CHANGED", changed)
REDUCERS.register("COUNTED", counted)


class Process:
    """What a bot's process has of its state: a store and the writer behind it. It shares this test's loop."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.store = StateStore(reducers=REDUCERS)

    async def start(self) -> None:
        """Load the state, and write from now on."""
        backend = open_place(self.place)
        if isinstance(backend, SQLiteBackend):
            backend.poll = 0.005
        self.store.load(await backend.load_state())
        self.writer = Writer(backend, self.store)
        self.store.journal = self.writer
        self.writer.listen()

    @property
    def application(self) -> dict[str, Any]:
        return thaw(self.store.state["application"])


class OnePlace(RuleBasedStateMachine):
    """A loop, and an empty place of a kind; both go at the end of the example."""

    kind = ""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.around = contextlib.AsyncExitStack()
        folder = self.around.enter_context(tempfile.TemporaryDirectory())
        self.place = self.run(self.around.enter_async_context(empty_place(self.kind, Path(folder))))

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    def teardown(self) -> None:
        try:
            self.run(self.finish())
        finally:
            self.run(self.around.aclose())
            self.runner.close()

    async def found(self) -> dict[str, Any]:
        """What the bot kept, as the next process finds it."""
        return (await stored(self.place)).get("application", {})

    async def finish(self) -> None:
        """What has to be so in the end; nothing of the processes is left then."""


class AloneMachine(OnePlace):
    """One process. `made` has the state after each change since the last one that surely is in storage."""

    def __init__(self) -> None:
        super().__init__()
        self.process = Process(self.place)
        self.run(self.process.start())
        self.made: list[dict[str, Any]] = [{}]

    @rule(made=steps("a", "b"))
    def dispatch(self, made):
        """A change, of which the writer has heard and no more."""
        tree = copy.deepcopy(self.made[-1])
        for step in made:
            perform(tree, step)
        self.run(self.process.store.dispatch("CHANGED", {"steps": made}))
        self.made.append(tree)
        assert strict(self.process.application) == strict(tree)

    @rule(seconds=st.sampled_from([0, 0, 0.0002, 0.001, 0.005]))
    def let_it_write(self, seconds):
        """Time goes by, so that what comes next finds the writer in the middle of something."""
        self.run(asyncio.sleep(seconds))

    @rule()
    def flush(self):
        """From now on nothing takes away what was made so far."""
        self.run(self.process.store.flush())
        assert strict(self.run(self.found())) == strict(self.made[-1])
        self.made = self.made[-1:]

    @rule()
    def restart(self):
        """The next process goes on exactly where this one ended."""
        self.run(self.process.store.close())
        self.begin_again()
        assert strict(self.process.application) == strict(self.made[-1])
        self.made = self.made[-1:]

    @rule()
    def crash(self):
        """The next process finds the changes up to one of them, whole and in order, and all that were flushed."""
        self.run(self.process.store.abandon())
        self.begin_again()
        found = strict(self.process.application)
        kept = [tree for tree in self.made if strict(tree) == found]
        assert kept, "the storage holds a state that never was"
        self.made = kept[-1:]

    def begin_again(self) -> None:
        self.process = Process(self.place)
        self.run(self.process.start())

    async def finish(self) -> None:
        await self.process.store.close()
        assert strict(await self.found()) == strict(self.made[-1])


class TogetherMachine(OnePlace):
    """Two processes on one place, which count together and change things of their own and each other's."""

    def __init__(self) -> None:
        super().__init__()
        self.processes = [Process(self.place), Process(self.place)]
        for process in self.processes:
            self.run(process.start())
        self.marks = 0
        # The marks that must be in the end, and those that a crash may have taken.
        self.flushed: set[int] = set()
        self.waiting: list[set[int]] = [set(), set()]
        self.doubtful: set[int] = set()

    who = st.sampled_from([0, 1])

    @rule(who=who, name=st.sampled_from(["x", "y"]), times=st.integers(1, 5))
    def count(self, who, name, times):
        """Whoever is faster, each count counts."""

        async def count() -> None:
            for _ in range(times):
                self.marks += 1
                self.waiting[who].add(self.marks)
                await self.processes[who].store.dispatch("COUNTED", {"name": name, "mark": self.marks})

        self.run(count())

    @rule(who=who, made=steps("a", "b"))
    def change(self, who, made):
        """Anything at all, where the other one does the same."""
        self.run(self.processes[who].store.dispatch("CHANGED", {"steps": made}))

    @rule(who=who, value=scalars)
    def keep(self, who, value):
        """Something of its own, as a panel's registration is."""
        made = [("put", ("own", f"process {who}"), value)]
        self.run(self.processes[who].store.dispatch("CHANGED", {"steps": made}))
        assert self.processes[who].application["own"][f"process {who}"] == value

    @rule(seconds=st.sampled_from([0, 0, 0.0002, 0.001, 0.01]))
    def let_them_write(self, seconds):
        """Time goes by."""
        self.run(asyncio.sleep(seconds))

    @rule(who=who)
    def flush(self, who):
        """What this one has counted stays, whatever the other does."""
        self.run(self.processes[who].store.flush())
        self.flushed |= self.waiting[who]
        self.waiting[who] = set()
        assert self.flushed <= set(self.run(self.found()).get("log", []))

    @rule(who=who, kill=st.booleans())
    def restart(self, who, kill):
        """One of them ends, and comes back; the other goes on."""
        store = self.processes[who].store
        self.run(store.abandon() if kill else store.close())
        if kill:
            self.doubtful |= self.waiting[who]
        else:
            self.flushed |= self.waiting[who]
        self.waiting[who] = set()
        self.processes[who] = Process(self.place)
        self.run(self.processes[who].start())

    @rule()
    def rest(self):
        """Nobody changes anything for a while: all hold the same."""
        self.run(self.settle())

    async def settle(self) -> None:
        for process in self.processes:
            await process.store.flush()
        self.flushed = self.flushed.union(*self.waiting)
        self.waiting = [set(), set()]
        there = await self.found()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(20):
                while any(strict(process.application) != strict(there) for process in self.processes):
                    await asyncio.sleep(0.002)
        for process in self.processes:
            assert strict(process.application) == strict(there)
        log = there.get("log", [])
        assert len(log) == len(set(log)), "something was counted twice"
        assert self.flushed <= set(log) <= self.flushed | self.doubtful
        assert sum(there.get("counters", {}).values()) == len(log)

    async def finish(self) -> None:
        try:
            await self.settle()
        finally:
            for process in self.processes:
                await process.store.close()


@pytest.mark.parametrize("kind", EVERY)
def test_storage_holds_what_was_made_up_to_some_point(kind):
    """Flushed, restarted or crashed at any moment: what is there is what was made, in order, to the end or nearly."""
    machine = type("AloneMachine", (AloneMachine,), {"kind": kind})
    run_state_machine_as_test(machine, settings=SETTINGS)


@pytest.mark.parametrize("kind", SHARED)
def test_two_processes_and_their_storage_come_to_hold_the_same(kind):
    """Every count of both is there once, whoever was overtaken, restarted or killed in between."""
    machine = type("TogetherMachine", (TogetherMachine,), {"kind": kind})
    run_state_machine_as_test(machine, settings=SETTINGS)
