"""Undo and redo of what a person did on a view."""

from __future__ import annotations

from typing import Any

import discord

from kit.state import StateStore, UndoConflictError, UndoScope
from kit.state.actions import REDO, UNDO, UNDO_DROPPED, UNDO_LIMIT
from kit.state.undo import NothingToUndoError
from kit.views.dispatch import acting


class Undoing:
    """Remembers what was dispatched through a view, for each person who pressed a button.

    Attributes:
        enable_undo: Whether it does.
        undo_limit: How many steps it remembers for each.
    """

    enable_undo: bool = False
    undo_limit: int = UNDO_LIMIT

    id: str
    session_id: str | None
    state_store: StateStore
    user_id: int | None

    async def undo(self, interaction: discord.Interaction[Any] | None = None) -> bool:
        """Take back the last thing that the person who presses a button has changed.

        Args:
            interaction: Whose undo; if left out, of the callback that runs, or of the view's owner.

        Returns:
            Whether there was anything to take back.

        Raises:
            UndoConflictError: If somebody else has changed it since. That stays, and the step is dropped.
        """
        return await self._step(UNDO, "undo_stack", interaction)

    async def redo(self, interaction: discord.Interaction[Any] | None = None) -> bool:
        """Make again what `undo` took back last. As `undo`."""
        return await self._step(REDO, "redo_stack", interaction)

    async def _step(self, action: str, stack: str, interaction: discord.Interaction[Any] | None) -> bool:
        session_id = self.session_of(interaction)
        session = self.state_store.state["sessions"].get(session_id)
        if session is None or not session[stack]:
            return False
        try:
            await self.state_store.dispatch(action, {"session_id": session_id}, source=self.id)
        except NothingToUndoError:
            # Another press was faster.
            return False
        except UndoConflictError:
            dropped = {"session_id": session_id, "stack": stack}
            await self.state_store.dispatch(UNDO_DROPPED, dropped, source=self.id)
            raise
        return True

    def undo_scope(self) -> UndoScope | None:
        """Whose undo a dispatch through this view goes to now; None if it can't be undone."""
        session_id = self.session_of(None) if self.enable_undo else None
        return None if session_id is None else UndoScope(session_id, self.undo_limit)

    def session_of(self, interaction: discord.Interaction[Any] | None) -> str | None:
        """The session of the person who acts: the view's own for its owner."""
        user_id = interaction.user.id if interaction is not None else acting.get()
        if user_id is None or self.session_id is None or user_id == self.user_id:
            return self.session_id
        return f"{self.session_id.partition(':')[0]}:user_{user_id}"
