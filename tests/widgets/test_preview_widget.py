"""The preview without a browser: what it sends, what it accepts, and what it does with an event."""

from __future__ import annotations

import asyncio
import contextvars
import json
import threading

import pytest

from kit.widgets import Preview
from tests.widgets.fakes import PIXEL, FakeChannel, make_button, make_message, make_row

PLACE = contextvars.ContextVar("PLACE", default="nowhere")


def click(custom_id="go", message_id="1001", nonce="n1", **event):
    """Return what the page sends for a click."""
    event = {"kind": "click", "user": "alice", "message_id": message_id, "custom_id": custom_id, **event}
    return {"type": "event", "view": "v", "nonce": nonce, "event": event}


def of_type(sent, kind):
    return [message for message, _ in sent if message["type"] == kind]


async def receive(preview, *messages):
    """Hand messages to a preview as the comm does, and let them be carried out."""
    for message in messages:
        preview._receive(preview, message, [])
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.asyncio
async def test_a_new_view_gets_the_whole_channel(open_preview, errors):
    """Somebody reloads the page and sees what was there before."""
    channel = FakeChannel(make_message(1, content="**hi**"), make_message(2, content="there"))
    preview, sent = open_preview(channel)
    await receive(preview, {"type": "ready", "view": "v1"})
    (snapshot,) = of_type(sent, "snapshot")
    assert (snapshot["view"], snapshot["user"], snapshot["users"]) == ("v1", "alice", ["alice", "bob"])
    assert [item["message"]["content"] for item in snapshot["messages"]] == ["**hi**", "there"]
    assert snapshot["messages"][0]["markdown"]["**hi**"][0]["type"] == "strong"
    assert json.loads(json.dumps(snapshot)) == snapshot
    assert errors == []


@pytest.mark.asyncio
async def test_a_click_reaches_the_channel_and_its_answer_the_page(open_preview, errors):
    """A click on a button runs in the bot, and the page learns how it went."""
    channel = FakeChannel(make_message(components=[make_row(make_button("go"))]))
    preview, sent = open_preview(channel)
    await receive(preview, click())
    assert channel.acted == [
        {
            "kind": "click",
            "user": "alice",
            "message_id": "1001",
            "custom_id": "go",
            "values": None,
            "modal_id": None,
            "content": None,
        }
    ]
    assert [message["type"] for message, _ in sent] == ["received", "answer"]
    assert sent[-1][0] == {"type": "answer", "nonce": "n1", "status": "ok", "reason": None}
    assert errors == []


@pytest.mark.asyncio
async def test_a_modal_travels_with_its_markdown(open_preview):
    """A button that opens a form shows the form's text as Discord would."""
    channel = FakeChannel(make_message())
    text = {"type": 10, "content": "_read_ this"}
    modal = {"id": "7", "title": "Form", "custom_id": "form", "components": [text]}
    channel.answer = {"status": "modal", "reason": None, "modal": modal}
    preview, sent = open_preview(channel)
    await receive(preview, click())
    (answer,) = of_type(sent, "answer")
    assert answer["modal"] == modal
    assert answer["markdown"]["_read_ this"][0]["type"] == "em"


@pytest.mark.asyncio
async def test_an_exception_fails_the_click_and_is_reported(open_preview, errors):
    """When the callback raises, the message says so and the lab keeps the exception."""
    channel = FakeChannel(make_message())
    channel.answer = RuntimeError("database is gone")
    preview, sent = open_preview(channel)
    await receive(preview, click())
    (answer,) = of_type(sent, "answer")
    assert (answer["status"], answer["reason"]) == ("failed", "RuntimeError: database is gone")
    assert [str(error) for error in errors] == ["database is gone"]


@pytest.mark.asyncio
async def test_an_answer_without_a_known_status_is_a_failure(open_preview, errors):
    """A channel that answers nonsense is found out."""
    channel = FakeChannel(make_message())
    channel.answer = {"status": "maybe"}
    preview, sent = open_preview(channel)
    await receive(preview, click())
    assert of_type(sent, "answer")[0]["status"] == "failed"
    assert "'maybe'" in str(errors[0])


@pytest.mark.asyncio
async def test_events_run_on_the_main_loop_in_the_cells_context(open_preview):
    """A click that arrives on a subshell's thread runs where the bot lives, and prints go to the cell."""
    channel = FakeChannel(make_message())
    seen = []

    async def look(_event):
        seen.append((threading.current_thread(), asyncio.get_running_loop(), PLACE.get()))
        PLACE.set("changed by a callback")

    channel.answering = look
    PLACE.set("the cell")
    preview, _ = open_preview(channel)
    PLACE.set("elsewhere")
    for nonce in ("a", "b"):
        await asyncio.to_thread(preview._receive, preview, click(nonce=nonce), [])
    await receive(preview)
    here = (threading.current_thread(), asyncio.get_running_loop(), "the cell")
    assert seen == [here, here]


