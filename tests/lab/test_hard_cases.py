"""What an attacker of the lab found once, and must not find again."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import discord
import pytest
from discord import ui
from discord.ext import commands, tasks

import kit
from kit import PersistentView, StatefulButton, StatefulView, setup_persistence
from kit.persistence import ClassCollisionError, SQLiteBackend, StorageError
from kit.persistence.live import live_views
from kit.state import StateStore
from tests.lab.panels import Classic, RolePanel, count_roles
from tests.lab.test_reload import define, version


@pytest.mark.asyncio
async def test_a_bot_that_dispatches_in_the_background_restarts(tmp_path, monkeypatch):
    """What its task recorded before it was ended is written, and nobody waits for more."""
    monkeypatch.chdir(tmp_path)
    count_roles()

    class Busy(commands.Bot):
        def __init__(self):
            super().__init__("!", intents=discord.Intents.all())

        async def setup_hook(self):
            await setup_persistence(self, backend=SQLiteBackend("state.db"))
            self.work.start()

        @tasks.loop(seconds=0.001)
        async def work(self):
            await kit.get_store().dispatch("ROLE_TAKEN", {"state_key": "work"})

    async with kit.Lab.start(Busy) as lab:
        for _ in range(5):
            before = lab.store.state["application"]["roles"]["work"]
            await lab.restart()
            assert lab.store.state["application"]["roles"]["work"] >= before


@pytest.mark.asyncio
async def test_people_click_on_while_the_bot_restarts(lab):
    """A click meets the bot, or fails with a reason; nothing hangs."""
    count_roles()
    lab.discord.deadline = 0.2
    await lab.post(RolePanel, state_key="roles")
    over = False

    async def click():
        while not over:
            await lab.click("roles:get")

    clicking = [asyncio.create_task(click()) for _ in range(5)]
    for number in range(6):
        await asyncio.sleep(0.03)
        await lab.restart(crash=number % 2 == 0)
    over = True
    await asyncio.gather(*clicking)
    lab.errors.forget()
    assert (await lab.click("roles:get")).ok


@pytest.mark.asyncio
async def test_three_posts_of_one_state_key_at_once_leave_one_panel(lab):
    """The last one answers, the others are disabled; so it is with a session limit."""
    posted = await asyncio.gather(*(lab.post(Classic, state_key="classic") for _ in range(3)))
    assert len(posted) == 3
    enabled = [m for m in lab.messages if not next(iter(m.controls.values())).get("disabled")]
    assert [message.id for message in enabled] == [
        lab.store.state["persistent_views"]["classic"]["message_id"]
    ]
    assert len(live_views(lab.store)) == len(lab.store.state["views"]) == 1

    class Only(Classic):
        session_limit = 1
        session_policy = "reject"

    results = await asyncio.gather(
        *(lab.post(Only, state_key=f"only:{number}") for number in range(3)), return_exceptions=True
    )
    assert sum(isinstance(result, kit.SessionLimitError) for result in results) == 2


@pytest.mark.asyncio
async def test_a_control_that_the_new_version_lacks_says_so_every_time(lab):
    """Somebody may still see the old message: a private answer, never a silent failure."""
    await lab.post(version(), state_key="a")
    kit.persistence.view_classes.put(
        "Panel",
        define("""
class Panel(PersistentView):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.add_item(StatefulButton(label="Other", custom_id="other"))
"""),
    )
    await lab.restart()
    for _ in range(2):
        assert (await lab.click("Old")).ephemeral[0].text == "This control was removed."


@pytest.mark.asyncio
async def test_exit_in_a_callback_that_outlived_its_version_ends_the_new_one(lab):
    """The panel is over, whichever version said so."""
    gate = asyncio.Event()
    leaving = define(
        """
class Panel(PersistentView):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.add_item(StatefulButton(label="Leave", custom_id="panel:press", callback=self.leave))

    async def leave(self, interaction):
        await interaction.response.defer()
        await gate.wait()
        await self.exit()
