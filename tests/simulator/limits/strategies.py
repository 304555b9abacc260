"""Messages and modals that Discord takes, of any shape within the bounds."""

from __future__ import annotations

import string
from typing import Any

from hypothesis import strategies as st

from tests.simulator.limits.builders import V2

Json = dict[str, Any]

SIGNS = ("🎉", "✅", "❤️", "👩‍👩‍👧‍👦", "🇩🇪", "1️⃣")
EMOJI_IDS = ("5", "123456789012345678")
ADDRESSES = ("https://example.com/x.png", "http://127.0.0.1:1/a?b=c#d", "attachment://x.txt")
MAX_TOTAL, MAX_TEXT = 40, 4000


def texts(low: int, high: int) -> st.SearchStrategy[str]:
    """Any text within bounds, short ones mostly, with space around it or not; half a character is no JSON."""
    letters = st.text(st.characters(exclude_categories=["Cs"]), min_size=low, max_size=min(high, 12))
    return st.one_of(letters, st.just("x" * high), st.just("字" * max(low, 1)))


def _some(required: Json, optional: Json) -> st.SearchStrategy[Json]:
    """An object with some of its optional fields; a field that is left out may be null as well."""
    nullable = {key: st.one_of(st.none(), value) for key, value in optional.items()}
    return st.fixed_dictionaries(required, optional=nullable)


FLAG = st.booleans()
EMOJI = st.one_of(
    st.fixed_dictionaries({"name": st.sampled_from(SIGNS)}, optional={"id": st.none(), "animated": FLAG}),
    st.fixed_dictionaries({"name": texts(1, 32), "id": st.sampled_from((*EMOJI_IDS, 5))}),
)
MEDIA = st.fixed_dictionaries({"url": st.sampled_from(ADDRESSES)})
CUSTOM_ID = st.text(string.ascii_letters + ":🎉", min_size=1, max_size=100)


def _labelled(fields: Json) -> st.SearchStrategy[Json]:
    return st.one_of(
        _some({**fields, "label": texts(1, 80)}, {"emoji": EMOJI, "disabled": FLAG}),
        _some({**fields, "emoji": EMOJI}, {"label": st.none(), "disabled": FLAG}),
    )


BUTTON = st.one_of(
    _labelled({"type": st.just(2), "style": st.integers(1, 4), "custom_id": CUSTOM_ID}),
    _labelled(
        {"type": st.just(2), "style": st.just(5), "url": st.sampled_from(("https://x.y", "discord://-/x"))}
    ),
    st.fixed_dictionaries({"type": st.just(2), "style": st.just(6), "sku_id": st.sampled_from(("5", 5))}),
)


@st.composite
def options(draw: Any, low: int, high: int, *, emoji: bool = True, default: bool = True) -> list[Json]:
    """The options of a select or a group, values unique, at most one of them the default."""
    fields = {"description": texts(0, 100), **({"emoji": EMOJI} if emoji else {})}
    one = _some({"label": texts(1, 100), "value": texts(1, 100)}, fields)
    found = draw(st.lists(one, min_size=low, max_size=high, unique_by=lambda option: option["value"]))
    if default and draw(FLAG):
        found[0]["default"] = True
    return found


@st.composite
def _counts(draw: Any, most: int, *, least: int = 0) -> Json:
    high = draw(st.integers(1, most))
    low = draw(st.integers(min(least, high), high))
    chosen = draw(st.sampled_from(("none", "high", "both")))
    return (
        {} if chosen == "none" else {"max_values": high, **({"min_values": low} if chosen == "both" else {})}
    )


@st.composite
def string_selects(draw: Any, *, modal: bool = False) -> Json:
    """A select of texts."""
    found = draw(options(1, 5))
    counts = draw(_counts(len(found), least=int(modal)))
    fields = {"placeholder": texts(0, 150), **({} if modal else {"disabled": FLAG})}
    base = {"type": st.just(3), "custom_id": CUSTOM_ID, "options": st.just(found)}
    return {**draw(_some(base, fields)), **counts}


@st.composite
def entity_selects(draw: Any, *, modal: bool = False) -> Json:
    """A select of users, roles, either, or channels."""
    kind = draw(st.integers(5, 8))
    fields: Json = {"placeholder": texts(0, 150)}
    if kind == 8:
        fields["channel_types"] = st.lists(st.sampled_from((0, 2, 4, 5, 13, 15, 16)), unique=True)
    data = draw(_some({"type": st.just(kind), "custom_id": CUSTOM_ID}, fields))
    data.update(draw(_counts(25, least=int(modal))))
    if draw(FLAG):
        chosen = {5: "user", 6: "role", 7: "role", 8: "channel"}[kind]
        count = data.get("max_values", 1)
        data["default_values"] = [{"id": str(number + 1), "type": chosen} for number in range(count)]
    return data


