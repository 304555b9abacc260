"""Hooks: callbacks by the name of what happens.

A hook on the type of an action is called after each of them, when the subscribers have
been told. The other names are events of the store itself:

- `flush`, with the number of rows: changes have become durable;
- `error`, with a text and the exception: storage, a subscriber or a view's callback failed;
- `restore`, with the summary: `setup_persistence` has re-attached the panels;
- `conflict`, with the actions: another process was faster, and these ran again on top.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import Any

_log = logging.getLogger(__name__)

EVENTS = ("flush", "error", "restore", "conflict")

Hook = Callable[..., Awaitable[Any] | Any]


class Hooks:
    """Callbacks by name."""

    def __init__(self) -> None:
        self._hooks: dict[str, list[Hook]] = {}
        self._running: set[asyncio.Task[None]] = set()

    def on(self, name: str, hook: Hook) -> None:
        """Call `hook` whenever `name` happens."""
        self._hooks.setdefault(name, []).append(hook)

    def off(self, name: str, hook: Hook) -> None:
        """End what `on` began.

        Raises:
            ValueError: If `hook` is not on `name`.
        """
        hooks = self._hooks.get(name, [])
        if hook not in hooks:
            raise ValueError(f"{hook!r} is no hook on {name!r}")
        hooks.remove(hook)
        if not hooks:
            del self._hooks[name]

    def __bool__(self) -> bool:
        return bool(self._hooks)

    async def call(self, name: str, *arguments: Any) -> None:
        """Call the hooks on `name`, one after the other. What they raise is logged."""
        for hook in self._on(name):
            try:
                result = hook(*arguments)
                if inspect.isawaitable(result):
                    await result
            except Exception:  # noqa: BLE001  (an onlooker's failure is no failure of what it looks at)
                _log.exception("the hook %r on %s failed", hook, name)

    def announce(self, name: str, *arguments: Any) -> None:
        """Call the hooks on `name` soon, without waiting for them."""
        if self._on(name):
            # A context of its own: a hook must not seem to be part of a batch or of a click.
            task = asyncio.get_running_loop().create_task(
                self.call(name, *arguments), name=f"viewkit-hook-{name}", context=contextvars.Context()
            )
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    def _on(self, name: str) -> list[Hook]:
        """The hooks on `name`, and on its other spelling: "view_created" is VIEW_CREATED."""
        hooks = self._hooks.get(name, [])
        other = name.lower()
        return [*hooks, *self._hooks.get(other, [])] if other not in {name, *EVENTS} else list(hooks)
