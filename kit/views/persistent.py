"""Persistent views: panels that keep answering after the bot restarts."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, ClassVar, Self

import discord
from discord import ui

from kit.persistence.live import live_views
from kit.persistence.registry import view_classes
from kit.state import freeze, thaw
from kit.state.actions import PERSISTENT_VIEW_REGISTERED, PERSISTENT_VIEW_UNREGISTERED
from kit.views.stateful import Stateful, StatefulLayoutView, StatefulView, disable

_log = logging.getLogger(__name__)

# What the surroundings of a view decide, not the one who wrote its constructor call.
SURROUNDINGS = frozenset(
    {"context", "interaction", "state_key", "user_id", "guild_id", "session_id", "state_store", "timeout"}
)

_leftover: ContextVar[dict[str, Any] | None] = ContextVar("viewkit_leftover_arguments", default=None)


class Persistent(Stateful):
    """What `PersistentView` and `PersistentLayoutView` share.

    `state_key` is required, every component needs a custom_id, and `timeout` is always
    None. The view's other constructor arguments are stored with it and given again when
    it is rebuilt, so they must be values that JSON can hold.

    Attributes:
        stored_at: The ids of channel and message it is restored on.
        unused_arguments: Stored arguments that the class no longer takes.
        registry_key: The name under which stored panels remember the class; the class's name
            if left out. Give one where two modules have classes of the same name.
        owner_only: Off, since panels are shared.
    """

    owner_only = False
    is_stored = True
    registry_key: ClassVar[str]
    restores_eagerly: ClassVar[bool]

    _accepted: ClassVar[set[frozenset[str]]]
    _migrates: ClassVar[bool]
    stored_at: tuple[int, int]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.registry_key = cls.__dict__.get("registry_key", cls.__name__)
        cls._accepted = set()
        cls._migrates = next(base for base in cls.__mro__ if "migrate" in base.__dict__) is not Persistent
        cls.restores_eagerly = cls.on_restore is not Persistent.on_restore
        if cls.__module__ != __name__:
            view_classes.register(cls.registry_key, cls)

    def __init__(self, **kwargs: Any) -> None:
        if not kwargs.get("state_key"):
            raise ValueError(
                f"{type(self).__name__} needs a state_key, by which its panel is found after a restart: "
                f"{type(self).__name__}(context=ctx, state_key=f'roles:{{ctx.guild.id}}')"
            )
        leftover = _leftover.get()
        if leftover is not None:
            # A class without the argument it once had hands it on with its **kwargs.
            unknown = kwargs.keys() - SURROUNDINGS
            leftover.update({name: kwargs.pop(name) for name in unknown})
        self.unused_arguments: dict[str, Any] = {}
        super().__init__(**{**kwargs, "timeout": None})

    async def on_restore(self, bot: Any) -> None:
        """Called after the view was rebuilt following a restart, before it answers a click."""

    async def exit(self, *, delete_message: bool = False) -> None:
        """End the view for good: it is no longer restored either."""
        stored = self.state_store.state["persistent_views"].get(self.state_key)
        if stored is not None and self._message is not None and int(stored["message_id"]) == self._message.id:
            await self.dispatch(PERSISTENT_VIEW_UNREGISTERED, {"state_key": self.state_key})
        await super().exit(delete_message=delete_message)

    @property
    def arguments(self) -> dict[str, Any]:
        """The constructor arguments that are stored with the panel.

        Raises:
            ValueError: If one has no name to store it by.
        """
        args, kwargs = self._arguments
        bound = inspect.signature(type(self).__init__).bind(self, *args, **kwargs)
        named: dict[str, Any] = {}
        for name, value in list(bound.arguments.items())[1:]:
            kind = bound.signature.parameters[name].kind
            if kind is inspect.Parameter.VAR_KEYWORD:
                named.update(value)
            elif kind is inspect.Parameter.VAR_POSITIONAL:
                raise ValueError(
                    f"{type(self).__name__} was given {value!r} without a name, and could not be rebuilt "
                    "after a restart; pass it as a keyword argument"
                )
            else:
                named[name] = value
        given = {name: value for name, value in named.items() if name not in SURROUNDINGS}
        return {**given, **self.unused_arguments}

    def check(self) -> None:
        """See that the view can be restored.

        Raises:
            ValueError: If a component has no custom_id of its own, or two share one.
            UnstorableError: If a constructor argument can't be stored.
        """
        seen: set[str] = set()
        for item in self.walk_children():
            if not item.is_dispatchable():
                continue
            if not item.is_persistent():
                raise ValueError(
                    f"{describe(item)} in {type(self).__name__} has no custom_id, and could not be found "
                    "after a restart; give it one, such as custom_id='roles:get'"
                )
            custom_id = getattr(item, "custom_id", "")
            if custom_id in seen:
                raise ValueError(f"two components of {type(self).__name__} share custom_id={custom_id!r}")
            seen.add(custom_id)
        freeze(self.arguments, ("persistent_views", self.state_key, "kwargs"))

    async def _send_and_register(self, *, ephemeral: bool, **sending: Any) -> discord.Message:
        if ephemeral:
            raise ValueError(
                f"{type(self).__name__} can't be sent ephemeral: Discord keeps no ephemeral message, so "
                "there would be nothing to restore. Send it without ephemeral=True, or use a StatefulView"
            )
        self.check()
        live = live_views(self.state_store)
        before = live.panel(self.state_key)
        stored = self.state_store.state["persistent_views"].get(self.state_key)
        old = thaw(stored) if stored is not None else None
        message = await self._post(ephemeral=False, **sending)
        if before is not None and before is not self:
            await before.exit()
        elif old is not None and int(old["message_id"]) != message.id:
            await self._clean_up(old, message)
        return message

    async def _sent(self, message: discord.Message) -> None:
        await self.dispatch(PERSISTENT_VIEW_REGISTERED, self._entry(message))
        await self.state_store.flush()

    def _entry(self, message: discord.Message) -> dict[str, Any]:
        entry = {
            "class_name": self.registry_key,
            "state_key": self.state_key,
            "message_id": message.id,
            "channel_id": message.channel.id,
            "guild_id": self.guild_id,
            "user_id": self.user_id,
        }
        return {**entry, "kwargs": self.arguments} if self.arguments else entry

    async def _clean_up(self, old: Mapping[str, Any], message: discord.Message) -> None:
        """Disable the components of a former message of this state key, whose view is not alive."""
        client = message._state._get_client()  # noqa: SLF001
        channel = client.get_partial_messageable(int(old["channel_id"]), guild_id=self.guild_id)
        try:
            former = await channel.fetch_message(int(old["message_id"]))
            kind = ui.LayoutView if former.flags.components_v2 else ui.View
            view = kind.from_message(former, timeout=None)
            disable(view)
            view.stop()
            await former.edit(view=view)
        except discord.NotFound:
            return
        except discord.HTTPException as error:
            _log.warning("the former message of %r could not be cleaned up: %s", self.state_key, error)

    async def _retire(self, other: Any) -> None:
        if not isinstance(other, str):
            await other.exit()
            return
        entry = self.state_store.state["persistent_views"].get(other)
        if entry is not None and self._message is not None:
            old = thaw(entry)
            await self.dispatch(PERSISTENT_VIEW_UNREGISTERED, {"state_key": other})
            assert isinstance(self._message, discord.Message)
            await self._clean_up(old, self._message)

    @classmethod
    def migrate(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        """Turn the stored arguments of an older version of the class into those it takes now.

        Override it where a name or a type has changed. What it returns is given to the
        constructor; what is stored stays as it is.
        """
        return arguments

    @classmethod
    def check_entry(cls, entry: Mapping[str, Any]) -> None:
        """See that the class takes the arguments stored in `entry`; TypeError names the one it lacks."""
        names = frozenset(entry.get("kwargs", ()))
        if not cls._migrates and names not in cls._accepted:
            _check_call(cls, names)
            cls._accepted.add(names)

    @classmethod
    def restore(cls, entry: Mapping[str, Any]) -> Self:
        """A view as its stored entry describes it, not attached yet."""
        cls.check_entry(entry)
        view = cls.rebuild(
            entry["state_key"],
            _integer(entry.get("user_id")),
            _integer(entry.get("guild_id")),
            thaw(entry.get("kwargs", {})),
        )
        view.stored_at = (int(entry["channel_id"]), int(entry["message_id"]))
        return view

    @classmethod
    def rebuild(
        cls, state_key: str, user_id: int | None, guild_id: int | None, arguments: dict[str, Any]
    ) -> Self:
        """A view made again from its stored arguments.

        Arguments that the class no longer takes are left out; they stay stored, and
        `unused_arguments` has them.
        """
        given = cls.migrate(dict(arguments))
        unused = {name: value for name, value in given.items() if not _takes(cls, name)}
        leftover: dict[str, Any] = {}
        token = _leftover.set(leftover)
        try:
            wanted = {name: value for name, value in given.items() if name not in unused}
            view = cls(state_key=state_key, user_id=user_id, guild_id=guild_id, **wanted)
        finally:
            _leftover.reset(token)
        view.unused_arguments = {**unused, **leftover}
        return view

    async def attach(self, bot: Any) -> None:
        """Let `bot` route the interactions of the stored message to this view."""
        channel_id, message_id = self.stored_at
        channel = bot.get_partial_messageable(channel_id, guild_id=self.guild_id)
        self._message = channel.get_partial_message(message_id)
        bot.add_view(self, message_id=message_id)
        await self._come_alive()


def _takes(cls: type[Persistent], name: str) -> bool:
    parameters = inspect.signature(cls.__init__).parameters
    return name in parameters or any(
        parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values()
    )


def _check_call(cls: type[Persistent], names: Iterable[str]) -> None:
    wanted = ("state_key", "user_id", "guild_id", *(name for name in names if _takes(cls, name)))
    try:
        inspect.signature(cls.__init__).bind(None, **dict.fromkeys(wanted))
    except TypeError as error:
        raise TypeError(
            f"{cls.__qualname__} can't be rebuilt from its stored arguments: {error}. Give the new "
            "argument a default, or take `**kwargs` and pass them to super().__init__"
        ) from None


def _integer(value: Any) -> int | None:
    return None if value is None else int(value)


def describe(item: ui.Item[Any]) -> str:
    """An item by what a reader of the panel would call it: `the button 'Get role'`."""
    kind = type(item).__name__.lower().removeprefix("stateful")
    text = getattr(item, "label", None) or getattr(item, "placeholder", None)
    return f"the {kind} {text!r}" if text else f"a {kind}"


class PersistentView(Persistent, StatefulView):
    """A `StatefulView` whose message keeps answering after a restart. See `Persistent`."""

    async def send(
        self,
        content: str | None = None,
        *,
        embed: discord.Embed | None = None,
        embeds: Sequence[discord.Embed] | None = None,
        ephemeral: bool = False,
        channel: discord.abc.Messageable | None = None,
    ) -> discord.Message:
        """Send the panel and register it; when this returns, a crash no longer loses it.

        A former message of the same state key is disabled.

        Raises:
            ValueError: If it is sent ephemeral, or a component has no custom_id.
            UnstorableError: If a constructor argument can't be stored.
        """
        given = {"content": content, "embed": embed, "embeds": embeds}
        return await self._send_and_register(
            ephemeral=ephemeral,
            channel=channel,
            **{name: value for name, value in given.items() if value is not None},
        )


class PersistentLayoutView(Persistent, StatefulLayoutView):
    """A `StatefulLayoutView` whose message keeps answering after a restart. See `Persistent`."""

    async def send(
        self, *, ephemeral: bool = False, channel: discord.abc.Messageable | None = None
    ) -> discord.Message:
        """Send the panel and register it, as `PersistentView.send` does."""
        return await self._send_and_register(ephemeral=ephemeral, channel=channel)
