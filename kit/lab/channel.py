"""The lab's channel, as the preview sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kit.lab.outcome import Outcome
from kit.lab.people import People
from kit.simulator import ClickError

MESSAGE_EVENTS = frozenset({"message_create", "message_update", "message_delete"})


class LabChannel:
    """Shows the default channel of a lab to a preview, and carries clicks to the people of the lab."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._world = people.simulator.world
        self._id = self._world.channel_id
        # Kept, as a preview still shows it when the channel is gone.
        self.name = str(self._world.entities()["channels"].get(self._id, {}).get("name", "deleted-channel"))

    @property
    def users(self) -> Sequence[str]:
        """The names to act as."""
        return list(self._world.users)

    def messages(self, user: str) -> list[dict[str, Any]]:
        """The raw messages that `user` sees; none when the channel is gone."""
        return self._world.messages(self._id, viewer=user) if self._id in self._world.channels else []

    def entities(self) -> dict[str, Any]:
        """The names behind ids."""
        return self._world.entities()

    def attachment(self, url: str) -> tuple[str, bytes]:
        """An uploaded file."""
        return self._world.attachment(url)

    def subscribe(self, listener: Callable[[str, dict[str, Any]], None]) -> Callable[[], None]:
        """Hear of changes to messages, and of the end of the channel."""
        here = self._id

        def pass_on(name: str, payload: dict[str, Any]) -> None:
            about_channel = name.startswith("channel_")
            where = payload.get("id" if about_channel else "channel_id", here)
            if where == here:
                if name in MESSAGE_EVENTS or name == "channel_delete":
                    listener(name, payload)
            elif self._world.channel_of.get(where) == here:
                # A thread has the id of the message that it was started from, which tells of it.
                listener("message_update", {"id": where, "channel_id": here})

        return self._people.simulator.subscribe(pass_on)

    async def act(self, event: dict[str, Any]) -> dict[str, Any]:
        """Do what somebody did in the preview, and tell how it went."""
        try:
            outcome = await self._perform(event)
        except ClickError as error:
            return {"status": "failed", "reason": str(error), "modal": None}
        if outcome.failure is not None:
            return {"status": "failed", "reason": outcome.failure, "modal": None}
        if outcome.modal is not None:
            return {"status": "modal", "reason": None, "modal": outcome.modal}
        return {"status": "ok", "reason": None, "modal": None}

    async def _perform(self, event: dict[str, Any]) -> Outcome:
        user, message = event["user"], event.get("message_id")
        match event["kind"]:
            case "click":
                return await self._people.click(event["custom_id"], user=user, message=message, settle=False)
            case "choose":
                return await self._people.choose(
                    event["custom_id"], event["values"], user=user, message=message, settle=False
                )
            case "submit":
                return await self._people.submit(
                    event["values"], user=user, modal_id=event.get("modal_id"), settle=False
                )
            case "say":
                return await self._people.say(event["content"], user=user)
            case kind:
                raise ClickError(f"nobody can {kind!r} here; write click, choose, submit or say")
