"""Plain views that `keep_view` stores: they come back after a restart, with nothing of kit in their class."""

from __future__ import annotations

import asyncio

import discord
import pytest
import pytest_asyncio
from discord import ui
from discord.ext import commands

from kit import Lab, PersistentView, StatefulView, ViewClient, get_store, setup_persistence
from kit.persistence import ClassCollisionError, Panels, SQLiteBackend, StorageError
from kit.persistence.inspection import inspect
from kit.persistence.registry import view_classes
from kit.persistence.snapshot import Snapshot
from kit.state import StateError
from tests.views.doors import Door, Knob, LayoutDoor, channel_of, said, send


@ViewClient.persistent
class KeptDoor(Door):
    """A door that can be kept."""


@ViewClient.persistent
class KeptLayoutDoor(LayoutDoor):
    """The same in the second version."""


@ViewClient.persistent
class KeptKnob(Knob):
    """A knob that can be kept."""


kept_doors = pytest.mark.parametrize("door", [KeptDoor, KeptLayoutDoor])
crashes = pytest.mark.parametrize("crash", [False, True], ids=["closed", "crashed"])


@pytest_asyncio.fixture
async def client(lab):
    lab.discord.deadline = 0.5
    yield ViewClient(lab.bot)
    ViewClient(lab.bot).clear()


def stored(lab):
    return {key: dict(entry) for key, entry in lab.store.state["persistent_views"].items()}


@crashes
@kept_doors
@pytest.mark.asyncio
async def test_both_kinds_come_back_with_their_arguments(lab, client, door, crash):
    """Bound ones to their message, the unbound one for all others; in the second life and the third."""
    bound, other = await send(lab, door()), await send(lab, door())
    view = door(name="bound")
    assert await client.keep_view(view, bind_to=bound) is view
    await client.keep_view(door("unbound"), bind_to=None)
    for _ in range(3):
        assert await said(lab, "Open", bound) == ["bound opens"]
        assert await said(lab, "Open", other) == ["unbound opens"]
        report = await lab.restart(crash=crash)
        assert sorted(report.restored) == sorted(stored(lab))
    client = ViewClient(lab.bot)
    assert client.bound_views == []
    assert client.get_bound_view(bound).name == "bound"
    assert client.get_unbound_view("door:open").name == "unbound"
    assert isinstance(client.get_bound_view(bound).message, discord.PartialMessage)
    assert client.get_unbound_view("door:open").message is None


@crashes
@pytest.mark.asyncio
async def test_when_keep_view_returns_it_is_on_disk(lab, client, crash):
    """A crash right after it loses nothing; one after `forget_view` brings nothing back."""
    message = await send(lab, Door())
    view = await client.keep_view(KeptDoor("kept"), bind_to=message)
    await lab.restart(crash=True)
    assert await said(lab, "Open", message) == ["kept opens"]
    client = ViewClient(lab.bot)
    await client.forget_view(client.get_bound_view(message))
    assert (await lab.click("Open", message=message)).failure is not None
    await lab.restart(crash=crash)
    assert stored(lab) == {}
    assert (await lab.click("Open", message=message)).failure is not None
    assert not view.is_finished()
    view.stop()


@pytest.mark.asyncio
async def test_what_is_stored(lab, client):
    """The class, the arguments by name, and the message; nothing else."""
    message = await send(lab, Door())
    await client.keep_view(KeptDoor("named"), bind_to=message)
    await client.keep_view(KeptKnob("far", custom_id="far"), bind_to=99)
    await client.keep_view(KeptKnob(), bind_to=None)
    assert stored(lab) == {
        f"bound:{message.id}": {
            "class_name": "KeptDoor",
            "state_key": f"bound:{message.id}",
            "bound": True,
            "message_id": message.id,
            "channel_id": message.channel.id,
            "guild_id": message.guild.id,
            "kwargs": {"name": "named"},
        },
        "bound:99": {
            "class_name": "KeptKnob",
            "state_key": "bound:99",
            "bound": True,
            "message_id": 99,
            "kwargs": {"name": "far", "custom_id": "far"},
        },
        "unbound:KeptKnob": {"class_name": "KeptKnob", "state_key": "unbound:KeptKnob", "bound": False},
    }
    state = {name: dict(branch) for name, branch in lab.store.state.items()}
    found = inspect(Snapshot("kind", "place", "kit", state))
    assert found.oddities == []
    assert found.panels == {"KeptDoor": {str(message.guild.id): 1}, "KeptKnob": {"*": 2}}


