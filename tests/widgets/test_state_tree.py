"""The state tree: pages of children, patches for what is open, and the log beside it."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime

import pytest

from kit.widgets import StateTree
from tests.widgets.fakes import FakeStore, make_state, record_sends


@pytest.fixture
def open_tree(errors):
    """Make state trees that report to `errors` and are closed at the end."""
    opened = []

    def make(store, **options):
        tree = StateTree(store, on_error=errors.append, **options)
        opened.append(tree)
        return tree, record_sends(tree)

    yield make
    for tree in opened:
        tree.close()


async def receive(tree, *messages):
    for message in messages:
        tree._receive(tree, message, [])
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def last(sent):
    return sent[-1][0]


@pytest.mark.asyncio
async def test_open_branches_come_with_the_first_look(open_tree, errors):
    """The tree opens at the application's state and the panels, and the rest is a count."""
    tree, sent = open_tree(FakeStore(make_state()))
    await receive(tree, {"type": "ready", "view": "v"})
    rows = {row["key"]: row for row in last(sent)["root"]["rows"]}
    assert [row["key"] for row in rows["application"]["branch"]["rows"]] == ["_scoped", "name"]
    assert rows["application"]["branch"]["rows"][1] == {"key": "name", "kind": "text", "text": '"demo"'}
    assert rows["views"] == {"key": "views", "kind": "dict", "count": 1}
    assert errors == []


@pytest.mark.asyncio
async def test_a_hundred_thousand_entries_come_a_page_at_a_time(open_tree):
    """A huge state opens at once, and a change of one leaf stays under a kilobyte."""
    store = FakeStore({"application": {f"key {number}": number for number in range(100_000)}})
    tree, sent = open_tree(store)
    start = time.perf_counter()
    await receive(tree, {"type": "ready", "view": "v"})
    assert time.perf_counter() - start < 1
    branch = last(sent)["root"]["rows"][0]
    assert (branch["count"], len(branch["branch"]["rows"])) == (100_000, 100)
    assert len(json.dumps(last(sent))) < 16_000
    await receive(tree, {"type": "more", "path": ["application"]})
    assert [row["key"] for row in last(sent)["rows"]] == [f"key {number}" for number in range(100, 200)]
    store.apply(("replace", ("application", "key 150"), -1), payload={"key": "key 150", "value": -1})
    assert len(json.dumps(last(sent))) <= 1_000
    expected = {"key": "key 150", "kind": "number", "text": "-1"}
    assert last(sent)["rows"] == [{"path": ["application", "key 150"], "row": expected, "flash": True}]


@pytest.mark.asyncio
async def test_a_change_in_a_closed_branch_only_flashes_it(open_tree):
    """Nobody pays for what nobody looks at."""
    store = FakeStore(make_state())
    tree, sent = open_tree(store)
    await receive(tree, {"type": "ready", "view": "v"})
    store.apply(("replace", ("views", "a", "open"), False))
    assert last(sent)["rows"] == [
        {"path": ["views"], "row": {"key": "views", "kind": "dict", "count": 1}, "flash": True}
    ]
    await asyncio.sleep(0.05)
    store.apply(("add", ("views", "b"), {}))
    assert last(sent)["rows"][0]["row"]["count"] == 2


@pytest.mark.asyncio
async def test_ids_stay_exact_in_the_browser(open_tree, errors):
    """A snowflake as a key is not rounded by JavaScript: it goes as text and comes back as a number."""
    big = 1234567890123456789
    store = FakeStore({"application": {big: {"x": 1}, str(big): 2}})
    tree, sent = open_tree(store)
    await receive(tree, {"type": "ready", "view": "v"})
    rows = last(sent)["root"]["rows"][0]["branch"]["rows"]
    assert [row["key"] for row in rows] == [{"int": str(big)}, str(big)]
    await receive(tree, {"type": "open", "path": ["application", {"int": str(big)}]})
    assert last(sent)["branches"][0]["rows"] == [{"key": "x", "kind": "number", "text": "1"}]
    store.apply(("replace", ("application", big, "x"), 7))
    assert last(sent)["rows"][0]["path"] == ["application", {"int": str(big)}, "x"]
    assert last(sent)["log"][0]["paths"] == [["application", {"int": str(big)}, "x"]]
    assert errors == []


