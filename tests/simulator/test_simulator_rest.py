"""The REST side as a raw client meets it: authorisation, errors, versions, and nonsense."""

from __future__ import annotations

import asyncio
import io
import json

import aiohttp
import discord
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.simulator import Simulator


@pytest.mark.asyncio
async def test_every_version_prefix(lab, http):
    """v9, v10 and unversioned paths are the same, with and without /api."""
    for prefix in ("/api/v10", "/api/v9", "/api", ""):
        status, user = await http("GET", f"{prefix}/users/@me")
        assert (status, user["id"]) == (200, lab.world.application_id)


@pytest.mark.asyncio
async def test_a_token_is_needed(lab, http):
    """Nothing is served without the token of this world."""
    for path in ("/api/v10/users/@me", "/api/v10/gateway", "/api/v10/nothing"):
        for token in ("", "wrong", "é"):
            refused = (401, {"message": "401: Unauthorized", "code": 0})
            assert await http("GET", path, token=token) == refused


@pytest.mark.asyncio
async def test_what_is_not_served_says_so(lab, http, caplog):
    """Routes that Discord has and the simulator lacks answer 501, and are logged, listed and told."""
    told = []
    lab.simulator.subscribe(lambda event, data: told.append((event, data)))
    status, body = await http("POST", f"/api/v10/channels/{lab.world.channel_id}/invites", {})
    assert (status, body["code"]) == (501, 0)
    assert "viewkit's simulator does not serve POST /channels/" in body["message"]
    assert lab.simulator.unsupported == [f"POST /channels/{lab.world.channel_id}/invites"]
    assert told == [("unsupported", {"route": lab.simulator.unsupported[0]})]
    assert "does not serve" in caplog.text
    path = f"/api/v10/channels/{lab.world.channel_id}/messages"
    assert (await http("POST", path, {"poll": {"question": {}}}))[0] == 501


@pytest.mark.asyncio
async def test_unknown_things_have_discords_codes(lab, http):
    """Each 404 carries the JSON error code that a bot looks for."""
    world, api = lab.world, "/api/v10"
    for path, code in (
        ("/channels/1", 10003),
        ("/channels/1/messages", 10003),
        (f"/channels/{world.channel_id}/messages/1", 10008),
        ("/guilds/1", 10004),
        (f"/guilds/{world.guild['id']}/members/1", 10007),
        (f"/guilds/{world.guild['id']}/roles/1", 10011),
        ("/users/1", 10013),
        (f"/webhooks/{world.application_id}/token/messages/@original", 10015),
        ("/applications/1/commands", 10002),
    ):
        status, body = await http("GET", api + path)
        assert (path, status, body["code"]) == (path, 404, code)
    status, body = await http("POST", f"{api}/interactions/1/token/callback", {"type": 6})
    assert (status, body) == (404, {"message": "Unknown interaction", "code": 10062})


@pytest.mark.asyncio
async def test_bodies_that_are_not_forms(lab, http):
    """Broken JSON, other JSON, wrong ids and too much data are 400 and 413."""
    path = f"/api/v10/channels/{lab.world.channel_id}/messages"
    assert (await http("POST", path, data=b"{"))[1]["code"] == 50109
    assert (await http("POST", path, data=b'{"content": NaN}'))[1]["code"] == 50109
    assert (await http("POST", path, data=b"[" * 100_000))[1]["code"] == 50109
    assert (await http("POST", path, [1]))[1]["code"] == 50035
    assert (await http("POST", path, {}))[1] == {"message": "Cannot send an empty message", "code": 50006}
    assert (await http("GET", path + "?limit=101"))[1]["errors"]["limit"]["_errors"][0]["code"] == (
        "NUMBER_TYPE_MAX"
    )
    assert (await http("GET", path + "?before=x"))[1]["code"] == 50035
    assert (await http("GET", "/api/v10/channels/abc"))[0] == 400
    status, body = await http("POST", path, data=io.BytesIO(bytes(25 * 1024 * 1024 + 1)))
    assert (status, body["code"]) == (413, 40005)


@pytest.mark.asyncio
async def test_broken_multipart_is_refused(lab, http):
    """A multipart body without a boundary, or cut short, is a 400."""
    path = f"/api/v10/channels/{lab.world.channel_id}/messages"
    for kind, data in (
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\nnonsense"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="payload_json"'),
        ("multipart/form-data; boundary=b", b"--b--\r\n"),
    ):
        async with aiohttp.ClientSession() as session:
            headers = {"Authorization": f"Bot {lab.world.token}", "Content-Type": kind}
            url = lab.simulator.url + path
            async with session.post(url, data=data, headers=headers) as response:
                assert response.status == 400


