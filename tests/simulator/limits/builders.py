"""Good components, messages and modals, in which a test makes one thing wrong."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

V2 = 1 << 15
IMAGE = "https://example.com/x.png"


def bare(**fields: Any) -> Json:
    return {"type": 2, **fields}


def button(**fields: Any) -> Json:
    return bare(**{"style": 1, "label": "Go", "custom_id": "go", **fields})


def buttons(count: int) -> list[Json]:
    return [button(custom_id=str(number)) for number in range(count)]


def row(*children: Json) -> Json:
    return {"type": 1, "components": list(children)}


def rows(*children: Json) -> Json:
    """A message with one row."""
    return {"components": [row(*children)]}


def v2(*components: Json, **fields: Any) -> Json:
    """A message of components of version 2."""
    return {"flags": V2, "components": list(components), **fields}


def text(content: str = "text", **fields: Any) -> Json:
    return {"type": 10, "content": content, **fields}


def texts(count: int) -> list[Json]:
    return [text("x") for _ in range(count)]


def option(value: str, **fields: Any) -> Json:
    return {"label": value or "x", "value": value, **fields}


def select(count: int = 2, **fields: Any) -> Json:
    options = [option(str(number)) for number in range(count)]
    return {"type": 3, "custom_id": "pick", "options": options, **fields}


def users(**fields: Any) -> Json:
    return {"type": 5, "custom_id": "who", **fields}


def channels(**fields: Any) -> Json:
    return {"type": 8, "custom_id": "where", **fields}


def section(*inside: Json, **fields: Any) -> Json:
    return {"type": 9, "components": list(inside) or [text()], "accessory": button(), **fields}


def box(*inside: Json, **fields: Any) -> Json:
    return {"type": 17, "components": list(inside), **fields}


def gallery(count: int, url: str = IMAGE, **fields: Any) -> Json:
    return {"type": 12, "items": [{"media": {"url": url}, **fields}] * count}


def thumb(url: str = IMAGE, **fields: Any) -> Json:
    return section(accessory={"type": 11, "media": {"url": url}, **fields})


def file(url: str, **fields: Any) -> Json:
    return {"type": 13, "file": {"url": url}, **fields}


def embeds(count: int = 1, **fields: Any) -> Json:
    """A message with embeds."""
    return {"embeds": [fields or {"title": "x"}] * count}


def label(component: Json | None = None, **fields: Any) -> Json:
    return {"type": 18, "label": "L", "component": component or field_(), **fields}


def field_(**fields: Any) -> Json:
    """A text input."""
    return {"type": 4, "custom_id": "t", "style": 1, **fields}


def group(kind: int, count: int, **fields: Any) -> Json:
    """A radio group (21) or a checkbox group (22)."""
    return {"type": kind, "custom_id": "g", "options": [option(str(n)) for n in range(count)], **fields}


def upload(**fields: Any) -> Json:
    return {"type": 19, "custom_id": "f", **fields}


def inputs(count: int) -> list[Json]:
    return [label(field_(custom_id=str(number))) for number in range(count)]


def modal(*components: Json, **fields: Any) -> Json:
    return {"custom_id": "m", "title": "T", "components": list(components), **fields}
