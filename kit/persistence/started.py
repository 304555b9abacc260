"""The views that a `ViewClient` has started, found by the messages and custom_ids that they answer.

And what `Routes` wants to know of those that are stored and were not started yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import discord
from discord import ui
from discord.ui.view import BaseView

Key = tuple[int, str]
"""The type of a component, and its custom_id: what discord.py finds the controls of a view by."""


@dataclass(slots=True)
class Place:
    """Where a started view answers.

    Attributes:
        kind: "bound" to a message, "unbound", or "pending": to be bound by its first interaction.
        message_id: The message it is bound to.
        channel_id: Where that is, if it is known.
        guild_id: Likewise.
        state_key: The name under which it is stored, if it is.
        keys: The controls that it had when it was started unbound, or pending.
    """

    kind: Literal["bound", "unbound", "pending"]
    message_id: int | None = None
    channel_id: int | None = None
    guild_id: int | None = None
    state_key: str | None = None
    keys: tuple[Key, ...] = field(default=(), repr=False)


class StartedViews:
    """The started views of one bot.

    Attributes:
        places: Where each of them answers.
        ended: The state keys of stored views that were stopped: they come back with the next process.
    """

    def __init__(self) -> None:
        self.places: dict[BaseView, Place] = {}
        self.ended: set[str] = set()
        self._bound: dict[int, BaseView] = {}
        self._unbound: dict[str, tuple[BaseView, Key, ui.Item[Any]]] = {}
        self._pending: dict[str, dict[BaseView, None]] = {}
        self._stored: dict[str, BaseView] = {}

    def add(self, view: BaseView, place: Place) -> None:
        """Remember `view`, which was not started; in a bound one's place, nobody else may be."""
        self.places[view] = place
        if place.state_key is not None:
            self.keep(view, place.state_key)
        if place.message_id is not None:
            self._bound[place.message_id] = view
            return
        if place.kind == "pending":
            self.wait_for_controls(view)
            return
        found = controls(view)
        place.keys = tuple(found)
        self._unbound.update({key[1]: (view, key, item) for key, item in found.items()})

    def wait_for_controls(self, view: BaseView) -> None:
        """Find a pending view by the controls that it has now; who waits longer still goes first."""
        place = self.places[view]
        before, place.keys = place.keys, tuple(controls(view))
        for key in place.keys:
            self._pending.setdefault(key[1], {}).setdefault(view)
        self._stop_waiting(view, {custom_id for _, custom_id in before} - {name for _, name in place.keys})

    def _stop_waiting(self, view: BaseView, custom_ids: Iterable[str]) -> None:
        for custom_id in custom_ids:
            del self._pending[custom_id][view]
            if not self._pending[custom_id]:
                del self._pending[custom_id]

    def discard(self, view: BaseView) -> Place | None:
        """Forget `view`, and nobody else; returns where it answered."""
        place = self.places.pop(view, None)
        if place is None:
            return None
        if place.state_key is not None and self._stored.get(place.state_key) is view:
            del self._stored[place.state_key]
        if place.message_id is not None and self._bound.get(place.message_id) is view:
            del self._bound[place.message_id]
        custom_ids = {custom_id for _, custom_id in place.keys}
        if place.kind == "pending":
            self._stop_waiting(view, custom_ids)
        for custom_id in custom_ids if place.kind == "unbound" else ():
            del self._unbound[custom_id]
        return place

    def keep(self, view: BaseView, state_key: str | None) -> None:
        """Know a started view as the one of a stored entry, or of none."""
        place = self.places[view]
        if place.state_key is not None and self._stored.get(place.state_key) is view:
            del self._stored[place.state_key]
        place.state_key = state_key
        if state_key is not None:
            self.ended.discard(state_key)
            self._stored[state_key] = view

    def on_message(self, message_id: int) -> BaseView | None:
        """The view that is bound to a message."""
        return self._bound.get(message_id)

    def unbound(self, custom_id: str) -> tuple[BaseView, Key, ui.Item[Any]] | None:
        """The unbound view of a custom_id, with the control that it had when it was started."""
        return self._unbound.get(custom_id)

    def pending(self, custom_id: str) -> tuple[BaseView, ...]:
        """The views that wait for their first interaction, and have that custom_id; oldest first."""
        return tuple(self._pending.get(custom_id, ()))

    def stored(self, state_key: str) -> BaseView | None:
        """The view that runs for a stored entry."""
        return self._stored.get(state_key)

    @property
    def state_keys(self) -> set[str]:
        """The state keys of the stored entries for which a view runs."""
        return set(self._stored)

    def of_kind(self, kind: str) -> list[BaseView]:
        """The views of a kind of place."""
        return [view for view, place in self.places.items() if place.kind == kind]

    def where(self, **ids: int) -> list[BaseView]:
        """The views in a channel or a guild: `where(channel_id=5)`."""
        return [
            view
            for view, place in self.places.items()
            if all(getattr(place, name) == value for name, value in ids.items())
        ]

    def __contains__(self, view: object) -> bool:
        return view in self.places

    def __iter__(self) -> Iterator[BaseView]:
        return iter(tuple(self.places))

    def __len__(self) -> int:
        return len(self.places)