@pytest.mark.asyncio
async def test_a_file_needs_its_signature(lab):
    """An uploaded file is served to who has its link, and to nobody who guesses it."""
    async with aiohttp.ClientSession() as session:
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("payload_json", json.dumps({"content": "x"}))
        form.add_field("files[0]", b"<script>alert(1)</script>", filename="../a (1).html")
        headers = {"Authorization": f"Bot {lab.world.token}"}
        url = f"{lab.simulator.rest_url}/channels/{lab.world.channel_id}/messages"
        async with session.post(url, data=form, headers=headers) as response:
            link = (await response.json())["attachments"][0]["url"]
        async with session.get(link) as response:
            assert (response.status, await response.read()) == (200, b"<script>alert(1)</script>")
            assert response.headers["Content-Security-Policy"] == "sandbox"
        for bad in (link.split("?")[0], link[:-1] + "x", link.replace("/attachments/", "/attachments/1/")):
            async with session.get(bad) as response:
                assert response.status in (403, 404)


@pytest.mark.asyncio
async def test_channels_and_roles_can_be_managed(lab):
    """A ticket bot creates, renames and deletes channels and roles, and sets nicknames."""
    bot = await lab.bot()
    guild = bot.get_guild(int(lab.world.guild["id"]))
    everyone = {guild.default_role: discord.PermissionOverwrite(view_channel=False)}
    channel = await guild.create_text_channel("ticket-1", overwrites=everyone, topic="help")
    assert (channel.overwrites_for(guild.default_role).view_channel, channel.topic) == (False, "help")
    assert (await channel.edit(name="ticket-2")).name == "ticket-2"
    await channel.send("hello")
    await channel.delete()
    with pytest.raises(discord.NotFound) as caught:
        await channel.send("gone")
    assert caught.value.code == 10003
    role = await guild.create_role(name="Helper", colour=0x00FF00, permissions=discord.Permissions(8))
    await role.edit(name="Helpers")
    member = await guild.fetch_member(int(lab.world.user("bob")["id"]))
    await member.edit(nick="Bobby", roles=[role])
    assert lab.world.member(str(member.id))["nick"] == "Bobby"
    await role.delete()
    assert lab.world.member(str(member.id))["roles"] == []
    assert (await bot.application_info()).owner.name == "alice"
    assert [r.name for r in await guild.fetch_roles()] == ["@everyone", "viewkit"]
    assert sorted([m.name async for m in guild.fetch_members()]) == ["alice", "bob", "viewkit"]
    assert [c.name for c in await guild.fetch_channels()] == ["general"]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    *("content", "embeds", "components", "flags", "attachments", "allowed_mentions", "nonce", "tts"),
    *(
        "message_reference",
        "type",
        "style",
        "custom_id",
        "label",
        "url",
        "options",
        "value",
        "items",
        "media",
    ),
    *(
        "accessory",
        "emoji",
        "id",
        "name",
        "fields",
        "footer",
        "image",
        "min_values",
        "default_values",
        "data",
    ),
)
shaped = st.recursive(
    json_values | st.integers(0, 25) | st.sampled_from(["attachment://x.png", "https://x", "a", 32768, "🎉"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, min_size=1, max_size=5)
    ),
    max_leaves=20,
)


def test_random_bodies_never_break_the_server():
    """Whatever JSON a bot sends to the message routes, the answer is 2xx, 4xx or 501."""
    with asyncio.Runner() as runner:
        simulator = runner.run(Simulator.start())
        session = runner.run(opened())
        world = simulator.world
        said = runner.run(simulator.say("text", user="alice"))
        own = f"channels/{world.channel_id}/messages"
        headers = {"Authorization": f"Bot {world.token}"}

        async def send(method, path, body):
            url = f"{simulator.rest_url}/{path}"
            async with session.request(method, url, json=body, headers=headers) as response:
                return response.status, await response.read()

        posted = json.loads(runner.run(send("POST", own, {"content": "mine"}))[1])
        targets = (
            ("POST", own),
            ("PATCH", f"{own}/{posted['id']}"),
            ("PATCH", f"{own}/{said['id']}"),
            ("POST", f"{own}/bulk-delete"),
            ("PUT", f"applications/{world.application_id}/commands"),
            ("POST", f"guilds/{world.guild['id']}/channels"),
            ("POST", f"guilds/{world.guild['id']}/roles"),
            ("PATCH", f"guilds/{world.guild['id']}/members/@me"),
            ("POST", "users/@me/channels"),
        )

        @settings(max_examples=150, deadline=None, database=None)
        @given(st.sampled_from(targets), shaped)
        def fuzz(target, body):
            status, text = runner.run(send(*target, body))
            assert status < 500 or status == 501, (status, text, body)

        fuzz()
        runner.run(session.close())
        runner.run(simulator.close())


async def opened() -> aiohttp.ClientSession:
    return aiohttp.ClientSession()
