"""What is registered, the one message of a state key, and the tree that is stored."""

from __future__ import annotations

import asyncio
import json

import pytest

from kit import PersistentLayoutView, PersistentView, setup_persistence
from kit.persistence import FileStorageBackend, SQLiteBackend
from kit.persistence.registry import view_classes
from tests.guide.panels import PassingLayout, TallyLayout, persistent_kinds
from tests.guide.plan import DATABASE, on_disk, remember
from tests.guide.storages import Shelf


def ids(lab, user):
    """The ids of a person, the channel and the guild."""
    world = lab.discord.world
    return int(world.user(user)["id"]), int(world.channel_id), int(world.guild["id"])


@persistent_kinds
@pytest.mark.asyncio
async def test_sending_dispatches_persistent_view_registered_with_exactly_six_fields(plan, kind):
    """What the action says is what the registry holds, on disk as in memory."""
    heard = []
    plan.sends["tally"] = lambda ctx: kind(context=ctx, state_key=f"tally:{ctx.guild.id}")
    lab = await plan.start()
    lab.store.subscribe("test", lambda state, action: heard.append(action), ["PERSISTENT_VIEW_REGISTERED"])
    message = (await lab.say("!tally", user="bob")).message
    bob, channel, guild = ids(lab, "bob")
    entry = {
        "class_name": kind.__name__,
        "state_key": f"tally:{guild}",
        "message_id": message.id,
        "channel_id": channel,
        "guild_id": guild,
        "user_id": bob,
    }
    assert [dict(action.payload) for action in heard] == [entry]
    assert (await on_disk())["persistent_views"] == {f"tally:{guild}": entry}


@persistent_kinds
@pytest.mark.asyncio
async def test_the_registration_is_on_disk_when_send_returns(plan, kind):
    """A crash in the line after `await view.send()` does not lose the panel, however slow the storage."""

    class SlowShelf(Shelf):
        async def save_state(self, state):
            await asyncio.sleep(0.2)
            return await super().save_state(state)

    shelf = SlowShelf()

    async def setup(bot):
        await setup_persistence(bot, backend=shelf)

    async def send_and_look(ctx):
        await kind(context=ctx, state_key="tally").send()
        plan.found = json.loads(shelf.text)["persistent_views"]

    plan.setup = setup
    plan.sends["tally"] = send_and_look
    lab = await plan.start()
    message = (await lab.say("!tally")).message
    assert plan.found["tally"]["message_id"] == message.id


@persistent_kinds
@pytest.mark.asyncio
async def test_a_second_panel_of_the_key_ends_the_first_one(plan, kind):
    """The first is unsubscribed, unregistered and disabled, and the entry names the second message."""
    heard = []

    class Follower(kind):
        async def update_from_state(self, state):
            heard.append(self.message.id)

    plan.sends["tally"] = lambda ctx: Follower(context=ctx, state_key="tally")
    lab = await plan.start()
    first = (await lab.say("!tally", user="alice")).message
    second = (await lab.say("!tally", user="bob")).message
    shown = {message.id: message.controls.get("tally:add") for message in lab.messages}
    assert shown[first.id]["disabled"]
    assert not shown[second.id].get("disabled")
    old, new = plan.views
    assert (old.is_finished(), new.is_finished()) == (True, False)
    stored = await on_disk()
    assert list(stored["views"]) == [new.id]
    assert stored["persistent_views"]["tally"]["message_id"] == second.id
    assert list(stored["sessions"]) == [f"Follower:user_{ids(lab, 'bob')[0]}"]
    heard.clear()
    assert (await lab.click("tally:add", message=second)).message.labels == ["Add to 1"]
    assert set(heard) == {second.id}
    assert (await lab.restart()).restored == ["tally"]
    assert (await lab.click("tally:add", message=second)).message.labels == ["Add to 2"]


