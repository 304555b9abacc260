"""Crowds, outages in the middle of everything, and connections by the thousand: all is settled, nothing stays."""

from __future__ import annotations

import asyncio
import gc
import os
import threading

import aiohttp
import discord
import pytest

from kit.simulator import Simulator

CYCLES = 1000 if os.environ.get("KIT_SOAK") == "full" else 100
PEOPLE = 200


class Panel(discord.ui.View):
    """One button, which answers whoever presses it."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="x", custom_id="x")
    async def x(self, interaction, button):
        await interaction.response.send_message("ok", ephemeral=True)


async def press(simulator: Simulator, message, names) -> list:
    """Everyone presses at once; what came of it for each."""
    used = await asyncio.gather(*(simulator.click("x", message=message, user=name) for name in names))
    return await asyncio.gather(*(one.answered() for one in used))


@pytest.mark.asyncio
async def test_two_hundred_people_at_once(lab):
    """Each of them gets an answer, which they alone see."""
    names = [lab.world.user(f"person{number}")["username"] for number in range(PEOPLE)]
    bot = await lab.bot()
    panel = await lab.channel(bot).send(view=Panel())
    used = await press(lab.simulator, panel, names)
    assert {one.status for one in used} == {"answered"}
    assert all(len(lab.world.messages(viewer=name)) == 2 for name in names)


@pytest.mark.asyncio
async def test_outages_in_the_middle_of_everything(lab):
    """Clicks, talk, steps of the clock and outages at once: each click is settled, and then all is well."""
    names = [lab.world.user(f"person{number}")["username"] for number in range(20)]
    bot = await lab.bot()
    panel = await lab.channel(bot).send(view=Panel())
    said = []

    async def talk() -> None:
        for number in range(30):
            try:
                said.append(await lab.channel(bot).send(str(number)))
            except (aiohttp.ClientError, discord.HTTPException, OSError):
                continue

    talking = asyncio.gather(*(talk() for _ in range(3)))
    pressing = []
    for _ in range(4):
        pressing.append(asyncio.create_task(press(lab.simulator, panel, names)))
        async with lab.simulator.offline():
            await lab.simulator.say("still here", user="bob")
            lab.simulator.advance(0.5)
            pressing.append(asyncio.create_task(press(lab.simulator, panel, names)))
            await asyncio.sleep(0)
        async with asyncio.timeout(10):
            await lab.simulator.wait_connected()
    await talking
    lab.simulator.advance(3)
    async with asyncio.timeout(10):
        settled = [one for group in await asyncio.gather(*pressing) for one in group]
    assert {one.status for one in settled} <= {"answered", "failed"}
    assert {message.id for message in said} <= {int(m["id"]) for m in lab.world.messages()}
    (last,) = await press(lab.simulator, panel, ["bob"])
    assert last.status == "answered"
    assert lab.world.clock.timers == set()


@pytest.mark.soak
@pytest.mark.asyncio
async def test_connections_by_the_thousand(lab):
    """Bots that leave politely, with 4000 or without a word: the simulator keeps the last few sessions of them."""
    gateway = lab.simulator.gateway
    identify = {"op": 2, "d": {"token": lab.world.token, "intents": 513}}
    async with aiohttp.ClientSession() as session:
        for number in range(CYCLES):
            socket = await session.ws_connect(lab.simulator.gateway_url)
            await socket.receive()
            await socket.send_json(identify)
            await socket.receive()
            if number % 3 == 2:
                gateway.cut()
            await socket.close(code=(1000, 4000, 4000)[number % 3])
    await lab.until(lambda: not gateway._connections)
    gc.collect()
    assert len(gateway._sessions) <= 3
    assert gateway.presences == {}
    assert lab.world.clock.timers == set()
    assert not [task for task in asyncio.all_tasks() if "viewkit" in task.get_name()]


async def a_day(found: list) -> None:
    """A simulator and a bot from start to end, in a loop of its own."""
    simulator = await Simulator.start()
    bot = discord.Client(
        intents=discord.Intents.all(), connector=simulator.connector(), guild_ready_timeout=0.01
    )
    running = asyncio.create_task(bot.start(simulator.token))
    try:
        async with asyncio.timeout(20):
            await simulator.wait_connected()
            await bot.wait_until_ready()
            panel = await bot.get_channel(int(simulator.world.channel_id)).send(view=Panel())
            found += [one.status for one in await press(simulator, panel, ["alice", "bob"] * 10)]
    finally:
        await bot.close()
        await running
        await simulator.close()


def test_a_simulator_in_each_of_several_threads():
    """Loops in threads of their own have worlds of their own, and do not meet."""
    found: list[str] = []
    threads = [threading.Thread(target=lambda: asyncio.run(a_day(found))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["answered"] * 60
