"""Stateful views: discord.py views that live in the store from `send()` to `exit()`."""

from __future__ import annotations

import asyncio
import inspect
import logging
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import discord
from discord import ui
from discord.ext import commands
from discord.ui.view import BaseView

from kit.persistence.live import live_views
from kit.state import Action, Change, Scope, StateStore, get_store
from kit.state.actions import VIEW_CREATED, VIEW_DESTROYED
from kit.views.access import Access
from kit.views.dispatch import Dispatching, answer_privately
from kit.views.sessions import SessionLimitError, others_in_scope, turn

_log = logging.getLogger(__name__)


class Stateful(Access, Dispatching):
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
    """

    session_limit: ClassVar[int | None] = None
    session_scope: ClassVar[Scope] = "user_guild"
    session_policy: ClassVar[Literal["replace", "reject"]] = "replace"
    subscribed_actions: Collection[str] | None = None

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

    def belong_to(self, user_id: int | None, guild_id: int | None) -> None:
        """Make it the view of a user, in a guild; its session follows if it has none yet."""
        self.user_id = user_id
        self.guild_id = guild_id
        if self.session_id is None and user_id is not None:
            self.session_id = f"{type(self).__name__}:user_{user_id}"

    @property
    def state_key(self) -> str:
        """The name of the view's data in the state: the one it was given, or its id."""
        return self._state_key or self.id

    @property
    def message(self) -> discord.Message | discord.PartialMessage | None:
        """The message the view is on; partial after a restart, None before `send()`."""
        return self._message

    async def dispatch(self, action_type: str, payload: Mapping[str, Any] | None = None) -> Change:
        """Dispatch an action to the view's store, as this view."""
        return await self.state_store.dispatch(action_type, payload, source=self.id)

    async def update_from_state(self, state: Mapping[str, Any]) -> None:
        """Called after a dispatch of `subscribed_actions`, if a subclass overrides it."""

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
            await self._come_alive()
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

    async def _come_alive(self) -> None:
        message = self._message
        assert message is not None
        live_views(self.state_store).add(self, panel=self.is_stored)
        await self.dispatch(
            VIEW_CREATED,
            {
                "view_id": self.id,
                "type": type(self).__name__,
                "session_id": self.session_id,
                "channel_id": message.channel.id,
                "message_id": message.id,
                "user_id": self.user_id,
                "guild_id": self.guild_id,
            },
        )
        self._listen()

    def _listen(self) -> None:
        if type(self).update_from_state is not Stateful.update_from_state:
            self.state_store.subscribe(self.id, self._on_state, self.subscribed_actions)
        else:
            self.state_store.unsubscribe(self.id)

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
        self._listen()

    async def discard(self) -> None:
        """Let go of the view without touching its message: it stops, and leaves the state."""
        if self.successor is not None:
            await self.successor.discard()
            return
        self.stop()
        self.state_store.unsubscribe(self.id)
        live_views(self.state_store).discard(self)
        if self.id in self.state_store.state["views"]:
            await self.dispatch(VIEW_DESTROYED, {"view_id": self.id})

    async def exit(self, *, delete_message: bool = False) -> None:
        """End the view: it stops answering, its components are disabled, or its message deleted."""
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


def accepts(cls: type, name: str) -> bool:
    """Whether the constructor of `cls` can be given the keyword argument `name`."""
    parameters = inspect.signature(cls.__init__).parameters  # type: ignore[misc]
    return name in parameters or any(
        parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values()
    )


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
