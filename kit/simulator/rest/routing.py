"""The table of routes: which function answers which method of which path."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kit.simulator.rest.calls import Call

if TYPE_CHECKING:
    from kit.simulator.server import Simulator

Handler = Callable[["Simulator", Call], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """What answers one method of one path template."""

    handler: Handler
    method: str
    template: str
    open: bool


class Routes:
    """A table of path templates such as ``channels/{channel_id}/messages``; plain words win over ids."""

    def __init__(self) -> None:
        self._tree: dict[str, Any] = {}

    def add(self, method: str, template: str, *, open: bool = False) -> Callable[[Handler], Handler]:  # noqa: A002
        """A decorator that serves a path with a function ``(simulator, call) -> JSON``; None answers 204.

        Args:
            method: The HTTP method.
            template: The path after ``/api/v10/``.
            open: Whether the path carries its own authorisation, as interaction tokens do.
        """

        def register(handler: Handler) -> Handler:
            node = self._tree
            for segment in template.split("/"):
                node = node.setdefault(segment, {})
            node.setdefault("", {})[method] = Route(handler, method, template, open)
            return handler

        return register

    def __iter__(self) -> Iterator[Route]:
        return _routes(self._tree)

    def include(self, other: Routes) -> None:
        """Takes over all paths of another table.

        Args:
            other: The table.
        """
        _merge(self._tree, other._tree)

    def has(self, segments: list[str]) -> bool:
        """Whether a path is served, by whatever method.

        Args:
            segments: The path, split and unquoted.
        """
        return _has(self._tree, segments)

    def find(self, method: str, segments: list[str]) -> tuple[Route, dict[str, str]] | None:
        """The route of a path, with the values of its template's names; None if nothing serves it.

        Args:
            method: The HTTP method.
            segments: The path, split and unquoted.
        """
        return _find(self._tree, method, segments, {})


def _routes(tree: dict[str, Any]) -> Iterator[Route]:
    for key, value in tree.items():
        if key:
            yield from _routes(value)
        else:
            yield from value.values()


def _merge(into: dict[str, Any], tree: dict[str, Any]) -> None:
    for key, value in tree.items():
        if isinstance(value, dict):
            _merge(into.setdefault(key, {}), value)
        else:
            into[key] = value


def _has(node: dict[str, Any], segments: list[str]) -> bool:
    if not segments:
        return "" in node
    head = segments[0]
    fits = [child for key, child in node.items() if head and key and (key == head or key.startswith("{"))]
    return any(_has(child, segments[1:]) for child in fits)


def _find(
    node: dict[str, Any], method: str, segments: list[str], params: dict[str, str]
) -> tuple[Route, dict[str, str]] | None:
    if not segments:
        route = node.get("", {}).get(method)
        return (route, params) if route else None
    head, rest = segments[0], segments[1:]
    if head and head in node and not head.startswith("{"):
        found = _find(node[head], method, rest, params)
        if found:
            return found
    for key, child in node.items():
        if key.startswith("{") and head:
            found = _find(child, method, rest, {**params, key[1:-1]: head})
            if found:
                return found
    return None
