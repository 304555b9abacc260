"""Moving a whole state from one storage to another: all of it or none, and the source as it was."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import math
import sqlite3
from pathlib import Path

import pytest

from kit.persistence import FileStorageBackend, SQLiteBackend, StorageError
from kit.persistence.backup import back_up
from kit.persistence.leaves import Write
from kit.persistence.migration import migrate_storage
from kit.persistence.reading import read
from kit.state import UnstorableError
from tests.persistence.test_legacy import SAMPLE, check

DATA = Path(__file__).parent / "data"

STATE = {
    "views": {},
    "sessions": {"Hub:user_1": {"views": [], "nav_stack": [], "data": {"page": 2}}},
    "application": {
        "counters": {"a": 1, 7: 2, "7": 3},
        "tags": {"x", "y"},
        "at": dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC),
        "pair": (1, "two"),
        "empty": {},
        "$odd": {"$set": [1]},
    },
    "persistent_views": {"roles:main": {"class_name": "Roles", "message_id": 2**60, "channel_id": 5}},
}


def old_database(path: Path) -> Path:
    """The SQLite file of pycascadeui, as it was left."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode=WAL")
    database.executescript((DATA / "pycascadeui-2.1.0.sql").read_text(encoding="utf-8"))
    database.close()
    return path


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, byte by byte."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


class Memory:
    """A backend of somebody's own: the two methods, and JSON as everybody writes it."""

    def __init__(self, state: dict | None = None) -> None:
        self.text = json.dumps(state or {})

    async def save_state(self, state: dict) -> bool:
        self.text = json.dumps(state)
        return True

    async def load_state(self) -> dict:
        return json.loads(self.text)


class Exact(Memory):
    """One that keeps every type, by keeping the objects."""

    def __init__(self, state: dict | None = None) -> None:
        self.state = state or {}

    async def save_state(self, state: dict) -> bool:
        self.state = state
        return True

    async def load_state(self) -> dict:
        return self.state


@pytest.mark.asyncio
async def test_from_a_file_to_a_database_as_in_the_guide(tmp_path):
    """The two lines of the guide move everything, types included, and change nothing in the source."""
    await FileStorageBackend(tmp_path / "old_state.json").save_state(STATE)
    before = files(tmp_path)
    await migrate_storage(
        source=FileStorageBackend(tmp_path / "old_state.json"),
        target=SQLiteBackend(tmp_path / "viewkit.db"),
    )
    target = SQLiteBackend(tmp_path / "viewkit.db")
    assert await target.load_state() == STATE
    await target.close()
    assert (tmp_path / "old_state.json").read_bytes() == before["old_state.json"]


@pytest.mark.asyncio
async def test_there_and_back_again(tmp_path):
    """What went into a database comes back into a file, by position as well as by keyword."""
    await migrate_storage(Exact(STATE), SQLiteBackend(tmp_path / "state.db"))
    done = await migrate_storage(
        SQLiteBackend(tmp_path / "state.db"), FileStorageBackend(tmp_path / "state.json")
    )
    assert await FileStorageBackend(tmp_path / "state.json").load_state() == STATE
    assert (done.panels, done.source.kind, done.target.kind) == (1, "SQLite file", "JSON file")
    assert done.notes == []


@pytest.mark.parametrize("kind", ["json", "db"])
@pytest.mark.asyncio
async def test_from_the_storage_of_pycascadeui(tmp_path, kind):
    """Its file and its table are recognised without a word, and left as they were."""
    if kind == "json":
        old = tmp_path / "old.json"
        old.write_text(SAMPLE, encoding="utf-8")
        source = FileStorageBackend(old)
    else:
        source = SQLiteBackend(old_database(tmp_path / "old.db"))
    before = files(tmp_path)
    done = await migrate_storage(source, SQLiteBackend(tmp_path / "new.db"))
    target = SQLiteBackend(tmp_path / "new.db")
    check(await target.load_state())
    await target.close()
    assert len(done.notes) == 4
    assert {name: files(tmp_path)[name] for name in before} == before


@pytest.mark.asyncio
async def test_a_backend_of_ones_own_that_wraps_pycascadeuis_form(tmp_path):
    """The form is recognised in whatever a backend returns."""
    await migrate_storage(Memory(json.loads(SAMPLE)), FileStorageBackend(tmp_path / "state.json"))
    check(await FileStorageBackend(tmp_path / "state.json").load_state())


