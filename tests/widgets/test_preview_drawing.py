"""What the preview draws in a real browser: hostile text, pictures, spoilers and the shared payloads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.widgets.fakes import BOT, PIXEL, FakeChannel, make_button, make_message, make_row

pytestmark = pytest.mark.browser

SAMPLES = Path(__file__).parents[2].parent / "shared" / "discord" / "samples"


def text_of(page, selector):
    return page.locator(selector).inner_text()


def test_hostile_text_stays_text(show, stage):
    """Names, labels, files and markdown that look like markup are shown, never run."""
    bad = "<img src=x onerror=\"document.title='owned'\">"
    row = make_row(
        make_button("a", bad),
        {"type": 2, "style": 5, "label": "link", "url": "javascript:document.title='owned'"},
    )
    select = make_row(
        {"type": 3, "custom_id": bad, "placeholder": bad, "options": [{"label": bad, "value": bad}]}
    )
    embed = {
        "title": bad,
        "url": "javascript:alert(1)",
        "description": f"[x](javascript:alert(1)) {bad}",
        "author": {"name": bad, "url": "data:text/html,x", "icon_url": "https://evil.example/track.png"},
        "footer": {"text": bad},
        "image": {"url": "http://evil.example/pixel.gif"},
        "fields": [{"name": bad, "value": bad}],
    }
    channel = FakeChannel(
        make_message(
            content=f"{bad} <javascript:alert(1)> [a](vbscript:x)",
            author={**BOT, "username": bad, "id": "not a number", "avatar": "../../x"},
            components=[row, select],
            embeds=[embed],
            attachments=[{"id": "1", "filename": bad, "url": "https://evil.example/f", "size": 3}],
        )
    )
    channel.users = ["alice", bad]
    channel.name = bad
    page = show(channel)
    stage.kernel.call(stage.widget.notice, bad)
    stage.pump()
    assert page.title() == ""
    assert page.locator("img").count() == 0
    links = page.locator("a").evaluate_all("nodes => nodes.map((node) => node.getAttribute('href'))")
    assert [link for link in links if link] == []
    assert bad in text_of(page, ".message .prose >> nth=0")
    assert text_of(page, ".notice") == bad
    assert "evil.example" in text_of(page, ".embed-image")


def test_pictures_come_as_blobs(show, stage):
    """Uploaded pictures, avatars and emoji are shown from bytes that Python sent."""
    url = "https://cdn.discordapp.com/attachments/1/2/cat.png"
    channel = FakeChannel(
        make_message(
            author={**BOT, "avatar": "abc"},
            content="<:party:5>",
            attachments=[
                {"id": "2", "filename": "cat.png", "url": url, "size": 3, "content_type": "image/png"}
            ],
        )
    )
    channel.files = {
        url: ("image/png", PIXEL),
        "https://cdn.discordapp.com/avatars/900/abc.png": ("image/png", PIXEL),
        "https://cdn.discordapp.com/emojis/5.png": ("image/png", PIXEL),
    }
    page = show(channel)
    sources = page.locator("img").evaluate_all("nodes => nodes.map((node) => node.src.slice(0, 5))")
    assert sources == ["blob:"] * 3


def test_spoilers_stay_lifted(show, stage):
    """What a user has uncovered stays uncovered when the message is repainted."""
    hidden = {"type": 17, "spoiler": True, "components": [{"type": 10, "content": "secret ||word||"}]}
    channel = FakeChannel(make_message(flags=32768, components=[hidden]))
    page = show(channel)
    page.click(".cover")
    assert page.locator(".cover").count() == 0
    page.click(".spoiler")
    assert page.locator(".spoiler.revealed").count() == 1
    stage.kernel.call(channel.update, "1001", edited_timestamp="2026-01-01T00:00:00Z")
    stage.pump(8)
    assert page.locator(".cover").count() == 0


@pytest.mark.parametrize("name", ["01", "02", "03", "04", "05", "06", "09"])
def test_shared_samples_are_drawn_whole(show, stage, name):
    """Every component and every text of the shared payloads is on the page."""
    if not SAMPLES.exists():
        pytest.skip("the shared samples are not beside the repository")
    (path,) = SAMPLES.glob(f"{name}_*.json")
    raw = json.loads(path.read_text(encoding="utf-8"))
    raw |= raw.pop("_response_extra", {})
    channel = FakeChannel(make_message(**raw))
    channel.names = json.loads((SAMPLES / "entities.json").read_text(encoding="utf-8"))
    page = show(channel)
    found = list(walk(raw.get("components", [])))
    classes = {
        1: ".row",
        9: ".section",
        10: ".text-display",
        12: ".gallery",
        13: ".file",
        14: ".separator",
        17: ".container",
    }
    for kind, selector in classes.items():
        assert page.locator(selector).count() == sum(item["type"] == kind for item in found), selector
    for item in found:
        if "custom_id" in item:
            assert page.locator(f"[data-custom-id={item['custom_id']}]").is_enabled() is not item.get(
                "disabled", False
            )
    assert page.locator(".embed").count() == len(raw.get("embeds", []))
    assert page.locator(".unknown").count() == 0
    assert page.locator(".embed-field").count() == sum(
        len(embed.get("fields", [])) for embed in raw.get("embeds", [])
    )
    if name == "06":
        assert page.locator(".prose h1, .prose h2, .prose h3, .prose pre, .prose blockquote").count() == 7
    if name == "09":
        assert "Only you can see this" in text_of(page, ".only-you")


def walk(components):
    for item in components:
        yield item
        yield from walk(item.get("components", []))
        if "accessory" in item:
            yield item["accessory"]
