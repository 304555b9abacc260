"""Transactions: actions that take effect together, or not at all."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from kit.state.actions import Action, UndoScope
from kit.state.draft import DictDraft, Recorder
from kit.state.patches import Change, Patch, apply
from kit.state.reducers import Reducers
from kit.state.tree import SCALARS, StateDict, StateError
from kit.state.undo import remember

Next = Callable[[Action, Mapping[str, Any]], Awaitable[None]]
Middleware = Callable[[Action, Mapping[str, Any], Next], Awaitable[Any]]


class Transaction:
    """What a dispatch, or a batch of them, does to the tree.

    Args:
        root: The tree.
        reducers: What answers the actions.
        middleware: What stands around them, outermost first.
        touched: Told the patches of every step, and of every step back.

    Attributes:
        actions: The actions that were reduced.
    """

    def __init__(
        self,
        root: StateDict,
        reducers: Reducers,
        middleware: Sequence[Middleware],
        touched: Callable[[Sequence[Patch]], None],
    ) -> None:
        self.actions: list[Action] = []
        self._requests: list[Action] = []
        self._touched = touched
        self.root = root
        self._reducers = reducers
        self._middleware = middleware
        self._done: list[Recorder] = []

    async def perform(self, action: Action) -> Change:
        """Pass an action through the middleware to its reducer.

        Raises:
            Exception: What the reducer or a middleware raised. Nothing has changed then.
        """
        mark = len(self._done)
        running = _Running()
        token = _running.set(running)
        try:
            if not self._middleware:
                await self._reduce(action, self.root)
            else:
                step: Next = self._reduce
                for middleware in reversed(self._middleware):
                    step = _around(middleware, step)
                await step(action, self.root)
        except BaseException:
            self._roll_back_to(mark)
            raise
        finally:
            running.is_over = True
            _running.reset(token)
        if mark == len(self._done):
            # A middleware has stopped it.
            return Change(action, (), ())
        self._requests.append(action)
        return self._change(self.actions[mark], self._done[mark:], self.actions[mark:], (action,))

    async def _reduce(self, action: Action, _: Mapping[str, Any]) -> None:
        reducer = self._reducers.get(action.type)
        recorder = Recorder(self.root)
        draft = DictDraft(self.root, recorder, None, "")
        try:
            result = reducer(action, draft)
            if inspect.isawaitable(result):
                result = await result
            if result is not None and result is not draft:
                raise StateError(
                    f"the reducer of {action.type!r} returned a {type(result).__name__}; "
                    "change the `state` it is given and return nothing"
                )
        except BaseException:
            recorder.roll_back()
            raise
        finally:
            recorder.closed = True
        self._done.append(recorder)
        self.actions.append(action)
        self._touched(recorder.patches)

    def finish(self, action: Action) -> Change:
        """All of it as one change of `action`, put on the undo stack of those who can undo it."""
        done = list(zip(self._done, self.actions, strict=True))
        for scope in {performed.undo for performed in self.actions if performed.undo is not None}:
            mine = [recorder for recorder, performed in done if performed.undo == scope]
            part = self._change(action, mine, (), ())
            recorder = Recorder(self.root)
            remember(
                DictDraft(self.root, recorder, None, ""), scope, action.type, part.patches, part.inverses
            )
            recorder.closed = True
            self._done.append(recorder)
            self._touched(recorder.patches)
        return self._change(action, self._done, self.actions, tuple(self._requests))

    def _change(
        self,
        action: Action,
        done: Sequence[Recorder],
        performed: Sequence[Action],
        requests: Sequence[Action],
    ) -> Change:
        if len(done) == 1:
            return Change(action, done[0].patches, done[0].inverses, tuple(performed), requests)
        patches = [patch for recorder in done for patch in recorder.patches]
        inverses: list[Patch] = [patch for recorder in reversed(done) for patch in recorder.inverses]
        return Change(action, patches, inverses, tuple(performed), requests)

    def roll_back(self) -> None:
        """Take all of it back."""
        self._roll_back_to(0)

    def _roll_back_to(self, mark: int) -> None:
        for recorder in reversed(self._done[mark:]):
            apply(self.root, recorder.inverses)
            self._touched(recorder.inverses)
        del self._done[mark:], self.actions[mark:]


class _Running:
    """A reducer, or a middleware, at work. Tasks that it starts know of it; it may be over by then."""

    is_over = False


_running: ContextVar[_Running | None] = ContextVar("viewkit_running", default=None)


def is_in_reducer() -> bool:
    """Whether this is called by a reducer or a middleware that has not returned yet."""
    running = _running.get()
    return running is not None and not running.is_over


def _around(middleware: Middleware, inner: Next) -> Next:
    async def step(action: Action, state: Mapping[str, Any]) -> None:
        await middleware(action, state, inner)

    return step


class Batch:
    """Dispatches that take effect together. See `StateStore.batch`.

    Args:
        transaction: What they do.
        source: The id of the view that makes them, if a view does.
        undo: Whose undo they go to, if they can be undone.
    """

    def __init__(
        self, transaction: Transaction, source: str | None = None, undo: UndoScope | None = None
    ) -> None:
        self._transaction: Transaction | None = transaction
        self.source = source
        self.undo = undo
        self._turn = asyncio.Lock()

    async def dispatch(
        self, action_type: str, payload: Mapping[str, Any] | None = None, *, source: str | None = None
    ) -> Change:
        """As `StateStore.dispatch`; others see it when the batch ends.

        Raises:
            StateError: If the batch has ended.
        """
        given = {} if payload is None else payload
        by = source if source is not None else self.source
        return await self.perform(Action(action_type, copied(given), by, undo=self.undo))

    async def perform(self, action: Action) -> Change:
        """Dispatch an action that was made already."""
        async with self._turn:
            if self._transaction is None:
                raise StateError(f"this batch has ended; dispatch {action.type!r} to the store")
            return await self._transaction.perform(action)

    @property
    def is_open(self) -> bool:
        """Whether it still takes dispatches."""
        return self._transaction is not None

    def belongs_to(self, root: StateDict) -> bool:
        """Whether it is open, and changes the tree `root`."""
        return self._transaction is not None and self._transaction.root is root

    async def end(self) -> Transaction:
        """Take nothing more, wait for the dispatch that runs, and give back what was done.

        Contexts that were copied in the batch keep it; they need not keep the state.
        """
        async with self._turn:
            transaction, self._transaction = self._transaction, None
        assert transaction is not None
        return transaction


def copied(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """A copy of a payload's containers: what its owner does to it later is no part of the action."""
    try:
        copy: Mapping[str, Any] = _copied(payload)
    except RecursionError:
        # It contains itself: the reducer that would store that is told where.
        return payload
    return copy


def _copied(value: Any) -> Any:
    cls = value.__class__
    if cls in SCALARS:
        return value
    if cls is dict or isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    if cls is list:
        return [_copied(item) for item in value]
    if cls is set:
        return set(value)
    return value
