"""The constructor arguments of a view, by name: what is stored of it, and makes it again."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any
from weakref import WeakKeyDictionary


def named_arguments(cls: type, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a constructor call, by name.

    Raises:
        ValueError: If one has no name to store it by.
    """
    bound = inspect.signature(cls.__init__).bind(None, *args, **kwargs)  # type: ignore[misc]
    named: dict[str, Any] = {}
    for name, value in list(bound.arguments.items())[1:]:
        kind = bound.signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            named.update(value)
        elif kind in {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.POSITIONAL_ONLY}:
            raise ValueError(
                f"{cls.__name__} was given {value!r} without a name, and could not be made "
                "again; let the constructor take it as a keyword argument"
            )
        else:
            named[name] = value
    return named


def accepts(cls: type, name: str) -> bool:
    """Whether the constructor of `cls` can be given the keyword argument `name`."""
    known = _parameters.get(cls)
    if known is None:
        parameters = inspect.signature(cls.__init__).parameters  # type: ignore[misc]
        takes_any = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())
        known = _parameters[cls] = (frozenset(parameters), takes_any)
    return name in known[0] or known[1]


_parameters: WeakKeyDictionary[type, tuple[frozenset[str], bool]] = WeakKeyDictionary()


def check_call(cls: type, names: Iterable[str]) -> None:
    """See that `cls` can be made from the arguments of those names; what it doesn't take is left out.

    Raises:
        TypeError: If it needs one that is not among them.
    """
    wanted = {name for name in names if accepts(cls, name)}
    try:
        inspect.signature(cls.__init__).bind(None, **dict.fromkeys(wanted))  # type: ignore[misc]
    except TypeError as error:
        raise TypeError(
            f"{cls.__qualname__} can't be rebuilt from its stored arguments: {error}. Give the new "
            "argument a default, or take `**kwargs` and pass them to super().__init__"
        ) from None
