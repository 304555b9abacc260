"""What people do in a lab, as its user writes it down: `await lab.click("Get role", user="bob")`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kit.lab.life import Life
from kit.lab.outcome import Outcome
from kit.lab.people import People
from kit.simulator import Simulator


class Acts:
    """The people of a lab. Whoever is not named is the first of them.

    Attributes:
        discord: The simulated Discord.
    """

    discord: Simulator
    _people: People

    @property
    def life(self) -> Life:
        """The current life of the bot."""
        raise NotImplementedError

    @property
    def users(self) -> list[str]:
        """The names of the people."""
        return list(self.discord.world.users)

    def _user(self, user: str | None) -> str:
        if user is None:
            return self.users[0]
        self.discord.world.find_user(user)
        return user

    async def _sync(self, command: str) -> None:
        if command not in self.discord.world.entities()["commands"].values():
            await self.life.sync_commands()

    async def say(self, content: str, *, user: str | None = None) -> Outcome:
        """Write a message as a user: `await lab.say("!setup_roles")`."""
        return await self._people.say(content, user=self._user(user))

    async def react(self, emoji: str, *, user: str | None = None, message: Any = None) -> Outcome:
        """React to a message as a user.

        Args:
            emoji: The emoji, or the name of a custom one.
            user: Who reacts.
            message: The message or its id; the newest one that they see if left out.

        Raises:
            ClickError: If there is no such emoji, or they may not react there.
        """
        return await self._people.react(emoji, user=self._user(user), message=message)

    async def slash(
        self,
        name: str,
        /,
        *,
        user: str | None = None,
        options: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Outcome:
        """Use a slash command as a user; the bot's command tree is synced first if it has to be.

        Args:
            name: The command's name.
            user: Who uses it.
            options: Its options by name; those that are called `user` or `options` can be given here only.
            **more: Its options by name.
        """
        await self._sync(name)
        return await self._people.slash(name, {**(options or {}), **more}, user=self._user(user))

    async def autocomplete(
        self, name: str, options: Mapping[str, Any], *, focused: str, user: str | None = None
    ) -> Outcome:
        """Type into an option of a slash command; the outcome's `choices` are what is offered.

        Args:
            name: The command's name.
            options: Its options by name, with what is typed so far.
            focused: The one that is being typed into.
            user: Who types.
        """
        await self._sync(name)
        return await self._people.autocomplete(name, options, focused=focused, user=self._user(user))

    async def context_menu(self, name: str, target: Any, *, user: str | None = None) -> Outcome:
        """Use a command of the menu that opens on a message or on a user.

        Args:
            name: The command, as the menu shows it.
            target: A message or its id, or the name of a user.
            user: Who uses it.
        """
        await self._sync(name)
        return await self._people.context_menu(name, target, user=self._user(user))

    async def click(self, control: str, *, user: str | None = None, message: Any = None) -> Outcome:
        """Press a button as a user.

        Args:
            control: Its custom_id or its label.
            user: Who presses it.
            message: The message or its id; the newest one that has the button if left out.

        Raises:
            ClickError: If the user sees no such button, or it is disabled.
        """
        return await self._people.click(control, user=self._user(user), message=message)

    async def choose(
        self, control: str, values: Sequence[str], *, user: str | None = None, message: Any = None
    ) -> Outcome:
        """Choose values in a select as a user; for users, roles and channels, their ids or names."""
        return await self._people.choose(control, values, user=self._user(user), message=message)

    async def submit(self, values: Mapping[str, Any], *, user: str | None = None) -> Outcome:
        """Submit the modal that is open for a user; `values` by custom_id."""
        return await self._people.submit(values, user=self._user(user))
