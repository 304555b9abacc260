"""All scenarios; they need discord.py alone."""

from tests.contract.scenarios import clicks, guild, limits, messages

__all__ = ["clicks", "guild", "limits", "messages"]
