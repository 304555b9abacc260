"""Stateful views: discord.py views that live in the store from `send()` to `exit()`."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar, Literal, Self

import discord
from discord import ui
from discord.ext import commands
from discord.ui.view import BaseView

from kit.persistence.answering import answer_privately
from kit.persistence.arguments import accepts, named_arguments
from kit.persistence.live import class_key, live_views
from kit.state import Action, Batch, Change, Scope, StateStore, get_store, scope_name
from kit.state.actions import SCOPED_UPDATE, VIEW_CREATED, VIEW_DESTROYED
from kit.views.access import Access
from kit.views.dispatch import Dispatching
from kit.views.navigation import DEFAULT_TIMEOUT, Navigation, Page
from kit.views.sessions import SessionLimitError, others_in_scope, turn
from kit.views.undoing import Undoing

_log = logging.getLogger(__name__)


# What the surroundings of a view decide, not the one who wrote its constructor call.
SURROUNDINGS = frozenset(
    {"context", "interaction", "state_key", "user_id", "guild_id", "session_id", "state_store", "timeout"}
)


class Stateful(Access, Navigation, Undoing, Dispatching):
    """What `StatefulView` and `StatefulLayoutView` share.

    Args:
        context: The command context to send through.
        interaction: Or the interaction to answer.
        state_key: A stable name for the view's data; its id if left out.
        user_id: Whose view it is; the context's or interaction's user if left out.
        guild_id: Where; the context's or interaction's guild if left out.
        session_id: The session it belongs to; one of its class and user if left out.
        state_store: The store; the current one if left out.
        **kwargs: As for `discord.ui.View`.

    Attributes:
        session_limit: How many of this class may be alive in one `session_scope`.
        session_scope: "user", "guild", "user_guild" or "global".
        session_policy: What the limit does: "replace" exits the oldest, "reject" raises.
        successor: The view that took over when the class was reloaded, or None.
        subscribed_actions: The actions after which `update_from_state` is called; all if None.
        scope: Whose `scoped_state` is: "user", "guild", "user_guild" or "global".
    """

    session_limit: ClassVar[int | None] = None
    session_scope: ClassVar[Scope] = "user_guild"
    session_policy: ClassVar[Literal["replace", "reject"]] = "replace"
    subscribed_actions: Collection[str] | None = None
    scope: ClassVar[Scope | None] = None

    is_stored: ClassVar[bool] = False

    _arguments: tuple[tuple[Any, ...], dict[str, Any]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Remember the arguments of the outermost class: they rebuild the view after a restart."""
        self = super().__new__(cls)
        self._arguments = (args, kwargs)
        return self

    def __init__(
        self,
        *,
        context: commands.Context[Any] | None = None,
        interaction: discord.Interaction[Any] | None = None,
        state_key: str | None = None,
        user_id: int | None = None,
        guild_id: int | None = None,
        session_id: str | None = None,
        state_store: StateStore | None = None,
        **kwargs: Any,
    ) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError(
                f"{type(self).__name__} was made outside a running event loop: discord.py would take it and "
                "swallow every click. Make it in a coroutine, such as a command or setup_hook"
            ) from None
        super().__init__(**kwargs)
        self.id = str(uuid.uuid4())
        self.state_store = state_store if state_store is not None else get_store()
        self.context = context
        self.interaction = interaction if interaction is not None else getattr(context, "interaction", None)
        self.session_id = session_id
        self.belong_to(
            user_id if user_id is not None else _user_of(context, self.interaction),
            guild_id if guild_id is not None else _guild_of(context, self.interaction),
        )
        self.successor: Stateful | None = None
        self._state_key = state_key
        self._message: discord.Message | discord.PartialMessage | None = None
        self._queue = asyncio.Lock()
        self.moving = asyncio.Lock()

    def belong_to(self, user_id: int | None, guild_id: int | None) -> None:
        """Make it the view of a user, in a guild; its session follows if it has none yet."""
        self.user_id = user_id
        self.guild_id = guild_id
        if self.session_id is None and user_id is not None:
            self.session_id = f"{class_key(self)}:user_{user_id}"

    @property
    def state_key(self) -> str:
        """The name of the view's data in the state: the one it was given, or its id."""
        return self._state_key or self.id

    @property
    def message(self) -> discord.Message | discord.PartialMessage | None:
        """The message the view is on; partial after a restart, None before `send()`."""
        return self._message

    def settle(self, message: discord.Message | discord.PartialMessage) -> None:
        """Make `message` the one the view is on."""
        self._message = message

    async def dispatch(self, action_type: str, payload: Mapping[str, Any] | None = None) -> Change:
        """Dispatch an action to the view's store, as this view."""
        return await self.state_store.dispatch(action_type, payload, source=self.id, undo=self.undo_scope())

    def batch(self) -> AbstractAsyncContextManager[Batch]:
        """Make several dispatches take effect together, or not at all: see `StateStore.batch`."""
        return self.state_store.batch(source=self.id, undo=self.undo_scope())

    @property
    def scoped_state(self) -> Mapping[str, Any]:
        """What is kept for the view's `scope`; empty if nothing is, or it has no scope.

        Raises:
            ValueError: If the scope needs a user or a guild and the view has none.
        """
        if self.scope is None:
            return {}
        return self.state_store.get_scoped(self.scope, user_id=self.user_id, guild_id=self.guild_id)

    async def dispatch_scoped(self, data: Mapping[str, Any]) -> Change:
        """Merge `data` into what is kept for the view's `scope`.

        Raises:
            ValueError: If the view has no scope, or it needs a user or a guild and the view has none.
        """
        if self.scope is None:
            raise ValueError(f'{type(self).__name__} has no scope; write `scope = "user"` in its class body')
        name = scope_name(self.scope, user_id=self.user_id, guild_id=self.guild_id)
        return await self.dispatch(SCOPED_UPDATE, {"scope": name, "data": data})

    async def update_from_state(self, state: Mapping[str, Any]) -> None:
        """Called after a dispatch of `subscribed_actions`, if a subclass overrides it."""

    def state_selector(self, state: Mapping[str, Any]) -> Any:
        """What `update_from_state` depends on: overridden, it is called only when this changes."""

    async def _post(
        self, *, ephemeral: bool, channel: discord.abc.Messageable | None, **content: Any
    ) -> discord.Message:
        async with turn(self):
            return await self._post_in_turn(ephemeral=ephemeral, channel=channel, **content)

    async def _post_in_turn(
        self, *, ephemeral: bool, channel: discord.abc.Messageable | None, **content: Any
    ) -> discord.Message:
        others = self._make_room()
        message = await self._deliver(ephemeral=ephemeral, channel=channel, **content)
        self._message = message
        if self.guild_id is None and message.guild is not None:
            self.guild_id = message.guild.id
        try:
            self.go_live()
            await self.state_store.dispatch(VIEW_CREATED, self.record(), source=self.id)
            await self._sent(message)
        except BaseException:
            await self._take_back(message)
            raise
        for other in others:
            await self._retire(other)
        return message

    async def _take_back(self, message: discord.Message) -> None:
        """Leave nothing of a view that was posted and could not be kept."""
        await self.discard()
        try:
            await message.delete()
        except discord.HTTPException as error:
            _log.warning("%r could not be kept, and its message not be deleted: %s", self, error)

    async def _sent(self, message: discord.Message) -> None:
        """What a subclass does before the views that make room are ended."""

    def _make_room(self) -> list[Any]:
        limit = self.session_limit
        if limit is None:
            return []
        others = others_in_scope(self)
        if len(others) < limit:
            return []
        if self.session_policy == "reject":
            raise SessionLimitError(type(self).__name__, limit)
        return others[: len(others) - limit + 1]

    async def _retire(self, other: Any) -> None:
        await other.exit()

    async def _deliver(
        self, *, ephemeral: bool, channel: discord.abc.Messageable | None, **content: Any
    ) -> discord.Message:
        # discord.py's overloads tell View from LayoutView; this is either.
        target: Any = channel if channel is not None else self.context
        interaction: Any = self.interaction
        message: discord.Message
        if channel is not None:
            message = await target.send(view=self, **content)
            return message
        if target is not None:
            message = await target.send(view=self, ephemeral=ephemeral, **content)
            return message
        if interaction is None:
            raise ValueError(
                f"{type(self).__name__} does not know where to go: make it with `context=ctx` or "
                "`interaction=interaction`, or call `send(channel=...)`"
            )
        if interaction.response.is_done():
            message = await interaction.followup.send(view=self, ephemeral=ephemeral, wait=True, **content)
            return message
        await interaction.response.send_message(view=self, ephemeral=ephemeral, **content)
        message = await interaction.original_response()
        return message

    def go_live(self) -> None:
        """Be found among the live views, and hear of the state."""
        message = self._message
        assert message is not None
        live_views(self.state_store).add(self, panel=self.is_stored)
        self.have_session()
        self.listen()

    def have_session(self) -> None:
        """Give a view that is nobody's a session all the same: pages and undo need one."""
        if self.session_id is None and self._message is not None:
            self.session_id = f"{class_key(self)}:message_{self._message.id}"

    def record(self) -> dict[str, Any]:
        """What the state remembers of a live view, as the payload of VIEW_CREATED."""
        message = self._message
        assert message is not None
        return {
            "view_id": self.id,
            "type": type(self).__name__,
            "session_id": self.session_id,
            "channel_id": message.channel.id,
            "message_id": message.id,
            "user_id": self.user_id,
            "guild_id": self.guild_id,
        }

    def _named(self) -> dict[str, Any]:
        return named_arguments(type(self), *self._arguments)

    def page_arguments(self) -> dict[str, Any]:
        """The constructor arguments to make this page again, by name."""
        return {name: value for name, value in self._named().items() if name not in SURROUNDINGS}

    def build_page(self, page: Page) -> Any:
        """The view of another page, for this view's message."""
        around = {
            "context": self.context,
            "interaction": self.interaction,
            "user_id": self.user_id,
            "guild_id": self.guild_id,
            "session_id": self.session_id,
            "state_store": self.state_store,
            "state_key": self._state_key,
        }
        known = {name: value for name, value in around.items() if accepts(page.cls, name)}
        view = page.cls(**{**known, **page.arguments})
        if view.timeout == DEFAULT_TIMEOUT:
            view.timeout = page.timeout
        view.session_id = self.session_id
        view.belong_to(self.user_id, self.guild_id)
        return view

    def listen(self) -> None:
        """Call `update_from_state` from now on, if the class overrides it."""
        cls = type(self)
        if cls.update_from_state is Stateful.update_from_state:
            self.state_store.unsubscribe(self.id)
            return
        selector = None if cls.state_selector is Stateful.state_selector else self.state_selector
        self.state_store.subscribe(self.id, self._on_state, self.subscribed_actions, selector)

    async def _on_state(self, state: Mapping[str, Any], _: Action) -> None:
        await self.update_from_state(state)

    def take_over(self, old: Stateful) -> None:
        """Answer from now on for `old`, which was stopped: on its message, under its id. For hot reload."""
        old.successor = self
        self.id = old.id
        self.user_id, self.guild_id, self.session_id = old.user_id, old.guild_id, old.session_id
        self._message = old._message
        self._queue = old._queue
        live_views(self.state_store).add(self, panel=self.is_stored)
        self.listen()

    async def discard(self) -> None:
        """Let go of the view without touching its message: it stops, and leaves the state."""
        if self.successor is not None:
            await self.successor.discard()
            return
        self.stop()
        self.state_store.unsubscribe(self.id)
        live_views(self.state_store).discard(self)
        if self.id in self.state_store.state["views"]:
            await self.state_store.dispatch(VIEW_DESTROYED, {"view_id": self.id}, source=self.id)

    async def exit(self, *, delete_message: bool = False) -> None:
        """End the view: it stops answering, its components are disabled, or its message deleted."""
        async with self.moving:
            # A page that is just being shown is ended when it is there.
            pass
        if self.successor is not None:
            await self.successor.exit(delete_message=delete_message)
            return
        await self.discard()
        message: Any = self._message
        if message is None:
            return
        try:
            if delete_message:
                await message.delete()
            else:
                disable(self)
                await message.edit(view=self)
        except discord.NotFound:
            return
        except discord.HTTPException as error:
            _log.warning("%r has ended, but its message could not be changed: %s", self, error)

    async def on_timeout(self) -> None:
        """End the view as `exit()` does."""
        await self.exit()

    async def on_error(
        self, interaction: discord.Interaction[Any], error: Exception, item: ui.Item[Any], /
    ) -> None:
        """Log what a callback or a check raised, and tell the user that something went wrong."""
        _log.error("%r failed for %r", self, item, exc_info=error)
        await answer_privately(interaction, "Something went wrong. The error was logged.")


