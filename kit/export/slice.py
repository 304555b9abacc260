"""The statements that a class needs, found from the class outwards.

Three kinds of visit keep the two binding times apart. A statement that is kept *runs*, so what it reads now
is what was bound before it. A function that it calls while it runs reads its own globals at that same
moment. Everything that outlives the statement reads the newest binding when a callback runs.
"""

from __future__ import annotations

import ast
import builtins
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .errors import ExportError
from .imports import Import, import_key, imports_of, is_import, reached
from .namespace import Bindings
from .statements import statements_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .ledger import Ledger
    from .statements import Statement

MODULE_NAMES = frozenset(
    {
        "__name__",
        "__doc__",
        "__file__",
        "__package__",
        "__spec__",
        "__loader__",
        "__builtins__",
        "__debug__",
        "__annotations__",
    }
)
BUILTINS = frozenset(vars(builtins)) - {"display", "get_ipython", "__IPYTHON__"}


@dataclass(frozen=True)
class Need:
    """One reading of one name.

    Args:
        name: The global name.
        reader: The statement that reads it.
        moment: The position at which it is read; None when a callback reads it.
        quoted: Whether only an annotation that nothing evaluates names it.
        optional: Whether the name may be missing.
        found: The statements that bound it, newest first.
    """

    name: str
    reader: Statement
    moment: int | None
    quoted: bool
    optional: bool
    found: tuple[Statement, ...]


@dataclass
class Slice:
    """What a module must carry.

    Args:
        targets: The statements asked for.
        statements: All statements but plain imports, in order of execution.
        imports: The imports, one name each.
        needs: Every reading that led here.
        bindings: The history of all names.
        escaping: The statements whose functions may run when a callback runs.
    """

    targets: list[Statement]
    statements: list[Statement] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)
    bindings: Bindings = field(default_factory=lambda: Bindings([], {}))
    escaping: set[Statement] = field(default_factory=set)

    @property
    def future(self) -> bool:
        """Whether the module must start with `from __future__ import annotations`."""
        return any(
            statement.future and any(_has_annotation(node) for node in ast.walk(statement.node))
            for statement in self.statements
        )

    @property
    def names(self) -> frozenset[str]:
        """Every name that the module's top level binds."""
        bound = frozenset().union(*(statement.bound.names for statement in self.statements))
        return bound | {item.binds for item in self.imports}


def slice_source(ledger: Ledger, namespace: Mapping[str, Any], name: str) -> Slice:
    """Cut out of a ledger what one name needs, and nothing else.

    Args:
        ledger: The executed cells.
        namespace: The kernel's live values.
        name: The name whose newest binding to start from.

    Returns:
        The slice. A name that no statement binds is among its `needs`, with nothing found.

    Raises:
        ExportError: If no cell binds `name`, or if some name is needed with two values.
    """
    bindings = Bindings(statements_of(ledger), namespace)
    found = bindings.find(name, None)
    if not found:
        raise ExportError(
            "no source", f"no executed cell binds `{name}`", fix=f"run the cell that defines `{name}`"
        )
    return slice_of(bindings, found)


def slice_of(bindings: Bindings, targets: Iterable[Statement]) -> Slice:
    """Cut out what some statements need, from cells already taken apart.

    Args:
        bindings: The history of all names.
        targets: The statements to start from.

    Returns:
        The slice, with the statements in the order in which they ran.

    Raises:
        ExportError: If a name is needed with two values.
    """
    walk = _Walk(bindings)
    targets = list(targets)
    for target in targets:
        walk.run(target)
        walk.escape(target)
    walk.finish()
    once = _repeats(walk)
    _refuse_two_values(walk.needs, once)
    result = Slice(targets, needs=walk.needs, bindings=bindings, escaping=walk.escaped)
    kept = [statement for statement, first in once.items() if statement is first]
    result.statements = [statement for statement in kept if not is_import(statement)]
    result.imports = _imports(walk, result.statements)
    return result


