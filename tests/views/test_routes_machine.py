"""Who must answer: whatever is started, sent, edited, stopped and deleted, the view that a simple model names."""

from __future__ import annotations

import asyncio
from typing import Any

import discord
import hypothesis.strategies as st
import pytest
from discord import ui
from discord.ext import commands
from discord.webhook.async_ import async_context
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from kit import ViewClient

REMOVED = "This control was removed."
IDS = st.sets(st.sampled_from("abc"), min_size=1)
PERSON = {"id": "1", "username": "alice", "discriminator": "0", "avatar": None}


class Plain(ui.View):
    """A view that writes down when it answers."""

    def __init__(self, ids: set[str], answers: list[Any]) -> None:
        super().__init__(timeout=None)
        self.answers = answers
        self.rename(ids)

    def rename(self, ids: set[str]) -> None:
        """Have other buttons."""
        self.clear_items()
        self.ids = set(ids)
        for custom_id in sorted(ids):
            button: ui.Button = ui.Button(label=custom_id, custom_id=custom_id)
            button.callback = self.press  # type: ignore[method-assign]
            self.add_item(button)

    async def press(self, interaction: discord.Interaction) -> None:
        self.answers.append(self)


class Red(Plain):
    """One kind of view."""


class Blue(Plain):
    """Another kind."""


class RecordingDiscord:
    """Stands for Discord's REST: writes down what a bot answers by itself."""

    def __init__(self, answers: list[Any]) -> None:
        self.answers = answers

    async def create_interaction_response(self, interaction_id, token, *, session, params, **_):
        self.answers.append(params.payload["data"]["content"])
        return {"interaction": {"id": str(interaction_id), "type": 3}}


