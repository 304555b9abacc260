"""Bots that lose their connection, restart, share a token, or see only what their intents allow."""

from __future__ import annotations

import asyncio
import json
import zlib

import aiohttp
import discord
import pytest

from kit.simulator import Simulator, World


class Panel(discord.ui.View):
    def __init__(self, name: str, seen: list[str]) -> None:
        super().__init__(timeout=None)
        self.name = name
        self.seen = seen

    @discord.ui.button(label="Press", custom_id="press")
    async def press(self, interaction, button) -> None:
        self.seen.append(self.name)
        await interaction.response.defer()


async def events_of(socket, count: int) -> list[dict]:
    """The next frames of a raw gateway connection."""
    return [json.loads((await socket.receive(timeout=5)).data) for _ in range(count)]


def identify(token: str, intents: int = 0) -> dict:
    return {"op": 2, "d": {"token": token, "intents": intents, "properties": {}}}


@pytest.mark.asyncio
async def test_a_click_during_an_outage_arrives_after_the_resume(lab):
    """The connection breaks, someone clicks, and the bot gets the click when it RESUMEs."""
    states, seen = [], []
    bot = await lab.bot()
    resumed = asyncio.Event()
    bot.add_listener(resumed_listener(resumed), "on_resumed")
    sent = await lab.channel(bot).send(view=Panel("one", seen))
    lab.simulator.subscribe(lambda event, data: states.append(data["state"]) if event == "gateway" else None)
    await lab.simulator.drop_gateway()
    interaction = await lab.simulator.click("press", message=sent.id, user="alice")
    assert interaction.status == "pending"
    await interaction.answered()
    assert (interaction.status, seen) == ("answered", ["one"])
    async with asyncio.timeout(5):
        await resumed.wait()
    assert states == ["disconnected", "resumed"]


def resumed_listener(event: asyncio.Event):
    async def on_resumed() -> None:
        event.set()

    return on_resumed


@pytest.mark.asyncio
async def test_a_lost_session_identifies_again(lab):
    """When the session is gone the bot IDENTIFYs anew and its buttons still work."""
    bot = lab.make_bot()

    async def at_once(shard_id, *, initial=False) -> None:
        """discord.py waits five seconds here."""

    bot.before_identify_hook = at_once
    await lab.bot(bot)
    seen = []
    sent = await lab.channel(bot).send(view=Panel("one", seen))
    await lab.simulator.drop_gateway(resumable=False)
    await lab.simulator.wait_connected()
    interaction = await lab.simulator.click("press", message=sent.id, user="alice")
    assert (await interaction.answered()).status == "answered"


@pytest.mark.asyncio
async def test_a_new_bot_answers_the_old_message(lab):
    """A bot stops, another starts with a persistent view, and yesterday's button answers."""
    seen = []
    first = await lab.bot()
    sent = await lab.channel(first).send(view=Panel("one", seen))
    await lab.stop(first)
    second = lab.make_bot()
    second.add_view(Panel("two", seen))
    await lab.bot(second)
    interaction = await lab.simulator.click("press", message=sent.id, user="alice")
    assert (await interaction.answered()).status == "answered"
    assert seen == ["two"]


@pytest.mark.asyncio
async def test_two_bots_share_a_token(lab):
    """Both hear messages, but a click goes to the newest bot only, and to the other once that leaves."""
    seen, heard = [], []
    bots = []
    for name in ("old", "new"):
        bot = lab.make_bot()
        bot.add_view(Panel(name, seen))
        bot.add_listener(recorder(name, heard), "on_message")
        bots.append(await lab.bot(bot))
    sent = await lab.channel(bots[0]).send(view=Panel("old", seen))
    await (await lab.simulator.click("press", message=sent.id, user="alice")).answered()
    await lab.stop(bots[1])
    await (await lab.simulator.click("press", message=sent.id, user="alice")).answered()
    assert seen == ["new", "old"]
    assert sorted(heard) == ["new", "old"]


def recorder(name: str, heard: list[str]):
    async def on_message(message) -> None:
        heard.append(name)

    return on_message


@pytest.mark.asyncio
async def test_a_wrong_token_is_refused(lab):
    """REST answers 401 to discord.py's login, and the gateway closes with 4004."""
    bot = lab.make_bot()
    with pytest.raises(discord.LoginFailure):
        await bot.login("not.the.token")
    await bot.close()
    async with aiohttp.ClientSession() as session, session.ws_connect(lab.simulator.gateway_url) as socket:
        await socket.receive()
        await socket.send_json(identify("not.the.token"))
        closed = await socket.receive(timeout=5)
        assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 4004)


