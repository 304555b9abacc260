"""What the simulator takes, answers and tells, held against Discord's own description of its API."""

from __future__ import annotations

import json
from collections.abc import Iterable

import aiohttp
import discord
import pytest

from kit.simulator import check_message, check_modal
from kit.simulator.rest import rest
from kit.simulator.world import payloads
from tests.conformance import description
from tests.conformance.conflicts import CORRECTIONS, STRICTER, Correction
from tests.conformance.description import METHODS, Description, corrected
from tests.conformance.recorder import Recorder
from tests.conformance.tour import tour
from tests.simulator.fuzz.routes import served

pytestmark = pytest.mark.skipif(
    not description.FILE.exists(), reason="Discord's API description is not beside this repository"
)


def listen(corrections: Iterable[Correction] | None = None) -> Recorder:
    """A recorder of its own, beside that of the whole suite."""
    return Recorder(corrected() if corrections is None else Description(corrections))


@pytest.mark.asyncio
async def test_every_route_conforms(lab, http):
    """A tour of all routes that Discord's description has and the simulator serves: no fault in any exchange."""
    recorder = listen()
    with recorder.listening():
        await tour(lab, http)
    assert [*map(str, recorder.news())] == []
    known = recorder.description
    expected = set()
    for method, template in served():
        operation = known.operation(method, template.replace("{which}", "@original"))
        expected |= {operation.name} if operation else set()
    assert expected - recorder.operations == set()


def test_what_is_not_served_is_listed():
    """Of the paths that are served, each method that Discord has and we have not is answered 501, not 405."""
    known, has = Description(()), {}
    for method, template in served():
        has.setdefault(template, set()).add(method)
    missing = {}
    for template, methods in has.items():
        real = {name.upper() for name in METHODS if known.operation(name.upper(), template)}
        assert not methods - real, f"Discord has no {methods - real} {template}"
        if real - methods:
            missing[template] = real - methods
    assert {template: set(methods) for template, methods in rest.UNSERVED.items()} == missing


async def _refused(lab, http):
    await http("POST", f"/api/v10/channels/{lab.world.channel_id}/messages", {"content": 5})


async def _ids_as_numbers(lab, http):
    await http("POST", "/api/v10/users/@me/channels", {"recipient_id": int(lab.world.user("bob")["id"])})


async def _bits_as_text(lab, http):
    path = f"/api/v10/guilds/{lab.world.guild['id']}/roles"
    await http("POST", path, {"name": "r", "permissions": "8"})


async def _bare_moment(lab, http):
    embed = {"title": "t", "timestamp": "2026-01-01T00:00:00"}
    await http("POST", f"/api/v10/channels/{lab.world.channel_id}/messages", {"embeds": [embed]})


async def _emoji_by_id(lab, http):
    button = {"type": 2, "style": 1, "custom_id": "b", "emoji": {"id": lab.emoji_id}}
    body = {"components": [{"type": 1, "components": [button]}]}
    await http("POST", f"/api/v10/channels/{lab.world.channel_id}/messages", body)


async def _padded_title(lab, http):
    body = {"embeds": [{"title": "  " + "x" * 256}]}
    await http("POST", f"/api/v10/channels/{lab.world.channel_id}/messages", body)


async def _media_channel(lab, http):
    select = {"type": 8, "custom_id": "where", "channel_types": [16]}
    body = {"components": [{"type": 1, "components": [select]}]}
    await http("POST", f"/api/v10/channels/{lab.world.channel_id}/messages", body)


async def _chosen_channel(lab, http):
    select = {"type": 8, "custom_id": "where"}
    body = {"components": [{"type": 1, "components": [select]}]}
    _, sent = await http("POST", f"/api/v10/channels/{lab.world.channel_id}/messages", body)
    await lab.bot()
    await lab.simulator.choose("where", [lab.world.channel_id], message=sent["id"], user="alice")


async def _forward(lab, http):
    path = f"/api/v10/channels/{lab.world.channel_id}/messages"
    said = await lab.simulator.say("x", user="bob")
    reference = {"type": 1, "message_id": said["id"], "channel_id": said["channel_id"]}
    await http("POST", path, {"message_reference": reference})


