"""Proves a module in a fresh interpreter before a byte of it is written."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .credentials import masked
from .errors import ExportError
from .panel import PROOF_KEY
from .refusals import NOTEBOOK_MODULES
from .slice import has_annotation

if TYPE_CHECKING:
    from .module import Module
    from .panel import Panel
    from .statements import Statement

SCRIPT = Path(__file__).with_name("_prove.py")
TIME_LIMIT = 30.0


@dataclass(frozen=True)
class Proof:
    """What was seen of a module in a fresh interpreter.

    Args:
        steps: Each step's name, whether it held, and a detail.
        seconds: How long the proof took, the interpreter's start included.
        loads: The values that the module made at each load, as `values.descriptions` writes them.
    """

    steps: list[tuple[str, bool, str]]
    seconds: float
    loads: list[dict[str, str]] = field(default_factory=list, repr=False)

    @property
    def passed(self) -> bool:
        """Whether every step held."""
        return all(held for _, held, _ in self.steps)

    def __str__(self) -> str:
        return "\n".join(
            f"{'✓' if held else '✗'} {name}{f': {detail}' if detail else ''}"
            for name, held, detail in self.steps
        )


@dataclass(frozen=True)
class Expected:
    """What the notebook has, and the fresh process must have as well.

    Args:
        panel: The class and the notebook's payload.
        names: The names whose values are described.
        reducers: The actions that the slice dispatches, with the statements that answer them.
        environment: The variables to prove with.
        stateful: Whether callbacks change module-level values, so that the texts may rightly differ.
    """

    panel: Panel
    names: list[str]
    reducers: Mapping[str, Statement | None]
    environment: Mapping[str, str]
    stateful: bool


async def run_proof(
    code: str, path: Path, expected: Expected, *, time_limit: float | None = None
) -> tuple[Proof, dict[str, Any]]:
    """Load a module as a bot would, in a process of its own.

    Args:
        code: The module's text.
        path: Where it will be written; its place in the project gives it its name.
        expected: What the process must find.
        time_limit: After how many seconds to give up; `TIME_LIMIT` when left out.

    Returns:
        The proof, and what is known of the error with which its last step ended.

    Raises:
        ExportError: With the reason `proof` if the process came to no result.
    """
    started = time.perf_counter()
    project = Path.cwd()
    panel = expected.panel
    with tempfile.TemporaryDirectory(prefix="viewkit-proof-") as directory:
        copy = Path(directory, path.name)
        await asyncio.to_thread(copy.write_text, code, encoding="utf-8")
        order = {
            "code": str(copy),
            "module": _module_name(path, project),
            "project": str(project),
            "view": panel.name,
            "kind": panel.kind.value,
            "payload": panel.payload,
            "stable": panel.stable and not expected.stateful,
            "state_key": PROOF_KEY,
            "names": expected.names,
            "reducers": list(expected.reducers),
            "forbidden": sorted(NOTEBOOK_MODULES),
        }
        limit = TIME_LIMIT if time_limit is None else time_limit
        result, errors = await _run(order, expected.environment, limit)
    if result is None:
        raise ExportError(
            "proof",
            f"the process that loads the module ended without a result:\n{errors[-2000:]}\n",
            fix="run the last cell again; if it stays, export with `prove=False` and load the module by hand",
        )
    steps = [(str(name), bool(held), str(detail)) for name, held, detail in result["steps"]]
    return Proof(steps, time.perf_counter() - started, result["loads"]), result["error"] or {}


def _module_name(path: Path, project: Path) -> str:
    """`cogs.poll` inside the project, `poll` elsewhere."""
    parent = path.resolve().parent
    if not parent.is_relative_to(project.resolve()):
        return path.stem
    parts = parent.relative_to(project.resolve()).parts
    return ".".join([*parts, path.stem]) if all(part.isidentifier() for part in parts) else path.stem


async def _run(
    order: dict[str, Any], environment: Mapping[str, str], time_limit: float
) -> tuple[dict[str, Any] | None, str]:
    # -P: the script's own directory must not lend its modules to the extension.
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        str(SCRIPT),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=order["project"],
        env={**environment, "PYTHONUTF8": "1"},
    )
    try:
        async with asyncio.timeout(time_limit):
            output, errors = await process.communicate(json.dumps(order).encode())
    except TimeoutError as error:
        raise ExportError(
            "proof",
            f"the module did not load within {time_limit:g} seconds",
            fix="move what waits at the top of the slice into a callback",
        ) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    text = errors.decode(errors="replace")
    return (json.loads(output), text) if output else (None, text)


def failure(proof: Proof, error: dict[str, Any], module: Module, expected: Expected) -> ExportError:
    """Make the refusal of a module whose proof failed.

    Args:
        proof: The proof.
        error: What is known of the error with which it ended.
        module: The module, to trace the error back to its cell.
        expected: What the process should have found.

    Returns:
        The error, to be raised.
    """
    name, _, detail = proof.steps[-1]
    line = error.get("line")
    statement = module.place(line) if line is not None else None
    reason = "proof"
    message = f"in a fresh process the module fails where it {name}: {masked(detail)}"
    fix = "make the cells above run in a fresh kernel, then export again"
    early = [one.cell.number for one in module.found.statements if not one.future and has_annotation(one)]
    if error.get("import"):
        missing = error.get("missing") or "a module"
        message = f"a fresh process can't import {missing}: {error['text']}"
        fix = f"install `{missing}` for the bot, or put the module beside the project's others"
        reason = "import"
        statement = statement or module.importer(missing)
    elif variable := error.get("variable"):
        fix = (
            f"set {variable} before Jupyter starts, as the bot will have it, "
            f'or write `os.environ.get("{variable}", ...)`: what a cell sets is not there'
        )
    elif reducer := error.get("reducer"):
        message = f"a fresh process has no reducer for {reducer!r}, which the view dispatches"
        fix = f"@kit.reducer({reducer!r}) above the function, at the top level of a cell"
        statement = expected.reducers[reducer]
    elif early and module.found.future:
        fix = (
            f"run cell {early[0]} again: it ran before `from __future__ import annotations`, "
            "which a module has for all of its code"
        )
    return statement.refusal(reason, message, fix) if statement else ExportError(reason, message, fix=fix)
