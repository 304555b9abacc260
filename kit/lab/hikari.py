"""A hikari bot in the lab: `lab = await kit.Lab.start(kit.lab.hikari.bot(make_bot))`.

The bot runs in the notebook's loop, started with hikari's `start()` and ended with its `close()`;
arc, crescent, lightbulb and tanjun are clients around such a bot and need nothing of their own.
A crash is neither: the sockets are cut and the tasks cancelled before hikari can say goodbye,
which its shard does when it is cancelled. This is the one file that reaches into hikari for it.
"""

from __future__ import annotations

import asyncio
import inspect
import socket
from abc import abstractmethod
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from kit.lab.life import START_TIMEOUT, Bots, Life
from kit.simulator import Simulator

try:
    import hikari
except ImportError as error:
    raise ImportError('kit.lab.hikari needs hikari: pip install "viewkit[hikari]"') from error

T = TypeVar("T", bound="hikari.GatewayBot | hikari.RESTBot")

BotMaker = Callable[[str, str], Any]

CLOSE_TIMEOUT = 12.0
# The coroutines in which hikari and the libraries around it run what a developer wrote for an
# event: hikari's dispatch and the end of its generator listeners, the callbacks of miru and arc,
# and the commands of crescent and lightbulb.
HANDLERS = frozenset(
    {
        "_invoke_callback",
        "_consume_generator_listener",
        "_handle_callback",
        "handle_resp",
        "handle_interaction_create",
    }
)


def bot(make: BotMaker) -> HikariBots:
    """A hikari bot for `kit.Lab.start(...)`.

    Args:
        make: Makes the bot, and all that is around it; called anew at each restart, as
            `make(token, rest_url)`. It returns the `hikari.GatewayBot` or `hikari.RESTBot`, made with
            both, or a client that has it as its `app`.

    Returns:
        What `kit.Lab.start` takes.

    Raises:
        TypeError: If it can't be called with these two.
    """
    try:
        inspect.signature(make).bind("token", "rest_url")
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{make!r} can't be called as make(token, rest_url): give a function that makes the bot of "
            "them, such as `lambda token, rest_url: hikari.GatewayBot(token, rest_url=rest_url)`"
        ) from error
    return HikariBots(make)


class HikariBots(Bots):
    """Makes hikari bots; see `bot`."""

    loggers = ("hikari", "miru", "arc", "crescent", "lightbulb", "tanjun")

    def __init__(self, make: BotMaker) -> None:
        self._make = make

    def life(self, simulator: Simulator, number: int) -> Life:
        """A life that has not begun, with its bot.

        Raises:
            TypeError: If no hikari bot was made, or one for another Discord.
        """

        def make() -> Any:
            made = self._make(simulator.token, simulator.rest_url)
            return made if isinstance(made, hikari.GatewayBot | hikari.RESTBot) else getattr(made, "app", made)

        kinds: list[type[HikariLife[Any]]] = [GatewayLife, RESTLife]
        for kind in kinds:
            life = kind(simulator, number)
"""
"""
