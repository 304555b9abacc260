"""The stage on simcord, and a command that plays every scenario there: `python -m tests.contract.with_simcord`.

It runs in an environment of simcord's own, and prints what it observed as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Awaitable, Sequence
from typing import Any

import discord
import simcord
from simcord.backend import serializers
from simcord.results import to_discord_message

from tests.contract import scenarios
from tests.contract.stage import SCENARIOS, Json, RefusedError, Stage

assert scenarios


class Faked(Stage):
    """A guild of simcord's, in the memory of this process."""

    async def open(self) -> None:
        self.bot = self.make_bot()
        self._run = simcord.run(self.bot, check_errors=False)
        self.env = await self._run.__aenter__()
        alice = self.env.create_user("alice")
        self.guild = self.env.create_guild(owner=alice)
        self.place = self.guild.create_text_channel("general")
        bob = self.guild.add_member(self.env.create_user("bob"))
        self.people = {"alice": simcord.MemberActor(self.env, self.guild, alice), "bob": bob}
        self.shown: list[simcord.InteractionResult] = []
        await self.env.settle()

    async def close(self) -> None:
        await self._run.__aexit__(None, None, None)

    async def restart(self) -> None:
        self.bot = self.make_bot()
        await self.env.restart_bot(self.bot)
        self.bot.add_view(self.catching())

    @property
    def channel_id(self) -> int:
        return self.place.id

    def user_id(self, name: str) -> int:
        return self.people[name].id

    async def _do(self, doing: Awaitable[simcord.InteractionResult]) -> None:
        try:
            self.shown.append(await doing)
        except (simcord.SetupError, simcord.BackendError) as error:
            raise RefusedError(str(error)) from error

    def _actor(self, name: str, message_id: int) -> Any:
        """People are members in the guild, and users in their direct messages."""
        stored = self.env.backend.messages.get(self.channel_id, {})
        return self.people[name] if message_id in stored else self.people[name].user

    def _message(self, message_id: int) -> Any:
        for stored in self.env.backend.messages.values():
            if message_id in stored:
                return to_discord_message(self.env, stored[message_id])
        raise RefusedError(f"no message {message_id}")

    async def click(self, message_id: int, custom_id: str, *, user: str = "alice") -> None:
        actor, message = self._actor(user, message_id), self._message(message_id)
        await self._do(actor.click(message, custom_id=custom_id))

    async def choose(
        self, message_id: int, custom_id: str, values: Sequence[str], *, user: str = "alice"
    ) -> None:
        actor, message = self._actor(user, message_id), self._message(message_id)
        await self._do(actor.select(message, values, custom_id=custom_id))

    async def submit(self, values: Json, *, user: str = "alice") -> None:
        shown = next(it for it in reversed(self.shown) if it.modal is not None)
        await self._do(self.people[user].submit_modal(shown, values))

    async def slash(self, name: str, *, user: str = "alice", **options: Any) -> None:
        if "who" in options:
            options["who"] = self.people[options["who"]]
        await self._do(self.people[user].slash(self.place, name, **options))

    async def complete(self, name: str, option: str, typed: str, *, user: str = "alice") -> list[str]:
        choices = await self.people[user].autocomplete(self.place, name, option, typed)
        return [choice["name"] for choice in choices]

    async def menu(self, name: str, message_id: int, *, user: str = "alice") -> None:
        await self._do(self.people[user].context_menu(self.place, name, self._message(message_id)))

    async def react(self, message_id: int, emoji: str, *, user: str = "alice") -> None:
        try:
            await self.people[user].react(self._message(message_id), emoji)
        except (simcord.SetupError, simcord.BackendError) as error:
            raise RefusedError(str(error)) from error

    async def say(self, content: str, *, user: str = "alice") -> int:
        try:
            return (await self.people[user].send(self.place, content)).id
        except (simcord.SetupError, simcord.BackendError) as error:
            raise RefusedError(str(error)) from error

    def seen(self, user: str) -> list[Json]:
        stored = sorted(self.env.backend.messages.get(self.channel_id, {}).items())
        viewer = self.people[user].id
        return [
            dict(serializers.message_payload(self.env.backend, message))
            for _, message in stored
            if message.visible_to(viewer)
        ]

    async def advance(self, seconds: float) -> None:
        await self.env.advance_time(seconds)


async def observe() -> Json:
    """What every scenario observes; what raises is observed, too."""
    observed: Json = {}
    for name, scenario in SCENARIOS.items():
        stage = Faked()
        async with stage:
            try:
                observed[name] = await scenario.play(stage)
            except (simcord.RouteNotImplemented, simcord.UnsupportedField):
                observed[name] = "not served"
            except (
                discord.DiscordException,
                RefusedError,
                TimeoutError,
                LookupError,
                AttributeError,
            ) as error:
                observed[name] = [type(error).__name__, str(error)]
    return observed


if __name__ == "__main__":
    discord.utils.setup_logging(level=50)
    with contextlib.redirect_stdout(sys.stderr):
        result = asyncio.run(observe())
    sys.stdout.write(json.dumps(result, ensure_ascii=False))
