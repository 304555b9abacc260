"""Every rule that payloads are judged by, under the id that a violation of it carries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

SOURCES: Mapping[str, str] = {
    "REF": "the docs page *Component Reference*",
    "MSG": "the docs page *Message Resource*",
    "INT": "the docs page *Receiving and Responding*",
    "API": "the docs page *API Reference*",
    "CMD": "the docs page *Application Commands*",
    "RES": "the docs pages of the other resources: channels, guild, permissions, user",
    "CHG": "Discord's change log",
    "SPEC": "Discord's OpenAPI document",
    "OBS": "what bots were seen to be answered; on no page of the docs",
}
SEVERITIES: Mapping[str, str] = {
    "error": "Discord answers 400",
    "warning": "Discord accepts it, and it works or looks badly",
    "error, warning": "part of it is refused, part only warned of; the rule says which",
    "behaviour": "no payload breaks it: it is about what happens, or how something is drawn",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that Discord demands.

    Args:
        id: Its short name; the letter says what it is about.
        demand: What must hold.
        severity: What comes of breaking it: a key of ``SEVERITIES``.
        sources: Where it is written, as keys of ``SOURCES``.
        codes: Discord's inner error codes, as far as they are known.
    """

    id: str
    demand: str
    severity: str
    sources: str
    codes: tuple[str, ...] = ()


