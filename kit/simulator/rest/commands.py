"""The routes of application commands, global and of the guild."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kit.simulator.errors import ApiError, UnknownError, invalid_field, unknown
from kit.simulator.limits.commands import command_fields
from kit.simulator.limits.forms import Form
from kit.simulator.rest.calls import Call, Created
from kit.simulator.rest.routing import Routes
from kit.simulator.world.world import GLOBAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kit.simulator.server import Simulator
    from kit.simulator.world.bots import Bot
    from kit.simulator.world.world import World

Json = dict[str, Any]
# Of slash commands, of each menu, and of entry points.
MOST = {1: 100, 2: 15, 3: 15, 4: 1}
MAX_COMMANDS = 130

routes = Routes()
COMMANDS = "applications/{application_id}/commands"
GUILD_COMMANDS = "applications/{application_id}/guilds/{guild_id}/commands"


def _scope(world: World, call: Call) -> str:
    if call.params["application_id"] != call.bot.id:
        raise unknown("Application")
    guild_id = call.params.get("guild_id")
    if guild_id is not None and guild_id != world.guild["id"]:
        raise UnknownError("Guild", guild_id)
    return guild_id or GLOBAL


def _registered(world: World, bot: Bot, scope: str, command: Json) -> Json:
    known = [old for old in bot.commands.get(scope, ()) if _key(old) == _key(command)]
    data: Json = {
        **command,
        "id": known[0]["id"] if known else world.snowflakes.next(),
        "application_id": bot.id,
        "version": world.snowflakes.next(),
    }
    return data if scope == GLOBAL else {**data, "guild_id": scope}


def _key(command: Json) -> tuple[str, int]:
    return command["name"], command["type"]


def _check_names(commands: Sequence[Json]) -> None:
    if len({_key(command) for command in commands}) < len(commands):
        names = "Application command names must be unique"
        raise invalid_field("", "APPLICATION_COMMANDS_DUPLICATE_NAME", names)


def _check_number(commands: Sequence[Json]) -> None:
    for kind, most in MOST.items():
        if sum(command["type"] == kind for command in commands) > most:
            raise ApiError(400, 30032, f"Maximum number of application commands reached ({most})")


def _by_id(world: World, call: Call) -> tuple[list[Json], int]:
    scope = call.bot.commands.get(_scope(world, call), [])
    for index, command in enumerate(scope):
        if command["id"] == call.params["command_id"]:
            return scope, index
    raise unknown("application command")


@routes.add("GET", COMMANDS)
@routes.add("GET", GUILD_COMMANDS)
def get_commands(simulator: Simulator, call: Call) -> list[Json]:
    """Get Global (or Guild) Application Commands."""
    return call.bot.commands.get(_scope(simulator.world, call), [])


@routes.add("PUT", COMMANDS)
@routes.add("PUT", GUILD_COMMANDS)
def overwrite_commands(simulator: Simulator, call: Call) -> list[Json]:
    """Bulk Overwrite Global (or Guild) Application Commands."""
    world = simulator.world
    scope = _scope(world, call)
    body = Form({"": call.body}, (), [])
    checked = [command_fields(form) for form in body.forms("A01", "", 0, MAX_COMMANDS, required=True)]
    body.check()
    _check_names(checked)
    _check_number(checked)
    call.bot.commands[scope] = [_registered(world, call.bot, scope, command) for command in checked]
    return call.bot.commands[scope]


@routes.add("POST", COMMANDS)
@routes.add("POST", GUILD_COMMANDS)
def create_command(simulator: Simulator, call: Call) -> Json | Created:
    """Create Global (or Guild) Application Command; one of the same name is overwritten, with a 200."""
    world = simulator.world
    scope = _scope(world, call)
    form = call.form()
    fields = command_fields(form)
    form.check()
    command = _registered(world, call.bot, scope, fields)
    before = call.bot.commands.get(scope, [])
    others = [old for old in before if _key(old) != _key(command)]
    _check_number([*others, command])
    call.bot.commands[scope] = [*others, command]
    return command if len(others) < len(before) else Created(command)


@routes.add("GET", COMMANDS + "/{command_id}")
@routes.add("GET", GUILD_COMMANDS + "/{command_id}")
def get_command(simulator: Simulator, call: Call) -> Json:
    """Get Global (or Guild) Application Command."""
    scope, index = _by_id(simulator.world, call)
    return scope[index]


@routes.add("PATCH", COMMANDS + "/{command_id}")
@routes.add("PATCH", GUILD_COMMANDS + "/{command_id}")
def edit_command(simulator: Simulator, call: Call) -> Json:
    """Edit Global (or Guild) Application Command."""
    scope, index = _by_id(simulator.world, call)
    form = Form({**scope[index], **call.form().data, "type": scope[index]["type"]}, (), [])
    fields = command_fields(form)
    form.check()
    _check_names([*scope[:index], fields, *scope[index + 1 :]])
    scope[index] = {**scope[index], **fields, "version": simulator.world.snowflakes.next()}
    return scope[index]


@routes.add("DELETE", COMMANDS + "/{command_id}")
@routes.add("DELETE", GUILD_COMMANDS + "/{command_id}")
def delete_command(simulator: Simulator, call: Call) -> None:
    """Delete Global (or Guild) Application Command."""
    scope, index = _by_id(simulator.world, call)
    del scope[index]


@routes.add("GET", GUILD_COMMANDS + "/permissions")
def get_all_permissions(simulator: Simulator, call: Call) -> list[Json]:
    """Get Guild Application Command Permissions: nobody changed any."""
    _scope(simulator.world, call)
    return []


@routes.add("GET", GUILD_COMMANDS + "/{command_id}/permissions")
def get_permissions(simulator: Simulator, call: Call) -> Json:
    """Get Application Command Permissions: as nobody changed any, Discord knows none."""
    _scope(simulator.world, call)
    raise unknown("application command permissions")


@routes.add("PUT", GUILD_COMMANDS + "/{command_id}/permissions")
def edit_permissions(simulator: Simulator, call: Call) -> Json:
    """Edit Application Command Permissions, which takes a person's token and never a bot's."""
    _scope(simulator.world, call)
    raise ApiError(403, 20001, "Bots cannot use this endpoint")
