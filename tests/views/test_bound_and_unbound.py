"""Bound and unbound views: plain discord.py views that a ViewClient starts, in one life of the bot."""

from __future__ import annotations

import asyncio
import gc
import weakref

import discord
import pytest
import pytest_asyncio
from discord import ui
from discord.ext import commands

import kit
from kit import PersistentView, StatefulButton, StatefulView, ViewClient
from tests.views.doors import Door, Knob, LayoutDoor, channel_of, doors, said, send


@pytest_asyncio.fixture
async def client(lab):
    made = ViewClient(lab.bot)
    lab.discord.deadline = 0.5
    yield made
    ViewClient(lab.bot).clear()


@doors
@pytest.mark.asyncio
async def test_an_unbound_view_serves_every_message_of_its_kind(lab, client, door):
    """One listener answers old and new messages, once each, though discord.py knows the sent instances."""
    old = await send(lab, door("sent before"))
    client.start_view(door("unbound"), bind_to=None)
    new = await send(lab, door("sent after"))
    for message in (old, new):
        assert await said(lab, "door:open", message) == ["unbound opens"]
        assert await said(lab, "door:shut", message) == ["unbound shuts"]


@doors
@pytest.mark.asyncio
async def test_a_bound_view_answers_on_its_message_and_nowhere_else(lab, client, door):
    """Two messages of one kind, a view for each."""
    first, second = await send(lab, door()), await send(lab, door())
    client.start_view(door("first"), bind_to=first)
    client.start_view(door("second"), bind_to=second)
    assert await said(lab, "Open", first) == ["first opens"]
    assert await said(lab, "Open", second) == ["second opens"]
    assert {view.name for view in client.bound_views} == {"first", "second"}


@pytest.mark.parametrize(
    "target",
    [
        lambda message: message,
        lambda message: message.id,
        lambda message: discord.Object(message.id),
        lambda message: message.channel.get_partial_message(message.id),
    ],
    ids=["Message", "int", "Object", "PartialMessage"],
)
@pytest.mark.asyncio
async def test_a_message_binds_exactly_as_its_id_does(lab, client, target):
    """Whatever names the message, the view answers there, is found by it, and knows it after a click."""
    message = await send(lab, Door("sent"))
    bystander = await send(lab, Door("bystander"))
    view = Door("bound")
    client.start_view(view, bind_to=target(message))
    assert await said(lab, "Open", message) == ["bound opens"]
    assert await said(lab, "Open", bystander) == ["bystander opens"]
    for name in (message, message.id, discord.Object(message.id)):
        assert client.get_bound_view(name) is view
    assert client.get_bound_view(bystander) is None
    assert isinstance(view.message, discord.Message)
    assert view.message == message


@pytest.mark.asyncio
async def test_what_view_message_is(lab, client):
    """None for an unbound view, always; partial until the first interaction, then the whole one."""
    unbound = Door()
    unbound.message = await send(lab, unbound)
    client.start_view(unbound, bind_to=None)
    assert unbound.message is None
    await said(lab, "Open")
    assert unbound.message is None
    knob = Knob()
    message = await send(lab, Knob())
    client.start_view(knob, bind_to=channel_of(lab).get_partial_message(message.id))
    assert isinstance(knob.message, discord.PartialMessage)
    await said(lab, "knob:turn")
    assert isinstance(knob.message, discord.Message)
    other = Knob(custom_id="other")
    client.start_view(other)
    assert other.message is None
    message = await send(lab, other)
    await said(lab, "other")
    assert other.message == message


@doors
@pytest.mark.asyncio
async def test_left_out_a_view_binds_to_the_first_message_that_gets_an_interaction(lab, client, door):
    """A message of an earlier life: the first click decides, and no other message is answered then."""
    first = await send(lab, door("nobody"))
    second = await send(lab, door("nobody"))
    lab.bot._connection._view_store._views.clear()
    view = door("bound late")
    client.start_view(view)
    assert client.pending_views == [view]
    assert await said(lab, "Open", second) == ["bound late opens"]
    assert (client.pending_views, client.bound_views) == ([], [view])
    assert client.get_bound_view(second) is view
    assert (await lab.click("Open", message=first)).failure is not None
    assert await said(lab, "Shut", second) == ["bound late shuts"]


@doors
@pytest.mark.asyncio
async def test_left_out_each_view_binds_to_the_message_it_was_sent_on(lab, client, door):
    """Two of one kind, sent and started, clicked in the other order: each answers on its own."""
    views = [door("one"), door("two")]
    messages = [await send(lab, view) for view in views]
    for view in views:
        client.start_view(view)
    assert await said(lab, "Open", messages[1]) == ["two opens"]
    assert await said(lab, "Open", messages[0]) == ["one opens"]
    assert [client.get_bound_view(message) for message in messages] == views


