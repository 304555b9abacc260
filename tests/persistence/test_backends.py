"""Backends: what was acknowledged is there, and what can't be read is never overwritten."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import sqlite3

import pytest

import kit
from kit.persistence import FileStorageBackend, SQLiteBackend, StorageError, Writer, setup_persistence
from kit.state import StateStore, get_store, set_store

STATE = {
    "views": {},
    "sessions": {},
    "application": {"counters": {"a": 1, 7: 2}, "tags": {"x"}, "at": dt.datetime(2026, 1, 2, tzinfo=dt.UTC)},
    "persistent_views": {"roles:main": {"class_name": "Roles", "message_id": 2**60}},
}


@pytest.fixture(params=["file", "sqlite"])
def make_backend(request, tmp_path):
    """A way to open the same storage again, as the next process would."""
    if request.param == "file":
        return lambda: FileStorageBackend(tmp_path / "state.json")
    return lambda: SQLiteBackend(tmp_path / "state.db")


async def next_process(backend) -> StateStore:
    """The store of a process that starts after this one ended."""
    set_store(get_store().successor())
    await setup_persistence(backend=backend)
    return get_store()


def count() -> None:
    @kit.reducer("COUNTED")
    def counted(action, state):
        counters = state["application"].setdefault("counters", {})
        key = action["payload"].get("key", "n")
        counters[key] = counters.get(key, 0) + 1


@pytest.mark.asyncio
async def test_a_whole_state_comes_back(make_backend):
    """`save_state` and `load_state` are each other's inverse, types included."""
    first = make_backend()
    assert await first.load_state() == {}
    assert await first.save_state(STATE) is True
    if isinstance(first, SQLiteBackend):
        await first.close()
    second = make_backend()
    assert await second.load_state() == STATE
    if isinstance(second, SQLiteBackend):
        await second.close()


@pytest.mark.asyncio
async def test_what_was_flushed_is_there_after_a_kill(make_backend):
    """A process that dies right after `flush()` loses nothing."""
    count()
    await setup_persistence(backend=make_backend())
    for _ in range(20):
        await get_store().dispatch("COUNTED")
    await get_store().flush()
    await get_store().abandon()
    store = await next_process(make_backend())
    assert store.state["application"]["counters"] == {"n": 20}
    await store.close()


@pytest.mark.asyncio
async def test_closing_flushes(make_backend):
    """A bot that is closed in an orderly way needs no flush of its own."""
    count()
    await setup_persistence(backend=make_backend())
    await get_store().dispatch("COUNTED", {"key": 7})
    await get_store().close()
    store = await next_process(make_backend())
    assert store.state["application"]["counters"] == {7: 1}
    await store.close()


@pytest.mark.asyncio
async def test_a_torn_file_is_set_aside_and_its_backup_used(tmp_path, caplog):
    """The save before the last comes back, and the torn file is kept for its owner to look at."""
    file = tmp_path / "state.json"
    backend = FileStorageBackend(file)
    await backend.save_state({"application": {"n": 1}})
    await backend.save_state({"application": {"n": 2}})
    file.write_text(file.read_text()[:-5])
    torn = file.read_text()
    assert await FileStorageBackend(file).load_state() == {"application": {"n": 1}}
    assert (tmp_path / "state.json.torn-1").read_text() == torn
    assert "backup is used" in caplog.text


@pytest.mark.asyncio
async def test_two_torn_files_are_an_error_and_both_are_kept(tmp_path):
    """Nothing is started anew over data that somebody may still repair."""
    file, backup = tmp_path / "state.json", tmp_path / "state.json.bak"
    file.write_text('{"application": ')
    backup.write_text("")
    with pytest.raises(StorageError, match="Nothing was overwritten"):
        await setup_persistence(file_path=file)
    assert (file.read_text(), backup.read_text()) == ('{"application": ', "")


@pytest.mark.asyncio
async def test_a_file_that_is_no_database_is_an_error_and_is_kept(tmp_path):
    """SQLite's own complaint, with the path and what to do."""
    file = tmp_path / "state.db"
    file.write_bytes(b"this is no database" * 100)
    with pytest.raises(StorageError, match="It was left as it is"):
        await setup_persistence(backend=SQLiteBackend(file))
    assert file.read_bytes().startswith(b"this is no database")


@pytest.mark.asyncio
async def test_a_row_that_cannot_be_read_is_an_error_and_is_kept(tmp_path):
    """One torn row does not make the rest disappear at the next save."""
    file = tmp_path / "state.db"
    backend = SQLiteBackend(file)
    await backend.save_state(STATE)
    await backend.close()
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE kit_leaves SET value = '{\"cut' WHERE path LIKE '%roles:main%'")
    connection.close()
    backend = SQLiteBackend(file)
    with pytest.raises(StorageError, match="roles:main"):
        await backend.load_state()
    await backend.close()


