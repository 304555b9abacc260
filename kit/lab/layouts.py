"""The layouts of a message before and after a reload, and how they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kit.lab.outcome import label, walk

SHOWN = ("type", "custom_id", "label", "style", "disabled", "placeholder", "content", "accent_color")


def bare(components: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A layout without what Discord adds to it: ids, defaults, resolved media."""
    found = []
    for component in walk(components):
        item = {name: component[name] for name in SHOWN if component.get(name) not in (None, False)}
        if component.get("options"):
            item["options"] = [(option["label"], option["value"]) for option in component["options"]]
        found.append(item)
    return found


def differences(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[str]:
    """What changed between two layouts, in words."""
    old = {item["custom_id"]: item for item in walk(before) if "custom_id" in item}
    new = {item["custom_id"]: item for item in walk(after) if "custom_id" in item}
    lines = [f"added {label(new[key])!r} ({key})" for key in new if key not in old]
    lines += [f"removed {label(old[key])!r} ({key})" for key in old if key not in new]
    for key in old.keys() & new.keys():
        if label(old[key]) != label(new[key]):
            lines.append(f"{label(old[key])!r} is now {label(new[key])!r}")
        if old[key]["type"] != new[key]["type"]:
            lines.append(f"{key} is another kind of component now")
        elif old[key].get("style") != new[key].get("style"):
            lines.append(f"{label(new[key])!r} has another style")
    texts = [[item["content"] for item in walk(layout) if item["type"] == 10] for layout in (before, after)]
    if texts[0] != texts[1]:
        lines.append("the text changed")
    if not lines and list(before) != list(after):
        lines.append("the layout changed")
    return lines
