"""The routes of the guild's roles and members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kit.simulator.errors import ApiError, UnsupportedError
from kit.simulator.limits import guilds as guild_limits
from kit.simulator.limits.forms import INT_LIMIT, Form
from kit.simulator.rest.calls import Call
from kit.simulator.rest.guild import guild
from kit.simulator.rest.routing import Routes
from kit.simulator.world import payloads, permissions

if TYPE_CHECKING:
    from kit.simulator.server import Simulator
    from kit.simulator.world.world import World

Json = dict[str, Any]
MAX_ROLES = 250
# Nobody here is.
NOT_IN_VOICE = ApiError(400, 40032, "Target user is not connected to voice.")
INVALID_ROLE = ApiError(400, 50028, "Invalid Role")

routes = Routes()
ROLE = "guilds/{guild_id}/roles/{role_id}"
MEMBER = "guilds/{guild_id}/members/{user_id}"


@routes.add("GET", "guilds/{guild_id}/roles")
def get_roles(simulator: Simulator, call: Call) -> list[Json]:
    """Get Guild Roles."""
    guild(simulator.world, call)
    return list(simulator.world.roles.values())


@routes.add("GET", ROLE)
def get_role(simulator: Simulator, call: Call) -> Json:
    """Get Guild Role."""
    guild(simulator.world, call)
    return simulator.world.find_role(call.params["role_id"])


@routes.add("POST", "guilds/{guild_id}/roles")
def create_role(simulator: Simulator, call: Call) -> Json:
    """Create Guild Role. It may do what @everyone may, unless the bot says otherwise."""
    world = simulator.world
    everyone = world.find_role(guild(world, call)["id"])
    permissions.require(world, call.bot.id, permissions.MANAGE_ROLES)
    fields = _role_fields(call)
    _grantable(call, world, fields, "0")
    if len(world.roles) > MAX_ROLES:
        raise ApiError(400, 30005, f"Maximum number of guild roles reached ({MAX_ROLES})")
    fresh = payloads.role(world.snowflakes.next(), "new role", permissions=int(everyone["permissions"]))
    return world.insert_role({**fresh, **fields})


@routes.add("PATCH", "guilds/{guild_id}/roles")
def move_roles(simulator: Simulator, call: Call) -> list[Json]:
    """Modify Guild Role Positions."""
    world = simulator.world
    guild(world, call)
    permissions.require(world, call.bot.id, permissions.MANAGE_ROLES)
    body = Form({"": call.body}, (), [])
    wanted: dict[str, int] = {}
    for entry in body.forms("G03", "", 0, MAX_ROLES, required=True):
        role_id = entry.snowflake("G03", "id", required=True)
        wanted[str(role_id)] = entry.number("G03", "position", 0, INT_LIMIT - 1) or 0
    body.check()
    order = _reordered(world, call, wanted)
    world.rank_roles(order)
    return list(world.roles.values())


def _reordered(world: World, call: Call, wanted: dict[str, int]) -> list[str]:
    """The roles from the lowest on, once some have moved; those above the bot's own stay where they are."""
    places = {role_id: (float(world.find_role(role_id)["position"]), 0) for role_id in world.ranking()}
    for role_id, position in wanted.items():
        role = world.find_role(role_id)
        if role["position"] == position:
            continue
        if role_id not in places:
            # @everyone is the lowest for ever.
            raise INVALID_ROLE
        # Moved up it comes after whoever is there, moved down before.
        places[role_id] = (position, 1 if position > role["position"] else -1)
    order = sorted(places, key=places.__getitem__)
    top = max((order.index(role_id) for role_id in world.members[call.bot.id]["roles"]), default=-1)
    for place, role_id in enumerate(order):
        if role_id in wanted and world.roles[role_id]["position"] != place + 1:
            permissions.require_above(world, call.bot.id, world.roles[role_id])
            if place > top:
                raise permissions.MISSING_PERMISSIONS
    return order


@routes.add("PATCH", ROLE)
def edit_role(simulator: Simulator, call: Call) -> Json:
    """Modify Guild Role."""
    guild(simulator.world, call)
    role = _manageable(simulator.world, call, call.params["role_id"])
    fields = _role_fields(call)
    if role["id"] == simulator.world.guild["id"]:
        # Nobody renames @everyone.
        fields.pop("name", None)
    _grantable(call, simulator.world, fields, role["permissions"])
    return simulator.world.update_role(role["id"], fields)


@routes.add("DELETE", ROLE)
def delete_role(simulator: Simulator, call: Call) -> None:
    """Delete Guild Role."""
    guild(simulator.world, call)
    role = _assignable(simulator.world, call, call.params["role_id"])
    simulator.world.delete_role(role["id"])


def _role_fields(call: Call) -> Json:
    form = call.form()
    for key in ("icon", "unicode_emoji"):
        if form.given(key):
            raise UnsupportedError(f"a role's {key}")
    return guild_limits.role_fields(form)


