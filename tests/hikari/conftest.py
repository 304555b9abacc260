"""The bots beside this file, made in the process of the test."""

from __future__ import annotations

import asyncio
import functools
import importlib
import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

import kit
import kit.lab.hikari
from kit.lab import Lab
from kit.simulator import Simulator
from tests.hikari.programs import BOTS


@pytest.fixture
def maker(tmp_path, monkeypatch):
    """Gives the `make_bot` of a program by its name, with a storage of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PANELS", str(tmp_path / "panels.db"))
    monkeypatch.syspath_prepend(BOTS)

    def of(name: str):
        # Else hikari takes over the logging and the warnings of the whole process.
        return functools.partial(importlib.import_module(name).make_bot, logs=None)

    yield of
    for name in ("panels", *(path.stem for path in BOTS.glob("*_*.py"))):
        sys.modules.pop(name, None)


@pytest_asyncio.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """A Discord."""
    running = await Simulator.start()
    yield running
    await running.close()


@pytest_asyncio.fixture
async def lab(maker) -> AsyncIterator[Lab]:
    """A lab with the plain hikari bot on the gateway."""
    async with kit.Lab.start(kit.lab.hikari.bot(maker("hikari_gateway"))) as running:
        yield running
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert not left, f"the lab left tasks behind: {left}"
