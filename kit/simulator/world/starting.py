"""Starting a thread: from a message, on its own, or as a post in a forum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kit.simulator.errors import ApiError
from kit.simulator.world import messages, payloads
from kit.simulator.world.threads import HAS_THREAD

if TYPE_CHECKING:
    from kit.simulator.world.world import World

Json = dict[str, Any]

TEXT, ANNOUNCEMENT = 0, 5
THREAD_CREATED, THREAD_STARTER = 18, 21
DAY = 1440
WRONG_CHANNEL = ApiError(400, 50024, "Cannot execute action on this channel type")
STARTED_ALREADY = ApiError(400, 160004, "A thread has already been created for this message")


def start(
    world: World,
    name: str,
    channel_id: str,
    *,
    owner_id: str,
    message: Json | None = None,
    private: bool = False,
    auto_archive_minutes: int = 3 * DAY,
    fields: Json | None = None,
) -> Json:
    """Starts a thread, with what Discord writes about it.

    Args:
        world: Where.
        name: Its name.
        channel_id: The channel it is in.
        owner_id: Who starts it.
        message: The message that it starts from.
        private: Whether only those who are added see it.
        auto_archive_minutes: How long without a message until it leaves the list of channels.
        fields: Other fields of the channel object, such as ``applied_tags``.

    Raises:
        ApiError: 50024 if the channel has no such threads, 160004 if the message has one already.
    """
    parent = world.channels[channel_id]
    kind = _kind(parent, message, private=private)
    if message is not None and message["id"] in world.channels:
        raise STARTED_ALREADY
    thread_id = message["id"] if message is not None else world.snowflakes.next()
    thread = payloads.thread(
        thread_id,
        name,
        parent,
        owner_id=owner_id,
        kind=kind,
        created=world.clock.timestamp(),
        auto_archive_minutes=auto_archive_minutes,
    )
    for key, value in (fields or {}).items():
        thread[key] = {**thread[key], **value} if key == "thread_metadata" else value
    thread["member_count"] = 1
    world.thread_members[thread_id] = {owner_id: world.clock.timestamp()}
    world.put_thread(thread)
    world.tell_members(thread_id, added=[owner_id])
    _announce(world, world.user_by_id(owner_id), parent, thread, message)
    return world.channels[thread_id]


def _kind(parent: Json, message: Json | None, *, private: bool) -> int:
    if parent["type"] == TEXT:
        return payloads.PRIVATE_THREAD if private and message is None else payloads.PUBLIC_THREAD
    if private or parent["type"] not in (ANNOUNCEMENT, *payloads.FORUMS):
        raise WRONG_CHANNEL
    if parent["type"] == ANNOUNCEMENT:
        return payloads.ANNOUNCEMENT_THREAD
    if message is not None:
        raise WRONG_CHANNEL
    return payloads.PUBLIC_THREAD


def _announce(world: World, owner: Json, parent: Json, thread: Json, message: Json | None) -> None:
    ids = {"type": 0, "guild_id": world.guild["id"]}
    if message is not None:
        world.put_message({**message, "flags": message["flags"] | HAS_THREAD})
        reference = {**ids, "channel_id": parent["id"], "message_id": message["id"]}
        about = {"message_reference": reference, "referenced_message": message}
        messages.system(world, thread["id"], THREAD_STARTER, owner, about=about)
    elif parent["type"] not in payloads.FORUMS and thread["type"] != payloads.PRIVATE_THREAD:
        about = {"message_reference": {**ids, "channel_id": thread["id"]}}
        messages.system(world, parent["id"], THREAD_CREATED, owner, content=thread["name"], about=about)
