"""The laws of storage: what is written comes back, whatever was changed in between."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kit.persistence.codec import dumps, loads, parse_path, path_text
from kit.persistence.leaves import Write, assemble, below, coalesce, flatten, writes
from kit.state import Action, Change, thaw
from kit.state.draft import DictDraft, Recorder
from kit.state.tree import freeze

keys = st.sampled_from(["a", "b", "$set", "$dict", 'quo"te', "日本", 1, 2, -3])
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.datetimes()
    | st.datetimes(timezones=st.just(dt.UTC))
    | st.dates()
    | st.timedeltas()
)
values = st.recursive(
    scalars | st.sets(st.integers() | st.text(max_size=3), max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(keys, inner, max_size=3)
        | st.lists(inner, max_size=2).map(tuple)
    ),
    max_leaves=10,
)
branches = st.sampled_from(["views", "sessions", "application", "persistent_views"])
paths = st.tuples(branches, keys, keys, keys)


def same(left: Any, right: Any) -> bool:
    """Equal in value and in type, at every depth."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


@given(values)
def test_every_value_of_the_state_comes_back_as_it_was(value):
    """Integer keys, sets, dates and tuples keep their types, and text that looks like a tag stays text."""
    assert same(loads(dumps(value)), value)


@given(st.lists(st.sampled_from(["a", 1, "1", "[", '"', "é", ","]), min_size=1, max_size=4).map(tuple))
def test_a_path_comes_back_and_lies_below_its_parents_only(path):
    """The range of a subtree holds exactly its rows."""
    assert parse_path(path_text(path)) == path
    for length in range(1, len(path)):
        low, high = below(path_text(path[:length]))
        assert low <= path_text(path) < high
    low, high = below(path_text(path))
    assert not low <= path_text((*path[:-1], "a" if path[-1] != "a" else "b")) < high


class Rows(dict[str, str]):
    """A table in memory that understands writes, as the SQL of a backend does."""

    def write(self, group: list[Write]) -> None:
        for row in group:
            if row.subtree:
                low, high = below(row.key)
                for key in [key for key in self if low <= key < high]:
                    del self[key]
        for row in group:
            if row.value is None:
                self.pop(row.key, None)
            else:
                self[row.key] = row.value


@given(st.lists(st.lists(st.tuples(paths, st.integers(1, 4), values, st.booleans()), max_size=4), max_size=6))
def test_rows_written_change_by_change_hold_the_whole_state(groups):
    """After any changes, in any grouping, the rows assemble to the state; nothing is left over or missing."""
    live = freeze({"views": {}, "sessions": {}, "application": {}, "persistent_views": {}})
    one_by_one, together = Rows(), Rows()
    for rows in (one_by_one, together):
        rows.write(list(flatten(live)))
    pending: list[Write] = []
    for group in groups:
        recorder = Recorder(live)
        draft = DictDraft(live, recorder, None, "")
        for path, depth, value, remove in group:
            node: Any = draft
            for key in path[:depth]:
                if not isinstance(node.get(key), DictDraft):
                    node[key] = {}
                node = node[key]
            if remove:
                node.pop(path[-1], None)
            else:
                node[path[-1]] = copy.deepcopy(value)
        change = Change(Action("TEST"), recorder.patches, recorder.inverses)
        found = writes(live, change)
        pending += found
        one_by_one.write(coalesce(found))
    together.write(coalesce(pending))
    assert same(assemble(one_by_one.items()), thaw(live))
    assert together == one_by_one
