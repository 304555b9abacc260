"""Hot reload: a class defined again takes over its live messages, or the last good one keeps answering."""

from __future__ import annotations

import asyncio

import pytest
from discord import ui

from kit import PersistentView, StatefulButton
from tests.lab.panels import Poll, RolePanel, count_roles


def define(text: str, **names):
    """A view class as a cell would define it."""
    namespace = {
        "__name__": "__main__",
        "PersistentView": PersistentView,
        "StatefulButton": StatefulButton,
        **names,
    }
    exec(text, namespace)
    return namespace["Panel"]


VERSION = """
class Panel(PersistentView):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.add_item(StatefulButton(label="{label}", custom_id="{custom_id}", callback=self.press))

    async def press(self, interaction):
        await interaction.response.send_message("{answer}", ephemeral=True)
"""


def version(label="Old", custom_id="panel:press", answer="old"):
    return define(VERSION.format(label=label, custom_id=custom_id, answer=answer))


@pytest.mark.asyncio
async def test_a_new_label_and_callback_reach_every_live_message(lab):
    """Both messages are repainted, and both answer with the new code."""
    old = version()
    await lab.post(old, state_key="a")
    await lab.post(old, state_key="b")
    record = await lab.reload(version(label="New", answer="new"))
    assert record.status == "reloaded"
    assert record.changes == ["'Old' is now 'New'"]
    assert [message.labels for message in lab.messages] == [["New"], ["New"]]
    for message in lab.messages:
        assert (await lab.click("panel:press", message=message)).ephemeral[0].text == "new"


@pytest.mark.asyncio
async def test_a_restored_panel_that_nobody_clicked_follows_too(lab):
    """After a restart views are built at the first click; a reload does not have to wait for it."""
    await lab.post(version(), state_key="a")
    await lab.restart()
    record = await lab.reload(version(label="New", answer="new"))
    assert record.status == "reloaded"
    assert lab.messages[0].labels == ["New"]
    assert (await lab.click("New")).ephemeral[0].text == "new"


@pytest.mark.asyncio
async def test_after_a_reload_a_restart_gives_the_new_version(lab):
    """The registry and the live views agree on which class is the last good one."""
    await lab.post(version(), state_key="a")
    await lab.reload(version(label="New", answer="new"))
    await lab.restart(crash=True)
    assert (await lab.click("panel:press")).ephemeral[0].text == "new"


CONSTRUCTOR = """
class Panel(PersistentView):
    def __init__(self, {arguments}**kwargs):
        super().__init__(**kwargs)
        {body}
"""
BUTTON = "self.add_item(StatefulButton(label='{label}'{custom_id}))"

REFUSED = {
    "a required argument": (CONSTRUCTOR.format(arguments="colour, ", body="pass"), "colour"),
    "no custom_id": (
        CONSTRUCTOR.format(arguments="", body=BUTTON.format(label="Auto", custom_id="")),
        "the button 'Auto' in Panel has no custom_id",
    ),
    "a duplicate id": (
        CONSTRUCTOR.format(
            arguments="", body=2 * (BUTTON.format(label="A", custom_id=", custom_id='x'") + "; ")
        ),
        "share custom_id='x'",
    ),
    "a constructor that raises": (
        CONSTRUCTOR.format(arguments="", body="raise LookupError('no such role')"),
        "LookupError: no such role",
    ),
}


@pytest.mark.parametrize("why", REFUSED)
@pytest.mark.asyncio
async def test_what_cannot_take_over_is_refused_and_the_old_version_keeps_answering(lab, why):
    """So it is after a restart as well: a refused class is not the one that panels are restored with."""
    text, message = REFUSED[why]
    await lab.post(version(), state_key="a")
    record = await lab.reload(define(text))
    assert record.status == "refused"
    assert message in record.error
    assert lab.messages[0].labels == ["Old"]
    assert (await lab.click("Old")).ephemeral[0].text == "old"
    await lab.restart()
    assert (await lab.click("Old")).ephemeral[0].text == "old"


@pytest.mark.asyncio
async def test_an_argument_that_is_gone_stays_stored_and_one_that_is_new_has_its_default(lab):
    """Neither loses the panel, now or at the next restart."""
    text = """
class Panel(PersistentView):
    def __init__(self, {argument}, **kwargs):
        super().__init__(**kwargs)
        self.add_item(StatefulButton(label={label}, custom_id="panel:press"))
"""
    await lab.post(define(text.format(argument="title='?'", label="title")), state_key="a", title="Tea")
    assert lab.messages[0].labels == ["Tea"]
    record = await lab.reload(define(text.format(argument="name='Coffee'", label="name")))
    assert "the argument 'title' is no longer used; it stays stored" in record.changes
    assert lab.messages[0].labels == ["Coffee"]
    assert (await lab.restart()).restored == ["a"]
    assert (await lab.click("Coffee")).ok
    assert lab.store.state["persistent_views"]["a"]["kwargs"] == {"title": "Tea"}
    await lab.reload(define(text.format(argument="title='?'", label="title")))
    assert lab.messages[0].labels == ["Tea"]


