"""Finds globals and classes that are no longer what their statement made them.

Some changes are written in cells and refused as they stand. All others show in the proof: the names of the
slice are described in the kernel and in the fresh process, and what differs is refused too.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from .bindings import Change, Function, changes_in, root_name, running_now
from .credentials import comes_from_outside, is_secret_name, masked
from .errors import ExportError
from .imports import is_import
from .names import later_nodes
from .refusals import HISTORY, Kernel, value_line
from .slice import Slice
from .statements import Statement
from .values import descriptions

_MUTABLE = (list, dict, set, bytearray)
_DEFINITIONS = (*Function, ast.ClassDef, ast.Import, ast.ImportFrom)
_SHOWN = 60
_GONE = "nothing"
_HIDDEN = "a value that is not shown"


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


@dataclass
class Changes:
    """What cells and callbacks do to the values of a slice.

    Args:
        found: The slice.
        kernel: The running notebook.
    """

    found: Slice
    kernel: Kernel

    def __post_init__(self) -> None:
        self.home = str(self.kernel.namespace.get("__name__", "__main__"))
        # Taken now: a callback may run while the proof does.
        self.live = descriptions(self.compared, self.kernel.namespace, self.home)

    @cached_property
    def needed(self) -> dict[str, Statement]:
        """The names that the slice reads, each with the statement that bound it."""
        needed: dict[str, Statement] = {}
        for need in self.found.needs:
            if need.found and not need.quoted:
                needed.setdefault(need.name, need.found[0])
        for target in self.found.targets:
            for name in target.bound.names:
                needed.setdefault(name, target)
        return needed

    @cached_property
    def compared(self) -> list[str]:
        """The names whose newest value the module makes."""
        return [
            name
            for name, statement in self.needed.items()
            if not is_import(statement)
            and not HISTORY.match(name)
            and self.found.has(self.found.bindings.find(name, None))
        ]

    @cached_property
    def own_mutators(self) -> dict[str, set[str]]:
        """For each class of the slice its methods that change the instance or the class."""
        found: dict[str, set[str]] = {}
        for statement in self.found.statements:
            if isinstance(statement.node, ast.ClassDef):
                found[statement.node.name] = _mutating_methods(statement.node)
        return found

    def changes_in(self, nodes: Collection[ast.AST]) -> Iterator[Change]:
        """Find the changes that some code makes, through methods of the user's own classes as well."""
        yield from changes_in(iter(nodes))
        for node in nodes:
            match node:
                case ast.Call(func=ast.Attribute(value=owner, attr=method)):
                    name = root_name(owner)
                    if name is not None and method in self._mutators_of(name):
                        yield Change(name, node.lineno)

    def _mutators_of(self, name: str) -> set[str]:
        live = self.kernel.namespace.get(name)
        kind = live if isinstance(live, type) else type(live)
        return set().union(*(self.own_mutators.get(base.__name__, set()) for base in kind.__mro__))

    @cached_property
    def by_callbacks(self) -> dict[str, tuple[Statement, int]]:
        """What callbacks change, and where: global names, and attributes of the user's own classes."""
        found: dict[str, tuple[Statement, int]] = {}
        for statement in self.found.statements:
            if statement not in self.found.escaping:
                continue
            for name in sorted(statement.uses.rebound):
                found.setdefault(name, (statement, statement.uses.lines.get(name, statement.node.lineno)))
            read = statement.uses.later
            for change in self.changes_in(list(later_nodes(statement.node))):
                if change.name in read:
                    found.setdefault(change.name, (statement, change.line))
                for attribute in change.path:
                    found.setdefault(f".{attribute}", (statement, change.line))
        return found

    def refuse_written(self) -> None:
        """Refuse changes that stand in cells and not in the slice.

        Raises:
            ExportError: With the reason `mutated global` or `patched class`.
        """
        kept = set(self.found.statements)
        for statement in self.found.bindings.statements:
            if not any(name in statement.source for name in self.needed):
                continue
            changes = self._augmented(statement)
            if statement not in kept and not isinstance(statement.node, _DEFINITIONS):
                changes += self.changes_in(list(running_now(statement.node)))
            for change in changes:
                binder = self.needed.get(change.name)
                if binder is None or binder.position > statement.position:
                    continue
                if is_import(binder) and not self._reads(change):
                    continue
                raise self._changed(change, statement, binder)

    def _reads(self, change: Change) -> bool:
        """Whether the slice reads the attribute that a cell put into a module."""
        return change.attribute is not None and any(
            isinstance(node, ast.Attribute)
            and node.attr == change.attribute
            and root_name(node) == change.name
            for statement in self.found.statements
            for node in ast.walk(statement.node)
        )

    def _augmented(self, statement: Statement) -> list[Change]:
        """`X += [1]` changes a list in place: whoever holds the list sees it."""
        node = statement.node
        if not isinstance(node, ast.AugAssign) or not isinstance(node.target, ast.Name):
            return []
        mutable = isinstance(self.kernel.namespace.get(node.target.id), _MUTABLE)
        return [Change(node.target.id, node.lineno)] if mutable else []

    def _changed(self, change: Change, statement: Statement, binder: Statement) -> ExportError:
        name, cell = change.name, binder.cell.number
        if isinstance(binder.node, ast.ClassDef):
            reason, what = "patched class", "patched after its definition"
            inside = f"`{change.attribute}`" if change.attribute else "what it does"
            fix = f"write {inside} inside `class {name}` and run cell {cell} again"
        elif is_import(binder):
            reason, what = (
                "mutated global",
                "changed by a cell, for whoever else imports it too",
            )
            fix = f"bind `{name}.{change.attribute}` to a name of your own, and use that"
        else:
            reason, what = "mutated global", "changed after it was bound"
            whole = f"bind `{name}` to its whole value in one statement"
            fix = value_line(name, self.kernel, otherwise=whole)
        return statement.refusal(reason, f"`{name}` (cell {cell}) was {what}", fix, change.line)

    def global_state(self) -> list[Remark]:
        """Find module-level values that callbacks change, which a restart of the bot loses.

        Returns:
            One remark for each name.
        """
        return [
            Remark(
                "global state",
                f"a callback changes the module's `{name}`, and a restart of the bot loses it; "
                "keep it in the store",
                statement.cell.number,
                statement.typed_line(line),
            )
            for name, (statement, line) in self.by_callbacks.items()
            if name in self.needed and not isinstance(self.needed[name].node, ast.ClassDef | ast.Import)
            if not isinstance(self.needed[name].node, ast.ImportFrom)
        ]

    def refuse_differences(self, loads: Sequence[Mapping[str, str]]) -> list[Remark]:
        """Refuse values of the notebook that the module doesn't make.

        Args:
            loads: The values in the fresh process at each load; one that differs between them (a time, a
                random number) is no value to keep.

        Returns:
            One remark for each value that only differs because callbacks change it.

        Raises:
            ExportError: With the reason `mutated global`, `patched class` or `no source`.
        """
        remarks: list[Remark] = []
        for key in self.compared:
            attributes = [one for one in {**self.live, **loads[0]} if one.startswith(f"{key}.")]
            for one in [key, *attributes]:
                live, *made = [values.get(one, _GONE) for values in (self.live, *loads)]
                if live != made[0] and len(set(made)) == 1:
                    remarks.append(self._difference(one, live, made[0]))
        return remarks

    def _difference(self, key: str, live: str, made: str) -> Remark:
        name, _, attribute = key.partition(".")
        binder = self.needed[name]
        callback = self.by_callbacks.get(f".{attribute}" if attribute else name)
        surely, maybe = self._suspects(name, binder)
        texts = [self._shown(key, text, binder) for text in (live, made)]
        message = f"`{key}` is {texts[0]} in the notebook, and the module makes {texts[1]}"
        if blamed := surely or maybe:
            places = dict.fromkeys(f"`{one.excerpt()}` (cell {one.cell.number})" for one in blamed)
            message += f"; {', '.join(list(places)[:3])} may have changed it"
        if callback is not None and not surely:
            return Remark("global state", message, binder.cell.number, binder.typed_line())
        raise self._unlike(key, message, binder)

    def _unlike(self, key: str, message: str, binder: Statement) -> ExportError:
        name, _, attribute = key.partition(".")
        again = f"run cell {binder.cell.number} again"
        node = binder.node
        if attribute:
            fix = f"write `{attribute}` inside `class {name}` and {again}"
            return binder.refusal("patched class", message, fix)
        if isinstance(node, (*Function, ast.ClassDef)) or name not in self.kernel.namespace:
            return binder.refusal("no source", f"{message}, and no cell shows why", again)
        constant = isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant)
        otherwise = f"bind `{name}` to its whole value in one statement, or {again} if it was only tried out"
        fix = otherwise if _HIDDEN in message else value_line(name, self.kernel, otherwise=otherwise)
        return binder.refusal("no source" if constant else "mutated global", message, fix)

    @staticmethod
    def _shown(key: str, text: str, binder: Statement) -> str:
        name = key.rpartition(".")[2]
        if is_secret_name(name) or comes_from_outside(binder.node) or masked(text) != text:
            return _HIDDEN
        return f"`{text}`" if len(text) <= _SHOWN else f"`{text[:_SHOWN]}...`"

    def _suspects(self, name: str, binder: Statement) -> tuple[list[Statement], list[Statement]]:
        """The statements outside the slice that surely, or perhaps, changed what a name refers to."""
        surely: list[Statement] = []
        maybe: list[Statement] = []
        around = {name} | {
            other
            for statement in self.found.bindings.statements
            if isinstance(statement.node, (*Function, ast.ClassDef)) and name in statement.piece.words
            for other in statement.bound.names
        }
        for statement in self.found.bindings.statements[binder.position + 1 :]:
            if self.found.has([statement]) or is_import(statement):
                continue
            if isinstance(statement.node, (*Function, ast.ClassDef)) and not statement.node.decorator_list:
                continue
            helpers = [
                helper
                for called in statement.uses.called
                for helper in self.found.bindings.find(called, statement.position)
            ]
            if any(name in helper.uses.changed | helper.uses.rebound for helper in helpers):
                surely.append(statement)
            elif statement.piece.words & around and _has_effects(statement):
                maybe.append(statement)
        return surely, maybe


def _mutating_methods(node: ast.ClassDef) -> set[str]:
    methods = [inner for inner in node.body if isinstance(inner, Function) and inner.args.args]
    found: set[str] = set()
    while True:
        more = {
            method.name
            for method in methods
            if method.name not in found and not method.name.startswith("__") and _mutates(method, found)
        }
        if not more:
            return found
        found |= more


def _mutates(method: ast.FunctionDef | ast.AsyncFunctionDef, others: set[str]) -> bool:
    own = method.args.args[0].arg
    nodes = [node for statement in method.body for node in ast.walk(statement)]
    return any(change.name == own for change in changes_in(iter(nodes))) or any(
        isinstance(node, ast.Attribute)
        and node.attr in others
        and isinstance(node.value, ast.Name)
        and node.value.id == own
        for node in nodes
    )


def _has_effects(statement: Statement) -> bool:
    """Whether a statement may do something beyond binding its names to values."""
    decorated = bool(getattr(statement.node, "decorator_list", []))
    calls = any(isinstance(node, ast.Call) for node in running_now(statement.node))
    return decorated or calls or bool(statement.piece.changes)
