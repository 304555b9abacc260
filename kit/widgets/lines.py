"""The lines around a message: what it answers, what it tells of, who reacted, the thread that hangs on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

Raw = Mapping[str, Any]

PINNED: Final = 6
THREAD_CREATED: Final = 18
THREAD_STARTER: Final = 21
# The types whose own text is shown: plain, an answer, and the answers to commands and to menus.
WRITTEN: Final = frozenset({0, 19, 20, 23})
_FORWARD: Final = 1
_MESSAGE_MENU: Final = "target_message_id"
_USER_MENU: Final = "target_user"


def name_of(user: Raw | None) -> str:
    """Return the name that a user goes by."""
    known = user or {}
    return str(known.get("global_name") or known.get("username") or "unknown")


def notice(message: Raw, quote: str = "") -> str | None:
    """Return what a message of Discord's own says, or None if its author wrote it.

    Args:
        message: The raw message.
        quote: A line of the message it refers to.
    """
    kind = message.get("type") or 0
    if kind in WRITTEN:
        return None
    name = name_of(message.get("author"))
    if kind == PINNED:
        return f"{name} pinned a message to this channel."
    if kind == THREAD_CREATED:
        return f"{name} started a thread: {message.get('content') or ''}"
    if kind == THREAD_STARTER:
        origin = (message.get("referenced_message") or {}).get("author")
        return f"{name} started this thread from a message of {name_of(origin)}: {quote or 'an attachment'}"
    return f"(system message of type {kind}) {message.get('content') or ''}".rstrip()


def answered(message: Raw, quote: str = "") -> dict[str, Any] | None:
    """Return what stands above a message: who used a command, or what was answered.

    Args:
        message: The raw message.
        quote: A line of the message it answers.

    Returns:
        `author`, a raw user or None, `text`, and whether they wrote it (`quoted`); None if there is no
        such line.
    """
    used = message.get("interaction_metadata") or message.get("interaction") or {}
    name = used.get("name") or (message.get("interaction") or {}).get("name")
    if name:
        in_menu = _MESSAGE_MENU in used or _USER_MENU in used
        text = f"used {name if in_menu else f'/{name}'}"
        return {"author": used.get("user"), "text": text, "quoted": False}
    reference = message.get("message_reference")
    if not reference or reference.get("type") == _FORWARD or notice(message) is not None:
        return None
    origin = message.get("referenced_message")
    if origin is None:
        return {"author": None, "text": "Original message was deleted", "quoted": False}
    return {"author": origin.get("author"), "text": quote or "Click to see attachment", "quoted": True}


def forwarded(message: Raw) -> Iterator[Raw]:
    """Yield the messages that a message forwards."""
    for snapshot in message.get("message_snapshots") or ():
        yield snapshot.get("message") or {}


def reactions(message: Raw) -> str:
    """Return the reactions with their counts, on a line."""
    return "  ".join(
        f"{_face(reaction.get('emoji') or {})} {reaction.get('count', 1)}"
        for reaction in message.get("reactions") or ()
    )


def _face(emoji: Raw) -> str:
    return f":{emoji.get('name')}:" if emoji.get("id") else str(emoji.get("name") or "")


def thread(message: Raw) -> str:
    """Return a line about the thread that was started from a message, or nothing."""
    found = message.get("thread")
    if not found:
        return ""
    count = found.get("message_count") or 0
    return f"Thread: {found.get('name') or ''} ({count} message{'' if count == 1 else 's'})"
