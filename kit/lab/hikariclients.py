"""What arc and crescent print of errors, where no lab hears it, is logged as well.

Both call a function that their user may replace. It is wrapped here, and does what it did.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

ErrorHandler = Callable[..., Awaitable[None]]

CRESCENT = ("on_crescent_command_error", "on_crescent_event_error", "on_crescent_autocomplete_error")


def log_errors(client: Any) -> None:
    """Let a client log what its commands raise.

    Args:
        client: What the function of the lab's user made; nothing happens if it is of neither library.
    """
    if hasattr(client, "set_error_handler") and hasattr(client, "error_handler"):
        client.set_error_handler(_of_arc(client.error_handler, logging.getLogger("arc")))
    for name in CRESCENT:
        if hasattr(client, name):
            log = logging.getLogger("crescent")
            setattr(client, name, _of_crescent(getattr(client, name), log))


def _of_arc(handler: ErrorHandler | None, log: logging.Logger) -> ErrorHandler:
    async def handle(context: Any, error: Exception) -> None:
        try:
            if handler is None:
                raise error
            await handler(context, error)
        except Exception:
            log.exception("/%s raised", context.command.name)
            # arc goes on: it prints the error, and answers that something went wrong.
            raise

    return handle


def _of_crescent(handler: ErrorHandler, log: logging.Logger) -> ErrorHandler:
    async def handle(error: Exception, *about: Any) -> None:
        *_, handled = about
        if not handled:
            log.error("a callback raised", exc_info=error)
        await handler(error, *about)

    return handle
