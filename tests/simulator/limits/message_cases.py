"""The rules of messages and embeds: payloads at the edge of each, and beyond; and what is only warned of."""

from __future__ import annotations

from typing import Any

from tests.simulator.limits.builders import (
    IMAGE,
    V2,
    box,
    button,
    buttons,
    embeds,
    file,
    gallery,
    row,
    rows,
    select,
    text,
    texts,
    thumb,
    v2,
)
from tests.simulator.limits.case import (
    BOOLEAN,
    CHOICE,
    FIRST,
    LEGACY,
    LONG,
    MAX,
    NUMBER,
    REQUIRED,
    SCHEME,
    TOTAL,
    TYPE,
    UNSET,
    Case,
    Edit,
    Json,
)


def _mentions(**fields: Any) -> Json:
    return {"content": "x", "allowed_mentions": fields}


def _files(count: int) -> Json:
    return {"content": "x", "attachments": [{"id": number} for number in range(count)]}


# The file x.txt is uploaded with every one of them.
MESSAGES = [
    Case("M01", v2(text()), {"components": [text()]}, "components.0", TYPE),
    Case("M01", v2(box(text())), {"components": [box(text())]}, "components.0", TYPE),
    Case("M02", v2(text()), v2(text(), content="x"), "content", LEGACY),
    Case("M02", v2(text(), embeds=[]), v2(text(), embeds=[{"title": "x"}]), "embeds", LEGACY),
    Case("M02", v2(text(), sticker_ids=[]), v2(text(), sticker_ids=["5"]), "sticker_ids", LEGACY),
    Case("M02", v2(text(), poll=None), v2(text(), poll={"question": {"text": "x"}}), "poll", LEGACY),
    Case(
        "M02",
        v2(text(), shared_client_theme=None),
        v2(text(), shared_client_theme={"colors": ["5"]}),
        "shared_client_theme",
        LEGACY,
    ),
    Case("M04", v2(*[box(*texts(19))] * 2), v2(*[box(*texts(20))] * 2), "components", TOTAL),
    Case("M05", v2(*texts(40)), v2(*texts(41)), "components", TOTAL),
    Case(
        "M06",
        {"components": [row(one) for one in buttons(5)]},
        {"components": [row(one) for one in buttons(6)]},
        "components",
        LONG,
    ),
    Case("M06", rows(button()), {"components": [button()]}, "components.0", TYPE),
    Case(
        "M07",
        v2(text("x" * 2000), text("x" * 2000)),
        v2(text("x" * 2001), text("x" * 2000)),
        "components",
        "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
    ),
    Case("M10", {"content": "x" * 2000}, {"content": "x" * 2001}, "content", LONG),
    Case("M10", {"content": "x"}, {"content": 5}, "content", "STRING_TYPE_CONVERT"),
    Case("M12", embeds(10), embeds(11), "embeds", LONG),
    Case("M12", _files(10), _files(11), "attachments", LONG),
    Case("M12", _files(1), {"content": "x", "attachments": [{}]}, "attachments.0.id", REQUIRED),
    Case(
        "M13",
        v2(thumb("attachment://x.txt")),
        v2(thumb("attachment://none.png")),
        "components.0.accessory.media.url",
        "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
    ),
    Case("M14", {"content": "x", "flags": 4096}, {"content": "x", "flags": "4096"}, "flags", NUMBER),
    Case("M16", {"content": "x", "nonce": "x" * 25}, {"content": "x", "nonce": "x" * 26}, "nonce", LONG),
    Case("M16", {"content": "x", "tts": True}, {"content": "x", "tts": "yes"}, "tts", BOOLEAN),
    Case(
        "M17",
        _mentions(parse=["users"], roles=["1"]),
        _mentions(parse=["all"]),
        "allowed_mentions.parse.0",
        CHOICE,
    ),
    Case(
        "M17",
        _mentions(users=[str(n) for n in range(100)]),
        _mentions(parse=["users"], users=["1"]),
        "allowed_mentions.users",
        "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
    ),
    Case("E01", embeds(title="x" * 256), embeds(title="x" * 257), "embeds.0.title", LONG),
    Case("E01", embeds(title="  " + "x" * 256), embeds(description="x" * 4097), "embeds.0.description", LONG),
    Case(
        "E01",
        embeds(fields=[{"name": "n", "value": "v"}] * 25),
        embeds(fields=[{"name": "n", "value": "v"}] * 26),
        "embeds.0.fields",
        LONG,
    ),
    Case(
        "E01",
        embeds(fields=[{"name": "x" * 256, "value": "x" * 1024}]),
        embeds(fields=[{"name": "n"}]),
        "embeds.0.fields.0.value",
        REQUIRED,
    ),
    Case(
        "E01",
        embeds(fields=[{"name": "n", "value": "v"}]),
        embeds(fields=[{"name": "n", "value": "x" * 1025}]),
        "embeds.0.fields.0.value",
        LONG,
    ),
    Case(
        "E01",
        embeds(footer={"text": "x" * 2048}),
        embeds(footer={"text": "x" * 2049}),
        "embeds.0.footer.text",
        LONG,
    ),
    Case(
        "E01",
        embeds(author={"name": "x" * 256}),
        embeds(author={"name": "x" * 257}),
        "embeds.0.author.name",
        LONG,
    ),
    Case(
        "E02",
        embeds(2, description="x" * 3000),
        embeds(2, description="x" * 3001),
        "embeds",
        "MAX_EMBED_SIZE_EXCEEDED",
    ),
    Case("E03", embeds(color=0xFFFFFF, title="x"), embeds(color=0x1000000, title="x"), "embeds.0.color", MAX),
    Case("E03", embeds(title="x", url=IMAGE), embeds(title="x", url="ftp://x.y"), "embeds.0.url", SCHEME),
    Case(
        "E03",
        embeds(title="x", timestamp="2026-01-01T00:00:00Z"),
        embeds(title="x", timestamp="yesterday"),
        "embeds.0.timestamp",
        "DATE_TIME_TYPE_PARSE",
    ),
]