@pytest.mark.asyncio
async def test_a_target_that_holds_something_is_refused_and_kept(tmp_path):
    """The error names how much would be lost, and the way to lose it on purpose."""
    for target in (FileStorageBackend(tmp_path / "state.json"), SQLiteBackend(tmp_path / "state.db")):
        await target.save_state({"application": {"n": 1}})
        with pytest.raises(StorageError, match=r"already holds 2 leaves.*replace=True"):
            await migrate_storage(Exact(STATE), target)
        assert await target.load_state() == {"application": {"n": 1}}
        await migrate_storage(Exact(STATE), target, replace=True)
        assert await target.load_state() == STATE
        if isinstance(target, SQLiteBackend):
            await target.close()


@pytest.mark.asyncio
async def test_a_target_that_was_only_opened_counts_as_empty(tmp_path):
    """A bot that was started once on its new database has nothing to lose."""
    target = SQLiteBackend(tmp_path / "state.db")
    await target.save_state({"views": {}, "sessions": {}, "application": {}, "persistent_views": {}})
    await migrate_storage(Exact(STATE), target)
    assert await target.load_state() == STATE
    await target.close()


@pytest.mark.asyncio
async def test_an_old_database_of_another_bot_is_not_empty(tmp_path):
    """The state of pycascadeui in the target is a state, though kit's table is not there."""
    with pytest.raises(StorageError, match="already holds"):
        await migrate_storage(Exact(STATE), SQLiteBackend(old_database(tmp_path / "old.db")))


@pytest.mark.asyncio
async def test_an_empty_source_is_an_error(tmp_path):
    """A misspelt path is not a migration that went well."""
    with pytest.raises(StorageError, match=r"nothing is stored in .*typo\.json"):
        await migrate_storage(
            FileStorageBackend(tmp_path / "typo.json"), SQLiteBackend(tmp_path / "state.db")
        )
    with pytest.raises(StorageError, match=r"nothing is stored in .*typo\.db"):
        await migrate_storage(SQLiteBackend(tmp_path / "typo.db"), SQLiteBackend(tmp_path / "state.db"))
    assert files(tmp_path) == {}


@pytest.mark.asyncio
async def test_a_storage_is_not_migrated_onto_itself(tmp_path):
    """Even with replace=True, and by another name of the same file."""
    await FileStorageBackend(tmp_path / "state.json").save_state(STATE)
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError, match="give another target"):
        await migrate_storage(
            FileStorageBackend(tmp_path / "state.json"),
            FileStorageBackend(tmp_path / "folder" / ".." / "state.json"),
            replace=True,
        )


@pytest.mark.asyncio
async def test_a_torn_source_leaves_the_target_alone(tmp_path):
    """The error is about the source, and neither of the two is touched."""
    (tmp_path / "old.json").write_text(SAMPLE[:-30], encoding="utf-8")
    (tmp_path / "torn.db").write_bytes(b"SQLite format 3\x00" + b"torn" * 2000)
    target = FileStorageBackend(tmp_path / "state.json")
    await target.save_state({"application": {"n": 1}})
    before = files(tmp_path)
    for source in (FileStorageBackend(tmp_path / "old.json"), SQLiteBackend(tmp_path / "torn.db")):
        with pytest.raises(StorageError, match=r"old\.json|torn\.db"):
            await migrate_storage(source, target, replace=True)
    assert files(tmp_path) == before


@pytest.mark.asyncio
async def test_a_torn_file_with_a_good_backup_is_read_from_the_backup(tmp_path):
    """It says so, and does not set the torn file aside as a starting bot would."""
    (tmp_path / "old.json").write_text(SAMPLE[:-30], encoding="utf-8")
    (tmp_path / "old.json.bak").write_text(SAMPLE, encoding="utf-8")
    before = files(tmp_path)
    done = await migrate_storage(FileStorageBackend(tmp_path / "old.json"), Exact())
    assert "Its backup" in done.notes[0]
    assert files(tmp_path) == before


@pytest.mark.asyncio
async def test_a_target_that_cannot_be_read_is_not_overwritten(tmp_path):
    """Not even with replace=True: somebody may still repair it."""
    (tmp_path / "state.json").write_text('{"application": ')
    with pytest.raises(StorageError, match=r"state\.json"):
        await migrate_storage(Exact(STATE), FileStorageBackend(tmp_path / "state.json"), replace=True)
    assert (tmp_path / "state.json").read_text() == '{"application": '


