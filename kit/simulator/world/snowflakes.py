"""Discord's ids and timestamps."""

from __future__ import annotations

import datetime as dt
import time

DISCORD_EPOCH_MS = 1_420_070_400_000
SEQUENCE_BITS = 22


class Snowflakes:
    """Hands out ids that grow with time and are never given twice (docs page *API Reference*, "Snowflakes").

    Args:
        last: The highest id already in use; a loaded world continues from it.
    """

    def __init__(self, last: int = 0) -> None:
        self.last = last

    def next(self) -> str:
        """The next id, as the decimal string that the API carries."""
        now = int(time.time() * 1000) - DISCORD_EPOCH_MS
        self.last = max(self.last + 1, now << SEQUENCE_BITS)
        return str(self.last)


def timestamp() -> str:
    """This moment in the form of Discord's API: ISO 8601 with microseconds and an offset."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")
