"""Counts as fast as it can, and says which counts are durable; it is killed from outside.

python counting_process.py BACKEND PATH
"""

from __future__ import annotations

import asyncio
import sys

import kit
from kit.persistence import FileStorageBackend, SQLiteBackend

BACKENDS = {"sqlite": SQLiteBackend, "file": FileStorageBackend}


@kit.reducer("COUNTED")
def counted(action, state):
    """Two leaves that a torn write would tell apart."""
    counters = state["application"].setdefault("counters", {})
    counters["left"] = counters.get("left", 0) + 1
    counters["right"] = counters.get("right", 0) + 1


async def main(name: str, path: str) -> None:
    """Dispatch in little bursts; print each count once it was flushed."""
    await kit.setup_persistence(backend=BACKENDS[name](path))
    store = kit.get_store()
    print("ready", flush=True)
    while True:
        for _ in range(3):
            await store.dispatch("COUNTED")
        count = store.state["application"]["counters"]["left"]
        await store.flush()
        print(count, flush=True)


asyncio.run(main(*sys.argv[1:]))