@pytest.mark.asyncio
async def test_a_pending_view_that_was_sent_twice_stays_where_it_was_clicked(lab, client):
    """The first interaction binds it; the other message it was on is no longer its own."""
    view = Door("once")
    messages = [await send(lab, view) for _ in range(2)]
    client.start_view(view)
    assert await said(lab, "Open", messages[0]) == ["once opens"]
    assert (await lab.click("Open", message=messages[1])).failure is not None


@pytest.mark.asyncio
async def test_the_bound_view_answers_before_the_unbound_one(lab, client):
    """On its message it goes first; the unbound one has all the others."""
    own, other = await send(lab, Door()), await send(lab, Door())
    client.start_view(Door("unbound"), bind_to=None)
    client.start_view(Door("bound"), bind_to=own)
    assert await said(lab, "Open", own) == ["bound opens"]
    assert await said(lab, "Open", other) == ["unbound opens"]


@pytest.mark.asyncio
async def test_what_the_bound_view_lacks_the_unbound_one_answers(lab, client):
    """A message with controls of both kinds: each is answered by the view that has it."""
    mixed = Door("mixed")
    mixed.add_item(ui.Button(label="Turn", custom_id="knob:turn"))
    message = await send(lab, mixed)
    client.start_view(Door("bound"), bind_to=message)
    client.start_view(Knob("unbound"), bind_to=None)
    assert await said(lab, "door:open", message) == ["bound opens"]
    assert await said(lab, "knob:turn", message) == ["unbound knob:turn"]


@pytest.mark.asyncio
async def test_a_control_that_nobody_has_any_more_says_so(lab, client):
    """The bound view has lost it and no other view has it: the person is told, and not left waiting."""
    message = await send(lab, Door())
    client.start_view(Knob(), bind_to=message)
    assert await said(lab, "door:open", message) == ["This control was removed."]


@doors
@pytest.mark.asyncio
async def test_starting_the_twin_of_a_running_unbound_view_is_refused(lab, client, door):
    """The guides' mistake: sent, and started. The error says who answers already; older panels go on."""
    client.start_view(door("first"), bind_to=None)
    older = await send(lab, door())
    twin = door("twin")
    newer = await send(lab, twin)
    with pytest.raises(
        ValueError, match="running unbound and answers 'door:open' on every message"
    ) as refused:
        client.start_view(twin, bind_to=None)
    assert "send this" in str(refused.value)
    assert "bind_to=message" in str(refused.value)
    with pytest.raises(ValueError, match="running unbound"):
        client.start_view(twin)
    for message in (older, newer):
        assert await said(lab, "Open", message) == ["first opens"]
    client.start_view(twin, bind_to=newer)
    assert await said(lab, "Open", newer) == ["twin opens"]
    assert await said(lab, "Open", older) == ["first opens"]


@doors
@pytest.mark.asyncio
async def test_an_old_views_stop_never_ends_a_newer_one(lab, client, door):
    """Bound or unbound, by discord.py or the client: who stops takes along what is its own."""
    message = await send(lab, door("sent"))
    old, new = door("old"), door("new")
    client.start_view(old, bind_to=message)
    client.start_view(new, bind_to=message)
    assert old.is_finished()
    old.stop()
    assert await said(lab, "Open", message) == ["new opens"]
    new.stop()
    assert client.get_bound_view(message) is None
    former, latter = door("former"), door("latter")
    client.start_view(former, bind_to=None)
    former.stop()
    client.start_view(latter, bind_to=None)
    former.stop()
    assert await said(lab, "Open", message) == ["latter opens"]
    assert client.get_unbound_view("door:open") is latter


@pytest.mark.asyncio
async def test_an_old_views_stop_spares_a_newer_one_that_nobody_started(lab, client):
    """Views that discord.py alone knows, edited one over the other: the same ids, and the new one stays."""
    old, new = Door("old"), Door("new")
    message = await send(lab, old)
    await message.edit(view=new)
    old.stop()
    assert await said(lab, "Open", message) == ["new opens"]


