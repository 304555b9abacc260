"""Cells cut into statements, each with the exact text that a module will carry.

A cell that raised contributes the statements before the one that raised. Code run by a cell magic that
executes its body in the user's namespace (`%%time`) counts as if it stood alone.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from .bindings import Bound, Change, bound_by, changes_in, running_now
from .credentials import masked, secrets_in
from .errors import ExportError
from .ledger import Cell
from .names import Uses, uses_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .ledger import Ledger

TRANSPARENT_MAGICS = frozenset({"time", "capture", "prun"})
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_QUOTED = re.compile(r"(['\"]).*?(?:\1|$)")
_MAGIC_LINE = re.compile(r"^(\s*)(?:([\w.]+(?:\s*,\s*[\w.]+)*\s*=)\s*)?([%!])(.*)$")


@dataclass(eq=False)
class Piece:
    """The text of one statement, which is the same at every export.

    Args:
        node: Its syntax tree, with the positions of the cell's body.
        source: Its text, decorators and the comment on its last line included.
        comments: The comment lines directly above it.
        gap: Whether an empty line was above it.
    """

    node: ast.stmt
    source: str
    comments: str = ""
    gap: bool = False

    @cached_property
    def bound(self) -> Bound:
        """The names it binds in the namespace."""
        return bound_by(self.node)

    @cached_property
    def uses(self) -> Uses:
        """The names it reads, by the time at which it reads them."""
        return uses_of(self.node, self.source, future=False)

    @cached_property
    def future_uses(self) -> Uses:
        """The same under `from __future__ import annotations`."""
        return uses_of(self.node, self.source, future=True)

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """Where it changes objects in place while it runs."""
        return tuple(changes_in(running_now(self.node)))

    @cached_property
    def has_secret(self) -> bool:
        """Whether it spells out a secret, so that no message may quote it."""
        return any(secrets_in(self.node))

    @cached_property
    def words(self) -> frozenset[str]:
        """Every name that stands anywhere in it."""
        return frozenset(node.id for node in ast.walk(self.node) if isinstance(node, ast.Name))


@dataclass(eq=False, slots=True)
class Statement:
    """One statement at the top level of a cell, at its place in the session.

    Args:
        position: Its place in the order of execution over the whole ledger.
        cell: The cell it ran in.
        piece: Its text.
        offset: What to add to a line of the tree to get the line as typed.
        future: Whether `from __future__ import annotations` was in force.
        complete: False for the statement at which the cell raised.
    """

    position: int
    cell: Cell
    piece: Piece
    offset: int = 0
    future: bool = False
    complete: bool = True

    @property
    def node(self) -> ast.stmt:
        """Its syntax tree."""
        return self.piece.node

    @property
    def source(self) -> str:
        """Its text, without the comments above it."""
        return self.piece.source

    @property
    def bound(self) -> Bound:
        """The names it binds in the namespace."""
        return self.piece.bound

    @property
    def uses(self) -> Uses:
        """The names it reads, by the time at which it reads them."""
        return self.piece.future_uses if self.future else self.piece.uses

    @property
    def text(self) -> str:
        """The source with the comments above it."""
        return f"{self.piece.comments}\n{self.source}" if self.piece.comments else self.source

    def typed_line(self, line: int | None = None) -> int:
        """Turn a line of the tree into the line that the user sees in the cell.

        Args:
            line: A line of the tree; the statement's first when left out.

        Returns:
            The line as typed, counted from 1.
        """
        return (int(self.node.lineno) if line is None else line) + self.offset

    def excerpt(self, line: int | None = None) -> str:
        """The text of a line as typed, cut to a length that fits in a message.

        Args:
            line: A line of the tree; the statement's first when left out.

        Returns:
            The stripped text, at most 80 characters.
        """
        lines = _LINE_BREAK.split(self.cell.source)
        index = self.typed_line(line) - 1
        text = masked(lines[index].strip()) if 0 <= index < len(lines) else ""
        if self.piece.has_secret:
            text = _QUOTED.sub('"..."', text)
        return text if len(text) <= 80 else text[:77] + "..."

    def refusal(self, reason: str, message: str, fix: str, line: int | None = None) -> ExportError:
        """Make the refusal that blames a line of this statement.

        Args:
            reason: The kind of refusal.
            message: What was found, without a final stop.
            fix: The line to write instead.
            line: A line of the tree; the statement's first when left out.

        Returns:
            The error, to be raised.
        """
        return ExportError(
            reason,
            message,
            fix=fix,
            cell=self.cell.number,
            line=self.typed_line(line),
            excerpt=self.excerpt(line),
        )


def statements_of(ledger: Ledger) -> list[Statement]:
    """Cut all cells of a ledger into the statements that ran.

    Args:
        ledger: The executed cells.

    Returns:
        The statements in order of execution. Cells that never compiled contribute none.
    """
    found: list[Statement] = []
    future = False
    for cell in ledger.cells:
        cut = _cut_cell(cell)
        future = future or cut.future
        for piece in cut.pieces:
            complete = piece is not cut.failing
            found.append(Statement(len(found), cell, piece, cut.offset, future, complete))
    return found


@dataclass(frozen=True)
class _Cut:
    pieces: tuple[Piece, ...] = ()
    failing: Piece | None = None
    offset: int = 0
    future: bool = False


@lru_cache(maxsize=4096)
def _cut_cell(cell: Cell) -> _Cut:
    """Cut one cell; cells never change, so an export pays only for those since the last one."""
    body, wrapped = _body(cell.transformed)
    tree = _parse(body)
    if tree is None or (not cell.succeeded and (cell.failed_line is None or wrapped)):
        return _Cut()
    failing = None if cell.succeeded else _failing(tree, cell.failed_line or 0)
    pieces: list[Piece] = []
    for piece in _cut(tree, body):
        pieces.append(piece)
        if piece.node is failing:
            break
    return _Cut(
        tuple(pieces),
        pieces[-1] if failing is not None else None,
        _offset(cell.source, wrapped),
        any(_is_future_annotations(node) for node in tree.body),
    )


def _parse(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except SyntaxError:
        # The kernel refused it too: nothing of it ran.
        return None


def _body(transformed: str) -> tuple[str, int]:
    """Peel the cell magics whose body runs in the user's namespace; say how many there were."""
    wrapped = 0
    while (call := _cell_magic(transformed)) is not None and call[0] in TRANSPARENT_MAGICS:
        transformed = call[1]
        wrapped += 1
        if transformed.startswith("%%"):
            name, _, rest = transformed[2:].partition("\n")
            transformed = f"get_ipython().run_cell_magic({name.split()[0]!r}, '', {rest!r})"
    if wrapped and _parse(transformed) is None:
        transformed = "\n".join(_without_magic(line) for line in _LINE_BREAK.split(transformed))
    return transformed, wrapped