@pytest.mark.asyncio
async def test_a_view_bound_by_a_bare_id_learns_its_channel_from_the_first_click(lab, client):
    """So its deleted channel takes the entry along, after a restart, too."""
    place = await channel_of(lab).guild.create_text_channel("doors")
    message = await place.send(view=Knob())
    lab.bot._connection._messages.clear()
    await client.keep_view(KeptKnob(), bind_to=message.id)
    assert "channel_id" not in stored(lab)[f"bound:{message.id}"]
    await lab.restart()
    interaction = await lab.discord.click("knob:turn", message=message.id, user="alice")
    assert [answer["content"] for _, answer in (await interaction.answered()).effects] == ["knob knob:turn"]
    await lab.store.flush()
    entry = stored(lab)[f"bound:{message.id}"]
    assert (entry["channel_id"], entry["guild_id"]) == (place.id, place.guild.id)
    await lab.restart()
    await lab.bot.get_channel(place.id).delete()
    async with asyncio.timeout(5):
        while stored(lab):
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("how", ["deleted", "deleted while down"])
@pytest.mark.asyncio
async def test_the_entry_goes_with_its_message(lab, client, how):
    """Deleted while the bot runs, or while it is down: verified as a panel's is. The unbound one stays."""
    message = await send(lab, Door())
    await client.keep_view(KeptDoor(), bind_to=message)
    await client.keep_view(KeptKnob(), bind_to=None)
    if how == "deleted":
        await message.delete()
        async with asyncio.timeout(5):
            while len(stored(lab)) == 2:
                await asyncio.sleep(0.005)
        assert client.bound_views == []
        report = await lab.restart()
    else:
        report = await lab.restart(offline=lambda discord: _delete(discord, message.id))
        assert report.removed == [f"bound:{message.id}"]
    assert list(stored(lab)) == ["unbound:KeptKnob"]
    assert report.restored == ["unbound:KeptKnob"]


async def _delete(discord, message_id):
    discord.world.delete_message(message_id)


@pytest.mark.asyncio
async def test_classes_that_come_later_answer_as_soon_as_they_are_there(lab, client):
    """A cog that is loaded after setup_persistence, a cell that is run late: the next click is answered."""
    bound, other = await send(lab, Door()), await send(lab, Door())
    await client.keep_view(KeptDoor("bound"), bind_to=bound)
    await client.keep_view(KeptDoor("unbound"), bind_to=None)
    view_classes.put("KeptDoor", None)
    report = await lab.restart()
    assert sorted(report.skipped) == sorted(stored(lab))
    [apology] = await said(lab, "Open", bound)
    assert "not available right now" in apology
    assert (await lab.click("Open", message=other)).failure is not None
    view_classes.put("KeptDoor", KeptDoor)
    assert await said(lab, "Open", bound) == ["bound opens"]
    assert await said(lab, "Open", other) == ["unbound opens"]


@pytest.mark.asyncio
async def test_an_unbound_view_may_be_kept_at_every_start(lab, client):
    """As the guides start theirs: the one that runs already goes on, whether it was stored or kept just now."""
    message = await send(lab, Door())
    first = await client.keep_view(KeptDoor("same"), bind_to=None)
    assert await client.keep_view(KeptDoor("same"), bind_to=None) is first
    await lab.restart()
    client = ViewClient(lab.bot)
    running = client.get_unbound_view("door:open")
    assert await client.keep_view(KeptDoor("same"), bind_to=None) is running
    assert await said(lab, "Open", message) == ["same opens"]
    with pytest.raises(ValueError, match="running unbound"):
        await client.keep_view(KeptDoor("another"), bind_to=None)
    with pytest.raises(ValueError, match="running unbound"):
        client.start_view(KeptDoor("same"), bind_to=None)
    assert len(stored(lab)) == 1
    first.stop()


