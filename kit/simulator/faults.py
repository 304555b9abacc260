"""Faults on demand: latency, refusals and broken connections, for some requests or for all."""

from __future__ import annotations

import fnmatch
import random
from collections.abc import Callable
from http.client import responses
from typing import TYPE_CHECKING, Any, Literal, Self

from aiohttp import web

from kit.simulator.errors import ApiError
from kit.simulator.ratelimits import RateLimitedError

if TYPE_CHECKING:
    from types import TracebackType

    from kit.simulator.world.bots import Bot

Json = dict[str, Any]
Seconds = float | tuple[float, float]

GATEWAY = "gateway"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# What stands before Discord's API answers these itself, and in no JSON.
PROXY_TEXTS = {
    502: "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>",
    503: "upstream connect error or disconnect/reset before headers. reset reason: overflow",
    504: "upstream request timeout",
}


class Fault:
    """Something that goes wrong until it has happened often enough, or until it is ended.

    ``with`` ends it after its block.

    Attributes:
        kind: What goes wrong.
        route: The pattern of the requests it is for.
        left: How often it will still happen; None without end.
        happened: How often it has.
        chance: How likely it is each time.
        bot: Whose requests it is for; None for every bot's.
    """

    def __init__(
        self,
        faults: Faults,
        kind: Literal["delay", "fail", "cut"],
        route: str,
        *,
        bot: Bot | None,
        times: int | None,
        chance: float,
        **details: Any,
    ) -> None:
        self.kind = kind
        self.route = route
        self.left = times
        self.happened = 0
        self._faults = faults
        self.bot = bot
        self.chance = chance
        self._details = details

    def __repr__(self) -> str:
        details = [f"{key}={value!r}" for key, value in self._details.items() if value is not None]
        if self.left is not None:
            details.append(f"times={self.left}")
        if self.bot is not None:
            details.append(f"bot={self.bot.name}")
        if self.chance < 1:
            details.append(f"chance={self.chance:g}")
        return f"<{self.kind} {self.route!r} {' '.join(details)}".rstrip() + ">"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end()

    @property
    def active(self) -> bool:
        """Whether it can still happen."""
        return self in self._faults.active

    def end(self) -> None:
        """Lets it not happen any more."""
        self._faults.forget(self)

    def __getitem__(self, name: str) -> Any:
        return self._details[name]

    def meets(self, route: str, bot: Bot | None, chance: Callable[[], float]) -> bool:
        """Whether it happens to a request; if so, that counts.

        Args:
            route: "METHOD /path", or "gateway".
            bot: Who asks, where that is known.
            chance: Throws the dice.
        """
        if self.bot is not None and self.bot is not bot:
            return False
        # What goes wrong with every request does not go wrong with the gateway.
        if (route == GATEWAY) != (self.route == GATEWAY) or not fnmatch.fnmatchcase(route, self.route):
            return False
        if self.chance < 1 and chance() >= self.chance:
            return False
        self.happened += 1
        if self.left is not None:
            self.left -= 1
            if not self.left:
                self.end()
        return True


