"""Storage: files, databases, servers, one's own; and moving from one to another."""

from __future__ import annotations

import json
import sqlite3

import pytest

from kit import get_store, setup_persistence
from kit.persistence import FileStorageBackend, SQLiteBackend, StorageBackend, StorageError, migrate_storage
from kit.persistence.backends import close_backend
from kit.persistence.setup import DEFAULT_FILE
from tests.guide.panels import PassingView, TallyLayout
from tests.guide.storages import STORAGES, Shelf


@pytest.fixture(params=STORAGES)
def storage(request):
    """Makes a backend on the same storage each time it is called."""
    yield from request.param()


def keep_in(plan, backend):
    """Let the bot keep its state in what `backend()` returns."""

    async def setup(bot):
        await setup_persistence(bot, backend=backend())

    plan.setup = setup


async def count(key):
    """One dispatch that is durable."""
    await get_store().dispatch("COUNTED", {"key": key})
    await get_store().flush()


@pytest.mark.parametrize("crash", [False, True], ids=["closed", "crashed"])
@pytest.mark.asyncio
async def test_panels_and_data_survive_a_restart_in_every_storage(plan, storage, crash):
    """The same bot, whatever is written after `backend=`."""
    keep_in(plan, storage)
    plan.sends["panel"] = lambda ctx: TallyLayout(context=ctx, state_key="panel")
    plan.sends["mine"] = lambda ctx: PassingView(context=ctx, state_key=f"mine:{ctx.author.id}")
    lab = await plan.start()
    panel = (await lab.say("!panel")).message
    mine = (await lab.say("!mine")).message
    for message in (panel, panel, mine):
        await lab.click("tally:add", message=message)
    assert (await lab.restart(crash=crash)).restored == ["panel"]
    assert (await lab.click("tally:add", message=panel, user="bob")).message.labels == ["Add to 3"]
    assert (await lab.say("!mine")).message.labels == ["Add to 1"]
    await lab.restart(crash=crash)
    assert (await lab.click("tally:add", message=panel)).message.labels == ["Add to 4"]


@pytest.mark.asyncio
async def test_without_a_backend_the_state_goes_to_a_json_file_in_the_working_folder(plan):
    """`await setup_persistence(bot)` is enough to begin with."""

    async def setup(bot):
        await setup_persistence(bot)

    plan.setup = setup
    plan.sends["panel"] = lambda ctx: TallyLayout(context=ctx, state_key="panel")
    lab = await plan.start()
    await lab.say("!panel")
    assert list(json.loads((plan.folder / DEFAULT_FILE).read_text())["persistent_views"]) == ["panel"]
    assert (await lab.restart()).restored == ["panel"]


@pytest.mark.asyncio
async def test_file_path_names_the_json_file(plan):
    """That file and its backup are all that appears in the folder."""

    async def setup(bot):
        await setup_persistence(bot, file_path="bot_state.json")

    plan.setup = setup
    plan.sends["panel"] = lambda ctx: TallyLayout(context=ctx, state_key="panel")
    lab = await plan.start()
    await lab.say("!panel")
    await lab.click("tally:add")
    names = {path.name for path in plan.folder.iterdir() if path.is_file()}
    assert names == {"bot_state.json", "bot_state.json.bak"}
    assert (await lab.restart()).restored == ["panel"]


@pytest.mark.asyncio
async def test_before_every_save_the_file_becomes_its_own_backup(plan):
    """`.bak` is the state one save ago, each time."""
    await setup_persistence(file_path="bot_state.json")
    file, backup = plan.folder / "bot_state.json", plan.folder / "bot_state.json.bak"
    await count("clicks")
    assert not backup.exists()
    for _ in range(3):
        before = file.read_bytes()
        await count("clicks")
        assert backup.read_bytes() == before != file.read_bytes()
    assert json.loads(file.read_text())["application"]["counters"]["clicks"] == 4


@pytest.mark.asyncio
async def test_the_backup_is_for_recovery(plan):
    """A file that was cut in two costs the last save, not the state."""
    keep_in(plan, lambda: FileStorageBackend("bot_state.json"))
    plan.sends["panel"] = lambda ctx: TallyLayout(context=ctx, state_key="panel")
    lab = await plan.start()
    await lab.say("!panel")
    for _ in range(3):
        await lab.click("tally:add")

    async def torn():
        file = plan.folder / "bot_state.json"
        file.write_bytes(file.read_bytes()[:40])

    report = await lab.restart(offline=torn)
    assert report.restored == ["panel"]
    assert lab.store.state["application"]["counters"]["panel"] >= 2
    assert (await lab.click("tally:add")).ok


@pytest.mark.asyncio
async def test_when_file_and_backup_are_unreadable_the_bot_does_not_start_and_nothing_is_overwritten(plan):
    """An error with the remedy, and never an empty state."""
    for name in ("bot_state.json", "bot_state.json.bak"):
        (plan.folder / name).write_text('{"views": {')
    with pytest.raises(StorageError, match="Nothing was overwritten; repair"):
        await setup_persistence(file_path="bot_state.json")
    for name in ("bot_state.json", "bot_state.json.bak"):
        assert (plan.folder / name).read_text() == '{"views": {'


