"""The writer: one task that makes changes durable, in order, a group at a time.

While one group is being written the next one gathers, so a slow disk makes larger
groups instead of a longer queue, and what waits is bounded by the number of rows
that differ, not by the number of clicks.

Where several processes share a storage, the same task brings in what the others have
written. When another was faster on the same row, the changes that are not durable yet
are taken back, and their actions run again on top of it: no update is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import time
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, NamedTuple

from kit.persistence.backends import (
    FellBehindError,
    IncrementalBackend,
    OvertakenError,
    SharedBackend,
    StorageBackend,
    StorageError,
    close_backend,
)
from kit.persistence.leaves import Write, adopt, coalesce, overlap, overlapping, writes
from kit.state import Change, StateStore

_log = logging.getLogger(__name__)

FIRST_RETRY = 0.05
LONGEST_RETRY = 5.0
CANCEL_AGAIN = 0.5
COALESCE_AT = 4096

# How many changes of a process whose storage is away can run again. Of older ones the rows are kept.
REPLAYED = 10_000


class _Group(NamedTuple):
    """What is written at once: the rows, the changes that made them, and up to which one."""

    rows: list[Write]
    changes: list[Change]
    upto: int


class Writer:
    """The journal of a store: takes its changes and writes them to a backend.

    Args:
        backend: Where to. One that has `write` is given the changed rows, others the whole state.
        store: Whose changes.
        patience: For how many seconds `flush()` waits for a backend that fails before it
            raises; the changes are kept and tried again all the same.

    Attributes:
        failures: How many attempts failed.
        groups: How many groups were written.
        conflicts: How often another process was faster.
    """

    def __init__(
        self, backend: StorageBackend | IncrementalBackend, store: StateStore, *, patience: float = 10.0
    ) -> None:
        self.backend = backend
        self._incremental = backend if isinstance(backend, IncrementalBackend) else None
        self._shared = backend if isinstance(backend, SharedBackend) else None
        self.patience = patience
        self.groups = 0
        self.failures = 0
        self.conflicts = 0
        self._rows_written = 0
        self._bytes_written = 0
        self._rows_adopted = 0
        self._store = store
        self._rows: list[Write] = []
        self._coalesce_at = COALESCE_AT
        self._unwritten: list[Change] = []
        self._group: _Group | None = None
        self._recorded = 0
        self._written = 0
        self._behind = False
        self._lost = False
        self._task: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None
        self._attempts = 0
        self._progress = asyncio.Event()
        self._hurry = asyncio.Event()
        self._failing_since: float | None = None
        self._last_error: BaseException | None = None

    def listen(self) -> None:
        """Bring in what other processes write from now on, if they can."""
        if self._shared is not None and self._listening is None:
            self._listening = self._start_task(self._listen(self._shared), "viewkit-listener")

    def record(self, state: Mapping[str, Any], change: Change) -> None:
        """Take note of a change. What can't be written down raises here, before the dispatch ends."""
        if self._incremental is not None:
            self._rows.extend(writes(state, change))
            if len(self._rows) >= self._coalesce_at:
                self._rows = coalesce(self._rows)
                self._coalesce_at = max(COALESCE_AT, 2 * len(self._rows))
        if self._shared is not None and self._can_replay:
            self._unwritten.append(change)
        self._recorded += 1
        self._start()

    def _start(self) -> None:
        if self._task is None or self._task.done():
            self._task = self._start_task(self._drain(), "viewkit-writer")

    @staticmethod
    def _start_task(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        # A context of its own: the writer outlives the task that happens to dispatch.
        return asyncio.get_running_loop().create_task(work, name=name, context=contextvars.Context())

    @property
    def is_idle(self) -> bool:
        """Whether all that was recorded is durable."""
        return self._written >= self._recorded

    async def flush(self) -> None:
        """Return when all that was recorded so far is durable.

        Raises:
            StorageError: If the backend has failed for longer than `patience`. Nothing is
                dropped: the changes stay in memory, and are tried again.
        """
        wanted, attempts = self._recorded, self._attempts
        self._hurry.set()
        while self._written < wanted:
            self._start()
            left = self.patience
            if self._failing_since is not None:
                left = self._failing_since + self.patience - time.monotonic()
                if left <= 0 and self._attempts > attempts:
                    raise StorageError(
                        f"{self.backend!r} has failed for {self.patience:g} s: {self._last_error}. "
                        "The changes are kept in memory and tried again; bring the storage back, then call "
                        "`await store.flush()`"
                    ) from self._last_error
            self._progress.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(left, LONGEST_RETRY)):
                    await self._progress.wait()

    async def rest(self) -> None:
        """Flush, stop listening, and close the backend; it is opened again for the next change."""
        await self.flush()
        await self._end(self._listening, self._task)
        self._listening = None
        await close_backend(self.backend)

    async def close(self) -> None:
        """Flush, then close the backend."""
        try:
            await self.flush()
        finally:
            await self.abandon()

    async def abandon(self) -> None:
        """Stop at once, as a killed process would: what is not written yet is lost."""
        await self._end(self._listening, self._task)
        self._listening = self._task = None
        await close_backend(self.backend)

    @staticmethod
    async def _end(*tasks: asyncio.Task[None] | None) -> None:
        running = {task for task in tasks if task is not None}
        while running:
            for task in running:
                task.cancel()
            # Drivers use `asyncio.wait_for`, which before Python 3.12 lets go of a cancellation now and then.
            ended, running = await asyncio.wait(running, timeout=CANCEL_AGAIN)
            for task in ended:
                if not task.cancelled() and task.exception() is not None:
                    _log.error("%s ended by an error", task.get_name(), exc_info=task.exception())

    def counters(self) -> dict[str, float]:
        """What was written, brought in and failed so far; `rows_waiting` is what is not durable yet."""
        return {
            "groups_written": self.groups,
            "rows_written": self._rows_written,
            "bytes_written": self._bytes_written,
            "rows_waiting": len(self._rows) + len(self._group.rows if self._group is not None else ()),
            "rows_adopted": self._rows_adopted,
            "storage_errors": self.failures,
            "conflicts": self.conflicts,
        }

    async def _listen(self, backend: SharedBackend) -> None:
        delay = FIRST_RETRY
        while True:
            try:
                await backend.changed()
                delay = FIRST_RETRY
            except Exception as error:  # noqa: BLE001  (a backend may be anybody's; it is asked again)
                self._note_failure(error, "learn what others write to", delay)
                await asyncio.sleep(delay)
                delay = min(delay * 2, LONGEST_RETRY)
            self._behind = True
            self._start()

    async def _drain(self) -> None:
        delay = FIRST_RETRY
        while self._behind or self._written < self._recorded:
            try:
                # A group whose write failed may have been written all the same: it comes first, and whole.
                if self._behind and self._group is None:
                    await self._catch_up()
                if self._written < self._recorded:
                    await self._write_group()
            except OvertakenError:
                self.conflicts += 1
                self._behind = True
            except Exception as error:  # noqa: BLE001  (a backend may be anybody's; every failure is tried again)
                self._note_failure(error, "write to", delay)
                self._progress.set()
                await self._pause(delay)
                delay = min(delay * 2, LONGEST_RETRY)
            else:
                self._failing_since = self._last_error = None
                delay = FIRST_RETRY
                self._progress.set()

    async def _pause(self, delay: float) -> None:
        """Wait before the next attempt, or until somebody flushes."""
        self._hurry.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._hurry.wait()

    async def _write_group(self) -> None:
        if self._group is None:
            self._group = _Group(coalesce(self._rows), self._unwritten, self._recorded)
            self._rows, self._unwritten = [], []
        group = self._group
        try:
            await self._write(group.rows)
        except OvertakenError:
            self._rows, self._unwritten = group.rows + self._rows, group.changes + self._unwritten
            self._group = None
            raise
        self._group = None
        self._written = group.upto
        self._coalesce_at = COALESCE_AT
        self.groups += 1
        self._rows_written += len(group.rows)
        self._bytes_written += sum(len(row.key) + len(row.value or "") for row in group.rows)
        self._store.hooks.announce("flush", len(group.rows))

    async def _write(self, rows: list[Write]) -> None:
        if self._incremental is not None:
            await self._incremental.write(rows)
        elif not await self.backend.save_state(await self._store.snapshot()):
            raise StorageError(f"{self.backend!r}.save_state() did not return True")

    async def _catch_up(self) -> None:
        """Bring in what other processes have written since the last time."""
        backend = self._shared
        assert backend is not None
        # Lowered first: what arrives from now on raises it again.
        self._behind = False
        try:
            rows = None if self._lost else await backend.changes()
        except FellBehindError:
            rows = None
        except BaseException:
            self._behind = True
            raise
        try:
            if rows is None:
                await self._start_over(backend)
            elif rows:
                await self._bring_in(rows)
        except BaseException:
            # The backend counts these as read: only the whole state has them now.
            self._behind = self._lost = True
            raise
        self._lost = False

    async def _bring_in(self, rows: Sequence[Write]) -> None:
        self._rows_adopted += len(rows)

        def pick(draft: Any) -> None:
            if self._can_replay:
                adopt(draft, rows)
                return
            _log.error(
                "%r was away for more than %d changes: where others wrote the same, this process's stand",
                self.backend,
                REPLAYED,
            )
            both = set(map(id, overlapping(self._rows, rows)))
            adopt(draft, [row for row in rows if id(row) not in both])

        def take_back() -> Sequence[Change]:
            return self._take_unwritten() if self._can_replay and overlap(self._rows, rows) else ()

        await self._store.merge(pick, take_back)

    async def _start_over(self, backend: SharedBackend) -> None:
        """Take over the whole state of a storage that has forgotten how it came about."""
        _log.warning("%r was not read for too long: the whole state is read again", backend)
        state = await backend.load_state()

        def replace(draft: Any) -> None:
            for branch in tuple(draft):
                draft[branch] = state.get(branch, {})
            adopt(draft, self._rows)

        await self._store.merge(replace, lambda: self._take_unwritten() if self._can_replay else ())

    @property
    def _can_replay(self) -> bool:
        return len(self._unwritten) <= REPLAYED

    def _take_unwritten(self) -> Sequence[Change]:
        changes, self._unwritten, self._rows = self._unwritten, [], []
        return changes

    def _note_failure(self, error: Exception, what: str, delay: float) -> None:
        self.failures += 1
        self._attempts += 1
        self._last_error = error
        if self._failing_since is None:
            self._failing_since = time.monotonic()
        lasting = time.monotonic() - self._failing_since
        level = logging.ERROR if lasting >= self.patience else logging.WARNING
        text = f"could not {what} {self.backend!r}, trying again in {delay:.2g} s: {error}"
        _log.log(level, text)
        self._store.hooks.announce("error", text, error)
