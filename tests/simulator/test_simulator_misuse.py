"""What somebody gets who calls the simulator wrongly: an error that says so, and nothing has changed."""

from __future__ import annotations

import json

import discord
import pytest

from kit.simulator import ClickError, World
from kit.simulator.world.file import dump_world

ROW = {"type": 1, "components": [{"type": 2, "style": 1, "label": "Press", "custom_id": "press"}]}
MANY = {"type": 3, "custom_id": "many", "options": [{"label": "a", "value": "a"}]}

WORLD_MISTAKES = {
    "a role of everyone deleted": (lambda w: w.delete_role("@everyone"), "stays"),
    "a bot's own role deleted": (lambda w: w.delete_role("viewkit"), "stays"),
    "a colour by name": (lambda w: w.role("r", color="red"), "0xFFFFFF"),
    "a negative colour": (lambda w: w.role("r", color=-1), "0xFFFFFF"),
    "negative permissions": (lambda w: w.role("r", permissions=-1), "0 or more"),
    "half a permission": (lambda w: w.role("r", permissions=1.5), "list of names"),
    "a role without a name": (lambda w: w.role(""), "1 to 100"),
    "a channel without a name": (lambda w: w.channel(""), "1 to 100"),
    "no channel at all": (lambda w: w.channel(None), "1 to 100"),
    "an overwrite in words": (
        lambda w: w.channel("general", overwrites={"bob": {"view_channel": "yes"}}),
        "use a dict",
    ),
    "an overwrite of everything": (lambda w: w.channel("general", overwrites={"bob": True}), "use a dict"),
    "a list of overwrites": (lambda w: w.channel("general", overwrites=["bob"]), "by role or user"),
    "everyone's role given": (lambda w: w.user("bob", roles=["@everyone"]), "@everyone"),
    "everyone's role given once more": (lambda w: w.give_role("bob", "@everyone"), "@everyone"),
    "a person called as the bot": (lambda w: w.user("viewkit"), "is a bot"),
    "a bot called as a person": (lambda w: w.add_bot("bob"), "is a person"),
    "a bot without a name": (lambda w: w.add_bot(""), "1 to 32"),
    "a long nick": (lambda w: w.user("bob", nick="x" * 33), "1 to 32"),
    "an emoji with a space": (lambda w: w.emoji("p a"), "letters, digits"),
    "an emoji without a name": (lambda w: w.emoji(None), "letters, digits"),
    "an image that is text": (lambda w: w.emoji("party", image="png"), "bytes"),
    "a time-out that is no number": (lambda w: w.time_out("bob", float("nan")), "28 days"),
    "a time-out without end": (lambda w: w.time_out("bob", float("inf")), "28 days"),
    "a time-out in words": (lambda w: w.time_out("bob", "5"), "28 days"),
    "bots that write each other": (lambda w: w.dm("viewkit"), "is a bot"),
    "a clock stepped by nothing": (lambda w: w.clock.advance(float("nan")), "number of seconds"),
    "a clock stepped by a word": (lambda w: w.clock.advance("1"), "number of seconds"),
}


@pytest.mark.parametrize("mistake", WORLD_MISTAKES)
def test_a_mistake_with_the_world_changes_nothing(mistake):
    """What can't be on Discord is refused with the reason, before anything is done."""
    world = World()
    call, words = WORLD_MISTAKES[mistake]
    before = json.loads(dump_world(world))
    with pytest.raises((ValueError, LookupError), match=words):
        call(world)
    after = json.loads(dump_world(world))
    assert {**after, "last_id": 0} == {**before, "last_id": 0}
    assert world.permissions("bob") > 0
    assert world.clock.time() < float("inf")