@pytest.mark.asyncio
async def test_branches_open_and_close(open_tree):
    """A branch that was closed sends no rows any more."""
    store = FakeStore(make_state())
    tree, sent = open_tree(store)
    await receive(tree, {"type": "ready", "view": "v"}, {"type": "open", "path": ["views"]})
    assert last(sent)["branches"][0]["rows"] == [{"key": "a", "kind": "dict", "count": 1}]
    store.apply(("add", ("views", "b"), 5))
    assert [entry["path"] for entry in last(sent)["rows"]] == [["views", "b"], ["views"]]
    await asyncio.sleep(0.05)
    store.apply(("remove", ("views", "a"), None))
    assert last(sent)["gone"] == [["views", "a"]]
    await receive(tree, {"type": "close", "path": ["views"]})
    await asyncio.sleep(0.05)
    store.apply(("replace", ("views", "b"), 6))
    assert [entry["path"] for entry in last(sent)["rows"]] == [["views"]]


@pytest.mark.asyncio
async def test_a_second_view_leaves_the_rows_of_the_first_alive(open_tree):
    """A second page shows the rows that the first one shows, and changes of them reach both."""
    store = FakeStore({"many": {f"k{number}": number for number in range(150)}})
    tree, sent = open_tree(store, open_paths=[("many",)])
    await receive(tree, {"type": "ready", "view": "a"})
    store.apply(("remove", ("many", "k0"), None))
    await asyncio.sleep(0.05)
    store.apply(("add", ("many", "new"), 1))
    await asyncio.sleep(0.05)
    await receive(tree, {"type": "ready", "view": "b"})
    shown = [row["key"] for row in last(sent)["root"]["rows"][0]["branch"]["rows"]]
    assert shown == [*(f"k{number}" for number in range(1, 100)), "new"]
    store.apply(("replace", ("many", "new"), 2))
    assert last(sent)["rows"][0]["row"] == {"key": "new", "kind": "number", "text": "2"}


@pytest.mark.asyncio
async def test_a_list_is_drawn_anew_when_its_places_move(open_tree):
    """Inserting into a list renumbers what follows."""
    store = FakeStore({"items": ["a", "b"]})
    tree, sent = open_tree(store, open_paths=[("items",)])
    await receive(tree, {"type": "ready", "view": "v"})
    store.apply(("add", ("items", 0), "new"))
    (branch,) = last(sent)["branches"]
    assert [row["text"] for row in branch["rows"]] == ['"new"', '"a"', '"b"']
    await asyncio.sleep(0.05)
    store.apply(("replace", ("items", 1), "A"))
    assert "branches" not in last(sent)
    assert last(sent)["rows"][0]["row"] == {"key": 1, "kind": "text", "text": '"A"'}


@pytest.mark.asyncio
async def test_a_replaced_branch_brings_its_open_children(open_tree):
    """A reducer that replaces a whole part of the state leaves the tree as the user opened it."""
    store = FakeStore({"application": {"deep": {"x": 1}}})
    tree, sent = open_tree(store, open_paths=[("application", "deep")])
    await receive(tree, {"type": "ready", "view": "v"})
    store.apply(("replace", ("application",), {"deep": {"x": 2, "y": 3}}))
    (branch,) = last(sent)["branches"]
    assert [row["text"] for row in branch["rows"][0]["branch"]["rows"]] == ["2", "3"]


