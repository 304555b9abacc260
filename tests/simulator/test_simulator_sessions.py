"""The gateway's truth: heartbeats, resumes, shards, intents, presences and what closes a connection."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging

import aiohttp
import discord
import pytest
from discord.ext import commands

from kit.simulator import World
from kit.simulator.gateway import compression
from kit.simulator.gateway.intents import GUILD_MEMBERS, GUILD_PRESENCES, GUILDS


class Panel(discord.ui.View):
    def __init__(self, seen: list) -> None:
        super().__init__(timeout=None)
        self.seen = seen

    @discord.ui.button(label="Press", custom_id="press")
    async def press(self, interaction, button) -> None:
        self.seen.append(interaction.client)
        await interaction.response.defer()


class Raw:
    """A raw gateway connection."""

    def __init__(self, lab, socket) -> None:
        self.lab = lab
        self.socket = socket

    async def send(self, op, data) -> None:
        await self.socket.send_json({"op": op, "d": data})

    async def identify(self, intents=0, **options) -> dict:
        token = options.pop("token", self.lab.world.token)
        await self.send(2, {"token": token, "intents": intents, "properties": {}, **options})
        return await self.read()

    async def resume(self, session_id, seq) -> dict:
        await self.send(6, {"token": self.lab.world.token, "session_id": session_id, "seq": seq})
        return await self.read()

    async def read(self) -> dict:
        message = await self.socket.receive(timeout=5)
        if message.type is not aiohttp.WSMsgType.TEXT:
            return {"closed": message.data}
        return json.loads(message.data)

    async def read_all(self) -> list[dict]:
        """What has come so far: all before the acknowledgement of a heartbeat."""
        await self.send(1, None)
        frames = []
        while (frame := await self.read())["op"] != 11:
            frames.append(frame)
        return frames


@pytest.fixture
def connect(lab):
    @contextlib.asynccontextmanager
    async def connect(query=""):
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(lab.simulator.gateway_url + query) as socket,
        ):
            raw = Raw(lab, socket)
            raw.hello = await raw.read()
            yield raw

    return connect


def recorder(name, heard):
    async def on_event() -> None:
        heard.append(name)

    return on_event


def names(frames):
    return [frame["t"] for frame in frames]


@pytest.mark.asyncio
async def test_a_bot_that_sends_no_heartbeats_is_dropped(lab, connect):
    """Silence for longer than the interval closes the connection with 4000, and it can be resumed."""
    lab.simulator.gateway.heartbeat_interval = 0.02
    async with connect() as raw:
        assert raw.hello["d"]["heartbeat_interval"] == 20
        ready = await raw.identify()
        assert await raw.read() == {"closed": 4000}
    async with connect() as raw:
        assert (await raw.resume(ready["d"]["session_id"], ready["s"]))["t"] == "RESUMED"


@pytest.mark.asyncio
async def test_heartbeats_keep_a_connection(lab, connect):
    """Who sends them stays connected for as long as they do."""
    lab.simulator.gateway.heartbeat_interval = 0.1
    async with connect() as raw:
        await raw.identify()
        for _ in range(10):
            await asyncio.sleep(0.05)
            assert await raw.read_all() == []


@pytest.mark.asyncio
async def test_a_stepped_clock_is_no_silence(lab, connect):
    """Fifteen minutes that pass at once don't look like a bot that missed its heartbeats."""
    async with connect() as raw:
        await raw.identify()
        lab.simulator.advance(15 * 60)
        assert await raw.read_all() == []


@pytest.mark.asyncio
async def test_a_zombie_is_noticed_by_the_bot(lab, caplog):
    """The gateway goes silent: discord.py misses its acknowledgement, reconnects, resumes and gets the click."""
    lab.simulator.gateway.heartbeat_interval = 0.05
    caplog.set_level(logging.ERROR)
    bot = lab.make_bot(heartbeat_timeout=0.2)
    await lab.bot(bot)
    resumed, seen = asyncio.Event(), []

    async def on_resumed() -> None:
        resumed.set()

    bot.add_listener(on_resumed)
    sent = await lab.channel(bot).send(view=Panel(seen))
    lab.simulator.gateway.freeze()
    clicked = await lab.simulator.click("press", message=sent.id, user="bob")
    async with asyncio.timeout(10):
        await resumed.wait()
    assert (await clicked.answered()).status == "answered"
    assert seen == [bot]


