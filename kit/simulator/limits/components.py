"""Discord's rules for each component, on messages and in modals."""

from __future__ import annotations

import mimetypes
import urllib.parse
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from kit.simulator import components as ui
from kit.simulator.limits.forms import INT_LIMIT, Form
from kit.simulator.limits.scope import Scope, check_custom_id, check_emoji

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_LABEL, MAX_PLACEHOLDER, MAX_VALUES, MAX_OPTION = 80, 150, 25, 100
MAX_TEXT, MAX_MEDIA_TEXT, MAX_URL, MAX_LINK = 4000, 1024, 2048, 512
MAX_ROW_BUTTONS, MAX_CHILDREN, MAX_COLOR = 5, 40, 0xFFFFFF
DESIGN_LABEL, DESIGN_LABEL_WITH_EMOJI = 38, 34
CHANNEL_TYPES = (0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 16)
FILE_KINDS = ("image", "video", "audio")

ROW_CHILDREN = (ui.BUTTON, *ui.SELECTS)
MESSAGE_ONLY = (ui.BUTTON, ui.SECTION, ui.THUMBNAIL, ui.GALLERY, ui.FILE, ui.SEPARATOR, ui.CONTAINER)
CONTAINER_CHILDREN = (ui.ACTION_ROW, ui.SECTION, ui.TEXT_DISPLAY, ui.GALLERY, ui.FILE, ui.SEPARATOR)
LABEL_CHILDREN = (
    *(ui.STRING_SELECT, ui.TEXT_INPUT, ui.USER_SELECT, ui.ROLE_SELECT, ui.MENTIONABLE_SELECT),
    *(ui.CHANNEL_SELECT, ui.FILE_UPLOAD, ui.RADIO_GROUP, ui.CHECKBOX_GROUP, ui.CHECKBOX),
)
DEFAULT_KINDS: Mapping[int, tuple[str, ...]] = {
    ui.USER_SELECT: ("user",),
    ui.ROLE_SELECT: ("role",),
    ui.MENTIONABLE_SELECT: ("user", "role"),
    ui.CHANNEL_SELECT: ("channel",),
}
EXCLUSIVE = "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE"
EXCLUSIVE_WORDS = "A custom id and url cannot both be specified"
FORBIDDEN = "BASE_TYPE_FORBIDDEN"


def check_component(form: Form, scope: Scope, rule: str, allowed: Sequence[int]) -> None:
    """Notes what a component and everything inside it breaks.

    Args:
        form: The component.
        scope: What it shares with its neighbours.
        rule: The id of the rule that says which types may stand here.
        allowed: Those types.
    """
    scope.count += 1
    kind = form.data.get("type")
    if isinstance(kind, bool) or not isinstance(kind, int) or kind not in allowed:
        words = ", ".join(map(str, allowed))
        form.fault(
            "D12" if scope.modal and kind in MESSAGE_ONLY else rule,
            "",
            "UNION_TYPE_CHOICES",
            f'Value of field "type" must be one of ({words}).',
        )
        return
    if scope.modal and kind not in ui.SELECTS and form.data.get("disabled") is True:
        form.fault("D12", "disabled", FORBIDDEN, "A component in a modal cannot be disabled")
    number = form.number("C01", "id", 0, INT_LIMIT - 1)
    if number:
        if number in scope.ids:
            form.fault("C01", "id", "COMPONENT_ID_DUPLICATED", "Component id cannot be duplicated")
        scope.ids.add(number)
    CHECKS[kind](form, scope)


