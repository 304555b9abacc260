"""One of several processes that count on one storage; it is told on its standard input when to go on.

python -m tests.persistence.counting_peer PLACE NAME COUNTS TOTAL
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import kit
from kit.persistence.places import open_place


def counted(action, state):
    """One counter that all share, and one of this process's own."""
    counters = state["application"].setdefault("counters", {})
    for name in ("all", action["payload"]["name"]):
        counters[name] = counters.get(name, 0) + 1


async def hear() -> None:
    """Wait for the next line; without blocking, so that what others write is brought in meanwhile."""
    await asyncio.to_thread(sys.stdin.readline)


async def main(place: str, name: str, counts: int, total: int) -> None:
    """Count, a few at a time; make it durable; and wait until all that the others counted has arrived."""
    kit.reducer("COUNTED")(counted)
    await kit.setup_persistence(backend=open_place(place))
    store = kit.get_store()
    print("ready", flush=True)
    await hear()
    start = time.monotonic()
    for number in range(counts):
        await store.dispatch("COUNTED", {"name": name})
        if number % 5 == 0:
            await asyncio.sleep(0.001)
    await store.flush()
    took = time.monotonic() - start
    async with asyncio.timeout(30):
        while store.state["application"]["counters"]["all"] < total:
            await asyncio.sleep(0.01)
    said = {**store.counters(), "memory": dict(store.state["application"]["counters"]), "took": took}
    print(json.dumps(said), flush=True)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
