"""Migration, inspection and backup where the state is on a server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from kit.persistence import FileStorageBackend, SQLiteBackend, StorageError
from kit.persistence.migration import migrate_storage
from kit.persistence.postgres import PostgresBackend
from kit.persistence.reading import read
from kit.persistence.redis import RedisBackend
from tests.persistence.test_cli import run, state_file
from tests.persistence.test_legacy import SAMPLE, check
from tests.persistence.test_migration import DATA, STATE, Exact, files

REDIS = "redis://127.0.0.1:6379"
POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"


async def tables(like: str) -> list[str]:
    """The tables of the test's own."""
    asyncpg = pytest.importorskip("asyncpg")
    connection = await asyncpg.connect(POSTGRES, timeout=2)
    try:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE tablename LIKE $1", f"{like}%")
        return sorted(row[0] for row in rows)
    finally:
        await connection.close()


async def drop(like: str) -> None:
    """Remove them."""
    asyncpg = pytest.importorskip("asyncpg")
    found = await tables(like)
    connection = await asyncpg.connect(POSTGRES, timeout=2)
    try:
        for table in found:
            await connection.execute(f'DROP TABLE "{table}"')
    finally:
        await connection.close()


@pytest.fixture
def table() -> Iterator[str]:
    """The name of a table of PostgreSQL that nobody else uses."""
    name = f"kit_test_{uuid.uuid4().hex}"
    try:
        assert asyncio.run(tables(name)) == []
    except OSError as error:
        pytest.skip(f"no PostgreSQL answers at {POSTGRES}: {error}")
    yield name
    asyncio.run(drop(name))


@contextlib.asynccontextmanager
async def redis_client() -> AsyncIterator[Any]:
    """The bare driver, to look behind the backend's back."""
    client = pytest.importorskip("redis.asyncio").Redis.from_url(REDIS, socket_connect_timeout=2)
    try:
        yield client
    finally:
        await client.aclose()


async def redis_keys(key: str) -> list[bytes]:
    """The keys whose names have `key` in them."""
    async with redis_client() as client:
        return sorted([name async for name in client.scan_iter(f"*{key}*")])


async def redis_delete(key: str) -> None:
    """Remove them."""
    found = await redis_keys(key)
    async with redis_client() as client:
        if found:
            await client.delete(*found)


@pytest.fixture
def key() -> Iterator[str]:
    """A part of the names of keys that nobody else uses."""
    name = f"kit-test-{uuid.uuid4().hex}"
    exceptions = pytest.importorskip("redis").exceptions
    try:
        assert asyncio.run(redis_keys(name)) == []
    except exceptions.ConnectionError as error:
        pytest.skip(f"no Redis answers at {REDIS}: {error}")
    yield name
    asyncio.run(redis_delete(name))


@pytest.mark.postgres
def test_to_postgresql_and_back(tmp_path, table):
    """A state with every type goes there and comes back as it was; a filled table is refused."""

    async def there_and_back() -> None:
        done = await migrate_storage(Exact(STATE), PostgresBackend(POSTGRES, table=table))
        assert (done.target.kind, done.target.is_empty) == ("PostgreSQL", True)
        with pytest.raises(StorageError, match=r"already holds .* leaves"):
            await migrate_storage(Exact({"application": {"n": 1}}), PostgresBackend(POSTGRES, table=table))
        with pytest.raises(StorageError, match="give another target"):
            await migrate_storage(
                PostgresBackend(POSTGRES, table=table), PostgresBackend(POSTGRES, table=table)
            )
        copy = SQLiteBackend(tmp_path / "state.db")
        await migrate_storage(PostgresBackend(POSTGRES, table=table), copy)
        assert await copy.load_state() == STATE
        await copy.close()

    asyncio.run(there_and_back())


