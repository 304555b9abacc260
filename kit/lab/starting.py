"""Something that is about to start: `await` it, or enter it with `async with`."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar


class Stoppable(Protocol):
    """What can be stopped."""

    async def stop(self) -> None:
        """End it."""


T = TypeVar("T", bound=Stoppable)


class Starting(Generic[T]):
    """The result of a call such as `Lab.start(...)`.

    Args:
        start: Starts it, and returns it.
    """

    def __init__(self, start: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._start = start
        self._started: T | None = None

    def __await__(self) -> Generator[Any, None, T]:
        return self._start().__await__()

    async def __aenter__(self) -> T:
        self._started = await self._start()
        return self._started

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._started is not None
        await self._started.stop()
