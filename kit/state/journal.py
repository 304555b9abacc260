"""The journal: where a store's changes go to rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from kit.state.patches import Change


class Journal(Protocol):
    """Where a store's changes go to rest. `kit.persistence` has the one that is used."""

    def record(self, state: Mapping[str, Any], change: Change) -> None:
        """Take note of a change, in order, without waiting."""

    @property
    def is_idle(self) -> bool:
        """Whether all that was recorded is durable."""

    async def flush(self) -> None:
        """Return when all that was recorded so far is durable."""

    async def rest(self) -> None:
        """Flush, and let go of the storage until something is recorded again."""

    async def close(self) -> None:
        """Flush, and let go of the storage."""

    async def abandon(self) -> None:
        """Let go of the storage as a killed process does, without a flush."""

    def counters(self) -> dict[str, float]:
        """What was counted so far, by name."""
