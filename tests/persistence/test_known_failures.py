"""What other libraries for persistent views were seen to get wrong: one test a failure, by its number."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import random
import re
import shutil
import socket
import sqlite3
import sys
import uuid
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import discord
import pytest
import pytest_asyncio
from aiohttp import web
from discord.ext import commands
from IPython.core.interactiveshell import InteractiveShell

import kit
from kit import PersistentView, StatefulButton, setup_persistence, slugify
from kit.lab import Lab
from kit.persistence import ClassCollisionError, FileStorageBackend, SQLiteBackend, StorageError, view_classes
from kit.persistence.live import live_views
from kit.persistence.postgres import PostgresBackend
from kit.persistence.redis import RedisBackend
from kit.simulator import Simulator
from kit.state import StateStore, UndoConflictError, UnstorableError, get_store, set_store
from tests.guide.storages import POSTGRES, REDIS, STORAGES
from tests.shell import NotebookShell

DATA = Path(__file__).parent / "data"


class ClickPanel(PersistentView):
    """Counts who presses, and tells them the count."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.add_item(StatefulButton(label="Count", custom_id="count", callback=self.count))

    async def count(self, interaction):
        await self.dispatch("COUNTED")
        counted = self.state_store.state["application"]["n"]
        await interaction.response.send_message(str(counted), ephemeral=True)


class GuildPanel(ClickPanel):
    """One of its kind for each guild."""

    session_limit = 1
    session_scope = "guild"
    session_policy = "replace"


class RoleOffer(PersistentView):
    """Can't be made without being told which role it offers."""

    def __init__(self, role, *, words=("take", "it"), **kwargs):
        super().__init__(**kwargs)
        self.role = role
        self.words = words
        self.add_item(StatefulButton(label="Offer", custom_id="offer", callback=self.offer))

    async def offer(self, interaction):
        await interaction.response.send_message(f"{' '.join(self.words)}: {self.role}", ephemeral=True)


class Desk(ClickPanel):
    """Has a page behind it and an undo for everybody."""

    enable_undo = True

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        for name in ("note", "take back", "open"):
            callback = getattr(self, f"press_{slugify(name)}")
            self.add_item(StatefulButton(label=name, custom_id=name, callback=callback))

    async def press_note(self, interaction):
        await self.dispatch("PUT", {"key": interaction.user.name, "value": "here"})

    async def press_take_back(self, interaction):
        done = await self.undo(interaction)
        await interaction.response.send_message("undone" if done else "nothing to undo", ephemeral=True)

    async def press_open(self, interaction):
        await self.push(Drawer, interaction)


class Drawer(PersistentView):
    """The page behind the desk."""

    auto_back_button = True


@pytest.fixture(autouse=True)
def bot_code():
    """What the module of a bot registers when it is imported: classes and reducers."""
    for cls in (ClickPanel, GuildPanel, RoleOffer, Desk, Drawer):
        view_classes.put(cls.registry_key, cls)

    @kit.reducer("COUNTED")
    def counted(action, state):
        state["application"]["n"] = state["application"].get("n", 0) + 1

    @kit.reducer("PUT")
    def put(action, state):
        state["application"][action["payload"]["key"]] = action["payload"]["value"]


@pytest_asyncio.fixture(autouse=True)
async def nothing_left(request, tmp_path, monkeypatch, store):
    """An empty folder to work in; at the end no bot, no task and no open storage is left of a test."""
    monkeypatch.chdir(tmp_path)
    if "storage" in request.fixturenames:
        # Made before, so removed after: a table can't be dropped while a bot is writing to it.
        request.getfixturevalue("storage")
    yield
    if Lab.running is not None:
        await Lab.running.stop()
    await get_store().abandon()
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert not left, f"tasks were left behind: {left}"


@pytest.fixture(params=[param for param in STORAGES if param.id != "own"])
def storage(request):
    """Makes a backend on the same storage each time it is called, as each process of a bot does."""
    yield from request.param()


class Shelf:
    """A backend of somebody's own, which can be made to fail.

    Attributes:
        state: What it keeps.
        refusals: How many of the next saves fail.
        away: Whether everything fails.
    """

    def __init__(self, state: dict | None = None) -> None:
        self.state = state or {}
        self.refusals = 0
        self.away = False

    async def save_state(self, state: dict) -> bool:
        await asyncio.sleep(0.005)
        if self.away or self.refusals > 0:
            self.refusals -= 1
            raise ConnectionError("the shelf is away")
        self.state = state
        return True

    async def load_state(self) -> dict:
        if self.away:
            raise ConnectionError("the shelf is away")
        return self.state


def a_bot(backend, *, kind=commands.Bot, cogs=(), verify="background", **options):
    """The class of a bot that keeps its state in what `backend()` returns; `cogs` are its extensions."""

    class Bot(kind):
        def __init__(self):
            super().__init__("!", intents=discord.Intents.all(), help_command=None, **options)

        async def setup_hook(self):
            for cog in cogs:
                await self.load_extension(cog)
            await setup_persistence(self, backend=backend(), verify=verify)

    return Bot


def in_file() -> FileStorageBackend:
    """The JSON file of the test."""
    return FileStorageBackend("bot.json")


def in_database() -> SQLiteBackend:
    """The SQLite file of the test."""
    return SQLiteBackend("bot.db")


async def next_process(backend, *, killed: bool = False) -> StateStore:
    """End this process, in order or not, and start the next one; its store."""
    before = get_store()
    await (before.abandon() if killed else before.close())
    set_store(before.successor())
    await setup_persistence(backend=backend)
    return get_store()