@pytest.mark.postgres
def test_pycascadeuis_file_moves_to_postgresql(tmp_path, table):
    """The usual reason to migrate: a bot that outgrew its file."""
    (tmp_path / "old.json").write_text(SAMPLE, encoding="utf-8")

    async def move() -> None:
        target = PostgresBackend(POSTGRES, table=table)
        await migrate_storage(FileStorageBackend(tmp_path / "old.json"), target)
        check(await target.load_state())
        await target.close()

    asyncio.run(move())


@pytest.mark.postgres
def test_looking_at_postgresql_makes_no_table(tmp_path, table):
    """Inspecting a place where nothing is, and a dry run towards it, leave nothing there."""
    state_file(tmp_path)
    place = f"{POSTGRES}?table={table}"
    assert "nothing is stored" in run(tmp_path, "inspect", place).stdout
    assert "would be moved" in run(tmp_path, "migrate", "--dry-run", "state.json", place).stdout
    assert run(tmp_path, "backup", place, "copy.json").returncode == 1
    assert asyncio.run(tables(table)) == []
    assert list(files(tmp_path)) == ["state.json"]


@pytest.mark.postgres
def test_the_commands_reach_postgresql(tmp_path, table):
    """`migrate`, `inspect` and `backup`, with a password that appears nowhere."""
    state_file(tmp_path, counters={"a": 1})
    place = f"{POSTGRES.replace('postgres@', 'postgres:hunter2@')}?table={table}"
    said = []
    done = run(tmp_path, "migrate", "state.json", place)
    assert (done.returncode, done.stderr) == (0, "")
    said.append(done.stdout)
    found = run(tmp_path, "inspect", "--json", place)
    assert json.loads(found.stdout)["branches"]["application.counters"] == 1
    assert json.loads(found.stdout)["schema"] == 1
    assert json.loads(found.stdout)["size"] > 0
    said.append(found.stdout)
    done = run(tmp_path, "backup", place, "copy.json")
    assert (done.returncode, done.stdout) == (0, "7 leaves copied to copy.json\n")
    assert json.loads((tmp_path / "copy.json").read_text())["application"] == {"counters": {"a": 1}}
    refused = run(tmp_path, "migrate", "state.json", place)
    assert refused.returncode == 1
    assert "already holds" in refused.stderr
    said.append(refused.stderr)
    assert not any("hunter2" in text for text in said)


@pytest.mark.postgres
def test_a_newer_database_is_refused(table):
    """What a newer kit wrote is neither read half nor overwritten."""

    async def check_refusal() -> None:
        backend = PostgresBackend(POSTGRES, table=table)
        await backend.save_state({"application": {"n": 1}})
        await backend.close()
        asyncpg = pytest.importorskip("asyncpg")
        connection = await asyncpg.connect(POSTGRES)
        await connection.execute(f"UPDATE {table}_meta SET value = 99 WHERE name = 'schema'")
        await connection.close()
        with pytest.raises(StorageError, match=r"newer kit \(schema 99"):
            await read(backend)
        with pytest.raises(StorageError, match=r"newer kit \(schema 99"):
            await migrate_storage(Exact(STATE), backend, replace=True)

    asyncio.run(check_refusal())


def test_a_malformed_table_is_a_usage_error(tmp_path):
    """It is the command line that is wrong, not the storage."""
    done = run(tmp_path, "inspect", f"{POSTGRES}?table=drop;me")
    assert done.returncode == 2
    assert "ASCII letters" in done.stderr


@pytest.mark.redis
def test_to_redis_and_back(tmp_path, key):
    """A state with every type goes there and comes back as it was; filled keys are refused."""

    async def there_and_back() -> None:
        done = await migrate_storage(Exact(STATE), RedisBackend(REDIS, key=key))
        assert (done.target.kind, done.target.is_empty) == ("Redis", True)
        with pytest.raises(StorageError, match=r"already holds .* leaves"):
            await migrate_storage(Exact({"application": {"n": 1}}), RedisBackend(REDIS, key=key))
        with pytest.raises(StorageError, match="give another target"):
            await migrate_storage(RedisBackend(REDIS, key=key), RedisBackend(REDIS, key=key))
        copy = SQLiteBackend(tmp_path / "state.db")
        await migrate_storage(RedisBackend(REDIS, key=key), copy)
        assert await copy.load_state() == STATE
        await copy.close()

    asyncio.run(there_and_back())


