"""A plan for a bot, in an empty folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

import kit
from kit.lab import Lab
from tests.guide.plan import Plan, forget_cogs


@pytest_asyncio.fixture
async def plan(tmp_path, monkeypatch, store) -> AsyncIterator[Plan]:
    """A plan whose bot has raised nothing unexpected at the end, and leaves no task behind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    @kit.reducer("COUNTED")
    def counted(action, state):
        counters = state["application"].setdefault("counters", {})
        key = action["payload"]["key"]
        counters[key] = counters.get(key, 0) + 1

    yield Plan(tmp_path)
    try:
        if Lab.running is not None:
            await Lab.running.check()
    finally:
        if Lab.running is not None:
            await Lab.running.stop()
        await store.abandon()
        forget_cogs()
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert not left, f"tasks were left behind: {left}"
