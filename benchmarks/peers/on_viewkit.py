"""viewkit's simulator under the pressing: a loopback server, in the process of the bot."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import discord
import pressing

from kit.simulator import Simulator, check_message


class Simulated(pressing.Discord):
    async def open(self) -> None:
        self.simulator = await Simulator.start()

    async def log_in(self) -> None:
        self.bot = pressing.make_bot(connector=self.simulator.connector(), guild_ready_timeout=0.005)
        await self.bot.login(self.simulator.token)
        self._connection = asyncio.create_task(self.bot.connect())
        await self.bot.wait_until_ready()

    async def log_out(self) -> None:
        await self.bot.close()
        await self._connection

    async def close(self) -> None:
        await self.log_out()
        await self.simulator.close()

    def channel(self) -> discord.abc.Messageable:
        channel = self.bot.get_channel(int(self.simulator.world.channel_id))
        assert isinstance(channel, discord.TextChannel)
        return channel

    async def click(self, message_id: int) -> None:
        interaction = await self.simulator.click(pressing.CUSTOM_ID, message=message_id, user="alice")
        await interaction.answered()
        assert interaction.failure is None, interaction.failure

    def judges(self, message_id: int) -> dict[str, Callable[[], Any]]:
        def click() -> None:
            # It is on its way to the bot when this coroutine ends, without ever having waited.
            with contextlib.suppress(StopIteration):
                self.simulator.click(pressing.CUSTOM_ID, message=message_id, user="alice").send(None)

        small = {"content": "panel", "components": pressing.Panel().to_components()}
        assert not [*check_message(small), *check_message(LARGE)]
        return {
            "click": click,
            "small": lambda: check_message(small),
            "large": lambda: check_message(LARGE),
        }


def _large() -> dict[str, Any]:
    """A message of forty components with 3900 characters."""
    rows = [
        {
            "type": 1,
            "components": [
                {"type": 2, "style": 2, "label": "x" * 30, "custom_id": f"{line}.{place}"}
                for place in range(5)
            ],
        }
        for line in range(6)
    ]
    texts = [{"type": 10, "content": "x" * 1300} for _ in range(3)]
    return {"flags": 1 << 15, "components": [{"type": 17, "components": [*texts, *rows]}]}


LARGE = _large()

if __name__ == "__main__":
    pressing.main(Simulated())
