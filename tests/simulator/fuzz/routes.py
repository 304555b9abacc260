"""Every route that the simulator serves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kit.simulator.rest import rest


def served() -> list[tuple[str, str]]:
    """The method and the path template of each."""
    found = {route for module in rest.RESOURCES for route in _walk(module.routes._tree, ())}
    return sorted(found)


def _walk(node: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for key, child in node.items():
        if key:
            yield from _walk(child, (*path, key))
        else:
            yield from ((method, "/".join(path)) for method in child)
