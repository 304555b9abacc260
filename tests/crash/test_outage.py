"""Storage that goes away while bots are at work, and comes back: nothing is lost, and all hold the same again."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

import kit
from kit.persistence import SQLiteBackend
from kit.persistence.places import open_place
from tests.persistence.counting_peer import counted
from tests.persistence.redis_server import RedisServer, redis_program
from tests.persistence.servers import PostgresCluster, postgres_programs
from tests.persistence.shared_storage import result_of, start_peer, stored

COUNTS = 300

pytestmark = pytest.mark.soak

LOCKING = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
connection.close()
"""


async def count_through(
    store: Any, place: str, backend: Any, outage: Callable[[], contextlib.AbstractAsyncContextManager[None]]
) -> None:
    """Count here and in another process while the storage is away; each must hear of what the other did, too."""
    kit.reducer("COUNTED")(counted)
    await kit.setup_persistence(backend=backend)
    peer = await start_peer(place, "peer", COUNTS, 2 * COUNTS + 1)

    async def count() -> None:
        for _ in range(COUNTS):
            await store.dispatch("COUNTED", {"name": "here"})
            await asyncio.sleep(0.001)

    counting = asyncio.create_task(count())
    await asyncio.sleep(0.05)
    async with outage():
        peer.stdin.write(b"go\n")
        await counting
        assert store.state["application"]["counters"]["here"] == COUNTS, "a bot goes on without its storage"
        await asyncio.sleep(0.3)
        assert store.counters()["rows_waiting"] > 0
    await store.flush()
    async with asyncio.timeout(15):
        while store.state["application"]["counters"].get("peer") != COUNTS:
            await asyncio.sleep(0.01)
    # The peer ends when it has heard of this one, which was made after all that.
    await store.dispatch("COUNTED", {"name": "here"})
    said = await result_of(peer)
    expected = {"all": 2 * COUNTS + 1, "here": COUNTS + 1, "peer": COUNTS}
    assert said["memory"] == expected
    assert store.counters()["storage_errors"] > 0, "it has not noticed"
    await store.close()
    assert (await stored(place))["application"]["counters"] == expected
    assert store.state["application"]["counters"] == expected


@pytest.mark.asyncio
async def test_a_database_that_is_locked_for_longer_than_anybody_waits(store, tmp_path, monkeypatch):
    """Somebody opens the file in another program and leaves a transaction open."""
    path = tmp_path / "state.db"

    @contextlib.asynccontextmanager
    async def locked() -> AsyncIterator[None]:
        other = await asyncio.create_subprocess_exec(
            sys.executable, "-c", LOCKING, str(path), stdin=PIPE, stdout=PIPE
        )
        assert await other.stdout.readline() == b"locked\n"
        yield
        await asyncio.sleep(1)
        await other.communicate(b"end\n")

    await count_through(store, str(path), SQLiteBackend(path, timeout=0.1), locked)


@pytest.mark.redis
@pytest.mark.parametrize("how", ["stopped", "killed"])
@pytest.mark.asyncio
async def test_a_redis_server_that_is_gone_for_a_while(store, how):
    """It is stopped as for an upgrade, or it is killed."""
    program = redis_program()
    if program is None:
        pytest.skip("redis-server is not installed here")
    server = RedisServer(program)
    server.start()

    @contextlib.asynccontextmanager
    async def away() -> AsyncIterator[None]:
        if how == "stopped":
            server.process.terminate()
            await asyncio.to_thread(server.process.wait)
        server.kill()
        yield
        await asyncio.to_thread(server.start)

    try:
        await count_through(store, server.url, open_place(server.url), away)
    finally:
        server.remove()


@pytest.fixture(scope="module")
def cluster():
    """A PostgreSQL server of our own."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL's initdb and pg_ctl are not installed here")
    server = PostgresCluster(programs)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.mark.postgres
@pytest.mark.parametrize("how", ["fast", "immediate"])
@pytest.mark.asyncio
async def test_a_postgresql_server_that_is_gone_for_a_while(store, cluster, how):
    """It is stopped as for an upgrade, or it crashes."""

    @contextlib.asynccontextmanager
    async def away() -> AsyncIterator[None]:
        await asyncio.to_thread(cluster.stop, how)
        yield
        await asyncio.to_thread(cluster.start)

    place = f"{cluster.url}?table=kit_{how}"
    await count_through(store, place, open_place(place), away)
