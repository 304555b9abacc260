"""The simulator: one loopback server that speaks Discord's REST and gateway protocols for one world."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from kit.simulator.connector import LoopbackConnector
from kit.simulator.endpoint import Endpoints
from kit.simulator.faults import Faults
from kit.simulator.gateway.gateway import Gateway
from kit.simulator.gateway.intents import GUILD_MEMBERS, GUILD_PRESENCES
from kit.simulator.interactions.interactions import Interactions
from kit.simulator.interactions.people import People
from kit.simulator.listener import HOST, LoopbackListener
from kit.simulator.ratelimits import RateLimits
from kit.simulator.refusals import Refusals
from kit.simulator.rest.rest import Rest
from kit.simulator.world import payloads
from kit.simulator.world.permissions import VIEW_CHANNEL, lacking
from kit.simulator.world.world import World

if TYPE_CHECKING:
    from kit.simulator.gateway.session import Session
    from kit.simulator.world.bots import Bot

Json = dict[str, Any]
Listener = Callable[[str, Json], None]

MAX_UNSUPPORTED = 100
SUBSCRIBER_EVENTS = {
    "MESSAGE_CREATE": "message_create",
    "MESSAGE_UPDATE": "message_update",
    "MESSAGE_DELETE": "message_delete",
    "CHANNEL_CREATE": "channel_create",
    "CHANNEL_UPDATE": "channel_update",
    "CHANNEL_DELETE": "channel_delete",
    "THREAD_CREATE": "channel_create",
    "THREAD_UPDATE": "channel_update",
    "THREAD_DELETE": "channel_delete",
}

log = logging.getLogger(__name__)


class Simulator(People):
    """A Discord on this machine, for one world. Start it with ``await Simulator.start()``.

    It listens on 127.0.0.1 only, outlives the bots that connect to it, and answers 501 to what it can't do.

    Args:
        world: What it serves.
        deadline: Seconds that a bot has for the initial response to an interaction; Discord gives 3.

    Attributes:
        faults: What shall go wrong.
        refused: The last requests that bots were refused, oldest first.
        gateway: What bots connect to, with its settings and the faults that concern it alone.
    """

    def __init__(self, world: World, *, deadline: float) -> None:
        self.faults = Faults()
        self.unsupported: list[str] = []
        self.refused = Refusals()
        self._listeners: list[Listener] = []
        self._rate_limits: RateLimits | None = None
        self.gateway = Gateway(self)
        self._endpoints = Endpoints(self)
        super().__init__(
            world,
            Interactions(world, deadline, self.notify, self.gateway, self._endpoints, refused=self.refused),
        )
        self._rest = Rest(self)
        self._listener = LoopbackListener(self._handle)
        self._unobserve = world.observe(self._world_changed)

    @classmethod
    async def start(
        cls,
        world: World | None = None,
        *,
        port: int = 0,
        deadline: float = 3.0,
        rate_limits: RateLimits | str | None = None,
    ) -> Simulator:
        """Starts serving a world on the running loop.

        Args:
            world: What to serve; a new one when left out.
            port: Where to listen; any free port when left out.
            deadline: Seconds that a bot has for the initial response to an interaction.
            rate_limits: See the property of that name.

        Raises:
            OSError: The port is taken.
            TypeError: That is no world.
            ValueError: There are no rate limits of that name.
        """
        if not isinstance(world, World | None):
            raise TypeError(f"Simulator.start() serves a World, not {world!r}: for a file, World.load(path).")
        limits = RateLimits.named(rate_limits)
        simulator = cls(world or World(), deadline=deadline)
        simulator.rate_limits = limits
        try:
            await simulator._listener.start(port)
        except BaseException:
            simulator._unobserve()
            raise
        simulator.world.move_files(simulator.url)
        return simulator

    @property
    def deadline(self) -> float:
        """Seconds that a bot has for its initial response; may be set at any time, for what comes."""
        return self.interactions.deadline

    @deadline.setter
    def deadline(self, seconds: float) -> None:
        self.interactions.deadline = seconds

    @property
    def rate_limits(self) -> RateLimits | None:
        """The rate limits that bots meet; None, as at first, for no limits.

        May be set at any time: to ``"discord"`` for limits like Discord's, or to ``RateLimits(...)`` for
        others. Gateway connections that are open keep theirs.
        """
        return self._rate_limits

    @rate_limits.setter
    def rate_limits(self, limits: RateLimits | str | None) -> None:
        self._rate_limits = RateLimits.named(limits)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._listener.port

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}"

    @property
    def rest_url(self) -> str:
        """The base of the REST routes, as hikari's ``rest_url`` takes it."""
        return f"{self.url}/api/v10"

    @property
    def gateway_url(self) -> str:
        """Where bots open their gateway connection."""
        return f"ws://{HOST}:{self.port}"

    @property
    def token(self) -> str:
        """The first bot's token."""
        return self.world.token

    def connector(self) -> LoopbackConnector:
        """A new connector that brings a bot here: ``commands.Bot(..., connector=simulator.connector())``."""
        return LoopbackConnector(self.port)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self.gateway.handle(request)
        return await self._rest.handle(request)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Calls a function, on the loop and at once, with everything that happens.

        Args:
            listener: Called as ``listener(event, data)``. The events: ``message_create``, ``message_update``,
                ``message_delete``, ``channel_create``, ``channel_update``, ``channel_delete`` with raw JSON,
                ``interaction`` with the ``Interaction`` under that key, ``gateway`` with a ``state``,
                ``endpoint`` with an ``application_id`` and its ``url``, ``unsupported`` with a ``route``. If
                it raises, that is logged and changes nothing else.

        Returns:
            A function that ends it.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def notify(self, event: str, data: Json) -> None:
        """Tells the subscribers.

        Args:
            event: What happened.
            data: To what.
        """
        for listener in tuple(self._listeners):
            try:
                listener(event, data)
            except Exception:
                log.exception("The subscriber %r raised on %s", listener, event)

    def note_unsupported(self, route: str) -> None:
        """Lists a request that was answered 501.

        Args:
            route: "METHOD /path".
        """
        log.warning("viewkit's simulator does not serve %s; it answered 501", route)
        if route not in self.unsupported:
            self.unsupported.append(route)
            del self.unsupported[:-MAX_UNSUPPORTED]
        self.notify("unsupported", {"route": route})

    def _world_changed(self, event: str, data: Json) -> None:
        self.gateway.dispatch(event, data)
        if event.startswith("MESSAGE_REACTION"):
            self.notify("message_update", self.world.message(data["message_id"]))
        elif event == "MESSAGE_DELETE_BULK":
            for message_id in data["ids"]:
                self.notify("message_delete", {"id": message_id, "channel_id": data["channel_id"]})
        elif event in SUBSCRIBER_EVENTS:
            self.notify(SUBSCRIBER_EVENTS[event], data)

    async def wait_connected(self, timeout: float = 10, *, bot: Bot | None = None) -> None:  # noqa: ASYNC109 - the lab's own signature
        """Waits until a bot has identified or resumed and was sent its guild.

        Args:
            timeout: Seconds to wait at most.
            bot: Which; any when left out.

        Raises:
            TimeoutError: None did.
        """
        try:
            async with asyncio.timeout(timeout):
                await self.gateway.wait_connected(bot.id if bot else None)
        except TimeoutError:
            raise TimeoutError(
                f"No bot connected to {self.url} within {timeout:g} s. Start one with "
                "commands.Bot(..., connector=simulator.connector()) and bot.start(simulator.token)."
            ) from None

    async def connect_endpoint(self, url: str, *, bot: Bot | None = None) -> None:
        """Sends a bot's interactions, signed, to its own HTTP endpoint instead of its gateway connection.

        The endpoint is checked as Discord does when its URL is saved: it must answer a PING, and refuse one
        that is wrongly signed. The bot finds its public key in its application's ``verify_key``.

        Args:
            url: Where the bot listens, on this machine.
            bot: Whose endpoint; the first bot's when left out.

        Raises:
            EndpointError: The URL is not of this machine, or a check failed; the message says which.
            ModuleNotFoundError: PyNaCl is missing.
        """
        await self._endpoints.connect(bot or self.world.bot, url)

    def disconnect_endpoint(self, *, bot: Bot | None = None) -> None:
        """Sends a bot's interactions to its gateway connection again.

        Args:
            bot: Whose; the first bot's when left out.
        """
        self._endpoints.disconnect(bot or self.world.bot)

    async def drop_gateway(self, *, resumable: bool = True) -> None:
        """Closes the bots' gateway connections, as a bad network or Discord itself would.

        Args:
            resumable: Whether the bots can RESUME and get what they missed, or must IDENTIFY again.
        """
        await self.gateway.drop(resumable=resumable)

    @contextlib.asynccontextmanager
    async def offline(self) -> AsyncIterator[None]:
        """Is away while the block of an ``async with`` runs, as in an outage: see ``go_offline``."""
        self.go_offline()
        try:
            yield
        finally:
            if not self._listener.closed:
                await self.go_online()

    def go_offline(self) -> None:
        """Breaks every connection and refuses new ones. The world stays as it is and can be changed."""
        self.gateway.cut()
        self._listener.refuse()

    async def go_online(self) -> None:
        """Serves again, on the same port.

        Raises:
            OSError: Someone else took the port.
            RuntimeError: The simulator was closed.
        """
        await self._listener.listen(self.port)

    def advance(self, seconds: float) -> None:
        """Steps the world's clock forward: tokens expire, deadlines pass, rate limits and delays end.

        Args:
            seconds: How far.

        Raises:
            ValueError: Backwards.
        """
        self.world.clock.advance(seconds)

    async def close(self) -> None:
        """Stops serving. The world stays, and can be saved or served again."""
        self._unobserve()
        self.interactions.close()
        await self._endpoints.close()
        await self.gateway.close()
        await self._listener.close()

    def ready_payload(self, session: Session) -> Json:
        """The data of READY (docs page *Gateway Events*).

        Args:
            session: The new session.
        """
        world, bot = self.world, session.bot
        return {
            "v": 10,
            "user": payloads.own_user(bot.user),
            "guilds": [{"id": world.guild["id"], "unavailable": True}] if session.has_guild else [],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.gateway_url,
            "shard": list(session.shard),
            "application": {"id": bot.id, "flags": bot.application["flags"]},
            "private_channels": [],
            "presences": [],
            "relationships": [],
            "user_settings": {},
            "geo_ordered_rtc_regions": [],
            "_trace": [],
        }

    def guild_payload(self, session: Session) -> Json:
        """The data of GUILD_CREATE.

        Args:
            session: Who gets it. Without the intent GUILD_MEMBERS, and in a large guild, only the bot
                itself is among the members.
        """
        world, bot = self.world, session.bot
        large = len(world.members) > session.large_threshold
        whole = session.intents & GUILD_MEMBERS and not large
        ids = list(world.members) if whole else [bot.id]
        presences = self.gateway.presences.values() if session.intents & GUILD_PRESENCES else ()
        empty = ("stage_instances", "voice_states", "guild_scheduled_events")
        return {
            **world.guild,
            "roles": list(world.roles.values()),
            "channels": world.guild_channels(),
            "threads": [
                world.shown_channel(thread, bot.id)
                for thread in world.threads()
                if not thread["thread_metadata"]["archived"]
                and not lacking(world, bot.id, VIEW_CHANNEL, thread)
            ],
            "members": [world.member(user_id) for user_id in ids],
            "member_count": len(world.members),
            "joined_at": world.members[bot.id]["joined_at"],
            "large": large,
            "unavailable": False,
            "soundboard_sounds": [],
            "presences": list(presences),
            **{key: [] for key in empty},
        }