class Sleepers(Protocol):
    """What is stored and answers on a bot's messages, though no view of it was made yet."""

    def claims(self, message_id: int, key: Key) -> bool:
        """Whether a panel on the message answers that control itself."""

    def panel_on(self, message_id: int) -> str | None:
        """The state key of the panel on a message."""

    def renew_panel(self, message_id: int) -> None:
        """Replace the panel on a message, if its class was defined anew."""

    def wake(self, message_id: int) -> BaseView | None:
        """Start the stored view that is bound to a message, if there is one."""

    def wake_unbound(self) -> None:
        """Start the stored unbound views that were not started yet, and renew the others."""

    def wake_stored(self, state_key: str) -> None:
        """Start the stored unbound view of a state key, if there is one and it was not started yet."""

    def end(self) -> None:
        """Let nothing that is stored start any more, in this process."""

    def renew(self, view: BaseView, state_key: str) -> BaseView:
        """The view that answers for a stored one from now on: another, if its class was defined anew."""

    def met(self, state_key: str, interaction: discord.Interaction[Any]) -> None:
        """A stored view was found on the message of an interaction."""


def controls(view: BaseView) -> dict[Key, ui.Item[Any]]:
    """What can be pressed on a view, as discord.py looks for it; dynamic items find themselves."""
    found: dict[Key, ui.Item[Any]] = {}
    for item in view.walk_children():
        if item.is_dispatchable() and not isinstance(item, ui.DynamicItem):
            pressable: Any = item
            found[item.type.value, pressable.custom_id] = item
    return found


def alike(one: BaseView, other: BaseView) -> bool:
    """Whether two views are of one class; one that was defined again, by a reload, counts as the same."""
    classes = (type(one), type(other))
    return classes[0] is classes[1] or len({(cls.__module__, cls.__qualname__) for cls in classes}) == 1


def redefines(one: BaseView, other: BaseView) -> bool:
    """Whether the class of `one` is that of `other`, defined again."""
    return type(one) is not type(other) and alike(one, other)


def settle(view: Any, message: Any) -> None:
    """Make `message` the one that a view knows itself to be on.

    Raises:
        TypeError: If its class has a property or a component of that name.
    """
    taken = isinstance(getattr(type(view), "message", None), property)
    if taken and hasattr(view, "settle"):
        view.settle(message)
    elif taken or isinstance(vars(view).get("message"), ui.Item):
        raise TypeError(
            f"{type(view).__name__} has a property or a component called `message`, which is where a "
            "ViewClient puts the message that the view is on; give yours another name"
        )
    else:
        view.message = message
