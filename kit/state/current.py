"""The store of this process, and the decorators that register with it."""

from __future__ import annotations

from collections.abc import Callable

from kit.state.computed import FunctionT
from kit.state.reducers import ReducerT
from kit.state.selectors import Selector
from kit.state.store import StateStore

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


def computed(selector: Selector) -> Callable[[FunctionT], FunctionT]:
    """Register a function of one argument as a computed value, under the function's name.

    It is given what `selector` selects, and runs only when that was changed:

    >>> @computed(selector=lambda state: state["application"].get("votes", {}))
    ... def total_votes(votes):
    ...     return sum(votes.values())
    >>> get_store().computed["total_votes"]
    0
    """

    def register(function: FunctionT) -> FunctionT:
        get_store().register_computed(function.__name__, selector, function)
        return function

    return register
