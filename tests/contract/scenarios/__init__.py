"""All scenarios; they need discord.py alone."""

from tests.contract.scenarios import clicks, commands, guild, limits, messages, threads

__all__ = ["clicks", "commands", "guild", "limits", "messages", "threads"]
