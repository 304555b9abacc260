"""The guides of bound and unbound persistent views, sentence by sentence, with their view on discord.py."""

from __future__ import annotations

import discord
import pytest
import pytest_asyncio
from discord import ui

from kit import ViewClient, setup_persistence
from kit.persistence import SQLiteBackend
from tests.guide.plan import DATABASE, nothing, on_disk


@ViewClient.persistent
class Persistence(ui.View):
    """The view of the guides."""

    def __init__(self):
        super().__init__(timeout=None)
        self.answered = 0

    @ui.button(label="Button 1", custom_id="my_unique_custom_id_1")
    async def button_one(self, interaction: discord.Interaction, button: ui.Button):
        self.answered += 1
        await interaction.response.send_message("You pressed button 1.", ephemeral=True)

    @ui.button(label="Button 2", custom_id="my_unique_custom_id_2")
    async def button_two(self, interaction: discord.Interaction, button: ui.Button):
        self.answered += 1
        await interaction.response.send_message("You pressed button 2.", ephemeral=True)


class Guide:
    """The bot of the guides: at its start it does `startup`, and for who mentions it `mentioned`."""

    def __init__(self, plan):
        self.startup = nothing
        self.sent = []
        self.views = []
        plan.setup = self.set_up
        self.plan = plan

    async def set_up(self, bot):
        self.client = ViewClient(bot)
        await self.startup(bot)
        bot.add_listener(self.buttons, "on_message")

    async def buttons(self, message):
        if message.author.bot or self.client.bot.user not in message.mentions:
            return
        view = Persistence()
        self.views.append(view)
        self.sent.append(await message.channel.send("This is a persistent view!", view=view))
        await self.mentioned(view, self.sent[-1])

    async def mentioned(self, view, message):
        """You do not need to start unbound persistent views."""

    async def start_unbound(self, bot):
        self.unbound = Persistence()
        self.client.start_view(self.unbound, bind_to=None)

    async def begin(self):
        self.lab = await self.plan.start()
        self.lab.discord.deadline = 0.5

    async def mention(self):
        await self.lab.say(f"<@{self.lab.bot.user.id}> buttons, please")
        return self.sent[-1]

    async def press(self, number, message):
        """What everybody who answered has said; None if nobody did."""
        outcome = await self.lab.click(f"my_unique_custom_id_{number}", message=message)
        assert outcome.errors == []
        return None if outcome.failure else [answer.text for answer in outcome.ephemeral]


@pytest_asyncio.fixture
async def guide(plan):
    made = Guide(plan)
    yield made
    made.client.clear()


@pytest.mark.asyncio
async def test_after_an_application_restart_your_views_will_no_longer_work(guide):
    """Even if the timeout did not expire: a view that was only sent answers until the bot ends."""
    await guide.begin()
    message = await guide.mention()
    assert await guide.press(1, message) == ["You pressed button 1."]
    await guide.lab.restart()
    assert await guide.press(1, message) is None


@pytest.mark.asyncio
async def test_two_conditions_need_to_be_met(guide):
    """The view must have a timeout of None, and all its items a custom_id; else it can't be unbound, or kept."""
    await guide.begin()
    timed, nameless = Persistence(), Persistence()
    timed.timeout = 30
    nameless.add_item(ui.Button(label="Button 3"))
    for view, text in (
        (timed, r"a timeout of 30 s"),
        (nameless, r"the button 'Button 3' .* has no custom_id"),
    ):
        with pytest.raises(ValueError, match=text):
            guide.client.start_view(view, bind_to=None)
        with pytest.raises(ValueError, match=text):
            await guide.client.keep_view(view, bind_to=5)
    assert guide.client.unbound_views == []


@pytest.mark.parametrize("crash", [False, True], ids=["closed", "crashed"])
@pytest.mark.asyncio
async def test_try_restarting_the_bot_your_buttons_should_keep_working(guide, crash):
    """The unbound code of the guides: started at each startup, sent when the bot is mentioned."""
    guide.startup = guide.start_unbound
    await guide.begin()
    messages = [await guide.mention(), await guide.mention()]
    for _ in range(3):
        for message in messages:
            assert await guide.press(1, message) == ["You pressed button 1."]
            assert await guide.press(2, message) == ["You pressed button 2."]
        await guide.lab.restart(crash=crash)
        messages.append(await guide.mention())


@pytest.mark.asyncio
async def test_a_single_view_instance_handles_all_interactions_for_all_messages(guide):
    """Those that were sent need not be started, and answer nothing themselves."""
    guide.startup = guide.start_unbound
    await guide.begin()
    for message in [await guide.mention() for _ in range(3)]:
        await guide.press(1, message)
    assert guide.unbound.answered == 3
    assert [view.answered for view in guide.views] == [0, 0, 0]


@pytest.mark.parametrize("bind_to", [{"bind_to": None}, {}], ids=["unbound", "left out"])
@pytest.mark.asyncio
async def test_unbound_persistent_views_should_not_be_started_after_sending(guide, bind_to):
    """It is refused with the reason, so nobody ends up with duplicate responses, or with dead older panels."""
    guide.startup = guide.start_unbound
    refused = []

    async def mentioned(view, message):
        try:
            guide.client.start_view(view, **bind_to)
        except ValueError as error:
            refused.append(str(error))

    guide.mentioned = mentioned
    await guide.begin()
    messages = [await guide.mention(), await guide.mention()]
    assert ["answers 'my_unique_custom_id_1' on every message" in text for text in refused] == [True, True]
    for message in messages:
        assert await guide.press(1, message) == ["You pressed button 1."]