@pytest.mark.asyncio
async def test_a_server_that_asks_to_reconnect(lab):
    """Opcode 7: discord.py closes, connects anew and resumes; a click in between is answered."""
    bot = await lab.bot()
    states, resumed, seen = [], asyncio.Event(), []

    async def on_resumed() -> None:
        resumed.set()

    bot.add_listener(on_resumed)
    sent = await lab.channel(bot).send(view=Panel(seen))
    lab.simulator.subscribe(lambda event, data: states.append(data["state"]) if event == "gateway" else None)
    lab.simulator.gateway.request_reconnect()
    await lab.until(lambda: states)
    clicked = await lab.simulator.click("press", message=sent.id, user="bob")
    async with asyncio.timeout(5):
        await resumed.wait()
    assert ((await clicked.answered()).status, states) == ("answered", ["disconnected", "resumed"])


@pytest.mark.parametrize("resumable", [True, False])
@pytest.mark.asyncio
async def test_an_invalid_session(lab, resumable):
    """Opcode 9: discord.py resumes if it may, and otherwise identifies anew."""
    bot = lab.make_bot()

    async def at_once(shard_id, *, initial=False) -> None:
        """discord.py waits five seconds here."""

    bot.before_identify_hook = at_once
    await lab.bot(bot)
    back, states = [], []
    bot.add_listener(recorder("resumed", back), "on_resumed")
    bot.add_listener(recorder("ready", back), "on_ready")
    lab.simulator.subscribe(lambda event, data: states.append(data["state"]) if event == "gateway" else None)
    lab.simulator.gateway.invalidate(resumable=resumable, bot_id=lab.world.bot.id)
    await lab.until(lambda: back)
    assert back == ["resumed" if resumable else "ready"]
    assert states == ["disconnected", "resumed" if resumable else "connected"]


@pytest.mark.asyncio
async def test_an_identify_on_the_same_socket(lab, connect):
    """A client that is told that its session is gone may identify without connecting anew."""
    async with connect() as raw:
        first = await raw.identify()
        lab.simulator.gateway.invalidate(resumable=False)
        assert await raw.read() == {"op": 9, "s": None, "t": None, "d": False}
        second = await raw.identify()
        assert (second["t"], second["s"]) == ("READY", 1)
        assert second["d"]["session_id"] != first["d"]["session_id"]


@pytest.mark.asyncio
async def test_a_resume_replays_what_was_missed(lab, connect):
    """Exactly the events after the given number come again, with their numbers, then RESUMED."""
    async with connect() as raw:
        ready = await raw.identify(1 << 9)
        for text in "abc":
            await lab.simulator.say(text, user="bob")
        got = await raw.read_all()
        assert names(got) == ["MESSAGE_CREATE"] * 3
    # Closing with 1000 ends a session, so the network has to break.
    async with connect() as raw:
        ready = await raw.identify(1 << 9)
        await lab.simulator.say("d", user="bob")
        seen = (await raw.read_all())[-1]["s"]
        lab.simulator.gateway.cut()
        await lab.simulator.say("e", user="bob")
        await lab.simulator.say("f", user="bob")
    async with connect() as raw:
        replayed = [await raw.resume(ready["d"]["session_id"], seen), await raw.read(), await raw.read()]
        assert names(replayed) == ["MESSAGE_CREATE", "MESSAGE_CREATE", "RESUMED"]
        assert [frame["s"] for frame in replayed] == [seen + 1, seen + 2, seen + 3]


@pytest.mark.parametrize(
    ("seq", "answer"), [(0, "READY"), (1, "RESUMED"), (-1, 4007), (2, 4007), ("1", 4007), (None, 4007)]
)
@pytest.mark.asyncio
async def test_the_number_of_a_resume(lab, connect, seq, answer):
    """Numbers that were never given out close with 4007; an old one that is still kept is replayed."""
    async with connect() as raw:
        ready = await raw.identify()
        lab.simulator.gateway.cut()
    async with connect() as raw:
        got = await raw.resume(ready["d"]["session_id"], seq)
        assert (got.get("t") or got["closed"]) == answer