async def stored_in(backend) -> dict:
    """What a process that starts now would find."""
    try:
        return await backend.load_state()
    finally:
        if hasattr(backend, "close"):
            await backend.close()


async def told(lab: Lab, control: str, **options) -> str:
    """What the person who presses a button is told in private."""
    return (await lab.click(control, **options)).ephemeral[0].text


async def process(source: str, *arguments: object) -> asyncio.subprocess.Process:
    """A Python process of its own, with its input and output in our hands."""
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-W", "ignore", "-c", source, *map(str, arguments))
    return await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)


@pytest.mark.parametrize("tear", ["emptied", "cut", "zeroed"])
@pytest.mark.asyncio
async def test_01_a_torn_file_costs_no_more_than_the_last_save(tear):
    """A power cut tears the JSON file twice in a row; each time the backup is read, and never written over."""
    file = Path("bot.json")
    for number in (1, 2):
        await in_file().save_state({"application": {"n": number}})
    whole = file.read_bytes()
    torn = {"emptied": b"", "cut": whole[:-9], "zeroed": bytes(len(whole))}[tear]
    for attempt in (1, 2):
        file.write_bytes(torn)
        store = await next_process(in_file(), killed=True)
        assert store.state["application"] == {"n": 1}
        assert Path(f"bot.json.torn-{attempt}").read_bytes() == torn
        await store.dispatch("COUNTED")
        await store.flush()
        assert await stored_in(in_file()) == {**store.state, "application": {"n": 2}}


async def torn_row() -> SQLiteBackend:
    backend = in_database()
    await backend.save_state({"application": {"n": 41}})
    await backend.close()
    with sqlite3.connect("bot.db") as database:
        database.execute("""UPDATE kit_leaves SET value = '{"cut' WHERE path LIKE '%"n"%'""")
    database.close()
    return backend


async def torn_files() -> FileStorageBackend:
    for file in (in_file().path, in_file().backup):
        file.write_text('{"application": {"n": 41')
    return in_file()


async def no_database() -> SQLiteBackend:
    in_database().path.write_bytes(b"what an editor has saved here by mistake" * 200)
    return in_database()


@pytest.mark.parametrize("broken", [torn_row, torn_files, no_database])
@pytest.mark.asyncio
async def test_02_what_can_not_be_read_stops_the_start_and_stays_as_it_is(broken):
    """To take an unreadable state for a first start is to lose it at the first click."""
    backend = await broken()
    before = {file.name: file.read_bytes() for file in Path().iterdir()}
    with pytest.raises(StorageError, match=re.escape(str(backend.path))):
        await setup_persistence(backend=backend)
    await get_store().dispatch("COUNTED")
    await get_store().flush()
    assert {file.name: file.read_bytes() for file in Path().iterdir()} == before


def nobody_there() -> int:
    """A port of this machine on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize(
    "server",
    [
        lambda port: RedisBackend(f"redis://127.0.0.1:{port}", timeout=1),
        lambda port: PostgresBackend(f"postgresql://postgres@127.0.0.1:{port}/postgres", timeout=1),
    ],
    ids=["redis", "postgres"],
)
@pytest.mark.asyncio
async def test_02_a_server_that_is_down_at_the_start_is_an_error(server):
    """The bot does not come up with an empty state while its data is a reboot away."""
    with pytest.raises(StorageError, match=r"127\.0\.0\.1"):
        await setup_persistence(backend=server(nobody_there()))


@pytest.mark.asyncio
async def test_02_a_backend_that_comes_back_still_has_all_it_had():
    """A bot that was started too early, and clicked, has saved nothing over it."""
    shelf = Shelf({"application": {"n": 41}})
    shelf.away = True
    with pytest.raises(ConnectionError):
        await setup_persistence(backend=shelf)
    await get_store().dispatch("COUNTED")
    await get_store().flush()
    shelf.away = False
    store = await next_process(shelf)
    await store.dispatch("COUNTED")
    await store.flush()
    assert shelf.state["application"] == {"n": 42}


@pytest.mark.asyncio
async def test_03_the_last_click_is_what_rests(storage):
    """Clicks come in bursts while former ones are still being saved; no save overtakes another or fails."""
    store = await next_process(storage())
    chance = random.Random(3)
    reader = storage()
    for _ in range(25):
        for _ in range(4):
            await store.dispatch("COUNTED")
            await asyncio.sleep(chance.uniform(0, 0.006))
        await store.flush()
        assert (await reader.load_state())["application"]["n"] == store.state["application"]["n"]
    assert store.state["application"]["n"] == 100
    assert store.counters()["storage_errors"] == 0
    if hasattr(reader, "close"):
        await reader.close()


CLICKED = """
import asyncio, sys, kit, kit.persistence

@kit.reducer("COUNTED")
def counted(action, state):
    state["application"]["n"] = state["application"].get("n", 0) + 1

async def main(kind, path):
    await kit.setup_persistence(backend=getattr(kit.persistence, kind)(path))
    while True:
        await kit.get_store().dispatch("COUNTED")
        print(kit.get_store().state["application"]["n"], flush=True)
        await asyncio.sleep(0.02)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("backend", [in_file(), in_database()], ids=["file", "sqlite"])
