"""What a storage held at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kit.persistence.leaves import RECORD_DEPTH


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a storage held at one moment.

    Attributes:
        kind: What kind of storage it is, in words.
        place: Where it is; no password is in it.
        state: Its state in kit's form; empty if nothing is stored.
        stored: The state as it is stored: with the ids that are text, and all that `state` left behind.
        written_by: "kit", "pycascadeui", or "" if nothing is stored.
        schema: The version of its layout, if it has one.
        size: How many bytes it takes, if that is known.
        notes: What a reader should know: what was left behind, which copy was read.
    """

    kind: str
    place: str
    state: dict[str, Any] = field(default_factory=dict)
    stored: dict[str, Any] = field(default_factory=dict)
    written_by: str = ""
    schema: int | None = None
    size: int | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is stored; a store that was only opened has empty branches."""
        return not any(self.stored.values())

    @property
    def leaves(self) -> int:
        """How many rows the state has in a storage that keeps rows."""
        return count_leaves(self.state)


def count_leaves(state: Mapping[str, Any]) -> int:
    """How many rows `flatten(state)` gives, without writing them."""
    total = 0
    pending = [(value, RECORD_DEPTH.get(str(branch), 0) - 1) for branch, value in state.items()]
    while pending:
        value, levels = pending.pop()
        total += 1
        # A record is one row; where there are none the number of levels left is negative throughout.
        if isinstance(value, dict) and levels:
            pending.extend((item, levels - 1) for item in value.values())
    return total
