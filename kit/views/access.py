"""Who may press the buttons of a view."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import discord


class Access:
    """Lets the owner of a view press its buttons, or those it names.

    Attributes:
        owner_only: Whether only the user who created the view may use it.
        owner_only_message: What others are told.
        allowed_users: The ids of those who may use it, instead of `owner_only`.
    """

    owner_only: bool = True
    owner_only_message: str = "You cannot interact with this."
    allowed_users: Collection[int] | None = None

    user_id: int | None

    def may_use(self, user: discord.abc.Snowflake) -> bool:
        """Whether `user` may press the view's buttons."""
        if self.allowed_users is not None:
            return user.id in self.allowed_users
        return not self.owner_only or self.user_id is None or user.id == self.user_id

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Refuse, with a private message, those who may not use the view."""
        if self.may_use(interaction.user):
            return True
        await interaction.response.send_message(self.owner_only_message, ephemeral=True)
        return False
