"""The rules for commands, channels, roles, members and the other bodies that are no message."""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

import pytest

from kit.simulator import World
from kit.simulator.errors import ApiError
from kit.simulator.limits import commands, guilds
from kit.simulator.limits.forms import Form

Json = dict[str, Any]

LONG, LENGTH, REQUIRED = "BASE_TYPE_MAX_LENGTH", "BASE_TYPE_BAD_LENGTH", "BASE_TYPE_REQUIRED"
CHOICE, NUMBER, MIN, MAX = "BASE_TYPE_CHOICES", "NUMBER_TYPE_COERCE", "NUMBER_TYPE_MIN", "NUMBER_TYPE_MAX"

COMMANDS = "POST /applications/{application}/commands"
CHANNELS = "POST /guilds/{guild}/channels"
ROLES = "POST /guilds/{guild}/roles"
BOB = "PATCH /guilds/{guild}/members/{bob}"
OVERWRITE = "PUT /channels/{channel}/permissions/{bob}"
# The id of a message that nobody would call two weeks old.
YOUNG = 1 << 62
BULK = "POST /channels/{channel}/messages/bulk-delete"
EMOJIS = "POST /guilds/{guild}/emojis"
THREADS = "POST /channels/{channel}/threads"
HOOKS = "POST /channels/{channel}/webhooks"
CALLBACK = "POST /interactions/{interaction}/callback"


class Case(NamedTuple):
    """One rule of one route, at its edge and beyond."""

    rule: str
    route: str
    good: Json
    bad: Json
    where: str
    code: str


def _command(**fields: Any) -> Json:
    return {"name": "a", "description": "d", **fields}


def _option(**fields: Any) -> Json:
    return _command(options=[{"type": 3, "name": "o", "description": "d", **fields}])


def _options(count: int) -> Json:
    return _command(options=[{"type": 3, "name": f"o{n}", "description": "d"} for n in range(count)])


def _choices(count: int, **fields: Any) -> Json:
    return _option(choices=[{"name": str(number), "value": str(number), **fields} for number in range(count)])


def _channel(**fields: Any) -> Json:
    return {"name": "x", **fields}


def _emoji(size: int = 1, **fields: Any) -> Json:
    """An emoji whose image has some KiB."""
    image = b"\x89PNG\r\n\x1a\n".ljust(size * 1024, b"x")
    return {"name": "party", "image": "data:image/png;base64," + base64.b64encode(image).decode(), **fields}


def _forum(*tags: str) -> Json:
    return _channel(type=15, available_tags=[{"name": tag} for tag in tags])


