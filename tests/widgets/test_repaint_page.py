"""What a user is in the middle of outlives a repaint: an open menu, a press, a revealed spoiler, the place read."""

from __future__ import annotations

import pytest

from tests.widgets.fakes import FakeChannel, make_button, make_message, make_row

pytestmark = pytest.mark.browser

CITIES = ["Athens", "Berlin", "Bern", "Cairo", "Delhi"]
SELECT = {
    "type": 3,
    "custom_id": "city",
    "min_values": 0,
    "max_values": 3,
    "options": [{"label": city, "value": city.lower()} for city in CITIES],
}
FIRST_BUTTON = "[data-custom-id=go]"


def shown(page):
    return page.locator("[data-custom-id=city]").inner_text()


def active_option(page):
    """Return the label of the option that assistive technology is pointed at, in the list the control owns."""
    return page.evaluate(
        """() => {
          const root = document.querySelector(".viewkit-host").shadowRoot;
          const control = root.querySelector("[role=combobox]");
          const list = root.getElementById(control.getAttribute("aria-controls"));
          const option = root.getElementById(control.getAttribute("aria-activedescendant"));
          return list?.contains(option) ? option.querySelector(".name").textContent : null;
        }"""
    )


def test_an_open_menu_and_its_picks_outlive_edits(show, stage):
    """A dashboard counts on while a user picks several values; none of the picks is lost."""
    rows = [make_row(make_button("go", "Count 0")), make_row(SELECT)]
    channel = FakeChannel(make_message(content="old", components=rows))
    page = show(channel)
    page.click("[data-custom-id=city]")
    page.click("[data-value=berlin]")
    rows = [make_row(make_button("go", "Count 1")), make_row(SELECT)]
    stage.kernel.call(channel.update, "1001", content="new", components=rows, edited_timestamp="2026-01-15")
    stage.pump(8)
    assert page.locator(".message .prose").inner_text() == "new(edited)"
    assert page.locator(FIRST_BUTTON).inner_text() == "Count 1"
    assert page.locator("[role=listbox]").count() == 1
    assert shown(page) == "Berlin"
    assert active_option(page) is not None
    page.click("[data-value=cairo]")
    page.click(FIRST_BUTTON)
    stage.pump()
    assert [(event["kind"], event["values"]) for event in channel.acted] == [
        ("choose", ["berlin", "cairo"]),
        ("click", None),
    ]
    assert shown(page) == "Berlin\nCairo"


def test_a_menu_closes_with_its_select(show, stage):
    """The bot changes the options under an open menu, or deletes the message: the old list is gone."""
    channel = FakeChannel(make_message(components=[make_row(SELECT)]))
    page = show(channel)
    page.click("[data-custom-id=city]")
    page.click("[data-value=berlin]")
    fewer = {**SELECT, "options": SELECT["options"][3:], "max_values": 2}
    stage.kernel.call(channel.update, "1001", components=[make_row(fewer)])
    stage.pump(8)
    assert page.locator("[role=listbox]").count() == 0
    assert shown(page) == "Make a selection"
    page.click("[data-custom-id=city]")
    assert page.locator("[role=option]").count() == 2
    stage.kernel.call(channel.delete, "1001")
    stage.pump(8)
    assert page.locator("[role=listbox]").count() == 0
    assert channel.acted == []


def test_options_are_found_by_typing_and_said_aloud(show, stage):
    """A keyboard user types the start of a label; a screen reader hears the option that is meant."""
    channel = FakeChannel(make_message(components=[make_row({**SELECT, "min_values": 1, "max_values": 1})]))
    page = show(channel)
    page.focus("[data-custom-id=city]")
    assert active_option(page) is None
    page.keyboard.press("b")
    assert active_option(page) == "Berlin"
    page.keyboard.press("b")
    assert active_option(page) == "Bern"
    page.wait_for_timeout(800)
    page.keyboard.type("del")
    assert active_option(page) == "Delhi"
    page.keyboard.press("ArrowUp")
    assert active_option(page) == "Cairo"
    page.keyboard.press("Enter")
    stage.pump()
    assert channel.acted[0]["values"] == ["cairo"]
    control = page.locator("[data-custom-id=city]")
    assert control.get_attribute("aria-expanded") == "false"
    assert control.get_attribute("aria-controls") is None


def test_a_press_outlives_an_edit(show, stage):
    """The message is edited between the press of the mouse button and its release: the click still counts."""
    channel = FakeChannel(make_message(components=[make_row(make_button("go", "Count 0"))]))
    page = show(channel)
    page.hover(FIRST_BUTTON)
    page.mouse.down()
    stage.kernel.call(
        channel.update, "1001", content="!", components=[make_row(make_button("go", "Count 1"))]
    )
    stage.pump(8)
    page.hover(FIRST_BUTTON)
    page.mouse.up()
    stage.pump()
    assert len(channel.acted) == 1


def test_a_press_never_becomes_one_of_another_button(show, stage):
    """The bot puts another button under the pressed one: nothing is clicked."""
    channel = FakeChannel(make_message(components=[make_row(make_button("go"))]))
    page = show(channel)
    page.hover(FIRST_BUTTON)
    page.mouse.down()
    stage.kernel.call(channel.update, "1001", components=[make_row(make_button("delete", style=4))])
    stage.pump(8)
    page.mouse.up()
    stage.pump()
    assert channel.acted == []


def test_what_was_revealed_stays_revealed(show, stage):
    """A user who lifted a spoiler need not lift it again after each click."""
    channel = FakeChannel(make_message(content="||secret||", components=[make_row(make_button("go"))]))
    page = show(channel)
    page.click(".spoiler")
    page.click(FIRST_BUTTON)
    stage.pump()
    assert page.locator(".spoiler.revealed").count() == 1


def test_each_user_chooses_for_themselves(show, stage):
    """What alice chose is not shown to bob."""
    channel = FakeChannel(make_message(components=[make_row({**SELECT, "max_values": 1})]))
    page = show(channel)
    page.click("[data-custom-id=city]")
    page.click("[data-value=cairo]")
    stage.pump()
    assert shown(page) == "Cairo"
    page.select_option("select[data-role=user]", "bob")
    stage.pump()
    assert shown(page) == "Make a selection"


def test_a_tall_message_is_read_from_its_top(show, stage):
    """A last message taller than the preview shows its start, and a click at its end does not move it."""
    tall = make_message(2, content="line\n" * 60, components=[make_row(make_button("go"))])
    channel = FakeChannel(*(make_message(number + 10, content="x") for number in range(8)), tall)
    page = show(channel, height=300)
    assert_top = "([list, node]) => node.getBoundingClientRect().top - list.getBoundingClientRect().top"
    nodes = [page.query_selector(".messages"), page.query_selector("[data-message-id='1002']")]
    assert abs(page.evaluate(assert_top, nodes)) <= 2
    page.click(FIRST_BUTTON)
    before = page.evaluate("(list) => list.scrollTop", nodes[0])
    stage.pump()
    assert page.evaluate("(list) => list.scrollTop", nodes[0]) == before
    stage.kernel.call(channel.create, make_message(30, content="short"))
    stage.pump(8)
    assert page.evaluate("(list) => list.scrollHeight - list.scrollTop - list.clientHeight", nodes[0]) <= 2
