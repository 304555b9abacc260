"""The store: the state tree, the only way to change it, and who hears of a change.

`dispatch` runs one reducer on a draft of the live tree and yields the patches it
made. Everything else consumes that stream: the journal writes it to storage, the
state tree widget repaints from it, subscribers wake from it. No step looks at
more of the tree than the patches name, so a dispatch costs the same at any size.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from kit.state.actions import Action
from kit.state.draft import DictDraft, Recorder
from kit.state.patches import Change, Patch, apply
from kit.state.reducers import Reducer, Reducers, ReducerT
from kit.state.tree import StateError, freeze, thaw

_log = logging.getLogger(__name__)

BRANCHES = ("views", "sessions", "application", "persistent_views")

REDUCER_PATIENCE = 2.0
CLOSED = "this store was closed; `kit.get_store()` returns the current one"

Subscriber = Callable[[Mapping[str, Any], Action], Awaitable[None] | None]
ChangeListener = Callable[[Change], None]


class Journal(Protocol):
    """Where a store's changes go to rest. `kit.persistence` has the one that is used."""

    def record(self, state: Mapping[str, Any], change: Change) -> None:
        """Take note of a change, in order, without waiting."""

    async def flush(self) -> None:
        """Return when all that was recorded so far is durable."""

    async def close(self) -> None:
        """Flush, and let go of the storage."""

    async def abandon(self) -> None:
        """Let go of the storage as a killed process does, without a flush."""


@dataclass(frozen=True, slots=True)
class _Subscription:
    callback: Subscriber
    actions: frozenset[str] | None