@pytest.mark.redis
def test_pycascadeuis_key_moves_within_the_server(tmp_path, key):
    """Its one value is recognised under its name, moves to kit's keys, and stays as it was."""
    value = (DATA / "pycascadeui-2.1.0.redis").read_bytes()

    async def store() -> None:
        async with redis_client() as client:
            await client.set(f"{key}:state", value)

    async def look() -> dict:
        async with redis_client() as client:
            assert await client.get(f"{key}:state") == value
        return (await read(RedisBackend(REDIS, key=key))).state

    asyncio.run(store())
    source, target = f"{REDIS}?key={key}:state", f"{REDIS}?key={key}"
    inspected = json.loads(run(tmp_path, "inspect", "--json", source).stdout)
    assert (inspected["written_by"], inspected["size"]) == ("pycascadeui", len(value))
    assert run(tmp_path, "migrate", "--dry-run", source, target).returncode == 0
    assert asyncio.run(redis_keys(key)) == [f"{key}:state".encode()]
    done = run(tmp_path, "migrate", source, target)
    assert (done.returncode, done.stderr) == (0, "")
    assert "note: the undo history of 1 of 3 sessions left behind" in done.stdout
    check(asyncio.run(look()))


@pytest.mark.redis
def test_pycascadeuis_usual_key_is_found_without_naming_it(monkeypatch, key):
    """`RedisBackend(url)` as the guide writes it finds what the old `RedisBackend(url)` kept."""
    monkeypatch.setattr("kit.persistence.legacy.REDIS_KEY", f"{key}:usual")

    async def look() -> None:
        async with redis_client() as client:
            await client.set(f"{key}:usual", SAMPLE)
        found = await read(RedisBackend(REDIS, key=key))
        check(found.state)
        assert found.place.endswith(f"(key {key}:usual)")
        assert (await read(RedisBackend(REDIS, key=key), as_target=True)).is_empty
        await migrate_storage(Exact(STATE), RedisBackend(REDIS, key=key))
        assert (await read(RedisBackend(REDIS, key=key))).state == STATE

    asyncio.run(look())


@pytest.mark.redis
def test_a_key_of_somebody_else_is_no_old_state(key):
    """A list or a hash of that name is not pycascadeui's; a text that is no JSON is an error."""

    async def look() -> None:
        async with redis_client() as client:
            await client.rpush(key, "a", "b")
            assert (await read(RedisBackend(REDIS, key=key), as_target=True)).is_empty
            await client.delete(key)
            await client.set(key, "[1, 2]")
        with pytest.raises(StorageError, match="holds list, not a state of pycascadeui"):
            await migrate_storage(RedisBackend(REDIS, key=key), Exact())

    asyncio.run(look())


@pytest.mark.redis
def test_the_commands_reach_redis(tmp_path, key):
    """`migrate`, `inspect` and `backup`; looking changes no key, and a copy is a JSON file."""
    state_file(tmp_path, counters={"a": 1})
    place = f"{REDIS}/0?key={key}&socket_keepalive=true"
    assert "nothing is stored" in run(tmp_path, "inspect", place).stdout
    assert "would be moved" in run(tmp_path, "migrate", "--dry-run", "state.json", place).stdout
    assert asyncio.run(redis_keys(key)) == []
    assert run(tmp_path, "migrate", "state.json", place).returncode == 0
    assert (
        json.loads(run(tmp_path, "inspect", "--json", place).stdout)["branches"]["application.counters"] == 1
    )
    done = run(tmp_path, "backup", place, "copy.json")
    assert (done.returncode, done.stdout) == (0, "7 leaves copied to copy.json\n")
    assert json.loads((tmp_path / "copy.json").read_text())["application"] == {"counters": {"a": 1}}
    assert run(tmp_path, "backup", place, "copy.db").returncode == 1
