"""One of several processes that count on one storage.

python counting_peer.py BACKEND TARGET NAME COUNTS
"""

from __future__ import annotations

import asyncio
import sys

import kit
from tests.persistence.shared_storage import open_backend


@kit.reducer("COUNTED")
def counted(action, state):
    """One counter that all share, and one of this process's own."""
    counters = state["application"].setdefault("counters", {})
    for name in ("all", action["payload"]["name"]):
        counters[name] = counters.get(name, 0) + 1


async def main(kind: str, target: str, name: str, counts: str) -> None:
    """Count, in little bursts; then wait until all of it is durable."""
    await kit.setup_persistence(backend=open_backend(kind, target))
    store = kit.get_store()
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(int(counts)):
        await store.dispatch("COUNTED", {"name": name})
        if number % 10 == 0:
            await asyncio.sleep(0.001)
    await store.flush()
    counters = store.counters()
    print(f"conflicts {counters['conflicts']} adopted {counters['rows_adopted']}", flush=True)
    await store.close()


asyncio.run(main(*sys.argv[1:]))
