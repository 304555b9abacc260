"""The names of permissions, as discord.py has them, and their bits (docs page *Permissions*)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_NAMES = """
create_instant_invite kick_members ban_members administrator manage_channels manage_guild add_reactions
view_audit_log priority_speaker stream view_channel send_messages send_tts_messages manage_messages
embed_links attach_files read_message_history mention_everyone external_emojis view_guild_insights connect
speak mute_members deafen_members move_members use_voice_activation change_nickname manage_nicknames
manage_roles manage_webhooks manage_expressions use_application_commands request_to_speak manage_events
manage_threads create_public_threads create_private_threads external_stickers send_messages_in_threads
use_embedded_activities moderate_members view_creator_monetization_analytics use_soundboard
create_expressions create_events use_external_sounds send_voice_messages - set_voice_channel_status
send_polls use_external_apps pin_messages bypass_slowmode
"""
PERMISSIONS: Mapping[str, int] = {
    name: 1 << bit for bit, name in enumerate(_NAMES.split()) if name != "-"
} | {
    # discord.py's other names for the same.
    "read_messages": 1 << 10,
    "use_external_emojis": 1 << 18,
    "manage_permissions": 1 << 28,
    "manage_emojis": 1 << 30,
    "manage_emojis_and_stickers": 1 << 30,
    "use_external_stickers": 1 << 37,
    "create_polls": 1 << 49,
}


def number(value: object) -> int | None:
    """The number that is meant: itself, or that of a ``discord.Permissions`` or ``discord.Colour``.

    Args:
        value: What was given.
    """
    meant = getattr(value, "value", value)
    return meant if isinstance(meant, int) and not isinstance(meant, bool) else None


def bits(permissions: int | Iterable[str]) -> int:
    """A set of permissions as a number.

    Args:
        permissions: The number itself, or names such as ``["manage_messages"]``; a ``discord.Permissions``
            as well.

    Raises:
        ValueError: There is no such permission, or it is no set of them.
    """
    meant = number(permissions)
    if meant is not None:
        if meant < 0:
            raise ValueError(f"A set of permissions is 0 or more, not {meant}.")
        return meant
    if isinstance(permissions, str) or not isinstance(permissions, Iterable):
        raise ValueError(f"Permissions are a number or a list of names: use [{permissions!r}].")  # noqa: TRY004
    total = 0
    for name in permissions:
        if name not in PERMISSIONS:
            raise ValueError(f"There is no permission {name!r}. Known: {', '.join(PERMISSIONS)}.")
        total |= PERMISSIONS[name]
    return total
