"""What no name leads to: reducers of the store, and functions that a decorator puts into a table.

A view dispatches "VOTED", and some reducer answers; a callback looks into HANDLERS, and some `@handler`
filled it. The live registry and the live tables say which statements these are.
"""

from __future__ import annotations
import __future__

import ast
import inspect
import sys
import types
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from .bindings import Function, root_name
from .names import later_nodes
from .slice import Slice, slice_of
from .statements import Statement, first_line
from .values import descriptions


def with_registrations(found: Slice, namespace: Mapping[str, Any], commands: Collection[str]) -> Slice:
    """Add to a slice what registers itself for it.

    Args:
        found: The slice.
        namespace: The kernel's live values.
        commands: The names of commands, whose decorators belong into a cog.

    Returns:
        The slice with the reducers of the actions that it may dispatch, and with the decorated functions
        that are in its tables.

    Raises:
        ExportError: If one of them needs a name with two values.
    """
    reducers = registered(namespace)
    while True:
        wanted = [statement_of(reducers[kind], found, namespace) for kind in dispatched(found, namespace)]
        wanted += _decorated(found, namespace, commands)
        fresh = [one for one in wanted if one is not None and not found.has([one])]
        if not fresh:
            return found
        found = slice_of(found.bindings, [*found.targets, *fresh])


def registered(namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Ask kit's store for the reducers that cells of this notebook registered.

    Args:
        namespace: The kernel's live values.

    Returns:
        The functions by the type of action; none if the notebook never imported kit.
    """
    state = sys.modules.get("kit.state")
    if state is None:
        return {}
    reducers = state.get_store().reducers.registered()
    return {
        kind: function
        for kind, function in reducers.items()
        if getattr(inspect.unwrap(function), "__globals__", None) is namespace
        or any(value is function for value in namespace.values())
    }


def dispatched(found: Slice, namespace: Mapping[str, Any]) -> list[str]:
    """Say which of the notebook's own actions a slice may dispatch.

    Args:
        found: The slice.
        namespace: The kernel's live values.

    Returns:
        The types that stand in its texts or values; all of them if it dispatches one that it works out.
    """
    reducers = registered(namespace)
    if not reducers:
        return []
    texts: set[str] = set()
    for statement in found.statements:
        for node in ast.walk(statement.node):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
        for node in later_nodes(statement.node):
            for kind in _actions(node):
                value = kind.value if isinstance(kind, ast.Constant) else _live(kind, namespace)
                if not isinstance(value, str):
                    return list(reducers)
                texts.add(str(getattr(value, "value", value)))
    live = descriptions(found.names, namespace, str(namespace.get("__name__", "__main__"))).values()
    return [kind for kind in reducers if kind in texts or any(repr(kind) in text for text in live)]


def _actions(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.Call(func=ast.Attribute(attr="dispatch"), args=[kind, *_]):
            yield kind
        case ast.Call(func=ast.Attribute(attr="dispatch"), keywords=keywords):
            yield from (one.value for one in keywords if one.arg == "action_type")


def _live(node: ast.expr, namespace: Mapping[str, Any]) -> Any:
    match node:
        case ast.Name(id=name):
            return namespace.get(name)
        case ast.Attribute(value=owner, attr=name):
            live = _live(owner, namespace)
            # An instance's property would run; a class or a module only looks up.
            plain = isinstance(live, type | types.ModuleType)
            return getattr(live, name, None) if plain else inspect.getattr_static(live, name, None)
    return None


def statement_of(function: Any, found: Slice, namespace: Mapping[str, Any]) -> Statement | None:
    """Find the statement that defined a function; several may share its name and its line.

    Args:
        function: A live function of the notebook.
        found: Any slice of the ledger.
        namespace: The kernel's live values.

    Returns:
        The statement, or None if no cell has it.
    """
    inner = inspect.unwrap(function)
    if isinstance(inner, types.FunctionType):
        for statement in reversed(found.bindings.statements):
            if _compiles_to(statement, inner.__code__):
                return statement
    names = [name for name, value in namespace.items() if value is function]
    return next((one for name in names for one in found.bindings.find(name, None)), None)


def _compiles_to(statement: Statement, code: types.CodeType) -> bool:
    node = statement.node
    if not isinstance(node, Function) or node.name != code.co_name or first_line(node) != code.co_firstlineno:
        return False
    flags = __future__.annotations.compiler_flag if statement.future else 0
    tree = ast.Module([node], [])
    return code in compile(tree, code.co_filename, "exec", flags=flags, dont_inherit=True).co_consts


def _decorated(found: Slice, namespace: Mapping[str, Any], commands: Collection[str]) -> Iterator[Statement]:
    kept = {name: one for one in found.statements for name in one.bound.names if name not in commands}
    home = str(namespace.get("__name__", "__main__"))
    newest: dict[str, Statement] = {}
    for statement in found.bindings.statements:
        node = statement.node
        for decorator in getattr(node, "decorator_list", []):
            maker = root_name(decorator.func if isinstance(decorator, ast.Call) else decorator)
            if maker is None:
                continue
            made = found.bindings.find(maker, statement.position)
            changed = frozenset().union(*(one.uses.changed for one in made)) | {maker}
            tables = changed & kept.keys()
            texts = descriptions(tables, namespace, home).values()
            name = getattr(node, "name", "")
            if any(f"function {name}(" in text or f"class {name}" in text for text in texts):
                newest[f"{name} {ast.dump(decorator)}"] = statement
    yield from newest.values()