@pytest.mark.asyncio
async def test_a_bound_view_is_edited_at_run_time(lab, client):
    """Added, removed and renamed ids follow the edit; nothing that was there before answers again."""
    view = Knob("knob", "knob:a")
    message = await send(lab, view)
    client.start_view(view, bind_to=message)
    button = view.children[0]
    view.add("knob:b")
    message = await message.edit(view=view)
    assert await said(lab, "knob:b", message) == ["knob knob:b"]
    view.remove_item(button)
    view.children[0].custom_id = "knob:renamed"
    stale = await lab.discord.click("knob:a", message=message.id, user="alice")
    await stale.answered()
    assert [effect["content"] for _, effect in stale.effects] == ["This control was removed."]
    await message.edit(view=view)
    assert await said(lab, "knob:renamed", message) == ["knob knob:renamed"]
    for custom_id in ("knob:a", "knob:b"):
        gone = Knob("nobody", custom_id)
        await message.edit(view=gone)
        gone.stop()
        await message.edit(view=view)
        assert custom_id not in lab.messages[-1].controls
    assert await said(lab, "knob:renamed", message) == ["knob knob:renamed"]


@pytest.mark.asyncio
async def test_a_callback_edits_the_message_of_its_bound_view(lab, client):
    """`edit_message(view=self)` in a callback, as every counter does it."""

    class Growing(Knob):
        def add(self, custom_id):
            button = super().add(custom_id)

            async def press(interaction):
                self.remove_item(button)
                self.add(f"{custom_id}+")
                await interaction.response.edit_message(view=self)

            button.callback = press
            return button

    message = await send(lab, Growing(custom_id="n"))
    client.start_view(Growing(custom_id="n"), bind_to=message.id)
    for custom_id in ("n", "n+", "n++"):
        assert (await lab.click(custom_id, message=message)).ok
    assert list(lab.messages[-1].controls) == ["n+++"]


@pytest.mark.asyncio
async def test_an_unbound_view_refuses_to_be_edited(lab, client):
    """It has no message; the error says what to do, and the other messages are served as before."""
    unbound = Knob()
    client.start_view(unbound, bind_to=None)
    message = await send(lab, Knob())
    unbound.remove_item(unbound.children[0])
    unbound.add("knob:new")
    with pytest.raises(RuntimeError, match=r"can't be edited at run time.*bind_to=interaction\.message"):
        await message.edit(view=unbound)
    other = await send(lab, Knob())
    assert await said(lab, "knob:turn", other) == ["knob knob:turn"]
    assert (await lab.click("knob:new", message=message)).failure is not None


@pytest.mark.asyncio
async def test_an_edit_with_another_view_hands_the_message_over_and_back(lab, client):
    """A menu of two instances: whoever is shown answers, with nothing left of the other."""
    menu, page = Knob("menu", "menu"), Knob("page", "page")
    message = await send(lab, menu)
    client.start_view(menu, bind_to=message)
    await message.edit(view=page)
    assert client.get_bound_view(message) is None
    assert await said(lab, "page", message) == ["page page"]
    await message.edit(view=menu)
    assert client.get_bound_view(message) is menu
    assert await said(lab, "menu", message) == ["menu menu"]
    assert not menu.is_finished()


@pytest.mark.asyncio
async def test_a_bound_view_moves_to_another_message(lab, client):
    """Sent again further down it does not answer there, and is told so, until it is started there."""
    view = Door("moved")
    first = await send(lab, view)
    client.start_view(view, bind_to=first)
    second = await send(lab, view)
    assert (await lab.click("Open", message=second)).failure is not None
    client.start_view(view, bind_to=second)
    assert await said(lab, "Open", second) == ["moved opens"]
    assert client.get_bound_view(first) is None
    assert (await lab.click("Open", message=first)).failure is not None


@pytest.mark.parametrize("how", ["message", "bulk", "channel", "thread", "guild"])
@pytest.mark.asyncio
async def test_deleted_messages_release_their_view(lab, client, how):
    """Whatever takes the message away stops the view that was bound to it, and no other."""
    place = channel_of(lab)
    stays = await send(lab, Door())
    client.start_view(Door("stays"), bind_to=stays)
    if how in {"channel", "guild"}:
        place = await place.guild.create_text_channel("doors")
    view = Door()
    if how == "thread":
        # The simulator serves no threads yet: the message is one that discord.py has not seen.
        message = lab.bot.get_partial_messageable(777, guild_id=place.guild.id).get_partial_message(778)
    else:
        message = await place.send(view=view)
    client.start_view(view, bind_to=message)
    waiting = asyncio.create_task(view.wait())
    if how == "message":
        await message.delete()
    elif how == "bulk":
        await place.delete_messages([message, await place.send("another")])
    elif how == "channel":
        await place.delete()
    elif how == "thread":
        gone = {"id": "777", "guild_id": str(place.guild.id), "parent_id": str(place.id), "type": 11}
        lab.bot._connection.parse_thread_delete(gone)
    else:
        lab.bot._connection.parse_guild_delete({"id": str(place.guild.id)})
    assert await asyncio.wait_for(waiting, 5) is False
    assert client.get_bound_view(message) is None
    if how != "guild":
        assert await said(lab, "Open", stays) == ["stays opens"]


