"""Using a command: from a name and options, or from a target, to the data of a command interaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kit.simulator.errors import ClickError
from kit.simulator.interactions.clicks import MessageLike, id_of, need
from kit.simulator.interactions.options import Options
from kit.simulator.interactions.resolved import Resolved
from kit.simulator.world.payloads import DM_CHANNEL, THREADS
from kit.simulator.world.permissions import ADMINISTRATOR, USE_APPLICATION_COMMANDS, VIEW_CHANNEL
from kit.simulator.world.world import GLOBAL

if TYPE_CHECKING:
    from kit.simulator.world.bots import Bot
    from kit.simulator.world.world import World

Json = dict[str, Any]

CHAT_INPUT, USER, MESSAGE = 1, 2, 3
KINDS = {CHAT_INPUT: "slash command /", USER: "user command ", MESSAGE: "message command "}
IN_GUILD, IN_BOT_DM = 0, 1
GUILD_INSTALL = 0


@dataclass(frozen=True, slots=True)
class Use:
    """Who uses a command, and where.

    Args:
        world: The world.
        user: The person.
        channel_id: The channel.
    """

    world: World
    user: Json
    channel_id: str


def words_of(name: str) -> list[str]:
    """The name of a command and those of its subcommands.

    Args:
        name: As a person types it, with or without the slash.

    Raises:
        ClickError: It is no text.
    """
    if not isinstance(name, str):
        raise ClickError(f"A slash command is used by its name, not {name!r:.60}.")
    return name.removeprefix("/").split() or [""]


def registered(world: World, name: str, kind: int, bots: Iterable[Bot]) -> tuple[Bot, Json]:
    """The command of a name, and the bot that answers it.

    Args:
        world: Where.
        name: The command's name.
        kind: Its type.
        bots: Whose commands are looked through, in order.

    Raises:
        ClickError: None of them registered it.
    """
    scopes = (world.guild["id"], GLOBAL)
    known = []
    for bot in bots:
        mine = [c for scope in scopes for c in bot.commands.get(scope, ()) if c["type"] == kind]
        for command in mine:
            if command["name"] == name:
                return bot, command
        known += mine
    sign = "/" if kind == CHAT_INPUT else ""
    there = ", ".join(f"{sign}{command['name']}" for command in known)
    hint = f"Registered: {there}" if there else "The bot registered none: call await bot.tree.sync() first"
    raise ClickError(f"There is no {KINDS[kind]}{name}. {hint}.")


def invocation(
    use: Use,
    command: Json,
    words: Sequence[str],
    options: Mapping[str, Any],
    *,
    focused: str | None = None,
) -> Json:
    """The ``data`` of a slash command, or of the completion of one of its options.

    The shape is that of the docs page *Receiving and Responding*.

    Args:
        use: Who uses it, and where.
        command: The command, as it is registered.
        words: Its subcommands, in order.
        options: By name.
        focused: The option that the person is typing into.

    Raises:
        ClickError: No such subcommand or option, a required option is missing, a value does not fit, or the
            person may not use the command there.
    """
    usable(use, command)
    if not isinstance(options, Mapping):
        raise ClickError(f"Options are given by name, as {{'name': value}}, not {options!r:.60}.")
    found = Resolved(use.world, use.user, use.channel_id)
    data = _data(command)
    with found.all_or_nothing():
        data["options"] = Options(use.world, found, focused).of(command, words, options)
    if found.objects:
        data["resolved"] = found.objects
    return data


def menu_data(use: Use, command: Json, target: Any) -> Json:
    """The ``data`` of a command of the menu on a message or a user.

    Args:
        use: Who uses it, and where.
        command: The command, as it is registered.
        target: The message, or the name or id of the user.

    Raises:
        ClickError: The person may not use the command there.
    """
    usable(use, command)
    found, world = Resolved(use.world, use.user, use.channel_id), use.world
    if command["type"] == MESSAGE:
        target_id = target["id"]
        found.put("messages", target_id, world.seen(target, use.user["id"]))
    else:
        target_id = world.find_user(id_of(target))["id"]
        found.add_user(target_id)
    return {**_data(command), "target_id": target_id, "resolved": found.objects}


def _data(command: Json) -> Json:
    data: Json = {"id": command["id"], "name": command["name"], "type": command["type"]}
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    return data


def target_kind(world: World, target: MessageLike) -> int:
    """The type of the commands that open on something.

    Args:
        world: Where.
        target: A message or its id, or the name or id of a user.

    Raises:
        ClickError: It is neither.
    """
    wanted = id_of(target)
    if wanted in world.channel_of:
        return MESSAGE
    try:
        world.find_user(wanted)
    except LookupError as error:
        raise ClickError(f"{wanted!r} is neither a message of this world nor somebody. {error}") from error
    return USER


def usable(use: Use, command: Json) -> None:
    """Refuses a command that Discord would not offer to a person in a channel.

    Args:
        use: Who uses it, and where.
        command: The command, as it is registered.

    Raises:
        ClickError: It isn't for that place, or they lack a permission.
    """
    channel = use.world.channels[use.channel_id]
    name = f"/{command['name']}" if command["type"] == CHAT_INPUT else repr(command["name"])
    direct = channel["type"] == DM_CHANNEL
    contexts = command["contexts"]
    if contexts is None:
        contexts = [IN_GUILD, IN_BOT_DM] if command["dm_permission"] else [IN_GUILD]
    if direct and ("guild_id" in command or IN_BOT_DM not in contexts):
        raise ClickError(
            f"{name} is not offered in direct messages: register it with contexts that allow it."
        )
    if not direct and IN_GUILD not in contexts:
        raise ClickError(f"{name} is not offered in a guild: its contexts are {contexts}.")
    if GUILD_INSTALL not in command["integration_types"]:
        raise ClickError(f"{name} is for people who installed the app; here it is installed in the guild.")
    parent = use.world.channels[channel["parent_id"]] if channel["type"] in THREADS else channel
    if command["nsfw"] and not direct and not parent["nsfw"]:
        raise ClickError(f"{name} is age-restricted and #{parent['name']} is not.")
    default = command["default_member_permissions"]
    # Discord keeps a command that asks for "0" to administrators.
    asked = 0 if default is None else int(default) or ADMINISTRATOR
    needed = asked | USE_APPLICATION_COMMANDS | VIEW_CHANNEL
    need(use.world, use.user, use.channel_id, needed, f"can't use {name} in")
