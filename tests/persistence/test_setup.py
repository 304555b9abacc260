"""`setup_persistence`: called late, called twice, for some of the shards, with odd entries."""

from __future__ import annotations

import asyncio

import discord
import pytest
import pytest_asyncio
from discord.ext import commands

import kit
from kit import PersistentView, StatefulButton
from kit.persistence import FileStorageBackend, SQLiteBackend, setup_persistence, view_classes
from kit.persistence.live import live_views
from kit.simulator import Simulator
from kit.state import get_store, set_store


class Counter(PersistentView):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.add_item(StatefulButton(label="Count", custom_id="count", callback=self.count))

    async def count(self, interaction):
        await self.dispatch("COUNTED")
        await interaction.response.send_message("counted", ephemeral=True)


@pytest.fixture(autouse=True)
def registered():
    view_classes.put("Counter", Counter)

    @kit.reducer("COUNTED")
    def counted(action, state):
        state["application"]["n"] = state["application"].get("n", 0) + 1


class Bots:
    """Bots on one simulated Discord."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self._running: list[tuple[commands.bot.BotBase, asyncio.Task[None]]] = []

    async def start(self, cls=commands.Bot, **options):
        """A bot that is ready."""
        bot = cls(
            "!",
            intents=discord.Intents.all(),
            connector=self.simulator.connector(),
            guild_ready_timeout=0.01,
            **options,
        )
        self._running.append((bot, asyncio.create_task(bot.start(self.simulator.token))))
        while not bot.is_ready():
            await asyncio.sleep(0.005)
        return bot

    async def click(self, message: discord.Message) -> str:
        """What alice is told when she presses the button of `message`."""
        interaction = await self.simulator.click("count", message=message.id, user="alice")
        await interaction.answered()
        return str(interaction.failure)

    async def close(self) -> None:
        for bot, task in self._running:
            await bot.close()
            await task


@pytest_asyncio.fixture
async def bots():
    simulator = await Simulator.start()
    running = Bots(simulator)
    yield running
    await running.close()
    await simulator.close()


def channel_of(bots: Bots, bot) -> discord.TextChannel:
    return bot.get_channel(int(bots.simulator.world.channel_id))


@pytest.mark.asyncio
async def test_setup_after_ready_keeps_what_was_there_before(bots, tmp_path):
    """Panels that were sent, and what was dispatched, before the first setup are stored and answer."""
    bot = await bots.start()
    message = await Counter(state_key="early").send(channel=channel_of(bots, bot))
    await get_store().dispatch("COUNTED")
    backend = SQLiteBackend(tmp_path / "state.db")
    await setup_persistence(bot, backend=backend)
    assert await bots.click(message) == "None"
    await get_store().flush()
    stored = await backend.load_state()
    assert stored["application"] == {"n": 2}
    assert list(stored["persistent_views"]) == ["early"]
    assert len(stored["views"]) == 1


@pytest.mark.asyncio
async def test_a_second_setup_uses_its_new_backend_and_attaches_no_panel_twice(bots, tmp_path):
    """The panel goes along to the new storage, counts once per click, and the former storage is closed."""
    bot = await bots.start()
    first, second = FileStorageBackend(tmp_path / "1.json"), SQLiteBackend(tmp_path / "2.db")
    await setup_persistence(bot, backend=first)
    message = await Counter(state_key="panel").send(channel=channel_of(bots, bot))
    await bots.click(message)
    await setup_persistence(bot, backend=second)
    assert await bots.click(message) == "None"
    await get_store().flush()
    assert (await first.load_state())["application"] == {"n": 1}
    stored = await second.load_state()
    assert stored["application"] == {"n": 1}
    assert list(stored["persistent_views"]) == ["panel"]
    assert len(live_views(get_store())) == 1


@pytest.mark.asyncio
async def test_the_same_setup_twice_changes_nothing(bots, tmp_path):
    """A cog that calls it again by mistake loses nothing and doubles nothing."""
    bot = await bots.start()
    await setup_persistence(bot, backend=SQLiteBackend(tmp_path / "state.db"))
    message = await Counter(state_key="panel").send(channel=channel_of(bots, bot))
    await bots.click(message)
    await setup_persistence(bot, backend=SQLiteBackend(tmp_path / "state.db"))
    assert await bots.click(message) == "None"
    assert get_store().state["application"] == {"n": 2}
    assert len(get_store().state["views"]) == 1
    assert len(live_views(get_store())) == 1


def entry(
    state_key: str, guild_id: object, message_id: object, channel_id: object = 5, **more: object
) -> dict:
    return {
        "class_name": "Counter",
        "state_key": state_key,
        "message_id": message_id,
        "channel_id": channel_id,
        "guild_id": guild_id,
        "user_id": 1,
        **more,
    }


@pytest.mark.parametrize(
    ("cls", "options", "mine"),
    [
        (commands.Bot, {"shard_id": 1, "shard_count": 2}, {"odd"}),
        (commands.Bot, {"shard_id": 0, "shard_count": 2}, {"even", "dm"}),
        (commands.AutoShardedBot, {"shard_ids": [0], "shard_count": 2}, {"even", "dm"}),
        (commands.AutoShardedBot, {"shard_count": 2}, {"even", "odd", "dm"}),
        (commands.AutoShardedBot, {}, {"even", "odd", "dm"}),
        (commands.Bot, {}, {"even", "odd", "dm"}),
    ],
)
@pytest.mark.asyncio
async def test_a_shard_restores_the_panels_of_its_own_guilds(tmp_path, cls, options, mine):
    """`guild_id >> 22 % shard_count`, direct messages on shard 0, an AutoShardedBot all that it runs."""
    backend = FileStorageBackend(tmp_path / "state.json")
    panels = {"even": 2 << 22, "odd": 3 << 22, "dm": None}
    views = {name: {"type": "Counter", "guild_id": guild} for name, guild in panels.items()}
    stored = {
        "persistent_views": {
            name: entry(name, guild, index) for index, (name, guild) in enumerate(panels.items())
        },
        "views": views,
    }
    await backend.save_state(stored)
    bot = cls("!", intents=discord.Intents.none(), **options)
    summary = await setup_persistence(bot, backend=backend, verify=None)
    assert set(summary["restored"]) == mine
    assert set(get_store().state["persistent_views"]) == set(panels)
    assert set(get_store().state["views"]) == set(panels) - mine, "views of other shards are alive elsewhere"
    await get_store().close()


@pytest.mark.asyncio
async def test_ids_that_are_text_are_read(bots, tmp_path):
    """A panel answers whose ids somebody's backend has turned into text."""
    bot = await bots.start()
    message = await Counter(state_key="panel").send(channel=channel_of(bots, bot))
    stored = dict(get_store().state["persistent_views"]["panel"])
    ids = {name: str(stored[name]) for name in ("message_id", "channel_id", "guild_id")}
    await live_views(get_store()).panel("panel").discard()
    backend = FileStorageBackend(tmp_path / "state.json")
    await backend.save_state({"persistent_views": {"panel": {**stored, **ids, "user_id": None}}})
    summary = await setup_persistence(bot, backend=backend)
    assert summary["restored"] == ["panel"]
    assert await bots.click(message) == "None"
    assert (await summary.verified())["removed"] == []