""",
        gate=gate,
    )
    await lab.post(leaving, state_key="a")
    click = asyncio.create_task(lab.click("Leave"))
    await asyncio.sleep(0.05)
    await lab.reload(version(label="New"))
    gate.set()
    await click
    await asyncio.sleep(0.05)
    assert lab.messages[0].controls["panel:press"]["disabled"]
    assert lab.store.state["persistent_views"] == {}


@pytest.mark.asyncio
async def test_two_classes_of_one_name_are_reloaded_apart(lab):
    """The registry key tells them apart, as the error of the collision advises."""
    text = """
class Panel(PersistentView):
    registry_key = "{key}"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.add_item(StatefulButton(label="{label}", custom_id="{key}"))
"""
    await lab.post(define(text.format(key="roles", label="Roles")), state_key="r")
    await lab.post(define(text.format(key="tickets", label="Tickets")), state_key="t")
    await lab.reload(define(text.format(key="tickets", label="Support")))
    assert [message.labels for message in lab.messages] == [["Roles"], ["Support"]]


def test_two_classes_of_one_name_in_two_modules_are_an_error_that_names_both():
    """The wrong one would be restored otherwise."""
    body = {"__module__": "cogs.roles", "__qualname__": "Shared"}
    import sys

    sys.modules["cogs.roles"] = sys
    try:
        type("Shared", (PersistentView,), body)
        with pytest.raises(
            ClassCollisionError, match=r"cogs\.roles\.Shared and cogs\.tickets\.Shared.*registry_key"
        ):
            type("Shared", (PersistentView,), {"__module__": "cogs.tickets", "__qualname__": "Shared"})
    finally:
        del sys.modules["cogs.roles"]


@pytest.mark.asyncio
async def test_a_refused_version_falls_back_to_the_one_that_was_live(lab):
    """Even if that one was defined twice before anybody saw it."""
    version(label="One", answer="one")
    await lab.post(version(label="Two", answer="two"), state_key="a")
    await lab.restart()
    record = await lab.reload(
        define("class Panel(PersistentView):\n    def __init__(self, **k):\n        1 / 0")
    )
    assert record.status == "refused"
    assert (await lab.click("Two")).ephemeral[0].text == "two"
    await lab.restart()
    assert (await lab.click("Two")).ephemeral[0].text == "two"


@pytest.mark.asyncio
async def test_a_dashboard_follows_the_state_after_a_restart_before_anybody_clicks_it(lab):
    """A view that overrides `update_from_state` is rebuilt at once."""
    count_roles()

    class Board(PersistentView):
        subscribed_actions = ("ROLE_TAKEN",)

        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.add_item(StatefulButton(label="0", custom_id="board"))

        async def update_from_state(self, state):
            self.children[0].label = str(state["application"]["roles"]["x"])
            await self.message.edit(view=self)

    await lab.post(Board, state_key="board")
    await lab.restart()
    await lab.store.dispatch("ROLE_TAKEN", {"state_key": "x"})
    assert lab.messages[0].labels == ["1"]


@pytest.mark.asyncio
async def test_on_restore_has_the_message_and_may_fail_or_exit(lab):
    """A failure is reported and tried again at the next click; an exit is an exit."""

    class Greeter(Classic):
        broken = True

        async def on_restore(self, bot):
            await self.message.edit(content="back")
            if Greeter.broken:
                raise LookupError("no such role")

    class Leaver(Classic):
        async def on_restore(self, bot):
            await self.exit()

    await lab.post(Greeter, state_key="greeter")
    await lab.post(Leaver, state_key="leaver")
    report = await lab.restart()
    assert report.failed == ["greeter"]
    assert list(lab.store.state["persistent_views"]) == ["greeter"]
    assert lab.messages[0].raw["content"] == "back"
    Greeter.broken = False
    assert (await lab.click("Greet", message=lab.messages[0])).message.text == "Hello, alice!"
    lab.errors.forget()


class Derived(PersistentView):
    """Makes its state key itself."""

    def __init__(self, shop: str):
        super().__init__(state_key=f"shop:{shop}")
        self.add_item(StatefulButton(label=shop, custom_id="shop"))


@pytest.mark.asyncio
async def test_a_view_that_makes_its_own_state_key_comes_back(lab):
    """Its constructor takes neither state_key nor user_id."""
    await lab.post(Derived, shop="tea")
    assert (await lab.restart()).restored == ["shop:tea"]
    assert (await lab.click("tea")).ok


@pytest.mark.asyncio
async def test_a_deleted_message_releases_a_stateful_view_too(lab):
    """discord.py would keep it registered for ever."""

    class Forever(StatefulView):
        def __init__(self, **kwargs):
            super().__init__(timeout=None, **kwargs)
            self.add_item(StatefulButton(label="x", custom_id="x"))

    message = (await lab.post(Forever)).message
    lab.discord.world.delete_message(message.id)
    for _ in range(100):
        await asyncio.sleep(0.01)
        if not lab.store.state["views"]:
            break
    assert (lab.store.state["views"], len(live_views(lab.store))) == ({}, 0)


@pytest.mark.asyncio
async def test_a_command_that_waits_for_its_view_does_not_hold_the_notebook_up(tmp_path, monkeypatch):
    """`say` returns what was seen; the click that follows ends the wait."""
    monkeypatch.chdir(tmp_path)

    class Sure(ui.View):
        @ui.button(label="Yes")
        async def yes(self, interaction, button):
            await interaction.response.defer()
            self.stop()

    def make():
        bot = commands.Bot("!", intents=discord.Intents.all())

        @bot.command()
        async def sure(ctx):
            view = Sure()
            await ctx.send("sure?", view=view)
            await view.wait()
            await ctx.send("done")

        return bot

    async with kit.Lab.start(make) as lab:
        asked = await lab.say("!sure")
        assert asked.seconds < 5
        assert [message.text for message in asked.messages] == ["sure?"]
        assert [message.text for message in (await lab.click("Yes")).messages] == ["done"]


@pytest.mark.asyncio
async def test_a_sharded_bot_restarts_and_crashes(tmp_path, monkeypatch):
    """`AutoShardedBot` is a bot like any other."""
    monkeypatch.chdir(tmp_path)

    class Sharded(commands.AutoShardedBot):
        def __init__(self):
            super().__init__("!", intents=discord.Intents.all(), shard_count=1)

        async def setup_hook(self):
            await setup_persistence(self, backend=SQLiteBackend("state.db"))

    async with kit.Lab.start(Sharded) as lab:
        await lab.post(Classic, state_key="classic")
        await lab.restart()
        assert (await lab.click("Greet")).ok
        await lab.restart(crash=True)
        assert (await lab.click("Greet")).ok


@pytest.mark.asyncio
async def test_ended_lives_are_forgotten(lab):
    """Neither their store nor their bot nor their views stay in memory."""
    count_roles()
    await lab.post(RolePanel, state_key="roles")

    def stores():
        gc.collect()
        return sum(isinstance(thing, StateStore) for thing in gc.get_objects())

    await lab.restart()
    await lab.click("roles:get")
    before = stores()
    for number in range(10):
        await lab.restart(crash=number % 2 == 0)
        await lab.click("roles:get")
    assert stores() <= before


@pytest.mark.asyncio
async def test_what_somebody_saw_in_a_named_lab_is_there_after_a_kill(tmp_path, monkeypatch):
    """World and database agree, although the process never got to stop."""
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "killed.py"
    script.write_text(
        "import asyncio, os, signal, sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
        "import kit\nfrom tests.lab.panels import Classic\n"
        "async def main():\n"
        "    lab = await kit.Lab.start(name='shop')\n"
        "    await lab.post(Classic, state_key='one')\n"
        "    await lab.post(Classic, state_key='two')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    import sys

    process = await asyncio.create_subprocess_exec(sys.executable, str(script))
    assert await process.wait() == -9
    async with kit.Lab.start(name="shop") as lab:
        assert sorted(lab.report.restored) == ["one", "two"]
        for message in lab.messages:
            assert (await lab.click("Greet", message=message)).ok


@pytest.mark.asyncio
async def test_clicks_that_come_while_a_callback_draws_anew_are_answered(lab):
    """Between `clear_items()` and the edit discord.py knows only the items that are gone."""
    count_roles()
    await lab.post(RolePanel, state_key="roles")
    message = lab.messages[0]
    outcomes = await asyncio.gather(
        *(lab.click("roles:get", message=message, user=user) for user in ("alice", "bob") * 30)
    )
    assert all(outcome.ok for outcome in outcomes)
    assert lab.messages[0].labels[0] == "Get role (60)"


@pytest.mark.asyncio
async def test_one_persons_open_modal_does_not_keep_a_panel_from_the_others(lab):
    """She may have closed it: Discord does not say so."""

    class Ask(ui.Modal, title="Ask"):
        text = ui.TextInput(label="Text", custom_id="text")

    class Desk(PersistentView):
        auto_defer_delay = 0.1

        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.add_item(StatefulButton(label="Ask", custom_id="ask", callback=self.ask))
            self.add_item(StatefulButton(label="Hi", custom_id="hi", callback=self.hi))

        async def ask(self, interaction):
            modal = Ask()
            await interaction.response.send_modal(modal)
            await modal.wait()

        async def hi(self, interaction):
            await interaction.response.send_message("hi")

    await lab.post(Desk, state_key="desk")
    assert (await lab.click("Ask", user="alice")).modal is not None
    assert [message.text for message in (await lab.click("Hi", user="bob")).messages] == ["hi"]


class AwayBackend:
    """Storage of somebody else's that fails when it is told to."""

    def __init__(self):
        self.away = False
        self.saved = {}

    async def save_state(self, state):
        if self.away:
            raise ConnectionError("away")
        self.saved = state
        return True

    async def load_state(self):
        return self.saved