# Of each rule: id, severity, sources, Discord's codes; below, indented, what it demands.
_TABLE = """
M01 | error | REF | UNION_TYPE_CHOICES
    Components of version 2 need the flag IS_COMPONENTS_V2 (32768).
M02 | error, warning | MSG REF OBS | MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2
    With that flag there is no content, embeds, sticker_ids, poll or shared_client_theme; an empty
    content is a warning.
M03 | error | MSG | MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2
    An edit never takes the flag off, and one that sets it clears the legacy fields that were in use.
M04 | error | REF CHG OBS | COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED
    At most 40 components in total, those inside others counted.
M05 | error | CHG SPEC | COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED
    With the flag the top level has no limit of its own below those 40.
M06 | error | REF | BASE_TYPE_BAD_LENGTH BASE_TYPE_MAX_LENGTH UNION_TYPE_CHOICES
    Without the flag: at most 5 components at the top, each an action row.
M07 | error | OBS SPEC | COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED
    All text displays together have at most 4000 characters.
M08 | warning | OBS |
    UTF-8 bytes of all text displays + 12 each: above 10170 came a 500.
M09 | warning | OBS |
    Above 64 items of media came a 500.
M10 | error | MSG | BASE_TYPE_BAD_LENGTH BASE_TYPE_MAX_LENGTH
    content has at most 2000 characters.
M11 | error | MSG |
    A message has content, embeds, sticker_ids, components, files, a poll or a shared_client_theme (else
    error 50006).
M12 | error | MSG SPEC | BASE_TYPE_BAD_LENGTH BASE_TYPE_MAX_LENGTH
    At most 10 embeds and 10 attachments; each attachment names its id.
M13 | error, warning | REF API | UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND
    attachment:// names a file that is uploaded or kept; an upload that no component shows is a warning.
M14 | error, warning | MSG INT | NUMBER_TYPE_COERCE
    flags is an integer. A flag that can't be set here is a warning: on a new message SUPPRESS_EMBEDS,
    SUPPRESS_NOTIFICATIONS, IS_VOICE_MESSAGE and IS_COMPONENTS_V2 can, in an interaction also EPHEMERAL.
M15 | error | MSG | BASE_TYPE_BAD_LENGTH BASE_TYPE_MAX_LENGTH
    Bulk delete takes 2 to 100 message ids, each once, of the last 14 days (50034).
M16 | error | MSG SPEC | NUMBER_TYPE_COERCE BASE_TYPE_MAX_LENGTH
    tts is true or false; nonce has at most 25 characters; message_reference has ids.
M17 | error | MSG | MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE BASE_TYPE_CHOICES
    allowed_mentions: parse is of users, roles, everyone; a kind is in parse or listed by ids, up to
    100, not both.
U01 | warning | OBS |
    Lengths count code points. Beyond a limit in UTF-16 units is a warning.
C01 | error | REF SPEC | NUMBER_TYPE_MIN NUMBER_TYPE_MAX
    id is an int32 from 0, unique in the message; 0 is unset.
C02 | error | REF OBS | BASE_TYPE_BAD_LENGTH BASE_TYPE_REQUIRED
    custom_id has 1 to 100 characters, and is required but on link and premium buttons.
C03 | error | REF OBS | COMPONENT_CUSTOM_ID_DUPLICATED
    custom_id is unique in the message or modal, disabled components included.
C04 | error | REF |
    No select of a modal is disabled.
C05 | error, warning | SPEC OBS | COMPONENT_INVALID_EMOJI
    An emoji has a name of at most 32 characters that is one Unicode emoji Discord knows, or the id of a
    custom one that exists; an id without its name is a warning.
L01 | error | REF SPEC OBS | COMPONENT_LAYOUT_WIDTH_EXCEEDED BASE_TYPE_BAD_LENGTH
    An action row has 1 to 5 buttons or exactly one select; in a modal one text input.
L02 | error | REF | UNION_TYPE_CHOICES
    Nothing but buttons and selects is in an action row (types 2, 3, 5 to 8).
L03 | error | REF SPEC | BASE_TYPE_BAD_LENGTH BASE_TYPE_MAX_LENGTH UNION_TYPE_CHOICES
    A section has 1 to 3 text displays, nothing else.
L04 | error | REF SPEC | BASE_TYPE_REQUIRED UNION_TYPE_CHOICES
    A section has an accessory: a button or a thumbnail.
L05 | error | REF | UNION_TYPE_CHOICES
    A container holds types 1, 9, 10, 12, 13, 14.
L06 | error | SPEC CHG | BASE_TYPE_BAD_LENGTH
    A container holds 1 to 40 components.
L07 | error | REF SPEC | NUMBER_TYPE_MIN NUMBER_TYPE_MAX
    accent_color is null or 0 to 0xFFFFFF; spoiler is a boolean.
L08 | error | REF SPEC | BASE_TYPE_CHOICES
    divider is a boolean; spacing is 1 or 2.
L09 | error | SPEC | UNION_TYPE_CHOICES
    With the flag the top level holds types 1, 9, 10, 12, 13, 14, 17.
T01 | error | SPEC | BASE_TYPE_BAD_LENGTH BASE_TYPE_MAX_LENGTH
    The content of a text display has 1 to 4000 characters.
T02 | error, warning | REF SPEC | BASE_TYPE_REQUIRED BASE_TYPE_BAD_LENGTH
    A thumbnail has media and, if any, a description of 1 to 1024 characters; a video there is a
    warning.
T03 | error | REF SPEC | BASE_TYPE_REQUIRED BASE_TYPE_BAD_LENGTH
    A gallery has 1 to 10 items, each with media and, if any, a description of 1 to 1024 characters.
T04 | error | REF | URL_TYPE_INVALID_SCHEME URL_TYPE_INVALID_URL
    The url of a file component is attachment:// and a name.
T05 | error | REF SPEC | URL_TYPE_INVALID_SCHEME URL_TYPE_INVALID_URL
    A media url is http, https or attachment, of at most 2048 characters.
B01 | error | REF SPEC | BASE_TYPE_CHOICES BASE_TYPE_REQUIRED
    style is required, 1 to 6.
B02 | error | REF SPEC | BASE_TYPE_MAX_LENGTH
    label has at most 80 characters.
B03 | error | REF OBS | BUTTON_COMPONENT_CUSTOM_ID_REQUIRED BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE
    Styles 1 to 4 have a custom_id, no url and no sku_id.
B04 | error | REF SPEC OBS | URL_TYPE_INVALID_SCHEME BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE
    Style 5 has a url of at most 512 characters (http, https, discord) and no custom_id.
B05 | error | REF | BASE_TYPE_REQUIRED
    Style 6 has a sku_id and no custom_id, label, url or emoji.
B06 | error | OBS | BASE_TYPE_REQUIRED
    Styles 1 to 5 have a label or an emoji.
B07 | warning | REF |
    By the design guidelines a label has at most 38 characters (34 with an emoji), and a row one primary
    button.
S01 | error | REF SPEC | BASE_TYPE_MAX_LENGTH
    placeholder has at most 150 characters.
S02 | error | REF SPEC | NUMBER_TYPE_MIN NUMBER_TYPE_MAX
    min_values is 0 to 25, max_values 1 to 25, min <= max.
S03 | error | REF | NUMBER_TYPE_MIN
    In a modal what is required has min_values of at least 1.
S04 | warning | REF |
    required matters in modals only.
S05 | error | REF SPEC | BASE_TYPE_REQUIRED BASE_TYPE_BAD_LENGTH
    A string select has 1 to 25 options.
S06 | error | REF SPEC | BASE_TYPE_BAD_LENGTH BASE_TYPE_MAX_LENGTH BASE_TYPE_REQUIRED
    An option has a label and a value of 1 to 100 characters, and a description of at most 100.
S07 | error | OBS | SELECT_COMPONENT_OPTION_VALUE_DUPLICATED
    The values of options are unique.
S08 | error | OBS | NUMBER_TYPE_MAX BASE_TYPE_MIN_LENGTH
    min_values and max_values are no more than there are options.
S09 | error | OBS | SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES
    No more options are chosen by default than max_values.
S10 | error | REF SPEC | BASE_TYPE_CHOICES BASE_TYPE_BAD_LENGTH
    default_values: at most 25, min to max of them, each an id with the type that the select offers.
S11 | error | REF SPEC | BASE_TYPE_CHOICES
    channel_types are types of channels, each once.
D01 | error | INT SPEC | BASE_TYPE_BAD_LENGTH BASE_TYPE_MAX_LENGTH
    custom_id has 1 to 100 characters, title 1 to 45; both are required.
D02 | error | INT | BASE_TYPE_BAD_LENGTH
    A modal has 1 to 5 components.
D03 | error | SPEC REF | UNION_TYPE_CHOICES
    Its top level holds labels, text displays and action rows.
D04 | error | REF SPEC | BASE_TYPE_BAD_LENGTH BASE_TYPE_MAX_LENGTH BASE_TYPE_REQUIRED UNION_TYPE_CHOICES
    A label has a text of 1 to 45 characters, a description of 1 to 100 if any, and one component of
    types 3 to 8, 19, 21 to 23.
D05 | error | REF SPEC | BASE_TYPE_CHOICES NUMBER_TYPE_MIN NUMBER_TYPE_MAX BASE_TYPE_MAX_LENGTH
    A text input: style 1 or 2; min_length 0 to 4000, max_length 1 to 4000, min <= max; value up to
    4000, placeholder up to 100 characters; a label of its own in an action row only.
D06 | warning | REF |
    A prefilled value fits min_length and max_length.
D07 | error | REF API CHG | NUMBER_TYPE_MIN NUMBER_TYPE_MAX BASE_TYPE_CHOICES
    A file upload: min_values 0 to 10, max_values 1 to 10, min <= max; at most 10 file_types, each
    image, video, audio or an extension with its dot, of 1 to 16 characters.
D08 | error | REF SPEC | BASE_TYPE_BAD_LENGTH SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES
    A radio group has 2 to 10 options, one of them default at most.
D09 | error | REF SPEC | BASE_TYPE_BAD_LENGTH NUMBER_TYPE_MAX SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES
    A checkbox group has 1 to 10 options; min_values 0 to 10, max_values 1 to 10, min <= max; no more
    defaults than max_values.
D10 | error, warning | REF |
    A checkbox has custom_id and default; its required is a warning.
D11 | error | SPEC | BASE_TYPE_BAD_LENGTH BASE_TYPE_MAX_LENGTH
    The content of a modal's text display has 1 to 4000 characters.
D12 | error | REF | UNION_TYPE_CHOICES
    In a modal nothing is disabled, and nothing is a button, section, media or container.
D13 | behaviour | REF |
    An input of a modal is required unless it says otherwise, and drawn so.
D14 | behaviour | INT | BASE_TYPE_CHOICES
    A modal answers neither the submission of a modal nor a PING; the first response comes within 3
    seconds, the token ends after 15 minutes.
E01 | error | MSG SPEC | BASE_TYPE_BAD_LENGTH BASE_TYPE_MAX_LENGTH BASE_TYPE_REQUIRED
    Trimmed: title 256, description 4096, 25 fields with name 256 and value 1024 (both required),
    footer.text 2048, author.name 256 characters.
E02 | error | MSG OBS | MAX_EMBED_SIZE_EXCEEDED
    All embeds of a message have at most 6000 characters.
E03 | error | SPEC OBS | URL_TYPE_INVALID_SCHEME URL_TYPE_INVALID_URL DATE_TIME_TYPE_PARSE
    color is 0 to 0xFFFFFF; urls have at most 2048 characters; timestamp is ISO 8601.
E04 | warning | MSG |
    Of embeds with the same url only the first is shown.
A01 | error | CMD | APPLICATION_COMMAND_INVALID_NAME BASE_TYPE_BAD_LENGTH BASE_TYPE_MAX_LENGTH
    A command has a name of 1 to 32 characters (lower case for slash commands) and, for slash commands,
    a description of 1 to 100; a scope has at most 100 slash commands and 15 of each menu (30032).
A02 | error | CMD | BASE_TYPE_BAD_LENGTH BASE_TYPE_MAX_LENGTH
    At most 25 options, each of a known type, named and described like commands.
A03 | error | CMD | BASE_TYPE_BAD_LENGTH BASE_TYPE_MAX_LENGTH
    At most 25 choices, each with a name and a value of up to 100 characters.
G01 | error | RES | CHANNEL_PARENT_INVALID_TYPE BASE_TYPE_BAD_LENGTH NUMBER_TYPE_MAX
    A channel: name 1 to 100 characters, topic up to 1024 (4096 in forums), slow mode up to 21600
    seconds, a parent that is a category.
G02 | error | RES | BASE_TYPE_CHOICES
    An overwrite: type 0 or 1, the id of a role or a member, bit sets.
G03 | error | RES | BASE_TYPE_BAD_LENGTH BASE_TYPE_MAX_LENGTH NUMBER_TYPE_MIN NUMBER_TYPE_MAX
    A role: name 1 to 100 characters, colours 0 to 0xFFFFFF.
G04 | error | RES OBS | INVALID_COMMUNICATION_DISABLED_TIMESTAMP BASE_TYPE_BAD_LENGTH BASE_TYPE_MAX_LENGTH
    A member: nick up to 32 characters, roles that exist, a timeout in ISO 8601 that ends within 28 days.
G05 | error | RES | BASE_TYPE_REQUIRED
    A direct message names its recipient_id.
G06 | error | RES OBS | STRING_TYPE_REGEX IMAGE_INVALID BINARY_TYPE_MAX_SIZE BASE_TYPE_BAD_LENGTH
    A custom emoji: name 2 to 32 letters, digits or underscores, an image of at most 256 KiB.
G07 | error | RES OBS | FORUM_TAG_UNKNOWN BASE_TYPE_BAD_LENGTH BASE_TYPE_MAX_LENGTH BASE_TYPE_CHOICES
    A thread: name 1 to 100 characters, archived after 60, 1440, 4320 or 10080 minutes; a forum has at
    most 20 tags of up to 20 characters, of which a post has at most 5.
G08 | error | RES OBS | WEBHOOK_NAME_INVALID BASE_TYPE_BAD_LENGTH BASE_TYPE_REQUIRED
    A webhook: name 1 to 80 characters, without "clyde" or "discord".
I01 | error | INT | BASE_TYPE_CHOICES
    A response to an interaction has a type that this kind of interaction takes.
"""