@pytest.mark.asyncio
async def test_arguments_tell_unbound_views_of_one_class_apart(lab, client):
    """A role menu for each role: all of them are kept, and each answers its own custom_ids."""
    names = ["red", "green", "blue"]
    messages = {}
    for name in names:
        await client.keep_view(KeptKnob(name, custom_id=f"role:{name}"), bind_to=None)
        messages[name] = await send(lab, Knob(custom_id=f"role:{name}"))
    await lab.restart(crash=True)
    assert len(ViewClient(lab.bot).unbound_views) == 3
    for name, message in messages.items():
        assert await said(lab, f"role:{name}", message) == [f"{name} role:{name}"]

    @ViewClient.persistent
    class Changing(ui.View):
        ids = iter("ab")

        def __init__(self):
            super().__init__(timeout=None)
            self.add_item(ui.Button(label="?", custom_id=next(self.ids)))

    client = ViewClient(lab.bot)
    await client.keep_view(Changing(), bind_to=None)
    with pytest.raises(ValueError, match="of the same arguments have other custom_ids"):
        await client.keep_view(Changing(), bind_to=None)
    await client.forget_view(client.get_unbound_view("a"))


@pytest.mark.asyncio
async def test_stop_lasts_for_this_process_and_forget_view_for_good(lab, client):
    """A stopped view does not answer, and is not made anew by a click; the next process has it again."""
    message, other = await send(lab, KeptDoor()), await send(lab, KeptKnob())
    await client.keep_view(KeptDoor(), bind_to=message)
    await client.keep_view(KeptKnob(), bind_to=None)
    other = await send(lab, KeptKnob())
    client.clear()
    for control, where in (("Open", message), ("knob:turn", other)):
        assert (await lab.click(control, message=where)).failure is not None
    await lab.restart()
    assert await said(lab, "Open", message) == ["door opens"]
    assert await said(lab, "knob:turn", other) == ["knob knob:turn"]
    with pytest.raises(ValueError, match="is not kept, or was stopped"):
        await ViewClient(lab.bot).forget_view(Door())


@pytest.mark.asyncio
async def test_a_kept_view_moves_and_is_replaced(lab, client):
    """One entry a message: a second view takes the first one's place, and a moved one leaves none behind."""
    first, second = await send(lab, Door()), await send(lab, Door())
    view = await client.keep_view(KeptDoor("moved"), bind_to=first)
    await client.keep_view(view, bind_to=second)
    assert list(stored(lab)) == [f"bound:{second.id}"]
    await client.keep_view(KeptDoor("replaced"), bind_to=second)
    await lab.restart(crash=True)
    assert await said(lab, "Open", second) == ["replaced opens"]
    assert (await lab.click("Open", message=first)).failure is not None


@pytest.mark.asyncio
async def test_a_started_view_may_be_kept_afterwards(lab, client):
    """`start_view`, and later `keep_view` for the same instance: it goes on without a gap."""
    message = await send(lab, Knob())
    bound, unbound = KeptKnob("bound"), KeptDoor("unbound")
    client.start_view(bound, bind_to=message)
    client.start_view(unbound, bind_to=None)
    await client.keep_view(bound, bind_to=message)
    await client.keep_view(unbound, bind_to=None)
    assert (client.bound_views, client.unbound_views) == ([bound], [unbound])
    await lab.restart()
    assert await said(lab, "knob:turn", message) == ["bound knob:turn"]


@pytest.mark.asyncio
async def test_what_can_not_be_kept_is_refused_and_leaves_nothing(lab, client):
    """The reason, and the line to write; nothing is stored or started."""

    @ViewClient.persistent
    class Picky(Door):
        def __init__(self, *names, thing=None, timeout=None):
            super().__init__(timeout=timeout)

    class Undecorated(KeptDoor):
        pass

    @ViewClient.persistent
    class Positional(Door):
        def __init__(self, name, /):
            super().__init__(name)

    class Late(Door):
        pass

    late = Late("made before")
    ViewClient.persistent(Late)
    nameless = Picky()
    nameless.add_item(ui.Button(label="Nameless"))
    for view, error, text in (
        (Door(), ValueError, "Door could not be found after a restart: decorate the class"),
        (Undecorated(), ValueError, "Undecorated could not be found"),
        (Picky(timeout=5), ValueError, "timeout of 5 s"),
        (nameless, ValueError, "'Nameless' in Picky has no custom_id"),
        (Picky("a", "b"), ValueError, "without a name"),
        (Positional("a"), ValueError, "'a' without a name"),
        (late, ValueError, "was made before its class was decorated"),
        (Picky(thing=object()), StateError, r"persistent_views\['bound:5'\].kwargs.thing"),
    ):
        with pytest.raises(error, match=text):
            await client.keep_view(view, bind_to=5)
    with pytest.raises(TypeError, match="needs to know `bind_to`"):
        await client.keep_view(KeptDoor(), bind_to=discord.utils.MISSING)
    assert (stored(lab), client.bound_views) == ({}, [])


