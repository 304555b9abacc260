"""Hot reload of plain views that run through a ViewClient: bound, unbound, pending, and kept for a restart."""

from __future__ import annotations

import discord
import pytest
from discord import ui

from kit import ViewClient
from kit.persistence.registry import view_classes

MENU = """
class Menu(ui.View):
    def __init__(self, name="menu"{argument}):
        super().__init__(timeout={timeout})
        self.name = name

    @ui.button(label="{label}", custom_id="{custom_id}")
    async def serve(self, interaction, button):
        await interaction.response.send_message(f"{{self.name}} {answer}", ephemeral=True)
"""
BARE = MENU.replace('self, name="menu"{argument}', "self").replace("= name", '= "bare"')


def define(text=MENU, *, kept=True, **parts):
    """The class as a cell would define it."""
    known = {"argument": "", "timeout": None, "label": "Old", "custom_id": "menu:serve", "answer": "old"}
    namespace = {"__name__": "__main__", "ui": ui, "ViewClient": ViewClient}
    exec(("@ViewClient.persistent\n" if kept else "") + text.format(**{**known, **parts}).lstrip(), namespace)
    return namespace["Menu"]


def channel_of(lab):
    return lab.bot.get_channel(int(lab.discord.world.channel_id))


async def said(lab, control, message):
    outcome = await lab.click(control, message=message)
    assert (outcome.failure, outcome.errors) == (None, [])
    return [answer.text for answer in outcome.ephemeral]


@pytest.fixture(autouse=True)
def forgetting():
    """The class is this test's own."""
    yield
    view_classes.put("Menu", None)


@pytest.mark.parametrize("clicked", [True, False])
@pytest.mark.asyncio
async def test_kept_views_take_the_new_class_over(lab, clicked):
    """The bound one is repainted, awake or not; the unbound one answers everywhere with the new code."""
    old = define()
    client = ViewClient(lab.bot)
    bound, other = [await channel_of(lab).send(view=old(name)) for name in ("a", "b")]
    await client.keep_view(old("bound"), bind_to=bound)
    await client.keep_view(old("unbound"), bind_to=None)
    await lab.restart()
    if clicked:
        assert await said(lab, "Old", bound) == ["bound old"]
    record = await lab.reload(define(label="New", answer="new"))
    assert (record.status, record.messages, record.repainted) == ("reloaded", [bound.id], [bound.id])
    assert record.changes[0] == "'Old' is now 'New'"
    assert "messages that were sent keep their look" in record.changes[1]
    assert [message.labels for message in lab.messages[:2]] == [["New"], ["Old"]]
    for _ in range(2):
        assert await said(lab, "New", bound) == ["bound new"]
        assert await said(lab, "Old", other) == ["unbound new"]
        await lab.restart(crash=True)
    assert len(lab.store.state["persistent_views"]) == 2


@pytest.mark.asyncio
async def test_a_kept_view_that_the_lab_posted_stays_bound_and_kept(lab):
    """`lab.post`, then `keep_view`: it does not become a plain view by the reload."""
    old = define()
    message_id = (await lab.post(old, name="posted")).message.id
    client = ViewClient(lab.bot)
    await client.keep_view(old("kept"), bind_to=message_id)
    await lab.reload(define(label="New", answer="new"))
    [view] = client.bound_views
    assert client.get_bound_view(message_id) is view
    assert await said(lab, "New", message_id) == ["kept new"]
    await client.forget_view(view)
    await lab.restart()
    assert (await lab.click("New", message=message_id)).failure is not None


@pytest.mark.asyncio
async def test_views_that_were_only_started_take_it_over_where_they_are(lab):
    """Bound, unbound and pending, each of its own class; a pending one stays so."""
    client = ViewClient(lab.bot)
    for how in ("bound", "unbound", "pending"):
        old = define(BARE, kept=False, custom_id=how)
        view = old()
        message = await channel_of(lab).send(view=view)
        client.start_view(view, **{"bound": {"bind_to": message}, "unbound": {"bind_to": None}}.get(how, {}))
        record = await lab.reload(define(BARE, kept=False, custom_id=how, answer="new"))
        assert record.status == "reloaded"
        assert view.is_finished()
        [new] = getattr(client, f"{how}_views")
        assert type(new) is not old
        assert await said(lab, how, message) == ["bare new"]
        client.clear()


@pytest.mark.asyncio
async def test_a_refused_class_leaves_started_views_as_they_were(lab):
    """With the reason: arguments that nobody knows, a lost decorator, a timeout, a new argument, a twin."""
    client = ViewClient(lab.bot)
    old = define(kept=False)
    message, other = [await channel_of(lab).send(view=old()) for _ in range(2)]
    client.start_view(old("started"), bind_to=message)
    record = await lab.reload(define(kept=False, answer="new"))
    assert (record.status, "arguments that nobody has noted" in record.error) == ("refused", True)
    assert "@ViewClient.persistent" in record.error
    client.clear()
    kept = define()
    await client.keep_view(kept("bound"), bind_to=message)
    await client.keep_view(kept("unbound"), bind_to=None)
    for new, reason in (
        (define(kept=False, answer="new"), "decorate it with `@ViewClient.persistent`, as before"),
        (define(timeout=60), "no longer persistent"),
        (define(argument=", *, colour"), "colour"),
        (define(label="x" * 81), "Must be 80 or fewer"),
    ):
        record = await lab.reload(new)
        assert (record.status, reason in record.error) == ("refused", True), record
        assert await said(lab, "Old", message) == ["bound old"]
        assert await said(lab, "Old", other) == ["unbound old"]
    await lab.restart()
    assert await said(lab, "Old", message) == ["bound old"]
    assert await said(lab, "Old", other) == ["unbound old"]


@pytest.mark.asyncio
async def test_a_rollback_brings_the_kept_version_before_back(lab):
    """And a restart keeps to it."""
    old = define()
    message = await channel_of(lab).send(view=old())
    await ViewClient(lab.bot).keep_view(old(), bind_to=message)
    await lab.reload(define(label="New", answer="new"))
    record = await lab.rollback("Menu")
    assert record.status == "reloaded"
    assert await said(lab, "Old", message) == ["menu old"]
    await lab.restart()
    assert await said(lab, "Old", message) == ["menu old"]


@pytest.mark.asyncio
async def test_an_edited_bound_view_shows_on_its_message_after_a_reload(lab):
    """`view.message` goes on with the new instance, and a callback in flight ends on the old one."""
    old = define()
    message = await channel_of(lab).send(view=old())
    client = ViewClient(lab.bot)
    await client.keep_view(old(), bind_to=message)
    await lab.reload(define(label="New", answer="new"))
    [view] = client.bound_views
    assert isinstance(view.message, discord.Message)
    view.serve.label = "Edited"
    await view.message.edit(view=view)
    assert await said(lab, "Edited", message) == ["menu new"]
