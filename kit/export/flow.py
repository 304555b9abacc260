"""Which names a block of statements reads before it has surely bound them itself."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .bindings import Function, running_now

if TYPE_CHECKING:
    from collections.abc import Iterable


def read_first(body: Iterable[ast.stmt]) -> frozenset[str]:
    """Find the names whose value from outside a block can matter to it.

    Args:
        body: The statements of a module, a class or one compound statement, in order.

    Returns:
        The names. Reads inside function bodies are not looked at: they happen later.
    """
    flow = _Flow()
    flow.block(body, set())
    return frozenset(flow.read)


class _Flow:
    """Follows a block from top to bottom; `sure` is what is bound on every way to the present place."""

    def __init__(self) -> None:
        self.read: set[str] = set()

    def block(self, body: Iterable[ast.stmt], sure: set[str]) -> set[str]:
        for statement in body:
            self.statement(statement, sure)
        return sure

    def expressions(self, nodes: Iterable[ast.AST | None], sure: set[str]) -> None:
        for node in nodes:
            if node is None:
                continue
            parts = list(running_now(node))
            own = {
                inner.id
                for part in parts
                if isinstance(part, ast.comprehension)
                for inner in _names(part.target)
            }
            walrus = {part.target.id for part in parts if isinstance(part, ast.NamedExpr)}
            reads = {
                part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)
            }
            self.read |= reads - own - walrus - sure
            sure |= walrus

    def statement(self, node: ast.stmt, sure: set[str]) -> None:
        match node:
            case ast.If(test=test, body=body, orelse=orelse):
                self.expressions([test], sure)
                sure |= self.block(body, set(sure)) & self.block(orelse, set(sure))
            case ast.For(target=target, iter=values) | ast.AsyncFor(target=target, iter=values):
                self.expressions([values], sure)
                self.block(node.body, sure | {name.id for name in _names(target)})
                self.block(node.orelse, set(sure))
            case ast.While(test=test):
                self.expressions([test], sure)
                self.block(node.body, set(sure))
                self.block(node.orelse, set(sure))
            case ast.With(items=items) | ast.AsyncWith(items=items):
                for item in items:
                    self.expressions([item.context_expr], sure)
                    sure |= {name.id for name in _names(item.optional_vars)}
                self.block(node.body, sure)
            case ast.Try() | ast.TryStar():
                self._try(node, sure)
            case ast.Match(subject=subject, cases=cases):
                self.expressions([subject], sure)
                for case in cases:
                    inner = sure | _captured(case.pattern)
                    self.expressions([case.guard], inner)
                    self.block(case.body, inner)
            case _:
                self._simple(node, sure)

    def _try(self, node: ast.Try | ast.TryStar, sure: set[str]) -> None:
        ways = [self.block([*node.body, *node.orelse], set(sure))]
        for handler in node.handlers:
            self.expressions([handler.type], sure)
            ways.append(self.block(handler.body, sure | ({handler.name} if handler.name else set())))
        sure |= set.intersection(*ways)
        self.block(node.finalbody, sure)

    def _simple(self, node: ast.stmt, sure: set[str]) -> None:
        if isinstance(node, ast.ClassDef):
            self.expressions([*node.decorator_list, *node.bases, *node.keywords], sure)
            # A nested class can't be told from a block here, and an extra read only keeps an extra line.
            self.block(node.body, set(sure))
        else:
            self.expressions([node], sure)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            self.read |= {node.target.id} - sure
        if isinstance(node, (*Function, ast.ClassDef)):
            sure.add(node.name)
        elif not (isinstance(node, ast.AnnAssign) and node.value is None):
            sure |= {name.id for name in _names(node) if isinstance(name.ctx, ast.Store)}


def _names(node: ast.AST | None) -> list[ast.Name]:
    return [] if node is None else [inner for inner in ast.walk(node) if isinstance(inner, ast.Name)]


def _captured(pattern: ast.pattern) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(pattern):
        match node:
            case (
                ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name))
            ):
                found.add(name)
    return found