@pytest.mark.parametrize("clicked", [False, True], ids=["not clicked", "clicked"])
@persistent_kinds
@pytest.mark.asyncio
async def test_a_second_panel_of_the_key_ends_the_restored_first_one(plan, kind, clicked):
    """The same after a restart, whether the first panel has been used since or not."""
    plan.sends["tally"] = lambda ctx: kind(context=ctx, state_key="tally")
    lab = await plan.start()
    first = (await lab.say("!tally")).message
    await lab.restart()
    if clicked:
        await lab.click("tally:add")
    second = (await lab.say("!tally")).message
    shown = {message.id: message.controls.get("tally:add") for message in lab.messages}
    assert shown[first.id]["disabled"]
    assert not shown[second.id].get("disabled")
    stored = await on_disk()
    assert list(stored["views"]) == [plan.views[-1].id]
    assert stored["persistent_views"]["tally"]["message_id"] == second.id


async def data_only(bot):
    """A setup_hook that restores no panel."""
    await setup_persistence(backend=SQLiteBackend(DATABASE))


async def expect_only_the_second_answers(plan, lab, first):
    """The second panel of the key is the registered one, and the first one's button is off."""
    shown = {message.id: message.controls["tally:add"] for message in lab.messages if message.controls}
    [second] = [message_id for message_id in shown if message_id != first.id]
    assert shown[first.id]["disabled"]
    assert not shown[second].get("disabled")
    assert (await on_disk())["persistent_views"]["tally"]["message_id"] == second
    plan.setup = remember
    assert (await lab.restart()).restored == ["tally"]
    assert (await lab.click("tally:add", message=second)).ok


@persistent_kinds
@pytest.mark.asyncio
async def test_the_message_of_a_view_that_is_not_alive_is_disabled_directly(plan, kind):
    """A bot that restored nothing posts the key again: the old message's button is off all the same."""
    plan.sends["tally"] = lambda ctx: kind(context=ctx, state_key="tally")
    lab = await plan.start()
    first = (await lab.say("!tally")).message
    plan.setup = data_only
    await lab.restart()
    await lab.say("!tally")
    await expect_only_the_second_answers(plan, lab, first)


@persistent_kinds
@pytest.mark.asyncio
async def test_the_message_of_a_view_that_is_not_alive_is_disabled_though_its_channel_is_in_no_cache(
    plan, kind
):
    """The key is posted again in setup_hook, when the bot knows no channel yet."""
    lab = await plan.start()
    _, channel, guild = ids(lab, "alice")

    async def post(bot):
        await data_only(bot)
        assert bot.get_channel(channel) is None
        view = kind(state_key="tally", user_id=1, guild_id=guild)
        await view.send(channel=bot.get_partial_messageable(channel, guild_id=guild))

    plan.setup = post
    await lab.restart()
    first = lab.messages[-1]
    await lab.restart()
    await expect_only_the_second_answers(plan, lab, first)


@persistent_kinds
@pytest.mark.asyncio
async def test_a_former_message_that_is_gone_does_not_keep_the_new_one_from_being_sent(plan, kind):
    """There is nothing to disable, and nothing to report."""
    plan.sends["tally"] = lambda ctx: kind(context=ctx, state_key="tally")
    lab = await plan.start()
    first = (await lab.say("!tally")).message

    async def deleted(simulator):
        simulator.world.delete_message(first.id)

    await lab.restart(offline=deleted)
    assert (await lab.say("!tally")).message.labels == ["Add to 0"]
    assert list((await on_disk())["persistent_views"]) == ["tally"]


@persistent_kinds
@pytest.mark.asyncio
async def test_panels_of_different_keys_live_beside_each_other(plan, kind):
    """One for each user, or one for each intended instance: none ends another."""
    plan.sends["tally"] = lambda ctx: kind(context=ctx, state_key=f"tally:{ctx.author.id}")
    lab = await plan.start()
    sent = {user: (await lab.say("!tally", user=user)).message for user in ("alice", "bob")}
    await lab.restart()
    for message in sent.values():
        assert (await lab.click("tally:add", message=message)).message.labels == ["Add to 1"]


