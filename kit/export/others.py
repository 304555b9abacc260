"""Views that the exported one opens: those that live on must be added to the bot as well."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .changes import Remark
from .panel import Kind, dynamic_items, kind_of, required_arguments
from .posting import makes
from .slice import Slice
from .statements import Statement


@dataclass(frozen=True)
class Others:
    """The other plain views of a slice that answer after a restart.

    Args:
        names: Their classes, which the cog adds too.
        dynamic: The names of the DynamicItem classes among their children.
        remarks: Those that look as if they should, and why they can't.
    """

    names: tuple[str, ...] = ()
    dynamic: frozenset[str] = frozenset()
    remarks: tuple[Remark, ...] = ()


def other_views(found: Slice, cls: type, namespace: Mapping[str, Any]) -> Others:
    """Find the persistent views that the code of a slice makes beside the exported one.

    It must be called inside the running loop, since it makes one of each.

    Args:
        found: The slice.
        cls: The exported class.
        namespace: The kernel's live values.

    Returns:
        Those that a cog can add, and remarks about those with `timeout=None` that it can't.
    """
    names: list[str] = []
    dynamic: set[str] = set()
    remarks: list[Remark] = []
    for statement in found.statements:
        node = statement.node
        live = namespace.get(node.name) if isinstance(node, ast.ClassDef) else None
        if not isinstance(live, type) or live is cls or kind_of(live) is not Kind.VIEW:
            continue
        if not any(makes(other.node, live.__name__) for other in found.statements):
            continue
        try:
            view: Any = None if required_arguments(live, Kind.VIEW) else live()
        except Exception as error:  # noqa: BLE001 - the user's constructor may raise anything; it is said
            remarks.append(_remark(statement, live, f"`{live.__name__}()` raised {type(error).__name__}"))
            continue
        if view is None:
            if _lives_on(node):
                remarks.append(_remark(statement, live, "its constructor needs arguments"))
            continue
        if view.is_persistent() and any(item.is_dispatchable() for item in view.walk_children()):
            names.append(live.__name__)
            dynamic |= dynamic_items(view)
        view.stop()
    return Others(tuple(names), frozenset(dynamic), tuple(remarks))


def _lives_on(node: ast.AST) -> bool:
    return any(
        isinstance(inner, ast.keyword)
        and inner.arg == "timeout"
        and isinstance(inner.value, ast.Constant)
        and inner.value.value is None
        for inner in ast.walk(node)
    )


def _remark(statement: Statement, cls: type, why: str) -> Remark:
    text = f"messages with `{cls.__name__}` stop answering when the bot restarts: {why}"
    return Remark("not persistent", text, statement.cell.number, statement.typed_line())
