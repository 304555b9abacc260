"""Where Discord's description of its API and Discord itself, or its docs, say different things."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

Json = dict[str, Any]


@dataclass(frozen=True)
class Correction:
    """The description refuses what Discord takes, or gives.

    Args:
        name: What it is about.
        side: Whether it holds for what bots send, for what Discord answers and tells, or for both.
        reason: Who says so.
        apply: Mends the schemas of the document in place.
    """

    name: str
    side: Literal["request", "answer", "both"]
    reason: str
    apply: Callable[[Json], None]


@dataclass(frozen=True)
class Stricter:
    """The description takes what Discord refuses, so that our rule is the tighter one.

    Args:
        rule: Our rule.
        reason: Who says so.
        schema: The schema that takes it.
        payload: What is refused.
    """

    rule: str
    reason: str
    schema: str
    payload: Json


def _properties(document: Json) -> Iterator[tuple[str, Any]]:
    """Every property of every object, by its name."""
    stack: list[Any] = [document]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            properties = node.get("properties")
            if isinstance(properties, dict):
                yield from properties.items()
            stack += node.values()
        elif isinstance(node, list):
            stack += node


def _schemas(document: Json) -> Json:
    return document["components"]["schemas"]


def _inner_codes_are_words(document: Json) -> None:
    words = {"type": "object", "required": ["code", "message"], "properties": {}}
    words["properties"] = {"code": {"type": "string"}, "message": {"type": "string"}}
    leaf = {"type": "array", "items": words}
    _schemas(document)["InnerErrors"]["properties"]["_errors"] = leaf
    # A list of errors may stand beside the errors of its items, which neither branch of the union allows.
    _schemas(document)["ErrorDetails"] = {
        "type": "object",
        "properties": {"_errors": leaf},
        "additionalProperties": {"$ref": "#/components/schemas/ErrorDetails"},
    }


def _ids_may_be_numbers(document: Json) -> None:
    _schemas(document)["SnowflakeType"]["type"] = ["string", "integer"]


def _bit_sets_are_texts(document: Json) -> None:
    for name, schema in _properties(document):
        bits = name in ("allow", "deny", "permissions", "default_member_permissions")
        if bits and schema.get("type") == ["integer", "null"]:
            schema["type"] = ["integer", "string", "null"]


def _moments_without_offset(document: Json) -> None:
    for _, schema in _properties(document):
        if schema.get("format") == "date-time":
            del schema["format"]


def _emoji_by_id(document: Json) -> None:
    _schemas(document)["ComponentEmojiForRequest"]["required"] = []


def _embeds_are_trimmed(document: Json) -> None:
    for name in ("RichEmbed", "RichEmbedField", "RichEmbedFooter", "RichEmbedAuthor"):
        for key, schema in _schemas(document)[name]["properties"].items():
            if key in ("title", "description", "name", "value", "text"):
                del schema["maxLength"]


def _media_channels(document: Json) -> None:
    _schemas(document)["ChannelTypes"]["oneOf"].append({"title": "GUILD_MEDIA", "const": 16})
    for name, schema in _properties(document):
        for kind in (schema, *schema.get("oneOf", ())) if name == "type" else ():
            if kind.get("enum") == [0, 2, 4, 5, 13, 14, 15]:
                kind["enum"].append(16)


def _resolved_channels_are_partial(document: Json) -> None:
    partial = {"type": "object", "required": ["id", "name", "type", "permissions"]}
    _schemas(document)["ResolvedObjectsResponse"]["properties"]["channels"]["additionalProperties"] = partial


def _forwards(document: Json) -> None:
    _schemas(document)["MessageReferenceType"]["oneOf"].append({"title": "FORWARD", "const": 1})


FORWARDS = (
    "The page Message Resource, Message Reference Types: 1 forwards a message; the description has 0 alone."
)

CORRECTIONS = (
    Correction("forwards, sent", "request", FORWARDS, _forwards),
    Correction("forwards", "answer", FORWARDS, _forwards),
    Correction(
        "inner error codes",
        "answer",
        "The page API Reference, Error Messages: an inner code is a word such as BASE_TYPE_REQUIRED; the "
        "description has the integer of the outer one.",
        _inner_codes_are_words,
    ),
    Correction(
        "ids as numbers",
        "request",
        "The page API Reference, ID Serialization: Discord takes ids as integers too; discord.py sends them so.",
        _ids_may_be_numbers,
    ),
    Correction(
        "bit sets as texts",
        "request",
        "The page Permissions: bit sets are serialised as strings; the description has integers.",
        _bit_sets_are_texts,
    ),
    Correction(
        "moments without an offset",
        "request",
        "The page Message Resource has ISO 8601, which leaves the offset out at will.",
        _moments_without_offset,
    ),
    Correction(
        "emoji by id alone",
        "request",
        "hikari and others send the id of a custom emoji without its name. A warning of C05.",
        _emoji_by_id,
    ),
    Correction(
        "trimmed embeds",
        "request",
        "The page Message Resource, Embed Limits: a text is measured without the space around it.",
        _embeds_are_trimmed,
    ),
    Correction(
        "media channels",
        "both",
        "The page Channels Resource has type 16, GUILD_MEDIA.",
        _media_channels,
    ),
    Correction(
        "resolved channels",
        "answer",
        "The page Receiving and Responding, Resolved Data: channels are partial there.",
        _resolved_channels_are_partial,
    ),
)


def _row(*components: Json) -> Json:
    return {"components": [{"type": 1, "components": list(components)}]}


def _label(number: int = 0, **component: Any) -> Json:
    return {"type": 18, "label": "L", "component": {"custom_id": str(number), **component}}


def _select(**fields: Any) -> Json:
    options = [{"label": name, "value": name} for name in "ab"]
    return _row({"type": 3, "custom_id": "pick", "options": options, **fields})


_TEXT = {"type": 10, "content": "x" * 2001}
_INPUTS = [_label(number, type=4, style=1) for number in range(6)]
_DEFAULTS = [{"label": name, "value": name, "default": True} for name in "ab"]
STRICTER = (
    Stricter("M10", "The page Message Resource: 2000.", "MessageCreateRequest", {"content": "x" * 2001}),
    Stricter(
        "D02",
        "The page Receiving and Responding: 1 to 5; discord.py allows no more.",
        "ModalInteractionCallbackRequestData",
        {"custom_id": "m", "title": "T", "components": _INPUTS},
    ),
    Stricter(
        "M07",
        "On no page; what bots were answered, and LayoutView.content_length of discord.py.",
        "MessageCreateRequest",
        {"flags": 1 << 15, "components": [_TEXT, _TEXT]},
    ),
    Stricter("S08", "What bots were answered.", "MessageCreateRequest", _select(max_values=3)),
    Stricter("S09", "What bots were answered.", "MessageCreateRequest", _select(options=_DEFAULTS)),
    Stricter(
        "B06",
        "What bots were answered.",
        "MessageCreateRequest",
        _row({"type": 2, "style": 1, "custom_id": "empty"}),
    ),
    Stricter(
        "C05",
        "What bots were answered: a sign that is no emoji.",
        "MessageCreateRequest",
        _row({"type": 2, "style": 1, "custom_id": "sign", "emoji": {"name": "▲"}}),
    ),
    Stricter(
        "D07",
        "file_types is newer than the description: the change log of 2026-08-05.",
        "ModalInteractionCallbackRequestData",
        {"custom_id": "m", "title": "T", "components": [_label(type=19, file_types=["pdf"])]},
    ),
)
