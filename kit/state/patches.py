"""Patches: what a dispatch changed, as a list of steps and of the steps back.

The operations are those of RFC 6902 (add, replace, remove) with paths as tuples
instead of JSON pointers, so that an integer key stays an integer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from kit.state.tree import Path, StateDict, StateError, StateList, freeze, show

if TYPE_CHECKING:
    from kit.state.actions import Action


class Patch(NamedTuple):
    """One step: `op` at `path`; `value` is a plain copy, None for a removal."""

    op: Literal["add", "replace", "remove"]
    path: Path
    value: Any = None


@dataclass(frozen=True, slots=True)
class Change:
    """What one dispatch did.

    Attributes:
        action: The action that was dispatched.
        patches: The steps, in the order they were made.
        inverses: The steps back, in the order to apply them.
        actions: The actions that made it: one, or those of a batch.
        requests: The actions as they were dispatched, before any middleware.
    """

    action: Action
    patches: Sequence[Patch]
    inverses: Sequence[Patch]
    actions: Sequence[Action] = ()
    requests: Sequence[Action] = ()


def apply(root: StateDict, patches: Iterable[Patch]) -> None:
    """Make the steps on a tree of state nodes, in place.

    Raises:
        StateError: If a step does not fit the tree. The steps before it stay made.
    """
    for op, path, value in patches:
        if not path:
            raise StateError("a patch needs a path: the root of the state is never replaced as a whole")
        node: Any = root
        try:
            for key in path[:-1]:
                node = node[key]
        except (KeyError, IndexError, TypeError):
            raise StateError(f"no such place in the state: {show(path)}") from None
        key = path[-1]
        if isinstance(node, dict):
            if op != "add" and key not in node:
                raise StateError(f"no such place in the state: {show(path)}")
            if op == "remove":
                dict.__delitem__(node, key)
            else:
                dict.__setitem__(node, key, freeze(value, path))
        elif isinstance(node, StateList) and isinstance(key, int):
            _apply_to_list(node, op, key, value, path)
        else:
            raise StateError(f"{show(path[:-1])} is a {type(node).__name__}: nothing can be set inside it")


def _apply_to_list(node: StateList, op: str, index: int, value: Any, path: Path) -> None:
    if index > len(node) or (op != "add" and index == len(node)):
        raise StateError(f"no such place in the state: {show(path)}")
    if op == "remove":
        list.__delitem__(node, index)
    elif op == "add":
        list.insert(node, index, freeze(value, path))
    else:
        list.__setitem__(node, index, freeze(value, path))
