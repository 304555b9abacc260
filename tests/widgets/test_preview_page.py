"""The preview in a real browser: it looks like Discord's structure, and it can be used."""

from __future__ import annotations

import threading

import pytest

from tests.widgets.fakes import FakeChannel, make_button, make_message, make_row

pytestmark = pytest.mark.browser

OPTIONS = [
    {"label": "Announcements", "value": "ann", "description": "News only", "emoji": {"name": "📢"}},
    {"label": "Events", "value": "ev", "default": True},
    {"label": "Art", "value": "art"},
]
MODAL = {
    "id": "77",
    "custom_id": "survey",
    "title": "Survey",
    "components": [
        {"type": 10, "content": "Fill in **all**."},
        {
            "type": 18,
            "label": "Name",
            "component": {"type": 4, "custom_id": "name", "style": 1, "min_length": 2, "max_length": 8},
        },
        {
            "type": 18,
            "label": "Story",
            "description": "Long is fine.",
            "component": {"type": 4, "custom_id": "story", "style": 2, "required": False, "value": "once"},
        },
        {
            "type": 18,
            "label": "Topic",
            "component": {"type": 3, "custom_id": "topic", "options": OPTIONS, "required": False},
        },
        {
            "type": 18,
            "label": "Class",
            "component": {
                "type": 21,
                "custom_id": "class",
                "options": [{"label": "Mage", "value": "m"}, {"label": "Thief", "value": "t"}],
            },
        },
        {
            "type": 18,
            "label": "Days",
            "component": {
                "type": 22,
                "custom_id": "days",
                "options": [
                    {"label": "Sat", "value": "6", "default": True},
                    {"label": "Sun", "value": "7"},
                ],
            },
        },
        {"type": 18, "label": "Agree", "component": {"type": 23, "custom_id": "agree"}},
        {
            "type": 18,
            "label": "Proof",
            "component": {"type": 19, "custom_id": "proof", "required": False, "max_values": 2},
        },
    ],
}


def text_of(page, selector):
    return page.locator(selector).inner_text()


def test_a_click_is_carried_out_and_repainted(show, stage):
    """A developer presses a button, sees it wait, and sees the message the bot edited."""
    channel = FakeChannel(
        make_message(content="Count: **0**", components=[make_row(make_button("go", "Press"))])
    )

    async def answering(_event):
        channel.update("1001", content="Count: **1**")

    channel.answering = answering
    page = show(channel)
    assert text_of(page, ".prose") == "Count: 0"
    page.click("[data-custom-id=go]")
    assert page.locator("[data-custom-id=go] .dots").count() == 1
    stage.pump()
    assert text_of(page, ".prose") == "Count: 1"
    assert page.locator("[data-custom-id=go] .dots").count() == 0
    assert channel.acted[0]["user"] == "alice"
    assert (
        page.evaluate("document.querySelector('.viewkit-host').shadowRoot.activeElement.dataset.customId")
        == "go"
    )


def test_a_failure_stands_under_the_message_with_its_reason(show, stage):
    """When the bot does not answer, the page says so in Discord's words, and why."""
    channel = FakeChannel(make_message(components=[make_row(make_button("go"))]))
    channel.answer = {"status": "failed", "reason": "No answer within 3 s.", "modal": None}
    page = show(channel)
    page.click("[data-custom-id=go]")
    stage.pump()
    assert (
        text_of(page, "[data-message-id='1001'] .failure") == "This interaction failed\nNo answer within 3 s."
    )
    channel.answer = {"status": "ok", "reason": None, "modal": None}
    page.click("[data-custom-id=go]")
    stage.pump()
    assert page.locator(".failure").count() == 0


def test_a_busy_kernel_is_said(show, stage):
    """A click while a cell blocks the kernel is said to be queued within 0.3 s, and is answered afterwards."""
    channel = FakeChannel(make_message(components=[make_row(make_button("go"))]))
    page = show(channel)
    free = threading.Event()
    stage.kernel.loop.call_soon_threadsafe(free.wait, 10)
    page.evaluate(
        """() => {
          const root = document.querySelector(".viewkit-host").shadowRoot;
          const queue = root.querySelector(".queued");
          root.addEventListener("click", () => (window.clicked = performance.now()), true);
          new MutationObserver(() => (window.said ??= performance.now())).observe(queue, { attributes: true });
        }"""
    )
    page.click("[data-custom-id=go]")
    page.wait_for_selector(".queued:visible")
    assert page.evaluate("said - clicked") < 300
    assert channel.acted == []
    free.set()
    stage.pump()
    assert page.locator(".queued:visible").count() == 0
    assert len(channel.acted) == 1


