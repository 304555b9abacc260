"""Rate limits: their headers, their refusals, and real bots that sleep and try again."""

from __future__ import annotations

import asyncio
import json
import logging

import aiohttp
import discord
import pytest

from kit.simulator import Bucket, RateLimits, Simulator
from kit.simulator.ratelimits import DISCORD, Window

SEND = "POST channels/{channel_id}/messages"


class Client:
    """A raw client that reads headers."""

    def __init__(self, lab, session) -> None:
        self.lab = lab
        self.session = session

    async def __call__(self, method, path, body=None, *, token=None):
        headers = {"Authorization": f"Bot {token or self.lab.world.token}"}
        url = self.lab.simulator.rest_url + path
        async with self.session.request(method, url, json=body, headers=headers) as response:
            text = await response.text()
            limits = {key: value for key, value in response.headers.items() if "RateLimit" in key}
            return response.status, text, {**limits, "Via": response.headers.get("Via")}, response.headers

    async def send(self, channel_id=None, *, token=None):
        path = f"/channels/{channel_id or self.lab.world.channel_id}/messages"
        return await self("POST", path, {"content": "x"}, token=token)


@pytest.fixture
def moment(lab, monkeypatch):
    """The world's clock, which only steps."""
    clock = lab.world.clock
    start = clock.monotonic()
    monkeypatch.setattr(clock, "monotonic", lambda: start + clock._ahead)
    return clock


@pytest.mark.asyncio
async def test_off_until_switched_on(lab):
    """A bot may do all it likes until the switch, which takes effect at once."""
    async with aiohttp.ClientSession() as session:
        client = Client(lab, session)
        for _ in range(20):
            status, _, limits, _ = await client.send()
            assert (status, limits) == (200, {"Via": None})
        lab.simulator.rate_limits = "discord"
        assert [(await client.send())[0] for _ in range(6)] == [200] * 5 + [429]
        lab.simulator.rate_limits = None
        assert (await client.send())[0] == 200


@pytest.mark.asyncio
async def test_the_headers_of_a_bucket(lab, moment):
    """Limit, remaining, reset and bucket count down, and a 429 has Discord's body and headers."""
    lab.simulator.rate_limits = "discord"
    async with aiohttp.ClientSession() as session:
        client = Client(lab, session)
        seen = [(await client.send())[2] for _ in range(5)]
        assert [headers["X-RateLimit-Remaining"] for headers in seen] == ["4", "3", "2", "1", "0"]
        assert {(headers["X-RateLimit-Limit"], headers["X-RateLimit-Reset-After"]) for headers in seen} == {
            ("5", "5.000")
        }
        reset = float(seen[0]["X-RateLimit-Reset"])
        assert abs(reset - moment.time() - 5) < 2
        moment.advance(2)
        status, text, limits, headers = await client.send()
        assert status == 429
        assert json.loads(text) == {
            "message": "You are being rate limited.",
            "retry_after": 3.0,
            "global": False,
            "code": 0,
        }
        assert (headers["Retry-After"], limits["X-RateLimit-Scope"]) == ("3", "user")
        assert limits["X-RateLimit-Bucket"] == seen[0]["X-RateLimit-Bucket"]
        assert limits["Via"], "without it discord.py takes a 429 for Cloudflare's"
        assert "X-RateLimit-Global" not in headers
        moment.advance(3)
        assert (await client.send())[0] == 200


@pytest.mark.asyncio
async def test_each_channel_and_each_bot_has_its_own(lab, moment):
    """What one channel used up, another has; and so have two bots."""
    lab.simulator.rate_limits = "discord"
    other = lab.world.add_channel("other")["id"]
    helper = lab.world.add_bot("helper")
    async with aiohttp.ClientSession() as session:
        client = Client(lab, session)
        for _ in range(5):
            await client.send()
        assert (await client.send())[0] == 429
        assert (await client.send(other))[0] == 200
        assert (await client.send(token=helper.token))[0] == 200


