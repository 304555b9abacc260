"""The statements that a class needs, found from the class outwards.

A name is read at one of two times, and every reading is one of three visits of a statement:

| visit | what reads | which binding it reads | where the visit leads |
| --- | --- | --- | --- |
| run | the statement itself: decorators, bases, defaults, class bodies | the last before it | run |
| call | a function that a running statement calls | the last before the running statement | run, call |
| escape | a function that outlives the statement | the newest, since a callback runs last | run, escape |

A binding that is read must run. If a running statement calls it, it is called at that moment. It escapes
unless it is a function that is only called: whatever else reads it may hand it on to a callback, and so may
the value of an expression, and a class that is called leaves an instance behind.
"""

from __future__ import annotations

import ast
import builtins
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .bindings import Function
from .errors import ExportError
from .imports import Import, imports_of, is_import, reached
from .namespace import Bindings
from .repeats import Need, refuse_two_values, repeats
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
        stands_for: The statement of the slice for each one needed, itself or the first of its repeats.
    """

    targets: list[Statement]
    statements: list[Statement] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)
    bindings: Bindings = field(default_factory=lambda: Bindings([], {}))
    escaping: set[Statement] = field(default_factory=set)
    stands_for: dict[Statement, Statement] = field(default_factory=dict)

    @property
    def future(self) -> bool:
        """Whether the module must start with `from __future__ import annotations`."""
        return any(statement.future and has_annotation(statement) for statement in self.statements)

    def has(self, statements: Iterable[Statement]) -> bool:
        """Say whether the module does what some statements did.

        Args:
            statements: Statements of the ledger.

        Returns:
            Whether there are any and each of them, or one that it repeats, is in the slice.
        """
        statements = list(statements)
        return bool(statements) and all(statement in self.stands_for for statement in statements)

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
    once = repeats(walk.kept, walk.needs)
    refuse_two_values(walk.needs, once)
    result = Slice(targets, needs=walk.needs, bindings=bindings, escaping=walk.escaped, stands_for=once)
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
            called_now = called and moment is not None
            if called_now:
                self.call(statement, moment or 0)
            if not (called_now and isinstance(statement.node, Function)):
                self.escape(statement)

    def _quote(self, reader: Statement, name: str) -> None:
        found = self.bindings.find(name, None, quoted=True)
        if found:
            self.needs.append(Need(name, reader, None, quoted=True, optional=True, found=tuple(found)))
        for statement in found:
            self.run(statement)
            self.escape(statement)


def has_annotation(statement: Statement) -> bool:
    """Say whether an annotation stands anywhere in a statement.

    Args:
        statement: Any statement.

    Returns:
        Whether one does.
    """
    return any(
        getattr(node, "annotation", None) or getattr(node, "returns", None)
        for node in ast.walk(statement.node)
    )


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
