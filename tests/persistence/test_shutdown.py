"""SIGTERM is how hosts stop bots: what was dispatched is on disk when the process is gone."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from kit.persistence import FileStorageBackend

PROCESS = Path(__file__).with_name("terminated_process.py")


async def terminate(*arguments: str) -> tuple[int | None, list[bytes]]:
    """Run the process until it is ready, end it by SIGTERM; its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore", str(PROCESS), *arguments), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGTERM)
    said = (await process.stdout.read()).split()
    return await process.wait(), said


@pytest.mark.parametrize("handler", [(), ("own",)], ids=["kit's handler", "the program's own handler"])
@pytest.mark.asyncio
async def test_sigterm_closes_the_bot_and_flushes(tmp_path, handler):
    """The program ends by itself, after its bot was closed, and nothing that was dispatched is lost."""
    path = tmp_path / "state.json"
    code, said = await terminate(str(path), *handler)
    assert (code, said) == (0, [b"closed", b"ended"])
    assert (await FileStorageBackend(path).load_state())["application"] == {"n": 10}