CASES = [
    Case("A01", COMMANDS, _command(name="x" * 32), _command(name="x" * 33), "name", LENGTH),
    Case(
        "A01",
        COMMANDS,
        _command(name="größe"),
        _command(name="Two Words"),
        "name",
        "APPLICATION_COMMAND_INVALID_NAME",
    ),
    Case(
        "A01",
        COMMANDS,
        _command(description="x" * 100),
        _command(description="x" * 101),
        "description",
        LENGTH,
    ),
    Case("A01", COMMANDS, {"name": "A menu", "type": 3}, {"name": "a", "type": 1}, "description", REQUIRED),
    Case("A01", COMMANDS, _command(contexts=[0, 1, 2]), _command(contexts=[3]), "contexts.0", CHOICE),
    Case(
        "A01",
        COMMANDS,
        _command(integration_types=[1]),
        _command(integration_types=[]),
        "integration_types",
        LENGTH,
    ),
    Case("A02", COMMANDS, _options(25), _options(26), "options", LONG),
    Case("A02", COMMANDS, _option(type=11), _option(type=12), "options.0.type", CHOICE),
    Case("A02", COMMANDS, _option(max_length=6000), _option(max_length=6001), "options.0.max_length", MAX),
    Case("A03", COMMANDS, _choices(25), _choices(26), "options.0.choices", LONG),
    Case(
        "A03",
        COMMANDS,
        _choices(1, name="x" * 100),
        _choices(1, name="x" * 101),
        "options.0.choices.0.name",
        LENGTH,
    ),
    Case(
        "A03",
        COMMANDS,
        _choices(1, value="x" * 100),
        _choices(1, value="x" * 101),
        "options.0.choices.0.value",
        LONG,
    ),
    Case(
        "A01",
        COMMANDS,
        _command(name_localizations={"pt-BR": "a"}),
        _command(name_localizations={"xx": "a"}),
        "name_localizations",
        "ENUM_TYPE_COERCE",
    ),
    Case(
        "A02",
        COMMANDS,
        _option(type=4, min_value=-(1 << 53) + 1, max_value=(1 << 53) - 1),
        _option(type=4, max_value=1 << 53),
        "options.0.max_value",
        MAX,
    ),
    Case(
        "A02",
        COMMANDS,
        _option(type=10, max_value=1.5),
        _option(type=4, max_value=1.5),
        "options.0.max_value",
        NUMBER,
    ),
    Case("G01", CHANNELS, _channel(name="x" * 100), _channel(name="x" * 101), "name", LENGTH),
    Case("G01", CHANNELS, _channel(topic="x" * 1024), _channel(topic="x" * 1025), "topic", LONG),
    Case(
        "G01",
        CHANNELS,
        _channel(topic="x" * 4096, type=15),
        _channel(topic="x" * 4097, type=15),
        "topic",
        LONG,
    ),
    Case(
        "G01",
        CHANNELS,
        _channel(rate_limit_per_user=21600),
        _channel(rate_limit_per_user=21601),
        "rate_limit_per_user",
        MAX,
    ),
    Case(
        "G01",
        CHANNELS,
        _channel(parent_id="{category}"),
        _channel(parent_id="{channel}"),
        "parent_id",
        "CHANNEL_PARENT_INVALID_TYPE",
    ),
    Case(
        "G01", CHANNELS, _channel(type=2, user_limit=99), _channel(type=2, user_limit=100), "user_limit", MAX
    ),
    Case("G02", OVERWRITE, {"type": 1, "allow": "8"}, {"type": 2}, "type", CHOICE),
    Case("G02", OVERWRITE, {"type": 1, "deny": 8}, {"type": 1, "deny": "-8"}, "deny", NUMBER),
    Case("G03", ROLES, {"name": "x" * 100}, {"name": "x" * 101}, "name", LENGTH),
    Case("G03", ROLES, {"name": "x"}, {"name": ""}, "name", LENGTH),
    Case("G03", ROLES, {"color": 0xFFFFFF}, {"color": 0x1000000}, "color", MAX),
    Case(
        "G03",
        ROLES,
        {"colors": {"primary_color": 0}},
        {"colors": {"primary_color": -1}},
        "colors.primary_color",
        MIN,
    ),
    Case("G04", BOB, {"nick": "x" * 32}, {"nick": "x" * 33}, "nick", LONG),
    Case(
        "G04",
        BOB,
        {"communication_disabled_until": "2025-01-01T00:00:00Z"},
        {"communication_disabled_until": "soon"},
        "communication_disabled_until",
        "DATE_TIME_TYPE_PARSE",
    ),
    Case("G05", "POST /users/@me/channels", {"recipient_id": "{bob}"}, {}, "recipient_id", REQUIRED),
    Case("G06", EMOJIS, _emoji(name="x" * 32), _emoji(name="x" * 33), "name", LENGTH),
    Case("G06", EMOJIS, _emoji(name="a_1"), _emoji(name="a-1"), "name", "STRING_TYPE_REGEX"),
    Case("G06", EMOJIS, _emoji(), _emoji(image="data:image/png;base64,AAAA"), "image", "IMAGE_INVALID"),
    Case("G06", EMOJIS, _emoji(size=256), _emoji(size=257), "image", "BINARY_TYPE_MAX_SIZE"),
    Case("G07", THREADS, {"name": "x" * 100, "type": 11}, {"name": "x" * 101, "type": 11}, "name", LENGTH),
    Case(
        "G07",
        THREADS,
        {"name": "x", "auto_archive_duration": 60},
        {"name": "x", "auto_archive_duration": 61},
        "auto_archive_duration",
        CHOICE,
    ),
    Case("G07", CHANNELS, _forum("x" * 20), _forum("x" * 21), "available_tags.0.name", LONG),
    Case("G07", CHANNELS, _forum(*"x" * 20), _forum(*"x" * 21), "available_tags", LONG),
    Case("G08", HOOKS, {"name": "x" * 80}, {"name": "x" * 81}, "name", LENGTH),
    Case("G08", HOOKS, {"name": "Log"}, {"name": "Discord Log"}, "name", "WEBHOOK_NAME_INVALID"),
    Case(
        "M15",
        BULK,
        {"messages": [str(YOUNG), str(YOUNG + 1)]},
        {"messages": [str(YOUNG)]},
        "messages",
        LENGTH,
    ),
    Case(
        "M15",
        BULK,
        {"messages": [*map(str, range(YOUNG, YOUNG + 100))]},
        {"messages": [*map(str, range(YOUNG, YOUNG + 101))]},
        "messages",
        LENGTH,
    ),
    Case(
        "M15",
        BULK,
        {"messages": [YOUNG, YOUNG + 1]},
        {"messages": [str(YOUNG), YOUNG + 1, YOUNG]},
        "messages.2",
        "SET_TYPE_ALREADY_CONTAINS_VALUE",
    ),
    Case("I01", CALLBACK, {"type": 6}, {"type": 8}, "type", CHOICE),
    Case("I01", CALLBACK, {"type": 4, "data": {"content": "x"}}, {}, "type", REQUIRED),
]


