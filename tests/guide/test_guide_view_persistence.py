"""Pattern 2: the view survives a restart; what it takes, and what setup_persistence does for it."""

from __future__ import annotations

import asyncio

import discord
import pytest
from discord import ui

from kit import (
    PersistentLayoutView,
    PersistentView,
    StatefulButton,
    StatefulLayoutView,
    StatefulView,
    card,
    setup_persistence,
)
from kit.persistence import SQLiteBackend
from kit.persistence.registry import view_classes
from tests.guide.panels import PassingLayout, PassingView, TallyLayout, TallyView, persistent_kinds
from tests.guide.plan import DATABASE, on_disk


@pytest.mark.parametrize("crash", [False, True], ids=["closed", "crashed"])
@persistent_kinds
@pytest.mark.asyncio
async def test_a_panel_that_was_sent_once_answers_everybody_across_restarts(plan, kind, crash):
    """An admin sends it; whoever clicks, in whichever life of the bot, gets an answer."""
    plan.sends["tally"] = lambda ctx: kind(context=ctx, state_key=f"tally:{ctx.guild.id}")
    lab = await plan.start()
    await lab.say("!tally", user="alice")
    for life, user in enumerate(("bob", "alice", "bob")):
        assert (await lab.click("tally:add", user=user)).message.labels == [f"Add to {life + 1}"]
        await lab.restart(crash=crash)
    assert (await lab.click("tally:add", user="bob")).message.labels == ["Add to 4"]


@persistent_kinds
@pytest.mark.asyncio
async def test_step_1_the_registry_of_panels_is_read_from_the_saved_state(plan, kind):
    """What is restored is what the storage lists, neither more nor less."""
    plan.sends["a"] = lambda ctx: kind(context=ctx, state_key="a")
    plan.sends["b"] = lambda ctx: kind(context=ctx, state_key="b")
    lab = await plan.start()
    await lab.say("!a")
    await lab.say("!b")
    assert sorted((await on_disk())["persistent_views"]) == ["a", "b"]
    await plan.views[0].exit()
    report = await lab.restart()
    assert report.restored == ["b"]
    assert lab.messages[1].controls["tally:add"]["disabled"]


@persistent_kinds
@pytest.mark.asyncio
async def test_step_2_the_class_is_looked_up_by_its_name(plan, kind):
    """The panel comes back as what the name means now, though it is another class object than before."""
    plan.sends["tally"] = lambda ctx: kind(context=ctx, state_key="tally")
    lab = await plan.start()
    await lab.say("!tally")

    async def thanks(self, interaction):
        await interaction.response.send_message("the class of today", ephemeral=True)

    view_classes.put(kind.__name__, None)
    type(kind.__name__, (kind,), {"add": thanks})
    await lab.restart()
    assert (await lab.click("tally:add")).ephemeral[0].text == "the class of today"


@pytest.mark.asyncio
async def test_step_3_the_channel_and_message_are_looked_up_once_for_each_panel(plan):
    """With `verify="startup"` that is done before setup_persistence returns: one call, on the message."""

    async def setup(bot):
        plan.summary = await setup_persistence(bot, backend=SQLiteBackend(DATABASE), verify="startup")
        plan.fetched = [request for request in plan.requests if "/messages/" in request]

    plan.setup = setup
    plan.sends["tally"] = lambda ctx: TallyView(context=ctx, state_key="tally")
    lab = await plan.start()
    message = (await lab.say("!tally")).message
    await lab.restart()
    assert plan.fetched == [f"GET /channels/{lab.discord.world.channel_id}/messages/{message.id}"]
    assert plan.summary["restored"] == ["tally"]


@persistent_kinds
@pytest.mark.asyncio
async def test_step_4_a_new_instance_is_attached_to_the_old_message(plan, kind):
    """`bot.persistent_views` has a view that isn't the one that was sent, on the message that was."""
    eager = type("Eager", (kind,), {"on_restore": lambda self, bot: noop()})
    plan.sends["tally"] = lambda ctx: eager(context=ctx, state_key="tally")
    lab = await plan.start()
    message = (await lab.say("!tally")).message
    await lab.restart()
    [view] = lab.bot.persistent_views
    assert type(view) is eager
    assert view is not plan.views[0]
    assert view.message.id == message.id
    assert view.timeout is None


