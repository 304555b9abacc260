"""What people do in a simulated Discord: press, choose, fill in, use commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kit.simulator.errors import ClickError
from kit.simulator.interactions import clicks, commands, modals
from kit.simulator.interactions.clicks import MessageLike
from kit.simulator.interactions.interactions import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL_SUBMIT,
    Interaction,
    Interactions,
)
from kit.simulator.interactions.writers import Writers
from kit.simulator.world.permissions import VIEW_CHANNEL

if TYPE_CHECKING:
    from kit.simulator.world.bots import Bot
    from kit.simulator.world.world import World

Json = dict[str, Any]


class People(Writers):
    """The people of a world, and what they do to the bots. A mistake of theirs is a ``ClickError``.

    Each method that opens an interaction returns it at once, still pending: ``await interaction.answered()``
    waits for what the bot makes of it.

    Args:
        world: Where they are.
        interactions: Where what they do is brought to the bots.
    """

    def __init__(self, world: World, interactions: Interactions) -> None:
        super().__init__(world)
        self.interactions = interactions

    async def click(self, custom_id: str, *, message: MessageLike, user: str) -> Interaction:
        """Clicks a button.

        Args:
            custom_id: Its custom_id, or its label if only one bears it.
            message: Its message, or the id of it.
            user: The name of who clicks.

        Returns:
            The interaction, still pending; ``await interaction.answered()`` for what comes of it.

        Raises:
            ClickError: Discord would not let them: the message is gone, someone else's or in a channel they
                can't see, the button is not there, disabled, a link or premium.
        """
        person = self.person(user)
        found = clicks.message_for(self.world, message, person)
        return self._interact(clicks.button_data(found, custom_id), person, found)

    async def choose(
        self, custom_id: str, values: Sequence[str | int], *, message: MessageLike, user: str
    ) -> Interaction:
        """Chooses in a select menu.

        Args:
            custom_id: The select.
            values: The values of the options; for the other selects the users, roles or channels, by name or
                by id.
            message: Its message, or the id of it.
            user: The name of who chooses.

        Returns:
            The interaction, still pending.

        Raises:
            ClickError: Discord would not let them; see ``click``, and values not on offer, too few or many.
        """
        person = self.person(user)
        found = clicks.message_for(self.world, message, person)
        data = clicks.select_data(self.world, found, custom_id, values, person)
        return self._interact(data, person, found)

    async def submit(self, modal: Interaction, values: Mapping[str, Any], *, user: str) -> Interaction:
        """Fills in a modal and submits it.

        Args:
            modal: The interaction that the bot answered with a modal.
            values: By custom_id: text for a text input, a list for selects, checkbox groups and file uploads
                (of ``(filename, bytes)``), a value for a radio group, a bool for a checkbox. What is left out
                keeps what the modal prefilled.
            user: The name of who submits: the one who was shown the modal.

        Returns:
            The interaction of the submission, still pending.

        Raises:
            ClickError: That interaction showed no modal, to someone else, or a value does not fit.
        """
        person = self.person(user)
        if not isinstance(modal, Interaction):
            raise ClickError(
                f"{modal!r:.60} is no interaction: submit the one that was answered with a modal."
            )
        channel_id, message = modal.payload["channel_id"], modal.payload.get("message")
        if channel_id not in self.world.channels:
            raise ClickError("The channel of that modal was deleted, and the modal with it.")
        clicks.need(self.world, person, channel_id, VIEW_CHANNEL, "can't see")
        data = modals.submit_data(self.world, modal, values, person)
        if message is not None and message["id"] in self.world.channel_of:
            message = self.world.message(message["id"])
        return self.interactions.open(
            MODAL_SUBMIT,
            data,
            user=person,
            bot=modal.bot,
            channel_id=channel_id,
            message=message,
            cause=modal,
        )

    async def slash(
        self,
        name: str,
        options: Mapping[str, Any] | None = None,  # noqa: A002, RUF100 - the lab's own name
        *,
        user: str,
        channel: str | int | None = None,
        bot: Bot | str | None = None,
    ) -> Interaction:
        """Uses a slash command.

        Args:
            name: Its name; subcommands after spaces, as ``"settings language"``.
            options: By name; users, roles and channels by name or id, a file as ``(filename, bytes)``.
            user: The name of who uses it.
            channel: Where, by name or id; the default channel when left out.
            bot: Whose command, or its name; the first bot's that has one of that name when left out.

        Returns:
            The interaction, still pending.

        Raises:
            ClickError: The bot registered no such command or option, a required option is missing, or they
                may not use the command there.
            LookupError: No such channel.
        """
        use = commands.Use(self.world, self.person(user), self.channel_id(channel))
        word, *words = commands.words_of(name)
        owner, command = commands.registered(self.world, word, commands.CHAT_INPUT, self._bots(bot, use))
        data = commands.invocation(use, command, words, options or {})
        return self._open(COMMAND, data, use, owner)

    async def autocomplete(
        self,
        name: str,
        options: Mapping[str, Any],
        *,
        focused: str,
        user: str,
        channel: str | int | None = None,
        bot: Bot | str | None = None,
    ) -> Interaction:
        """Types into an option of a slash command that the bot completes.

        Args:
            name: The command; see ``slash``.
            options: What is filled in so far, by name, and what they typed into the focused one.
            focused: The option they are typing into.
            user: The name of who types.
            channel: Where, by name or id; the default channel when left out.
            bot: Whose command; see ``slash``.

        Returns:
            The interaction, still pending; once it is answered, ``interaction.choices`` are offered. A bot
            that fails to answer leaves the person without choices, and no message tells them.

        Raises:
            ClickError: There is no such command or option, or the bot doesn't complete that one.
            LookupError: No such channel.
        """
        use = commands.Use(self.world, self.person(user), self.channel_id(channel))
        word, *words = commands.words_of(name)
        owner, command = commands.registered(self.world, word, commands.CHAT_INPUT, self._bots(bot, use))
        data = commands.invocation(use, command, words, options, focused=focused)
        return self._open(AUTOCOMPLETE, data, use, owner)

    async def context_menu(
        self,
        name: str,
        *,
        target: MessageLike,
        user: str,
        channel: str | int | None = None,
        bot: Bot | str | None = None,
    ) -> Interaction:
        """Uses a command of the menu that opens on a message or on a user.

        Args:
            name: The command, as the menu shows it.
            target: A message or its id, or a user or their name or id.
            user: The name of who uses it.
            channel: Where, by name or id; that of the message, or the default channel, when left out.
            bot: Whose command; see ``slash``.

        Returns:
            The interaction, still pending.

        Raises:
            ClickError: There is no such command, message or user, or they may not use it there.
            LookupError: No such channel.
        """
        person, kind = self.person(user), commands.target_kind(self.world, target)
        message = clicks.message_for(self.world, target, person) if kind == commands.MESSAGE else None
        place = message["channel_id"] if message is not None else self.channel_id(channel)
        use = commands.Use(self.world, person, place)
        owner, command = commands.registered(self.world, name, kind, self._bots(bot, use))
        return self._open(COMMAND, commands.menu_data(use, command, message or target), use, owner)

    def _bots(self, bot: Bot | str | None, use: commands.Use) -> Sequence[Bot]:
        """Whose commands are offered; in direct messages with a bot it is that one's alone."""
        partner = self.world.dm_bots.get(use.channel_id)
        chosen = tuple(self.world.bots.values()) if bot is None else (self.bot_of(bot),)
        offered = tuple(known for known in chosen if partner in (None, known.id))
        if not offered:
            partner_name = self.world.bots[str(partner)].name
            raise ClickError(f"In direct messages with {partner_name} only its own commands are offered.")
        return offered

    def _open(self, kind: int, data: Json, use: commands.Use, bot: Bot) -> Interaction:
        return self.interactions.open(kind, data, user=use.user, bot=bot, channel_id=use.channel_id)

    def _interact(self, data: Json, user: Json, message: Json) -> Interaction:
        return self.interactions.open(
            COMPONENT,
            data,
            user=user,
            # What a webhook wrote is pressed for the application that made the webhook.
            bot=self.world.bots[message.get("application_id", message["author"]["id"])],
            channel_id=message["channel_id"],
            message=message,
        )
