"""`setup_persistence`: the one call that makes a bot remember."""

from __future__ import annotations

import os
from typing import Any, Literal

from discord.ext import commands

from kit.persistence.backends import StorageBackend, check_state, close_backend
from kit.persistence.file import FileStorageBackend
from kit.persistence.index import index_anew
from kit.persistence.legacy import adopt, is_legacy
from kit.persistence.live import live_views, return_from_the_dead
from kit.persistence.restore import Panels, RestoreSummary
from kit.persistence.routes import routes_of
from kit.persistence.shards import answers_for
from kit.persistence.shutdown import flush_at_sigterm
from kit.persistence.writer import Writer
from kit.state import StateStore, get_store, thaw
from kit.state.actions import STATE_RESTORED

DEFAULT_FILE = "viewkit_state.json"


async def setup_persistence(
    bot: commands.Bot | commands.AutoShardedBot | None = None,
    *,
    backend: StorageBackend | None = None,
    file_path: str | os.PathLike[str] = DEFAULT_FILE,
    verify: Literal["background", "startup"] | None = "background",
) -> RestoreSummary:
    """Load the stored state, write every change from now on, and re-attach the panels of `bot`.

    Call it once in `setup_hook`, after the cogs are loaded. A second call closes the
    former storage and takes the place of the first; views that are alive go with it.

    Args:
        bot: The bot whose panels are to answer. Left out, only the state is kept.
        backend: Where the state rests; `FileStorageBackend(file_path)` if left out.
        file_path: The JSON file to use without a `backend`.
        verify: When to ask Discord whether the panels' messages still exist: "background"
            (after the bot is ready), "startup" (before this returns), or None (never).

    Returns:
        A dict of the lists `restored`, `skipped`, `failed` and `removed`, with more as attributes.

    Raises:
        StorageError: If the stored state can't be read. Nothing is overwritten.
        TypeError: If `bot` is no `commands.Bot`, or `backend` no backend.
    """
    if bot is not None and not isinstance(bot, commands.bot.BotBase):
        raise TypeError(
            f"setup_persistence() was given {bot!r} as its bot; in a setup_hook write "
            "`await setup_persistence(self, ...)`, and leave the bot out to keep data only"
        )
    if backend is not None and not hasattr(backend, "load_state"):
        raise TypeError(
            f"setup_persistence() was given {backend!r} as its backend; write "
            "`backend=SQLiteBackend('bot.db')`, or give one that has save_state(state) and load_state()"
        )
    store = get_store()
    storage: StorageBackend = backend if backend is not None else FileStorageBackend(file_path)
    if bot is not None:
        await bot.remove_cog(Panels.__cog_name__)
    async with store.paused():
        try:
            state = check_state(storage, await storage.load_state())
        except BaseException:
            await close_backend(storage)
            raise
        kept = _kept(store, bot)
        if store.journal is not None:
            await store.journal.abandon()
        # kit's own backends have done that themselves; somebody's own may still hold the old form.
        store.load(adopt(state, repr(storage)) if is_legacy(state) else state)
        index_anew(store)
        store.journal = writer = Writer(storage, store)
    await store.dispatch(STATE_RESTORED, {"views": _dead(store, bot), "kept": kept})
    return_from_the_dead(store)
    writer.listen()
    flush_at_sigterm(bot, store)
    summary = RestoreSummary() if bot is None else await _restore_panels(bot, store, verify)
    store.hooks.announce("restore", summary)
    return summary


def _kept(store: StateStore, bot: Any) -> dict[str, Any]:
    """What storage may lack: the live views, and what was dispatched before there was any storage."""
    alive = list(live_views(store))
    sessions = {view.session_id for view in alive}
    panels = {view.state_key for view in live_views(store).panels()}
    if bot is not None:
        panels |= routes_of(bot).started.state_keys
    state = store.state
    return {
        "views": {view.id: thaw(state["views"][view.id]) for view in alive if view.id in state["views"]},
        "sessions": {name: thaw(state["sessions"][name]) for name in sessions if name in state["sessions"]},
        "persistent_views": {
            key: thaw(state["persistent_views"][key]) for key in panels if key in state["persistent_views"]
        },
        "application": thaw(state["application"]) if store.journal is None else {},
    }


def _dead(store: StateStore, bot: Any) -> list[str]:
    """The stored views whose process has ended: with shards, those of the bot's own guilds."""
    return [
        view_id
        for view_id, view in store.state["views"].items()
        if answers_for(bot, view.get("guild_id")) and view_id not in live_views(store)
    ]


async def _restore_panels(
    bot: Any, store: StateStore, verify: Literal["background", "startup"] | None
) -> RestoreSummary:
    panels = Panels(bot, store)
    summary = await panels.restore()
    await bot.add_cog(panels)
    if verify == "startup":
        await panels.verify(summary)
    elif verify == "background":
        panels.verify_in_background(summary)
    return summary
