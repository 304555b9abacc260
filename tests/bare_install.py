"""Run where the wheel alone is installed: the runtime works, and brings in no Jupyter package.

.ci/run copies this file beside a fresh virtual environment; it is no pytest module.
"""

from __future__ import annotations

import asyncio
import sys

import discord
from discord.ext import commands

import kit
from kit.persistence import SQLiteBackend
from kit.simulator import Simulator

NOTEBOOK_PACKAGES = {
    "IPython",
    "ipykernel",
    "ipywidgets",
    "anywidget",
    "traitlets",
    "jupyterlab",
    "nest_asyncio2",
}


class Panel(kit.PersistentView):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.add_item(kit.StatefulButton(label="Hello", custom_id="hello", callback=self.hello))

    async def hello(self, interaction):
        await interaction.response.send_message("still here", ephemeral=True)


class Bot(commands.Bot):
    def __init__(self, simulator):
        super().__init__(
            command_prefix="!",
            intents=discord.Intents.all(),
            connector=simulator.connector(),
            guild_ready_timeout=0.01,
        )

    async def setup_hook(self):
        await kit.setup_persistence(self, backend=SQLiteBackend("bot.db"))


async def life(simulator, work):
    kit.state.set_store(kit.StateStore())
    bot = Bot(simulator)
    await bot.login(simulator.token)
    connection = asyncio.create_task(bot.connect())
    await bot.wait_until_ready()
    result = await work(bot)
    await bot.close()
    await connection
    await kit.get_store().close()
    return result


async def main():
    simulator = await Simulator.start()

    async def post(bot):
        channel = bot.get_channel(int(simulator.world.channel_id))
        return await Panel(state_key="panel").send(channel=channel)

    async def click(bot):
        interaction = await simulator.click("hello", message=message.id, user="alice")
        await interaction.answered()
        return interaction

    message = await life(simulator, post)
    interaction = await life(simulator, click)
    assert interaction.effects[0][1]["content"] == "still here", interaction.failure
    await simulator.close()


asyncio.run(main())
found = NOTEBOOK_PACKAGES & {name.partition(".")[0] for name in sys.modules}
assert not found, f"import kit brought in {found}"
try:
    kit.Lab  # noqa: B018
except ImportError as error:
    assert 'pip install "viewkit[lab]"' in str(error), error
else:
    raise AssertionError("kit.Lab should need the lab extra")
print(f"viewkit {kit.__version__}: a panel survived a restart in a bare environment")
