"""Builds the JSON objects of Discord's API: users, members, roles, channels, the guild, the application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

Json = dict[str, Any]

ALL_PERMISSIONS = (1 << 53) - 1
# What a new guild grants to @everyone, by bit position (docs page "Permissions").
DEFAULT_PERMISSION_BITS = (
    *(0, 6, 9, 10, 11, 14, 15, 16, 17, 18, 20, 21, 25, 26, 31),
    *(32, 35, 36, 37, 38, 39, 42, 45, 46, 49, 50),
)
DEFAULT_PERMISSIONS = sum(1 << bit for bit in DEFAULT_PERMISSION_BITS)
DM_CHANNEL = 1
VOICE_CHANNELS = (2, 13)


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
        "color": color,
        "colors": {"primary_color": color, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": position,
        "permissions": str(permissions),
        "managed": False,
        "mentionable": False,
        "flags": 0,
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
    if kind in VOICE_CHANNELS:
        data.update(bitrate=64000, user_limit=0, rtc_region=None, video_quality_mode=1)
    return data


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
