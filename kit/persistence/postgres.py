"""The state in a PostgreSQL database: for bots that run as several processes or on several machines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from kit.persistence.backends import FellBehindError, OvertakenError, StorageError
from kit.persistence.leaves import Write, assemble, flatten
from kit.persistence.postgres_server import PostgresServer, without_password
from kit.persistence.sql import Feed, Group, group

SCHEMA_VERSION = 1

# A whole state may be large; a server that is gone is noticed by the system before.
_WHOLE = 600.0
_SECONDS_PER_ROW = 0.001

# Keys are compared byte by byte, as `below` counts on, whatever the language of the database.
_CREATE = """
CREATE TABLE {meta} (name TEXT PRIMARY KEY, value BIGINT NOT NULL);
CREATE TABLE {leaves} (path TEXT COLLATE "C" PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE {changes} (
    revision BIGINT NOT NULL, path TEXT COLLATE "C" NOT NULL, subtree BOOLEAN NOT NULL, writer TEXT NOT NULL,
    PRIMARY KEY (revision, path)
);
INSERT INTO {meta} (name, value) VALUES ('schema', {version}), ('revision', 0), ('horizon', 0);
"""
_TAKE_TURN = "SELECT pg_advisory_lock(hashtext('viewkit'), hashtext($1))"
_END_TURN = "SELECT pg_advisory_unlock(hashtext('viewkit'), hashtext($1))"
_EXISTS = "SELECT to_regclass($1) IS NOT NULL"

_NUMBERS = "SELECT name, value FROM {meta}"
_LOCK = "SELECT FROM {meta} WHERE name = 'revision' FOR UPDATE"
_SCAN = "SET LOCAL enable_seqscan = on"
_LOAD = "SELECT path, value FROM {leaves}"
_EMPTY = "DELETE FROM {leaves}; DELETE FROM {changes}"
_START = "UPDATE {meta} SET value = $1 WHERE name IN ('revision', 'horizon')"
_NOTIFY = "SELECT pg_notify($1, $2)"

# One statement is one round trip and one transaction; it does nothing if the revision is not $1.
_WRITE = """
WITH head AS (
    UPDATE {meta} SET value = value + 1 WHERE name = 'revision' AND value = $1 RETURNING value
), removed AS (
    DELETE FROM {leaves} USING head WHERE path = ANY ($4::text[])
), put AS (
    INSERT INTO {leaves} (path, value)
    SELECT r.path, r.value FROM head, unnest($5::text[], $6::text[]) AS r (path, value)
    ON CONFLICT (path) DO UPDATE SET value = excluded.value
), logged AS (
    INSERT INTO {changes} (revision, path, subtree, writer)
    SELECT head.value, r.path, r.subtree, $2
    FROM head, unnest($7::text[], $8::boolean[]) AS r (path, subtree)
)
SELECT value, pg_notify($3, $2) FROM head
"""
# The rows that are put are spared: a statement can touch a row once.
_CLEARED = """removed AS (
    DELETE FROM {leaves} AS l USING head, unnest($9::text[], $10::text[]) AS b (low, high)
    WHERE l.path >= b.low AND l.path < b.high
    AND NOT EXISTS (SELECT FROM unnest($5::text[]) AS p (path) WHERE p.path = l.path)
), leaf AS ("""
_CLEAR_AND_WRITE = _WRITE.replace("removed AS (", _CLEARED, 1)

_READ_LOG = """
SELECT c.path, l.value, c.subtree
FROM (
    SELECT path, bool_or(subtree) AS subtree FROM {changes} WHERE revision > $1 AND writer <> $2 GROUP BY path
) AS c LEFT JOIN {leaves} AS l ON l.path = c.path
ORDER BY length(c.path)
"""
_WAS_MADE = "SELECT EXISTS (SELECT FROM {changes} WHERE revision > $1 AND writer = $2)"
# Whoever reads the log of a locked revision can count on what is in it.
_PRUNE = """
WITH head AS (
    SELECT value FROM {meta} WHERE name = 'revision' FOR UPDATE
), moved AS (
    UPDATE {meta} AS m SET value = $1 FROM head WHERE m.name = 'horizon' AND m.value < $1 RETURNING m.value
)
DELETE FROM {changes} USING moved WHERE revision <= moved.value
"""


class PostgresBackend:
    """Keeps the state in three tables of a PostgreSQL database, which are made if they aren't there.

    The server is PostgreSQL 12 or newer. What was acknowledged is on its disk, unless
    it runs without `fsync`. A connection that is gone is opened anew at the next use.
    Behind a connection pooler the backend needs whole sessions: PgBouncer's
    `pool_mode = session`, or the server itself.

    Args:
        url: `postgresql://user:password@host:port/database`; what is left out is taken from
            the environment (`PGHOST`, `PGPASSWORD`, ...), as by every client of PostgreSQL.
        table: The table of the state, with or without its schema. The two others have its
            name followed by `_changes` and `_meta`.
        timeout: How long to wait for the server, in seconds, before a write is tried anew.
        heartbeat: How often `changed()` makes sure that the server is still there, in seconds.
        changes_kept: For how many writes the database remembers what they changed; a process that
            has not asked for longer loads the whole state.

    Raises:
        ModuleNotFoundError: If asyncpg isn't installed.
        ValueError: If `url` or `table` is malformed.
    """

    def __init__(
        self,
        url: str = "postgresql://localhost",
        *,
        table: str = "kit_leaves",
        timeout: float = 10.0,
        heartbeat: float = 15.0,
        changes_kept: int = 10_000,
    ) -> None:
        if re.match(r"postgres(ql)?://", url) is None:
            raise ValueError("the url of a PostgresBackend is postgresql://user:password@host:port/database")
        if re.fullmatch(r"([A-Za-z_]\w*\.)?[A-Za-z_]\w*", table, re.ASCII) is None or len(table) > 50:
            raise ValueError(
                f"table={table!r}: give name or schema.name, in ASCII letters, digits and _, up to 50"
            )
        self.table = table
        self.timeout = timeout
        self.heartbeat = heartbeat
        self.changes_kept = changes_kept
        self._url = url
        self._feed = Feed(repr(self))
        self._server = PostgresServer(url, repr(self), timeout, self._prepare)
        self._in_doubt: tuple[int, list[Write]] | None = None
        self._pruned = 0

    def __repr__(self) -> str:
        return f"PostgresBackend({without_password(self._url)!r}, table={self.table!r})"

    async def load_state(self) -> dict[str, Any]:
        """The state in the database; empty if none was kept yet.

        Raises:
            StorageError: If the server can't be reached, or has a row that can't be read.
        """
        async with self._server.connection("read") as connection:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                revision, _ = await self._numbers(connection)
                await connection.execute(_SCAN)
                rows = await connection.fetch(self._sql(_LOAD), timeout=_WHOLE)
            state = assemble(rows)
            self._feed.start(revision)
            self._in_doubt = None
        return state

    async def save_state(self, state: dict[str, Any]) -> bool:
        """Replace all that the database holds by `state`, in one transaction.

        Other processes are told that they fell behind, and load it whole.
        """
        rows = [(row.key, row.value) for row in flatten(state)]
        schema, _, name = self.table.rpartition(".")
        async with self._server.connection("write") as connection:
            async with connection.transaction():
                revision = await self._lock(connection) + 1
                await connection.execute(self._sql(_EMPTY), timeout=_WHOLE)
                await connection.copy_records_to_table(
                    name, schema_name=schema or None, columns=["path", "value"], records=rows, timeout=_WHOLE
                )
                await connection.execute(self._sql(_START), revision)
                await connection.execute(_NOTIFY, self.table, self._feed.writer)
            self._feed.start(revision)
            self._in_doubt = None
        return True

    async def write(self, rows: Sequence[Write]) -> None:
        """Make the writes (as `coalesce` orders them) in one transaction.

        A write whose answer was lost with the connection may have been made; it is not made
        twice, unless the server stayed away and then was given other rows.

        Raises:
            OvertakenError: If another process has changed the same rows since this one last read.
            StorageError: If the server can't be reached, or refuses.
        """
        rows, before = list(rows), self._in_doubt
        try:
            await self._attempt(rows)
        except StorageError:
            if self._in_doubt is None or self._in_doubt is before:
                raise
            # The connection broke under the write. A new one tells whether it was made.
            await self._attempt(rows)

    async def changes(self) -> list[Write]:
        """What other processes have written since this one last read, parents first.

        Each row is as it is now; `subtree` says that the rows below it went before the
        ones that follow were written.

        Raises:
            FellBehindError: If more than `changes_kept` writes were made since, or a whole state saved.
            StorageError: If the server can't be reached.
        """
        async with (
            self._server.connection("read") as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await self._read_log(connection)
        return self._feed.take()

    async def changed(self) -> None:
        """Return when another process may have written, and after each time that the server was away.

        Raises:
            StorageError: If the server went away, or the backend was closed meanwhile.
        """
        await self._server.hear(self.table, self._feed.writer, self.heartbeat)

    async def close(self) -> None:
        """Close the connections; they are opened again when they are next used."""
        await self._server.close()

    async def _attempt(self, rows: list[Write]) -> None:
        async with self._server.connection("write") as connection:
            if self._in_doubt is not None and await self._was_made(connection, *self._in_doubt, rows):
                return
            self._feed.check(rows)
            try:
                await self._write(connection, rows)
            except self._server.lost:
                self._in_doubt = self._feed.revision or 0, rows
                raise

    async def _write(self, connection: Any, rows: list[Write]) -> None:
        changed = group(rows)
        await self._prune(connection)
        revision = await self._put(connection, changed, self._feed.revision)
        if revision is None:
            async with connection.transaction():
                locked = await self._lock(connection)
                try:
                    await self._read_log(connection)
                except FellBehindError as error:
                    raise OvertakenError(str(error)) from error
                self._feed.check(rows)
                revision = await self._put(connection, changed, locked)
            assert revision is not None
        self._feed.wrote(revision)

    async def _put(self, connection: Any, changed: Group, known: int | None) -> int | None:
        """Write to revision `known`, which becomes the one returned; None if it is another by now."""
        arguments = [
            *(known, self._feed.writer, self.table, changed.removed),
            *([key for key, _ in changed.put], [value for _, value in changed.put]),
            *([key for key, _ in changed.logged], [subtree for _, subtree in changed.logged]),
        ]
        if changed.bounds:
            arguments += [[low for low, _ in changed.bounds], [high for _, high in changed.bounds]]
        revision: int | None = await connection.fetchval(
            self._sql(_CLEAR_AND_WRITE if changed.bounds else _WRITE),
            *arguments,
            timeout=self.timeout + len(changed.logged) * _SECONDS_PER_ROW,
        )
        return revision

    async def _was_made(
        self, connection: Any, revision: int, doubtful: list[Write], rows: list[Write]
    ) -> bool:
        """Whether `rows` are the `doubtful` ones, and were written after `revision` all the same."""
        made: bool = await connection.fetchval(self._sql(_WAS_MADE), revision, self._feed.writer)
        self._in_doubt = None
        return made and doubtful == rows

    async def _prune(self, connection: Any) -> None:
        seen = self._feed.revision or 0
        if seen - self._pruned >= max(1, self.changes_kept // 10):
            await connection.execute(self._sql(_PRUNE), seen - self.changes_kept)
            self._pruned = seen

    async def _read_log(self, connection: Any) -> None:
        """Let the feed see what others wrote, in a transaction in which nothing changes."""
        revision, horizon = await self._numbers(connection)
        if self._feed.must_read(revision, horizon):
            found = await connection.fetch(
                self._sql(_READ_LOG), self._feed.revision, self._feed.writer, timeout=_WHOLE
            )
            self._feed.see(revision, [Write(*row) for row in found])

    async def _lock(self, connection: Any) -> int:
        """The revision of the storage, which nobody else changes until the transaction ends."""
        await connection.execute(self._sql(_LOCK))
        revision, _ = await self._numbers(connection)
        return revision

    async def _numbers(self, connection: Any) -> tuple[int, int]:
        """The revision of the storage, and the one at which its log begins."""
        numbers = dict(await connection.fetch(self._sql(_NUMBERS)))
        if not numbers.keys() >= {"revision", "horizon"}:
            raise StorageError(f"{self!r}: the table {self.table}_meta holds {numbers}: give another `table`")
        return numbers["revision"], numbers["horizon"]

    async def _prepare(self, connection: Any) -> None:
        if not await connection.fetchval(_EXISTS, self._sql("{meta}")):
            await self._create(connection)
        version = await connection.fetchval(self._sql("SELECT value FROM {meta} WHERE name = 'schema'"))
        if version is None or version > SCHEMA_VERSION:
            raise StorageError(
                f"the tables of {self!r} were made by a newer kit (schema {version}, this one reads "
                f"{SCHEMA_VERSION}): upgrade with `pip install -U viewkit`. They were left as they are"
            )

    async def _create(self, connection: Any) -> None:
        # Outside of a transaction: within one, a table that another process has just made may not be seen.
        await connection.execute(_TAKE_TURN, self.table)
        try:
            if not await connection.fetchval(_EXISTS, self._sql("{meta}")):
                await connection.execute(self._sql(_CREATE))
        finally:
            await connection.execute(_END_TURN, self.table)

    def _sql(self, text: str) -> str:
        """`text` with the names of the tables in it."""
        schema, _, name = self.table.rpartition(".")
        prefix = f'"{schema}".' if schema else ""
        return text.format(
            leaves=f'{prefix}"{name}"',
            changes=f'{prefix}"{name}_changes"',
            meta=f'{prefix}"{name}_meta"',
            version=SCHEMA_VERSION,
        )
