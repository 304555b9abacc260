"""Which tasks belong to a bot: those it starts, and those that they start.

A killed process takes its tasks with it. The lab's bots share a loop with the
notebook, so the lab has to know which tasks to take. The context of a task is
inherited by the tasks it starts; a task factory notes them by it, and hands on to
the factory that was there before.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Collection, Coroutine, Generator
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakSet

from kit.persistence import Writer

T = TypeVar("T")

_owner: contextvars.ContextVar[TaskOwner | None] = contextvars.ContextVar("viewkit_task_owner", default=None)


class TaskOwner:
    """Owns the tasks started from within its `context`."""

    def __init__(self) -> None:
        self._tasks: WeakSet[asyncio.Task[Any]] = WeakSet()
        self.context = contextvars.copy_context()
        self.context.run(_owner.set, self)

    def start(self, coroutine: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
        """Start a task of this owner."""
        return asyncio.get_running_loop().create_task(coroutine, name=name, context=self.context)

    def add(self, task: asyncio.Task[Any]) -> None:
        """Note a task as owned."""
        self._tasks.add(task)

    def running(self) -> set[asyncio.Task[Any]]:
        """The owned tasks that are not done, without the one that asks."""
        current = asyncio.current_task()
        return {task for task in self._tasks if not task.done() and task is not current}

    async def cancel(self) -> None:
        """Cancel what runs, and wait until it is gone."""
        for _ in range(5):
            # What a task does while it is cancelled may start another one.
            running = self.running()
            if not running:
                return
            for task in running:
                task.cancel()
            await asyncio.wait(running, timeout=1)


def watch_tasks(loop: asyncio.AbstractEventLoop) -> Callable[[], None]:
    """Let owners know their tasks on `loop`; returns the way to end it."""
    before = loop.get_task_factory()

    def factory(
        loop: asyncio.AbstractEventLoop,
        coroutine: Coroutine[Any, Any, Any] | Generator[Any, None, Any],
        **options: Any,
    ) -> asyncio.Future[Any]:
        if before is None:
            task: Any = asyncio.Task(coroutine, loop=loop, **options)
        else:
            task = before(loop, coroutine, **options)
        context = options.get("context")
        owner = _owner.get() if context is None else context.get(_owner)
        if owner is not None:
            owner.add(task)
        return task  # type: ignore[no-any-return]

    loop.set_task_factory(factory)

    def stop() -> None:
        if loop.get_task_factory() is factory:
            loop.set_task_factory(before)

    return stop


def is_parked(task: asyncio.Task[Any], waits: Collection[tuple[str, str]]) -> bool:
    """Whether a handler waits for somebody to do something: `await view.wait()`, `bot.wait_for(...)`.

    Args:
        task: The handler.
        waits: What waits for people: the names of coroutine functions and of their files.
    """
    awaited: Any = task.get_coro()
    while awaited is not None:
        code = getattr(awaited, "cr_code", None)
        if code is not None and code.co_filename == _WRITER:
            # A flush waits for the disk, not for a person.
            return False
        if code is not None and (code.co_name, Path(code.co_filename).name) in waits:
            return True
        awaited = getattr(awaited, "cr_await", None)
    return False


_WRITER = Writer.flush.__code__.co_filename
