"""What a top-level statement binds, unbinds and changes in place."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Function = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPOUND = (
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.With,
    ast.AsyncWith,
    ast.Try,
    ast.TryStar,
    ast.Match,
)
MUTATORS = frozenset(
    {
        "add",
        "append",
        "appendleft",
        "clear",
        "difference_update",
        "discard",
        "extend",
        "extendleft",
        "insert",
        "intersection_update",
        "pop",
        "popitem",
        "popleft",
        "remove",
        "reverse",
        "rotate",
        "setdefault",
        "sort",
        "subtract",
        "symmetric_difference_update",
        "update",
    }
)


@dataclass(frozen=True)
class Bound:
    """The effect of a statement on the namespace.

    Args:
        names: Every name it may bind.
        definite: Those that it binds whichever way it runs.
        deleted: Those that it unbinds.
        checked_only: Those bound only for a type checker.
        star: The import of everything, if it is one.
    """

    names: frozenset[str]
    definite: frozenset[str]
    deleted: frozenset[str] = frozenset()
    checked_only: frozenset[str] = frozenset()
    star: ast.ImportFrom | None = None


@dataclass(frozen=True)
class Change:
    """A place where an object that a name refers to is changed rather than rebound.

    Args:
        name: The name at the root of the expression.
        line: The line of the tree.
        attribute: The attribute that is set, if the change sets one.
        path: The attributes between the name and what is changed.
    """

    name: str
    line: int
    attribute: str | None = None
    path: tuple[str, ...] = ()


def running_now(node: ast.AST, *, class_bodies: bool = True) -> Iterator[ast.AST]:
    """Walk what runs when a statement runs, in no particular order: function bodies run later.

    Args:
        node: A statement or an expression.
        class_bodies: Whether to enter the bodies of classes.

    Yields:
        The nodes, the given one first.
    """
    todo: list[ast.AST] = [node]
    while todo:
        part = todo.pop()
        yield part
        if isinstance(part, Function):
            todo += [*part.decorator_list, part.args, *filter(None, [part.returns])]
        elif isinstance(part, ast.Lambda):
            todo.append(part.args)
        elif isinstance(part, ast.ClassDef):
            todo += [*part.decorator_list, *part.bases, *part.keywords]
            todo += part.body if class_bodies else []
        else:
            todo += ast.iter_child_nodes(part)


def bound_by(node: ast.stmt) -> Bound:
    """Find the names that a statement binds at the top level.

    Args:
        node: A top-level statement.

    Returns:
        The names, told apart by how surely they are bound.
    """
    if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
        return Bound(frozenset(), frozenset(), star=node)
    if isinstance(node, ast.Delete):
        gone = frozenset(_plain_targets(node.targets))
        return Bound(frozenset(), frozenset(), deleted=gone)
    names = frozenset(_names([node]))
    if not isinstance(node, _COMPOUND):
        return Bound(names, names)
    checked = frozenset[str]()
    if isinstance(node, ast.If) and is_type_checking(node.test):
        checked = frozenset(_names(node.body)) - frozenset(_names(node.orelse))
    return Bound(names, frozenset(_definite([node])), checked_only=checked)


def _plain_targets(targets: Iterable[ast.expr]) -> Iterator[str]:
    """The names in `del a, (b, [c])`, but not the `d` of `del d[0]`."""
    for target in targets:
        if isinstance(target, ast.Name):
            yield target.id
        elif isinstance(target, ast.Tuple | ast.List):
            yield from _plain_targets(target.elts)


def is_type_checking(test: ast.expr) -> bool:
    """Say whether the test of an `if` is `TYPE_CHECKING` or `typing.TYPE_CHECKING`.

    Args:
        test: The test.

    Returns:
        Whether it is.
    """
    name = test.attr if isinstance(test, ast.Attribute) else test.id if isinstance(test, ast.Name) else ""
    return name == "TYPE_CHECKING"


def alias_name(alias: ast.alias) -> str:
    """Say which name an import binds.

    Args:
        alias: One part of an import statement.

    Returns:
        `os` for `os.path`, `ET` for `... as ET`.
    """
    return alias.asname or alias.name.partition(".")[0]


def _names(body: list[ast.stmt]) -> Iterator[str]:
    for statement in body:
        parts = list(running_now(statement, class_bodies=False))
        local = {
            id(name)
            for part in parts
            if isinstance(part, ast.comprehension)
            for name in ast.walk(part.target)
        }
        for node in parts:
            match node:
                case ast.Name(id=name, ctx=ast.Store()):
                    if id(node) not in local and not _is_bare_annotation(statement, node):
                        yield name
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    yield name
                case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                    yield from (alias_name(alias) for alias in aliases if alias.name != "*")
                case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                    yield name
                case ast.MatchMapping(rest=str(name)):
                    yield name


def _is_bare_annotation(statement: ast.stmt, node: ast.AST) -> bool:
    return isinstance(statement, ast.AnnAssign) and statement.value is None and statement.target is node


def _definite(body: list[ast.stmt]) -> set[str]:
    sure: set[str] = set()
    for node in body:
        match node:
            case ast.If(body=then, orelse=otherwise):
                sure |= _definite(then) & _definite(otherwise)
            case ast.Try() | ast.TryStar():
                ways = [_definite([*node.body, *node.orelse])]
                ways += [_definite(way.body) for way in node.handlers if not _leaves(way.body)]
                sure |= set.intersection(*ways) | _definite(node.finalbody)
            case ast.With(body=inner) | ast.AsyncWith(body=inner):
                targets = [item.optional_vars for item in node.items if item.optional_vars is not None]
                sure |= {
                    name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)
                }
                sure |= _definite(inner)
            case ast.For() | ast.AsyncFor() | ast.While() | ast.Match():
                continue
            case _:
                sure |= set(_names([node]))
    return sure


def _leaves(body: list[ast.stmt]) -> bool:
    return isinstance(body[-1], ast.Raise)


def changes_in(nodes: Iterator[ast.AST]) -> Iterator[Change]:
    """Find where the objects behind names are changed in place.

    Args:
        nodes: The nodes to look at.

    Yields:
        One change for each assignment to an item or attribute, each call of a method that mutates a
        built-in container, and each `setattr` or `delattr`.
    """
    for node in nodes:
        match node:
            case ast.Assign(targets=targets) | ast.Delete(targets=targets):
                for target in targets:
                    yield from _changed_target(target)
            case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
                yield from _changed_target(target)
            case ast.Call(func=ast.Attribute(value=owner, attr=method)) if method in MUTATORS:
                if name := root_name(owner):
                    yield Change(name, node.lineno, path=_path(owner))
            case ast.Call(func=ast.Name(id="setattr" | "delattr"), args=[owner, attribute, *_]):
                if name := root_name(owner):
                    constant = attribute.value if isinstance(attribute, ast.Constant) else "?"
                    yield Change(name, node.lineno, str(constant))


def _changed_target(target: ast.expr) -> Iterator[Change]:
    if isinstance(target, ast.Tuple | ast.List):
        for part in target.elts:
            yield from _changed_target(part)
    elif isinstance(target, ast.Attribute | ast.Subscript) and (name := root_name(target)):
        attribute = target.attr if isinstance(target, ast.Attribute) else None
        yield Change(name, target.lineno, attribute, _path(target))


def _path(node: ast.expr) -> tuple[str, ...]:
    return tuple(inner.attr for inner in ast.walk(node) if isinstance(inner, ast.Attribute))


def root_name(node: ast.expr) -> str | None:
    """Find the name that an expression such as `a.b[c].d` starts from.

    Args:
        node: The expression.

    Returns:
        The name, or None when it starts from something else.
    """
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None