@pytest.mark.asyncio
async def test_the_global_limit(lab, moment):
    """The 51st request of a second is refused with the global scope, whatever its route; webhooks are not."""
    lab.simulator.rate_limits = RateLimits(default=None)
    async with aiohttp.ClientSession() as session:
        client = Client(lab, session)
        assert {(await client("GET", "/users/@me"))[0] for _ in range(50)} == {200}
        status, text, limits, _ = await client("GET", f"/channels/{lab.world.channel_id}")
        assert (status, json.loads(text)["global"]) == (429, True)
        assert (limits["X-RateLimit-Global"], limits["X-RateLimit-Scope"]) == ("true", "global")
        webhook = f"/webhooks/{lab.world.application_id}/token/messages/@original"
        assert (await client("GET", webhook))[0] == 404
        moment.advance(1)
        assert (await client("GET", "/users/@me"))[0] == 200


@pytest.mark.asyncio
async def test_too_many_invalid_requests(lab, moment):
    """Cloudflare turns away who earns too many refusals, in its own words, until the time is over."""
    lab.simulator.rate_limits = RateLimits(invalid=(3, 600.0))
    async with aiohttp.ClientSession() as session:
        client = Client(lab, session)
        for _ in range(3):
            assert (await client("GET", "/users/@me", token="wrong"))[0] == 401
        status, text, limits, headers = await client("GET", "/users/@me")
        assert (status, text, limits, headers["Retry-After"]) == (
            429,
            "error code: 1015",
            {"Via": None},
            "600",
        )
        moment.advance(601)
        assert (await client("GET", "/users/@me"))[0] == 200


@pytest.mark.asyncio
async def test_discord_py_waits_and_sends_all(lab, caplog):
    """A bot that sends too fast sends every message once, in order, and is not refused: it reads the headers."""
    bot = await lab.bot()
    lab.simulator.rate_limits = RateLimits([Bucket((SEND,), 3, 0.1)])
    caplog.set_level(logging.WARNING, logger="discord.http")
    for number in range(10):
        await lab.channel(bot).send(str(number))
    assert [message["content"] for message in lab.world.messages()] == [str(number) for number in range(10)]
    assert "rate limited" not in caplog.text


@pytest.mark.asyncio
async def test_discord_py_tries_again_after_a_429(lab, caplog):
    """Two bots with one token don't know of each other's requests: who is refused waits and succeeds."""
    bots = [await lab.bot() for _ in range(2)]
    lab.simulator.rate_limits = RateLimits([Bucket((SEND,), 2, 0.1)])
    caplog.set_level(logging.WARNING, logger="discord.http")
    await asyncio.gather(*(lab.channel(bot).send(str(n)) for n in range(3) for bot in bots))
    assert sorted(message["content"] for message in lab.world.messages()) == ["0", "0", "1", "1", "2", "2"]
    assert "responded with 429. Retrying" in caplog.text


@pytest.mark.asyncio
async def test_discord_py_waits_for_the_global_limit(lab, caplog):
    """A global 429 is waited for as well, and nothing is lost."""
    bot = await lab.bot()
    caplog.set_level(logging.WARNING, logger="discord.http")
    lab.simulator.rate_limits = limits = RateLimits(default=None, per_second=3)
    limits._window(lab.world.clock.monotonic(), 3, 0.2, "global", lab.world.bot.id)
    users = await asyncio.gather(*(bot.fetch_user(bot.user.id) for _ in range(5)))
    assert len(users) == 5
    assert "Global rate limit has been hit" in caplog.text


@pytest.mark.asyncio
async def test_a_ban_is_no_rate_limit_to_discord_py(lab):
    """Cloudflare's 429 is raised at once; waiting would not help."""
    bot = await lab.bot()
    lab.simulator.rate_limits = limits = RateLimits(invalid=(1, 600.0))
    limits.answered(401, lab.world.clock)
    with pytest.raises(discord.HTTPException) as refused:
        await lab.channel(bot).send("x")
    assert refused.value.status == 429


