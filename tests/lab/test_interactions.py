"""What people do and what they see: clicks, selects, modals, words, commands; and what goes wrong."""

from __future__ import annotations

import asyncio

import discord
import pytest
from discord import ui

from kit import PersistentView, StatefulButton, StatefulView
from kit.simulator import ClickError
from kit.state import UnstorableError
from tests.lab.panels import Classic, RolePanel, count_roles


@pytest.mark.asyncio
async def test_a_select_gives_the_chosen_values_to_its_callback(lab):
    """The answer is seen by the one who chose only."""
    count_roles()
    await lab.post(RolePanel, state_key="roles:main")
    outcome = await lab.choose("roles:topics", ["art", "events"], user="bob")
    assert [message.text for message in outcome.ephemeral] == ["You follow art, events."]
    assert len(lab.messages) == 1


@pytest.mark.asyncio
async def test_a_modal_opens_and_is_submitted(lab):
    """Button, modal, answer: three steps of one person."""

    class Feedback(ui.Modal, title="Feedback"):
        text = ui.TextInput(label="What happened?", custom_id="text")

        async def on_submit(self, interaction):
            await interaction.response.send_message(f"Thanks: {self.text.value}")

    class Desk(PersistentView):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.add_item(StatefulButton(label="Report", custom_id="desk:report", callback=self.report))

        async def report(self, interaction):
            await interaction.response.send_modal(Feedback())

    await lab.post(Desk, state_key="desk")
    opened = await lab.click("Report", user="bob")
    assert opened.modal["title"] == "Feedback"
    submitted = await lab.submit({"text": "it broke"}, user="bob")
    assert submitted.message.text == "Thanks: it broke"
    with pytest.raises(ClickError, match="no modal is open for bob"):
        await lab.submit({"text": "again"}, user="bob")


@pytest.mark.asyncio
async def test_an_owners_view_refuses_others(lab):
    """`owner_only` is the default of a StatefulView and not of a PersistentView."""

    class Mine(StatefulView):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.add_item(StatefulButton(label="Mine", custom_id="mine", callback=self.press))

        async def press(self, interaction):
            await interaction.response.send_message("yours")

    await lab.post(Mine, user="alice")
    assert (await lab.click("Mine", user="bob")).ephemeral[0].text == "You cannot interact with this."
    assert (await lab.click("Mine", user="alice")).messages[0].text == "yours"


@pytest.mark.asyncio
async def test_an_unknown_button_names_those_there_are(lab):
    """A typo costs one look, not a debugging session."""
    await lab.post(Classic, state_key="classic")
    with pytest.raises(ClickError, match="'classic:greet'"):
        await lab.click("classic:great")


@pytest.mark.asyncio
async def test_a_disabled_button_can_not_be_clicked(lab):
    """As in the real client."""

    class Closed(PersistentView):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.add_item(StatefulButton(label="Closed", custom_id="closed", disabled=True))

    await lab.post(Closed, state_key="closed")
    with pytest.raises(ClickError, match="disabled"):
        await lab.click("closed")


@pytest.mark.asyncio
async def test_an_unknown_user_is_named_with_those_there_are(lab):
    """Bad names are found before anything is sent."""
    with pytest.raises(LookupError, match="alice"):
        await lab.post(Classic, state_key="classic", user="mallory")
    assert lab.messages == []


@pytest.mark.asyncio
async def test_a_view_without_a_state_key_is_refused(lab):
    """The error shows the line to write, and nothing was posted."""
    with pytest.raises(ValueError, match=r"needs a state_key.*Classic\(context=ctx"):
        await lab.post(Classic)
    assert lab.messages == []


@pytest.mark.asyncio
async def test_a_component_without_a_custom_id_is_refused_by_name(lab):
    """An automatic id would be another one after the restart."""

    class Automatic(PersistentView):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.add_item(StatefulButton(label="Join the club"))

    with pytest.raises(ValueError, match="the button 'Join the club' in Automatic has no custom_id"):
        await lab.post(Automatic, state_key="automatic")
    assert lab.messages == []
    assert lab.store.state["persistent_views"] == {}