@pytest.mark.asyncio
async def test_an_event_counts_once(open_preview, errors):
    """A message that the comm delivers twice presses the button once."""
    channel = FakeChannel(make_message())
    preview, _ = open_preview(channel)
    await receive(preview, click(), click())
    assert len(channel.acted) == 1
    assert "arrived twice" in str(errors[0])


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("event", "says"),
    [
        ({"kind": "explode"}, "'explode' is unknown"),
        ({"kind": 5}, "'kind' must be a text"),
        ({"user": "mallory"}, "no user 'mallory'"),
        ({"message_id": 1001}, "'message_id' must be a text"),
        ({"message_id": "10a"}, "an id of digits"),
        ({"message_id": "٣"}, "an id of digits"),
        ({"custom_id": "x" * 101}, "101 characters"),
        ({"custom_id": ""}, "must not be empty"),
        ({"extra": 1}, "unknown fields: extra"),
        ({"kind": "choose", "values": "a"}, "'values' must be a list of texts"),
        ({"kind": "choose", "values": [1]}, "'values' must be a list of texts"),
        ({"kind": "choose", "values": ["a"] * 26}, "26 values"),
        ({"kind": "choose", "values": ["a" * 101]}, "more than 100 characters"),
        ({"kind": "submit", "values": [], "modal_id": "1"}, "'values' of a modal must be an object"),
        ({"kind": "submit", "values": {"": "a"}, "modal_id": "1"}, "1 to 100 characters"),
        ({"kind": "submit", "values": {"a": 1}, "modal_id": "1"}, "'a' must be a text"),
        ({"kind": "submit", "values": {"a": "b" * 4001}, "modal_id": "1"}, "4001 characters"),
        ({"kind": "submit", "values": dict.fromkeys(map(str, range(41))), "modal_id": "1"}, "41 inputs"),
        ({"kind": "submit", "values": {}}, "'modal_id' must be a text"),
        ({"kind": "say", "content": "x" * 2001}, "2001 characters"),
        ({"kind": "say", "content": None}, "'content' must be a text"),
    ],
)
async def test_an_event_that_is_not_right_does_nothing(open_preview, errors, event, says):
    """Whatever a page sends, only whole and known events reach the bot."""
    channel = FakeChannel(make_message())
    preview, sent = open_preview(channel)
    await receive(preview, click(**event))
    assert channel.acted == []
    (error,) = errors
    assert isinstance(error, ValueError)
    assert says in str(error)
    assert of_type(sent, "answer")[0]["status"] == "failed"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "message",
    [
        None,
        "ready",
        {},
        {"type": 1},
        {"type": "ready"},
        {"type": "unheard"},
        {"type": "event", "event": {}},
        {"type": "user", "user": "mallory"},
        {"type": "media", "view": "v", "urls": "a"},
        {"type": "media", "view": "v", "urls": [1]},
        {"type": "media", "view": "v", "urls": ["a"] * 51},
        {"type": "dismiss", "message_id": "1001"},
    ],
)
async def test_a_message_that_is_not_right_is_reported(open_preview, errors, message):
    """Noise on the comm is named, and the preview goes on."""
    preview, sent = open_preview(FakeChannel(make_message()))
    await receive(preview, message)
    assert [type(error) for error in errors] == [ValueError]
    assert sent == []


@pytest.mark.asyncio
async def test_values_of_a_modal_keep_their_types(open_preview):
    """A text, a choice, several choices and a checkbox arrive as such."""
    channel = FakeChannel(make_message())
    preview, _ = open_preview(channel)
    values = {"name": "", "pick": ["a", "b"], "tick": True, "radio": None}
    event = {"kind": "submit", "user": "bob", "modal_id": "7", "custom_id": "form", "values": values}
    await receive(preview, {"type": "event", "view": "v", "nonce": "n", "event": event})
    assert channel.acted[0]["values"] == values
    assert (channel.acted[0]["modal_id"], channel.acted[0]["message_id"]) == ("7", None)


@pytest.mark.asyncio
async def test_only_the_changed_message_is_sent(open_preview):
    """An edit of one message among many repaints that one."""
    channel = FakeChannel(*(make_message(number) for number in range(50)))
    _, sent = open_preview(channel)
    channel.update("1007", content="new")
    (message, _), *rest = sent
    assert rest == []
    assert [item["message"]["content"] for item in message["changed"]] == ["new"]
    assert "order" not in message
    assert "entities" not in message