def _cell_magic(source: str) -> tuple[str, str] | None:
    if not source.startswith("get_ipython().run_cell_magic("):
        return None
    tree = _parse(source)
    match tree:
        case ast.Module(
            body=[
                ast.Expr(
                    value=ast.Call(
                        args=[ast.Constant(value=str(name)), ast.Constant(), ast.Constant(value=str(body))]
                    )
                )
            ]
        ):
            return name, body
    return None


def _without_magic(line: str) -> str:
    """Write a magic line as the call that IPython makes of it, since the body was not transformed yet."""
    found = _MAGIC_LINE.match(line)
    if found is None:
        return line
    indent, target, sign, rest = found.groups()
    method = "run_line_magic" if sign == "%" else "getoutput" if target else "system"
    arguments = repr(rest)
    if sign == "%":
        name, _, parameters = rest.partition(" ")
        arguments = f"{name!r}, {parameters!r}"
    return f"{indent}{f'{target} ' if target else ''}get_ipython().{method}({arguments})"


def _offset(source: str, wrapped: int) -> int:
    lines = _LINE_BREAK.split(source)
    empty = next((index for index, line in enumerate(lines) if line.strip()), 0)
    return empty + wrapped


def _is_future_annotations(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == "annotations" for alias in node.names)
    )


def _failing(tree: ast.Module, line: int) -> ast.stmt | None:
    """The statement that raised at a line; of several on that line the first that could raise."""
    there = [node for node in tree.body if first_line(node) <= line <= (node.end_lineno or node.lineno)]
    if not there:
        return next((node for node in tree.body if node.lineno > line), None)
    for node in there:
        if not _is_harmless(node):
            return node
    return there[-1]


def _is_harmless(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return node.value is None or isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Pass | ast.Global | ast.Import | ast.ImportFrom)


def first_line(node: ast.stmt) -> int:
    """Find the line on which a statement begins, its decorators included.

    Args:
        node: The statement.

    Returns:
        The line of the tree.
    """
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


@dataclass
class _Text:
    """The lines of a body, addressed as `ast` addresses them: columns in bytes of UTF-8."""

    source: str
    lines: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.lines = _LINE_BREAK.split(self.source)

    def column(self, line: int, offset: int) -> int:
        return len(self.lines[line - 1].encode()[:offset].decode())

    def between(self, start: tuple[int, int], end: tuple[int, int]) -> str:
        first, last = start[0] - 1, end[0] - 1
        if first == last:
            return self.lines[first][start[1] : end[1]]
        inner = self.lines[first + 1 : last]
        return "\n".join([self.lines[first][start[1] :], *inner, self.lines[last][: end[1]]])


def _cut(tree: ast.Module, body: str) -> Iterator[Piece]:
    text = _Text(body)
    above = 0
    for node in tree.body:
        line = first_line(node)
        column = text.column(line, node.col_offset)
        if line < node.lineno or getattr(node, "decorator_list", None):
            # A decorator in parentheses starts below its `@`.
            while not text.lines[line - 1].lstrip().startswith("@"):
                line -= 1
            column = 0
        end_line = node.end_lineno or node.lineno
        end_column = text.column(end_line, node.end_col_offset or 0)
        source = text.between((line, column), (end_line, end_column))
        source += _trailing_comment(text.lines[end_line - 1][end_column:])
        comments, gap = _leading_comments(text, line, above) if column == 0 else ("", False)
        yield Piece(node, source, comments, gap)
        above = end_line


def _trailing_comment(rest: str) -> str:
    bare = rest.lstrip().removeprefix(";").lstrip()
    return f"  {bare.rstrip()}" if bare.startswith("#") else ""


def _leading_comments(text: _Text, line: int, above: int) -> tuple[str, bool]:
    first = line
    while first - 1 > above and text.lines[first - 2].lstrip().startswith("#"):
        first -= 1
    gap = first - 1 > above and not text.lines[first - 2].strip()
    return "\n".join(text.lines[first - 1 : line - 1]), gap