@pytest.mark.asyncio
async def test_04_kill_9_at_fifty_clicks_a_second_takes_no_more_than_what_was_being_written(backend):
    """Twice in a row, a second of clicks is there but for those of the last moment."""
    found = 0
    for _ in range(2):
        bot = await process(CLICKED, type(backend).__name__, backend.path)
        for _ in range(40):
            await bot.stdout.readline()
        bot.kill()
        # The last line may be half a number: it has no end.
        made = int((b"%d\n" % (found + 40) + await bot.stdout.read()).split(b"\n")[-2])
        await bot.wait()
        found = (await stored_in(type(backend)(backend.path)))["application"]["n"]
        # A disk that is busy with other tests may take as long as some clicks for one commit.
        assert made - 5 <= found <= made + 1


SHARING = """
import asyncio, sys, kit
from kit.persistence.postgres import PostgresBackend
from kit.persistence.redis import RedisBackend
from kit.persistence.sqlite import SQLiteBackend

@kit.reducer("COUNTED")
def counted(action, state):
    state["application"]["n"] = state["application"].get("n", 0) + 1

async def main(make, name):
    await kit.setup_persistence(backend=eval(make))
    store = kit.get_store()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    entry = {"class_name": "Absent", "state_key": name, "message_id": 1, "channel_id": 2, "guild_id": 3, "user_id": 4}
    await store.dispatch("PERSISTENT_VIEW_REGISTERED", entry)
    for _ in range(200):
        await store.dispatch("COUNTED")
        await asyncio.sleep(0.001)
    await store.flush()
    async with asyncio.timeout(20):
        while store.state["application"]["n"] < 400 or len(store.state["persistent_views"]) < 2:
            await asyncio.sleep(0.01)
    print(store.state["application"]["n"], int(store.counters()["rows_adopted"]), flush=True)
    await store.close()

asyncio.run(main(*sys.argv[1:]))
"""


def calls(backend) -> str:
    """How another process makes a backend on the same storage."""
    if isinstance(backend, RedisBackend):
        return f"RedisBackend({REDIS!r}, key={backend.key!r})"
    if isinstance(backend, PostgresBackend):
        return f"PostgresBackend({POSTGRES!r}, table={backend.table!r})"
    return f"SQLiteBackend({str(backend.path)!r})"


@pytest.mark.parametrize("storage", [p for p in STORAGES if p.id not in {"own", "file"}], indirect=True)
@pytest.mark.asyncio
async def test_05_two_processes_count_one_counter_together_and_keep_each_others_panels(storage):
    """Two shards on one store: 200 and 200 are 400, for both of them, and each knows both panels."""
    bots = [await process(SHARING, calls(storage()), name) for name in ("left", "right")]
    for bot in bots:
        assert await bot.stdout.readline() == b"ready\n"
    for bot in bots:
        bot.stdin.write(b"go\n")
    said = [(await bot.communicate())[0].split() for bot in bots]
    assert [bot.returncode for bot in bots] == [0, 0]
    assert [int(counted) for counted, _ in said] == [400, 400]
    assert all(int(adopted) > 0 for _, adopted in said), "they did not run at the same time"
    state = await stored_in(storage())
    assert state["application"] == {"n": 400}
    assert set(state["persistent_views"]) == {"left", "right"}


@pytest.mark.asyncio
async def test_06_reducers_that_await_take_turns():
    """Fifty people press at once, and each reducer reads before it waits and writes after it."""

    @kit.reducer("LOOKED_UP")
    async def looked_up(action, state):
        before = state["application"].get("n", 0)
        await asyncio.sleep(0.001)
        state["application"]["n"] = before + 1

    store = await next_process(in_database())
    await asyncio.gather(*(store.dispatch("LOOKED_UP") for _ in range(50)))
    await store.flush()
    assert store.state["application"] == (await stored_in(in_database()))["application"] == {"n": 50}


COG = """
from kit import PersistentView, StatefulButton

class SharedName(PersistentView):
    {key}

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.add_item(StatefulButton(label="Who?", custom_id="who", callback=self.who))

    async def who(self, interaction):
        await interaction.response.send_message("{answer}", ephemeral=True)

async def setup(bot):
    pass
"""


@pytest.fixture
def cog(tmp_path, monkeypatch):
    """Writes an extension of the name `answer`, whose view gives that answer."""
    monkeypatch.syspath_prepend(tmp_path)
    written = []

    def write(answer: str, key: str = "pass") -> str:
        Path(f"{answer}.py").write_text(COG.format(answer=answer, key=key))
        written.append(answer)
        return answer

    yield write
    for name in written:
        sys.modules.pop(name, None)


@pytest.mark.asyncio
async def test_07_two_cogs_with_a_class_of_one_name_are_told_apart(cog):
    """The second one is refused with the line to write; with that line each panel answers as itself."""
    cogs = [cog("red_cog"), cog("blue_cog")]
    with pytest.raises(commands.ExtensionFailed) as refused:
        await Lab.start(a_bot(in_database, cogs=cogs))
    collision = refused.value.__cause__
    assert isinstance(collision, ClassCollisionError)
    assert "red_cog.SharedName and blue_cog.SharedName" in str(collision)
    advice = re.search(r"`(registry_key = .*)`", str(collision))
    assert advice is not None

    cog("blue_cog", advice[1])
    async with Lab.start(a_bot(in_database, cogs=cogs)) as lab:
        for name in cogs:
            await lab.post(sys.modules[name].SharedName, state_key=name)
        assert sorted((await lab.restart(crash=True)).restored) == sorted(cogs)
        assert [await told(lab, "who", message=message) for message in lab.messages] == cogs


