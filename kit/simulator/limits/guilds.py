"""Discord's rules for channels, their overwrites, roles, members and threads (``G01`` to ``G04``, ``G07``).

The bounds are those of the docs pages *Channels Resource*, *Guild Resource* and *Permissions*. Each function
answers the fields that were sent, in the form in which they are stored.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from kit.simulator.errors import UnknownError
from kit.simulator.limits.forms import INT_LIMIT

if TYPE_CHECKING:
    from kit.simulator.limits.forms import Form
    from kit.simulator.world.world import World

Json = dict[str, Any]

TEXT, VOICE, CATEGORY, ANNOUNCEMENT, STAGE, FORUM, MEDIA = 0, 2, 4, 5, 13, 15, 16
CREATABLE = (TEXT, VOICE, CATEGORY, ANNOUNCEMENT, STAGE, FORUM, MEDIA)
CONVERTIBLE = (TEXT, ANNOUNCEMENT)
LOWERCASE = (TEXT, ANNOUNCEMENT, FORUM, MEDIA)
ROLE_OVERWRITE, MEMBER_OVERWRITE = 0, 1
MAX_NAME, MAX_NICK, MAX_TOPIC, MAX_FORUM_TOPIC = 100, 32, 1024, 4096
MAX_SLOWMODE, MAX_IN_VOICE, MAX_IN_CATEGORY, MAX_LIST = 21_600, 99, 50, 1000
BITRATES = (8_000, 96_000)
MAX_COLOR = 0xFFFFFF
PRIVATE_THREAD = 12
ARCHIVE_MINUTES, DAY = (60, 1440, 4320, 10_080), 1440
MAX_TIME_OUT = dt.timedelta(days=28)
BYPASSES_VERIFICATION = 1 << 2
MAX_TAGS, MAX_TAG_NAME, MAX_APPLIED_TAGS = 20, 20, 5


def channel_fields(form: Form, world: World, before: Json | None = None) -> Json:
    """What a bot sets on a channel.

    Args:
        form: The body of Create Guild Channel or Modify Channel.
        world: Where its category is looked up.
        before: The channel as it is, when it is changed.

    Raises:
        ApiError: A field breaks a rule.
        LookupError: An overwrite is for a role or a member who isn't there.
    """
    offered: tuple[int, ...] = CREATABLE
    if before is not None:
        offered = CONVERTIBLE if before["type"] in CONVERTIBLE else (before["type"],)
    wanted = form.choice("G01", "type", offered)
    kind = wanted if wanted is not None else (before or {}).get("type", TEXT)
    name = form.text("G01", "name", 1, MAX_NAME, required=before is None)
    if name and kind in LOWERCASE:
        name = "-".join(name.lower().split()) or "-"
    fields: Json = {
        "name": name,
        "type": wanted,
        "topic": form.text("G01", "topic", 0, MAX_FORUM_TOPIC if kind in (FORUM, MEDIA) else MAX_TOPIC),
        "position": form.number("G01", "position", 0, INT_LIMIT - 1),
        "nsfw": form.flag("G01", "nsfw"),
        "parent_id": _category(form, world, kind, before),
        "rate_limit_per_user": form.number("G01", "rate_limit_per_user", 0, MAX_SLOWMODE) or 0,
        "bitrate": form.number("G01", "bitrate", *BITRATES),
        "user_limit": form.number("G01", "user_limit", 0, MAX_IN_VOICE) or 0,
        "permission_overwrites": _overwrites(form),
        "flags": form.number("G01", "flags", 0, INT_LIMIT - 1),
        "available_tags": _tags(form, world),
        "default_reaction_emoji": _reaction(form),
        "default_sort_order": form.choice("G07", "default_sort_order", (0, 1)),
        "default_forum_layout": form.choice("G07", "default_forum_layout", (0, 1, 2)),
        "default_auto_archive_duration": form.choice("G01", "default_auto_archive_duration", ARCHIVE_MINUTES),
        "default_thread_rate_limit_per_user": form.number(
            "G07", "default_thread_rate_limit_per_user", 0, MAX_SLOWMODE
        ),
    }
    form.check()
    for entry in fields["permission_overwrites"]:
        _known_target(world, entry)
    nullable = ("topic", "parent_id", "default_reaction_emoji", "default_sort_order")
    return {
        key: value
        for key, value in fields.items()
        if key in form.data and (value is not None or key in nullable)
    }


def thread_fields(form: Form, channel: Json | None = None) -> Json:
    """What a bot sets on a new thread.

    Args:
        form: The body of Start Thread.
        channel: The channel it is in; None when it starts from a message.

    Raises:
        ApiError: A field breaks a rule.
    """
    fields: Json = {
        "name": form.text("G07", "name", 1, MAX_NAME, required=True),
        "auto_archive_duration": form.choice("G07", "auto_archive_duration", ARCHIVE_MINUTES) or DAY,
        "rate_limit_per_user": form.number("G07", "rate_limit_per_user", 0, MAX_SLOWMODE) or 0,
    }
    if channel is not None:
        fields["type"] = form.choice("G07", "type", (10, 11, PRIVATE_THREAD)) or PRIVATE_THREAD
        if channel["type"] in (FORUM, MEDIA):
            fields["applied_tags"] = _applied(form, channel)
        elif fields["type"] == PRIVATE_THREAD:
            invitable = form.flag("G07", "invitable") or not form.given("invitable")
            fields["thread_metadata"] = {"invitable": invitable}
    form.check()
    return fields


def thread_changes(form: Form, channel: Json) -> Json:
    """What a bot changes on a thread.

    Args:
        form: The body of Modify Channel.
        channel: The channel that the thread is in.

    Raises:
        ApiError: A field breaks a rule.
    """
    fields: Json = {
        "name": form.text("G07", "name", 1, MAX_NAME),
        "auto_archive_duration": form.choice("G07", "auto_archive_duration", ARCHIVE_MINUTES),
        "rate_limit_per_user": form.number("G07", "rate_limit_per_user", 0, MAX_SLOWMODE) or 0,
        "flags": form.number("G07", "flags", 0, INT_LIMIT - 1),
        "applied_tags": _applied(form, channel),
        **{key: form.flag("G07", key) for key in ("archived", "locked", "invitable")},
    }
    form.check()
    return {key: value for key, value in fields.items() if key in form.data and value is not None}


def _applied(form: Form, channel: Json) -> list[str]:
    known = {tag["id"] for tag in channel.get("available_tags", ())}
    tags = form.snowflakes("G07", "applied_tags", 0, MAX_APPLIED_TAGS)
    for tag in tags:
        if tag not in known:
            form.fault("G07", "applied_tags", "FORUM_TAG_UNKNOWN", "Unknown forum tag")
    return tags


def _tags(form: Form, world: World) -> list[Json]:
    """The tags that posts of a forum can have; a new one gets its id."""
    return [
        {
            "id": entry.snowflake("G07", "id") or world.snowflakes.next(),
            "name": entry.text("G07", "name", 0, MAX_TAG_NAME, required=True),
            "moderated": entry.flag("G07", "moderated"),
            "emoji_id": entry.snowflake("G07", "emoji_id"),
            "emoji_name": entry.text("G07", "emoji_name", 0, MAX_NICK),
        }
        for entry in form.forms("G07", "available_tags", 0, MAX_TAGS)
    ]


def _reaction(form: Form) -> Json | None:
    entry = form.form("G07", "default_reaction_emoji")
    if entry is None:
        return None
    return {
        "emoji_id": entry.snowflake("G07", "emoji_id"),
        "emoji_name": entry.text("G07", "emoji_name", 0, MAX_NICK),
    }


def _category(form: Form, world: World, kind: int, before: Json | None) -> str | None:
    parent_id = form.snowflake("G01", "parent_id")
    if parent_id is None:
        return None
    inside = [channel for channel in world.guild_channels() if channel["parent_id"] == parent_id]
    if parent_id not in world.channels or kind == CATEGORY:
        form.fault("G01", "parent_id", "CHANNEL_PARENT_INVALID", "Category does not exist")
    elif world.channels[parent_id]["type"] != CATEGORY:
        form.fault("G01", "parent_id", "CHANNEL_PARENT_INVALID_TYPE", "Not a category")
    elif len(inside) >= MAX_IN_CATEGORY and (before is None or before["parent_id"] != parent_id):
        words = f"Maximum number of channels in category reached ({MAX_IN_CATEGORY})"
        form.fault("G01", "parent_id", "CHANNEL_PARENT_MAX_CHANNELS", words)
    return parent_id


def _overwrites(form: Form) -> list[Json]:
    entries = form.forms("G02", "permission_overwrites", 0, MAX_LIST)
    found = [_overwrite(entry, entry.snowflake("G02", "id", required=True)) for entry in entries]
    return list({entry["id"]: entry for entry in found}.values())


def _overwrite(form: Form, target_id: str | None) -> Json:
    kind = form.choice("G02", "type", (ROLE_OVERWRITE, MEMBER_OVERWRITE), required=True)
    bits = {key: str(form.bits("G02", key) or 0) for key in ("allow", "deny")}
    return {"id": target_id, "type": kind, **bits}


def overwrite_fields(form: Form, world: World, target_id: str) -> Json:
    """One overwrite of a channel.

    Args:
        form: The body of Edit Channel Permissions.
        world: Where the role or member is looked up.
        target_id: The role or member.

    Raises:
        ApiError: A field breaks a rule.
        LookupError: There is no such role or member.
    """
    entry = _overwrite(form, target_id)
    form.check()
    _known_target(world, entry)
    return entry


def _known_target(world: World, entry: Json) -> None:
    if entry["id"] not in (world.roles if entry["type"] == ROLE_OVERWRITE else world.members):
        raise UnknownError("Overwrite", entry["id"], "It takes a role with type 0, or a member with type 1.")


def role_fields(form: Form) -> Json:
    """What a bot sets on a role.

    Args:
        form: The body of Create Guild Role or Modify Guild Role.

    Raises:
        ApiError: A field breaks a rule.
    """
    color = form.number("G03", "color", 0, MAX_COLOR)
    colors = form.form("G03", "colors")
    shades: Json = {"primary_color": color, "secondary_color": None, "tertiary_color": None}
    if colors is not None:
        shades = {key: colors.number("G03", key, 0, MAX_COLOR) for key in shades}
    fields: Json = {
        "name": form.text("G03", "name", 1, MAX_NAME),
        "permissions": str(form.bits("G03", "permissions") or 0),
        "hoist": form.flag("G03", "hoist"),
        "mentionable": form.flag("G03", "mentionable"),
    }
    form.check()
    sent = {key: value for key, value in fields.items() if form.given(key)}
    if shades["primary_color"] is not None:
        sent.update(color=shades["primary_color"], colors=shades)
    return sent


def member_fields(form: Form, world: World) -> Json:
    """What a bot sets on a member.

    Args:
        form: The body of Modify Guild Member.
        world: Where roles are looked up.

    Raises:
        ApiError: A field breaks a rule.
        LookupError: There is no such role.
    """
    until = form.moment("G04", "communication_disabled_until")
    if until is not None and until > world.clock.now() + MAX_TIME_OUT:
        code = "INVALID_COMMUNICATION_DISABLED_TIMESTAMP"
        form.fault("G04", "communication_disabled_until", code, "Invalid communication disabled timestamp")
    flags = form.number("G04", "flags", 0, INT_LIMIT - 1) or 0
    for key in ("mute", "deaf"):
        form.flag("G04", key)
    form.snowflake("G04", "channel_id")
    fields: Json = {
        "nick": form.text("G04", "nick", 0, MAX_NICK) or None,
        "roles": form.snowflakes("G04", "roles", 0, MAX_LIST),
        "communication_disabled_until": until.isoformat() if until else None,
        "flags": flags & BYPASSES_VERIFICATION,
    }
    form.check()
    for role_id in fields["roles"]:
        world.find_role(role_id)
    return {key: value for key, value in fields.items() if key in form.data}