@pytest.mark.asyncio
async def test_a_persistent_view_is_not_sent_ephemeral(lab):
    """Discord keeps no ephemeral message, so there would be nothing to restore."""
    channel = lab.bot.get_channel(int(lab.discord.world.channel_id))
    with pytest.raises(ValueError, match="can't be sent ephemeral"):
        await Classic(state_key="classic").send(ephemeral=True, channel=channel)
    assert lab.messages == []


@pytest.mark.asyncio
async def test_an_argument_that_cannot_be_stored_is_refused_at_send(lab):
    """Not at the restart, when it is too late."""
    with pytest.raises(UnstorableError, match=r"persistent_views\.classic\.kwargs\.greeting"):
        await lab.post(Classic, state_key="classic", greeting=object())
    assert lab.messages == []


@pytest.mark.asyncio
async def test_a_callback_that_raises_tells_the_user_and_the_developer(lab):
    """The click is answered, the outcome names the error, and `check()` raises it."""

    class Broken(PersistentView):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.add_item(StatefulButton(label="Boom", custom_id="boom", callback=self.boom))

        async def boom(self, interaction):
            raise ZeroDivisionError("by design")

    await lab.post(Broken, state_key="broken")
    outcome = await lab.click("Boom")
    assert not outcome.ok
    assert [str(error) for error in outcome.errors] == ["by design"]
    assert "Something went wrong" in outcome.ephemeral[0].text
    with pytest.raises(BaseExceptionGroup) as raised:
        await lab.check()
    assert raised.group_contains(ZeroDivisionError)
    await lab.check()


@pytest.mark.asyncio
async def test_a_callback_that_never_answers_fails_after_discords_deadline(lab):
    """A plain view has no safety net: the user sees that the interaction failed."""
    lab.discord.deadline = 0.2

    class Silent(ui.View):
        @ui.button(label="Hush", custom_id="hush")
        async def hush(self, interaction, button):
            pass

    await lab.post(Silent)
    outcome = await lab.click("Hush")
    assert outcome.failure == "no answer within 0.2 s"


@pytest.mark.asyncio
async def test_a_slow_callback_of_a_stateful_view_is_deferred_for_it(lab):
    """Auto-defer keeps the interaction alive, and the late answer arrives."""

    class Slow(PersistentView):
        auto_defer_delay = 0.05

        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.add_item(StatefulButton(label="Slow", custom_id="slow", callback=self.slow))

        async def slow(self, interaction):
            await asyncio.sleep(0.2)
            await interaction.followup.send("done")

    lab.discord.deadline = 0.15
    await lab.post(Slow, state_key="slow")
    outcome = await lab.click("Slow")
    assert outcome.ok
    assert [message.text for message in outcome.messages] == ["done"]


@pytest.mark.asyncio
async def test_a_callback_that_answers_twice_gets_discords_error(lab):
    """The first answer stands; the second raises `InteractionResponded`, which the outcome names."""

    class Twice(PersistentView):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.add_item(StatefulButton(label="Twice", custom_id="twice", callback=self.twice))

        async def twice(self, interaction):
            await interaction.response.send_message("one")
            await interaction.response.send_message("two")

    await lab.post(Twice, state_key="twice")
    outcome = await lab.click("Twice")
    assert [message.text for message in outcome.messages] == ["one"]
    assert any(isinstance(error, discord.InteractionResponded) for error in outcome.errors)


@pytest.mark.asyncio
async def test_a_click_while_the_bot_is_down_fails_with_the_reason(lab):
    """The world is there while the bot is not."""
    await lab.post(Classic, state_key="classic")
    seen = []

    async def offline():
        seen.append(await lab.click("Greet"))

    await lab.restart(offline=offline)
    assert "not connected" in seen[0].failure
    assert (await lab.click("Greet")).ok


