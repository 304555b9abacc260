"""From the notebook's cells to a written and proved module, in one call."""

from __future__ import annotations

import ast
import html
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .changes import Remark, global_state, refuse_changes
from .credentials import refuse_secrets
from .errors import ExportError
from .files import destination, refuse_conflict, with_header, write_atomically
from .imports import is_import
from .module import Module, snake_case, write_module
from .namespace import Bindings
from .panel import Panel, find_target, inspect_panel
from .posting import Command, find_cogs, find_commands
from .proof import Proof
from .proof import prove as prove_module
from .refusals import Kernel, refuse
from .slice import Slice, slice_of
from .statements import Statement, statements_of

if TYPE_CHECKING:
    from pathlib import Path

    from .ledger import Ledger


@dataclass(repr=False)
class Export:
    """A module that was written.

    Args:
        path: Where it is.
        view: The name of the class.
        code: Its text.
        left_out: What of the notebook is not in it, and why.
        warnings: What a person should know about it.
        proof: What a fresh interpreter saw; None with `prove=False`.
        unchanged: Whether the file held this text already.
    """

    path: Path
    view: str
    code: str
    left_out: list[str] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)
    proof: Proof | None = None
    unchanged: bool = False

    def __repr__(self) -> str:
        count = self.code.count("\n")
        lines = [f"{self.view} -> {self.path} ({count} lines{', unchanged' if self.unchanged else ''})"]
        if self.proof is not None:
            lines += str(self.proof).splitlines()
            lines[-1] += f" ({self.proof.seconds:.1f} s)"
        lines += [f"⚠ {warning}" for warning in self.warnings]
        lines += [f"left out: {what}" for what in self.left_out]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


@dataclass(frozen=True)
class _Draft:
    """A slice that passed every check, and the module written around it."""

    found: Slice
    panel: Panel
    module: Module


async def export_view(
    view: str | type,
    *,
    ledger: Ledger,
    namespace: Mapping[str, Any],
    to: str | Path,
    prove: bool = True,
    lab_objects: Collection[Any] = (),
) -> Export:
    """Write the module that a bot loads with `bot.load_extension` to keep a view answering.

    Args:
        view: The class, or its name in the notebook.
        ledger: The executed cells.
        namespace: The kernel's live values.
        to: The module to write, or an existing directory for it.
        prove: Whether to load it in a fresh interpreter before it is written.
        lab_objects: Objects of the workbench, which must not come along.

    Returns:
        What was written.

    Raises:
        ExportError: If the view can't be exported as it stands; nothing is written then.
    """
    bindings = Bindings(statements_of(ledger), namespace)
    kernel = Kernel(namespace, lab_objects)
    cls, statement = find_target(view, bindings, namespace)
    path = destination(to, snake_case(cls.__name__))
    draft, left_out = _draft(_Work(bindings, kernel, cls, statement))
    code = with_header(draft.panel.name, draft.module.body)
    refuse_conflict(path, draft.panel.name, code)
    warnings = global_state(draft.found)
    proof = None
    if prove:
        proof = await prove_module(code, path, draft.panel, draft.module, stateful=bool(warnings))
    unchanged = refuse_conflict(path, draft.panel.name, code)
    if not unchanged:
        write_atomically(path, code)
    left_out += _left_out(draft, bindings)
    return Export(path, draft.panel.name, code, left_out, warnings, proof, unchanged)


@dataclass(frozen=True)
class _Work:
    """What a draft is made from."""

    bindings: Bindings
    kernel: Kernel
    cls: type
    statement: Statement


def _draft(work: _Work) -> tuple[_Draft, list[str]]:
    """Draft the module with the notebook's own commands, or without those that can't come along."""
    commands = find_commands(work.cls.__name__, work.bindings, work.kernel.namespace)
    cogs = find_cogs(work.cls.__name__, work.bindings, work.kernel.namespace)
    posted = bool(commands or cogs)
    # Without them first: a view that can't be exported is refused for its own reason.
    plain = _checked(work, [], [], posted=posted)
    if not posted:
        return plain, []
    try:
        return _checked(work, commands, cogs, posted=True), []
    except ExportError as error:
        if plain.panel.required:
            raise
        names = [command.name for command in commands] + [made for _, made in cogs]
        return plain, [f"{', '.join(names)}: {error}"]


def _checked(
    work: _Work, commands: list[Command], cogs: list[tuple[Statement, str]], *, posted: bool
) -> _Draft:
    targets = [work.statement, *(command.statement for command in commands), *(cog for cog, _ in cogs)]
    found = _with_registrations(slice_of(work.bindings, targets), work.kernel.namespace)
    refuse(found, work.kernel)
    refuse_secrets(found, work.kernel.namespace)
    refuse_changes(found, work.kernel)
    panel = inspect_panel(work.cls, work.statement, has_command=posted)
    return _Draft(found, panel, write_module(found, panel, commands, cogs))


def _with_registrations(found: Slice, namespace: Mapping[str, Any]) -> Slice:
    """Add the reducers of the actions that the slice names: no name leads from a view to them."""
    while True:
        kept = set(found.statements)
        texts = {
            node.value
            for statement in found.statements
            for node in ast.walk(statement.node)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        more = [
            statement
            for statement in found.bindings.statements
            if statement not in kept and _registered_as(statement, namespace) & texts
        ]
        newest = {getattr(statement.node, "name", ""): statement for statement in more}
        fresh = [statement for statement in newest.values() if statement not in found.targets]
        if not fresh:
            return found
        found = slice_of(found.bindings, [*found.targets, *fresh])


def _registered_as(statement: Statement, namespace: Mapping[str, Any]) -> set[str]:
    """The action types under which a decorator of kit's runtime registers a function."""
    found: set[str] = set()
    for decorator in getattr(statement.node, "decorator_list", []):
        match decorator:
            case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(action)), *_]):
                maker = namespace.get(name)
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr=attr),
                args=[ast.Constant(value=str(action)), *_],
            ):
                maker = getattr(namespace.get(name), attr, None)
            case _:
                continue
        if str(getattr(maker, "__module__", "")).startswith("kit.state"):
            found.add(action)
    return found


def _left_out(draft: _Draft, bindings: Bindings) -> list[str]:
    kept = set(draft.found.statements)
    positions = {statement.position for statement in kept}
    said: list[str] = []
    for statement in bindings.statements:
        if (
            statement.position in positions
            or is_import(statement)
            or statement.node is draft.panel.statement.node
        ):
            continue
        if draft.panel.name in statement.source and draft.panel.name in statement.piece.words:
            why = "only the notebook needs it"
            said.append(f"`{statement.excerpt()}` (cell {statement.cell.number}): {why}")
    used = {item.binds for item in draft.found.imports}
    unused = {
        name
        for statement in bindings.statements
        if is_import(statement) and getattr(statement.node, "module", "") != "__future__"
        for name in statement.bound.names - used
    }
    if unused:
        said.append(f"imports that the view doesn't use: {', '.join(sorted(unused))}")
    return said
