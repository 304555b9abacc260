"""Restarts: the reason for all of this. A panel posted before one answers after it."""

from __future__ import annotations

import asyncio
import gc
import threading
from pathlib import Path

import discord
import pytest
from discord.ext import commands

import kit
from kit import setup_persistence
from kit.lab import LabError
from kit.persistence import SQLiteBackend, StorageError
from tests.lab.panels import Classic, Poll, RolePanel, count_roles


@pytest.mark.asyncio
async def test_a_panel_answers_after_a_restart_with_its_counter_intact(lab):
    """Post, click, restart, click: two."""
    count_roles()
    await lab.post(RolePanel, state_key="roles:main")
    assert (await lab.click("roles:get")).message.labels == ["Get role (1)", "Topics"]
    report = await lab.restart()
    assert report.restored == ["roles:main"]
    assert (await lab.click("roles:get", user="bob")).message.labels == ["Get role (2)", "Topics"]


@pytest.mark.asyncio
async def test_a_panel_answers_after_a_crash_with_its_counter_intact(lab):
    """What a click's outcome showed is durable: a crash right after it takes nothing back."""
    count_roles()
    await lab.post(RolePanel, state_key="roles:main")
    await lab.click("roles:get")
    report = await lab.restart(crash=True)
    assert (report.life, report.restored) == (2, ["roles:main"])
    assert (await lab.click("Get role (1)")).message.labels[0] == "Get role (2)"


@pytest.mark.asyncio
async def test_restoring_asks_discord_nothing_before_buttons_answer(lab):
    """No REST call is on the way from login to the first answered click but the callback itself."""
    count_roles()
    for number in range(20):
        await lab.post(RolePanel, state_key=f"roles:{number}")

    def without_verification():
        class Bot(commands.Bot):
            async def setup_hook(self):
                await setup_persistence(self, backend=SQLiteBackend(lab.folder / "state.db"), verify=None)

        return Bot(command_prefix="!", intents=discord.Intents.all())

    lab._lives.bots.factory = without_verification
    requests = []
    report = await lab.restart()
    original = lab.bot.http.request

    async def noting(route, **options):
        requests.append(f"{route.method} {route.path}")
        return await original(route, **options)

    lab.bot.http.request = noting
    outcome = await lab.click("roles:get", message=lab.messages[3])
    assert len(report.restored) == 20
    assert outcome.edited[0].labels[0] == "Get role (1)"
    assert requests == []


@pytest.mark.asyncio
async def test_constructor_arguments_come_back(lab):
    """A panel made with an argument is rebuilt with it."""
    await lab.post(Classic, state_key="classic", greeting="Servus")
    await lab.restart(crash=True)
    assert (await lab.click("Greet", user="bob")).message.text == "Servus, bob!"


@pytest.mark.asyncio
async def test_a_plain_view_dies_at_a_restart_as_it_does_in_production(lab):
    """The lab hides nothing: discord.py's own view no longer answers."""
    lab.discord.deadline = 0.2
    await lab.post(Poll)
    assert (await lab.click("Vote")).ephemeral[0].text == "voted"
    await lab.restart()
    assert "no answer" in (await lab.click("Vote")).failure


@pytest.mark.asyncio
async def test_what_disappeared_while_the_bot_was_down_is_reported_and_forgotten(lab):
    """A deleted message's panel is removed, the other one answers."""
    count_roles()
    gone = (await lab.post(RolePanel, state_key="roles:gone")).message
    await lab.post(Classic, state_key="classic:stays")

    async def offline():
        lab.discord.world.delete_message(gone.id)

    report = await lab.restart(offline=offline)
    assert (report.removed, report.restored) == (["roles:gone"], ["classic:stays"])
    assert list(lab.store.state["persistent_views"]) == ["classic:stays"]
    assert (await lab.click("Greet")).ok


@pytest.mark.asyncio
async def test_a_class_that_is_missing_is_skipped_and_answers_once_it_is_there(lab):
    """A cog that is loaded late is no reason to lose its panels."""
    from kit.persistence.registry import view_classes

    await lab.post(Classic, state_key="classic")
    view_classes.put("Classic", None)
    report = await lab.restart()
    assert report.skipped == ["classic"]
    assert "not available" in (await lab.click("Greet")).ephemeral[0].text
    view_classes.put("Classic", Classic)
    assert (await lab.click("Greet")).message.text == "Hello, alice!"
    lab.errors.forget()


@pytest.mark.asyncio
async def test_an_interrupted_restart_goes_on_to_its_end(lab):
    """A kernel interrupt cancels what the cell awaits, not the bot."""
    count_roles()
    await lab.post(RolePanel, state_key="roles:main")
    cell = asyncio.create_task(lab.restart())
    await asyncio.sleep(0)
    cell.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cell
    await lab.settled()
    assert lab.online
    assert (await lab.click("roles:get")).ok


