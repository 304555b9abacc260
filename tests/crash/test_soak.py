"""A long life: a thousand restarts and a hundred thousand clicks leave nothing behind but what was counted."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import statistics
import threading
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import hikari
import miru
import pytest

import kit
import kit.lab.hikari
from kit.persistence.places import open_place
from kit.state import StateStore, get_store, set_store
from tests.lab.panels import RolePanel, count_roles
from tests.persistence.shared_storage import EVERY, empty_place

FULL = os.environ.get("KIT_SOAK") == "full"
RESTARTS = 1_000 if FULL else 100
# hikari takes a quarter of a second to close.
HIKARI_RESTARTS = 400 if FULL else 40
CLICKS = 100_000 if FULL else 2_000
SETUPS = 1_000 if FULL else 100

_log = logging.getLogger(__name__)

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(1800 if FULL else 120),
    pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts by /proc, which only Linux has"),
]


def footprint() -> dict[str, int]:
    """What this process holds that it could forget to give back."""
    gc.collect()
    with warnings.catch_warnings():
        # Looking at every object asks proxies for their class.
        warnings.simplefilter("ignore")
        stores = sum(isinstance(thing, StateStore) for thing in gc.get_objects())
    # The loop's own pool of threads grows to its size, whoever uses it.
    threads = [thread for thread in threading.enumerate() if not thread.name.startswith("asyncio_")]
    return {
        "tasks": len(asyncio.all_tasks()),
        "threads": len(threads),
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "stores": stores,
    }


def resident() -> int:
    """The memory of this process, in kilobytes."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def bots_held() -> int:
    """How many hikari bots there are, ended ones included."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return sum(isinstance(thing, hikari.GatewayBot | hikari.RESTBot) for thing in gc.get_objects())


class Greeter(miru.View):
    """A persistent view of hikari-miru."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @miru.button(label="Greet", custom_id="greet")
    async def greet(self, context: miru.ViewContext, button: miru.Button) -> None:
        """Answer, so that no message stays."""
        await context.edit_response("Again")


def greeting(kind: str, token: str, rest_url: str) -> hikari.GatewayBot | hikari.RESTBot:
    """Make a bot that sends a `Greeter` as it first starts, and answers it in every life."""
    made = {"banner": None, "logs": None, "rest_url": rest_url}
    bot: Any = (
        hikari.RESTBot(token, hikari.TokenType.BOT, **made)
        if kind == "rest"
        else hikari.GatewayBot(token, **made)
    )
    client = miru.Client(bot)

    async def begin(_: Any) -> None:
        client.start_view(Greeter(), bind_to=None)
        guild = (await bot.rest.fetch_my_guilds())[0]
        channels = await bot.rest.fetch_guild_channels(guild)
        channel = next(channel for channel in channels if channel.name == "general")
        if not await bot.rest.fetch_messages(channel).limit(1):
            await bot.rest.create_message(channel, "Press it", components=Greeter())

    if kind == "rest":
        bot.add_startup_callback(begin)
    else:
        bot.subscribe(hikari.StartedEvent, begin)
    return bot


