"""One socket of the gateway, and what ends it."""

from __future__ import annotations

import asyncio

from aiohttp import web

from kit.simulator.gateway.compression import Encoder

PATIENCE_SECONDS = 0.05


class Closed(Exception):  # noqa: N818 - a reason to hang up, not a failure
    """Ends a connection with one of Discord's close codes (docs page *Opcodes and Status Codes*)."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Connection:
    """One socket, with a queue so that events go out in order without anyone waiting."""

    def __init__(self, socket: web.WebSocketResponse, encode: Encoder) -> None:
        self._socket = socket
        self._encode = encode
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write(), name="viewkit gateway writer")

    def send(self, text: str) -> None:
        """Queues a payload's text."""
        self._queue.put_nowait(text)

    async def _write(self) -> None:
        while (text := await self._queue.get()) is not None:
            frame = self._encode(text)
            try:
                if isinstance(frame, str):
                    await self._socket.send_str(frame)
                else:
                    await self._socket.send_bytes(frame)
            except (ConnectionError, RuntimeError):
                # The bot is gone; its session still has the event for a RESUME.
                return

    async def close(self, code: int, reason: str = "") -> None:
        """Sends what is queued, then closes."""
        self._queue.put_nowait(None)
        # A bot that no longer reads must not keep us waiting.
        _, stuck = await asyncio.wait({self._writer}, timeout=PATIENCE_SECONDS)
        for writer in stuck:
            writer.cancel()
        await self._socket.close(code=code, message=reason.encode())
