"""What people do in a lab: post, say, click, choose, submit; and what they see come of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kit.lab.errors import ErrorCollector
from kit.lab.life import Life
from kit.lab.outcome import EPHEMERAL, Outcome, SeenMessage
from kit.lab.tasks import is_parked
from kit.persistence import StorageError
from kit.simulator import ClickError, Interaction, Simulator

DIRECT, VIEW_CHANNEL = 1, 1 << 10
SETTLE_TIMEOUT = 20.0
LOOK_AGAIN = 0.05


class People:
    """The users of the simulated Discord, and the bot they deal with.

    Args:
        simulator: Where they are.
        life: Returns the bot's current life.
        errors: Where the bot's errors are collected.
        done: Called when something that somebody did is over.
    """

    def __init__(
        self,
        simulator: Simulator,
        life: Callable[[], Life | None],
        errors: ErrorCollector,
        done: Callable[[], None] = lambda: None,
    ) -> None:
        self.simulator = simulator
        self._life = life
        self._errors = errors
        self._done = done
        self._modals: dict[str, Interaction] = {}
        self._watching = 0

    def find(self, control: str, user: str, message: Any = None) -> tuple[str, str]:
        """The ids (message, component) of a control that `user` sees, the newest first.

        Args:
            control: A custom_id or a label.
            user: Whose eyes to look with.
            message: An id, or anything with an `id`, to look at this message only.

        Raises:
            ClickError: If they see no such control.
        """
        if message is not None:
            return str(getattr(message, "id", message)), control
        seen = self.simulator.world.messages(viewer=user)
        for by_label in (False, True):
            for raw in reversed(seen):
                found = SeenMessage(raw)
                if control in (found.labels if by_label else found.controls):
                    return raw["id"], control
        known = sorted({key for raw in seen for key in SeenMessage(raw).controls})
        raise ClickError(
            f"{user} sees nothing to press that is called {control!r}; "
            + (f"there is {', '.join(map(repr, known))}" if known else "there are no buttons yet")
        )

    async def click(self, control: str, *, user: str, message: Any = None, settle: bool = True) -> Outcome:
        """Press a button; `settle` waits until the bot has done all it does about it."""
        message_id, key = self.find(control, user, message)
        return await self._interact(
            f"{user} clicks {control!r}",
            user,
            lambda: self.simulator.click(key, message=message_id, user=user),
            settle=settle,
        )

    async def choose(
        self, control: str, values: Sequence[str], *, user: str, message: Any = None, settle: bool = True
    ) -> Outcome:
        """Choose values in a select."""
        message_id, key = self.find(control, user, message)
        return await self._interact(
            f"{user} chooses {list(values)} in {control!r}",
            user,
            lambda: self.simulator.choose(key, list(values), message=message_id, user=user),
            settle=settle,
        )

    async def submit(
        self, values: Mapping[str, Any], *, user: str, modal_id: str | None = None, settle: bool = True
    ) -> Outcome:
        """Submit the modal that is open for `user`.

        Raises:
            ClickError: If none is open.
        """
        modal = self._modals.get(user)
        if modal is None or modal_id not in {None, modal.id}:
            raise ClickError(f"no modal is open for {user}: click the button that opens it first")
        outcome = await self._interact(
            f"{user} submits {modal.modal['title']!r}" if modal.modal else f"{user} submits",
            user,
            lambda: self.simulator.submit(modal, values, user=user),
            settle=settle,
        )
        if self._modals.get(user) is modal:
            del self._modals[user]
        return outcome

    async def slash(self, name: str, options: Mapping[str, Any], *, user: str) -> Outcome:
        """Use a slash command."""
        return await self._interact(
            f"{user} uses /{name}", user, lambda: self.simulator.slash(name, options, user=user)
        )

    async def autocomplete(
        self, name: str, options: Mapping[str, Any], *, focused: str, user: str
    ) -> Outcome:
        """Type into an option of a slash command."""
        return await self._interact(
            f"{user} types {options.get(focused)!r} into {focused} of /{name}",
            user,
            lambda: self.simulator.autocomplete(name, options, focused=focused, user=user),
        )

    async def context_menu(self, name: str, target: Any, *, user: str) -> Outcome:
        """Use a command of a message's or a user's menu."""
        return await self._interact(
            f"{user} uses {name!r}",
            user,
            lambda: self.simulator.context_menu(name, target=target, user=user),
        )

    async def react(self, emoji: str, *, user: str, message: Any = None) -> Outcome:
        """React to a message, the newest one if left out.

        Raises:
            ClickError: If there is none.
        """
        seen = self.simulator.world.messages(viewer=user)
        if message is None and not seen:
            raise ClickError(f"{user} sees no message to react to")
        target = seen[-1]["id"] if message is None else message
        return await self.watch(
            f"{user} reacts with {emoji}",
            user,
            lambda: self.simulator.react(target, emoji, user=user),
            where=self.simulator.world.channel_of.get(str(getattr(target, "id", target))),
        )

    async def say(self, content: str, *, user: str) -> Outcome:
        """Write a message."""
        sent: dict[str, Any] = {}

        async def write() -> None:
            sent.update(await self.simulator.say(content, user=user))

        outcome = await self.watch(f"{user} says {content!r}", user, write)
        outcome.messages = [message for message in outcome.messages if message.raw["id"] != sent.get("id")]
        return outcome

    async def _interact(
        self, what: str, user: str, act: Callable[[], Any], *, settle: bool = True
    ) -> Outcome:
        made: list[Interaction] = []

        async def interact() -> None:
            interaction: Interaction = await act()
            made.append(interaction)
            await interaction.answered()

        outcome = await self.watch(what, user, interact, made=made, settle=settle)
        interaction = made[0]
        outcome.failure = interaction.failure
        outcome.choices = [choice["value"] for choice in interaction.choices or ()]
        if interaction.modal is not None:
            outcome.modal = {"id": interaction.id, **interaction.modal}
            self._modals[user] = interaction
        return outcome

    async def watch(
        self,
        what: str,
        user: str,
        act: Callable[[], Any],
        *,
        made: list[Interaction] | None = None,
        where: str | None = None,
        settle: bool = True,
    ) -> Outcome:
        """Do something, wait until the bot is done with it, and tell what `user` saw.

        Args:
            what: What is done, for the outcome.
            user: Who does it.
            act: Does it.
            made: The interaction that `act` makes, once it has.
            where: The id of the channel it is done in, if not the interaction's or the default one.
            settle: Whether to wait for the bot.
        """
        outcome = Outcome(what)
        events: list[tuple[str, dict[str, Any]]] = []
        started, clock = time.time(), time.perf_counter()
        stop = self.simulator.subscribe(lambda name, payload: events.append((name, payload)))
        life = self._life()
        busy = life.handlers() if life is not None else set()
        self._watching += 1
        alone = self._watching == 1
        try:
            await act()
            # Without a bot nothing is waited for; others have their turn even so.
            await asyncio.sleep(0)
            if settle and life is not None:
                await self._settle(life, busy)
        finally:
            alone = alone and self._watching == 1
            self._watching -= 1
            stop()
            self._done()
        here = made[0].payload["channel_id"] if made else where or self.simulator.world.channel_id
        if made and not alone:
            # Others act at the same time: only what Discord ties to this interaction is its own.
            events = [(f"message_{kind}", message) for kind, message in made[0].effects]
            events = [(name.replace("_edit", "_update"), message) for name, message in events]
        self._report(outcome, events, user, here)
        outcome.errors = self._errors.since(started)
        outcome.seconds = time.perf_counter() - clock
        return outcome

    async def _settle(self, life: Life, busy: set[asyncio.Task[Any]]) -> None:
        await self._handled(life, busy)
        try:
            # What an outcome shows is on disk.
            await life.flush()
        except StorageError as error:
            self._errors.add(error, "flush")

    async def _handled(self, life: Life, busy: set[asyncio.Task[Any]]) -> None:
        deadline = time.monotonic() + SETTLE_TIMEOUT
        # A message reaches the bot through a socket: give it a turn to start its handler.
        for _ in range(3):
            await asyncio.sleep(0.001)
            while running := {task for task in life.handlers() - busy if not is_parked(task, life.waits)}:
                left = deadline - time.monotonic()
                if left <= 0:
                    return
                await asyncio.wait(running, timeout=min(left, LOOK_AGAIN))

    def _report(
        self, outcome: Outcome, events: list[tuple[str, dict[str, Any]]], user: str, here: str
    ) -> None:
        created = [payload["id"] for name, payload in events if name == "message_create"]
        changed = [payload["id"] for name, payload in events if name == "message_update"]
        for message_id in dict.fromkeys([*created, *changed]):
            raw = self._seen(message_id, user, here)
            if raw is None:
                continue
            if raw["channel_id"] != here:
                outcome.elsewhere.append(SeenMessage(raw, self._name_of(raw["channel_id"])))
            elif raw.get("flags", 0) & EPHEMERAL:
                outcome.ephemeral.append(SeenMessage(raw))
            elif message_id in created:
                outcome.messages.append(SeenMessage(raw))
            else:
                outcome.edited.append(SeenMessage(raw))
        outcome.deleted = [int(payload["id"]) for name, payload in events if name == "message_delete"]

    def _seen(self, message_id: str, user: str, here: str) -> dict[str, Any] | None:
        """A message as `user` sees it; None if they don't, or it is gone."""
        world = self.simulator.world
        user_id, channel_id = world.find_user(user)["id"], world.channel_of.get(message_id)
        if channel_id is None or world.viewer_of(message_id) not in {None, user_id}:
            return None
        if channel_id != here and not self._enters(user_id, channel_id):
            return None
        return world.seen(world.message(message_id), user_id)

    def _enters(self, user_id: str, channel_id: str) -> bool:
        world = self.simulator.world
        channel = world.channels[channel_id]
        if channel["type"] == DIRECT:
            return bool(channel["recipients"][0]["id"] == user_id)
        return user_id in world.members and bool(world.permissions(user_id, channel_id) & VIEW_CHANNEL)

    def _name_of(self, channel_id: str) -> str:
        channel = self.simulator.world.entities()["channels"][channel_id]
        return f"#{channel['name']}" if channel["type"] != DIRECT else "a direct message"