@pytest.mark.asyncio
async def test_a_resume_that_comes_too_late(lab, connect):
    """Two minutes after the connection broke the session is gone; so is one of which too much was missed."""
    async with connect() as raw:
        late = await raw.identify()
        lab.simulator.gateway.cut()
    lab.simulator.advance(121)
    async with connect() as raw:
        assert (await raw.resume(late["d"]["session_id"], 1))["op"] == 9
        ready = await raw.identify(1 << 11)
        lab.simulator.gateway.cut()
    for _ in range(1100):
        lab.world.emit("TYPING_START", {"channel_id": lab.world.channel_id, "user_id": "1", "timestamp": 0})
    async with connect() as raw:
        assert (await raw.resume(ready["d"]["session_id"], 1))["op"] == 9


@pytest.mark.parametrize("room", [0, 1500])
@pytest.mark.asyncio
async def test_a_session_of_which_too_much_was_missed(lab, connect, monkeypatch, room):
    """What is kept for a resume is bounded by its size as well: beyond that the session is invalid."""
    monkeypatch.setattr("kit.simulator.gateway.session.REPLAY_BYTES", room)
    async with connect() as raw:
        ready = await raw.identify(1 << 9 | 1 << 15)
        lab.simulator.gateway.cut()
    for _ in range(2):
        await lab.simulator.say("x" * 500, user="bob")
    async with connect() as raw:
        assert (await raw.resume(ready["d"]["session_id"], ready["s"]))["op"] == 9


@pytest.mark.asyncio
async def test_another_bots_session_can_not_be_resumed(lab, connect):
    """A session belongs to the bot that started it."""
    helper = lab.world.add_bot("helper")
    async with connect() as raw:
        ready = await raw.identify(token=helper.token)
        lab.simulator.gateway.cut()
    async with connect() as raw:
        assert (await raw.resume(ready["d"]["session_id"], 1))["op"] == 9


@pytest.mark.asyncio
async def test_a_guild_is_on_its_shard_and_direct_messages_are_on_the_first(lab, connect):
    """Each shard is told of what is on it, and of nothing else."""
    home = (int(lab.world.guild["id"]) >> 22) % 2
    direct = lab.world.dm(lab.world.user("bob")["id"])
    async with connect() as zero, connect() as one:
        intents = GUILDS | 1 << 9 | 1 << 12 | 1 << 15
        shards = (zero, one)
        ready = [await raw.identify(intents, shard=[number, 2]) for number, raw in enumerate(shards)]
        assert [frame["d"]["shard"] for frame in ready] == [[0, 2], [1, 2]]
        assert [len(frame["d"]["guilds"]) for frame in ready] == [int(home == 0), int(home == 1)]
        assert names(await shards[home].read_all()) == ["GUILD_CREATE"]
        assert await shards[1 - home].read_all() == []
        await lab.simulator.say("here", user="bob")
        await lab.simulator.say("there", user="bob", channel=direct["id"])
        got = [[frame["d"]["content"] for frame in await raw.read_all()] for raw in shards]
        expected = [[], []]
        expected[home].append("here")
        expected[0].append("there")
        assert got == expected


@pytest.mark.asyncio
async def test_a_bot_of_several_shards(lab):
    """An AutoShardedBot opens as many as it is told; clicks go to the shard of the guild, or to the first."""
    lab.simulator.gateway.shards = 3
    bot = commands.AutoShardedBot(
        "!",
        intents=discord.Intents.all(),
        connector=lab.simulator.connector(),
        guild_ready_timeout=0.01,
        help_command=None,
    )

    async def at_once(shard_id, *, initial=False) -> None:
        """discord.py waits five seconds between shards."""

    bot.before_identify_hook = at_once
    await lab.bot(bot)
    assert sorted(bot.shards) == [0, 1, 2]
    seen = []
    view = Panel(seen)
    sent = await lab.channel(bot).send(view=view)
    bob = bot.get_user(int(lab.world.user("bob")["id"]))
    direct = await bob.send(view=view)
    for message in (sent, direct):
        clicked = await lab.simulator.click("press", message=message.id, user="bob")
        assert (await clicked.answered()).status == "answered"
    assert len(seen) == 2


