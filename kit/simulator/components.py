"""The component trees of messages and modals: walking, numbering, and the files they point at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kit.simulator.errors import ClickError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Json = dict[str, Any]

ACTION_ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT = 5, 6, 7, 8
SECTION, TEXT_DISPLAY, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = 9, 10, 11, 12, 13, 14, 17
LABEL, FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX = 18, 19, 21, 22, 23

SELECTS = (STRING_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT)
LINK, PREMIUM = 5, 6

_SELECT_FIELDS = ("custom_id", "placeholder", "min_values", "max_values", "disabled", "required")
_AUTO_SELECT_FIELDS = (*_SELECT_FIELDS, "default_values")

_OPTION_FIELDS = ("label", "value", "description", "emoji", "default")

# The fields that Discord keeps of each type; what a bot sends beside them is dropped.
FIELDS: Mapping[int, tuple[str, ...]] = {
    ACTION_ROW: ("components",),
    BUTTON: ("style", "label", "emoji", "custom_id", "sku_id", "url", "disabled"),
    STRING_SELECT: (*_SELECT_FIELDS, "options"),
    TEXT_INPUT: (
        *("custom_id", "style", "label", "min_length", "max_length", "required", "value", "placeholder"),
    ),
    USER_SELECT: _AUTO_SELECT_FIELDS,
    ROLE_SELECT: _AUTO_SELECT_FIELDS,
    MENTIONABLE_SELECT: _AUTO_SELECT_FIELDS,
    CHANNEL_SELECT: (*_AUTO_SELECT_FIELDS, "channel_types"),
    SECTION: ("components", "accessory"),
    TEXT_DISPLAY: ("content",),
    THUMBNAIL: ("media", "description", "spoiler"),
    GALLERY: ("items",),
    FILE: ("file", "spoiler", "name", "size"),
    SEPARATOR: ("divider", "spacing"),
    CONTAINER: ("components", "accent_color", "spoiler"),
    LABEL: ("label", "description", "component"),
    FILE_UPLOAD: ("custom_id", "min_values", "max_values", "required", "file_types"),
    RADIO_GROUP: ("custom_id", "options", "required"),
    CHECKBOX_GROUP: ("custom_id", "options", "min_values", "max_values", "required"),
    CHECKBOX: ("custom_id", "default"),
}
# What Discord fills in when the bot leaves it out (docs page *Component Reference*).
DEFAULTS: Mapping[int, Json] = {
    **{key: {"min_values": 1, "max_values": 1} for key in SELECTS},
    SEPARATOR: {"divider": True, "spacing": 1},
    CONTAINER: {"spoiler": False, "accent_color": None},
    THUMBNAIL: {"spoiler": False, "description": None},
    FILE: {"spoiler": False},
}


def children(component: Json) -> list[Json]:
    """The components directly inside one: a row's buttons, a section's texts and accessory, a label's input.

    Args:
        component: Any component.
    """
    inside = list(component.get("components") or ())
    inside.extend(component[key] for key in ("accessory", "component") if component.get(key))
    return inside


def walk(components: Sequence[Json]) -> Iterator[Json]:
    """Every component of a message or modal, in the order Discord numbers them.

    Args:
        components: The top level.
    """
    for component in components:
        yield component
        yield from walk(children(component))


def media_of(component: Json) -> list[Json]:
    """The unfurled media items that a component shows.

    Args:
        component: Any component.
    """
    items = [item["media"] for item in component.get("items") or ()]
    items.extend(component[key] for key in ("media", "file") if component.get(key))
    return items


def stored(components: Sequence[Json], resolve: Callable[[Json], Json]) -> list[Json]:
    """Components as Discord gives them back: known fields, defaults, numbered, media resolved.

    Args:
        components: What the bot sent, already validated.
        resolve: Turns a sent media item into the stored one.
    """
    tree = [_stored(component, resolve) for component in components]
    taken = {component["id"] for component in walk(tree) if component.get("id")}
    free = (number for number in range(1, 1 << 31) if number not in taken)
    for component in walk(tree):
        component["id"] = component.get("id") or next(free)
    return tree


def _stored(component: Json, resolve: Callable[[Json], Json]) -> Json:
    kind = component["type"]
    result: Json = {"type": kind, "id": component.get("id"), **DEFAULTS.get(kind, {})}
    for key in FIELDS[kind]:
        value = component.get(key)
        if value is None:
            continue
        if key == "components":
            value = [_stored(child, resolve) for child in value]
        elif key in ("accessory", "component"):
            value = _stored(value, resolve)
        elif key == "items":
            value = [
                {
                    "description": item.get("description"),
                    "spoiler": bool(item.get("spoiler")),
                    "media": resolve(item["media"]),
                }
                for item in value
            ]
        elif key in ("media", "file"):
            value = resolve(value)
        elif key == "emoji":
            value = _emoji(value)
        elif key == "options":
            value = [_option(option) for option in value]
        elif key == "default_values":
            value = [{"id": _id(entry["id"]), "type": entry["type"]} for entry in value]
        elif key == "sku_id":
            value = _id(value)
        result[key] = value
    if kind == FILE:
        result.update(name=result["file"].pop("name", None), size=result["file"].pop("size", None))
    return result


def _id(value: Any) -> str | None:
    return None if value is None else str(value)


def _option(option: Json) -> Json:
    shown = {key: option[key] for key in _OPTION_FIELDS if option.get(key) is not None}
    return {**shown, "emoji": _emoji(shown["emoji"])} if "emoji" in shown else shown


def _emoji(emoji: Json) -> Json:
    shown: Json = {"name": emoji.get("name") or ""}
    if emoji.get("id") is not None:
        shown["id"] = str(emoji["id"])
    if emoji.get("animated"):
        shown["animated"] = True
    return shown


def find(components: Sequence[Json], wanted: str) -> Json:
    """The component a person means, by custom_id, else by its label when only one bears it.

    Args:
        components: The top level of a message.
        wanted: A custom_id or the label of a button.

    Raises:
        ClickError: Nothing there is called so, or several things are; the message lists what is there.
    """
    everything = list(walk(components))
    for component in everything:
        if component.get("custom_id") == wanted:
            return component
    labelled = [component for component in everything if wanted and component.get("label") == wanted]
    if len(labelled) == 1:
        return labelled[0]
    there = ", ".join(_named(component) for component in everything if component.get("custom_id")) or "none"
    if labelled:
        raise ClickError(f"{len(labelled)} components are labelled {wanted!r}. Use a custom_id: {there}")
    raise ClickError(f"No component has the custom_id or label {wanted!r}. There: {there}")


def _named(component: Json) -> str:
    label = component.get("label") or component.get("placeholder")
    return f"{component['custom_id']!r}" + (f" ({label})" if label else "")
