"""The state in an SQLite file: a row a leaf, a transaction a group of changes."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import aiosqlite

from kit.persistence.backends import StorageError
from kit.persistence.codec import CodecError
from kit.persistence.leaves import Write, assemble, below, flatten

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS kit_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS kit_leaves (path TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""

_CLEAR = "DELETE FROM kit_leaves WHERE path >= ? AND path < ?"
_UPSERT = """
INSERT INTO kit_leaves (path, value) VALUES (?, ?) ON CONFLICT (path) DO UPDATE SET value = excluded.value
"""


class SQLiteBackend:
    """Keeps the state in the SQLite file `path`, which is made if it isn't there.

    The file is in WAL mode with `synchronous=FULL`: what was acknowledged survives
    a power cut. A database that another process has locked is waited for.

    Args:
        path: The file. Its folder must exist.
        timeout: How long to wait for a lock, in seconds, before a write is tried anew.
    """

    def __init__(self, path: str | os.PathLike[str], *, timeout: float = 5.0) -> None:
        self.path = Path(path)
        self.timeout = timeout
        self._connection: aiosqlite.Connection | None = None
        self._opening = asyncio.Lock()

    def __repr__(self) -> str:
        return f"SQLiteBackend({str(self.path)!r})"

    async def load_state(self) -> dict[str, Any]:
        """The state in the file; empty for a new file.

        Raises:
            StorageError: If the file can't be opened, is no database, or has a row that can't be read.
        """
        connection = await self._open()
        try:
            async with connection.execute("SELECT path, value FROM kit_leaves") as cursor:
                rows = [(path, value) for path, value in await cursor.fetchall()]
            return assemble(rows)
        except (sqlite3.Error, CodecError) as error:
            raise self._unreadable(error) from error

    async def save_state(self, state: dict[str, Any]) -> bool:
        """Replace all that the file holds by `state`, in one transaction."""
        await self._transact([("DELETE FROM kit_leaves", [()]), _upserts(flatten(state))])
        return True

    async def write(self, rows: Sequence[Write]) -> None:
        """Make the writes (as `coalesce` orders them) in one transaction."""
        await self._transact(
            [
                (_CLEAR, [below(row.key) for row in rows if row.subtree]),
                ("DELETE FROM kit_leaves WHERE path = ?", [(row.key,) for row in rows if row.value is None]),
                _upserts(row for row in rows if row.value is not None),
            ]
        )

    async def close(self) -> None:
        """Close the file; it is opened again when it is next used."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _transact(self, statements: Sequence[tuple[str, Sequence[tuple[str, ...]]]]) -> None:
        connection = await self._open()
        try:
            await connection.execute("BEGIN IMMEDIATE")
            try:
                for sql, values in statements:
                    if values:
                        await connection.executemany(sql, values)
                await connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    await connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise StorageError(f"{self!r}: could not write: {error}") from error

    async def _open(self) -> aiosqlite.Connection:
        async with self._opening:
            if self._connection is None:
                self._connection = await self._connect()
            return self._connection

    async def _connect(self) -> aiosqlite.Connection:
        obstacle = _obstacle(self.path)
        if obstacle is not None:
            raise StorageError(f"can't open the database {str(self.path)!r}: {obstacle}")
        try:
            connection = await aiosqlite.connect(self.path, isolation_level=None, timeout=self.timeout)
        except sqlite3.Error as error:
            raise StorageError(f"can't open the database {str(self.path)!r}: {error}") from error
        try:
            version = await self._prepare(connection)
        except sqlite3.Error as error:
            await connection.close()
            raise self._unreadable(error) from error
        except BaseException:
            await connection.close()
            raise
        if version > SCHEMA_VERSION:
            await connection.close()
            raise StorageError(
                f"{str(self.path)!r} was written by a newer kit (schema {version}, this one reads "
                f"{SCHEMA_VERSION}): upgrade with `pip install -U viewkit`. The file was left as it is"
            )
        return connection

    async def _prepare(self, connection: aiosqlite.Connection) -> int:
        await connection.execute("PRAGMA journal_mode=WAL")
        await connection.execute("PRAGMA synchronous=FULL")
        await connection.executescript(_SCHEMA)
        await connection.execute(
            "INSERT OR IGNORE INTO kit_meta (name, value) VALUES ('schema', ?)", (str(SCHEMA_VERSION),)
        )
        async with connection.execute("SELECT value FROM kit_meta WHERE name = 'schema'") as cursor:
            row = await cursor.fetchone()
        assert row is not None
        return int(row[0])

    def _unreadable(self, error: Exception) -> StorageError:
        return StorageError(
            f"can't read the database {str(self.path)!r}: {error}. It was left as it is; repair it or "
            "restore a copy, or give another path to start anew"
        )


def _upserts(rows: Iterable[Write]) -> tuple[str, list[tuple[str, ...]]]:
    return (
        _UPSERT,
        [(row.key, row.value) for row in rows if row.value is not None],
    )


def _obstacle(path: Path) -> str | None:
    """What keeps a database from being opened at `path`, with the way out; None if nothing does."""
    folder = path.parent
    if not folder.exists():
        return f"the folder {str(folder)!r} does not exist: create it"
    if path.is_dir():
        return "it is a folder: give a file in it"
    if not os.access(folder, os.W_OK):
        return f"the folder {str(folder)!r} can't be written to: give another path, or change its permissions"
    if path.exists() and not os.access(path, os.W_OK):
        return "the file can't be written to: change its permissions"
    return None