def _parse(text: str) -> dict[str, Rule]:
    rules: dict[str, Rule] = {}
    for entry in re.split(r"\n(?=\S)", text.strip()):
        head, *demand = entry.splitlines()
        name, severity, sources, *codes = (part.strip() for part in head.split("|"))
        rules[name] = Rule(
            name, " ".join(map(str.strip, demand)), severity, sources, tuple(" ".join(codes).split())
        )
    return rules


RULES: Mapping[str, Rule] = _parse(_TABLE)


def table() -> str:
    """The rules as the page ``docs/limits.md``."""
    lines = [
        "# What a payload is judged by",
        "",
        "The rules of `kit.simulator.limits`; `python -m kit.simulator.limits --rules` writes this page.",
        "",
        "| severity | meaning |",
        "| --- | --- |",
        *(f"| {name} | {meaning} |" for name, meaning in SEVERITIES.items()),
        "",
        "| source | what it is |",
        "| --- | --- |",
        *(f"| {name} | {what} |" for name, what in SOURCES.items()),
        "",
        "| rule | what it demands | severity | Discord's codes | source |",
        "| --- | --- | --- | --- | --- |",
    ]
    for rule in RULES.values():
        codes = ", ".join(f"`{code}`" for code in rule.codes)
        lines.append(f"| {rule.id} | {rule.demand} | {rule.severity} | {codes} | {rule.sources} |")
    return "\n".join(lines) + "\n"