@pytest.mark.asyncio
async def test_sqlite_is_in_wal_mode(plan):
    """The database says so itself, to whoever opens it."""
    await setup_persistence(backend=SQLiteBackend("bot.db"))
    await count("clicks")
    with sqlite3.connect("bot.db") as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    other.close()


@pytest.mark.asyncio
async def test_sqlite_is_read_while_it_is_written(plan):
    """A reader in the middle of its transaction neither waits nor keeps the bot from writing."""
    await setup_persistence(backend=SQLiteBackend("bot.db", timeout=0.1))
    await count("clicks")
    reader = sqlite3.connect("bot.db", timeout=0.1, isolation_level=None)
    everything = "SELECT * FROM kit_leaves ORDER BY path"
    reader.execute("BEGIN")
    before = reader.execute(everything).fetchall()
    await count("clicks")
    assert reader.execute(everything).fetchall() == before
    reader.execute("COMMIT")
    assert reader.execute(everything).fetchall() != before
    reader.close()


def test_anything_with_the_two_methods_is_a_backend():
    """Nothing has to be inherited, and nothing else is looked for."""
    assert {name for name in vars(Shelf) if not name.startswith("_")} == {"save_state", "load_state"}
    assert isinstance(Shelf(), StorageBackend)


@pytest.mark.asyncio
async def test_a_backend_of_ones_own_is_given_the_whole_state(plan):
    """Each save has all four branches, as plain dicts that the backend may keep or change."""
    shelf = Shelf()
    await setup_persistence(backend=shelf)
    await count("a")
    await count("b")
    assert [set(state) for state in shelf.saved] == [
        {"views", "sessions", "application", "persistent_views"}
    ] * len(shelf.saved)
    assert shelf.saved[-1]["application"] == {"counters": {"a": 1, "b": 1}}
    shelf.saved[-1]["application"]["counters"].clear()
    assert get_store().state["application"]["counters"] == {"a": 1, "b": 1}


@pytest.mark.asyncio
async def test_an_empty_dict_means_that_nothing_was_saved_yet(plan):
    """The first start of a bot: no error, and an empty state of four branches."""
    await setup_persistence(backend=Shelf())
    assert get_store().state == {"views": {}, "sessions": {}, "application": {}, "persistent_views": {}}


@pytest.mark.asyncio
async def test_a_part_of_the_tree_is_enough(plan):
    """A backend that returns some branches only gives a whole state even so."""
    shelf = Shelf('{"application": {"counters": {"clicks": 41}}}')
    await setup_persistence(backend=shelf)
    await count("clicks")
    assert json.loads(shelf.text)["application"] == {"counters": {"clicks": 42}}


@pytest.mark.parametrize("refusals", [3, -3], ids=["returns False", "raises"])
@pytest.mark.asyncio
async def test_a_save_that_does_not_succeed_is_tried_again_until_it_does(plan, refusals):
    """`flush()` returns when the state is kept, after the failed attempts."""
    shelf = Shelf()
    await setup_persistence(backend=shelf)
    await get_store().flush()
    shelf.saved.clear()
    shelf.refusals = refusals
    await count("clicks")
    assert shelf.refusals == 0
    assert len(shelf.saved) == 4
    assert json.loads(shelf.text)["application"] == {"counters": {"clicks": 1}}


@pytest.mark.asyncio
async def test_a_backend_that_returns_no_state_is_refused(plan):
    """A `load_state` that was left unwritten is an error at the start, not a bot that forgets."""

    class Unwritten(Shelf):
        async def load_state(self):
            """To do."""

    with pytest.raises(StorageError, match=r"Unwritten\.load_state\(\) returned None; return a dict"):
        await setup_persistence(backend=Unwritten())


def move_file():
    return FileStorageBackend("old.json"), SQLiteBackend("new.db")


def move_database():
    return SQLiteBackend("old.db"), FileStorageBackend("new.json")


def move_from_ones_own():
    return Shelf(), SQLiteBackend("new.db")


def move_to_ones_own():
    return SQLiteBackend("old.db"), Shelf()


@pytest.mark.parametrize("move", [move_file, move_database, move_from_ones_own, move_to_ones_own])
@pytest.mark.asyncio
async def test_migrate_storage_moves_everything_to_another_backend(plan, move):
    """The bot is started on the new storage and nobody notices; the old one is as it was."""
    old, new = move()
    keep_in(plan, lambda: old)
    plan.sends["panel"] = lambda ctx: TallyLayout(context=ctx, state_key="panel")
    lab = await plan.start()
    await lab.say("!panel")
    await lab.click("tally:add")

    async def moved():
        before = await old.load_state()
        await migrate_storage(source=old, target=new)
        assert await old.load_state() == before
        await close_backend(old)
        keep_in(plan, lambda: new)

    assert (await lab.restart(offline=moved)).restored == ["panel"]
    assert (await lab.click("tally:add", user="bob")).message.labels == ["Add to 2"]
