"""What a person can do with a message, a modal or a command, and what Discord's client refuses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from kit.simulator import components as ui
from kit.simulator.errors import ClickError
from kit.simulator.interactions.resolved import Resolved
from kit.simulator.world.media import Upload
from kit.simulator.world.payloads import DM_CHANNEL
from kit.simulator.world.permissions import VIEW_CHANNEL, lacking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kit.simulator.world.world import World

Json = dict[str, Any]


class HasId(Protocol):
    """Something that a bot's library made of a message or a user."""

    @property
    def id(self) -> int:
        """The snowflake."""


MessageLike = str | int | Json | HasId


def id_of(thing: str | int | Json | HasId) -> str:
    """The id, or the name, by which a person means something.

    Args:
        thing: The id or name itself, a raw object, or an object of a bot's library.

    Raises:
        ClickError: It is nothing of the sort.
    """
    if isinstance(thing, str | int):
        return str(thing)
    found = thing.get("id") if isinstance(thing, dict) else getattr(thing, "id", None)
    if found is None:
        raise ClickError(f"{thing!r:.60} has no id: give a message or a user, or their id.")
    return str(found)


def message_for(world: World, wanted: MessageLike, user: Json) -> Json:
    """A message, if the person can see it.

    Args:
        world: Where.
        wanted: Its id, or the message as it may have been once.
        user: The person.

    Raises:
        ClickError: There is no such message, or it is someone else's ephemeral one.
    """
    message_id = id_of(wanted)
    try:
        message = world.message(message_id)
    except LookupError as error:
        raise ClickError(str(error)) from error
    viewer_id = world.viewer_of(message["id"])
    channel = world.find_channel(message["channel_id"])
    if viewer_id not in (None, user["id"]):
        viewer = world.user_by_id(str(viewer_id))["username"]
        raise ClickError(
            f"Message {message_id} is ephemeral and only {viewer} sees it, not {user['username']}. "
            f"Use user={viewer!r}."
        )
    if channel["type"] == DM_CHANNEL and channel["recipients"][0]["id"] != user["id"]:
        recipient = channel["recipients"][0]["username"]
        raise ClickError(f"Message {message_id} is in {recipient}'s direct messages. Use user={recipient!r}.")
    need(world, user, channel["id"], VIEW_CHANNEL, "can't see")
    return message


def shared_message_for(world: World, wanted: MessageLike, user: Json) -> Json:
    """A message that others see as well: an ephemeral one is read, used and dismissed, and no more.

    Args:
        world: Where.
        wanted: See ``message_for``.
        user: The person.

    Raises:
        ClickError: There is no such message, or it is ephemeral.
    """
    message = message_for(world, wanted, user)
    if world.viewer_of(message["id"]) is not None:
        raise ClickError(
            f"Message {message['id']} is ephemeral: Discord offers no replies, reactions, pins or threads "
            "there. Take a message that everyone sees."
        )
    return message


def upload_of(name: str, file: Any) -> Upload:
    """A file as a person gives it.

    Args:
        name: What it is for, for the error.
        file: The file name and the bytes.

    Raises:
        ClickError: It is something else.
    """
    try:
        filename, data = file
    except (TypeError, ValueError):
        filename = data = None
    if not isinstance(filename, str) or not filename or not isinstance(data, bytes | bytearray):
        raise ClickError(f"{name} takes a file as (filename, bytes), not {file!r:.60}.")
    return Upload(filename, bytes(data))


def need(world: World, user: Json, channel_id: str, permissions: int, failing: str) -> None:
    """Refuses what a person may not do in a channel.

    Args:
        world: Where.
        user: The person.
        channel_id: The channel.
        permissions: What it takes.
        failing: What they can't do to the channel, such as "can't see".

    Raises:
        ClickError: They lack one of the permissions.
    """
    channel = world.find_channel(channel_id)
    if channel["type"] == DM_CHANNEL and channel["recipients"][0]["id"] != user["id"]:
        recipient = channel["recipients"][0]["username"]
        raise ClickError(f"Those are {recipient}'s direct messages. Use user={recipient!r}.")
    if lacking(world, user["id"], permissions, channel):
        raise ClickError(
            f"{user['username']} {failing} #{channel['name']}. A role or an overwrite must allow it."
        )


