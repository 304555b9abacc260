"""Subscriptions: who hears of which dispatch, found without asking everybody."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from kit.state.actions import Action
from kit.state.hooks import Hooks
from kit.state.selectors import Selector, Watchers, is_same, is_settled, select
from kit.state.tree import Path

_log = logging.getLogger(__name__)

Subscriber = Callable[[Mapping[str, Any], Action], Awaitable[None] | None]

SUBSCRIBER = "subscriber"

_UNKNOWN = object()


@dataclass(slots=True)
class Subscription:
    """One subscriber.

    Attributes:
        name: Its id.
        callback: What is called.
        actions: The types it hears of; all if None.
        selector: If it has one, it hears only of dispatches that change what this selects.
        selected: What it selected last.
        number: Its place in the order of subscribing.
    """

    name: str
    callback: Subscriber
    actions: frozenset[str] | None
    selector: Selector | None
    selected: Any = _UNKNOWN
    number: int = 0


class Subscriptions:
    """The subscribers of a store.

    Args:
        watchers: Where selectors note what they look at.
        hooks: Whose `error` hears of subscribers that fail.

    Attributes:
        counters: How many were told, and how many of them failed.
    """

    def __init__(self, watchers: Watchers, hooks: Hooks) -> None:
        self.hooks = hooks
        self.counters = {"notifications": 0, "notification_errors": 0}
        self._watchers = watchers
        self._by_name: dict[str, Subscription] = {}
        self._to_all: dict[str, Subscription] = {}
        self._by_action: dict[str, dict[str, Subscription]] = {}
        self._owing: dict[str, set[str]] = {}
        self._stale: set[str] = set()
        self._latest = 0

    def __bool__(self) -> bool:
        return bool(self._by_name)

    def add(self, subscription: Subscription, state: Mapping[str, Any]) -> None:
        """Add a subscriber, in place of one of the same name."""
        self.remove(subscription.name)
        self._latest += 1
        subscription.number = self._latest
        self._by_name[subscription.name] = subscription
        if subscription.selector is not None:
            self._select(subscription, state)
        elif subscription.actions is None:
            self._to_all[subscription.name] = subscription
        else:
            for kind in subscription.actions:
                self._by_action.setdefault(kind, {})[subscription.name] = subscription

    def remove(self, name: str) -> None:
        """Forget a subscriber; nothing happens if there is none."""
        subscription = self._by_name.pop(name, None)
        if subscription is None:
            return
        self._watchers.discard((SUBSCRIBER, name))
        self._to_all.pop(name, None)
        for kind in subscription.actions or ():
            group = self._by_action.get(kind, {})
            group.pop(name, None)
            if not group:
                self._by_action.pop(kind, None)
            self._owing.get(kind, set()).discard(name)

    def touch(self, name: str) -> None:
        """Let the selector of a subscriber run again at the next dispatch."""
        self._stale.add(name)

    def wake_all(self) -> None:
        """Let all selectors run again at the next dispatch: the whole state was replaced."""
        self._stale = {name for name, known in self._by_name.items() if known.selector is not None}

    async def tell(self, action: Action, kinds: Collection[str], state: Mapping[str, Any]) -> None:
        """Tell those who want to hear of a change, and wait until they are done.

        Args:
            action: What they are told.
            kinds: The types of the actions that made the change.
            state: The state after it.
        """
        hearing = self.hearing(kinds, state)
        self.counters["notifications"] += len(hearing)
        waiting = []
        for subscription in hearing:
            try:
                result = subscription.callback(state, action)
            except Exception as error:  # noqa: BLE001  (one view's subscriber must not undo another's click)
                self._report(subscription, action, error)
            else:
                if inspect.isawaitable(result):
                    waiting.append((subscription, result))
        # At once: each may have a message to edit.
        outcomes = await asyncio.gather(*(result for _, result in waiting), return_exceptions=True)
        for (subscription, _), outcome in zip(waiting, outcomes, strict=True):
            if isinstance(outcome, Exception):
                self._report(subscription, action, outcome)
            elif outcome is not None:
                raise outcome

    def _report(self, subscription: Subscription, action: Action, error: Exception) -> None:
        self.counters["notification_errors"] += 1
        what = f"the subscriber {subscription.name} failed on {action.type}; the change was made"
        _log.error(what, exc_info=error)
        self.hooks.announce("error", what, error)

    def hearing(self, kinds: Collection[str], state: Mapping[str, Any]) -> list[Subscription]:
        """Those to tell of a dispatch of actions of `kinds`, in the order in which they subscribed.

        Args:
            kinds: The types of the actions.
            state: The state after it.
        """
        wake = dict(self._to_all)
        for kind in kinds:
            wake.update(self._by_action.get(kind, {}))
        names, self._stale = self._stale, set()
        for kind in kinds:
            names |= self._owing.pop(kind, set())
        for name in sorted(names):
            subscription = self._by_name.get(name)
            if subscription is None:
                continue
            if subscription.actions is not None and subscription.actions.isdisjoint(kinds):
                # What it selects may have changed: it hears of that with the next action it listens to.
                for kind in subscription.actions:
                    self._owing.setdefault(kind, set()).add(name)
            elif self._changed(subscription, state):
                wake[name] = subscription
        return sorted(wake.values(), key=lambda subscription: subscription.number)

    def _changed(self, subscription: Subscription, state: Mapping[str, Any]) -> bool:
        before = subscription.selected
        try:
            now = self._select(subscription, state)
        except Exception:  # noqa: BLE001  (a selector is the user's; its view had better look for itself)
            _log.exception(
                "the selector of the subscriber %s failed; it is told all the same", subscription.name
            )
            return True
        return not (is_settled(now) and is_settled(before) and is_same(now, before))

    def _select(self, subscription: Subscription, state: Mapping[str, Any]) -> Any:
        assert subscription.selector is not None
        seen: set[Path] = set()
        subscription.selected = _UNKNOWN
        try:
            subscription.selected, _ = select(subscription.selector, state, seen)
        finally:
            self._watchers.put((SUBSCRIBER, subscription.name), seen)
        return subscription.selected
