"""The code blocks of the guide, taken from its plain text, which marks none."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2].parent / "shared" / "seeds"
BEGINNINGS = ("from ", "import ", "class ", "async def ", "def ", "@", "await ", "# ")
CONTINUATIONS = (" ", "\t", ")", "]", "}")


def guide() -> str:
    """The guide after its one replacement; empty if it is not beside this repository."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("002_*.txt"))]
    return "".join(texts).replace("cascadeui", "kit")


def python_blocks(text: str) -> list[str]:
    """The blocks of Python, in order.

    A block is the longest run of lines that may be code and compiles. A run that goes on from
    one block into the next is cut where imports begin anew, and where a name is defined twice.
    """
    lines = text.splitlines()
    blocks: list[str] = []
    at = 0
    while at < len(lines):
        length = _run(lines[at:]) if lines[at].startswith(BEGINNINGS) else 0
        while length and not _compiles("\n".join(lines[at : at + length])):
            length -= 1
        blocks += _parts("\n".join(lines[at : at + length]))
        at += max(length, 1)
    return blocks


def _run(lines: list[str]) -> int:
    for number, line in enumerate(lines):
        if line.strip() and not line.startswith((*BEGINNINGS, *CONTINUATIONS)):
            return number
    return len(lines)


def _compiles(source: str) -> bool:
    try:
        compile(source, "<guide>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError:
        return False
    return True


def _parts(source: str) -> Iterator[str]:
    lines = source.splitlines()
    begin, importing, names = 0, True, set[str]()
    for statement in ast.parse(source).body:
        imports = isinstance(statement, ast.Import | ast.ImportFrom)
        name = getattr(statement, "name", "")
        if (imports and not importing) or name in names:
            yield "\n".join(lines[begin : statement.lineno - 1]).strip()
            begin, names = statement.lineno - 1, set()
        importing = imports
        if name:
            names.add(name)
    if source.strip():
        yield "\n".join(lines[begin:]).strip()


def json_block(text: str) -> Any:
    """The one block of JSON: the stored tree."""
    start = text.index("\n{\n") + 1
    value, _ = json.JSONDecoder().raw_decode(text, start)
    return value


async def run(source: str, names: dict[str, Any]) -> dict[str, Any]:
    """Run a block, with `await` at its top level; returns what it defined."""
    code = compile(source, "<guide>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    namespace = {"__name__": "__main__", **names}
    pending = eval(code, namespace)
    if pending is not None:
        await pending
    return namespace
