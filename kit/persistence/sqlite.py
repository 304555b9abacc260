"""The state in an SQLite file: a row a leaf, a transaction a group of changes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from kit.persistence.backends import FellBehindError, OvertakenError, StorageError
from kit.persistence.codec import CodecError
from kit.persistence.leaves import Write, assemble, flatten
from kit.persistence.legacy import SQLITE_QUERY, SQLITE_TABLE, from_sqlite_rows
from kit.persistence.sql import Feed, group

SCHEMA_VERSION = 2

_LEAVES = "CREATE TABLE IF NOT EXISTS kit_leaves (path TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"
_META = "CREATE TABLE IF NOT EXISTS kit_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"
_CHANGES = """
CREATE TABLE kit_changes (
    revision INTEGER NOT NULL, path TEXT NOT NULL, subtree INTEGER NOT NULL, writer TEXT NOT NULL,
    PRIMARY KEY (revision, path)
) WITHOUT ROWID
"""

_CLEAR = "DELETE FROM kit_leaves WHERE path >= ? AND path < ?"
_REMOVE = "DELETE FROM kit_leaves WHERE path = ?"
_PUT = """
INSERT INTO kit_leaves (path, value) VALUES (?, ?) ON CONFLICT (path) DO UPDATE SET value = excluded.value
"""
_LOG = "INSERT INTO kit_changes (revision, path, subtree, writer) VALUES (?, ?, ?, ?)"
_PRUNE = "DELETE FROM kit_changes WHERE revision <= ?"
_HAS_TABLE = "SELECT 1 FROM sqlite_master WHERE name = ?"
_NUMBERS = "SELECT name, value FROM kit_meta WHERE name IN ('revision', 'horizon')"
_NUMBER = "INSERT OR REPLACE INTO kit_meta (name, value) VALUES (?, ?)"
_READ_LOG = """
SELECT c.path, l.value, max(c.subtree) FROM kit_changes AS c LEFT JOIN kit_leaves AS l ON l.path = c.path
WHERE c.revision > ? AND c.writer <> ? GROUP BY c.path ORDER BY length(c.path)
"""

_REMEDIES = {
    sqlite3.SQLITE_BUSY: "Another process has locked it: end that process, or let it finish; nothing is lost",
    sqlite3.SQLITE_FULL: "Free some space on the disk; nothing is lost",
    sqlite3.SQLITE_READONLY: "Give this process the right to write the file and its folder",
    sqlite3.SQLITE_CORRUPT: (
        "It was left as it is; repair it or restore a copy, or give another path to start anew"
    ),
}

_T = TypeVar("_T")


class SQLiteBackend:
    """Keeps the state in the SQLite file `path`, which is made if it isn't there.

    The file is in WAL mode with `synchronous=FULL`: what was acknowledged survives
    a power cut. A database that another process has locked is waited for. Several
    processes of one machine may share the file.

    Args:
        path: The file. Its folder must exist.
        timeout: How long to wait for a lock, in seconds, before a write is tried anew.
        poll: How often `changed()` looks whether another process has written, in seconds.
        changes_kept: For how many writes the file remembers what they changed; a process that
            has not asked for longer loads the whole state.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        timeout: float = 5.0,
        poll: float = 0.1,
        changes_kept: int = 10_000,
    ) -> None:
        self.path = Path(path)
        self.timeout = timeout
        self.poll = poll
        self.changes_kept = changes_kept
        self._feed = Feed(f"the database {str(self.path)!r}")
        self._connection: aiosqlite.Connection | None = None
        self._database: _Database | None = None
        self._opening = asyncio.Lock()

    def __repr__(self) -> str:
        return f"SQLiteBackend({str(self.path)!r})"

    async def load_state(self) -> dict[str, Any]:
        """The state in the file; empty for a new file.

        Raises:
            StorageError: If the file can't be opened, is no database, or has a row that can't be read.
        """
        return await self._run(lambda database: database.load(self._feed))

    async def save_state(self, state: dict[str, Any]) -> bool:
        """Replace all that the file holds by `state`, in one transaction.

        Other processes are told that they fell behind, and load it whole.
        """
        await self._run(lambda database: database.save(state, self._feed))
        return True

    async def write(self, rows: Sequence[Write]) -> None:
        """Make the writes (as `coalesce` orders them) in one transaction.

        Raises:
            OvertakenError: If another process has changed the same rows since this one last read.
            StorageError: If the file can't be written. Nothing was.
        """
        await self._run(lambda database: database.write(rows, self._feed))

    async def changes(self) -> list[Write]:
        """What other processes have written since this one last read, parents first.

        Each row is as it is now; `subtree` says that the rows below it went before the
        ones that follow were written.

        Raises:
            FellBehindError: If more than `changes_kept` writes were made since, or a whole state saved.
            StorageError: If the file can't be read.
        """
        await self._run(lambda database: database.catch_up(self._feed))
        # Taken here, not in the thread: a caller that was cancelled meanwhile finds them the next time.
        return self._feed.take()

    async def changed(self) -> None:
        """Return when another process has written something that `changes()` has not told yet.

        Raises:
            StorageError: If the file can't be read, or was closed meanwhile.
        """
        while not await self._run(lambda database: database.has_news(self._feed)):
            connection = self._connection
            await asyncio.sleep(self.poll)
            if self._connection is not connection:
                raise StorageError(f"{self!r} was closed while it was watched for changes")

    async def close(self) -> None:
        """Close the file; it is opened again when it is next used."""
        connection, self._connection, self._database = self._connection, None, None
        if connection is not None:
            await connection.close()

    async def _run(self, job: Callable[[_Database], _T]) -> _T:
        async with self._opening:
            if self._connection is None:
                await self._open()
            connection, database = self._connection, self._database
        assert connection is not None
        # aiosqlite's own methods are a hop to its thread each. A whole transaction in one hop runs to
        # its end even if its caller is cancelled: none is left half made.
        return await connection._execute(job, database)  # type: ignore[no-any-return,no-untyped-call]  # noqa: SLF001

    async def _open(self) -> None:
        obstacle = _obstacle(self.path)
        if obstacle is not None:
            raise StorageError(f"can't open the database {str(self.path)!r}: {obstacle}")
        opening = aiosqlite.connect(self.path, timeout=self.timeout, isolation_level=None)
        # A program that never closes its bot ends all the same. What was acknowledged is on the disk.
        thread: Any = getattr(opening, "_thread", opening)
        thread.daemon = True
        with _errors(self.path, "open"):
            connection = await opening
        try:
            database = _Database(connection._conn, self.path, self.changes_kept)  # noqa: SLF001
            await connection._execute(database.prepare)  # type: ignore[no-untyped-call]  # noqa: SLF001
        except BaseException:
            await connection.close()
            raise
        self._connection, self._database = connection, database


