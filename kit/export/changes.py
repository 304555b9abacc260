"""Finds globals and classes that are no longer what their statement made them."""

from __future__ import annotations

import ast
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .bindings import Change, running_now
from .errors import ExportError
from .refusals import Kernel, value_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .slice import Slice
    from .statements import Statement

_EMPTY = frozenset({"list", "dict", "set", "deque", "defaultdict", "Counter", "OrderedDict", "bytearray"})
_MUTABLE = (list, dict, set, bytearray)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
_GONE = object()


@dataclass(frozen=True)
class Remark:
    """Something that a person should know about a module that was written all the same.

    Args:
        kind: A few fixed words, the same for every remark of one kind.
        text: The sentence.
        cell: The cell it is about.
        line: The line in it, as typed.
    """

    kind: str
    text: str
    cell: int
    line: int

    def __str__(self) -> str:
        return f"{self.kind}: {self.text} (cell {self.cell}, line {self.line})"


def refuse_changes(found: Slice, kernel: Kernel) -> None:
    """Refuse a slice whose statements would not make the values that the notebook has.

    Args:
        found: The slice.
        kernel: The running notebook.

    Raises:
        ExportError: With the reason `mutated global`, `patched class` or `no source`.
    """
    needed = _bindings_needed(found)
    _refuse_written_changes(found, needed, kernel)
    kept_by_callbacks = _changed_by_callbacks(found)
    for name, statement in needed.items():
        newest = found.bindings.find(name, None)
        if newest != [statement] or not kernel.namespace or statement.bound.checked_only:
            continue
        node = statement.node
        live = kernel.namespace.get(name, _GONE)
        if isinstance(node, ast.ClassDef):
            _refuse_patched(statement, node, live)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if not node.decorator_list:
                _refuse_replaced_function(statement, node, live)
        elif name not in kept_by_callbacks:
            _refuse_other_value(statement, name, live, kernel)


def global_state(found: Slice) -> list[Remark]:
    """Find module-level values that callbacks change, which a restart of the bot loses.

    Args:
        found: The slice.

    Returns:
        One remark for each name.
    """
    remarks: dict[str, Remark] = {}
    globals_ = {need.name for need in found.needs if need.found}
    for statement in found.statements:
        if statement not in found.escaping:
            continue
        uses = statement.uses
        for name in sorted((uses.rebound | uses.changed) & globals_):
            if any(
                isinstance(need.found[0].node, ast.Import | ast.ImportFrom | ast.ClassDef)
                for need in found.needs
                if need.name == name and need.found
            ):
                continue
            remarks.setdefault(
                name,
                Remark(
                    "global state",
                    f"a callback changes the module's `{name}`, and a restart of the bot loses it; "
                    "keep it in the store",
                    statement.cell.number,
                    statement.typed_line(uses.lines.get(name)),
                ),
            )
    return list(remarks.values())


def _bindings_needed(found: Slice) -> dict[str, Statement]:
    needed: dict[str, Statement] = {}
    for need in found.needs:
        if need.found and not need.quoted:
            needed.setdefault(need.name, need.found[0])
    for target in found.targets:
        for name in target.bound.names:
            needed.setdefault(name, target)
    return needed


def _changed_by_callbacks(found: Slice) -> set[str]:
    return {
        name
        for statement in found.statements
        if statement in found.escaping
        for name in statement.uses.rebound | statement.uses.changed
    }


def _refuse_written_changes(found: Slice, needed: Mapping[str, Statement], kernel: Kernel) -> None:
    kept = set(found.statements)
    for statement in found.bindings.statements:
        if not any(name in statement.source for name in needed):
            continue
        changes = _augmented(statement, kernel)
        if statement not in kept and not isinstance(statement.node, _DEFINITIONS):
            changes += statement.piece.changes
        for change in changes:
            binder = needed.get(change.name)
            if binder is None or binder.position > statement.position:
                continue
            if isinstance(binder.node, ast.Import | ast.ImportFrom):
                continue
            raise _changed(change, statement, binder, kernel)


