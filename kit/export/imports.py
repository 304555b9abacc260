"""Imports as the user wrote them, one name at a time, and how they stand at the top of a module."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .bindings import alias_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .statements import Statement

_WIDTH = 88


@dataclass(frozen=True)
class Import:
    """One name of one import statement.

    Args:
        statement: The statement it comes from; None for an import of the template.
        module: The module, with leading dots when relative.
        name: What is imported from it; None for `import module`.
        asname: The name after `as`.
        star: Whether it stands for a part of `import *`.
    """

    statement: Statement | None
    module: str
    name: str | None = None
    asname: str | None = None
    star: bool = False

    @property
    def binds(self) -> str:
        """The name in the module's namespace."""
        return self.asname or self.name or self.module.partition(".")[0]

    @property
    def dotted(self) -> bool:
        """Whether it binds the root package, which several imports may share (`os`, `os.path`)."""
        return self.name is None and self.asname is None

    @property
    def text(self) -> str:
        """The import as a statement of its own."""
        suffix = f" as {self.asname}" if self.asname else ""
        if self.name is None:
            return f"import {self.module}{suffix}"
        return f"from {self.module} import {self.name}{suffix}"

    @property
    def source(self) -> str:
        """The name of the top-level package, empty for a relative import."""
        return self.module.partition(".")[0]


def is_import(statement: Statement) -> bool:
    """Say whether a statement is a plain import.

    Args:
        statement: A top-level statement.

    Returns:
        Whether it is; an import inside `try` or `if` is not.
    """
    return isinstance(statement.node, ast.Import | ast.ImportFrom)


def imports_of(statement: Statement, name: str) -> list[Import]:
    """Take from an import statement the parts that bind a name.

    Args:
        statement: Any statement.
        name: The name that is wanted.

    Returns:
        The parts, in their order; none when the statement is no import. A star import is taken to bind it.
    """
    node = statement.node
    if isinstance(node, ast.Import):
        return [
            Import(statement, alias.name, asname=alias.asname)
            for alias in node.names
            if alias_name(alias) == name
        ]
    if isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        return [
            Import(
                statement,
                module,
                name if alias.name == "*" else alias.name,
                alias.asname,
                star=alias.name == "*",
            )
            for alias in node.names
            if alias.name == "*" or alias_name(alias) == name
        ]
    return []


def import_key(statement: Statement, name: str) -> str | None:
    """Say what makes two imports of one name the same: the name may come along with others or alone.

    Args:
        statement: A statement that binds the name.
        name: The name.

    Returns:
        The text of the import of that name, or None if the statement is no import.
    """
    parts = imports_of(statement, name)
    if not parts:
        return None
    return f"import {name}" if parts[-1].dotted else parts[-1].text


def reached(parts: list[Import], kept: Iterable[Statement]) -> list[Import]:
    """Choose among imports that share a root package those that the code goes through.

    Args:
        parts: `import os`, `import os.path`, ...
        kept: The statements of the slice.

    Returns:
        Those whose dotted name starts an attribute chain of the code; the last one if none does.
    """
    unique = list({part.text: part for part in parts}.values())
    if len(unique) == 1:
        return unique
    chains = {chain for statement in kept for node in ast.walk(statement.node) if (chain := _chain(node))}
    used = [part for part in unique if any(f"{chain}.".startswith(f"{part.module}.") for chain in chains)]
    longer = [
        part
        for part in used
        if "." in part.module or not _covered(part.module, [other.module for other in used], chains)
    ]
    return longer or unique[-1:]


def _covered(root: str, modules: list[str], chains: set[str]) -> bool:
    """Whether every chain through a root package is reached by a longer import already."""
    deeper = [module for module in modules if module != root]
    through = [chain for chain in chains if f"{chain}.".startswith(f"{root}.") and chain != root]
    return bool(deeper) and all(
        any(f"{chain}.".startswith(f"{module}.") or f"{module}.".startswith(f"{chain}.") for module in deeper)
        for chain in through
    )


def _chain(node: ast.AST) -> str:
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(names)])


def import_block(items: Iterable[Import], local: frozenset[str]) -> str:
    """Write the imports of a module: standard library, installed packages, the project's own.

    Args:
        items: The imports.
        local: The top-level names of modules that lie in the project itself.

    Returns:
        The block in isort's order, its groups parted by empty lines. Each name of a star import has a line
        of its own.
    """
    groups: dict[int, list[tuple[tuple[object, ...], str]]] = {}
    for text, item in _joined(items).items():
        level = len(item.module) - len(item.module.lstrip("."))
        order = (
            item.name is not None,
            -level,
            item.module.lower(),
            _member_order(text.partition(" import ")[2]),
        )
        groups.setdefault(_group(item, local), []).append((order, text))
    return "\n\n".join("\n".join(text for _, text in sorted(groups[group])) for group in sorted(groups))


def has_star_lines(items: Iterable[Import]) -> bool:
    """Say whether names of one module stand on several lines, which isort would join.

    Args:
        items: The imports.

    Returns:
        Whether a name of a star import, on its line of its own, has a neighbour.
    """
    texts: dict[str, set[str]] = {}
    starred: set[str] = set()
    for item in items:
        if item.name is not None and item.asname is None:
            texts.setdefault(item.module, set()).add(item.text)
            starred |= {item.module} if item.star else set()
    return any(len(texts[module]) > 1 for module in starred)


def _member_order(name: str) -> tuple[bool, bool, str]:
    """Isort's order: constants, classes, the rest."""
    bare = name.partition(" ")[0].strip(",")
    return not (bare.isupper() and len(bare) > 1), not bare[:1].isupper(), name.lower()


def _joined(items: Iterable[Import]) -> dict[str, Import]:
    together: dict[str, list[Import]] = {}
    for item in items:
        alone = item.name is None or item.star or item.asname is not None
        together.setdefault(item.text if alone else f"from {item.module}", []).append(item)
    joined: dict[str, Import] = {}
    for text, parts in together.items():
        first = parts[0]
        if text == first.text:
            joined[text] = first
            continue
        names = sorted({str(part.name) for part in parts}, key=_member_order)
        line = f"from {first.module} import {', '.join(names)}"
        if len(line) > _WIDTH:
            line = "\n".join([f"from {first.module} import (", *(f"    {name}," for name in names), ")"])
        joined[line] = first
    return joined


def _group(item: Import, local: frozenset[str]) -> int:
    if item.module.startswith("."):
        return 3
    if item.source in sys.stdlib_module_names:
        return 0
    return 2 if item.source in local else 1
