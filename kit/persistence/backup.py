"""A copy of a storage as it is at one moment, taken while a bot writes to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

from kit.persistence.backends import StorageBackend, StorageError
from kit.persistence.codec import dumps
from kit.persistence.file import FileStorageBackend
from kit.persistence.reading import Progress, read, reading_sqlite
from kit.persistence.snapshot import Snapshot
from kit.persistence.sqlite import SQLiteBackend

PAGES_AT_ONCE = 1_000


async def back_up(
    source: StorageBackend, path: str | os.PathLike[str], *, progress: Progress | None = None
) -> Snapshot:
    """Copy what `source` holds to the new file `path`, read the copy back, and return what is in it.

    A database file is copied by SQLite itself, if `path` does not end in `.json`; everything
    else becomes a JSON file. What pycascadeui wrote is copied as it is.

    Raises:
        StorageError: If there is a file at `path` already, nothing is stored in `source`, it
            can't be read, or the copy can't be written. There is no file at `path` then.
    """
    target = Path(path)
    _check_place(target)
    if type(source) is SQLiteBackend and target.suffix.lower() != ".json":
        return await _place(target, lambda fresh: _copy_database(source, fresh, progress))
    if target.suffix.lower() in {".db", ".sqlite", ".sqlite3"}:
        raise StorageError(
            f"only an SQLite file is copied as a database, and {str(target)!r} would be JSON: give a name "
            "that ends in .json, or migrate to it"
        )
    found = await read(source, progress)
    if found.is_empty:
        raise StorageError(f"nothing is stored in {found.place}: check where it is")
    text = json.dumps(found.stored) if found.written_by == "pycascadeui" else dumps(found.state)
    return await _place(target, lambda fresh: _write_text(text, fresh))


def _check_place(target: Path) -> None:
    if target.exists():
        raise StorageError(
            f"{str(target)!r} exists already, and a backup overwrites nothing: give another name"
        )
    folder = target.absolute().parent
    if not folder.is_dir():
        raise StorageError(f"the folder {str(folder)!r} does not exist: create it")


async def _place(target: Path, write: Callable[[Path], Awaitable[Snapshot]]) -> Snapshot:
    """Let `write` fill a new file, and give it its name when it is whole."""
    fresh = target.with_name(f"{target.name}.{os.getpid()}.new")
    try:
        snapshot = await write(fresh)
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        _name(fresh, target)
    except FileExistsError as error:
        raise StorageError(
            f"{str(target)!r} has been made by somebody else meanwhile: give another name"
        ) from error
    except OSError as error:
        raise StorageError(f"could not write {str(target)!r}: {error}") from error
    finally:
        for part in (fresh, Path(f"{fresh}-wal"), Path(f"{fresh}-shm")):
            part.unlink(missing_ok=True)
    return snapshot


def _name(fresh: Path, target: Path) -> None:
    try:
        # Unlike a rename, a link refuses to take the place of another file.
        target.hardlink_to(fresh)
    except FileExistsError:
        raise
    except OSError:
        # Some file systems have no hard links.
        fresh.rename(target)


async def _write_text(text: str, fresh: Path) -> Snapshot:
    await asyncio.to_thread(fresh.write_text, text, encoding="utf-8")
    return await read(FileStorageBackend(fresh))


async def _copy_database(source: SQLiteBackend, fresh: Path, progress: Progress | None) -> Snapshot:
    loop = asyncio.get_running_loop()

    def report(_: int, remaining: int, total: int) -> None:
        if progress is not None:
            loop.call_soon_threadsafe(progress, "copying pages", total - remaining, total)

    await asyncio.to_thread(_copy_pages, source, fresh, report)
    return await read(SQLiteBackend(fresh))


def _copy_pages(source: SQLiteBackend, fresh: Path, report: Callable[[int, int, int], None]) -> None:
    if not source.path.exists():
        raise StorageError(f"nothing is stored in {str(source.path)!r}: check where it is")
    try:
        with (
            reading_sqlite(source.path, source.timeout) as connection,
            contextlib.closing(sqlite3.connect(fresh)) as copy,
        ):
            connection.backup(copy, pages=PAGES_AT_ONCE, progress=report)
    except sqlite3.Error as error:
        raise StorageError(f"can't copy the database {str(source.path)!r}: {error}") from error
