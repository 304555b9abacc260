"""The live class that is exported: what kind it is, whether it survives a restart, what it shows.

discord.py's page "Persistent views" states the rule: `timeout=None`, and an explicit `custom_id` on every
item that can be pressed.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import discord

from .errors import ExportError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .namespace import Bindings
    from .statements import Statement

_OURS = frozenset({"PersistentView", "PersistentLayoutView"})
PROOF_KEY = "proof"


class Kind(Enum):
    """How a bot keeps a class answering.

    `PERSISTENT` registers itself with kit, `VIEW` is added with `Bot.add_view`, `DYNAMIC_ITEM` with
    `Bot.add_dynamic_items`.
    """

    PERSISTENT = "persistent"
    VIEW = "view"
    DYNAMIC_ITEM = "dynamic item"


@dataclass(frozen=True)
class Panel:
    """The class to export.

    Args:
        cls: The live class.
        name: The name its class statement gives it.
        kind: How a bot keeps it answering.
        statement: The statement that holds its class statement.
        payload: What `to_components()` gave in the notebook, with an empty store if it is a view of kit's;
            None when it is not constructed here.
        stable: Whether two constructions gave the same payload.
        dynamic: The names of the DynamicItem classes among its children.
        required: Constructor arguments that only a command of the user's can give.
    """

    cls: type
    name: str
    kind: Kind
    statement: Statement
    payload: list[Any] | None = None
    stable: bool = True
    dynamic: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


def kind_of(cls: type) -> Kind | None:
    """Say how a bot keeps a class answering.

    Args:
        cls: Any class.

    Returns:
        The kind, or None for a class that no message can show.
    """
    if any(base.__name__ in _OURS and base.__module__.startswith("kit.views") for base in cls.__mro__[1:]):
        return Kind.PERSISTENT
    if issubclass(cls, discord.ui.View | discord.ui.LayoutView):
        return Kind.VIEW
    return Kind.DYNAMIC_ITEM if issubclass(cls, discord.ui.DynamicItem) else None


def find_target(view: str | type, bindings: Bindings, namespace: Mapping[str, Any]) -> tuple[type, Statement]:
    """Find the class statement of the class to export.

    Args:
        view: The class, or the name it has in the notebook.
        bindings: The history of all names.
        namespace: The kernel's live values.

    Returns:
        The live class and the statement that made it.

    Raises:
        ExportError: With the reason `not a class statement`, `no source` or `not a view`.
    """
    cls = namespace.get(view) if isinstance(view, str) else view
    if isinstance(view, str) and cls is None and not bindings.find(view, None):
        raise ExportError(
            "no source",
            f"the notebook has no class `{view}`",
            fix=f"run the cell with `class {view}`, then export again",
        )
    name = cls.__name__ if isinstance(cls, type) else str(view)
    found = bindings.find(name, None)
    statement = found[0] if found else None
    node = _class_statement(statement.node, name) if statement is not None else None
    if not isinstance(cls, type) or statement is None or node is None or "<locals>" in cls.__qualname__:
        raise _not_a_statement(name, cls, statement)
    if namespace.get(name, cls) is not cls:
        raise statement.refusal(
            "two values",
            f"the `{name}` to export is an older class than the one cell {statement.cell.number} made",
            f"export the newest: `export({name!r})`",
            node.lineno,
        )
    if kind_of(cls) is None:
        raise statement.refusal(
            "not a view",
            f"`{name}` is neither a view nor a DynamicItem, so no message can show it",
            f"class {name}(discord.ui.View):",
            node.lineno,
        )
    return cls, statement


def _class_statement(node: ast.stmt, name: str) -> ast.ClassDef | None:
    if isinstance(node, ast.ClassDef):
        return node if node.name == name else None
    for body in (getattr(node, part, []) for part in ("body", "orelse", "finalbody")):
        for inner in body:
            if isinstance(inner, ast.stmt) and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found = _class_statement(inner, name)
                if found is not None:
                    return found
    return None


def _not_a_statement(name: str, cls: object, statement: Statement | None) -> ExportError:
    module = getattr(cls, "__module__", "__main__")
    if statement is not None:
        why = f"`{name}` is made by an expression; the values it closes over can't be written down"
    elif module != "__main__":
        why = f"`{name}` comes from the module {module}, which a bot can load as it is"
    else:
        why = f"no executed cell has the statement `class {name}`"
    reason, fix = (
        "not a class statement",
        f"write `class {name}(discord.ui.View):` at the top level of a cell",
    )
    return statement.refusal(reason, why, fix) if statement else ExportError(reason, why, fix=fix)


def inspect_panel(cls: type, statement: Statement, *, has_command: bool) -> Panel:
    """Construct the class twice and look whether its messages would survive a restart.

    It must be called inside the running loop: a view made outside one never answers.

    Args:
        cls: The live class.
        statement: The statement that made it.
        has_command: Whether a command of the user's constructs it, with arguments of its own.

    Returns:
        The panel, with the notebook's payload.

    Raises:
        ExportError: With the reason `arguments`, `constructor` or `not persistent`.
    """
    kind = kind_of(cls)
    assert kind is not None
    name = cls.__name__
    if kind is Kind.DYNAMIC_ITEM:
        return Panel(cls, name, kind, statement)
    required = tuple(required_arguments(cls, kind))
    if required and not (has_command and kind is Kind.PERSISTENT):
        raise _needs_arguments(name, kind, required, statement)
    if required:
        return Panel(cls, name, kind, statement, required=required)
    with _fresh_store() if kind is Kind.PERSISTENT else nullcontext():
        first, second = (_construct(cls, kind, statement) for _ in range(2))
        try:
            _refuse_not_persistent(first, name, statement)
            _refuse_moving_ids(first, second, name, statement)
            payload, other = (json.loads(json.dumps(view.to_components())) for view in (first, second))
            dynamic = dynamic_items(first)
        finally:
            first.stop()
            second.stop()
    return Panel(cls, name, kind, statement, payload, payload == other, tuple(sorted(dynamic)))


@contextmanager
def _fresh_store() -> Iterator[None]:
    """Show a view of kit's with the empty store that the proof's process has."""
    state = sys.modules["kit.state"]
    before = state.get_store()
    state.set_store(before.successor())
    try:
        yield
    finally:
        state.set_store(before)


def dynamic_items(view: Any) -> set[str]:
    """Name the DynamicItem classes among the items of a view.

    Args:
        view: The view.

    Returns:
        The names of the classes.
    """
    items = view.walk_children()
    return {type(item).__name__ for item in items if isinstance(item, discord.ui.DynamicItem)}


def required_arguments(cls: type, kind: Kind) -> list[str]:
    """Find the arguments without which a class can't be made.

    Args:
        cls: The class.
        kind: How a bot keeps it answering.

    Returns:
        The names, without those that kit's posting command gives.
    """
    given = {"state_key", "context"} if kind is Kind.PERSISTENT else set()
    plain = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [
        parameter.name
        for parameter in inspect.signature(cls).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in plain
        and parameter.name not in given
    ]


def _needs_arguments(name: str, kind: Kind, required: tuple[str, ...], statement: Statement) -> ExportError:
    first = required[0]
    line = _line_of(statement, lambda node: isinstance(node, ast.arg) and node.arg == first)
    default = f"def __init__(self, *args, {first}=..., **kwargs):" if kind is Kind.PERSISTENT else None
    command = ", or write the command that posts it" if kind is Kind.PERSISTENT else ""
    return statement.refusal(
        "arguments",
        f"`{name}` needs {', '.join(f'`{argument}`' for argument in required)} to be made, and a bot that "
        "starts again has nothing to give",
        (default or f"def __init__(self, {first}=...):") + command,
        line,
    )


def _construct(cls: Any, kind: Kind, statement: Statement) -> Any:
    try:
        return cls(state_key=PROOF_KEY) if kind is Kind.PERSISTENT else cls()
    except Exception as error:  # the user's constructor may raise anything
        raise statement.refusal(
            "constructor",
            f"`{cls.__name__}()` raised {type(error).__name__}: {error}",
            f"make `{cls.__name__}()` work in a cell, then export again",
        ) from error


def _refuse_not_persistent(view: Any, name: str, statement: Statement) -> None:
    if view.timeout is not None:
        line = _line_of(statement, lambda node: isinstance(node, ast.keyword) and node.arg == "timeout")
        raise _not_persistent(
            f"`{name}` stops after {view.timeout:g} seconds",
            "super().__init__(timeout=None)",
            statement,
            line,
        )
    for item in view.walk_children():
        if not item.is_dispatchable() or item.is_persistent():
            continue
        label = _item_name(item)
        short = "".join(letter if letter.isalnum() else "_" for letter in label.lower()).strip("_") or "item"
        line = _line_of(
            statement,
            lambda node, label=label: label in {getattr(node, "name", None), getattr(node, "value", None)},
        )
        raise _not_persistent(
            f"the item `{label}` of `{name}` has no custom_id, so every start gives it another one",
            f'custom_id="{name.lower()}:{short}"',
            statement,
            line,
        )


def _item_name(item: Any) -> str:
    callback = getattr(getattr(item, "callback", None), "callback", None)
    name = getattr(callback, "__name__", None)
    return str(
        name or getattr(item, "label", None) or getattr(item, "placeholder", None) or type(item).__name__
    )


def _refuse_moving_ids(first: Any, second: Any, name: str, statement: Statement) -> None:
    pairs = zip(first.walk_children(), second.walk_children(), strict=False)
    for one, two in pairs:
        old, new = (getattr(item, "custom_id", None) for item in (one, two))
        if old != new:
            raise _not_persistent(
                f"the custom_id of `{_item_name(one)}` in `{name}` changes with every construction "
                f"({old!r}, then {new!r})",
                f'custom_id="{name.lower()}:{_item_name(one).lower()}"',
                statement,
                None,
            )
    if len(list(first.walk_children())) != len(list(second.walk_children())):
        raise _not_persistent(
            f"`{name}` has another number of items with every construction",
            "build the same items each time",
            statement,
            None,
        )


def _not_persistent(message: str, fix: str, statement: Statement, line: int | None) -> ExportError:
    return statement.refusal("not persistent", message, fix, line)


def _line_of(statement: Statement, wanted: Any) -> int | None:
    lines = [getattr(node, "lineno", None) for node in ast.walk(statement.node) if wanted(node)]
    return next((line for line in lines if line is not None), None)
