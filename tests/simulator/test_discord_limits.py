"""Every rule that Discord judges messages and modals by: a payload that breaks it, and one at its edge."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kit.simulator import World, check_message, check_modal, components, error_tree
from kit.simulator.emoji import is_emoji
from kit.simulator.errors import ApiError, UnsupportedError
from kit.simulator.world import messages
from kit.simulator.world.media import Upload

V2 = 1 << 15


def button(**fields):
    return {"type": 2, "style": 1, "label": "Go", "custom_id": "go", **fields}


def bare(**fields):
    return {"type": 2, **fields}


def row(*children):
    return {"type": 1, "components": list(children)}


def rows(*children):
    return {"components": [row(*children)]}


def v2(*components, **fields):
    return {"flags": V2, "components": list(components), **fields}


def text(content="text"):
    return {"type": 10, "content": content}


def option(value, **fields):
    return {"label": value or "x", "value": value, **fields}


def select(count=2, **fields):
    options = [option(str(number)) for number in range(count)]
    return {"type": 3, "custom_id": "pick", "options": options, **fields}


def users(**fields):
    return {"type": 5, "custom_id": "who", **fields}


def section(*texts, **fields):
    return {"type": 9, "components": list(texts) or [text()], "accessory": button(), **fields}


def box(*components, **fields):
    return {"type": 17, "components": list(components), **fields}


def gallery(count, url="https://example.com/x.png", **fields):
    return {"type": 12, "items": [{"media": {"url": url}, **fields}] * count}


def thumb(url="https://example.com/x.png", **fields):
    return section(accessory={"type": 11, "media": {"url": url}, **fields})


def embeds(count=1, **fields):
    return {"embeds": [fields or {"title": "x"}] * count}


def buttons(count):
    return [button(custom_id=str(number)) for number in range(count)]


# The rule, a good message at its edge, a bad one, and where the bad one is wrong.
MESSAGES = [
    ("M01", v2(text()), {"components": [text()]}, "components.0"),
    ("M02", v2(text()), v2(text(), content="x"), "content"),
    ("M02", v2(text(), embeds=[]), v2(text(), embeds=[{"title": "x"}]), "embeds"),
    ("M04", v2(*[box(*[text("x")] * 19)] * 2), v2(*[box(*[text("x")] * 20)] * 2), "components"),
    ("M04", v2(*[text("x")] * 40), v2(*[text("x")] * 41), "components"),
    (
        "M06",
        {"components": [row(b) for b in buttons(5)]},
        {"components": [row(b) for b in buttons(6)]},
        "components",
    ),
    ("M06", rows(button()), {"components": [button()]}, "components.0"),
    ("M07", v2(text("x" * 2000), text("x" * 2000)), v2(text("x" * 2001), text("x" * 2000)), "components"),
    ("M10", {"content": "x" * 2000}, {"content": "x" * 2001}, "content"),
    ("M10", {"content": "x"}, {"content": 5}, "content"),
    ("M11", {"content": "x"}, {"content": "", "embeds": []}, ""),
    ("M12", embeds(10), embeds(11), "embeds"),
    ("M12", {"content": "x", "attachments": [{"id": 0}]}, {"content": "x", "attachments": [{}]}, None),
    ("M13", v2(thumb()), v2(thumb("attachment://none.png")), None),
    ("M14", {"content": "x", "flags": 4096}, {"content": "x", "flags": "4096"}, "flags"),
    (
        "M14",
        {"content": "x", "allowed_mentions": {"parse": ["users"], "roles": ["1"]}},
        {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
        "allowed_mentions.users",
    ),
    ("C01", v2({**text(), "id": 1}, text()), v2({**text(), "id": 1}, {**text(), "id": 1}), "components.1.id"),
    ("C02", rows(button(custom_id="x" * 100)), rows(button(custom_id="x" * 101)), None),
    ("C02", rows(select()), rows(select(custom_id="")), None),
    (
        "C03",
        rows(button(), button(custom_id="b")),
        rows(button(), button(disabled=True)),
        "components.0.components.1.custom_id",
    ),
    ("C05", rows(button(emoji={"name": "🎉"})), rows(button(emoji={"name": "▲"})), None),
    ("C05", rows(button(emoji={"name": "x", "id": "5"})), rows(button(emoji={"name": "⏻"})), None),
    ("L01", rows(*buttons(5)), rows(*buttons(6)), "components.0.components"),
    ("L01", rows(select()), rows(button(), select()), "components.0.components.1"),
    ("L01", rows(button()), rows(), "components.0.components"),
    ("L02", rows(button()), rows(text()), "components.0.components.0"),
    ("L03", v2(section(*[text()] * 3)), v2(section(*[text()] * 4)), "components.0.components"),
    ("L03", v2(section(text())), v2(section(button())), "components.0.components.0"),
    ("L04", v2(section()), v2(section(accessory=None)), "components.0.accessory"),
    ("L04", v2(section()), v2(section(accessory=text())), "components.0.accessory"),
    ("L05", v2(box(row(button()))), v2(box(button())), "components.0.components.0"),
    ("L05", v2(box(text())), v2(box(box(text()))), "components.0.components.0"),
    ("L06", v2(box(text())), v2(box()), "components.0.components"),
    ("L07", v2(box(text(), accent_color=0xFFFFFF)), v2(box(text(), accent_color=0x1000000)), None),
    ("L07", v2(box(text(), accent_color=None)), v2(box(text(), spoiler="yes")), "components.0.spoiler"),
    ("L08", v2({"type": 14, "spacing": 2}), v2({"type": 14, "spacing": 3}), "components.0.spacing"),
    ("L09", v2(text()), v2(button()), "components.0"),
    ("L09", v2(text()), v2({"type": 15}), "components.0"),
    ("T01", v2(text("x" * 4000)), v2(text("")), "components.0.content"),
    ("T02", v2(thumb(description="x" * 1024)), v2(thumb(description="x" * 1025)), None),
    ("T03", v2(gallery(10)), v2(gallery(11)), "components.0.items"),
    ("T03", v2(gallery(1, description=None)), v2(gallery(1, description="")), None),
    (
        "T04",
        {**v2({"type": 13, "file": {"url": "attachment://x.txt"}})},
        v2({"type": 13, "file": {"url": "https://example.com/x.txt"}}),
        "components.0.file.url",
    ),
    ("T05", v2(gallery(1)), v2(gallery(1, "ftp://example.com/x.png")), "components.0.items.0.media.url"),
    ("T05", v2(gallery(1)), v2(gallery(1, "https://[")), "components.0.items.0.media.url"),
    ("B01", rows(button(style=4)), rows(button(style=7)), "components.0.components.0.style"),
    ("B02", rows(button(label="x" * 80)), rows(button(label="x" * 81)), "components.0.components.0.label"),
    ("B03", rows(button()), rows(bare(style=1, label="x")), "components.0.components.0.custom_id"),
    ("B03", rows(button()), rows(button(url="https://x.y")), "components.0.components.0.url"),
    (
        "B04",
        rows(bare(style=5, label="x", url="https://x.y/" + "x" * 500)),
        rows(bare(style=5, label="x", url="https://x.y/" + "x" * 501)),
        "components.0.components.0.url",
    ),
    (
        "B04",
        rows(bare(style=5, label="x", url="discord://x")),
        rows(bare(style=5, label="x", url="javascript:alert(1)")),
        "components.0.components.0.url",
    ),
    ("B04", rows(bare(style=5, label="x", url="http://x.y")), rows(button(style=5, url="http://x.y")), None),
    ("B05", rows(bare(style=6, sku_id="5")), rows(bare(style=6)), "components.0.components.0.sku_id"),
    ("B05", rows(bare(style=6, sku_id=5)), rows(bare(style=6, sku_id="5", label="x")), None),
    ("B06", rows(button(label=None, emoji={"name": "🎉"})), rows(button(label=None)), None),
    ("S01", rows(select(placeholder="x" * 150)), rows(select(placeholder="x" * 151)), None),
    ("S02", rows(users(min_values=0, max_values=25)), rows(users(max_values=26)), None),
    ("S02", rows(users(min_values=2, max_values=2)), rows(users(min_values=3, max_values=2)), None),
    ("S05", rows(select(25)), rows(select(26)), "components.0.components.0.options"),
    ("S05", rows(select(1)), rows(select(0)), "components.0.components.0.options"),
    (
        "S06",
        rows(select(options=[option("x" * 100)])),
        rows(select(options=[option("x" * 101, label="x")])),
        "components.0.components.0.options.0.value",
    ),
    (
        "S07",
        rows(select(options=[option("a"), option("b")])),
        rows(select(options=[option("a"), option("a")])),
        "components.0.components.0.options.1.value",
    ),
    ("S08", rows(select(2, min_values=2, max_values=2)), rows(select(2, max_values=3)), None),
    (
        "S09",
        rows(select(options=[option("a", default=True), option("b")])),
        rows(select(options=[option("a", default=True), option("b", default=True)])),
        "components.0.components.0.options",
    ),
    (
        "S10",
        rows(users(default_values=[{"id": "5", "type": "user"}])),
        rows(users(default_values=[{"id": "5", "type": "role"}])),
        "components.0.components.0.default_values.0.type",
    ),
    (
        "S11",
        rows({"type": 8, "custom_id": "c", "channel_types": [0, 2]}),
        rows({"type": 8, "custom_id": "c", "channel_types": [99]}),
        "components.0.components.0.channel_types.0",
    ),
    ("E01", embeds(title="x" * 256), embeds(title="x" * 257), "embeds.0.title"),
    ("E01", embeds(title="  " + "x" * 256), embeds(description="x" * 4097), "embeds.0.description"),
    ("E01", embeds(fields=[{"name": "n", "value": "v"}] * 25), embeds(fields=[{"name": "n"}]), None),
    ("E01", embeds(footer={"text": "x" * 2048}), embeds(footer={"text": "x" * 2049}), "embeds.0.footer.text"),
    ("E02", embeds(2, description="x" * 3000), embeds(2, description="x" * 3001), "embeds"),
    ("E03", embeds(color=0xFFFFFF, title="x"), embeds(color=-1, title="x"), "embeds.0.color"),
    ("E03", embeds(timestamp="2026-01-01T00:00:00Z"), embeds(timestamp="yesterday"), "embeds.0.timestamp"),
]

LABELLED = {"type": 18, "label": "L"}


def label(component, **fields):
    return {**LABELLED, "component": component, **fields}


def field_(**fields):
    return {"type": 4, "custom_id": "t", "style": 1, **fields}


def modal(*components, **fields):
    return {"custom_id": "m", "title": "T", "components": list(components), **fields}


def group(kind, count, **fields):
    return {"type": kind, "custom_id": "g", "options": [option(str(n)) for n in range(count)], **fields}


def upload(**fields):
    return {"type": 19, "custom_id": "f", **fields}


def inputs(count):
    return [label(field_(custom_id=str(number))) for number in range(count)]


MODALS = [
    ("D01", modal(*inputs(1), title="x" * 45), modal(*inputs(1), title="x" * 46), "title"),
    ("D01", modal(*inputs(1), custom_id="x" * 100), modal(*inputs(1), custom_id=None), "custom_id"),
    ("D02", modal(*inputs(5)), modal(*inputs(6)), "components"),
    ("D02", modal(*inputs(1)), modal(), "components"),
    ("D03", modal(text(), *inputs(1)), modal(box(text())), "components.0"),
    ("D04", modal(label(field_(), label="x" * 45)), modal(label(field_(), label="x" * 46)), None),
    ("D04", modal(label(field_())), modal(label(button())), "components.0.component"),
    ("D04", modal(label(field_())), modal(LABELLED), "components.0.component"),
    ("D05", modal(label(field_(placeholder="x" * 100))), modal(label(field_(placeholder="x" * 101))), None),
    ("D05", modal(label(field_(max_length=4000))), modal(label(field_(max_length=4001))), None),
    (
        "D05",
        modal(label(field_(min_length=5, max_length=5))),
        modal(label(field_(min_length=6, max_length=5))),
        None,
    ),
    ("D05", modal(row(field_(label="x"))), modal(row(field_())), "components.0.components.0.label"),
    ("D05", modal(label(field_())), modal(label(field_(label="x"))), "components.0.component.label"),
    (
        "D07",
        modal(label(upload(max_values=10, file_types=["image", ".pdf"]))),
        modal(label(upload(max_values=11))),
        None,
    ),
    ("D07", modal(label(upload())), modal(label(upload(file_types=["pdf"]))), None),
    ("D08", modal(label(group(21, 2))), modal(label(group(21, 1))), "components.0.component.options"),
    ("D08", modal(label(group(21, 10))), modal(label(group(21, 11))), "components.0.component.options"),
    (
        "D09",
        modal(label(group(22, 1))),
        modal(label(group(22, 0))),
        "components.0.component.options",
    ),
    ("D09", modal(label(group(22, 3, min_values=3))), modal(label(group(22, 3, max_values=11))), None),
    ("D11", modal(text("x" * 4000)), modal(text("x" * 4001)), "components.0.content"),
    (
        "S03",
        modal(label(select(min_values=0, required=False))),
        modal(label(select(min_values=0))),
        None,
    ),
    ("C04", modal(label(select())), modal(label(select(disabled=True))), "components.0.component.disabled"),
    ("C03", modal(*inputs(2)), modal(label(field_()), label(field_())), "components.1.component.custom_id"),
]


def errors(found):
    return [violation for violation in found if violation.severity == "error"]


@pytest.mark.parametrize(("rule", "good", "bad", "where"), MESSAGES)
def test_message_rules(rule, good, bad, where):
    """A message at the edge of a rule passes, and one beyond it is refused by that rule, at that place."""
    assert errors(check_message(good, files=["x.txt"])) == []
    found = errors(check_message(bad))
    assert [violation.rule for violation in found] == [rule]
    if where is not None:
        assert ".".join(found[0].path) == where


@pytest.mark.parametrize(("rule", "good", "bad", "where"), MODALS)
def test_modal_rules(rule, good, bad, where):
    """A modal at the edge of a rule passes, and one beyond it is refused by that rule, at that place."""
    assert errors(check_modal(good)) == []
    found = errors(check_modal(bad))
    assert [violation.rule for violation in found] == [rule]
    if where is not None:
        assert ".".join(found[0].path) == where


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("M08", check_message(v2(text("字" * 3400)))),
        ("M09", check_message(v2(*[gallery(10)] * 7))),
        ("M13", check_message(v2(text()), files=["unused.png"])),
        ("M14", check_message({"content": "x", "flags": 64})),
        ("M02", check_message(v2(text(), content=""))),
        ("B07", check_message(rows(button(label="x" * 39)))),
        ("B07", check_message(rows(button(), button(custom_id="b")))),
        ("S04", check_message(rows(select(required=True)))),
        ("E04", check_message(embeds(2, title="x", url="https://x.y"))),
        ("M10", check_message({"content": "🎉" * 1500})),
        ("D06", check_modal(modal(label(field_(value="x", min_length=2))))),
        ("D10", check_modal(modal(label({"type": 23, "custom_id": "c", "required": True})))),
    ],
)
def test_what_is_only_unwise_is_a_warning(rule, found):
    """What Discord accepts, but advises against or chokes on, is a warning and no error."""
    assert [(violation.rule, violation.severity) for violation in found] == [(rule, "warning")]


def test_an_edit_is_judged_with_what_it_leaves():
    """The V2 flag can't be taken off, and an edit may not leave a message empty."""
    old_v2 = {**v2(text()), "content": "", "embeds": [], "attachments": []}
    old = {"flags": 0, "content": "x", "embeds": [], "components": [], "attachments": []}

    def rules(payload, before):
        return [violation.rule for violation in errors(check_message(payload, edit_of=before))]

    assert rules({"components": [row(button())]}, old_v2) == []
    assert rules({"flags": 0}, old_v2) == ["M03"]
    assert rules({"content": "x"}, old_v2) == ["M02"]
    assert rules(v2(text()), old) == ["M03"]
    assert rules(v2(text(), content=None), old) == []
    assert rules({"content": None}, old) == ["M11"]
    assert rules({"content": None}, {**old, "embeds": [{"title": "x"}]}) == []
    shown = {"id": "5", "filename": "x.png", "url": "http://127.0.0.1/attachments/1/5/x.png"}
    with_file = {**old_v2, "attachments": [shown]}
    assert rules({"components": [gallery(1, "attachment://x.png")]}, with_file) == []
    assert rules({"components": [{"type": 13, "file": {"url": shown["url"]}}]}, with_file) == []


