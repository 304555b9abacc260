"""Using a slash command: from a name and options to the data of a command interaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kit.simulator.errors import ClickError
from kit.simulator.interactions.clicks import need
from kit.simulator.interactions.resolved import Resolved
from kit.simulator.world.permissions import ADMINISTRATOR, USE_APPLICATION_COMMANDS, VIEW_CHANNEL
from kit.simulator.world.world import GLOBAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kit.simulator.world.bots import Bot
    from kit.simulator.world.world import World

Json = dict[str, Any]

CHAT_INPUT = 1
SUBCOMMAND, GROUP = 1, 2
STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER = 3, 4, 5, 6, 7, 8, 9, 10
PYTHON_TYPES: dict[int, tuple[type, ...]] = {
    STRING: (str,),
    INTEGER: (int,),
    BOOLEAN: (bool,),
    NUMBER: (int, float),
}
# An option's type, and the select that chooses the same things.
RESOLVED_AS = {USER: 5, ROLE: 6, MENTIONABLE: 7, CHANNEL: 8}


def invocation(
    world: World,
    command: Json,
    words: Sequence[str],
    options: Mapping[str, Any],
    *,
    user: Json,
    channel_id: str,
) -> Json:
    """The ``data`` of a slash command (docs page *Receiving and Responding*).

    Args:
        world: Where the ids of options are looked up.
        command: The command, as it is registered.
        words: Its subcommands, in order.
        options: By name.
        user: Who uses it.
        channel_id: Where.

    Raises:
        ClickError: No such subcommand or option, a required option is missing, a value does not fit, or the
            person may not use the command there.
    """
    default = command["default_member_permissions"]
    # Discord keeps a command that asks for "0" to administrators.
    asked = 0 if default is None else int(default) or ADMINISTRATOR
    needed = asked | USE_APPLICATION_COMMANDS | VIEW_CHANNEL
    need(world, user, channel_id, needed, f"can't use /{command['name']} in")
    found = Resolved(world, user, channel_id)
    data: Json = {"id": command["id"], "name": command["name"], "type": CHAT_INPUT}
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    data["options"] = _options(command, words, options, found)
    if found.objects:
        data["resolved"] = found.objects
    return data


def registered(world: World, name: str, bots: Iterable[Bot]) -> tuple[Bot, Json]:
    """The slash command of a name, and the bot that answers it.

    Args:
        world: Where.
        name: The command's name.
        bots: Whose commands are looked through, in order.

    Raises:
        ClickError: None of them registered it.
    """
    scopes = (world.guild["id"], GLOBAL)
    known = []
    for bot in bots:
        mine = [c for scope in scopes for c in bot.commands.get(scope, ()) if c["type"] == CHAT_INPUT]
        for command in mine:
            if command["name"] == name:
                return bot, command
        known += mine
    there = ", ".join(f"/{command['name']}" for command in known)
    hint = f"Registered: {there}" if there else "The bot registered none: call await bot.tree.sync() first"
    raise ClickError(f"There is no slash command /{name}. {hint}.")


def _options(node: Json, words: Sequence[str], options: Mapping[str, Any], found: Resolved) -> list[Json]:
    offered = {option["name"]: option for option in node.get("options", ())}
    nested = [key for key, option in offered.items() if option["type"] in (SUBCOMMAND, GROUP)]
    if nested or words:
        if not words or words[0] not in nested:
            raise ClickError(f"/{node['name']} takes one of the subcommands: {', '.join(nested) or 'none'}.")
        child = offered[words[0]]
        inner = _options(child, words[1:], options, found)
        return [{"name": child["name"], "type": child["type"], "options": inner}]
    for key in options:
        if key not in offered:
            there = ", ".join(offered) or "none"
            raise ClickError(f"/{node['name']} has no option {key!r}. Its options: {there}.")
    missing = [key for key, option in offered.items() if option.get("required") and key not in options]
    if missing:
        raise ClickError(f"/{node['name']} needs the option {missing[0]!r}.")
    return [_value(offered[key], value, found) for key, value in options.items()]


def _value(option: Json, value: Any, found: Resolved) -> Json:
    kind, name = option["type"], option["name"]
    if kind in PYTHON_TYPES:
        wrong_bool = isinstance(value, bool) and kind != BOOLEAN
        if wrong_bool or not isinstance(value, PYTHON_TYPES[kind]):
            wanted = " or ".join(python_type.__name__ for python_type in PYTHON_TYPES[kind])
            raise ClickError(f"The option {name!r} takes {wanted}, not {value!r}.")
        choices = [choice["value"] for choice in option.get("choices") or ()]
        if choices and value not in choices:
            raise ClickError(f"The option {name!r} takes one of {choices}, not {value!r}.")
    elif kind in RESOLVED_AS:
        value = str(value)
        try:
            found.add(RESOLVED_AS[kind], [value])
        except LookupError as error:
            raise ClickError(f"The option {name!r}: {error}") from error
    else:
        raise ClickError(f"viewkit's simulator can't fill in the option {name!r} of type {kind} yet.")
    return {"name": name, "type": kind, "value": value}
