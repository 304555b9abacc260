"""What the SQL backends share: how far a process has read what others wrote.

The rows of the state lie in one table, with nothing but what they hold. A second
table, the log, has an entry for each row that a write changed: the revision of the
storage after it, the row's path, whether the rows below it went, and who wrote it.
Values are not in the log: whoever reads it wants what the row holds now.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kit.persistence.backends import FellBehindError, OvertakenError, StorageError
from kit.persistence.leaves import Write, below, coalesce, overlap


class Feed:
    """Where one process stands in the revisions of a storage that it shares with others.

    Each write makes a new revision. One that finds the storage further on than it
    knows reads the log first; what others wrote waits here until `take()`.

    Attributes:
        name: What the storage is called in errors.
        writer: Who this process is in the log.
        revision: Up to where it has seen the log; None if it has not looked yet.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.writer = uuid.uuid4().hex
        self.revision: int | None = None
        self._unread: list[Write] = []
        # SQLite is read in a thread of its own, and what waits is taken in the thread of the loop.
        self._turn = threading.Lock()

    def __len__(self) -> int:
        """How many rows of others wait to be taken."""
        return len(self._unread)

    def start(self, revision: int) -> None:
        """This process knows all that the storage held at `revision`."""
        with self._turn:
            self.revision, self._unread = revision, []

    def wrote(self, revision: int) -> None:
        """This process has made `revision` itself, and had seen the one before it."""
        self.revision = revision

    def must_read(self, revision: int, horizon: int) -> bool:
        """Whether the storage, now at `revision`, is further on than was seen.

        Raises:
            FellBehindError: If the log begins at `horizon`, and not all before it was seen.
            StorageError: If the storage was further on when it was last seen.
        """
        if self.revision is None:
            self.start(revision)
        seen = self.revision
        assert seen is not None
        if seen > revision:
            raise StorageError(
                f"{self.name} is at revision {revision}, but this process has seen {seen}: it was emptied, "
                "or replaced by an older copy. Nothing was written to it; put the newer storage back, or "
                "restart the bot to go on from what this one holds"
            )
        if seen < horizon:
            raise FellBehindError(
                f"{self.name} remembers changes since revision {horizon}, and this process has seen {seen} "
                "only: load the whole state with `load_state()`"
            )
        return seen < revision

    def see(self, revision: int, rows: Iterable[Write]) -> None:
        """Add what others wrote up to `revision`, as the rows are now."""
        with self._turn:
            self._unread = coalesce([*self._unread, *rows])
            self.revision = revision

    def check(self, rows: Sequence[Write]) -> None:
        """Refuse to write `rows` if they would undo what waits.

        Raises:
            OvertakenError: If they would.
        """
        if self._unread and overlap(rows, self._unread):
            raise OvertakenError(
                f"another process has changed the same rows of {self.name}: take its `changes()`, make yours "
                "on top of them, and write again"
            )

    def take(self) -> list[Write]:
        """What others wrote since the last time, parents first; it is read now."""
        with self._turn:
            unread, self._unread = self._unread, []
        return sorted(unread, key=lambda row: len(row.key))


class Group(NamedTuple):
    """The rows of one write, by what is done with them.

    Attributes:
        bounds: The ranges of keys to clear first.
        removed: The keys of the rows to remove.
        put: The keys and values of the rows to write.
        logged: The keys of all rows, and whether the rows below each were cleared.
    """

    bounds: list[tuple[str, str]]
    removed: list[str]
    put: list[tuple[str, str]]
    logged: list[tuple[str, bool]]


def group(rows: Sequence[Write]) -> Group:
    """Sort `rows` by what is done with them; the last of several with one key counts."""
    logged = {row.key: row.subtree for row in rows}
    if len(logged) < len(rows):
        return group(coalesce(rows))
    return Group(
        [below(row.key) for row in rows if row.subtree],
        [row.key for row in rows if row.value is None],
        [(row.key, row.value) for row in rows if row.value is not None],
        list(logged.items()),
    )