def test_a_waiting_click_keeps_the_wire_awake(show, stage):
    """Until its answer comes a click is followed by a few empty messages, so that no server sits on the answer."""
    channel = FakeChannel(make_message(components=[make_row(make_button("go"))]))
    page = show(channel)
    page.click("[data-custom-id=go]")
    page.wait_for_timeout(200)
    sent = [stage.inbox.get() for _ in range(stage.inbox.qsize())]
    assert [message["type"] for message in sent] == ["event", *["pulse"] * 5]
    for message in sent:
        stage.widget._receive(stage.widget, message, [])
    stage.pump()
    assert len(channel.acted) == 1
    assert show.errors == []


def test_an_edit_touches_what_differs(show, stage):
    """An edit repaints the words that changed; all other nodes stay what they are."""
    rows = [make_row(make_button("a"), make_button("b"))]
    channel = FakeChannel(make_message(1, content="a"), make_message(2, content="b", components=rows))
    page = show(channel)
    page.evaluate(
        "new MutationObserver((records) => window.touched = records.map(({ target }) => target.nodeName))"
        ".observe(document.querySelector('.viewkit-host').shadowRoot.querySelector('.messages'),"
        "  { subtree: true, childList: true, attributes: true, characterData: true })"
    )
    stage.kernel.call(channel.update, "1002", content="c")
    stage.pump()
    assert page.evaluate("touched") == ["#text"]
    stage.kernel.call(channel.create, make_message(3, content="d"))
    stage.pump(8)
    assert page.locator(".message .prose").all_inner_texts() == ["a", "c", "d"]
    stage.kernel.call(channel.delete, "1001")
    stage.pump(8)
    assert page.locator(".message .prose").all_inner_texts() == ["c", "d"]


def test_one_value_is_chosen_by_mouse(show, stage):
    """A user opens a select, reads the options, and picks one."""
    select = {"type": 3, "custom_id": "topic", "options": OPTIONS, "placeholder": "Topic?"}
    channel = FakeChannel(make_message(components=[make_row(select)]))
    page = show(channel)
    assert text_of(page, "[data-custom-id=topic]") == "Events"
    page.click("[data-custom-id=topic]")
    assert page.locator("[role=option]").count() == 3
    assert text_of(page, "[data-value=ann]").split("\n") == ["📢", "Announcements", "News only"]
    page.click("[data-value=art]")
    stage.pump()
    assert (channel.acted[0]["kind"], channel.acted[0]["values"]) == ("choose", ["art"])
    assert text_of(page, "[data-custom-id=topic]") == "Art"
    stage.kernel.call(channel.update, "1001", components=[make_row({**select, "min_values": 0})])
    stage.pump(8)
    assert text_of(page, "[data-custom-id=topic]") == "Events"


def test_several_values_are_chosen_by_keyboard(show, stage):
    """A user without a mouse ticks two options and leaves the menu; the bot gets both at once."""
    select = {"type": 3, "custom_id": "topic", "options": OPTIONS, "min_values": 0, "max_values": 2}
    channel = FakeChannel(make_message(components=[make_row(select)]))
    page = show(channel)
    page.focus("[data-custom-id=topic]")
    for key in ("ArrowDown", "Home", "Enter", "End", "Enter", "Tab"):
        page.keyboard.press(key)
    stage.pump()
    assert [event["values"] for event in channel.acted] == [["ev", "ann"]]
    page.focus("[data-custom-id=topic]")
    for key in ("Enter", "Home", " ", "Escape"):
        page.keyboard.press(key)
    stage.pump()
    assert len(channel.acted) == 1
    assert page.locator("[role=listbox]").count() == 0


def test_entities_are_offered_by_their_kind(show, stage):
    """User, role, mentionable and channel selects offer what the server has."""
    channel = FakeChannel(
        make_message(
            components=[
                make_row({"type": kind, "custom_id": f"s{kind}", **extra})
                for kind, extra in ((5, {}), (6, {}), (7, {}), (8, {"channel_types": [2]}))
            ]
        )
    )
    channel.names = {
        "users": {"1": {"username": "ant", "global_name": "Ant"}},
        "roles": {"2": {"name": "Dev", "color": 255}},
        "channels": {"3": {"name": "general", "type": 0}, "4": {"name": "Lounge", "type": 2}},
    }
    page = show(channel)
    for custom_id, values in (("s5", ["1"]), ("s6", ["2"]), ("s7", ["1", "2"]), ("s8", ["4"])):
        page.click(f"[data-custom-id={custom_id}]")
        assert (
            page.locator("[role=option]").evaluate_all("nodes => nodes.map((node) => node.dataset.value)")
            == values
        )
        page.locator("[role=option]").last.click()
        stage.pump()
    assert [event["values"] for event in channel.acted] == [["1"], ["2"], ["2"], ["4"]]


