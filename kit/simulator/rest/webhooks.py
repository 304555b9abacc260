"""The routes of channels' webhooks: made and managed by bots, used by whoever knows their token.

An interaction's token is used at the same paths, with the application's id in the place of the webhook's; the
routes that both have are in ``interactions``, which asks here first.
"""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING, Any

from kit.simulator.errors import ApiError, unknown
from kit.simulator.limits.forms import Form
from kit.simulator.rest.calls import Call
from kit.simulator.rest.guild import guild
from kit.simulator.rest.messages import active, in_channel
from kit.simulator.rest.routing import Routes
from kit.simulator.world import messages, payloads, starting
from kit.simulator.world.permissions import MANAGE_WEBHOOKS, MISSING_PERMISSIONS, require

if TYPE_CHECKING:
    from kit.simulator.server import Simulator
    from kit.simulator.world.world import World

Json = dict[str, Any]
INCOMING = 1
MAX_WEBHOOKS, MAX_NAME = 15, 80
FORBIDDEN_WORDS = ("clyde", "discord")
HIDDEN_TOKEN = ApiError(401, 50027, "Invalid Webhook Token")
HOLDERS = (0, 2, 5, 13, *payloads.FORUMS)

routes = Routes()
WEBHOOK = "webhooks/{application_id}/{token}"


@routes.add("POST", "channels/{channel_id}/webhooks")
def create_webhook(simulator: Simulator, call: Call) -> Json:
    """Create Webhook."""
    world = simulator.world
    channel = in_channel(world, call, MANAGE_WEBHOOKS)
    if channel["type"] not in HOLDERS:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    form = call.form()
    name = _name(form, "name", required=True)
    form.check()
    if sum(hook["channel_id"] == channel["id"] for hook in world.webhooks.values()) >= MAX_WEBHOOKS:
        raise ApiError(400, 30007, f"Maximum number of webhooks reached ({MAX_WEBHOOKS})")
    webhook = {
        "id": world.snowflakes.next(),
        "type": INCOMING,
        "guild_id": world.guild["id"],
        "channel_id": channel["id"],
        "user": call.bot.user,
        "name": name,
        "avatar": None,
        "token": secrets.token_urlsafe(51),
        "application_id": call.bot.id,
    }
    return _put(world, webhook)


def _name(form: Form, key: str, *, required: bool = False) -> str | None:
    name = form.text("G08", key, 1, MAX_NAME, required=required)
    for word in FORBIDDEN_WORDS:
        if word in (name or "").lower():
            form.fault("G08", key, "WEBHOOK_NAME_INVALID", f'Username cannot contain "{word}"')
    return name


def _put(world: World, webhook: Json) -> Json:
    world.webhooks[webhook["id"]] = webhook
    _tell(world, webhook["channel_id"])
    return _shown(world, webhook)


def _tell(world: World, channel_id: str) -> None:
    world.emit("WEBHOOKS_UPDATE", {"guild_id": world.guild["id"], "channel_id": channel_id})


def _shown(world: World, webhook: Json) -> Json:
    return {**webhook, "url": f"{world.base_url}/api/webhooks/{webhook['id']}/{webhook['token']}"}


@routes.add("GET", "channels/{channel_id}/webhooks")
def get_channel_webhooks(simulator: Simulator, call: Call) -> list[Json]:
    """Get Channel Webhooks."""
    world = simulator.world
    channel = in_channel(world, call, MANAGE_WEBHOOKS)
    return [_shown(world, hook) for hook in world.webhooks.values() if hook["channel_id"] == channel["id"]]


@routes.add("GET", "guilds/{guild_id}/webhooks")
def get_guild_webhooks(simulator: Simulator, call: Call) -> list[Json]:
    """Get Guild Webhooks."""
    world = simulator.world
    guild(world, call)
    require(world, call.bot.id, MANAGE_WEBHOOKS)
    return [_shown(world, hook) for hook in world.webhooks.values()]


@routes.add("GET", "webhooks/{webhook_id}")
def get_webhook(simulator: Simulator, call: Call) -> Json:
    """Get Webhook."""
    return _shown(simulator.world, _managed(simulator.world, call))


@routes.add("PATCH", "webhooks/{webhook_id}")
def edit_webhook(simulator: Simulator, call: Call) -> Json:
    """Modify Webhook: its name, and the channel it writes in."""
    world = simulator.world
    webhook = _managed(world, call)
    form = call.form()
    channel_id = form.snowflake("G08", "channel_id")
    changed = _renamed(form, webhook)
    if channel_id is not None:
        require(world, call.bot.id, MANAGE_WEBHOOKS, world.find_channel(channel_id))
        changed["channel_id"] = channel_id
        _tell(world, webhook["channel_id"])
    return _put(world, changed)


@routes.add("DELETE", "webhooks/{webhook_id}")
def delete_webhook(simulator: Simulator, call: Call) -> None:
    """Delete Webhook."""
    _drop(simulator.world, _managed(simulator.world, call))


def _managed(world: World, call: Call) -> Json:
    webhook = world.webhooks.get(call.params["webhook_id"])
    if webhook is None:
        raise unknown("Webhook")
    require(world, call.bot.id, MANAGE_WEBHOOKS, world.channels[webhook["channel_id"]])
    return webhook


