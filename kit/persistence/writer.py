"""The writer: one task that makes changes durable, in order, a group at a time.

While one group is being written the next one gathers, so a slow disk makes larger
groups instead of a longer queue, and what waits is bounded by the number of rows
that differ, not by the number of clicks.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from kit.persistence.backends import IncrementalBackend, StorageBackend, StorageError, close_backend
from kit.persistence.leaves import Write, coalesce, writes
from kit.state import Change

_log = logging.getLogger(__name__)

FIRST_RETRY = 0.05
LONGEST_RETRY = 5.0
COALESCE_AT = 4096


class Writer:
    """The journal of a store: takes its changes and writes them to a backend.

    Args:
        backend: Where to. One that has `write` is given the changed rows, others the whole state.
        snapshot: Returns a copy of the whole state between two dispatches, for backends that
            are given it whole.
        patience: For how many seconds `flush()` waits for a backend that fails before it
            raises; the changes are kept and tried again all the same.

    Attributes:
        groups: How many groups were written.
        failures: How many attempts failed.
    """

    def __init__(
        self,
        backend: StorageBackend | IncrementalBackend,
        snapshot: Callable[[], Awaitable[dict[str, Any]]],
        *,
        patience: float = 10.0,
    ) -> None:
        self.backend = backend
        self.patience = patience
        self.groups = 0
        self.failures = 0
        self._snapshot = snapshot
        self._rows: list[Write] = []
        self._recorded = 0
        self._written = 0
        self._task: asyncio.Task[None] | None = None
        self._attempts = 0
        self._progress = asyncio.Event()
        self._hurry = asyncio.Event()
        self._failing_since: float | None = None
        self._last_error: BaseException | None = None

    def record(self, state: Mapping[str, Any], change: Change) -> None:
        """Take note of a change. What can't be written down raises here, before the dispatch ends."""
        if isinstance(self.backend, IncrementalBackend):
            self._rows.extend(writes(state, change))
            if len(self._rows) >= COALESCE_AT:
                self._rows = coalesce(self._rows)
        self._recorded += 1
        self._start()

    def _start(self) -> None:
        if self._task is None or self._task.done():
            # A context of its own: the writer outlives the task that happens to dispatch.
            self._task = asyncio.get_running_loop().create_task(
                self._drain(), name="viewkit-writer", context=contextvars.Context()
            )

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
            try:
                await asyncio.wait_for(self._progress.wait(), max(left, LONGEST_RETRY))
            except TimeoutError:
                continue

    async def close(self) -> None:
        """Flush, then close the backend."""
        try:
            await self.flush()
        finally:
            await self.abandon()

    async def abandon(self) -> None:
        """Stop at once, as a killed process would: what is not written yet is lost."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await close_backend(self.backend)

    async def _drain(self) -> None:
        delay = FIRST_RETRY
        while self._written < self._recorded:
            rows, self._rows = self._rows, []
            upto = self._recorded
            try:
                await self._write(rows)
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001  (a backend may be anybody's; every failure is tried again)
                self._rows = rows + self._rows
                self._note_failure(error, delay)
                self._progress.set()
                await self._pause(delay)
                delay = min(delay * 2, LONGEST_RETRY)
            else:
                self._written = upto
                self.groups += 1
                self._failing_since = self._last_error = None
                delay = FIRST_RETRY
                self._progress.set()

    async def _pause(self, delay: float) -> None:
        """Wait before the next attempt, or until somebody flushes."""
        self._hurry.clear()
        try:
            await asyncio.wait_for(self._hurry.wait(), delay)
        except TimeoutError:
            return

    async def _write(self, rows: list[Write]) -> None:
        if isinstance(self.backend, IncrementalBackend):
            await self.backend.write(coalesce(rows))
        elif not await self.backend.save_state(await self._snapshot()):
            raise StorageError(f"{self.backend!r}.save_state() did not return True")

    def _note_failure(self, error: Exception, delay: float) -> None:
        self.failures += 1
        self._attempts += 1
        self._last_error = error
        if self._failing_since is None:
            self._failing_since = time.monotonic()
        lasting = time.monotonic() - self._failing_since
        level = logging.ERROR if lasting >= self.patience else logging.WARNING
        _log.log(level, "could not write to %r, trying again in %.2g s: %s", self.backend, delay, error)