@contextlib.contextmanager
def _errors(path: Path, doing: str) -> Iterator[None]:
    """Turn what SQLite raises into a StorageError with the remedy."""
    try:
        yield
    except (sqlite3.Error, CodecError) as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
        remedy = _REMEDIES.get(code & 0xFF, _REMEDIES[sqlite3.SQLITE_CORRUPT])
        raise StorageError(f"can't {doing} the database {str(path)!r}: {error}. {remedy}") from error


class _Database:
    """An open file: what a backend does, in aiosqlite's thread.

    Raises:
        StorageError: From every method, if the file can't be read or written.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, changes_kept: int) -> None:
        self.path = path
        self.changes_kept = changes_kept
        self._prune_every = max(1, changes_kept // 10)
        self._connection = connection

    def load(self, feed: Feed) -> dict[str, Any]:
        with _errors(self.path, "read"), self._transaction("BEGIN"):
            revision, _ = self._numbers()
            rows = self._connection.execute("SELECT path, value FROM kit_leaves").fetchall()
            state = assemble(rows)
        feed.start(revision)
        if revision == 0 and not rows:
            state = self._take_over(feed)
        return state

    def _take_over(self, feed: Feed) -> dict[str, Any]:
        """What pycascadeui left in the same file: all of it is saved anew, and its table stays as it is."""
        with _errors(self.path, "read"):
            if not self._connection.execute(_HAS_TABLE, (SQLITE_TABLE,)).fetchone():
                return {}
            rows = self._connection.execute(SQLITE_QUERY).fetchall()
        state = from_sqlite_rows(rows, f"the database {str(self.path)!r}")
        if state:
            self.save(state, feed)
        return state

    def save(self, state: dict[str, Any], feed: Feed) -> None:
        with _errors(self.path, "write"), self._transaction("BEGIN IMMEDIATE"):
            revision = self._numbers()[0] + 1
            self._connection.execute("DELETE FROM kit_leaves")
            self._connection.execute("DELETE FROM kit_changes")
            self._connection.executemany(_PUT, ((row.key, row.value) for row in flatten(state)))
            self._connection.executemany(_NUMBER, [("revision", revision), ("horizon", revision)])
        feed.start(revision)

    def write(self, rows: Sequence[Write], feed: Feed) -> None:
        changed = group(rows)
        with _errors(self.path, "write"), self._transaction("BEGIN IMMEDIATE"):
            try:
                revision = self._read_log(feed) + 1
            except FellBehindError as error:
                raise OvertakenError(str(error)) from error
            feed.check(rows)
            self._each(_CLEAR, changed.bounds)
            self._each(_REMOVE, [(key,) for key in changed.removed])
            self._each(_PUT, changed.put)
            self._each(_LOG, [(revision, key, subtree, feed.writer) for key, subtree in changed.logged])
            self._connection.execute(_NUMBER, ("revision", revision))
            if revision % self._prune_every == 0:
                self._prune(revision - self.changes_kept)
        feed.wrote(revision)

    def catch_up(self, feed: Feed) -> None:
        with _errors(self.path, "read"), self._transaction("BEGIN"):
            self._read_log(feed)

    def has_news(self, feed: Feed) -> bool:
        with _errors(self.path, "read"):
            revision, _ = self._numbers()
        if feed.revision is None:
            feed.start(revision)
        return len(feed) > 0 or revision != feed.revision

    def _read_log(self, feed: Feed) -> int:
        """Let `feed` see what others wrote; the revision it has seen then."""
        revision, horizon = self._numbers()
        if feed.must_read(revision, horizon):
            found = self._connection.execute(_READ_LOG, (feed.revision, feed.writer))
            feed.see(revision, [Write(path, value, bool(subtree)) for path, value, subtree in found])
        return revision

    def _numbers(self) -> tuple[int, int]:
        """The revision of the file, and the one at which its log begins."""
        numbers = dict(self._connection.execute(_NUMBERS))
        try:
            return int(numbers["revision"]), int(numbers["horizon"])
        except (KeyError, ValueError) as error:
            raise sqlite3.DatabaseError(f"kit_meta holds {numbers}, not its revision and horizon") from error

    def _prune(self, horizon: int) -> None:
        if horizon > self._numbers()[1]:
            self._connection.execute(_PRUNE, (horizon,))
            self._connection.execute(_NUMBER, ("horizon", horizon))

    def _each(self, sql: str, values: Sequence[tuple[Any, ...]]) -> None:
        if values:
            self._connection.executemany(sql, values)

    @contextlib.contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        self._connection.execute(begin)
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            # SQLite itself has rolled back after some errors, a full disk among them.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def prepare(self) -> None:
        with _errors(self.path, "read"):
            # Looked at before anything is written: a file of a newer kit is left as it is.
            self._schema()
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            if self._schema() != SCHEMA_VERSION:
                self._upgrade()

    def _upgrade(self) -> None:
        with self._transaction("BEGIN IMMEDIATE"):
            # Another process may have done it while this one waited for its turn.
            if self._schema() == SCHEMA_VERSION:
                return
            for table in (_META, _LEAVES, _CHANGES):
                self._connection.execute(table)
            self._connection.executemany(
                _NUMBER, [("schema", SCHEMA_VERSION), ("revision", 0), ("horizon", 0)]
            )

    def _schema(self) -> int:
        """The schema of the file; 0 if it has none of our tables yet, 1 if it has no log."""
        if not self._connection.execute(_HAS_TABLE, ("kit_meta",)).fetchone():
            return 0
        row = self._connection.execute("SELECT value FROM kit_meta WHERE name = 'schema'").fetchone()
        version = 0 if row is None else int(row[0])
        if version > SCHEMA_VERSION:
            raise StorageError(
                f"{str(self.path)!r} was written by a newer kit (schema {version}, this one reads "
                f"{SCHEMA_VERSION}): upgrade with `pip install -U viewkit`. The file was left as it is"
            )
        return version


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
