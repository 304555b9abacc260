"""Messages drawn as static HTML, for nbconvert, GitHub and other places without a kernel.

No scripts and no addresses of media: what a viewer opens must not call on another site.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from . import lines as around
from .console import (
    COMPONENTS_V2,
    EPHEMERAL,
    LOADING,
    answered,
    button_text,
    loose_files,
    media_name,
    notice,
    select_text,
)
from .markdown import parse
from .prose import to_html

Raw = Mapping[str, Any]

_FRAME: Final = (
    "background:#141419;color:#dfe0e4;border:1px solid #2b2a31;border-radius:8px;padding:8px 16px;"
    "max-width:700px;font:15px/1.4 'Noto Sans','Helvetica Neue',Helvetica,Arial,sans-serif"
)
_BOX: Final = (
    "border:1px solid #2b2a31;border-left:4px solid {};border-radius:6px;padding:8px 12px;margin:4px 0"
)
_COLORS: Final = {1: "#5865f2", 2: "#27262d", 3: "#008438", 4: "#c73c41", 5: "#27262d", 6: "#5865f2"}
_BUTTON: Final = "background:{};color:#fff;border:0;border-radius:8px;padding:6px 14px;margin:2px"
_QUOTE: Final = "border-left:4px solid #2b2a31;padding-left:12px"
_SELECT: Final = "border:1px solid #2b2a31;border-radius:8px;padding:6px 12px;margin:2px 0;max-width:400px"


def draw_channel(name: str, messages: Sequence[Raw], entities: Raw) -> str:
    """Draw a channel's messages as static HTML.

    Args:
        name: The channel's name.
        messages: Raw messages, oldest first.
        entities: Names by id, as `Channel.entities` gives them.

    Returns:
        One `div`; every text in it is escaped.
    """
    drawn = "".join(_message(message, entities) for message in messages) or "<p>No messages yet.</p>"
    return f'<div style="{_FRAME}"><div><b>#{escape(name)}</b></div>{drawn}</div>'


def _message(message: Raw, entities: Raw) -> str:
    author = message.get("author") or {}
    name = escape(around.name_of(author))
    flags = message.get("flags") or 0
    tag = " <small>APP</small>" if author.get("bot") else ""
    time = escape(str(message.get("timestamp") or "")[11:16])
    parts = [f"<div><b>{name}</b>{tag} <small>{time}</small></div>"]
    if line := answered(message, entities):
        parts.insert(0, f"<div><small>╭ {escape(line)}</small></div>")
    if flags & LOADING:
        parts.append(f"<i>{name} is thinking…</i>")
    elif said := notice(message, entities):
        parts.append(f"<i>{escape(said)}</i>")
    else:
        parts.append(_body(message, entities))
    if message.get("edited_timestamp"):
        parts.append("<small>(edited)</small>")
    hanging = filter(None, (around.reactions(message), around.thread(message)))
    parts += [f"<div><small>{escape(line)}</small></div>" for line in hanging]
    if flags & EPHEMERAL:
        parts.append("<div><small>Only you can see this</small></div>")
    return f'<div style="margin:8px 0">{"".join(parts)}</div>'


def _body(message: Raw, entities: Raw) -> str:
    parts = [_prose(message.get("content"), entities)]
    parts += [
        f'<div style="{_QUOTE}"><i>↪ Forwarded</i>{_body(original, entities)}</div>'
        for original in around.forwarded(message)
    ]
    parts += [_embed(embed, entities) for embed in message.get("embeds") or ()]
    if not (message.get("flags") or 0) & COMPONENTS_V2:
        parts += [_media(name) for name in loose_files(message)]
    return "".join([*parts, *(_component(item, entities) for item in message.get("components") or ())])


def _prose(text: str | None, entities: Raw) -> str:
    return f"<div>{to_html(parse(text), entities)}</div>" if text else ""


def _color(value: Any) -> str:
    return f"#{value:06x}" if isinstance(value, int) else "#2b2a31"


def _media(name: Any) -> str:
    return f"<div><small>🖼 {escape(media_name(name))}</small></div>"


def _component(component: Raw, entities: Raw) -> str:  # noqa: PLR0911 - one return for each kind
    kind = component.get("type")
    inner = "".join(_component(child, entities) for child in component.get("components") or ())
    if kind == 2:
        style = _BUTTON.format(_COLORS.get(component.get("style", 2), "#27262d"))
        faint = ";opacity:.5" if component.get("disabled") else ""
        return f'<button disabled style="{style}{faint}">{escape(button_text(component, entities))}</button>'
    if kind in (3, 5, 6, 7, 8):
        return f'<div style="{_SELECT}">{escape(select_text(component, entities))} ▾</div>'
    if kind == 9:
        accessory = _component(component.get("accessory") or {}, entities)
        return f'<div style="display:flex;justify-content:space-between"><div>{inner}</div>{accessory}</div>'
    if kind == 10:
        return _prose(component.get("content"), entities)
    if kind == 14:
        return "<br>" if component.get("divider") is False else "<hr>"
    if kind == 17:
        body = f"<details><summary>SPOILER</summary>{inner}</details>" if component.get("spoiler") else inner
        return f'<div style="{_BOX.format(_color(component.get("accent_color")))}">{body}</div>'
    items = [*(component.get("items") or ()), component]
    urls = [(item.get("media") or item.get("file") or {}).get("url") for item in items]
    return f"<div>{inner}</div>" if kind == 1 else "".join(_media(url) for url in urls if url)


def _embed(embed: Raw, entities: Raw) -> str:
    author = (embed.get("author") or {}).get("name")
    title = embed.get("title")
    fields = "".join(
        f"<div><b>{_prose(field.get('name'), entities)}</b>{_prose(field.get('value'), entities)}</div>"
        for field in embed.get("fields") or ()
    )
    parts = [
        f"<div><b>{escape(str(author))}</b></div>" if author else "",
        f"<b>{_prose(title, entities)}</b>" if title else "",
        _prose(embed.get("description"), entities),
        fields,
        *(_media(embed[name].get("url")) for name in ("image", "thumbnail") if embed.get(name)),
        f"<small>{escape(str(embed['footer'].get('text') or ''))}</small>" if embed.get("footer") else "",
    ]
    return f'<div style="{_BOX.format(_color(embed.get("color")))}">{"".join(parts)}</div>'
