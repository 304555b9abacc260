"""Places to keep a state in, of each kind, as `open_place` reads them; and processes that share one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import uuid
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from kit.persistence.places import open_place
from kit.persistence.redis_scripts import KEYS
from tests.persistence.redis_server import REDIS_URL
from tests.persistence.servers import POSTGRES_URL, answers

SHARED = [
    pytest.param("sqlite"),
    pytest.param("redis", marks=pytest.mark.redis),
    pytest.param("postgres", marks=pytest.mark.postgres),
]
EVERY = [pytest.param("file"), *SHARED]


@contextlib.asynccontextmanager
async def empty_place(kind: str, folder: Path) -> AsyncIterator[str]:
    """A place of a kind that nobody else uses; nothing of it is left afterwards."""
    name = f"kit_test_{uuid.uuid4().hex}"
    if kind == "redis":
        import redis.asyncio

        need(REDIS_URL, 6379, "Redis", "KIT_TEST_REDIS")
        yield f"{REDIS_URL}?key={name}"
        async with redis.asyncio.Redis.from_url(REDIS_URL) as client:
            await client.delete(*(f"{{{name}}}:{key}" for key in KEYS))
    elif kind == "postgres":
        import asyncpg

        need(POSTGRES_URL, 5432, "PostgreSQL", "KIT_TEST_POSTGRES")
        yield f"{POSTGRES_URL}?table={name}"
        connection = await asyncpg.connect(POSTGRES_URL)
        await connection.execute(f"DROP TABLE IF EXISTS {name}, {name}_changes, {name}_meta")
        await connection.close()
    else:
        yield str(folder / f"{name}{'.db' if kind == 'sqlite' else '.json'}")


def need(url: str, port: int, server: str, variable: str) -> None:
    """Skip the test if there is no server at `url`."""
    parts = urlsplit(url)
    host = parts.hostname or "127.0.0.1"
    if not answers(host, parts.port or port):
        pytest.skip(f"no {server} server at {host}:{parts.port or port}: start one, or set {variable}")


async def stored(place: str) -> dict[str, Any]:
    """What a process that starts now finds."""
    backend = open_place(place)
    state = await backend.load_state()
    if hasattr(backend, "close"):
        await backend.close()
    return state


async def start_peer(place: str, name: str, counts: int, total: int) -> Process:
    """Start `counting_peer.py`, up to where it waits for a line of its standard input."""
    peer = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning"),
        *("-m", "tests.persistence.counting_peer", place, name, str(counts), str(total)),
        stdin=PIPE, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    assert await peer.stdout.readline() == b"ready\n", (await peer.stderr.read()).decode()
    return peer


async def result_of(peer: Process) -> dict[str, Any]:
    """Wait until the peer ends; what it says of itself."""
    output, errors = await peer.communicate()
    assert peer.returncode == 0, errors.decode()
    return json.loads(output)
