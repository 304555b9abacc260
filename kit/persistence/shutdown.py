"""SIGTERM: how a host stops a bot. What is not durable yet is written before the process ends."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import signal
import threading
import weakref
from typing import Any

from kit.state import StateStore

_log = logging.getLogger(__name__)

# What a program has for its own cleaning up, after its bot was closed.
GRACE = 3.0

# The stores to flush, with their bots: both gone as soon as nobody else needs them.
_open: weakref.WeakKeyDictionary[StateStore, weakref.ref[Any] | None] = weakref.WeakKeyDictionary()
_watching: weakref.WeakSet[asyncio.AbstractEventLoop] = weakref.WeakSet()


def flush_at_sigterm(bot: Any, store: StateStore) -> None:
    """On SIGTERM, close `bot`, flush `store`, and let the process end as it would have.

    A handler that the program has set itself stays; it closes the bot, and so flushes. Does
    nothing outside the main thread and on Windows, which has no such signal.
    """
    if os.name != "posix" or threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    _open[store] = None if bot is None else weakref.ref(bot)
    if loop not in _watching and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        loop.add_signal_handler(signal.SIGTERM, _end, loop)
        _watching.add(loop)


def _end(loop: asyncio.AbstractEventLoop) -> None:
    # The next SIGTERM finds the default handler again, and ends the process at once.
    loop.remove_signal_handler(signal.SIGTERM)
    ending = loop.create_task(_close_all(), name="viewkit-sigterm", context=contextvars.Context())
    ending.add_done_callback(lambda _: loop.call_later(GRACE, os.kill, os.getpid(), signal.SIGTERM))


async def _close_all() -> None:
    for store, reference in tuple(_open.items()):
        bot = None if reference is None else reference()
        _log.info("SIGTERM: closing %r", bot if bot is not None else store)
        try:
            try:
                if bot is not None:
                    await bot.close()
            finally:
                await store.flush()
        except Exception:  # noqa: BLE001  (the other stores are flushed all the same)
            _log.exception("the process ends, and closing or writing has failed")
