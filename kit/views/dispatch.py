"""How a click reaches a callback: the one file that touches discord.py's private parts.

`View._scheduled_task` is what discord.py runs for each interaction: checks, then the
callback, then `on_error`. It has no public hook around all three, and a view that
answers one click at a time, within Discord's three seconds, needs one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import discord

from kit.persistence.answering import answer_privately, defer, deferring

_log = logging.getLogger(__name__)

# The id of the user whose interaction is answered. Not the interaction: timers that a callback starts
# would keep it, and through it the bot, for as long as they run.
acting: ContextVar[int | None] = ContextVar("viewkit_acting", default=None)

if TYPE_CHECKING:
    from discord.ui.view import BaseView as _Base
else:
    _Base = object


class Dispatching(_Base):
    """One interaction at a time, and none left unanswered.

    Attributes:
        serialize_interactions: Whether clicks on one view wait for each other, for at most
            half of `auto_defer_delay`. On by default: two callbacks that edit one message race otherwise.
        auto_defer: Whether a slow callback's interaction is deferred for it.
        auto_defer_delay: After how many seconds. Discord gives up after 3.
        was_left: Whether another page has taken its message.
    """

    serialize_interactions: bool = True
    auto_defer: bool = True
    auto_defer_delay: float = 2.5

    was_left: bool = False

    _queue: asyncio.Lock

    async def _scheduled_task(self, item: Any, interaction: discord.Interaction[Any]) -> None:
        acting.set(interaction.user.id)
        async with deferring(self, interaction), self._turn():
            if self.was_left:
                # A second press on the page before: its button is no longer there.
                await defer(self, interaction)
            else:
                await super()._scheduled_task(item, interaction)

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if not self.serialize_interactions:
            yield
            return
        # Half of it: the callback whose turn comes late still has time to answer itself.
        patience = self.auto_defer_delay / 2
        try:
            if self._queue.locked():
                async with asyncio.timeout(patience):
                    await self._queue.acquire()
            else:
                await self._queue.acquire()
        except TimeoutError:
            # Somebody opened a modal and went away, say. One person's callback must not
            # keep a shared panel from everybody.
            _log.warning("%r: a callback takes longer than %g s; others go on", self, patience)
            yield
            return
        try:
            yield
        finally:
            self._queue.release()

    def _control(self, interaction: discord.Interaction[Any]) -> Any:
        data: Any = interaction.data
        wanted = (data["component_type"], data["custom_id"])
        for item in self.walk_children():
            if item.is_dispatchable() and (item.type.value, getattr(item, "custom_id", None)) == wanted:
                return item
        return None

    async def handle(self, interaction: discord.Interaction[Any]) -> None:
        """Answer an interaction that discord.py could not route, because the view was not attached yet."""
        item = self._control(interaction)
        if item is None:
            await answer_privately(interaction, "This control was removed.")
        else:
            await self._scheduled_task(item, interaction)


def attach(message: discord.Message | discord.PartialMessage, view: Any) -> None:
    """Let discord.py route the interactions of a message to `view`, as `Message.edit(view=view)` does."""
    message._state.store_view(view, message.id)  # noqa: SLF001
