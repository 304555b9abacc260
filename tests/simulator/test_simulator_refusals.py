"""What Discord refuses, hides or says in a certain way, where a bot that was never told would fail in production."""

from __future__ import annotations

import asyncio
import io

import discord
import pytest

from kit.simulator import ClickError, World
from kit.simulator.world import messages

ROW = {"type": 1, "components": [{"type": 2, "style": 1, "label": "Press", "custom_id": "press"}]}
API = "/api/v10"
EPHEMERAL = 64


async def pressed(lab, http, *, data=None, kind=4, user="bob"):
    """A panel, a click on it, and the answer to that."""
    _, panel = await http("POST", f"{API}/channels/{lab.world.channel_id}/messages", {"components": [ROW]})
    used = await lab.simulator.click("press", message=panel, user=user)
    answer = {"type": kind, "data": data} if data else {"type": kind}
    await http("POST", f"{API}/interactions/{used.id}/{used.token}/callback", answer)
    return panel, used


@pytest.mark.asyncio
async def test_a_token_reaches_the_messages_of_its_interaction_alone(lab, http):
    """The token of a later click edits neither an older reply nor any other message of the bot: 10008."""
    await lab.bot()
    lab.simulator.interactions.deadline = 60
    async with asyncio.timeout(5):
        panel, first = await pressed(lab, http, data={"content": "mine", "flags": EPHEMERAL})
        _, second = await pressed(lab, http, data={"content": "yours", "flags": EPHEMERAL})
    hook = f"{API}/webhooks/{lab.world.application_id}"
    old, plain = first.effects[0][1]["id"], panel["id"]
    _, loose = await http("POST", f"{API}/channels/{lab.world.channel_id}/messages", {"content": "loose"})
    for method in ("GET", "PATCH", "DELETE"):
        for other in (old, loose["id"]):
            body = {"content": "x"} if method == "PATCH" else None
            status, error = await http(method, f"{hook}/{second.token}/messages/{other}", body)
            assert (status, error["code"]) == (404, 10008)
    assert lab.world.message(old)["content"] == "mine"
    status, _ = await http("PATCH", f"{hook}/{first.token}/messages/{plain}", {"content": "panel"})
    assert (status, lab.world.message(plain)["content"]) == (200, "panel")
    _, more = await http("POST", f"{hook}/{second.token}", {"content": "more"})
    status, _ = await http("PATCH", f"{hook}/{second.token}/messages/{more['id']}", {"content": "edited"})
    assert (status, lab.world.message(more["id"])["content"]) == (200, "edited")


@pytest.mark.asyncio
async def test_a_panel_that_a_webhook_wrote_is_edited_by_its_click(lab):
    """defer() on a click, and then edit_original_response(), changes the panel whoever wrote it."""
    bot = await lab.bot()
    answered = []

    class Panel(discord.ui.View):
        @discord.ui.button(label="x", custom_id="x")
        async def x(self, interaction, button):
            await interaction.response.defer()
            await interaction.edit_original_response(content="pressed")
            answered.append((await interaction.original_response()).content)

    webhook = await lab.channel(bot).create_webhook(name="Herald")
    sent = await webhook.send("panel", view=Panel(timeout=None), wait=True)
    used = await lab.simulator.click("x", message=sent.id, user="bob")
    await used.answered()
    await lab.until(lambda: answered)
    assert lab.world.message(sent.id)["content"] == answered[0] == "pressed"


@pytest.mark.asyncio
async def test_a_modal_brings_its_message_as_it_is_then(lab):
    """While someone fills in a modal the panel goes on: the submission shows it as it is by then."""
    bot = await lab.bot()
    seen = []

    class Form(discord.ui.Modal, title="Form"):
        name = discord.ui.TextInput(label="Name", custom_id="name")

        async def on_submit(self, interaction):
            seen.append(interaction.message.content)
            await interaction.response.edit_message(content="done")

    class Panel(discord.ui.View):
        @discord.ui.button(label="x", custom_id="x")
        async def x(self, interaction, button):
            await interaction.response.send_modal(Form())

    panel = await lab.channel(bot).send("before", view=Panel(timeout=None))
    shown = await (await lab.simulator.click("x", message=panel.id, user="bob")).answered()
    await panel.edit(content="meanwhile")
    used = await lab.simulator.submit(shown, {"name": "Bob"}, user="bob")
    await used.answered()
    assert seen == ["meanwhile"]
    assert lab.world.message(panel.id)["content"] == "done"


