"""What people do with messages: write, answer, change, delete, react, pin, start threads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kit.simulator.errors import ApiError, ClickError
from kit.simulator.interactions import clicks
from kit.simulator.interactions.clicks import MessageLike
from kit.simulator.limits.messages import check_message
from kit.simulator.world import messages, payloads, pins, reactions, starting
from kit.simulator.world import permissions as rights

if TYPE_CHECKING:
    from kit.simulator.world.bots import Bot
    from kit.simulator.world.world import World

Json = dict[str, Any]
MAX_NAME = 100


class Writers:
    """The people of a world, and what they do with messages. A mistake of theirs is a ``ClickError``.

    A method that takes a message takes its id, or the message, raw or as a bot's library made it; one that
    takes a channel, its name or id.

    Args:
        world: Where they are.
    """

    def __init__(self, world: World) -> None:
        self.world = world

    def person(self, name: str) -> Json:
        """Who acts.

        Args:
            name: Their name.

        Raises:
            ClickError: Nobody is called so; the message names those who are there.
        """
        try:
            found = self.world.find_user(name)
        except LookupError as error:
            raise ClickError(str(error)) from error
        if found["id"] in self.world.bots:
            raise ClickError(f"{name} is a bot; people act here: {', '.join(self.world.users)}.")
        return found

    def bot_of(self, bot: Bot | str) -> Bot:
        """Whom somebody means.

        Args:
            bot: A bot, or its name.

        Raises:
            ClickError: It is no bot of this world; the message names those.
        """
        if isinstance(bot, str):
            return self.world.bot_named(bot)
        if not any(bot is known for known in self.world.bots.values()):
            names = ", ".join(known.name for known in self.world.bots.values())
            raise ClickError(f"{bot!r:.60} is no bot of this world. Known: {names}.")
        return bot

    def channel_id(self, channel: str | int | None) -> str:
        """Where somebody acts.

        Args:
            channel: The channel; the default one when left out.

        Raises:
            LookupError: No such channel.
        """
        return str(self.world.find_channel(channel or self.world.channel_id)["id"])

    async def say(
        self,
        content: str = "",
        *,
        user: str,
        channel: str | int | None = None,
        to: Bot | str | None = None,
        reply_to: MessageLike | None = None,
        files: Sequence[tuple[str, bytes]] = (),
    ) -> Json:
        """Writes a message as a person.

        Args:
            content: The text.
            user: The name of who writes.
            channel: Where; the default channel when left out.
            to: A bot, or its name, to write it a direct message.
            reply_to: The message that is answered.
            files: What is attached, each as ``(filename, bytes)``.

        Returns:
            The message.

        Raises:
            ClickError: Nobody is called so, they may not write there, or the message is empty or too long.
            LookupError: No such channel or bot.
        """
        person = self.person(user)
        payload: Json = {"content": content}
        if reply_to is not None:
            answered = clicks.shared_message_for(self.world, reply_to, person)
            payload["message_reference"] = {"message_id": answered["id"]}
            channel = channel or answered["channel_id"]
        if to is not None:
            channel = self.world.dm(person["id"], bot=self.bot_of(to))["id"]
        channel_id = self.channel_id(channel)
        needed = rights.SEND_MESSAGES | (rights.ATTACH_FILES if files else 0)
        clicks.need(self.world, person, channel_id, needed, "can't write in")
        kind = self.world.channels[channel_id]["type"]
        if kind == payloads.DM_CHANNEL and person["id"] not in self.world.members:
            raise ClickError(f"{person['username']} shares no guild with that bot: let them join() first.")
        if kind not in payloads.MESSAGEABLE:
            raise ClickError(f"Nobody can write in a channel of type {kind}; start a thread there instead.")
        uploads = {number: clicks.upload_of("files", file) for number, file in enumerate(files)}
        _fitting(check_message(payload, files=[upload.filename for upload in uploads.values()]))
        if self.world.channels[channel_id].get("thread_metadata", {}).get("locked"):
            clicks.need(self.world, person, channel_id, rights.MANAGE_THREADS, "can't write in the locked")
        try:
            return messages.create(self.world, channel_id, payload, uploads, author=person)
        except ApiError as error:
            raise _refused(error) from error

    async def edit(self, message: MessageLike, content: str, *, user: str) -> Json:
        """Changes the text of a message that a person wrote.

        Args:
            message: The message.
            content: The new text.
            user: The name of who wrote it.

        Returns:
            The message.

        Raises:
            ClickError: They can't see it or didn't write it, or the text is too long.
        """
        person = self.person(user)
        found = clicks.message_for(self.world, message, person)
        if found["author"]["id"] != person["id"]:
            raise ClickError(f"{found['author']['username']} wrote that message; only they can edit it.")
        _fitting(check_message({"content": content}, edit_of=found))
        return messages.edit(self.world, found, {"content": content}, {})

    async def delete(self, message: MessageLike, *, user: str) -> None:
        """Deletes a message, their own or as a moderator; an ephemeral one is dismissed.

        Args:
            message: The message.
            user: The name of who deletes it.

        Raises:
            ClickError: They can't see it, or may not delete what others wrote.
        """
        person = self.person(user)
        found = clicks.message_for(self.world, message, person)
        if found["author"]["id"] != person["id"] and self.world.viewer_of(found["id"]) is None:
            self._moderate(person, found, rights.MANAGE_MESSAGES, "can't delete what others wrote in")
        self.world.delete_message(found["id"])

    async def react(self, message: MessageLike, emoji: str, *, user: str) -> None:
        """Reacts to a message.

        Args:
            message: The message.
            emoji: The sign, or the name of a custom emoji of the guild.
            user: The name of who reacts.

        Raises:
            ClickError: They can't see the message or may not react there, or there is no such emoji.
        """
        person = self.person(user)
        found = clicks.shared_message_for(self.world, message, person)
        partial = self._reaction(found, emoji)
        new = all(reaction["emoji"] != partial for reaction in found.get("reactions", ()))
        needed = rights.READ_MESSAGE_HISTORY | (rights.ADD_REACTIONS if new else 0)
        clicks.need(self.world, person, found["channel_id"], needed, "can't react in")
        try:
            reactions.add(self.world, found, partial, person["id"])
        except ApiError as error:
            raise _refused(error) from error

    async def unreact(self, message: MessageLike, emoji: str, *, user: str) -> None:
        """Takes one's own reaction away.

        Args:
            message: The message.
            emoji: The sign, or the name of a custom emoji.
            user: The name of who reacted.

        Raises:
            ClickError: They can't see the message, or did not react so.
        """
        person = self.person(user)
        found = clicks.message_for(self.world, message, person)
        partial = self._reaction(found, emoji)
        by_emoji = self.world.reactors.get(found["id"], {})
        if person["id"] not in by_emoji.get(reactions.key_of(partial), ()):
            raise ClickError(f"{user} did not react with {emoji} to message {found['id']}.")
        reactions.remove(self.world, found, partial, person["id"])

    def _reaction(self, message: Json, emoji: str) -> Json:
        """The partial emoji that a person means: one that is on the message, a custom one, or a sign."""
        if not isinstance(emoji, str):
            raise ClickError(f"{emoji!r:.60} is no emoji: give the sign, or the name of a custom one.")
        for reaction in message.get("reactions", ()):
            if emoji.strip(":") in (reaction["emoji"]["name"], reaction["emoji"]["id"]):
                return dict(reaction["emoji"])
        known = self.world.guild["emojis"]
        for custom in known:
            if emoji.strip(":") == custom["name"]:
                emoji = f"{custom['name']}:{custom['id']}"
        try:
            return reactions.parse(emoji, known)
        except ApiError as error:
            names = ", ".join(f":{custom['name']}:" for custom in known) or "no custom ones"
            raise ClickError(f"There is no emoji {emoji!r}. Known: all of Unicode, and {names}.") from error

    async def pin(self, message: MessageLike, *, user: str, pinned: bool = True) -> None:
        """Pins a message, or takes it down.

        Args:
            message: The message.
            user: The name of who pins.
            pinned: Whether it is pinned then.

        Raises:
            ClickError: They can't see the message, or may not pin there.
        """
        person = self.person(user)
        found = clicks.shared_message_for(self.world, message, person)
        self._moderate(person, found, rights.PIN_MESSAGES, "can't pin in")
        if pinned:
            pins.pin(self.world, found, user=person)
        else:
            pins.unpin(self.world, found)

    async def start_typing(self, *, user: str, channel: str | int | None = None) -> None:
        """Types, which the others see.

        Args:
            user: The name of who types.
            channel: Where; the default channel when left out.

        Raises:
            ClickError: They may not write there.
            LookupError: No such channel.
        """
        person, channel_id = self.person(user), self.channel_id(channel)
        clicks.need(self.world, person, channel_id, rights.SEND_MESSAGES, "can't write in")
        messages.show_typing(self.world, channel_id, person["id"])

    async def start_thread(
        self,
        name: str,
        *,
        user: str,
        channel: str | int | None = None,
        message: MessageLike | None = None,
        content: str = "",
        private: bool = False,
    ) -> Json:
        """Starts a thread.

        Args:
            name: Its name.
            user: The name of who starts it.
            channel: Where; the default channel when left out. In a forum it is a post.
            message: The message that it starts from.
            content: Their first message in it.
            private: Whether only those who are added see it.

        Returns:
            The thread.

        Raises:
            ClickError: They may not start such a thread there.
            LookupError: No such channel.
        """
        person = self.person(user)
        found = None if message is None else clicks.shared_message_for(self.world, message, person)
        channel_id = self.channel_id(channel) if found is None else found["channel_id"]
        forum = self.world.channels[channel_id]["type"] in payloads.FORUMS
        if not isinstance(name, str):
            raise ClickError(f"A thread has a text as its name, not {name!r:.60}.")
        if not 1 <= len(name) <= MAX_NAME:
            raise ClickError(f"The name of a thread has 1 to {MAX_NAME} characters, not {len(name)}.")
        if forum and not content:
            raise ClickError("A post in a forum begins with a message: give it content.")
        if content:
            # Refused before there is a thread, which would stay behind.
            _fitting(check_message({"content": content}))
        needed = rights.CREATE_PRIVATE_THREADS if private else rights.CREATE_PUBLIC_THREADS
        clicks.need(
            self.world, person, channel_id, rights.SEND_MESSAGES if forum else needed, "can't start it in"
        )
        try:
            thread = starting.start(
                self.world, name, channel_id, owner_id=person["id"], message=found, private=private
            )
        except ApiError as error:
            raise _refused(error) from error
        if content:
            await self.say(content, user=user, channel=thread["id"])
        return self.world.channels[thread["id"]]

    def _moderate(self, person: Json, message: Json, needed: int, failing: str) -> None:
        channel = self.world.channels[message["channel_id"]]
        if channel["type"] == payloads.DM_CHANNEL and needed == rights.MANAGE_MESSAGES:
            raise ClickError("In direct messages, everyone deletes only what they wrote themselves.")
        clicks.need(self.world, person, channel["id"], needed, failing)


def _refused(error: ApiError) -> ClickError:
    """Discord's refusal in the words that a person would read."""
    tree: Any = error.errors or {}
    while tree and "_errors" not in tree:
        tree = next(iter(tree.values()))
    return ClickError(tree["_errors"][0]["message"] if tree else error.message)


def _fitting(found: Sequence[Any]) -> None:
    for violation in found:
        if violation.severity == "error":
            raise ClickError(f"{'.'.join(violation.path) or 'The message'}: {violation.message}")
