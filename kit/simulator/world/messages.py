"""Makes and changes messages from what bots send, as Discord does."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

from kit.simulator import components
from kit.simulator.errors import ApiError, UnsupportedError
from kit.simulator.limits import messages as limits
from kit.simulator.limits.forms import refuse, utc_moment
from kit.simulator.world import references
from kit.simulator.world.payloads import DM_CHANNEL
from kit.simulator.world.permissions import MENTION_EVERYONE, lacking

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kit.simulator.world.media import Upload
    from kit.simulator.world.world import World

Json = dict[str, Any]

SUPPRESS_EMBEDS, EPHEMERAL, LOADING = 1 << 2, 1 << 6, 1 << 7
SUPPRESS_NOTIFICATIONS, VOICE_MESSAGE, COMPONENTS_V2 = 1 << 12, 1 << 13, 1 << 15
SETTABLE = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | VOICE_MESSAGE | COMPONENTS_V2
# What an edit rewrites, beside which it can set flags.
WRITTEN = {"content", "embeds", "components", "attachments"}
# How far back a nonce is remembered.
NONCE_MESSAGES = 50

# What the message content intent lets a bot read.
HIDDEN: Json = {"content": "", "embeds": [], "attachments": [], "components": []}
# As many backticks at its end as at its start, none of them escaped.
CODE = re.compile(r"(?<![`\\])(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
USER_MENTION = re.compile(r"<@!?(\d{1,20})>")
ROLE_MENTION = re.compile(r"<@&(\d{1,20})>")
EMBED_FIELDS = (
    *("title", "description", "url", "timestamp", "color", "footer", "author", "fields"),
    *("image", "thumbnail"),
)


# A part of an embed that lacks this shows nothing, and is dropped.
EMBED_NEEDS = {"footer": "text", "author": "name", "image": "url", "thumbnail": "url"}


def validate(
    payload: Mapping[str, Any],
    files: Mapping[int, Upload],
    *,
    edit_of: Json | None = None,
    interaction: bool = False,
    prefix: Sequence[str] = (),
    emojis: Collection[str] | None = None,
) -> None:
    """Refuses a message that Discord would refuse.

    Args:
        payload: What the bot sent.
        files: What it uploaded.
        edit_of: The stored message, when this changes one.
        interaction: Whether it answers an interaction.
        prefix: Where the message sits in the request's body; interaction callbacks have it under ``data``.
        emojis: The ids of the custom emoji that its components can show.

    Raises:
        ApiError: 400 with the error tree, or 50006 for an empty message.
        UnsupportedError: It has a poll or stickers.
    """
    names = [upload.filename for upload in files.values()]
    found = limits.check_message(
        payload, edit_of=edit_of, files=names, interaction=interaction, emojis=emojis
    )
    if any(violation.code == limits.EMPTY for violation in found):
        if references.is_forward(payload):
            return
        raise ApiError(400, 50006, "Cannot send an empty message")
    refuse(found, prefix)
    for name in ("poll", "sticker_ids", "shared_client_theme"):
        if payload.get(name):
            raise UnsupportedError(f"a message with {name}")


def create(
    world: World,
    channel_id: str,
    payload: Mapping[str, Any],
    files: Mapping[int, Upload],
    *,
    author: Json,
    viewer_id: str | None = None,
    fixed: Json | None = None,
) -> Json:
    """Stores a validated message.

    Args:
        world: Where.
        channel_id: In which channel.
        payload: What the bot sent.
        files: What it uploaded.
        author: Who wrote it.
        viewer_id: The only one who sees it, for an ephemeral one.
        fixed: Fields that the caller decides, such as ``interaction_metadata``.

    Raises:
        LookupError: No such channel.
        ApiError: It answers or forwards what isn't there, or what the author can't see.
    """
    # An interaction may be answered after its channel was deleted.
    world.find_channel(channel_id)
    reply = references.referring(world, channel_id, payload, author["id"])
    attachments = _attachments(world, channel_id, payload, files, kept=())
    flags = int(payload.get("flags") or 0) & SETTABLE
    message: Json = {
        "id": world.snowflakes.next(),
        "channel_id": channel_id,
        "type": 0,
        "author": author,
        "content": (payload.get("content") or "").strip(),
        "timestamp": world.clock.timestamp(),
        "edited_timestamp": None,
        "tts": bool(payload.get("tts")),
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "pinned": False,
        **_rendered(world, payload, attachments),
        "flags": flags | (EPHEMERAL if viewer_id else 0),
        **(fixed or {}),
    }
    if payload.get("nonce") is not None:
        message["nonce"] = payload["nonce"]
    message["flags"] |= reply.pop("flags", 0)
    message.update(reply)
    message.update(mentions(world, message, payload.get("allowed_mentions")))
    return world.put_message(message, viewer_id=viewer_id)


def edit(
    world: World,
    message: Json,
    payload: Mapping[str, Any],
    files: Mapping[int, Upload],
    *,
    fills: bool = False,
) -> Json:
    """Stores a validated change: what is left out stays, null clears (docs page *Message*, "Edit Message").

    Args:
        world: Where.
        message: The message as it is now.
        payload: What the bot sent.
        files: What it uploaded.
        fills: Whether this fills in a deferred reply; Discord doesn't call that an edit.
    """
    kept = message["attachments"]
    attachments = kept
    # Suppressing embeds is no edit, and a deferred reply is filled in but not edited.
    rewritten = not fills and (files or WRITTEN & set(payload))
    if files or "attachments" in payload:
        attachments = _attachments(world, message["channel_id"], payload, files, kept=kept)
    changed = {
        **message,
        **_rendered(
            world, {key: payload[key] for key in ("embeds", "components") if key in payload}, attachments
        ),
        "edited_timestamp": world.clock.timestamp() if rewritten else message["edited_timestamp"],
    }
    if "content" in payload:
        changed["content"] = (payload["content"] or "").strip()
    for absent in ("embeds", "components"):
        if absent not in payload:
            changed[absent] = message[absent]
    flags = message["flags"] & ~LOADING if fills else message["flags"]
    if payload.get("flags") is not None:
        wanted = int(payload["flags"])
        flags = flags & ~SUPPRESS_EMBEDS | wanted & (SUPPRESS_EMBEDS | COMPONENTS_V2)
    changed["flags"] = flags
    changed.update(mentions(world, changed, payload.get("allowed_mentions")))
    return world.put_message(changed, viewer_id=world.viewer_of(message["id"]))


def _attachments(
    world: World,
    channel_id: str,
    payload: Mapping[str, Any],
    files: Mapping[int, Upload],
    *,
    kept: Sequence[Json],
) -> list[Json]:
    described = payload.get("attachments")
    by_id = {attachment["id"]: attachment for attachment in kept}
    result: list[Json] = []
    uploads = dict(files)
    for entry in described if described is not None else kept:
        key = str(entry["id"])
        if key in by_id:
            result.append({**by_id[key], **{k: v for k, v in entry.items() if k == "description"}})
        elif key.isdecimal() and int(key) in uploads:
            upload = uploads.pop(int(key))
            extra = {name: entry[name] for name in ("description", "title") if entry.get(name)}
            result.append(world.store_attachment(upload, channel_id, **extra))
    result.extend(world.store_attachment(upload, channel_id) for upload in uploads.values())
    return result


def _rendered(world: World, payload: Mapping[str, Any], attachments: list[Json]) -> Json:
    """The embeds, components and attachments to store, with ``attachment://`` links resolved."""
    by_url = {f"attachment://{attachment['filename']}": attachment for attachment in attachments}
    # A bot that sends back a stored component refers to the file by its real URL.
    by_url.update({attachment["url"]: attachment for attachment in attachments})

    def resolve(item: Json) -> Json:
        url = item["url"]
        attachment = by_url.get(url)
        if attachment is None:
            return {"id": world.snowflakes.next(), "url": url, "proxy_url": url, "loading_state": 2}
        return {
            "id": world.snowflakes.next(),
            "url": attachment["url"],
            "proxy_url": attachment["proxy_url"],
            "width": attachment.get("width"),
            "height": attachment.get("height"),
            "content_type": attachment["content_type"],
            "attachment_id": attachment["id"],
            "loading_state": 2,
            "flags": 0,
            "name": attachment["filename"],
            "size": attachment["size"],
        }

    return {
        "attachments": attachments,
        "embeds": [_embed(embed, resolve) for embed in payload.get("embeds") or ()],
        "components": components.stored(payload.get("components") or (), resolve),
    }