@pytest.mark.asyncio
async def test_messages_of_long_ago_are_deleted_one_by_one(lab, http):
    """A bulk deletion takes nothing that is two weeks old, 50034, and then deletes nothing at all."""
    old = await lab.simulator.say("old", user="bob")
    lab.simulator.advance(14 * 86_400 + 1)
    new = await lab.simulator.say("new", user="bob")
    path = f"{API}/channels/{lab.world.channel_id}/messages"
    body = {"messages": [old["id"], new["id"]]}
    status, error = await http("POST", f"{path}/bulk-delete", body)
    assert (status, error["code"]) == (400, 50034)
    assert len(lab.world.messages()) == 2
    assert (await http("DELETE", f"{path}/{old['id']}"))[0] == 204


@pytest.mark.asyncio
async def test_who_takes_no_direct_messages(lab):
    """Who shares no guild with the bot any more, or has closed their direct messages, is not written to: 50007."""
    bot = await lab.bot()
    for close, reopen in (
        (lambda: lab.world.leave("bob"), lambda: lab.world.join("bob")),
        (
            lambda: lab.world.user("bob", direct_messages=False),
            lambda: lab.world.user("bob", direct_messages=True),
        ),
    ):
        bob = await bot.fetch_user(int(lab.world.find_user("bob")["id"]))
        await bob.send("hello")
        close()
        with pytest.raises(discord.Forbidden) as refused:
            await bob.send("are you there?")
        assert refused.value.code == 50007
        reopen()
        await bob.send("again")


@pytest.mark.asyncio
async def test_members_are_listed_to_those_who_may_know_them(lab, http):
    """Without the members intent in the portal the list of members is 403, 50001; one member is not."""
    path = f"{API}/guilds/{lab.world.guild['id']}/members"
    assert len((await http("GET", f"{path}?limit=10"))[1]) == 3
    lab.world.bot.privileged_intents = {"presences", "message_content"}
    status, error = await http("GET", f"{path}?limit=10")
    assert (status, error["code"]) == (403, 50001)
    assert (await http("GET", f"{path}/{lab.world.find_user('bob')['id']}"))[0] == 200


@pytest.mark.asyncio
async def test_content_is_hidden_from_applications_without_the_intent(lab, http):
    """By REST as by the gateway: what others wrote has no content, but for mentions and direct messages."""
    lab.world.bot.privileged_intents = {"members"}
    me = lab.world.application_id
    said = [await lab.simulator.say(text, user="bob") for text in ("secret", f"<@{me}> for you")]
    direct = await lab.simulator.say("in private", user="bob", to="viewkit")
    path = f"{API}/channels/{lab.world.channel_id}/messages"
    await http("POST", path, {"content": "own", "message_reference": {"message_id": said[0]["id"]}})
    _, listed = await http("GET", path)
    assert [message["content"] for message in listed] == ["own", f"<@{me}> for you", ""]
    assert listed[0]["referenced_message"]["content"] == ""
    assert (await http("GET", f"{path}/{said[0]['id']}"))[1]["content"] == ""
    _, private = await http("GET", f"{API}/channels/{direct['channel_id']}/messages")
    assert private[0]["content"] == "in private"


@pytest.mark.asyncio
async def test_what_needs_a_voice_connection(lab, http):
    """Nobody here is in a voice channel: muting, deafening and moving are 40032, and nothing is changed."""
    member = f"{API}/guilds/{lab.world.guild['id']}/members/{lab.world.find_user('bob')['id']}"
    for field in ({"mute": True}, {"deaf": False}, {"channel_id": None}, {"nick": "B", "mute": True}):
        status, error = await http("PATCH", member, field)
        assert (status, error["code"]) == (400, 40032)
    assert lab.world.member("bob")["nick"] is None
    status, _ = await http("PATCH", f"{API}/guilds/{lab.world.guild['id']}/members/@me", {"bio": "x"})
    assert status == 501