@pytest.mark.asyncio
async def test_a_thousand_bound_views_leave_nothing_behind(lab, client):
    """Their messages are deleted; neither kit nor discord.py remembers a view, a control or a message."""
    channel = channel_of(lab)
    views = [Door(str(number)) for number in range(1000)]
    left = [weakref.ref(view) for view in views]
    store = lab.bot._connection._view_store
    for number, view in enumerate(views):
        client.start_view(view, bind_to=10_000 + number)
        if number % 2:
            store.add_view(view, 10_000 + number)
    assert len(client.bound_views) == 1000
    lab.bot._connection.parse_message_delete_bulk(
        {"ids": [str(10_000 + number) for number in range(1000)], "channel_id": str(channel.id)}
    )
    async with asyncio.timeout(5):
        while client.bound_views:
            await asyncio.sleep(0.001)
    assert (len(store.started), store._views, store._synced_message_views) == (0, {}, {})
    del views, view
    gc.collect()
    assert [reference for reference in left if reference() is not None] == []


@pytest.mark.asyncio
async def test_what_was_sent_beside_an_unbound_view_is_not_remembered(lab, client):
    """Discord.py would keep an instance a message for ever; here the one that serves them all is enough."""
    client.start_view(Door("unbound"), bind_to=None)
    sent = [await send(lab, Door()) for _ in range(5)]
    instance = Door("sent and gone")
    message, gone = await send(lab, instance), weakref.ref(instance)
    del instance
    gc.collect()
    assert gone() is None
    assert lab.bot._connection._view_store._views == {}
    for shown in (*sent, message):
        assert await said(lab, "Open", shown) == ["unbound opens"]


@pytest.mark.asyncio
async def test_a_slow_callback_is_deferred_for_it(lab, client):
    """As kit's own views are; a class that does it itself says so."""
    lab.discord.deadline = 2.0
    done = asyncio.Event()

    class Slow(Knob):
        auto_defer_delay = 0.05

        def add(self, custom_id):
            button = super().add(custom_id)

            async def press(interaction):
                await done.wait()
                await interaction.followup.send("slow but sure", ephemeral=True)

            button.callback = press

    message = await send(lab, Slow())
    client.start_view(Slow(), bind_to=message)
    interaction = await lab.discord.click("knob:turn", message=message.id, user="alice")
    assert (await interaction.answered()).callback_type == 6
    done.set()
    Slow.auto_defer = False
    lab.discord.deadline = 0.2
    done.clear()
    interaction = await lab.discord.click("knob:turn", message=message.id, user="alice")
    assert (await interaction.answered()).failure is not None
    client.clear()


class Faulty(Knob):
    """Raises where it is told to, and tells what its on_error was given."""

    def __init__(self, where):
        self.where = where
        self.raised = []
        super().__init__()

    def add(self, custom_id):
        button = super().add(custom_id)

        async def press(interaction):
            self.fail("callback")

        async def check(interaction):
            self.fail("item check")
            return True

        button.callback, button.interaction_check = press, check

    def fail(self, where):
        if self.where == where:
            raise LookupError(where)

    async def interaction_check(self, interaction):
        self.fail("view check")
        return True

    async def on_error(self, interaction, error, item):
        self.raised.append((str(error), item.custom_id))
        await interaction.response.send_message("sorry", ephemeral=True)
        self.fail("callback")


@pytest.mark.parametrize("where", ["callback", "item check", "view check"])
@pytest.mark.parametrize("kind", ["bound", "unbound"])
@pytest.mark.asyncio
async def test_errors_go_to_on_error(lab, client, kind, where):
    """What a callback or a check raises reaches the view's handler; what that raises is logged."""
    view = Faulty(where)
    message = await send(lab, Faulty("nowhere"))
    client.start_view(view, bind_to=message if kind == "bound" else None)
    outcome = await lab.click("knob:turn", message=message)
    assert [answer.text for answer in outcome.ephemeral] == ["sorry"]
    assert view.raised == [(where, "knob:turn")]
    assert [str(error) for error in outcome.errors] == (["callback"] if where == "callback" else [])
    lab.errors.forget()


@pytest.mark.asyncio
async def test_a_check_that_refuses_keeps_the_callback_from_running(lab, client):
    """`interaction_check` of a bound view decides, as discord.py says."""

    class Guarded(Door):
        async def interaction_check(self, interaction):
            if interaction.user.name == "alice":
                return True
            await interaction.response.send_message("only alice", ephemeral=True)
            return False

    message = await send(lab, Guarded())
    client.start_view(Guarded("guarded"), bind_to=message)
    assert await said(lab, "Open", message, user="bob") == ["only alice"]
    assert await said(lab, "Open", message, user="alice") == ["guarded opens"]


