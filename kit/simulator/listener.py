"""The loopback socket of a simulator, and how long it is patient with who says nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from kit.simulator.rest.calls import MAX_BODY

if TYPE_CHECKING:
    from aiohttp.web_protocol import RequestHandler

HOST = "127.0.0.1"
# A client that connects sends a request; one that has been answered may take its time with the next.
HEADER_SECONDS = 10.0
IDLE_SECONDS = 75.0


class LoopbackListener:
    """Listens on 127.0.0.1, and nowhere else.

    Args:
        handle: What answers a request.

    Attributes:
        port: Where.
        closed: Whether it has ended.
        header_seconds: How long a new connection may take for the head of its first request.
    """

    def __init__(self, handle: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
        self.port = 0
        self.closed = False
        self.header_seconds = HEADER_SECONDS
        self._handle = handle
        self._server: asyncio.Server | None = None
        # Whose next request is awaited, and until when.
        self._silent: dict[asyncio.BaseProtocol, float] = {}
        self._sweeper: asyncio.TimerHandle | None = None
        app = web.Application(client_max_size=MAX_BODY)
        # A dot would leave out the line breaks that a path may have, quoted.
        app.router.add_route("*", r"/{path:[\s\S]*}", self._answer)
        # aiohttp hangs up on a body that claims an encoding and lies; left alone, it is refused as no JSON.
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=0.05, handle_signals=False, auto_decompress=False
        )

    async def start(self, port: int) -> None:
        """Begins to listen.

        Args:
            port: Where; any free port for 0.

        Raises:
            OSError: The port is taken.
        """
        await self._runner.setup()
        self._sweep()
        try:
            await self.listen(port)
        except BaseException:
            await self.close()
            raise

    async def listen(self, port: int) -> None:
        """Accepts connections, for the first time or again; if it does already, nothing happens.

        Args:
            port: Where.

        Raises:
            RuntimeError: It was closed.
        """
        if self.closed:
            raise RuntimeError(
                "This simulator was closed: start another on its world, Simulator.start(world)."
            )
        if self._server is not None:
            return
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connected, HOST, port)
        self.port = self._server.sockets[0].getsockname()[1]

    def refuse(self) -> None:
        """Refuses new connections, and breaks those there are, in the middle of whatever they carry."""
        if self._server is not None:
            self._server.close()
            self._server = None
        assert self._runner.server is not None
        for handler in self._runner.server.connections:
            if handler.transport is not None:
                handler.transport.abort()

    async def close(self) -> None:
        """Ends, for good."""
        self.closed = True
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._sweeper is not None:
            self._sweeper.cancel()
        await self._runner.cleanup()

    def _connected(self) -> RequestHandler:
        assert self._runner.server is not None
        handler = self._runner.server()
        self._silent[handler] = asyncio.get_running_loop().time() + self.header_seconds
        return handler

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        server = self._runner.server
        connected = set(server.connections) if server is not None else set()
        for handler in connected & self._silent.keys():
            if loop.time() > self._silent[handler] and handler.transport is not None:
                handler.transport.abort()
        self._silent = {key: until for key, until in self._silent.items() if key in connected}
        self._sweeper = loop.call_later(self.header_seconds / 2, self._sweep)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self._silent.pop(request.protocol, None)
        try:
            return await self._handle(request)
        finally:
            self._silent[request.protocol] = asyncio.get_running_loop().time() + IDLE_SECONDS
