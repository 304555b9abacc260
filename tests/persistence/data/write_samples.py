"""Writes the samples beside this file, with the real pycascadeui.

Run it in an environment of its own, with a Redis server on this machine:

    pip install "pycascadeui[sqlite,redis]==2.1.0"
    python tests/persistence/data/write_samples.py

Only Discord is left out: a context whose `send()` answers with a message that has an id.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

HERE = Path(__file__).parent
GUILD, ADMIN, MEMBER = 1180000000000000456, 1180000000000000123, 1180000000000000124


def context(message_id: int, user_id: int = ADMIN, guild_id: int | None = GUILD) -> SimpleNamespace:
    """What a command gives to a view."""
    guild = None if guild_id is None else SimpleNamespace(id=guild_id)
    message = SimpleNamespace(id=message_id, channel=SimpleNamespace(id=1180000000000000900), guild=guild)

    async def send(*_args, **_kwargs):
        return message

    async def edit(*_args, **_kwargs):
        return message

    message.edit = edit
    return SimpleNamespace(
        author=SimpleNamespace(id=user_id), guild=guild, interaction=None, send=send, bot=None
    )


async def live() -> None:
    """A bot's day: two panels, a counter with undo, a hub one level deep, settings, a click."""
    from cascadeui import PersistentView, StatefulButton, StatefulView, cascade_reducer, get_store
    from cascadeui.state.undo import UndoMiddleware

    @cascade_reducer("COUNTED")
    async def counted(action, state):
        new = {**state, "application": {**state["application"]}}
        counters = {**new["application"].get("counters", {})}
        counters[action["payload"]["key"]] = action["payload"]["value"]
        new["application"]["counters"] = counters
        return new

    @cascade_reducer("NOTED")
    async def noted(action, state):
        return {**state, "application": {**state["application"], **action["payload"]}}

    class RolePanel(PersistentView):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.add_item(StatefulButton(label="Get Role", custom_id="roles:get"))

    class CounterView(StatefulView):
        enable_undo = True

    class Hub(StatefulView):
        def __init__(self, *args, page=0, **kwargs):
            self.page = page
            super().__init__(*args, **kwargs)

    class Settings(StatefulView):
        scope = "user"

    store = get_store()
    store.add_middleware(UndoMiddleware(store))

    await RolePanel(context=context(1180000000000001001), state_key=f"roles:panel:{GUILD}").send()
    await RolePanel(context=context(1180000000000001002, guild_id=None), state_key="roles:direct").send()

    counter = CounterView(context=context(1180000000000001003), state_key=f"counter:{ADMIN}")
    await counter.send()
    for value in (1, 2, 3):
        await counter.dispatch("COUNTED", {"key": ADMIN, "value": value})
    await counter.undo()
    await counter.dispatch(
        "SESSION_UPDATED", {"session_id": counter.session_id, "data": {"draft": "half a sentence"}}
    )

    hub = Hub(context=context(1180000000000001004, MEMBER), page=4)
    await hub.send()
    settings = await hub.push(Settings)
    await settings.dispatch_scoped({"theme": "dark"})
    await settings.dispatch(
        "COMPONENT_INTERACTION",
        {"component_id": "settings:theme", "view_id": settings.id, "user_id": MEMBER, "value": {"v": "dark"}},
    )
    await settings.dispatch(
        "MODAL_SUBMITTED", {"view_id": settings.id, "user_id": MEMBER, "values": {"reason": "spam"}}
    )
    await settings.dispatch(
        "NOTED",
        {
            "$currency": {"$set": [1, 2]},
            "opened": datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
            "tags": {"only one"},
            "greeting": "Grüße 🎉",
        },
    )
    await store.dispatch(
        "PERSISTENT_VIEW_REGISTERED",
        {
            "state_key": "tickets:integers",
            "class_name": "TicketPanel",
            "message_id": 1180000000000001005,
            "channel_id": 1180000000000000901,
            "guild_id": GUILD,
            "user_id": MEMBER,
        },
    )


async def write(folder: Path) -> None:
    """The same state through each of the three backends."""
    import redis
    from cascadeui import get_store
    from cascadeui.persistence import FileStorageBackend, RedisBackend, SQLiteBackend

    await live()
    state = get_store().state
    file = FileStorageBackend(str(folder / "pycascadeui-2.1.0.json"))
    assert await file.save_state(state)
    assert await file.save_state(state)
    assert await SQLiteBackend(str(folder / "sample.db")).save_state(state)
    backend = RedisBackend(url="redis://127.0.0.1:6379", key="viewkit-tests:sample")
    assert await backend.save_state(state)
    await backend.close()
    with redis.Redis() as client:
        (folder / "pycascadeui-2.1.0.redis").write_bytes(client.get("viewkit-tests:sample"))
        client.delete("viewkit-tests:sample")
    with sqlite3.connect(folder / "sample.db") as database:
        (folder / "pycascadeui-2.1.0.sql").write_text("\n".join(database.iterdump()) + "\n", encoding="utf-8")
    database.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        # pycascadeui makes a logs folder where it is imported.
        os.chdir(scratch)
        asyncio.run(write(Path(scratch)))
        for sample in Path(scratch).glob("pycascadeui-2.1.0.*"):
            shutil.copy(sample, HERE)
