"""The routes of the bot's user, of people, and of the guild."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kit.simulator.errors import ApiError, UnknownError
from kit.simulator.rest.calls import Call
from kit.simulator.rest.routing import Routes
from kit.simulator.world import payloads

if TYPE_CHECKING:
    from kit.simulator.server import Simulator
    from kit.simulator.world.world import World

Json = dict[str, Any]

routes = Routes()


def guild(world: World, call: Call) -> Json:
    """The guild of a path.

    Args:
        world: Where.
        call: The request.

    Raises:
        LookupError: It is another guild.
    """
    if call.params["guild_id"] != world.guild["id"]:
        raise UnknownError("Guild", call.params["guild_id"])
    return world.guild


@routes.add("GET", "users/@me")
def get_current_user(simulator: Simulator, call: Call) -> Json:  # noqa: ARG001
    """Get Current User."""
    return payloads.own_user(call.bot.user)


@routes.add("GET", "users/{user_id}")
def get_user(simulator: Simulator, call: Call) -> Json:
    """Get User."""
    return simulator.world.user_by_id(call.params["user_id"])


@routes.add("GET", "users/@me/guilds")
def get_current_guilds(simulator: Simulator, call: Call) -> list[Json]:
    """Get Current User Guilds."""
    world = simulator.world
    guild_id, highest = int(world.guild["id"]), (1 << 64) - 1
    # A library pages until nothing comes.
    if not call.number("after", 0, 0, highest) < guild_id < call.number("before", highest, 0, highest):
        return []
    shown = {key: world.guild[key] for key in ("id", "name", "icon", "banner", "features")}
    permissions = str(world.permissions(call.bot.id))
    return [{**shown, "owner": False, "permissions": permissions, **_counts(world, call)}]


def _counts(world: World, call: Call) -> Json:
    if call.query.get("with_counts", "").lower() not in ("1", "true"):
        return {}
    return dict.fromkeys(("approximate_member_count", "approximate_presence_count"), len(world.members))


@routes.add("GET", "soundboard-default-sounds")
def get_default_sounds(simulator: Simulator, call: Call) -> list[Json]:  # noqa: ARG001
    """List Default Soundboard Sounds: there are none here. py-cord asks before it says that it is ready."""
    return []


@routes.add("POST", "users/@me/channels")
def create_dm(simulator: Simulator, call: Call) -> Json:
    """Create DM."""
    form = call.form()
    recipient = form.snowflake("G05", "recipient_id", required=True)
    form.check()
    if str(recipient) in simulator.world.bots:
        raise ApiError(400, 50007, "Cannot send messages to this user")
    return simulator.world.dm(str(recipient), bot=call.bot)


@routes.add("GET", "guilds/{guild_id}")
def get_guild(simulator: Simulator, call: Call) -> Json:
    """Get Guild."""
    world = simulator.world
    return {**guild(world, call), "roles": list(world.roles.values()), **_counts(world, call)}
