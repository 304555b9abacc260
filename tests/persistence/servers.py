"""A PostgreSQL server of the tests' own, and the one that may run already."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

POSTGRES_URL = os.environ.get("KIT_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")


def answers(host: str, port: int) -> bool:
    """Whether something listens there."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def postgres_programs() -> Path | None:
    """The folder of `initdb` and `pg_ctl`, or None if PostgreSQL isn't installed."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("pg_ctl")
    for folder in [*installed, *([Path(found).resolve().parent] if found else [])]:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    return None


class PostgresCluster:
    """A server with an empty database, on a port of its own; it asks for a password.

    It runs as the user `postgres` if the tests run as root, which PostgreSQL refuses.

    Args:
        programs: The folder of `initdb` and `pg_ctl`.
    """

    password = "s3cr/t@place"

    def __init__(self, programs: Path) -> None:
        self.programs = programs
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="kit-postgres-"))
        self._user = ["runuser", "-u", "postgres", "--"] if getpass.getuser() == "root" else []
        if self._user:
            shutil.chown(self.folder, "postgres")
        secret = self.folder / "password"
        secret.write_text(self.password)
        secret.chmod(0o644)
        self._run(
            "initdb", "--no-sync", "--username=bot", "--auth-local=trust", "--auth-host=scram-sha-256",
            "--no-locale", "--encoding=UTF8", f"--pwfile={secret}", f"--pgdata={self.folder / 'data'}",
        )  # fmt: skip

    @property
    def url(self) -> str:
        """The address of its database, with the password as a URL has it."""
        return f"postgresql://bot:{self.password.replace('/', '%2F').replace('@', '%40')}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=30"
        self._run(
            "pg_ctl", "start", "--wait", f"--pgdata={self.folder / 'data'}", f"--options={options}",
            f"--log={self.folder / 'log'}",
        )  # fmt: skip

    def stop(self, mode: str = "fast") -> None:
        """Stop it; with "immediate" as if it had crashed."""
        self._run("pg_ctl", "stop", "--wait", f"--mode={mode}", f"--pgdata={self.folder / 'data'}")

    def remove(self) -> None:
        """Stop it if it runs, and delete all it had."""
        if (self.folder / "data" / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self.folder)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [*self._user, str(self.programs / program), *arguments],
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout.decode()
