"""Which global names a statement reads, and when it reads them.

A name is read *now* (while the statement runs: decorators, bases, defaults, class-level code, annotations
that are evaluated), *later* (when a function that it defines runs) or only *quoted* (in an annotation that
nothing evaluates). The scopes come from `symtable`, so they are those of the running Python.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator
from dataclasses import dataclass

from .bindings import Function, bound_by, changes_in, root_name, running_now
from .flow import read_first

_FUTURE = "from __future__ import annotations\n"
_CALLING_BUILTINS = frozenset({"map", "filter", "sorted", "min", "max", "next", "sum", "reduce"})


@dataclass(frozen=True)
class Uses:
    """The global names that a statement reads.

    Args:
        now: Read while the statement runs.
        optional: Read while it runs if they exist (a class-level `LIMIT = LIMIT`, `X += 1`).
        called: Those of `now` whose code runs while the statement runs.
        later: Read when a function defined by the statement runs.
        direct: Those of `later` read by the outermost functions, while they are called.
        inner: Those of `later` read by functions within functions, which outlive the call.
        quoted: Only named in annotations that are never evaluated.
        rebound: Assigned by functions that declare them `global`.
        changed: Changed in place by functions.
        lines: The first line of the tree on which each name stands.
    """

    now: frozenset[str]
    optional: frozenset[str]
    called: frozenset[str]
    later: frozenset[str]
    direct: frozenset[str]
    inner: frozenset[str]
    quoted: frozenset[str]
    rebound: frozenset[str]
    changed: frozenset[str]
    lines: dict[str, int]


class _Tables:
    """Sorts the symbols of nested scopes by the depth of functions around them."""

    def __init__(self) -> None:
        self.by_depth: tuple[set[str], set[str], set[str]] = (set(), set(), set())
        self.optional: set[str] = set()
        self.rebound: set[str] = set()

    def visit(self, table: symtable.SymbolTable, depth: int) -> None:
        kind = _kind(table)
        for symbol in table.get_symbols():
            name = symbol.get_name()
            if kind == "module":
                if symbol.is_referenced():
                    self.by_depth[0].add(name)
            elif symbol.is_global():
                if symbol.is_declared_global() and symbol.is_assigned():
                    self.rebound.add(name)
                    self.by_depth[min(depth, 2)].add(name)
                elif symbol.is_referenced():
                    self.by_depth[min(depth, 2)].add(name)
            elif kind == "class" and symbol.is_referenced() and symbol.is_local():
                self.optional.add(name)
        for child in table.get_children():
            if _kind(child) != "annotation":
                self.visit(child, depth + _is_real_function(child))


def _kind(table: symtable.SymbolTable) -> str:
    kind = table.get_type()
    return str(getattr(kind, "value", kind))


def _is_real_function(table: symtable.SymbolTable) -> bool:
    return _kind(table) == "function" and table.get_name() not in {
        "listcomp",
        "setcomp",
        "dictcomp",
        "genexpr",
    }


def uses_of(node: ast.stmt, source: str, *, future: bool) -> Uses:
    """Find the global names that a statement reads.

    Args:
        node: The statement's tree, for the lines.
        source: Its text.
        future: Whether `from __future__ import annotations` was in force.

    Returns:
        The names, by the time at which they are read.
    """
    tables = _Tables()
    tables.visit(symtable.symtable((_FUTURE if future else "") + source, "<cell>", "exec"), 0)
    now, later, inner = tables.by_depth
    tables.optional |= {
        part.target.id
        for part in running_now(node, class_bodies=False)
        if isinstance(part, ast.AugAssign) and isinstance(part.target, ast.Name)
    }
    if isinstance(node, ast.ClassDef):
        tables.optional &= read_first(node.body)
    now -= bound_by(node).names - read_first([node])
    optional = tables.optional
    quoted = set(_quoted(node, future=future))
    lines: dict[str, int] = {}
    for name in ast.walk(node):
        if isinstance(name, ast.Name):
            lines[name.id] = min(name.lineno, lines.get(name.id, name.lineno))
    return Uses(
        now=frozenset(now),
        optional=frozenset(optional - now),
        called=frozenset(_called(node)) & (now | optional),
        later=frozenset(later | inner),
        direct=frozenset(later),
        inner=frozenset(inner),
        quoted=frozenset(quoted - now - later - inner),
        rebound=frozenset(tables.rebound),
        changed=frozenset(change.name for change in changes_in(later_nodes(node))) & (later | inner),
        lines=lines,
    )


def later_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Walk what runs when the functions that a statement defines are called.

    Args:
        node: The statement.

    Yields:
        The nodes, in no particular order.
    """
    for inner in running_now(node):
        if isinstance(inner, Function):
            for statement in inner.body:
                yield from ast.walk(statement)
        elif isinstance(inner, ast.Lambda):
            yield from ast.walk(inner.body)


def _called(node: ast.AST) -> Iterator[str]:
    for inner in running_now(node):
        if isinstance(inner, ast.Call):
            callee = root_name(inner.func)
            if callee is not None:
                yield callee
            if callee in _CALLING_BUILTINS:
                passed = [*inner.args, *(keyword.value for keyword in inner.keywords)]
                yield from (value.id for value in passed if isinstance(value, ast.Name))
        for decorator in getattr(inner, "decorator_list", []):
            callee = root_name(decorator)
            if callee is not None:
                yield callee


def annotations_of(node: ast.AST) -> Iterator[ast.expr]:
    """Walk the annotations in a tree.

    Args:
        node: Any tree.

    Yields:
        The annotation of each argument, return value and variable.
    """
    for inner in ast.walk(node):
        match inner:
            case ast.arg(annotation=ast.expr() as annotation) | ast.AnnAssign(annotation=annotation):
                yield annotation
            case ast.FunctionDef(returns=ast.expr() as annotation):
                yield annotation
            case ast.AsyncFunctionDef(returns=ast.expr() as annotation):
                yield annotation


def _quoted(node: ast.AST, *, future: bool) -> Iterator[str]:
    for annotation in annotations_of(node):
        yield from _quoted_in(annotation, bare=future)
    for inner in ast.walk(node):
        match inner:
            case ast.Call(func=ast.Name(id="cast") | ast.Attribute(attr="cast"), args=[kind, *_]):
                yield from _quoted_in(kind, bare=False)


def _quoted_in(annotation: ast.AST, *, bare: bool) -> Iterator[str]:
    match annotation:
        case ast.Constant(value=str(text)):
            try:
                inner = ast.parse(text, mode="eval").body
            except SyntaxError:
                # Free text in an annotation is documentation, not a name.
                return
            yield from _quoted_in(inner, bare=True)
        case ast.Subscript(value=ast.Name(id="Literal") | ast.Attribute(attr="Literal") as base):
            yield from _quoted_in(base, bare=bare)
        case ast.Subscript(
            value=ast.Name(id="Annotated") | ast.Attribute(attr="Annotated") as base,
            slice=ast.Tuple(elts=[first, *rest]),
        ):
            yield from _quoted_in(base, bare=bare)
            yield from _quoted_in(first, bare=bare)
            if bare:
                yield from (name.id for part in rest for name in ast.walk(part) if isinstance(name, ast.Name))
        case ast.Name(id=name):
            if bare:
                yield name
        case _:
            for child in ast.iter_child_nodes(annotation):
                yield from _quoted_in(child, bare=bare)
