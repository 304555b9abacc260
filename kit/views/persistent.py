"""Persistent views: panels that keep answering after the bot restarts."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any, ClassVar, Self

import discord
from discord import ui
from discord.ui.view import BaseView

from kit.persistence.arguments import accepts, check_call
from kit.persistence.live import live_views
from kit.persistence.registration import register
from kit.persistence.registry import view_classes
from kit.state import freeze, thaw
from kit.state.actions import PERSISTENT_VIEW_UNREGISTERED
from kit.views.navigation import Page
from kit.views.stateful import SURROUNDINGS, Stateful, StatefulLayoutView, StatefulView, disable

_log = logging.getLogger(__name__)

_leftover: ContextVar[dict[str, Any] | None] = ContextVar("viewkit_leftover_arguments", default=None)


class Persistent(Stateful):
    """What `PersistentView` and `PersistentLayoutView` share.

    `state_key` is required, every component needs a custom_id, and `timeout` is always
    None. The view's other constructor arguments are stored with it and given again when
    it is rebuilt, so they must be values that JSON can hold.

    Attributes:
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

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.registry_key = cls.__dict__.get("registry_key", cls.__name__)
        cls._accepted = set()
        cls._migrates = next(base for base in cls.__mro__ if "migrate" in base.__dict__) is not Persistent
        # A view that follows the state has to be there before anybody clicks it.
        follows = cls.update_from_state is not Stateful.update_from_state
        cls.restores_eagerly = follows or cls.on_restore is not Persistent.on_restore
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
        async with self.moving:
            # A page that is just being shown is ended when it is there.
            pass
        if self.successor is not None:
            await self.successor.exit(delete_message=delete_message)
            return
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
        given = {name: value for name, value in self._named().items() if name not in SURROUNDINGS}
        return {**given, **self.unused_arguments}

    @property
    def derives_key(self) -> bool:
        """Whether the class makes its state key from its other arguments, instead of being given it."""
        return "state_key" not in self._named()

    def check(self) -> None:
        """See that the view can be restored.

        Raises:
            ValueError: If a component has no custom_id of its own, or two share one.
            UnstorableError: If a constructor argument can't be stored.
        """
        check_custom_ids(self)
        freeze(self.arguments, ("persistent_views", self.state_key, "kwargs"))

    async def _send_and_register(self, *, ephemeral: bool, **sending: Any) -> discord.Message:
        if ephemeral:
            raise ValueError(
                f"{type(self).__name__} can't be sent ephemeral: Discord keeps no ephemeral message, so "
                "there would be nothing to restore. Send it without ephemeral=True, or use a StatefulView"
            )
        self.check()
        return await self._post(ephemeral=False, **sending)

    async def _post_in_turn(self, **sending: Any) -> discord.Message:
        before = live_views(self.state_store).panel(self.state_key)
        stored = self.state_store.state["persistent_views"].get(self.state_key)
        old = thaw(stored) if stored is not None else None
        message = await super()._post_in_turn(**sending)
        if before is not None and before is not self:
            await before.exit()
        elif old is not None and int(old["message_id"]) != message.id:
            await self._clean_up(old, message)
        return message

    async def _sent(self, message: discord.Message) -> None:
        await register(self.state_store, self.entry(message), self.dispatch)

    def entry(self, message: discord.Message | discord.PartialMessage) -> dict[str, Any]:
        """What the state remembers of the panel, as the payload of PERSISTENT_VIEW_REGISTERED."""
        entry = {
            "class_name": self.registry_key,
            "state_key": self.state_key,
            "message_id": message.id,
            "channel_id": message.channel.id,
            "guild_id": self.guild_id,
            "user_id": self.user_id,
        }
        if self.arguments:
            entry["kwargs"] = self.arguments
        if self.derives_key:
            entry["derives_key"] = True
        if self.root_kind is not None and self.root_kind != self.registry_key:
            # On a later page: the session and the limit are those of the first.
            entry["root"] = self.root_kind
            entry["session_id"] = self.session_id
        return entry

    def page_arguments(self) -> dict[str, Any]:
        """The arguments that are stored with the panel."""
        return self.arguments

    def build_page(self, page: Page) -> Any:
        """The view of another page, made as after a restart."""
        around = {"user_id": self.user_id, "guild_id": self.guild_id, "state_key": self.state_key}
        view = page.cls.rebuild(around, page.arguments, derives_key=page.derives_key)
        view.session_id = self.session_id
        return view

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
            check_call(cls, ("state_key", "user_id", "guild_id", *names))
            cls._accepted.add(names)

    @classmethod
    def restore(cls, entry: Mapping[str, Any], bot: Any) -> Self:
        """A view as its stored entry describes it, on its message but not attached yet."""
        cls.check_entry(entry)
        identity = {
            "state_key": entry["state_key"],
            "user_id": _integer(entry.get("user_id")),
            "guild_id": _integer(entry.get("guild_id")),
        }
        arguments = thaw(entry.get("kwargs", {}))
        view = cls.rebuild(identity, arguments, derives_key=entry.get("derives_key", False))
        channel = bot.get_partial_messageable(int(entry["channel_id"]), guild_id=view.guild_id)
        view._message = channel.get_partial_message(int(entry["message_id"]))  # noqa: SLF001  (its own class)
        view.root_kind = entry.get("root")
        view.session_id = entry.get("session_id", view.session_id)
        view.have_session()
        if view.auto_back_button and view.pages_before():
            view.add_back_button()
        return view

    @classmethod
    def rebuild(
        cls, identity: Mapping[str, Any], arguments: Mapping[str, Any], *, derives_key: bool = False
    ) -> Self:
        """A view made again from its stored arguments.

        Arguments that the class no longer takes are left out; they stay stored, and
        `unused_arguments` has them.

        Args:
            identity: Its `state_key`, `user_id` and `guild_id`.
            arguments: Its stored constructor arguments.
            derives_key: Whether the class makes its state key from them.

        Raises:
            ValueError: If it makes another state key from them.
        """
        given = cls.migrate(dict(arguments))
        unused = {name: value for name, value in given.items() if not accepts(cls, name)}
        wanted = {name: value for name, value in given.items() if name not in unused}
        known = {name: value for name, value in identity.items() if accepts(cls, name)}
        if derives_key:
            known.pop("state_key", None)
        leftover: dict[str, Any] = {}
        token = _leftover.set(leftover)
        try:
            view = cls(**known, **wanted)
        finally:
            _leftover.reset(token)
        if view.state_key != identity["state_key"]:
            raise ValueError(
                f"{cls.__name__} was stored as {identity['state_key']!r} and is {view.state_key!r} now"
            )
        view.belong_to(identity["user_id"], identity["guild_id"])
        view.unused_arguments = {**unused, **leftover}
        return view

    @classmethod
    def succeed(cls, old: Any) -> Self:
        """A view of this class, which was defined again, for the message of `old`; it does not answer yet.

        Raises:
            Exception: Why it can't be made from the arguments of `old`, or could not be restored.
        """
        identity = {"state_key": old.state_key, "user_id": old.user_id, "guild_id": old.guild_id}
        view = cls.rebuild(identity, old.arguments, derives_key=old.derives_key)
        view.stand_for(old)
        view.check()
        return view

    def attach(self, bot: Any) -> None:
        """Let `bot` route the interactions of the stored message to this view, which is alive from now on."""
        message = self._message
        assert message is not None
        bot.add_view(self, message_id=message.id)
        self.go_live()


def _integer(value: Any) -> int | None:
    return None if value is None else int(value)


def check_custom_ids(view: BaseView) -> None:
    """See that everything that can be pressed on a view is found again after a restart.

    Raises:
        ValueError: If a component has no custom_id of its own, or two share one.
    """
    seen: set[str] = set()
    for item in view.walk_children():
        if not item.is_dispatchable():
            continue
        if not item.is_persistent():
            raise ValueError(
                f"{describe(item)} in {type(view).__name__} has no custom_id, and could not be found "
                "after a restart; give it one, such as custom_id='roles:get'"
            )
        custom_id = getattr(item, "custom_id", "")
        if custom_id in seen:
            raise ValueError(f"two components of {type(view).__name__} share custom_id={custom_id!r}")
        seen.add(custom_id)


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