def _renamed(form: Form, webhook: Json) -> Json:
    name = _name(form, "name")
    form.check()
    return {**webhook, "name": name or webhook["name"]}


def _drop(world: World, webhook: Json) -> None:
    del world.webhooks[webhook["id"]]
    _tell(world, webhook["channel_id"])


def named(world: World, call: Call) -> Json | None:
    """The webhook that a path with a token is about; None if it names an application.

    Args:
        world: Where.
        call: The request.

    Raises:
        ApiError: 50027, the token is another.
    """
    webhook = world.webhooks.get(call.params["application_id"])
    if webhook is not None and not hmac.compare_digest(
        webhook["token"].encode(), call.params["token"].encode(errors="replace")
    ):
        raise HIDDEN_TOKEN
    return webhook


def _known(world: World, call: Call) -> Json:
    webhook = named(world, call)
    if webhook is None:
        raise unknown("Webhook")
    return webhook


def _public(world: World, webhook: Json) -> Json:
    return {key: value for key, value in _shown(world, webhook).items() if key != "user"}


@routes.add("GET", WEBHOOK, open=True)
def get_webhook_with_token(simulator: Simulator, call: Call) -> Json:
    """Get Webhook with Token."""
    return _public(simulator.world, _known(simulator.world, call))


@routes.add("PATCH", WEBHOOK, open=True)
def edit_webhook_with_token(simulator: Simulator, call: Call) -> Json:
    """Modify Webhook with Token."""
    world = simulator.world
    changed = _renamed(call.form(), _known(world, call))
    _put(world, changed)
    return _public(world, changed)


@routes.add("DELETE", WEBHOOK, open=True)
def delete_webhook_with_token(simulator: Simulator, call: Call) -> None:
    """Delete Webhook with Token."""
    _drop(simulator.world, _known(simulator.world, call))


def execute(world: World, call: Call, webhook: Json) -> Json | None:
    """Execute Webhook.

    Args:
        world: Where.
        call: The request.
        webhook: The webhook.

    Raises:
        ApiError: What is wrong with the message, or with the thread it is for.
    """
    form = call.form()
    name = _name(form, "username")
    form.url("G08", "avatar_url", ("http", "https"), 2048)
    title = form.text("G08", "thread_name", 1, 100)
    form.check()
    messages.validate(form.data, call.files, emojis=_emojis(world, webhook))
    channel = _place(world, call, webhook, title)
    author = {**payloads.user(webhook["id"], name or webhook["name"], bot=True), "discriminator": "0000"}
    fixed = {"webhook_id": webhook["id"], "application_id": webhook["application_id"]}
    message = messages.create(world, channel["id"], form.data, call.files, author=author, fixed=fixed)
    message = world.seen(message, webhook["application_id"])
    return message if call.query.get("wait", "").lower() in ("1", "true") else None


def _emojis(world: World, webhook: Json) -> frozenset[str]:
    return world.known_emojis(world.bots[webhook["application_id"]])


def _place(world: World, call: Call, webhook: Json, title: str | None) -> Json:
    """The channel that a message is for: the webhook's own, a thread of it, or a new post of its forum."""
    channel = world.channels[webhook["channel_id"]]
    forum = channel["type"] in payloads.FORUMS
    if title is not None and "thread_id" in call.query:
        words = "Webhooks posted to forum channels cannot have both a thread_name and thread_id"
        raise ApiError(400, 220002, words)
    if title is not None and not forum:
        raise ApiError(400, 220003, "Webhooks can only create threads in forum channels")
    if title is not None:
        return starting.start(world, title, channel["id"], owner_id=webhook["application_id"])
    thread_id = call.query.get("thread_id")
    if thread_id is None:
        if forum:
            words = "Webhooks posted to forum channels must have a thread_name or thread_id"
            raise ApiError(400, 220001, words)
        return channel
    thread = world.channels.get(thread_id)
    if thread is None or thread.get("parent_id") != channel["id"]:
        raise unknown("Channel")
    if thread["thread_metadata"]["locked"]:
        raise MISSING_PERMISSIONS
    return thread


def message_of(world: World, call: Call, webhook: Json) -> Json:
    """The message of a path, if a webhook wrote it.

    Args:
        world: Where.
        call: The request.
        webhook: The webhook.

    Raises:
        ApiError: 10008.
    """
    message_id = call.params["which"]
    if message_id not in world.channel_of or world.message(message_id).get("webhook_id") != webhook["id"]:
        raise unknown("Message")
    return world.message(message_id)


def edit_message(world: World, call: Call, webhook: Json) -> Json:
    """Edit Webhook Message.

    Args:
        world: Where.
        call: The request.
        webhook: The webhook.

    Raises:
        ApiError: 10008, 50083, or what is wrong with the message.
    """
    message = active(world, message_of(world, call, webhook))
    data = call.form().data
    messages.validate(data, call.files, edit_of=message, emojis=_emojis(world, webhook))
    changed = messages.edit(world, message, data, call.files)
    return world.seen(changed, webhook["application_id"])