@pytest.mark.asyncio
async def test_messages_come_and_go(open_preview):
    """A post appears at the end, and a deleted message leaves."""
    channel = FakeChannel(make_message(1))
    _, sent = open_preview(channel)
    channel.create(make_message(2))
    assert sent[-1][0]["order"] == ["1001", "1002"]
    await asyncio.sleep(0.05)
    channel.delete("1001")
    assert (sent[-1][0]["changed"], sent[-1][0]["order"]) == ([], ["1002"])


def told(sent, view):
    """Return what a view shows after all that was sent: the contents of its messages, in order."""
    contents, order = {}, []
    for message, _ in sent:
        if message["type"] == "snapshot" and message["view"] in (None, view):
            contents, order = {}, [item["message"]["id"] for item in message["messages"]]
        for item in message.get("messages", message.get("changed", ())):
            if message.get("view") in (None, view):
                contents[item["message"]["id"]] = item["message"]["content"]
        order = message.get("order", order)
    return [contents.get(key) for key in order]


@pytest.mark.asyncio
async def test_a_second_view_takes_no_news_from_the_first(open_preview):
    """Another page opens between a change and its repaint: both pages show every message, and none that is gone."""
    channel = FakeChannel(make_message(1, content="one"))
    preview, sent = open_preview(channel)
    await receive(preview, {"type": "ready", "view": "a"})
    channel.create(make_message(2, content="two"))
    channel.create(make_message(3, content="three"))
    await receive(preview, {"type": "ready", "view": "b"})
    await asyncio.sleep(0.05)
    assert told(sent, "a") == told(sent, "b") == ["one", "two", "three"]
    channel.update("1001", content="edited")
    channel.delete("1002")
    channel.names = {"users": {}, "roles": {"5": {"name": "Dev"}}, "channels": {}}
    await receive(preview, {"type": "ready", "view": "c"})
    await asyncio.sleep(0.05)
    assert told(sent, "a") == told(sent, "b") == told(sent, "c") == ["edited", "three"]
    assert [message["entities"] for message in of_type(sent, "messages") if "entities" in message] == [
        channel.names
    ]


@pytest.mark.asyncio
async def test_an_older_message_appears_when_a_newer_one_is_deleted(open_preview):
    """The newest hundred are shown; when one of them goes, the page gets the one before them."""
    channel = FakeChannel(*(make_message(number, content=str(number)) for number in range(101)))
    preview, sent = open_preview(channel)
    await receive(preview, {"type": "ready", "view": "a"})
    channel.delete("1050")
    assert told(sent, "a") == [str(number) for number in range(101) if number != 50]


@pytest.mark.asyncio
async def test_an_answer_quotes_what_it_answers(open_preview):
    """Above an answer stands what was said, also when that was said in components; a picture says nothing."""
    panel = make_message(
        2, flags=1 << 15, components=[{"type": 17, "components": [{"type": 10, "content": "## Roles"}]}]
    )
    origins = [make_message(1, content="**hi** all"), panel, make_message(3)]
    channel = FakeChannel(
        *(
            make_message(
                10 + number, message_reference={"message_id": origin["id"]}, referenced_message=origin
            )
            for number, origin in enumerate(origins)
        )
    )
    preview, sent = open_preview(channel)
    await receive(preview, {"type": "ready", "view": "a"})
    replies = [item["reply"]["text"] for item in sent[-1][0]["messages"]]
    assert replies == ["hi all", "Roles", "Click to see attachment"]
    assert "╭ @Helper: Roles" in preview.to_text()


@pytest.mark.asyncio
async def test_a_burst_is_sent_together(open_preview):
    """A bot that edits a hundred times in a moment costs a few sends: the first at once, the last whole."""
    channel = FakeChannel(make_message(1))
    _, sent = open_preview(channel)
    for number in range(100):
        channel.update("1001", content=f"edit {number}")
        if number == 0:
            assert len(sent) == 1
        if number % 10 == 0:
            await asyncio.sleep(0.002)
    await asyncio.sleep(0.1)
    assert 2 <= len(sent) <= 5
    assert sent[-1][0]["changed"][0]["message"]["content"] == "edit 99"


