"""Paths and methods that lead nowhere: what Discord has and we have not is told from what nobody has."""

from __future__ import annotations

import pytest

from kit.simulator.rest import rest


@pytest.mark.asyncio
async def test_a_method_that_a_path_has_not(lab, http):
    """A known path with a method that Discord hasn't there is its 405, and nothing is listed as missing."""
    guild, channel = lab.world.guild["id"], lab.world.channel_id
    for path in (
        f"channels/{channel}/messages",
        f"guilds/{guild}/roles",
        "gateway/bot",
        "users/@me/channels",
    ):
        for method in ("PUT", "DELETE", "OPTIONS"):
            status, answer = await http(method, f"/api/v10/{path}")
            assert (status, answer) == (405, {"message": "405: Method Not Allowed", "code": 0})
    assert lab.simulator.unsupported == []


@pytest.mark.asyncio
async def test_what_discord_has_and_we_have_not(lab, http):
    """A method that Discord has on a path that we serve otherwise is 501, and is listed."""
    ids = {"guild_id": lab.world.guild["id"], "channel_id": lab.world.channel_id, "user_id": lab.world.bot.id}
    ids |= {"application_id": lab.world.application_id, "token": "x"}
    for template, methods in rest.UNSERVED.items():
        for method in methods:
            assert (await http(method, f"/api/v10/{template.format(**ids)}"))[0] == 501
    assert len(lab.simulator.unsupported) == sum(map(len, rest.UNSERVED.values()))


@pytest.mark.asyncio
async def test_a_path_of_a_template(lab, http):
    """A segment that is the very name in our table of routes is a wrong id like any other."""
    status, answer = await http("GET", "/api/v10/channels/%7Bchannel_id%7D/messages")
    assert (status, answer["code"], list(answer["errors"])) == (400, 50035, ["channel_id"])
    assert (await http("GET", "/api/v10/%7Bguild_id%7D"))[0] == 501


@pytest.mark.asyncio
async def test_what_is_made_is_201(lab, http):
    """A new channel and a new command are 201; a command of the same name, which replaces it, is 200."""
    made = await http("POST", f"/api/v10/guilds/{lab.world.guild['id']}/channels", {"name": "new"})
    assert (made[0], made[1]["name"]) == (201, "new")
    at = f"/api/v10/applications/{lab.world.application_id}/commands"
    first = await http("POST", at, {"name": "a", "description": "one"})
    second = await http("POST", at, {"name": "a", "description": "two"})
    assert (first[0], second[0], second[1]["id"]) == (201, 200, first[1]["id"])


@pytest.mark.asyncio
async def test_what_comes_with_a_deferral_is_judged(lab, http):
    """Of the data of a deferral only the flags count; junk in it is a 400 all the same, and the answer stays open."""
    await lab.bot()
    button = {"type": 2, "style": 1, "label": "l", "custom_id": "c"}
    body = {"components": [{"type": 1, "components": [button]}]}
    sent = await http("POST", f"/api/v10/channels/{lab.world.channel_id}/messages", body)
    clicked = await lab.simulator.click("c", message=sent[1]["id"], user="bob")
    path = f"/api/v10/interactions/{clicked.id}/{clicked.token}/callback"
    for kind in (5, 6):
        status, answer = await http("POST", path, {"type": kind, "data": {"embeds": {}}})
        assert (status, list(answer["errors"]["data"])) == (400, ["embeds"])
    assert (await http("POST", path, {"type": 5, "data": {"flags": 64}}))[0] == 204