@pytest.mark.asyncio
async def test_the_gateway_counts_frames(lab, moment):
    """The 121st frame in a minute closes the connection with 4008."""
    lab.simulator.rate_limits = "discord"
    async with aiohttp.ClientSession() as session:
        for rest in (0, 60):
            async with session.ws_connect(lab.simulator.gateway_url) as socket:
                await socket.receive()
                for _ in range(120):
                    await socket.send_json({"op": 1, "d": None})
                    assert (await socket.receive_json(timeout=5))["op"] == 11
                moment.advance(rest)
                await socket.send_json({"op": 1, "d": None})
                answer = await socket.receive(timeout=5)
                assert answer.data == 4008 if not rest else json.loads(answer.data)["op"] == 11


@pytest.mark.asyncio
async def test_identify_takes_turns(lab, moment):
    """A second IDENTIFY within five seconds is answered INVALID_SESSION; the session starts are counted."""
    lab.simulator.rate_limits = "discord"
    identify = {"op": 2, "d": {"token": lab.world.token, "intents": 0, "properties": {}}}
    async with aiohttp.ClientSession() as session:
        client = Client(lab, session)
        for wait, op in ((0, 0), (1, 9), (5, 0)):
            moment.advance(wait)
            async with session.ws_connect(lab.simulator.gateway_url) as socket:
                await socket.receive()
                await socket.send_json(identify)
                assert (await socket.receive_json(timeout=5))["op"] == op
        limit = json.loads((await client("GET", "/gateway/bot"))[1])["session_start_limit"]
        reset_after = (24 * 3600 - 6) * 1000
        assert limit == {"total": 1000, "remaining": 997, "reset_after": reset_after, "max_concurrency": 1}


def test_a_window_begins_with_its_first():
    """Five in ten seconds: the count starts anew ten seconds after the first, not on the hour."""
    window = Window(2, 10.0)
    assert [window.take(now) for now in (3, 12, 12.9, 13, 13)] == [True, True, False, True, True]
    assert (window.remaining(14), window.reset_after(14), window.remaining(23)) == (0, 9.0, 2)


@pytest.mark.asyncio
async def test_the_buckets_of_the_preset_are_routes_that_are_served(lab):
    """A bucket whose route is misspelt would limit nothing."""
    served = {f"{route.method} {route.template}" for route in lab.simulator._rest.routes}
    named = {route for bucket in DISCORD for route in bucket.routes}
    assert named - served == set()


@pytest.mark.asyncio
async def test_a_preset_that_is_none(lab):
    """The error names what there is."""
    with pytest.raises(ValueError, match='use "discord"'):
        lab.simulator.rate_limits = "github"
    with pytest.raises(ValueError, match='use "discord"'):
        await Simulator.start(rate_limits="github")
    for routes in (SEND, ("POST /channels/{channel_id}/messages",), ("channels/{channel_id}",)):
        with pytest.raises(ValueError, match="is no route of a bucket"):
            Bucket(routes, 5, 5.0)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.asyncio
async def test_hikari_waits_too(lab):
    """Another library's client reads the same headers, waits, and gets all its messages out in order."""
    hikari = pytest.importorskip("hikari", reason="hikari is not installed")
    lab.simulator.rate_limits = RateLimits([Bucket((SEND,), 3, 0.1)])
    app = hikari.RESTApp(url=lab.simulator.rest_url)
    await app.start()
    async with asyncio.timeout(30), app.acquire(lab.world.token, hikari.TokenType.BOT) as rest:
        for number in range(10):
            await rest.create_message(int(lab.world.channel_id), str(number))
        lab.simulator.faults.fail(429, "POST /channels/*/messages", retry_after=0.05, times=2)
        await rest.create_message(int(lab.world.channel_id), "10")
    await app.close()
    assert [message["content"] for message in lab.world.messages()] == [str(number) for number in range(11)]