@pytest.mark.asyncio
async def test_07_a_class_that_moves_from_the_notebook_to_a_cog_keeps_its_panels(cog):
    """What was posted from `__main__` is answered by the class of that name in the cog."""
    cogs = []
    async with Lab.start(a_bot(in_database, cogs=cogs)) as lab:
        notebook = {"__name__": "__main__"}
        exec(COG.format(answer="the notebook", key="pass"), notebook)
        await lab.post(notebook["SharedName"], state_key="panel")
        assert await told(lab, "who") == "the notebook"
        cogs.append(cog("moved_cog"))
        assert (await lab.restart(crash=True)).restored == ["panel"]
        assert await told(lab, "who") == "moved_cog"


def says(status: int, body: object, **headers: str):
    """An answer of Discord's, or of what stands before it."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if isinstance(body, str):
            return web.Response(status=status, text=body, content_type="text/html", headers=headers)
        text = json.dumps(body).encode()
        return web.Response(status=status, body=text, headers={"Content-Type": "application/json", **headers})

    return answer


async def hangs_up(request: web.Request) -> web.StreamResponse:
    request.transport.close()
    return web.Response()


async def says_nothing(request: web.Request) -> web.StreamResponse:
    while request.transport is not None:
        await asyncio.sleep(0.01)
    return web.Response()


LIMITED = {"message": "You are being rate limited.", "global": False}

ANSWERS = {
    "403": says(403, {"message": "Missing Access", "code": 50001}),
    "429": says(429, {**LIMITED, "retry_after": 0.001}, Via="1.1 google"),
    "429 for longer than the bot waits": says(429, {**LIMITED, "retry_after": 3600}, Via="1.1 google"),
    "429 of Cloudflare": says(429, "error code: 1015"),
    "503": says(503, {"message": "503: Service Unavailable", "code": 0}),
    "404 of a proxy": says(404, "<h1>Not Found</h1>"),
    "hangs up": hangs_up,
    "time-out": says_nothing,
}


@pytest.mark.parametrize("verify", ["startup", "background"])
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.asyncio
async def test_08_only_a_404_of_discord_removes_a_panel(monkeypatch, answer, verify):
    """Whatever else comes in the place of its message, the bot starts, and the panel answers and stays."""

    class HastyBot(a_bot(in_database, verify=verify, max_ratelimit_timeout=30.0)):
        async def setup_hook(self):
            if answer == "time-out":
                # discord.py leaves it at aiohttp's five minutes.
                self.http._HTTPClient__session._timeout = aiohttp.ClientTimeout(total=0.1)
            await super().setup_hook()

    async with Lab.start(HastyBot) as lab:
        await lab.post(ClickPanel, state_key="panel")
        handle = lab.discord._rest.handle
        troubled = True

        async def trouble(request: web.Request) -> web.StreamResponse:
            if troubled and request.method == "GET" and "/messages/" in request.path:
                return await ANSWERS[answer](request)
            return await handle(request)

        monkeypatch.setattr(lab.discord._rest, "handle", trouble)
        report = await lab.restart()
        assert (report.restored, report.removed, list(report.unreachable)) == (["panel"], [], ["panel"])
        assert await told(lab, "count") == "1"
        troubled = False
        report = await lab.restart(crash=True)
        assert (report.restored, report.removed, report.unreachable) == (["panel"], [], {})
        assert await told(lab, "count") == "2"

        async def deleted(simulator):
            simulator.world.delete_message(lab.messages[0].id)

        assert (await lab.restart(offline=deleted)).removed == ["panel"]


@pytest.mark.asyncio
async def test_09_a_panel_whose_on_restore_raises_is_not_there_at_all():
    """No entry of a view, no subscriber, no button that discord.py knows; and it is kept for better times."""
    broken = True
    heard = []

    class Moody(ClickPanel):
        subscribed_actions = ("COUNTED",)

        async def on_restore(self, bot):
            if broken:
                raise LookupError("the role was deleted")

        async def update_from_state(self, state):
            heard.append(state["application"]["n"])

    async with Lab.start(a_bot(in_database)) as lab:
        await lab.post(Moody, state_key="moody")
        report = await lab.restart()
        assert (report.failed, report.restored) == (["moody"], [])
        assert "LookupError: the role was deleted" in report.notes[0]
        await lab.store.dispatch("COUNTED")
        assert (heard, lab.store.state["views"], len(live_views(lab.store))) == ([], {}, 0)
        assert lab.bot.persistent_views == []
        assert list(lab.store.state["persistent_views"]) == ["moody"]
        assert "not available right now" in await told(lab, "count")
        broken = False
        assert await told(lab, "count") == "2"
        assert (heard, len(lab.store.state["views"]), len(live_views(lab.store))) == ([2], 1, 1)


@pytest.mark.parametrize("crash", [False, True], ids=["closed", "crashed"])
@pytest.mark.asyncio
async def test_10_restarts_leave_no_dead_views_in_the_state(crash):
    """A bot that restarts every night has as many views and sessions as on the first day."""
    async with Lab.start(a_bot(in_database)) as lab:
        await lab.post(ClickPanel, state_key="panel")
        await lab.post(ClickPanel, state_key="never clicked")
        first = lab.messages[0]
        sessions = set(lab.store.state["sessions"])
        for number in range(1, 6):
            await lab.restart(crash=crash)
            assert lab.store.state["views"] == {}
            assert await told(lab, "count", message=first) == str(number)
            assert len(lab.store.state["views"]) == 1
            await lab.store.flush()
        state = await stored_in(in_database())
        assert len(state["views"]) == 1
        assert set(state["sessions"]) == sessions
        assert [view for session in state["sessions"].values() for view in session["views"]] == [
            *state["views"]
        ]


@pytest.mark.asyncio
async def test_11_integer_keys_stay_integers(storage):
    """A counter for each user id goes on after a restart, instead of starting anew beside a text key."""

    @kit.reducer("VOTED")
    def voted(action, state):
        votes = state["application"].setdefault("votes", {})
        votes[action["payload"]] = votes.get(action["payload"], 0) + 1

    store = await next_process(storage())
    for _ in range(3):
        await store.dispatch("VOTED", 2**60)
        await store.dispatch("VOTED", -7)
        store = await next_process(storage())
    await store.dispatch("VOTED", str(2**60))
    store = await next_process(storage(), killed=False)
    assert store.state["application"]["votes"] == {2**60: 3, -7: 3, str(2**60): 1}


@pytest.mark.asyncio
async def test_12_a_value_that_can_not_be_stored_is_refused_where_it_is_dispatched(storage):
    """The caller learns the path, nothing of the action stays, and what comes after it is saved."""
    store = await next_process(storage())
    for value in (object(), b"bytes", float("nan"), {"deep": [print]}, {frozenset()}, {(1, 2): 3}):
        with pytest.raises(UnstorableError, match=r"application\.odd"):
            await store.dispatch("PUT", {"key": "odd", "value": value})
        await store.dispatch("COUNTED")
    await store.flush()
    assert store.counters()["storage_errors"] == 0
    store = await next_process(storage(), killed=True)
    assert store.state["application"] == {"n": 6}


@pytest.mark.asyncio
async def test_12_a_value_that_contains_itself_is_refused_as_the_others_are():
    """It has no end, and so no form in JSON; the error is not one of Python's stack."""
    endless: list = []
    endless.append({"again": endless})
    store = await next_process(in_database())
    with pytest.raises(UnstorableError, match=r"application\.odd"):
        await store.dispatch("PUT", {"key": "odd", "value": endless})
    assert store.state["application"] == {}