def usable(message: Json, custom_id: str) -> Json:
    """The component a person means, if it can be used.

    Args:
        message: The message it is on.
        custom_id: Its custom_id, or the label of a button.

    Raises:
        ClickError: It isn't there, is disabled, or sends no interaction.
    """
    component = ui.find(message["components"], custom_id)
    if component.get("disabled"):
        raise ClickError(f"{custom_id!r} is disabled on message {message['id']}: Discord won't send a click.")
    if component["type"] == ui.BUTTON and component["style"] == ui.LINK:
        raise ClickError(f"{custom_id!r} is a link to {component['url']}: it sends nothing to the bot.")
    if component["type"] == ui.BUTTON and component["style"] == ui.PREMIUM:
        raise ClickError(
            f"{custom_id!r} is a premium button: it opens the shop and sends nothing to the bot."
        )
    return component


def button_data(message: Json, custom_id: str) -> Json:
    """The ``data`` of a click.

    Args:
        message: The message.
        custom_id: The button.

    Raises:
        ClickError: It can't be clicked.
    """
    component = usable(message, custom_id)
    if component["type"] != ui.BUTTON:
        raise ClickError(f"{custom_id!r} is not a button but a select: use choose({custom_id!r}, [value]).")
    return {"component_type": ui.BUTTON, "custom_id": component["custom_id"], "id": component["id"]}


def select_data(world: World, message: Json, custom_id: str, values: Sequence[str | int], user: Json) -> Json:
    """The ``data`` of a choice.

    Args:
        world: Where the chosen ids are looked up.
        message: The message.
        custom_id: The select.
        values: The values of options, or ids.
        user: Who chooses.

    Raises:
        ClickError: It can't be chosen.
    """
    component = usable(message, custom_id)
    if component["type"] not in ui.SELECTS:
        raise ClickError(f"{custom_id!r} is not a select: use click({custom_id!r}).")
    chosen = chosen_values(world, component, values)
    data = {
        "component_type": component["type"],
        "custom_id": component["custom_id"],
        "id": component["id"],
        "values": chosen,
    }
    if component["type"] != ui.STRING_SELECT:
        found = Resolved(world, user, message["channel_id"])
        found.add(component["type"], chosen)
        data["resolved"] = found.objects
    return data


def chosen_values(world: World, component: Json, values: Sequence[str | int]) -> list[str]:
    """The values a person chooses in a select, a radio group or a checkbox group.

    Args:
        world: Where ids are looked up.
        component: The component.
        values: What they choose.

    Raises:
        ClickError: Too few, too many, twice the same, or not on offer.
    """
    name = component["custom_id"]
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ClickError(f"values is a list: use [{values!r:.60}].")
    chosen = [str(value) for value in values]
    low = component.get("min_values", 1)
    high = component.get("max_values", len(component.get("options", ())) or 1)
    if not chosen and component.get("required") is False:
        return chosen
    if not low <= len(chosen) <= high:
        raise ClickError(f"{name!r} takes {low} to {high} values, not {len(chosen)}.")
    if len(set(chosen)) != len(chosen):
        raise ClickError(f"{name!r} can't take the same value twice: {chosen}.")
    if "options" in component:
        known = [option["value"] for option in component["options"]]
        strange = [value for value in chosen if value not in known]
        if strange:
            raise ClickError(f"{name!r} has no option {strange[0]!r}. Its values: {', '.join(known)}")
        return chosen
    offered = _entities(world, component)
    ids = [_entity_id(offered, name, value) for value in chosen]
    if len(set(ids)) != len(ids):
        raise ClickError(f"{name!r} can't take the same value twice: {chosen}.")
    return ids


def _entity_id(offered: dict[str, str], component: str, wanted: str) -> str:
    """The id of what a person chooses by id or by name."""
    if wanted in offered:
        return wanted
    found = [key for key, label in offered.items() if wanted in (label, label.removeprefix("#"))]
    if len(found) == 1:
        return found[0]
    there = ", ".join(f"{label} {key}" for key, label in offered.items()) or "nothing"
    why = f"{len(found)} are called {wanted!r}: use an id" if found else f"{wanted!r} is not on offer"
    raise ClickError(f"{component!r} can't choose that: {why}. On offer: {there}")


def _entities(world: World, component: Json) -> dict[str, str]:
    kind = component["type"]
    offered: dict[str, str] = {}
    if kind in (ui.USER_SELECT, ui.MENTIONABLE_SELECT):
        offered.update({user_id: world.user_by_id(user_id)["username"] for user_id in world.members})
    if kind in (ui.ROLE_SELECT, ui.MENTIONABLE_SELECT):
        offered.update({key: role["name"] for key, role in world.roles.items()})
    if kind == ui.CHANNEL_SELECT:
        types = component.get("channel_types")
        offered.update(
            {
                key: f"#{channel['name']}"
                for key, channel in world.channels.items()
                if channel["type"] != DM_CHANNEL and (not types or channel["type"] in types)
            }
        )
    return offered
