"""The gateway: sessions that bots identify, resume and lose, and the sockets that carry them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from kit.simulator.gateway import codes
from kit.simulator.gateway.codes import Closed
from kit.simulator.gateway.compression import encoder_for
from kit.simulator.gateway.connection import PATIENCE_SECONDS, Connection
from kit.simulator.gateway.intents import GUILDS, PRIVILEGED, visible
from kit.simulator.gateway.members import chunks
from kit.simulator.gateway.presence import OFFLINE, presence_of
from kit.simulator.gateway.session import Session
from kit.simulator.ratelimits import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kit.simulator.server import Simulator
    from kit.simulator.world.bots import Bot

Json = dict[str, Any]

HEARTBEAT_SECONDS = 41.25
MAX_FRAME = 4096
# What a client may send at once; a longer frame than MAX_FRAME is still read, to be refused with 4002.
MAX_MESSAGE = 1 << 16
# Sockets that have not identified: beyond that the oldest are cut, so that a flood of them keeps nobody out.
MAX_STRANGERS = 256
LOST_SESSIONS = 3
VERSIONS = ("", "9", "10")
DAY_SECONDS = 86_400.0
STARTS_A_DAY = 1000


class Gateway:
    """Every bot that is connected to one simulator.

    Args:
        simulator: Whose world it tells of.

    Attributes:
        shards: How many Discord recommends; with more than one, a bot has to shard.
        max_concurrency: How many shards may identify at once, where that is limited.
        heartbeat_interval: Seconds between the heartbeats that connections are asked for.
        presences: What the bots that are online show of themselves, by bot id.
    """

    def __init__(self, simulator: Simulator) -> None:
        self.shards = 1
        self.max_concurrency = 1
        self.heartbeat_interval = HEARTBEAT_SECONDS
        self.presences: dict[str, Json] = {}
        self._simulator = simulator
        self._sessions: dict[str, Session] = {}
        self._connections: dict[Connection, None] = {}
        self._starts: dict[str, Window] = {}
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

    def starts(self, bot: Bot) -> Window:
        """How many sessions a bot may start today.

        Args:
            bot: Which.
        """
        return self._starts.setdefault(bot.id, Window(STARTS_A_DAY, DAY_SECONDS))

    def dispatch(self, event: str, data: Json) -> None:
        """Sends an event to every session whose shard and whose intents cover it.

        Args:
            event: The gateway event's name.
            data: Its data.
        """
        world = self._simulator.world
        direct = data.get("channel_id") in world.dm_bots
        for session in self._alive():
            if not session.covers(direct=direct):
                continue
            shown = visible(world, session.bot.id, session.intents, event, data)
            if shown is not None:
                session.push(event, shown)

    def deliver(self, bot_id: str, event: str, data: Json) -> bool:
        """Sends an event to one session of a bot: the newest connected one, else the newest that was cut off.

        Args:
            bot_id: The bot.
            event: The gateway event's name.
            data: Its data; what has no ``guild_id`` goes to the shard of direct messages.

        Returns:
            Whether there was one.
        """
        direct = "guild_id" not in data
        alive = [
            session
            for session in self._alive()
            if session.bot.id == bot_id and session.covers(direct=direct) and not session.left
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
        code = codes.UNKNOWN_ERROR if resumable else codes.SESSION_TIMED_OUT
        await _hang_up(sockets, code, "The simulator dropped the connection")

    def cut(self) -> None:
        """Breaks every connection without a close frame, as a network that goes away; the sessions stay."""
        for connection in self._detach_all():
            connection.cut()

    def freeze(self, bot_id: str | None = None) -> None:
        """Lets the open connections live on as zombies: nothing is sent any more, not even a HEARTBEAT_ACK.

        Args:
            bot_id: Whose; every bot's when left out.
        """
        for connection, _ in self._attended(bot_id):
            connection.freeze()

    def request_reconnect(self, bot_id: str | None = None) -> None:
        """Asks bots to connect anew and to resume (opcode 7), as Discord does before a server goes down.

        Args:
            bot_id: Which; every bot when left out.
        """
        for connection, _ in self._attended(bot_id):
            connection.returns = True
            _send(connection, codes.RECONNECT, None)

    def invalidate(self, *, resumable: bool, bot_id: str | None = None) -> None:
        """Tells bots that their session is invalid (opcode 9).

        Args:
            resumable: Whether it can be resumed; if not, it is gone.
            bot_id: Whose; every bot's when left out.
        """
        for connection, session in self._attended(bot_id):
            connection.returns = True
            if not resumable:
                self._detach(session)
                del self._sessions[session.id]
                connection.session = None
            _send(connection, codes.INVALID_SESSION, resumable)

    def _attended(self, bot_id: str | None) -> Iterator[tuple[Connection, Session]]:
        for connection in tuple(self._connections):
            session = connection.session
            if session is not None and bot_id in (None, session.bot.id):
                yield connection, session

    async def close(self) -> None:
        """Closes every socket because the simulator ends."""
        await _hang_up(self._detach_all(), codes.GOING_AWAY, "The simulator is closing")

    def _detach_all(self) -> tuple[Connection, ...]:
        for session in self._sessions.values():
            self._detach(session)
        return tuple(self._connections)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serves one connection until either side closes it.

        Args:
            request: The upgrade request.
        """
        socket = web.WebSocketResponse(timeout=PATIENCE_SECONDS, compress=False, max_msg_size=MAX_MESSAGE)
        await socket.prepare(request)
        if request.transport is None:
            return socket
        simulator = self._simulator
        connection = Connection(
            *(socket, request.transport, encoder_for(request.query.get("compress", ""))),
            clock=simulator.world.clock,
            latency=simulator.faults.gateway_latency,
        )
        if simulator.rate_limits is not None:
            connection.frames = simulator.rate_limits.gateway_frames()
        strangers = [other for other in self._connections if other.session is None]
        for stranger in strangers[: max(0, len(strangers) + 1 - MAX_STRANGERS)]:
            stranger.cut()
        self._connections[connection] = None
        refused = None
        try:
            self._check_parameters(request)
            await self._serve(connection)
        except Closed as closed:
            # What the client answers to this is no wish of its own.
            refused = closed.code
            await connection.close(closed.code, closed.reason)
        finally:
            del self._connections[connection]
            self._leave(connection, refused or socket.close_code)
            await connection.close(1000)
        return socket

    def _check_parameters(self, request: web.Request) -> None:
        encoding = request.query.get("encoding", "json")
        if encoding != "json":
            self._simulator.note_unsupported(f"GATEWAY encoding={encoding}")
            raise Closed(codes.DECODE_ERROR, "viewkit's gateway speaks JSON: connect with encoding=json.")
        if request.query.get("v", "") not in VERSIONS:
            raise Closed(codes.INVALID_VERSION, "Invalid API version.")

    async def _serve(self, connection: Connection) -> None:
        interval = self.heartbeat_interval
        _send(connection, codes.HELLO, {"heartbeat_interval": round(interval * 1000), "_trace": []})
        connection.beat(interval)
        while True:
            message = await connection.receive(interval)
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            frame = _parse(message.data)
            if connection.frames and not connection.frames.take(self._simulator.world.clock.monotonic()):
                raise Closed(codes.RATE_LIMITED, "Rate limited.")
            if frame["op"] == codes.HEARTBEAT:
                connection.beat(interval)
                _send(connection, codes.HEARTBEAT_ACK, None)
            else:
                self._receive(connection, frame["op"], frame.get("d"))

    def _leave(self, connection: Connection, close_code: int | None) -> None:
        session = connection.session
        if session is None or session.connection is not connection:
            return
        if close_code in codes.NORMAL_CLOSURES:
            self._sessions.pop(session.id, None)
        # discord.py says goodbye with 4000, which leaves a session that nobody will resume.
        session.left = close_code not in (None, codes.ABNORMAL_CLOSURE) and not connection.returns
        self._detach(session)

    def _receive(self, connection: Connection, op: int, data: Any) -> None:
        session = connection.session
        if op in (codes.IDENTIFY, codes.RESUME):
            if session is not None:
                raise Closed(codes.ALREADY_AUTHENTICATED, "Already authenticated.")
            bot = self._authenticate(data)
            self._identify(connection, bot, data) if op == codes.IDENTIFY else self._resume(
                connection, bot, data
            )
        elif op not in (codes.PRESENCE, codes.VOICE_STATE, codes.REQUEST_MEMBERS, codes.REQUEST_SOUNDS):
            raise Closed(codes.UNKNOWN_OPCODE, "Unknown opcode.")
        elif session is None:
            raise Closed(codes.NOT_AUTHENTICATED, "Not authenticated.")
        elif op == codes.REQUEST_MEMBERS:
            for chunk in chunks(self._simulator.world, session, data, self.presences):
                session.push("GUILD_MEMBERS_CHUNK", chunk)
        elif op == codes.PRESENCE:
            self._show(session.bot, data)
        else:
            self._simulator.note_unsupported(f"GATEWAY op {op}")

    def _authenticate(self, data: Any) -> Bot:
        if not isinstance(data, dict):
            raise Closed(codes.DECODE_ERROR, "Error while decoding payload.")
        bot = self._simulator.world.bot_of(str(data.get("token")).removeprefix("Bot "))
        if bot is None:
            raise Closed(codes.AUTHENTICATION_FAILED, "Authentication failed.")
        return bot

    def _identify(self, connection: Connection, bot: Bot, data: Json) -> None:
        simulator = self._simulator
        session = Session(connection, bot, data, guild_id=simulator.world.guild["id"])
        if self.shards > 1 and session.shard[1] == 1:
            raise Closed(codes.SHARDING_REQUIRED, "Sharding required.")
        allowed = bot.privileged_intents
        if any(session.intents & bit for name, bit in PRIVILEGED.items() if name not in allowed):
            raise Closed(codes.DISALLOWED_INTENTS, "Disallowed intent(s).")
        now = simulator.world.clock.monotonic()
        may_start = self.starts(bot).take(now)
        if simulator.rate_limits is not None:
            if not may_start:
                raise Closed(codes.AUTHENTICATION_FAILED, "The session starts of a day are used up.")
            if not simulator.rate_limits.may_identify(bot, session.shard[0] % self.max_concurrency, now):
                _send(connection, codes.INVALID_SESSION, False)
                return
        self._forget_lost(session)
        connection.session = self._sessions[session.id] = session
        session.push("READY", simulator.ready_payload(session))
        if session.has_guild and session.intents & GUILDS:
            session.push("GUILD_CREATE", simulator.guild_payload(session))
        self._show(bot, data.get("presence") or {})
        self._attached("connected")

    def _forget_lost(self, newer: Session) -> None:
        """Keeps the newest few of the sessions that a shard lost: a bot that was restarted resumes none."""
        lost = [
            session
            for session in self._sessions.values()
            if session.bot is newer.bot and session.shard == newer.shard and session.connection is None
        ]
        for session in lost[:-LOST_SESSIONS]:
            del self._sessions[session.id]

    def _resume(self, connection: Connection, bot: Bot, data: Json) -> None:
        session, seq = self._sessions.get(str(data.get("session_id"))), data.get("seq")
        now = self._simulator.world.clock.monotonic()
        if session is None or session.bot is not bot or not session.resumable(now):
            _send(connection, codes.INVALID_SESSION, False)
            return
        if type(seq) is not int:
            raise Closed(codes.INVALID_SEQ, "Invalid seq.")
        if not session.resume(connection, seq):
            _send(connection, codes.INVALID_SESSION, False)
            return
        session.push("RESUMED", {"_trace": []})
        self._attached("resumed")

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
        if not self.connected(session.bot.id):
            self._show(session.bot, {"status": OFFLINE})

    def _show(self, bot: Bot, data: Any) -> None:
        """Tells everyone what a bot shows of itself; who is offline is left out of the presences."""
        shown = presence_of(bot, data, self._simulator.world.guild["id"])
        before = self.presences.pop(bot.id, None)
        if self.connected(bot.id):
            self.presences[bot.id] = shown
        if shown != before:
            self.dispatch("PRESENCE_UPDATE", shown)
            self._simulator.notify("presence", shown)


async def _hang_up(connections: tuple[Connection, ...], code: int, reason: str) -> None:
    await asyncio.gather(*(connection.close(code, reason) for connection in connections))


def _send(connection: Connection, op: int, data: Any) -> None:
    connection.send(json.dumps({"op": op, "s": None, "t": None, "d": data}))


def _parse(data: str | bytes) -> Json:
    if len(data.encode() if isinstance(data, str) else data) > MAX_FRAME:
        raise Closed(codes.DECODE_ERROR, f"Payloads are limited to {MAX_FRAME} bytes.")
    try:
        frame = json.loads(data)
    except (ValueError, RecursionError):
        raise Closed(codes.DECODE_ERROR, "Error while decoding payload.") from None
    if not isinstance(frame, dict) or type(frame.get("op")) is not int:
        raise Closed(codes.DECODE_ERROR, "Error while decoding payload.")
    return frame