@pytest.mark.asyncio
async def test_a_database_of_a_newer_kit_is_left_alone(tmp_path):
    """The error names the upgrade."""
    file = tmp_path / "state.db"
    backend = SQLiteBackend(file)
    await backend.save_state(STATE)
    await backend.close()
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE kit_meta SET value = '99' WHERE name = 'schema'")
    connection.close()
    with pytest.raises(StorageError, match="pip install -U viewkit"):
        await setup_persistence(backend=SQLiteBackend(file))


@pytest.mark.asyncio
async def test_a_database_in_a_folder_that_is_not_there_names_the_folder(tmp_path):
    """The most common mistake gets the shortest way out."""
    with pytest.raises(StorageError, match=r"the folder .*nowhere.* does not exist: create it"):
        await setup_persistence(backend=SQLiteBackend(tmp_path / "nowhere" / "state.db"))


@pytest.mark.asyncio
async def test_a_folder_that_cannot_be_written_to_is_named(tmp_path, monkeypatch):
    """A read-only folder is found at the start, not at the first save."""
    tmp_path.chmod(0o500)
    if os.geteuid() == 0:
        # Root may write everywhere, so the system can't be made to say no.
        monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(StorageError, match="can't be written to"):
        await setup_persistence(backend=SQLiteBackend(tmp_path / "state.db"))


class FlakyBackend:
    """A backend of somebody else's that fails a number of times, then works."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.saved: dict | None = None

    async def save_state(self, state: dict) -> bool:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("away")
        self.saved = state
        return True

    async def load_state(self) -> dict:
        return {}


@pytest.mark.asyncio
async def test_a_backend_that_comes_back_gets_everything(caplog):
    """Saves that fail are tried again, and `flush()` waits for the one that works."""
    count()
    backend = FlakyBackend(failures=2)
    await setup_persistence(backend=backend)
    await get_store().dispatch("COUNTED")
    await get_store().flush()
    assert backend.saved is not None
    assert backend.saved["application"] == {"counters": {"n": 1}}
    assert "trying again" in caplog.text


@pytest.mark.asyncio
async def test_a_backend_that_stays_away_is_loud_and_loses_nothing():
    """`flush()` gives up after its patience with the remedy, and the change is written when the backend is back."""
    count()
    backend = FlakyBackend(failures=1_000_000)
    store = get_store()
    store.journal = writer = Writer(backend, store, patience=0.1)
    await store.dispatch("COUNTED")
    with pytest.raises(StorageError, match="kept in memory"):
        await store.flush()
    backend.failures = 0
    writer.patience = 10
    await store.flush()
    assert backend.saved is not None
    await store.close()


@pytest.mark.asyncio
async def test_a_backend_that_loads_no_dict_is_told_what_to_return():
    """`None` for "nothing yet" is the mistake that wipes data; it is refused."""

    class NoneBackend(FlakyBackend):
        async def load_state(self):
            return None

    with pytest.raises(StorageError, match=r"return a dict, and \{\} if nothing"):
        await setup_persistence(backend=NoneBackend(0))


@pytest.mark.asyncio
async def test_a_partial_tree_is_completed():
    """A backend that keeps one branch only does not break the others."""

    class Partial(FlakyBackend):
        async def load_state(self):
            return {"application": {"n": 1}}

    await setup_persistence(backend=Partial(0))
    assert get_store().state == {"views": {}, "sessions": {}, "application": {"n": 1}, "persistent_views": {}}
    await get_store().close()


@pytest.mark.asyncio
async def test_steady_clicks_are_written_in_groups_while_they_go_on(tmp_path):
    """A thousand dispatches cost far fewer commits, the last value is what rests, and none waits for silence."""
    count()
    await setup_persistence(backend=SQLiteBackend(tmp_path / "state.db"))
    store = get_store()
    writer = store.journal
    assert isinstance(writer, Writer)
    for _ in range(100):
        await asyncio.gather(*(store.dispatch("COUNTED") for _ in range(10)))
        await asyncio.sleep(0.001)
    assert writer.groups > 1
    await store.flush()
    assert writer.groups < 1000
    await store.close()
    store = await next_process(SQLiteBackend(tmp_path / "state.db"))
    assert store.state["application"]["counters"]["n"] == 1000
    await store.close()


class HardOfHearing(SQLiteBackend):
    """Lets go of the first cancellation of whoever listens to it, as `asyncio.wait_for` of Python 3.11 does."""

    deaf = True

    async def changed(self):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not self.deaf:
                raise
            self.deaf = False


@pytest.mark.asyncio
@pytest.mark.parametrize("end", ["close", "abandon"])
async def test_a_store_ends_even_if_a_driver_lets_go_of_the_cancellation(tmp_path, end):
    """A closing store cancels its listener again, and does not wait for one that goes on listening."""
    backend = HardOfHearing(tmp_path / "state.db")
    store = StateStore()
    store.load(await backend.load_state())
    store.journal = writer = Writer(backend, store)
    writer.listen()
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await getattr(store, end)()
    assert not backend.deaf
    assert "viewkit-listener" not in [task.get_name() for task in asyncio.all_tasks()]
