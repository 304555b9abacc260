"""What people do and what comes of it: interactions, their tokens and their deadlines."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import TYPE_CHECKING, Any, Literal

from kit.simulator.errors import ApiError, unknown
from kit.simulator.world.payloads import DM_CHANNEL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kit.simulator.gateway.gateway import Gateway
    from kit.simulator.world.world import World

Json = dict[str, Any]

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
TOKEN_SECONDS = 15 * 60.0
ATTACHMENT_LIMIT = 10 * 1024 * 1024


class Interaction:
    """One thing a person did, and what came of it.

    Args:
        payload: The data of its INTERACTION_CREATE.
        user: Who did it.
        cause: For the submission of a modal, the interaction that showed it.
    """

    def __init__(self, payload: Json, user: Json, *, cause: Interaction | None = None) -> None:
        self.payload = payload
        self.cause = cause
        self.id: str = payload["id"]
        self.token: str = payload["token"]
        self.type: int = payload["type"]
        self.user = user
        self.message_id: str | None = payload["message"]["id"] if "message" in payload else None
        self.custom_id: str | None = payload["data"].get("custom_id")
        self.status: Literal["pending", "answered", "failed"] = "pending"
        self.failure: str | None = None
        self.callback_type: int | None = None
        self.modal: Json | None = None
        self.choices: list[Json] | None = None
        self.effects: list[tuple[str, Json]] = []
        # The message that "@original" means, once there is one.
        self.original_id: str | None = None
        self.made_at = time.monotonic()
        self._settled = asyncio.Event()
        self.timer: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<Interaction {self.id} {self.custom_id or self.payload['data'].get('name')} {self.status}>"

    async def answered(self) -> Interaction:
        """Waits until the bot has responded, or the deadline has passed; ``status`` tells which."""
        await self._settled.wait()
        return self

    def settle(self, *, failure: str | None = None) -> None:
        """Ends the wait for the initial response.

        Args:
            failure: Why there is none; None when there is one.
        """
        self.failure = failure
        self.status = "failed" if failure else "answered"
        if self.timer is not None:
            self.timer.cancel()
        self._settled.set()


class Interactions:
    """The interactions of the last 15 minutes, by token.

    Args:
        world: Where they happen.
        deadline: Seconds that a bot has for its initial response.
        notify: Told of each at its creation, its answer and its failure.
        gateway: What brings them to a bot.
    """

    def __init__(
        self, world: World, deadline: float, notify: Callable[[str, Json], None], gateway: Gateway
    ) -> None:
        self._world = world
        self._gateway = gateway
        self.deadline = deadline
        self._notify = notify
        self._by_token: dict[str, Interaction] = {}

    def open(
        self,
        kind: int,
        data: Json,
        *,
        user: Json,
        channel_id: str,
        message: Json | None = None,
        cause: Interaction | None = None,
    ) -> Interaction:
        """Creates an interaction and sends it to a bot.

        Args:
            kind: The interaction type.
            data: Its ``data``.
            user: Who did it.
            channel_id: Where.
            message: The message of a component, or the one its modal came from.
            cause: For the submission of a modal, the interaction that showed it.
        """
        payload = self._payload(kind, data, user, channel_id)
        if message is not None:
            payload["message"] = message
        interaction = Interaction(payload, user, cause=cause)
        self._forget_expired()
        self._by_token[interaction.token] = interaction
        self._notify("interaction", {"interaction": interaction})
        if self._gateway.deliver("INTERACTION_CREATE", payload):
            loop = asyncio.get_running_loop()
            interaction.timer = loop.call_later(self.deadline, self._expire, interaction, self.deadline)
        else:
            self.fail(interaction, "the bot is not connected")
        return interaction

    def answer(self, interaction: Interaction, callback_type: int) -> None:
        """Records the initial response.

        Args:
            interaction: Which.
            callback_type: Its type.
        """
        interaction.callback_type = callback_type
        interaction.settle()
        self._notify("interaction", {"interaction": interaction})

    def fail(self, interaction: Interaction, failure: str) -> None:
        """Records that there will be no response; later ones get 10062.

        Args:
            interaction: Which.
            failure: Why.
        """
        if interaction.status == "pending":
            interaction.settle(failure=failure)
            self._notify("interaction", {"interaction": interaction})

    def _expire(self, interaction: Interaction, deadline: float) -> None:
        why = "" if self._gateway.connected else ": the bot is not connected"
        self.fail(interaction, f"no answer within {deadline:g} s{why}")

    def to_answer(self, interaction_id: str, token: str) -> Interaction:
        """The interaction that a callback is for.

        Args:
            interaction_id: From the path.
            token: From the path.

        Raises:
            ApiError: 10062 if unknown or too late, 40060 if answered before.
        """
        interaction = self._by_token.get(token)
        if interaction is None or interaction.id != interaction_id or interaction.status == "failed":
            raise unknown("interaction")
        if interaction.status == "answered":
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        return interaction

    def to_follow(self, application_id: str, token: str) -> Interaction:
        """The interaction that a webhook route is for.

        Args:
            application_id: From the path.
            token: From the path.

        Raises:
            ApiError: 10015 if the token is unknown, older than 15 minutes, or not answered yet.
        """
        interaction = self._by_token.get(token)
        known = interaction is not None and application_id == self._world.application_id
        if not known or interaction is None or interaction.status != "answered" or _expired(interaction):
            raise unknown("Webhook")
        return interaction

    def close(self) -> None:
        """Fails whatever is pending, and forgets all."""
        for interaction in tuple(self._by_token.values()):
            self.fail(interaction, "the simulator was closed")
            self._forget(interaction)

    def _forget_expired(self) -> None:
        while self._by_token:
            oldest = next(iter(self._by_token.values()))
            if not _expired(oldest):
                return
            self._forget(oldest)

    def _forget(self, interaction: Interaction) -> None:
        del self._by_token[interaction.token]
        # The files that someone put into a modal live as long as its token.
        for attachment_id in interaction.payload["data"].get("resolved", {}).get("attachments", ()):
            self._world.uploads.pop(attachment_id, None)

    def _payload(self, kind: int, data: Json, user: Json, channel_id: str) -> Json:
        world = self._world
        channel = world.channel(channel_id)
        payload: Json = {
            "id": world.snowflakes.next(),
            "application_id": world.application_id,
            "type": kind,
            "token": secrets.token_urlsafe(64),
            "version": 1,
            "channel_id": channel_id,
            "channel": channel,
            "data": data,
            "locale": "en-US",
            "app_permissions": str(world.permissions(world.application_id, channel_id)),
            "entitlements": [],
            "entitlement_sku_ids": [],
            "attachment_size_limit": ATTACHMENT_LIMIT,
        }
        if channel["type"] == DM_CHANNEL:
            payload.update(user=user, context=1, authorizing_integration_owners={"0": "0"})
            return payload
        permissions = str(world.permissions(user["id"], channel_id))
        guild = world.guild
        payload.update(
            guild_id=guild["id"],
            guild={"id": guild["id"], "locale": guild["preferred_locale"], "features": guild["features"]},
            guild_locale=guild["preferred_locale"],
            channel={**channel, "permissions": permissions},
            member={**world.member(user["id"]), "permissions": permissions},
            authorizing_integration_owners={"0": guild["id"]},
            context=0,
        )
        return payload


def _expired(interaction: Interaction) -> bool:
    return time.monotonic() - interaction.made_at > TOKEN_SECONDS


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
            if kind in (5, 7) and key in world.members:
                self.put("users", key, world.user_by_id(key))
                member = {
                    name: value for name, value in world.members[key].items() if name not in ("deaf", "mute")
                }
                permissions = str(world.permissions(key, self._channel_id))
                self.put("members", key, {**member, "permissions": permissions})
            elif kind in (6, 7):
                self.put("roles", key, world.role(key))
            else:
                self._add_channel(key)

    def put(self, group: str, key: str, data: Json) -> None:
        """Adds one object.

        Args:
            group: Such as ``attachments``.
            key: Its id.
            data: The object.
        """
        self.objects.setdefault(group, {})[key] = data

    def _add_channel(self, key: str) -> None:
        partial = ("id", "name", "type", "flags", "parent_id", "position", "nsfw", "topic", "last_message_id")
        channel = self._world.channel(key)
        shown = {name: channel[name] for name in partial if name in channel}
        permissions = str(self._world.permissions(self._user["id"], key))
        self.put("channels", key, {**shown, "permissions": permissions})