@pytest.mark.asyncio
async def test_a_second_lab_is_refused_and_the_first_one_lives(lab):
    """Running the start cell twice says what to do."""
    with pytest.raises(LabError, match=r"kit\.Lab\.running\.stop\(\)"):
        await kit.Lab.start()
    await lab.post(Classic, state_key="classic")
    assert (await lab.click("Greet")).ok


@pytest.mark.asyncio
async def test_a_named_lab_is_there_again_after_the_kernel_restarts(tmp_path, monkeypatch):
    """World and database rest in `.kit/<name>/`."""
    monkeypatch.chdir(tmp_path)
    count_roles()
    async with kit.Lab.start(name="shop") as lab:
        await lab.post(RolePanel, state_key="roles:main")
        await lab.click("roles:get")
    assert (tmp_path / ".kit" / "shop" / "world.json").exists()
    async with kit.Lab.start(name="shop", users=("alice", "carol")) as lab:
        assert lab.report.restored == ["roles:main"]
        assert (await lab.click("roles:get", user="carol")).message.labels[0] == "Get role (2)"


@pytest.mark.asyncio
async def test_a_bot_of_ones_own_is_built_anew_at_each_life(tmp_path, monkeypatch):
    """The user's class, its own setup_hook, its own database, its own commands."""
    monkeypatch.chdir(tmp_path)
    made = []

    class MyBot(commands.Bot):
        def __init__(self):
            super().__init__(command_prefix="?", intents=discord.Intents.all())
            made.append(self)

        async def setup_hook(self):
            @self.hybrid_command()
            async def setup_roles(ctx):
                await Classic(context=ctx, state_key=f"classic:{ctx.guild.id}").send()

            await setup_persistence(self, backend=SQLiteBackend("my.db"))

    async with kit.Lab.start(MyBot) as lab:
        said = await lab.say("?setup_roles", user="bob")
        assert said.messages[0].labels == ["Greet"]
        await lab.restart(crash=True)
        assert (await lab.click("Greet")).message.text == "Hello, alice!"
        posted = await lab.slash("setup_roles", user="alice")
        assert posted.messages[0].labels == ["Greet"]
        assert len(made) == 2


@pytest.mark.asyncio
async def test_a_setup_hook_that_raises_is_the_error_of_the_start(tmp_path, monkeypatch):
    """The lab does not start half, and a corrected one starts right after."""
    monkeypatch.chdir(tmp_path)

    class Broken(commands.Bot):
        def __init__(self):
            super().__init__(command_prefix="!", intents=discord.Intents.default())

        async def setup_hook(self):
            raise RuntimeError("no cog of that name")

    with pytest.raises(RuntimeError, match="no cog of that name"):
        await kit.Lab.start(Broken)
    async with kit.Lab.start() as lab:
        assert lab.online


@pytest.mark.asyncio
async def test_a_database_that_can_not_be_written_is_the_error_of_the_start(tmp_path, monkeypatch):
    """It names the folder, and what to do."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StorageError, match=r"nowhere.* does not exist: create it"):
        await kit.Lab.start(backend=SQLiteBackend(tmp_path / "nowhere" / "state.db"))
    assert kit.Lab.running is None


@pytest.mark.asyncio
async def test_labs_one_after_another_leave_no_task_thread_or_file_behind(tmp_path, monkeypatch):
    """`stop()` ends all that `start()` began."""
    monkeypatch.chdir(tmp_path)
    footprints = []
    for _ in range(6):
        async with kit.Lab.start() as lab:
            await lab.post(Classic, state_key="classic")
            await lab.click("Greet")
        await asyncio.sleep(0.05)
        gc.collect()
        footprints.append(
            (len(asyncio.all_tasks()), threading.active_count(), len(list(Path("/proc/self/fd").iterdir())))
        )
    assert footprints[-1] == footprints[1]


@pytest.mark.asyncio
async def test_twenty_restarts_leave_no_task_thread_or_file_behind(lab):
    """A notebook that is used all day does not fill up."""
    count_roles()
    await lab.post(RolePanel, state_key="roles:main")
    await lab.restart()

    def footprint():
        gc.collect()
        return len(asyncio.all_tasks()), threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))

    await lab.click("roles:get")
    before = footprint()
    for number in range(20):
        await lab.restart(crash=number % 2 == 0)
        await lab.click("roles:get")
    await asyncio.sleep(0.1)
    after = footprint()
    assert after[0] <= before[0]
    assert after[1] <= before[1]
    assert after[2] <= before[2] + 2
    assert (await lab.click("roles:get")).message.labels[0] == "Get role (22)"


@pytest.mark.asyncio
async def test_a_bot_that_needs_arguments_is_refused_before_anything_starts():
    """The error says how to wrap it, and how a bot of hikari is given; no lab is left running."""

    def make_bot(token, rest_url):
        raise AssertionError("never called")

    for wrong in (make_bot, commands.Bot):
        with pytest.raises(TypeError, match=r"Lab\.start\(lambda: .*kit\.lab\.hikari\.bot\(make_bot\)"):
            await kit.Lab.start(wrong)
    assert kit.Lab.running is None
