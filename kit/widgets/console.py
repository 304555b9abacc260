"""Messages drawn as text, for terminals and for places without a browser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from . import lines as around
from .markdown import parse
from .prose import to_line, to_text

Raw = Mapping[str, Any]

EPHEMERAL: Final = 1 << 6
LOADING: Final = 1 << 7
COMPONENTS_V2: Final = 1 << 15

_RULE: Final = "─" * 40
_ENTITY_KINDS: Final = {5: ("users",), 6: ("roles",), 7: ("users", "roles"), 8: ("channels",)}
_BLOCKED: Final = "░"


def draw_channel(name: str, messages: Sequence[Raw], entities: Raw) -> str:
    """Draw a channel's messages as text.

    Args:
        name: The channel's name.
        messages: Raw messages, oldest first.
        entities: Names by id, as `Channel.entities` gives them.

    Returns:
        Lines with buttons as [Label], disabled ones as (Label), and selects as [▾ what is shown].
    """
    lines = [f"#{name}"]
    for message in messages:
        lines += [_RULE, *draw_message(message, entities)]
    if not messages:
        lines += [_RULE, "No messages yet."]
    return "\n".join(lines)


def draw_message(message: Raw, entities: Raw) -> list[str]:
    """Draw one message as lines of text."""
    author = message.get("author") or {}
    name = around.name_of(author)
    flags = message.get("flags") or 0
    tag = " APP" if author.get("bot") else ""
    edited = " (edited)" if message.get("edited_timestamp") else ""
    lines = [f"{name}{tag}  {str(message.get('timestamp') or '')[11:16]}{edited}"]
    if line := answered(message, entities, limit=80):
        lines.insert(0, f"╭ {line}")
    if flags & LOADING:
        lines.append(f"{name} is thinking…")
    elif said := notice(message, entities):
        lines.append(said)
    else:
        lines += _body(message, entities)
    lines += filter(None, (around.reactions(message), around.thread(message)))
    if flags & EPHEMERAL:
        lines.append("Only you can see this")
    return lines


def _body(message: Raw, entities: Raw) -> Iterator[str]:
    if message.get("content"):
        yield from prose(message["content"], entities).split("\n")
    for original in around.forwarded(message):
        yield "↪ Forwarded"
        yield from (f"│ {line}" for line in _body(original, entities))
    for embed in message.get("embeds") or ():
        yield from (f"┃ {line}" for line in _embed(embed, entities))
    if not (message.get("flags") or 0) & COMPONENTS_V2:
        yield from (f"[file: {name}]" for name in loose_files(message))
    for component in message.get("components") or ():
        yield from _component(component, entities)


def notice(message: Raw, entities: Raw) -> str | None:
    """Return what a message of Discord's own says, or None if its author wrote it."""
    return around.notice(message, quote(message.get("referenced_message") or {}, entities))


def answered(message: Raw, entities: Raw, *, limit: int = 200) -> str | None:
    """Return the line above a message, of the command that was used or of the message that it answers."""
    found = around.answered(message, quote(message.get("referenced_message") or {}, entities, limit=limit))
    if found is None:
        return None
    if found["author"] is None:
        return str(found["text"])
    author = found["author"].get("username", "unknown")
    return f"@{author}: {found['text']}" if found["quoted"] else f"@{author} {found['text']}"


def quote(message: Raw, entities: Raw, *, limit: int = 200) -> str:
    """Return what stands in the line above an answer to `message`: its content or its first text."""
    texts = [message.get("content"), *component_texts(message.get("components") or ())]
    return to_line(parse(next(filter(None, texts), "")), entities, limit=limit)


def component_texts(components: Sequence[Raw]) -> Iterator[str]:
    """Yield the markdown of text displays, in the order they are read."""
    for component in components:
        if component.get("content"):
            yield component["content"]
        yield from component_texts(component.get("components") or ())


def prose(text: str | None, entities: Raw) -> str:
    """Return a markdown text as it reads in a terminal."""
    return to_text(parse(text), entities) if text else ""


