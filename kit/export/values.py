"""Writes a value down so that equal values of two processes give equal texts.

The kernel imports it and the proof's fresh interpreter runs it by its path: it imports nothing of kit.
What a text can't tell (an object of a library that shows only its address) it names by its class alone.
"""

from __future__ import annotations

import enum
import functools
import hashlib
import logging
import os
import types
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

_PLAIN = (type(None), bool, int, float, complex, str, bytes, type(Ellipsis))
_LONGEST = 2_000
_MOST = 100_000


def descriptions(names: Iterable[str], namespace: Mapping[str, Any], home: str) -> dict[str, str]:
    """Write down the values of some names.

    Args:
        names: The global names.
        namespace: Where their values are.
        home: The module that the user's own classes and functions name as theirs.

    Returns:
        A text for each name that has a value; for a class of the user's one for each public attribute.
    """
    found: dict[str, str] = {}
    for name in names:
        if name not in namespace:
            continue
        value = namespace[name]
        if isinstance(value, type) and value.__module__ == home and not issubclass(value, enum.Enum):
            for attribute, part in vars(value).items():
                if not attribute.startswith("_"):
                    found[f"{name}.{attribute}"] = _cut(_Writer(home).text(part))
        else:
            found[name] = _cut(_Writer(home).text(value))
    return found


def _cut(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}... sha256:{hashlib.sha256(text.encode(errors='replace')).hexdigest()}"


class _Writer:
    def __init__(self, home: str) -> None:
        self.home = home
        self._open: set[int] = set()
        self._count = 0

    def text(self, value: Any) -> str:
        self._count += 1
        if type(value) in _PLAIN:
            return repr(value)
        if id(value) in self._open or self._count > _MOST:
            return "..."
        self._open.add(id(value))
        try:
            return self._known(value) or self._container(value) or self._instance(value)
        finally:
            self._open.discard(id(value))

    def _known(self, value: Any) -> str | None:
        shown: str | None = None
        match value:
            case types.ModuleType():
                shown = f"module {value.__name__}"
            case type():
                members = {name: one.value for name, one in getattr(value, "__members__", {}).items()}
                own = value.__module__ == self.home
                shown = f"class {self._name(value)}{f'({self._fields(members)})' if own and members else ''}"
            case enum.Enum():
                shown = f"{self._name(type(value))}.{value.name}"
            case types.FunctionType():
                shown = self._function(value)
            case staticmethod() | classmethod() | types.MethodType():
                shown = f"{type(value).__name__} {self.text(value.__func__)}"
            case property():
                shown = f"property {self.text((value.fget, value.fset, value.fdel))}"
            case functools.partial():
                shown = f"partial {self.text((value.func, value.args, value.keywords))}"
            case logging.Logger():
                # Its level follows that of the whole process.
                shown = "logger"
            case _ if value is os.environ:
                shown = "os.environ"
        return shown

    def _function(self, value: types.FunctionType) -> str:
        if value.__module__ != self.home:
            return f"function {value.__module__}.{value.__qualname__}"
        cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
        closed = {name: self._cell(cell) for name, cell in cells}
        own = {name: part for name, part in vars(value).items() if not name.startswith("__")}
        defaults = dict(enumerate(value.__defaults__ or ())) | (value.__kwdefaults__ or {})
        held = {**closed, **own, **({"defaults": defaults} if defaults else {})}
        return f"function {value.__code__.co_name}({self._fields(held)})"

    @staticmethod
    def _cell(cell: types.CellType) -> Any:
        try:
            return cell.cell_contents
        except ValueError:
            # An empty cell: the variable was deleted or is yet to be bound.
            return ...

    def _container(self, value: Any) -> str | None:
        name = "" if type(value) in {dict, list, tuple, set, frozenset} else self._name(type(value))
        match value:
            case dict() | types.MappingProxyType():
                inner = ", ".join(f"{self.text(key)}: {self.text(part)}" for key, part in value.items())
                inner = f"{{{inner}}}"
            case list() | deque():
                inner = f"[{', '.join(map(self.text, value))}]"
            case tuple():
                inner = f"({', '.join(map(self.text, value))})"
            case set() | frozenset():
                inner = f"{{{', '.join(sorted(map(self.text, value)))}}}"
            case _:
                return None
        return f"{name}{inner}{self._state(value)}"

    def _instance(self, value: Any) -> str:
        kind = type(value)
        if kind.__module__ == self.home or kind is types.SimpleNamespace:
            return f"{self._name(kind)}{self._state(value) or '()'}"
        try:
            if kind.__module__.startswith("discord."):
                # An embed shows only its address, an item warns of what is deprecated in it.
                for method in ("to_dict", "to_component_dict"):
                    if hasattr(value, method):
                        return f"{self._name(kind)}{self.text(getattr(value, method)())}"
            shown = repr(value)
        except Exception as error:  # noqa: BLE001 - a __repr__ may raise anything; both sides then say so
            return f"{self._name(kind)} ({type(error).__name__})"
        return self._name(kind) if " at 0x" in shown else shown.replace(f"{self.home}.", "")

    def _state(self, value: Any) -> str:
        slots = [name for base in type(value).__mro__ for name in _slots(base) if hasattr(value, name)]
        fields = {name: getattr(value, name) for name in slots} | getattr(value, "__dict__", {})
        return f"({self._fields(fields)})" if fields else ""

    def _fields(self, fields: Mapping[str, Any]) -> str:
        return ", ".join(f"{name}={self.text(part)}" for name, part in fields.items())

    def _name(self, kind: type) -> str:
        return kind.__qualname__ if kind.__module__ == self.home else f"{kind.__module__}.{kind.__qualname__}"


def _slots(base: type) -> Iterable[str]:
    if "__slots__" not in vars(base):
        return ()
    slots = vars(base)["__slots__"]
    names = (slots,) if isinstance(slots, str) else slots
    return [name for name in names if name not in {"__dict__", "__weakref__"}]
