"""The routes that answer interactions: the callback, and the webhook of an interaction's token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from kit.simulator import components
from kit.simulator.errors import UnsupportedError, unknown
from kit.simulator.interactions.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL_SUBMIT
from kit.simulator.interactions.options import focused
from kit.simulator.limits import messages as limits
from kit.simulator.limits.commands import VALUES, check_choice
from kit.simulator.limits.forms import Form, refuse
from kit.simulator.rest import webhooks
from kit.simulator.rest.calls import Call
from kit.simulator.rest.routing import Routes
from kit.simulator.world import messages, references

if TYPE_CHECKING:
    from kit.simulator.interactions.interactions import Interaction
    from kit.simulator.server import Simulator
    from kit.simulator.world.world import World

Json = dict[str, Any]

REPLY, DEFERRED_REPLY, DEFERRED_EDIT, EDIT, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
UNSERVED_CALLBACKS = {10: "premium required", 12: "launch activity"}
ALLOWED: dict[int, tuple[int, ...]] = {
    COMMAND: (REPLY, DEFERRED_REPLY, MODAL),
    COMPONENT: (REPLY, DEFERRED_REPLY, DEFERRED_EDIT, EDIT, MODAL),
    AUTOCOMPLETE: (CHOICES,),
    MODAL_SUBMIT: (REPLY, DEFERRED_REPLY, DEFERRED_EDIT, EDIT),
}
CHAT_INPUT_COMMAND, CONTEXT_MENU_COMMAND = 20, 23
USER_COMMAND = 2
MAX_CHOICES = 25
ORIGINAL = "@original"

routes = Routes()
WEBHOOK = "webhooks/{application_id}/{token}"


@routes.add("POST", "interactions/{interaction_id}/{token}/callback", open=True)
def callback(simulator: Simulator, call: Call) -> Json | None:
    """Create Interaction Response."""
    interaction = simulator.interactions.to_answer(call.params["interaction_id"], call.params["token"])
    kind, message = respond(simulator, interaction, call)
    if call.query.get("with_response", "").lower() not in ("1", "true"):
        return None
    if message is not None:
        message = simulator.world.seen(message, interaction.bot.id)
    return _callback_object(interaction, kind, message)


def respond(simulator: Simulator, interaction: Interaction, call: Call) -> tuple[int, Json | None]:
    """Gives an interaction its initial response, however it came: by the callback, or from an endpoint.

    Args:
        simulator: Where.
        interaction: The interaction, pending.
        call: The response.

    Returns:
        The type of the response, and the message that it made or changed.

    Raises:
        ApiError: The response breaks a rule.
        LookupError: The message or the channel is gone.
        UnsupportedError: The simulator does not serve that type.
    """
    allowed = ALLOWED[interaction.type]
    if interaction.type == MODAL_SUBMIT and interaction.message_id is None:
        allowed = (REPLY, DEFERRED_REPLY)
    form = call.form()
    kind = form.choice("I01", "type", (*allowed, *UNSERVED_CALLBACKS), required=True)
    data = form.form("I01", "data") or Form({}, ("data",), form.found)
    form.check()
    if kind in UNSERVED_CALLBACKS:
        raise UnsupportedError(f"callback type {kind}, {UNSERVED_CALLBACKS[kind]}")
    message = RESPONSES[kind](simulator, interaction, data, call)
    simulator.interactions.answer(interaction, kind)
    return kind, message


def _callback_object(interaction: Interaction, kind: int, message: Json | None) -> Json:
    about: Json = {"id": interaction.id, "type": interaction.type}
    answer: Json = {"interaction": about}
    if message is not None:
        flags = message["flags"]
        about["response_message_id"] = message["id"]
        about["response_message_loading"] = bool(flags & messages.LOADING)
        about["response_message_ephemeral"] = bool(flags & messages.EPHEMERAL)
        if kind in (REPLY, EDIT):
            answer["resource"] = {"type": kind, "message": message}
    return answer


def _reply(simulator: Simulator, interaction: Interaction, form: Form, call: Call) -> Json:
    emojis = simulator.world.known_emojis(interaction.bot)
    messages.validate(form.data, call.files, interaction=True, prefix=("data",), emojis=emojis)
    message = _create(simulator.world, interaction, form.data, call, ephemeral=_ephemeral(form))
    interaction.original_id = message["id"]
    return message


def _deferred_reply(simulator: Simulator, interaction: Interaction, form: Form, call: Call) -> Json:
    _judge_spare(form)
    message = _create(simulator.world, interaction, {}, call, ephemeral=_ephemeral(form), loading=True)
    interaction.original_id = message["id"]
    return message


def _judge_spare(form: Form) -> None:
    """Of a message that comes with a deferral only the flags count, but all of it is judged."""
    found = limits.check_message(form.data, interaction=True)
    refuse([violation for violation in found if violation.code != limits.EMPTY], prefix=("data",))


def _deferred_edit(simulator: Simulator, interaction: Interaction, form: Form, call: Call) -> Json | None:  # noqa: ARG001
    _judge_spare(form)
    interaction.original_id = interaction.message_id
    return None


def _edit(simulator: Simulator, interaction: Interaction, form: Form, call: Call) -> Json:
    message = simulator.world.message(str(interaction.message_id))
    emojis = simulator.world.known_emojis(interaction.bot)
    messages.validate(
        form.data, call.files, edit_of=message, interaction=True, prefix=("data",), emojis=emojis
    )
    message = messages.edit(simulator.world, message, form.data, call.files)
    interaction.original_id = message["id"]
    interaction.effects.append(("edit", message))
    return message


def _choices(simulator: Simulator, interaction: Interaction, form: Form, call: Call) -> None:  # noqa: ARG001
    choices = form.forms("A03", "choices", 0, MAX_CHOICES)
    kinds = VALUES[focused(interaction.payload["data"]["options"])]
    for choice in choices:
        check_choice(choice, kinds)
    form.check()
    interaction.choices = [dict(choice.data) for choice in choices]


def _modal(simulator: Simulator, interaction: Interaction, form: Form, call: Call) -> None:  # noqa: ARG001
    emojis = simulator.world.known_emojis(interaction.bot)
    refuse(limits.check_modal(form.data, emojis=emojis), prefix=("data",))
    interaction.modal = {**form.data, "components": components.stored(form.data["components"], dict)}


RESPONSES: dict[int, Callable[[Simulator, Interaction, Form, Call], Json | None]] = {
    REPLY: _reply,
    DEFERRED_REPLY: _deferred_reply,
    DEFERRED_EDIT: _deferred_edit,
    EDIT: _edit,
    CHOICES: _choices,
    MODAL: _modal,
}


def _ephemeral(form: Form) -> bool:
    return bool((form.data.get("flags") or 0) & messages.EPHEMERAL)


def _create(
    world: World,
    interaction: Interaction,
    data: Mapping[str, Any],
    call: Call,
    *,
    ephemeral: bool,
    loading: bool = False,
) -> Json:
    """Stores a message that an interaction causes, and records it there."""
    channel_id = interaction.payload["channel_id"]
    fixed: Json = {
        "application_id": interaction.bot.id,
        "webhook_id": interaction.bot.id,
        "interaction_metadata": _metadata(world, interaction),
    }
    answered = _answered_message(world, interaction)
    if answered is not None:
        fixed.update(references.reply_to(world, answered, channel_id))
    elif interaction.type == COMMAND:
        name = interaction.payload["data"]["name"]
        chat_input = interaction.payload["data"]["type"] == 1
        fixed["type"] = CHAT_INPUT_COMMAND if chat_input else CONTEXT_MENU_COMMAND
        fixed["interaction"] = {"id": interaction.id, "type": COMMAND, "name": name, "user": interaction.user}
    if loading:
        fixed["flags"] = messages.LOADING | (messages.EPHEMERAL if ephemeral else 0)
    viewer_id = interaction.user["id"] if ephemeral else None
    author = interaction.bot.user
    message = messages.create(
        world, channel_id, data, call.files, author=author, viewer_id=viewer_id, fixed=fixed
    )
    interaction.effects.append(("create", message))
    return message


def _answered_message(world: World, interaction: Interaction) -> Json | None:
    for message_id in (interaction.original_id, interaction.message_id):
        if message_id is not None and message_id in world.channel_of:
            return world.message(message_id)
    return None


def _metadata(world: World, interaction: Interaction) -> Json:
    metadata: Json = {
        "id": interaction.id,
        "type": interaction.type,
        "user": interaction.user,
        "authorizing_integration_owners": interaction.payload["authorizing_integration_owners"],
    }
    if interaction.original_id is not None:
        metadata["original_response_message_id"] = interaction.original_id
    if interaction.type == COMPONENT:
        metadata["interacted_message_id"] = interaction.message_id
    elif interaction.type == COMMAND:
        metadata.update(_of_command(interaction.payload["data"]))
    elif interaction.type == MODAL_SUBMIT and interaction.cause is not None:
        metadata["triggering_interaction_metadata"] = _metadata(world, interaction.cause)
    return metadata


def _of_command(data: Json) -> Json:
    """What the metadata tells of the command, and of what its menu was opened on."""
    target = data.get("target_id")
    found: Json = {"name": data["name"], "command_type": data["type"]}
    if data["type"] == USER_COMMAND:
        return {**found, "target_user": data["resolved"]["users"][target]}
    return {**found, "target_message_id": target} if target else found


@routes.add("POST", WEBHOOK, open=True)
def follow_up(simulator: Simulator, call: Call) -> Json | None:
    """Create Followup Message. The first one after a deferred reply fills that in. Or Execute Webhook."""
    world = simulator.world
    webhook = webhooks.named(world, call)
    if webhook is not None:
        return webhooks.execute(world, call, webhook)
    interaction = simulator.interactions.to_follow(call.params["application_id"], call.params["token"])
    form = call.form()
    data = form.data
    messages.validate(data, call.files, interaction=True, emojis=world.known_emojis(interaction.bot))
    original = world.message(interaction.original_id) if interaction.original_id in world.channel_of else None
    if original is not None and original["flags"] & messages.LOADING:
        return _change(world, interaction, original, data, call)
    message = _create(world, interaction, data, call, ephemeral=_ephemeral(form))
    return world.seen(message, interaction.bot.id)


@routes.add("GET", WEBHOOK + "/messages/{which}", open=True)
def get_response(simulator: Simulator, call: Call) -> Json:
    """Get Original Interaction Response, Get Followup Message, Get Webhook Message."""
    webhook = webhooks.named(simulator.world, call)
    if webhook is not None:
        return webhooks.message_of(simulator.world, call, webhook)
    interaction, message = _response(simulator, call)
    return simulator.world.seen(message, interaction.bot.id)


@routes.add("PATCH", WEBHOOK + "/messages/{which}", open=True)
def edit_response(simulator: Simulator, call: Call) -> Json:
    """Edit Original Interaction Response, Edit Followup Message, Edit Webhook Message."""
    webhook = webhooks.named(simulator.world, call)
    if webhook is not None:
        return webhooks.edit_message(simulator.world, call, webhook)
    interaction, message = _response(simulator, call)
    data = call.form().data
    emojis = simulator.world.known_emojis(interaction.bot)
    messages.validate(data, call.files, edit_of=message, interaction=True, emojis=emojis)
    return _change(simulator.world, interaction, message, data, call)


@routes.add("DELETE", WEBHOOK + "/messages/{which}", open=True)
def delete_response(simulator: Simulator, call: Call) -> None:
    """Delete Original Interaction Response, Delete Followup Message, Delete Webhook Message."""
    webhook = webhooks.named(simulator.world, call)
    if webhook is not None:
        simulator.world.delete_message(webhooks.message_of(simulator.world, call, webhook)["id"])
        return
    interaction, message = _response(simulator, call)
    simulator.world.delete_message(message["id"])
    interaction.effects.append(("delete", message))


def _change(
    world: World, interaction: Interaction, message: Json, data: Mapping[str, Any], call: Call
) -> Json:
    fills = bool(message["flags"] & messages.LOADING)
    message = messages.edit(world, message, data, call.files, fills=fills)
    interaction.effects.append(("edit", message))
    return world.seen(message, interaction.bot.id)


def _response(simulator: Simulator, call: Call) -> tuple[Interaction, Json]:
    world = simulator.world
    interaction = simulator.interactions.to_follow(call.params["application_id"], call.params["token"])
    which = call.params["which"]
    message_id = interaction.original_id if which == ORIGINAL else which
    if message_id is None or message_id not in world.channel_of:
        raise unknown("Message")
    message = world.message(message_id)
    # Its own messages and the one it came from; of all others this token is no key.
    made_by = message.get("interaction_metadata", {}).get("id")
    if made_by != interaction.id and message_id not in (interaction.original_id, interaction.message_id):
        raise unknown("Message")
    return interaction, message
