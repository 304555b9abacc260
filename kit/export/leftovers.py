"""What of a notebook is not in the module, and why: what nobody says is lost without a word."""

from __future__ import annotations

import ast
import builtins

from .bindings import Function, running_now
from .imports import is_import
from .posting import companion_of
from .refusals import Kernel
from .slice import Slice
from .statements import Statement

_CHANGING_BUILTINS = frozenset({"next", "setattr", "delattr", "exec"})
_SHOWING = (frozenset(vars(builtins)) - _CHANGING_BUILTINS) | {"display"}


def left_out_of(found: Slice, view: str, kernel: Kernel) -> list[str]:
    """List what was left out of a module and has to do with it.

    Args:
        found: The slice.
        view: The name of the exported class.
        kernel: The running notebook.

    Returns:
        A line for each statement about the view or about what it uses, and one for the imports.
    """
    kept = {statement.position for statement in found.statements}
    said: dict[str, None] = {}
    for statement in found.bindings.statements:
        if statement.position in kept or found.has([statement]) or is_import(statement):
            continue
        why = _why(statement, found, view, kernel)
        if why:
            said[f"`{statement.excerpt()}` (cell {statement.cell.number}): {why}"] = None
    used = {item.binds for item in found.imports}
    unused = {
        name
        for statement in found.bindings.statements
        if is_import(statement) and getattr(statement.node, "module", "") != "__future__"
        for name in statement.bound.names - used
    }
    if unused:
        said[f"imports that the view doesn't use: {', '.join(sorted(unused))}"] = None
    return list(said)


def _why(statement: Statement, found: Slice, view: str, kernel: Kernel) -> str:
    node = statement.node
    if command := companion_of(node):
        return f"it belongs to the command `{command}`, which is left out too"
    if isinstance(node, (*Function, ast.ClassDef)) and found.has(found.bindings.find(node.name, None)):
        return ""
    if view in statement.piece.words:
        if isinstance(node, Function) and node.decorator_list:
            return "a command of this kind needs the notebook's own bot or group; write it into a cog class"
        return "only the notebook needs it"
    if _works_on(statement, found, kernel):
        return "it works by its effect, which the module does not have"
    return ""


def _started_by(call: ast.Call) -> str | None:
    """The name at the start of `get_store().reducers.register(...)`."""
    part: ast.expr = call
    while isinstance(part, ast.Call | ast.Attribute | ast.Subscript):
        part = part.func if isinstance(part, ast.Call) else part.value
    return part.id if isinstance(part, ast.Name) else None


def _works_on(statement: Statement, found: Slice, kernel: Kernel) -> bool:
    """Whether a statement calls, or hands to a call, what the module uses too."""
    node = statement.node
    names = set(found.names)
    if isinstance(node, Function) and not node.decorator_list:
        return False
    if statement.bound.names:
        # Whoever makes a value with a library does nothing to the library.
        names -= {item.binds for item in found.imports}
    for part in running_now(node):
        if not isinstance(part, ast.Call):
            continue
        callee = _started_by(part)
        if callee is None or callee in _SHOWING or kernel.is_lab(callee):
            continue
        given = [*part.args, *(one.value for one in part.keywords)]
        used = {callee} | {name.id for one in given for name in ast.walk(one) if isinstance(name, ast.Name)}
        made_by = str(getattr(kernel.namespace.get(callee), "__module__", ""))
        if used & names or made_by.startswith("kit.state"):
            return True
    return False