class StatefulView(Stateful, ui.View):
    """A `discord.ui.View` that lives in the store. See `Stateful` for its arguments."""

    async def send(
        self,
        content: str | None = None,
        *,
        embed: discord.Embed | None = None,
        embeds: Sequence[discord.Embed] | None = None,
        ephemeral: bool = False,
        channel: discord.abc.Messageable | None = None,
    ) -> discord.Message:
        """Send the view: through its context or interaction, or to `channel`.

        Returns:
            The message.

        Raises:
            SessionLimitError: If there are too many of its class and its policy is "reject".
            ValueError: If it was given neither context nor interaction nor channel.
        """
        given = {"content": content, "embed": embed, "embeds": embeds}
        return await self._post(
            ephemeral=ephemeral,
            channel=channel,
            **{name: value for name, value in given.items() if value is not None},
        )


class StatefulLayoutView(Stateful, ui.LayoutView):
    """A `discord.ui.LayoutView` that lives in the store. See `Stateful` for its arguments."""

    async def send(
        self, *, ephemeral: bool = False, channel: discord.abc.Messageable | None = None
    ) -> discord.Message:
        """Send the view, as `StatefulView.send` does; its text is in its components."""
        return await self._post(ephemeral=ephemeral, channel=channel)


def disable(view: BaseView) -> None:
    """Disable every button and select of a view."""
    for item in view.walk_children():
        if hasattr(item, "disabled"):
            item.disabled = True


def _user_of(
    context: commands.Context[Any] | None, interaction: discord.Interaction[Any] | None
) -> int | None:
    if context is not None:
        return context.author.id
    return interaction.user.id if interaction is not None else None


def _guild_of(
    context: commands.Context[Any] | None, interaction: discord.Interaction[Any] | None
) -> int | None:
    if context is not None:
        return context.guild.id if context.guild is not None else None
    return interaction.guild_id if interaction is not None else None
