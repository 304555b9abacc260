"""A bot's session: it outlives its connection, so that a RESUME finds the events it missed."""

from __future__ import annotations

import json
import secrets
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kit.simulator.gateway.connection import Connection
    from kit.simulator.world.bots import Bot

REPLAY_EVENTS = 1024
RESUMABLE_SECONDS = 120.0


class Session:
    """A bot's session: it outlives its connection, so that a RESUME finds the events it missed."""

    def __init__(self, connection: Connection, bot: Bot, *, intents: int, shard: list[int]) -> None:
        self.id = secrets.token_hex(16)
        self.bot = bot
        self.intents = intents
        self.shard = shard
        self.seq = 0
        self.ready = False
        self.left = False
        self.connection: Connection | None = connection
        self.lost_at = 0.0
        self.missed: deque[tuple[int, str]] = deque(maxlen=REPLAY_EVENTS)

    def push(self, event: str, data: Any) -> None:
        """Sends an event, or keeps it for the RESUME."""
        self.seq += 1
        text = f'{{"op":0,"t":"{event}","s":{self.seq},"d":{json.dumps(data)}}}'
        self.missed.append((self.seq, text))
        if self.connection is not None:
            self.connection.send(text)

    def resumable(self, now: float) -> bool:
        """Whether a RESUME would still be accepted."""
        return self.connection is not None or now - self.lost_at < RESUMABLE_SECONDS

    def replay(self, seq: int) -> bool:
        """Sends again what came after a sequence number; False if that is no longer known."""
        if seq > self.seq or (self.missed and seq < self.missed[0][0] - 1):
            return False
        for number, text in self.missed:
            if number > seq and self.connection is not None:
                self.connection.send(text)
        return True
