"""Several processes on one storage: what one of them keeps, or forgets, the others answer, or don't."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from kit import ViewClient, get_store, setup_persistence
from kit.persistence.places import open_place
from kit.state import set_store
from tests.persistence.shared_storage import SHARED, empty_place
from tests.views.doors import Door, Knob, channel_of, said, send

shared = pytest.mark.parametrize("kind", SHARED)


@ViewClient.persistent
class FarDoor(Door):
    """A door that can be kept."""


@ViewClient.persistent
class FarKnob(Knob):
    """A knob that can be kept."""


@contextlib.asynccontextmanager
async def another_process(place):
    """A store beside that of the lab's bot, on the same storage."""
    ours = set_store(get_store().successor())
    await setup_persistence(backend=open_place(place))
    theirs = set_store(ours)
    try:
        yield theirs
    finally:
        await theirs.close("the other process has ended")


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


@shared
@pytest.mark.asyncio
async def test_what_another_process_keeps_answers_here(lab, tmp_path, kind):
    """The process that has the shard makes the view at the first click; kept anew elsewhere, it is another."""
    async with empty_place(kind, tmp_path) as place:
        await setup_persistence(lab.bot, backend=open_place(place))
        message, other = await send(lab, Door()), await send(lab, Knob())
        bound = {"class_name": "FarDoor", "bound": True, "state_key": f"bound:{message.id}"}
        where = {"message_id": message.id, "channel_id": channel_of(lab).id}
        unbound = {"class_name": "FarKnob", "bound": False, "state_key": "unbound:FarKnob"}
        async with another_process(place) as theirs:
            lab.bot._connection._view_store._views.clear()
            entry = {**bound, **where, "kwargs": {"name": "far"}}
            await theirs.dispatch("PERSISTENT_VIEW_REGISTERED", entry)
            await theirs.dispatch("PERSISTENT_VIEW_REGISTERED", unbound)
            await until(lambda: len(lab.store.state["persistent_views"]) == 2)
            assert await said(lab, "Open", message) == ["far opens"]
            assert await said(lab, "knob:turn", other) == ["knob knob:turn"]
            old = ViewClient(lab.bot).get_bound_view(message)
            await theirs.dispatch("PERSISTENT_VIEW_REGISTERED", {**entry, "guild_id": message.guild.id})
            await until(lambda: "guild_id" in lab.store.state["persistent_views"][bound["state_key"]])
            assert ViewClient(lab.bot).get_bound_view(message) is old
            await theirs.dispatch("PERSISTENT_VIEW_REGISTERED", {**entry, "kwargs": {"name": "farther"}})
            await until(old.is_finished)
            assert await said(lab, "Open", message) == ["farther opens"]
        ViewClient(lab.bot).clear()
        await lab.store.rest()


@shared
@pytest.mark.asyncio
async def test_what_another_process_forgets_ends_here(lab, tmp_path, kind):
    """`forget_view` is for good everywhere; what was stopped here and is kept again there answers again."""
    async with empty_place(kind, tmp_path) as place:
        await setup_persistence(lab.bot, backend=open_place(place))
        client = ViewClient(lab.bot)
        message, other = await send(lab, Door()), await send(lab, Knob())
        views = [
            await client.keep_view(FarDoor("kept"), bind_to=message),
            await client.keep_view(FarKnob("kept"), bind_to=None),
        ]
        assert await said(lab, "Open", message) == ["kept opens"]
        entries = {key: dict(entry) for key, entry in lab.store.state["persistent_views"].items()}
        async with another_process(place) as theirs:
            for state_key in entries:
                await theirs.dispatch("PERSISTENT_VIEW_UNREGISTERED", {"state_key": state_key})
            await until(lambda: all(view.is_finished() for view in views))
            assert (client.bound_views, client.unbound_views) == ([], [])
            for control, where in (("Open", message), ("knob:turn", other)):
                lab.bot._connection._view_store._views.clear()
                lab.discord.deadline = 0.3
                assert (await lab.click(control, message=where)).failure is not None
            for entry in entries.values():
                await theirs.dispatch("PERSISTENT_VIEW_REGISTERED", entry)
            await until(lambda: len(lab.store.state["persistent_views"]) == 2)
            assert await said(lab, "Open", message) == ["kept opens"]
            assert await said(lab, "knob:turn", other) == ["kept knob:turn"]
        client.clear()
        await lab.store.rest()


@pytest.mark.asyncio
async def test_what_was_forgotten_is_not_remembered(lab):
    """A hundred tickets, kept and forgotten, or deleted after they were stopped: nothing of them stays."""
    client = ViewClient(lab.bot)
    for number in range(100):
        view = await client.keep_view(FarDoor(), bind_to=1000 + number)
        if number % 2:
            await client.forget_view(view)
        else:
            view.stop()
            gone = {"id": str(1000 + number), "channel_id": str(channel_of(lab).id)}
            lab.bot._connection.parse_message_delete(gone)
    await until(lambda: not lab.store.state["persistent_views"])
    started = lab.bot._connection._view_store.started
    assert (len(started), started.ended, started.state_keys) == (0, set(), set())