def test_a_modal_is_filled_in_and_submitted(show, stage):
    """A button opens a form; the form checks what it can, and its values reach the bot by custom_id."""
    channel = FakeChannel(make_message(components=[make_row(make_button("open"))]))
    channel.answer = {"status": "modal", "reason": None, "modal": MODAL}
    page = show(channel)
    page.click("[data-custom-id=open]")
    stage.pump()
    assert text_of(page, "[data-modal='77'] h2") == "Survey"
    assert page.locator(".modal strong", has_text="all").count() == 1
    page.click("[data-role=submit]")
    assert page.locator(".field-error:not(:empty)").all_inner_texts() == ["This field is required."] * 2
    page.fill("[data-custom-id=name]", "x")
    page.click("[data-role=submit]")
    assert "Must be 2 or more" in page.locator(".field-error").first.inner_text()
    page.fill("[data-custom-id=name]", "Ada Lovelace")
    assert page.input_value("[data-custom-id=name]") == "Ada Love"
    page.click("[data-custom-id=topic]")
    page.click("[data-value=art]")
    page.check("[data-value=t]")
    page.check("[data-value='7']")
    page.check("[data-custom-id=agree]")
    channel.answer = {"status": "failed", "reason": "No answer.", "modal": None}
    page.click("[data-role=submit]")
    stage.pump()
    assert text_of(page, ".modal .failure") == "Something went wrong. Try again.\nNo answer."
    channel.answer = {"status": "ok", "reason": None, "modal": None}
    page.focus("[data-custom-id=name]")
    page.keyboard.press("Enter")
    stage.pump()
    assert page.locator(".modal").count() == 0
    submitted = channel.acted[-1]
    assert (submitted["kind"], submitted["modal_id"], submitted["custom_id"]) == ("submit", "77", "survey")
    assert submitted["values"] == {
        "name": "Ada Love",
        "story": "once",
        "topic": ["art"],
        "class": "t",
        "days": ["6", "7"],
        "agree": True,
        "proof": [],
    }


def test_a_modal_holds_the_focus_and_leaves_on_escape(show, stage):
    """A keyboard user cannot tab out of the form, and Esc closes it without an event."""
    channel = FakeChannel(make_message(components=[make_row(make_button("open"))]))
    channel.answer = {"status": "modal", "reason": None, "modal": MODAL}
    page = show(channel)
    page.click("[data-custom-id=open]")
    stage.pump()
    inside = "Boolean(document.querySelector('.viewkit-host').shadowRoot.activeElement.closest('.modal'))"
    for _ in range(20):
        page.keyboard.press("Tab")
        assert page.evaluate(inside)
    for _ in range(3):
        page.keyboard.press("Shift+Tab")
        assert page.evaluate(inside)
    page.keyboard.press("Escape")
    assert page.locator(".modal").count() == 0
    stage.pump()
    assert len(channel.acted) == 1


def test_the_user_is_switched_and_speaks(show, stage):
    """The developer becomes bob, sees what bob sees, and says something as bob."""
    channel = FakeChannel(
        make_message(1, content="all"), make_message(2, content="psst", flags=64, _only="bob")
    )
    page = show(channel)
    assert page.locator(".message").count() == 1
    page.select_option("select[data-role=user]", "bob")
    stage.pump()
    assert page.locator(".message.ephemeral").count() == 1
    page.fill("input[data-role=say]", "!setup")
    page.press("input[data-role=say]", "Enter")
    stage.pump()
    assert (channel.acted[0]["kind"], channel.acted[0]["user"], channel.acted[0]["content"]) == (
        "say",
        "bob",
        "!setup",
    )
    assert page.input_value("input[data-role=say]") == ""
    page.click("[data-role=dismiss]")
    stage.pump()
    assert page.locator(".message").count() == 1


def test_a_later_view_and_its_clean_up(show, stage):
    """The widget shown a second time draws again, and removing it leaves nothing listening."""
    channel = FakeChannel(make_message(content="hi"))
    page = show(channel)
    page.evaluate("unmount()")
    assert page.locator(".viewkit-host").count() == 0
    assert page.evaluate("[...listeners.values()].flat().length") == 0