@pytest.mark.asyncio
async def test_a_panel_that_could_not_be_kept_is_not_posted_either(tmp_path, monkeypatch):
    """`send()` does all of it or nothing: the former panel of the state key stays."""
    monkeypatch.chdir(tmp_path)
    backend = AwayBackend()
    async with kit.Lab.start(backend=backend) as lab:
        first = (await lab.post(Classic, state_key="classic")).message
        backend.away = True
        lab.store.journal.patience = 0.2
        with pytest.raises(StorageError, match="kept in memory"):
            await lab.post(Classic, state_key="classic")
        backend.away = False
        assert [message.id for message in lab.messages] == [first.id]
        assert lab.store.state["persistent_views"]["classic"]["message_id"] == first.id
        assert len(lab.store.state["views"]) == 1
        assert (await lab.click("Greet")).ok


@pytest.mark.asyncio
async def test_a_reducer_that_waits_for_ever_does_not_hold_a_restart_up(lab, monkeypatch):
    """It is cancelled, and what it had changed is taken back."""
    monkeypatch.setattr("kit.state.store.REDUCER_PATIENCE", 0.1)

    @kit.reducer("FOREVER")
    async def forever(action, state):
        state["application"]["half"] = True
        await asyncio.Event().wait()

    waiting = asyncio.create_task(lab.store.dispatch("FOREVER"))
    await asyncio.sleep(0.01)
    await lab.restart()
    assert lab.online
    assert "half" not in lab.store.state["application"]
    assert waiting.cancelled() or waiting.done()


@pytest.mark.asyncio
async def test_a_message_that_can_not_be_repainted_is_named_and_the_others_follow(lab):
    """The swap stands, and there is a record of it."""
    for key in "abc":
        await lab.post(version(), state_key=key)
    lost = lab.messages[0]
    original = lab.bot.http.request

    async def refuse_one(route, **options):
        if route.method == "PATCH" and str(lost.id) in route.url:
            raise discord.DiscordServerError(type("Response", (), {"status": 500, "reason": "no"})(), "no")
        return await original(route, **options)

    lab.bot.http.request = refuse_one
    record = await lab.reload(version(label="New", answer="new"))
    assert [message.labels for message in lab.messages] == [["Old"], ["New"], ["New"]]
    assert any(str(lost.id) in change for change in record.changes)
    assert lab.reloads == [record]
    assert (await lab.click("Old", message=lost)).ephemeral[0].text == "new"


@pytest.mark.asyncio
async def test_stopping_twice_is_no_error(tmp_path, monkeypatch):
    """A cell that is run again does no harm."""
    monkeypatch.chdir(tmp_path)
    lab = await kit.Lab.start()
    await asyncio.gather(lab.stop(), lab.stop())
    await lab.stop()
    assert kit.Lab.running is None
