"""What stands around messages: reactions, threads, pins, forwards, menus; in text, in static HTML, in a browser."""

from __future__ import annotations

import html
import re

import pytest

from kit.widgets import console, page
from tests.widgets.fakes import BOT, FakeChannel, make_button, make_message, make_row

ALICE = {"id": "1", "username": "alice", "global_name": "Alice"}
REACTIONS = [
    {"emoji": {"id": None, "name": "👍"}, "count": 3, "me": True},
    {"emoji": {"id": "5", "name": "party"}, "count": 1, "me": False},
]
THREAD = {"id": "1001", "name": "ticket one", "message_count": 2}
ROW = make_row(make_button("go", "Go"))
EMBED = {"title": "Rules", "description": "Be *kind*"}
ORIGINAL = {"type": 0, "content": "Hello **all**", "embeds": [EMBED], "attachments": [], "components": [ROW]}
PANEL = make_message(
    1, content="Hello **all**", components=[ROW], reactions=REACTIONS, thread=THREAD, flags=32
)
ABOUT = {"message_id": "1001", "channel_id": "300"}
USED = {"id": "9", "type": 2, "user": ALICE, "name": "panel"}
CHANNEL = [
    PANEL,
    make_message(2, type=6, author=ALICE, message_reference=ABOUT),
    make_message(3, type=18, author=ALICE, content="free thread", message_reference={"channel_id": "301"}),
    make_message(4, type=21, author=ALICE, message_reference=ABOUT, referenced_message=PANEL),
    make_message(
        5, flags=1 << 14, message_reference={**ABOUT, "type": 1}, message_snapshots=[{"message": ORIGINAL}]
    ),
    make_message(6, type=19, content="gone", message_reference=ABOUT, referenced_message=None),
    make_message(7, type=20, content="here", interaction_metadata=USED),
    make_message(
        8,
        type=23,
        content="told",
        interaction_metadata={**USED, "name": "Report", "target_message_id": "1001"},
    ),
    make_message(9, type=7, author=ALICE),
    make_message(10, content="hook", author={**BOT, "id": "77", "username": "Herald"}, webhook_id="77"),
]
SHOWN = {
    "1001": ["Hello", "👍 3", ":party: 1", "ticket one", "2 messages"],
    "1002": ["Alice pinned a message to this channel."],
    "1003": ["Alice started a thread: free thread"],
    "1004": ["Alice started this thread from a message of Helper: Hello all"],
    "1005": ["Forwarded", "Hello", "Rules", "Be", "Go"],
    "1006": ["Original message was deleted", "gone"],
    "1007": ["used /panel", "here"],
    "1008": ["used Report", "told"],
    "1009": ["system message of type 7"],
    "1010": ["Herald", "hook"],
}


def lacking(drawn, wanted):
    words = " ".join(drawn.split())
    return [text for text in wanted if text not in words]


@pytest.mark.parametrize("message", CHANNEL, ids=lambda message: message["id"])
def test_nothing_around_a_message_is_lost_without_a_browser(message):
    """A terminal and a rendered notebook tell what Discord tells of a message."""
    text = "\n".join(console.draw_message(message, {}))
    static = html.unescape(re.sub("<[^>]*>", " ", page.draw_channel("general", [message], {})))
    assert (lacking(text, SHOWN[message["id"]]), lacking(static, SHOWN[message["id"]])) == ([], [])


@pytest.mark.browser
def test_nothing_around_a_message_is_lost_in_a_browser(show, stage):
    """The widget draws each, and none of Discord's own messages as an answer to one that was deleted."""
    drawn = show(FakeChannel(*CHANNEL))
    for key, wanted in SHOWN.items():
        words = drawn.locator(f"[data-message-id='{key}']").inner_text()
        assert lacking(words, wanted) == [], key
    assert drawn.locator(".reply", has_text="was deleted").count() == 1
    assert drawn.locator(".reaction.mine").all_inner_texts() == ["👍\n3"]
    assert drawn.locator("[data-message-id='1005'] [data-custom-id=go]").is_disabled()
    assert drawn.locator("[data-message-id='1001'] [data-custom-id=go]").is_enabled()
    assert drawn.locator("[data-message-id='1005'] .embed").count() == 1


@pytest.mark.browser
def test_a_reaction_is_repainted(show, stage):
    """Somebody reacts, and takes it back: the message follows."""
    channel = FakeChannel(make_message(content="hi"))
    drawn = show(channel)
    for reactions, count in ((REACTIONS, 2), ([], 0)):
        stage.kernel.call(channel.update, "1001", reactions=reactions)
        stage.pump(8)
        assert drawn.locator(".reaction").count() == count
