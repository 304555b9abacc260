"""What people do and what comes of it: interactions, their tokens and their deadlines."""

from __future__ import annotations

import asyncio
import functools
import secrets
from typing import TYPE_CHECKING, Any, Literal

from kit.simulator.errors import ApiError, unknown
from kit.simulator.world.payloads import DM_CHANNEL

if TYPE_CHECKING:
    from collections.abc import Callable

    from kit.simulator.clock import Timer
    from kit.simulator.endpoint import Endpoints
    from kit.simulator.gateway.gateway import Gateway
    from kit.simulator.refusals import Refusals
    from kit.simulator.world.bots import Bot
    from kit.simulator.world.world import World

Json = dict[str, Any]

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
TOKEN_SECONDS = 15 * 60.0
CLOSED = "the simulator was closed"
ATTACHMENT_LIMIT = 10 * 1024 * 1024


class Interaction:
    """One thing a person did, and what came of it.

    Args:
        payload: The data of its INTERACTION_CREATE.
        user: Who did it.
        bot: Whose it is to answer.
        made_at: When, by the world's clock.
        cause: For the submission of a modal, the interaction that showed it.
    """

    def __init__(
        self, payload: Json, user: Json, *, bot: Bot, made_at: float, cause: Interaction | None = None
    ) -> None:
        self.payload = payload
        self.cause = cause
        self.id: str = payload["id"]
        self.token: str = payload["token"]
        self.type: int = payload["type"]
        self.bot = bot
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
        self.made_at = made_at
        self._settled = asyncio.Event()
        self.timer: Timer | None = None

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
        gateway: What brings them to a bot that is connected to it.
        endpoints: What brings them to a bot that has an HTTP endpoint.
        refused: What bots were refused.
    """

    def __init__(
        self,
        world: World,
        deadline: float,
        notify: Callable[[str, Json], None],
        gateway: Gateway,
        endpoints: Endpoints,
        *,
        refused: Refusals,
    ) -> None:
        self._refused = refused
        self._world = world
        self._gateway = gateway
        self._endpoints = endpoints
        self.deadline = deadline
        self._notify = notify
        self._by_token: dict[str, Interaction] = {}
        self._closed = False

    def open(
        self,
        kind: int,
        data: Json,
        *,
        user: Json,
        bot: Bot,
        channel_id: str,
        message: Json | None = None,
        cause: Interaction | None = None,
    ) -> Interaction:
        """Creates an interaction and sends it to a bot.

        Args:
            kind: The interaction type.
            data: Its ``data``.
            user: Who did it.
            bot: Whose it is to answer.
            channel_id: Where.
            message: The message of a component, or the one its modal came from.
            cause: For the submission of a modal, the interaction that showed it.
        """
        payload = self._payload(kind, data, user, bot, channel_id)
        if message is not None:
            payload["message"] = self._world.seen(message, bot.id)
        interaction = Interaction(payload, user, bot=bot, made_at=self._world.clock.monotonic(), cause=cause)
        self._forget_expired()
        self._by_token[interaction.token] = interaction
        self._notify("interaction", {"interaction": interaction})
        if self._closed:
            self.fail(interaction, CLOSED)
        elif self._endpoints.deliver(interaction) or self._gateway.deliver(
            bot.id, "INTERACTION_CREATE", payload
        ):
            expire = functools.partial(self._expire, interaction, self.deadline)
            interaction.timer = self._world.clock.call_later(self.deadline, expire)
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
        bot = interaction.bot
        reachable = bot.endpoint_url or self._gateway.connected(bot.id)
        why = "" if reachable else ": the bot is not connected"
        refusal = self._refused.since(interaction.made_at, bot.id)
        if refusal is not None:
            why += f"; meanwhile {refusal}"
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

    def bot_of(self, token: str) -> Bot | None:
        """The bot that an interaction is for; None if there is no such interaction.

        Args:
            token: From a path.
        """
        interaction = self._by_token.get(token)
        return interaction.bot if interaction else None

    def to_follow(self, application_id: str, token: str) -> Interaction:
        """The interaction that a webhook route is for.

        Args:
            application_id: From the path.
            token: From the path.

        Raises:
            ApiError: 10015 if the token is unknown, older than 15 minutes, or not answered yet.
        """
        interaction = self._by_token.get(token)
        known = interaction is not None and application_id == interaction.bot.id
        if not known or interaction is None or interaction.status != "answered" or self._expired(interaction):
            raise unknown("Webhook")
        return interaction

    def close(self) -> None:
        """Fails whatever is pending or still comes, and forgets all."""
        self._closed = True
        for interaction in tuple(self._by_token.values()):
            self.fail(interaction, CLOSED)
            self._forget(interaction)

    def _forget_expired(self) -> None:
        while self._by_token:
            oldest = next(iter(self._by_token.values()))
            if not self._expired(oldest):
                return
            self._forget(oldest)

    def _expired(self, interaction: Interaction) -> bool:
        return self._world.clock.monotonic() - interaction.made_at > TOKEN_SECONDS

    def _forget(self, interaction: Interaction) -> None:
        del self._by_token[interaction.token]
        # The files that someone put into a modal live as long as its token.
        for attachment_id in interaction.payload["data"].get("resolved", {}).get("attachments", ()):
            self._world.uploads.pop(attachment_id, None)

    def _payload(self, kind: int, data: Json, user: Json, bot: Bot, channel_id: str) -> Json:
        world = self._world
        channel = world.find_channel(channel_id)
        payload: Json = {
            "id": world.snowflakes.next(),
            "application_id": bot.id,
            "type": kind,
            "token": secrets.token_urlsafe(64),
            "version": 1,
            "channel_id": channel_id,
            "channel": channel,
            "data": data,
            "locale": "en-US",
            "app_permissions": str(world.permissions(bot.id, channel_id)),
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
