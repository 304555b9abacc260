"""What reducers do to a state, as data: the same step is made on a draft and on plain containers."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "b", 0.5])
keys = st.sampled_from(["a", "b", 1, "1"])
values = st.recursive(
    scalars | st.sets(st.integers(0, 4), max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(
    ["put", "put", "remove", "append", "insert", "shift", "add", "discard", "count", "empty"]
)


def steps(*branches: str) -> st.SearchStrategy[Any]:
    """Some steps in one of the branches of `application`."""
    paths = st.tuples(st.sampled_from(branches), keys) | st.tuples(st.sampled_from(branches), keys, keys)
    return st.lists(st.tuples(names, paths, values), min_size=1, max_size=3)


def perform(root: Any, step: tuple[str, tuple[Any, ...], Any]) -> None:
    """Make a step below `root`; what is missing on the way, or of another kind, is made first."""
    name, path, value = step
    for key in path[:-1]:
        if not hasattr(root.get(key), "keys"):
            root[key] = {}
        root = root[key]
    key = path[-1]
    if name in {"append", "insert", "shift"}:
        if not hasattr(root.get(key), "append"):
            root[key] = []
        change_list(root[key], name, copy.deepcopy(value))
    elif name in {"add", "discard"}:
        if not hasattr(root.get(key), "discard"):
            root[key] = {1, 2}
        getattr(root[key], name)(len(str(value)))
    elif name == "put":
        root[key] = copy.deepcopy(value)
    elif name == "count":
        before = root.get(key)
        root[key] = before + 1 if type(before) is int else 1
    elif name == "remove":
        root.pop(key, None)
    else:
        empty(root.get(key))


def empty(container: Any) -> None:
    """Empty it, if it is a container; a mapping in the order of its keys, which is not the same everywhere."""
    if hasattr(container, "keys"):
        for key in sorted(container, key=repr):
            del container[key]
    elif hasattr(container, "clear"):
        container.clear()


def change_list(items: Any, name: str, value: Any) -> None:
    """One change to a list, or to the draft of one."""
    if name == "append":
        items.append(value)
    elif name == "insert":
        items.insert(0, value)
    elif items:
        items.pop(0)


def strict(value: Any) -> Any:
    """A form of `value` by which 1, True and 1.0 differ, and the order of keys doesn't count."""
    if isinstance(value, dict):
        return {(type(key), key): strict(item) for key, item in value.items()}
    if isinstance(value, list):
        return [strict(item) for item in value]
    if isinstance(value, set):
        return frozenset((type(item), item) for item in value)
    return type(value), value