def _manageable(world: World, call: Call, role_id: str) -> Json:
    """A role that the bot may change.

    Raises:
        ApiError: 50013.
    """
    role = world.find_role(role_id)
    permissions.require(world, call.bot.id, permissions.MANAGE_ROLES)
    permissions.require_above(world, call.bot.id, role)
    return role


def _assignable(world: World, call: Call, role_id: str) -> Json:
    """A role that the bot may give, take or delete: not @everyone's, nor that of another application.

    Raises:
        ApiError: 50013 or 50028.
    """
    role = _manageable(world, call, role_id)
    if role["managed"] or role["id"] == world.guild["id"]:
        raise INVALID_ROLE
    return role


def _grantable(call: Call, world: World, fields: Json, before: str) -> None:
    changed = int(fields.get("permissions", before)) ^ int(before)
    permissions.require(world, call.bot.id, changed & payloads.ALL_PERMISSIONS)


@routes.add("GET", "guilds/{guild_id}/members")
def get_members(simulator: Simulator, call: Call) -> list[Json]:
    """List Guild Members: for applications that may know them."""
    guild(simulator.world, call)
    if "members" not in call.bot.privileged_intents:
        raise permissions.MISSING_ACCESS
    world = simulator.world
    limit, after = call.number("limit", 1, 1, 1000), call.number("after", 0, 0, 1 << 64)
    ids = sorted((user_id for user_id in world.members if int(user_id) > after), key=int)
    return [world.member(user_id) for user_id in ids[:limit]]


@routes.add("GET", "guilds/{guild_id}/members/search")
def search_members(simulator: Simulator, call: Call) -> list[Json]:
    """Search Guild Members."""
    guild(simulator.world, call)
    world = simulator.world
    query, limit = call.query.get("query", "").lower(), call.number("limit", 1, 1, 1000)
    members = [world.member(user_id) for user_id in world.members]
    return [
        member
        for member in members
        if (member["nick"] or "").lower().startswith(query)
        or member["user"]["username"].lower().startswith(query)
    ][:limit]


@routes.add("GET", MEMBER)
def get_member(simulator: Simulator, call: Call) -> Json:
    """Get Guild Member."""
    guild(simulator.world, call)
    return simulator.world.member(call.params["user_id"])


@routes.add("PATCH", "guilds/{guild_id}/members/@me")
def edit_own_member(simulator: Simulator, call: Call) -> Json:
    """Modify Current Member: nick."""
    world = simulator.world
    guild(world, call)
    permissions.require(world, call.bot.id, permissions.CHANGE_NICKNAME)
    form = call.form()
    for key in ("avatar", "banner", "bio"):
        if form.given(key):
            raise UnsupportedError(f"a member's {key}")
    changes = guild_limits.member_fields(form, world)
    return world.update_member(call.bot.id, {key: changes[key] for key in changes if key == "nick"})


@routes.add("PATCH", MEMBER)
def edit_member(simulator: Simulator, call: Call) -> Json:
    """Modify Guild Member: nick, roles, timeout."""
    world = simulator.world
    guild(world, call)
    user_id = world.member(call.params["user_id"])["user"]["id"]
    form = call.form()
    changes = guild_limits.member_fields(form, world)
    if form.given("mute") or form.given("deaf") or "channel_id" in form.data:
        raise NOT_IN_VOICE
    if changes.get("communication_disabled_until") and world.permissions(user_id) & permissions.ADMINISTRATOR:
        raise permissions.MISSING_PERMISSIONS
    if "nick" in changes or "communication_disabled_until" in changes:
        permissions.require_above_member(world, call.bot.id, user_id)
    if "nick" in changes:
        permissions.require(world, call.bot.id, permissions.MANAGE_NICKNAMES)
    if "communication_disabled_until" in changes:
        permissions.require(world, call.bot.id, permissions.MODERATE_MEMBERS)
    if "roles" in changes:
        for role_id in {*changes["roles"]} ^ {*world.members[user_id]["roles"]}:
            _assignable(world, call, role_id)
    return world.update_member(user_id, changes)


@routes.add("PUT", MEMBER + "/roles/{role_id}")
def add_member_role(simulator: Simulator, call: Call) -> None:
    """Add Guild Member Role."""
    _set_role(simulator.world, call, held=True)


@routes.add("DELETE", MEMBER + "/roles/{role_id}")
def remove_member_role(simulator: Simulator, call: Call) -> None:
    """Remove Guild Member Role."""
    _set_role(simulator.world, call, held=False)


def _set_role(world: World, call: Call, *, held: bool) -> None:
    guild(world, call)
    user_id = call.params["user_id"]
    roles = world.member(user_id)["roles"]
    role_id = _assignable(world, call, call.params["role_id"])["id"]
    if (role_id in roles) != held:
        changed = [*roles, role_id] if held else [other for other in roles if other != role_id]
        world.update_member(user_id, {"roles": changed})
