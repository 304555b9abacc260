"""The options of a slash command: from what a person fills in to what the bot gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kit.simulator.errors import ClickError
from kit.simulator.interactions.clicks import upload_of
from kit.simulator.interactions.resolved import Resolved

if TYPE_CHECKING:
    from kit.simulator.world.world import World

Json = dict[str, Any]

SUBCOMMAND, GROUP = 1, 2
STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(3, 12)
PYTHON_TYPES: dict[int, tuple[type, ...]] = {
    STRING: (str,),
    INTEGER: (int,),
    BOOLEAN: (bool,),
    NUMBER: (int, float),
}
# An option's type, and the select that chooses the same things.
RESOLVED_AS = {USER: 5, ROLE: 6, MENTIONABLE: 7, CHANNEL: 8}


def focused(options: Sequence[Json]) -> int:
    """The type of the option that a person is typing into.

    Args:
        options: Those of an autocomplete interaction.
    """
    for option in options:
        if option.get("focused"):
            return int(option["type"])
        if "options" in option:
            return focused(option["options"])
    return STRING


class Options:
    """Fills in the options of one use of a command.

    Args:
        world: Where users, roles and channels are looked up, and files are kept.
        found: Where the objects behind the ids are gathered.
        focused: The option that the person is still typing into; None once they send the command.
    """

    def __init__(self, world: World, found: Resolved, focused: str | None) -> None:
        self._world = world
        self._found = found
        self._focused = focused

    def of(self, node: Json, words: Sequence[str], options: Mapping[str, Any]) -> list[Json]:
        """The options of a command or of one of its subcommands.

        Args:
            node: The command or subcommand, as it is registered.
            words: The subcommands below it, in order.
            options: What is filled in, by name.

        Raises:
            ClickError: No such subcommand or option, a required option is missing, or a value does not fit.
        """
        offered = {option["name"]: option for option in node.get("options", ())}
        nested = [key for key, option in offered.items() if option["type"] in (SUBCOMMAND, GROUP)]
        if nested or words:
            if not words or words[0] not in nested:
                there = ", ".join(nested) or "none"
                raise ClickError(f"/{node['name']} takes one of the subcommands: {there}.")
            child = offered[words[0]]
            inner = self.of(child, words[1:], options)
            return [{"name": child["name"], "type": child["type"], "options": inner}]
        named = options if self._focused is None else {self._focused: "", **options}
        for key in named:
            if key not in offered:
                there = ", ".join(offered) or "none"
                raise ClickError(f"/{node['name']} has no option {key!r}. Its options: {there}.")
        missing = [key for key, option in offered.items() if option.get("required") and key not in options]
        if missing and self._focused is None:
            raise ClickError(f"/{node['name']} needs the option {missing[0]!r}.")
        return [self._filled(offered[key], value) for key, value in named.items()]

    def _filled(self, option: Json, value: Any) -> Json:
        kind, name = option["type"], option["name"]
        filled: Json = {"name": name, "type": kind}
        if name == self._focused:
            if not option.get("autocomplete"):
                raise ClickError(f"The bot completes nothing in {name!r}: it registered no autocomplete.")
            return {**filled, "value": str(value), "focused": True}
        if kind in PYTHON_TYPES:
            return {**filled, "value": self._plain(option, value)}
        if kind == ATTACHMENT:
            return {**filled, "value": self._file(name, value)}
        return {**filled, "value": self._entity(option, value)}

    def _plain(self, option: Json, value: Any) -> Any:
        kind, name = option["type"], option["name"]
        wrong_bool = isinstance(value, bool) and kind != BOOLEAN
        if wrong_bool or not isinstance(value, PYTHON_TYPES[kind]):
            wanted = " or ".join(python_type.__name__ for python_type in PYTHON_TYPES[kind])
            raise ClickError(f"The option {name!r} takes {wanted}, not {value!r}.")
        choices = [choice["value"] for choice in option.get("choices") or ()]
        if choices and value not in choices:
            raise ClickError(f"The option {name!r} takes one of {choices}, not {value!r}.")
        size, unit = (len(value), "length") if isinstance(value, str) else (value, "value")
        low, high = option.get(f"min_{unit}"), option.get(f"max_{unit}")
        if (low is not None and size < low) or (high is not None and size > high):
            raise ClickError(f"The option {name!r} takes a {unit} from {low} to {high}, not {size}.")
        return value

    def _file(self, name: str, value: Any) -> str:
        upload = upload_of(f"The option {name!r}", value)
        attachment = self._world.store_attachment(upload, self._world.channel_id, ephemeral=True)
        self._found.put("attachments", attachment["id"], attachment)
        return str(attachment["id"])

    def _entity(self, option: Json, value: Any) -> str:
        kind, name, world = option["type"], option["name"], self._world
        lookups: dict[int, tuple[Any, ...]] = {
            USER: (world.find_user,),
            ROLE: (world.find_role,),
            CHANNEL: (world.find_channel,),
            MENTIONABLE: (world.find_user, world.find_role),
        }
        for place, find in enumerate(lookups[kind], start=1):
            try:
                entity_id = str(find(str(value))["id"])
            except LookupError as error:
                if place == len(lookups[kind]):
                    raise ClickError(f"The option {name!r}: {error}") from error
            else:
                break
        types = option.get("channel_types")
        if types and world.channels[entity_id]["type"] not in types:
            raise ClickError(f"The option {name!r} takes channels of the types {types}, not {value!r}.")
        self._found.add(RESOLVED_AS[kind], [entity_id])
        return entity_id