def growth(samples: list[int]) -> float:
    """By how much the second half of `samples` grew from its beginning to its end, along a straight line."""
    half = samples[len(samples) // 2 :]
    return statistics.linear_regression(range(len(half)), half).slope * len(half)


@pytest.fixture(autouse=True)
def nothing_is_kept_for_long(monkeypatch, caplog):
    """Discord keeps an interaction for a quarter of an hour and so does the simulator; pytest keeps the log."""
    monkeypatch.setattr("kit.simulator.interactions.interactions.TOKEN_SECONDS", 0.5)
    caplog.set_level(logging.ERROR)
    _log.setLevel(logging.INFO)


@pytest.mark.asyncio
async def test_a_day_of_restarts_leaves_nothing_behind(tmp_path, monkeypatch):
    """Restarts and crashes in turn, each with a click: no task, thread, file, store or megabyte more than before."""
    monkeypatch.chdir(tmp_path)
    count_roles()
    memory = []
    async with kit.Lab.start() as lab:
        await lab.post(RolePanel, state_key="roles:main")
        for number in range(RESTARTS):
            await lab.restart(crash=number % 2 == 0)
            await lab.click("roles:get")
            if number == 4:
                before = footprint()
            if number % (RESTARTS // 20) == 0:
                memory.append(resident())
        after = footprint()
        assert lab.messages[0].labels[0] == f"Get role ({RESTARTS})"
    assert all(after[what] <= before[what] for what in before), (before, after)
    _log.info("%d restarts: %s kB", RESTARTS, memory)
    assert growth(memory) < 3_000, memory


@pytest.mark.parametrize("kind", ["gateway", "rest"])
@pytest.mark.asyncio
async def test_a_day_of_restarts_of_a_hikari_bot_leaves_nothing_behind(kind, tmp_path, monkeypatch):
    """Crashes, and every tenth a close, each with a click: no task, thread, file, bot or megabyte more."""
    monkeypatch.chdir(tmp_path)
    memory = []
    async with kit.Lab.start(kit.lab.hikari.bot(partial(greeting, kind))) as lab:
        for number in range(HIKARI_RESTARTS):
            await lab.restart(crash=number % 10 != 0)
            assert (await lab.click("greet")).ok
            if number == 4:
                before = footprint() | {"bots": bots_held()}
            if number % (HIKARI_RESTARTS // 20) == 0:
                memory.append(resident())
        await asyncio.sleep(0.05)
        after = footprint() | {"bots": bots_held()}
        await lab.check()
    assert all(after[what] <= before[what] for what in before), (before, after)
    _log.info("%d restarts of %s: %s kB", HIKARI_RESTARTS, kind, memory)
    assert growth(memory) < 3_000, memory


@pytest.mark.asyncio
async def test_many_clicks_cost_no_memory(tmp_path, monkeypatch):
    """The simulator, discord.py, the views, the store and the database forget what is over."""
    monkeypatch.chdir(tmp_path)
    count_roles()
    memory = []
    async with kit.Lab.start() as lab:
        message = (await lab.post(RolePanel, state_key="roles:main")).message
        before = footprint()
        for number in range(CLICKS // 20):
            await asyncio.gather(*(lab.click("roles:get", message=message) for _ in range(20)))
            if number % (CLICKS // 20 // 40) == 0:
                memory.append(resident())
        assert lab.store.state["application"]["roles"]["roles:main"] == CLICKS // 20 * 20
        assert len(lab.messages) == 1
        after = footprint()
    assert all(after[what] <= before[what] + 3 * (what == "files") for what in before), (before, after)
    _log.info("%d clicks: %s kB", CLICKS, memory)
    assert growth(memory) < 3_000, memory


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.asyncio
async def test_storage_that_is_closed_is_let_go(kind, tmp_path):
    """Set up and closed again and again, by a flush or by a crash: no connection, thread, file or memory stays."""
    async with empty_place(kind, tmp_path) as place:
        memory = []
        for number in range(SETUPS):
            store = get_store().successor()
            set_store(store)
            await kit.setup_persistence(backend=open_place(place))
            await store.dispatch("SCOPED_UPDATE", {"scope": "global", "data": {"n": number}})
            if number % 2:
                await store.flush()
                await store.abandon()
            else:
                await store.close()
            if number == 9:
                before = footprint()
            if number % (SETUPS // 20) == 0:
                memory.append(resident())
        # A connection that the other side ends is gone in the next turn of the loop.
        await asyncio.sleep(0.05)
        after = footprint()
        backend = open_place(place)
        assert (await backend.load_state())["application"]["_scoped"]["global"] == {"n": SETUPS - 1}
        if hasattr(backend, "close"):
            await backend.close()
    assert all(after[what] <= before[what] for what in before), (before, after)
    assert growth(memory) < 3_000, memory