def _known(item: Json, keys: Sequence[str]) -> Json:
    return {key: item[key] for key in keys if item.get(key) is not None}


def _embed(embed: Json, resolve: Any) -> Json:
    result: Json = {"type": "rich"}
    for key in EMBED_FIELDS:
        value = embed.get(key)
        if value is None:
            continue
        if key in EMBED_NEEDS and not value.get(EMBED_NEEDS[key]):
            continue
        if key in ("image", "thumbnail"):
            media = resolve(value)
            value = {"url": media["url"], "proxy_url": media["proxy_url"]}
            value.update({size: media[size] for size in ("width", "height") if media.get(size)})
        elif key == "fields":
            value = [{"inline": False, **_known(entry, ("name", "value", "inline"))} for entry in value]
        elif key == "timestamp":
            value = utc_moment(value).isoformat()
        elif key in ("footer", "author"):
            value = _known(value, ("text", "name", "url", "icon_url"))
            if value.get("icon_url", "").startswith("attachment:"):
                value["icon_url"] = resolve({"url": value["icon_url"]})["url"]
        result[key] = value
    return result


def mentions(world: World, message: Json, allowed: Json | None) -> Json:
    """Whom a message pings (docs page *Message Resource*, "Allowed Mentions Object").

    Args:
        world: Where.
        message: Its content and Text Displays are searched.
        allowed: ``allowed_mentions`` as sent; everything pings when left out.
    """
    texts = [message["content"]]
    texts.extend(c.get("content", "") for c in components.walk(message["components"]))
    # Whatever is written as code pings nobody.
    text = "\n".join(CODE.sub("", written) for written in texts)
    users = _allowed(USER_MENTION.findall(text), "users", allowed)
    roles = _allowed(ROLE_MENTION.findall(text), "roles", allowed)
    everyone = ("@everyone" in text or "@here" in text) and (
        allowed is None or "everyone" in (allowed.get("parse") or ())
    )
    if (roles or everyone) and _may_not_ping(world, message):
        everyone, roles = False, [role for role in roles if world.roles.get(role, {}).get("mentionable")]
    referenced = message.get("referenced_message")
    if referenced and (allowed is None or allowed.get("replied_user")):
        users.append(referenced["author"]["id"])
    return {
        "mentions": [world.user_by_id(user_id) for user_id in dict.fromkeys(users) if world.knows(user_id)],
        "mention_roles": [role_id for role_id in dict.fromkeys(roles) if role_id in world.roles],
        "mention_everyone": everyone,
    }


