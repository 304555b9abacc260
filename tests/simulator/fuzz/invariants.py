"""What is true of a world whatever bots did to it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from kit.simulator import World
from kit.simulator import components as ui
from kit.simulator.world.file import dump_world
from kit.simulator.world.payloads import DM_CHANNEL, THREADS


def broken(world: World, folder: Path) -> list[str]:
    """Every invariant that does not hold, in words.

    Args:
        world: The world.
        folder: Where it can be saved to, and loaded again.
    """
    return [
        *_ids(world),
        *_people(world),
        *_channels(world),
        *_messages(world),
        *_commands(world),
        *_file(world, folder),
    ]


def _ids(world: World) -> Iterator[str]:
    everything = [
        *(user["id"] for user in world.users.values()),
        *world.bots,
        *world.roles,
        # A thread that starts at a message has the message's id.
        *(key for key, channel in world.channels.items() if channel["type"] not in THREADS),
        *world.channel_of,
        *(emoji["id"] for emoji in world.guild["emojis"]),
        *world.uploads,
    ]
    for key, count in Counter(everything).items():
        if count > 1:
            yield f"{count} things have the id {key}"
        if int(key) > world.snowflakes.last:
            yield f"{key} was never given out"
    for name, table in (("role", world.roles), ("channel", world.channels)):
        for key, thing in table.items():
            if thing["id"] != key:
                yield f"the {name} {thing['id']} is kept under {key}"


def _people(world: World) -> Iterator[str]:
    known = {user["id"] for user in world.users.values()} | set(world.bots)
    if set(world.members) - known:
        yield f"members that are nobody: {set(world.members) - known}"
    for key, member in world.members.items():
        if set(member["roles"]) - set(world.roles) or len(set(member["roles"])) < len(member["roles"]):
            yield f"{key} has the roles {member['roles']}"
    if set(world.bans) & set(world.members) or set(world.bans) - known:
        yield f"banned: {set(world.bans)}, and members: {set(world.members)}"
    ranks = sorted(role["position"] for role in world.roles.values())
    if ranks != list(range(len(ranks))):
        yield f"the roles are ranked {ranks}"
    for bot in world.bots.values():
        if world.role_of(bot)["id"] not in world.members[bot.id]["roles"]:
            yield f"{bot.name} lacks its own role"


def _channels(world: World) -> Iterator[str]:
    known = {user["id"] for user in world.users.values()} | set(world.bots)
    for key, joined in world.thread_members.items():
        if key not in world.channels or set(joined) - known:
            yield f"{set(joined)} joined the thread {key}"
    for key, channel in world.channels.items():
        if channel["type"] == DM_CHANNEL:
            if world.dm_bots.get(key) not in world.bots:
                yield f"the direct messages {key} are of no bot"
            continue
        parent = channel.get("parent_id")
        if parent is not None and parent not in world.channels:
            yield f"{key} is in {parent}, which is gone"
        if channel["type"] in THREADS and (parent is None or channel["owner_id"] not in known):
            yield f"the thread {key} is of {channel['owner_id']} in {parent}"
        for entry in channel.get("permission_overwrites", ()):
            if entry["id"] not in (world.members if entry["type"] else world.roles):
                yield f"{key} has an overwrite for {entry['id']}, which is gone"


def _messages(world: World) -> Iterator[str]:
    known = {user["id"] for user in world.users.values()} | set(world.bots)
    for channel_id, messages in world.message_store.items():
        for key, message in messages.items():
            if channel_id not in world.channels or message["channel_id"] != channel_id:
                yield f"message {key} is kept in {channel_id}"
            if message["id"] != key or world.channel_of.get(key) != channel_id:
                yield f"message {message['id']} is kept under {key}"
            if message["author"]["id"] not in known:
                yield f"message {key} is of nobody"
            if any(attachment["id"] not in world.uploads for attachment in message["attachments"]):
                yield f"message {key} has a file that is gone"
            inside = list(ui.walk(message["components"]))
            if len({component["id"] for component in inside}) < len(inside):
                yield f"message {key} has two components of one id"
            if len(message.get("reactions", ())) != len(world.reactors.get(key, {})):
                yield f"message {key} has the reactions {message.get('reactions')}"
    stored = {key for messages in world.message_store.values() for key in messages}
    if set(world.channel_of) != stored or set(world.viewers) - stored:
        yield "the index of messages is not that of the channels"
    for channel_id in world.channels:
        shown = [key for key in world.message_store.get(channel_id, {}) if key not in world.viewers]
        if world.listed(channel_id) != shown:
            yield f"the list of {channel_id} is not what is in it"
        pinned = {key for key in shown if world.message(key)["pinned"]}
        if set(world.pins.get(channel_id, ())) != pinned:
            yield f"pinned in {channel_id}: {pinned}, and noted: {world.pins[channel_id]}"
    if (set(world.pins) | set(world.message_store)) - set(world.channels):
        yield "a channel that is gone has messages"
    if set(world.reactors) - stored:
        yield f"reactions to messages that are gone: {set(world.reactors) - stored}"
    if set(world.viewers.values()) - known:
        yield "an ephemeral message is shown to nobody"


def _commands(world: World) -> Iterator[str]:
    for bot in world.bots.values():
        for scope, commands in bot.commands.items():
            names = [(command["name"], command["type"]) for command in commands]
            ids = {command["id"] for command in commands}
            if len(set(names)) < len(names) or len(ids) < len(names):
                yield f"{bot.name} has the commands {names} in {scope}"


def _file(world: World, folder: Path) -> Iterator[str]:
    text = dump_world(world)
    json.dumps(json.loads(text), allow_nan=False, ensure_ascii=False).encode()
    path = folder / "world.json"
    world.save(path)
    if dump_world(World.load(path)) != text:
        yield "the world is another one once it was saved and loaded"