@pytest.mark.asyncio
async def test_13_every_type_that_goes_in_comes_out(storage):
    """A set is a set after the restart, and a time of day knows its zone."""
    values = {
        "voters": {1, 2**60},
        "nobody": set(),
        "moment": dt.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=dt.UTC),
        "naive": dt.datetime(2026, 1, 2, 3, 4, tzinfo=None),  # noqa: DTZ001
        "vienna": dt.datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Vienna"), fold=1),
        "day": dt.date(2026, 1, 2),
        "span": dt.timedelta(days=1, microseconds=1),
        "tuple": (1, (2, "3")),
        "numbers": [1, 1.0, True, None],
        "text of a date": "2026-01-02",
        "tag": {"$set": [1]},
    }
    store = await next_process(storage())
    for key, value in values.items():
        await store.dispatch("PUT", {"key": key, "value": value})
    store = await next_process(storage())
    found = (await store.snapshot())["application"]
    assert found == values
    assert {key: type(value) for key, value in found.items()} == {key: type(v) for key, v in values.items()}
    assert [type(number) for number in found["numbers"]] == [int, float, bool, type(None)]
    assert (found["vienna"].tzinfo, found["vienna"].fold) == (ZoneInfo("Europe/Vienna"), 1)

    @kit.reducer("VOTED")
    def voted(action, state):
        state["application"]["voters"].add(3)

    await store.dispatch("VOTED")
    store = await next_process(storage())
    assert store.state["application"]["voters"] == {1, 3, 2**60}


@pytest.mark.asyncio
async def test_14_a_panel_that_needs_arguments_is_restored_with_them():
    """A stored panel is what it was sent as; what could not be given again is refused before it is sent."""
    async with Lab.start(a_bot(in_database)) as lab:
        with pytest.raises(UnstorableError, match="role"):
            await lab.post(RoleOffer, state_key="no", role=object())
        assert (lab.messages, lab.store.state["persistent_views"], lab.store.state["views"]) == ([], {}, {})
        await lab.post(RoleOffer, state_key="plain", role="artist")
        await lab.post(RoleOffer, state_key="full", role=2**60, words=("just", "for", "you"))
        assert sorted((await lab.restart(crash=True)).restored) == ["full", "plain"]
        assert await told(lab, "offer", message=lab.messages[0]) == "take it: artist"
        assert await told(lab, "offer", message=lab.messages[1], user="bob") == f"just for you: {2**60}"


@pytest.mark.asyncio
async def test_15_steady_traffic_is_written_failures_are_tried_again_and_closing_flushes():
    """A bot that is never idle has its clicks on disk all the time, and all of them when it is stopped."""
    shelf = Shelf()
    async with Lab.start(a_bot(lambda: shelf)) as lab:
        await lab.store.flush()
        shelf.refusals = 2
        seen = set()
        for _ in range(250):
            await lab.store.dispatch("COUNTED")
            seen.add(shelf.state.get("application", {}).get("n", 0))
            await asyncio.sleep(0.001)
        assert shelf.refusals == 0
        assert lab.store.counters()["storage_errors"] == 2
        assert len(seen) > 5, "nothing was written while the traffic went on"
        await lab.store.dispatch("COUNTED")
        assert shelf.state["application"]["n"] < 251
        await lab.bot.close()
        assert shelf.state["application"] == {"n": 251}


