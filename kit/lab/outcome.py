"""What a person saw after they did something."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

EPHEMERAL = 1 << 6


class SeenMessage:
    """A message as a person sees it, over the raw JSON that Discord sends.

    Args:
        raw: The message object, as in Discord's API.
        where: The channel's name, if it is another than the one that they act in.

    Attributes:
        raw: The message object, as in Discord's API.
        where: The channel's name, if it is another than the one that they act in.
    """

    def __init__(self, raw: Mapping[str, Any], where: str | None = None) -> None:
        self.raw = raw
        self.where = where

    @property
    def id(self) -> int:
        """The message's id."""
        return int(self.raw["id"])

    @property
    def ephemeral(self) -> bool:
        """Whether only one person sees it."""
        return bool(self.raw.get("flags", 0) & EPHEMERAL)

    @property
    def text(self) -> str:
        """Its content, what it forwards, embed texts and text displays, a line each."""
        originals = [snapshot["message"] for snapshot in self.raw.get("message_snapshots", ())]
        parts = [raw.get("content", "") for raw in (self.raw, *originals)]
        for embed in self.raw.get("embeds", ()):
            parts += [embed.get("title", ""), embed.get("description", "")]
        parts += [item["content"] for item in walk(self.raw.get("components", ())) if item["type"] == 10]
        return "\n".join(part for part in parts if part)

    @property
    def controls(self) -> dict[str, dict[str, Any]]:
        """Its buttons and selects by custom_id, as raw components."""
        components = walk(self.raw.get("components", ()))
        return {item["custom_id"]: item for item in components if "custom_id" in item}

    @property
    def labels(self) -> list[str]:
        """What is written on its buttons and selects."""
        return [label(item) for item in walk(self.raw.get("components", ())) if item["type"] in _CONTROLS]

    def __repr__(self) -> str:
        controls = "".join(f" [{text}]" for text in self.labels)
        note = " (only you can see this)" if self.ephemeral else ""
        return f"<message {self.id}: {self.text!r}{controls}{note}>"


_CONTROLS = frozenset({2, 3, 5, 6, 7, 8})


def walk(components: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every component of a raw layout, depth first."""
    for component in components:
        yield dict(component)
        yield from walk(component.get("components", ()))
        for child in (component.get("accessory"), component.get("component")):
            if child:
                yield from walk([child])


def label(component: Mapping[str, Any]) -> str:
    """What a person reads on a button or select."""
    emoji = (component.get("emoji") or {}).get("name") or ""
    text = component.get("label") or component.get("placeholder") or ""
    return f"{emoji} {text}".strip() or component.get("custom_id") or component.get("url") or "button"


@dataclass
class Outcome:
    """What one person saw come of one thing they did.

    Attributes:
        what: What they did: "alice clicks 'Get role'".
        messages: New messages that everybody sees.
        edited: Messages that changed, as they are now.
        deleted: Ids of messages that went away.
        ephemeral: New messages that only they see.
        elsewhere: New and changed messages in other channels that they see, in threads and in their
            direct messages.
        modal: The raw modal that opened, or None.
        choices: The values that the bot offers for what they type into an option of a command.
        failure: Why the interaction failed, or None.
        errors: What the bot's code raised meanwhile.
        seconds: How long it took until nothing more was to come.
    """

    what: str
    messages: list[SeenMessage] = field(default_factory=list)
    edited: list[SeenMessage] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    ephemeral: list[SeenMessage] = field(default_factory=list)
    elsewhere: list[SeenMessage] = field(default_factory=list)
    modal: dict[str, Any] | None = None
    choices: list[str | int | float] = field(default_factory=list)
    failure: str | None = None
    errors: list[BaseException] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether it neither failed nor raised."""
        return self.failure is None and not self.errors

    @property
    def message(self) -> SeenMessage:
        """The one message this is about: the first new, ephemeral or edited one, or one elsewhere.

        Raises:
            LookupError: If there is none.
        """
        for message in (*self.messages, *self.ephemeral, *self.edited, *self.elsewhere):
            return message
        raise LookupError(f"{self.what}: no message came of it ({self.failure or 'nothing failed'})")

    def lines(self) -> list[str]:
        """What was seen, a line each."""
        found = [f"new message: {_brief(message)}" for message in self.messages]
        found += [f"edited: {_brief(message)}" for message in self.edited]
        found += [f"only they see: {_brief(message)}" for message in self.ephemeral]
        found += [f"in {message.where}: {_brief(message)}" for message in self.elsewhere]
        found += [f"deleted: message {message_id}" for message_id in self.deleted]
        if self.modal is not None:
            found.append(f"a modal opened: {self.modal.get('title', '')!r}")
        if self.choices:
            found.append(f"offered: {', '.join(map(repr, self.choices))}")
        if self.failure is not None:
            found.append(f"This interaction failed: {self.failure}")
        found += [f"raised: {type(error).__name__}: {error}" for error in self.errors]
        return found or ["acknowledged; nothing changed"]

    def __repr__(self) -> str:
        head = f"{self.what} ({self.seconds * 1000:.0f} ms)"
        return "\n".join([head, *(f"  {line}" for line in self.lines())])

    def _repr_html_(self) -> str:
        colour = "#d83c3e" if self.failure or self.errors else "#248046"
        rows = "".join(f"<div style='margin-left:1.2em'>{html.escape(line)}</div>" for line in self.lines())
        return (
            f"<div style='border-left:3px solid {colour};padding-left:.6em'><b>{html.escape(self.what)}</b> "
            f"<span style='opacity:.6'>{self.seconds * 1000:.0f} ms</span>{rows}</div>"
        )


def _brief(message: SeenMessage) -> str:
    text = message.text.replace("\n", " / ")
    shown = repr(text if len(text) <= 90 else text[:87] + "...")
    return " ".join([shown, *(f"[{name}]" for name in message.labels)])
