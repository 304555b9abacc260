"""Plain views that come back: of classes that subclass nothing of kit's, bound to a message or unbound.

Their entries stand among those of the panels, in `persistent_views`, and say `bound`: true, with
the message, or false. A bound one is made when its message is first clicked, as a panel is; an
unbound one when the bot starts, since only its controls tell what it answers.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import discord
from discord.ui.view import BaseView

from kit.persistence.arguments import accepts, check_call, named_arguments
from kit.persistence.groups import integer
from kit.persistence.index import BRANCH, check_entry, panel_index
from kit.persistence.live import live_views
from kit.persistence.registry import newer, view_classes
from kit.persistence.routes import Routes
from kit.persistence.started import Key, Place, StartedViews, controls
from kit.state import Change, StateStore, thaw
from kit.state.actions import PERSISTENT_VIEW_REGISTERED, STATE_SYNCED

_log = logging.getLogger(__name__)

_KEY = "_viewkit_key"
_ARGUMENTS = "_viewkit_arguments"


def remember_class(cls: type[BaseView]) -> None:
    """Let stored views of `cls` be made again: by its name, with the arguments of its constructor.

    Raises:
        ClassCollisionError: If the name belongs to a class of another module.
    """
    key = cls.__dict__.get("registry_key", cls.__name__)
    construct: Any = cls.__init__

    @functools.wraps(construct)
    def remembering(self: Any, *args: Any, **kwargs: Any) -> None:
        # The first to be called is the outermost class's, and its arguments make the view again.
        vars(self).setdefault(_ARGUMENTS, (args, kwargs))
        construct(self, *args, **kwargs)

    view_classes.register(key, cls)
    cls.__init__ = remembering  # type: ignore[method-assign]
    setattr(cls, _KEY, key)


def stored_name(view: BaseView) -> str | None:
    """The name by which the class of `view` was remembered, if it was."""
    key: str | None = vars(type(view)).get(_KEY)
    return key


def is_kept(cls: type) -> bool:
    """Whether views of `cls` can be stored: it was remembered, and not just a class that it derives from."""
    return _KEY in vars(cls)


def arguments_of(view: BaseView) -> dict[str, Any]:
    """The arguments of the constructor of a view whose class is remembered, by name.

    Raises:
        ValueError: If one has no name to store it by, or the view is older than the decorator.
    """
    given = vars(view).get(_ARGUMENTS)
    if given is None:
        raise ValueError(
            f"{view!r} was made before its class was decorated with `@ViewClient.persistent`, and nobody "
            "has noted its arguments: make a new one"
        )
    return named_arguments(type(view), *given)


def check_class(entry: Mapping[str, Any], cls: Any) -> None:
    """See that views of `cls` can be made from a stored entry.

    Raises:
        TypeError: If they can't be. It says why.
    """
    if not is_kept(cls):
        raise TypeError(
            f"a stored view is of the class {entry['class_name']!r}, and {cls.__module__}."
            f"{cls.__qualname__} is not kept: decorate it with `@ViewClient.persistent`"
        )
    if not hasattr(cls, "migrate"):
        check_call(cls, entry.get("kwargs", ()))


class KeptViews:
    """The plain views that are stored for one bot. `Routes` asks it for those that were not made yet.

    Args:
        bot: The bot on whose messages they are.
        store: The store that remembers them.
        routes: The bot's routes.
    """

    def __init__(self, bot: Any, store: StateStore, routes: Routes) -> None:
        self._bot = bot
        self._store = store
        self._routes = routes
        self._index = panel_index(store)
        self._live = live_views(store)
        self._starting = False
        self._broken: dict[str, type[BaseView]] = {}
        self._learning: set[asyncio.Task[Any]] = set()
        self._classes_seen = view_classes.changes
        self._recipes: WeakKeyDictionary[BaseView, tuple[Any, Any] | None] = WeakKeyDictionary()
        self._follows = store.subscribe_changes(self._follow)

    def close(self) -> None:
        """Stop following the store."""
        self._follows()

    def _follow(self, change: Change) -> None:
        """End the views of entries that another process has forgotten, or made those of another view."""
        started = self._routes.started
        for state_key in _touched(change, started):
            entry = self._store.state[BRANCH].get(state_key)
            if entry is None:
                started.ended.discard(state_key)
            view = started.stored(state_key)
            if view is None:
                continue
            recipe = None if entry is None else _recipe(entry)
            if change.action.type != STATE_SYNCED:
                self._recipes[view] = recipe
            elif recipe is None or self._recipes.get(view, recipe) != recipe:
                # Released first: what is stored under that name now may start.
                self._routes.release(view)
                view.stop()

    def start(self, state_key: str) -> BaseView:
        """Make a stored view, and let it answer.

        Raises:
            LookupError: If its class is not imported.
            Exception: What its constructor raised, or why it can't be started.
        """
        view = self._make(state_key)
        entry = self._store.state[BRANCH][state_key]
        before, self._starting = self._starting, True
        try:
            self._routes.start(view, _place(entry, state_key), self._message(entry))
        finally:
            self._starting = before
        return view

    def _make(self, state_key: str) -> BaseView:
        entry = self._store.state[BRANCH][state_key]
        check_entry(entry)
        cls = view_classes.get(entry["class_name"])
        if cls is None:
            raise LookupError(f"the class {entry['class_name']!r} of {state_key!r} is not imported")
        check_class(entry, cls)
        view = make_again(cls, thaw(entry.get("kwargs", {})))
        if not view.is_persistent():
            raise ValueError(
                f"{cls.__name__} is no longer persistent: it needs `timeout=None`, and a custom_id on "
                "every item"
            )
        self._recipes[view] = _recipe(entry)
        return view

    def claims(self, message_id: int, key: Key) -> bool:
        """Whether a panel on the message answers that control itself."""
        alive = self._live.on_message(message_id)
        if alive is not None:
            return key in controls(alive)
        state_key = self._index.on_message(message_id)
        return state_key is not None and state_key not in self._routes.started.ended

    def panel_on(self, message_id: int) -> str | None:
        """The state key of the panel on a message."""
        state_key = self._index.on_message(message_id)
        if state_key is None or "bound" in self._store.state["persistent_views"][state_key]:
            return None
        return state_key

    def renew_panel(self, message_id: int) -> None:
        """Replace the panel on a message, if its class was defined anew.

        One that can't be made is logged, and the one before it goes on.
        """
        alive = self._live.on_message(message_id)
        cls = newer(getattr(alive, "registry_key", None), type(alive))
        if cls is None or self._broken.get(alive.state_key) is cls:
            return
        try:
            new = cls.succeed(alive)
        except Exception:  # noqa: BLE001  (the constructor is the user's; the panel before it goes on)
            self._broken[alive.state_key] = cls
            _log.exception(
                "%r was defined again, and the panel %r keeps its old code", cls.__qualname__, alive.state_key
            )
            return
        # The old one first: as it ends it takes along what is registered for its message.
        alive.stop()
        new.take_over(alive)
        self._bot.add_view(new, message_id=message_id)

    def wake(self, message_id: int) -> BaseView | None:
        """Start the stored view that is bound to a message, if there is one."""
        state_key = self._index.on_message(message_id)
        if state_key is None or not self._store.state["persistent_views"][state_key].get("bound"):
            return None
        return self._try(state_key)

    def wake_unbound(self) -> None:
        """Start the stored unbound views that were not started yet, and renew the others."""
        if self._starting:
            # `Routes` asks who else answers the custom_ids of the one that is started.
            return
        started = self._routes.started
        for state_key in [key for key in self._index.unbound if started.stored(key) is None]:
            self._try(state_key)
        if self._classes_seen != view_classes.changes:
            self._classes_seen = view_classes.changes
            for state_key in tuple(self._index.unbound):
                running = started.stored(state_key)
                if running is not None:
                    self.renew(running, state_key)

    def wake_stored(self, state_key: str) -> None:
        """Start the stored unbound view of a state key, if there is one and it was not started yet."""
        if state_key in self._index.unbound:
            self._try(state_key)

    def end(self) -> None:
        """Let nothing that is stored start any more, in this process."""
        entries = self._store.state[BRANCH].items()
        self._routes.started.ended.update(state_key for state_key, entry in entries if "bound" in entry)

    def renew(self, view: BaseView, state_key: str) -> BaseView:
        """The view that answers for a stored one from now on: another, if its class was defined anew.

        One that can't be made is logged, and the one before it goes on.
        """
        cls = newer(stored_name(view), type(view))
        if cls is None or self._starting or self._broken.get(state_key) is cls:
            return view
        if state_key not in self._store.state[BRANCH]:
            # It is being kept just now.
            return view
        before, self._starting = self._starting, True
        try:
            new = self._make(state_key)
            self._routes.replace(view, new)
        except Exception:  # noqa: BLE001  (the constructor is the user's; the view before it goes on)
            self._broken[state_key] = cls
            _log.exception(
                "%r was defined again, and the view %r keeps its old code", cls.__qualname__, state_key
            )
            return view
        finally:
            self._starting = before
        return new

    def _try(self, state_key: str) -> BaseView | None:
        cls = view_classes.get(self._store.state["persistent_views"][state_key].get("class_name"))
        if cls is None or self._broken.get(state_key) is cls or state_key in self._routes.started.ended:
            return None
        try:
            return self.start(state_key)
        except Exception:  # noqa: BLE001  (the constructor is the user's; the entry is kept)
            self._broken[state_key] = cls
            _log.exception("the stored view %r of %s could not be started", state_key, cls.__qualname__)
            return None

    def met(self, state_key: str, interaction: discord.Interaction[Any]) -> None:
        """Remember the channel of a view that was bound to a message of which only the id was known."""
        entry = self._store.state["persistent_views"].get(state_key)
        if entry is None or entry.get("channel_id") is not None or interaction.channel_id is None:
            return
        place = {"channel_id": interaction.channel_id, "guild_id": interaction.guild_id}
        task = asyncio.create_task(
            self._store.dispatch(PERSISTENT_VIEW_REGISTERED, {**entry, **place}), name="viewkit-place"
        )
        self._learning.add(task)
        task.add_done_callback(self._learning.discard)

    def _message(self, entry: Mapping[str, Any]) -> discord.PartialMessage | None:
        if integer(entry.get("channel_id")) is None:
            return None
        channel = self._bot.get_partial_messageable(
            int(entry["channel_id"]), guild_id=integer(entry.get("guild_id"))
        )
        message: discord.PartialMessage = channel.get_partial_message(int(entry["message_id"]))
        return message


def _touched(change: Change, started: StartedViews) -> set[str]:
    """The state keys of stored views that a change is about."""
    paths = [patch.path for patch in change.patches if patch.path[0] == BRANCH]
    if any(len(path) == 1 for path in paths):
        return started.state_keys | started.ended
    return {str(path[1]) for path in paths}


def _recipe(entry: Mapping[str, Any]) -> tuple[Any, Any]:
    """What a view is made from."""
    return entry.get("class_name"), thaw(entry.get("kwargs", {}))


def _place(entry: Mapping[str, Any], state_key: str) -> Place:
    if not entry["bound"]:
        return Place("unbound", state_key=state_key)
    message_id, channel_id, guild_id = (
        integer(entry.get(name)) for name in ("message_id", "channel_id", "guild_id")
    )
    return Place("bound", message_id, channel_id, guild_id, state_key)


def make_again(cls: Any, arguments: Mapping[str, Any]) -> BaseView:
    """A view of `cls` from the arguments of an older one; those that it doesn't take are left out."""
    given = cls.migrate(dict(arguments)) if hasattr(cls, "migrate") else arguments
    view: BaseView = cls(**{name: value for name, value in given.items() if accepts(cls, name)})
    return view
