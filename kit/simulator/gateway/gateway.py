"""The gateway: sessions that bots identify, resume and lose, and the sockets that carry them."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from kit.simulator.gateway.compression import encoder_for
from kit.simulator.gateway.connection import PATIENCE_SECONDS, Closed, Connection
from kit.simulator.gateway.intents import visible
from kit.simulator.gateway.session import Session

if TYPE_CHECKING:
    from kit.simulator.server import Simulator
    from kit.simulator.world.bots import Bot

Json = dict[str, Any]

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE_STATE, RESUME = 0, 1, 2, 3, 4, 6
RECONNECT, REQUEST_MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 7, 8, 9, 10, 11
HEARTBEAT_INTERVAL_MS = 41_250
MAX_FRAME = 4096
NORMAL_CLOSURES = (1000, 1001)
ABNORMAL_CLOSURE = 1006

UNKNOWN_ERROR, UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED = 4000, 4001, 4002, 4003
AUTHENTICATION_FAILED, ALREADY_AUTHENTICATED, SESSION_TIMED_OUT = 4004, 4005, 4009
INVALID_SHARD, INVALID_INTENTS = 4010, 4013

log = logging.getLogger(__name__)


class Gateway:
    """Every bot that is connected to one simulator.

    Args:
        simulator: Whose world it tells of.
    """

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._sessions: dict[str, Session] = {}
        self._connections: set[Connection] = set()
        self._news = asyncio.Event()

    def connected(self, bot_id: str | None = None) -> bool:
        """Whether a bot is.

        Args:
            bot_id: Which; any when left out.
        """
        return any(
            session.connection is not None and bot_id in (None, session.bot.id)
            for session in self._sessions.values()
        )

    async def wait_connected(self, bot_id: str | None = None) -> None:
        """Waits until a bot is connected.

        Args:
            bot_id: Which; any when left out.
        """
        while not self.connected(bot_id):
            await self._news.wait()

    def dispatch(self, event: str, data: Json) -> None:
        """Sends an event to every session whose intents cover it.

        Args:
            event: The gateway event's name.
            data: Its data.
        """
        world = self._simulator.world
        for session in self._alive():
            shown = visible(world, session.bot.id, session.intents, event, data) if session.ready else None
            if shown is not None:
                session.push(event, shown)

    def deliver(self, bot_id: str, event: str, data: Json) -> bool:
        """Sends an event to one session of a bot: the newest connected one, else the newest that was cut off.

        Args:
            bot_id: The bot.
            event: The gateway event's name.
            data: Its data.

        Returns:
            Whether there was one.
        """
        alive = [
            session
            for session in self._alive()
            if session.bot.id == bot_id and session.ready and not session.left
        ]
        connected = [session for session in alive if session.connection is not None]
        for session in (*connected[-1:], *alive[-1:]):
            session.push(event, data)
            return True
        return False

    def _alive(self) -> list[Session]:
        now = self._simulator.world.clock.monotonic()
        for session in [session for session in self._sessions.values() if not session.resumable(now)]:
            del self._sessions[session.id]
        return list(self._sessions.values())

    async def drop(self, *, resumable: bool) -> None:
        """Closes every socket.

        Args:
            resumable: Whether the sessions stay, so that the bots RESUME.
        """
        sockets = self._detach_all()
        if not resumable:
            self._sessions.clear()
        code = UNKNOWN_ERROR if resumable else SESSION_TIMED_OUT
        await _hang_up(sockets, code, "The simulator dropped the connection")

    async def close(self) -> None:
        """Closes every socket because the simulator ends."""
        await _hang_up(self._detach_all(), 1001, "The simulator is closing")

    def _detach_all(self) -> tuple[Connection, ...]:
        for session in self._sessions.values():
            self._detach(session)
        return tuple(self._connections)

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Serves one connection until either side closes it.

        Args:
            request: The upgrade request.
        """
        socket = web.WebSocketResponse(timeout=PATIENCE_SECONDS, compress=False, max_msg_size=1 << 20)
        await socket.prepare(request)
        connection = Connection(socket, encoder_for(request.query.get("compress", "")))
        self._connections.add(connection)
        hello = {"op": HELLO, "d": {"heartbeat_interval": HEARTBEAT_INTERVAL_MS, "_trace": []}}
        connection.send(json.dumps({**hello, "s": None, "t": None}))
        session: Session | None = None
        try:
            async for message in socket:
                if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                    break
                session = self._receive(connection, session, _parse(message.data))
        except Closed as closed:
            await connection.close(closed.code, closed.reason)
        finally:
            self._connections.discard(connection)
            if session is not None and session.connection is connection:
                if socket.close_code in NORMAL_CLOSURES:
                    self._sessions.pop(session.id, None)
                # discord.py says goodbye with 4000, which leaves a session that nobody will resume.
                session.left = socket.close_code not in (None, ABNORMAL_CLOSURE)
                self._detach(session)
            await connection.close(1000)
        return socket

    def _receive(self, connection: Connection, session: Session | None, frame: Json) -> Session | None:
        op, data = frame["op"], frame.get("d")
        if op == HEARTBEAT:
            connection.send('{"op":11,"s":null,"t":null,"d":null}')
        elif op in (IDENTIFY, RESUME) and session is not None:
            raise Closed(ALREADY_AUTHENTICATED, "Already authenticated.")
        elif op == IDENTIFY:
            return self._identify(connection, data)
        elif op == RESUME:
            return self._resume(connection, data)
        elif op not in (PRESENCE, VOICE_STATE, REQUEST_MEMBERS, 31):
            raise Closed(UNKNOWN_OPCODE, "Unknown opcode.")
        elif session is None:
            raise Closed(NOT_AUTHENTICATED, "Not authenticated.")
        elif op == REQUEST_MEMBERS:
            self._request_members(session, data)
        elif op != PRESENCE:
            self._simulator.note_unsupported(f"GATEWAY op {op}")
        return session

    def _authenticate(self, data: Any) -> tuple[Json, Bot]:
        if not isinstance(data, dict):
            raise Closed(DECODE_ERROR, "Error while decoding payload.")
        token = str(data.get("token")).removeprefix("Bot ")
        bot = self._simulator.world.bot_of(token)
        if bot is None:
            raise Closed(AUTHENTICATION_FAILED, "Authentication failed.")
        return data, bot

    def _identify(self, connection: Connection, raw: Any) -> Session:
        data, bot = self._authenticate(raw)
        intents = data.get("intents")
        if not isinstance(intents, int) or intents < 0:
            raise Closed(INVALID_INTENTS, "Invalid intent(s).")
        shard = data.get("shard", [0, 1])
        if not (isinstance(shard, list) and len(shard) == 2 and all(isinstance(n, int) for n in shard)):
            raise Closed(INVALID_SHARD, "Invalid shard.")
        session = Session(connection, bot, intents=intents, shard=shard)
        self._sessions[session.id] = session
        simulator = self._simulator
        mine = shard[1] > 0 and (int(simulator.world.guild["id"]) >> 22) % shard[1] == shard[0]
        session.push("READY", simulator.ready_payload(session, has_guild=mine))
        if mine:
            session.push("GUILD_CREATE", simulator.guild_payload(bot, intents))
        session.ready = mine or shard[0] == 0
        self._attached("connected")
        return session

    def _resume(self, connection: Connection, raw: Any) -> Session | None:
        data, bot = self._authenticate(raw)
        session, seq = self._sessions.get(str(data.get("session_id"))), data.get("seq")
        now = self._simulator.world.clock.monotonic()
        known = session is not None and session.bot is bot and session.resumable(now)
        if session is None or not known or not isinstance(seq, int):
            connection.send('{"op":9,"s":null,"t":null,"d":false}')
            return None
        session.connection, session.left = connection, False
        if not session.replay(seq):
            session.connection = None
            connection.send('{"op":9,"s":null,"t":null,"d":false}')
            return None
        session.push("RESUMED", {"_trace": []})
        self._attached("resumed")
        return session

    def _attached(self, state: str) -> None:
        self._news.set()
        self._news = asyncio.Event()
        self._simulator.notify("gateway", {"state": state})

    def _detach(self, session: Session) -> None:
        if session.connection is None:
            return
        session.connection = None
        session.lost_at = self._simulator.world.clock.monotonic()
        self._simulator.notify("gateway", {"state": "disconnected"})

    def _request_members(self, session: Session, data: Any) -> None:
        if not isinstance(data, dict):
            raise Closed(DECODE_ERROR, "Error while decoding payload.")
        world = self._simulator.world
        wanted = data.get("user_ids")
        ids = {str(item) for item in (wanted if isinstance(wanted, list) else [wanted])} if wanted else None
        query = str(data.get("query") or "").lower()
        members = [
            member
            for member in (world.member(user_id) for user_id in world.members)
            if (member["user"]["id"] in ids if ids else member["user"]["username"].lower().startswith(query))
        ]
        limit = data.get("limit")
        chunk: Json = {
            "guild_id": world.guild["id"],
            "members": members[:limit] if isinstance(limit, int) and limit > 0 else members,
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": sorted((ids or set()) - {member["user"]["id"] for member in members}),
        }
        if data.get("presences"):
            chunk["presences"] = []
        if data.get("nonce") is not None:
            chunk["nonce"] = data["nonce"]
        session.push("GUILD_MEMBERS_CHUNK", chunk)


async def _hang_up(connections: tuple[Connection, ...], code: int, reason: str) -> None:
    await asyncio.gather(*(connection.close(code, reason) for connection in connections))


def _parse(data: str | bytes) -> Json:
    if len(data) > MAX_FRAME:
        raise Closed(DECODE_ERROR, f"Payloads are limited to {MAX_FRAME} bytes.")
    try:
        frame = json.loads(data)
    except (ValueError, RecursionError):
        raise Closed(DECODE_ERROR, "Error while decoding payload.") from None
    if not isinstance(frame, dict) or not isinstance(frame.get("op"), int):
        raise Closed(DECODE_ERROR, "Error while decoding payload.")
    return frame
