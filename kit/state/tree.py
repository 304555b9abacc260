"""The nodes of the state tree: built-in containers that refuse to be changed in place.

The tree is read everywhere and changed in one place, a reducer's draft. Making
the nodes subclasses of `dict`, `list` and `set` keeps reading as fast as it can
be, and turns a change made elsewhere into an error at the line that makes it.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

Path = tuple[str | int, ...]

SCALARS = frozenset({type(None), bool, int, float, str, dt.datetime, dt.date, dt.timedelta})


class StateError(Exception):
    """Something the store refuses. The message says what, where, and what to write instead."""


class StateMutationError(StateError, TypeError):
    """The state was changed outside a reducer."""


class UnstorableError(StateError, TypeError):
    """A value that could not come back from storage as it was.

    Attributes:
        path: Where in the state the value would have gone.
        value: The value.
    """

    def __init__(self, path: Path, value: Any, why: str) -> None:
        self.path = path
        self.value = value
        super().__init__(f"{show(path)}: {why}")


def show(path: Path) -> str:
    """A path as a reader would write it: `application.counters['roles:main']`.

    >>> show(("application", "counters", "roles:main", 3))
    "application.counters['roles:main'][3]"
    """
    text = ""
    for key in path:
        if isinstance(key, str) and key.isidentifier():
            text += f".{key}" if text else key
        else:
            text += f"[{key!r}]"
    return text or "the state"


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise StateMutationError(
        "the state is changed by actions only: write a reducer and `await store.dispatch(...)`, "
        "or take a copy first with `copy.deepcopy(...)`"
    )


class StateDict(dict[Any, Any]):
    """A mapping of the state tree."""

    __slots__ = ()
    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def copy(self) -> dict[Any, Any]:
        """A plain, shallow copy that may be changed."""
        return dict(self)

    def __copy__(self) -> dict[Any, Any]:
        return dict(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[Any, Any]:
        return thaw(self)  # type: ignore[no-any-return]

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (thaw(self),)


class StateList(list[Any]):
    """A sequence of the state tree."""

    __slots__ = ()
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse

    def copy(self) -> list[Any]:
        """A plain, shallow copy that may be changed."""
        return list(self)

    def __copy__(self) -> list[Any]:
        return list(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> list[Any]:
        return thaw(self)  # type: ignore[no-any-return]

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (thaw(self),)


class StateSet(set[Any]):
    """A set of the state tree; its members are scalars."""

    __slots__ = ()
    __ior__ = __iand__ = __isub__ = __ixor__ = _refuse
    add = clear = discard = pop = remove = update = _refuse
    difference_update = intersection_update = symmetric_difference_update = _refuse

    def copy(self) -> set[Any]:
        """A plain copy that may be changed."""
        return set(self)

    def __copy__(self) -> set[Any]:
        return set(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> set[Any]:
        return set(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return set, (list(self),)


def freeze(value: Any, path: Path = ()) -> Any:
    """A copy of `value` made of the tree's own nodes.

    Args:
        value: Scalars (`None`, bool, int, finite float, str, datetime, date, timedelta),
            dicts with text or integer keys, lists, tuples, and sets of scalars.
        path: Where the value goes, for the message of an error.

    Raises:
        UnstorableError: For any other value; it names the path.
    """
    try:
        return _freeze(value, path)
    except RecursionError:
        raise too_deep(path, value) from None


def too_deep(path: Path, value: Any) -> UnstorableError:
    """The error for a value that has no end."""
    return UnstorableError(
        path, value, f"the {type(value).__name__} contains itself, or is nested too deeply to be kept"
    )


def _freeze(value: Any, path: Path) -> Any:
    cls = value.__class__
    if cls in SCALARS:
        if cls is float and not math.isfinite(value):
            raise UnstorableError(path, value, f"{value!r} has no form in JSON; store None or a text instead")
        if cls is dt.datetime and not _zone_is_storable(value.tzinfo):
            raise UnstorableError(
                path, value, f"the time zone {value.tzinfo!r} can't be kept; use a ZoneInfo"
            )
        return value
    if isinstance(value, dict):
        node = StateDict()
        for key, item in value.items():
            if key.__class__ is not str and key.__class__ is not int:
                raise UnstorableError(
                    path,
                    value,
                    f"the key {key!r} is a {key.__class__.__name__}; keys are text or integers, so write "
                    f"{str(key)!r}",
                )
            dict.__setitem__(node, key, _freeze(item, (*path, key)))
        return node
    if isinstance(value, list):
        return StateList(_freeze(item, (*path, index)) for index, item in enumerate(value))
    if cls is tuple:
        return tuple(_freeze(item, (*path, index)) for index, item in enumerate(value))
    if isinstance(value, set):
        for item in value:
            if item.__class__ not in SCALARS:
                raise UnstorableError(path, value, f"a set holds scalars only, not {item!r}; use a list")
        return StateSet(value)
    raise UnstorableError(
        path,
        value,
        f"{_describe(value)} can't be kept in the state, because storage could not bring it back as it is; "
        f"store {_remedy(value)}",
    )


def _zone_is_storable(zone: dt.tzinfo | None) -> bool:
    return (
        zone is None or zone.__class__ is dt.timezone or (isinstance(zone, ZoneInfo) and zone.key is not None)
    )


def thaw(value: Any) -> Any:
    """A plain copy of a node: dicts, lists and sets that may be changed."""
    cls = value.__class__
    if cls in SCALARS:
        return value
    if isinstance(value, dict):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, list):
        return [thaw(item) for item in value]
    if isinstance(value, set):
        return set(value)
    return tuple(thaw(item) for item in value)


def _describe(value: Any) -> str:
    text = repr(value)
    return f"a {value.__class__.__name__} ({text if len(text) <= 60 else text[:57] + '...'})"


def _remedy(value: Any) -> str:
    if hasattr(value, "value") and isinstance(value, int | str):
        return "its `.value`"
    if hasattr(value, "id"):
        return "its `.id`"
    return "what it is made of (text, numbers, lists, dicts) instead"