@doors
@pytest.mark.asyncio
async def test_a_timeout_ends_a_bound_view(lab, client, door):
    """A view that is not persistent is bound all the same, and its timeout is respected."""
    ended = asyncio.Event()

    class Brief(door):
        async def on_timeout(self):
            ended.set()

    view = Brief("brief", timeout=0.05)
    message = await send(lab, view)
    client.start_view(view, bind_to=message)
    await asyncio.wait_for(ended.wait(), 5)
    assert client.bound_views == []
    assert (await lab.click("Open", message=message)).failure is not None


@pytest.mark.asyncio
async def test_the_two_conditions_of_a_persistent_view(lab, client):
    """An unbound view needs `timeout=None`, and a custom_id on every item; the error says which lacks it."""
    with pytest.raises(ValueError, match=r"Door has a timeout of 60 s.*timeout=None"):
        client.start_view(Door(timeout=60), bind_to=None)
    nameless = Door()
    nameless.add_item(ui.Button(label="Nameless"))
    with pytest.raises(ValueError, match=r"the button 'Nameless' in Door has no custom_id"):
        client.start_view(nameless, bind_to=None)
    link = ui.View(timeout=None)
    link.add_item(ui.Button(label="Site", url="https://example.com"))
    with pytest.raises(ValueError, match="nothing that could be pressed"):
        client.start_view(link, bind_to=None)
    assert client.unbound_views == []
    message = await send(lab, nameless)
    client.start_view(nameless, bind_to=message)
    assert await said(lab, "door:open", message) == ["door opens"]


def test_a_view_that_was_made_outside_a_loop_is_refused():
    """discord.py would take it and swallow every click; so is one of another loop, and a start outside one."""
    bot = commands.Bot("!", intents=discord.Intents.none())
    client = ViewClient(bot)

    async def start(view):
        client.start_view(view, bind_to=5)

    async def make():
        return Door()

    if discord.version_info < (2, 7):
        with pytest.raises(RuntimeError, match="no running event loop"):
            Door()
    else:
        with pytest.raises(RuntimeError, match=r"made outside the running event loop.*setup_hook"):
            asyncio.run(start(Door()))
    stranger = asyncio.run(make())
    with pytest.raises(RuntimeError, match="made outside the running event loop"):
        asyncio.run(start(stranger))
    with pytest.raises(RuntimeError, match="started outside a running event loop"):
        client.start_view(stranger, bind_to=5)
    assert client.bound_views == []


@pytest.mark.asyncio
async def test_what_can_not_be_started_is_refused_with_the_reason(lab, client):
    """Classes, panels, ended and running views, and things that are no message."""

    class Panel(PersistentView):
        pass

    panel, running, ended = Panel(state_key="p"), Door(), Door()
    client.start_view(running, bind_to=None)
    ended.stop()
    for view, bind_to, error, text in (
        (Knob, None, TypeError, "an instance of a View"),
        (ui.Modal(title="Modal"), 5, TypeError, "an instance of a View"),
        (panel, 5, TypeError, r"Panel is a panel, which `await view\.send\(\)` starts"),
        (running, None, ValueError, "started already"),
        (running, 5, ValueError, "started already"),
        (ended, 5, ValueError, "has ended"),
        (Knob(), "5", TypeError, "a message or its id, not to '5'"),
        (Knob(), True, TypeError, "not to True"),
        (Knob(), channel_of(lab), TypeError, "a message or its id"),
        (Knob(), lab.bot.user, TypeError, "a message or its id"),
        (Knob(), channel_of(lab).guild.default_role, TypeError, "original_response"),
    ):
        with pytest.raises(error, match=text):
            client.start_view(view, bind_to=bind_to)
    with pytest.raises(TypeError, match=r"takes a commands\.Bot"):
        ViewClient(discord.Client(intents=discord.Intents.none()))


@pytest.mark.asyncio
async def test_a_component_called_message_is_not_overwritten(lab, client):
    """The name is the client's; a class that uses it for something else is told."""

    class Taken(Door):
        @ui.button(label="Message", custom_id="door:message")
        async def message(self, interaction, button):
            pass

    class Derived(Door):
        @property
        def message(self):
            return None

    for kind in (Taken, Derived):
        with pytest.raises(
            TypeError, match=f"{kind.__name__} has a property or a component called `message`"
        ):
            client.start_view(kind(), bind_to=5)
    assert client.bound_views == []


