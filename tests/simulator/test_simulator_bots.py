"""Several bots in one world, and a clock that is stepped forward."""

from __future__ import annotations

import json

import discord
import pytest
from discord import ui

from kit.simulator import ClickError, Simulator, World
from kit.simulator.clock import Clock


class Greeter(ui.View):
    def __init__(self, name):
        super().__init__(timeout=None)
        self.name = name

    @ui.button(label="Hi", custom_id="hi")
    async def hi(self, interaction, button):
        await interaction.response.send_message(f"{self.name} answers", ephemeral=True)


async def two(lab):
    other = lab.world.add_bot("helper", permissions=0)
    return await lab.bot(), await lab.bot(token=other.token)


@pytest.mark.asyncio
async def test_each_bot_answers_its_own_buttons(lab):
    """Two bots post the same view: a click goes to the one whose message it is, and to no other."""
    first, second = await two(lab)
    for bot in (first, second):
        message = await lab.channel(bot).send(view=Greeter(bot.user.name))
        clicked = await (await lab.simulator.click("hi", message=message.id, user="bob")).answered()
        ((_, answer),) = clicked.effects
        assert answer["content"] == f"{bot.user.name} answers"
        assert answer["author"]["id"] == str(bot.user.id)


@pytest.mark.asyncio
async def test_a_bot_can_neither_edit_nor_read_what_is_anothers(lab):
    """What one bot wrote or was told in private, the other can't change or read."""
    first, second = await two(lab)
    message = await lab.channel(first).send("mine")
    with pytest.raises(discord.Forbidden) as refused:
        await lab.channel(second).get_partial_message(message.id).edit(content="yours")
    assert refused.value.code == 50005
    direct = await first.get_user(int(lab.world.user("bob")["id"])).create_dm()
    with pytest.raises(discord.Forbidden) as refused:
        await second.fetch_channel(direct.id)
    assert refused.value.code == 50001
    own = await second.get_user(int(lab.world.user("bob")["id"])).create_dm()
    assert own.id != direct.id


@pytest.mark.asyncio
async def test_a_bot_may_what_its_own_role_grants(lab):
    """The first bot is an administrator, the second is not: only the second is refused."""
    first, second = await two(lab)
    await lab.channel(first).edit(topic="a")
    with pytest.raises(discord.Forbidden) as refused:
        await lab.channel(second).edit(topic="b")
    assert refused.value.code == 50013


@pytest.mark.asyncio
async def test_each_bot_has_its_own_commands(lab):
    """Two bots register one name: each keeps its own, and a person chooses whose they use."""
    for token in (lab.world.token, lab.world.add_bot("helper").token):
        bot = lab.make_bot()

        @bot.tree.command(name="who", description="Who answers")
        async def who(interaction: discord.Interaction):
            await interaction.response.send_message(interaction.client.user.name)

        await lab.bot(bot, token=token)
        await bot.tree.sync()
    helper = lab.world.bot_named("helper")
    for options, name in (({}, "viewkit"), ({"bot": helper}, "helper")):
        used = await (await lab.simulator.slash("who", user="bob", **options)).answered()
        assert used.effects[0][1]["content"] == name
    with pytest.raises(ClickError, match="There is no slash command /what"):
        await lab.simulator.slash("what", user="bob", bot=helper)


def test_two_bots_of_one_name_are_refused():
    """The error names the bot that is there."""
    with pytest.raises(ValueError, match="There is a bot 'viewkit'"):
        World().add_bot("viewkit")
    with pytest.raises(LookupError, match="Known: viewkit"):
        World().bot_named("other")


def test_bots_are_saved_with_the_world(tmp_path):
    """Each bot keeps its token, its role and its direct messages."""
    world = World()
    helper = world.add_bot("helper", permissions=8)
    channel = world.dm(world.user("bob")["id"], bot=helper)
    world.save(tmp_path / "world.json")
    again = World.load(tmp_path / "world.json")
    assert again.bots == world.bots
    assert again.dm(world.user("bob")["id"], bot=again.bot_named("helper")) == channel
    assert again.role_of(again.bot_named("helper"))["permissions"] == "8"


def test_a_world_of_the_format_before_is_read(tmp_path):
    """Format 1 had one bot; its token still logs in."""
    world = World()
    direct = world.dm(world.user("bob")["id"])
    path = tmp_path / "world.json"
    world.save(path)
    data = json.loads(path.read_text())
    (bot,) = data.pop("bots")
    del data["dm_bots"]
    old = {"viewkit_world": 1, "token": bot["token"], "bot_user": bot["user"], "commands": {"global": []}}
    path.write_text(json.dumps({**data, **old, "application": bot["application"]}))
    again = World.load(path)
    assert again.bot_of(world.token).user == world.bot_user
    assert again.dm(world.user("bob")["id"]) == direct


@pytest.mark.asyncio
async def test_a_stepped_clock_lets_the_deadline_pass():
    """A bot that says nothing fails an interaction after 3 seconds of the world's time."""
    simulator = await Simulator.start()
    try:
        bot = simulator.world.bot
        bob = simulator.world.user("bob")
        simulator.gateway.deliver = lambda *_: True
        waiting = simulator.interactions.open(3, {}, user=bob, bot=bot, channel_id=simulator.world.channel_id)
        simulator.world.clock.advance(2.9)
        assert waiting.status == "pending"
        simulator.world.clock.advance(0.2)
        assert waiting.status == "failed"
    finally:
        await simulator.close()


@pytest.mark.asyncio
async def test_timers_happen_in_order_and_once():
    """A step over several moments reaches them one after the other; a cancelled one is passed over."""
    clock, happened = Clock(), []
    for seconds in (30, 10, 20):
        clock.call_later(seconds, lambda seconds=seconds: happened.append(seconds))
    clock.call_later(15, lambda: happened.append("cancelled")).cancel()
    clock.advance(25)
    assert happened == [10, 20]
    clock.advance(25)
    assert happened == [10, 20, 30]
    with pytest.raises(ValueError, match="only goes forward"):
        clock.advance(-1)


@pytest.mark.asyncio
async def test_snowflakes_and_timestamps_follow_the_clock():
    """A message that is sent an hour later by the world's clock bears that hour."""
    world = World()
    before = int(world.snowflakes.next()) >> 22
    world.clock.advance(3600)
    assert 3_599_000 < (int(world.snowflakes.next()) >> 22) - before < 3_660_000