@pytest.mark.asyncio
async def test_you_cannot_edit_an_unbound_view_during_runtime(guide):
    """As unbound views have no concept of what message they are attached to, this says so."""
    guide.startup = guide.start_unbound
    await guide.begin()
    message = await guide.mention()
    guide.unbound.add_item(ui.Button(label="Button 3", custom_id="my_unique_custom_id_3"))
    with pytest.raises(RuntimeError, match="can't be edited at run time"):
        await message.edit(view=guide.unbound)
    assert await guide.press(1, await guide.mention()) == ["You pressed button 1."]


@pytest.mark.asyncio
async def test_view_message_will_be_none_for_unbound_persistent_views(guide):
    """Before and after an interaction, in the callback, too."""
    seen = []

    class Looking(Persistence):
        async def interaction_check(self, interaction):
            seen.append(self.message)
            return True

    await guide.begin()
    unbound = Looking()
    guide.client.start_view(unbound, bind_to=None)
    message = await guide.lab.bot.get_channel(int(guide.lab.discord.world.channel_id)).send(view=Looking())
    assert await guide.press(1, message) == ["You pressed button 1."]
    assert (unbound.message, seen) == (None, [None])


@pytest.mark.parametrize("crash", [False, True], ids=["closed", "crashed"])
@pytest.mark.asyncio
async def test_a_bound_view_accepts_interactions_from_its_message_only(guide, crash):
    """The bound code of the guides: the id from a database at startup, and a start for every message."""
    database = []

    async def startup(bot):
        for message_id in database:
            guide.client.start_view(Persistence(), bind_to=message_id)

    async def mentioned(view, message):
        guide.client.start_view(view, bind_to=message)
        database.append(message.id)

    guide.startup, guide.mentioned = startup, mentioned
    await guide.begin()
    messages = [await guide.mention() for _ in range(2)]
    await guide.press(1, messages[1])
    assert [view.answered for view in guide.views] == [0, 1]
    stray = await messages[0].channel.send(view=Persistence())
    await guide.lab.restart(crash=crash)
    for message in messages:
        assert await guide.press(1, message) == ["You pressed button 1."]
        assert guide.client.get_bound_view(message).message.id == message.id
    assert await guide.press(1, stray) is None


@pytest.mark.asyncio
async def test_left_empty_the_view_binds_to_the_first_message_it_receives_an_interaction_from(guide):
    """`bind_to` left out, in the life in which the message was sent and in the next."""

    async def mentioned(view, message):
        guide.client.start_view(view)

    guide.mentioned = mentioned
    await guide.begin()
    message, other = await guide.mention(), await guide.mention()
    assert await guide.press(1, message) == ["You pressed button 1."]
    assert guide.client.get_bound_view(message) is guide.views[0]
    await guide.lab.restart()
    view = Persistence()
    guide.client.start_view(view)
    assert await guide.press(2, other) == ["You pressed button 2."]
    assert view.message == other
    assert await guide.press(2, message) is None


@pytest.mark.asyncio
async def test_a_bound_view_may_be_edited_during_runtime(guide):
    """Its buttons change with the message, which is its own alone."""

    async def mentioned(view, message):
        guide.client.start_view(view, bind_to=message)

    guide.mentioned = mentioned
    await guide.begin()
    message, other = await guide.mention(), await guide.mention()
    view = guide.client.get_bound_view(message)
    view.remove_item(view.button_one)
    view.button_two.custom_id = "my_unique_custom_id_3"
    await view.message.edit(view=view)
    assert await guide.press(3, message) == ["You pressed button 2."]
    assert await guide.press(1, other) == ["You pressed button 1."]


@pytest.mark.parametrize("crash", [False, True], ids=["closed", "crashed"])
@pytest.mark.asyncio
async def test_some_form_of_database_stores_your_custom_ids_and_message_ids(guide, crash):
    """`keep_view` and `setup_persistence` are that database; nothing is asked of Discord to start them again."""

    async def startup(bot):
        await setup_persistence(bot, backend=SQLiteBackend(DATABASE), verify=None)

    async def mentioned(view, message):
        await guide.client.keep_view(view, bind_to=message)

    guide.startup, guide.mentioned = startup, mentioned
    await guide.begin()
    bound = await guide.mention()
    guide.mentioned = Guide.mentioned.__get__(guide)
    await guide.client.keep_view(Persistence(), bind_to=None)
    unbound = await guide.mention()
    for _ in range(2):
        await guide.lab.restart(crash=crash)
        assert [request for request in guide.plan.requests if "/messages" in request] == []
        for message in (bound, unbound):
            assert await guide.press(1, message) == ["You pressed button 1."]
        assert guide.client.get_bound_view(bound).answered == 1
    assert sorted((await on_disk())["persistent_views"]) == [f"bound:{bound.id}", "unbound:Persistence"]
