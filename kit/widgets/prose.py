"""Markdown trees drawn without a browser: as static HTML and as the text of a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any, Final

from .inline import Node

Entities = Mapping[str, Any]

_HTML_TAGS: Final = {"strong": "strong", "em": "em", "underline": "u", "strike": "s", "subtext": "small"}
_TEXT_MARKS: Final = {"strong": "**", "em": "*", "underline": "__", "strike": "~~", "code": "`"}
_BULLETS: Final = "•◦▪"
_HIDDEN: Final = "▒▒▒▒▒▒"
_BLOCKS: Final = frozenset({"heading", "subtext", "quote", "list", "pre"})
_NAVIGATION: Final = {
    "customize": "Channels & Roles",
    "browse": "Browse Channels",
    "guide": "Server Guide",
    "home": "Server Guide",
}
_UNITS: Final = (
    ("year", 31_536_000),
    ("month", 2_592_000),
    ("day", 86_400),
    ("hour", 3_600),
    ("minute", 60),
)


def to_html(nodes: Sequence[Node], entities: Entities | None = None) -> str:
    """Draw a tree as static HTML; every text and every attribute is escaped.

    Args:
        nodes: What `parse` returned.
        entities: Names of users, roles, channels and commands, as `Channel.entities` gives them.

    Returns:
        HTML without scripts, styles or addresses other than those of links.
    """
    return "".join(_html(node, entities or {}) for node in nodes)


def _html(node: Node, entities: Entities) -> str:  # noqa: PLR0911 - one return for each kind
    kind = node["type"]
    if kind == "text":
        return escape(node["text"]).replace("\n", "<br>")
    if kind == "break":
        return "<br>"
    if kind in _HTML_TAGS:
        tag = _HTML_TAGS[kind]
        inner = to_html(node["children"], entities)
        return f"<div><{tag}>{inner}</{tag}></div>" if kind == "subtext" else f"<{tag}>{inner}</{tag}>"
    if kind == "heading":
        return f"<h{node['level']}>{to_html(node['children'], entities)}</h{node['level']}>"
    if kind == "quote":
        return f"<blockquote>{to_html(node['children'], entities)}</blockquote>"
    if kind == "list":
        items = "".join(f"<li>{to_html(item, entities)}</li>" for item in node["items"])
        return f'<ol start="{node["start"]}">{items}</ol>' if node["ordered"] else f"<ul>{items}</ul>"
    if kind == "code":
        return f"<code>{escape(node['text'])}</code>"
    if kind == "pre":
        return f"<pre><code>{escape(node['text'])}</code></pre>"
    if kind == "spoiler":
        return f"<span title='spoiler'>▒{to_html(node['children'], entities)}▒</span>"
    if kind == "link":
        inner = to_html(node["children"], entities)
        return f'<a href="{escape(node["url"])}" rel="noopener noreferrer nofollow">{inner}</a>'
    return f"<span>{escape(label(node, entities))}</span>"


def to_text(nodes: Sequence[Node], entities: Entities | None = None) -> str:
    """Draw a tree as text for a terminal: blocks on lines of their own, emphasis kept as marks.

    Args:
        nodes: What `parse` returned.
        entities: Names of users, roles, channels and commands, as `Channel.entities` gives them.

    Returns:
        Plain text, without a newline at its end.
    """
    return _text(nodes, entities or {}, 0).strip("\n")


def to_line(nodes: Sequence[Node], entities: Entities | None = None, *, limit: int = 200) -> str:
    """Say a tree on one line without marks, as the line above a reply does.

    Args:
        nodes: What `parse` returned.
        entities: Names of users, roles, channels and commands.
        limit: The most characters.

    Returns:
        The words alone; what a spoiler hides stays hidden.
    """
    return " ".join("".join(_words(nodes, entities or {})).split())[:limit]


def _words(nodes: Sequence[Node], entities: Entities) -> Iterator[str]:
    for node in nodes:
        if node["type"] == "spoiler":
            yield _HIDDEN
        elif node["type"] == "list":
            for item in node["items"]:
                yield from (" ", *_words(item, entities))
            yield " "
        elif "children" in node:
            yield from _words(node["children"], entities)
            yield " " if node["type"] in _BLOCKS else ""
        else:
            yield " " if node["type"] == "break" else str(node.get("text") or label(node, entities))


def _text(nodes: Sequence[Node], entities: Entities, level: int) -> str:
    parts: list[str] = []
    for node in nodes:
        block = node["type"] in _BLOCKS
        if block and parts and not parts[-1].endswith("\n"):
            parts.append("\n")
        parts.append(_text_of(node, entities, level))
        if block:
            parts.append("\n")
    return "".join(parts)


def _text_of(node: Node, entities: Entities, level: int) -> str:  # noqa: PLR0911 - one return for each kind
    kind = node["type"]
    if kind == "text":
        return str(node["text"])
    if kind == "break":
        return "\n"
    if kind == "code":
        return f"`{node['text']}`"
    if kind == "pre":
        return "\n".join(f"    {line}" for line in node["text"].split("\n"))
    if kind == "list":
        return "\n".join(
            _item(item, f"{node['start'] + index}." if node["ordered"] else "", entities, level)
            for index, item in enumerate(node["items"])
        )
    if "children" not in node:
        return label(node, entities)
    inner = _text(node["children"], entities, level).strip("\n")
    if kind == "heading":
        return f"{'#' * node['level']} {inner}"
    if kind == "quote":
        return "\n".join(f"▏ {line}" for line in inner.split("\n"))
    if kind == "spoiler":
        return _HIDDEN
    if kind == "link":
        return inner if inner == node["url"] else f"{inner} <{node['url']}>"
    mark = _TEXT_MARKS.get(kind, "")
    return f"{mark}{inner}{mark}"


def _item(item: Sequence[Node], number: str, entities: Entities, level: int) -> str:
    mark = number or _BULLETS[min(level, len(_BULLETS) - 1)]
    return f"{mark} " + _text(item, entities, level + 1).strip("\n").replace("\n", "\n  ")


def label(  # noqa: PLR0911 - one return for each kind
    node: Node, entities: Entities, *, now: datetime | None = None
) -> str:
    """Return what a mention, a timestamp or an emoji says.

    Args:
        node: A node without children.
        entities: Names of users, roles, channels and commands.
        now: The time that relative timestamps count from; the current time by default.

    Returns:
        The words Discord shows; an unknown id shows as Discord shows an unknown one.
    """
    kind = node["type"]
    if kind == "user":
        user = entities.get("users", {}).get(node["id"], {})
        return f"@{user.get('global_name') or user.get('username') or 'unknown-user'}"
    if kind == "role":
        return f"@{entities.get('roles', {}).get(node['id'], {}).get('name', 'deleted-role')}"
    if kind == "channel":
        return f"#{entities.get('channels', {}).get(node['id'], {}).get('name', 'unknown')}"
    if kind == "command":
        return f"/{node['name']}"
    if kind == "navigation":
        return _NAVIGATION.get(node["kind"], "Linked Roles")
    if kind == "emoji":
        return f":{node['name']}:"
    if kind == "time":
        return timestamp(node["at"], node["style"], now=now)
    return str(node.get("text", ""))


def timestamp(at: int, style: str, *, now: datetime | None = None) -> str:
    """Say a moment as Discord does in English, in UTC.

    Args:
        at: Seconds since 1970.
        style: One of the letters of the developer docs page "Reference > Message Formatting".
        now: The time that `R` counts from; the current time by default.

    Returns:
        For example "October 9, 2025 at 8:53 AM" or "3 months ago".
    """
    now = now or datetime.now(UTC)
    if style == "R":
        return _relative(at - round(now.timestamp()))
    when = datetime.fromtimestamp(at, UTC)
    hour = when.hour % 12 or 12
    half = "AM" if when.hour < 12 else "PM"
    clock = f"{hour}:{when:%M} {half}"
    precise = f"{hour}:{when:%M:%S} {half}"
    short = f"{when.month}/{when.day}/{when:%y}"
    long = f"{when:%B} {when.day}, {when.year}"
    styles = {
        "t": clock,
        "T": precise,
        "d": short,
        "D": long,
        "f": f"{long} at {clock}",
        "F": f"{when:%A}, {long} at {clock}",
        "s": f"{short}, {clock}",
        "S": f"{short}, {precise}",
    }
    return styles[style]


def _relative(seconds: int) -> str:
    for unit, size in _UNITS:
        count = round(abs(seconds) / size)
        if abs(seconds) >= size:
            words = f"{count} {unit}{'s' * (count != 1)}"
            return f"in {words}" if seconds > 0 else f"{words} ago"
    return "in a few seconds" if seconds > 0 else "a few seconds ago"
