"""The routes of application commands, global and of the guild."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import ApiError, UnknownError, invalid_field, invalid_form, unknown
from .rest import Call, Routes
from .world import GLOBAL

if TYPE_CHECKING:
    from .server import Simulator
    from .world import World

Json = dict[str, Any]
MAX_COMMANDS, MAX_OPTIONS, MAX_NAME, MAX_DESCRIPTION = 100, 25, 32, 100
CHAT_INPUT = 1

routes = Routes()
COMMANDS = "applications/{application_id}/commands"
GUILD_COMMANDS = "applications/{application_id}/guilds/{guild_id}/commands"


def _scope(world: World, call: Call) -> str:
    if call.params["application_id"] != world.application_id:
        raise unknown("Application")
    guild_id = call.params.get("guild_id")
    if guild_id is not None and guild_id != world.guild["id"]:
        raise UnknownError("Guild", guild_id)
    return guild_id or GLOBAL


def _problem(path: tuple[str, ...], code: str, message: str) -> ApiError:
    tree: Json = {"_errors": [{"code": code, "message": message}]}
    for key in reversed(path):
        tree = {key: tree}
    return invalid_form(tree)


def _checked(command: Any, path: tuple[str, ...]) -> Json:
    """A command or an option whose parts have the types that clients read (docs *Application Commands*)."""
    if not isinstance(command, dict):
        raise _problem(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
    name = command.get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME:
        raise _problem(
            (*path, "name"), "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {MAX_NAME} in length."
        )
    description = command.get("description", "")
    if not isinstance(description, str) or len(description) > MAX_DESCRIPTION:
        words = f"Must be between 1 and {MAX_DESCRIPTION} in length."
        raise _problem((*path, "description"), "BASE_TYPE_BAD_LENGTH", words)
    kind = command.get("type", CHAT_INPUT)
    if isinstance(kind, bool) or not isinstance(kind, int):
        raise _problem((*path, "type"), "NUMBER_TYPE_COERCE", "Value is not int.")
    options = command.get("options") or []
    if not isinstance(options, list) or len(options) > MAX_OPTIONS:
        words = f"Must be {MAX_OPTIONS} or fewer in length."
        raise _problem((*path, "options"), "BASE_TYPE_MAX_LENGTH", words)
    checked = [_checked(option, (*path, "options", str(i))) for i, option in enumerate(options)]
    return {**command, "type": kind, "options": checked}


def _registered(world: World, scope: str, command: Json) -> Json:
    known = [old for old in world.commands.get(scope, ()) if _key(old) == _key(command)]
    data: Json = {
        "default_member_permissions": None,
        "dm_permission": True,
        "contexts": None,
        "integration_types": [0],
        "nsfw": False,
        "description": "",
        "name_localizations": None,
        "description_localizations": None,
        **{key: value for key, value in command.items() if value is not None},
        "id": known[0]["id"] if known else world.snowflakes.next(),
        "application_id": world.application_id,
        "version": world.snowflakes.next(),
    }
    return data if scope == GLOBAL else {**data, "guild_id": scope}


def _key(command: Json) -> tuple[str, int]:
    return command["name"], command["type"]


def _by_id(world: World, call: Call) -> tuple[list[Json], int]:
    scope = world.commands.get(_scope(world, call), [])
    for index, command in enumerate(scope):
        if command["id"] == call.params["command_id"]:
            return scope, index
    raise unknown("application command")


@routes.add("GET", COMMANDS)
@routes.add("GET", GUILD_COMMANDS)
def get_commands(simulator: Simulator, call: Call) -> list[Json]:
    """Get Global (or Guild) Application Commands."""
    return simulator.world.commands.get(_scope(simulator.world, call), [])


@routes.add("PUT", COMMANDS)
@routes.add("PUT", GUILD_COMMANDS)
def overwrite_commands(simulator: Simulator, call: Call) -> list[Json]:
    """Bulk Overwrite Global (or Guild) Application Commands."""
    world = simulator.world
    scope = _scope(world, call)
    if not isinstance(call.body, list) or len(call.body) > MAX_COMMANDS:
        raise invalid_field("_errors", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_COMMANDS} or fewer in length.")
    checked = [_checked(command, (str(index),)) for index, command in enumerate(call.body)]
    if len({_key(command) for command in checked}) < len(checked):
        names = "Application command names must be unique"
        raise invalid_field("_errors", "APPLICATION_COMMANDS_DUPLICATE_NAME", names)
    world.commands[scope] = [_registered(world, scope, command) for command in checked]
    return world.commands[scope]


@routes.add("POST", COMMANDS)
@routes.add("POST", GUILD_COMMANDS)
def create_command(simulator: Simulator, call: Call) -> Json:
    """Create Global (or Guild) Application Command; one of the same name is overwritten."""
    world = simulator.world
    scope = _scope(world, call)
    command = _registered(world, scope, _checked(call.form(), ()))
    others = [old for old in world.commands.get(scope, ()) if _key(old) != _key(command)]
    world.commands[scope] = [*others, command]
    return command


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
    changed = _checked({**scope[index], **call.form()}, ())
    fixed = ("id", "application_id", "type", "guild_id")
    scope[index] = {**changed, **{key: scope[index][key] for key in fixed if key in scope[index]}}
    return scope[index]


@routes.add("DELETE", COMMANDS + "/{command_id}")
@routes.add("DELETE", GUILD_COMMANDS + "/{command_id}")
def delete_command(simulator: Simulator, call: Call) -> None:
    """Delete Global (or Guild) Application Command."""
    scope, index = _by_id(simulator.world, call)
    del scope[index]
