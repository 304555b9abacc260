"""What a world's file must hold, so that a damaged one is refused when it is read and not when it is used."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterable
from typing import TYPE_CHECKING, Any

from kit.simulator.world import payloads

if TYPE_CHECKING:
    from kit.simulator.world.world import World

Json = dict[str, Any]

# Of each object what the simulator itself reads; a value stands for its type, None for any.
EMOJI = {"id": "", "name": ""}
COMMAND = {"id": "", "name": "", "type": 0}
GUILD = {"id": "", "name": "", "owner_id": "", "emojis": [EMOJI], "features": []}
USER = {"id": "", "username": "", "global_name": None}
MEMBER = {"roles": [""], "joined_at": "", "nick": None, "communication_disabled_until": None}
ROLE = {"id": "", "name": "", "color": 0, "position": 0, "permissions": "", "managed": False}
OVERWRITE = {"id": "", "type": 0, "allow": "", "deny": ""}
CHANNEL = {"id": "", "type": 0}
IN_GUILD = {"name": "", "position": 0, "parent_id": None, "permission_overwrites": [OVERWRITE]}
ARCHIVE = {"archived": False, "archive_timestamp": ""}
THREAD = {"name": "", "parent_id": "", "owner_id": "", "message_count": 0, "thread_metadata": ARCHIVE}
DIRECT = {"recipients": [USER]}
MESSAGE = {
    "id": "",
    "channel_id": "",
    "type": 0,
    "content": "",
    "timestamp": "",
    "flags": 0,
    "pinned": False,
    "author": {"id": "", "username": ""},
    "mentions": [{"id": ""}],
    "mention_roles": [""],
    "attachments": [{"id": "", "url": "", "filename": ""}],
    "embeds": [{}],
    "components": [{"type": 0}],
}
WEBHOOK = {"id": "", "channel_id": "", "application_id": "", "token": "", "name": ""}
APPLICATION = {"id": "", "flags": 0, "interactions_endpoint_url": None}
# A table by id stands as {"": what is in it}.
TABLES = {
    "guild": GUILD,
    "users": {"": USER},
    "members": {"": MEMBER},
    "roles": {"": ROLE},
    "channels": {"": CHANNEL},
    "dm_bots": {"": ""},
    "channel_id": "",
    "base_url": "",
    "viewers": {"": ""},
    "bans": {"": None},
    "thread_members": {"": {"": ""}},
    "reactors": {"": {"": [""]}},
    "webhooks": {"": WEBHOOK},
    "pins": {"": {"": ""}},
    "closed_dms": [""],
    "message_store": {"": {"": MESSAGE}},
}


def check(world: World) -> None:
    """Refuses a world that was read from a file and does not hold together.

    Args:
        world: The world.

    Raises:
        ValueError: Something is missing, of another type, or about what is not there; the message says where.
    """
    for name, like in TABLES.items():
        _check(getattr(world, name), like, name)
    for channel in world.channels.values():
        like = DIRECT if channel["type"] == payloads.DM_CHANNEL else IN_GUILD
        _check(channel, THREAD if channel["type"] in payloads.THREADS else like, f"channel {channel['id']}")
    for bot in world.bots.values():
        _check(bot.user, USER, "a bot's user")
        _check(bot.application, APPLICATION, "a bot's application")
        known = {"token": bot.token, "commands": bot.commands, "emojis": bot.emojis}
        _check(known, {"token": "", "commands": {"": [COMMAND]}, "emojis": [EMOJI]}, f"the bot {bot.name}")
    _check_numbers(world)
    _check_ids(world)
    _check_references(world)


def _check(value: Any, like: Any, where: str) -> None:
    if like is None:
        return
    if type(value) is not type(like):
        raise ValueError(f"{where} is a {type(value).__name__}, not a {type(like).__name__}")
    if isinstance(like, dict):
        for key, inner in like.items():
            if key and key not in value:
                raise ValueError(f"{where} has no {key}")
            for found in (key,) if key else value:
                _check(value[found], inner, f"{where}.{found}")
    elif isinstance(like, list):
        for index, item in enumerate(value):
            _check(item, like[0] if like else None, f"{where}.{index}")


def _check_numbers(world: World) -> None:
    _check(world.snowflakes.last, 0, "last_id")
    for role in world.roles.values():
        int(role["permissions"])
    for channel in world.channels.values():
        for entry in channel.get("permission_overwrites", ()):
            int(entry["allow"]), int(entry["deny"])
    for member in world.members.values():
        until = member["communication_disabled_until"]
        if until is not None and dt.datetime.fromisoformat(until).tzinfo is None:
            raise ValueError(f"{until} names no time zone")


def _check_ids(world: World) -> None:
    tables: Iterable[Json] = (world.roles, world.channels, world.webhooks, *world.message_store.values())
    for table in tables:
        for key, thing in table.items():
            if thing["id"] != key or not 0 < int(key) <= world.snowflakes.last:
                raise ValueError(f"{thing['id']} is kept under {key}, or was never given out")


def _check_references(world: World) -> None:
    """Whatever names something else by its id names something that is there."""
    for channel_id, stored in world.message_store.items():
        for message in stored.values():
            if message["channel_id"] != channel_id:
                raise ValueError(f"the message {message['id']} is kept in the channel {channel_id}")
    people = {user["id"] for user in world.users.values()}
    everyone, channels = people | world.bots.keys(), world.channels
    messages = {key for stored in world.message_store.values() for key in stored}
    direct = [key for key, channel in channels.items() if channel["type"] == payloads.DM_CHANNEL]
    threads = [channel for channel in channels.values() if channel["type"] in payloads.THREADS]
    owned = {role.get("tags", {}).get("bot_id") for role in world.roles.values()}
    references: Iterable[tuple[str, Iterable[str], Container[str]]] = (
        ("the guild's owner", (world.guild["owner_id"],), people),
        ("@everyone", (world.guild["id"],), world.roles),
        ("the role of a bot", world.bots, owned),
        ("a member", world.members, everyone),
        ("a bot's member", world.bots, world.members),
        ("a member's role", (key for m in world.members.values() for key in m["roles"]), world.roles),
        ("the channel of messages", world.message_store, channels),
        ("the channel of a thread", (thread["parent_id"] for thread in threads), channels),
        ("members of a thread", (thread["id"] for thread in threads), world.thread_members),
        ("a direct message channel", world.dm_bots, channels),
        ("direct messages of nobody", direct, world.dm_bots),
        ("the bot of direct messages", world.dm_bots.values(), world.bots),
        ("the one who sees a message", world.viewers.values(), everyone),
        ("a message", (*world.viewers, *world.reactors), messages),
        ("a pinned message", (key for pins in world.pins.values() for key in pins), messages),
        ("the channel of a webhook", (hook["channel_id"] for hook in world.webhooks.values()), channels),
        ("a webhook's bot", (hook["application_id"] for hook in world.webhooks.values()), world.bots),
        ("who is banned", world.bans, everyone),
    )
    for what, ids, there in references:
        for key in ids:
            if key not in there:
                raise ValueError(f"{what} is {key}, and that is not there")
    if not world.bots:
        raise ValueError("there is no bot")