def without_content(world: World, message: Json, bot_id: str) -> Json:
    """A message as it is shown to a bot without the message content intent (docs page *Gateway*).

    Args:
        world: Where.
        message: The message.
        bot_id: The bot, which reads its own, those that mention it, and its direct messages.
    """
    if world.channels[message["channel_id"]]["type"] == DM_CHANNEL:
        return message
    shown = message if _readable(message, bot_id) else {**message, **HIDDEN}
    answered = shown.get("referenced_message")
    if answered and not _readable(answered, bot_id):
        shown = {**shown, "referenced_message": {**answered, **HIDDEN}}
    return shown


def _readable(message: Json, bot_id: str) -> bool:
    return message["author"]["id"] == bot_id or any(user["id"] == bot_id for user in message["mentions"])


def _may_not_ping(world: World, message: Json) -> bool:
    if message.get("webhook_id") in world.webhooks:
        return False
    return bool(
        lacking(world, message["author"]["id"], MENTION_EVERYONE, world.channels[message["channel_id"]])
    )


def _allowed(found: list[str], kind: str, allowed: Json | None) -> list[str]:
    if allowed is None or kind in (allowed.get("parse") or ()):
        return found
    listed = {str(item) for item in allowed.get(kind) or ()}
    return [item for item in found if item in listed]


def sent_before(world: World, channel_id: str, payload: Mapping[str, Any], author_id: str) -> Json | None:
    """The message that was sent with the same nonce, if the bot asks to have that enforced.

    Args:
        world: Where.
        channel_id: In which channel.
        payload: What the bot sent.
        author_id: The bot.
    """
    nonce = payload.get("nonce")
    if not payload.get("enforce_nonce") or nonce is None:
        return None
    newest = reversed(world.message_store.get(channel_id, {}).values())
    for message in itertools.islice(newest, NONCE_MESSAGES):
        if message["author"]["id"] == author_id and message.get("nonce") == nonce:
            return message
    return None


def system(
    world: World, channel_id: str, kind: int, author: Json, *, content: str = "", about: Json | None = None
) -> Json:
    """Stores a message that Discord itself writes.

    Args:
        world: Where.
        channel_id: In which channel.
        kind: Its type.
        author: Who caused it.
        content: Its text.
        about: Fields such as ``message_reference``.
    """
    return create(
        world, channel_id, {"content": content}, {}, author=author, fixed={"type": kind, **(about or {})}
    )


def show_typing(world: World, channel_id: str, user_id: str) -> None:
    """Tells that somebody types.

    Args:
        world: Where.
        channel_id: In which channel.
        user_id: Who.
    """
    event: Json = {"channel_id": channel_id, "user_id": user_id, "timestamp": int(world.clock.time())}
    if world.channels[channel_id]["type"] != DM_CHANNEL and user_id in world.members:
        event["member"] = world.member(user_id)
    world.emit("TYPING_START", event)
