"""What a message refers to: the one it answers, or the one it forwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kit.simulator.errors import ApiError, invalid_form, unknown
from kit.simulator.world.permissions import MISSING_ACCESS, READ_MESSAGE_HISTORY, VIEW_CHANNEL, lacking

if TYPE_CHECKING:
    from kit.simulator.world.world import World

Json = dict[str, Any]

REPLY = 19
FORWARD, HAS_SNAPSHOT = 1, 1 << 14
# Of all others, such as "pinned a message", Discord takes no answer.
ANSWERABLE = (0, REPLY, 20, 23)
SNAPSHOT = (
    *("type", "content", "embeds", "attachments", "timestamp", "edited_timestamp", "flags", "mentions"),
    *("mention_roles", "components"),
)


def is_forward(payload: Mapping[str, Any]) -> bool:
    """Whether a message forwards another, and so needs no content of its own.

    Args:
        payload: What the bot sent.
    """
    reference = payload.get("message_reference")
    return bool(isinstance(reference, dict) and reference.get("type") == FORWARD)


def referring(world: World, channel_id: str, payload: Mapping[str, Any], author_id: str) -> Json:
    """The fields that a message has because of what it refers to.

    Args:
        world: Where.
        channel_id: The channel of the message.
        payload: What the bot sent.
        author_id: Who wrote it.

    Raises:
        ApiError: What it refers to isn't there, or the author can't see it.
    """
    reference = payload.get("message_reference")
    if not reference or reference.get("message_id") is None:
        return {}
    message_id = str(reference["message_id"])
    referenced = world.message(message_id) if message_id in world.channel_of else None
    if referenced is not None and world.viewer_of(message_id) not in (None, author_id):
        referenced = None
    if is_forward(payload):
        return _forward(world, referenced, author_id)
    if referenced is None:
        if reference.get("fail_if_not_exists") is False:
            return {}
        raise _refused("REPLIES_UNKNOWN_MESSAGE", "Unknown message")
    if referenced["channel_id"] != channel_id:
        words = "Cannot reply to a message in a different channel"
        raise _refused("REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL", words)
    if referenced["type"] not in ANSWERABLE:
        raise _refused("REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE", "Cannot reply to a system message")
    if lacking(world, author_id, READ_MESSAGE_HISTORY, world.channels[channel_id]):
        raise ApiError(400, 160002, "Cannot reply without permission to read message history")
    return reply_to(world, referenced, channel_id)


def _refused(code: str, words: str) -> ApiError:
    return invalid_form({"message_reference": {"_errors": [{"code": code, "message": words}]}})


def _forward(world: World, referenced: Json | None, author_id: str) -> Json:
    if referenced is None:
        raise unknown("Message")
    channel = world.channels[referenced["channel_id"]]
    if lacking(world, author_id, VIEW_CHANNEL | READ_MESSAGE_HISTORY, channel):
        raise MISSING_ACCESS
    reference = reference_to(world, referenced, FORWARD)
    snapshot = {key: referenced[key] for key in SNAPSHOT}
    return {
        "message_reference": reference,
        "message_snapshots": referenced.get("message_snapshots") or [{"message": snapshot}],
        "flags": HAS_SNAPSHOT,
    }


def reference_to(world: World, referenced: Json, kind: int) -> Json:
    """The ``message_reference`` to a message.

    Args:
        world: Where.
        referenced: The message.
        kind: 0, or 1 for a forward.
    """
    channel_id = referenced["channel_id"]
    reference = {"type": kind, "message_id": referenced["id"], "channel_id": channel_id}
    if "guild_id" in world.channels[channel_id]:
        reference["guild_id"] = world.guild["id"]
    return reference


def reply_to(world: World, referenced: Json, channel_id: str) -> Json:
    """The fields that make a message a reply.

    Args:
        world: Where.
        referenced: The message that is answered.
        channel_id: The channel of the reply.
    """
    reference = {**reference_to(world, referenced, 0), "channel_id": channel_id}
    shown = {key: value for key, value in referenced.items() if key != "referenced_message"}
    return {"type": REPLY, "message_reference": reference, "referenced_message": shown}
