"""Computed values: derived from the state, and made anew only when what they depend on changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from kit.state.selectors import Selector, Watchers, select
from kit.state.tree import StateError

COMPUTED = "computed"

FunctionT = TypeVar("FunctionT", bound=Callable[[Any], Any])


class Definition(NamedTuple):
    """How a value is computed: `compute(selector(state))`."""

    selector: Selector
    compute: Callable[[Any], Any]


class Computed(Mapping[str, Any]):
    """The computed values of a store, by name.

    Args:
        state: Returns the state.
        definitions: How they are computed; may grow.
        watchers: Where each notes what it depends on.
    """

    def __init__(
        self,
        state: Callable[[], Mapping[str, Any]],
        definitions: dict[str, Definition],
        watchers: Watchers,
    ) -> None:
        self._state = state
        self._definitions = definitions
        self._watchers = watchers
        self._known: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._known:
            definition = self._definitions.get(name)
            if definition is None:
                raise StateError(
                    f"no computed value is called {name!r} (known: {', '.join(self) or 'none'}); write one:\n"
                    f"    @kit.computed(selector=lambda state: ...)\n    def {name}(selected): ..."
                )
            selected, paths = select(definition.selector, self._state())
            self._watchers.put((COMPUTED, name), paths)
            self._known[name] = definition.compute(selected)
        return self._known[name]

    def __contains__(self, name: object) -> bool:
        return name in self._definitions

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._definitions))

    def __len__(self) -> int:
        return len(self._definitions)

    def forget(self, name: str) -> None:
        """Compute `name` anew when it is asked for next."""
        self._known.pop(name, None)

    def forget_all(self) -> None:
        """Compute everything anew when it is asked for next."""
        self._known.clear()