@persistent_kinds
@pytest.mark.asyncio
async def test_step_4_a_panel_without_on_restore_is_attached_by_its_first_click(plan, kind):
    """It is built when somebody needs it, answers that very click, and is attached from then on."""
    plan.sends["tally"] = lambda ctx: kind(context=ctx, state_key="tally")
    lab = await plan.start()
    message = (await lab.say("!tally")).message
    await lab.restart()
    assert (await lab.click("tally:add")).message.labels == ["Add to 1"]
    [view] = lab.bot.persistent_views
    assert (type(view), view.message.id) == (kind, message.id)
    assert (await lab.click("tally:add")).message.labels == ["Add to 2"]


async def noop():
    """An on_restore with nothing to do."""


@persistent_kinds
@pytest.mark.asyncio
async def test_step_5_user_and_guild_come_back_with_the_view(plan, kind):
    """The restored view belongs to the one who sent it, where they sent it, whoever clicks."""
    seen = []

    class Witness(kind):
        async def add(self, interaction):
            seen.append((self.user_id, self.guild_id, self.session_id, self.state_key))
            await interaction.response.defer()

    plan.sends["tally"] = lambda ctx: Witness(context=ctx, state_key="tally")
    lab = await plan.start()
    await lab.say("!tally", user="bob")
    await lab.click("tally:add", user="alice")
    await lab.restart()
    await lab.click("tally:add", user="alice")
    bob, guild = (int(thing["id"]) for thing in (lab.discord.world.user("bob"), lab.discord.world.guild))
    assert seen == [(bob, guild, f"Witness:user_{bob}", "tally")] * 2


@persistent_kinds
@pytest.mark.asyncio
async def test_step_6_on_restore_is_called_with_the_bot_once_for_each_restored_view(plan, kind):
    """After a restart and not at sending, with the view's message and identity already there."""
    calls = []

    class Greeter(kind):
        async def on_restore(self, bot):
            calls.append((bot, self.state_key, self.message.id, self.user_id, self.guild_id))

    plan.sends["tally"] = lambda ctx: Greeter(context=ctx, state_key="tally")
    lab = await plan.start()
    message = (await lab.say("!tally")).message
    assert calls == []
    await lab.restart()
    alice, guild = (int(thing["id"]) for thing in (lab.discord.world.user("alice"), lab.discord.world.guild))
    assert calls == [(lab.bot, "tally", message.id, alice, guild)]
    await lab.click("tally:add")
    await lab.click("tally:add")
    assert len(calls) == 1


@persistent_kinds
@pytest.mark.asyncio
async def test_on_restore_may_bring_the_message_up_to_date(plan, kind):
    """What was counted while the panel was down shows on it before anybody clicks."""

    class Fresh(kind):
        async def on_restore(self, bot):
            self.button.label = f"Back, {self.label.lower()}"
            await self.message.edit(view=self)

    plan.sends["tally"] = lambda ctx: Fresh(context=ctx, state_key="tally")
    lab = await plan.start()
    await lab.say("!tally")
    await lab.click("tally:add")
    await lab.restart()
    assert lab.messages[-1].labels == ["Back, add to 1"]
    assert (await lab.click("tally:add")).message.labels == ["Add to 2"]


@persistent_kinds
@pytest.mark.asyncio
async def test_on_restore_that_raises_keeps_the_entry_and_the_other_panels(plan, kind):
    """One panel's mistake is reported and is nobody else's problem."""

    class Broken(kind):
        async def on_restore(self, bot):
            raise RuntimeError("the role is gone")

    plan.sends["broken"] = lambda ctx: Broken(context=ctx, state_key="broken")
    plan.sends["fine"] = lambda ctx: kind(context=ctx, state_key="fine")
    lab = await plan.start()
    await lab.say("!broken")
    fine = (await lab.say("!fine")).message
    report = await lab.restart()
    assert (report.failed, report.restored) == (["broken"], ["fine"])
    assert (await lab.click("tally:add", message=fine)).ok
    assert sorted((await on_disk())["persistent_views"]) == ["broken", "fine"]
    lab.errors.forget()