@pytest.mark.asyncio
async def test_an_ephemeral_message_is_not_kept(lab, client):
    """Discord keeps it for nobody: a view on it can be started only."""
    refused = []

    class Outer(Knob):
        def add(self, custom_id):
            button = super().add(custom_id)

            async def reply(interaction):
                view = KeptDoor()
                await interaction.response.send_message(view=view, ephemeral=True)
                try:
                    await client.keep_view(view, bind_to=await interaction.original_response())
                except ValueError as error:
                    refused.append(str(error))

            button.callback = reply

    message = await send(lab, Outer())
    await lab.click("knob:turn", message=message)
    assert [text.partition(":")[0] for text in refused] == ["Discord keeps no ephemeral message"]


@pytest.mark.asyncio
async def test_the_decorator_takes_view_classes_of_one_name_once():
    """What it refuses: no class, a panel's class, and a second class of the name in another module."""
    with pytest.raises(TypeError, match="decorates a View or LayoutView class"):
        ViewClient.persistent(KeptDoor())

    class Panel(PersistentView):
        pass

    class Passing(StatefulView):
        pass

    for kind in (Panel, Passing):
        with pytest.raises(TypeError, match=f"{kind.__name__} is a view of kit's, which needs no decorator"):
            ViewClient.persistent(kind)
    other = type("KeptDoor", (ui.View,), {"__module__": "asyncio"})
    with pytest.raises(ClassCollisionError, match="registry_key"):
        ViewClient.persistent(other)
    keyed = type("KeptDoor", (ui.View,), {"__module__": "asyncio", "registry_key": "asyncio.KeptDoor"})
    assert ViewClient.persistent(keyed) is keyed
    assert view_classes.get("asyncio.KeptDoor") is keyed
    assert view_classes.get("KeptDoor") is KeptDoor


@pytest.mark.asyncio
async def test_stored_arguments_meet_a_class_that_has_changed(lab, client):
    """`migrate` turns old ones into today's; what is no longer taken is left out; what is missing fails."""
    message, other = await send(lab, Door()), await send(lab, Knob())
    await client.keep_view(KeptDoor("old name"), bind_to=message)
    await client.keep_view(KeptKnob("gone"), bind_to=other)

    @ViewClient.persistent
    class KeptDoor2(Door):
        registry_key = "KeptDoor"

        @classmethod
        def migrate(cls, arguments):
            return {"title": arguments["name"].upper()}

        def __init__(self, title):
            super().__init__(title)

    @ViewClient.persistent
    class KeptKnob2(Knob):
        registry_key = "KeptKnob"

        def __init__(self):
            super().__init__("without a name")

    view_classes.put("KeptDoor", KeptDoor2)
    view_classes.put("KeptKnob", KeptKnob2)
    await lab.restart()
    assert await said(lab, "Open", message) == ["OLD NAME opens"]
    assert await said(lab, "knob:turn", other) == ["without a name knob:turn"]

    @ViewClient.persistent
    class KeptKnob3(Knob):
        registry_key = "KeptKnob"

        def __init__(self, colour):
            super().__init__(colour)

    view_classes.put("KeptKnob", KeptKnob3)
    report = await lab.restart()
    assert report.failed == [f"bound:{other.id}"]
    assert any("'colour'" in note for note in report.notes)
    lab.errors.forget()


@pytest.mark.asyncio
async def test_a_constructor_that_raises_keeps_the_entry_and_the_other_views(lab, client):
    """It is logged once, the person who clicks is told, and everybody else's view answers."""
    broken, fine = await send(lab, Door()), await send(lab, Knob())
    await client.keep_view(KeptDoor(), bind_to=broken)
    await client.keep_view(KeptDoor(), bind_to=None)
    await client.keep_view(KeptKnob(), bind_to=fine)

    @ViewClient.persistent
    class Breaking(Door):
        registry_key = "KeptDoor"

        def __init__(self):
            raise LookupError("the role is gone")

    view_classes.put("KeptDoor", Breaking)
    report = await lab.restart()
    assert report.failed == ["unbound:KeptDoor"]
    assert "the role is gone" in report.notes[0]
    for _ in range(2):
        outcome = await lab.click("Open", message=broken)
        assert ["not available" in answer.text for answer in outcome.ephemeral] == [True]
    assert await said(lab, "knob:turn", fine) == ["knob knob:turn"]
    assert len(stored(lab)) == 3
    messages = [str(error) for error in lab.errors.since(0)]
    assert messages.count("the role is gone") == 2
    lab.errors.forget()


