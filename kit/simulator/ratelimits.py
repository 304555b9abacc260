"""Rate limits as a bot meets them: buckets with their headers, the global limit, the gateway's own.

Discord documents the global limit, the gateway's limits and the limit of invalid requests; how much a route
takes it only tells in headers. The buckets of the preset are near what its headers say of the routes that
bots use most; ``default`` stands for all others. Limits inside a bucket (such as two renames of a channel in
ten minutes) are not kept.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from kit.simulator.errors import ApiError

if TYPE_CHECKING:
    from kit.simulator.clock import Clock
    from kit.simulator.rest.routing import Route
    from kit.simulator.world.bots import Bot

Json = dict[str, Any]

MAJOR = ("channel_id", "guild_id", "webhook_id", "application_id", "token")
# Without this header discord.py takes a 429 for Cloudflare's and gives up.
VIA = {"Via": "1.1 google"}
ROUTE = re.compile(r"[A-Z]+ [^/].*")
INVALID = (401, 403, 429)
PREFIXES = ("webhooks/", "interactions/")
MAX_WINDOWS = 4096


class Window:
    """Counts what happens within a span of time, which starts with the first.

    Args:
        limit: How much may happen in it.
        seconds: How long it is.
    """

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds
        self._used = 0
        self._ends = -math.inf

    def take(self, now: float) -> bool:
        """Counts one more, unless it is too many.

        Args:
            now: By the clock that all calls use.
        """
        if now >= self._ends:
            self._used, self._ends = 0, now + self.seconds
        if self._used >= self.limit:
            return False
        self._used += 1
        return True

    def remaining(self, now: float) -> int:
        """How much more may happen before it ends."""
        return self.limit if now >= self._ends else self.limit - self._used

    def reset_after(self, now: float) -> float:
        """Seconds until it ends; 0 if nothing is counted."""
        # Rounded up, as it is written: who waits this long is not too early.
        return math.ceil(max(0.0, self._ends - now) * 1000) / 1000 if self._used else 0.0


@dataclass(frozen=True, slots=True)
class Bucket:
    """Routes that share a limit, for each channel, guild or webhook.

    Args:
        routes: Such as ``"POST channels/{channel_id}/messages"``, as Discord's documentation writes them.
        limit: How many requests fit in a window.
        seconds: How long a window is.
    """

    routes: tuple[str, ...]
    limit: int
    seconds: float

    def __post_init__(self) -> None:
        routes = (self.routes,) if isinstance(self.routes, str) else self.routes
        for route in routes:
            if isinstance(self.routes, str) or not ROUTE.fullmatch(route):
                raise ValueError(
                    f"{route!r} is no route of a bucket: without a slash before the path, write "
                    'Bucket(("POST channels/{channel_id}/messages",), 5, 5.0).'
                )

    @property
    def id(self) -> str:
        """What the ``X-RateLimit-Bucket`` header names it."""
        return hashlib.sha256("\n".join(self.routes).encode()).hexdigest()[:32]


MESSAGE = "channels/{channel_id}/messages/{message_id}"
REACTION = MESSAGE + "/reactions/{emoji}"
WEBHOOK = "webhooks/{application_id}/{token}"
DISCORD = (
    Bucket(("POST channels/{channel_id}/messages",), 5, 5.0),
    Bucket((f"PATCH {MESSAGE}",), 5, 5.0),
    Bucket((f"DELETE {MESSAGE}",), 5, 1.0),
    Bucket((f"PUT {REACTION}/@me", f"DELETE {REACTION}/@me", f"DELETE {REACTION}/{{user_id}}"), 1, 0.25),
    Bucket(("GET channels/{channel_id}/messages",), 5, 5.0),
    Bucket(("POST channels/{channel_id}/messages/bulk-delete",), 1, 1.0),
    Bucket(("POST channels/{channel_id}/typing",), 5, 5.0),
    Bucket(("PATCH channels/{channel_id}",), 5, 15.0),
    Bucket(("PATCH guilds/{guild_id}/members/{user_id}", "PATCH guilds/{guild_id}/members/@me"), 10, 10.0),
    Bucket((f"POST {WEBHOOK}",), 5, 2.0),
    Bucket((f"PATCH {WEBHOOK}/messages/{{which}}",), 5, 5.0),
    Bucket(("POST interactions/{interaction_id}/{token}/callback",), 5, 5.0),
)


class Asked(NamedTuple):
    """A request, to be counted."""

    bot: Bot
    route: Route
    params: dict[str, str]


class RateLimits:
    """How much a bot may do in how much time. The default arguments are the preset that mimics Discord.

    Args:
        buckets: The limits of routes.
        default: ``(limit, seconds)`` for each route that no bucket names; None for none.
        per_second: Requests a second of each bot, all routes together; None for no such limit. Webhooks and
            interactions don't count.
        gateway: ``(limit, seconds)`` of the frames that a gateway connection may send; None for no limit.
        identify: Seconds between two IDENTIFYs of a bot, or of its shards of one key; 0 for no limit.
        invalid: ``(limit, seconds)`` of answers 401, 403 and 429 before Cloudflare bans the machine; None for
            no limit.
    """

    def __init__(
        self,
        buckets: Sequence[Bucket] = DISCORD,
        *,
        default: tuple[int, float] | None = (10, 5.0),
        per_second: int | None = 50,
        gateway: tuple[int, float] | None = (120, 60.0),
        identify: float = 5.0,
        invalid: tuple[int, float] | None = (10_000, 600.0),
    ) -> None:
        self.buckets = tuple(buckets)
        self.default = default
        self.per_second = per_second
        self.gateway = gateway
        self.identify = identify
        self._bucket_of = {route: bucket for bucket in buckets for route in bucket.routes}
        self._windows: dict[tuple[str, ...], Window] = {}
        self._invalid = Window(*invalid) if invalid else None

    @classmethod
    def named(cls, limits: RateLimits | str | None) -> RateLimits | None:
        """The limits that a name stands for.

        Args:
            limits: ``"discord"``, limits of one's own, or None.

        Raises:
            ValueError: There is no preset of that name.
        """
        if not isinstance(limits, str):
            return limits
        if limits != "discord":
            raise ValueError(f'There are no rate limits {limits!r}: use "discord", RateLimits(...) or None.')
        return cls()

    def gateway_frames(self) -> Window | None:
        """What counts the frames of a new gateway connection; None if nothing does."""
        return Window(*self.gateway) if self.gateway else None

    def may_identify(self, bot: Bot, key: int, now: float) -> bool:
        """Counts an IDENTIFY; False if it comes too early.

        Args:
            bot: Who identifies.
            key: The shard's rate limit key.
            now: By the world's clock.
        """
        return not self.identify or self._window(now, 1, self.identify, "identify", bot.id, str(key)).take(
            now
        )

    def _window(self, now: float, limit: int, seconds: float, *key: str) -> Window:
        if len(self._windows) > MAX_WINDOWS:
            # Each interaction's token has its own.
            kept = {key: window for key, window in self._windows.items() if window.reset_after(now)}
            self._windows = kept
        if key not in self._windows:
            self._windows[key] = Window(limit, seconds)
        return self._windows[key]

    def take(self, asked: Asked, clock: Clock) -> dict[str, str]:
        """Counts a request.

        Args:
            asked: The request.
            clock: The world's.

        Returns:
            The headers that its answer carries.

        Raises:
            RateLimitedError: It is too many.
        """
        now = clock.monotonic()
        free = asked.route.template.startswith(PREFIXES)
        if self.per_second and not free:
            window = self._window(now, self.per_second, 1.0, "global", asked.bot.id)
            if not window.take(now):
                raise RateLimitedError(window.reset_after(now), scope="global")
        route = f"{asked.route.method} {asked.route.template}"
        bucket = self._bucket_of.get(route)
        if bucket is None and self.default:
            bucket = Bucket((route,), *self.default)
        if bucket is None:
            return {}
        major = [asked.params[name] for name in MAJOR if name in asked.params]
        window = self._window(now, bucket.limit, bucket.seconds, bucket.id, asked.bot.id, *major)
        taken = window.take(now)
        after = window.reset_after(now)
        headers = {
            "X-RateLimit-Limit": str(bucket.limit),
            "X-RateLimit-Remaining": str(window.remaining(now)),
            "X-RateLimit-Reset": f"{clock.time() + after:.3f}",
            "X-RateLimit-Reset-After": f"{after:.3f}",
            "X-RateLimit-Bucket": bucket.id,
        }
        if not taken:
            raise RateLimitedError(after, scope="user", headers=headers)
        return headers

    def banned(self, clock: Clock) -> float:
        """Seconds for which Cloudflare turns this machine away, because of too many invalid requests; or 0.

        Args:
            clock: The world's.
        """
        now = clock.monotonic()
        if self._invalid is None or self._invalid.remaining(now) > 0:
            return 0.0
        return self._invalid.reset_after(now)

    def answered(self, status: int, clock: Clock) -> None:
        """Counts an answer that Discord takes for an invalid request.

        Args:
            status: The HTTP status; 429s are counted but those of a shared limit, which we don't have.
            clock: The world's.
        """
        if status in INVALID and self._invalid is not None:
            self._invalid.take(clock.monotonic())


class RateLimitedError(ApiError):
    """The 429 of a limit that was exceeded.

    Args:
        retry_after: Seconds to wait.
        scope: "user" for a bucket, "global" for the limit of all routes, "shared" for a resource's own.
        headers: Those of the bucket.
        code: Discord's JSON error code, where it has one.
    """

    def __init__(
        self, retry_after: float, *, scope: str, headers: dict[str, str] | None = None, code: int = 0
    ) -> None:
        super().__init__(429, code, "You are being rate limited.")
        self.retry_after = retry_after
        self.scope = scope
        self.headers = {
            **(headers or {}),
            **VIA,
            "Retry-After": str(math.ceil(retry_after)),
            "X-RateLimit-Scope": scope,
        }
        if scope == "global":
            self.headers["X-RateLimit-Global"] = "true"

    def body(self) -> Json:
        """The JSON that Discord answers with (docs page *Rate Limits*)."""
        return {
            "message": self.message,
            "retry_after": round(self.retry_after, 3),
            "global": self.scope == "global",
            "code": self.code,
        }
