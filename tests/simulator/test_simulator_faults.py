"""Faults on demand: what goes wrong, when, for whom, and what real bots make of it."""

from __future__ import annotations

import asyncio
import json
import logging

import aiohttp
import discord
import pytest
from discord import ui

from kit.simulator.faults import Faults

SEND = "POST /channels/*/messages"


class Panel(ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @ui.button(label="Press", custom_id="press")
    async def press(self, interaction, button) -> None:
        await interaction.response.defer()


@pytest.fixture
def quick(monkeypatch):
    """discord.py tries again at once instead of after seconds."""
    sleep = asyncio.sleep
    monkeypatch.setattr("discord.http.asyncio.sleep", lambda seconds: sleep(0 if seconds >= 1 else seconds))


@pytest.mark.asyncio
async def test_a_server_that_recovers(lab, quick):
    """Two 500s and a 502: discord.py tries again and sends its message once."""
    bot = await lab.bot()
    lab.simulator.faults.fail(500, SEND, times=2)
    lab.simulator.faults.fail(502, SEND, times=1)
    await lab.channel(bot).send("after all")
    assert [message["content"] for message in lab.world.messages()] == ["after all"]
    assert lab.simulator.faults.active == []


@pytest.mark.asyncio
async def test_a_server_that_stays_broken(lab, quick):
    """While a block runs, every try fails and discord.py gives up; afterwards all is well."""
    bot = await lab.bot()
    with lab.simulator.faults.fail(503, SEND) as fault:
        with pytest.raises(discord.DiscordServerError) as failed:
            await lab.channel(bot).send("x")
        assert (failed.value.status, fault.happened) == (503, 1)
    await lab.channel(bot).send("y")
    assert [message["content"] for message in lab.world.messages()] == ["y"]


@pytest.mark.asyncio
async def test_each_status_has_discords_shape(lab, http):
    """The API's own errors are JSON with a code; those of what stands before it are not."""
    faults, path = lab.simulator.faults, "/api/v10/users/@me"
    for status, options, body in (
        (500, {}, {"message": "500: Internal Server Error", "code": 0}),
        (
            403,
            {"code": 50013, "message": "Missing Permissions"},
            {"message": "Missing Permissions", "code": 50013},
        ),
        (
            429,
            {"retry_after": 2.5},
            {"message": "You are being rate limited.", "retry_after": 2.5, "global": False, "code": 0},
        ),
        (503, {"message": "busy"}, {"message": "busy", "code": 0}),
        (520, {}, {"message": "520: Error", "code": 0}),
    ):
        with faults.fail(status, **options):
            assert await http("GET", path) == (status, body)
    async with aiohttp.ClientSession() as session:
        for status, kind in ((502, "text/html"), (503, "text/plain"), (504, "text/plain")):
            with faults.fail(status):
                async with session.get(lab.simulator.url + path) as response:
                    assert (response.status, response.content_type) == (status, kind)


@pytest.mark.asyncio
async def test_a_429_is_waited_for(lab, caplog):
    """A 429 of a shared resource: discord.py sleeps as long as it says and tries again."""
    bot = await lab.bot()
    caplog.set_level(logging.WARNING, logger="discord.http")
    fault = lab.simulator.faults.fail(429, SEND, retry_after=0.01, times=1)
    await lab.channel(bot).send("x")
    assert (fault.happened, len(lab.world.messages())) == (1, 1)
    assert "Retrying in 0.01 seconds" in caplog.text


@pytest.mark.asyncio
async def test_a_request_that_is_carried_out_although_it_fails(lab, quick):
    """The answer is lost and not the channel: the bot tries again, and there are two; a message has its nonce."""
    bot = await lab.bot()
    lab.simulator.faults.fail(500, "POST *", times=1, carried_out=True)
    await bot.guilds[0].create_text_channel("ticket")
    names = [channel["name"] for channel in lab.world.guild_channels()]
    assert names == ["general", "ticket", "ticket"]
    lab.simulator.faults.fail(500, "POST *", times=1, carried_out=True)
    await lab.channel(bot).send("once")
    assert [message["content"] for message in lab.world.messages()] == ["once"]


@pytest.mark.asyncio
async def test_a_connection_that_breaks_in_the_answer(lab, http):
    """The message is there, and the client gets half of the answer."""
    path = f"/api/v10/channels/{lab.world.channel_id}/messages"
    lab.simulator.faults.cut(SEND, times=1)
    with pytest.raises(aiohttp.ClientError):
        await http("POST", path, {"content": "x"})
    assert [message["content"] for message in lab.world.messages()] == ["x"]
    lab.simulator.faults.cut("* /channels/*/typing", times=1)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await http("POST", f"/api/v10/channels/{lab.world.channel_id}/typing")
    assert (await http("GET", path))[0] == 200


@pytest.mark.asyncio
async def test_only_one_of_two_bots(lab, http):
    """A fault for one bot leaves the others alone, on webhook routes too."""
    helper = lab.world.add_bot("helper")
    with lab.simulator.faults.fail(500, bot=helper) as fault:
        assert (await http("GET", "/api/v10/users/@me"))[0] == 200
        assert (await http("GET", "/api/v10/users/@me", token=helper.token))[0] == 500
        webhook = "/api/v10/webhooks/{}/token/messages/@original"
        assert (await http("GET", webhook.format(helper.id)))[0] == 500
        assert (await http("GET", webhook.format(lab.world.application_id)))[0] == 404
    assert fault.happened == 2


@pytest.mark.asyncio
async def test_the_callback_of_one_bot(lab, quick):
    """A callback that fails is a click that fails, and the bot is told why."""
    bot = await lab.bot()
    raised = []

    class Watched(Panel):
        async def on_error(self, interaction, error, item) -> None:
            raised.append(error)

    sent = await lab.channel(bot).send(view=Watched())
    lab.simulator.faults.fail(
        403, "POST /interactions/*", code=50001, message="Missing Access", bot=lab.world.bot
    )
    clicked = await lab.simulator.click("press", message=sent.id, user="bob")
    await lab.until(lambda: raised)
    lab.simulator.advance(3)
    assert (await clicked.answered()).status == "failed"
    assert raised[0].code == 50001


@pytest.mark.asyncio
async def test_latency_by_the_worlds_clock(lab, http):
    """A request that takes a minute is answered when a minute of the world has passed."""
    lab.simulator.faults.delay(60, "GET /users/@me")
    waiting = asyncio.create_task(http("GET", "/api/v10/users/@me"))
    await lab.until(lambda: lab.world.clock.timers)
    assert (await http("GET", "/api/v10/gateway"))[0] == 200
    assert not waiting.done()
    lab.simulator.advance(60)
    assert (await waiting)[0] == 200


@pytest.mark.asyncio
async def test_latency_of_the_gateway(lab):
    """Events arrive late and in order, and so do the acknowledgements that a bot measures its latency by."""
    bot = await lab.bot()
    heard = []

    async def on_message(message) -> None:
        heard.append(message.content)

    bot.add_listener(on_message)
    with lab.simulator.faults.delay((10, 20), "gateway"):
        for number in range(5):
            await lab.simulator.say(str(number), user="bob")
    await lab.simulator.say("5", user="bob")
    assert heard == []
    lab.simulator.advance(30)
    await lab.until(lambda: len(heard) == 6)
    assert heard == ["0", "1", "2", "3", "4", "5"]


@pytest.mark.asyncio
async def test_latency_of_one_bot(lab):
    """Of two bots the slow one hears a message when its time has passed, the other at once."""
    helper = lab.world.add_bot("helper")
    heard = []

    def listens(name):
        async def on_message(message) -> None:
            heard.append(name)

        return on_message

    for name, token in (("viewkit", None), ("helper", helper.token)):
        bot = lab.make_bot()
        bot.add_listener(listens(name), "on_message")
        await lab.bot(bot, token=token)
    lab.simulator.faults.delay(60, "gateway", bot=helper)
    await lab.simulator.say("x", user="bob")
    await lab.until(lambda: heard)
    assert heard == ["viewkit"]
    lab.simulator.advance(60)
    await lab.until(lambda: len(heard) == 2)


@pytest.mark.asyncio
async def test_dice_that_fall_alike(lab, http):
    """A fault by chance hits the same requests again when the dice are thrown anew from one seed."""
    runs = []
    for seed in (7, 7, 8):
        lab.simulator.faults.seed(seed)
        with lab.simulator.faults.fail(500, chance=0.5):
            runs.append([(await http("GET", "/api/v10/users/@me"))[0] for _ in range(20)])
    assert runs[0] == runs[1] != runs[2]
    assert {200, 500} == set(runs[0])


def test_faults_are_listed_and_cleared():
    """What is active says of itself what it is, oldest first; clear ends it all."""
    faults = Faults()
    slow = faults.delay((0.1, 0.2), "gateway")
    fault = faults.fail(429, "GET *", times=2, chance=0.5, retry_after=3)
    faults.cut()
    assert list(map(repr, faults.active)) == [
        "<delay 'gateway' seconds=(0.1, 0.2)>",
        "<fail 'GET *' status=429 code=0 retry_after=3 carried_out=False times=2 chance=0.5>",
        "<cut '*'>",
    ]
    slow.end()
    assert (slow.active, fault.active) == (False, True)
    faults.clear()
    assert faults.active == []
    slow.end()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda faults: faults.fail(200), "from 400 to 599"),
        (lambda faults: faults.fail(500, times=0), "times=0"),
        (lambda faults: faults.delay(-1), "0 or more seconds"),
        (lambda faults: faults.delay((2, 1)), "0 or more seconds"),
        (lambda faults: faults.cut(chance=2), "from 0 to 1"),
        (lambda faults: faults.fail(500, "gateway"), r"use delay\(seconds, 'gateway'\)"),
        (lambda faults: faults.fail("500"), "'500' is no error"),
        (lambda faults: faults.fail("POST *", 500), "'POST \\*' is no error"),
        (lambda faults: faults.delay("1"), "0 or more seconds"),
        (lambda faults: faults.fail(500, bot="viewkit"), r"use world.bot_named\('viewkit'\)"),
        (lambda faults: faults.cut("channels/*/messages"), "starts with none of GET"),
        (lambda faults: faults.cut("post /channels/*/messages"), "starts with none of GET"),
        (lambda faults: faults.cut("PSOT /channels/*/messages"), "starts with none of GET"),
        (lambda faults: faults.delay(1, "Gateway"), "'gateway' is for delay"),
        (lambda faults: faults.cut("POST channels/*/messages"), "no / at its start"),
        (lambda faults: faults.cut("POST"), "it has no path"),
        (lambda faults: faults.cut("POST /api/v10/channels/*/messages"), "after /api/v10"),
        (lambda faults: faults.cut("POST https://discord.com/api/v10/users/@me"), "after /api/v10"),
        (lambda faults: faults.cut("POST /channels/{channel_id}/messages"), "a \\* stands for an id"),
    ],
)
def test_a_fault_that_makes_no_sense(wrong, says):
    """The error says what would."""
    with pytest.raises(ValueError, match=says):
        wrong(Faults())


