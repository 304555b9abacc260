"""Carries all of a bot's traffic to the simulator, whatever host it asks for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from aiohttp.client import ClientTimeout
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.tracing import Trace


class LoopbackConnector(aiohttp.BaseConnector):
    """An aiohttp connector that answers ``https://discord.com`` and ``wss://gateway...`` from this machine.

    Give it to an unmodified bot: ``commands.Bot(..., connector=LoopbackConnector(port))``, or set
    ``bot.http.connector`` before login. It opens plain TCP to 127.0.0.1 for every host and scheme; TLS is
    never attempted and nothing leaves the machine.

    Args:
        port: Where the simulator listens.
        limit: How many connections may be open at once; 0, as in discord.py, is no limit.
    """

    def __init__(self, port: int, *, limit: int = 0) -> None:
        super().__init__(limit=limit)
        self.port = port

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[Trace],  # noqa: ARG002 - aiohttp's own signature
        timeout: ClientTimeout,  # noqa: ASYNC109 - aiohttp's own signature
    ) -> ResponseHandler:
        try:
            async with asyncio.timeout(timeout.sock_connect):
                _, protocol = await self._loop.create_connection(self._factory, "127.0.0.1", self.port)
        except TimeoutError:
            raise
        except OSError as error:
            # aiohttp names the host that the bot asked for, which nobody tried to reach.
            error.strerror = (
                f"no simulator listens on 127.0.0.1:{self.port}; python -m kit.simulator prints its port, "
                "and --port keeps it"
            )
            raise aiohttp.ClientConnectorError(req.connection_key, error) from error
        return protocol