@persistent_kinds
@pytest.mark.asyncio
async def test_a_panel_without_a_state_key_is_a_value_error(plan, kind):
    """Its constructor says so, with the line to write."""
    plan.sends["tally"] = lambda ctx: kind(context=ctx)
    plan.sends["empty"] = lambda ctx: kind(context=ctx, state_key="")
    lab = await plan.start()
    for command in ("!tally", "!empty"):
        assert (await lab.say(command)).messages == []
        assert isinstance(plan.refused[-1], ValueError)
        assert f"{kind.__name__} needs a state_key" in str(plan.refused[-1])
    assert len(plan.refused) == 2


def bare_button() -> StatefulButton:
    return StatefulButton(label="Nameless", callback=None)


NAMELESS = {
    "a button": (PersistentView, bare_button),
    "a select": (PersistentView, lambda: ui.UserSelect(placeholder="Nameless")),
    "a button in a row": (PersistentLayoutView, lambda: ui.ActionRow(bare_button())),
    "a button in a card": (PersistentLayoutView, lambda: card("text", ui.ActionRow(bare_button()))),
    "a button beside a section": (
        PersistentLayoutView,
        lambda: ui.Section("text", accessory=bare_button()),
    ),
    "a button beside a section in a card": (
        PersistentLayoutView,
        lambda: card(ui.Section("text", accessory=bare_button())),
    ),
}


@pytest.mark.parametrize(("kind", "item"), NAMELESS.values(), ids=NAMELESS)
@pytest.mark.asyncio
async def test_every_component_needs_a_custom_id_of_its_own(plan, kind, item):
    """One without is refused at `send()`, wherever it is nested; nothing is posted or stored."""

    class Nameless(kind):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.add_item(item())

    plan.sends["panel"] = lambda ctx: Nameless(context=ctx, state_key="panel")
    lab = await plan.start()
    assert (await lab.say("!panel")).messages == []
    [error] = plan.refused
    assert isinstance(error, ValueError)
    assert "'Nameless'" in str(error)
    assert "custom_id" in str(error)
    stored = await on_disk()
    assert (stored["persistent_views"], stored["views"]) == ({}, {})


@pytest.mark.asyncio
async def test_components_that_nobody_can_press_need_no_custom_id(plan):
    """Texts, separators and links are as good after a restart as before."""

    class Linked(PersistentLayoutView):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            link = ui.Button(label="Site", url="https://example.com")
            self.add_item(card("text", ui.Separator(), ui.ActionRow(link)))

    plan.sends["panel"] = lambda ctx: Linked(context=ctx, state_key="panel")
    lab = await plan.start()
    assert (await lab.say("!panel")).message.labels == ["Site"]
    assert (await lab.restart()).restored == ["panel"]


@persistent_kinds
@pytest.mark.asyncio
async def test_the_timeout_is_none_whatever_was_asked_for(plan, kind):
    """A persistent view never times out, in its first life or later."""
    plan.sends["tally"] = lambda ctx: kind(context=ctx, state_key="tally", timeout=0.05)
    plan.sends["other"] = lambda ctx: kind(context=ctx, state_key="other")
    lab = await plan.start()
    await lab.say("!tally")
    await lab.say("!other")
    assert [view.timeout for view in plan.views] == [None, None]
    await asyncio.sleep(0.1)
    await lab.restart()
    await lab.click("tally:add")
    assert [view.timeout for view in lab.bot.persistent_views] == [None]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(PassingView, True), (PassingLayout, True), (TallyView, False), (TallyLayout, False)],
)
@pytest.mark.asyncio
async def test_a_stateful_view_is_its_creators_and_a_panel_is_everybodys(plan, kind, expected):
    """`owner_only` is on for the ones and off for the others, and a stranger's click tells which."""
    assert kind.owner_only is expected
    plan.sends["tally"] = lambda ctx: kind(context=ctx, state_key="tally")
    lab = await plan.start()
    await lab.say("!tally", user="alice")
    stranger = await lab.click("tally:add", user="bob")
    if expected:
        assert [message.text for message in stranger.ephemeral] == [kind.owner_only_message]
        assert (stranger.edited, stranger.messages) == ([], [])
        assert "counters" not in (await on_disk())["application"]
    else:
        assert stranger.message.labels == ["Add to 1"]
    assert (await lab.click("tally:add", user="alice")).edited


