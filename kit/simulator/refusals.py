"""What bots were refused: the first place to look when an answer does not come."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass

KEPT = 100
# The token in the path of a callback or a webhook, which tells a reader nothing.
TOKEN = re.compile(r"(/(?:interactions|webhooks)/\d+)/[^/]+")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One request that Discord would refuse.

    Args:
        at: When, by the world's ``clock.monotonic()``.
        bot_id: Who asked; None where the request did not tell.
        route: "METHOD /path", without tokens.
        status: The HTTP status.
        code: Discord's JSON error code.
        message: Discord's words for it.
    """

    at: float
    bot_id: str | None
    route: str
    status: int
    code: int
    message: str

    def __str__(self) -> str:
        return f"{self.route} got {self.status}, {self.code} {self.message}"


class Refusals(deque[Refusal]):
    """The last hundred of them, oldest first."""

    def __init__(self) -> None:
        super().__init__(maxlen=KEPT)

    def note(self, at: float, bot_id: str | None, route: str, error: tuple[int, int, str]) -> None:
        """Lists a refusal.

        Args:
            at: When.
            bot_id: Who asked.
            route: "METHOD /path".
            error: HTTP status, Discord's code, its words.
        """
        self.append(Refusal(at, bot_id, TOKEN.sub(r"\1/…", route), *error))

    def since(self, moment: float, bot_id: str) -> Refusal | None:
        """The last refusal of a bot since a moment; None if there is none.

        Args:
            moment: By the world's clock.
            bot_id: The bot.
        """
        for refusal in reversed(self):
            if refusal.at < moment:
                return None
            if refusal.bot_id == bot_id:
                return refusal
        return None
