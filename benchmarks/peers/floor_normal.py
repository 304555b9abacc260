"""The floor with SQLite's `synchronous=NORMAL`, which a power cut can undo."""

from __future__ import annotations

import scenario
from floor import Floor


class NormalFloor(Floor):
    synchronous = "NORMAL"


scenario.main(NormalFloor())