STOPPED = """
import asyncio, sys, discord, kit
from discord.ext import commands
from kit.persistence import SQLiteBackend
from kit.simulator import LoopbackConnector

port, token = sys.argv[1:]

@kit.reducer("COUNTED")
def counted(action, state):
    state["application"]["n"] = state["application"].get("n", 0) + 1

class Bot(commands.Bot):
    async def setup_hook(self):
        await kit.setup_persistence(self, backend=SQLiteBackend("bot.db"))

    async def on_ready(self):
        for _ in range(10):
            await kit.get_store().dispatch("COUNTED")
        await self.close()

async def main():
    connector = LoopbackConnector(int(port))
    bot = Bot("!", intents=discord.Intents.default(), connector=connector, guild_ready_timeout=0.01)
    await bot.start(token)

asyncio.run(main())
"""


@pytest.mark.asyncio
async def test_15_a_program_ends_when_its_bot_was_closed_and_all_is_there():
    """`bot.close()` is all that a bot's program does at its end: no further call, and nothing hangs."""
    simulator = await Simulator.start()
    bot = await process(STOPPED, simulator.port, simulator.token)
    try:
        async with asyncio.timeout(10):
            await bot.communicate()
    finally:
        if bot.returncode is None:
            bot.kill()
            await bot.communicate()
        await simulator.close()
    assert bot.returncode == 0
    assert (await stored_in(in_database()))["application"] == {"n": 10}


@pytest.mark.asyncio
async def test_16_undo_is_ones_own_and_as_small_as_what_it_takes_back():
    """Bob's undo leaves Alice's change, and refuses where she was there after him; the disk does not fill up."""
    async with Lab.start(a_bot(in_database)) as lab:
        await lab.post(Desk, state_key="desk", user="alice")
        await lab.click("note", user="bob")
        await lab.click("note", user="alice")
        assert await told(lab, "take back", user="bob") == "undone"
        assert lab.store.state["application"] == {"alice": "here"}
        assert await told(lab, "take back", user="bob") == "nothing to undo"

        desk = live_views(lab.store).panel("desk")
        await desk.dispatch("PUT", {"key": "sign", "value": "mine"})
        await lab.store.dispatch("PUT", {"key": "sign", "value": "theirs"})
        with pytest.raises(UndoConflictError, match="sign"):
            await desk.undo()
        assert lab.store.state["application"]["sign"] == "theirs"

        await lab.store.dispatch("PUT", {"key": "much", "value": {str(n): "x" * 200 for n in range(1000)}})
        await lab.store.flush()
        rows = "SELECT sum(length(path) + length(value)) FROM kit_leaves"
        with sqlite3.connect("bot.db") as database:
            [before] = database.execute(rows).fetchone()
            for number in range(20):
                await desk.dispatch("PUT", {"key": "small", "value": number})
            await lab.store.flush()
            [after] = database.execute(rows).fetchone()
        database.close()
        assert before > 200_000
        assert after - before < 10_000


@pytest.mark.asyncio
async def test_17_a_second_setup_uses_its_backend_and_counts_a_click_once():
    """A cog that sets up persistence once more moves the bot to its storage; no panel is there twice."""
    async with Lab.start(a_bot(in_database)) as lab:
        await lab.post(ClickPanel, state_key="panel")
        assert await told(lab, "count") == "1"
        for number in (1, 2):
            await setup_persistence(lab.bot, backend=in_file())
            assert await told(lab, "count") == str(number)
        await lab.store.flush()
        assert (await stored_in(in_database()))["application"] == {"n": 1}
        state = await stored_in(in_file())
        assert state["application"] == {"n": 2}
        assert len(state["views"]) == len(state["persistent_views"]) == len(lab.bot.persistent_views) == 1


@pytest.mark.asyncio
async def test_18_a_bot_with_shards_is_a_bot():
    """An AutoShardedBot sends panels, and restores them."""
    async with Lab.start(a_bot(in_database, kind=commands.AutoShardedBot)) as lab:
        assert isinstance(lab.bot, commands.AutoShardedBot)
        await lab.post(ClickPanel, state_key="panel")
        assert await told(lab, "count") == "1"
        assert (await lab.restart(crash=True)).restored == ["panel"]
        assert await told(lab, "count") == "2"


@pytest.mark.asyncio
async def test_19_a_database_that_is_locked_for_long_loses_nothing():
    """A backup job holds the lock for many times what a write waits; clicks go on, and are saved after it."""
    store = await next_process(SQLiteBackend("bot.db", timeout=0.02))
    with sqlite3.connect("bot.db", isolation_level=None) as job:
        job.execute("BEGIN IMMEDIATE")
        for _ in range(30):
            await asyncio.wait_for(store.dispatch("COUNTED"), 0.1)
            await asyncio.sleep(0.01)
        assert store.counters()["storage_errors"] > 1
        job.execute("ROLLBACK")
    job.close()
    await store.flush()
    assert (await stored_in(in_database()))["application"] == {"n": 30}


@pytest.mark.parametrize("part", ["nothing", "application", "sessions"])
@pytest.mark.asyncio
async def test_20_a_backend_that_returns_a_part_of_the_tree_is_good_enough(part):
    """Somebody's backend keeps what it cares for; panels, counters and undo work all the same."""
    shelf = Shelf({} if part == "nothing" else {part: {}})
    async with Lab.start(a_bot(lambda: shelf)) as lab:
        assert set(lab.store.state) == {"views", "sessions", "application", "persistent_views"}
        await lab.post(Desk, state_key="desk")
        assert await told(lab, "count") == "1"
        assert await told(lab, "take back") == "undone"
        assert (await lab.restart()).restored == ["desk"]