def test_the_defaults_are_those_of_the_guide():
    """The four bases say what their views start with."""
    assert (StatefulView.owner_only, StatefulLayoutView.owner_only) == (True, True)
    assert (PersistentView.owner_only, PersistentLayoutView.owner_only) == (False, False)


@persistent_kinds
@pytest.mark.asyncio
async def test_owner_only_keeps_a_panel_to_its_creator_after_a_restart_too(plan, kind):
    """The class sets it; a stranger gets a message that nobody else sees, and the panel stays as it is."""
    private = type("PrivateTally", (kind,), {"owner_only": True, "owner_only_message": "Not yours."})
    plan.sends["tally"] = lambda ctx: private(context=ctx, state_key="tally")
    lab = await plan.start()
    await lab.say("!tally", user="bob")
    for life in (1, 2):
        stranger = await lab.click("tally:add", user="alice")
        assert [message.text for message in stranger.ephemeral] == ["Not yours."]
        assert "Not yours." not in [
            message["content"] for message in lab.discord.world.messages(viewer="bob")
        ]
        assert stranger.edited == []
        assert (await lab.click("tally:add", user="bob")).message.labels == [f"Add to {life}"]
        await lab.restart()


@persistent_kinds
@pytest.mark.asyncio
async def test_a_panel_can_not_be_ephemeral(plan, kind):
    """`send(ephemeral=True)` is a ValueError before anything is posted, by message or slash command."""
    plan.sends["tally"] = lambda ctx: kind(context=ctx, state_key="tally").send(ephemeral=True)
    lab = await plan.start()
    outcome = await lab.say("!tally")
    assert (outcome.messages, outcome.ephemeral) == ([], [])
    [error] = plan.refused
    assert isinstance(error, ValueError)
    assert "ephemeral" in str(error)
    stored = await on_disk()
    assert (stored["persistent_views"], stored["views"]) == ({}, {})


@persistent_kinds
@pytest.mark.asyncio
async def test_a_panel_can_not_answer_a_slash_command_ephemerally(plan, kind):
    """Where Discord would allow an ephemeral message, kit still refuses it."""
    errors = []

    async def setup(bot):
        await setup_persistence(bot, backend=SQLiteBackend(DATABASE))

        @bot.tree.command()
        async def tally(interaction: discord.Interaction):
            """Send the panel."""
            try:
                await kind(interaction=interaction, state_key="tally").send(ephemeral=True)
            except ValueError as error:
                errors.append(str(error))
                await interaction.response.send_message("refused", ephemeral=True)

    plan.setup = setup
    lab = await plan.start()
    outcome = await lab.slash("tally")
    assert [message.text for message in outcome.ephemeral] == ["refused"]
    assert len(errors) == 1


@persistent_kinds
@pytest.mark.asyncio
async def test_a_panel_may_be_sent_by_a_slash_command(plan, kind):
    """The admin command may be of either sort; the panel survives the same."""

    async def setup(bot):
        await setup_persistence(bot, backend=SQLiteBackend(DATABASE))

        @bot.hybrid_command()
        async def tally(ctx):
            """Send the panel."""
            await kind(context=ctx, state_key=f"tally:{ctx.guild.id}").send()

    plan.setup = setup
    lab = await plan.start()
    sent = await lab.slash("tally")
    assert sent.messages[0].labels == ["Add to 0"]
    await lab.restart(crash=True)
    assert (await lab.click("tally:add", user="bob")).message.labels == ["Add to 1"]
