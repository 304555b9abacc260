"""The routes of the bot itself, of people, and of the guild with its channels, roles and members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import payloads
from .errors import UnknownError, invalid_field
from .rest import Call, Routes

if TYPE_CHECKING:
    from .server import Simulator
    from .world import World

Json = dict[str, Any]

CHANNEL_FIELDS: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "type": int,
    "topic": (str, type(None)),
    "position": (int, type(None)),
    "nsfw": (bool, type(None)),
    "parent_id": (str, int, type(None)),
    "permission_overwrites": (list, type(None)),
    "rate_limit_per_user": (int, type(None)),
    "bitrate": (int, type(None)),
    "user_limit": (int, type(None)),
}
ROLE_FIELDS: dict[str, type | tuple[type, ...]] = {
    "name": (str, type(None)),
    "permissions": (str, int, type(None)),
    "color": (int, type(None)),
    "colors": (dict, type(None)),
    "hoist": (bool, type(None)),
    "mentionable": (bool, type(None)),
}
MEMBER_FIELDS: dict[str, type | tuple[type, ...]] = {
    "nick": (str, type(None)),
    "roles": (list, type(None)),
    "communication_disabled_until": (str, type(None)),
}
MAX_NAME = 100

routes = Routes()


def _fields(call: Call, known: dict[str, type | tuple[type, ...]]) -> Json:
    """The known fields of a body.

    Raises:
        ApiError: A value has the wrong type, or a name is too long.
    """
    body = call.form()
    changes = {key: body[key] for key in known if key in body}
    for key, value in changes.items():
        if not isinstance(value, known[key]) or (isinstance(value, bool) and known[key] is int):
            raise invalid_field(key, "BASE_TYPE_BAD_TYPE", f"{value!r} is not of the right type.")
    name = changes.get("name") or changes.get("nick")
    if name is not None and len(name) > MAX_NAME:
        raise invalid_field("name", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_NAME} or fewer in length.")
    return changes


def _guild(world: World, call: Call) -> Json:
    if call.params["guild_id"] != world.guild["id"]:
        raise UnknownError("Guild", call.params["guild_id"])
    return world.guild


@routes.add("GET", "users/@me")
def get_current_user(simulator: Simulator, call: Call) -> Json:  # noqa: ARG001
    """Get Current User."""
    return payloads.own_user(simulator.world.bot_user)


@routes.add("GET", "users/{user_id}")
def get_user(simulator: Simulator, call: Call) -> Json:
    """Get User."""
    return simulator.world.user_by_id(call.params["user_id"])


@routes.add("GET", "users/@me/guilds")
def get_current_guilds(simulator: Simulator, call: Call) -> list[Json]:  # noqa: ARG001
    """Get Current User Guilds."""
    guild = simulator.world.guild
    shown = {key: guild[key] for key in ("id", "name", "icon", "banner", "features")}
    return [{**shown, "owner": False, "permissions": str(payloads.ALL_PERMISSIONS)}]


@routes.add("POST", "users/@me/channels")
def create_dm(simulator: Simulator, call: Call) -> Json:
    """Create DM."""
    recipient = call.form().get("recipient_id")
    if recipient is None:
        raise invalid_field("recipient_id", "BASE_TYPE_REQUIRED", "This field is required")
    return simulator.world.dm(str(recipient))


@routes.add("GET", "applications/@me")
@routes.add("GET", "oauth2/applications/@me")
def get_application(simulator: Simulator, call: Call) -> Json:  # noqa: ARG001
    """Get Current Application."""
    return simulator.world.application


@routes.add("GET", "gateway")
def get_gateway(simulator: Simulator, call: Call) -> Json:  # noqa: ARG001
    """Get Gateway."""
    return {"url": simulator.gateway_url}


@routes.add("GET", "gateway/bot")
def get_gateway_bot(simulator: Simulator, call: Call) -> Json:  # noqa: ARG001
    """Get Gateway Bot."""
    limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
    return {"url": simulator.gateway_url, "shards": 1, "session_start_limit": limit}


@routes.add("GET", "guilds/{guild_id}")
def get_guild(simulator: Simulator, call: Call) -> Json:
    """Get Guild."""
    world = simulator.world
    guild = {**_guild(world, call), "roles": list(world.roles.values())}
    if call.query.get("with_counts", "").lower() in ("1", "true"):
        guild["approximate_member_count"] = guild["approximate_presence_count"] = len(world.members)
    return guild


@routes.add("GET", "guilds/{guild_id}/channels")
def get_channels(simulator: Simulator, call: Call) -> list[Json]:
    """Get Guild Channels."""
    _guild(simulator.world, call)
    return simulator.world.guild_channels()


@routes.add("POST", "guilds/{guild_id}/channels")
def create_channel(simulator: Simulator, call: Call) -> Json:
    """Create Guild Channel."""
    _guild(simulator.world, call)
    fields = {key: value for key, value in _fields(call, CHANNEL_FIELDS).items() if value is not None}
    if not fields.get("name"):
        raise invalid_field("name", "BASE_TYPE_REQUIRED", "This field is required")
    world = simulator.world
    kind = fields.pop("type", 0)
    fresh = payloads.channel(
        world.snowflakes.next(), "", guild_id=world.guild["id"], position=len(world.channels), kind=kind
    )
    return world.put_channel({**fresh, **_overwrites(fields)})


@routes.add("GET", "channels/{channel_id}")
def get_channel(simulator: Simulator, call: Call) -> Json:
    """Get Channel."""
    return simulator.world.channel(call.params["channel_id"])


@routes.add("PATCH", "channels/{channel_id}")
def edit_channel(simulator: Simulator, call: Call) -> Json:
    """Modify Channel."""
    channel = simulator.world.channel(call.params["channel_id"])
    return simulator.world.put_channel({**channel, **_overwrites(_fields(call, CHANNEL_FIELDS))})


def _overwrites(fields: Json) -> Json:
    """Permission overwrites with every field that a client reads, as Discord gives them back."""
    if "permission_overwrites" not in fields:
        return fields
    overwrites = []
    for index, entry in enumerate(fields["permission_overwrites"] or ()):
        known = isinstance(entry, dict) and str(entry.get("id")).isdecimal() and entry.get("type") in (0, 1)
        if not known:
            where = f"permission_overwrites.{index}"
            raise invalid_field(where, "BASE_TYPE_REQUIRED", "An overwrite needs an id and a type of 0 or 1.")
        bits = {key: str(entry.get(key) or 0) for key in ("allow", "deny")}
        overwrites.append({"id": str(entry["id"]), "type": entry["type"], **bits})
    return {**fields, "permission_overwrites": overwrites}


@routes.add("DELETE", "channels/{channel_id}")
def delete_channel(simulator: Simulator, call: Call) -> Json:
    """Delete Channel."""
    channel = simulator.world.channel(call.params["channel_id"])
    simulator.world.delete_channel(channel["id"])
    return channel


@routes.add("GET", "guilds/{guild_id}/roles")
def get_roles(simulator: Simulator, call: Call) -> list[Json]:
    """Get Guild Roles."""
    _guild(simulator.world, call)
    return list(simulator.world.roles.values())


@routes.add("GET", "guilds/{guild_id}/roles/{role_id}")
def get_role(simulator: Simulator, call: Call) -> Json:
    """Get Guild Role."""
    _guild(simulator.world, call)
    return simulator.world.role(call.params["role_id"])


@routes.add("POST", "guilds/{guild_id}/roles")
def create_role(simulator: Simulator, call: Call) -> Json:
    """Create Guild Role."""
    _guild(simulator.world, call)
    world = simulator.world
    fresh = payloads.role(world.snowflakes.next(), "new role", position=len(world.roles))
    return world.put_role({**fresh, **_role_fields(call)})


@routes.add("PATCH", "guilds/{guild_id}/roles/{role_id}")
def edit_role(simulator: Simulator, call: Call) -> Json:
    """Modify Guild Role."""
    _guild(simulator.world, call)
    return simulator.world.put_role({**simulator.world.role(call.params["role_id"]), **_role_fields(call)})


def _role_fields(call: Call) -> Json:
    fields = {key: value for key, value in _fields(call, ROLE_FIELDS).items() if value is not None}
    colors = fields.pop("colors", None) or {}
    color = fields.get("color", colors.get("primary_color"))
    if color is not None:
        if isinstance(color, bool) or not isinstance(color, int):
            raise invalid_field("colors", "NUMBER_TYPE_COERCE", f'Value "{color}" is not int.')
        empty = {"secondary_color": None, "tertiary_color": None}
        fields.update(color=color, colors={**empty, **colors, "primary_color": color})
    if "permissions" in fields:
        if not str(fields["permissions"]).isdecimal():
            raise invalid_field("permissions", "NUMBER_TYPE_COERCE", "Value is not a bit set.")
        fields["permissions"] = str(int(fields["permissions"]))
    return fields


@routes.add("DELETE", "guilds/{guild_id}/roles/{role_id}")
def delete_role(simulator: Simulator, call: Call) -> None:
    """Delete Guild Role."""
    _guild(simulator.world, call)
    if call.params["role_id"] == simulator.world.guild["id"]:
        raise invalid_field("role_id", "INVALID_ROLE", "@everyone can't be deleted.")
    simulator.world.delete_role(call.params["role_id"])


@routes.add("GET", "guilds/{guild_id}/members")
def get_members(simulator: Simulator, call: Call) -> list[Json]:
    """List Guild Members."""
    _guild(simulator.world, call)
    world = simulator.world
    limit, after = call.number("limit", 1, 1, 1000), call.number("after", 0, 0, 1 << 64)
    ids = sorted((user_id for user_id in world.members if int(user_id) > after), key=int)
    return [world.member(user_id) for user_id in ids[:limit]]


@routes.add("GET", "guilds/{guild_id}/members/search")
def search_members(simulator: Simulator, call: Call) -> list[Json]:
    """Search Guild Members."""
    _guild(simulator.world, call)
    world = simulator.world
    query, limit = call.query.get("query", "").lower(), call.number("limit", 1, 1, 1000)
    members = [world.member(user_id) for user_id in world.members]
    return [
        member
        for member in members
        if (member["nick"] or "").lower().startswith(query)
        or member["user"]["username"].lower().startswith(query)
    ][:limit]


@routes.add("GET", "guilds/{guild_id}/members/{user_id}")
def get_member(simulator: Simulator, call: Call) -> Json:
    """Get Guild Member."""
    _guild(simulator.world, call)
    return simulator.world.member(call.params["user_id"])


@routes.add("PATCH", "guilds/{guild_id}/members/@me")
def edit_own_member(simulator: Simulator, call: Call) -> Json:
    """Modify Current Member."""
    call.params["user_id"] = simulator.world.application_id
    return _edit_member(simulator.world, call)


@routes.add("PATCH", "guilds/{guild_id}/members/{user_id}")
def edit_member(simulator: Simulator, call: Call) -> Json:
    """Modify Guild Member: nick, roles, timeout."""
    return _edit_member(simulator.world, call)


def _edit_member(world: World, call: Call) -> Json:
    _guild(world, call)
    changes = _fields(call, MEMBER_FIELDS)
    if "roles" in changes:
        changes["roles"] = [str(role_id) for role_id in dict.fromkeys(map(str, changes["roles"] or ()))]
        for role_id in changes["roles"]:
            world.role(role_id)
    return world.update_member(call.params["user_id"], changes)


@routes.add("PUT", "guilds/{guild_id}/members/{user_id}/roles/{role_id}")
def add_member_role(simulator: Simulator, call: Call) -> None:
    """Add Guild Member Role."""
    _set_role(simulator.world, call, held=True)


@routes.add("DELETE", "guilds/{guild_id}/members/{user_id}/roles/{role_id}")
def remove_member_role(simulator: Simulator, call: Call) -> None:
    """Remove Guild Member Role."""
    _set_role(simulator.world, call, held=False)


def _set_role(world: World, call: Call, *, held: bool) -> None:
    _guild(world, call)
    user_id, role_id = call.params["user_id"], world.role(call.params["role_id"])["id"]
    roles = world.member(user_id)["roles"]
    if (role_id in roles) != held:
        changed = [*roles, role_id] if held else [other for other in roles if other != role_id]
        world.update_member(user_id, {"roles": changed})
