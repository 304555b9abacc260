"""People click, choose and submit; real bots answer."""

from __future__ import annotations

import asyncio

import discord
import pytest
import pytest_asyncio

from kit.simulator import ClickError, Simulator


class Counter(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.count = 0

    @discord.ui.button(label="0", custom_id="count")
    async def press(self, interaction: discord.Interaction, button: discord.ui.Button) -> None:
        self.count += 1
        button.label = str(self.count)
        await interaction.response.edit_message(view=self)


class Answering(discord.ui.View):
    """One button whose callback is the test's."""

    def __init__(self, callback) -> None:
        super().__init__(timeout=None)
        button = discord.ui.Button(label="Press", custom_id="press")
        button.callback = callback
        self.add_item(button)


async def press(lab, callback, *, user="alice", wait=True):
    """Posts a button, clicks it, waits for the answer."""
    bot = next(iter(lab.bots), None) or await lab.bot()
    sent = await lab.channel(bot).send("panel", view=Answering(callback))
    interaction = await lab.simulator.click("press", message=sent.id, user=user)
    return await interaction.answered() if wait else interaction


@pytest.mark.asyncio
async def test_a_click_edits_the_message(lab):
    """Alice clicks a counter and its label goes up."""
    bot = await lab.bot()
    sent = await lab.channel(bot).send("panel", view=Counter())
    interaction = await lab.simulator.click("count", message=sent.id, user="alice")
    assert interaction.status == "pending"
    await interaction.answered()
    assert (interaction.status, interaction.callback_type) == ("answered", 7)
    message = lab.world.message(sent.id)
    assert message["components"][0]["components"][0]["label"] == "1"
    assert message["edited_timestamp"] is not None
    assert interaction.effects == [("edit", message)]
    by_label = await lab.simulator.click("1", message=str(sent.id), user="bob")
    assert (await by_label.answered()).custom_id == "count"


@pytest.mark.asyncio
async def test_an_ephemeral_answer_is_seen_by_one(lab):
    """Only the person who clicked sees an ephemeral reply, and only they can click in it."""

    async def callback(interaction):
        await interaction.response.send_message("secret", ephemeral=True, view=Counter())

    interaction = await press(lab, callback)
    kind, reply = interaction.effects[0]
    assert (kind, reply["flags"] & 64, interaction.callback_type) == ("create", 64, 4)
    assert [m["content"] for m in lab.world.messages()] == ["panel"]
    assert [m["content"] for m in lab.world.messages(viewer="bob")] == ["panel"]
    assert [m["content"] for m in lab.world.messages(viewer="alice")] == ["panel", "secret"]
    with pytest.raises(ClickError, match="only alice sees it"):
        await lab.simulator.click("count", message=reply["id"], user="bob")
    own = await lab.simulator.click("count", message=reply["id"], user="alice")
    assert (await own.answered()).status == "answered"
    bot = next(iter(lab.bots))
    with pytest.raises(discord.NotFound) as caught:
        await lab.channel(bot).fetch_message(int(reply["id"]))
    assert caught.value.code == 10008


@pytest.mark.asyncio
async def test_the_bot_sees_who_clicked_and_what_they_may_do(lab):
    """The member of an interaction has roles and permissions, alice those of the owner."""
    seen = []

    async def callback(interaction):
        seen.append(interaction)
        await interaction.response.defer()

    role = lab.world.add_role("Mod", color=0xFF0000)
    lab.world.add_user("carol", roles=[role["id"]])
    await press(lab, callback)
    await press(lab, callback, user="carol")
    alice, carol = seen
    assert alice.permissions.administrator
    assert not carol.permissions.administrator
    assert carol.user.get_role(int(role["id"])).name == "Mod"
    assert carol.app_permissions.administrator
    assert (carol.guild.name, carol.channel.name) == ("viewkit lab", "general")
    assert carol.message.author.id == int(lab.world.application_id)


@pytest.mark.asyncio
async def test_a_deferred_reply_loads_until_it_is_filled_in(lab):
    """defer(thinking=True) shows a loading message, and the follow-up takes its place."""
    seen = []

    async def callback(interaction):
        await interaction.response.defer(thinking=True, ephemeral=True)
        seen.append(lab.world.message((await interaction.original_response()).id))
        await interaction.followup.send("done")
        await interaction.followup.send("more")

    interaction = await press(lab, callback)
    await lab.until(lambda: len(interaction.effects) == 3)
    assert (seen[0]["content"], seen[0]["flags"]) == ("", 64 | 128)
    kinds = [(kind, message["content"], message["flags"]) for kind, message in interaction.effects]
    assert kinds == [("create", "", 192), ("edit", "done", 64), ("create", "more", 0)]
    assert interaction.effects[0][1]["id"] == interaction.effects[1][1]["id"]


@pytest.mark.asyncio
async def test_original_response_and_followups_can_be_edited_and_deleted(lab):
    """A bot edits and deletes what it answered, and each shows among the effects."""

    async def callback(interaction):
        response = await interaction.response.send_message("first")
        assert response.resource.content == "first"
        assert response.message_id == response.resource.id
        await interaction.edit_original_response(content="changed")
        follow = await interaction.followup.send("second", wait=True)
        await follow.edit(content="second, changed")
        assert (await interaction.followup.fetch_message(follow.id)).content == "second, changed"
        await follow.delete()
        await interaction.delete_original_response()

    interaction = await press(lab, callback)
    await lab.until(lambda: len(interaction.effects) == 6)
    assert [kind for kind, _ in interaction.effects] == [
        *("create", "edit", "create", "edit", "delete", "delete")
    ]
    assert len(lab.world.messages()) == 1


@pytest.mark.asyncio
async def test_a_second_answer_is_refused(lab):
    """Answering twice gives Discord's 40060, though discord.py's own guard is bypassed."""
    codes = []

    async def callback(interaction):
        await interaction.response.send_message("one")
        interaction.response._response_type = None
        try:
            await interaction.response.send_message("two")
        except discord.HTTPException as error:
            codes.append((error.status, error.code))

    await press(lab, callback)
    await lab.until(lambda: codes)
    assert codes == [(400, 40060)]


@pytest_asyncio.fixture
async def hasty(lab):
    """A harness whose simulator gives bots only 0.1 s."""
    await lab.simulator.close()
    lab.simulator = await Simulator.start(lab.world, deadline=0.1)
    yield lab
    for bot in tuple(lab.bots):
        await lab.stop(bot)
    await lab.simulator.close()


@pytest.mark.asyncio
async def test_an_answer_after_the_deadline_is_refused(hasty):
    """A bot that thinks too long fails the interaction, and its late answer gets 10062."""
    codes = []

    async def callback(interaction):
        await asyncio.sleep(0.2)
        try:
            await interaction.response.send_message("late")
        except discord.NotFound as error:
            codes.append(error.code)

    interaction = await press(hasty, callback)
    assert (interaction.status, interaction.failure) == ("failed", "no answer within 0.1 s")
    await hasty.until(lambda: codes)
    assert codes == [10062]


@pytest.mark.asyncio
async def test_a_click_without_a_bot_fails_at_once(lab):
    """While no bot is connected, a click says so instead of hanging for three seconds."""
    bot = await lab.bot()
    sent = await lab.channel(bot).send("panel", view=Counter())
    await lab.stop(bot)
    interaction = await lab.simulator.click("count", message=sent.id, user="alice")
    assert (interaction.status, interaction.failure) == ("failed", "the bot is not connected")


class Choices(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.seen = []

    @discord.ui.select(
        custom_id="fruit",
        options=[discord.SelectOption(label=n.title(), value=n, emoji="🍎") for n in ("apple", "pear")],
        max_values=2,
    )
    async def fruit(self, interaction, select) -> None:
        self.seen.append(list(select.values))
        await interaction.response.defer()

    @discord.ui.select(cls=discord.ui.UserSelect, custom_id="who")
    async def who(self, interaction, select) -> None:
        self.seen.append([type(user) for user in select.values] + [user.name for user in select.values])
        await interaction.response.defer()

    @discord.ui.select(cls=discord.ui.RoleSelect, custom_id="role")
    async def role(self, interaction, select) -> None:
        self.seen.append([role.name for role in select.values])
        await interaction.response.defer()

    @discord.ui.select(cls=discord.ui.MentionableSelect, custom_id="either", max_values=2)
    async def either(self, interaction, select) -> None:
        self.seen.append(sorted(type(item).__name__ for item in select.values))
        await interaction.response.defer()

    @discord.ui.select(
        cls=discord.ui.ChannelSelect, custom_id="where", channel_types=[discord.ChannelType.voice]
    )
    async def where(self, interaction, select) -> None:
        self.seen.append([channel.name for channel in select.values])
        await interaction.response.defer()


@pytest.mark.asyncio
async def test_every_kind_of_select(lab):
    """Bob chooses options, users, roles, mentionables and channels, and the callbacks get objects."""
    role = lab.world.add_role("Mod")
    voice = lab.world.add_channel("Talk", type=2)
    bob = lab.world.user("bob")["id"]
    bot = await lab.bot()
    view = Choices()
    sent = await lab.channel(bot).send(view=view)
    for custom_id, values in (
        ("fruit", ["apple", "pear"]),
        ("who", [bob]),
        ("role", [role["id"]]),
        ("either", [bob, role["id"]]),
        ("where", [voice["id"]]),
    ):
        interaction = await lab.simulator.choose(custom_id, values, message=sent.id, user="bob")
        assert (await interaction.answered()).status == "answered"
    assert view.seen == [
        ["apple", "pear"],
        [discord.Member, "bob"],
        ["Mod"],
        ["Member", "Role"],
        ["Talk"],
    ]


@pytest.mark.asyncio
async def test_discord_client_would_not_let_them(lab):
    """Clicks that Discord's own client makes impossible are refused with the reason and the remedy."""
    bot = await lab.bot()
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Off", custom_id="off", disabled=True))
    view.add_item(discord.ui.Button(label="Site", url="https://example.com"))
    view.add_item(discord.ui.Button(label="Twin", custom_id="twin1"))
    view.add_item(discord.ui.Button(label="Twin", custom_id="twin2"))
    options = [discord.SelectOption(label=str(n), value=str(n)) for n in range(3)]
    view.add_item(discord.ui.Select(custom_id="pick", options=options, min_values=1, max_values=2))
    channels = discord.ui.ChannelSelect(custom_id="voice", channel_types=[discord.ChannelType.voice])
    view.add_item(channels)
    sent = await lab.channel(bot).send(view=view)
    simulator, at = lab.simulator, {"message": sent.id, "user": "alice"}
    for custom_id, words in (
        ("off", "disabled"),
        ("Site", "link to https://example.com"),
        ("Twin", "2 components are labelled 'Twin'"),
        ("nothing", r"There: 'off' \(Off\), 'twin1' \(Twin\)"),
        ("pick", "use choose"),
    ):
        with pytest.raises(ClickError, match=words):
            await simulator.click(custom_id, **at)
    for values, words in (
        (["9"], "no option '9'"),
        ([], "1 to 2 values"),
        (["0", "1", "2"], "1 to 2 values"),
        (["0", "0"], "twice"),
        ("0", "values is a list"),
    ):
        with pytest.raises(ClickError, match=words):
            await simulator.choose("pick", values, **at)
    with pytest.raises(ClickError, match="is not on offer"):
        await simulator.choose("voice", [lab.world.channel_id], **at)
    with pytest.raises(ClickError, match="not a select"):
        await simulator.choose("twin1", ["x"], **at)
    with pytest.raises(ClickError, match="Known: alice, bob"):
        await simulator.click("twin1", message=sent.id, user="mallory")
    await sent.delete()
    with pytest.raises(ClickError, match="It was deleted"):
        await simulator.click("twin1", **at)


@pytest.mark.asyncio
async def test_a_click_in_a_direct_message(lab):
    """A panel in someone's DMs works for them, without guild or member, and for nobody else."""
    bot = await lab.bot()
    bob = await bot.fetch_user(int(lab.world.user("bob")["id"]))
    seen = []

    async def callback(interaction):
        seen.append((interaction.guild_id, interaction.user.name))
        await interaction.response.send_message("hi")

    sent = await bob.send("panel", view=Answering(callback))
    with pytest.raises(ClickError, match="bob's direct messages"):
        await lab.simulator.click("press", message=sent.id, user="alice")
    interaction = await lab.simulator.click("press", message=sent.id, user="bob")
    await interaction.answered()
    assert (interaction.status, seen) == ("answered", [(None, "bob")])


@pytest.mark.asyncio
async def test_subscribers_hear_what_happens(lab, caplog):
    """A preview that subscribes sees each change, and one that raises disturbs nobody."""
    events = []
    bot = await lab.bot()

    def broken(event, data):
        raise RuntimeError("broken preview")

    lab.simulator.subscribe(broken)
    stop = lab.simulator.subscribe(lambda event, data: events.append((event, data)))
    sent = await lab.channel(bot).send("panel", view=Counter())
    interaction = await lab.simulator.click("count", message=sent.id, user="alice")
    await interaction.answered()
    await sent.add_reaction("🎉")
    await sent.delete()
    stop()
    await lab.channel(bot).send("unheard")
    names = [event for event, _ in events]
    assert names == [
        *("message_create", "interaction", "message_update", "interaction", "message_update"),
        "message_delete",
    ]
    assert events[1][1]["interaction"] is interaction
    assert events[-1][1] == {"id": str(sent.id), "channel_id": lab.world.channel_id}
    assert "broken preview" in caplog.text


@pytest.mark.asyncio
async def test_a_hundred_clicks_at_once(lab):
    """A crowd clicks together and every click is answered."""
    bot = await lab.bot()
    view = Counter()
    sent = await lab.channel(bot).send("panel", view=view)
    clicks = [await lab.simulator.click("count", message=sent.id, user="alice") for _ in range(100)]
    await asyncio.gather(*(click.answered() for click in clicks))
    assert {click.status for click in clicks} == {"answered"}
    assert view.count == 100


@pytest.mark.asyncio
async def test_a_ticket_that_closes_itself(lab):
    """A button deletes its own channel; answering there afterwards is Discord's 10003."""
    bot = await lab.bot()
    ticket = await lab.channel(bot).guild.create_text_channel("ticket")
    codes = []

    async def callback(interaction):
        await interaction.response.defer()
        await interaction.channel.delete()
        try:
            await interaction.followup.send("closed")
        except discord.NotFound as error:
            codes.append(error.code)

    deleted = []
    lab.simulator.subscribe(lambda event, data: deleted.append(data) if event == "channel_delete" else None)
    sent = await ticket.send("panel", view=Answering(callback))
    await lab.simulator.click("press", message=sent.id, user="alice")
    await lab.until(lambda: codes)
    assert (codes, [channel["name"] for channel in deleted]) == ([10003], ["ticket"])
    with pytest.raises(ClickError, match="its channel was"):
        await lab.simulator.click("press", message=sent.id, user="alice")


@pytest.mark.asyncio
async def test_an_answer_that_was_refused_is_named(lab):
    """Who waits for an answer in vain reads what the bot was refused meanwhile, and not what before."""

    class Loud(discord.ui.View):
        @discord.ui.button(label="Shout", custom_id="shout")
        async def shout(self, interaction, button):
            await interaction.response.send_message("x" * 2001)

        async def on_error(self, interaction, error, item):
            pass

    bot = await lab.bot()
    lab.simulator.deadline = 0.1
    with pytest.raises(discord.NotFound):
        await lab.channel(bot).fetch_message(1)
    (before,) = lab.simulator.refused
    assert (before.bot_id, before.status, before.code) == (str(bot.user.id), 404, 10008)
    message = await lab.channel(bot).send(view=Loud(timeout=None))
    clicked = await (await lab.simulator.click("shout", message=message.id, user="bob")).answered()
    assert clicked.failure == (
        f"no answer within 0.1 s; meanwhile POST /interactions/{clicked.id}/…/callback got 400, 50035 Invalid Form Body"
    )
