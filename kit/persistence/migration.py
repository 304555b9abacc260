"""`migrate_storage`: the whole state from one storage to another.

The state is written by one `save_state()`, which the built-in backends make in one
transaction, and then read back and compared. A state that a bot can hold in memory is
one that can be written at once: 100,000 entries take seconds. Writing it a group at a
time would leave half a state behind wherever it stopped.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kit.persistence.backends import StorageBackend, StorageError, check_state, close_backend
from kit.persistence.codec import CodecError
from kit.persistence.leaves import flatten
from kit.persistence.reading import ROWS_AT_ONCE, Progress, is_built_in, read
from kit.persistence.snapshot import Snapshot
from kit.state import freeze, thaw

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Migration:
    """What was moved, or would be.

    Attributes:
        source: What the source held.
        target: What the target held before.
        leaves: How many rows the state has in a storage that keeps rows.
        panels: How many stored panels it has.
        notes: What did not come over, one sentence each.
    """

    source: Snapshot
    target: Snapshot
    leaves: int
    panels: int
    notes: list[str] = field(default_factory=list)


async def migrate_storage(
    source: StorageBackend,
    target: StorageBackend,
    *,
    replace: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Migration:
    """Copy the whole state of `source` to `target`, read it back and compare.

    Stop the bots that use either. The source is not changed, whatever happens. A file,
    database or key that pycascadeui 2.1.0 wrote can be the source; the result says what was
    left behind. Both backends may be of your own making; kit's own are closed at the end and
    open themselves again when they are used.

    Args:
        source: Where the state is.
        target: Where it goes. It must hold nothing, unless `replace` is given.
        replace: Whether what the target holds may be overwritten.
        dry_run: Whether to stop before anything is written.
        progress: Called as `progress(phase, done, total)`, in rows; the phases are "reading",
            "writing" and "comparing".

    Raises:
        StorageError: If the source holds nothing or can't be read, the target holds something
            or can't be read, both are the same, or what was written does not come back. A target
            that writes in transactions, as kit's do, then holds what it held before; another is
            given back what it held.
        UnstorableError: If the source holds a value that the state can't. Nothing was written.
    """
    try:
        if source is target or _identity(source) == _identity(target):
            raise StorageError(f"the source and the target are both {target!r}; give another target")
        found = await read(source, progress)
        if found.is_empty:
            raise StorageError(
                f"nothing is stored in {found.place}, so there is nothing to migrate: check where it is"
            )
        # A copy that nobody else holds, of values that the state can keep.
        state = thaw(freeze(found.state))
        before = await read(target, as_target=True)
        _check_folder(target)
        if not before.is_empty and not replace:
            raise StorageError(
                f"{before.place} already holds {before.leaves} leaves, which would be lost: give an empty "
                "target, or replace=True (on the command line --replace) to overwrite it"
            )
        rows = dict(_rows(state))
        panels = len(state.get("persistent_views", ()))
        if not dry_run:
            await _save(target, state, before.stored, rows, progress)
            _log.info("%d leaves were migrated from %s to %s", found.leaves, found.place, before.place)
        for note in found.notes:
            _log.warning("%s: %s", found.place, note)
        return Migration(found, before, found.leaves, panels, found.notes)
    finally:
        for backend in (source, target):
            if is_built_in(backend):
                await close_backend(backend)


def _check_folder(target: StorageBackend) -> None:
    path = getattr(target, "path", None)
    if is_built_in(target) and isinstance(path, Path) and not path.absolute().parent.is_dir():
        raise StorageError(f"the folder of {str(path)!r} does not exist: create it, or give another target")


async def _save(
    target: StorageBackend,
    state: dict[str, Any],
    before: dict[str, Any],
    rows: Mapping[str, str],
    progress: Progress | None,
) -> None:
    try:
        _report(progress, "writing", 0, len(rows))
        if await target.save_state(state) is not True:
            raise StorageError(f"{target!r}.save_state() did not return True")
        _report(progress, "writing", len(rows), len(rows))
        await _compare(target, rows, progress)
    except Exception as error:
        if is_built_in(target):
            raise
        await _give_back(target, before, error)
        raise


async def _give_back(target: StorageBackend, before: dict[str, Any], error: Exception) -> None:
    """Let a backend that may have kept a part hold again what it held."""
    try:
        if await target.save_state(before) is True:
            return
        second: object = "save_state() did not return True"
    except Exception as raised:  # noqa: BLE001  (anybody's backend; both failures are reported)
        second = raised
    raise StorageError(
        f"{target!r} failed half way ({error}), and again when it was given back what it held before "
        f"({second}): look at what it holds before a bot uses it. The source is as it was"
    ) from error


async def _compare(target: StorageBackend, rows: Mapping[str, str], progress: Progress | None) -> None:
    try:
        left = dict(_rows(check_state(target, await target.load_state())))
    except CodecError as error:
        raise StorageError(f"{target!r} returned something other than it was given: {error}") from error
    for done, (key, text) in enumerate(rows.items()):
        if done % ROWS_AT_ONCE == 0:
            _report(progress, "comparing", done, len(rows))
            await asyncio.sleep(0)
        returned = left.pop(key, None)
        if returned != text and (returned is None or _unordered(returned) != _unordered(text)):
            raise _difference(target, key, text, returned)
    if left:
        key, returned = next(iter(left.items()))
        raise _difference(target, key, None, returned)
    _report(progress, "comparing", len(rows), len(rows))


def _difference(target: StorageBackend, key: str, given: str | None, returned: str | None) -> StorageError:
    remedy = (
        "another process writes to it: stop it, and migrate again with replace=True"
        if is_built_in(target)
        else "write it with `kit.persistence.codec.dumps` and read it with `loads`, which keep every type"
    )
    return StorageError(
        f"{target!r} did not return what it was given at {key}: {_short(given)} went in and "
        f"{_short(returned)} came back; {remedy}. The source is as it was"
    )


def _short(text: str | None) -> str:
    if text is None:
        return "nothing"
    return text if len(text) <= 60 else text[:57] + "..."


def _rows(state: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """The rows of a state; an empty branch is as good as none."""
    for row in flatten({branch: value for branch, value in state.items() if value != {}}):
        assert row.value is not None
        yield row.key, row.value


def _unordered(text: str) -> str:
    """A row's text whatever the order of keys; a backend may sort them."""
    return json.dumps(json.loads(text), sort_keys=True)


def _identity(backend: StorageBackend) -> object:
    """What two backends of one storage share, as far as kit knows them."""
    if not is_built_in(backend):
        return backend
    path = getattr(backend, "path", None)
    if isinstance(path, Path):
        return path.resolve()
    return repr(backend)


def _report(progress: Progress | None, phase: str, done: int, total: int) -> None:
    if progress is not None:
        progress(phase, done, total)