@pytest.mark.asyncio
async def test_a_migrate_hook_turns_old_arguments_into_new_ones(lab):
    """The hook is used by reload and restore alike."""
    old = define(
        CONSTRUCTOR.format(arguments="size, ", body=BUTTON.format(label="Old", custom_id=", custom_id='x'"))
    )
    await lab.post(old, state_key="a", size="3")
    new = define(
        """
class Panel(PersistentView):
    def __init__(self, *, count, **kwargs):
        super().__init__(**kwargs)
        self.add_item(StatefulButton(label=f"{count + 1}", custom_id="x"))

    @classmethod
    def migrate(cls, arguments):
        return {"count": int(arguments["size"])} if "size" in arguments else arguments
"""
    )
    assert (await lab.reload(new)).status == "reloaded"
    assert lab.messages[0].labels == ["4"]
    assert (await lab.restart(crash=True)).restored == ["a"]
    assert (await lab.click("4")).ok


@pytest.mark.asyncio
async def test_a_label_that_discord_refuses_is_refused_before_the_swap(lab):
    """The limits rule is named, and no message is left without a view."""
    await lab.post(version(), state_key="a")
    record = await lab.reload(version(label="x" * 81))
    assert record.status == "refused"
    assert "80" in record.error
    assert (await lab.click("Old")).ephemeral[0].text == "old"


@pytest.mark.asyncio
async def test_a_layout_can_not_become_a_view(lab):
    """Discord can't take the flag off a message; the record says what to do."""
    count_roles()
    await lab.post(RolePanel, state_key="a")
    changed = type("RolePanel", (PersistentView,), {"__module__": "__main__"})
    record = await lab.reload(changed)
    assert record.status == "refused"
    assert "post a new one" in record.error
    assert (await lab.click("roles:get")).ok


@pytest.mark.asyncio
async def test_a_callback_in_flight_ends_on_the_old_version_and_is_painted_over(lab):
    """Its write counts, its user gets an answer, and its old layout does not stay."""
    gate = asyncio.Event()
    slow = define(
        """
class Panel(PersistentView):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.add_item(StatefulButton(label="Old", custom_id="panel:press", callback=self.press))

    async def press(self, interaction):
        await gate.wait()
        await interaction.response.edit_message(view=self)
""",
        gate=gate,
    )
    await lab.post(slow, state_key="a")
    click = asyncio.create_task(lab.click("Old"))
    await asyncio.sleep(0.05)
    record = await lab.reload(version(label="New", answer="new"))
    assert record.finishing == 1
    gate.set()
    assert (await click).failure is None
    await asyncio.sleep(0.1)
    assert lab.messages[0].labels == ["New"]
    assert (await lab.click("New")).ephemeral[0].text == "new"


@pytest.mark.asyncio
async def test_a_rollback_brings_the_version_before_back(lab):
    """It is the same transaction."""
    await lab.post(version(), state_key="a")
    await lab.reload(version(label="New", answer="new"))
    record = await lab.rollback("Panel")
    assert record.changes == ["'New' is now 'Old'"]
    assert (await lab.click("Old")).ephemeral[0].text == "old"
    with pytest.raises(LookupError, match="no version"):
        await lab.rollback("Panel")


@pytest.mark.asyncio
async def test_a_plain_discord_view_is_reloaded_too(lab):
    """A view that the lab posted follows its class, whatever library it comes from."""
    await lab.post(Poll)

    class NewPoll(ui.View):
        def __init__(self):
            super().__init__(timeout=None)

        @ui.button(label="Vote now", custom_id="poll:vote")
        async def vote(self, interaction, button):
            await interaction.response.send_message("counted", ephemeral=True)

    NewPoll.__name__ = "Poll"
    record = await lab.reload(NewPoll)
    assert record.changes == ["'Vote' is now 'Vote now'"]
    assert (await lab.click("Vote now")).ephemeral[0].text == "counted"


@pytest.mark.asyncio
async def test_no_click_is_lost_while_a_class_is_reloaded_again_and_again(lab):
    """Two hundred clicks over twenty reloads: each is answered."""
    await lab.post(version(), state_key="a")
    failures = []

    async def clicking():
        for _ in range(20):
            outcome = await lab.click("panel:press")
            if not outcome.ok or not outcome.ephemeral:
                failures.append(outcome)

    async def reloading():
        for number in range(20):
            await lab.reload(version(label=f"V{number}", answer=f"v{number}"))
            await asyncio.sleep(0.01)

    await asyncio.gather(reloading(), *(clicking() for _ in range(10)))
    assert failures == []
