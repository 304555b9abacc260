"""The data of a simulated Discord: one guild, its people, channels and messages. It outlives every bot."""

from __future__ import annotations

import hashlib
import hmac
import json
import urllib.parse
from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from kit.simulator.errors import UnknownError
from kit.simulator.world import payloads, reactions
from kit.simulator.world.file import read_world, write_world
from kit.simulator.world.media import Upload, image_size
from kit.simulator.world.threads import HAS_THREAD, ThreadState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

Json = dict[str, Any]

SUPPRESS_EMBEDS, EPHEMERAL = 1 << 2, 1 << 6
GLOBAL = "global"
THREAD_STARTER = 21
UNBOUND = "http://127.0.0.1:0"


class World(ThreadState):
    """A guild with people, roles, channels and messages, as raw API JSON.

    What it hands out is its own data: read it, and change it through its methods, which tell the bots.
    The first of the users owns the guild and the application, so may do everything.

    Args:
        users: Names of the people in the guild, the bot left out.
        token: The first bot's token; made up when left out.
        guild_name: The guild's name.
        channel_name: The name of the first text channel.
        bot_name: The first bot's username; ``add_bot`` adds others.

    Raises:
        ValueError: No user was given, or one name twice.
    """

    def __init__(
        self,
        *,
        users: Sequence[str] = ("alice", "bob"),
        token: str | None = None,
        guild_name: str = "viewkit lab",
        channel_name: str = "general",
        bot_name: str = "viewkit",
    ) -> None:
        if isinstance(users, str):
            raise ValueError(f"users is a list: use [{users!r}].")  # noqa: TRY004
        if not users:
            raise ValueError("A world needs a person to own its guild: give at least one name in users.")
        super().__init__()
        self.channel_id = ""
        self.base_url = UNBOUND
        self.message_store: dict[str, dict[str, Json]] = {}
        self.viewers: dict[str, str] = {}
        # The ids of the messages that everyone sees, oldest first: by channel.
        self._listed: dict[str, list[str]] = {}
        # When a message was pinned: by channel, then by message, the first one first.
        self.pins: dict[str, dict[str, str]] = {}
        # Who reacted, first come first: by message, then by the emoji's id or sign.
        self.reactors: dict[str, dict[str, list[str]]] = {}
        self.uploads: dict[str, Upload] = {}
        self.channel_of: dict[str, str] = {}
        self.webhooks: dict[str, Json] = {}
        guild_id = self.snowflakes.next()
        self.guild = payloads.guild(guild_id, guild_name, owner_id="0")
        everyone = payloads.role(guild_id, "@everyone", position=0, permissions=payloads.DEFAULT_PERMISSIONS)
        self.roles[guild_id] = everyone
        for name in users:
            self.add_user(name)
        self.guild["owner_id"] = self.users[users[0]]["id"]
        self.add_bot(bot_name, token=token)
        self.channel_id = self.add_channel(channel_name)["id"]

    def delete_channel(self, channel_id: str | int) -> None:
        """Deletes a channel with its threads and messages, as an admin would; a category leaves its channels.

        Args:
            channel_id: The channel or thread, by id or name.

        Raises:
            LookupError: No such channel.
        """
        channel = self.find_channel(channel_id)
        for thread in tuple(self.threads(channel["id"])):
            self._drop_channel(thread)
        self._drop_channel(channel)
        if channel["type"] in payloads.THREADS:
            self.emit("THREAD_DELETE", {key: channel[key] for key in ("id", "guild_id", "parent_id", "type")})
            return
        self.emit("CHANNEL_DELETE", channel)
        self.dm_bots.pop(channel["id"], None)
        for child in self.guild_channels():
            if child["parent_id"] == channel["id"]:
                self.put_channel({**child, "parent_id": None})

    def _drop_channel(self, channel: Json) -> None:
        for message in tuple(self.message_store.get(channel["id"], {}).values()):
            self._forget(message)
        for by_channel in (self.message_store, self._listed, self.pins):
            by_channel.pop(channel["id"], None)
        self.thread_members.pop(channel["id"], None)
        for key in [key for key, hook in self.webhooks.items() if hook["channel_id"] == channel["id"]]:
            del self.webhooks[key]
        del self.channels[channel["id"]]

    def messages(self, channel: str | int | None = None, *, viewer: str | None = None) -> list[Json]:
        """The messages of a channel, oldest first.

        Args:
            channel: The channel, by id or name; the default one when left out.
            viewer: The name of a person, to get them as they see them, with the ephemeral ones that are
                theirs alone.

        Raises:
            LookupError: No such channel or person.
        """
        viewer_id = self.find_user(viewer)["id"] if viewer is not None else None
        stored = self.message_store.get(self.find_channel(channel or self.channel_id)["id"], {})
        visible = [message for key, message in stored.items() if self.viewers.get(key) in (None, viewer_id)]
        return [self.seen(message, viewer_id) for message in visible] if viewer_id else visible

    def seen(self, message: Json, user_id: str) -> Json:
        """A message as somebody sees it: their reactions, its thread, and no embeds that are suppressed.

        Args:
            message: The message.
            user_id: Who looks, a person or a bot.
        """
        shown = reactions.seen_by(self, message, user_id)
        if message["flags"] & SUPPRESS_EMBEDS:
            shown = {**shown, "embeds": []}
        if message["flags"] & HAS_THREAD and message["id"] in self.channels:
            return {**shown, "thread": self.shown_channel(self.channels[message["id"]], user_id)}
        return shown

    def listed(self, channel_id: str) -> list[str]:
        """The ids of the messages that a bot can list in a channel, oldest first. They are not to be changed.

        Args:
            channel_id: The channel.
        """
        return self._listed.get(channel_id, [])

    def message(self, message_id: str | int) -> Json:
        """A message by id, ephemeral ones included.

        Args:
            message_id: The snowflake.

        Raises:
            LookupError: No such message, or it was deleted.
        """
        key = str(message_id)
        if key not in self.channel_of:
            raise UnknownError("Message", message_id, "It was deleted, or its channel was.")
        return self.message_store[self.channel_of[key]][key]

    def viewer_of(self, message_id: str) -> str | None:
        """The id of the only person who sees an ephemeral message; None if everyone does.

        Args:
            message_id: The snowflake.
        """
        return self.viewers.get(message_id)

    def put_message(self, message: Json, *, viewer_id: str | None = None) -> Json:
        """Stores a new or changed message. A change is a new object, so that snapshots stay what they were.

        Args:
            message: The whole message object.
            viewer_id: The person an ephemeral message is for.
        """
        key, channel_id = message["id"], message["channel_id"]
        created = key not in self.channel_of
        if not created:
            self._free(self.message(key), kept=message)
        self.channel_of[key] = channel_id
        self.message_store.setdefault(channel_id, {})[key] = message
        if viewer_id is not None:
            self.viewers[key] = viewer_id
        elif created:
            self._listed.setdefault(channel_id, []).append(key)
            self._note_sent(self.channels[channel_id], message)
        self.emit("MESSAGE_CREATE" if created else "MESSAGE_UPDATE", message)
        return message

    def _note_sent(self, channel: Json, message: Json) -> None:
        """Lets a channel know its newest message; a thread counts it, comes back and has its author in it."""
        changed = {**channel, "last_message_id": message["id"]}
        if channel["type"] not in payloads.THREADS:
            self.channels[channel["id"]] = changed
            return
        if message["type"] != THREAD_STARTER:
            for count in ("message_count", "total_message_sent"):
                changed[count] += 1
        self.channels[channel["id"]] = changed
        if changed["thread_metadata"]["archived"]:
            self.archive_thread(channel["id"], archived=False)
        if message["author"]["id"] in self.members:
            self.join_thread(channel["id"], message["author"]["id"])

    def replace_quietly(self, message: Json) -> None:
        """Stores a change that the gateway tells in another event than MESSAGE_UPDATE, such as a reaction.

        Args:
            message: The whole message object.
        """
        self.message_store[message["channel_id"]][message["id"]] = message

    def delete_message(self, message_id: str | int) -> Json:
        """Deletes a message, as an admin would.

        Args:
            message_id: The snowflake.

        Returns:
            The deleted message.

        Raises:
            LookupError: No such message.
        """
        message = self.message(message_id)
        ephemeral = self.viewer_of(message["id"]) is not None
        self._forget(message)
        gone = {"id": message["id"], "channel_id": message["channel_id"]}
        if ephemeral:
            gone["flags"] = EPHEMERAL
        self.emit("MESSAGE_DELETE", gone)
        return message

    def delete_messages(self, channel_id: str, message_ids: Iterable[str]) -> None:
        """Deletes several messages at once, as a bot's purge does; those that aren't there are passed over.

        Args:
            channel_id: The channel.
            message_ids: The snowflakes.
        """
        stored = self.message_store.get(self.find_channel(channel_id)["id"], {})
        gone = [key for key in dict.fromkeys(message_ids) if key in stored and key not in self.viewers]
        for key in gone:
            self._forget(stored[key])
        if gone:
            self.emit("MESSAGE_DELETE_BULK", {"ids": gone, "channel_id": channel_id})

    def _forget(self, message: Json) -> None:
        del self.message_store[message["channel_id"]][message["id"]]
        del self.channel_of[message["id"]]
        self.pins.get(message["channel_id"], {}).pop(message["id"], None)
        if self.viewers.pop(message["id"], None) is None:
            listed = self._listed[message["channel_id"]]
            del listed[bisect_left(listed, int(message["id"]), key=int)]
        self.reactors.pop(message["id"], None)
        channel = self.channels[message["channel_id"]]
        if channel["type"] in payloads.THREADS and message["type"] != THREAD_STARTER:
            self.channels[channel["id"]] = {**channel, "message_count": channel["message_count"] - 1}
        self._free(message)

    def _free(self, message: Json, kept: Json | None = None) -> None:
        """Drops the files of a message that is gone, or that a change did not keep."""
        stay = {attachment["id"] for attachment in (kept or {}).get("attachments", ())}
        for attachment in message["attachments"]:
            if attachment["id"] not in stay:
                self.uploads.pop(attachment["id"], None)

    def store_attachment(self, upload: Upload, channel_id: str, **described: Any) -> Json:
        """Keeps an uploaded file.

        Args:
            upload: The file.
            channel_id: Where it was sent; part of its URL.
            described: Fields of the attachment object such as ``description``.

        Returns:
            The attachment object (docs page *Message Resource*, "Attachment Object").
        """
        attachment_id = self.snowflakes.next()
        self.uploads[attachment_id] = upload
        name = urllib.parse.quote(upload.filename, safe="", errors="replace")
        signed = self.signature(channel_id, attachment_id)
        url = f"{self.base_url}/attachments/{channel_id}/{attachment_id}/{name}?hm={signed}"
        data: Json = {
            "id": attachment_id,
            "filename": upload.filename,
            "size": len(upload.data),
            "url": url,
            "proxy_url": url,
            "content_type": upload.content_type,
            **described,
        }
        size = image_size(upload.data) if upload.content_type.startswith("image/") else None
        if size:
            data["width"], data["height"] = size
        return data

    def signature(self, channel_id: str, attachment_id: str) -> str:
        """What signs an attachment's URL, as Discord's ``hm`` does.

        Args:
            channel_id: The channel in the URL.
            attachment_id: The attachment in the URL.
        """
        signed = f"{channel_id}/{attachment_id}".encode(errors="replace")
        return hmac.new(self.token.encode(), signed, hashlib.sha256).hexdigest()

    def upload(self, attachment_id: str) -> Upload:
        """An uploaded file by its attachment id.

        Args:
            attachment_id: The snowflake.

        Raises:
            LookupError: No such file.
        """
        if attachment_id not in self.uploads:
            raise LookupError(f"No uploaded file has the attachment id {attachment_id}.")
        return self.uploads[attachment_id]

    def attachment(self, url: str) -> tuple[str, bytes]:
        """The content type and the bytes of an uploaded file.

        Args:
            url: The ``url`` of an attachment or of a media item.

        Raises:
            LookupError: The URL is not of a file of this world.
        """
        parts = urllib.parse.urlsplit(url).path.split("/")
        if len(parts) < 4 or parts[1] != "attachments":
            raise LookupError(f"{url} is not an attachment of this world: its path starts /attachments/.")
        upload = self.upload(parts[3])
        return upload.content_type, upload.data

    def entities(self) -> Json:
        """The names behind the ids that a message can mention, for whoever renders messages."""
        everyone = (*(bot.user for bot in self.bots.values()), *self.users.values())
        registered = [
            command for bot in self.bots.values() for scope in bot.commands.values() for command in scope
        ]
        return {
            "users": {
                user["id"]: {"username": user["username"], "global_name": user["global_name"]}
                for user in everyone
            },
            "roles": {
                key: {"name": role["name"], "color": role["color"]} for key, role in self.roles.items()
            },
            "channels": {
                key: {"name": channel.get("name", "Direct Message"), "type": channel["type"]}
                for key, channel in self.channels.items()
            },
            "commands": {command["id"]: command["name"] for command in registered},
            "emojis": {
                emoji["id"]: {"name": emoji["name"], "animated": emoji["animated"]}
                for emoji in (*self.guild["emojis"], *(e for bot in self.bots.values() for e in bot.emojis))
            },
            "skus": {},
        }

    def save(self, path: Path) -> None:
        """Writes everything, uploaded files included, to one JSON file, atomically.

        Args:
            path: The file.
        """
        write_world(path, self)

    @classmethod
    def load(cls, path: Path) -> World:
        """Reads a world that ``save`` wrote.

        Args:
            path: The file.

        Raises:
            WorldFileError: The file can't be read or holds no world; the message says what to do.
        """
        world = cls()
        read_world(path, world)
        return world

    def index_messages(self) -> None:
        """Notes where each message is, after all of them were read at once."""
        self.channel_of, self._listed = {}, {}
        for channel_id, messages in self.message_store.items():
            self.channel_of.update(dict.fromkeys(messages, channel_id))
            self._listed[channel_id] = [key for key in messages if key not in self.viewers]

    def move_files(self, base_url: str) -> None:
        """Lets every stored file link start with the address where the files are served now.

        Args:
            base_url: Such as ``http://127.0.0.1:8080``.
        """
        old, self.base_url = self.base_url, base_url
        if old == base_url or not self.uploads:
            return
        for messages in self.message_store.values():
            for key, message in messages.items():
                messages[key] = json.loads(
                    json.dumps(message).replace(f'"{old}/attachments/', f'"{base_url}/attachments/')
                )