@pytest.mark.asyncio
async def test_keys_and_values_of_any_kind(open_tree, errors):
    """Ids, odd keys, sets and dates are shown, and can be opened."""
    state = {
        "ids": {1: {"a": 1}, "1": "text"},
        'odd "key"\n<b>': {"x": None},
        "set": {3, 1, 2},
        "none": {None: 1, (1, 2): 2},
        "when": datetime(2026, 1, 1, tzinfo=UTC),
        "big": 10**5000,
        "long": "x" * 10_000,
    }
    tree, sent = open_tree(FakeStore(state), open_paths=())
    await receive(tree, {"type": "ready", "view": "v"})
    opened = (["ids"], ["ids", 1], ['odd "key"\n<b>'], ["set"], ["none"])
    await receive(tree, *({"type": "open", "path": path} for path in opened))
    assert errors == []
    texts = {tuple(message["branches"][0]["path"]): message["branches"][0]["rows"] for message, _ in sent[1:]}
    assert texts["ids", 1] == [{"key": "a", "kind": "number", "text": "1"}]
    assert [row["text"] for row in texts["set",]] == ["1", "2", "3"]
    assert [row["key"] for row in texts["none",]] == ["None", "(1, 2)"]
    assert json.loads(json.dumps(last(sent))) == last(sent)
    assert len(tree.to_text()) < 5_000


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "message",
    [
        {"type": "open"},
        {"type": "open", "path": "application"},
        {"type": "open", "path": [None]},
        {"type": "open", "path": [True]},
        {"type": "open", "path": [{"int": "12x"}]},
        {"type": "open", "path": [{}]},
        {"type": "open", "path": ["x" * 1001]},
        {"type": "open", "path": [1] * 65},
        {"type": "open", "path": ["nowhere"]},
        {"type": "more", "path": ["views"]},
        {"type": "fly", "path": []},
    ],
)
async def test_a_message_that_is_not_right_is_reported(open_tree, errors, message):
    """Noise on the comm is named, and the tree goes on."""
    tree, sent = open_tree(FakeStore(make_state()))
    await receive(tree, message)
    assert [isinstance(error, ValueError | LookupError) for error in errors] == [True]
    assert sent == []


@pytest.mark.asyncio
async def test_the_log_says_what_happened(open_tree):
    """Beside the tree stands which action changed what, and only the newest are kept."""
    store = FakeStore(make_state())
    tree, sent = open_tree(store, log_size=3)
    for number in range(5):
        store.apply(
            ("replace", ("views", "a", "open"), number), action=f"STEP_{number}", payload={"n": [number] * 99}
        )
    await receive(tree, {"type": "ready", "view": "v"})
    log = last(sent)["log"]
    assert [entry["type"] for entry in log] == ["STEP_2", "STEP_3", "STEP_4"]
    assert (log[-1]["changes"], log[-1]["paths"], log[-1]["source"]) == (1, [["views", "a", "open"]], "test")
    assert log[-1]["payload"].startswith("{n: [4, 4, ")
    assert len(log[-1]["payload"]) <= 120


@pytest.mark.asyncio
async def test_a_flood_of_actions_is_sent_together(open_tree):
    """A thousand dispatches in a moment cost two sends."""
    store = FakeStore(make_state())
    _, sent = open_tree(store)
    for number in range(1000):
        store.apply(("replace", ("application", "name"), number))
    await asyncio.sleep(0.1)
    assert len(sent) == 2
    assert last(sent)["rows"][0]["row"]["text"] == "999"
    assert len(last(sent)["log"]) <= 200


@pytest.mark.asyncio
async def test_nothing_is_left_after_close(errors):
    """A closed tree follows nothing and sends nothing."""
    store = FakeStore(make_state())
    tree = StateTree(store, on_error=errors.append)
    sent = record_sends(tree)
    store.apply(("replace", ("application", "name"), 1))
    store.apply(("replace", ("application", "name"), 2))
    tree.close()
    await asyncio.sleep(0.05)
    assert store.listeners == []
    assert len(sent) == 1


def test_text_and_html_show_the_open_branches(open_tree):
    """In a terminal and in nbconvert the state can be read, at most 200 lines of it."""
    state = make_state() | {"application": {"<b>": 1, **{f"k{number}": number for number in range(500)}}}
    tree, _ = open_tree(FakeStore(state))
    lines = tree.to_text().split("\n")
    assert lines[:3] == ["▾ application: {501}", "    <b>: 1", "    k0: 0"]
    assert len(lines) == 200
    assert lines[-1] == "…"
    assert "&lt;b&gt;" in tree.to_html()
    assert open_tree(FakeStore({}))[0].to_text() == "(the state is empty)"
