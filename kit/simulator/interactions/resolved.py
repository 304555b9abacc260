"""The objects behind the ids that a person chose."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kit.simulator.world.payloads import DM_CHANNEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kit.simulator.world.world import World

Json = dict[str, Any]


class Resolved:
    """Gathers the ``resolved`` objects behind the ids that a person chose, in ``objects``.

    Args:
        world: Where they are looked up.
        user: Who chose; the ``permissions`` of a channel are theirs.
        channel_id: Where; the ``permissions`` of a member are those there.
    """

    def __init__(self, world: World, user: Json, channel_id: str) -> None:
        self.objects: Json = {}
        self._world = world
        self._user = user
        self._channel_id = channel_id

    @contextlib.contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Drops the files that were uploaded in the block of a ``with``, if it fails."""
        try:
            yield
        except BaseException:
            for attachment_id in self.objects.get("attachments", ()):
                self._world.uploads.pop(attachment_id, None)
            raise

    def add(self, kind: int, ids: Sequence[str]) -> None:
        """Adds what some ids stand for.

        Args:
            kind: The component type: 5 user, 6 role, 7 mentionable, 8 channel.
            ids: The chosen ids.

        Raises:
            LookupError: An id is unknown.
        """
        world = self._world
        for key in ids:
            if kind in (5, 7) and key not in world.roles:
                self.add_user(key)
            elif kind in (6, 7):
                self.put("roles", key, world.find_role(key))
            else:
                self._add_channel(key)

    def add_user(self, key: str) -> None:
        """Adds somebody, and their member object if they are in the guild and this is not in direct messages.

        Args:
            key: The id.

        Raises:
            LookupError: Nobody has it.
        """
        world = self._world
        self.put("users", key, world.user_by_id(key))
        if key in world.members and world.channels[self._channel_id]["type"] != DM_CHANNEL:
            member = {
                name: value for name, value in world.members[key].items() if name not in ("deaf", "mute")
            }
            permissions = str(world.permissions(key, self._channel_id))
            self.put("members", key, {**member, "permissions": permissions})

    def put(self, group: str, key: str, data: Json) -> None:
        """Adds one object.

        Args:
            group: Such as ``attachments``.
            key: Its id.
            data: The object.
        """
        self.objects.setdefault(group, {})[key] = data

    def _add_channel(self, key: str) -> None:
        partial = (
            *("id", "name", "type", "flags", "parent_id", "position", "nsfw", "topic", "last_message_id"),
            "thread_metadata",
        )
        channel = self._world.find_channel(key)
        shown = {name: channel[name] for name in partial if name in channel}
        permissions = str(self._world.permissions(self._user["id"], key))
        self.put("channels", key, {**shown, "permissions": permissions})
