"""Discord's rules for embeds (docs page *Message Resource*, "Embed Limits"): rule ids ``E01`` to ``E04``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kit.simulator.limits.forms import Form

MAX_EMBEDS, MAX_FIELDS, MAX_TOTAL, MAX_URL, MAX_COLOR = 10, 25, 6000, 2048, 0xFFFFFF
WEB = ("http", "https")
MEDIA = (*WEB, "attachment")


def check_embeds(message: Form) -> None:
    """Notes what the embeds of a message break.

    Args:
        message: The message.
    """
    total, urls = 0, set()
    for embed in message.forms("M12", "embeds", 0, MAX_EMBEDS):
        total += _check_embed(embed)
        url = embed.data.get("url")
        if isinstance(url, str):
            if url in urls:
                embed.warn("E04", "url", "Of embeds with the same url, only the first is shown.")
            urls.add(url)
    if total > MAX_TOTAL:
        words = f"Embed size exceeds maximum size of {MAX_TOTAL}"
        message.fault("E02", "embeds", "MAX_EMBED_SIZE_EXCEEDED", words)


def _check_embed(embed: Form) -> int:
    """E01, the length of each text, is counted after trimming; returns the embed's share of E02."""
    total = _text(embed, "title", 256) + _text(embed, "description", 4096)
    embed.text("E03", "type", 0, MAX_URL)
    embed.number("E03", "color", 0, MAX_COLOR)
    embed.url("E03", "url", WEB, MAX_URL)
    embed.moment("E03", "timestamp")
    for field in embed.forms("E01", "fields", 0, MAX_FIELDS):
        total += _text(field, "name", 256, required=True) + _text(field, "value", 1024, required=True)
        field.flag("E03", "inline")
    footer, author = embed.form("E03", "footer"), embed.form("E03", "author")
    if footer is not None:
        total += _text(footer, "text", 2048)
        footer.url("E03", "icon_url", MEDIA, MAX_URL)
    if author is not None:
        total += _text(author, "name", 256)
        author.url("E03", "url", WEB, MAX_URL)
        author.url("E03", "icon_url", MEDIA, MAX_URL)
    for key in ("image", "thumbnail"):
        media = embed.form("E03", key)
        if media is not None:
            media.url("E03", "url", MEDIA, MAX_URL)
    return total


def _text(form: Form, key: str, high: int, *, required: bool = False) -> int:
    value = form.text("E01", key, 0, high, required=required, trim=True)
    if value == "" and required:
        form.fault("E01", key, "BASE_TYPE_REQUIRED", "This field is required")
    return len(value or "")
