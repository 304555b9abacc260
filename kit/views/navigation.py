"""Navigation: pages of one message, and the way back.

A page takes the message of the one before it. The way back is the `nav_stack` of the
session; each of its entries names the message it belongs to, since two panels of one
user share a session. The pages of a persistent view are rebuilt from there after a
restart; those of other views end with the process, as the views do.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import discord
from discord import ui

from kit.persistence.live import kind, live_views
from kit.persistence.registry import view_classes
from kit.state import StateError, StateStore, thaw
from kit.state.actions import (
    NAVIGATION_POP,
    NAVIGATION_PUSH,
    NAVIGATION_REPLACE,
    PERSISTENT_VIEW_REGISTERED,
    VIEW_CREATED,
)
from kit.views.components import StatefulButton
from kit.views.dispatch import attach

_log = logging.getLogger(__name__)

Rebuild = Callable[[Any], Any]

BACK = "nav:back"

# discord.py's, of a view that names none.
DEFAULT_TIMEOUT = 180.0


@dataclass(frozen=True, slots=True)
class Page:
    """A page to come back to.

    Attributes:
        cls: Its class.
        arguments: The arguments of its constructor, beside what surrounds it.
        derives_key: Whether the class makes its state key from them.
        timeout: The seconds after which it ends when nobody presses anything.
    """

    cls: Any
    arguments: Mapping[str, Any]
    derives_key: bool = False
    timeout: float | None = DEFAULT_TIMEOUT


class Navigation:
    """Moves from page to page on one message.

    Attributes:
        auto_back_button: Whether a page of this class gets a button that leads back.
        former_pages: The pages before this one, of a view that is not persistent.
        root_kind: What a session limit counts this page as: the first page's class.
    """

    auto_back_button: bool = False

    former_pages: tuple[Page, ...] = ()
    was_left: bool
    moving: asyncio.Lock
    root_kind: str | None = None

    id: str
    is_stored: ClassVar[bool]
    session_id: str | None
    state_store: StateStore
    message: Any

    async def push(
        self,
        view_class: type[Any],
        interaction: discord.Interaction[Any] | None = None,
        *,
        rebuild: Rebuild | None = None,
        **kwargs: Any,
    ) -> Any:
        """Show a page of `view_class` on this message; `pop()` leads back.

        Answers the interaction by editing the message; without one, edits it.

        Args:
            view_class: The class of the page; a persistent one if this view is.
            interaction: What was pressed.
            rebuild: Called with the new view before it is shown, to fill it. May be a coroutine
                function, and may return more to edit: `{"embed": ...}`.
            **kwargs: For the constructor of `view_class`.

        Returns:
            The new view, which answers from now on.

        Raises:
            TypeError: If one of the two is a layout view and the other not, or only one is
                persistent. Nothing has changed then.
            StateError: In a batch. Nothing has changed then.
            Exception: What the constructor or Discord raised. Nothing has changed then either.
            StorageError: If the storage has been away for too long. The page is shown then, and is
                stored as soon as the storage is back.
        """
        self._check_target(view_class)
        here = self._as_page()
        new = self._make(Page(view_class, kwargs, timeout=self._timeout_of(kwargs)))
        new.former_pages = (*self.former_pages, here)
        entry = {"class_name": kind_of_page(type(self)), **self._written(here)}
        return await self._go(new, interaction, rebuild, NAVIGATION_PUSH, entry)

    async def pop(
        self, interaction: discord.Interaction[Any] | None = None, *, rebuild: Rebuild | None = None
    ) -> Any:
        """Go back to the page before; returns its view, or None on the first page.

        Raises:
            LookupError: If the class of that page is not imported. Nothing has changed then.
            Exception: What its constructor or Discord raised. Nothing has changed then either.
        """
        page = self.previous_page()
        if page is None:
            return None
        new = self._make(page)
        new.former_pages = self.former_pages[:-1]
        return await self._go(new, interaction, rebuild, NAVIGATION_POP, {})

    async def replace(
        self,
        view_class: type[Any],
        interaction: discord.Interaction[Any] | None = None,
        *,
        rebuild: Rebuild | None = None,
        **kwargs: Any,
    ) -> Any:
        """Show a page of `view_class` in the place of this one: `pop()` leads to the page before this.

        Arguments, result and errors as for `push`.
        """
        self._check_target(view_class)
        new = self._make(Page(view_class, kwargs, timeout=self._timeout_of(kwargs)))
        new.former_pages = self.former_pages
        entry = {"destination": kind_of_page(view_class)}
        return await self._go(new, interaction, rebuild, NAVIGATION_REPLACE, entry)

    def pages_before(self) -> int:
        """How often `pop()` leads back."""
        return len(self._written_pages()) if self.is_stored else len(self.former_pages)

    def _written_pages(self) -> list[Mapping[str, Any]]:
        session = self.state_store.state["sessions"].get(self.session_id, {})
        return [page for page in session.get("nav_stack", ()) if page["message_id"] == self.message.id]

    def previous_page(self) -> Page | None:
        """The page that `pop()` leads to; None on the first.

        Raises:
            LookupError: If its class is not imported.
        """
        if not self.is_stored:
            return self.former_pages[-1] if self.former_pages else None
        pages = self._written_pages()
        if not pages:
            return None
        cls = view_classes.get(pages[-1]["class_name"])
        if cls is None:
            raise LookupError(
                f"the page before is a {pages[-1]['class_name']}, which is not imported: load its cog"
            )
        return Page(cls, thaw(pages[-1].get("kwargs", {})), pages[-1].get("derives_key", False))

    def stand_for(self, old: Any) -> None:
        """Be the page that `old` is, with its way back. For hot reload."""
        here: Any = self
        self.root_kind, self.former_pages = old.root_kind, old.former_pages
        self.session_id = old.session_id
        if old.message is not None:
            here.settle(old.message)
            if self.auto_back_button and self.pages_before():
                self.add_back_button()

    def add_back_button(self) -> None:
        """Add a button that leads to the page before, if there is one and the view has none yet."""
        here: Any = self
        if any(getattr(item, "custom_id", None) == BACK for item in here.walk_children()):
            return
        button: Any = StatefulButton(label="Back", emoji="◀", custom_id=BACK, callback=self._back)
        here.add_item(ui.ActionRow(button) if isinstance(self, ui.LayoutView) else button)

    async def _back(self, interaction: discord.Interaction[Any]) -> None:
        if await self.pop(interaction) is None:
            await interaction.response.defer()

    def _check_target(self, view_class: type[Any]) -> None:
        if self.message is None:
            raise RuntimeError(f"{type(self).__name__} is on no message yet: `await view.send()` it first")
        if not isinstance(view_class, type) or not hasattr(view_class, "is_stored"):
            raise TypeError(
                f"push and replace take a class of kit's views, such as a StatefulView, not {view_class!r}"
            )
        layouts = [issubclass(cls, ui.LayoutView) for cls in (type(self), view_class)]
        if layouts[0] != layouts[1]:
            raise TypeError(
                f"{type(self).__name__} and {view_class.__name__} can't share a message: only one is a "
                "layout view, and Discord never changes a message back. Send a new message instead"
            )
        if self.is_stored != view_class.is_stored:
            stored, other = (type(self), view_class) if self.is_stored else (view_class, type(self))
            raise TypeError(
                f"{stored.__name__} is persistent and {other.__name__} is not, so the message would answer "
                f"only at times after a restart; make {other.__name__} persistent too"
            )

    def _timeout_of(self, kwargs: Mapping[str, Any]) -> float | None:
        """The timeout of a page that is given none: as long as the one before."""
        here: Any = self
        given: float | None = kwargs.get("timeout", here.timeout)
        return given

    def _as_page(self) -> Page:
        here: Any = self
        return Page(type(self), here.page_arguments(), getattr(self, "derives_key", False), here.timeout)

    def _written(self, page: Page) -> dict[str, Any]:
        """What the state remembers of a page beside its class."""
        if not self.is_stored:
            return {}
        more = {"kwargs": dict(page.arguments)} if page.arguments else {}
        return {**more, "derives_key": True} if page.derives_key else more

    def _make(self, page: Page) -> Any:
        here: Any = self
        new = here.build_page(page)
        new.settle(self.message)
        new.root_kind = kind(self)
        new.moving = self.moving
        return new

    async def _go(
        self,
        new: Any,
        interaction: discord.Interaction[Any] | None,
        rebuild: Rebuild | None,
        action: str,
        payload: Mapping[str, Any],
    ) -> Any:
        here: Any = self
        store = self.state_store
        if store.in_batch:
            raise StateError("a page is shown and stored by itself: push, pop or replace after the batch")
        more = rebuild(new) if rebuild is not None else None
        if inspect.isawaitable(more):
            more = await more
        deeper = {NAVIGATION_PUSH: 1, NAVIGATION_POP: -1, NAVIGATION_REPLACE: 0}[action]
        if new.auto_back_button and self.pages_before() + deeper > 0:
            new.add_back_button()
        if new.is_stored:
            new.check()
        async with self.moving:
            if self.was_left:
                # Two callbacks at once: the first has shown its page.
                return here.successor
            if here.is_finished():
                raise RuntimeError(f"{type(self).__name__} has ended; send a new one")
            await _edit(self.message, interaction, view=new, **(more if isinstance(more, dict) else {}))
            await self._give_way(new, action, payload)
        if new.is_stored:
            await store.flush()
        return new

    async def _give_way(self, new: Any, action: str, payload: Mapping[str, Any]) -> None:
        """Let `new`, which is shown already, answer and be remembered instead of this view."""
        here: Any = self
        message, store, live = self.message, self.state_store, live_views(self.state_store)
        # In one tick: discord.py forgets the buttons of a stopped view, and the new one may share their ids.
        here.stop()
        attach(message, new)
        store.unsubscribe(self.id)
        live.discard(self)
        live.add(new, panel=new.is_stored)
        here.was_left, here.successor = True, new
        new.listen()
        async with store.batch(source=self.id):
            await store.dispatch(VIEW_CREATED, new.record())
            where = {"session_id": self.session_id, "message_id": message.id, "from_view": self.id}
            await store.dispatch(action, {**where, **payload}, source=self.id)
            if new.is_stored:
                await store.dispatch(PERSISTENT_VIEW_REGISTERED, new.entry(message))


def kind_of_page(cls: type[Any]) -> str:
    """The name of a class of pages: its registry key, or its own."""
    return str(getattr(cls, "registry_key", cls.__name__))


async def _edit(
    message: discord.Message | discord.PartialMessage,
    interaction: discord.Interaction[Any] | None,
    **changes: Any,
) -> None:
    """Change a message: as the answer to an interaction on it where that is possible."""
    target: Any = message
    if interaction is None or interaction.message is None or interaction.message.id != message.id:
        await target.edit(**changes)
    elif not interaction.response.is_done():
        answer: Any = interaction.response
        await answer.edit_message(**changes)
    elif interaction.response.type in {
        discord.InteractionResponseType.deferred_message_update,
        discord.InteractionResponseType.message_update,
    }:
        original: Any = interaction
        await original.edit_original_response(**changes)
    else:
        await target.edit(**changes)
