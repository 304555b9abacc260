"""Which statement gave a name the value that it had at a moment of the session."""

from __future__ import annotations

import importlib.util
import sys
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from .imports import imports_of

if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping, Sequence

    from .imports import Import
    from .statements import Statement


class Bindings:
    """The history of every name over the ledger.

    Args:
        statements: The statements that ran, in order.
        namespace: The kernel's live values, which say what a star import brought.
    """

    def __init__(self, statements: Sequence[Statement], namespace: Mapping[str, Any]) -> None:
        self.statements = statements
        self.namespace = namespace
        self._events: defaultdict[str, list[Statement]] = defaultdict(list)
        self._stars: list[tuple[Statement, frozenset[str]]] = []
        for statement in statements:
            bound = statement.bound
            for name in bound.names | bound.deleted:
                self._events[name].append(statement)
            if bound.star is not None:
                self._stars.append((statement, self._exported(bound.star)))

    def _exported(self, star: ast.ImportFrom) -> frozenset[str]:
        module = sys.modules.get(self.module_name(star))
        if module is None:
            return frozenset()
        names = getattr(module, "__all__", None) or [
            name for name in vars(module) if not name.startswith("_")
        ]
        return frozenset(names)

    def module_name(self, node: ast.ImportFrom) -> str:
        """Say which module an import reads, relative ones resolved as the kernel resolved them.

        Args:
            node: The import.

        Returns:
            The absolute name.
        """
        name = "." * node.level + (node.module or "")
        package = self.namespace.get("__package__")
        return importlib.util.resolve_name(name, package) if node.level and package else name

    def find(self, name: str, before: int | None, *, quoted: bool = False) -> list[Statement]:
        """Find what a name was bound to.

        Args:
            name: A global name.
            before: The position of the reader; None for the newest binding.
            quoted: Whether bindings made only for a type checker count.

        Returns:
            The statements that made the value, newest first: more than one where the newest binds it only
            on some of the ways it can run. Empty when nothing did, or the name was deleted.
        """
        chain: list[Statement] = []
        for statement in reversed(self._history(name)):
            if before is not None and statement.position >= before:
                continue
            bound = statement.bound
            if name in bound.deleted:
                break
            if name in bound.checked_only and not quoted:
                continue
            chain.append(statement)
            if name in bound.definite or bound.star is not None or name in bound.checked_only:
                break
        return chain

    def dotted_imports(self, name: str) -> list[Import]:
        """Collect the imports that bind a root package and load submodules of it.

        Args:
            name: The package, `os` for `import os.path`.

        Returns:
            The imports without `as`, oldest first.
        """
        return [
            part
            for statement in self._events.get(name, ())
            for part in imports_of(statement, name)
            if part.dotted
        ]

    def _history(self, name: str) -> list[Statement]:
        found = list(self._events.get(name, ()))
        stars = [statement for statement, names in self._stars if name in names]
        return sorted(found + stars, key=lambda statement: statement.position) if stars else found