@pytest.mark.asyncio
async def test_frames_that_make_no_sense_close_the_connection(lab):
    """Each mistake of a client has Discord's close code."""
    hello = {"op": 2, "d": {"token": lab.world.token}}
    for frame, code in (
        ("nonsense", 4002),
        ("[]", 4002),
        ('{"op": "x"}', 4002),
        ('{"op": 99}', 4001),
        ('{"op": 8, "d": {}}', 4003),
        ('{"op": 2, "d": 5}', 4002),
        (json.dumps(hello), 4013),
        (json.dumps({"op": 2, "d": {**hello["d"], "intents": 0, "shard": "x"}}), 4010),
        (json.dumps({"op": 1, "d": "x" * 5000}), 4002),
    ):
        url = lab.simulator.gateway_url
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
            await socket.receive()
            await socket.send_str(frame)
            closed = await socket.receive(timeout=5)
            assert (frame[:40], closed.data) == (frame[:40], code)


@pytest.mark.asyncio
async def test_a_raw_client_with_zlib_stream(lab):
    """Frames of one shared zlib context end in Z_SYNC_FLUSH, as hikari and others want them."""
    async with aiohttp.ClientSession() as session:
        url = f"{lab.simulator.gateway_url}/?v=10&encoding=json&compress=zlib-stream"
        async with session.ws_connect(url) as socket:
            context = zlib.decompressobj()

            async def read():
                data = (await socket.receive(timeout=5)).data
                assert data.endswith(b"\x00\x00\xff\xff")
                return json.loads(context.decompress(data))

            assert (await read())["d"]["heartbeat_interval"] == 41250
            await socket.send_json({"op": 1, "d": None})
            assert (await read())["op"] == 11
            await socket.send_json(identify(lab.world.token, intents=1))
            ready, guild = await read(), await read()
            assert (ready["t"], ready["s"], guild["t"], guild["s"]) == ("READY", 1, "GUILD_CREATE", 2)
            assert ready["d"]["resume_gateway_url"] == lab.simulator.gateway_url
            assert [m["user"]["id"] for m in guild["d"]["members"]] == [lab.world.application_id]


@pytest.mark.asyncio
async def test_an_unknown_compression_falls_back_to_text(lab, monkeypatch):
    """A client with zstd still works where the simulator has no zstd module: it gets text frames."""
    monkeypatch.setattr("kit.simulator.gateway.compression.ZSTD_MODULES", ())
    url = f"{lab.simulator.gateway_url}/?compress=zstd-stream"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        assert (await socket.receive()).type == aiohttp.WSMsgType.TEXT


@pytest.mark.asyncio
async def test_a_session_that_cannot_be_resumed(lab):
    """RESUME with a made-up session is answered INVALID_SESSION false; one from the future closes with 4007."""
    async with aiohttp.ClientSession() as session, session.ws_connect(lab.simulator.gateway_url) as socket:
        await events_of(socket, 1)
        for session_id in ("unknown", None):
            data = {"token": lab.world.token, "session_id": session_id, "seq": 1}
            await socket.send_json({"op": 6, "d": data})
            assert (await events_of(socket, 1))[0] == {"op": 9, "s": None, "t": None, "d": False}
        await socket.send_json(identify(lab.world.token))
        ready = (await events_of(socket, 1))[0]
        await socket.send_json(identify(lab.world.token))
        assert (await socket.receive()).data == 4005
    async with aiohttp.ClientSession() as session, session.ws_connect(lab.simulator.gateway_url) as socket:
        await events_of(socket, 1)
        data = {"token": lab.world.token, "session_id": ready["d"]["session_id"], "seq": 99}
        await socket.send_json({"op": 6, "d": data})
        assert (await socket.receive(timeout=5)).data == 4007


@pytest.mark.asyncio
async def test_without_message_content_the_text_is_hidden(lab):
    """A bot without the intent reads only what mentions it, its own messages and direct messages."""
    intents = discord.Intents.default()
    bot = lab.make_bot(intents=intents)
    heard = []

    async def on_message(message) -> None:
        heard.append(message.content)

    bot.add_listener(on_message)
    await lab.bot(bot)
    await lab.simulator.say("hidden", user="bob")
    await lab.simulator.say(f"<@{bot.user.id}> shown", user="bob")
    dm = lab.world.dm(lab.world.user("bob")["id"])
    await lab.simulator.say("private", user="bob", channel=dm["id"])
    await lab.channel(bot).send("own")
    await lab.until(lambda: len(heard) == 4)
    assert heard == ["", f"<@{bot.user.id}> shown", "private", "own"]


@pytest.mark.asyncio
async def test_without_guild_messages_no_messages(lab):
    """A bot that asked for no message events gets none, and its buttons work."""
    bot = lab.make_bot(intents=discord.Intents(guilds=True))
    heard, seen = [], []
    bot.add_listener(recorder("x", heard), "on_message")
    await lab.bot(bot)
    sent = await lab.channel(bot).send(view=Panel("one", seen))
    await (await lab.simulator.click("press", message=sent.id, user="alice")).answered()
    assert (heard, seen) == ([], ["one"])