@pytest.mark.asyncio
async def test_a_dry_run_writes_nothing(tmp_path):
    """It reports what would be moved; there is no file afterwards that was not there before."""
    await FileStorageBackend(tmp_path / "state.json").save_state(STATE)
    before = files(tmp_path)
    done = await migrate_storage(
        FileStorageBackend(tmp_path / "state.json"), SQLiteBackend(tmp_path / "new.db"), dry_run=True
    )
    assert (done.panels, done.target.is_empty) == (1, True)
    assert files(tmp_path) == before


@pytest.mark.asyncio
async def test_a_target_without_a_folder_is_refused_by_the_dry_run_too(tmp_path):
    """A dry run that is told all is well is followed by a migration that goes well."""
    with pytest.raises(StorageError, match="does not exist: create it"):
        await migrate_storage(Exact(STATE), SQLiteBackend(tmp_path / "none" / "new.db"), dry_run=True)


@pytest.mark.asyncio
async def test_a_locked_target_keeps_what_it_held(tmp_path):
    """The write is one transaction: it is refused as a whole."""
    target = SQLiteBackend(tmp_path / "state.db", timeout=0.1)
    await target.save_state({"application": {"n": 1}})
    await target.close()
    locked = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    locked.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="locked"):
        await migrate_storage(Exact(STATE), target, replace=True)
    locked.close()
    assert await target.load_state() == {"application": {"n": 1}}
    await target.close()


@pytest.mark.asyncio
async def test_a_backend_that_loses_types_is_found_out_and_given_back_its_own():
    """Integer keys that come back as text are an error that names the place and the remedy."""
    target = Memory({"application": {"n": 1}})
    with pytest.raises(StorageError, match=r"did not return what it was given at .*codec.dumps"):
        await migrate_storage(Exact({"application": {"counters": {7: 1}}}), target, replace=True)
    assert await target.load_state() == {"application": {"n": 1}}


@pytest.mark.asyncio
async def test_a_backend_that_fails_half_way_is_given_back_its_own():
    """What it had begun to write is not left there."""

    class Fragile(Exact):
        async def save_state(self, state: dict) -> bool:
            self.state = {"application": state["application"]}
            if "persistent_views" in state:
                raise ConnectionError("the line went dead")
            return True

    target = Fragile({"application": {"n": 1}})
    with pytest.raises(ConnectionError, match="line went dead"):
        await migrate_storage(Exact(STATE), target, replace=True)
    assert target.state == {"application": {"n": 1}}


@pytest.mark.asyncio
async def test_a_backend_that_fails_twice_is_reported_with_both_reasons():
    """Then only its owner can look; the message says so."""

    class Broken(Exact):
        async def save_state(self, state: dict) -> bool:
            raise ConnectionError(f"no room for {len(state)}")

    with pytest.raises(StorageError, match=r"no room for 4.*no room for 0.*The source is as it was"):
        await migrate_storage(Exact(STATE), Broken())


@pytest.mark.asyncio
async def test_a_backend_that_says_false_has_failed():
    """As `setup_persistence` takes it."""

    class Refusing(Exact):
        async def save_state(self, state: dict) -> bool:
            return not state

    with pytest.raises(StorageError, match="did not return True"):
        await migrate_storage(Exact(STATE), Refusing())


@pytest.mark.asyncio
async def test_a_value_that_kit_cannot_keep_is_named(tmp_path):
    """The old store could hold NaN; nothing is moved until its owner has decided what it means."""
    old = json.loads(SAMPLE)
    old["application"]["price"] = math.nan
    (tmp_path / "old.json").write_text(json.dumps(old))
    with pytest.raises(UnstorableError, match=r"application\.price: nan"):
        await migrate_storage(FileStorageBackend(tmp_path / "old.json"), SQLiteBackend(tmp_path / "new.db"))
    assert not (tmp_path / "new.db").exists()


@pytest.mark.asyncio
async def test_the_database_of_a_running_bot_is_read_without_disturbing_it(tmp_path):
    """What was committed is read, the log stays, and the bot's own backend object is not asked."""
    live = SQLiteBackend(tmp_path / "state.db")
    await live.save_state(STATE)
    await live.write([Write('["application","late"]', "1")])
    copy = Exact()
    await migrate_storage(SQLiteBackend(tmp_path / "state.db"), copy)
    assert copy.state["application"]["late"] == 1
    await live.write([Write('["application","later"]', "2")])
    assert (await read(SQLiteBackend(tmp_path / "state.db"))).state["application"]["later"] == 2
    await live.close()
    assert list(files(tmp_path)) == ["state.db"]


