"""SQLite: one file that survives kills, upgrades, locks and other processes."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time

import pytest
import pytest_asyncio

from kit.persistence import SQLiteBackend, StorageError
from kit.persistence.backends import OvertakenError
from kit.persistence.leaves import Write
from tests.persistence.shared_laws import STATE, A, B, SharedLaws


class TestSharing(SharedLaws):
    """Several processes on one file."""

    @pytest_asyncio.fixture
    async def connect(self, tmp_path):
        """Backends of one file."""
        backends = []

        def make(**options) -> SQLiteBackend:
            backends.append(SQLiteBackend(tmp_path / "state.db", **options))
            return backends[-1]

        yield make
        for backend in backends:
            await backend.close()

    @pytest.fixture
    def spawn(self, tmp_path):
        """How another process finds the file."""
        return ["sqlite", str(tmp_path / "state.db"), "kit_leaves"]


def released(path, *, schema: str = "1") -> None:
    """A file as kit 0.1.0 wrote it."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.executescript(
        f"""
        CREATE TABLE kit_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE kit_leaves (path TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        INSERT INTO kit_meta VALUES ('schema', '{schema}');
        INSERT INTO kit_leaves VALUES ('["application"]', '{{}}'), ('["application","a"]', '1');
        """
    )
    connection.close()


@pytest.mark.asyncio
async def test_a_file_of_the_first_release_is_upgraded_in_place(tmp_path):
    """Whoever upgrades the package keeps the state, and two processes share it from then on."""
    file = tmp_path / "state.db"
    released(file)
    ours, theirs = SQLiteBackend(file), SQLiteBackend(file)
    assert await asyncio.gather(ours.load_state(), theirs.load_state()) == [{"application": {"a": 1}}] * 2
    await ours.write([Write(B, "2")])
    assert await theirs.changes() == [Write(B, "2")]
    await ours.close()
    await theirs.close()
    again = SQLiteBackend(file)
    assert await again.load_state() == {"application": {"a": 1, "b": 2}}
    await again.close()


