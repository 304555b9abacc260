"""`ViewClient`: plain discord.py views, bound to a message or serving all messages of their kind."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Any, TypeVar

import discord
from discord import ui
from discord.ext import commands
from discord.utils import MISSING

from kit.persistence.kept import arguments_of, remember_class, stored_name
from kit.persistence.registration import register
from kit.persistence.routes import lives_here, routes_of
from kit.persistence.started import Place, controls
from kit.state import freeze, get_store, thaw
from kit.state.actions import PERSISTENT_VIEW_UNREGISTERED
from kit.views.persistent import Persistent, check_custom_ids
from kit.views.stateful import Stateful

View = ui.View | ui.LayoutView
BindTo = discord.Message | discord.PartialMessage | discord.Object | int
V = TypeVar("V", bound=View)


class ViewClient:
    """Starts views of a bot, of any class: bound to a message, or unbound.

    A click is answered by one view alone: the one that is bound to its message, or the panel on it;
    where that lacks the custom_id, and everywhere else, the unbound one of the custom_id. All clients
    of one bot are the same: what one has started, the others find.

    Args:
        bot: A `commands.Bot`, sharded or not.

    Attributes:
        bot: The bot.

    Raises:
        TypeError: If `bot` is none.
    """

    def __init__(self, bot: commands.Bot | commands.AutoShardedBot) -> None:
        if not isinstance(bot, commands.bot.BotBase):
            raise TypeError(f"ViewClient() takes a commands.Bot, not {bot!r}")
        self.bot = bot
        routes_of(bot)

    def start_view(self, view: View, *, bind_to: BindTo | None = MISSING) -> None:
        """Let `view` answer from now on, until it is stopped, times out, or its message is deleted.

        `view.message` is set: None for an unbound view, else the message, once it is known; the id
        alone does not tell the channel, so the first interaction brings it.

        Args:
            view: An instance, made in the loop that runs now.
            bind_to: A message or its id: the view answers there alone, instead of the one before it.
                None: it is unbound and answers its custom_ids on every message that has no view of its
                own for them. Left out: it is bound to the first message that it gets an interaction from.

        Raises:
            ValueError: If it is to be unbound and has a timeout, or an item without custom_id; if an
                unbound view already answers one of its custom_ids; if the message is a panel's; if the
                view has ended, or was started already.
            RuntimeError: If it was made outside the running loop.
            TypeError: If it is no view, one of kit's persistent ones, or `bind_to` is no message.
        """
        message_id = _message_id(bind_to)
        _check(view)
        if bind_to is None:
            _check_persistent(view)
        message = self._message(bind_to, message_id)
        if message_id is None:
            place = Place("unbound" if bind_to is None else "pending")
        else:
            place = Place("bound", message_id, *_where(message))
        routes_of(self.bot).start(view, place, message)

    async def keep_view(self, view: V, *, bind_to: BindTo | None) -> V:
        """Start `view` and store it: `setup_persistence` starts it again after a restart.

        When this returns, a crash no longer loses it. Its class has to be decorated with
        `@ViewClient.persistent`. What is stored is the name of the class, the arguments that the view
        was made with, and the message.

        An unbound view may be kept at every start: one of the same class and arguments that runs
        already goes on, and is returned.

        Args:
            view: As for `start_view`; with `timeout=None`, and a custom_id on every item.
            bind_to: The message, its id, or None for an unbound view.

        Returns:
            The view that answers.

        Raises:
            ValueError: As for `start_view`; if the class is not decorated; if the message is ephemeral.
            UnstorableError: If a constructor argument can't be stored.
            StorageError: If the storage has failed for too long. A view that did not run before is not
                started then; what was sent on the message answers as before.
        """
        message_id = _message_id(bind_to)
        if bind_to is not None and message_id is None:
            raise TypeError(
                "keep_view() needs to know `bind_to`: a message, its id, or None for an unbound view"
            )
        _check(view)
        message = self._message(bind_to, message_id)
        if isinstance(message, discord.Message) and message.flags.ephemeral:
            raise ValueError("Discord keeps no ephemeral message: start the view with `start_view` only")
        _check_persistent(view)
        entry = _entry(view, message, message_id)
        routes = routes_of(self.bot)
        running: Any = routes.stored(entry["state_key"]) if bind_to is None else None
        if running is not None and type(running) is type(view) and running is not view:
            _check_same(view, running)
            await get_store().flush()
            same: V = running
            return same
        former, sent = routes.started.places.get(view), routes.sent_on(message_id)
        former_key = None if former is None else former.state_key
        if former is None or former.kind != "unbound" or bind_to is not None:
            self.start_view(view, bind_to=bind_to)
        if running is not None and running is not view:
            # Its class was defined again.
            running.stop()
        routes.started.keep(view, entry["state_key"])
        try:
            await _store(entry)
        except BaseException:
            if former is None:
                routes.release(view)
                if sent is not None:
                    routes.add_view(sent, message_id)
            elif view in routes.started:
                routes.started.keep(view, former_key if former_key == entry["state_key"] else None)
            raise
        if former_key not in {None, entry["state_key"]}:
            # It has moved here from another message.
            await get_store().dispatch(PERSISTENT_VIEW_UNREGISTERED, {"state_key": former_key})
        return view

    async def forget_view(self, view: View) -> None:
        """Stop a kept view for good: it does not come back after a restart either.

        `view.stop()` alone ends it until then.

        Raises:
            ValueError: If it was not kept.
            StorageError: If the storage has failed for too long.
        """
        place = routes_of(self.bot).place_of(view)
        if place is None or place.state_key is None:
            raise ValueError(
                f"{view!r} is not kept, or was stopped; `view.stop()` ends one that was only started"
            )
        state_key = place.state_key
        view.stop()
        store = get_store()
        await store.dispatch(PERSISTENT_VIEW_UNREGISTERED, {"state_key": state_key})
        await store.flush()

    def get_bound_view(self, message: BindTo) -> View | None:
        """The view that is bound to a message, given by itself or its id; None if there is none.

        A kept view that nobody has clicked since the restart is made now.
        """
        message_id = _message_id(message)
        if message_id is None:
            raise TypeError("get_bound_view() takes a message or its id")
        view: Any = routes_of(self.bot).bound_on(message_id)
        return view  # type: ignore[no-any-return]

    def get_unbound_view(self, custom_id: str) -> View | None:
        """The unbound view that answers `custom_id`; None if there is none. Bound views are not searched."""
        view: Any = routes_of(self.bot).unbound(custom_id)
        return view  # type: ignore[no-any-return]

    @property
    def bound_views(self) -> list[View]:
        """The views that are bound to a message; kept ones from the first click after a restart on."""
        found: list[Any] = routes_of(self.bot).started.of_kind("bound")
        return found

    @property
    def unbound_views(self) -> list[View]:
        """The views that serve all messages."""
        found: list[Any] = routes_of(self.bot).started.of_kind("unbound")
        return found

    @property
    def pending_views(self) -> list[View]:
        """The views that are bound by their first interaction, which has not come yet."""
        found: list[Any] = routes_of(self.bot).started.of_kind("pending")
        return found

    def clear(self) -> None:
        """Stop all views, also kept ones that nobody has clicked yet. These come back after a restart."""
        routes_of(self.bot).clear()

    @staticmethod
    def persistent(view_class: type[V]) -> type[V]:
        """Decorate a class whose views `keep_view` stores: `@ViewClient.persistent`, or `@client.persistent`.

        Stored views find the class by its name, or by the `registry_key` in its body, as panels do. A
        class method `migrate(arguments)` turns stored arguments of an older version into today's.

        Raises:
            TypeError: If it is no view class, or one of kit's own, which need no decorator.
            ClassCollisionError: If another module has a stored class of that name.
        """
        if not (isinstance(view_class, type) and issubclass(view_class, ui.View | ui.LayoutView)):
            raise TypeError(
                f"@ViewClient.persistent decorates a View or LayoutView class, not {view_class!r}"
            )
        if issubclass(view_class, Stateful):
            raise TypeError(
                f"{view_class.__name__} is a view of kit's, which needs no decorator: make it a "
                "PersistentView or PersistentLayoutView, and `await view.send()` keeps it"
            )
        remember_class(view_class)
        return view_class

    def _message(
        self, bind_to: Any, message_id: int | None
    ) -> discord.Message | discord.PartialMessage | None:
        if isinstance(bind_to, discord.Message | discord.PartialMessage):
            return bind_to
        if message_id is None:
            return None
        return next(
            (message for message in reversed(self.bot.cached_messages) if message.id == message_id), None
        )


def _message_id(bind_to: Any) -> int | None:
    if bind_to is MISSING or bind_to is None:
        return None
    if isinstance(bind_to, discord.Message | discord.PartialMessage | discord.Object):
        return bind_to.id
    if not isinstance(bind_to, int) or isinstance(bind_to, bool):
        raise TypeError(
            f"a view is bound to a message or its id, not to {bind_to!r}; the message that answered an "
            "interaction is `await interaction.original_response()`"
        )
    return bind_to


def _check(view: Any) -> None:
    # Before 2.6.1, a Modal is a View.
    if not isinstance(view, ui.View | ui.LayoutView) or isinstance(view, ui.Modal):
        raise TypeError(f"ViewClient starts an instance of a View or LayoutView, not {view!r}")
    name = type(view).__name__
    if isinstance(view, Persistent):
        raise TypeError(
            f"{name} is a panel, which `await view.send()` starts and keeps; no ViewClient is needed"
        )
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError(
            f"{name} was to be started outside a running event loop; start it in a coroutine, such as "
            "setup_hook"
        ) from None
    if not lives_here(view):
        raise RuntimeError(
            f"{name} was made outside the running event loop: discord.py would take it and swallow every "
            "click. Make it where it is started, in a coroutine such as setup_hook"
        )
    if view.is_finished():
        raise ValueError(f"{name} has ended; make a new one")


def _check_persistent(view: View) -> None:
    if view.timeout is not None:
        raise ValueError(
            f"{type(view).__name__} has a timeout of {view.timeout:g} s, and only a persistent view can be "
            "unbound or kept: write `super().__init__(timeout=None)`"
        )
    check_custom_ids(view)
    if not view.is_dispatchable():
        raise ValueError(f"{type(view).__name__} has nothing that could be pressed")


def _where(message: discord.Message | discord.PartialMessage | None) -> tuple[int | None, int | None]:
    """The channel and the guild of a message, as far as it tells."""
    if message is None:
        return None, None
    return message.channel.id, None if message.guild is None else message.guild.id


def _entry(view: View, message: Any, message_id: int | None) -> dict[str, Any]:
    """What the state remembers of a kept view, as the payload of PERSISTENT_VIEW_REGISTERED."""
    key = stored_name(view)
    if key is None:
        raise ValueError(
            f"{type(view).__name__} could not be found after a restart: decorate the class with "
            "`@ViewClient.persistent`"
        )
    arguments = arguments_of(view)
    state_key = f"bound:{message_id}" if message_id is not None else f"unbound:{key}"
    stored = thaw(freeze(arguments, ("persistent_views", state_key, "kwargs")))
    entry: dict[str, Any] = {"class_name": key, "bound": message_id is not None}
    if message_id is not None:
        entry["message_id"] = message_id
        channel_id, guild_id = _where(message)
        if channel_id is not None:
            entry["channel_id"] = channel_id
            if guild_id is not None or isinstance(message, discord.Message):
                entry["guild_id"] = guild_id
    elif stored:
        text = json.dumps(stored, sort_keys=True, default=repr)
        state_key += f":{hashlib.blake2s(text.encode(), digest_size=6).hexdigest()}"
    if stored:
        entry["kwargs"] = stored
    return {**entry, "state_key": state_key}


async def _store(entry: dict[str, Any]) -> None:
    store, state_key = get_store(), entry["state_key"]
    known = store.state["persistent_views"].get(state_key)
    if known is not None and "bound" not in known:
        raise ValueError(f"a panel has {state_key!r} as its state key; give it another one")
    await register(store, entry)


def _check_same(view: View, running: View) -> None:
    if set(controls(view)) != set(controls(running)):
        raise ValueError(
            f"two unbound {type(view).__name__} of the same arguments have other custom_ids, and could not "
            "be told apart after a restart; give the constructor an argument that tells them"
        )
