"""From the notebook's cells to a written and proved module, in one call."""

from __future__ import annotations

import ast
import html
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .changes import Changes, Remark
from .credentials import refuse_secrets
from .errors import ExportError
from .files import destination, refuse_conflict, with_header, write_atomically
from .leftovers import left_out_of
from .module import Module, snake_case, write_module
from .namespace import Bindings
from .others import Others, other_views
from .panel import Panel, find_target, inspect_panel
from .posting import Command, find_cogs, find_commands
from .proof import Expected, Proof, failure, run_proof
from .refusals import Kernel, refuse
from .registrations import dispatched, registered, statement_of, with_registrations
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
    others: Others
    changes: Changes
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
    warnings = [*draft.changes.global_state(), *draft.others.remarks, *_environment(draft.found)]
    proof = None
    if prove:
        proof, differences = await _proved(draft, code, path, ledger)
        warnings += differences
    unchanged = refuse_conflict(path, draft.panel.name, code)
    if not unchanged:
        write_atomically(path, code)
    left_out += left_out_of(draft.found, draft.panel.name, kernel)
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
    namespace = work.kernel.namespace
    found = with_registrations(
        slice_of(work.bindings, targets), namespace, {command.name for command in commands}
    )
    refuse(found, work.kernel)
    refuse_secrets(found, namespace)
    changes = Changes(found, work.kernel)
    changes.refuse_written()
    panel = inspect_panel(work.cls, work.statement, has_command=posted)
    others = other_views(found, work.cls, namespace)
    return _Draft(found, panel, others, changes, write_module(found, panel, others, commands, cogs))


async def _proved(draft: _Draft, code: str, path: Path, ledger: Ledger) -> tuple[Proof, list[Remark]]:
    changes, namespace = draft.changes, draft.changes.kernel.namespace
    reducers = registered(namespace)
    expected = Expected(
        draft.panel,
        changes.compared,
        {
            kind: statement_of(reducers[kind], draft.found, namespace)
            for kind in dispatched(draft.found, namespace)
        },
        ledger.environment,
        stateful=bool(changes.global_state()),
    )
    proof, error = await run_proof(code, path, expected)
    # A value that differs is why the payload does, so it is told first.
    differences = changes.refuse_differences(proof.loads) if proof.loads else []
    if not proof.passed:
        raise failure(proof, error, draft.module, expected)
    return proof, differences


def _environment(found: Slice) -> list[Remark]:
    """Name the variables that the bot must have."""
    remarks: dict[str, Remark] = {}
    for statement in found.statements:
        for node in ast.walk(statement.node):
            match node:
                case ast.Subscript(value=ast.Attribute(attr="environ"), slice=ast.Constant(value=str(name))):
                    pass
                case ast.Call(
                    func=ast.Attribute(attr="getenv")
                    | ast.Attribute(value=ast.Attribute(attr="environ"), attr="get"),
                    args=[ast.Constant(value=str(name)), *_],
                ):
                    pass
                case _:
                    continue
            text = f"the module reads {name} from the environment; the bot needs it there"
            line = statement.typed_line(node.lineno)
            remarks.setdefault(name, Remark("environment", text, statement.cell.number, line))
    return list(remarks.values())