@pytest.mark.asyncio
async def test_a_click_waits_for_no_other_shard(lab, connect):
    """With only the other shard connected, nobody is there who could answer."""
    home = (int(lab.world.guild["id"]) >> 22) % 2
    async with connect() as raw:
        await raw.identify(shard=[1 - home, 2])
        bob, bot = lab.world.user("bob"), lab.world.bot
        clicked = lab.simulator.interactions.open(
            3, {"custom_id": "x"}, user=bob, bot=bot, channel_id=lab.world.channel_id
        )
        assert (clicked.status, clicked.failure) == ("failed", "the bot is not connected")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        *(({"shard": shard}, 4010) for shard in ([2, 2], [-1, 2], [0], [0, 0], ["0", "1"], 5, [True, 2])),
        *(({"intents": intents}, 4013) for intents in (-1, "1", 1.5, True, 1 << 60, None)),
        *(({"presence": presence}, 4002) for presence in (5, {"status": "x"}, {"activities": [1]})),
    ],
)
@pytest.mark.asyncio
async def test_an_identify_that_makes_no_sense(lab, connect, options, code):
    """Each mistake has Discord's close code."""
    async with connect() as raw:
        got = await raw.identify(**options)
        while "closed" not in got:
            got = await raw.read()
        assert got == {"closed": code}


@pytest.mark.asyncio
async def test_a_bot_that_has_to_shard(lab, connect):
    """When Discord wants several shards, a bot with one is closed with 4011."""
    lab.simulator.gateway.shards = 2
    async with connect() as raw:
        assert await raw.identify() == {"closed": 4011}
    async with connect() as raw:
        assert (await raw.identify(shard=[0, 2]))["t"] == "READY"


@pytest.mark.asyncio
async def test_intents_that_are_not_allowed(lab):
    """Without the switch in the developer portal discord.py says which page to visit."""
    lab.world.bot.privileged_intents = {"members"}
    bot = lab.make_bot(intents=discord.Intents.all())
    with pytest.raises(discord.PrivilegedIntentsRequired):
        await lab.bot(bot)
    del lab.bots[bot]
    await bot.close()
    allowed = discord.Intents.default()
    allowed.members = True
    assert (await lab.bot(intents=allowed)).is_ready()
    assert lab.world.bot.privileged_intents == {"members"}


def test_an_intent_that_is_not_privileged():
    """The error names those that are."""
    with pytest.raises(ValueError, match="presences, members, message_content"):
        World().bot.privileged_intents = {"guilds"}


@pytest.mark.parametrize(
    ("query", "code"),
    [("/?encoding=etf", 4002), ("/?v=5&encoding=json", 4012), ("/?v=10&encoding=json", None)],
)
@pytest.mark.asyncio
async def test_what_the_gateway_speaks(lab, query, code):
    """JSON in version 9 or 10; anything else is refused with a reason, and ETF is listed as unsupported."""
    url = lab.simulator.gateway_url + query
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        message = await socket.receive(timeout=5)
    if code is None:
        assert json.loads(message.data)["op"] == 10
    else:
        assert (message.data, bool(message.extra)) == (code, True)
    assert lab.simulator.unsupported == (["GATEWAY encoding=etf"] if "etf" in query else [])


@pytest.mark.asyncio
async def test_a_payload_of_more_than_4096_bytes(lab, connect):
    """4096 is read, more is not."""
    async with connect() as raw:
        frame = json.dumps({"op": 1, "d": None})
        await raw.socket.send_str(frame.ljust(4096))
        assert (await raw.read())["op"] == 11
        await raw.socket.send_str(frame.ljust(4097))
        assert await raw.read() == {"closed": 4002}


@pytest.mark.asyncio
async def test_guild_events_need_the_guilds_intent(lab, connect):
    """READY names the guild in any case; GUILD_CREATE comes with the intent only."""
    for intents, events in ((0, []), (GUILDS, ["GUILD_CREATE"])):
        async with connect() as raw:
            ready = await raw.identify(intents)
            assert ready["d"]["guilds"] == [{"id": lab.world.guild["id"], "unavailable": True}]
            assert names(await raw.read_all()) == events