class _Walk:
    """A breadth-first visit of the three kinds; each statement is visited once for each kind and moment."""

    def __init__(self, bindings: Bindings) -> None:
        self.bindings = bindings
        self.kept: set[Statement] = set()
        self.escaped: set[Statement] = set()
        self.needs: list[Need] = []
        self._called: set[tuple[int, int]] = set()
        self._todo: deque[tuple[Statement, str, int]] = deque()

    def run(self, statement: Statement) -> None:
        if statement not in self.kept:
            self.kept.add(statement)
            self._todo.append((statement, "run", statement.position))

    def escape(self, statement: Statement) -> None:
        if statement not in self.escaped:
            self.escaped.add(statement)
            self._todo.append((statement, "escape", 0))

    def call(self, statement: Statement, moment: int) -> None:
        if (statement.position, moment) not in self._called:
            self._called.add((statement.position, moment))
            self._todo.append((statement, "call", moment))

    def finish(self) -> None:
        while self._todo:
            statement, visit, moment = self._todo.popleft()
            if is_import(statement):
                continue
            uses = statement.uses
            if visit == "run":
                for name in sorted(uses.now):
                    self._read(statement, name, moment, called=name in uses.called)
                for name in sorted(uses.optional):
                    self._read(statement, name, moment, called=name in uses.called, optional=True)
                for name in sorted(uses.quoted):
                    self._quote(statement, name)
            elif visit == "escape":
                for name in sorted(uses.later):
                    self._read(statement, name, None)
            else:
                for name in sorted(uses.direct):
                    self._read(statement, name, moment, called=True)
                for name in sorted(uses.inner):
                    self._read(statement, name, None)

    def _read(
        self,
        reader: Statement,
        name: str,
        moment: int | None,
        *,
        called: bool = False,
        optional: bool = False,
    ) -> None:
        found = self.bindings.find(name, moment)
        if not found and name in BUILTINS | MODULE_NAMES:
            return
        self.needs.append(Need(name, reader, moment, quoted=False, optional=optional, found=tuple(found)))
        for statement in found:
            self.run(statement)
            is_class = isinstance(statement.node, ast.ClassDef)
            if called and moment is not None:
                self.call(statement, moment)
            if moment is None or not called or is_class:
                self.escape(statement)
            if not isinstance(statement.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self.escape(statement)

    def _quote(self, reader: Statement, name: str) -> None:
        found = self.bindings.find(name, None, quoted=True)
        if found:
            self.needs.append(Need(name, reader, None, quoted=True, optional=True, found=tuple(found)))
        for statement in found:
            self.run(statement)
            self.escape(statement)


def _has_annotation(node: ast.AST) -> bool:
    return bool(getattr(node, "annotation", None) or getattr(node, "returns", None))


def _refuse_two_values(needs: list[Need], once: Mapping[Statement, Statement]) -> None:
    later = {need.name: need for need in needs if need.moment is None and not need.quoted and need.found}
    for need in needs:
        final = later.get(need.name)
        if final is None or need.moment is None or not need.found or need.optional:
            continue
        old, new = need.found[0], final.found[0]
        if once[old] is once[new] or _same_import(old, new, need.name):
            continue
        if need.reader is new or need.name in need.reader.bound.names:
            continue
        _raise_two_values(need, final)


def _raise_two_values(need: Need, final: Need) -> None:
    old, new, reader = need.found[0], final.found[0], need.reader
    at = need.moment if need.moment is not None else reader.position
    running = reader.cell if at == reader.position else None
    where = f"cell {running.number}" if running else "a cell that ran before"
    again = f"run cell {running.number} again" if running else "run the cell that calls it again"
    raise ExportError(
        "two values",
        f"`{need.name}` has two values: {where} used the one of cell {old.cell.number} "
        f"(`{old.excerpt()}`) when it ran, and a callback will find the one of cell {new.cell.number} "
        f"(`{new.excerpt()}`)",
        fix=f"{again}, so that both are the newest, or give one of them another name",
        cell=running.number if running else new.cell.number,
        line=reader.typed_line(reader.uses.lines.get(need.name)) if running else new.typed_line(),
        excerpt=reader.excerpt(reader.uses.lines.get(need.name)) if running else new.excerpt(),
    )


def _same_import(old: Statement, new: Statement, name: str) -> bool:
    key = import_key(old, name)
    return key is not None and key == import_key(new, name)


def _repeats(walk: _Walk) -> dict[Statement, Statement]:
    """Find the statements that only repeat an earlier one, because their cell ran again.

    A repeat gives the same value if nothing that it goes by was bound anew since the first time.

    Returns:
        Every kept statement, in order of execution, with the one that stands for it.
    """
    goes_by = _goes_by(walk)
    once: dict[Statement, Statement] = {}
    kept: list[Statement] = []
    first_at: dict[str, int] = {}
    for statement in sorted(walk.kept, key=lambda statement: statement.position):
        text = ast.dump(statement.node)
        earlier = first_at.get(text)
        if earlier is not None and not is_import(statement):
            rebound = set[str]().union(*(other.bound.names for other in kept[earlier + 1 :]))
            grows = kept[earlier].bound.names & goes_by[statement]
            if not grows and not rebound & (goes_by[statement] | statement.bound.names):
                once[statement] = kept[earlier]
                continue
        first_at[text] = len(kept)
        kept.append(statement)
        once[statement] = statement
    return once


def _goes_by(walk: _Walk) -> dict[Statement, set[str]]:
    """The names on which the value made by each statement rests, directly or through others."""
    direct: dict[int, list[Need]] = {}
    for need in walk.needs:
        if need.moment is not None:
            direct.setdefault(need.moment, []).append(need)
    names: dict[Statement, set[str]] = {}
    for statement in sorted(walk.kept, key=lambda statement: statement.position):
        # A statement reads only what was bound before it, so those are done already.
        mine = names[statement] = set()
        for need in direct.get(statement.position, ()):
            mine.add(need.name)
            mine |= set[str]().union(*(names[other] for other in need.found if not is_import(other)))
    return names


def _imports(walk: _Walk, kept: list[Statement]) -> list[Import]:
    found: dict[str, Import] = {}
    for need in walk.needs:
        for statement in need.found:
            parts = imports_of(statement, need.name)[-1:]
            if parts and parts[0].dotted:
                parts = reached(walk.bindings.dotted_imports(need.name), kept)
            for part in parts:
                found.setdefault(part.text, part)
    return list(found.values())
