"""How long an interaction can be answered, who sees what it brings, and what comes of doing it twice."""

from __future__ import annotations

import asyncio

import discord
import pytest

from kit.simulator import ClickError, Simulator
from kit.simulator.world import messages
from tests.simulator.agreement import agree

TOKEN_SECONDS = 15 * 60


class Caught:
    """A bot with one button and one command, whose interactions a test answers itself."""

    def __init__(self, lab) -> None:
        self.lab = lab
        self.taken: asyncio.Queue[discord.Interaction] = asyncio.Queue()

    async def start(self) -> Caught:
        self.bot = self.lab.make_bot()

        @self.bot.tree.command()
        async def go(interaction) -> None:
            """Goes."""
            self.taken.put_nowait(interaction)

        await self.lab.bot(self.bot)
        await self.bot.tree.sync()
        view = discord.ui.View(timeout=None)
        button = discord.ui.Button(label="Go", custom_id="go")

        async def pressed(interaction) -> None:
            self.taken.put_nowait(interaction)

        button.callback = pressed
        view.add_item(button)
        self.message = await self.lab.channel(self.bot).send("panel", view=view)
        return self

    async def click(self, message=None):
        """What the person did, and the bot's side of it."""
        used = await self.lab.simulator.click("go", message=message or self.message.id, user="bob")
        return used, await self.taken.get()

    async def slash(self, **options):
        used = await self.lab.simulator.slash("go", user="bob", **options)
        return used, await self.taken.get()


async def refusal(action) -> int:
    with pytest.raises(discord.HTTPException) as caught:
        await action
    return caught.value.code


@pytest.mark.asyncio
async def test_an_ephemeral_message_is_for_one_person(lab):
    """Only who clicked sees it; the bot reaches it by its token alone, and its buttons work for them."""
    caught = await Caught(lab).start()
    _, interaction = await caught.click()
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Again", custom_id="again"))
    await interaction.response.send_message("psst", ephemeral=True, view=view)
    message = await interaction.original_response()
    assert message.flags.ephemeral
    assert [m["content"] for m in lab.world.messages(viewer="bob")] == ["panel", "psst"]
    assert [m["content"] for m in lab.world.messages(viewer="alice")] == ["panel"]
    assert [m.content async for m in caught.message.channel.history()] == ["panel"]
    assert await refusal(caught.message.channel.fetch_message(message.id)) == 10008
    with pytest.raises(ClickError, match="ephemeral and only bob sees it, not alice"):
        await lab.simulator.click("again", message=message.id, user="alice")
    used = await lab.simulator.click("again", message=message.id, user="bob")
    assert used.payload["message"]["flags"] & 64
    await interaction.edit_original_response(content="changed", view=None)
    assert lab.world.messages(viewer="bob")[-1]["content"] == "changed"
    await lab.simulator.delete(message.id, user="bob")
    assert await refusal(interaction.edit_original_response(content="x")) == 10008
    await agree(lab, caught.bot)


@pytest.mark.asyncio
async def test_a_deferred_answer_stays_what_it_was_deferred_as(lab):
    """The first follow-up fills a deferred answer in, and is ephemeral exactly if that was; the next are new."""
    caught = await Caught(lab).start()
    for ephemeral in (True, False):
        _, interaction = await caught.slash()
        await interaction.response.defer(ephemeral=ephemeral, thinking=True)
        shown = lab.world.messages(viewer="bob")[-1]
        assert (shown["content"], shown["flags"] & 128) == ("", 128)
        first = await interaction.followup.send("done", ephemeral=not ephemeral, wait=True)
        assert (str(first.id), first.flags.ephemeral, first.edited_at) == (shown["id"], ephemeral, None)
        assert (await interaction.original_response()).content == "done"
        second = await interaction.followup.send("more", ephemeral=not ephemeral, wait=True)
        assert second.flags.ephemeral is not ephemeral
        await second.edit(content="even more")
        await second.delete()
        await interaction.delete_original_response()
        assert lab.world.messages(viewer="bob")[-1]["content"] == "panel"
        assert await refusal(interaction.edit_original_response(content="x")) == 10008


@pytest.mark.asyncio
async def test_a_deferred_edit(lab):
    """A click that is deferred without "thinking" edits the panel, and its original answer is the panel."""
    caught = await Caught(lab).start()
    _, interaction = await caught.click()
    await interaction.response.defer()
    assert (await interaction.original_response()).id == caught.message.id
    await interaction.edit_original_response(content="edited")
    follow = await interaction.followup.send("and this", wait=True)
    assert [m["content"] for m in lab.world.messages()] == ["edited", "and this"]
    assert follow.reference.message_id == caught.message.id
    await agree(lab, caught.bot)


