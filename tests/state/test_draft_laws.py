"""The laws of drafts: they behave as plain containers, and their patches tell the whole truth."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kit.state.draft import DictDraft, Recorder
from kit.state.patches import apply
from kit.state.tree import freeze, thaw

scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["a", "b", ""])
keys = st.sampled_from(["a", "b", "c", 1, 2])
values = st.recursive(
    scalars | st.sets(st.integers(0, 4), max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
trees = st.dictionaries(keys, values, max_size=5)
steps = st.lists(
    st.tuples(st.lists(st.integers(0, 4), max_size=4), st.integers(0, 9), keys, values, st.integers(-3, 3)),
    max_size=12,
)


def descend(container: Any, turns: list[int]) -> Any:
    """Walk into nested containers, the same way in a plain tree and in a draft."""
    for turn in turns:
        children = list(container) if isinstance(container, dict | DictDraft) else range(len(container))
        if not children:
            break
        child = container[children[turn % len(children)]]
        if not hasattr(child, "__len__") or isinstance(child, str | set) or hasattr(child, "discard"):
            break
        container = child
    return container


def change(container: Any, which: int, key: Any, value: Any, index: int) -> None:
    """One change to a dict or list, or to the draft of one."""
    value = copy.deepcopy(value)
    if hasattr(container, "keys"):
        operations = [
            lambda: container.__setitem__(key, value),
            lambda: container.pop(key, None),
            lambda: container.setdefault(key, value),
            lambda: container.update({key: value}),
            container.clear,
        ]
    else:
        inside = index % len(container) if container else None
        operations = [
            lambda: container.append(value),
            lambda: container.insert(index, value),
            lambda: container.pop(inside) if inside is not None else None,
            lambda: container.__setitem__(inside, value) if inside is not None else None,
            lambda: container.extend([value, copy.deepcopy(value)]),
            lambda: container.__delitem__(slice(0, 2)),
            lambda: container.__setitem__(slice(1, 3), [value]),
            container.reverse,
        ]
    operations[which % len(operations)]()


@given(trees, steps)
def test_a_draft_behaves_as_plain_containers_and_its_patches_lead_both_ways(tree, steps):
    """Whatever a reducer does, state, replayed patches and inverses agree with plain Python."""
    plain = copy.deepcopy(tree)
    live = freeze(tree)
    recorder = Recorder(live)
    draft = DictDraft(live, recorder, None, "")
    for turns, which, key, value, index in steps:
        change(descend(plain, turns), which, key, value, index)
        change(descend(draft, turns), which, key, value, index)

    assert thaw(live) == plain
    replica = freeze(tree)
    apply(replica, recorder.patches)
    assert thaw(replica) == plain
    apply(live, recorder.inverses)
    assert thaw(live) == tree


@given(trees)
def test_a_frozen_tree_thaws_to_what_it_was(tree):
    """Freezing copies: the caller's own value is neither kept nor changed."""
    original = copy.deepcopy(tree)
    frozen = freeze(tree)
    assert thaw(frozen) == original == tree
