"""Proves a module in a fresh interpreter before a byte of it is written."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import ExportError
from .panel import PROOF_KEY, Kind
from .refusals import NOTEBOOK_MODULES

if TYPE_CHECKING:
    from .module import Module
    from .panel import Panel

SCRIPT = Path(__file__).with_name("_prove.py")
TIME_LIMIT = 30.0


@dataclass(frozen=True)
class Proof:
    """What was seen of a module in a fresh interpreter.

    Args:
        steps: Each step's name, whether it held, and a detail.
        seconds: How long the proof took, the interpreter's start included.
    """

    steps: list[tuple[str, bool, str]]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether every step held."""
        return all(held for _, held, _ in self.steps)

    def __str__(self) -> str:
        return "\n".join(
            f"{'✓' if held else '✗'} {name}{f': {detail}' if detail else ''}"
            for name, held, detail in self.steps
        )


async def prove(
    code: str, path: Path, panel: Panel, module: Module, *, stateful: bool, time_limit: float | None = None
) -> Proof:
    """Load a module as a bot would, in a process of its own.

    Args:
        code: The module's text.
        path: Where it will be written; its place in the project gives it its name.
        panel: The class and the notebook's payload.
        module: The module's origin, to trace an error back to its cell.
        stateful: Whether callbacks change module-level values, so that the texts may rightly differ.
        time_limit: After how many seconds to give up; `TIME_LIMIT` when left out.

    Returns:
        The proof, with every step held.

    Raises:
        ExportError: With the reason `import` when a module is missing, else `proof`.
    """
    started = time.perf_counter()
    project = Path.cwd()
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
            "stable": panel.stable and panel.kind is not Kind.PERSISTENT and not stateful,
            "state_key": PROOF_KEY,
            "forbidden": sorted(NOTEBOOK_MODULES),
        }
        result, errors = await _run(order, TIME_LIMIT if time_limit is None else time_limit)
    if result is None:
        raise ExportError(
            "proof",
            f"the process that loads the module ended without a result:\n{errors[-2000:]}\n",
            fix="run the last cell again; if it stays, export with `prove=False` and load the module by hand",
        )
    steps = [(str(name), bool(held), str(detail)) for name, held, detail in result["steps"]]
    proof = Proof(steps, time.perf_counter() - started)
    if not proof.passed:
        raise _failure(proof, result["error"] or {}, module)
    return proof


def _module_name(path: Path, project: Path) -> str:
    """`cogs.poll` inside the project, `poll` elsewhere."""
    parent = path.resolve().parent
    if not parent.is_relative_to(project.resolve()):
        return path.stem
    parts = parent.relative_to(project.resolve()).parts
    return ".".join([*parts, path.stem]) if all(part.isidentifier() for part in parts) else path.stem


async def _run(order: dict[str, Any], time_limit: float) -> tuple[dict[str, Any] | None, str]:
    # -P: the script's own directory must not lend its modules to the extension.
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        str(SCRIPT),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=order["project"],
        env={**os.environ, "PYTHONUTF8": "1"},
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


def _failure(proof: Proof, error: dict[str, Any], module: Module) -> ExportError:
    name, _, detail = proof.steps[-1]
    line = error.get("line")
    statement = module.place(line) if line is not None else None
    if error.get("import"):
        missing = error.get("missing") or "a module"
        message = f"a fresh process can't import {missing}: {error['text']}"
        fix = f"install `{missing}` for the bot, or put the module beside the project's others"
        reason = "import"
        statement = statement or module.importer(missing)
    else:
        reason, message = "proof", f"in a fresh process the module fails where it {name}: {detail}"
        fix = "make the cells above run in a fresh kernel, then export again"
    if statement is None:
        return ExportError(reason, message, fix=fix)
    return ExportError(
        reason,
        message,
        fix=fix,
        cell=statement.cell.number,
        line=statement.typed_line(),
        excerpt=statement.excerpt(),
    )
