"""Builds the JSON objects of Discord's API: users, members, roles, channels, the guild, the application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kit.simulator.world.flags import number

if TYPE_CHECKING:
    from collections.abc import Iterable

Json = dict[str, Any]
MAX_COLOR = 0xFFFFFF

ALL_PERMISSIONS = (1 << 53) - 1
# What a new guild grants to @everyone, by bit position (docs page "Permissions").
DEFAULT_PERMISSION_BITS = (
    *(0, 6, 9, 10, 11, 14, 15, 16, 17, 18, 20, 21, 25, 26, 31),
    *(32, 35, 36, 37, 38, 39, 42, 45, 46, 49, 50),
)
DEFAULT_PERMISSIONS = sum(1 << bit for bit in DEFAULT_PERMISSION_BITS)
DM_CHANNEL = 1
VOICE_CHANNELS = (2, 13)
FORUM_CHANNEL, MEDIA_CHANNEL = 15, 16
FORUMS = (FORUM_CHANNEL, MEDIA_CHANNEL)
ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD = 10, 11, 12
THREADS = (ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD)
# Where threads can be, and where messages can.
THREADED = (0, 5, *FORUMS)
MESSAGEABLE = (0, 1, 2, 5, *THREADS, 13)


def user(user_id: str, username: str, *, bot: bool = False) -> Json:
    """A user (docs page *User Resource*).

    Args:
        user_id: The snowflake.
        username: The unique name; people also get it, capitalised, as display name.
        bot: Whether it is an application's user.
    """
    data: Json = {
        "id": user_id,
        "username": username,
        "discriminator": "0",
        "global_name": None if bot else username[:1].upper() + username[1:],
        "avatar": None,
        "avatar_decoration_data": None,
        "banner": None,
        "accent_color": None,
        "collectibles": None,
        "primary_guild": None,
        "flags": 0,
        "public_flags": 0,
    }
    if bot:
        data["bot"] = True
    return data


def own_user(bot_user: Json) -> Json:
    """The bot's user as the bot itself sees it, in READY and at ``/users/@me``.

    Args:
        bot_user: The public user object.
    """
    return {**bot_user, "verified": True, "mfa_enabled": False, "email": None, "locale": "en-US"}


def member(roles: Iterable[str] = (), *, joined_at: str) -> Json:
    """A guild member, without its ``user`` (docs page *Guild Resource*).

    Args:
        roles: Ids of the roles it has, @everyone left out.
        joined_at: Since when it is one.
    """
    return {
        "nick": None,
        "avatar": None,
        "avatar_decoration_data": None,
        "banner": None,
        "roles": list(roles),
        "joined_at": joined_at,
        "premium_since": None,
        "communication_disabled_until": None,
        "pending": False,
        "deaf": False,
        "mute": False,
        "flags": 0,
    }


def role(role_id: str, name: str, *, position: int = 1, permissions: int = 0, color: int = 0) -> Json:
    """A role (docs page *Permissions*, "Role Object").

    Args:
        role_id: The snowflake; @everyone has the guild's.
        name: Its name.
        position: Its rank; 0 is @everyone, and a new role is the next.
        permissions: The bit set it grants.
        color: 0xRRGGBB; 0 is no colour.
    """
    return {
        "id": role_id,
        "name": name,
        **colors(color),
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": position,
        "permissions": str(permissions),
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }


def colors(color: int) -> Json:
    """The fields of a role that carry its colour.

    Args:
        color: 0xRRGGBB; 0 is none. A ``discord.Colour`` as well.

    Raises:
        ValueError: It is no colour.
    """
    meant = number(color)
    if meant is None or not 0 <= meant <= MAX_COLOR:
        raise ValueError(f"A colour is a number from 0 to 0xFFFFFF, not {color!r}; such as 0x5865F2.")
    return {
        "color": meant,
        "colors": {"primary_color": meant, "secondary_color": None, "tertiary_color": None},
    }


def channel(channel_id: str, name: str, *, guild_id: str, position: int, kind: int = 0) -> Json:
    """A channel of the guild (docs page *Channels Resource*).

    Args:
        channel_id: The snowflake.
        name: Its name.
        guild_id: The guild.
        position: Its place in the list.
        kind: The channel type, 0 for text.
    """
    data: Json = {
        "id": channel_id,
        "type": kind,
        "guild_id": guild_id,
        "name": name,
        "position": position,
        "flags": 0,
        "parent_id": None,
        "topic": None,
        "nsfw": False,
        "last_message_id": None,
        "last_pin_timestamp": None,
        "rate_limit_per_user": 0,
        "permission_overwrites": [],
    }
    if kind in THREADED:
        data["default_auto_archive_duration"] = 1440
    if kind in VOICE_CHANNELS:
        data.update(bitrate=64000, user_limit=0, rtc_region=None, video_quality_mode=1)
    if kind in FORUMS:
        data.update(available_tags=[], default_reaction_emoji=None, default_sort_order=None)
        data.update(default_thread_rate_limit_per_user=0)
        # A media channel has one layout alone.
        data.update({"default_forum_layout": 0} if kind == FORUM_CHANNEL else {})
    return data


def thread(
    thread_id: str,
    name: str,
    parent: Json,
    *,
    owner_id: str,
    kind: int,
    created: str,
    auto_archive_minutes: int,
) -> Json:
    """A thread (docs page *Channels Resource*).

    Args:
        thread_id: The snowflake; that of its first message if it was started from one.
        name: Its name.
        parent: The channel it is in.
        owner_id: Who started it.
        kind: 10 for one of an announcement channel, 11 for a public, 12 for a private one.
        created: When.
        auto_archive_minutes: How long without a message until it leaves the list of channels.
    """
    data: Json = {
        "id": thread_id,
        "type": kind,
        "guild_id": parent["guild_id"],
        "parent_id": parent["id"],
        "owner_id": owner_id,
        "name": name,
        "last_message_id": None,
        "message_count": 0,
        "member_count": 0,
        "total_message_sent": 0,
        "rate_limit_per_user": 0,
        "flags": 0,
        "thread_metadata": {
            "archived": False,
            "auto_archive_duration": auto_archive_minutes,
            "archive_timestamp": created,
            "locked": False,
            "create_timestamp": created,
        },
    }
    if kind == PRIVATE_THREAD:
        data["thread_metadata"]["invitable"] = True
    if parent["type"] in FORUMS:
        data["applied_tags"] = []
    return data


def emoji(emoji_id: str, name: str, user: Json, *, roles: Iterable[str] = ()) -> Json:
    """A custom emoji (docs page *Emoji Resource*).

    Args:
        emoji_id: The snowflake.
        name: Its name.
        user: Who made it.
        roles: Ids of the roles that alone may use it; everyone when empty.
    """
    return {
        "id": emoji_id,
        "name": name,
        "roles": list(roles),
        "user": user,
        "require_colons": True,
        "managed": False,
        "animated": False,
        "available": True,
    }


def dm_channel(channel_id: str, recipient: Json) -> Json:
    """A direct message channel between the bot and one person.

    Args:
        channel_id: The snowflake.
        recipient: The person.
    """
    return {
        "id": channel_id,
        "type": DM_CHANNEL,
        "flags": 0,
        "last_message_id": None,
        "last_pin_timestamp": None,
        "recipients": [recipient],
    }


def guild(guild_id: str, name: str, *, owner_id: str) -> Json:
    """A guild's own fields, without its channels, roles and members (docs page *Guild Resource*).

    Args:
        guild_id: The snowflake.
        name: Its name.
        owner_id: The user who owns it and may do everything.
    """
    empty = (
        *("icon", "splash", "discovery_splash", "banner", "home_header", "description"),
        *(
            "vanity_url_code",
            "afk_channel_id",
            "application_id",
            "widget_channel_id",
            "system_channel_id",
            "rules_channel_id",
        ),
        *("public_updates_channel_id", "safety_alerts_channel_id", "max_presences", "incidents_data"),
    )
    return {
        "id": guild_id,
        "name": name,
        "owner_id": owner_id,
        "region": "deprecated",
        "afk_timeout": 300,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "nsfw": False,
        "system_channel_flags": 0,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "premium_progress_bar_enabled": False,
        "preferred_locale": "en-US",
        "widget_enabled": False,
        "max_members": 500_000,
        "max_video_channel_users": 25,
        "max_stage_video_channel_users": 50,
        "features": [],
        "emojis": [],
        "stickers": [],
        **dict.fromkeys(empty),
    }


def application(application_id: str, bot_user: Json, owner: Json, guild_id: str) -> Json:
    """The bot's application (docs page *Application Resource*).

    Args:
        application_id: The snowflake, the same as the bot user's.
        bot_user: The bot's user.
        owner: The person that ``commands.is_owner`` accepts.
        guild_id: The guild it is installed in.
    """
    return {
        "id": application_id,
        "name": bot_user["username"],
        "icon": None,
        "description": "",
        "summary": "",
        "type": None,
        "bot": bot_user,
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "owner": owner,
        "team": None,
        # Presence, members and message content, each granted (GATEWAY_*_LIMITED).
        "flags": 1 << 13 | 1 << 15 | 1 << 19,
        "flags_new": str(1 << 13 | 1 << 15 | 1 << 19),
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "approximate_guild_count": 1,
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "eligible_oauth2_scopes": [],
        "integration_types_config": {"0": {}},
        "guild_id": guild_id,
        "tags": [],
    }