@pytest.mark.parametrize("route", ["*", "GET *", "P* /channels/*", "* /channels/1/typing", "[GP]*"])
def test_patterns_that_requests_may_have(route):
    """A pattern is taken if some method and some path fit it."""
    assert Faults().cut(route).route == route


@pytest.mark.asyncio
async def test_an_outage(lab):
    """While the simulator is offline nobody gets through; then it is back on its port and bots resume."""
    bot = await lab.bot()
    resumed, heard = asyncio.Event(), []

    async def on_resumed() -> None:
        resumed.set()

    async def on_message(message) -> None:
        heard.append(message.content)

    bot.add_listener(on_resumed)
    bot.add_listener(on_message)
    port = lab.simulator.port
    async with lab.simulator.offline():
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        with pytest.raises(aiohttp.ClientConnectionError):
            await lab.channel(bot).send("x")
        await lab.simulator.say("missed", user="bob")
    assert lab.simulator.port == port
    await lab.simulator.go_online()
    async with asyncio.timeout(10):
        await resumed.wait()
    await lab.until(lambda: heard)
    assert heard == ["missed"]
    await lab.channel(bot).send("back")


@pytest.mark.asyncio
async def test_an_outage_breaks_what_is_on_its_way(lab, http):
    """A request that is waiting when the outage begins never gets an answer."""
    lab.simulator.faults.delay(60)
    waiting = asyncio.create_task(http("GET", "/api/v10/users/@me"))
    await lab.until(lambda: lab.world.clock.timers)
    lab.simulator.go_offline()
    with pytest.raises(aiohttp.ClientError):
        await waiting
    await lab.simulator.go_online()
    lab.simulator.faults.clear()
    assert (await http("GET", "/api/v10/users/@me"))[0] == 200


