"""A bot's session: it outlives its connection, so that a RESUME finds the events it missed."""

from __future__ import annotations

import json
import secrets
from collections import deque
from typing import TYPE_CHECKING, Any

from kit.simulator.gateway.codes import INVALID_INTENTS, INVALID_SEQ, INVALID_SHARD, Closed

if TYPE_CHECKING:
    from kit.simulator.gateway.connection import Connection
    from kit.simulator.world.bots import Bot

REPLAY_EVENTS = 1024
REPLAY_BYTES = 16 * 1024 * 1024
RESUMABLE_SECONDS = 120.0
LARGE_THRESHOLDS = (50, 250)


class Session:
    """A bot's session: it outlives its connection, so that a RESUME finds the events it missed.

    Args:
        connection: What its IDENTIFY came by.
        bot: Whose it is.
        data: The ``d`` of the IDENTIFY.
        guild_id: The guild of the world, which is on this session's shard or not.

    Raises:
        Closed: The intents or the shard make no sense.
    """

    def __init__(self, connection: Connection, bot: Bot, data: dict[str, Any], *, guild_id: str) -> None:
        self.id = secrets.token_hex(16)
        self.bot = bot
        self.intents = _intents(data)
        self.shard = _shard(data)
        self.large_threshold = _large_threshold(data)
        self.has_guild = (int(guild_id) >> 22) % self.shard[1] == self.shard[0]
        self.seq = 0
        self.left = False
        self.connection: Connection | None = connection
        self.lost_at = 0.0
        self.missed: deque[tuple[int, str]] = deque()
        self._kept = 0

    def covers(self, *, direct: bool) -> bool:
        """Whether its shard is told of something: of the guild, or of direct messages, which are on shard 0.

        Args:
            direct: Whether it is about a direct message.
        """
        return self.shard[0] == 0 if direct else self.has_guild

    def push(self, event: str, data: Any) -> None:
        """Sends an event, or keeps it for the RESUME."""
        self.seq += 1
        text = f'{{"op":0,"t":"{event}","s":{self.seq},"d":{json.dumps(data)}}}'
        self.missed.append((self.seq, text))
        self._kept += len(text)
        while len(self.missed) > REPLAY_EVENTS or self._kept > REPLAY_BYTES:
            self._kept -= len(self.missed.popleft()[1])
        if self.connection is not None:
            self.connection.send(text)

    def resumable(self, now: float) -> bool:
        """Whether a RESUME would still be accepted."""
        return self.connection is not None or now - self.lost_at < RESUMABLE_SECONDS

    def resume(self, connection: Connection, seq: int) -> bool:
        """Goes on by another connection, with what came after a sequence number.

        Args:
            connection: The new connection.
            seq: The last one that the bot saw.

        Returns:
            Whether all of that is still known; if not, nothing happens.

        Raises:
            Closed: There was no such number yet.
        """
        if not 0 <= seq <= self.seq:
            raise Closed(INVALID_SEQ, "Invalid seq.")
        oldest = self.missed[0][0] if self.missed else self.seq + 1
        if seq < oldest - 1:
            return False
        self.connection, self.left = connection, False
        connection.session = self
        for number, text in self.missed:
            if number > seq:
                connection.send(text)
        return True


def _intents(data: dict[str, Any]) -> int:
    intents = data.get("intents")
    if isinstance(intents, bool) or not isinstance(intents, int) or not 0 <= intents < 1 << 53:
        raise Closed(INVALID_INTENTS, "Invalid intent(s).")
    return intents


def _shard(data: dict[str, Any]) -> tuple[int, int]:
    shard = data.get("shard") or [0, 1]
    if isinstance(shard, list) and len(shard) == 2 and all(type(number) is int for number in shard):
        shard_id, count = shard
        if 0 <= shard_id < count:
            return shard_id, count
    raise Closed(INVALID_SHARD, "Invalid shard.")


def _large_threshold(data: dict[str, Any]) -> int:
    given = data.get("large_threshold")
    low, high = LARGE_THRESHOLDS
    return min(max(given, low), high) if type(given) is int else low