@pytest.mark.asyncio
async def test_clicks_on_one_view_are_answered_one_at_a_time(lab):
    """Ten people press at once; ten clicks are counted, and each is answered."""
    count_roles()
    await lab.post(RolePanel, state_key="roles:main")
    outcomes = await asyncio.gather(*(lab.click("roles:get", user="alice") for _ in range(10)))
    assert all(outcome.ok for outcome in outcomes)
    assert lab.messages[0].labels[0] == "Get role (10)"


@pytest.mark.asyncio
async def test_a_second_panel_of_one_state_key_takes_the_place_of_the_first(lab):
    """The old message is disabled, the new one answers; so it is after a restart in between, too."""
    first = (await lab.post(Classic, state_key="classic")).message
    second = (await lab.post(Classic, state_key="classic")).message
    assert lab.discord.world.message(first.id)["components"][0]["components"][0]["disabled"]
    await lab.restart(crash=True)
    await lab.post(Classic, state_key="classic")
    assert lab.discord.world.message(second.id)["components"][0]["components"][0]["disabled"]
    assert len(lab.store.state["persistent_views"]) == 1
    assert (await lab.click("Greet")).ok


@pytest.mark.asyncio
async def test_a_session_limit_replaces_or_refuses(lab):
    """One panel of a class per guild; the policy decides which one stays."""

    class One(Classic):
        session_limit = 1
        session_scope = "guild"

    class Only(Classic):
        session_limit = 1
        session_scope = "guild"
        session_policy = "reject"

    await lab.post(One, state_key="one:a", user="alice")
    await lab.post(One, state_key="one:b", user="bob")
    assert list(lab.store.state["persistent_views"]) == ["one:b"]
    await lab.restart()
    await lab.post(One, state_key="one:c")
    assert list(lab.store.state["persistent_views"]) == ["one:c"]

    await lab.post(Only, state_key="only:a")
    with pytest.raises(Exception, match="session_limit = 1"):
        await lab.post(Only, state_key="only:b")
    assert (await lab.click("Greet", message=lab.messages[-1])).ok


@pytest.mark.asyncio
async def test_exit_disables_the_panel_and_forgets_it(lab):
    """An exited panel is not restored."""
    await lab.post(Classic, state_key="classic")
    from kit.persistence.live import live_views

    await live_views(lab.store).panel("classic").exit()
    assert lab.messages[0].raw["components"][0]["components"][0]["disabled"]
    assert lab.store.state["persistent_views"] == {}
    assert lab.store.state["views"] == {}
    assert (await lab.restart()).restored == []


@pytest.mark.asyncio
async def test_a_deleted_message_releases_its_panel(lab):
    """Nothing of it stays in the state."""
    message = (await lab.post(Classic, state_key="classic")).message
    lab.discord.world.delete_message(message.id)
    for _ in range(100):
        await asyncio.sleep(0.01)
        if not lab.store.state["persistent_views"]:
            break
    assert lab.store.state["persistent_views"] == {}
    assert lab.store.state["views"] == {}


@pytest.mark.asyncio
async def test_a_failed_send_leaves_nothing_behind(lab):
    """Neither view nor session nor registration, and the next one goes out."""
    channel = lab.bot.get_channel(int(lab.discord.world.channel_id))
    view = Classic(state_key="classic")
    view.add_item(StatefulButton(label="x" * 81, custom_id="long"))
    with pytest.raises(discord.HTTPException, match="Must be 80 or fewer in length"):
        await view.send(channel=channel)
    assert lab.messages == []
    assert lab.store.state["views"] == {}
    assert lab.store.state["sessions"] == {}
    assert lab.store.state["persistent_views"] == {}


def test_a_view_made_outside_a_loop_is_a_loud_error():
    """discord.py would accept it and swallow every click."""
    with pytest.raises(RuntimeError, match="swallow every click"):
        Classic(state_key="classic")