@pytest.mark.asyncio
async def test_a_large_guild_comes_in_chunks(lab):
    """Over the threshold GUILD_CREATE holds the bot alone; discord.py asks for all and gets them by 1000."""
    for number in range(1200):
        lab.world.add_user(f"user{number}")
    chunks = []
    bot = lab.make_bot(chunk_guilds_at_startup=False, enable_debug_events=True)

    async def on_socket_raw_receive(text) -> None:
        frame = json.loads(text)
        if frame["t"] == "GUILD_MEMBERS_CHUNK":
            chunks.append((frame["d"]["chunk_index"], frame["d"]["chunk_count"], len(frame["d"]["members"])))

    bot.add_listener(on_socket_raw_receive)
    await lab.bot(bot)
    (guild,) = bot.guilds
    assert (guild.large, guild.member_count, [member.name for member in guild.members]) == (
        True,
        1203,
        ["viewkit"],
    )
    assert len(await guild.chunk()) == 1203
    await lab.until(lambda: len(chunks) == 2)
    assert chunks == [(0, 2, 1000), (1, 2, 203)]


@pytest.mark.asyncio
async def test_members_are_asked_for(lab, connect):
    """By name and by id everyone may ask; for the whole list it takes the intent."""
    guild_id, world = lab.world.guild["id"], lab.world
    bob = world.user("bob")["id"]
    for intents, everyone in ((0, None), (GUILD_MEMBERS, {"alice", "bob", "viewkit"})):
        async with connect() as raw:
            await raw.identify(intents)

            async def ask(raw=raw, **data):
                await raw.send(8, {"guild_id": guild_id, **data})
                frames = await raw.read_all()
                return frames[0]["d"] if frames else None

            found = await ask(query="BO", limit=5, nonce="n")
            assert ([m["user"]["id"] for m in found["members"]], found["nonce"]) == ([bob], "n")
            found = await ask(user_ids=[bob, "1"], presences=True)
            assert ([m["user"]["id"] for m in found["members"]], found["not_found"]) == ([bob], ["1"])
            assert found["presences"] == []
            whole = await ask(query="", limit=0)
            assert (whole and {m["user"]["username"] for m in whole["members"]}) == everyone
            assert await ask(guild_id="1", query="", limit=0) is None


@pytest.mark.asyncio
async def test_what_a_bot_shows_of_itself(lab, connect):
    """A status and an activity are seen by the other bot that may, by subscribers, and in a new GUILD_CREATE."""
    helper = lab.world.add_bot("helper")
    watcher = await lab.bot(token=helper.token)
    told = []
    lab.simulator.subscribe(lambda event, data: told.append(data["status"]) if event == "presence" else None)
    bot = await lab.bot(status=discord.Status.idle)
    (guild,) = watcher.guilds
    me = guild.get_member(bot.user.id)
    await lab.until(lambda: me.status is discord.Status.idle)
    await bot.change_presence(status=discord.Status.dnd, activity=discord.Game("chess"))
    await lab.until(lambda: me.activity)
    assert (me.status, me.activity.name) == (discord.Status.dnd, "chess")
    async with connect() as raw:
        await raw.identify(GUILDS | GUILD_PRESENCES, token=helper.token)
        presences = (await raw.read_all())[0]["d"]["presences"]
        assert {item["user"]["id"]: item["status"] for item in presences}[lab.world.bot.id] == "dnd"
    await lab.stop(bot)
    await lab.until(lambda: me.status is discord.Status.offline)
    assert [told[0], told[1], told[-1]] == ["idle", "dnd", "offline"]


@pytest.mark.asyncio
async def test_a_client_with_zstd_stream(lab):
    """Where a zstd module is installed, frames are one stream of it."""
    module = compression._zstd_module()
    if module is None:
        pytest.skip("no zstd module is installed")
    context = module.ZstdDecompressor()
    context = context.decompressobj() if hasattr(context, "decompressobj") else context
    url = f"{lab.simulator.gateway_url}/?compress=zstd-stream"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        for op in (10, 11):
            assert json.loads(context.decompress((await socket.receive(timeout=5)).data))["op"] == op
            await socket.send_json({"op": 1, "d": None})