@pytest.mark.asyncio
async def test_time_outs_have_bounds(lab, http):
    """28 days at most, and never for who is an administrator."""
    guild, bob = lab.world.guild["id"], lab.world.find_user("bob")["id"]
    path = f"{API}/guilds/{guild}/members/{bob}"
    status, error = await http("PATCH", path, {"communication_disabled_until": "2099-01-01T00:00:00Z"})
    assert (status, error["code"]) == (400, 50035)
    fault = error["errors"]["communication_disabled_until"]["_errors"][0]
    assert fault["code"] == "INVALID_COMMUNICATION_DISABLED_TIMESTAMP"
    lab.world.role("Admins", permissions=["administrator"])
    lab.world.give_role("bob", "Admins")
    soon = lab.world.clock.now().isoformat()
    status, error = await http("PATCH", path, {"communication_disabled_until": soon})
    assert (status, error["code"]) == (403, 50013)
    assert (await http("PATCH", path, {"communication_disabled_until": None}))[0] == 200


@pytest.mark.asyncio
async def test_suppressed_embeds_are_not_shown(lab):
    """edit(suppress=True) takes the embeds out of what everyone gets, and suppress=False brings them back."""
    bot = await lab.bot()
    message = await lab.channel(bot).send("x", embed=discord.Embed(title="t"))
    edited = await message.edit(suppress=True)
    assert (edited.embeds, edited.flags.suppress_embeds) == ([], True)
    assert (await lab.channel(bot).fetch_message(message.id)).embeds == []
    assert lab.world.messages(viewer="bob")[0]["embeds"] == []
    assert len((await message.edit(suppress=False)).embeds) == 1
    silent = await lab.channel(bot).send(embed=discord.Embed(title="t"), suppress_embeds=True)
    assert silent.embeds == []


@pytest.mark.asyncio
async def test_how_many_commands_there_are(lab, http):
    """100 slash commands and 15 of each menu, in one request or one by one: 30032 beyond; names stay apart."""
    path = f"{API}/applications/{lab.world.application_id}/commands"
    slash = [{"name": f"c{number}", "description": "d"} for number in range(100)]
    menus = [{"name": f"m{number}", "type": kind} for kind in (2, 3) for number in range(15)]
    status, made = await http("PUT", path, [*slash, *menus])
    assert (status, len(made)) == (200, 130)
    for more in ({"name": "more", "description": "d"}, {"name": "more", "type": 2}):
        status, error = await http("POST", path, more)
        assert (status, error["code"]) == (400, 30032)
    assert (await http("POST", path, {"name": "c5", "description": "again"}))[0] == 200
    assert (await http("PUT", path, [*slash, {"name": "c100", "description": "d"}]))[0] == 400
    one = next(command for command in made if command["name"] == "c1")
    status, error = await http("PATCH", f"{path}/{one['id']}", {"name": "c2"})
    assert (status, error["code"]) == (400, 50035)
    assert len((await http("GET", path))[1]) == 130
    strange = {"name": "c1", "description": "d", "default_member_permissions": str(1 << 54)}
    assert (await http("POST", path, strange))[0] == 400


@pytest.mark.asyncio
async def test_choices_are_of_the_type_of_their_option(lab, http):
    """An autocomplete answer for a number with a text among its values is refused, and can be given again."""
    await lab.bot()
    option = {"type": 4, "name": "n", "description": "n", "autocomplete": True}
    command = {"name": "roll", "description": "r", "options": [option]}
    await http("PUT", f"{API}/applications/{lab.world.application_id}/commands", [command])
    used = await lab.simulator.autocomplete("roll", {"n": "1"}, focused="n", user="bob")
    path = f"{API}/interactions/{used.id}/{used.token}/callback"
    for value, expected in (("one", 400), (1.5, 400), (1, 204)):
        answer = {"type": 8, "data": {"choices": [{"name": "One", "value": value}]}}
        assert (await http("POST", path, answer))[0] == expected
    assert used.choices == [{"name": "One", "value": 1}]