@pytest.mark.asyncio
async def test_views_that_were_kept_before_there_was_any_storage(tmp_path, monkeypatch):
    """`keep_view` in a setup_hook, then `setup_persistence`: the entry goes to the storage with the view."""
    import kit

    monkeypatch.chdir(tmp_path)

    class Bot(commands.Bot):
        def __init__(self):
            super().__init__("!", intents=discord.Intents.all(), help_command=None)

        async def setup_hook(self):
            await ViewClient(self).keep_view(KeptKnob("early"), bind_to=None)
            await setup_persistence(self, backend=SQLiteBackend("bot.db"))

    async with kit.Lab.start(Bot) as lab:
        message = await send(lab, KeptKnob())
        for _ in range(2):
            assert await said(lab, "knob:turn", message) == ["early knob:turn"]
            [state_key] = stored(lab)
            backend = SQLiteBackend("bot.db")
            assert list((await backend.load_state())["persistent_views"]) == [state_key]
            await backend.close()
            await lab.restart(crash=True)


@pytest.mark.asyncio
async def test_a_second_setup_takes_what_runs_to_the_new_storage(lab, client):
    """Views that are alive go with it, and answer once; so they do after a restart on the new one."""
    message, other = await send(lab, KeptDoor()), await send(lab, KeptKnob())
    await client.keep_view(KeptDoor("bound"), bind_to=message)
    await client.keep_view(KeptKnob("unbound"), bind_to=None)
    for name in ("second.db", "third.db"):
        summary = await setup_persistence(lab.bot, backend=SQLiteBackend(name), verify=None)
        assert sorted(summary["restored"]) == sorted(stored(lab))
        assert await said(lab, "Open", message) == ["bound opens"]
        assert await said(lab, "knob:turn", other) == ["unbound knob:turn"]
    backend = SQLiteBackend("third.db")
    assert len((await backend.load_state())["persistent_views"]) == 2
    await backend.close()


@pytest.mark.parametrize("shard", [0, 1])
@pytest.mark.asyncio
async def test_each_process_of_a_sharded_bot_restores_what_can_come_to_it(store, shard):
    """Bound views of its own guilds, those whose guild is not known, and the unbound ones."""
    bot = commands.AutoShardedBot("!", intents=discord.Intents.none(), shard_ids=[shard], shard_count=2)
    await bot._async_setup_hook()
    entry = {"class_name": "KeptDoor", "bound": True}
    guilds = {1: {"guild_id": 0 << 22}, 2: {"guild_id": 1 << 22}, 3: {}, 4: {"guild_id": None}}
    for message_id, guild in guilds.items():
        known = {"state_key": str(message_id), "message_id": message_id, **guild}
        await store.dispatch("PERSISTENT_VIEW_REGISTERED", {**entry, **known})
    unbound = {"class_name": "KeptKnob", "bound": False, "state_key": "all"}
    await store.dispatch("PERSISTENT_VIEW_REGISTERED", unbound)
    panels = Panels(bot, store)
    summary = await panels.restore()
    assert summary["restored"] == [["1", "3", "4", "all"], ["2", "3", "all"]][shard]
    assert summary["failed"] == []
    ViewClient(bot).clear()


@pytest.mark.asyncio
async def test_two_cogs_keep_the_same_unbound_view_at_once(lab, client):
    """One of them runs, both calls return it, and it is stored once."""
    views = [KeptDoor("one") for _ in range(2)]
    kept = await asyncio.gather(*(client.keep_view(view, bind_to=None) for view in views))
    assert kept == [views[0], views[0]]
    assert client.unbound_views == [views[0]]
    assert len(stored(lab)) == 1
    views[1].stop()


class Failing:
    """A storage that is full."""

    def __init__(self):
        self.full = False

    async def load_state(self):
        return {}

    async def save_state(self, state):
        if self.full:
            raise OSError("disk full")
        return True


