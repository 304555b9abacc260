"""What people do, typed at the terminal of ``python -m kit.simulator``: ``click bob vote``."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kit.simulator import components as ui
from kit.simulator.errors import ClickError
from kit.simulator.interactions import commands
from kit.simulator.interactions.options import BOOLEAN, INTEGER, NUMBER

if TYPE_CHECKING:
    from asyncio import StreamReader

    from kit.simulator.interactions.interactions import Interaction
    from kit.simulator.server import Simulator

Json = dict[str, Any]

HELP = """\
say WHO TEXT...                      a message
click WHO BUTTON                     a button, by its label or custom_id, on the newest message that has it
choose WHO SELECT VALUE...           a select; users, roles and channels by name
slash WHO COMMAND [NAME=VALUE...]    a slash command; subcommands in one pair of quotes
submit WHO [INPUT=VALUE...]          the modal that opened last
show [WHO]                           what is in the channel, as they see it"""
TRUE, FALSE = ("true", "yes", "1"), ("false", "no", "0")


class Prompt:
    """Does what is typed, and tells what comes of it: every message as it appears or changes.

    Args:
        simulator: Where it happens.
        tell: Called with each line that is to be shown.
    """

    def __init__(self, simulator: Simulator, tell: Callable[[str], Any]) -> None:
        self._simulator = simulator
        self._tell = tell
        self._modal: Interaction | None = None
        self._verbs: dict[str, Callable[..., Awaitable[None]]] = {
            "say": self._say,
            "click": self._click,
            "choose": self._choose,
            "slash": self._slash,
            "submit": self._submit,
            "show": self._show,
        }

    async def serve(self, lines: StreamReader) -> None:
        """Does line by line what is typed, until there is no more.

        Args:
            lines: What is typed.
        """
        end = self._simulator.subscribe(self._happened)
        try:
            while line := await lines.readline():
                await self.do(line.decode(errors="replace"))
        finally:
            end()

    async def do(self, line: str) -> None:
        """Does one thing; whatever is wrong with it is told.

        Args:
            line: Such as ``click bob vote``.
        """
        try:
            verb, *words = shlex.split(line) or [""]
        except ValueError as error:
            self._tell(f"{error}: a word with a quote goes between quotes of the other kind")
            return
        if verb not in self._verbs:
            self._tell(HELP)
            return
        act = self._verbs[verb]
        try:
            inspect.signature(act).bind(*words)
        except TypeError:
            usage = next(use for use in HELP.splitlines() if use.startswith(verb))
            self._tell(f"Type: {usage.split('  ')[0]}")
            return
        try:
            await act(*words)
        except (ClickError, LookupError) as error:
            self._tell(str(error))

    async def _say(self, who: str, *words: str) -> None:
        await self._simulator.say(" ".join(words), user=who)

    async def _click(self, who: str, button: str) -> None:
        message = self._with_control(who, button)
        await self._answered(await self._simulator.click(button, message=message, user=who))

    async def _choose(self, who: str, select: str, *values: str) -> None:
        message = self._with_control(who, select)
        await self._answered(await self._simulator.choose(select, values, message=message, user=who))

    async def _slash(self, who: str, name: str, *options: str) -> None:
        given = _pairs(options)
        bots = tuple(self._simulator.world.bots.values())
        word, *words = name.removeprefix("/").split() or [""]
        _, command = commands.registered(self._simulator.world, word, commands.CHAT_INPUT, bots)
        typed = {key: _value(command, words, key, text) for key, text in given.items()}
        await self._answered(await self._simulator.slash(name, typed, user=who))

    async def _submit(self, who: str, *inputs: str) -> None:
        if self._modal is None:
            raise ClickError("No modal is open: click what opens one first.")
        modal, self._modal = self._modal, None
        await self._answered(await self._simulator.submit(modal, _pairs(inputs), user=who))

    async def _show(self, who: str | None = None) -> None:
        for message in self._simulator.world.messages(viewer=who):
            self._tell(_line(message))

    def _with_control(self, who: str, control: str) -> Json:
        world, known = self._simulator.world, "No message has a button or select."
        for message in reversed(world.messages(viewer=self._simulator.person(who)["username"])):
            try:
                ui.find(message["components"], control)
            except ClickError as error:
                known = str(error) if message["components"] else known
            else:
                return message
        raise ClickError(known)

    async def _answered(self, interaction: Interaction) -> None:
        await interaction.answered()
        if interaction.failure is not None:
            self._tell(f"This interaction failed: {interaction.failure}")
        elif interaction.modal is not None:
            self._modal = interaction
            items = ui.walk(interaction.modal["components"])
            fill = " ".join(f"{item['custom_id']}=..." for item in items if "custom_id" in item)
            who, title = interaction.user["username"], interaction.modal["title"]
            self._tell(f"a modal opened: {title}. Type: submit {who} {fill}")

    def _happened(self, event: str, data: Json) -> None:
        if event == "message_create":
            self._tell(_line(data))
        elif event == "message_update":
            self._tell(f"edited: {_line(data)}")
        elif event == "message_delete":
            self._tell(f"deleted: message {data['id']}")
        elif event == "gateway":
            self._tell(f"a bot {data['state']}")


def _pairs(words: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise ClickError(
                f"{word!r} is no NAME=VALUE. Text with spaces goes into quotes: '{word}=some text'"
            )
        pairs[name] = value
    return pairs


def _value(command: Mapping[str, Any], words: Sequence[str], name: str, text: str) -> Any:
    """What a word stands for, by the type of its option; the command itself refuses what does not fit."""
    node: Mapping[str, Any] = command
    for word in words:
        node = next((child for child in node.get("options", ()) if child["name"] == word), {})
    kinds = {option["name"]: option["type"] for option in node.get("options", ())}
    try:
        if kinds.get(name) == INTEGER:
            return int(text)
        if kinds.get(name) == NUMBER:
            return float(text)
    except ValueError:
        return text
    if kinds.get(name) == BOOLEAN and text.lower() in (*TRUE, *FALSE):
        return text.lower() in TRUE
    return text


def _line(message: Json) -> str:
    texts = [message["content"], *(embed.get("title", "") for embed in message["embeds"])]
    texts += [item["content"] for item in ui.walk(message["components"]) if item["type"] == ui.TEXT_DISPLAY]
    shown = " / ".join(text.replace("\n", " / ") for text in texts if text)
    for item in ui.walk(message["components"]):
        if "custom_id" in item:
            label = item.get("label") or item.get("placeholder") or ""
            shown += f" [{label or item['custom_id']}{' off' if item.get('disabled') else ''}]"
    only = " (only one person sees this)" if message.get("flags", 0) & 64 else ""
    return f"{message['author']['username']}: {shown.strip()}{only}"