@pytest.mark.asyncio
async def test_an_entry_that_names_no_message_is_reported_and_kept(tmp_path, caplog):
    """The other panels are restored, and nothing of the odd one is lost."""
    odd = {"no id": entry("no id", 1, "soon"), "no class": {"message_id": 1, "channel_id": 2}, "no entry": 7}
    backend = FileStorageBackend(tmp_path / "state.json")
    await backend.save_state({"persistent_views": {**odd, "good": entry("good", 1, 2)}})
    bot = commands.Bot("!", intents=discord.Intents.none())
    summary = await setup_persistence(bot, backend=backend, verify=None)
    assert summary["restored"] == ["good"]
    assert summary["failed"] == list(odd)
    assert "'soon' as its 'message_id', which is no id" in str(summary.errors["no id"])
    assert "has no 'class_name'" in str(summary.errors["no class"])
    assert "the panel 'no entry' can't be restored and is kept" in caplog.text
    await get_store().close()
    assert set((await backend.load_state())["persistent_views"]) >= set(odd)


@pytest.mark.asyncio
async def test_a_class_that_needs_an_argument_that_is_not_stored_is_reported(tmp_path):
    """The error names it and what to write; the entry is kept."""

    class Needy(PersistentView):
        def __init__(self, colour, **kwargs):
            super().__init__(**kwargs)

    backend = FileStorageBackend(tmp_path / "state.json")
    await backend.save_state({"persistent_views": {"x": entry("x", 1, 2, class_name="Needy")}})
    summary = await setup_persistence(
        commands.Bot("!", intents=discord.Intents.none()), backend=backend, verify=None
    )
    assert summary["failed"] == ["x"]
    assert "'colour'" in str(summary.errors["x"])
    assert "Give the new argument a default" in str(summary.errors["x"])
    assert "x" in get_store().state["persistent_views"]
    await get_store().close()


@pytest.mark.asyncio
async def test_a_channel_that_is_gone_costs_one_request(bots, tmp_path, monkeypatch):
    """Discord says so once, for all the panels that were in it."""
    bot = await bots.start()
    backend = FileStorageBackend(tmp_path / "state.json")
    guild = bot.guilds[0].id
    gone = {f"p{number}": entry(f"p{number}", guild, 100 + number, channel_id=99) for number in range(20)}
    await backend.save_state({"persistent_views": gone})
    asked = []
    request = bot.http.request

    def counting(route, **options):
        asked.append(route.path)
        return request(route, **options)

    monkeypatch.setattr(bot.http, "request", counting)
    summary = await setup_persistence(bot, backend=backend, verify="startup")
    assert sorted(summary["removed"]) == sorted(gone)
    assert get_store().state["persistent_views"] == {}
    assert len(asked) == 1


