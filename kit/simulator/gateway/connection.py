"""One socket of the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import WSMessage, web

from kit.simulator.gateway.codes import UNKNOWN_ERROR, Closed

if TYPE_CHECKING:
    from kit.simulator.clock import Clock
    from kit.simulator.gateway.compression import Encoder
    from kit.simulator.gateway.session import Session
    from kit.simulator.ratelimits import Window
    from kit.simulator.world.bots import Bot

PATIENCE_SECONDS = 0.05
# A guild of 50,000 members fits; what a client leaves unread beyond that is not kept for it.
MAX_UNREAD = 16 * 1024 * 1024


class Connection:
    """One socket, with a queue so that events go out in order without anyone waiting.

    Args:
        socket: The socket, prepared.
        transport: What carries it.
        encode: What makes a frame of a payload's text.
        clock: What latency is measured by.
        latency: Asked for each payload how many seconds it takes to a bot.

    Attributes:
        session: Who is connected, once they have identified or resumed.
        returns: Whether a bot that closes this socket is to be expected back.
        frames: What limits the frames it may send; None if nothing does.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport,
        encode: Encoder,
        *,
        clock: Clock,
        latency: Callable[[Bot | None], float],
    ) -> None:
        self.session: Session | None = None
        self.returns = False
        self.frames: Window | None = None
        self._socket = socket
        self._transport = transport
        self._encode = encode
        self._clock = clock
        self._latency = latency
        self._frozen = False
        self._unread = 0
        self._due = 0.0
        self._queue: asyncio.Queue[tuple[float, str] | None] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write(), name="viewkit gateway writer")
        self._beat_by = float("inf")
        self._missed = False

    def send(self, text: str) -> None:
        """Queues a payload's text."""
        if self._frozen:
            return
        bot = self.session.bot if self.session is not None else None
        self._unread += len(text)
        if self._unread > MAX_UNREAD:
            self.cut()
            return
        self._due = max(self._due, self._clock.monotonic() + self._latency(bot))
        self._queue.put_nowait((self._due, text))

    def freeze(self) -> None:
        """Sends nothing any more, and says nothing of it: the socket stays open."""
        self._frozen = self.returns = True

    def cut(self) -> None:
        """Breaks the connection without a close frame."""
        self._frozen = self.returns = True
        self._transport.abort()

    async def _write(self) -> None:
        while (item := await self._queue.get()) is not None:
            due, text = item
            await self._clock.sleep(due - self._clock.monotonic())
            if self._frozen:
                return
            frame = self._encode(text)
            try:
                if isinstance(frame, str):
                    await self._socket.send_str(frame)
                else:
                    await self._socket.send_bytes(frame)
            except (ConnectionError, RuntimeError):
                # The bot is gone; its session still has the event for a RESUME.
                return
            self._unread -= len(text)

    def beat(self, interval: float) -> None:
        """Notes that the client is alive.

        Args:
            interval: Seconds until it is to show that again.
        """
        # By the machine's time: a clock that is stepped must not look like a bot that went silent.
        self._beat_by = asyncio.get_running_loop().time() + 1.5 * interval
        self._missed = False

    async def receive(self, interval: float) -> WSMessage:
        """The next message of the client.

        Args:
            interval: Seconds between heartbeats.

        Raises:
            Closed: The client sends no heartbeats.
        """
        while True:
            try:
                async with asyncio.timeout_at(self._beat_by):
                    return await self._socket.receive()
            except TimeoutError:
                if self._missed:
                    self.returns = True
                    raise Closed(UNKNOWN_ERROR, "No heartbeats came.") from None
                # After a pause of this process its heartbeat may have come and not been read yet.
                self._missed = True
                self._beat_by += interval

    async def close(self, code: int, reason: str = "") -> None:
        """Sends what is queued, then closes."""
        self._queue.put_nowait(None)
        # A bot that no longer reads must not keep us waiting.
        _, stuck = await asyncio.wait({self._writer}, timeout=PATIENCE_SECONDS)
        for writer in stuck:
            writer.cancel()
        await self._socket.close(code=code, message=reason.encode())