SELECT = st.one_of(string_selects(), entity_selects())
ROW = st.one_of(
    st.lists(BUTTON, min_size=1, max_size=5).map(lambda found: {"type": 1, "components": found}),
    SELECT.map(lambda found: {"type": 1, "components": [found]}),
)
ALT = {"description": texts(1, 1024), "spoiler": FLAG}
TEXT = st.fixed_dictionaries(
    {"type": st.just(10), "content": st.text(string.printable, min_size=1, max_size=99)}
)
SECTION = st.fixed_dictionaries(
    {
        "type": st.just(9),
        "components": st.lists(TEXT, min_size=1, max_size=3),
        "accessory": st.one_of(BUTTON, _some({"type": st.just(11), "media": MEDIA}, ALT)),
    }
)
GALLERY = st.fixed_dictionaries(
    {"type": st.just(12), "items": st.lists(_some({"media": MEDIA}, ALT), min_size=1, max_size=10)}
)
FILE = _some({"type": st.just(13), "file": st.just({"url": "attachment://x.txt"})}, {"spoiler": FLAG})
SEPARATOR = _some({"type": st.just(14)}, {"divider": FLAG, "spacing": st.integers(1, 2)})
INSIDE = st.one_of(ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR)
CONTAINER = _some(
    {"type": st.just(17), "components": st.lists(INSIDE, min_size=1, max_size=4)},
    {"accent_color": st.integers(0, 0xFFFFFF), "spoiler": FLAG},
)
ADDRESS = st.sampled_from(ADDRESSES[:2])
FIELD = _some({"name": st.just("n"), "value": texts(1, 50)}, {"inline": FLAG})
EMBED = _some(
    {"description": st.text(string.ascii_letters, min_size=1, max_size=200)},
    {
        "title": st.text(string.ascii_letters, max_size=99),
        "url": ADDRESS,
        "color": st.integers(0, 0xFFFFFF),
        "timestamp": st.datetimes().map(lambda moment: moment.isoformat()),
        "fields": st.lists(FIELD, max_size=5).filter(lambda found: all(f["value"].strip() for f in found)),
        "footer": _some({"text": st.just("f")}, {"icon_url": ADDRESS}),
        "author": _some({"name": st.just("a")}, {"url": ADDRESS, "icon_url": ADDRESS}),
        "image": st.fixed_dictionaries({"url": ADDRESS}),
        "thumbnail": st.fixed_dictionaries({"url": ADDRESS}),
    },
)


def nested(value: Any) -> list[Json]:
    """Every object with a type, at any depth, in the order it stands there."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    mine = [value] if isinstance(value, dict) and isinstance(value.get("type"), int) else []
    return mine + [found for part in inner for found in nested(part)]


def _distinct(components: list[Json]) -> list[Json]:
    """The same components with custom ids of their own, and some of them numbered."""
    for number, component in enumerate(nested(components)):
        if "custom_id" in component:
            component["custom_id"] = f"{number}{component['custom_id']}"[:100]
        if number % 3 == 1:
            component["id"] = number
    return components


def _fits(message: Json) -> bool:
    everything = nested(message["components"])
    shown = sum(len(component.get("content", "")) for component in everything)
    return len(everything) <= MAX_TOTAL and shown <= MAX_TEXT


LEGACY = _some(
    {"content": texts(1, 2000).filter(str.strip)},
    {
        "embeds": st.lists(EMBED, max_size=2),
        "components": st.lists(ROW, max_size=5).map(_distinct),
        "tts": FLAG,
        "nonce": texts(0, 25),
        "flags": st.sampled_from((0, 4, 4096)),
        "allowed_mentions": _some(
            {}, {"parse": st.just(["users"]), "roles": st.just(["5"]), "replied_user": FLAG}
        ),
    },
)
LAYOUT = (
    st.lists(st.one_of(INSIDE, CONTAINER), min_size=1, max_size=5)
    .map(_distinct)
    .map(lambda found: {"flags": V2, "components": found})
    .filter(_fits)
)
MESSAGES = st.one_of(LEGACY, LAYOUT)


@st.composite
def _groups(draw: Any) -> Json:
    kind = draw(st.integers(21, 22))
    found = draw(options(2 if kind == 21 else 1, 5, emoji=False))
    counts = draw(_counts(len(found), least=1)) if kind == 22 else {}
    return {"type": kind, "custom_id": draw(CUSTOM_ID), "options": found, **counts}


@st.composite
def _fields(draw: Any) -> Json:
    low = draw(st.integers(0, 10))
    fields = {"value": st.just("x" * low), "placeholder": texts(0, 100), "required": FLAG}
    base = {"type": st.just(4), "custom_id": CUSTOM_ID, "style": st.integers(1, 2)}
    data = draw(_some(base, fields))
    return {**data, "min_length": low, "max_length": draw(st.integers(max(low, 1), 4000))}


KINDS = st.lists(st.sampled_from(("image", "video", ".pdf")), max_size=3)
UPLOAD = _some(
    {"type": st.just(19), "custom_id": CUSTOM_ID}, {"max_values": st.integers(1, 10), "file_types": KINDS}
)
CHECKBOX = _some({"type": st.just(23), "custom_id": CUSTOM_ID}, {"default": FLAG})
INPUT = st.one_of(
    _fields(), _groups(), UPLOAD, CHECKBOX, string_selects(modal=True), entity_selects(modal=True)
)
LABEL = _some(
    {"type": st.just(18), "label": texts(1, 45), "component": INPUT}, {"description": texts(1, 100)}
)
OLD_ROW = _fields().map(lambda found: {"type": 1, "components": [{**found, "label": "l"}]})
MODALS = st.fixed_dictionaries(
    {
        "custom_id": CUSTOM_ID,
        "title": texts(1, 45),
        "components": st.lists(st.one_of(LABEL, TEXT, OLD_ROW), min_size=1, max_size=5).map(_distinct),
    }
)
