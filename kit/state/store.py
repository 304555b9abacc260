"""The store: the state tree, the only way to change it, and who hears of a change.

`dispatch` runs one reducer on a draft of the live tree and yields the patches it
made. Everything else consumes that stream: the journal writes it to storage, the
state tree widget repaints from it, selectors and computed values wake from it. No
step looks at more of the tree than the patches name, so a dispatch costs the same
at any size.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from kit.state.actions import BATCH_COMPLETE, SCOPED_UPDATE, STATE_SYNCED, Action, UndoScope
from kit.state.computed import COMPUTED, Computed, Definition
from kit.state.draft import DictDraft, Recorder
from kit.state.hooks import Hook, Hooks
from kit.state.journal import Journal
from kit.state.patches import Change, Patch, apply
from kit.state.reducers import Reducers
from kit.state.scopes import scope_name
from kit.state.selectors import Selector, Watchers
from kit.state.subscriptions import Subscriber, Subscription, Subscriptions
from kit.state.transaction import Batch, Middleware, Transaction, copied, is_in_reducer
from kit.state.tree import StateError, freeze, thaw

_log = logging.getLogger(__name__)

BRANCHES = ("views", "sessions", "application", "persistent_views")

REDUCER_PATIENCE = 2.0
HISTORY = 200
CLOSED = "this store was closed; `kit.get_store()` returns the current one"

ChangeListener = Callable[[Change], None]

_batch: ContextVar[Batch | None] = ContextVar("viewkit_batch", default=None)


class StateStore:
    """The state of a bot.

    Args:
        reducers: The reducers to answer actions with; a set of its own if left out.

    Attributes:
        computed: The computed values, by name.
        history: The latest actions, oldest first.
        hooks: What is called when something happens; see `kit.state.hooks`.
        extras: What other rooms keep for as long as this store lives.
    """

    def __init__(self, *, reducers: Reducers | None = None) -> None:
        self.reducers = reducers if reducers is not None else Reducers()
        self.hooks = Hooks()
        self.history: deque[Action] = deque(maxlen=HISTORY)
        self.journal: Journal | None = None
        self.extras: dict[str, Any] = {}
        self._middleware: list[Middleware] = []
        self._definitions: dict[str, Definition] = {}
        self._root = freeze({branch: {} for branch in BRANCHES})
        self._turn = asyncio.Lock()
        self._reducing: asyncio.Task[Any] | None = None
        self._closed: str | None = None
        self._listeners: list[ChangeListener] = []
        self._watchers = Watchers()
        self._subscriptions = Subscriptions(self._watchers, self.hooks)
        self.computed = Computed(lambda: self.state, self._definitions, self._watchers)
        self._counters = {"dispatches": 0, "dispatch_errors": 0}

    def successor(self) -> StateStore:
        """A new, empty store with the reducers, middleware, hooks and computed values of this one.

        As in the next process, whose code registers all of them again.
        """
        store = StateStore(reducers=self.reducers)
        store.hooks = store._subscriptions.hooks = self.hooks
        store._middleware = self._middleware
        store._definitions.update(self._definitions)
        return store

    @property
    def state(self) -> Mapping[str, Any]:
        """The live state tree, to read. Changing it raises `StateMutationError`."""
        return self._root  # type: ignore[no-any-return]

    async def dispatch(
        self,
        action_type: str,
        payload: Mapping[str, Any] | None = None,
        *,
        source: str | None = None,
        undo: UndoScope | None = None,
    ) -> Change:
        """Run the reducer of `action_type`, then tell the journal and the subscribers.

        Dispatches take effect one after the other, in the order in which they were
        called, reducers that await included. While a reducer awaits, what it has changed
        so far can be read; if it raises, that is taken back.

        Args:
            action_type: The name of the action.
            payload: What the reducer needs to know.
            source: The id of the view that dispatches.
            undo: Whose undo it goes to; it can't be undone if left out.

        Returns:
            The change that was made. It is durable after `await store.flush()`.

        Raises:
            StateError: If no reducer answers the action, a reducer returns a new state, or
                a value can't be kept. Nothing has changed then.
            Exception: What the reducer or a middleware raised. Nothing has changed then either.
        """
        action = Action(action_type, {} if payload is None else copied(payload), source, undo=undo)
        self._refuse_within_a_reducer(action_type)
        batch = self._open_batch()
        if batch is not None:
            return await batch.perform(action)
        async with self._turn:
            transaction = self._transaction()
            self._reducing = asyncio.current_task()
            try:
                change = await transaction.perform(action)
                if undo is not None:
                    change = transaction.finish(change.action)
                self._record(change)
            except BaseException:
                transaction.roll_back()
                self._counters["dispatch_errors"] += 1
                raise
            finally:
                self._reducing = None
        self._remember(change)
        await self._announce(change)
        return change

    @contextlib.asynccontextmanager
    async def batch(
        self, *, source: str | None = None, undo: UndoScope | None = None
    ) -> AsyncIterator[Batch]:
        """Make several dispatches take effect together, or not at all.

        They are one change: durable together, one step of undo, and subscribers hear of them
        once, as BATCH_COMPLETE. What is raised in the block takes all of them back. Other
        dispatches wait until it ends, so keep it short. A batch in a batch is part of it.

            async with store.batch():
                await store.dispatch("COINS_TAKEN", {"n": 5})
                await store.dispatch("ITEM_GIVEN", {"item": "sword"})
        """
        outer = self._open_batch()
        if outer is not None:
            yield outer
            return
        self._refuse_within_a_reducer("a batch")
        async with self._turn:
            transaction = self._transaction()
            batch = Batch(transaction, source, undo)
            token = _batch.set(batch)
            try:
                yield batch
                await batch.end()
                performed = {"actions": tuple(transaction.actions)}
                change = transaction.finish(Action(BATCH_COMPLETE, performed, source))
                self._record(change)
            except BaseException:
                try:
                    if batch.is_open:
                        await batch.end()
                finally:
                    transaction.roll_back()
                    self._counters["dispatch_errors"] += 1
                raise
            finally:
                _batch.reset(token)
        self._remember(change)
        await self._announce(change)

    def _remember(self, change: Change) -> None:
        self.history.extend(change.actions)
        self._counters["dispatches"] += len(change.actions)

    def _open_batch(self) -> Batch | None:
        batch = _batch.get()
        return batch if batch is not None and batch.belongs_to(self._root) else None

    @property
    def in_batch(self) -> bool:
        """Whether this is called from within a batch of this store."""
        return self._open_batch() is not None

    def _refuse_within_a_reducer(self, what: str) -> None:
        if is_in_reducer():
            raise StateError(f"a reducer or a middleware called for {what!r}; do that after it has returned")

    def _transaction(self) -> Transaction:
        if self._closed is not None:
            raise StateError(self._closed)
        return Transaction(self._root, self.reducers, self._middleware, self._touch)

    def _record(self, change: Change) -> None:
        if self.journal is not None and change.patches:
            self.journal.record(self._root, change)

    def _touch(self, patches: Sequence[Patch]) -> None:
        """Let what looks at the places of `patches` look again: computed values, and selectors."""
        if not self._watchers:
            return
        for owner, name in self._watchers.touched(patch.path for patch in patches):
            if owner == COMPUTED:
                self.computed.forget(name)
            else:
                self._subscriptions.touch(name)

    async def _announce(self, change: Change, *, again: bool = False) -> None:
        """Tell everybody. Of actions that run `again`, only those who look at what they change."""
        actions = () if again else change.actions
        for listener in tuple(self._listeners):
            self._tell(listener, change)
        if not change.actions and not change.patches:
            # A middleware has stopped it.
            return
        if self._subscriptions:
            action = Action(STATE_SYNCED) if again else change.action
            kinds = {action.type, *(done.type for done in actions)}
            await self._subscriptions.tell(action, kinds, self._root)
        if self.hooks:
            for action in actions:
                await self.hooks.call(action.type, action, self._root)

    def _tell(self, listener: ChangeListener, change: Change) -> None:
        try:
            listener(change)
        except Exception:  # noqa: BLE001
            # A listener is an onlooker (a widget, a metric): the change stands and the click goes on.
            _log.exception("%r failed on %s; the change itself was made", listener, change.action.type)

    def subscribe(
        self,
        subscriber_id: str,
        callback: Subscriber,
        action_filter: Iterable[str] | None = None,
        selector: Selector | None = None,
    ) -> None:
        """Call `callback(state, action)` after each dispatch, until `unsubscribe`.

        With a selector, only after dispatches that have changed what it selects. It runs
        again only when something it has read was touched, so it must read nothing but the
        state it is given:

            store.subscribe("hud", redraw, selector=lambda state: state["application"].get("score"))

        Args:
            subscriber_id: A name of the caller's choice; a second subscription by it replaces the first.
            callback: A function or coroutine function. What it raises is logged, not raised.
            action_filter: The types of action to hear of; all if left out.
            selector: A function of the state.

        Raises:
            Exception: What the selector raises when it is run for the first time.
        """
        actions = None if action_filter is None else frozenset(action_filter)
        self._subscriptions.add(Subscription(subscriber_id, callback, actions, selector), self._root)

    def unsubscribe(self, subscriber_id: str) -> None:
        """End a subscription; nothing happens if there is none."""
        self._subscriptions.remove(subscriber_id)

    def subscribe_changes(self, listener: ChangeListener) -> Callable[[], None]:
        """Call `listener(change)` with every change, in order; returns the way to end it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def on(self, name: str, hook: Hook) -> None:
        """Call `hook(action, state)` after each action of type `name`, "view_created" or "VIEW_CREATED".

        The names `flush`, `error`, `restore` and `conflict` are events of the store, with other
        arguments: see `kit.state.hooks`.
        """
        self.hooks.on(name, hook)

    def off(self, name: str, hook: Hook) -> None:
        """End what `on` began; ValueError if there is nothing to end."""
        self.hooks.off(name, hook)

    def add_middleware(self, middleware: Middleware) -> None:
        """Let `await middleware(action, state, next)` stand around every reducer.

        It goes on with `await next(action, state)`, or with another action, or not at all: then
        nothing happens. What it raises, `dispatch` raises. It reads the state; reducers change it.
        """
        self._middleware.append(middleware)

    def remove_middleware(self, middleware: Middleware) -> None:
        """End what `add_middleware` began; ValueError if there is nothing to end."""
        self._middleware.remove(middleware)

    def register_computed(self, name: str, selector: Selector, compute: Callable[[Any], Any]) -> None:
        """Let `store.computed[name]` be `compute(selector(state))`, made anew only after a change of it."""
        self._definitions[name] = Definition(selector, compute)
        self.computed.forget(name)

    def get_scoped(
        self, scope: str, *, user_id: int | None = None, guild_id: int | None = None
    ) -> Mapping[str, Any]:
        """What is kept for a user, a guild, a user in a guild, or all ("global"); empty if nothing is.

        Raises:
            ValueError: If there is no such scope, or an id that it needs is missing.
        """
        scopes = self._root["application"].get("_scoped", {})
        return scopes.get(scope_name(scope, user_id=user_id, guild_id=guild_id), {})  # type: ignore[no-any-return]

    async def set_scoped(
        self, scope: str, data: Mapping[str, Any], *, user_id: int | None = None, guild_id: int | None = None
    ) -> Change:
        """Merge `data` into what is kept for a scope; as `get_scoped`, and as `dispatch`."""
        name = scope_name(scope, user_id=user_id, guild_id=guild_id)
        return await self.dispatch(SCOPED_UPDATE, {"scope": name, "data": data})

    def counters(self) -> dict[str, float]:
        """Counts since the start, by name, for a bot to export: dispatches, rows written, failures..."""
        kept = self.journal.counters() if self.journal is not None else {}
        return {**self._counters, **self._subscriptions.counters, **kept}

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
        self.computed.forget_all()
        self._subscriptions.wake_all()

    async def snapshot(self) -> dict[str, Any]:
        """A plain copy of the whole state, as it is between two dispatches."""
        if self._open_batch() is not None:
            return thaw(self._root)  # type: ignore[no-any-return]
        async with self._turn:
            return thaw(self._root)  # type: ignore[no-any-return]

    async def merge(
        self,
        adopt: Callable[[Any], None],
        take_back: Callable[[], Sequence[Change]] = tuple,
    ) -> None:
        """Bring in what other processes have stored.

        Args:
            adopt: Makes their changes on a draft of the state.
            take_back: Returns the changes of this store, oldest first, that have to be taken
                back before and made again on top, by the same actions. One that fails now is
                dropped, loudly.
        """
        async with self._turn:
            mine = take_back()
            back = [patch for change in reversed(mine) for patch in change.inverses]
            forth = [patch for change in mine for patch in change.patches]
            apply(self._root, back)
            recorder = Recorder(self._root)
            action = Action(STATE_SYNCED)
            try:
                adopt(DictDraft(self._root, recorder, None, ""))
            except BaseException:
                recorder.roll_back()
                apply(self._root, forth)
                for change in mine:
                    self._record(change)
                raise
            finally:
                recorder.closed = True
            synced = Change(action, [*back, *recorder.patches], [*recorder.inverses, *forth], (action,))
            self._touch(synced.patches)
            redone = [await self._again(change) for change in mine]
        if mine:
            self.hooks.announce("conflict", [action for change in mine for action in change.actions])
        if synced.patches:
            await self._announce(synced)
        for made in redone:
            if made is not None:
                await self._announce(made, again=True)

    async def _again(self, old: Change) -> Change | None:
        transaction = Transaction(self._root, self.reducers, self._middleware, self._touch)
        self._reducing = asyncio.current_task()
        try:
            for action in old.requests:
                await transaction.perform(action)
            change = transaction.finish(old.action)
            self._record(change)
        except Exception as error:  # noqa: BLE001  (its caller has long gone on)
            transaction.roll_back()
            what = f"{old.action.type} was dropped: another process was faster, and on top of that it fails"
            _log.error(what, exc_info=error)
            self.hooks.announce("error", what, error)
            return None
        finally:
            self._reducing = None
        return change

    async def flush(self) -> None:
        """Return when every dispatch that was made before is durable; at once without a backend.

        Raises:
            StateError: In a batch, which is durable only after its end.
            StorageError: If the storage has failed for too long. Nothing is dropped.
        """
        self._refuse_within_a_reducer("a flush")
        if self._open_batch() is not None:
            raise StateError("a batch is durable after its end; flush, or send a panel, after the block")
        if self.journal is not None:
            await self.journal.flush()

    @contextlib.asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Hold every dispatch back, with all that was dispatched before durable. To change the storage.

        Raises:
            StorageError: If the storage has failed for too long. Nothing is dropped.
        """
        while True:
            await self.flush()
            await self._turn.acquire()
            if self.journal is None or self.journal.is_idle:
                break
            self._turn.release()
        try:
            yield
        finally:
            self._turn.release()

    async def rest(self) -> None:
        """Flush, and let go of the storage until the next dispatch: the bot has closed."""
        if self.journal is not None:
            await self.journal.rest()

    async def close(self, why: str = CLOSED) -> None:
        """Refuse further dispatches with the reason `why`, flush, and let go of the storage.

        A reducer that still awaits after some seconds is cancelled; what it changed is taken back.
        """
        self._closed = why
        try:
            async with asyncio.timeout(REDUCER_PATIENCE):
                await self._turn.acquire()
        except TimeoutError:
            if self._reducing is None:
                _log.error("the store closes in the middle of a batch, whose changes are not kept")
            else:
                self._reducing.cancel()
                await self._turn.acquire()
                self._turn.release()
        else:
            self._turn.release()
        if self.journal is not None:
            try:
                # Still this store's while it flushes: what another process has overtaken is recorded again.
                await self.journal.close()
            finally:
                self.journal = None

    async def abandon(self, why: str = CLOSED) -> None:
        """End as a killed process does: what is not durable yet is lost. For tests and the lab."""
        self._closed = why
        journal, self.journal = self.journal, None
        if journal is not None:
            await journal.abandon()