class Faults:
    """What goes wrong in a simulated Discord, as tests want it. At first nothing does.

    A route is a pattern such as ``"POST /channels/*/messages"``, ``"GET *"`` or ``"*"`` for every request; a
    ``*`` stands for anything. A fault happens ``times`` times, or until it is ended: by its ``end()``, by the
    end of its ``with`` block, or by ``clear()``.

    Attributes:
        active: The faults that can happen, oldest first.
    """

    def __init__(self) -> None:
        self.active: list[Fault] = []
        self._random = random.Random(0)  # noqa: S311 - faults that can be repeated, no secrets

    def seed(self, seed: int) -> None:
        """Starts the dice anew: the same requests then meet the same faults.

        Args:
            seed: Any number; 0 at first.
        """
        self._random.seed(seed)

    def clear(self) -> None:
        """Ends all faults."""
        self.active.clear()

    def forget(self, fault: Fault) -> None:
        """Ends a fault.

        Args:
            fault: Which.
        """
        if fault in self.active:
            self.active.remove(fault)

    def delay(
        self,
        seconds: Seconds,
        route: str = "*",
        *,
        bot: Bot | None = None,
        times: int | None = None,
        chance: float = 1.0,
    ) -> Fault:
        """Lets requests wait before they are carried out, or what the gateway sends.

        Args:
            seconds: How long, by the world's clock; ``(low, high)`` for a random time between.
            route: Which requests; ``"gateway"`` for the events and acknowledgements of the gateway.
            bot: Whose; every bot's when left out.
            times: How often; without end when left out.
            chance: How likely it is each time.

        Raises:
            ValueError: The time is negative, or no range, or no request has such a route.
        """
        low, high = seconds if isinstance(seconds, tuple) else (seconds, seconds)
        if not all(isinstance(time, int | float) for time in (low, high)) or not 0 <= low <= high:
            raise ValueError(f"A delay is 0 or more seconds, or (low, high), not {seconds!r}.")
        return self._add(Fault(self, "delay", route, bot=bot, times=times, chance=chance, seconds=seconds))

    def fail(
        self,
        status: int,
        route: str = "*",
        *,
        code: int = 0,
        message: str | None = None,
        retry_after: float = 1.0,
        carried_out: bool = False,
        bot: Bot | None = None,
        times: int | None = None,
        chance: float = 1.0,
    ) -> Fault:
        """Answers requests with an error in the shape in which Discord sends it.

        Args:
            status: The HTTP status: 500, 502, 503, 504, 429, or one of Discord's refusals such as 403.
            route: Which requests.
            code: Discord's JSON error code, as 50013.
            message: Discord's words for it; those of the status when left out.
            retry_after: Of a 429, the seconds to wait.
            carried_out: Whether the request is carried out all the same, and only its answer lost.
            bot: Whose; every bot's when left out.
            times: How often; without end when left out.
            chance: How likely it is each time.

        Raises:
            ValueError: The status is no error, or no request has such a route.
        """
        if not isinstance(status, int) or not 400 <= status < 600:
            raise ValueError(f"{status!r} is no error: use a status from 400 to 599, such as 500 or 429.")
        return self._add(
            Fault(
                *(self, "fail", route),
                bot=bot,
                times=times,
                chance=chance,
                status=status,
                code=code,
                message=message,
                retry_after=retry_after,
                carried_out=carried_out,
            )
        )

    def cut(
        self, route: str = "*", *, bot: Bot | None = None, times: int | None = None, chance: float = 1.0
    ) -> Fault:
        """Carries requests out and breaks the connection in the middle of the answer.

        Args:
            route: Which requests.
            bot: Whose; every bot's when left out.
            times: How often; without end when left out.
            chance: How likely it is each time.

        Raises:
            ValueError: No request has such a route.
        """
        return self._add(Fault(self, "cut", route, bot=bot, times=times, chance=chance))

    def _add(self, fault: Fault) -> Fault:
        if fault.route == GATEWAY and fault.kind != "delay":
            raise ValueError(
                f"The gateway gives no answers that could {fault.kind}: use delay(seconds, 'gateway'), "
                "simulator.drop_gateway(), or simulator.gateway.cut(), freeze() or invalidate()."
            )
        _check_route(fault.route)
        if fault.left is not None and fault.left < 1:
            raise ValueError(f"A fault happens once or more often, not times={fault.left}.")
        if isinstance(fault.bot, str):
            raise ValueError(f"bot= takes a bot of the world: use world.bot_named({fault.bot!r}).")  # noqa: TRY004
        if not 0 <= fault.chance <= 1:
            raise ValueError(f"A chance is a number from 0 to 1, not {fault.chance!r}.")
        self.active.append(fault)
        return fault

    def meet(self, route: str, bot: Bot | None) -> tuple[float, Fault | None]:
        """What a request meets.

        Args:
            route: "METHOD /path".
            bot: Who asks, where that is known.

        Returns:
            The seconds it waits, and the failure or cut that it ends with.
        """
        waits, end = 0.0, None
        for fault in tuple(self.active):
            if (fault.kind == "delay" or end is None) and fault.meets(route, bot, self._random.random):
                if fault.kind == "delay":
                    waits += self._seconds(fault)
                else:
                    end = fault
        return waits, end

    def gateway_latency(self, bot: Bot | None) -> float:
        """The seconds that the next thing waits that the gateway sends.

        Args:
            bot: To whom, where that is known.
        """
        return self.meet(GATEWAY, bot)[0] if self.active else 0.0

    def _seconds(self, fault: Fault) -> float:
        seconds = fault["seconds"]
        return self._random.uniform(*seconds) if isinstance(seconds, tuple) else float(seconds)


def _check_route(route: str) -> None:
    """Refuses what is like no route: a fault that can't happen would let a test pass for nothing."""
    if route == GATEWAY:
        return
    method, _, path = str(route).partition(" ")
    if not any(fnmatch.fnmatchcase(known, method) for known in METHODS):
        problem = f"it starts with none of {', '.join(METHODS)}"
    elif "{" in path or "://" in path or path.startswith("/api/"):
        problem = "paths start after /api/v10, and a * stands for an id"
    elif path and not path.startswith(("/", "*")):
        problem = "its path has no / at its start"
    elif not path and not method.endswith("*"):
        problem = "it has no path"
    else:
        return
    raise ValueError(
        f"No request has the route {route!r}: {problem}. Write 'POST /channels/*/messages', 'GET *', or '*' "
        "for all; 'gateway' is for delay() alone."
    )


def failure(fault: Fault) -> web.Response | ApiError:
    """The answer of a failure: what a proxy says, or an error of Discord's API.

    Args:
        fault: One that ``fail`` made.
    """
    status = fault["status"]
    if status == 429:
        return RateLimitedError(fault["retry_after"], scope="shared", code=fault["code"])
    if status in PROXY_TEXTS and fault["message"] is None:
        kind = "text/html" if PROXY_TEXTS[status].startswith("<") else "text/plain"
        return web.Response(status=status, text=PROXY_TEXTS[status], content_type=kind)
    words = fault["message"] or f"{status}: {responses.get(status, 'Error')}"
    return ApiError(status, fault["code"], words)
