"""``python -m kit.simulator`` as its users run it: in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import signal
import sys

import aiohttp
import discord
import pytest
from discord.ext import commands

from kit.simulator import LoopbackConnector, Simulator, World
from kit.simulator.__main__ import parser


@contextlib.asynccontextmanager
async def running(*arguments):
    """The command, its port and token read from what it prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "kit.simulator", *map(str, arguments)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        lines = [(await process.stdout.readline()).decode() for _ in range(6)]
        port = int(re.search(r"127\.0\.0\.1:(\d+)", lines[0])[1])
        yield process, port, lines[2].split()[1], "".join(lines)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            await process.wait()
        process._transport.close()


@pytest.mark.asyncio
async def test_a_bot_of_another_process(tmp_path):
    """A bot connects to the command's port with the printed token, and its message is in the saved world."""
    path = tmp_path / "world.json"
    async with running("--user", "carol", "--world", path) as (process, port, token, printed):
        assert "LoopbackConnector" in printed
        bot = commands.Bot(
            "!",
            intents=discord.Intents.default(),
            connector=LoopbackConnector(port),
            guild_ready_timeout=0.01,
            help_command=None,
        )
        done = asyncio.Event()

        async def on_ready() -> None:
            await bot.guilds[0].text_channels[0].send("from outside")
            done.set()

        bot.add_listener(on_ready)
        task = asyncio.create_task(bot.start(token))
        async with asyncio.timeout(10):
            await done.wait()
        await bot.close()
        await task
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0
    world = World.load(path)
    assert [message["content"] for message in world.messages()] == ["from outside"]
    assert (list(world.users), world.token) == (["carol"], token)
    async with running("--user", "dave", "--world", path) as (_, _, same_token, _):
        assert same_token == token
    assert list(World.load(path).users) == ["carol", "dave"]


@pytest.mark.asyncio
async def test_a_damaged_world_stops_the_command(tmp_path):
    """The command refuses to start on a damaged file, and leaves it as it was."""
    path = tmp_path / "world.json"
    path.write_text("{")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "kit.simulator", "--world", str(path)), stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    process._transport.close()
    assert (process.returncode, path.read_text()) == (1, "{")
    assert "Restore the file from a backup" in errors.decode()


@pytest.mark.asyncio
async def test_the_world_is_saved_while_it_runs(tmp_path):
    """After a kill -9 the file holds a whole world."""
    path = tmp_path / "world.json"
    async with running("--world", path) as (process, _, token, _):
        async with asyncio.timeout(10):
            while not path.exists():
                await asyncio.sleep(0.01)
        process.kill()
        await process.wait()
    assert json.loads(path.read_text())["bots"][0]["token"] == token


@pytest.mark.asyncio
async def test_the_command_serves_several_bots_with_limits_and_latency():
    """Its options are seen by a client: another bot's token, headers of rate limits, answers that take time."""
    options = ("--bot", "helper", "--rate-limits", "discord", "--latency", "0.05")
    async with running(*options) as (process, port, token, printed):
        lines = [printed, *[(await process.stdout.readline()).decode() for _ in range(3)]]
        helper = re.search(r"The token of helper: (\S+)", "".join(lines))[1]
        assert f"hikari.GatewayBot({token!r}, rest_url='http://127.0.0.1:{port}/api/v10')" in "".join(lines)
        loop = asyncio.get_running_loop()
        for given, name in ((token, "viewkit"), (helper, "helper")):
            headers, before = {"Authorization": f"Bot {given}"}, loop.time()
            async with (
                aiohttp.ClientSession(headers=headers) as session,
                session.get(f"http://127.0.0.1:{port}/api/v10/users/@me") as response,
            ):
                assert (await response.json())["username"] == name
                assert "X-RateLimit-Remaining" in response.headers
                assert loop.time() - before >= 0.05


@pytest.mark.parametrize("latency", ["x", "-1", "2-1", "inf"])
def test_a_latency_that_is_none(latency, capsys):
    """The command says how to write one."""
    with pytest.raises(SystemExit):
        parser().parse_args([f"--latency={latency}"])
    assert "write seconds as 0.1" in capsys.readouterr().err


@pytest.mark.asyncio
async def test_a_port_where_no_simulator_listens():
    """That discord.com can't be reached is aiohttp's guess; the rest of the error says what is really missing."""
    simulator = await Simulator.start()
    port = simulator.port
    await simulator.close()
    async with discord.Client(intents=discord.Intents.none(), connector=LoopbackConnector(port)) as client:
        with pytest.raises(aiohttp.ClientConnectorError, match=rf"no simulator listens on 127.0.0.1:{port}"):
            await client.login("token")


@pytest.mark.asyncio
async def test_what_is_no_world_is_not_served():
    """The path of a world's file is the mistake that is made; the error says how to read it."""
    with pytest.raises(TypeError, match=r"not 'world.json': for a file, World\.load\(path\)"):
        await Simulator.start("world.json")