@pytest.mark.asyncio
async def test_all_clients_of_a_bot_are_one(lab, client):
    """A cog may make its own: nothing is answered twice, and each finds what the other has started."""
    other = ViewClient(lab.bot)
    message = await send(lab, Door())
    view = Door("shared")
    client.start_view(view, bind_to=message)
    assert other.get_bound_view(message) is view
    assert await said(lab, "Open", message) == ["shared opens"]
    client.start_view(Knob(), bind_to=None)
    with pytest.raises(ValueError, match="running unbound"):
        other.start_view(Knob(), bind_to=None)


@pytest.mark.asyncio
async def test_a_panel_keeps_its_message(lab, client):
    """One registry: no view is bound to a panel's message, and the panel answers before an unbound view."""

    class Gate(PersistentView):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.add_item(StatefulButton(label="Open", custom_id="door:open", callback=self.open))
            self.add_item(ui.Button(label="Turn", custom_id="unknown"))

        async def open(self, interaction):
            await interaction.response.send_message("the panel opens", ephemeral=True)

    panel = (await lab.post(Gate, state_key="gate")).message
    with pytest.raises(ValueError, match=rf"the panel 'gate' is on the message {panel.id}"):
        client.start_view(Door(), bind_to=panel.id)
    client.start_view(Door("unbound"), bind_to=None)
    assert await said(lab, "door:open", panel) == ["the panel opens"]
    await lab.restart()
    client = ViewClient(lab.bot)
    client.start_view(Door("unbound"), bind_to=None)
    assert await said(lab, "door:open", panel) == ["the panel opens"]
    kit.persistence.view_classes.put("Gate", None)
    await lab.restart()
    ViewClient(lab.bot).start_view(Door("unbound"), bind_to=None)
    outcome = await lab.click("door:open", message=panel)
    assert ["not available right now" in answer.text for answer in outcome.ephemeral] == [True]
    assert "'Gate' of the panel 'gate' is not imported" in str(outcome.errors[0])
    lab.errors.forget()
    ViewClient(lab.bot).clear()


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.asyncio
async def test_what_a_panel_lacks_the_unbound_view_answers(lab, client, restart):
    """A control that the panel's class has no longer, and an unbound view has: it is answered once."""

    class Gate(PersistentView):
        keys = ("door:open", "door:shut")

        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            for key in self.keys:
                self.add_item(StatefulButton(label=key, custom_id=key))

    panel = (await lab.post(Gate, state_key="gate")).message
    Gate.keys = ("door:shut",)
    if restart:
        await lab.restart()
    else:
        [live] = [view for view in lab.bot.persistent_views if isinstance(view, Gate)]
        live.remove_item(live.children[0])
    ViewClient(lab.bot).start_view(Door("unbound"), bind_to=None)
    assert await said(lab, "door:open", panel) == ["unbound opens"]
    assert (await lab.click("door:shut", message=panel)).ok
    ViewClient(lab.bot).clear()


@pytest.mark.asyncio
async def test_modals_and_dynamic_items_are_left_alone(lab, client):
    """A bound view opens a modal; its dynamic item is answered by its own class, once."""
    lab.discord.deadline = 2.0

    class Form(ui.Modal, title="Form"):
        answer = ui.TextInput(label="Answer", custom_id="form:answer")

        async def on_submit(self, interaction):
            await interaction.response.send_message(f"you said {self.answer.value}", ephemeral=True)

    class Counted(ui.DynamicItem[ui.Button], template=r"count:(?P<n>\d+)"):
        def __init__(self, n):
            super().__init__(ui.Button(label="Count", custom_id=f"count:{n}"))
            self.n = n

        @classmethod
        async def from_custom_id(cls, interaction, item, match):
            return cls(int(match["n"]))

        async def callback(self, interaction):
            await interaction.response.send_message(f"counted {self.n}", ephemeral=True)

    class Asking(Knob):
        def add(self, custom_id):
            button = super().add(custom_id)

            async def ask(interaction):
                await interaction.response.send_modal(Form())

            button.callback = ask
            self.add_item(Counted(7))

    message = await send(lab, Knob())
    await message.edit(view=Asking())
    lab.bot.remove_dynamic_items(Counted)
    client.start_view(Asking(), bind_to=message)
    assert await said(lab, "count:7", message) == ["counted 7"]
    assert (await lab.click("knob:turn", message=message)).modal["title"] == "Form"
    outcome = await lab.submit({"form:answer": "yes"})
    assert [answer.text for answer in outcome.ephemeral] == ["you said yes"]


