"""Filling in a modal: from a person's values to the components of a modal submission."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kit.simulator import components as ui
from kit.simulator.errors import ClickError
from kit.simulator.interactions.clicks import chosen_values, upload_of
from kit.simulator.interactions.resolved import Resolved

if TYPE_CHECKING:
    from kit.simulator.interactions.interactions import Interaction
    from kit.simulator.world.world import World

Json = dict[str, Any]
LIST_INPUTS = (*ui.SELECTS, ui.CHECKBOX_GROUP)
MAX_TEXT = 4000


def submit_data(world: World, shown: Interaction, values: Mapping[str, Any], user: Json) -> Json:
    """The ``data`` of a modal submission (docs page *Receiving and Responding*, "Modal Submit Data").

    Args:
        world: Where ids are looked up and files are kept.
        shown: The interaction that the bot answered with the modal.
        values: By custom_id.
        user: Who submits.

    Raises:
        ClickError: There is no modal, it was shown to someone else, or a value does not fit.
    """
    modal = shown.modal
    if modal is None:
        raise ClickError(
            f"Interaction {shown.id} was not answered with a modal (callback type {shown.callback_type}, "
            f"{shown.status}). Await interaction.answered() first and check interaction.modal."
        )
    if shown.user["id"] != user["id"]:
        raise ClickError(
            f"The modal {modal['title']!r} was shown to {shown.user['username']}, not to {user['username']}."
        )
    if not isinstance(values, Mapping):
        raise ClickError(f"Values are given by custom_id, as {{'custom_id': value}}, not {values!r:.60}.")
    inputs = {c["custom_id"]: c for c in ui.walk(modal["components"]) if c.get("custom_id")}
    for custom_id in values:
        if custom_id not in inputs:
            there = ", ".join(map(repr, inputs)) or "none"
            raise ClickError(f"The modal {modal['title']!r} has no input {custom_id!r}. There: {there}")
    found = Resolved(world, user, shown.payload["channel_id"])
    with found.all_or_nothing():
        filled = [_filled(world, component, values, found) for component in modal["components"]]
    data: Json = {"custom_id": modal["custom_id"], "components": filled}
    if found.objects:
        data["resolved"] = found.objects
    return data


def _filled(world: World, component: Json, values: Mapping[str, Any], found: Resolved) -> Json:
    kind = component["type"]
    base: Json = {"type": kind, "id": component["id"]}
    if kind == ui.ACTION_ROW:
        base["components"] = [_filled(world, c, values, found) for c in component["components"]]
    elif kind == ui.LABEL:
        base["component"] = _filled(world, component["component"], values, found)
    elif kind != ui.TEXT_DISPLAY:
        base["custom_id"] = component["custom_id"]
        base.update(_value(world, component, values, found))
    return base


def _value(world: World, component: Json, values: Mapping[str, Any], found: Resolved) -> Json:
    kind, custom_id = component["type"], component["custom_id"]
    given = values.get(custom_id)
    if kind == ui.TEXT_INPUT:
        return {"value": _text(component, component.get("value", "") if given is None else given)}
    if kind == ui.CHECKBOX:
        return {"value": component.get("default", False) if given is None else bool(given)}
    if kind == ui.RADIO_GROUP:
        picked = _defaults(component) if given is None else [given]
        chosen = chosen_values(world, {**component, "max_values": 1}, picked)
        return {"value": chosen[0] if chosen else None}
    if kind == ui.FILE_UPLOAD:
        return {"values": _uploaded(world, component, given or (), found)}
    chosen = chosen_values(world, component, _defaults(component) if given is None else given)
    if kind in (ui.USER_SELECT, ui.ROLE_SELECT, ui.MENTIONABLE_SELECT, ui.CHANNEL_SELECT):
        found.add(kind, chosen)
    return {"values": chosen}


def _defaults(component: Json) -> list[str]:
    if "options" in component:
        return [option["value"] for option in component["options"] if option.get("default")]
    return [str(entry["id"]) for entry in component.get("default_values", ())]


def _text(component: Json, value: Any) -> str:
    name = component["custom_id"]
    if not isinstance(value, str):
        raise ClickError(f"{name!r} is a text input: give a str, not {value!r}.")
    if not value:
        if component.get("required", True):
            raise ClickError(f"{name!r} is required: give it a text.")
        return value
    low, high = component.get("min_length", 0), component.get("max_length", MAX_TEXT)
    if not low <= len(value) <= high:
        raise ClickError(f"{name!r} takes {low} to {high} characters, not {len(value)}.")
    return value


def _uploaded(world: World, component: Json, files: Any, found: Resolved) -> list[str]:
    name = component["custom_id"]
    low, high = component.get("min_values", 1), component.get("max_values", 1)
    if not files and not component.get("required", True):
        return []
    if isinstance(files, str | bytes) or not isinstance(files, Sequence):
        raise ClickError(f"{name!r} takes a list of files, each as (filename, bytes), not {files!r:.60}.")
    if not low <= len(files) <= high:
        raise ClickError(f"{name!r} takes {low} to {high} files as (filename, bytes), not {len(files)}.")
    ids = []
    for upload in [upload_of(repr(name), file) for file in files]:
        attachment = world.store_attachment(upload, world.channel_id, ephemeral=True)
        found.put("attachments", attachment["id"], attachment)
        ids.append(attachment["id"])
    return ids
