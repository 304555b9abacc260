"""The connections to a PostgreSQL server, and what their failures mean."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from kit.persistence.backends import StorageError
from kit.persistence.codec import CodecError

# A process that is frozen in the middle of a transaction must not lock the others out for ever.
# All statements but the loading of a whole state find a few rows by their keys, which the planner
# can't know before it has statistics of the tables.
_SESSION = """
SET default_transaction_isolation = 'read committed';
SET idle_in_transaction_session_timeout = '60s';
SET enable_seqscan = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET jit = off;
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
"""

_REMEDIES = {
    "InvalidAuthorizationSpecificationError": "Check the user and the password in the url",
    "InvalidCatalogNameError": "Create the database, or correct its name in the url",
    "InvalidSchemaNameError": "Create the schema, or give a `table` in another one",
    "InsufficientPrivilegeError": (
        "Let the user of the url make the tables (GRANT USAGE, CREATE ON SCHEMA public TO ...), or use those "
        "that exist (GRANT SELECT, INSERT, UPDATE, DELETE ON ... TO ...)"
    ),
    "ReadOnlySQLTransactionError": "That server is a standby: give the url of the primary",
    "DiskFullError": "Free some space on the server's disk; nothing is lost",
    "TooManyConnectionsError": "End some of its clients, or raise its max_connections; two are needed",
    "DuplicateTableError": "Those are no tables of kit: give another `table`",
    "SyntaxOrAccessError": "Its tables are not as kit made them: repair them, or give another `table`",
}
_AWAY = "Start the server, or check the url; nothing is lost"


class PostgresServer:
    """One connection to read and write, for one task at a time, and one that listens.

    A connection that is gone is opened anew at the next use.

    Args:
        url: Where the server is, and as whom to use it.
        name: What the storage is called in errors.
        timeout: How long to wait for the server, in seconds.
        prepare: Awaited with each new connection.

    Attributes:
        lost: The errors that end a connection, and leave it open what became of the last statement.
    """

    def __init__(
        self, url: str, name: str, timeout: float, prepare: Callable[[Any], Awaitable[None]]
    ) -> None:
        self._driver = driver = _driver()
        self.lost: tuple[type[BaseException], ...] = (
            OSError,
            driver.InterfaceError,
            driver.InternalClientError,
            driver.PostgresConnectionError,
            driver.OperatorInterventionError,
        )
        self._url = url
        self._name = name
        self._timeout = timeout
        self._prepare = prepare
        self._connection: Any = None
        self._turn = asyncio.Lock()
        self._ear: Ear | None = None

    @contextlib.asynccontextmanager
    async def connection(self, doing: str) -> AsyncIterator[Any]:
        """The connection, until the block ends; whatever fails there is a StorageError."""
        async with self._turn:
            with self._errors(doing):
                if self._connection is None or self._connection.is_closed():
                    self._connection = await self._connect()
                try:
                    yield self._connection
                except self.lost:
                    self._connection.terminate()
                    self._connection = None
                    raise

    async def hear(self, channel: str, me: str, heartbeat: float) -> None:
        """Return when another than `me` has said something on `channel`, or may have before we listened.

        Raises:
            StorageError: If the server is gone, or the connections were closed meanwhile.
        """
        with self._errors("listen to"):
            if self._ear is None:
                ear = Ear(await self._connect(), me, self._timeout)
                await ear.listen(channel)
                self._ear = ear
                return
            ear = self._ear
            try:
                await ear.hear(heartbeat)
            except self.lost:
                ear.drop()
                if self._ear is ear:
                    self._ear = None
                raise

    async def close(self) -> None:
        """Close both connections; they are opened again when they are next used."""
        ear, self._ear = self._ear, None
        if ear is not None:
            ear.drop()
        async with self._turn:
            connection, self._connection = self._connection, None
            if connection is not None:
                try:
                    await connection.close(timeout=self._timeout)
                except self.lost:
                    connection.terminate()

    @contextlib.contextmanager
    def _errors(self, doing: str) -> Iterator[None]:
        try:
            yield
        except CodecError as error:
            raise StorageError(
                f"can't {doing} {self._name}: {error}. It was left as it is; repair that row, or give "
                "another `table`"
            ) from error
        except (*self.lost, self._driver.PostgresError) as error:
            names = [cls.__name__ for cls in type(error).__mro__]
            unknown = _AWAY if isinstance(error, self.lost) else "Nothing was written"
            remedy = next((_REMEDIES[name] for name in names if name in _REMEDIES), unknown)
            raise StorageError(f"can't {doing} {self._name}: {str(error) or names[0]}. {remedy}") from error

    async def _connect(self) -> Any:
        try:
            connection = await self._driver.connect(
                self._url, timeout=self._timeout, command_timeout=self._timeout
            )
        except ValueError:
            # The driver's complaint may quote a piece of the password.
            raise StorageError(
                f"can't open {self._name}: the url can't be read. Write it as postgresql://user:password@host:"
                "port/database, with / ? # @ : % in the password as %2F %3F %23 %40 %3A %25"
            ) from None
        try:
            await connection.execute(_SESSION)
            await self._prepare(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection


class Ear:
    """A connection that hears of what other processes write.

    Args:
        connection: Used for nothing else.
        me: What this process says itself, and need not hear.
        timeout: How long to wait for the server, in seconds.
    """

    def __init__(self, connection: Any, me: str, timeout: float) -> None:
        self._connection = connection
        self._me = me
        self._timeout = timeout
        self._news = asyncio.Event()

    async def listen(self, channel: str) -> None:
        """Begin to listen."""
        try:
            self._connection.add_termination_listener(self._on_end)
            await self._connection.add_listener(channel, self._on_notification)
        except BaseException:
            self.drop()
            raise

    async def hear(self, heartbeat: float) -> None:
        """Return when there is something new; raise when the server is gone, silently or not."""
        while True:
            # `asyncio.wait_for` before Python 3.12 lets go of a cancellation that comes with the news.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(heartbeat):
                    await self._news.wait()
            if self._connection.is_closed():
                raise ConnectionError("the connection was closed")
            if self._news.is_set():
                self._news.clear()
                return
            await self._connection.execute("SELECT", timeout=self._timeout)

    def drop(self) -> None:
        """End the connection; whoever waits in `hear()` gets an error."""
        self._connection.terminate()

    def _on_notification(self, _connection: Any, _pid: int, _channel: str, payload: str) -> None:
        if payload != self._me:
            self._news.set()

    def _on_end(self, _connection: Any) -> None:
        self._news.set()


def without_password(url: str) -> str:
    """`url` as it may be shown, even if it is malformed.

    >>> without_password("postgresql://bot:s3/cr@t@db.example/bot?sslpassword=x&user=y")
    'postgresql://bot:***@db.example/bot?sslpassword=***&user=y'
    """
    shown = re.sub(r"(://[^:@/?#]*:).*@", r"\1***@", url, flags=re.DOTALL)
    return re.sub(r"(password=)[^&#]*", r"\1***", shown, flags=re.IGNORECASE)


def _driver() -> Any:
    try:
        return importlib.import_module("asyncpg")
    except ModuleNotFoundError as error:
        if error.name != "asyncpg":
            raise
        raise ModuleNotFoundError(
            "PostgresBackend needs asyncpg, which isn't installed: run `pip install viewkit[postgres]`",
            name="asyncpg",
        ) from error