@pytest.mark.asyncio
async def test_a_file_beyond_the_limit(lab):
    """A guild without boosts takes files of 10 MiB each: more is 413, 40005."""
    bot = await lab.bot()
    at_most = 10 * 1024 * 1024
    await lab.channel(bot).send(file=discord.File(io.BytesIO(bytes(at_most)), "a.bin"))
    with pytest.raises(discord.HTTPException) as refused:
        await lab.channel(bot).send(file=discord.File(io.BytesIO(bytes(at_most + 1)), "a.bin"))
    assert (refused.value.status, refused.value.code) == (413, 40005)


@pytest.mark.asyncio
async def test_posts_of_webhooks_are_for_forums(lab, http):
    """thread_name elsewhere is 220003, and with a thread_id it is 220002."""
    path = f"{API}/channels/{lab.world.channel_id}/webhooks"
    _, hook = await http("POST", path, {"name": "Herald"})
    there = f"{API}/webhooks/{hook['id']}/{hook['token']}"
    status, error = await http("POST", there, {"content": "x", "thread_name": "post"})
    assert (status, error["code"]) == (400, 220003)
    status, error = await http("POST", f"{there}?thread_id=5", {"content": "x", "thread_name": "post"})
    assert (status, error["code"]) == (400, 220002)
    assert lab.world.messages() == []


@pytest.mark.parametrize(
    ("text", "pinged"),
    [
        ("`<@{bob}>`", 0),
        ("```\n<@{bob}> @everyone\n```", 0),
        ("``a ` <@{bob}>``", 0),
        ("`a` <@{bob}> `b`", 1),
    ],
)
def test_code_pings_nobody(text, pinged):
    """What stands in code is shown as it was written, and mentions nobody."""
    world = World()
    content = text.format(bob=world.find_user("bob")["id"])
    sent = messages.create(world, world.channel_id, {"content": content}, {}, author=world.bot_user)
    assert (len(sent["mentions"]), sent["mention_everyone"]) == (pinged, False)


@pytest.mark.asyncio
async def test_everyone_is_the_lowest_role_for_ever(lab, http):
    """@everyone is neither moved, 50028, nor renamed; icons of roles are not served, and nobody is told they are."""
    guild = lab.world.guild["id"]
    roles = f"{API}/guilds/{guild}/roles"
    lab.world.role("Mods")
    status, error = await http("PATCH", roles, [{"id": guild, "position": 1}])
    assert (status, error["code"]) == (400, 50028)
    assert (await http("PATCH", roles, [{"id": guild, "position": 0}]))[0] == 200
    assert (await http("PATCH", f"{roles}/{guild}", {"name": "all"}))[1]["name"] == "@everyone"
    assert (await http("POST", roles, {"name": "x", "unicode_emoji": "x"}))[0] == 501
    lab.world.take_role("viewkit", "viewkit")
    lab.world.role("@everyone", permissions=["manage_roles"])
    mods = lab.world.find_role("Mods")["id"]
    status, error = await http("PATCH", roles, [{"id": mods, "position": 2}])
    assert (status, error["code"]) == (403, 50013)


@pytest.mark.asyncio
async def test_where_no_messages_are(lab, http):
    """A category and a forum have no messages of their own: listing and typing there is 50024."""
    for kind in ("category", "forum"):
        place = f"{API}/channels/{lab.world.channel(kind, type=kind)['id']}"
        for method, path in (("GET", "messages"), ("POST", "typing")):
            status, error = await http(method, f"{place}/{path}")
            assert (status, error["code"]) == (400, 50024)


@pytest.mark.asyncio
async def test_who_leaves_leaves_everything(lab):
    """Who leaves the guild is in none of its threads any more, and writes the bot no direct messages."""
    bot = await lab.bot()
    thread = await lab.simulator.start_thread("talk", user="bob", content="hello")
    await lab.simulator.say("hi", user="bob", to="viewkit")
    told = []

    async def on_raw_thread_member_remove(event):
        told.append(event.thread_id)

    bot.add_listener(on_raw_thread_member_remove)
    lab.world.leave("bob")
    assert lab.world.find_user("bob")["id"] not in lab.world.thread_members[thread["id"]]
    assert lab.world.channels[thread["id"]]["member_count"] == len(lab.world.thread_members[thread["id"]])
    await lab.until(lambda: told)
    with pytest.raises(ClickError, match="shares no guild"):
        await lab.simulator.say("still there?", user="bob", to="viewkit")