class WhoAnswers(RuleBasedStateMachine):
    """A bot without a connection: discord.py's own parser and table, fed with events as its gateway would.

    The model is what a reader of the guide knows: which view is bound to a message, which are unbound or
    wait, and which was put on a message last.
    """

    views = Bundle("views")
    messages = Bundle("messages")

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[Any] = []
        self.token = async_context.set(RecordingDiscord(self.answers))  # type: ignore[arg-type]
        self.runner = asyncio.Runner()
        self.run(self.set_up())
        self.bound: dict[int, Plain] = {}
        self.left: dict[Plain, int] = {}
        self.unbound: list[Plain] = []
        self.pending: list[Plain] = []
        self.sent: dict[int, tuple[Plain, set[str]]] = {}
        self.home: dict[Plain, int] = {}
        self.made: list[Plain] = []
        self.last_message = 100

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    async def set_up(self) -> None:
        self.bot = commands.Bot("!", intents=discord.Intents.none())
        await self.bot._async_setup_hook()
        self.client = ViewClient(self.bot)

    async def quiet(self) -> None:
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others)

    def teardown(self) -> None:
        async def end():
            self.client.clear()
            for view in self.made:
                view.stop()

        self.run(end())
        store = self.bot._connection._view_store
        alive = [item.view for items in store._views.values() for item in items.values()]
        self.run(self.quiet())
        self.runner.close()
        async_context.reset(self.token)
        assert (len(store.started), store._synced_message_views, alive) == (0, {}, [])

    @rule(target=messages)
    def old_message(self):
        """One that was sent in an earlier life of the bot."""
        self.last_message += 1
        return self.last_message

    @rule(target=views, kind=st.sampled_from([Red, Blue]), ids=IDS)
    def make(self, kind, ids):
        async def make():
            return kind(ids, self.answers)

        self.made.append(self.run(make()))
        return self.made[-1]

    @rule(view=views, message=messages)
    def show(self, view, message):
        """The bot sends or edits a view into a message; each of these is shown on one message only."""
        if view.is_finished() or self.home.setdefault(view, message) != message:
            return
        self.run(self.put(view, message))
        self.shown(view, message)

    async def put(self, view, message):
        # What every `send(view=)` and `edit(view=)` of discord.py comes to.
        self.bot._connection.store_view(view, message)

    def shown(self, view, message):
        on_it = self.bound.get(message)
        if on_it not in {None, view}:
            self.left[on_it] = message
            del self.bound[message]
        if self.left.get(view) == message and not self.is_started(view):
            del self.left[view]
            self.bound[message] = view
        self.sent.pop(message, None)
        started = view in self.unbound or view in self.bound.values()
        if not started and (view in self.pending or not self.is_twin(view)):
            self.sent[message] = (view, set(view.ids))

    def is_started(self, view):
        return view in self.unbound or view in self.pending or view in self.bound.values()

    def serving(self, custom_id):
        return next((view for view in self.unbound if custom_id in view.ids), None)

    def is_twin(self, view):
        return all(type(self.serving(custom_id)) is type(view) for custom_id in view.ids)

    @rule(view=views, ids=IDS)
    def edit(self, view, ids):
        """A view that is shown gets other buttons, and its message with it."""
        message = self.home.get(view)
        if message is None or view.is_finished() or view in self.unbound:
            return
        view.rename(ids)
        self.show(view, message)

    @rule(view=views)
    def start_unbound(self, view):
        taken = any(self.serving(custom_id) for custom_id in view.ids)
        if self.start(view, taken or self.is_started(view), bind_to=None):
            self.left.pop(view, None)
            self.unbound.append(view)
            self.sent = {where: what for where, what in self.sent.items() if what[0] is not view}

    @rule(view=views)
    def start_pending(self, view):
        taken = any(self.serving(custom_id) for custom_id in view.ids)
        if self.start(view, taken or self.is_started(view)):
            self.pending.append(view)

    @rule(view=views, message=messages)
    def start_bound(self, view, message):
        if self.start(view, view in self.unbound, bind_to=message):
            self.forget(view)
            former = self.bound.get(message)
            if former is not None:
                assert former.is_finished()
                self.end(former)
            self.bound[message] = view
            self.sent.pop(message, None)
            self.sent = {where: what for where, what in self.sent.items() if what[0] is not view}

    def start(self, view, refused, **bind_to):
        async def start():
            self.client.start_view(view, **bind_to)

        if refused or view.is_finished():
            with pytest.raises(ValueError, match=r"running unbound|started already|has ended"):
                self.run(start())
            return False
        self.run(start())
        return True

    def forget(self, view):
        self.bound = {message: other for message, other in self.bound.items() if other is not view}
        self.pending = [other for other in self.pending if other is not view]

    def end(self, view):
        self.forget(view)
        self.unbound = [other for other in self.unbound if other is not view]
        self.sent = {message: sent for message, sent in self.sent.items() if sent[0] is not view}
        self.left.pop(view, None)

    @rule(view=views)
    def stop(self, view):
        async def stop():
            view.stop()

        self.run(stop())
        self.end(view)

    @rule(message=consumes(messages))
    def delete(self, message):
        async def delete():
            self.bot._connection.parse_message_delete({"id": str(message), "channel_id": "5"})
            await self.quiet()

        self.run(delete())
        view = self.bound.get(message)
        if view is not None:
            assert view.is_finished()
            self.end(view)
        self.sent.pop(message, None)
        self.home = {known: home for known, home in self.home.items() if home != message}

    @rule(target=messages, message=messages, custom_id=st.sampled_from("abc"))
    def click(self, message, custom_id):
        expected = self.who(message, custom_id)
        self.answers.clear()
        self.run(self.press(message, custom_id))
        assert self.answers == ([] if expected is None else [expected])
        return multiple()

    def who(self, message, custom_id):
        bound = self.bound.get(message)
        if bound is not None:
            if custom_id in bound.ids:
                return bound
            return self.serving(custom_id) or REMOVED
        view, ids = self.sent.get(message, (None, set()))
        if custom_id in ids:
            if view in self.pending:
                return self.bind(view, message)
            serving = self.serving(custom_id)
            return serving if type(serving) is type(view) else view
        serving = self.serving(custom_id)
        if serving is not None or message in self.sent:
            return serving
        waiting = next((view for view in self.pending if custom_id in view.ids), None)
        return None if waiting is None else self.bind(waiting, message)

    def bind(self, view, message):
        self.end(view)
        self.bound[message] = view
        return view

    async def press(self, message, custom_id):
        shown = {
            "id": str(message),
            "channel_id": "5",
            "author": PERSON,
            "content": "",
            "timestamp": "2026-01-01T00:00:00+00:00",
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "pinned": False,
            "type": 0,
            **{name: [] for name in ("mentions", "mention_roles", "attachments", "embeds", "components")},
        }
        event = {
            "id": "9",
            "application_id": "2",
            "type": 3,
            "token": "token",
            "version": 1,
            "channel_id": "5",
            "user": PERSON,
            "entitlements": [],
            "authorizing_integration_owners": {},
            "attachment_size_limit": 0,
            "message": shown,
            "data": {"custom_id": custom_id, "component_type": 2},
        }
        self.bot._connection.parse_interaction_create(event)
        await self.quiet()

    @invariant()
    def the_client_lists_what_is_started(self):
        assert set(self.client.bound_views) == set(self.bound.values())
        assert set(self.client.unbound_views) == set(self.unbound)
        assert self.client.pending_views == self.pending


TestWhoAnswers = WhoAnswers.TestCase
TestWhoAnswers.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
