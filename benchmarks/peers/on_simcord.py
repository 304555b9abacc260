"""simcord 3.2.1 under the pressing: a fake in the memory of the bot, without sockets and JSON."""

from __future__ import annotations

import discord
import pressing
import simcord
from simcord.results import to_discord_message


class Faked(pressing.Discord):
    """simcord can't start without a bot, so that both start as one."""

    async def open(self) -> None:
        self.bot = pressing.make_bot()
        self._run = simcord.run(self.bot)
        self.env = await self._run.__aenter__()
        self.guild = self.env.create_guild()
        self.place = self.guild.create_text_channel("general")
        self.alice = self.guild.add_member(self.env.create_user("alice"))
        await self.env.settle()

    async def log_in(self) -> None:
        self.bot = pressing.make_bot()
        await self.env.restart_bot(self.bot)

    async def log_out(self) -> None:
        """`restart_bot` does both."""

    async def close(self) -> None:
        await self._run.__aexit__(None, None, None)

    def channel(self) -> discord.abc.Messageable:
        channel = self.bot.get_channel(self.place.id)
        assert isinstance(channel, discord.TextChannel)
        return channel

    async def click(self, message_id: int) -> None:
        stored = self.env.backend.get_message(self.place.id, message_id)
        message = to_discord_message(self.env, stored)
        result = await self.alice.click(message, custom_id=pressing.CUSTOM_ID)
        assert result.acknowledged

    async def crowd(self, message_id: int, size: int) -> None:
        """One after the other: it refuses a second action while one is under way."""
        for _ in range(size):
            await self.click(message_id)


if __name__ == "__main__":
    pressing.main(Faked())
