"""Writes rows of its own and counts a shared row up, beside another process that does the same.

python writing_process.py BACKEND ADDRESS TABLE NAME COUNT
"""

from __future__ import annotations

import asyncio
import sys

from kit.persistence.backends import OvertakenError
from kit.persistence.codec import path_text
from kit.persistence.leaves import Write
from kit.persistence.postgres import PostgresBackend
from kit.persistence.redis import RedisBackend
from kit.persistence.sqlite import SQLiteBackend

COUNTER = path_text(("application", "count"))
BACKENDS = {
    "sqlite": lambda address, _table: SQLiteBackend(address),
    "postgres": lambda address, table: PostgresBackend(address, table=table),
    "redis": lambda address, table: RedisBackend(address, key=table),
}


async def main(kind: str, address: str, table: str, name: str, count: str) -> None:
    """Write `count` rows below `name`, and raise the counter as often."""
    backend = BACKENDS[kind](address, table)
    state = await backend.load_state()
    counted = state["application"]["count"]
    for number in range(int(count)):
        await backend.write([Write(path_text(("application", name, number)), str(number))])
        while True:
            try:
                await backend.write([Write(COUNTER, str(counted + 1))])
            except OvertakenError:
                for row in await backend.changes():
                    if row.key == COUNTER:
                        counted = int(row.value or 0)
            else:
                counted += 1
                break
    await backend.close()
    sys.stdout.write("done\n")


asyncio.run(main(*sys.argv[1:]))
