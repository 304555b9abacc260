"""The stage on viewkit's simulator."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Sequence
from typing import Any

from kit.simulator import ClickError, Interaction, Simulator
from tests.contract.stage import Json, RefusedError, Stage

ADMINISTRATOR = 1 << 3


class Simulated(Stage):
    """A guild of the simulator's, with a bot over real sockets."""

    async def open(self) -> None:
        self.simulator = await Simulator.start()
        self.world = self.simulator.world
        self.world.bot_permissions = ((1 << 53) - 1) & ~ADMINISTRATOR
        self.done: list[Interaction] = []
        await self._log_in()

    async def _log_in(self) -> None:
        self.bot = self.make_bot(connector=self.simulator.connector(), guild_ready_timeout=0.01)
        self._running = asyncio.create_task(self.bot.start(self.simulator.token))
        await asyncio.wait_for(self._ready(), 10)

    async def _ready(self) -> None:
        while not self.bot.is_ready():
            await asyncio.sleep(0.005)

    async def _log_out(self) -> None:
        await self.bot.close()
        with contextlib.suppress(asyncio.CancelledError):
            await self._running

    async def close(self) -> None:
        await self._log_out()
        await self.simulator.close()

    async def restart(self) -> None:
        await self._log_out()
        await self._log_in()
        self.bot.add_view(self.catching())

    @property
    def channel_id(self) -> int:
        return int(self.world.channel_id)

    def user_id(self, name: str) -> int:
        return int(self.world.user(name)["id"])

    async def _do(self, doing: Awaitable[Interaction]) -> None:
        try:
            self.done.append(await doing)
        except ClickError as error:
            raise RefusedError(str(error)) from error

    async def click(self, message_id: int, custom_id: str, *, user: str = "alice") -> None:
        await self._do(self.simulator.click(custom_id, message=message_id, user=user))

    async def choose(
        self, message_id: int, custom_id: str, values: Sequence[str], *, user: str = "alice"
    ) -> None:
        await self._do(self.simulator.choose(custom_id, values, message=message_id, user=user))

    async def submit(self, values: Json, *, user: str = "alice") -> None:
        shown = next(it for it in reversed(self.done) if it.modal is not None)
        await self._do(self.simulator.submit(shown, values, user=user))

    async def slash(self, name: str, *, user: str = "alice", **options: Any) -> None:
        if "who" in options:
            options["who"] = self.world.user(options["who"])["id"]
        await self._do(self.simulator.slash(name, options, user=user))

    async def complete(self, name: str, option: str, typed: str, *, user: str = "alice") -> list[str]:
        typing = await self.simulator.autocomplete(name, {option: typed}, focused=option, user=user)
        await typing.answered()
        return [choice["name"] for choice in typing.choices or ()]

    async def menu(self, name: str, message_id: int, *, user: str = "alice") -> None:
        await self._do(self.simulator.context_menu(name, target=message_id, user=user))

    async def react(self, message_id: int, emoji: str, *, user: str = "alice") -> None:
        try:
            await self.simulator.react(message_id, emoji, user=user)
        except ClickError as error:
            raise RefusedError(str(error)) from error

    async def say(self, content: str, *, user: str = "alice") -> int:
        try:
            return int((await self.simulator.say(content, user=user))["id"])
        except ClickError as error:
            raise RefusedError(str(error)) from error

    def seen(self, user: str) -> list[Json]:
        return self.world.messages(viewer=user)

    async def advance(self, seconds: float) -> None:
        self.world.clock.advance(seconds)
