"""The two kinds of persistent view that every bot beside this file sends, and where it keeps the bound ones."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import miru


class Storage:
    """The counts of the bound views by message, in the database that PANELS names.

    It holds no connection: a bot that crashed in a notebook could not close it.
    """

    def keep(self, message_id: int, count: int) -> None:
        with self._connection() as connection:
            connection.execute("REPLACE INTO counters VALUES (?, ?)", (message_id, count))

    def counts(self) -> list[tuple[int, int]]:
        with self._connection() as connection:
            return connection.execute("SELECT message, count FROM counters").fetchall()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(os.environ["PANELS"])) as connection, connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS counters (message INTEGER PRIMARY KEY, count INTEGER)"
            )
            yield connection


class Persistence(miru.View):
    """Unbound: one instance answers for every message that has these custom_ids."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @miru.button(label="Button 1", custom_id="my_unique_custom_id_1")
    async def button_one(self, ctx: miru.ViewContext, button: miru.Button) -> None:
        await ctx.respond("You pressed button 1.")

    @miru.button(label="Button 2", custom_id="my_unique_custom_id_2")
    async def button_two(self, ctx: miru.ViewContext, button: miru.Button) -> None:
        await ctx.respond("You pressed button 2.")


class Counter(miru.View):
    """Bound: one instance a message, which it edits and whose count it keeps."""

    def __init__(self, storage: Storage, count: int = 0) -> None:
        super().__init__(timeout=None)
        self.storage = storage
        self.count = count
        self.press.label = self.label

    @property
    def label(self) -> str:
        return f"Pressed {self.count} times"

    @miru.button(label="Pressed 0 times", custom_id="counter:press")
    async def press(self, ctx: miru.ViewContext, button: miru.Button) -> None:
        self.count += 1
        button.label = self.label
        self.storage.keep(ctx.message.id, self.count)
        await ctx.edit_response(components=self)


def start_views(client: miru.Client, storage: Storage) -> None:
    """What has to happen when the bot has come up, before anybody clicks."""
    client.start_view(Persistence(), bind_to=None)
    for message_id, count in storage.counts():
        client.start_view(Counter(storage, count), bind_to=message_id)


async def send_counter(client: miru.Client, storage: Storage, channel_id: int) -> None:
    view = Counter(storage)
    message = await client.rest.create_message(channel_id, "A counter of its own", components=view)
    storage.keep(message.id, 0)
    # miru 4.3.1 binds to an id only: given the message itself, it waits for a first click.
    client.start_view(view, bind_to=message.id)
