"""Every kind of storage that a bot may be given, empty at the start of a test."""

from __future__ import annotations

import asyncio
import json
import socket
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from kit.persistence import FileStorageBackend, PostgresBackend, RedisBackend, SQLiteBackend

REDIS = "redis://127.0.0.1:6379"
POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"


class Shelf:
    """A backend of somebody's own: the two methods of the guide over a text that outlives the bot.

    Attributes:
        saved: The states it was given, oldest first.
        refusals: How many of the next saves it answers with False; a negative number of them raise.
    """

    def __init__(self, text: str = "") -> None:
        self.text = text
        self.saved: list[dict[str, Any]] = []
        self.refusals = 0

    async def save_state(self, state: dict) -> bool:
        self.saved.append(state)
        if self.refusals > 0:
            self.refusals -= 1
            return False
        if self.refusals < 0:
            self.refusals += 1
            raise ConnectionError("the shelf is away")
        self.text = json.dumps(state)
        return True

    async def load_state(self) -> dict:
        return json.loads(self.text) if self.text else {}


def answers(port: int) -> bool:
    """Whether a server listens on a port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def files() -> Iterator[Any]:
    yield lambda: FileStorageBackend("bot.json")


def databases() -> Iterator[Any]:
    yield lambda: SQLiteBackend("bot.db")


def shelves() -> Iterator[Any]:
    shelf = Shelf()
    yield lambda: shelf


def redis_keys() -> Iterator[Any]:
    if not answers(6379):
        pytest.skip("no Redis answers on 127.0.0.1:6379")
    import redis

    name = f"guide-{uuid.uuid4().hex}"
    yield lambda: RedisBackend(url=REDIS, key=name)
    with redis.Redis.from_url(REDIS) as client:
        for key in client.scan_iter(match=f"*{name}*"):
            client.delete(key)


def postgres_tables() -> Iterator[Any]:
    if not answers(5432):
        pytest.skip("no PostgreSQL answers on 127.0.0.1:5432")
    name = f"guide_{uuid.uuid4().hex[:12]}"
    yield lambda: PostgresBackend(POSTGRES, table=name)
    asyncio.run(drop_tables(name))


async def drop_tables(name: str) -> None:
    """Remove what a test has made: the tables whose names begin with `name`."""
    import asyncpg

    connection = await asyncpg.connect(POSTGRES)
    # A store that a failed test has left open holds its tables; better an error than a wait without end.
    await connection.execute("SET lock_timeout = '5s'")
    try:
        found = "SELECT schemaname, tablename FROM pg_tables WHERE starts_with(tablename, $1)"
        for schema, table in await connection.fetch(found, name):
            await connection.execute(f'DROP TABLE "{schema}"."{table}" CASCADE')
    finally:
        await connection.close()


STORAGES = [
    pytest.param(files, id="file"),
    pytest.param(databases, id="sqlite"),
    pytest.param(shelves, id="own"),
    pytest.param(redis_keys, id="redis", marks=pytest.mark.redis),
    pytest.param(postgres_tables, id="postgres", marks=pytest.mark.postgres),
]