@pytest.mark.asyncio
async def test_21_importing_says_nothing_and_makes_nothing():
    """No folder, no output, and the program's logging is its own."""
    source = """
import logging
import kit, kit.persistence, kit.persistence.postgres, kit.persistence.redis, kit.state, kit.views
own = [logging.getLogger(name) for name in ("", "kit", *logging.root.manager.loggerDict) if name.startswith("kit") or not name]
assert not any(logger.handlers for logger in own), own
assert logging.root.level == logging.WARNING
"""
    importing = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", source), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await importing.communicate()
    assert (importing.returncode, output) == (0, b"")
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("who", ["Discord", "the storage"])
@pytest.mark.asyncio
async def test_22_a_send_that_fails_leaves_nothing_behind(who):
    """Discord refuses the message, or the storage the entry: no view, session, subscriber, message or button."""
    heard = []

    class Unsent(ClickPanel):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            if who == "Discord":
                self.add_item(StatefulButton(label="far too long " * 10, custom_id="long"))

        async def update_from_state(self, state):
            heard.append(state)

    shelf = Shelf()
    async with Lab.start(a_bot(lambda: shelf)) as lab:
        await lab.store.flush()
        if who != "Discord":
            shelf.away = True
            lab.store.journal.patience = 0.1
        with pytest.raises(discord.HTTPException if who == "Discord" else StorageError):
            await lab.post(Unsent, state_key="panel")
        shelf.away = False
        heard.clear()
        await lab.store.dispatch("COUNTED")
        await lab.store.flush()
        assert heard == []
        assert lab.messages == []
        assert (len(live_views(lab.store)), lab.bot.persistent_views) == (0, [])
        nothing = {"views": {}, "sessions": {}, "persistent_views": {}, "application": {"n": 1}}
        assert await lab.store.snapshot() == nothing
        assert shelf.state == nothing


POSTING = """
import os, signal, sys, discord, kit, kit.persistence
from discord.ext import commands
from kit.simulator import LoopbackConnector

kind, path, port, token, channel = sys.argv[1:]

class ClickPanel(kit.PersistentView):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.add_item(kit.StatefulButton(label="Count", custom_id="count"))

class Bot(commands.Bot):
    async def setup_hook(self):
        await kit.setup_persistence(self, backend=getattr(kit.persistence, kind)(path))

    async def on_ready(self):
        await ClickPanel(state_key="panel").send(channel=self.get_channel(int(channel)))
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    bot = Bot("!", intents=discord.Intents.default(), connector=LoopbackConnector(int(port)), guild_ready_timeout=0.01)
    await bot.start(token)

import asyncio
asyncio.run(main())
"""


@pytest.mark.parametrize("make", [in_file, in_database])
@pytest.mark.asyncio
async def test_23_a_panel_is_on_disk_when_its_send_returns(make):
    """The process is killed in the line after `await send()`, and the panel answers after it."""
    async with Lab.start(a_bot(make)) as lab:

        async def killed(simulator):
            backend = make()
            arguments = (type(backend).__name__, backend.path, simulator.port, simulator.token)
            bot = await process(POSTING, *arguments, simulator.world.channel_id)
            await bot.communicate()
            assert bot.returncode == -9

        report = await lab.restart(offline=killed)
        assert (report.restored, report.removed) == (["panel"], [])
        assert await told(lab, "count") == "1"


@pytest.mark.asyncio
async def test_24_texts_of_every_script_make_custom_ids_that_differ():
    """Roles called 日本語, 🎉 and 🔥 have a button each; two that would share one are refused by name."""
    names = ["日本語", "中文", "🎉", "🔥", "Ünïcödé", "!!!", "???", "Game Nights!"]
    slugs = [slugify(name) for name in names]
    assert all(slugs)
    assert len(set(slugs)) == len(names)
    assert slugs == [slugify(name) for name in names]

    class Roles(PersistentView):
        def __init__(self, roles, **kwargs):
            super().__init__(**kwargs)
            for role in roles:
                self.add_item(
                    StatefulButton(label=role, custom_id=f"role:{slugify(role)}", callback=self.take(role))
                )

        def take(self, role):
            async def callback(interaction):
                await interaction.response.send_message(role, ephemeral=True)

            return callback

    async with Lab.start(a_bot(in_database)) as lab:
        await lab.post(Roles, state_key="roles", roles=names)
        await lab.restart(crash=True)
        assert [await told(lab, name) for name in names] == names
        with pytest.raises(ValueError, match="share custom_id='role:party'"):
            await lab.post(Roles, state_key="twice", roles=["🎉 Party", "🔥 Party"])


CELL = """
from kit import PersistentView, StatefulButton

class NotebookPanel(PersistentView):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.add_item(StatefulButton(label="Version", custom_id="version", callback=self.version))

    async def version(self, interaction):
        await interaction.response.send_message("old", ephemeral=True)
"""


