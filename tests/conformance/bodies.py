"""Bodies that have every kind of component, field and option on them."""

from __future__ import annotations

import base64
from typing import Any

Json = dict[str, Any]

V2 = 1 << 15
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + (4).to_bytes(4) + (3).to_bytes(4)
IMAGE_DATA = "data:image/png;base64," + base64.b64encode(PNG).decode()
LINK = "https://example.com/x.png"


def _button(custom_id: str, **fields: Any) -> Json:
    return {"type": 2, "style": 1, "label": custom_id, "custom_id": custom_id, **fields}


def _options(count: int, **fields: Any) -> list[Json]:
    texts = {"description": "d", "emoji": {"name": "🎉"}} | fields
    return [{"label": str(number), "value": str(number), **texts} for number in range(count)]


def legacy() -> Json:
    """A message as it was before components of version 2."""
    selects: list[Json] = [
        {
            "type": 3,
            "custom_id": "s3",
            "options": [*_options(2), {"label": "x", "value": "x"}],
            "max_values": 2,
        },
        {"type": 5, "custom_id": "s5", "placeholder": "who"},
        {"type": 8, "custom_id": "s8", "channel_types": [0, 2], "min_values": 0},
    ]
    buttons = [
        _button("go", emoji={"name": "🎉", "id": None}),
        _button("no", style=4, disabled=True, label=None, emoji={"name": "x", "id": "5", "animated": True}),
        {"type": 2, "style": 5, "label": "link", "url": "https://example.com"},
        {"type": 2, "style": 6, "sku_id": "7"},
    ]
    embed = {
        "title": "t",
        "description": "d",
        "url": "https://example.com",
        "color": 5,
        "timestamp": "2026-01-01T00:00:00Z",
        "fields": [{"name": "n", "value": "v", "inline": True}, {"name": "n", "value": "v"}],
        "footer": {"text": "f", "icon_url": LINK},
        "author": {"name": "a", "url": LINK, "icon_url": None},
        "image": {"url": LINK},
        "thumbnail": {"url": LINK},
    }
    rows = [{"type": 1, "components": buttons}, *({"type": 1, "components": [one]} for one in selects)]
    return {"content": "x", "embeds": [embed], "components": rows, "nonce": "n", "tts": False}


def layout(user_id: str, role_id: str) -> Json:
    """A message of components of version 2, with an uploaded file in it."""
    section = {
        "type": 9,
        "components": [{"type": 10, "content": "text"}],
        "accessory": {"type": 11, "media": {"url": LINK}, "description": "alt", "spoiler": True},
    }
    picks = [{"id": user_id, "type": "user"}, {"id": role_id, "type": "role"}]
    return {
        "flags": V2,
        "components": [
            {"type": 10, "id": 9, "content": "text"},
            section,
            {**section, "accessory": _button("beside")},
            {
                "type": 17,
                "accent_color": 0xFF,
                "spoiler": False,
                "components": [
                    {"type": 14, "divider": False, "spacing": 2},
                    {
                        "type": 12,
                        "items": [{"media": {"url": LINK}}, {"media": {"url": "attachment://x.png"}}],
                    },
                    {"type": 13, "file": {"url": "attachment://x.png"}, "spoiler": True},
                    {"type": 1, "components": [{"type": 6, "custom_id": "s6"}]},
                ],
            },
            {
                "type": 1,
                "components": [{"type": 7, "custom_id": "s7", "max_values": 2, "default_values": picks}],
            },
        ],
    }


def modal() -> Json:
    """A modal with every kind of input, in two: five is the most that one has."""
    return {
        "custom_id": "m",
        "title": "T",
        "components": [
            {"type": 10, "content": "text"},
            {"type": 18, "label": "a", "component": {"type": 4, "custom_id": "a", "style": 1, "value": "v"}},
            {"type": 18, "label": "b", "description": "d", "component": {"type": 5, "custom_id": "b"}},
            {
                "type": 18,
                "label": "c",
                "component": {"type": 21, "custom_id": "c", "options": _options(2, emoji=None)},
            },
            {"type": 18, "label": "d", "component": {"type": 23, "custom_id": "d", "default": True}},
        ],
    }


def second_modal() -> Json:
    """The other kinds of input."""
    return {
        "custom_id": "m",
        "title": "T",
        "components": [
            {
                "type": 1,
                "components": [{"type": 4, "custom_id": "a", "style": 2, "label": "l", "required": False}],
            },
            {"type": 18, "label": "b", "component": {"type": 3, "custom_id": "b", "options": _options(2)}},
            {"type": 18, "label": "c", "component": {"type": 19, "custom_id": "c", "required": False}},
            {
                "type": 18,
                "label": "d",
                "component": {
                    "type": 22,
                    "custom_id": "d",
                    "options": _options(2, emoji=None),
                    "min_values": 2,
                },
            },
            {"type": 18, "label": "e", "component": {"type": 8, "custom_id": "e"}},
        ],
    }


def command() -> Json:
    """A slash command with a subcommand and every type of option."""
    options = [
        {"type": kind, "name": f"o{kind}", "description": "d", "required": kind < 6} for kind in range(3, 12)
    ]
    options[0]["choices"] = [{"name": "c", "value": "v", "name_localizations": {"de": "c"}}]
    options[1].update(min_value=1, max_value=5)
    return {
        "name": "cmd",
        "name_localizations": {"de": "befehl"},
        "description": "d",
        "description_localizations": {"de": "d"},
        "options": [
            {
                "type": 2,
                "name": "g",
                "description": "d",
                "options": [{"type": 1, "name": "s", "description": "d", "options": options}],
            }
        ],
        "default_member_permissions": "8",
        "contexts": [0, 1],
        "integration_types": [0],
        "nsfw": False,
    }
