"""What a storage holds, read without changing anything in it: no table made, no file set aside.

Migration, inspection and backup look at storage this way; a running bot is not disturbed,
and its backend's mark of what it has read stays where it is.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kit.persistence import legacy, postgres, redis_scripts, sqlite
from kit.persistence.backends import StorageBackend, StorageError, check_state
from kit.persistence.codec import CodecError, untag
from kit.persistence.file import FileStorageBackend
from kit.persistence.leaves import assemble
from kit.persistence.postgres import PostgresBackend
from kit.persistence.postgres_server import PostgresServer, without_password
from kit.persistence.redis import RedisBackend
from kit.persistence.snapshot import Snapshot
from kit.persistence.sqlite import SQLiteBackend

Progress = Callable[[str, int, int], None]

ROWS_AT_ONCE = 5_000


def is_built_in(backend: object) -> bool:
    """Whether `backend` is one of kit's own, which can be closed and is opened again when needed."""
    return type(backend).__module__.startswith("kit.persistence.")


async def read(
    backend: StorageBackend, progress: Progress | None = None, *, as_target: bool = False
) -> Snapshot:
    """What `backend` holds. Only a backend that is not kit's own is asked itself.

    Args:
        backend: The storage.
        progress: Called as `progress("reading", done, total)`, in rows.
        as_target: Whether only what a write would take the place of counts: not the key of
            pycascadeui, where kit's has another name.

    Raises:
        StorageError: If it can't be read.
    """
    if type(backend) is FileStorageBackend:
        return await asyncio.to_thread(_read_file, backend)
    if type(backend) is SQLiteBackend:
        return await _read_sqlite(backend, progress)
    if type(backend) is PostgresBackend:
        return await _read_postgres(backend, progress)
    if type(backend) is RedisBackend:
        return await _read_redis(backend, (backend.key,) if as_target else (backend.key, legacy.REDIS_KEY))
    return _adopt(
        f"{type(backend).__qualname__}", repr(backend), check_state(backend, await backend.load_state())
    )


def _adopt(kind: str, place: str, stored: Mapping[str, Any], **more: Any) -> Snapshot:
    """A snapshot of a whole state, whoever wrote it."""
    plain = dict(stored)
    notes = more.pop("notes", [])
    if not plain:
        return Snapshot(kind, place, notes=notes, **more)
    if legacy.is_legacy(plain):
        state, left = legacy.normalise(plain)
        return Snapshot(kind, place, state, plain, "pycascadeui", notes=[*notes, *left], **more)
    return Snapshot(kind, place, plain, plain, "kit", notes=notes, **more)


def _read_file(backend: FileStorageBackend) -> Snapshot:
    problems: list[str] = []
    for file in (backend.path, backend.backup):
        if not file.exists():
            continue
        try:
            stored = _parse(file.read_bytes())
        except (OSError, ValueError) as error:
            problems.append(f"{str(file)!r} can't be read: {error}")
            continue
        notes = [f"{problem}. Its backup {str(file)!r} was read instead" for problem in problems]
        if not problems and file == backend.backup:
            notes = [f"{str(backend.path)!r} is gone. Its backup {str(file)!r} was read instead"]
        return _adopt("JSON file", str(file), stored, size=file.stat().st_size, notes=notes)
    if problems:
        raise StorageError(f"{'; '.join(problems)}. Nothing was changed; repair the file or restore a copy")
    return Snapshot("JSON file", str(backend.path))


def _parse(text: bytes) -> dict[str, Any]:
    """The state in a JSON file. What pycascadeui wrote has no tags, though a key may start with `$`."""
    raw = json.loads(text)
    if not isinstance(raw, dict):
        raise CodecError(f"it holds {type(raw).__name__}, not a state")
    if legacy.is_legacy(raw):
        return raw
    try:
        state = untag(raw)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CodecError(f"not a value that kit wrote: {error}") from error
    if not isinstance(state, dict):
        raise CodecError(f"it holds {type(state).__name__}, not a state")
    return state


async def _read_sqlite(backend: SQLiteBackend, progress: Progress | None) -> Snapshot:
    loop = asyncio.get_running_loop()

    def report(phase: str, done: int, total: int) -> None:
        if progress is not None:
            loop.call_soon_threadsafe(progress, phase, done, total)

    return await asyncio.to_thread(_read_database, backend, report)


def _read_database(backend: SQLiteBackend, report: Progress) -> Snapshot:
    path = backend.path
    if not path.exists():
        return Snapshot("SQLite file", str(path))
    size = sum(part.stat().st_size for part in (path, Path(f"{path}-wal")) if part.exists())
    try:
        with reading_sqlite(path, backend.timeout) as connection:
            return _read_tables(connection, path, size, report)
    except (sqlite3.Error, CodecError) as error:
        raise StorageError(
            f"can't read the database {str(path)!r}: {error}. It was left as it is; repair it, or "
            "restore a copy"
        ) from error