PEOPLE_MISTAKES = {
    "a file that is text": lambda s, m: s.say("x", user="bob", files=[("a.txt", "text")]),
    "a file without a name": lambda s, m: s.say("x", user="bob", files=["a.txt"]),
    "text that is a number": lambda s, m: s.say(5, user="bob"),
    "nobody": lambda s, m: s.say("x", user=None),
    "a bot by number": lambda s, m: s.say("x", user="bob", to=5),
    "a reply to nothing": lambda s, m: s.say("x", user="bob", reply_to={}),
    "a click on nothing": lambda s, m: s.click("press", message=None, user="bob"),
    "a click on anything": lambda s, m: s.click("press", message=object(), user="bob"),
    "a click on a list": lambda s, m: s.click(["press"], message=m, user="bob"),
    "no choice": lambda s, m: s.choose("many", None, message=m, user="bob"),
    "a choice of a number": lambda s, m: s.choose("many", 1, message=m, user="bob"),
    "no modal": lambda s, m: s.submit(None, {}, user="bob"),
    "no command": lambda s, m: s.slash(None, user="bob"),
    "options in a list": lambda s, m: s.slash("buy", ["x"], user="bob"),
    "a command of a bot that is none": lambda s, m: s.slash("buy", user="bob", bot=7),
    "a command's file that is text": lambda s, m: s.slash("buy", {"file": ("a.txt", "text")}, user="bob"),
    "a file, then a mistake": lambda s, m: s.slash("buy", {"file": ("a", b"x"), "n": "one"}, user="bob"),
    "no emoji": lambda s, m: s.react(m, None, user="bob"),
    "a thread without a name": lambda s, m: s.start_thread(None, user="bob"),
    "a menu on nothing": lambda s, m: s.context_menu("Report", target=None, user="bob"),
}


@pytest.mark.parametrize("mistake", PEOPLE_MISTAKES)
@pytest.mark.asyncio
async def test_a_mistake_of_a_person_changes_nothing(lab, http, mistake):
    """Whatever a test hands in for a message, a file or a name: a ClickError, and no half of it is done."""
    app = lab.world.application_id
    options = [
        {"type": 11, "name": "file", "description": "f"},
        {"type": 4, "name": "n", "description": "n"},
    ]
    command = {"name": "buy", "description": "b", "options": options}
    await http("PUT", f"/api/v10/applications/{app}/commands", [command])
    panel = {"content": "p", "components": [ROW, {"type": 1, "components": [MANY]}]}
    _, message = await http("POST", f"/api/v10/channels/{lab.world.channel_id}/messages", panel)
    before = json.loads(dump_world(lab.world))
    with pytest.raises(ClickError):
        await PEOPLE_MISTAKES[mistake](lab.simulator, message)
    assert {**json.loads(dump_world(lab.world)), "last_id": 0} == {**before, "last_id": 0}


@pytest.mark.asyncio
async def test_an_ephemeral_message_is_nobody_elses(lab):
    """It takes no reaction, no reply, no pin and no thread, by which others and the bot would see it."""
    bot = await lab.bot()

    class Panel(discord.ui.View):
        @discord.ui.button(label="x", custom_id="x")
        async def x(self, interaction, button):
            await interaction.response.send_message("secret", ephemeral=True)

    panel = await lab.channel(bot).send(view=Panel(timeout=None))
    used = await lab.simulator.click("x", message=panel.id, user="bob")
    secret = (await used.answered()).effects[0][1]
    told = []
    lab.world.observe(lambda event, data: told.append(event))
    for act in (
        lambda: lab.simulator.react(secret, "👍", user="bob"),
        lambda: lab.simulator.say("look", user="bob", reply_to=secret),
        lambda: lab.simulator.pin(secret, user="alice"),
        lambda: lab.simulator.pin(secret, user="bob"),
        lambda: lab.simulator.start_thread("talk", user="bob", message=secret),
    ):
        with pytest.raises(ClickError, match="ephemeral"):
            await act()
    assert told == []
    await lab.simulator.delete(secret, user="bob")
    assert told == ["MESSAGE_DELETE"]


@pytest.mark.asyncio
async def test_commands_in_direct_messages_are_those_of_the_bot_there(lab, http):
    """Two bots have a command of one name: in a direct message the one that is written to gets it."""
    other = lab.world.add_bot("other")
    for owner in (lab.world.bot, other):
        command = [{"name": "buy", "description": "b"}]
        await http("PUT", f"/api/v10/applications/{owner.id}/commands", command, token=owner.token)
    direct = lab.world.dm("bob", bot=other)
    used = await lab.simulator.slash("buy", user="bob", channel=direct["id"])
    assert used.bot is other
    assert (await lab.simulator.slash("buy", user="bob", bot="other")).bot is other
    with pytest.raises(ClickError, match="other only its own"):
        await lab.simulator.slash("buy", user="bob", channel=direct["id"], bot="viewkit")