class StateStore:
    """The state of a bot.

    Args:
        reducers: The reducers to answer actions with; a set of its own if left out.

    Attributes:
        extras: What other rooms keep for as long as this store lives.
    """

    def __init__(self, *, reducers: Reducers | None = None) -> None:
        self.reducers = reducers if reducers is not None else Reducers()
        self.journal: Journal | None = None
        self._root = freeze({branch: {} for branch in BRANCHES})
        self._turn = asyncio.Lock()
        self._reducing: asyncio.Task[Any] | None = None
        self._closed: str | None = None
        self.extras: dict[str, Any] = {}
        self._listeners: list[ChangeListener] = []
        self._subscriptions: dict[str, _Subscription] = {}

    @property
    def state(self) -> Mapping[str, Any]:
        """The live state tree, to read. Changing it raises `StateMutationError`."""
        return self._root  # type: ignore[no-any-return]

    async def dispatch(
        self, action_type: str, payload: Mapping[str, Any] | None = None, *, source: str | None = None
    ) -> Change:
        """Run the reducer of `action_type`, then tell the journal and the subscribers.

        Dispatches take effect one after the other, in the order in which they were
        called, reducers that await included. While a reducer awaits, what it has changed
        so far can be read; if it raises, that is taken back.

        Args:
            action_type: The name of the action.
            payload: What the reducer needs to know.
            source: The id of the view that dispatches.

        Returns:
            The change that was made. It is durable after `await store.flush()`.

        Raises:
            StateError: If no reducer answers the action, a reducer returns a new state, or
                a value can't be kept. Nothing has changed then.
            Exception: What the reducer raised. Nothing has changed then either.
        """
        action = Action(action_type, {} if payload is None else payload, source)
        reducer = self.reducers.get(action_type)
        if reducer is None:
            raise StateError(
                f"no reducer answers {action_type!r}; write one:\n"
                f"    @kit.reducer({action_type!r})\n    def _(action, state): ..."
            )
        if self._reducing is not None and self._reducing is asyncio.current_task():
            raise StateError(f"a reducer dispatched {action_type!r}; dispatch it after it has returned")
        async with self._turn:
            change = await self._reduce(action, reducer)
        for listener in tuple(self._listeners):
            self._tell(listener, change)
        await self._notify(action)
        return change

    async def _reduce(self, action: Action, reducer: Reducer) -> Change:
        if self._closed is not None:
            raise StateError(self._closed)
        recorder = Recorder(self._root)
        draft = DictDraft(self._root, recorder, None, "")
        self._reducing = asyncio.current_task()
        try:
            result = reducer(action, draft)
            if inspect.isawaitable(result):
                result = await result
            if result is not None and result is not draft:
                raise StateError(
                    f"the reducer of {action.type!r} returned a {type(result).__name__}; "
                    "change the `state` it is given and return nothing"
                )
            change = Change(action, recorder.patches, recorder.inverses)
            if self.journal is not None and change.patches:
                self.journal.record(self._root, change)
        except BaseException:
            recorder.roll_back()
            raise
        finally:
            recorder.closed = True
            self._reducing = None
        return change

    def _tell(self, listener: ChangeListener, change: Change) -> None:
        try:
            listener(change)
        except Exception:  # noqa: BLE001
            # A listener is an onlooker (a widget, a metric): the change stands and the click goes on.
            _log.exception("%r failed on %s; the change itself was made", listener, change.action.type)

    async def _notify(self, action: Action) -> None:
        for name, subscription in tuple(self._subscriptions.items()):
            if subscription.actions is not None and action.type not in subscription.actions:
                continue
            try:
                result = subscription.callback(self._root, action)
                if inspect.isawaitable(result):
                    await result
            except Exception:  # noqa: BLE001  (one view's subscriber must not undo another's click)
                _log.exception("the subscriber %s failed on %s; the change was made", name, action.type)

    def subscribe(
        self, subscriber_id: str, callback: Subscriber, actions: Iterable[str] | None = None
    ) -> None:
        """Call `callback(state, action)` after each dispatch, until `unsubscribe`.

        Args:
            subscriber_id: A name of the caller's choice; a second subscription by it replaces the first.
            callback: A function or coroutine function. What it raises is logged, not raised.
            actions: The types of action to hear of; all if left out.
        """
        wanted = None if actions is None else frozenset(actions)
        self._subscriptions[subscriber_id] = _Subscription(callback, wanted)

    def unsubscribe(self, subscriber_id: str) -> None:
        """End a subscription; nothing happens if there is none."""
        self._subscriptions.pop(subscriber_id, None)

    def subscribe_changes(self, listener: ChangeListener) -> Callable[[], None]:
        """Call `listener(change)` with every change, in order; returns the way to end it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state that storage kept; missing branches stay empty.

        Raises:
            UnstorableError: If it holds a value that the tree can't. Nothing is taken over then.
        """
        root = freeze({**{branch: {} for branch in BRANCHES}, **state})
        wrong = [branch for branch in BRANCHES if not isinstance(root[branch], dict)]
        if wrong:
            raise StateError(f"the stored {wrong[0]!r} is no mapping but {root[wrong[0]]!r}; repair it first")
        self._root = root

    async def snapshot(self) -> dict[str, Any]:
        """A plain copy of the whole state, as it is between two dispatches."""
        async with self._turn:
            return thaw(self._root)  # type: ignore[no-any-return]

    def adopt(self, patches: Iterable[Patch]) -> None:
        """Make changes that another process has already stored."""
        apply(self._root, patches)

    async def flush(self) -> None:
        """Return when every dispatch that was made before is durable; at once without a backend."""
        if self.journal is not None:
            await self.journal.flush()

    async def close(self, why: str = CLOSED) -> None:
        """Refuse further dispatches with the reason `why`, flush, and let go of the storage.

        A reducer that still awaits after some seconds is cancelled; what it changed is taken back.
        """
        self._closed = why
        try:
            await asyncio.wait_for(self._turn.acquire(), REDUCER_PATIENCE)
        except TimeoutError:
            if self._reducing is not None:
                self._reducing.cancel()
            await self._turn.acquire()
        self._turn.release()
        journal, self.journal = self.journal, None
        if journal is not None:
            await journal.close()

    async def abandon(self, why: str = CLOSED) -> None:
        """End as a killed process does: what is not durable yet is lost. For tests and the lab."""
        self._closed = why
        journal, self.journal = self.journal, None
        if journal is not None:
            await journal.abandon()


_current = StateStore()


def get_store() -> StateStore:
    """The store of the bot that runs in this process."""
    return _current


def set_store(store: StateStore) -> StateStore:
    """Make `store` the one that `get_store()` returns; returns the one before it."""
    global _current
    before, _current = _current, store
    return before


def reducer(action_type: str) -> Callable[[ReducerT], ReducerT]:
    """Register a function or coroutine function `(action, state)` as the reducer of an action.

    It changes `state`, a draft of the state tree, and returns nothing:

    >>> @reducer("COUNTER_INCREMENTED")
    ... def increment(action, state):
    ...     counters = state["application"].setdefault("counters", {})
    ...     key = action["payload"]["key"]
    ...     counters[key] = counters.get(key, 0) + 1
    """

    def register(function: ReducerT) -> ReducerT:
        get_store().reducers.register(action_type, function)
        return function

    return register