EVIDENCE = {
    "forwards, sent": _forward,
    "forwards": _forward,
    "inner error codes": _refused,
    "ids as numbers": _ids_as_numbers,
    "bit sets as texts": _bits_as_text,
    "moments without an offset": _bare_moment,
    "emoji by id alone": _emoji_by_id,
    "trimmed embeds": _padded_title,
    "media channels": _media_channel,
    "resolved channels": _chosen_channel,
}


@pytest.mark.parametrize("name", [correction.name for correction in CORRECTIONS])
@pytest.mark.asyncio
async def test_each_correction_is_needed(lab, http, name):
    """Without the correction an exchange that Discord itself would have is a fault; with it there is none."""
    lab.emoji_id = lab.world.emoji("x", id="5")["id"]
    uncorrected = listen([correction for correction in CORRECTIONS if correction.name != name])
    corrected = listen()
    with uncorrected.listening(), corrected.listening():
        await EVIDENCE[name](lab, http)
    assert uncorrected.news() != []
    assert corrected.news() == []


@pytest.mark.parametrize("conflict", STRICTER, ids=lambda conflict: conflict.rule)
def test_where_our_rule_is_tighter(conflict):
    """The description takes a payload that Discord was seen to refuse, and our rule refuses it as well."""
    assert corrected().faults("", conflict.schema, conflict.payload, side="request") == []
    judge = check_modal if conflict.schema.startswith("Modal") else check_message
    errors = [violation for violation in judge(conflict.payload) if violation.severity == "error"]
    assert [violation.rule for violation in errors] == [conflict.rule]


@pytest.mark.asyncio
async def test_the_recorder_hears_what_is_wrong(lab, http, monkeypatch, discord_recorder):
    """A field that is missing, of a wrong type or beyond its bounds is a fault, in answers and in events."""
    recorder = listen()
    bare = payloads.role

    def wrong(*arguments, **options):
        role = bare(*arguments, **options)
        del role["mentionable"]
        return {**role, "position": "1", "flags": 1 << 40}

    await lab.bot()
    monkeypatch.setattr(payloads, "role", wrong)
    path = f"/api/v10/guilds/{lab.world.guild['id']}/roles"
    with recorder.listening():
        monkeypatch.setattr(lab.world, "rank_roles", lambda ids: None)
        assert (await http("POST", path, {"name": "r"}))[0] == 200
    faults = {(fault.place, fault.path, fault.keyword) for fault in recorder.news()}
    for place in ("response 200 POST /guilds/{guild_id}/roles", "event GUILD_ROLE_CREATE role"):
        found = {(path, keyword) for where, path, keyword in faults if where == place}
        assert found == {("", "required"), ("position", "type"), ("flags", "format")}
    assert discord_recorder.news() != []


@pytest.mark.asyncio
async def test_the_recorder_hears_multipart(lab):
    """The JSON beside an uploaded file is judged as any other."""
    recorder = listen(())
    form = aiohttp.FormData()
    form.add_field("payload_json", json.dumps({"attachments": [{"id": 0}]}), content_type="application/json")
    form.add_field("files[0]", b"x", filename="x.txt")
    path = f"{lab.simulator.rest_url}/channels/{lab.world.channel_id}/messages"
    headers = {"Authorization": f"Bot {lab.world.token}"}
    with recorder.listening():
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(path, data=form) as response,
        ):
            assert response.status == 200
    assert [(fault.path, fault.keyword) for fault in recorder.news()] == [("attachments.*.id", "type")]


@pytest.mark.asyncio
async def test_discord_py_reads_what_conforms(lab):
    """A message with everything on it is read whole by discord.py, from the answer and from history."""
    bot = await lab.bot()
    view = discord.ui.View()
    view.add_item(discord.ui.Button(label="Press", custom_id="press", emoji="🎉"))
    view.add_item(
        discord.ui.Select(
            custom_id="pick", options=[discord.SelectOption(label="a", emoji="✅", default=True)]
        )
    )
    moment = discord.utils.utcnow()
    embed = discord.Embed(title="t", timestamp=moment).set_author(name="a").set_footer(text="f")
    sent = await lab.channel(bot).send("x", view=view, embed=embed)
    again = await lab.channel(bot).fetch_message(sent.id)
    for message in (sent, again):
        assert message.embeds[0].timestamp == moment
        button, select = (row.children[0] for row in message.components)
        assert (str(button.emoji), str(select.options[0].emoji)) == ("🎉", "✅")