@pytest.mark.asyncio
async def test_what_is_gone_when_the_bot_is_back(lab, quick):
    """During an outage a message, a channel and a permission go: the bot learns of each from its next try."""
    bot = await lab.bot()
    guild = bot.guilds[0]
    channel, doomed = lab.channel(bot), await guild.create_text_channel("doomed")
    message = await channel.send(view=Panel())
    async with lab.simulator.offline():
        lab.world.delete_message(message.id)
        lab.world.delete_channel(doomed.id)
        lab.world.bot_permissions = discord.Permissions(view_channel=True).value
    await lab.simulator.wait_connected()
    for attempt, code in (
        (message.edit(content="x"), 10008),
        (doomed.send("x"), 10003),
        (channel.edit(topic="x"), 50013),
    ):
        with pytest.raises(discord.HTTPException) as refused:
            await attempt
        assert refused.value.code == code


@pytest.mark.asyncio
async def test_fifteen_minutes_pass(lab):
    """A token that has expired is an unknown webhook, and a click not answered in time an unknown interaction."""
    bot = await lab.bot()
    kept = []

    class Slow(ui.View):
        @ui.button(label="Press", custom_id="press")
        async def press(self, interaction: discord.Interaction, button) -> None:
            if not kept:
                await interaction.response.defer(ephemeral=True, thinking=True)
            kept.append(interaction)

    sent = await lab.channel(bot).send(view=Slow(timeout=None))
    await (await lab.simulator.click("press", message=sent.id, user="bob")).answered()
    await lab.until(lambda: kept)
    lab.simulator.advance(14 * 60)
    await kept[0].edit_original_response(content="in time")
    lab.simulator.advance(61)
    with pytest.raises(discord.NotFound) as refused:
        await kept[0].followup.send("late")
    assert refused.value.code == 10015
    late = await lab.simulator.click("press", message=sent.id, user="bob")
    await lab.until(lambda: len(kept) == 2)
    lab.simulator.advance(3)
    assert (await late.answered()).status == "failed"
    with pytest.raises(discord.NotFound) as refused:
        await kept[1].response.defer()
    assert refused.value.code == 10062


@pytest.mark.asyncio
async def test_a_raw_click_of_a_faulty_callback_reads_json(lab, http):
    """What the fault says is JSON of Discord's shape even where the request was none."""
    lab.simulator.faults.fail(404, "POST /interactions/*", code=10062, message="Unknown interaction")
    status, body = await http("POST", "/api/v10/interactions/1/t/callback", data=b"{")
    assert (status, json.dumps(body)) == (404, '{"message": "Unknown interaction", "code": 10062}')