@pytest.mark.parametrize("base", [PersistentView, PersistentLayoutView])
def test_every_subclass_is_registered_by_its_class_statement(base):
    """Both bases share one mapping of names to classes, and a subclass of a subclass is in it, too."""
    child = type("Sprout", (base,), {})
    grandchild = type("Twig", (child,), {})
    assert view_classes.get("Sprout") is child
    assert view_classes.get("Twig") is grandchild


async def one_of_each(plan):
    """A lab with a panel, a counter view that was used, and a setting of its user; and what it holds."""
    plan.sends["panel"] = lambda ctx: TallyLayout(context=ctx, state_key=f"tally:{ctx.guild.id}")
    plan.sends["mine"] = lambda ctx: PassingLayout(context=ctx, state_key=f"mine:{ctx.author.id}")
    lab = await plan.start()
    panel = (await lab.say("!panel", user="alice")).message
    mine = (await lab.say("!mine", user="bob")).message
    await lab.click("tally:add", user="bob", message=mine)
    (alice, channel, guild), (bob, _, _) = ids(lab, "alice"), ids(lab, "bob")
    settings = {"scope": f"user:{bob}", "data": {"settings": {"theme": "dark"}}}
    await lab.store.dispatch("SCOPED_UPDATE", settings)
    await lab.store.flush()
    session = {"nav_stack": [], "undo_stack": [], "redo_stack": [], "data": {}}
    expected = {
        "views": {
            plan.views[0].id: {
                "type": "TallyLayout",
                "session_id": f"TallyLayout:user_{alice}",
                "channel_id": channel,
                "message_id": panel.id,
                "user_id": alice,
                "guild_id": guild,
            },
            plan.views[1].id: {
                "type": "PassingLayout",
                "session_id": f"PassingLayout:user_{bob}",
                "channel_id": channel,
                "message_id": mine.id,
                "user_id": bob,
                "guild_id": guild,
            },
        },
        "sessions": {
            f"TallyLayout:user_{alice}": {"views": [plan.views[0].id], **session},
            f"PassingLayout:user_{bob}": {"views": [plan.views[1].id], **session},
        },
        "application": {
            "counters": {f"mine:{bob}": 1},
            "_scoped": {f"user:{bob}": {"settings": {"theme": "dark"}}},
        },
        "persistent_views": {
            f"tally:{guild}": {
                "class_name": "TallyLayout",
                "state_key": f"tally:{guild}",
                "message_id": panel.id,
                "channel_id": channel,
                "guild_id": guild,
                "user_id": alice,
            }
        },
    }
    return lab, expected


@pytest.mark.asyncio
async def test_the_stored_tree_has_exactly_the_fields_of_the_guide(plan):
    """Views, sessions, application with its scopes, and panels: no key more, no key less, ids as integers."""
    _, expected = await one_of_each(plan)
    assert await on_disk() == expected


@pytest.mark.asyncio
async def test_the_tree_in_a_json_file_is_plain_json(plan):
    """Whoever opens the file reads the tree of the guide, without any mark of kit's own."""

    async def setup(bot):
        await setup_persistence(bot, backend=FileStorageBackend("state.json"))

    plan.setup = setup
    _, expected = await one_of_each(plan)
    assert json.loads((plan.folder / "state.json").read_text()) == expected


@pytest.mark.asyncio
async def test_views_are_cleaned_up_and_panels_are_not_after_a_restart(plan):
    """The instances of the former process are gone from `views`; what the user counted and set is not."""
    lab, before = await one_of_each(plan)
    await lab.restart()
    await lab.store.flush()
    after = await on_disk()
    assert (after["views"], after["sessions"]) == ({}, {})
    assert after["application"] == before["application"]
    assert after["persistent_views"] == before["persistent_views"]


@pytest.mark.asyncio
async def test_ten_restarts_leave_one_view_entry(plan):
    """Restored views take the place of those before them; nothing piles up."""
    lab, _ = await one_of_each(plan)
    for _ in range(10):
        await lab.restart(crash=True)
        await lab.click("tally:add", message=lab.messages[1])
    stored = await on_disk()
    assert [view["type"] for view in stored["views"].values()] == ["TallyLayout"]
    [session] = stored["sessions"].values()
    assert session["views"] == list(stored["views"])