@pytest.mark.asyncio
async def test_hooks_tell_of_restore_flush_and_errors(tmp_path):
    """What a bot needs for its metrics, beside the counters."""
    told = []
    for name in ("restore", "flush", "error"):
        get_store().on(name, lambda *arguments, name=name: told.append((name, *arguments)))
    summary = await setup_persistence(backend=SQLiteBackend(tmp_path / "state.db"))
    await get_store().dispatch("COUNTED")
    await get_store().flush()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert ("restore", summary) in told
    assert any(name == "flush" and rest[0] > 0 for name, *rest in told)
    counters = get_store().counters()
    assert counters["dispatches"] == 2
    assert counters["rows_written"] > 0
    assert counters["bytes_written"] > 0
    assert counters["rows_waiting"] == 0
    await get_store().close()


@pytest.mark.parametrize("bot", ["!", 7, discord.Client(intents=discord.Intents.none())], ids=str)
@pytest.mark.asyncio
async def test_what_is_no_bot_is_refused(bot):
    """The error shows the call to write."""
    with pytest.raises(TypeError, match=r"await setup_persistence\(self"):
        await setup_persistence(bot)


@pytest.mark.asyncio
async def test_a_second_process_does_not_make_the_views_of_the_first_forgotten(bots, tmp_path):
    """It clears away what a crash may have left; the process whose views are alive says so."""
    bot = await bots.start()
    await setup_persistence(bot, backend=SQLiteBackend(tmp_path / "state.db", poll=0.01))
    await Counter(state_key="panel").send(channel=channel_of(bots, bot))
    first = get_store()
    [view_id] = first.state["views"]
    second = first.successor()
    set_store(second)
    await setup_persistence(backend=SQLiteBackend(tmp_path / "state.db", poll=0.01))
    assert dict(second.state["views"]) == {}
    for _ in range(200):
        await asyncio.sleep(0.01)
        if view_id in first.state["views"] and view_id in second.state["views"]:
            break
    assert second.state["views"][view_id]["type"] == "Counter"
    assert second.state["views"] == first.state["views"]
    await second.close()
    set_store(first)


@pytest.mark.asyncio
async def test_a_panel_that_is_sent_anew_while_discord_is_asked_stays(bots, tmp_path, monkeypatch):
    """The answer is about its former message."""
    bot = await bots.start()
    channel = channel_of(bots, bot)
    backend = FileStorageBackend(tmp_path / "state.json")
    await backend.save_state(
        {"persistent_views": {"panel": entry("panel", bot.guilds[0].id, 123, channel_id=channel.id)}}
    )
    asked, answer = asyncio.Event(), asyncio.Event()
    request = bot.http.request

    async def slow(route, **options):
        if route.path.endswith("/messages/{message_id}") and route.method == "GET":
            asked.set()
            await answer.wait()
        return await request(route, **options)

    summary = await setup_persistence(bot, backend=backend, verify=None)
    monkeypatch.setattr(bot.http, "request", slow)
    verifying = asyncio.create_task(bot.get_cog("viewkit persistence").verify(summary))
    await asked.wait()
    answer.set()
    message = await Counter(state_key="panel").send(channel=channel)
    await verifying
    assert get_store().state["persistent_views"]["panel"]["message_id"] == message.id
    assert await bots.click(message) == "None"


@pytest.mark.asyncio
async def test_the_pages_of_a_panel_that_is_nobodys_have_their_back_button_after_a_restart(tmp_path):
    """It was sent to a channel by the bot itself."""

    class Loop(PersistentView):
        auto_back_button = True

    message = 7
    view = entry("loop", None, message, class_name="Loop", user_id=None)
    session = {
        "views": [],
        "nav_stack": [{"class_name": "Loop", "message_id": message}],
        "undo_stack": [],
        "redo_stack": [],
        "data": {},
    }
    backend = FileStorageBackend(tmp_path / "state.json")
    await backend.save_state(
        {"persistent_views": {"loop": view}, "sessions": {f"Loop:message_{message}": session}}
    )
    bot = commands.Bot("!", intents=discord.Intents.none())
    await setup_persistence(bot, backend=backend, verify=None)
    panel = await bot.get_cog("viewkit persistence").view("loop")
    assert [item.custom_id for item in panel.children] == ["nav:back"]
    await get_store().close()


@pytest.mark.asyncio
async def test_a_path_is_no_backend():
    """The error names the backend that was meant; the store goes on as it was."""
    with pytest.raises(TypeError, match=r"given 'bot\.db' as its backend; write `backend=SQLiteBackend"):
        await setup_persistence(backend="bot.db")
    assert get_store().journal is None