@pytest.mark.asyncio
async def test_a_view_on_an_ephemeral_message(lab, client):
    """Bound to what only one person sees, by the message or by the first click."""
    inner = {}

    class Outer(Knob):
        def add(self, custom_id):
            button = super().add(custom_id)

            async def reply(interaction):
                view = Door("ephemeral")
                await interaction.response.send_message("psst", view=view, ephemeral=True)
                inner["message"] = await interaction.original_response()
                client.start_view(view, **inner["how"](inner["message"]))

            button.callback = reply

    message = await send(lab, Outer())
    client.start_view(Outer(), bind_to=message)
    for how in (lambda _: {}, lambda message: {"bind_to": message}):
        inner["how"] = how
        outcome = await lab.click("knob:turn", message=message)
        assert await said(lab, "door:open", outcome.ephemeral[0]) == ["ephemeral opens"]
        assert client.get_bound_view(inner["message"]).name == "ephemeral"


@pytest.mark.asyncio
async def test_an_unbound_view_answers_on_ephemeral_messages_and_does_not_age(lab, client):
    """discord.py gives what it sends there fifteen minutes; the one that serves everybody keeps its None."""
    unbound = Door("unbound")

    class Outer(Knob):
        def add(self, custom_id):
            button = super().add(custom_id)

            async def reply(interaction):
                await interaction.response.send_message("psst", view=unbound, ephemeral=True)

            button.callback = reply

    message = await send(lab, Outer())
    client.start_view(unbound, bind_to=None)
    outcome = await lab.click("knob:turn", message=message)
    assert await said(lab, "door:open", outcome.ephemeral[0]) == ["unbound opens"]
    assert unbound.timeout is None


@pytest.mark.asyncio
async def test_a_stateful_view_may_be_bound(lab, client):
    """Those of kit's own views that are not persistent take part: checks, session and message are theirs."""

    class Desk(StatefulView):
        def __init__(self, **kwargs):
            super().__init__(timeout=None, **kwargs)
            self.add_item(StatefulButton(label="Ring", custom_id="desk:ring", callback=self.ring))

        async def ring(self, interaction):
            await interaction.response.send_message(f"ring on {self.message.id}", ephemeral=True)

    message = await send(lab, Desk())
    client.start_view(Desk(), bind_to=message)
    assert await said(lab, "Ring", message) == [f"ring on {message.id}"]


@pytest.mark.asyncio
async def test_clicks_during_stop_and_start_are_answered_once(lab, client):
    """Alice and bob click while one view makes way for the next, in both orders; nobody is lost or doubled."""
    message = await send(lab, Door())
    client.start_view(Door("0"), bind_to=message)
    for life in range(1, 20):
        clicks = [
            asyncio.create_task(lab.discord.click("door:open", message=message.id, user=user))
            for user in ("alice", "bob")
        ]
        if life % 2:
            client.get_bound_view(message).stop()
        client.start_view(Door(str(life)), bind_to=message)
        for click in clicks:
            interaction = await (await click).answered()
            assert interaction.failure is None
            assert len(interaction.effects) == 1
    assert lab.errors.since(0) == []


@pytest.mark.asyncio
async def test_a_view_that_starts_another_in_its_callback(lab, client):
    """The click that is being answered replaces its own view: it is answered, and the next goes to the new."""

    class Handing(Knob):
        def add(self, custom_id):
            button = super().add(custom_id)

            async def hand_over(interaction):
                client.start_view(Knob("next"), bind_to=interaction.message)
                await interaction.response.send_message("handed over", ephemeral=True)

            button.callback = hand_over

    message = await send(lab, Handing())
    client.start_view(Handing(), bind_to=message)
    assert await said(lab, "knob:turn", message) == ["handed over"]
    assert await said(lab, "knob:turn", message) == ["next knob:turn"]


@pytest.mark.asyncio
async def test_a_sharded_bot_has_bound_and_unbound_views(tmp_path, monkeypatch):
    """The same on an AutoShardedBot."""
    monkeypatch.chdir(tmp_path)

    def make():
        return commands.AutoShardedBot("!", intents=discord.Intents.all(), help_command=None, shard_count=1)

    async with kit.Lab.start(make) as lab:
        client = ViewClient(lab.bot)
        first, second = await send(lab, LayoutDoor()), await send(lab, LayoutDoor())
        client.start_view(LayoutDoor("unbound"), bind_to=None)
        client.start_view(LayoutDoor("bound"), bind_to=first)
        assert await said(lab, "Open", first) == ["bound opens"]
        assert await said(lab, "Open", second) == ["unbound opens"]
        client.clear()
        assert (client.bound_views, client.unbound_views) == ([], [])


