"""What a storage backend is, and the errors of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from kit.persistence.leaves import Write
from kit.state import StateError


class StorageError(StateError):
    """Storage that can't be read or written. Nothing was overwritten; the message has the remedy."""


@runtime_checkable
class StorageBackend(Protocol):
    """Anything with these two methods is a backend; it is given the whole state at each save."""

    async def save_state(self, state: dict[str, Any]) -> bool:
        """Keep `state`; True when it is kept. A False or an exception is tried again."""

    async def load_state(self) -> dict[str, Any]:
        """The state that was kept last; empty if none was ever kept. Raise if it can't be read."""


@runtime_checkable
class IncrementalBackend(Protocol):
    """A backend that can write the rows of a change, in one transaction."""

    async def load_state(self) -> dict[str, Any]:
        """As `StorageBackend.load_state`."""

    async def save_state(self, state: dict[str, Any]) -> bool:
        """As `StorageBackend.save_state`."""

    async def write(self, rows: Sequence[Write]) -> None:
        """Make the writes durable, all or none, in order. Raise if they could not be made."""


class OvertakenError(StorageError):
    """Another process has changed the same rows since they were last read. Nothing was written."""


class FellBehindError(StorageError):
    """What other processes wrote is no longer kept change by change; load the whole state."""


@runtime_checkable
class SharedBackend(IncrementalBackend, Protocol):
    """An incremental backend that several processes write, and that tells each what the others wrote.

    It remembers how far this process has read: up to its `load_state()` or its last `changes()`.
    """

    async def write(self, rows: Sequence[Write]) -> None:
        """As `IncrementalBackend.write`, unless others have changed the same rows.

        Raises:
            OvertakenError: If another process has written rows since this one last read that
                overlap `rows` (see `leaves.overlap`). Nothing is written then.
        """

    async def changes(self) -> list[Write]:
        """What other processes have written since this one last read, and mark it as read.

        Raises:
            FellBehindError: If that is no longer known.
        """

    async def changed(self) -> None:
        """Return when there may be something new for `changes()`. Raise if that can't be learned."""


async def close_backend(backend: object) -> None:
    """Let a backend go, if it has a `close()`."""
    close = getattr(backend, "close", None)
    if close is not None:
        await close()


def check_state(backend: object, state: object) -> Mapping[str, Any]:
    """What a backend loaded, if it is a state.

    Raises:
        StorageError: If it is anything else; a backend returns `{}` for "nothing kept yet".
    """
    if not isinstance(state, Mapping):
        raise StorageError(
            f"{type(backend).__name__}.load_state() returned {state!r}; return a dict, and {{}} if nothing "
            "was kept yet"
        )
    return state