def test_ephemeral_belongs_to_interactions():
    """The flag 64 is fine in the answer to an interaction."""
    assert check_message({"content": "x", "flags": 64}, interaction=True) == []


def test_the_error_tree_mirrors_the_request():
    """Errors sit at the path of the value, indexes as strings, under data for an interaction."""
    found = check_message(rows(button(label="x" * 81), button(emoji={"name": "▲"})))
    tree = error_tree(found, prefix=("data",))
    children = tree["data"]["components"]["0"]["components"]
    assert children["0"]["label"]["_errors"] == [
        {"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 80 or fewer in length."}
    ]
    assert children["1"]["custom_id"]["_errors"][0]["code"] == "COMPONENT_CUSTOM_ID_DUPLICATED"
    assert children["1"]["emoji"]["name"]["_errors"][0]["message"] == "Invalid emoji"


def test_which_strings_are_an_emoji():
    """Signs, skin tones, families, flags and keycaps are; look-alikes, texts and pairs are not."""
    good = ("🇩", "🎉", "✅", "❤️", "👍🏽", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "▶️", "™", "🫠")
    bad = ("", "▲", "⏻", "a", "🎉🎉", "1", "→", "★", ":tada:", "\u200d")
    assert [text for text in good if not is_emoji(text)] == []
    assert [text for text in bad if is_emoji(text)] == []