@pytest.mark.asyncio
async def test_a_token_lasts_for_fifteen_minutes(lab):
    """By the world's clock: until then a bot can follow up, then it gets 10015."""
    caught = await Caught(lab).start()
    _, interaction = await caught.click()
    await interaction.response.send_message("hi")
    lab.world.clock.advance(TOKEN_SECONDS - 1)
    await interaction.followup.send("in time")
    lab.world.clock.advance(2)
    for action in (
        interaction.followup.send("late"),
        interaction.edit_original_response(content="late"),
        interaction.delete_original_response(),
    ):
        assert await refusal(action) == 10015
    assert [m["content"] for m in lab.world.messages()] == ["panel", "hi", "in time"]


@pytest.mark.asyncio
async def test_the_first_answer_takes_three_seconds(lab):
    """An answer that comes later gets 10062, a second one 40060, and an empty one 50006."""
    caught = await Caught(lab).start()
    used, interaction = await caught.click()
    lab.world.clock.advance(3)
    assert (await used.answered()).failure == "no answer within 3 s"
    assert await refusal(interaction.response.send_message("late")) == 10062
    used, interaction = await caught.click()
    assert await refusal(interaction.response.send_message("")) == 50006
    assert used.status == "pending"
    await interaction.response.send_message("first")
    interaction.response._response_type = None
    assert await refusal(interaction.response.send_message("second")) == 40060
    assert [m["content"] for m in lab.world.messages()] == ["panel", "first"]
    assert await refusal(interaction.followup.send("")) == 50006


@pytest.mark.asyncio
async def test_an_interaction_in_a_thread_and_in_direct_messages(lab):
    """An answer lands where it was asked: in the thread, in the direct messages, ephemeral or not."""
    caught = await Caught(lab).start()
    thread = await lab.simulator.start_thread("Talk", user="bob", content="hi")
    direct = lab.world.dm("bob")
    for place, context in ((thread["id"], 0), (direct["id"], 1)):
        used, interaction = await caught.slash(channel=place)
        assert used.payload["context"] == context
        await interaction.response.send_message("shown")
        await interaction.followup.send("hidden", ephemeral=True)
        assert [m["content"] for m in lab.world.messages(place)][-1] == "shown"
        assert [m["content"] for m in lab.world.messages(place, viewer="bob")][-1] == "hidden"
        message = await interaction.original_response()
        await message.edit(content="edited")
        assert lab.world.messages(place)[-1]["content"] == "edited"
    assert isinstance(interaction.user, discord.User)
    await agree(lab, caught.bot)


@pytest.mark.asyncio
async def test_what_an_answer_meets_when_things_are_gone(lab):
    """A panel, then a channel, that is deleted before the answer: the bot is told which is unknown."""
    caught = await Caught(lab).start()
    _, interaction = await caught.click()
    lab.world.delete_message(caught.message.id)
    assert await refusal(interaction.response.edit_message(content="x")) == 10008
    await interaction.response.send_message("still an answer")
    other = lab.world.channel("other")["id"]
    used, interaction = await caught.slash(channel=other)
    lab.world.delete_channel("other")
    assert await refusal(interaction.response.send_message("x")) == 10003
    assert used.status == "pending"


@pytest.mark.asyncio
async def test_what_is_closed_stays_closed():
    """A simulator that ends during an outage opens no port again, and a click on it fails at once."""
    simulator = await Simulator.start()
    row = {"type": 1, "components": [{"type": 2, "style": 1, "label": "x", "custom_id": "x"}]}
    world = simulator.world
    panel = messages.create(world, world.channel_id, {"components": [row]}, {}, author=world.bot_user)
    async with simulator.offline():
        await simulator.close()
    with pytest.raises(ConnectionError):
        await asyncio.open_connection("127.0.0.1", simulator.port)
    with pytest.raises(RuntimeError, match=r"Simulator\.start\(world\)"):
        await simulator.go_online()
    used = await simulator.click("x", message=panel, user="bob")
    assert (used.status, used.failure) == ("failed", "the simulator was closed")
    again = await Simulator.start(world)
    assert again.world.messages() == [panel]
    await again.close()