@pytest.mark.asyncio
async def test_twenty_thousand_entries_move_with_progress(tmp_path):
    """Three phases, each up to its end, and nothing is missing."""
    counters = {f"counter:{n}": n for n in range(20_000)}
    await migrate_storage(
        Exact({"application": {"counters": counters}}), SQLiteBackend(tmp_path / "state.db")
    )
    seen: list[tuple[str, int, int]] = []
    target = FileStorageBackend(tmp_path / "state.json")
    done = await migrate_storage(
        SQLiteBackend(tmp_path / "state.db"), target, progress=lambda *step: seen.append(step)
    )
    assert (await target.load_state())["application"]["counters"] == counters
    assert done.leaves == 20_002
    assert list(dict.fromkeys(phase for phase, _, _ in seen)) == ["reading", "writing", "comparing"]
    for phase in ("reading", "writing", "comparing"):
        steps = [(number, total) for name, number, total in seen if name == phase]
        assert steps == sorted(steps)
        assert steps[-1] == (20_002, 20_002)
    assert len([step for step in seen if step[0] == "reading"]) >= 4


@pytest.mark.asyncio
async def test_a_backup_while_the_bot_writes_is_of_one_moment(tmp_path):
    """Two rows that are always written together are the same in the copy, and the bot is not held up."""
    bot = SQLiteBackend(tmp_path / "state.db")
    await bot.save_state(
        {"application": {"filler": {str(n): "x" * 200 for n in range(20_000)}, "a": 0, "b": 0}}
    )
    copying = True
    written = 0

    async def write() -> None:
        nonlocal written
        while copying:
            written += 1
            await bot.write(
                [Write('["application","a"]', str(written)), Write('["application","b"]', str(written))]
            )

    writer = asyncio.create_task(write())
    for number in range(3):
        while written < 5 * (number + 1):
            await asyncio.sleep(0)
        found = await back_up(SQLiteBackend(tmp_path / "state.db"), tmp_path / f"copy-{number}.db")
        application = found.state["application"]
        assert application["a"] == application["b"] >= 5 * (number + 1)
        assert len(application["filler"]) == 20_000
    copying = False
    await writer
    await bot.close()
    assert sorted(files(tmp_path)) == ["copy-0.db", "copy-1.db", "copy-2.db", "state.db"]


@pytest.mark.asyncio
async def test_a_backup_overwrites_nothing_and_leaves_nothing_half_done(tmp_path):
    """A file of that name stays as it is; a source that can't be read makes no file."""
    await FileStorageBackend(tmp_path / "state.json").save_state(STATE)
    (tmp_path / "copy.json").write_text("mine")
    with pytest.raises(StorageError, match="overwrites nothing"):
        await back_up(FileStorageBackend(tmp_path / "state.json"), tmp_path / "copy.json")
    (tmp_path / "torn.db").write_bytes(b"SQLite format 3\x00" + b"torn" * 2000)
    before = files(tmp_path)
    for source in (SQLiteBackend(tmp_path / "torn.db"), SQLiteBackend(tmp_path / "none.db")):
        with pytest.raises(StorageError):
            await back_up(source, tmp_path / "new.db")
    assert files(tmp_path) == before


@pytest.mark.asyncio
async def test_a_backup_of_pycascadeuis_storage_is_still_pycascadeuis(tmp_path):
    """A copy is a copy: whoever goes back finds the ids and undo history as they were."""
    old = SQLiteBackend(old_database(tmp_path / "old.db"))
    await back_up(old, tmp_path / "copy.json")
    await back_up(old, tmp_path / "copy.db")
    assert json.loads((tmp_path / "copy.json").read_text(encoding="utf-8")) == json.loads(SAMPLE)
    assert (await read(SQLiteBackend(tmp_path / "copy.db"))).stored == json.loads(SAMPLE)


@pytest.mark.asyncio
async def test_a_backend_that_returns_an_object_is_told_where(tmp_path):
    """What no storage could bring back is an error with its path, not a target half written."""
    with pytest.raises(UnstorableError, match=r"application\.owner: a object"):
        await migrate_storage(Exact({"application": {"owner": object()}}), SQLiteBackend(tmp_path / "new.db"))
    with pytest.raises(StorageError, match=r"returned None; return a dict"):
        await migrate_storage(Exact({"application": {"n": 1}}), Lost())
    assert files(tmp_path) == {}


class Lost(Exact):
    """A backend that says None for nothing, as pycascadeui's did."""

    async def load_state(self) -> dict:
        return None