@contextmanager
def reading_sqlite(path: Path, patience: float) -> Iterator[sqlite3.Connection]:
    """A connection that reads one state of the file, and can't change it."""
    # Where a bot has the file open, or was killed, read-only keeps its log as it is. Elsewhere
    # a read-only connection would leave a log of its own behind.
    logged = Path(f"{path}-wal").exists() or not os.access(path, os.W_OK)
    uri = f"file:{quote(str(path))}?mode={'ro' if logged else 'rw'}"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=patience)) as connection:
        connection.execute("PRAGMA query_only=ON")
        connection.execute("BEGIN")
        yield connection


def _read_tables(connection: sqlite3.Connection, path: Path, size: int, report: Progress) -> Snapshot:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    schema = None
    if "kit_meta" in tables:
        row = connection.execute("SELECT value FROM kit_meta WHERE name = 'schema'").fetchone()
        schema = None if row is None else int(row[0])
    check_schema(schema, sqlite.SCHEMA_VERSION, str(path))
    leaves = _leaves(connection, report) if "kit_leaves" in tables else []
    if leaves or legacy.SQLITE_TABLE not in tables:
        state = assemble(leaves)
        return Snapshot("SQLite file", str(path), state, state, "kit" if state else "", schema, size)
    rows = connection.execute(legacy.SQLITE_QUERY).fetchall()
    if not rows:
        return Snapshot("SQLite file", str(path), size=size)
    stored = legacy.parse(rows[0][0], f"the table {legacy.SQLITE_TABLE} of {str(path)!r}")
    state, notes = legacy.normalise(stored)
    return Snapshot("SQLite file", str(path), state, stored, "pycascadeui", size=size, notes=notes)


def _leaves(connection: sqlite3.Connection, report: Progress) -> list[tuple[str, str]]:
    [total] = connection.execute("SELECT count(*) FROM kit_leaves").fetchone()
    rows: list[tuple[str, str]] = []
    cursor = connection.execute("SELECT path, value FROM kit_leaves")
    while group := cursor.fetchmany(ROWS_AT_ONCE):
        rows.extend(group)
        report("reading", len(rows), total)
    return rows


async def _read_postgres(backend: PostgresBackend, progress: Progress | None) -> Snapshot:
    url = backend._url  # noqa: SLF001  (another connection to the same database)
    place = f"{without_password(url)} (table {backend.table})"
    leaves, meta = (quoted(f"{backend.table}{suffix}") for suffix in ("", "_meta"))
    server = PostgresServer(url, repr(backend), backend.timeout, _make_nothing)
    rows: list[tuple[str, str]] = []
    try:
        async with (
            server.connection("read") as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            if not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", meta):
                return Snapshot("PostgreSQL", place)
            schema = await connection.fetchval(f"SELECT value FROM {meta} WHERE name = 'schema'")  # noqa: S608
            check_schema(schema, postgres.SCHEMA_VERSION, place)
            size = await connection.fetchval("SELECT pg_total_relation_size($1::text::regclass)", leaves)
            total = await connection.fetchval(f"SELECT count(*) FROM {leaves}")  # noqa: S608
            async for row in connection.cursor(f"SELECT path, value FROM {leaves}", prefetch=ROWS_AT_ONCE):  # noqa: S608
                rows.append((row[0], row[1]))
                if progress is not None and (len(rows) % ROWS_AT_ONCE == 0 or len(rows) == total):
                    progress("reading", len(rows), total)
            state = assemble(rows)
    finally:
        await server.close()
    return Snapshot("PostgreSQL", place, state, state, "kit" if state else "", schema, size)


async def _read_redis(backend: RedisBackend, old_keys: Iterable[str]) -> Snapshot:
    # Another object, since each remembers up to where its bot has read.
    fresh = RedisBackend(backend._url, key=backend.key, timeout=backend.timeout)  # noqa: SLF001
    server = without_password(backend._url)  # noqa: SLF001
    try:
        state = await fresh.load_leaves()
        if state:
            place = f"{server} (key {backend.key})"
            return Snapshot("Redis", place, state, state, "kit", redis_scripts.SCHEMA_VERSION)
        for key in old_keys:
            text = await fresh.old_text(key)
            if text is not None:
                place = f"{server} (key {key})"
                stored = legacy.parse(text, place)
                state, notes = legacy.normalise(stored)
                return Snapshot("Redis", place, state, stored, "pycascadeui", size=len(text), notes=notes)
    finally:
        await fresh.close()
    return Snapshot("Redis", f"{server} (key {backend.key})")


async def _make_nothing(_connection: object) -> None:
    """A reader prepares no tables."""


def check_schema(found: int | None, known: int, place: str) -> None:
    """Refuse what a newer kit wrote, by a StorageError."""
    if found is not None and found > known:
        raise StorageError(
            f"{place} was written by a newer kit (schema {found}, this one reads {known}): upgrade with "
            "`pip install -U viewkit`. It was left as it is"
        )


def quoted(table: str) -> str:
    """The name of a PostgreSQL table, with or without its schema, as a statement writes it.

    >>> quoted("bot.kit_leaves")
    '"bot"."kit_leaves"'
    """
    return ".".join(f'"{part}"' for part in table.split("."))
