"""A lab for each test, which must leave nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

import kit
from kit.lab import Lab


@pytest_asyncio.fixture
async def lab(tmp_path, monkeypatch) -> AsyncIterator[Lab]:
    """A lab with alice and bob, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    async with kit.Lab.start() as running:
        yield running
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert not left, f"the lab left tasks behind: {left}"
