"""A test of a disnake bot, in one process with the simulator."""

from __future__ import annotations

import asyncio
import sys

import disnake
from disnake import ui
from disnake.ext import commands

from kit.simulator import Simulator


class Hello(ui.View):
    @ui.button(label="Hello", custom_id="hello")
    async def hello(self, button: ui.Button, interaction: disnake.MessageInteraction) -> None:
        await interaction.response.send_message(f"hello {interaction.user.name}")


async def main() -> None:
    simulator = await Simulator.start()
    bot = commands.InteractionBot(connector=simulator.connector(), guild_ready_timeout=0.1)
    running = asyncio.create_task(bot.start(simulator.token))
    await bot.wait_until_ready()
    posted = await bot.get_channel(int(simulator.world.channel_id)).send("Hello?", view=Hello())
    interaction = await simulator.click("hello", message=posted.id, user="bob")
    await interaction.answered()
    sys.stdout.write(" ".join(message["content"] for message in simulator.world.messages()))
    await bot.close()
    await running
    await simulator.close()


asyncio.run(main())
