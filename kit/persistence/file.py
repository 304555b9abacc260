"""The state in a JSON file: for development and small bots, since each save writes it whole."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from kit.persistence.backends import StorageError
from kit.persistence.codec import dumps, untag
from kit.persistence.legacy import adopt, is_legacy

_T = TypeVar("_T")

_log = logging.getLogger(__name__)


class FileStorageBackend:
    """Keeps the state in the JSON file `path`, and the save before it in `path` + `.bak`.

    The file is replaced in one step: a reader sees the old state or the new one. A
    main file that can't be read is set aside, and the backup is used instead.

    Args:
        path: The file. Its folder must exist.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._turn = asyncio.Lock()

    def __repr__(self) -> str:
        return f"FileStorageBackend({str(self.path)!r})"

    @property
    def backup(self) -> Path:
        """The file with the save before the last."""
        return self.path.with_name(self.path.name + ".bak")

    async def load_state(self) -> dict[str, Any]:
        """The state in the file, or in its backup if the file is torn or gone; empty if there is neither.

        Raises:
            StorageError: If neither can be read. Both are left as they are.
        """
        async with self._turn:
            return await _to_its_end(self._load)

    async def save_state(self, state: dict[str, Any]) -> bool:
        """Replace the file by `state`, and its backup by the file."""
        async with self._turn:
            await _to_its_end(self._save, state)
        return True

    def _load(self) -> dict[str, Any]:
        problems = []
        for file in (self.path, self.backup):
            if not file.exists():
                continue
            try:
                state = self._parse(file.read_bytes())
            except (OSError, ValueError) as error:
                problems.append(f"{str(file)!r}: {error}")
                continue
            if not isinstance(state, dict):
                problems.append(f"{str(file)!r}: it holds {type(state).__name__}, not a state")
                continue
            if problems:
                self._set_aside(problems[0])
            return state
        if problems:
            raise StorageError(
                "can't read the stored state: " + "; ".join(problems) + ". Nothing was overwritten; "
                "repair one of the files, or move them away to start anew"
            )
        self._check_folder()
        return {}

    def _parse(self, text: bytes) -> Any:
        written = json.loads(text)
        if isinstance(written, dict) and is_legacy(written):
            # pycascadeui has no tags: a key of the bot's own that starts with `$` means itself.
            return adopt(written, repr(self))
        return untag(written)

    def _set_aside(self, problem: str) -> None:
        number = 1
        while (torn := self.path.with_name(f"{self.path.name}.torn-{number}")).exists():
            number += 1
        self.path.rename(torn)
        _log.warning("%s. The backup is used instead; the unreadable file was kept as %s", problem, torn)

    def _check_folder(self) -> None:
        folder = self.path.parent
        if not folder.is_dir():
            raise StorageError(f"the folder {str(folder)!r} does not exist: create it, or give another path")
        if not os.access(folder, os.W_OK):
            raise StorageError(f"the folder {str(folder)!r} can't be written to: give another path")

    def _save(self, state: dict[str, Any]) -> None:
        fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        try:
            with fresh.open("w", encoding="ascii") as file:
                file.write(dumps(state))
                file.flush()
                os.fsync(file.fileno())
            if self.path.exists():
                self._back_up()
            fresh.replace(self.path)
            _sync_folder(self.path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise StorageError(f"{self!r}: could not write: {error}") from error

    def _back_up(self) -> None:
        copy = self.path.with_name(f"{self.path.name}.{os.getpid()}.old")
        copy.unlink(missing_ok=True)
        try:
            copy.hardlink_to(self.path)
        except OSError:
            # Some file systems have no hard links.
            shutil.copyfile(self.path, copy)
        copy.replace(self.backup)


async def _to_its_end(work: Callable[..., _T], *arguments: Any) -> _T:
    """Run `work` in a thread; one who is cancelled waits for it all the same.

    A save that went on by itself could replace the file after a later one.
    """
    running = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