SAMPLES = Path(__file__).parents[2].parent / "shared" / "discord" / "samples"


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared sample payloads are not beside this repository")
def test_the_shared_samples_pass():
    """Payloads that were collected as good ones break no rule."""
    for path in sorted(SAMPLES.glob("0*.json")):
        payload = json.loads(path.read_text())
        files = re.findall(r'attachment://([^"]+)', path.read_text())
        is_modal = payload.get("type") == 9
        found = (
            check_modal(payload["data"])
            if is_modal
            else check_message(payload, files=files, interaction=True)
        )
        assert (path.name, errors(found)) == (path.name, [])


JUNK = (
    None,
    True,
    -1,
    2**70,
    1.5,
    "",
    "x",
    "\ud800",
    [],
    [None],
    [[]],
    {},
    {"type": 2},
    "attachment://x.txt",
)


def mutations(value):
    """The value with each of its parts, at any depth, replaced by each piece of junk."""
    yield from JUNK
    if isinstance(value, dict):
        for key, part in value.items():
            yield from ({**value, key: changed} for changed in mutations(part))
    elif isinstance(value, list) and value:
        yield from ([changed, *value[1:]] for changed in mutations(value[0]))


def test_one_wrong_value_anywhere_is_an_error_or_stored():
    """Each part of each good payload is replaced by junk: it is judged, and what passes can be stored."""
    world = World()
    files = {0: Upload("x.txt", b"x")}
    stored = refused = 0
    for _, good, _, _ in MESSAGES:
        for payload in filter(lambda value: isinstance(value, dict), mutations(good)):
            try:
                messages.validate(payload, files)
                message = messages.create(world, world.channel_id, payload, files, author=world.bot_user)
                messages.validate(payload, files, edit_of=message)
                json.dumps(messages.edit(world, message, payload, files))
                stored += 1
            except (ApiError, UnsupportedError):
                refused += 1
            if stored % 100 == 0:
                world = World()
    for _, good, _, _ in MODALS:
        for payload in filter(lambda value: isinstance(value, dict), mutations(good)):
            if not errors(check_modal(payload)):
                json.dumps(components.stored(payload["components"], dict))
                stored += 1
    assert stored > 100
    assert refused > 1000