@pytest.mark.asyncio
async def test_an_upgrade_that_is_interrupted_leaves_the_former_file(tmp_path):
    """All or nothing: a file that can't be upgraded now is upgraded the next time."""
    file = tmp_path / "state.db"
    released(file)
    with sqlite3.connect(file, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        backend = SQLiteBackend(file, timeout=0.1)
        with pytest.raises(StorageError, match="Another process has locked it"):
            await backend.load_state()
        other.execute("ROLLBACK")
        assert other.execute("SELECT value FROM kit_meta").fetchall() == [("1",)]
    other.close()
    assert await backend.load_state() == {"application": {"a": 1}}
    await backend.close()


@pytest.mark.parametrize("schema", ["3", "99"])
@pytest.mark.asyncio
async def test_a_file_of_a_newer_kit_is_not_touched(tmp_path, schema):
    """Not a byte: the newer version finds it as it was."""
    file = tmp_path / "state.db"
    released(file, schema=schema)
    before = file.read_bytes()
    backend = SQLiteBackend(file)
    for attempt in (backend.load_state(), backend.save_state(STATE), backend.write([Write(A, "1")])):
        with pytest.raises(StorageError, match=f"newer kit \\(schema {schema}.*pip install -U viewkit"):
            await attempt
    await backend.close()
    assert file.read_bytes() == before


@pytest.mark.asyncio
async def test_a_locked_database_is_waited_for(tmp_path):
    """Somebody looks into the file with another program for a moment: the bot waits."""
    backend = SQLiteBackend(tmp_path / "state.db", timeout=5)
    await backend.load_state()
    other = sqlite3.connect(backend.path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.3, lambda: other.execute("ROLLBACK")).start()
    start = time.monotonic()
    await backend.write([Write(A, "1")])
    assert 0.2 < time.monotonic() - start < 3
    assert await backend.load_state() == {"application": {"a": 1}}
    await backend.close()
    other.close()


@pytest.mark.asyncio
async def test_a_database_that_stays_locked_is_an_error_and_nothing_is_lost(tmp_path):
    """The error names the cause; the same write succeeds as soon as the lock is gone."""
    backend = SQLiteBackend(tmp_path / "state.db", timeout=0.1)
    await backend.save_state({"application": {"a": 1}})
    other = sqlite3.connect(backend.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    rows = [Write(A, "2"), Write(B, "3")]
    for _ in range(2):
        with pytest.raises(StorageError, match=r"database is locked\. Another process has locked it"):
            await backend.write(rows)
    assert await backend.load_state() == {"application": {"a": 1}}, "reading goes on"
    other.execute("ROLLBACK")
    other.close()
    await backend.write(rows)
    assert await backend.load_state() == {"application": {"a": 2, "b": 3}}
    await backend.close()


@pytest.mark.asyncio
async def test_a_full_disk_is_an_error_and_what_was_there_stays(tmp_path):
    """Half a group is never written; once there is space the same group is."""
    backend = SQLiteBackend(tmp_path / "state.db")
    await backend.save_state({"application": {"a": 1}})
    [(pages,)] = await backend._run(lambda it: it._connection.execute("PRAGMA page_count").fetchall())
    await backend._run(lambda it: it._connection.execute(f"PRAGMA max_page_count = {pages}").fetchall())
    rows = [Write(A, "2"), Write(B, '"' + "x" * 100_000 + '"')]
    with pytest.raises(StorageError, match="Free some space"):
        await backend.write(rows)
    assert await backend.load_state() == {"application": {"a": 1}}
    await backend._run(lambda it: it._connection.execute("PRAGMA max_page_count = 100000").fetchall())
    await backend.write(rows)
    assert await backend.load_state() == {"application": {"a": 2, "b": "x" * 100_000}}
    await backend.close()


@pytest.mark.asyncio
async def test_what_was_acknowledged_would_survive_a_power_cut(tmp_path):
    """Each commit waits for the disk: SQLite's own word for it is `synchronous=FULL`, which is 2."""
    backend = SQLiteBackend(tmp_path / "state.db")
    settings = [
        await backend._run(lambda it, name=name: it._connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("journal_mode", "synchronous")
    ]
    assert settings == ["wal", 2]
    await backend.close()


@pytest.mark.asyncio
async def test_a_file_that_was_replaced_by_an_older_copy_is_not_written_to(tmp_path):
    """Somebody restores a backup under a running bot: it says so instead of mixing two states."""
    backend = SQLiteBackend(tmp_path / "state.db")
    await backend.load_state()
    await backend.write([Write(A, "1")])
    await backend.close()
    for file in tmp_path.iterdir():
        file.unlink()
    for attempt in (backend.write([Write(A, "2")]), backend.changes()):
        with pytest.raises(
            StorageError, match=r"is at revision 0, but this process has seen 1.*restart the bot"
        ):
            await attempt
    assert await backend.load_state() == {}
    await backend.write([Write(A, "2")])
    await backend.close()


@pytest.mark.asyncio
async def test_the_log_of_changes_does_not_grow_for_ever(tmp_path):
    """A year of clicks costs no more room than the log that is kept."""
    backend = SQLiteBackend(tmp_path / "state.db", changes_kept=20)
    for number in range(100):
        await backend.write([Write(A, str(number)), Write(B, str(number))])
    connection = sqlite3.connect(tmp_path / "state.db")
    count = "SELECT count(DISTINCT revision) FROM kit_changes"
    [(logged,)] = connection.execute(count)
    assert 20 <= logged <= 22
    await backend.save_state(STATE)
    assert connection.execute(count).fetchall() == [(0,)]
    connection.close()
    await backend.close()


@pytest.mark.asyncio
async def test_a_write_whose_caller_is_cancelled_is_made_or_not_but_never_half(tmp_path):
    """A task that is cancelled while it writes leaves no transaction open, and the next write works."""
    backend = SQLiteBackend(tmp_path / "state.db")
    await backend.load_state()
    for number in range(30):
        writing = asyncio.ensure_future(backend.write([Write(A, str(number)), Write(B, str(number))]))
        await asyncio.sleep(number * 0.00005)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    await backend.write([Write('["application","c"]', "1")])
    state = (await backend.load_state())["application"]
    assert state["a"] == state["b"]
    assert state["c"] == 1
    await backend.close()


@pytest.mark.asyncio
async def test_closing_ends_the_watch_and_leaves_no_thread(tmp_path):
    """A closed backend stays closed: whoever watched it is told, and its thread is gone."""
    threads = threading.active_count()
    backend = SQLiteBackend(tmp_path / "state.db", poll=0.01)
    watching = asyncio.ensure_future(backend.changed())
    await asyncio.sleep(0.05)
    await backend.close()
    with pytest.raises(StorageError, match="was closed while it was watched"):
        await watching
    async with asyncio.timeout(5):
        # aiosqlite answers as the last thing that its thread does.
        while threading.active_count() > threads:
            await asyncio.sleep(0.01)


@pytest.mark.asyncio
async def test_a_reader_of_the_file_sees_plain_rows(tmp_path):
    """The table is what it was in the first release: a path and a value, for anybody with `sqlite3`."""
    backend = SQLiteBackend(tmp_path / "state.db")
    await backend.write([Write('["application"]', "{}"), Write(A, "1"), Write(B, "2")])
    await backend.write([Write(A, None)])
    other = SQLiteBackend(tmp_path / "state.db")
    await other.write([Write(B, "3")])
    with pytest.raises(OvertakenError):
        await backend.write([Write(B, "4")])
    await backend.close()
    await other.close()
    connection = sqlite3.connect(tmp_path / "state.db")
    rows = connection.execute("SELECT path, value FROM kit_leaves").fetchall()
    connection.close()
    assert dict(rows) == {'["application"]': "{}", B: "3"}
