"""Which libraries are tried, and with what; `docs/libraries.md` shows the same."""

from __future__ import annotations

from dataclasses import dataclass

# What is tried, as the table's head says it; a step of the same name is in test_libraries.py.
LOGIN, MESSAGE, SLASH, CLICK = "log in", "read and reply", "slash command", "click"
SELECT, MODAL, DEFER, LAYOUT = "select", "modal", "defer, follow up", "Components V2"
RETRY, RESUME, IDENTIFY = "429 and 502", "resume", "new session"
KILL, SHARDS = "kill -9, old click", "two shards"

EVERYTHING = (
    *(LOGIN, MESSAGE, SLASH, CLICK, SELECT, MODAL, DEFER, LAYOUT),
    *(RETRY, RESUME, IDENTIFY, KILL, SHARDS),
)
BEFORE_LAYOUTS = tuple(step for step in EVERYTHING if step != LAYOUT)


@dataclass(frozen=True)
class Library:
    """A library that bots are written with, and the program that tries it.

    Attributes:
        name: As its package is called.
        version: Which one.
        bot: The program, in `bots/`.
        tried: What the program does.
    """

    name: str
    version: str
    bot: str
    tried: tuple[str, ...] = EVERYTHING

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def requirement(self) -> str:
        """What pip installs."""
        return f"{self.name}=={self.version}"


MATRIX = (
    Library("discord.py", "2.4.0", "discordpy.py", BEFORE_LAYOUTS),
    Library("discord.py", "2.5.2", "discordpy.py", BEFORE_LAYOUTS),
    Library("discord.py", "2.6.4", "discordpy.py"),
    Library("discord.py", "2.7.1", "discordpy.py"),
    Library("disnake", "2.12.2", "disnakebot.py"),
    Library("py-cord", "2.8.1", "pycord.py"),
)


def table() -> list[list[str]]:
    """The cells of the table in the docs."""
    rows = [["library", *EVERYTHING]]
    rows += [
        [str(library), *("yes" if step in library.tried else "no" for step in EVERYTHING)]
        for library in MATRIX
    ]
    return rows
