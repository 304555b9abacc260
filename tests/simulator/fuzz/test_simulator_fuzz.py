"""Whatever is sent to any route: an answer that Discord could give, and a world that holds together."""

from __future__ import annotations

import asyncio
import io
import json
import os
from collections import Counter
from typing import Self

import aiohttp
import pytest
import pytest_asyncio

from kit.simulator import Simulator
from tests.simulator.conftest import Harness
from tests.simulator.fuzz.invariants import broken
from tests.simulator.fuzz.requests import Fuzzer
from tests.simulator.limits.builders import button, rows

FULL = os.environ.get("KIT_SOAK") == "full"
REQUESTS = 20_000 if FULL else 2_000
ROUND = 500
ANSWERS = {200, 201, 204, 400, 401, 403, 404, 405, 429, 501}
EVERYTHING = (1 << 26) - 1


class Listener:
    """A bot that is connected and says nothing: raw, so that no library can choke on what is told."""

    def __init__(self, simulator: Simulator, session: aiohttp.ClientSession) -> None:
        self.simulator = simulator
        self.session = session

    async def __aenter__(self) -> Self:
        self.socket = await self.session.ws_connect(f"{self.simulator.gateway_url}/?v=10&encoding=json")
        identify = {"token": self.simulator.token, "intents": EVERYTHING, "properties": {}}
        await self.socket.send_json({"op": 2, "d": identify})
        self.task = asyncio.create_task(self._hear())
        await self.simulator.wait_connected()
        return self

    async def _hear(self) -> None:
        async for message in self.socket:
            assert message.type == aiohttp.WSMsgType.TEXT
            await self.socket.send_json({"op": 1, "d": None}) if message.json()["op"] == 1 else None

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()
        await self.task


@pytest_asyncio.fixture
async def session():
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
        yield client


async def click(simulator: Simulator, fuzzer: Fuzzer, session: aiohttp.ClientSession) -> None:
    """A fresh interaction for the routes that answer one."""
    world = simulator.world
    if world.channel_id not in world.channels:
        world.channel_id = world.add_channel("again")["id"]
    url = f"{simulator.rest_url}/channels/{world.channel_id}/messages"
    async with session.post(
        url, json=rows(button()), headers={"Authorization": f"Bot {simulator.token}"}
    ) as sent:
        message = await sent.json()
    if sent.status == 200:
        clicked = await simulator.click("go", message=message["id"], user="alice")
        fuzzer.tokens.append((clicked.id, clicked.token))


@pytest.mark.soak
@pytest.mark.timeout(900 if FULL else 120)
@pytest.mark.asyncio
async def test_no_request_breaks_the_simulator(session, tmp_path, caplog):
    """Random and mutated requests at every route: no 500, errors in Discord's shape, no broken invariant."""
    answers = Counter()
    for seed in range(REQUESTS // ROUND):
        simulator = await Simulator.start()
        fuzzer = Fuzzer(simulator, seed)
        async with Listener(simulator, session):
            for number in range(ROUND):
                if number % 10 == 0:
                    await click(simulator, fuzzer, session)
                request = fuzzer.request()
                url = simulator.url + request.path
                # aiohttp warns of bytes by the megabyte.
                large = isinstance(request.body, bytes) and len(request.body) > 1 << 20
                sent = {"data": io.BytesIO(request.body) if large else request.body}
                sent["headers"] = request.headers
                async with session.request(request.method, url, **sent) as response:
                    body = await response.read()
                answers[response.status] += 1
                assert response.status in ANSWERS, f"{response.status} for {request}"
                if response.status >= 400 and request.method != "HEAD":
                    assert {"code", "message"} <= set(json.loads(body)), f"{body} for {request}"
        assert broken(simulator.world, tmp_path) == []
        await _read_by_discord_py(simulator)
        await simulator.close()
    assert "bug of viewkit" not in caplog.text
    assert min(answers[status] for status in (200, 201, 204, 400, 401, 404, 405, 501)) > 0, answers


async def _read_by_discord_py(simulator: Simulator) -> None:
    """A bot that logs in to what is left reads all of it."""
    harness = Harness(simulator)
    try:
        bot = await harness.bot()
        guild = bot.guilds[0]
        assert len(guild.channels) == len(simulator.world.guild_channels())
        assert len(guild.roles) == len(simulator.world.roles)
        for channel in guild.text_channels:
            stored = simulator.world.messages(channel.id)
            assert len([message async for message in channel.history(limit=None)]) == len(stored)
        assert len(await bot.tree.fetch_commands()) == len(simulator.world.bot.commands.get("global", ()))
    finally:
        for bot in tuple(harness.bots):
            await harness.stop(bot)
