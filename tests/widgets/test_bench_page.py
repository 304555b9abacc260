"""The state tree and the controls in a real browser."""

from __future__ import annotations

import json

import pytest

from kit.widgets import Controls, Preview, StateTree
from tests.widgets.fakes import FULL_STATUS, FakeBench, FakeChannel, FakeStore, make_state

pytestmark = pytest.mark.browser


def test_the_tree_is_used_in_a_browser(stage):
    """A user opens a branch, watches a leaf flash, loads more, and asks the log what an action changed."""
    state = make_state() | {"many": {number: number for number in range(250)}}
    store = FakeStore(state)
    stage.mount(StateTree, store)
    page = stage.page

    def at(*path):
        return page.locator(f".row[data-path='{json.dumps(path, separators=(',', ':'))}']")

    assert at("application", "name").inner_text().split("\n")[:2] == ["name", '"demo"']
    at("many").click()
    stage.pump()
    assert page.locator("li:has(> [data-path='[\"many\"]']) .row").count() == 101
    page.click(".more button")
    stage.pump()
    assert page.locator(".more").inner_text() == "… 50 more"
    page.click(".more button")
    stage.pump()
    assert page.locator(".more").count() == 0
    stage.kernel.call(store.apply, ("replace", ("many", 7), "seven"), action="NAMED")
    stage.pump(8)
    assert '"seven"' in at("many", 7).inner_text()
    assert "flash" in at("many", 7).get_attribute("class")
    stage.kernel.call(store.apply, ("add", ("many", "new"), {"a": 1}), ("remove", ("many", 0), None))
    stage.pump(8)
    assert at("many", "new").count() == 1
    assert at("many", 0).count() == 0
    assert "{250}" in at("many").inner_text()
    page.click("[data-action=NAMED]")
    assert "lit" in at("many", 7).get_attribute("class")
    at("many").focus()
    page.keyboard.press("ArrowLeft")
    stage.pump()
    assert at("many", 7).count() == 0
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    stage.pump()
    assert at("views", "a").count() == 1
    assert stage.problems == []


def test_snowflakes_are_shown_and_opened_exactly(stage):
    """A member's id in the tree is the id, to the last digit."""
    big = 1234567890123456789
    store = FakeStore({"application": {big: {"x": 1}}})
    stage.mount(StateTree, store)
    row = stage.page.locator(f".row[data-path='[\"application\",{big}]']")
    assert row.locator(".key").inner_text() == str(big)
    row.click()
    stage.pump()
    stage.kernel.call(store.apply, ("replace", ("application", big, "x"), 5))
    stage.pump(8)
    leaf = stage.page.locator(f'.row[data-path=\'["application",{big},"x"]\']')
    assert leaf.locator(".value").inner_text() == "5"
    row.click()
    stage.pump()
    assert leaf.count() == 0
    assert stage.problems == []


def test_hostile_keys_and_values_stay_text(stage):
    """A state full of markup is shown as it is."""
    bad = "<img src=x onerror=\"document.title='owned'\">"
    store = FakeStore({bad: {bad: bad}, "'\"]\\": 1})
    stage.mount(StateTree, store, open_paths=[(bad,)])
    stage.kernel.call(store.apply, ("replace", (bad, bad), bad + "2"), action=bad, payload={bad: bad})
    stage.pump(8)
    page = stage.page
    assert page.locator(".row").count() == 3
    assert page.locator("img").count() == 0
    assert bad in page.locator(".action .type").inner_text()
    assert page.title() == ""
    assert stage.problems == []


def test_the_controls_are_used_in_a_browser(stage):
    """A user reads the report, opens a traceback, restarts the bot and exports a view."""
    bench = FakeBench(**FULL_STATUS)
    stage.mount(Controls, bench)
    page = stage.page
    assert page.locator(".report .chip").all_inner_texts() == [
        "4\nrestored",
        "0\nskipped",
        "1\nfailed",
        "1\nremoved",
        "0\nunreachable",
        "42\nms",
    ]
    assert page.locator(".reload.refused").inner_text().split("\n")[-1] == "two buttons share an id"
    page.click(".error summary")
    assert "KeyError" in page.locator(".error pre").inner_text()
    page.click("button[data-command=restart]")
    assert page.locator("button[data-command=crash]").is_disabled()
    stage.pump()
    stage.kernel.call(bench.change, life=4, online=False, busy="restarting…")
    stage.pump(8)
    assert page.locator(".life").inner_text() == "life 4"
    assert page.locator(".presence.online").count() == 0
    assert page.locator("[data-command=restart]").is_disabled()
    assert page.locator(".error[open]").count() == 1
    stage.kernel.call(bench.change, busy=None, online=True)
    stage.pump(8)
    page.fill("[data-role=path]", "cogs/new.py")
    bench.failure = ValueError("no such directory")
    page.click("[data-command=export]")
    stage.pump()
    assert bench.commands == [("restart", {}), ("export", {"view": "RolePanel", "to": "cogs/new.py"})]
    assert page.locator(".failure").inner_text() == "ValueError: no such directory"
    assert page.locator(".proof").all_inner_texts() == ["loads", "answers"]
    assert stage.problems == []


@pytest.mark.parametrize(("lab", "theme"), [("true", "light"), ("false", "dark")])
def test_the_auto_theme_follows_jupyterlab(stage, lab, theme):
    """A user who works in a light JupyterLab gets a light preview, and a change is followed."""
    stage.mount(Preview, FakeChannel(), theme="auto")
    stage.page.evaluate(f"document.body.dataset.jpThemeLight = '{lab}'")
    stage.pump()
    assert stage.page.locator(".viewkit").get_attribute("data-theme") == theme
