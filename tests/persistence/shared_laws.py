"""What every backend that several processes share must do; a test class for each inherits these."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import random
import sys
from pathlib import Path
from typing import Any

import pytest

from kit.persistence.backends import FellBehindError, OvertakenError, SharedBackend
from kit.persistence.codec import path_text
from kit.persistence.leaves import Write, assemble, below, coalesce, flatten

PROCESS = Path(__file__).with_name("writing_process.py")

STATE = {
    "views": {"a1": {"type": "Panel", "message_id": 2**60}},
    "sessions": {"Panel:user_1": {"views": ["a1"], "nav_stack": [], "data": {"page": 3}}},
    "application": {
        "counters": {"a": 1, 7: 2, "7": 3, -1: None},
        "empty": {},
        "list": [1, [2, {"x": True}]],
        "set": {"x", "y"},
        "tuple": (1, ("2",)),
        "at": dt.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=dt.UTC),
        "day": dt.date(2026, 1, 2),
        "span": dt.timedelta(days=1, microseconds=2),
        "float": 0.1,
        "text": "nul \0, half a pair \ud83d, 日本語 🎉, \"quotes\" 'and' \\ %s {} $1",
        "key with \0 and \udc00 and ' and {}": 1,
    },
    "persistent_views": {"roles:main": {"class_name": "Roles", "message_id": 2**63}},
}


def key(*path: Any) -> str:
    """The key of the row at `path`."""
    return path_text(path)


A, B, C = key("application", "a"), key("application", "b"), key("application", "c")


class Copy(dict[str, str]):
    """What one process holds in memory: rows, kept up with by what `changes()` tells."""

    def adopt(self, rows: list[Write]) -> None:
        for row in rows:
            if row.subtree:
                low, high = below(row.key)
                for found in [found for found in self if low <= found < high]:
                    del self[found]
            if row.value is None:
                self.pop(row.key, None)
            else:
                self[row.key] = row.value


class SharedLaws:
    """The tests. A subclass has the fixture `connect`: it makes backends of one storage, and closes them.

    `connect(**options)` gives another process's view of the same storage; `spawn` has the
    arguments by which `writing_process.py` finds it.
    """

    @pytest.mark.asyncio
    async def test_a_state_of_all_types_comes_back(self, connect):
        """What was saved is what another process loads, byte for byte."""
        writer, reader = connect(), connect()
        assert await writer.load_state() == {}
        assert isinstance(writer, SharedBackend)
        assert await writer.save_state(STATE) is True
        assert await reader.load_state() == STATE
        await writer.close()
        await writer.close()
        assert await writer.load_state() == STATE, "a closed backend opens again"

    @pytest.mark.asyncio
    async def test_saving_a_whole_state_leaves_nothing_of_the_former(self, connect):
        """A migration into a storage that was used before doesn't mix two states."""
        writer = connect()
        await writer.save_state(STATE)
        await writer.save_state({"application": {"n": 1}})
        assert await connect().load_state() == {"application": {"n": 1}}

    @pytest.mark.asyncio
    async def test_each_kind_of_change_reaches_the_other_process(self, connect):
        """Set, changed, removed, a list, a mapping replaced by another, and a branch removed with all in it."""
        ours, theirs = connect(), connect()
        await ours.save_state({"application": {"a": {"x": 1, "y": {"z": 2}}, "b": [1], "c": 3}})
        await theirs.load_state()

        await ours.write([Write(C, "4"), Write(key("application", "new"), '"n"')])
        assert await theirs.changes() == [Write(C, "4"), Write(key("application", "new"), '"n"')]
        await ours.write([Write(C, None)])
        assert await theirs.changes() == [Write(C, None)]
        await ours.write([Write(B, "[1,2]")])
        assert await theirs.changes() == [Write(B, "[1,2]")]

        await ours.write([Write(A, "{}", subtree=True), Write(key("application", "a", "x"), "9")])
        assert await theirs.changes() == [
            Write(A, "{}", subtree=True),
            Write(key("application", "a", "x"), "9"),
        ]
        assert await connect().load_state() == {"application": {"a": {"x": 9}, "b": [1, 2], "new": "n"}}
        await ours.write([Write(A, None, subtree=True)])
        assert await theirs.changes() == [Write(A, None, subtree=True)]
        assert await connect().load_state() == {"application": {"b": [1, 2], "new": "n"}}

        replaced = Write(key("application", "a", "x"), "{}", subtree=True)
        await ours.write([Write(A, "{}"), replaced])
        assert await theirs.changes() == [Write(A, "{}"), replaced], "parents come first"

    @pytest.mark.asyncio
    async def test_nothing_is_told_twice_and_ones_own_writes_never(self, connect):
        """A process hears of others only, and of each write once, however many there were before it asked."""
        ours, theirs = connect(), connect()
        await ours.load_state()
        await theirs.load_state()
        await ours.write([Write(A, "1")])
        await ours.write([Write(A, "2"), Write(B, "1")])
        assert await ours.changes() == []
        assert await theirs.changes() == [Write(A, "2"), Write(B, "1")]
        assert await theirs.changes() == []

    @pytest.mark.asyncio
    async def test_what_was_written_before_a_load_is_not_told_after_it(self, connect):
        """Loading is reading: only what comes later is news."""
        ours, theirs = connect(), connect()
        await ours.write([Write(A, "1")])
        assert await theirs.load_state() == {"application": {"a": 1}}
        assert await theirs.changes() == []

    @pytest.mark.asyncio
    async def test_writes_to_different_rows_are_both_kept(self, connect):
        """Two processes that have not read each other write beside each other, and both hear of it."""
        ours, theirs = connect(), connect()
        await ours.load_state()
        await theirs.load_state()
        await ours.write([Write(A, "1")])
        await theirs.write([Write(B, "2")])
        await ours.write([Write(A, "4")])
        await theirs.write([Write(B, "3"), Write(C, "5")])
        await ours.write([Write(A, "6")])
        assert await connect().load_state() == {"application": {"a": 6, "b": 3, "c": 5}}
        assert sorted(await ours.changes()) == [Write(B, "3"), Write(C, "5")]
        assert await theirs.changes() == [Write(A, "6")]

    @pytest.mark.parametrize(
        ("theirs", "ours"),
        [
            ([Write(A, "1", subtree=True)], [Write(A, "2", subtree=True)]),
            ([Write(A, None, subtree=True)], [Write(A, "2", subtree=True)]),
            ([Write(A, None, subtree=True)], [Write(key("application", "a", "x"), "2")]),
            ([Write(A, "5", subtree=True)], [Write(key("application", "a", "x"), "2")]),
            ([Write(key("application", "a", "y"), "2")], [Write(A, "{}", subtree=True)]),
        ],
        ids=["same row", "removed", "parent removed", "parent replaced", "below what is cleared"],
    )
    @pytest.mark.asyncio
    async def test_who_was_overtaken_writes_nothing_until_it_has_read(self, connect, theirs, ours):
        """A write that would undo another process's is refused whole; after `changes()` it is made."""
        first, second = connect(), connect()
        await first.save_state({"application": {"a": {"x": 1}, "b": 0}})
        await second.load_state()
        await first.write(theirs)
        before = await connect().load_state()
        for _ in range(2):
            with pytest.raises(OvertakenError, match="changes"):
                await second.write([*ours, Write(B, "1")])
        assert await connect().load_state() == before
        assert await second.changes() == theirs
        await second.write([Write(A, "{}"), *ours, Write(B, "1")])
        assert (await connect().load_state())["application"]["b"] == 1

    @pytest.mark.asyncio
    async def test_who_fell_behind_is_told_to_load(self, connect):
        """The log is pruned; a process that never asked can't go on from it, and loses nothing by loading."""
        ours, slow = connect(changes_kept=20), connect()
        await ours.load_state()
        await slow.load_state()
        for number in range(10):
            await ours.write([Write(A, str(number))])
        assert await slow.changes() == [Write(A, "9")]
        for number in range(50):
            await ours.write([Write(A, str(number))])
        with pytest.raises(OvertakenError, match="load_state"):
            await slow.write([Write(B, "1")])
        for _ in range(2):
            with pytest.raises(FellBehindError, match="load_state"):
                await slow.changes()
        assert await slow.load_state() == {"application": {"a": 49}}
        assert await slow.changes() == []
        await slow.write([Write(A, "50")])
        assert await ours.changes() == [Write(A, "50")]

    @pytest.mark.asyncio
    async def test_a_whole_state_saved_by_another_is_loaded_whole(self, connect):
        """The others hear of it, and none writes on top of what is no longer there."""
        ours, theirs = connect(), connect()
        await ours.load_state()
        await theirs.load_state()
        await ours.save_state({"application": {"n": 1}})
        with pytest.raises(OvertakenError):
            await theirs.write([Write(A, "1")])
        with pytest.raises(FellBehindError):
            await theirs.changes()
        assert await theirs.load_state() == {"application": {"n": 1}}
        assert await ours.changes() == []

    @pytest.mark.asyncio
    async def test_copies_that_adopt_changes_stay_equal_to_the_storage(self, connect):
        """Three processes write at random and read each other at random: in the end all hold the same."""
        chance = random.Random(20261121)
        processes = [(connect(), Copy()) for _ in range(3)]
        for backend, _ in processes:
            await backend.load_state()
        overtaken = 0
        for _ in range(150):
            backend, copy = chance.choice(processes)
            rows = coalesce(some_rows(chance, copy))
            try:
                await backend.write(rows)
            except OvertakenError:
                overtaken += 1
                copy.adopt(await backend.changes())
            else:
                copy.adopt(rows)
            if chance.random() < 0.2:
                copy.adopt(await backend.changes())
        assert overtaken > 5
        stored = await connect().load_state()
        for backend, copy in processes:
            copy.adopt(await backend.changes())
            assert assemble(copy.items()) == stored

    @pytest.mark.asyncio
    async def test_real_processes_lose_nothing_to_each_other(self, connect, spawn):
        """Two processes write rows of their own and count one counter up together; every write is there."""
        backend = connect()
        await backend.save_state({"application": {"count": 0, "left": {}, "right": {}}})
        processes = [
            await asyncio.create_subprocess_exec(
                *(
                    sys.executable,
                    "-W",
                    "error",
                    "-W",
                    "ignore::DeprecationWarning",
                    str(PROCESS),
                    *spawn,
                    name,
                    "40",
                ),
                stdout=asyncio.subprocess.PIPE,
            )
            for name in ("left", "right")
        ]
        for process in processes:
            output, _ = await process.communicate()
            assert (process.returncode, output) == (0, b"done\n")
        assert await backend.load_state() == {
            "application": {
                "count": 80,
                "left": {number: number for number in range(40)},
                "right": {number: number for number in range(40)},
            }
        }

    @pytest.mark.asyncio
    async def test_processes_that_start_at_once_all_find_a_storage(self, connect):
        """The tables are made by whoever comes first; nobody fails because somebody else is making them."""
        backends = [connect() for _ in range(8)]
        assert await asyncio.gather(*(backend.load_state() for backend in backends)) == [{}] * 8

    @pytest.mark.asyncio
    async def test_a_waiting_process_wakes_when_another_writes_and_not_for_itself(self, connect):
        """`changed()` returns well within a second, with something to read."""
        ours, theirs = connect(), connect()
        await ours.load_state()
        await theirs.load_state()
        with contextlib.suppress(TimeoutError):
            # The first time it may return at once.
            await asyncio.wait_for(ours.changed(), 0.3)
        await ours.write([Write(A, "1")])
        waiting = asyncio.ensure_future(ours.changed())
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await theirs.write([Write(B, "2")])
        await asyncio.wait_for(waiting, 1)
        assert await ours.changes() == [Write(B, "2")]

    @pytest.mark.asyncio
    async def test_a_caller_that_is_cancelled_while_reading_misses_nothing(self, connect):
        """What others wrote is read by who gets it, not by who gave up."""
        ours, theirs = connect(), connect()
        await ours.load_state()
        await theirs.load_state()
        await theirs.write([Write(A, "1")])
        for moment in range(5):
            reading = asyncio.ensure_future(ours.changes())
            await asyncio.sleep(moment * 0.0002)
            if not reading.cancel():
                assert reading.result() == [Write(A, "1")]
                return
            await asyncio.gather(reading, return_exceptions=True)
        assert await ours.changes() == [Write(A, "1")]

    @pytest.mark.asyncio
    async def test_a_hundred_thousand_rows_take_seconds(self, connect):
        """A large bot's state is saved, rewritten in one group, loaded and removed without a pause to notice."""
        backend, other = connect(), connect()
        state = {"application": {"counters": {number: number for number in range(100_000)}}}
        async with asyncio.timeout(30):
            await backend.save_state(state)
            assert await other.load_state() == state
            await backend.write([row._replace(value="1") for row in flatten(state) if row.value != "{}"])
            assert len(await other.changes()) == 100_000
            await backend.write([Write(key("application", "counters"), None, subtree=True)])
            assert await other.load_state() == {"application": {}}


def some_rows(chance: random.Random, copy: Copy) -> list[Write]:
    """Writes that a store with `copy` could make: parents are mappings, and clearings cover what was there."""
    rows = []
    for _ in range(chance.randint(1, 3)):
        path: tuple[Any, ...] = ("application",)
        for _ in range(chance.randint(1, 3)):
            path = (*path, chance.choice(["x", "y", 1]))
        for length in range(1, len(path)):
            if copy.get(key(*path[:length])) != "{}":
                rows.append(Write(key(*path[:length]), "{}", subtree=True))
        value = chance.choice([None, "{}", "[1]", str(chance.randint(0, 99))])
        rows.append(Write(key(*path), value, subtree=True))
        copy = Copy(copy)
        copy.adopt(rows)
    return rows
