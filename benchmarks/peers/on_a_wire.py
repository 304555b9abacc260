"""The least that fetching over HTTP takes: discord.py, sockets, and a server that only copies bytes.

Whatever a simulator does, a bot that fetches its messages from it takes at least this long.
"""

from __future__ import annotations

import asyncio
import json

import discord
import on_viewkit
import pressing

from kit.simulator import LoopbackConnector

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"


class Copier(asyncio.Protocol):
    """Answers each request with a body that was recorded; a message gets the id that is asked for."""

    def __init__(self, recorded: dict[bytes, bytes], message: bytes, message_id: bytes) -> None:
        self.recorded = recorded
        self.message = message
        self.message_id = message_id

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        place = data.split(b" ", 2)[1].rpartition(b"/")[2]
        body = self.recorded.get(place) or self.message.replace(self.message_id, place)
        self.transport.write(HEAD % (len(body), body))


class Wire(on_viewkit.Simulated):
    """Messages as viewkit's simulator shows them. Nothing but logging in and fetching works."""

    ways = ("fetched",)

    async def open(self) -> None:
        await super().open()
        await super().log_in()
        world, http = self.simulator.world, self.bot.http
        sent = await super().channel().send("panel", view=pressing.Panel())
        message = await http.get_message(int(world.channel_id), sent.id)
        me = await http.request(discord.http.Route("GET", "/users/@me"))
        recorded = {b"@me": json.dumps({**await http.application_info(), **me}).encode()}
        await self.log_out()
        loop = asyncio.get_running_loop()
        arguments = (recorded, json.dumps(message).encode(), str(sent.id).encode())
        self._server = await loop.create_server(lambda: Copier(*arguments), "127.0.0.1", 0)

    async def log_in(self) -> None:
        port = self._server.sockets[0].getsockname()[1]
        self.bot = pressing.make_bot(connector=LoopbackConnector(port))
        await self.bot.login(self.simulator.token)

    async def log_out(self) -> None:
        await self.bot.close()

    async def fill(self, size: int) -> list[int]:
        """Any id will do."""
        return [10**18 + number for number in range(size)]

    def channel(self) -> discord.abc.Messageable:
        return self.bot.get_partial_messageable(int(self.simulator.world.channel_id))


if __name__ == "__main__":
    pressing.main(Wire())
