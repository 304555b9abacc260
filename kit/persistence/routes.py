"""Who answers a click: discord.py's table of views, with the rules that it lacks.

discord.py knows views by message and views of no message, and asks nobody: the one that was
added last answers, an old view's `stop()` forgets a newer one's buttons, and neither an edit
nor a deleted message forgets anything. `Routes` takes the place of that table in a bot, and
is the only part of kit that reaches into it. A click is answered by the first of

1. the view that is bound to the message, or the panel on it,
2. the view that was sent on the message, unless it is the twin of an unbound one,
3. the unbound view of the custom_id,
4. a view that waits for the first message to bind to,
5. whatever discord.py knows beyond that: dynamic items, and `bot.add_view(view)`.
"""

# ruff: noqa: SLF001  (this is the file that reaches into discord.py's table)

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

import discord
from discord import ui
from discord.ui.view import BaseView, ViewStore

from kit.persistence.answering import ROUTED, answer_privately, run
from kit.persistence.deletions import follow_deletions
from kit.persistence.started import Key, Place, Sleepers, StartedViews, alike, controls, redefines, settle

_log = logging.getLogger(__name__)

Answer = tuple[BaseView, ui.Item[Any]]


class Routes(ViewStore):
    """The views of one bot. `routes_of(bot)` makes it.

    Attributes:
        started: The views that a `ViewClient` has started.
        sleepers: What is stored for this bot, once persistence is set up.
    """

    def __init__(self, former: ViewStore) -> None:
        vars(self).update(vars(former))
        self.started = StartedViews()
        self.sleepers: Sleepers | None = None
        # Views that others have displaced by an edit. Shown again, they are bound again.
        self._left: WeakKeyDictionary[BaseView, Place] = WeakKeyDictionary()
        # A view that is sent twice is on both messages; discord.py remembers the last.
        self._sent: WeakKeyDictionary[BaseView, set[int]] = WeakKeyDictionary()
        self._answers: set[asyncio.Task[None]] = set()
        for message_id, items in self._views.items():
            for view in {item.view for item in items.values() if item.view is not None}:
                # From now on it ends here: discord.py's own table would forget a newer view's buttons.
                view._start_listening_from_store(self)
                if message_id is not None:
                    self._sent.setdefault(view, set()).add(message_id)

    @property
    def persistent_views(self) -> list[BaseView]:
        """What `bot.persistent_views` lists: those that a ViewClient has started are among them."""
        started = [view for view in self.started if view.is_persistent()]
        return list({view.id: view for view in (*super().persistent_views, *started)}.values())

    def start(
        self, view: BaseView, place: Place, message: Any = None, *, instead_of: BaseView | None = None
    ) -> None:
        """Let `view` answer at `place`. A bound view whose message it takes is stopped, or `instead_of`.

        Raises:
            ValueError: If it would answer for a running unbound view, or on a panel's message.
            TypeError: If its class uses the name `message` for something else.
        """
        before = self.started.places.get(view)
        former = [] if instead_of is None else [instead_of]
        if before is not None and (before.kind == "unbound" or place.kind != "bound"):
            raise ValueError(f"{type(view).__name__} is started already; start a new instance, or stop it")
        if place.message_id is not None:
            self._refuse_on_panel(view, place.message_id)
        else:
            former += self._refuse_twin(view, place.kind, instead_of)
        if before is not None and before.message_id == place.message_id:
            place.state_key = place.state_key or before.state_key
        settle(view, message)
        for other in former:
            other.stop()
        self.release(view)
        view._start_listening_from_store(self)
        self._add_dynamic_items_of(view)
        if place.message_id is not None:
            self._bind(view, place, place.message_id)
            return
        self.started.add(view, place)
        if place.kind == "unbound":
            self._forget_sent(view)

    def replace(self, old: BaseView, new: BaseView) -> None:
        """Let `new` answer where `old` does, which is stopped; nothing has changed if that is refused."""
        place, sent = self.started.places[old], tuple(self._sent.get(old, ()))
        self.start(new, replace(place, keys=()), getattr(old, "message", None), instead_of=old)
        if place.kind == "pending":
            for message_id in sent:
                self._add_sent(new, message_id)

    def release(self, view: BaseView) -> None:
        """Forget a started view without stopping it, as if it had never been started."""
        place = self.started.discard(view)
        if place is None or place.message_id is None:
            return
        if self._synced_message_views.get(place.message_id) is view:
            del self._synced_message_views[place.message_id]

    def sent_on(self, message_id: int | None) -> BaseView | None:
        """The view that discord.py knows on a message: nobody has started it."""
        items = () if message_id is None else self._views.get(message_id, {}).values()
        views = (item.view for item in items)
        return next((view for view in views if view is not None and not view.is_finished()), None)

    def place_of(self, view: BaseView) -> Place | None:
        """Where a started view answers, or would if another were not shown on its message."""
        return self.started.places.get(view, self._left.get(view))

    def bound_on(self, message_id: int) -> BaseView | None:
        """The view that is bound to a message; a stored one is made now."""
        view = self.started.on_message(message_id)
        if view is not None:
            return self._renewed(view)
        if self.sleepers is not None and message_id not in self._views:
            return self.sleepers.wake(message_id)
        return None

    def unbound(self, custom_id: str) -> BaseView | None:
        """The unbound view that answers a custom_id; a stored one is made now."""
        if self.started.unbound(custom_id) is None and self.sleepers is not None:
            self.sleepers.wake_unbound()
        found = self._find_running(custom_id)
        return None if found is None else found[0]

    def _find_running(self, custom_id: str) -> tuple[BaseView, Key, ui.Item[Any]] | None:
        found = self.started.unbound(custom_id)
        if found is not None and self._renewed(found[0]) is not found[0]:
            return self.started.unbound(custom_id)
        return found

    def _renewed(self, view: BaseView) -> BaseView:
        state_key = self.started.places[view].state_key
        if state_key is None or self.sleepers is None:
            return view
        return self.sleepers.renew(view, state_key)

    def stored(self, state_key: str) -> BaseView | None:
        """The view that runs for a stored unbound entry; made now if it does not run."""
        running = self.started.stored(state_key)
        if running is not None:
            return self._renewed(running)
        if self.sleepers is not None:
            self.sleepers.wake_stored(state_key)
        return self.started.stored(state_key)

    def clear(self) -> None:
        """Stop all started views, and those that are stored and were not started yet."""
        if self.sleepers is not None:
            self.sleepers.end()
        for view in self.started:
            view.stop()

    def forget_message(self, message_id: int) -> None:
        """Stop the view that is bound to a message, and forget what was sent on it: the message is gone."""
        gone = [view for view, place in self._left.items() if place.message_id == message_id]
        bound = self.started.on_message(message_id)
        for view in gone if bound is None else (*gone, bound):
            self.release(view)
            self._left.pop(view, None)
            view.stop()
        self._views.pop(message_id, None)
        self._synced_message_views.pop(message_id, None)

    def forget_where(self, **ids: int) -> None:
        """Stop the views that are bound in a channel or a guild: `forget_where(channel_id=5)`.

        What is stored stays so: a bot that comes back to a guild finds its messages there.
        """
        for view in self.started.where(**ids):
            self.release(view)
            view.stop()

    def add_view(self, view: BaseView, message_id: int | None = None) -> None:
        """What discord.py calls for a view that was sent, edited into a message, or added."""
        if view.__discord_ui_modal__:
            super().add_view(view, message_id)
            return
        if message_id is not None:
            self._give_way(view, message_id)
            # Nothing that an edit has removed or renamed stays.
            self._views.pop(message_id, None)
        place = self.started.places.get(view)
        if place is not None and place.kind == "unbound":
            # discord.py gives a view that it sends on an ephemeral message fifteen minutes.
            view.timeout = None
            self._refuse_edited(view, place)
        elif place is not None:
            self._add_started(view, place, message_id)
        elif message_id is None:
            super().add_view(view)
        elif not self._is_twin(view):
            self._add_sent(view, message_id)
        else:
            # The unbound view of its class answers for it.
            self._add_dynamic_items_of(view)

    def _add_started(self, view: BaseView, place: Place, message_id: int | None) -> None:
        self._add_dynamic_items_of(view)
        if place.kind == "pending":
            self.started.wait_for_controls(view)
            if message_id is not None:
                self._add_sent(view, message_id)
        elif message_id is not None and place.message_id == message_id:
            view._start_listening_from_store(self)
            self._synced_message_views[message_id] = view
        else:
            _log.warning(
                "%r is bound to the message %s and does not answer on %s, where it was sent, too: send a new "
                "instance, or move it with `start_view(view, bind_to=message)`",
                view,
                place.message_id,
                "others" if message_id is None else message_id,
            )

    def remove_view(self, view: BaseView) -> None:
        """What a view that has ended calls. It forgets its own controls and nobody else's."""
        if view.__discord_ui_modal__:
            super().remove_view(view)
            return
        place = self.place_of(view)
        if place is not None and place.state_key is not None:
            self.started.ended.add(place.state_key)
        self.release(view)
        self._left.pop(view, None)
        self._forget_sent(view)

    def dispatch_view(
        self, component_type: int, custom_id: str, interaction: discord.Interaction[Any]
    ) -> None:
        """Give an interaction to the one view that answers it."""
        key = (component_type, custom_id)
        message_id = None if interaction.message is None else interaction.message.id
        if message_id is not None and self.sleepers is not None:
            self.sleepers.renew_panel(message_id)
        found = None if message_id is None else self._find(key, message_id)
        if found is not None:
            self._answer(found, interaction)
            return
        item = self._sent_on(key, message_id)
        dynamic = self._is_dynamic(custom_id)
        if message_id is not None and item is None and not dynamic:
            bound = self.started.on_message(message_id)
            if bound is None and self._is_claimed(key, message_id):
                return
            if bound is not None and self._sent_on(key, None) is None:
                interaction.extras[ROUTED] = bound.id
                self._spawn(answer_privately(interaction, "This control was removed."), "viewkit-removed")
                return
        item = item or self._sent_on(key, None)
        if dynamic or item is not None:
            interaction.extras[ROUTED] = custom_id
        self.dispatch_dynamic_items(component_type, custom_id, interaction)
        task = None if item is None or item.view is None else item.view._dispatch_item(item, interaction)
        if task is not None:
            self.add_task(task)

    def answer_unbound(self, interaction: discord.Interaction[Any]) -> bool:
        """Let the unbound view of a custom_id answer, for a panel that lacks it; whether there is one."""
        data: Any = interaction.data
        found = self._find_unbound((data["component_type"], data["custom_id"]))
        if found is not None:
            self._answer(found, interaction)
        return found is not None

    def _find(self, key: Key, message_id: int) -> Answer | None:
        """Who answers, if it is a started view."""
        bound = self.bound_on(message_id)
        if bound is not None:
            item = controls(bound).get(key)
            return (bound, item) if item is not None else self._find_unbound(key)
        sent = self._sent_on(key, message_id)
        if sent is not None and sent.view is not None:
            return self._find_for(sent.view, sent, key, message_id)
        if self._is_claimed(key, message_id):
            return None
        unbound = self._find_unbound(key)
        if unbound is not None or message_id in self._views or self._is_dynamic(key[1]):
            return unbound
        for view in self.started.pending(key[1]):
            item = controls(view).get(key)
            if item is not None:
                self._settle_down(view, message_id)
                return view, item
        return None

    def _find_for(self, view: BaseView, item: ui.Item[Any], key: Key, message_id: int) -> Answer | None:
        """Who answers for a view that discord.py knows to be on the message; None if it does itself."""
        if view in self.started:
            self._settle_down(view, message_id)
            return view, item
        unbound = self._running_unbound(key)
        return unbound if unbound is not None and alike(unbound[0], view) else None

    def _find_unbound(self, key: Key) -> Answer | None:
        return None if self.unbound(key[1]) is None else self._running_unbound(key)

    def _running_unbound(self, key: Key) -> Answer | None:
        found = self._find_running(key[1])
        return (found[0], found[2]) if found is not None and found[1] == key else None

    def _sent_on(self, key: Key, message_id: int | None) -> ui.Item[Any] | None:
        """The control that discord.py knows on a message, of a view that has not ended and has it still."""
        item = self._views.get(message_id, {}).get(key)
        if item is None or item.view is None or item.view.is_finished():
            return None
        # Before 2.7, discord.py leaves a removed control with its view.
        return item if controls(item.view).get(key) is item else None

    def _is_claimed(self, key: Key, message_id: int) -> bool:
        return self.sleepers is not None and self.sleepers.claims(message_id, key)

    def _is_dynamic(self, custom_id: str) -> bool:
        return any(pattern.fullmatch(custom_id) for pattern in self._dynamic_items)

    def _answer(self, answer: Answer, interaction: discord.Interaction[Any]) -> None:
        view, item = answer
        interaction.extras[ROUTED] = view.id
        place = self.started.places[view]
        if place.kind == "bound":
            if not _is_editable_reply(getattr(view, "message", None)):
                settle(view, interaction.message)
            place.channel_id, place.guild_id = interaction.channel_id, interaction.guild_id
            if place.state_key is not None and self.sleepers is not None:
                self.sleepers.met(place.state_key, interaction)
        # Named as discord.py names the task of an interaction.
        self._spawn(run(view, item, interaction), f"discord-ui-view-dispatch-{view.id}")

    def _spawn(self, work: Any, name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    def _bind(self, view: BaseView, place: Place, message_id: int) -> None:
        former = self.started.on_message(message_id)
        if former is not None:
            former.stop()
        # Where else it was sent, it answers no more.
        self._forget_sent(view)
        self._views.pop(message_id, None)
        self.started.add(view, place)
        self._synced_message_views[message_id] = view

    def _settle_down(self, view: BaseView, message_id: int) -> None:
        """Bind a view that has waited for its first interaction."""
        if self.started.places[view].kind == "pending":
            place = self.started.discard(view)
            assert place is not None
            self._bind(view, Place("bound", message_id, state_key=place.state_key), message_id)

    def _give_way(self, view: BaseView, message_id: int) -> None:
        """Let go of the view that is bound to a message, which shows `view` now."""
        on_it = self.started.on_message(message_id)
        if on_it is not None and on_it is not view:
            self._left[on_it] = self.started.places[on_it]
            self.release(on_it)
        place = self._left.get(view)
        if place is not None and place.message_id == message_id and view not in self.started:
            del self._left[view]
            self.started.add(view, place)

    def _add_sent(self, view: BaseView, message_id: int) -> None:
        super().add_view(view, message_id)
        self._sent.setdefault(view, set()).add(message_id)

    def _forget_sent(self, view: BaseView) -> None:
        """Take a view out of discord.py's own tables, with what it had there and has no more."""
        for place in {view._cache_key, None, *self._sent.pop(view, ())}:
            known = self._views.get(place, {})
            for key in [key for key, item in known.items() if item.view is view or item.view is None]:
                del known[key]
            if not known:
                self._views.pop(place, None)
            if place is not None and self._synced_message_views.get(place) is view:
                del self._synced_message_views[place]

    def _is_twin(self, view: BaseView) -> bool:
        """Whether an unbound view of the same class answers every control of `view`."""
        if not (view.is_persistent() and view.is_dispatchable()):
            return False
        owners = [self.unbound(custom_id) for _, custom_id in controls(view)]
        return bool(owners) and all(owner is not None and alike(owner, view) for owner in owners)

    def _refuse_twin(self, view: BaseView, kind: str, instead_of: BaseView | None) -> list[BaseView]:
        """Refuse what runs already. Returns the views whose class that of `view` was defined in place of."""
        former: dict[BaseView, None] = {}
        for _, custom_id in controls(view):
            running = self.unbound(custom_id)
            if running is None or running is view or running is instead_of:
                continue
            if kind != "unbound" or not redefines(view, running):
                raise ValueError(
                    f"a {type(running).__name__} is running unbound and answers {custom_id!r} on every "
                    f"message, also on those that are sent later: send this {type(view).__name__} and don't "
                    "start it. To give one message a view of its own, write `start_view(view, "
                    "bind_to=message)`"
                    + ("; to start another one unbound, stop that one first" if kind == "unbound" else "")
                )
            former[running] = None
        return list(former)

    def _refuse_on_panel(self, view: BaseView, message_id: int) -> None:
        state_key = None if self.sleepers is None else self.sleepers.panel_on(message_id)
        if state_key is not None:
            raise ValueError(
                f"the panel {state_key!r} is on the message {message_id} and answers there, so no "
                f"{type(view).__name__} can be bound to it; `await panel.exit()` ends the panel"
            )

    def _refuse_edited(self, view: BaseView, place: Place) -> None:
        if set(place.keys) != set(controls(view)):
            raise RuntimeError(
                f"{type(view).__name__} is unbound, serves every message, and can't be edited at run time: "
                "what was added to this message answers nobody. To edit a message, bind a view of its own to "
                "it: `start_view(view, bind_to=interaction.message)`"
            )

    def _add_dynamic_items_of(self, view: BaseView) -> None:
        self.add_dynamic_items(
            *(type(item) for item in view.walk_children() if isinstance(item, ui.DynamicItem))
        )


def lives_here(view: BaseView) -> bool:
    """Whether a view was made in the event loop that runs now. One that was not swallows every click."""
    # The name is that of a private attribute: where a version of discord.py has another, nothing is known.
    for stopped in (value for name, value in vars(view).items() if name.endswith("__stopped")):
        return stopped is not None and stopped.get_loop() is asyncio.get_running_loop()
    return True


def _is_editable_reply(message: Any) -> bool:
    """Whether a message is an ephemeral one that can be edited: only by the token that it was sent with."""
    return (
        isinstance(message, discord.InteractionMessage | discord.WebhookMessage) and message.flags.ephemeral
    )


def routes_of(bot: Any) -> Routes:
    """The routes of a bot: made, and put in the place of discord.py's table, when first asked for."""
    state = bot._connection
    known = state._view_store
    if isinstance(known, Routes):
        return known
    state._view_store = routes = Routes(known)
    follow_deletions(bot, routes)
    return routes
