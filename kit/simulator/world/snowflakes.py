"""Discord's ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kit.simulator.clock import Clock

DISCORD_EPOCH_MS = 1_420_070_400_000
SEQUENCE_BITS = 22


class Snowflakes:
    """Hands out ids that grow with time and are never given twice (docs page *API Reference*, "Snowflakes").

    Args:
        clock: Whose time they carry.
        last: The highest id already in use; a loaded world continues from it.
    """

    def __init__(self, clock: Clock, last: int = 0) -> None:
        self.last = last
        self._clock = clock

    def next(self) -> str:
        """The next id, as the decimal string that the API carries."""
        now = int(self._clock.time() * 1000) - DISCORD_EPOCH_MS
        self.last = max(self.last + 1, now << SEQUENCE_BITS)
        return str(self.last)

    @staticmethod
    def time_of(snowflake: str) -> float:
        """When an id was handed out, in seconds since 1970.

        Args:
            snowflake: The id.
        """
        return ((int(snowflake) >> SEQUENCE_BITS) + DISCORD_EPOCH_MS) / 1000