@pytest.mark.parametrize("restarted", [False, True], ids=["live", "restored"])
@pytest.mark.asyncio
async def test_25_running_a_class_cell_again_brings_every_live_panel_along(monkeypatch, restarted):
    """Whoever corrects a callback in a notebook sees the correction at the next click, on each message."""
    notebook = NotebookShell()
    monkeypatch.setattr(InteractiveShell, "_instance", notebook.shell)
    try:
        for cell in ("%load_ext kit", "import kit; lab = await kit.Lab.start()", CELL):
            await notebook.run_well(cell)
        for number in (1, 2):
            await notebook.run_well(f"await lab.post(NotebookPanel, state_key='panel:{number}')")
        lab = notebook.names["lab"]
        panels = lab.messages
        if restarted:
            await lab.restart(crash=True)
        else:
            assert [await told(lab, "version", message=panel) for panel in panels] == ["old", "old"]
        await notebook.run_well(CELL.replace("old", "new"))
        await lab.settled()
        assert [await told(lab, "version", message=panel) for panel in panels] == ["new", "new"]
        await lab.check()
    finally:
        if Lab.running is not None:
            await Lab.running.stop()
        notebook.close()


@pytest.mark.parametrize("restarted", [False, True], ids=["live", "restored"])
@pytest.mark.parametrize("key", ["panel", "another"])
@pytest.mark.asyncio
async def test_26_another_admin_can_post_the_guilds_panel_anew(key, restarted):
    """One for each guild, whoever posts it: the former message is disabled and the new one answers."""
    async with Lab.start(a_bot(in_database)) as lab:
        await lab.post(GuildPanel, state_key="panel", user="alice")
        if restarted:
            await lab.restart()
        await lab.post(GuildPanel, state_key=key, user="bob")
        old, new = lab.messages
        assert (old.controls["count"].get("disabled"), new.controls["count"].get("disabled")) == (True, False)
        assert await told(lab, "count", message=new, user="alice") == "1"
        [entry] = lab.store.state["persistent_views"].values()
        assert (entry["state_key"], entry["message_id"]) == (key, new.id)
        assert len(lab.store.state["views"]) == len(live_views(lab.store)) == 1


def old_file() -> FileStorageBackend:
    shutil.copy(DATA / "pycascadeui-2.1.0.json", "old.json")
    return FileStorageBackend("old.json")


def old_database() -> SQLiteBackend:
    with sqlite3.connect("old.db") as database:
        database.executescript((DATA / "pycascadeui-2.1.0.sql").read_text(encoding="utf-8"))
    database.close()
    return SQLiteBackend("old.db")


def old_key(key: str) -> RedisBackend:
    import redis

    with redis.Redis.from_url(REDIS) as client:
        client.set(key, (DATA / "pycascadeui-2.1.0.redis").read_bytes())
    return RedisBackend(REDIS, key=key)


@pytest.fixture
def redis_key():
    """A key of the test's own."""
    import redis

    key = f"known-failures-{uuid.uuid4().hex}"
    yield key
    with redis.Redis.from_url(REDIS) as client:
        for found in client.scan_iter(match=f"*{key}*"):
            client.delete(found)


@pytest.mark.parametrize("how", ["migrated", "opened"])
@pytest.mark.parametrize(
    "where",
    [old_file, old_database, pytest.param(old_key, marks=pytest.mark.redis)],
    ids=lambda f: f.__name__,
)
@pytest.mark.asyncio
async def test_27_data_of_pycascadeui_2_is_read_wherever_it_rests(where, how, request):
    """A bot moves over with its panels and counters: by `migrate_storage`, or by opening what it has."""
    from kit.persistence import migrate_storage

    backend = where(request.getfixturevalue("redis_key")) if where is old_key else where()
    if how == "migrated":
        await migrate_storage(source=backend, target=in_database())
        backend = in_database()

    class RolePanel(PersistentView):
        pass

    guild, admin, member = 1180000000000000456, 1180000000000000123, 1180000000000000124
    bot = commands.Bot("!", intents=discord.Intents.none())
    summary = await setup_persistence(bot, backend=backend, verify=None)
    assert sorted(summary["restored"]) == ["roles:direct", f"roles:panel:{guild}"]
    state = get_store().state
    entry = state["persistent_views"][f"roles:panel:{guild}"]
    assert (entry["message_id"], entry["guild_id"], entry["user_id"]) == (1180000000000001001, guild, admin)
    assert state["application"]["counters"] == {str(admin): 2}
    assert get_store().get_scoped("user", user_id=member) == {"theme": "dark"}
    assert state["views"] == {}
    await get_store().dispatch("COUNTED")
    store = await next_process(in_database() if how == "migrated" else reopened(backend))
    assert (store.state["application"]["n"], len(store.state["persistent_views"])) == (1, 3)


def reopened(backend):
    """The same storage, as the next process opens it."""
    if isinstance(backend, RedisBackend):
        return RedisBackend(REDIS, key=backend.key)
    return type(backend)(backend.path)


@pytest.mark.asyncio
async def test_28_a_restored_panel_goes_to_its_pages_and_takes_back():
    """After a crash it has its session: what was done before can be undone, a page opened, and left again."""
    async with Lab.start(a_bot(in_database)) as lab:
        await lab.post(Desk, state_key="desk", user="alice")
        await lab.click("note", user="alice")
        await lab.store.flush()
        await lab.restart(crash=True)
        assert await told(lab, "take back", user="alice") == "undone"
        assert lab.store.state["application"] == {}
        assert (await lab.click("open", user="bob")).message.labels == ["◀ Back"]
        await lab.restart(crash=True)
        assert (await lab.click("nav:back", user="alice")).message.labels[0] == "Count"
        await lab.click("note", user="bob")
        assert await told(lab, "take back", user="bob") == "undone"
        assert lab.store.state["application"] == {}
