"""The rules of components on messages: payloads at the edge of each, and beyond."""

from __future__ import annotations

from typing import Any

from tests.simulator.limits.builders import (
    IMAGE,
    bare,
    box,
    button,
    buttons,
    channels,
    file,
    gallery,
    option,
    row,
    rows,
    section,
    select,
    text,
    texts,
    thumb,
    users,
    v2,
)
from tests.simulator.limits.case import (
    BOOLEAN,
    CHOICE,
    DEFAULTS,
    EMOJI,
    EXCLUSIVE,
    FIRST,
    FORBIDDEN,
    LENGTH,
    LONG,
    MAX,
    MIN,
    REQUIRED,
    SCHEME,
    TYPE,
    URL,
    WIDTH,
    Case,
    Json,
)


def _link(url: str, **fields: Any) -> Json:
    return rows(bare(style=5, label="x", url=url, **fields))


def _default(value: str) -> Json:
    return option(value, default=True)


def _ids(kind: str, count: int = 1) -> list[Json]:
    return [{"id": str(number), "type": kind} for number in range(1, count + 1)]


def _entity(kind: int, entity: str) -> Json:
    return rows({"type": kind, "custom_id": "who", "default_values": _ids(entity)})


# The file x.txt is uploaded with every one of them.
COMPONENTS = [
    Case(
        "C01",
        v2(text(id=0), text(id=0), text(id=(1 << 31) - 1)),
        v2(text(id=1), text(id=1)),
        "components.1.id",
        "COMPONENT_ID_DUPLICATED",
    ),
    Case("C01", v2(text(id=1), text()), v2(text(id=-1)), "components.0.id", MIN),
    Case("C01", v2(text(id=None)), v2(text(id=1 << 31)), "components.0.id", MAX),
    Case(
        "C02",
        rows(button(custom_id="x" * 100)),
        rows(button(custom_id="x" * 101)),
        f"{FIRST}.custom_id",
        LENGTH,
    ),
    Case("C02", rows(select(custom_id="x")), rows(select(custom_id="")), f"{FIRST}.custom_id", LENGTH),
    Case("C02", rows(users()), rows({"type": 5}), f"{FIRST}.custom_id", REQUIRED),
    Case(
        "C03",
        rows(button(), button(custom_id="b", style=2)),
        rows(button(), button(disabled=True, style=2)),
        "components.0.components.1.custom_id",
        "COMPONENT_CUSTOM_ID_DUPLICATED",
    ),
    Case(
        "C05",
        rows(button(emoji={"name": "🎉"})),
        rows(button(emoji={"name": "▲"})),
        f"{FIRST}.emoji.name",
        EMOJI,
    ),
    Case(
        "C05",
        rows(button(emoji={"name": "⏏"})),
        rows(button(emoji={"name": "⏻"})),
        f"{FIRST}.emoji.name",
        EMOJI,
    ),
    Case("C05", rows(button(emoji=None)), rows(button(emoji={})), f"{FIRST}.emoji.name", REQUIRED),
    Case(
        "C05",
        rows(select(options=[option("a", emoji={"name": "✅"})])),
        rows(select(options=[option("a", emoji={"name": "x" * 33})])),
        f"{FIRST}.options.0.emoji.name",
        LONG,
    ),
    Case("L01", rows(*buttons(5)), rows(*buttons(6)), "components.0.components", LENGTH),
    Case("L01", rows(select()), rows(button(), select()), "components.0.components.1", WIDTH),
    Case("L01", rows(button()), rows(), "components.0.components", LENGTH),
    Case("L02", rows(button()), rows(text()), FIRST, TYPE),
    Case("L02", rows(channels()), rows(row(button())), FIRST, TYPE),
    Case("L03", v2(section(*texts(3))), v2(section(*texts(4))), "components.0.components", LENGTH),
    Case("L03", v2(section(text())), v2(section(button(custom_id="b"))), FIRST, TYPE),
    Case("L04", v2(section()), v2(section(accessory=None)), "components.0.accessory", REQUIRED),
    Case("L04", v2(thumb()), v2(section(accessory=text())), "components.0.accessory", TYPE),
    Case("L05", v2(box(row(button()))), v2(box(button())), FIRST, TYPE),
    Case("L05", v2(box(gallery(1), file("attachment://x.txt"))), v2(box(box(text()))), FIRST, TYPE),
    Case("L06", v2(box(*texts(39))), v2(box()), "components.0.components", LENGTH),
    Case(
        "L07",
        v2(box(text(), accent_color=0xFFFFFF)),
        v2(box(text(), accent_color=0x1000000)),
        "components.0.accent_color",
        MAX,
    ),
    Case(
        "L07",
        v2(box(text(), accent_color=0)),
        v2(box(text(), accent_color=-1)),
        "components.0.accent_color",
        MIN,
    ),
    Case(
        "L07",
        v2(box(text(), accent_color=None)),
        v2(box(text(), spoiler="yes")),
        "components.0.spoiler",
        BOOLEAN,
    ),
    Case(
        "L08", v2({"type": 14, "spacing": 2}), v2({"type": 14, "spacing": 3}), "components.0.spacing", CHOICE
    ),
    Case(
        "L08",
        v2({"type": 14, "divider": False}),
        v2({"type": 14, "divider": 0}),
        "components.0.divider",
        BOOLEAN,
    ),
    Case("L09", v2(text()), v2(button()), "components.0", TYPE),
    Case("L09", v2(row(button())), v2({"type": 15}), "components.0", TYPE),
    Case("T01", v2(text("x" * 4000)), v2(text("x" * 4001)), "components.0.content", LENGTH),
    Case("T01", v2(text("x")), v2(text("")), "components.0.content", LENGTH),
    Case(
        "T02",
        v2(thumb(description="x" * 1024)),
        v2(thumb(description="x" * 1025)),
        "components.0.accessory.description",
        LENGTH,
    ),
    Case("T02", v2(thumb()), v2(section(accessory={"type": 11})), "components.0.accessory.media", REQUIRED),
    Case("T03", v2(gallery(10)), v2(gallery(11)), "components.0.items", LENGTH),
    Case("T03", v2(gallery(1)), v2(gallery(0)), "components.0.items", LENGTH),
    Case(
        "T03",
        v2(gallery(1, description=None)),
        v2(gallery(1, description="")),
        "components.0.items.0.description",
        LENGTH,
    ),
    Case(
        "T04",
        v2(file("attachment://x.txt")),
        v2(file("https://example.com/x.txt")),
        "components.0.file.url",
        SCHEME,
    ),
    Case(
        "T05",
        v2(gallery(1)),
        v2(gallery(1, "ftp://example.com/x.png")),
        "components.0.items.0.media.url",
        SCHEME,
    ),
    Case(
        "T05",
        v2(gallery(1, IMAGE + "x" * 2023)),
        v2(gallery(1, IMAGE + "x" * 2024)),
        "components.0.items.0.media.url",
        LENGTH,
    ),
    Case("T05", v2(gallery(1)), v2(gallery(1, "https://")), "components.0.items.0.media.url", URL),
    Case("T05", v2(thumb()), v2(thumb("https://[")), "components.0.accessory.media.url", URL),
    Case("B01", rows(button(style=4)), rows(button(style=7)), f"{FIRST}.style", CHOICE),
    Case("B01", rows(button(style=1)), rows(bare(label="x", custom_id="x")), f"{FIRST}.style", REQUIRED),
    Case("B02", rows(button(label="x" * 80)), rows(button(label="x" * 81)), f"{FIRST}.label", LONG),
    Case(
        "B03",
        rows(button()),
        rows(bare(style=1, label="x")),
        f"{FIRST}.custom_id",
        "BUTTON_COMPONENT_CUSTOM_ID_REQUIRED",
    ),
    Case("B03", rows(button()), rows(button(url="https://x.y")), f"{FIRST}.url", EXCLUSIVE),
    Case("B03", rows(button(sku_id=None)), rows(button(sku_id="5")), f"{FIRST}.sku_id", FORBIDDEN),
    Case("B04", _link("https://x.y/" + "x" * 500), _link("https://x.y/" + "x" * 501), f"{FIRST}.url", LENGTH),
    Case("B04", _link("discord://x"), _link("javascript:alert(1)"), f"{FIRST}.url", SCHEME),
    Case("B04", _link("http://x.y"), rows(bare(style=5, label="x")), f"{FIRST}.url", REQUIRED),
    Case("B04", _link("http://x.y"), _link("http://x.y", custom_id="x"), f"{FIRST}.custom_id", EXCLUSIVE),
    Case("B05", rows(bare(style=6, sku_id="5")), rows(bare(style=6)), f"{FIRST}.sku_id", REQUIRED),
    Case(
        "B05",
        rows(bare(style=6, sku_id=5)),
        rows(bare(style=6, sku_id="5", label="x")),
        f"{FIRST}.label",
        FORBIDDEN,
    ),
    Case(
        "B06",
        rows(button(label=None, emoji={"name": "🎉"})),
        rows(button(label=None)),
        f"{FIRST}.label",
        REQUIRED,
    ),
    Case("B06", rows(button(label="x")), rows(button(label="")), f"{FIRST}.label", LENGTH),
    Case(
        "S01",
        rows(select(placeholder="x" * 150)),
        rows(select(placeholder="x" * 151)),
        f"{FIRST}.placeholder",
        LONG,
    ),
    Case(
        "S02",
        rows(users(min_values=0, max_values=25)),
        rows(users(max_values=26)),
        f"{FIRST}.max_values",
        MAX,
    ),
    Case(
        "S02", rows(users(max_values=1)), rows(users(max_values=0, min_values=0)), f"{FIRST}.max_values", MIN
    ),
    Case(
        "S02",
        rows(users(min_values=2, max_values=2)),
        rows(users(min_values=3, max_values=2)),
        f"{FIRST}.min_values",
        MAX,
    ),
    Case("S05", rows(select(25)), rows(select(26)), f"{FIRST}.options", LENGTH),
    Case("S05", rows(select(1)), rows(select(0)), f"{FIRST}.options", LENGTH),
    Case("S05", rows(select(1)), rows({"type": 3, "custom_id": "x"}), f"{FIRST}.options", REQUIRED),
    Case(
        "S06",
        rows(select(options=[option("x" * 100)])),
        rows(select(options=[option("x" * 101, label="x")])),
        f"{FIRST}.options.0.value",
        LENGTH,
    ),
    Case(
        "S06",
        rows(select(options=[option("a", description="x" * 100)])),
        rows(select(options=[option("a", description="x" * 101)])),
        f"{FIRST}.options.0.description",
        LONG,
    ),
    Case(
        "S06",
        rows(select(options=[option("a", label="x")])),
        rows(select(options=[option("a", label="")])),
        f"{FIRST}.options.0.label",
        LENGTH,
    ),
    Case(
        "S07",
        rows(select(options=[option("a"), option("b")])),
        rows(select(options=[option("a"), option("a")])),
        f"{FIRST}.options.1.value",
        "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
    ),
    Case(
        "S08",
        rows(select(2, max_values=2)),
        rows(select(2, max_values=3)),
        f"{FIRST}.options",
        "BASE_TYPE_MIN_LENGTH",
    ),
    Case(
        "S09",
        rows(select(options=[_default("a"), option("b")])),
        rows(select(options=[_default("a"), _default("b")])),
        f"{FIRST}.options",
        DEFAULTS,
    ),
    Case("S10", _entity(5, "user"), _entity(5, "role"), f"{FIRST}.default_values.0.type", CHOICE),
    Case("S10", _entity(6, "role"), _entity(6, "user"), f"{FIRST}.default_values.0.type", CHOICE),
    Case("S10", _entity(7, "role"), _entity(7, "channel"), f"{FIRST}.default_values.0.type", CHOICE),
    Case("S10", _entity(8, "channel"), _entity(8, "user"), f"{FIRST}.default_values.0.type", CHOICE),
    Case(
        "S10",
        rows(users(max_values=25, default_values=_ids("user", 25))),
        rows(users(default_values=_ids("user", 2))),
        f"{FIRST}.default_values",
        LENGTH,
    ),
    Case(
        "S11",
        rows(channels(channel_types=[0, 2, 15])),
        rows(channels(channel_types=[99])),
        f"{FIRST}.channel_types.0",
        CHOICE,
    ),
]
