"""A disk without room: loud, patient, and nothing is lost when there is room again."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import kit
from kit.persistence import StorageError, Writer
from kit.persistence.places import open_place
from kit.persistence.writer import COALESCE_AT
from kit.state import thaw
from tests.persistence.shared_storage import stored

pytestmark = pytest.mark.soak


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A file system of a megabyte and a half."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1536k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Leave room for nothing but a few kilobytes."""
    ballast = folder / "ballast"
    size = 64 * 1024
    with ballast.open("wb", buffering=0) as file:
        while size:
            try:
                file.write(b"\0" * size)
            except OSError:
                size = 0 if size <= 4096 else size // 2
    return ballast


@pytest.mark.parametrize("name", ["state.json", "state.db"])
@pytest.mark.asyncio
async def test_a_full_disk_costs_time_and_nothing_else(name, small_disk, store, caplog):
    """The bot goes on, says what is wrong, keeps what it has in bounded memory, and writes it when it can."""

    @kit.reducer("WRITTEN")
    def written(action, state):
        notes = state["application"].setdefault("notes", {})
        notes[action.payload["name"]] = action.payload["text"]
        state["application"]["latest"] = action.payload["name"]

    async def write(number: int, text: str) -> None:
        await store.dispatch("WRITTEN", {"name": f"note {number}", "text": text})

    async def write_until_it_fails() -> None:
        for number in range(600):
            await write(number, f"{number} " + "y" * 1000)
            if number % 50 == 0:
                await store.flush()

    heard: list[str] = []
    store.on("error", lambda what, _error: heard.append(what))
    place = str(small_disk / name)
    await kit.setup_persistence(backend=open_place(place))
    assert isinstance(store.journal, Writer)
    store.journal.patience = 0.3
    for number in range(50):
        await write(number, "x" * 1000)
    await store.flush()
    durable = thaw(store.state["application"])

    ballast = fill(small_disk)
    with pytest.raises(StorageError, match=r"(?s)has failed for 0\.3 s.*kept in memory and tried again"):
        await write_until_it_fails()
    assert heard
    assert "No space left" in heard[-1] or "Free some space on the disk" in heard[-1]
    assert any(record.levelno >= logging.ERROR for record in caplog.records)
    found = (await stored(place))["application"]
    assert found["notes"].keys() >= durable["notes"].keys()
    now = store.state["application"]["notes"]
    assert found == durable or found["notes"][found["latest"]] == now[found["latest"]], "a change was torn"

    for number in range(20_000):
        await write(number % 100, f"{number} again")
    assert store.counters()["rows_waiting"] <= 2 * COALESCE_AT + 1_500

    ballast.unlink()
    await store.flush()
    assert (await stored(place))["application"] == thaw(store.state["application"])
    await store.close()
    assert not list(small_disk.glob("*.torn-*")), "a file was torn"
    assert not list(small_disk.glob("*.new")), "what could not be written whole was left there"