@pytest.mark.asyncio
async def test_what_discord_py_knows_itself_is_left_to_it(lab, client):
    """Views that were sent, or added with `bot.add_view`, and were started by nobody, answer as ever."""
    sent = Door("sent")
    message = await send(lab, sent)
    lab.bot.add_view(Knob("added"))
    knob = await send(lab, Knob())
    lab.bot._connection._view_store._views.pop(knob.id)
    assert await said(lab, "Open", message) == ["sent opens"]
    assert await said(lab, "knob:turn", knob) == ["added knob:turn"]
    client.start_view(Knob("bound"), bind_to=knob)
    assert {view.name for view in lab.bot.persistent_views} == {"sent", "added", "bound"}
    sent.stop()
    assert {view.name for view in lab.bot.persistent_views} == {"added", "bound"}


@pytest.mark.asyncio
async def test_views_that_were_there_before_the_client_are_the_clients_too(lab):
    """A bot's first ViewClient is made late, in a cog: an older view's `stop()` forgets its own buttons only."""
    bot = commands.Bot("!", intents=discord.Intents.none())
    await bot._async_setup_hook()
    old, brief = Door("old"), Door("brief", timeout=60)
    for view, message_id in ((old, 1), (old, 2), (brief, 3)):
        bot._connection.store_view(view, message_id)
    ViewClient(bot)
    new, other = Door("new"), Door("other")
    bot._connection.store_view(new, 2)
    bot._connection.store_view(other, 3)
    for view in (old, brief):
        view.stop()
    left = {item.view for items in bot._connection._view_store._views.values() for item in items.values()}
    assert left == {new, other}
    assert set(bot._connection._view_store._synced_message_views.values()) == {new, other}


@pytest.mark.parametrize("kind", ["sent", "bound"])
@pytest.mark.asyncio
async def test_a_control_that_was_taken_away_does_not_answer_before_the_edit(lab, client, kind):
    """The message still shows it. Its callback does not run, whatever the version of discord.py."""
    view = Knob()
    message = await send(lab, view)
    if kind == "bound":
        client.start_view(view, bind_to=message)
    view.remove_item(view.children[0])
    outcome = await lab.click("knob:turn", message=message)
    assert [answer.text for answer in outcome.ephemeral] == (
        ["This control was removed."] if kind == "bound" else []
    )


@pytest.mark.asyncio
async def test_started_again_on_its_message_a_kept_view_stays_kept(lab, client):
    """`start_view` at every start-up, of what is kept already, changes nothing about it."""
    message = await send(lab, Door())
    view = await client.keep_view(ViewClient.persistent(type("Again", (Door,), {}))(), bind_to=message)
    client.start_view(view, bind_to=message)
    await client.forget_view(view)
    assert dict(lab.store.state["persistent_views"]) == {}


@pytest.mark.asyncio
async def test_an_ephemeral_message_can_be_edited_after_a_click(lab, client):
    """Only the reply that sent it can: `view.message` stays that one, and does not become one that gets a 404."""

    class Outer(Knob):
        def add(self, custom_id):
            button = super().add(custom_id)

            async def reply(interaction):
                view = Door("ephemeral")
                if custom_id == "response":
                    await interaction.response.send_message("psst", view=view, ephemeral=True)
                    message = await interaction.original_response()
                else:
                    await interaction.response.defer()
                    message = await interaction.followup.send("psst", view=view, ephemeral=True, wait=True)
                client.start_view(view, bind_to=message)

            button.callback = reply

    for custom_id in ("response", "followup"):
        message = await send(lab, Outer(custom_id=custom_id))
        [reply] = (await lab.click(custom_id, message=message)).ephemeral
        assert await said(lab, "door:open", reply) == ["ephemeral opens"]
        [view] = client.bound_views
        view.open.label = "Edited"
        await view.message.edit(view=view)
        assert await said(lab, "Edited", reply) == ["ephemeral opens"]
        view.stop()


@pytest.mark.asyncio
async def test_a_bound_view_that_is_added_without_a_message_answers_on_its_own_alone(lab, client):
    """`bot.add_view(view)` in a setup_hook, or `webhook.send(view=view)`: it does not serve the others."""
    view = Door("bound")
    message, other = await send(lab, Door()), await send(lab, Door())
    lab.bot._connection._view_store._views.clear()
    client.start_view(view, bind_to=message)
    lab.bot.add_view(view)
    assert await said(lab, "Open", message) == ["bound opens"]
    assert (await lab.click("Open", message=other)).failure is not None


@pytest.mark.asyncio
async def test_a_deleted_message_ends_the_view_that_another_had_displaced(lab, client):
    """Whoever waits for the menu, while a page is shown on its message, waits no longer."""
    menu = Knob("menu")
    message = await send(lab, menu)
    client.start_view(menu, bind_to=message)
    await message.edit(view=Knob("page", "page"))
    waiting = asyncio.create_task(menu.wait())
    await message.delete()
    assert await asyncio.wait_for(waiting, 5) is False