def button_text(component: Raw, entities: Raw) -> str:
    """Return what a button says, its emoji first."""
    emoji = component.get("emoji") or {}
    face = f":{emoji['name']}:" if emoji.get("id") else emoji.get("name") or ""
    label = component.get("label") or ""
    if component.get("style") == 6:
        sku = (entities.get("skus") or {}).get(component.get("sku_id")) or {}
        label = f"{sku['name']} - {sku['price']}" if sku else "Premium"
    said = " ".join(part for part in (face, label) if part)
    return f"{said} ↗" if component.get("style") == 5 else said


def select_text(component: Raw, entities: Raw) -> str:
    """Return what a closed select shows: its defaults, or its placeholder."""
    chosen = [option.get("label", "") for option in component.get("options") or () if option.get("default")]
    kinds = _ENTITY_KINDS.get(component.get("type", 0), ())
    for default in component.get("default_values") or ():
        known = [(entities.get(kind) or {}).get(default.get("id")) for kind in kinds]
        found: Raw = next((entity for entity in known if entity), {})
        chosen.append(
            found.get("global_name") or found.get("username") or found.get("name") or str(default.get("id"))
        )
    return ", ".join(chosen) or component.get("placeholder") or "Make a selection"


def media_name(url: Any) -> str:
    """Return the last part of a media address, which is its file's name."""
    return str(url or "").split("?")[0].rstrip("/").rsplit("/", 1)[-1][:100] or "media"


def loose_files(message: Raw) -> list[str]:
    """Return the names of the attachments that neither an embed nor a component shows."""
    shown = set(_urls(message.get("embeds") or ())) | set(_urls(message.get("components") or ()))
    return [
        str(item.get("filename"))
        for item in message.get("attachments") or ()
        if not shown & {item.get("url"), f"attachment://{item.get('filename')}"}
    ]


def _urls(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        yield from (item for name, item in value.items() if name in ("url", "icon_url"))
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _urls(item)


def _component(component: Raw, entities: Raw) -> Iterator[str]:
    kind = component.get("type")
    children = component.get("components") or ()
    if kind == 1:
        yield " ".join(line for child in children for line in _component(child, entities))
    elif kind == 2:
        said = button_text(component, entities)
        yield f"({said})" if component.get("disabled") else f"[{said}]"
    elif kind in (3, 5, 6, 7, 8):
        said = select_text(component, entities)
        yield f"(▾ {said})" if component.get("disabled") else f"[▾ {said}]"
    elif kind == 9:
        lines = [line for child in children for line in _component(child, entities)]
        accessory = " ".join(_component(component.get("accessory") or {}, entities))
        yield f"{lines[0] if lines else ''}  {accessory}".rstrip()
        yield from lines[1:]
    elif kind == 10:
        yield from prose(component.get("content"), entities).split("\n")
    elif kind == 14:
        yield "" if component.get("divider") is False else "─" * 24
    elif kind == 17:
        inner = [line for child in children for line in _component(child, entities)]
        hidden = component.get("spoiler")
        yield from (f"┃ {_BLOCKED * 8 if hidden else line}" for line in (inner[:1] if hidden else inner))
    else:
        yield from _media(component)


def _media(component: Raw) -> Iterator[str]:
    kind = component.get("type")
    if kind == 11:
        yield f"[image: {media_name((component.get('media') or {}).get('url'))}]"
    elif kind == 12:
        names = (media_name((item.get("media") or {}).get("url")) for item in component.get("items") or ())
        yield " ".join(f"[image: {name}]" for name in names)
    elif kind == 13:
        yield f"[file: {media_name((component.get('file') or {}).get('url'))}]"
    elif kind is not None:
        yield f"(component type {kind})"


def _embed(embed: Raw, entities: Raw) -> Iterator[str]:
    if embed.get("author"):
        yield str(embed["author"].get("name") or "")
    if embed.get("title"):
        yield prose(embed["title"], entities)
    yield from (line for line in prose(embed.get("description"), entities).split("\n") if line)
    for field in embed.get("fields") or ():
        value = prose(field.get("value"), entities).replace("\n", "\n  ")
        yield from f"{prose(field.get('name'), entities)}: {value}".split("\n")
    for name in ("image", "thumbnail"):
        if embed.get(name):
            yield f"[image: {media_name(embed[name].get('url'))}]"
    if embed.get("footer"):
        yield str(embed["footer"].get("text") or "")