def _action_row(form: Form, scope: Scope) -> None:
    """L01: up to five buttons or one select. L02: nothing else."""
    if scope.modal:
        scope.in_row = True
        for child in form.forms("L01", "components", 1, 1, required=True):
            check_component(child, scope, "L02", (ui.TEXT_INPUT,))
        scope.in_row = False
        return
    row = form.forms("L01", "components", 1, MAX_ROW_BUTTONS, required=True)
    for child in row:
        check_component(child, scope, "L02", ROW_CHILDREN)
    kinds = [child.data.get("type") for child in row]
    if len(row) > 1 and any(kind in ui.SELECTS for kind in kinds if isinstance(kind, int)):
        last = row[-1]
        words = "The specified component exceeds the maximum width"
        last.fault("L01", "", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", words)
    if sum(child.data.get("style") == 1 for child in row) > 1:
        form.warn("B07", "components", "Discord's guidelines: one Primary button in a group.")


def _button(form: Form, scope: Scope) -> None:
    """B01 style, B02 label, B03 custom_id, B04 link, B05 premium, B06 something to see, B07 guidelines."""
    style = form.choice("B01", "style", range(1, 7), required=True)
    label = form.text("B02", "label", 0, MAX_LABEL)
    emoji = check_emoji(form, scope)
    form.flag("B01", "disabled")
    if style == ui.PREMIUM:
        form.snowflake("B05", "sku_id", required=True)
        words = "A premium button has nothing but a sku_id"
        form.forbid("B05", "custom_id", "label", "url", "emoji", code=FORBIDDEN, message=words)
        return
    if style == ui.LINK:
        form.url("B04", "url", ("discord", "http", "https"), MAX_LINK, required=True)
        form.forbid("B04", "custom_id", code=EXCLUSIVE, message=EXCLUSIVE_WORDS)
    elif style is not None:
        if form.given("custom_id"):
            check_custom_id(form, scope)
        else:
            words = "A custom id is required"
            form.fault("B03", "custom_id", "BUTTON_COMPONENT_CUSTOM_ID_REQUIRED", words)
        form.forbid("B03", "url", code=EXCLUSIVE, message=EXCLUSIVE_WORDS)
    form.forbid("B03", "sku_id", code=FORBIDDEN, message="Only a premium button has a sku_id")
    if style is not None and not form.given("label") and not emoji:
        form.fault("B06", "label", "BASE_TYPE_REQUIRED", "This field is required")
    elif label == "" and not emoji:
        form.fault("B06", "label", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {MAX_LABEL} in length.")
    wide = DESIGN_LABEL_WITH_EMOJI if emoji else DESIGN_LABEL
    if label and wide < len(label) <= MAX_LABEL:
        form.warn("B07", "label", f"Discord's guidelines: {wide} or fewer characters stay in one line.")


def _select(form: Form, scope: Scope) -> None:
    """S01 placeholder, S02 and S03 how many, C04 disabled; what is chosen from is S05 to S11."""
    check_custom_id(form, scope)
    form.text("S01", "placeholder", 0, MAX_PLACEHOLDER)
    _availability(form, scope)
    low, high = _values(form, scope, "S02", MAX_VALUES)
    if form.data["type"] == ui.STRING_SELECT:
        options = _options(form, scope, "S05", 1, MAX_VALUES)
        _fits(form, len(options), low, high)
        _defaults(form, options, high)
        return
    entries = form.forms("S10", "default_values", 0, MAX_VALUES)
    for entry in entries:
        entry.snowflake("S10", "id", required=True)
        entry.choice("S10", "type", DEFAULT_KINDS[form.data["type"]], required=True)
    if entries and not low <= len(entries) <= high:
        words = f"Must be between {low} and {high} in length."
        form.fault("S10", "default_values", "BASE_TYPE_BAD_LENGTH", words)
    if form.data["type"] == ui.CHANNEL_SELECT:
        form.choices("S11", "channel_types", CHANNEL_TYPES, 0, len(CHANNEL_TYPES))


def _availability(form: Form, scope: Scope) -> None:
    form.flag("S04", "required")
    if form.flag("C04", "disabled") and scope.modal:
        form.fault("C04", "disabled", FORBIDDEN, "A component in a modal cannot be disabled")
    if form.given("required") and not scope.modal:
        form.warn("S04", "required", "required only matters in modals.")


def _values(form: Form, scope: Scope, rule: str, most: int) -> tuple[int, int]:
    low = form.number(rule, "min_values", 0, most)
    high = form.number(rule, "max_values", 1, most)
    low, high = 1 if low is None else low, 1 if high is None else high
    if low > high:
        words = f"int value should be less than or equal to {high}."
        form.fault(rule, "min_values", "NUMBER_TYPE_MAX", words)
    if scope.modal and low == 0 and form.data.get("required", True) is not False:
        words = "int value should be greater than or equal to 1."
        form.fault("S03", "min_values", "NUMBER_TYPE_MIN", words)
    return low, high


def _options(form: Form, scope: Scope, rule: str, low: int, high: int) -> list[Form]:
    """S06: label, value and description. S07: values are unique."""
    options = form.forms(rule, "options", low, high, required=True)
    taken: set[str] = set()
    for option in options:
        option.text("S06", "label", 1, MAX_OPTION, required=True)
        value = option.text("S06", "value", 1, MAX_OPTION, required=True)
        option.text("S06", "description", 0, MAX_OPTION)
        option.flag("S06", "default")
        check_emoji(option, scope)
        if value in taken:
            words = "The specified option value is already used"
            option.fault("S07", "value", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", words)
        if value is not None:
            taken.add(value)
    return options


def _fits(form: Form, count: int, low: int, high: int) -> None:
    if count and form.given("min_values") and low > count:
        words = f"int value should be less than or equal to {count}."
        form.fault("S08", "min_values", "NUMBER_TYPE_MAX", words)
    if count and form.given("max_values") and high > count:
        words = f"Must be {high} or more in length."
        form.fault("S08", "options", "BASE_TYPE_MIN_LENGTH", words)


def _defaults(form: Form, options: list[Form], most: int, rule: str = "S09") -> None:
    if sum(option.data.get("default") is True for option in options) > most:
        words = f"Only {most} default values can be set"
        form.fault(rule, "options", "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES", words)


def _section(form: Form, scope: Scope) -> None:
    """L03: one to three Text Displays. L04: an accessory, Button or Thumbnail."""
    for child in form.forms("L03", "components", 1, 3, required=True):
        check_component(child, scope, "L03", (ui.TEXT_DISPLAY,))
    accessory = form.form("L04", "accessory", required=True)
    if accessory is not None:
        check_component(accessory, scope, "L04", (ui.BUTTON, ui.THUMBNAIL))


def _text_display(form: Form, scope: Scope) -> None:
    text = form.text("D11" if scope.modal else "T01", "content", 1, MAX_TEXT, required=True)
    if text is not None and len(text) <= MAX_TEXT and not scope.modal:
        scope.texts.append(text)


def _media(form: Form, key: str, scope: Scope, rule: str, schemes: Sequence[str]) -> str | None:
    """T05: only ``url`` is settable. M13: ``attachment://`` names an uploaded file."""
    media = form.form(rule, key, required=True)
    if media is None:
        return None
    given = media.data.get("url")
    if isinstance(given, str) and given in scope.urls:
        return given
    url = media.url("T04" if rule == "T04" else "T05", "url", schemes, MAX_URL, required=True)
    if url is None or not url.startswith("attachment:"):
        return url
    name = url.removeprefix("attachment://")
    scope.referenced.add(name)
    if name not in scope.names:
        code = "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"
        media.fault("M13", "url", code, f"No uploaded file is named {name}")
    return url


def _described(form: Form, rule: str) -> None:
    if form.data.get("description") is not None:
        form.text(rule, "description", 1, MAX_MEDIA_TEXT)
    form.flag(rule, "spoiler")


def _thumbnail(form: Form, scope: Scope) -> None:
    scope.media += 1
    url = _media(form, "media", scope, "T02", ("http", "https", "attachment"))
    kind = mimetypes.guess_type(urllib.parse.urlsplit(url).path or url)[0] if url else None
    if kind is not None and kind.startswith("video/"):
        form.warn("T02", "media", "A thumbnail shows images, animated ones included, but no video.")
    _described(form, "T02")


def _gallery(form: Form, scope: Scope) -> None:
    for item in form.forms("T03", "items", 1, 10, required=True):
        scope.media += 1
        _media(item, "media", scope, "T03", ("http", "https", "attachment"))
        _described(item, "T03")


def _file(form: Form, scope: Scope) -> None:
    _media(form, "file", scope, "T04", ("attachment",))
    form.flag("T04", "spoiler")


def _separator(form: Form, scope: Scope) -> None:  # noqa: ARG001 - every check has the same signature
    form.flag("L08", "divider")
    form.choice("L08", "spacing", (1, 2))


def _container(form: Form, scope: Scope) -> None:
    """L05: what it may hold. L06: not nothing. L07: its colour."""
    for child in form.forms("L06", "components", 1, MAX_CHILDREN, required=True):
        check_component(child, scope, "L05", CONTAINER_CHILDREN)
    form.number("L07", "accent_color", 0, MAX_COLOR)
    form.flag("L07", "spoiler")


def _label(form: Form, scope: Scope) -> None:
    form.text("D04", "label", 1, 45, required=True)
    if form.given("description"):
        form.text("D04", "description", 1, 100)
    child = form.form("D04", "component", required=True)
    if child is not None:
        check_component(child, scope, "D04", LABEL_CHILDREN)


def _text_input(form: Form, scope: Scope) -> None:
    """D05 its fields. D06: what is prefilled should pass."""
    check_custom_id(form, scope)
    form.choice("D05", "style", (1, 2), required=True)
    low = form.number("D05", "min_length", 0, MAX_TEXT) or 0
    high = form.number("D05", "max_length", 1, MAX_TEXT)
    high = MAX_TEXT if high is None else high
    if low > high:
        words = f"int value should be less than or equal to {high}."
        form.fault("D05", "min_length", "NUMBER_TYPE_MAX", words)
    form.text("D05", "placeholder", 0, 100)
    form.flag("D05", "required")
    if scope.in_row:
        form.text("D05", "label", 1, 45, required=True)
    else:
        form.forbid("D05", "label", code=FORBIDDEN, message="The Label around it has the label")
    value = form.text("D05", "value", 0, MAX_TEXT)
    if value and not low <= len(value) <= high:
        form.warn("D06", "value", f"What is prefilled should have {low} to {high} characters.")


def _file_upload(form: Form, scope: Scope) -> None:
    """D07: up to ten files, of up to ten kinds."""
    check_custom_id(form, scope)
    _availability(form, scope)
    _values(form, scope, "D07", 10)
    for index, entry in form.items("D07", "file_types", 0, 10):
        text = entry.text("D07", index, 1, 16, required=True)
        if text is not None and text not in FILE_KINDS and not text.startswith("."):
            words = "Value must be one of (image, video, audio) or an extension."
            entry.fault("D07", index, "BASE_TYPE_CHOICES", words)


def _radio_group(form: Form, scope: Scope) -> None:
    check_custom_id(form, scope)
    _availability(form, scope)
    _defaults(form, _options(form, scope, "D08", 2, 10), 1, "D08")


def _checkbox_group(form: Form, scope: Scope) -> None:
    check_custom_id(form, scope)
    _availability(form, scope)
    options = _options(form, scope, "D09", 1, 10)
    if form.given("max_values"):
        low, high = _values(form, scope, "D09", 10)
    else:
        unlimited = {**form.data, "max_values": max(1, min(10, len(options)))}
        low, high = _values(Form(unlimited, form.path, form.found), scope, "D09", 10)
    _fits(form, len(options), low, high)
    _defaults(form, options, high, "D09")


def _checkbox(form: Form, scope: Scope) -> None:
    check_custom_id(form, scope)
    form.flag("D10", "default")
    if form.given("required"):
        form.warn("D10", "required", "A checkbox has no required: use a checkbox group of one option.")


CHECKS: Mapping[int, Callable[[Form, Scope], Any]] = {
    ui.ACTION_ROW: _action_row,
    ui.BUTTON: _button,
    **dict.fromkeys(ui.SELECTS, _select),
    ui.TEXT_INPUT: _text_input,
    ui.SECTION: _section,
    ui.TEXT_DISPLAY: _text_display,
    ui.THUMBNAIL: _thumbnail,
    ui.GALLERY: _gallery,
    ui.FILE: _file,
    ui.SEPARATOR: _separator,
    ui.CONTAINER: _container,
    ui.LABEL: _label,
    ui.FILE_UPLOAD: _file_upload,
    ui.RADIO_GROUP: _radio_group,
    ui.CHECKBOX_GROUP: _checkbox_group,
    ui.CHECKBOX: _checkbox,
}
