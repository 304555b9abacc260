"""Where a lab's world rests: a throw-away folder, or `.kit/<name>/` for the next kernel."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kit.simulator import Simulator, World

try:
    import fcntl
except ImportError:  # Windows has no advisory locks of this kind.
    fcntl = None  # type: ignore[assignment]

SAVE_DELAY = 0.1


class WorldKeeper:
    """Loads a world, saves it when it changed, and keeps others out of its folder.

    Attributes:
        folder: The folder.
        world: The world.
    """

    def __init__(self, folder: Path, world: World, *, kept: bool, lock: int | None) -> None:
        self.folder = folder
        self.world = world
        self._kept = kept
        self._lock = lock
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    def open(cls, name: str | None, users: Sequence[str]) -> WorldKeeper:
        """The world of that name, or a new one.

        Raises:
            ValueError: If `name` is not fit for a folder.
            OSError: If the folder can't be made, or another process has it.
        """
        if name is None:
            return cls(Path(tempfile.mkdtemp(prefix="viewkit-")), World(users=users), kept=False, lock=None)
        if not re.fullmatch(r"[\w][\w .-]*", name):
            raise ValueError(f"name={name!r} is no name for a folder; use letters, digits, '-', '_' and '.'")
        folder = Path(".kit").absolute() / name
        folder.mkdir(parents=True, exist_ok=True)
        lock = _lock(folder)
        try:
            file = folder / "world.json"
            world = World.load(file) if file.exists() else World(users=users)
        except BaseException:
            if lock is not None:
                os.close(lock)
            raise
        for user in users:
            if user not in world.users:
                world.add_user(user)
        return cls(folder, world, kept=True, lock=lock)

    def follow(self, simulator: Simulator) -> Callable[[], None]:
        """Save the world shortly after each change; returns the way to end it."""
        if not self._kept:
            return lambda: None
        # A cell of a terminal changes the world while the loop stands still.
        loop = asyncio.get_running_loop()

        def changed(_: str, __: Any) -> None:
            if self._timer is None:
                self._timer = loop.call_later(SAVE_DELAY, self._save)

        # The world tells what its data is, the simulator what its bots did, such as to register commands.
        ends = (simulator.world.observe(changed), simulator.subscribe(changed))

        def end() -> None:
            for stop in ends:
                stop()

        return end

    def save_changes(self) -> None:
        """Save now what is to be saved soon: what somebody has seen is there after a kill."""
        if self._timer is not None:
            self._timer.cancel()
            self._save()

    def _save(self) -> None:
        self._timer = None
        self.world.save(self.folder / "world.json")

    def close(self) -> None:
        """Save what is to be kept, remove what is not, and let the folder go.

        Raises:
            OSError: If the world can't be saved, because its folder is gone, say.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            if self._kept:
                self._save()
            else:
                shutil.rmtree(self.folder, ignore_errors=True)
        finally:
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None


def _lock(folder: Path) -> int | None:
    if fcntl is None:
        return None
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise OSError(
            f"the lab {folder.name!r} is open in another kernel: stop it there, or give this one another name"
        ) from None
    return handle
