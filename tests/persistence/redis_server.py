"""A Redis server of the tests' own, and the one that may run already."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from tests.persistence.servers import answers, free_port

REDIS_URL = os.environ.get("KIT_TEST_REDIS", "redis://127.0.0.1:6379")


def redis_program() -> str | None:
    """The program `redis-server`, or None if it isn't installed."""
    return shutil.which("redis-server")


class RedisServer:
    """An empty server on a port of its own, which forgets nothing that it has acknowledged.

    Args:
        program: The path of `redis-server`.
        options: More of its options, or others than those by default.
    """

    def __init__(self, program: str, **options: str) -> None:
        self.program = program
        self.options = {"appendonly": "yes", "appendfsync": "always", "save": ""} | options
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="kit-redis-"))
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, with what it had kept, and wait until it answers."""
        arguments = [part for name, value in self.options.items() for part in (f"--{name}", value)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(self.program, "--port", str(self.port), "--bind", "127.0.0.1"),
                    *("--dir", str(self.folder), *arguments),
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + 10
        while not answers("127.0.0.1", self.port):
            assert self.process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.01)

    def kill(self) -> None:
        """End it as `kill -9` does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def remove(self) -> None:
        """End it if it runs, and delete all it had."""
        self.kill()
        shutil.rmtree(self.folder)