@pytest.mark.asyncio
async def test_a_view_that_can_not_be_stored_is_not_started(lab, client):
    """The storage fails for too long: StorageError, and neither an entry nor a listener stays."""
    backend = Failing()
    await setup_persistence(lab.bot, backend=backend)
    lab.store.journal.patience = 0.1
    backend.full = True
    message, other = await send(lab, KeptDoor()), await send(lab, KeptKnob())
    running = KeptKnob("running")
    client.start_view(running, bind_to=None)
    for view, bind_to in ((KeptDoor(), message), (running, None)):
        with pytest.raises(StorageError):
            await client.keep_view(view, bind_to=bind_to)
    assert dict(get_store().state["persistent_views"]) == {}
    assert client.bound_views == []
    own = KeptDoor("its own")
    posted = await send(lab, own)
    with pytest.raises(StorageError):
        await client.keep_view(own, bind_to=posted)
    backend.full = False
    await get_store().flush()
    assert await said(lab, "Open", message) == ["door opens"]
    assert await said(lab, "Open", posted) == ["its own opens"]
    assert await said(lab, "knob:turn", other) == ["running knob:turn"]
    await client.keep_view(KeptDoor("second try"), bind_to=message)
    assert await said(lab, "Open", message) == ["second try opens"]
    lab.errors.forget()


@pytest.mark.asyncio
async def test_a_guild_that_comes_back_finds_its_views(lab, client):
    """The bot is removed from the guild and returns: what is kept for its messages answers again."""
    message = await send(lab, Door())
    await client.keep_view(KeptDoor("loyal"), bind_to=message)
    raw = lab.discord.guild_payload(next(iter(lab.discord.gateway._sessions.values())))
    lab.bot._connection.parse_guild_delete({"id": str(message.guild.id)})
    async with asyncio.timeout(5):
        while client.bound_views:
            await asyncio.sleep(0.001)
    lab.bot._connection.parse_guild_create(raw)
    assert await said(lab, "Open", message) == ["loyal opens"]


@pytest.mark.asyncio
async def test_clear_stops_what_nobody_has_clicked_yet(lab, client):
    """After a restart a bound view sleeps until its first click; stopped, it sleeps on until the next one."""
    message = await send(lab, Door())
    await client.keep_view(KeptDoor("kept"), bind_to=message)
    await lab.restart()
    ViewClient(lab.bot).clear()
    assert (await lab.click("Open", message=message)).failure is not None
    await lab.restart()
    assert await said(lab, "Open", message) == ["kept opens"]


@pytest.mark.asyncio
async def test_a_kept_view_that_another_has_displaced_can_be_forgotten(lab, client):
    """A menu shows another page on its message for now: it is kept all the same."""
    message = await send(lab, Door())
    view = await client.keep_view(KeptDoor("menu"), bind_to=message)
    await message.edit(view=Knob("page"))
    await client.forget_view(view)
    assert (stored(lab), view.is_finished()) == ({}, True)
    assert await said(lab, "knob:turn", message) == ["page knob:turn"]


@pytest.mark.asyncio
async def test_a_kept_view_that_can_not_be_written_again_stays_kept(lab, client):
    """The storage has gone away: the second `keep_view` fails, and the first one's entry is still its own."""
    backend = Failing()
    await setup_persistence(lab.bot, backend=backend)
    lab.store.journal.patience = 0.1
    view = await client.keep_view(KeptKnob("kept"), bind_to=None)
    backend.full = True
    with pytest.raises(StorageError):
        await client.keep_view(view, bind_to=None)
    backend.full = False
    await client.forget_view(view)
    assert stored(lab) == {}
    lab.errors.forget()


@pytest.mark.asyncio
async def test_what_is_kept_without_storage_says_so_once(caplog):
    """Before `setup_persistence` a kept view is in memory alone; the log names it, and what to write."""

    class Bare(commands.Bot):
        def __init__(self):
            super().__init__("!", intents=discord.Intents.all())

    async with Lab.start(Bare) as lab:
        client = ViewClient(lab.bot)
        for greeting in ("one", "two"):
            message = await send(lab, Door())
            await client.keep_view(KeptDoor(greeting), bind_to=message)
        said = [record.getMessage() for record in caplog.records if "in memory alone" in record.getMessage()]
    assert len(said) == 1
    assert "await setup_persistence(bot" in said[0]
