"""The threads of a guild's channels, and who is in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kit.simulator.errors import UnknownError
from kit.simulator.world import payloads
from kit.simulator.world.channels import ChannelState
from kit.simulator.world.permissions import VIEW_CHANNEL, lacking

Json = dict[str, Any]

HAS_THREAD = 1 << 5
MAX_SHOWN_MEMBERS = 50


class ThreadState(ChannelState):
    """The part of a world that is its threads. They are kept among the channels."""

    def threads(self, parent_id: str | None = None) -> Iterator[Json]:
        """The threads, archived ones included.

        Args:
            parent_id: Those of one channel; all when left out.
        """
        for channel in tuple(self.channels.values()):
            if channel["type"] in payloads.THREADS and parent_id in (None, channel["parent_id"]):
                yield channel

    def put_thread(self, thread: Json) -> Json:
        """Stores a new or changed thread.

        Args:
            thread: The whole channel object.
        """
        before = self.channels.get(thread["id"])
        self.channels[thread["id"]] = thread
        if before is None:
            self.emit("THREAD_CREATE", {**thread, "newly_created": True})
            return thread
        self.emit("THREAD_UPDATE", thread)
        if before["thread_metadata"]["archived"] and not thread["thread_metadata"]["archived"]:
            # A bot forgot it when it was archived, and is told again that it is in it.
            for bot_id in self.bots.keys() & self.thread_members[thread["id"]].keys():
                own = {**self.thread_member(thread["id"], bot_id), "guild_id": self.guild["id"]}
                self.emit("THREAD_MEMBER_UPDATE", {**own, "for_bot": bot_id})
        return thread

    def put_channel(self, channel: Json) -> Json:
        """Stores a new or changed channel; a bot that sees it only from now on is told of its threads.

        Args:
            channel: The whole channel object.
        """
        before = self.channels.get(channel["id"])
        blind = [key for key in self.bots if before and lacking(self, key, VIEW_CHANNEL, before)]
        stored = super().put_channel(channel)
        for bot_id in blind:
            threads = [
                thread
                for thread in self.threads(channel["id"])
                if not thread["thread_metadata"]["archived"]
                and not lacking(self, bot_id, VIEW_CHANNEL, thread)
            ]
            if threads:
                joined = [thread for thread in threads if bot_id in self.thread_members[thread["id"]]]
                event: Json = {
                    "guild_id": self.guild["id"],
                    "channel_ids": [channel["id"]],
                    "threads": threads,
                }
                event["members"] = [self.thread_member(thread["id"], bot_id) for thread in joined]
                self.emit("THREAD_LIST_SYNC", {**event, "for_bot": bot_id})
        return stored

    def archive_thread(self, thread_id: str, *, archived: bool, locked: bool | None = None) -> Json:
        """Archives a thread, or brings it back.

        Args:
            thread_id: The thread, by id or name.
            archived: Which of the two.
            locked: Whether only moderators can bring it back; as it was when left out.

        Raises:
            LookupError: No such thread.
        """
        thread = self.thread(thread_id)
        data = {**thread["thread_metadata"], "archived": archived}
        if archived != thread["thread_metadata"]["archived"]:
            data["archive_timestamp"] = self.clock.timestamp()
        if locked is not None:
            data["locked"] = locked
        return self.put_thread({**thread, "thread_metadata": data})

    def thread(self, wanted: str | int) -> Json:
        """A thread that is there.

        Args:
            wanted: Its id or its name.

        Raises:
            LookupError: There is none of that name or id.
        """
        channel = self.find_channel(wanted)
        if channel["type"] not in payloads.THREADS:
            raise UnknownError("Channel", wanted, f"#{channel.get('name', 'DM')} is no thread.")
        return channel

    def join_thread(self, thread_id: str, user: str) -> None:
        """Adds somebody to a thread; who is in it stays.

        Args:
            thread_id: The thread, by id or name.
            user: Who, by name or id.

        Raises:
            LookupError: No such thread, or no such member of the guild.
        """
        thread, user_id = self.thread(thread_id), self.member(user)["user"]["id"]
        inside = self.thread_members.setdefault(thread["id"], {})
        if user_id in inside:
            return
        inside[user_id] = self.clock.timestamp()
        if thread["type"] == payloads.PRIVATE_THREAD and user_id in self.bots:
            # Until now it knew nothing of this thread.
            self.emit("THREAD_CREATE", {**self.channels[thread["id"]], "for_bot": user_id})
        self._count_members(thread["id"])
        self.tell_members(thread["id"], added=[user_id])

    def leave_thread(self, thread_id: str, user: str) -> None:
        """Takes somebody out of a thread.

        Args:
            thread_id: The thread, by id or name.
            user: Who, by name or id.

        Raises:
            LookupError: No such thread, or they are not in it.
        """
        thread, user_id = self.thread(thread_id), self.find_user(user)["id"]
        if user_id not in self.thread_members.get(thread["id"], {}):
            raise UnknownError("Member", user, f"They are not in the thread {thread['name']!r}.")
        del self.thread_members[thread["id"]][user_id]
        self._count_members(thread["id"])
        self.tell_members(thread["id"], removed=[user_id])

    def leave(self, user: str) -> None:
        """Takes someone out of the guild and its threads, as if they left or were kicked.

        Args:
            user: Who.

        Raises:
            LookupError: Nobody in the guild is called so.
            ValueError: They own it, or are a bot.
        """
        user_id = self.member(user)["user"]["id"]
        super().leave(user)
        for thread_id, inside in self.thread_members.items():
            if inside.pop(user_id, None) is not None:
                self._count_members(thread_id)
                self.tell_members(thread_id, removed=[user_id])

    def _count_members(self, thread_id: str) -> None:
        count = min(len(self.thread_members[thread_id]), MAX_SHOWN_MEMBERS)
        self.channels[thread_id] = {**self.channels[thread_id], "member_count": count}

    def tell_members(self, thread_id: str, *, added: Sequence[str] = (), removed: Sequence[str] = ()) -> None:
        """Tells who came into a thread, or left it.

        Args:
            thread_id: The thread.
            added: The ids of those who came.
            removed: The ids of those who left.
        """
        members = [
            {**self.thread_member(thread_id, key), "member": self.member(key), "presence": None}
            for key in added
        ]
        count = self.channels[thread_id]["member_count"]
        ids = {"id": thread_id, "guild_id": self.guild["id"], "member_count": count}
        event = {**ids, "added_members": members, "removed_member_ids": list(removed)}
        self.emit("THREAD_MEMBERS_UPDATE", event)

    def thread_member(self, thread_id: str, user_id: str) -> Json:
        """Somebody who is in a thread (docs page *Channels Resource*, "Thread Member Object").

        Args:
            thread_id: The thread.
            user_id: Who.

        Raises:
            LookupError: They are not in it.
        """
        joined = self.thread_members.get(thread_id, {}).get(user_id)
        if joined is None:
            raise UnknownError("Member", user_id, "They are not in that thread.")
        return {"id": thread_id, "user_id": user_id, "join_timestamp": joined, "flags": 0}

    def shown_channel(self, channel: Json, bot_id: str) -> Json:
        """A channel as a bot gets it: a thread tells whether the bot is in it.

        Args:
            channel: The channel object.
            bot_id: The bot.
        """
        if bot_id not in self.thread_members.get(channel["id"], {}):
            return channel
        return {**channel, "member": self.thread_member(channel["id"], bot_id)}
