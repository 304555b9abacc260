"""What becomes of a click: it is answered in time, or the person is told why not."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

import discord
from discord import ui
from discord.ui.view import BaseView

_log = logging.getLogger(__name__)

# Marks an interaction that a view was found for, in its `extras`.
ROUTED = "viewkit view"
_TIMED = "viewkit deferral"

# Discord gives up after 3 seconds.
DEFER_AFTER = 2.5


@contextlib.asynccontextmanager
async def deferring(view: Any, interaction: discord.Interaction[Any]) -> AsyncIterator[None]:
    """Defer an interaction that is not answered in time, while the block runs.

    Args:
        view: Its class may say `auto_defer = False`, or another `auto_defer_delay`.
        interaction: What is to be answered. One that is timed already is left alone.
    """
    if _TIMED in interaction.extras or not getattr(view, "auto_defer", True):
        yield
        return
    interaction.extras[_TIMED] = True
    delay = getattr(view, "auto_defer_delay", DEFER_AFTER)
    timer = asyncio.create_task(_defer_later(view, interaction, delay))
    try:
        yield
    finally:
        timer.cancel()


async def _defer_later(view: Any, interaction: discord.Interaction[Any], delay: float) -> None:
    await asyncio.sleep(delay)
    await defer(view, interaction)


async def defer(view: Any, interaction: discord.Interaction[Any]) -> None:
    """Acknowledge an interaction on `view`, unless it was answered."""
    if interaction.response.is_done():
        return
    try:
        await interaction.response.defer()
    except discord.HTTPException as error:
        _log.warning("could not defer an interaction of %r: %s", view, error)
    except discord.InteractionResponded:
        return


async def run(view: BaseView, item: ui.Item[Any], interaction: discord.Interaction[Any]) -> None:
    """Let `item` of `view` answer: its checks, its callback, and `on_error` for what they raise."""
    async with deferring(view, interaction):
        try:
            # The whole of it: discord.py has no public name for that.
            await view._scheduled_task(item, interaction)  # noqa: SLF001
        except Exception:  # noqa: BLE001  (a callback's own error has gone to on_error by now)
            _log.exception("on_error of %r has failed itself", view)


async def answer_privately(interaction: discord.Interaction[Any], text: str) -> None:
    """Tell the person who clicked something that nobody else sees."""
    try:
        if interaction.response.is_done():
            await interaction.followup.send(text, ephemeral=True)
        else:
            await interaction.response.send_message(text, ephemeral=True)
    except discord.HTTPException as error:
        _log.warning("could not tell the user %r: %s", text, error)
