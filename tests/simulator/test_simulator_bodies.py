"""Bodies that make no sense: each is refused, and none that is taken harms the bots that come later."""

from __future__ import annotations

import asyncio
import copy
import gzip
import json

import aiohttp
import pytest

JUNK = (
    *(None, True, False, -1, 0, 1.5, 1 << 70, 1e300, "", "x", "9" * 30, "1", "2026-13-01"),
    *([], {}, [None], [[]], [{}], {"a": 1}, [1, "1"]),
)


def paths(value, path=()):
    """Where something stands in a body, at any depth."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from paths(inner, (*path, key))


def spoiled(good):
    """A body with each of its parts in turn replaced by each piece of junk."""
    for path in paths(good):
        for junk in JUNK:
            body = copy.deepcopy(good)
            node = body
            for key in path[:-1]:
                node = node[key]
            node[path[-1]] = junk
            yield body


@pytest.mark.asyncio
async def test_junk_that_is_taken_kills_no_bot(lab, http):
    """Whatever is wrong in the body of a guild route, the next bot logs in and reads all there is."""
    world = lab.world
    guild, bob = f"/guilds/{world.guild['id']}", world.user("bob")["id"]
    category, role = world.add_channel("Category", type=4)["id"], world.add_role("Role")["id"]
    overwrite = {"id": bob, "type": 1, "allow": "1024", "deny": "0"}
    channel = {
        "name": "x",
        "type": 0,
        "topic": "t",
        "parent_id": category,
        "position": 3,
        "nsfw": True,
        "rate_limit_per_user": 5,
        "permission_overwrites": [overwrite],
    }
    colors = {"primary_color": 1, "secondary_color": 2, "tertiary_color": None}
    option = {"type": 3, "name": "o", "description": "d", "choices": [{"name": "c", "value": "v"}]}
    command = {
        "name": "a",
        "description": "d",
        "type": 1,
        "default_member_permissions": "8",
        "contexts": [0],
        "options": [option],
        "name_localizations": {"de": "b"},
        "integration_types": [0],
    }
    bodies = (
        ("POST", f"{guild}/channels", channel),
        ("POST", f"{guild}/channels", {"name": "v", "type": 2, "bitrate": 64000, "user_limit": 5}),
        ("PATCH", f"/channels/{world.channel_id}", channel),
        ("PUT", f"/channels/{world.channel_id}/permissions/{bob}", overwrite),
        ("POST", f"{guild}/roles", {"name": "r", "permissions": "0", "colors": colors, "color": 1}),
        (
            "PATCH",
            f"{guild}/roles/{role}",
            {"name": "r", "permissions": "0", "colors": colors, "hoist": True},
        ),
        ("PATCH", f"{guild}/members/{bob}", {"nick": "n", "communication_disabled_until": "2025-01-01"}),
        ("PATCH", f"{guild}/members/{bob}", {"roles": [role]}),
        ("PUT", f"/applications/{world.application_id}/commands", [command]),
    )
    for method, path, good in bodies:
        assert (await http(method, f"/api/v10{path}", good))[0] < 300, path
        for body in spoiled(good):
            status, answer = await http(method, f"/api/v10{path}", body)
            assert status < 500, (path, body, answer)
    bot = await lab.bot()
    assert len(bot.guilds[0].channels) == len(world.guild_channels())
    assert len(bot.guilds[0].roles) == len(world.roles)
    assert len(bot.guilds[0].members) == len(world.members)
    assert len(await bot.tree.fetch_commands()) == len(world.bot.commands["global"])


@pytest.mark.parametrize(
    ("route", "body", "field"),
    [
        ("POST /guilds/{guild}/channels", {"name": "x", "parent_id": "junk"}, "parent_id"),
        ("POST /guilds/{guild}/channels", {"name": "x", "parent_id": "{channel}"}, "parent_id"),
        ("POST /guilds/{guild}/channels", {"name": "x", "type": 999}, "type"),
        ("POST /guilds/{guild}/channels", {"name": "x" * 101}, "name"),
        ("POST /guilds/{guild}/channels", {"name": "x", "user_limit": 100}, "user_limit"),
        ("PATCH /channels/{channel}", {"type": 4}, "type"),
        ("PATCH /channels/{channel}", {"name": ""}, "name"),
        ("PATCH /channels/{channel}", {"rate_limit_per_user": 21601}, "rate_limit_per_user"),
        ("POST /guilds/{guild}/roles", {"colors": {"primary_color": 1 << 24}}, "colors"),
        ("POST /guilds/{guild}/roles", {"permissions": "-1"}, "permissions"),
        ("PATCH /guilds/{guild}/members/@me", {"nick": "x" * 33}, "nick"),
        (
            "PATCH /guilds/{guild}/members/{bob}",
            *({"communication_disabled_until": "junk"}, "communication_disabled_until"),
        ),
        ("POST /applications/{application}/commands", {"name": "Two Words", "description": "d"}, "name"),
        ("POST /applications/{application}/commands", {"name": "a", "description": ""}, "description"),
        ("POST /users/@me/channels", {"recipient_id": {}}, "recipient_id"),
        ("POST /channels/{channel}/messages/bulk-delete", {"messages": ["1", "x"]}, "messages"),
    ],
)
@pytest.mark.asyncio
async def test_a_wrong_field_is_named(lab, http, route, body, field):
    """A field out of bounds is a 400 whose tree of errors names it, and nothing is changed."""
    world = lab.world
    ids = {"guild": world.guild["id"], "channel": world.channel_id, "application": world.application_id}
    ids["bob"] = world.user("bob")["id"]
    told = []
    world.observe(lambda event, _data: told.append(event))
    body = {
        key: ids.get(value.strip("{}"), value) if isinstance(value, str) else value
        for key, value in body.items()
    }
    method, path = route.format(**ids).split()
    status, answer = await http(method, f"/api/v10{path}", body)
    assert (status, answer["code"], [*answer["errors"]]) == (400, 50035, [field])
    assert told == []


@pytest.mark.asyncio
async def test_a_callback_of_no_type(lab, http):
    """A callback whose type is a list, or a flag that is none, is a 400 like any wrong value."""
    bot = await lab.bot()
    sent = await http(
        *("POST", f"/api/v10/channels/{lab.world.channel_id}/messages"),
        {
            "components": [
                {"type": 1, "components": [{"type": 2, "style": 1, "label": "l", "custom_id": "c"}]}
            ]
        },
    )
    assert bot.is_ready()
    clicked = await lab.simulator.click("c", message=sent[1]["id"], user="bob")
    path = f"/api/v10/interactions/{clicked.id}/{clicked.token}/callback"
    for body in (
        {"type": []},
        {"type": {}},
        {"type": True},
        {"type": 99},
        {"type": 5, "data": {"flags": "x"}},
    ):
        status, answer = await http("POST", path, body)
        assert (status, answer["code"]) == (400, 50035)
    assert (await http("POST", path, {"type": 6}))[0] == 204


@pytest.mark.asyncio
async def test_no_path_at_all(lab, http):
    """An address that stops at the prefix is a 404, not a failure of the server."""
    for path in ("/", "/api", "/api/", "/api/v10", "//"):
        assert await http("GET", path) == (404, {"message": "404: Not Found", "code": 0})
    assert lab.simulator.unsupported == []


@pytest.mark.asyncio
async def test_bodies_that_claim_an_encoding(lab, http):
    """A compressed body, or one that only says so, is refused as no JSON, and the server stays up."""
    path = f"/api/v10/channels/{lab.world.channel_id}/messages"
    headers = {"Authorization": f"Bot {lab.world.token}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for encoding in ("gzip", "deflate", "br", "nonsense"):
            for data in (b"\xff\xfe", b"", gzip.compress(b"{}")[:-4]):
                post = session.post(
                    lab.simulator.url + path, data=data, headers={"Content-Encoding": encoding}
                )
                async with post as response:
                    assert (response.status, (await response.json())["code"]) in ((400, 50109), (400, 50006))
    assert (await http("GET", path)) == (200, [])


@pytest.mark.asyncio
async def test_a_body_cut_short(lab, http, caplog):
    """A client that breaks off in its body, or sends nonsense for it, leaves no error in the log."""
    path = f"/api/v10/channels/{lab.world.channel_id}/messages"
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bot {lab.world.token}\r\n"
    for rest in ("Content-Length: 50\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n"):
        reader, writer = await asyncio.open_connection("127.0.0.1", lab.simulator.port)
        writer.write((head + rest).encode())
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 5)
        assert b" 500 " not in answer
        writer.close()
        await writer.wait_closed()
    assert (await http("GET", path)) == (200, [])
    assert "bug of viewkit" not in caplog.text


@pytest.mark.parametrize("text", ['"a\\ud800b"', '"\\udc00"', '"\\ud83d\\ud83d\\ude00"', "1e999", "-1e999"])
@pytest.mark.asyncio
async def test_what_no_json_can_hold(lab, http, text):
    """Half a character, or a number beyond all bounds, is refused; whole ones are taken as they are."""
    path = f"/api/v10/channels/{lab.world.channel_id}/messages"
    refused = await http("POST", path, data=f'{{"content": {text}}}'.encode())
    assert (refused[0], refused[1]["code"]) == (400, 50109)
    for good in (b'{"content": "\\ud83d\\ude00"}', '{"content": "😀"}'.encode()):
        assert (await http("POST", path, data=good))[1]["content"] == "😀"
    for raw in (b'{"content": "\xed\xa0\x80"}', '{"content": "x"}'.encode("utf-16")):
        assert (await http("POST", path, data=raw))[1]["code"] == 50109


@pytest.mark.asyncio
async def test_a_file_name_of_broken_bytes(lab, http):
    """A file name that is no UTF-8 is stored as text that every client can print."""
    path = f"/api/v10/channels/{lab.world.channel_id}/messages"
    body = (
        b'--b\r\nContent-Disposition: form-data; name="files[0]"; filename="a\xff.txt"\r\n\r\nx\r\n--b--\r\n'
    )
    headers = {"Authorization": f"Bot {lab.world.token}", "Content-Type": "multipart/form-data; boundary=b"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(lab.simulator.url + path, data=body) as response,
    ):
        name = json.loads(await response.read())["attachments"][0]["filename"]
    assert name.encode().decode() == name


@pytest.mark.asyncio
async def test_a_form_without_files(lab, http):
    """The JSON of a message may come in a form, as py-cord sends it; a form of single fields is not served."""
    path = f"/api/v10/channels/{lab.world.channel_id}/messages"
    for fields, expected in (
        ({"payload_json": '{"content": "a & b é"}'}, 200),
        ({"payload_json": "{"}, 400),
        ({"content": "x"}, 501),
    ):
        status, body = await http("POST", path, data=fields)
        assert status == expected
    assert [message["content"] for message in lab.world.messages()] == ["a & b é"]
    assert "a form without payload_json" in body["message"]