@pytest.mark.asyncio
async def test_everybody_sees_their_own_messages(open_preview):
    """An ephemeral answer is seen by the one it is for, after switching to that user."""
    channel = FakeChannel(make_message(1))
    preview, sent = open_preview(channel)
    channel.create(make_message(2, flags=64, _only="bob"))
    assert sent == []
    await receive(preview, {"type": "user", "user": "bob"})
    assert preview.user == "bob"
    assert [item["message"]["id"] for item in sent[-1][0]["messages"]] == ["1001", "1002"]


@pytest.mark.asyncio
async def test_an_ephemeral_message_can_be_dismissed(open_preview, errors):
    """The user is done with an ephemeral answer, and it stays away after a reload."""
    channel = FakeChannel(make_message(1), make_message(2, flags=64))
    preview, sent = open_preview(channel)
    await receive(preview, {"type": "dismiss", "message_id": "1002"})
    assert sent[-1][0]["order"] == ["1001"]
    await receive(preview, {"type": "ready", "view": "later"})
    assert len(sent[-1][0]["messages"]) == 1
    assert errors == []


@pytest.mark.asyncio
async def test_media_travel_as_bytes_when_they_are_asked_for(open_preview, errors):
    """Pictures come from the channel, never from another site, and what is no picture stays away."""
    channel = FakeChannel()
    channel.files = {
        "https://cdn/a.png": ("image/png", PIXEL),
        "https://cdn/b.zip": ("application/zip", b"zip"),
        "https://cdn/huge.png": ("image/png", bytes(8 * 1024 * 1024 + 1)),
    }
    preview, sent = open_preview(channel)
    await receive(preview, {"type": "media", "view": "v", "urls": [*channel.files, "https://other/c.png"]})
    assert [(message["found"], [len(item) for item in buffers]) for message, buffers in sent] == [
        (True, [len(PIXEL)]),
        (False, []),
        (False, []),
        (False, []),
    ]
    assert errors == []


@pytest.mark.asyncio
async def test_notices_and_presence_are_shown_and_kept(open_preview):
    """A refused hot reload stays on screen for a page that is opened later."""
    preview, sent = open_preview(FakeChannel())
    preview.notice("cell 4, line 2: no such emoji")
    preview.set_online(False)
    assert [message["type"] for message, _ in sent] == ["notice", "online"]
    await receive(preview, {"type": "ready", "view": "v"})
    snapshot = sent[-1][0]
    assert snapshot["notice"] == {"kind": "error", "text": "cell 4, line 2: no such emoji"}
    assert snapshot["online"] is False
    preview.notice(None)
    assert sent[-1][0]["notice"] is None
    with pytest.raises(ValueError, match="error, info"):
        preview.notice("x", kind="loud")


@pytest.mark.asyncio
async def test_a_deleted_channel_says_so(open_preview):
    """The channel goes away under the preview."""
    channel = FakeChannel(make_message())
    _, sent = open_preview(channel)
    channel.tell("channel_delete", {"id": "300"})
    assert sent[-1][0]["gone"] is True
    assert sent[-1][0]["messages"] == []


@pytest.mark.asyncio
async def test_events_of_another_thread_are_brought_home(open_preview):
    """A channel that tells of a change on its own thread does not touch the widget there."""
    channel = FakeChannel(make_message())
    _, sent = open_preview(channel)
    await asyncio.to_thread(channel.update, "1001", content="x")
    await asyncio.sleep(0)
    assert len(sent) == 1


@pytest.mark.asyncio
async def test_nothing_is_left_after_close(errors):
    """A closed preview follows nothing, sends nothing and leaves no task."""
    channel = FakeChannel(make_message())
    started = asyncio.Event()

    async def forever(_event):
        started.set()
        await asyncio.Event().wait()

    channel.answering = forever
    preview = Preview(channel, on_error=errors.append)
    preview._receive(preview, click(), [])
    await started.wait()
    preview.close()
    preview.close()
    await asyncio.sleep(0.01)
    assert channel.listeners == []
    assert preview._tasks == set()
    assert len(asyncio.all_tasks()) == 1
    assert errors == []


def test_without_a_loop_it_still_draws_and_says_why_it_cannot_answer(open_preview, errors):
    """In a plain Python shell the text is there, and a click explains itself."""
    preview, _ = open_preview(FakeChannel(make_message(content="hi")))
    assert "hi" in preview.to_text()
    preview._receive(preview, click(), [])
    assert "no running event loop" in str(errors[0])


def test_wrong_arguments_are_named():
    """A typo in a theme or a user is answered with the names there are."""
    with pytest.raises(ValueError, match="dark, light, auto"):
        Preview(FakeChannel(), theme="black")
    with pytest.raises(ValueError, match="Users: alice, bob"):
        Preview(FakeChannel(), user="mallory")
