"""The routes of custom emoji: the guild's, the application's, and their images."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

from kit.simulator.errors import ApiError, unknown
from kit.simulator.rest.calls import Call, Created
from kit.simulator.rest.guild import guild
from kit.simulator.rest.routing import Routes
from kit.simulator.world import payloads
from kit.simulator.world.media import image_type
from kit.simulator.world.permissions import CREATE_EXPRESSIONS, MANAGE_EXPRESSIONS, require

if TYPE_CHECKING:
    from kit.simulator.limits.forms import Form
    from kit.simulator.server import Simulator

Json = dict[str, Any]

MAX_EMOJIS, MAX_APPLICATION_EMOJIS = 50, 2000
MAX_IMAGE = 256 * 1024
NAME = re.compile(r"\w+", re.ASCII)
DATA_URI = re.compile(r"data:image/(?:png|gif|jpe?g|webp);base64,(.*)", re.DOTALL)

routes = Routes()
EMOJIS = "guilds/{guild_id}/emojis"
OWN = "applications/{application_id}/emojis"


@routes.add("GET", EMOJIS)
def get_emojis(simulator: Simulator, call: Call) -> list[Json]:
    """List Guild Emojis."""
    emojis: list[Json] = guild(simulator.world, call)["emojis"]
    return emojis


@routes.add("GET", EMOJIS + "/{emoji_id}")
def get_emoji(simulator: Simulator, call: Call) -> Json:
    """Get Guild Emoji."""
    return _by_id(guild(simulator.world, call)["emojis"], call)


@routes.add("POST", EMOJIS)
def create_emoji(simulator: Simulator, call: Call) -> Created:
    """Create Guild Emoji."""
    world = simulator.world
    emojis = guild(world, call)["emojis"]
    require(world, call.bot.id, CREATE_EXPRESSIONS)
    name, roles, image = _fields(call.form(), fresh=True)
    animated = image_type(image) == "gif"
    if sum(emoji["animated"] == animated for emoji in emojis) >= MAX_EMOJIS:
        raise ApiError(400, 30008, f"Maximum number of emojis reached ({MAX_EMOJIS})")
    emoji = payloads.emoji("", str(name), call.bot.user, roles=roles or ())
    return Created(world.add_emoji(emoji, image))


@routes.add("PATCH", EMOJIS + "/{emoji_id}")
def edit_emoji(simulator: Simulator, call: Call) -> Json:
    """Modify Guild Emoji: its name, and the roles that may use it."""
    world = simulator.world
    emoji = _by_id(guild(world, call)["emojis"], call)
    _may_change(simulator, call, emoji)
    name, roles, _ = _fields(call.form(), fresh=False)
    changed = {**emoji, "name": name or emoji["name"], "roles": emoji["roles"] if roles is None else roles}
    world.put_emojis([changed if old["id"] == emoji["id"] else old for old in world.guild["emojis"]])
    return changed


@routes.add("DELETE", EMOJIS + "/{emoji_id}")
def delete_emoji(simulator: Simulator, call: Call) -> None:
    """Delete Guild Emoji."""
    emoji = _by_id(guild(simulator.world, call)["emojis"], call)
    _may_change(simulator, call, emoji)
    simulator.world.drop_emoji(emoji["id"])


def _may_change(simulator: Simulator, call: Call, emoji: Json) -> None:
    own = emoji["user"]["id"] == call.bot.id
    require(simulator.world, call.bot.id, CREATE_EXPRESSIONS if own else MANAGE_EXPRESSIONS)


@routes.add("GET", OWN)
def get_own_emojis(simulator: Simulator, call: Call) -> Json:  # noqa: ARG001
    """List Application Emojis."""
    return {"items": _own(call)}


@routes.add("GET", OWN + "/{emoji_id}")
def get_own_emoji(simulator: Simulator, call: Call) -> Json:  # noqa: ARG001
    """Get Application Emoji."""
    return _by_id(_own(call), call)


@routes.add("POST", OWN)
def create_own_emoji(simulator: Simulator, call: Call) -> Created:
    """Create Application Emoji."""
    emojis = _own(call)
    name, _, image = _fields(call.form(), fresh=True)
    if any(emoji["name"] == name for emoji in emojis):
        raise ApiError(400, 30018, "An emoji of that name exists already")
    if len(emojis) >= MAX_APPLICATION_EMOJIS:
        raise ApiError(400, 30008, f"Maximum number of emojis reached ({MAX_APPLICATION_EMOJIS})")
    made = simulator.world.keep_emoji(payloads.emoji("", str(name), call.bot.user), image, None)
    emojis.append(made)
    return Created(made)


@routes.add("PATCH", OWN + "/{emoji_id}")
def edit_own_emoji(simulator: Simulator, call: Call) -> Json:  # noqa: ARG001
    """Modify Application Emoji: its name."""
    emojis = _own(call)
    emoji = _by_id(emojis, call)
    name, _, _ = _fields(call.form(), fresh=False)
    changed = {**emoji, "name": name or emoji["name"]}
    emojis[emojis.index(emoji)] = changed
    return changed


@routes.add("DELETE", OWN + "/{emoji_id}")
def delete_own_emoji(simulator: Simulator, call: Call) -> None:
    """Delete Application Emoji."""
    emojis = _own(call)
    emoji = _by_id(emojis, call)
    emojis.remove(emoji)
    simulator.world.images.pop(emoji["id"], None)


def _own(call: Call) -> list[Json]:
    if call.params["application_id"] != call.bot.id:
        raise unknown("Application")
    return call.bot.emojis


def _by_id(emojis: list[Json], call: Call) -> Json:
    for emoji in emojis:
        if emoji["id"] == call.params["emoji_id"]:
            return emoji
    raise unknown("Emoji")


def _fields(form: Form, *, fresh: bool) -> tuple[str | None, list[str] | None, bytes]:
    """The name, the roles and the image that were sent."""
    name = form.text("G06", "name", 2, 32, required=fresh)
    if name is not None and 2 <= len(name) <= 32 and not NAME.fullmatch(name):
        form.fault("G06", "name", "STRING_TYPE_REGEX", "String value did not match validation regex.")
    roles = form.snowflakes("G06", "roles", 0, 250) if form.given("roles") else None
    text = form.text("G06", "image", 1, 2 * MAX_IMAGE, required=fresh) if fresh else None
    image = b""
    if text is not None:
        image = _image(text)
        if image_type(image) is None:
            form.fault("G06", "image", "IMAGE_INVALID", "Invalid image data")
        elif len(image) > MAX_IMAGE:
            form.fault("G06", "image", "BINARY_TYPE_MAX_SIZE", "File cannot be larger than 256.0 kb.")
    form.check()
    return name, roles, image


def _image(text: str) -> bytes:
    found = DATA_URI.fullmatch(text)
    try:
        return base64.b64decode(found[1], validate=True) if found else b""
    except binascii.Error:
        return b""