def _filled(value: Any, ids: Json) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner, ids) for key, inner in value.items()}
    return value.format(**ids) if isinstance(value, str) and value.startswith("{") else value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
@pytest.mark.asyncio
async def test_a_body_beyond_a_rule_is_refused(lab, http, case):
    """The body at the edge is taken; the one beyond is a 400 whose only error is at that place."""
    world = lab.world
    ids = {"guild": world.guild["id"], "channel": world.channel_id, "application": world.application_id}
    ids["bob"], ids["category"] = world.user("bob")["id"], world.add_channel("Category", type=4)["id"]
    if case.route == CALLBACK:
        await lab.bot()
        button = {"type": 2, "style": 1, "label": "l", "custom_id": "c"}
        at = f"/api/v10/channels/{world.channel_id}/messages"
        sent = await http("POST", at, {"components": [{"type": 1, "components": [button]}]})
        clicked = await lab.simulator.click("c", message=sent[1]["id"], user="bob")
        ids["interaction"] = f"{clicked.id}/{clicked.token}"
    method, path = case.route.format(**ids).split()
    status, answer = await http(method, f"/api/v10{path}", _filled(case.bad, ids))
    assert (status, answer["code"]) == (400, 50035)
    node = answer["errors"]
    for key in case.where.split("."):
        assert list(node) == [key]
        node = node[key]
    assert [error["code"] for error in node["_errors"]] == [case.code]
    assert (await http(method, f"/api/v10{path}", _filled(case.good, ids)))[0] < 300


def _judged(judge, body) -> list[str]:
    form = Form(body, (), [])
    try:
        judge(form)
        form.check()
    except ApiError:
        pass
    return [violation.rule for violation in form.found]


def test_the_rules_of_these_bodies():
    """Without a server: the violation carries the rule's id."""
    world = World()
    ids = {"category": world.add_channel("Category", type=4)["id"], "channel": world.channel_id}
    judges = {
        COMMANDS: commands.command_fields,
        CHANNELS: lambda form: guilds.channel_fields(form, world),
        ROLES: guilds.role_fields,
        BOB: lambda form: guilds.member_fields(form, world),
        OVERWRITE: lambda form: guilds.overwrite_fields(form, world, world.user("bob")["id"]),
    }
    for case in CASES:
        if case.route in judges:
            assert _judged(judges[case.route], _filled(case.bad, ids)) == [case.rule]
            assert _judged(judges[case.route], _filled(case.good, ids)) == []
