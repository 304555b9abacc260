"""Transactions: actions that take effect together, or not at all."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from kit.state import actions
from kit.state.actions import Action, UndoScope
from kit.state.draft import DictDraft, Recorder
from kit.state.patches import Change, Patch, apply
from kit.state.reducers import Reducers
from kit.state.tree import StateDict, StateError
from kit.state.undo import remember

Next = Callable[[Action, Mapping[str, Any]], Awaitable[None]]
Middleware = Callable[[Action, Mapping[str, Any], Next], Awaitable[Any]]


class Transaction:
    """What a dispatch, or a batch of them, does to the tree.

    Args:
        root: The tree.
        reducers: What answers the actions.
        middleware: What stands around them, outermost first.

    Attributes:
        actions: The actions that were reduced.
    """

    def __init__(self, root: StateDict, reducers: Reducers, middleware: Sequence[Middleware] = ()) -> None:
        self.actions: list[Action] = []
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
        if not self._middleware:
            await self._reduce(action, self.root)
        else:
            step: Next = self._reduce
            for middleware in reversed(self._middleware):
                step = _around(middleware, step)
            try:
                await step(action, self.root)
            except BaseException:
                self._roll_back_to(mark)
                raise
        reduced = self.actions[mark] if mark < len(self.actions) else action
        return self._change(reduced, self._done[mark:], self.actions[mark:])

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

    def finish(self, action: Action) -> Change:
        """All of it as one change of `action`, put on the undo stack of those who can undo it."""
        done = list(zip(self._done, self.actions, strict=True))
        for scope in {performed.undo for performed in self.actions if performed.undo is not None}:
            mine = [recorder for recorder, performed in done if performed.undo == scope]
            part = self._change(action, mine, ())
            recorder = Recorder(self.root)
            remember(
                DictDraft(self.root, recorder, None, ""), scope, action.type, part.patches, part.inverses
            )
            recorder.closed = True
            self._done.append(recorder)
        return self._change(action, self._done, self.actions)

    def _change(self, action: Action, done: Sequence[Recorder], performed: Sequence[Action]) -> Change:
        if len(done) == 1:
            return Change(action, done[0].patches, done[0].inverses, tuple(performed))
        patches = [patch for recorder in done for patch in recorder.patches]
        inverses: list[Patch] = [patch for recorder in reversed(done) for patch in recorder.inverses]
        return Change(action, patches, inverses, tuple(performed))

    def roll_back(self) -> None:
        """Take all of it back."""
        self._roll_back_to(0)

    def _roll_back_to(self, mark: int) -> None:
        for recorder in reversed(self._done[mark:]):
            apply(self.root, recorder.inverses)
        del self._done[mark:], self.actions[mark:]


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
        return await self.perform(Action(action_type, given, by, undo=self.undo))

    async def perform(self, action: Action) -> Change:
        """Dispatch an action that was made already."""
        if self._transaction is None:
            raise StateError(f"this batch has ended; dispatch {action.type!r} to the store")
        async with self._turn:
            return await self._transaction.perform(action)

    def belongs_to(self, root: StateDict) -> bool:
        """Whether it is open, and changes the tree `root`."""
        return self._transaction is not None and self._transaction.root is root

    def complete(self) -> Change:
        """All of it as one change."""
        transaction = self._transaction
        assert transaction is not None
        performed = tuple(transaction.actions)
        return transaction.finish(Action(actions.BATCH_COMPLETE, {"actions": performed}, self.source))

    def close(self) -> None:
        """End it. Contexts that were copied in the batch keep it; they need not keep the state."""
        self._transaction = None