def _augmented(statement: Statement, kernel: Kernel) -> list[Change]:
    """`X += [1]` changes a list in place: whoever holds the list sees it."""
    node = statement.node
    if not isinstance(node, ast.AugAssign) or not isinstance(node.target, ast.Name):
        return []
    mutable = isinstance(kernel.namespace.get(node.target.id), _MUTABLE)
    return [Change(node.target.id, node.lineno)] if mutable else []


def _changed(change: Change, statement: Statement, binder: Statement, kernel: Kernel) -> ExportError:
    is_class = isinstance(binder.node, ast.ClassDef)
    what = "patched after its definition" if is_class else "changed after it was bound"
    inside = f"write `{change.attribute or '...'}` inside `class {change.name}`"
    return ExportError(
        "patched class" if is_class else "mutated global",
        f"`{change.name}` (cell {binder.cell.number}) was {what}",
        fix=f"{inside} and run cell {binder.cell.number} again"
        if is_class
        else value_line(
            change.name, kernel, otherwise=f"bind `{change.name}` to its whole value in one statement"
        ),
        cell=statement.cell.number,
        line=statement.typed_line(change.line),
        excerpt=statement.excerpt(change.line),
    )


def _refuse_other_value(statement: Statement, name: str, live: object, kernel: Kernel) -> None:
    value = _simple_value(statement.node, name)
    if value is None:
        return
    written = _written(value)
    if written is _GONE:
        same = not _is_empty_call(value) or not live
    else:
        same = (live == written and type(live) is type(written)) or repr(live) == repr(written)
    if same:
        return
    mutable = written is _GONE or isinstance(written, _MUTABLE)
    raise ExportError(
        "mutated global" if mutable and live is not _GONE else "no source",
        f"the value of `{name}` is not the one that cell {statement.cell.number} gave it",
        fix=value_line(name, kernel),
        cell=statement.cell.number,
        line=statement.typed_line(),
        excerpt=statement.excerpt(),
    )


def _simple_value(node: ast.stmt, name: str) -> ast.expr | None:
    match node:
        case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
            return value
        case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value) if target == name:
            return value
    return None


def _written(value: ast.expr) -> Any:
    try:
        return ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        # Not a literal: its value can't be known without running it.
        return _GONE


def _is_empty_call(value: ast.expr) -> bool:
    match value:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args, keywords=[]):
            return name in _EMPTY and (not args or name == "defaultdict")
    return False


def _refuse_replaced_function(
    statement: Statement, node: ast.FunctionDef | ast.AsyncFunctionDef, live: object
) -> None:
    if not isinstance(live, types.FunctionType) or live.__code__.co_name != node.name:
        raise _replaced(statement, node.name)


def _replaced(statement: Statement, name: str) -> ExportError:
    return ExportError(
        "no source",
        f"`{name}` is not what cell {statement.cell.number} defined any more, and no cell shows why",
        fix=f"run cell {statement.cell.number} again",
        cell=statement.cell.number,
        line=statement.typed_line(),
        excerpt=statement.excerpt(),
    )


def _refuse_patched(statement: Statement, node: ast.ClassDef, live: object) -> None:
    if not isinstance(live, type):
        if not node.decorator_list:
            raise _replaced(statement, node.name)
        return
    written = {
        inner.name: inner for inner in node.body if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assigned = {
        part.id
        for inner in node.body
        for part in running_now(inner, class_bodies=False)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }
    number = statement.cell.number
    for name, value in vars(live).items():
        if (
            not isinstance(value, types.FunctionType)
            or value.__module__ != live.__module__
            or name in assigned
        ):
            continue
        method = written.get(name)
        if method is not None:
            patched = not method.decorator_list and value.__code__.co_name != name
        else:
            patched = not node.decorator_list and not value.__qualname__.startswith(f"{live.__qualname__}.")
        if patched:
            raise ExportError(
                "patched class",
                f"`{live.__name__}.{name}` was put there after the class statement of cell {number}",
                fix=f"write `{name}` inside `class {live.__name__}` and run cell {number} again",
                cell=number,
                line=statement.typed_line(),
                excerpt=statement.excerpt(),
            )
