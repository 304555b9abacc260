"""The state in a Redis server: for bots that run as several processes or on several machines."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import itertools
import json
import re
import uuid
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from kit.persistence.backends import FellBehindError, OvertakenError, StorageError
from kit.persistence.codec import CodecError
from kit.persistence.leaves import Write, assemble, coalesce, flatten
from kit.persistence.legacy import from_redis
from kit.persistence.postgres_server import without_password
from kit.persistence.redis_scripts import BEGINNING, CHANGES, KEYS, LOAD, SAVE, SCHEMA_VERSION, WRITE

# What a server says, or the driver's name for it, and what to do about it; the first that fits counts.
_REMEDIES = {
    "Authentication|NOAUTH|WRONGPASS": "Give user and password in the url: redis://user:password@host:port",
    "NoPermission|NOPERM": "Let its user at the keys, as by ACL SETUSER name ~{{{key}}}:* +@all -@admin",
    "OutOfMemory|OOM": "Free some of the server's memory, or raise its maxmemory; nothing is lost",
    "ReadOnly|READONLY": "That server is a replica: give the url of the primary",
    "MISCONF": "The server can't save to its disk: look into its log, and free some space; nothing is lost",
    "NOREPLICAS": "Bring its replicas back, or lower min-replicas-to-write; nothing is lost",
    "MovedError|AskError|MOVED": "It is a node of a cluster: give the url of the node that the answer names",
    "unknown command": "It is too old, or no Redis at all: use Redis 5 or newer",
    "BusyLoading|LOADING|BUSY": "It has not come up yet, or is at work for somebody else; nothing is lost",
    "ConnectionError|TimeoutError|OSError": "Start the server, or check the url; nothing is lost",
    "": "Nothing was written",
}


class RedisBackend:
    """Keeps the state in four keys of a Redis server, version 5 or newer.

    What was acknowledged survives the end of the bot at any moment. What survives the
    end of the *server* is for its configuration to say: with `appendonly yes` and
    `appendfsync always`, all of it; with `appendfsync everysec`, all but the last second
    before a power cut; with snapshots only, what the last one has; when a replica takes
    over, what had reached it. A process whose storage went back in time like that loads what
    is there. Where nothing is left at all, its writes fail, and what it has in memory stays.

    Give the server `maxmemory-policy noeviction`: a state with holes in it is an error.

    Args:
        url: `redis://user:password@host:port/database`, `rediss://` with TLS, or
            `unix:///path/to/socket?db=0`. The driver's options go behind a `?`.
        key: What the names of the keys begin with, in braces: `{viewkit}:leaves` and so on. The
            braces keep them on one node of a cluster.
        timeout: How long to wait for an answer, in seconds, before a write is tried anew.
        changes_kept: For how many changed rows the server remembers what they held; a process
            that has not asked for longer loads the whole state.

    Raises:
        ModuleNotFoundError: If redis-py isn't installed.
        ValueError: If `url` or `key` is malformed.
    """

    def __init__(
        self,
        url: str = "redis://localhost",
        *,
        key: str = "viewkit",
        timeout: float = 10.0,
        changes_kept: int = 10_000,
    ) -> None:
        if not key or "{" in key or "}" in key:
            raise ValueError(f"key={key!r}: give a name of at least one character, without braces")
        if changes_kept < 1:
            raise ValueError(f"changes_kept={changes_kept}: give 1 or more")
        self.key = key
        self.timeout = timeout
        self.changes_kept = changes_kept
        self._url = url
        self._driver = _driver()
        self._client, self._ear = self._connect(), self._connect()
        self._scripts: dict[str, Callable[..., Any]] = {
            text: self._client.register_script(text) for text in (LOAD, CHANGES, WRITE, SAVE)
        }
        self._names = [f"{{{key}}}:{name}" for name in KEYS]
        self._writer = uuid.uuid4().hex
        self._numbers = itertools.count(1)
        self._in_doubt: tuple[str, int] | None = None
        self._cursor: str | None = None
        self._turn = asyncio.Lock()

    def __repr__(self) -> str:
        return f"RedisBackend({without_password(self._url)!r}, key={self.key!r})"

    async def load_state(self) -> dict[str, Any]:
        """The state on the server; empty if none was kept yet.

        If pycascadeui kept its state under the key that this backend was given, it is taken
        over: all of it is saved anew, and its key stays as it is.

        Raises:
            StorageError: If the server can't be reached, or the keys hold anything but a whole state.
        """
        state = await self.load_leaves()
        if not state:
            state = from_redis(await self.old_text(self.key), f"the key {self.key!r} of {self!r}")
            if state:
                await self.save_state(state)
        return state

    async def load_leaves(self) -> dict[str, Any]:
        """As `load_state`, without a look at what pycascadeui may have kept."""
        async with self._turn:
            _, cursor, text = await self._ask("read", LOAD, 1)
            with self._errors("read"):
                state = assemble(_pairs(text))
            self._cursor = cursor
            self._in_doubt = None
        return state

    async def old_text(self, key: str) -> str | None:
        """What pycascadeui keeps under `key`, if anything; it is the one that keeps a plain text.

        Raises:
            StorageError: If the server can't be reached.
        """
        with self._errors("read"):
            if await self._client.type(key) != "string":
                return None
            text: str | None = await self._client.get(key)
            return text

    async def save_state(self, state: dict[str, Any]) -> bool:
        """Replace all that the server holds under these keys by `state`, in one step.

        Other processes are told that they fell behind, and load it whole.

        Raises:
            StorageError: If the server can't be reached, or refuses.
        """
        text = _text(flatten(state))
        async with self._turn:
            answer = await self._ask(
                "write", SAVE, self._writer, next(self._numbers), self.changes_kept, text
            )
            self._cursor = answer[1]
            self._in_doubt = None
        return True

    async def write(self, rows: Sequence[Write]) -> None:
        """Make the writes in one step.

        A write whose answer was lost with the connection may have been made; it is not made
        twice, unless the server stayed away and then was given other rows.

        Raises:
            OvertakenError: If another process has changed the same rows since this one last read.
            StorageError: If the server can't be reached, or refuses.
        """
        if not rows:
            return
        text = _text(coalesce(rows))
        async with self._turn:
            cursor = await self._where()
            if self._in_doubt is None or self._in_doubt[0] != text:
                self._in_doubt = text, next(self._numbers)
            number = self._in_doubt[1]
            try:
                answer = await self._ask(
                    "write", WRITE, self._writer, cursor, number, self.changes_kept, text
                )
            except FellBehindError as error:
                raise OvertakenError(str(error)) from error
            self._cursor = answer[1]
            self._in_doubt = None

    async def changes(self) -> list[Write]:
        """What other processes have written since this one last read, parents first.

        Raises:
            FellBehindError: If more than `changes_kept` rows were written since, or a whole state
                saved, or the server has lost what this process had read.
            StorageError: If the server can't be reached.
        """
        async with self._turn:
            _, cursor, *texts = await self._ask("read", CHANGES, self._writer, await self._where())
            with self._errors("read"):
                rows = coalesce(Write(*row) for text in texts for row in _parse(text))
            self._cursor = cursor
        return sorted(rows, key=lambda row: len(row.key))

    async def changed(self) -> None:
        """Return when another process has written something that this one has not read.

        Raises:
            StorageError: If the server went away, or the backend was closed meanwhile.
        """
        heard = BEGINNING
        while True:
            async with self._turn:
                heard = max(heard, await self._where(), key=_order)
            with self._errors("listen to"):
                # Shorter than the wait for an answer: silence is no failure.
                pause = max(1, int(min(1.0, self.timeout * 0.4) * 1000))
                reply = await _keep_cancelled(
                    self._ear.xread({self._names[-1]: heard}, count=100, block=pause)
                )
            for entry_id, fields in reply[0][1] if reply else ():
                if fields.get("writer") != self._writer:
                    return
                heard = entry_id

    async def close(self) -> None:
        """Close the connections; they are opened again when they are next used."""
        await self._ear.connection_pool.disconnect()
        async with self._turn:
            await self._client.connection_pool.disconnect()

    async def _where(self) -> str:
        """Up to where this process has read; whoever has not read at all begins with what is new."""
        if self._cursor is None:
            _, self._cursor, _ = await self._ask("read", LOAD, 0)
        return self._cursor

    async def _ask(self, doing: str, script: str, *arguments: str | int) -> list[str]:
        """The answer of a script that found everything as it should be."""
        with self._errors(doing):
            arguments = (SCHEMA_VERSION, *arguments)
            run = self._scripts[script]
            try:
                answer = await _keep_cancelled(run(self._names, arguments))
            except self._driver.exceptions.ConnectionError:
                # The connection may have broken alone. Every script may be asked twice.
                answer = await _keep_cancelled(run(self._names, arguments))
        if answer[0] != "at":
            raise self._refusal(*answer)
        found: list[str] = answer
        return found

    def _refusal(self, verdict: str, *about: str) -> StorageError:
        prefix = f"{{{self.key}}}"
        if verdict == "overtaken":
            return OvertakenError(
                f"another process has changed the same rows of {self!r}, {about[0]} among them: take its "
                "`changes()`, make yours on top of them, and write again"
            )
        if verdict == "behind":
            return FellBehindError(
                f"{self!r} no longer remembers all changes since this process last read: load the whole "
                "state with `load_state()`"
            )
        if verdict == "gone":
            return StorageError(
                f"the state in {self!r} is gone: was the server emptied, or started without its data? "
                "Nothing was written to it. Bring its data back, or restart the bot to start from nothing, "
                "or keep what this process remembers: `await backend.save_state(await store.snapshot())`"
            )
        if verdict == "newer":
            return StorageError(
                f"{self!r} was written by a newer kit (schema {about[0]}, this one reads {SCHEMA_VERSION}): "
                "upgrade with `pip install -U viewkit`. It was left as it is"
            )
        if verdict == "foreign":
            return StorageError(
                f"{self!r}: the key {about[0]} is a {about[1]}, and kit's is a {about[2]}: somebody else "
                "uses it. Give another `key`. It was left as it is"
            )
        return StorageError(
            f"{self!r} holds no whole state: {about[0]} rows, {about[1]} keys of rows, and its newest entry "
            f"counts {about[2]}. Some were evicted (set the server's maxmemory-policy to noeviction), "
            "removed, or are not kit's. They were left as they are; restore the server's data, or remove the "
            f"keys {prefix}:* to start anew, or give another `key`"
        )

    @contextlib.contextmanager
    def _errors(self, doing: str) -> Iterator[None]:
        try:
            yield
        except CodecError as error:
            raise StorageError(
                f"can't {doing} {self!r}: {error}. It was left as it is; repair that row, or give "
                "another `key`"
            ) from error
        except (OSError, self._driver.exceptions.RedisError) as error:
            kinds = " ".join(cls.__name__ for cls in type(error).__mro__)
            said = f"{kinds} {error}"
            remedy = next(text for pattern, text in _REMEDIES.items() if re.search(pattern, said))
            raise StorageError(
                f"can't {doing} {self!r}: {error or type(error).__name__}. {remedy.format(key=self.key)}"
            ) from error

    def _connect(self) -> Any:
        """A client of its own connections; they are opened when they are used."""
        driver = self._driver
        malformed = ValueError(
            f"can't read the url of {self!r}: write it as redis://user:password@host:port/database, with "
            "/ ? # @ : % in the password as %2F %3F %23 %40 %3A %25"
        )
        if "@" in urlsplit(self._url).path and not self._url.startswith("unix:"):
            raise malformed
        try:
            options = driver.asyncio.connection.parse_url(self._url)
            pool = driver.asyncio.ConnectionPool(
                **options
                | {
                    "protocol": 2,
                    "encoding": "utf-8",
                    "encoding_errors": "replace",
                    "decode_responses": True,
                    "socket_timeout": self.timeout,
                    "socket_connect_timeout": self.timeout,
                    "retry": driver.asyncio.retry.Retry(driver.backoff.NoBackoff(), 0),
                }
            )
            # An option that the driver doesn't know would be found at the first use only.
            pool.connection_class(**pool.connection_kwargs)
        except (ValueError, TypeError, driver.exceptions.RedisError):
            # The driver's complaint may quote a piece of the password.
            raise malformed from None
        return driver.asyncio.Redis(connection_pool=pool)


async def _keep_cancelled(work: Awaitable[Any]) -> Any:
    """What `work` returns, unless this task was cancelled meanwhile.

    The driver uses `asyncio.wait_for`, which lets go of a cancellation now and then before Python 3.12.
    """
    task = asyncio.current_task()
    assert task is not None
    before = task.cancelling()
    found = await work
    if task.cancelling() > before:
        raise asyncio.CancelledError
    return found


def _text(rows: Iterable[Write]) -> str:
    return json.dumps(list(rows), separators=(",", ":"))


def _parse(text: str) -> list[Any]:
    try:
        # An empty table of Lua is written as an empty object.
        return json.loads(text) or []
    except ValueError as error:
        raise CodecError(f"not what kit wrote: {text[:100]!r}") from error


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """The fields of a hash and what they hold, from a list in which they alternate."""
    found = iter(_parse(text))
    for key, value in zip(found, found, strict=True):
        if not (key.isascii() and value.isascii()):
            raise CodecError(f"the row {key!a} was not written by kit, which writes ASCII only")
        yield key, value


def _order(entry_id: str) -> tuple[int, ...]:
    """The place of a stream's entry among the others."""
    return tuple(map(int, entry_id.split("-")))


def _driver() -> Any:
    try:
        driver = importlib.import_module("redis")
    except ModuleNotFoundError as error:
        if error.name != "redis":
            raise
        raise ModuleNotFoundError(
            "RedisBackend needs redis-py, which isn't installed: run `pip install viewkit[redis]`",
            name="redis",
        ) from error
    importlib.import_module("redis.asyncio")
    return driver
