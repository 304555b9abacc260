"""SIGTERM: how a host stops a bot. What is not durable yet is written before the process ends."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import signal
import threading
from typing import Any

from kit.persistence.backends import StorageError
from kit.state import StateStore

_log = logging.getLogger(__name__)

# What a program has for its own cleaning up, after its bot was closed.
GRACE = 3.0


def flush_at_sigterm(bot: Any, store: StateStore) -> None:
    """On SIGTERM, close `bot`, flush `store`, and let the process end as it would have.

    A handler that the program has set itself stays; it closes the bot, and so flushes. Does
    nothing outside the main thread and on Windows, which has no such signal.
    """
    loop = asyncio.get_running_loop()
    if os.name != "posix" or threading.current_thread() is not threading.main_thread():
        return
    ending: set[asyncio.Task[None]] = set()

    def end() -> None:
        # The next SIGTERM finds the default handler again, and ends the process at once.
        loop.remove_signal_handler(signal.SIGTERM)
        task = loop.create_task(_end(bot, store), name="viewkit-sigterm", context=contextvars.Context())
        ending.add(task)

    handler = signal.getsignal(signal.SIGTERM)
    if handler is signal.SIG_DFL or store.extras.pop("sigterm", None) is not None:
        loop.add_signal_handler(signal.SIGTERM, end)
        store.extras["sigterm"] = end


async def _end(bot: Any, store: StateStore) -> None:
    _log.info("SIGTERM: closing")
    try:
        if bot is not None:
            await bot.close()
        await store.flush()
    except StorageError:
        _log.exception("the process ends with changes that could not be written")
    finally:
        asyncio.get_running_loop().call_later(GRACE if bot is not None else 0, _die)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
