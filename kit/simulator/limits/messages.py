"""Discord's rules for messages and modals, judged before anything is stored.

Each rule has a short id (``B02`` is the length of a button's label); ``rules`` says of each what it demands,
how severe it is and where it is written.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from kit.simulator import components as ui
from kit.simulator.limits.components import check_component
from kit.simulator.limits.embeds import check_embeds
from kit.simulator.limits.forms import INT_LIMIT, Form, Violation
from kit.simulator.limits.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

Json = dict[str, Any]

COMPONENTS_V2, EPHEMERAL = 1 << 15, 1 << 6
CREATABLE_FLAGS = 1 << 2 | 1 << 12 | 1 << 13 | COMPONENTS_V2
EMPTY = "EMPTY_MESSAGE"
LEGACY_ONLY = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"

MAX_CONTENT, MAX_DESCRIPTION, MAX_NONCE, MAX_MENTIONS = 2000, 1024, 25, 100
MAX_ATTACHMENTS, MAX_LEGACY_ROWS, MAX_COMPONENTS, MAX_MODAL_ROWS = 10, 5, 40, 5
MAX_TEXT = 4000
# What was seen to make Discord itself fail with 500 (OBS, discord-api-docs issues 8554 and 7528).
RISKY_TEXT_BYTES, RISKY_TEXT_EACH, RISKY_MEDIA = 10_170, 12, 64

LEGACY_TOP = (ui.ACTION_ROW,)
V2_TOP = (ui.ACTION_ROW, ui.SECTION, ui.TEXT_DISPLAY, ui.GALLERY, ui.FILE, ui.SEPARATOR, ui.CONTAINER)
V2_TYPES = (*V2_TOP[1:], ui.THUMBNAIL)
MODAL_TOP = (ui.ACTION_ROW, ui.TEXT_DISPLAY, ui.LABEL)
CONTENT_FIELDS = ("content", "embeds", "sticker_ids", "components", "poll", "shared_client_theme")


def check_message(
    payload: Mapping[str, Any],
    *,
    edit_of: Mapping[str, Any] | None = None,
    files: Sequence[str] = (),
    interaction: bool = False,
    emojis: Container[str] | None = None,
) -> list[Violation]:
    """Every rule that a message breaks.

    Args:
        payload: The body of Create Message or Edit Message, or the ``data`` of an interaction response.
        edit_of: The message as it is, when this edits one.
        files: The names of the files uploaded with it.
        interaction: Whether it answers an interaction, where EPHEMERAL may be set.
        emojis: The ids of the custom emoji that there are; when left out, any is taken to exist.

    Returns:
        The violations, errors and warnings, in the order of the body; empty for a good message.
    """
    found: list[Violation] = []
    form = Form(payload, (), found)
    flags = _flags(form, edit_of, interaction=interaction)
    v2 = bool((flags | (edit_of or {}).get("flags", 0)) & COMPONENTS_V2)
    form.text("M10", "content", 0, MAX_CONTENT)
    form.flag("M16", "tts")
    check_embeds(form)
    kept = _attachments(form, edit_of, files)
    _small_fields(form)
    _legacy_fields(form, edit_of, v2=v2)
    urls = frozenset(a["url"] for a in (edit_of or {}).get("attachments", ()))
    scope = Scope(modal=False, names=frozenset((*files, *kept)), urls=urls, emojis=emojis)
    _layout(form, scope, v2=v2)
    if v2:
        for name in files:
            if name not in scope.referenced:
                message = f"{name} is uploaded but no component shows it (attachment://{name})."
                form.warn("M13", "attachments", message)
    if _is_empty(form, edit_of, files) and all(violation.severity == "warning" for violation in found):
        form.fault("M11", "", EMPTY, "Cannot send an empty message")
    return found


def check_modal(data: Mapping[str, Any], *, emojis: Container[str] | None = None) -> list[Violation]:
    """Every rule that a modal breaks.

    Args:
        data: The ``data`` of an interaction response of type 9.
        emojis: The ids of the custom emoji that there are; when left out, any is taken to exist.

    Returns:
        The violations, errors and warnings, in the order of the body; empty for a good modal.
    """
    found: list[Violation] = []
    form = Form(data, (), found)
    form.text("D01", "custom_id", 1, 100, required=True)
    form.text("D01", "title", 1, 45, required=True)
    scope = Scope(modal=True, emojis=emojis)
    for component in form.forms("D02", "components", 1, MAX_MODAL_ROWS, required=True):
        check_component(component, scope, "D03", MODAL_TOP)
    return found


def _flags(form: Form, edit_of: Mapping[str, Any] | None, *, interaction: bool) -> int:
    flags = form.number("M14", "flags", 0, INT_LIMIT - 1)
    if flags is None:
        return 0
    was_v2 = bool((edit_of or {}).get("flags", 0) & COMPONENTS_V2)
    if was_v2 and not flags & COMPONENTS_V2:
        # OBS: no official page names the code.
        code, words = "MESSAGE_CANNOT_REMOVE_COMPONENTS_V2_FLAG", "IS_COMPONENTS_V2 cannot be unset"
        form.fault("M03", "flags", code, words)
    strange = flags & ~(CREATABLE_FLAGS | (EPHEMERAL if interaction else 0))
    if strange and edit_of is None:
        form.warn("M14", "flags", f"The flags {strange} can't be set here; Discord ignores them.")
    return flags


def _attachments(form: Form, edit_of: Mapping[str, Any] | None, files: Sequence[str]) -> list[str]:
    """Checks the attachments list; returns the names of files that stay from before the edit."""
    before = {str(a["id"]): a["filename"] for a in (edit_of or {}).get("attachments", ())}
    entries = form.forms("M12", "attachments", 0, MAX_ATTACHMENTS)
    kept = [] if form.given("attachments") else list(before.values())
    for entry in entries:
        attachment_id = entry.snowflake("M12", "id", required=True)
        entry.text("M12", "description", 0, MAX_DESCRIPTION)
        entry.text("M12", "filename", 0, MAX_DESCRIPTION)
        entry.text("M12", "title", 0, MAX_DESCRIPTION)
        if attachment_id in before:
            kept.append(before[attachment_id])
    if len(entries) <= MAX_ATTACHMENTS < len(kept) + len(files):
        form.fault("M12", "attachments", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
    return kept


def _small_fields(form: Form) -> None:
    nonce = form.data.get("nonce")
    if nonce is not None and (isinstance(nonce, bool) or not isinstance(nonce, int)):
        form.text("M16", "nonce", 0, MAX_NONCE)
    reference = form.form("M16", "message_reference")
    if reference is not None:
        for key in ("message_id", "channel_id", "guild_id"):
            reference.snowflake("M16", key)
        reference.choice("M16", "type", (0, 1))
        reference.flag("M16", "fail_if_not_exists")
    allowed = form.form("M17", "allowed_mentions")
    if allowed is None:
        return
    allowed.flag("M17", "replied_user")
    parse = allowed.choices("M17", "parse", ("users", "roles", "everyone"), 0, 3)
    for key in ("users", "roles"):
        if allowed.snowflakes("M17", key, 0, MAX_MENTIONS) and key in parse:
            words = f'parse:["{key}"] and {key}: [ids...] are mutually exclusive.'
            allowed.fault("M17", key, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", words)


def _legacy_fields(form: Form, edit_of: Mapping[str, Any] | None, *, v2: bool) -> None:
    if not v2:
        return
    before = edit_of or {}
    for key in ("content", "embeds", "sticker_ids", "poll", "shared_client_theme"):
        used = form.data[key] if key in form.data else before.get(key)
        rule = "M02" if form.data.get(key) else "M03"
        if used:
            words = f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            form.fault(rule, key, LEGACY_ONLY, words)
        elif form.data.get(key) == "":
            form.warn("M02", key, "Leave content out with IS_COMPONENTS_V2: even an empty one was refused.")


def _layout(form: Form, scope: Scope, *, v2: bool) -> None:
    # M05: with the flag, the top level has no limit of its own beside M04.
    rule, high = ("M05", sys.maxsize) if v2 else ("M06", MAX_LEGACY_ROWS)
    for component in form.forms(rule, "components", 0, high):
        kind = component.data.get("type")
        if v2:
            check_component(component, scope, "L09", V2_TOP)
        else:
            check_component(component, scope, "M01" if kind in V2_TYPES else "M06", LEGACY_TOP)
    if scope.count > MAX_COMPONENTS:
        words = f"Total number of components cannot exceed {MAX_COMPONENTS}"
        broken = "M05" if v2 and len(form.data["components"]) > MAX_COMPONENTS else "M04"
        form.fault(broken, "components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", words)
    if sum(map(len, scope.texts)) > MAX_TEXT:
        words = f"Components displayable text size exceeds maximum size of {MAX_TEXT}"
        form.fault("M07", "components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", words)
    size = sum(len(text.encode("utf-8", "surrogatepass")) + RISKY_TEXT_EACH for text in scope.texts)
    if size > RISKY_TEXT_BYTES:
        form.warn("M08", "components", f"Discord was seen to answer 500 to {size} bytes of text displays.")
    if scope.media > RISKY_MEDIA:
        form.warn("M09", "components", f"Discord was seen to answer 500 to {scope.media} media items.")


def _is_empty(form: Form, edit_of: Mapping[str, Any] | None, files: Sequence[str]) -> bool:
    if files:
        return False
    before = edit_of or {}
    keys = (*CONTENT_FIELDS, "attachments") if edit_of is not None else CONTENT_FIELDS
    values = [form.data[key] if key in form.data else before.get(key) for key in keys]
    return not any(value.strip() if isinstance(value, str) else value for value in values)
