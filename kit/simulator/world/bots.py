"""The bots of a world: each is an application with its user, its token and its commands."""

from __future__ import annotations

import base64
import secrets
from dataclasses import asdict, dataclass, field
from typing import Any

from kit.simulator.world.keys import new_signing_key, verify_key

Json = dict[str, Any]

ENDPOINT_URL = "interactions_endpoint_url"
# The application's flags for each: for a verified bot, and for one in fewer than 100 guilds.
PRIVILEGED_FLAGS = {
    "presences": 1 << 12 | 1 << 13,
    "members": 1 << 14 | 1 << 15,
    "message_content": 1 << 18 | 1 << 19,
}


@dataclass(slots=True)
class Bot:
    """A bot.

    Args:
        user: Its user object.
        token: What it logs in with.
        application: Its application object.
        commands: The commands it registered, by guild id or "global".
        signing_key: The private half, in hex, of the key that signs what is POSTed to its endpoint.
        emojis: The custom emoji of the application.
    """

    user: Json
    token: str
    application: Json
    commands: dict[str, list[Json]] = field(default_factory=dict)
    signing_key: str = field(default_factory=new_signing_key)
    emojis: list[Json] = field(default_factory=list)

    def __post_init__(self) -> None:
        # A world's file may come from before bots had keys, or from a machine without PyNaCl.
        self.signing_key = self.signing_key or new_signing_key()
        self.application["verify_key"] = verify_key(self.signing_key)

    @property
    def id(self) -> str:
        """The id of its user, which is also that of its application."""
        return str(self.user["id"])

    @property
    def endpoint_url(self) -> str | None:
        """Where its interactions are POSTed; None if they go to its gateway connection."""
        url: str | None = self.application[ENDPOINT_URL]
        return url

    @property
    def privileged_intents(self) -> set[str]:
        """The privileged intents it may ask for: all at first; may be set, as in the developer portal."""
        flags = self.application["flags"]
        return {name for name, bits in PRIVILEGED_FLAGS.items() if flags & bits}

    @privileged_intents.setter
    def privileged_intents(self, names: set[str]) -> None:
        strange = names - PRIVILEGED_FLAGS.keys()
        if strange:
            known = ", ".join(PRIVILEGED_FLAGS)
            raise ValueError(f"{min(strange)!r} is no privileged intent. Those are: {known}.")
        flags = self.application["flags"]
        for name, bits in PRIVILEGED_FLAGS.items():
            limited = bits & ~(bits >> 1)
            flags = flags & ~bits | (limited if name in names else 0)
        self.application.update(flags=flags, flags_new=str(flags))

    @property
    def name(self) -> str:
        """Its username."""
        return str(self.user["username"])

    def as_json(self) -> Json:
        """All of it, for a world's file."""
        return asdict(self)


def new_token(bot_id: str) -> str:
    """A token of the form that Discord's have; the first part is the bot's id.

    Args:
        bot_id: The id.
    """
    first = base64.urlsafe_b64encode(bot_id.encode()).rstrip(b"=").decode()
    return f"{first}.{secrets.token_urlsafe(5)[:6]}.{secrets.token_urlsafe(29)[:38]}"