# What Discord takes all the same: a good payload, and one that is warned of.
WARNINGS = [
    Case("M02", v2(text()), v2(text(), content=""), "content", ""),
    Case("M08", v2(text("x" * 4000)), v2(text("字" * 3400)), "components", ""),
    Case("M09", v2(*[gallery(10)] * 6, gallery(4)), v2(*[gallery(10)] * 6, gallery(5)), "components", ""),
    Case("M13", v2(file("attachment://x.txt")), v2(text()), "attachments", ""),
    Case("M14", {"content": "x", "flags": 1 << 12 | 1 << 2}, {"content": "x", "flags": 1 << 6}, "flags", ""),
    Case("U01", {"content": "🎉" * 1000}, {"content": "🎉" * 1001}, "content", ""),
    Case(
        "C05",
        rows(button(emoji={"id": "5", "name": "x"})),
        rows(button(emoji={"id": "5"})),
        f"{FIRST}.emoji.name",
        "",
    ),
    Case(
        "T02",
        v2(thumb("https://x.y/a.gif")),
        v2(thumb("https://x.y/a.mp4?x=1")),
        "components.0.accessory.media",
        "",
    ),
    Case("B07", rows(button(label="x" * 38)), rows(button(label="x" * 39)), f"{FIRST}.label", ""),
    Case(
        "B07",
        rows(button(label="x" * 34, emoji={"name": "🎉"})),
        rows(button(label="x" * 35, emoji={"name": "🎉"})),
        f"{FIRST}.label",
        "",
    ),
    Case(
        "B07",
        rows(button(), button(custom_id="b", style=2)),
        rows(button(), button(custom_id="b")),
        "components.0.components",
        "",
    ),
    Case("S04", rows(select()), rows(select(required=True)), f"{FIRST}.required", ""),
    Case(
        "E04",
        embeds(1, title="x", url="https://x.y"),
        embeds(2, title="x", url="https://x.y"),
        "embeds.1.url",
        "",
    ),
]

_NOTHING = {"flags": 0, "content": "", "embeds": [], "components": [], "attachments": []}
_TEXT = {**_NOTHING, "content": "x"}
_LAYOUT = {**_NOTHING, **v2(text())}


EDITS = [
    Edit("M03", _LAYOUT, {"flags": V2}, {"flags": 0}, "flags", UNSET),
    Edit("M03", _TEXT, v2(text(), content=None), v2(text()), "content", LEGACY),
    Edit("M03", {**_NOTHING, **embeds()}, v2(text(), embeds=[]), v2(text()), "embeds", LEGACY),
    Edit("M02", _LAYOUT, {"components": [text()]}, {"content": "x"}, "content", LEGACY),
]