@pytest.mark.asyncio
async def test_what_an_admin_does_reaches_the_bot(lab):
    """Deleted messages and channels, new people and roles: the bot hears of each."""
    bot = lab.make_bot()
    heard = []
    for name in ("message_delete", "guild_channel_delete", "guild_channel_create", "member_join"):
        bot.add_listener(recorder(name, heard), f"on_{name}")
    for name in ("guild_role_create", "guild_role_delete"):
        bot.add_listener(recorder(name, heard), f"on_{name}")
    updated = asyncio.Event()

    async def on_member_update(before, after) -> None:
        heard.append(f"{[r.name for r in before.roles]} {[r.name for r in after.roles]}")
        updated.set()

    bot.add_listener(on_member_update)
    await lab.bot(bot)
    sent = await lab.channel(bot).send("x")
    lab.world.delete_message(sent.id)
    other = lab.world.add_channel("other")
    lab.world.delete_channel(other["id"])
    lab.world.add_user("dave")
    role = lab.world.add_role("Mod")
    member = bot.get_guild(int(lab.world.guild["id"])).get_member_named("bob")
    await member.add_roles(discord.Object(role["id"]))
    async with asyncio.timeout(5):
        await updated.wait()
    assert heard == [
        *("message_delete", "guild_channel_create", "guild_channel_delete", "member_join"),
        *("guild_role_create", "['@everyone'] ['@everyone', 'Mod']"),
    ]


@pytest.mark.asyncio
async def test_members_can_be_asked_for(lab):
    """A bot without the members cache asks the gateway and gets them in a chunk."""
    bot = lab.make_bot(intents=discord.Intents.all(), chunk_guilds_at_startup=False)
    await lab.bot(bot)
    guild = bot.get_guild(int(lab.world.guild["id"]))
    members = await guild.query_members("bo")
    assert [member.name for member in members] == ["bob"]
    everyone = await guild.chunk()
    assert sorted(member.name for member in everyone) == ["alice", "bob", "viewkit"]


@pytest.mark.asyncio
async def test_no_bot_comes(lab):
    """Waiting for a bot ends with an error that says how to connect one."""
    with pytest.raises(TimeoutError, match=r"connector=simulator\.connector\(\)"):
        await lab.simulator.wait_connected(timeout=0.01)


@pytest.mark.asyncio
async def test_an_autosharded_bot(lab):
    """An AutoShardedBot asks how many shards to open and works like any other."""
    bot = discord.ext.commands.AutoShardedBot(
        "!",
        intents=discord.Intents.all(),
        connector=lab.simulator.connector(),
        guild_ready_timeout=0.01,
        help_command=None,
    )
    await lab.bot(bot)
    seen = []
    sent = await lab.channel(bot).send(view=Panel("sharded", seen))
    await (await lab.simulator.click("press", message=sent.id, user="alice")).answered()
    assert seen == ["sharded"]


@pytest.mark.asyncio
async def test_the_world_outlives_the_simulator(tmp_path):
    """A world is saved, loaded and served on another port, and its messages and files are still there."""
    world = World(users=("carol",), guild_name="Kept")
    simulator = await Simulator.start(world)
    world.add_role("Mod", color=5)
    said = await simulator.say("remember me", user="carol")
    await simulator.close()
    world.save(tmp_path / "world.json")
    again = World.load(tmp_path / "world.json")
    assert (again.token, again.guild["name"], list(again.users)) == (world.token, "Kept", ["carol"])
    simulator = await Simulator.start(again)
    assert again.message(said["id"])["content"] == "remember me"
    later = await simulator.say("and me", user="carol")
    assert int(later["id"]) > int(said["id"])
    await simulator.close()


@pytest.mark.asyncio
async def test_a_taken_port_is_an_error(lab):
    """A second simulator on the same port says that the address is in use."""
    world = World()
    with pytest.raises(OSError, match="in use"):
        await Simulator.start(world, port=lab.simulator.port)


@pytest.mark.asyncio
async def test_closing_waits_for_nobody(lab):
    """A client that never reads its close frame doesn't hold up the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", lab.simulator.port)
    writer.write(
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await reader.read(100)
    loop = asyncio.get_running_loop()
    before = loop.time()
    await lab.simulator.close()
    assert loop.time() - before < 0.5
    writer.close()


@pytest.mark.asyncio
async def test_start_and_stop_a_hundred_times():
    """A kernel that restarts its lab all day keeps no task and no socket."""
    before = len(asyncio.all_tasks())
    for _ in range(100):
        simulator = await Simulator.start()
        await simulator.close()
    assert len(asyncio.all_tasks()) == before
