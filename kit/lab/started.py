"""The views that a `ViewClient` has started, as hot reload finds and replaces them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from discord.ui.view import BaseView

from kit.lab.discordlife import DiscordLife
from kit.persistence.kept import arguments_of, is_kept, make_again, stored_name
from kit.persistence.live import class_key
from kit.persistence.registry import view_classes
from kit.persistence.routes import routes_of
from kit.persistence.started import StartedViews


class UnknownArgumentsError(Exception):
    """A view that can't be made again, because nobody has noted its arguments."""


def started_views(life: DiscordLife) -> StartedViews:
    """The started views of a life's bot."""
    return routes_of(life.bot).started


def started_of(life: DiscordLife, key: str) -> dict[BaseView, int | None]:
    """The started views of the classes called `key`, with the messages that they are bound to."""
    places = started_views(life).places
    return {view: place.message_id for view, place in places.items() if class_key(view) == key}


def wake_kept(life: DiscordLife, key: str, cls: type | None) -> None:
    """Make the kept views of `key` that nobody has clicked since the restart, of the class `cls`."""
    routes, current = routes_of(life.bot), view_classes.get(key)
    view_classes.put(key, cls)
    try:
        for entry in tuple(life.store.state["persistent_views"].values()):
            if entry["class_name"] == key and entry.get("bound"):
                routes.bound_on(int(entry["message_id"]))
    finally:
        view_classes.put(key, current)


def made_again(cls: Any, old: BaseView, posted: Mapping[str, Any] | None) -> BaseView:
    """A view of `cls` from the arguments of `old`.

    Args:
        cls: The class that was defined again.
        old: The view that it is to replace.
        posted: The arguments, if `lab.post` made it.

    Raises:
        UnknownArgumentsError: If nobody has noted them.
    """
    if stored_name(old) is not None:
        return make_again(cls, arguments_of(old))
    if posted is not None:
        view: BaseView = cls(**posted)
        return view
    if len(inspect.signature(type(old).__init__).parameters) == 1:
        return make_again(cls, {})
    raise UnknownArgumentsError(
        f"{cls.__name__} is on views that were started with arguments that nobody has noted. Decorate the "
        "class with `@ViewClient.persistent`, and start new ones"
    )


def check_still_kept(cls: type, old: BaseView, life: DiscordLife) -> None:
    """See that a kept view stays one.

    Raises:
        TypeError: If its class is not decorated any more.
    """
    place = started_views(life).places.get(old)
    if place is not None and place.state_key is not None and not is_kept(cls):
        raise TypeError(
            f"{cls.__name__} is kept for the next restart, and could not be found then: decorate it with "
            "`@ViewClient.persistent`, as before"
        )
