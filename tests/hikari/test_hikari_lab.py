"""A hikari bot in the lab: seen, clicked, restarted and crashed as a discord.py bot is."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from pathlib import Path

import aiohttp
import hikari
import miru
import pytest
from discord import ui

import kit
import kit.lab.hikari
from kit.lab import LabError


def asking(lab, what=""):
    """The mention that the bot answers."""
    return f"<@{lab.discord.world.application_id}> {what}".strip()


def footprint():
    gc.collect()
    return len(asyncio.all_tasks()), threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


def listening(listener, **options):
    """A maker of gateway bots that have one listener, which is given the bot and miru's client first."""

    def make(token, rest_url):
        bot = hikari.GatewayBot(token, rest_url=rest_url, banner=None, logs=None, **options)
        client = miru.Client(bot)

        @bot.listen()
        async def on_message(event: hikari.GuildMessageCreateEvent) -> None:
            if event.is_human:
                await listener(bot, client, event)

        return bot

    return kit.lab.hikari.bot(make)


@pytest.mark.asyncio
async def test_a_notebook_with_a_hikari_bot(lab):
    """Start, ask, look, click, restart, click, crash, click: each with what a person sees of it."""
    assert (lab.online, lab.lives, lab.report.how) == (True, 1, "started")
    said = await lab.say(asking(lab))
    assert said.message.labels == ["Button 1", "Button 2"]

    html = lab.preview()._repr_mimebundle_()
    html = (html[0] if isinstance(html, tuple) else html)["text/html"]
    assert "This is a persistent view, and works after bot restarts!" in html
    assert "Button 1" in html

    clicked = await lab.click("Button 1", user="bob")
    assert (clicked.ok, clicked.message.text) == (True, "You pressed button 1.")

    report = await lab.restart()
    assert (report.life, report.how, report.restored) == (2, "restarted", [])
    assert (await lab.click("Button 2")).message.text == "You pressed button 2."

    report = await lab.restart(crash=True)
    assert (report.life, report.how) == (3, "crashed and came back")
    assert (await lab.click("my_unique_custom_id_1", message=said.message.id)).message.text == (
        "You pressed button 1."
    )
    await lab.check()


@pytest.mark.asyncio
async def test_bound_views_keep_their_messages_apart_over_restarts(lab):
    """Each counter edits its own message, and counts on after a close and after a crash."""
    first, second = [(await lab.say(asking(lab, "counter"))).message.id for _ in range(2)]
    assert (await lab.click("counter:press", message=first)).edited[0].labels == ["Pressed 1 times"]
    await lab.restart()
    assert (await lab.click("counter:press", message=first)).edited[0].labels == ["Pressed 2 times"]
    await lab.restart(crash=True)
    assert (await lab.click("counter:press", message=second)).edited[0].labels == ["Pressed 1 times"]
    assert lab.messages[1].labels == ["Pressed 2 times"]


async def resumes(discord, shard) -> bool:
    """Whether Discord lets a session be resumed that a shard had."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{discord.gateway_url}/?v=10&encoding=json") as socket,
    ):
        await socket.receive_json()
        await socket.send_json(
            {"op": 6, "d": {"token": discord.token, "session_id": shard._session_id, "seq": shard._seq}}
        )
        return (await socket.receive_json())["op"] != 9


@pytest.mark.asyncio
async def test_a_crash_says_no_goodbye_and_a_close_does(lab):
    """After a kill Discord holds the session for a while, as nobody told it that the bot is gone."""
    resumed = []

    async def offline(discord):
        resumed.append(await resumes(discord, shards.pop()))

    for crash in (False, True):
        shards = list(lab.bot.shards.values())
        await lab.restart(crash=crash, offline=offline)
    assert resumed == [False, True]


@pytest.mark.asyncio
async def test_a_crash_finishes_nothing_that_runs(maker):
    """A handler is stopped where it is; a close lets hikari tell its listeners."""
    lines = []
    waiting = asyncio.Event()

    async def slowly(bot, client, event):
        try:
            waiting.set()
            await asyncio.sleep(60)
            lines.append("finished")
        except asyncio.CancelledError:
            lines.append("cut")
            raise

    def make(token, rest_url):
        bot = listening(slowly)._make(token, rest_url)

        @bot.listen()
        async def on_stopping(event: hikari.StoppingEvent) -> None:
            lines.append("stopping")

        return bot

    async with kit.Lab.start(kit.lab.hikari.bot(make)) as lab:
        await lab.discord.say("hello", user="alice")
        await waiting.wait()
        await lab.restart(crash=True)
        assert lines == ["cut"]
        await lab.restart()
        assert lines == ["cut", "stopping"]
        await lab.check()


@pytest.mark.asyncio
async def test_fifty_restarts_leave_no_task_thread_or_file_behind(lab):
    """A notebook that is used all day does not fill up, and nothing is reported late."""
    await lab.say(asking(lab))

    await lab.restart()
    await lab.click("Button 1")
    before = footprint()
    for number in range(50):
        # hikari takes a quarter of a second to close; a crash takes none.
        await lab.restart(crash=number % 10 != 0)
        assert (await lab.click("Button 1")).ok
    # The sockets of the last life are closed at the loop's next turns.
    for _ in range(10):
        await asyncio.sleep(0)
    after = footprint()
    assert after[0] <= before[0]
    assert after[1] <= before[1]
    assert after[2] <= before[2] + 2
    await lab.check()


@pytest.mark.asyncio
async def test_what_kit_views_need_is_refused_with_what_to_do_instead(lab):
    """The lab shows less for a bot of another library, and says why."""

    class Poll(ui.View):
        pass

    for refused in (
        lab.post(Poll),
        lab.post(miru.View),
        lab.reload(Poll),
        lab.rollback("Poll"),
        lab.export(Poll, to="poll.py"),
    ):
        with pytest.raises(LabError, match=r"discord\.py's.*another library.*lab\.say"):
            await refused
    with pytest.raises(LabError, match=r"lab\.store is for kit's views"):
        _ = lab.store
    with pytest.raises(LabError, match=r"lab\.state\(\) is for kit's views"):
        lab.state()
    assert (lab.exportable, lab.reloads) == ([], [])
    assert isinstance(lab.bot, hikari.GatewayBot)


@pytest.mark.asyncio
async def test_the_lab_itself_shows_the_preview_and_the_controls(lab):
    """There is no state tree to show; the buttons of the controls restart and crash the bot."""
    await lab.say(asking(lab))
    data, _ = lab._repr_mimebundle_()
    assert "[Button 1]" in data["text/plain"]
    assert "Life 1" in data["text/html"] or "life 1" in data["text/html"].lower()
    await lab._bench.command("restart", {})
    await lab._bench.command("crash", {})
    assert (lab.lives, lab.online) == (3, True)
    assert (await lab.click("Button 2")).ok


@pytest.mark.asyncio
async def test_a_click_in_the_preview_reaches_the_callback(lab):
    """The widget's channel carries it, and answers as Discord's client would see it."""
    message = (await lab.say(asking(lab))).message
    channel = lab.preview()._channel
    event = {"kind": "click", "custom_id": "my_unique_custom_id_1", "message_id": message.id, "user": "bob"}
    assert (await channel.act(event))["status"] == "ok"
    assert lab.messages[-1].text == "You pressed button 1."
    lab.discord.deadline = 0.2
    while_down = []

    async def offline():
        while_down.append(await channel.act(event))

    await lab.restart(crash=True, offline=offline)
    assert "no answer" in while_down[0]["reason"]
    assert (await channel.act(event))["status"] == "ok"


@pytest.mark.asyncio
async def test_an_outcome_has_all_that_a_handler_does_after_its_answer(maker):
    """The lab waits for listeners and callbacks, and for none that waits for a person itself."""

    class Question(miru.View):
        @miru.button(label="Yes", custom_id="yes")
        async def yes(self, ctx, button):
            await ctx.respond("first")
            await ctx.client.rest.create_message(ctx.channel_id, "second")
            self.stop()

    async def ask(bot, client, event):
        view = Question(timeout=None)
        message = await event.message.respond("Well?", components=view)
        client.start_view(view, bind_to=message.id)
        await view.wait()
        await event.message.respond("third")

    async with kit.Lab.start(listening(ask)) as lab:
        asked = await lab.say("ask me")
        assert asked.message.labels == ["Yes"]
        assert asked.seconds < 5, "the handler's own wait is not waited for"
        clicked = await lab.click("Yes")
        assert [message.text for message in clicked.messages][:2] == ["first", "second"]
        await lab.check()


@pytest.mark.asyncio
async def test_errors_of_callbacks_and_listeners_are_in_the_outcome(maker):
    """Both miru and hikari log them and go on; the lab collects them."""

    class Broken(miru.View):
        @miru.button(label="Break", custom_id="break")
        async def break_it(self, ctx, button):
            raise LookupError("no such role")

    async def answer(bot, client, event):
        view = Broken()
        client.start_view(view, bind_to=(await event.message.respond("?", components=view)).id)
        raise ValueError("half done")

    async with kit.Lab.start(listening(answer)) as lab:
        lab.discord.deadline = 0.2
        said = await lab.say("hello")
        assert [str(error) for error in said.errors] == ["half done"]
        clicked = await lab.click("Break")
        assert [str(error) for error in clicked.errors] == ["no such role"]
        assert clicked.failure is not None
        with pytest.raises(ExceptionGroup) as collected:
            await lab.check()
        assert [str(error) for error in collected.value.exceptions] == ["half done", "no such role"]


@pytest.mark.asyncio
async def test_a_view_left_unbound_binds_to_the_message_of_its_first_click(maker):
    """As the guide says of `bind_to=` left out; another message of its kind has nobody to answer it then."""

    class Once(miru.View):
        @miru.button(label="Here", custom_id="here")
        async def here(self, ctx, button):
            await ctx.respond(f"bound to {self.message.id}")

    async def send(bot, client, event):
        view = Once(timeout=None)
        await event.message.respond("one", components=view)
        await event.message.respond("two", components=view)
        client.start_view(view)

    async with kit.Lab.start(listening(send)) as lab:
        lab.discord.deadline = 0.2
        one, two = (await lab.say("go")).messages
        assert (await lab.click("here", message=two)).message.text == f"bound to {two.id}"
        assert "no answer" in (await lab.click("here", message=one)).failure


@pytest.mark.asyncio
async def test_an_unbound_view_serves_all_messages_and_takes_the_first_clicked_for_its_own(maker):
    """The guide says that `View.message` is None there; in miru 4.3.1 it is, until the first click."""

    class Unbound(miru.View):
        @miru.button(label="Here", custom_id="here")
        async def here(self, ctx, button):
            await ctx.respond(f"{before} {self.message.id}")

    view = Unbound(timeout=None)
    before = view.message

    async def send(bot, client, event):
        client.start_view(view, bind_to=None)
        await event.message.respond("one", components=view)
        await event.message.respond("two", components=view)

    async with kit.Lab.start(listening(send)) as lab:
        one, two = (await lab.say("go")).messages
        assert (await lab.click("here", message=one)).message.text == f"None {one.id}"
        assert (await lab.click("here", message=two)).message.text == f"None {one.id}"


@pytest.mark.asyncio
async def test_a_rest_bot_lives_in_the_lab_as_well(maker):
    """Discord posts to it: commands, clicks, what it does after its answer, restarts and crashes."""
    async with kit.Lab.start(kit.lab.hikari.bot(maker("hikari_rest"))) as lab:
        panel = (await lab.slash("panel")).message
        came = await lab.slash("counter", user="bob")
        assert came.ephemeral[0].text == "Here it comes"
        counter = came.messages[0]
        preview = lab.preview().to_text()
        assert "[Button 1] [Button 2]" in preview
        assert "[Pressed 0 times]" in preview
        for number, crash in enumerate((False, True, None), start=1):
            assert (await lab.click("Button 2", message=panel)).message.text == "You pressed button 2."
            counted = await lab.click("counter:press", message=counter)
            assert counted.edited[0].labels == [f"Pressed {number} times"]
            if crash is not None:
                await lab.restart(crash=crash)
                assert lab.online
        assert lab.lives == 3
        await lab.check()
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert not left


@pytest.mark.asyncio
async def test_a_rest_bot_that_is_down_does_not_answer(maker):
    """What is clicked meanwhile fails, as Discord says it does, and what is clicked later does not."""
    async with kit.Lab.start(kit.lab.hikari.bot(maker("hikari_rest"))) as lab:
        lab.discord.deadline = 0.5
        await lab.slash("panel")
        while_down = []

        async def offline():
            while_down.append(await lab.click("Button 1"))

        await lab.restart(crash=True, offline=offline)
        assert while_down[0].failure is not None
        assert (await lab.click("Button 1")).ok


@pytest.mark.asyncio
async def test_restarts_of_a_rest_bot_leave_no_task_thread_or_file_behind(maker):
    """Neither its listening sockets nor the connections to them."""
    async with kit.Lab.start(kit.lab.hikari.bot(maker("hikari_rest"))) as lab:
        await lab.slash("panel")
        before = footprint()
        for number in range(30):
            await lab.restart(crash=number % 2 == 0)
            assert (await lab.click("Button 1")).ok
        for _ in range(10):
            await asyncio.sleep(0)
        after = footprint()
        assert after[0] <= before[0]
        assert after[1] <= before[1]
        assert after[2] <= before[2] + 2
        await lab.check()


@pytest.mark.asyncio
async def test_a_startup_callback_that_raises_is_the_error_of_the_start(maker):
    """Nothing of the bot stays, and a corrected one starts right after."""

    def make(token, rest_url):
        bot = hikari.RESTBot(token, hikari.TokenType.BOT, rest_url=rest_url, banner=None, logs=None)

        async def broken(bot):
            raise LookupError("no such table")

        bot.add_startup_callback(broken)
        return bot

    with pytest.raises(LookupError, match="no such table"):
        await kit.Lab.start(kit.lab.hikari.bot(make))
    async with kit.Lab.start(kit.lab.hikari.bot(maker("hikari_rest"))) as lab:
        assert (await lab.slash("panel")).ok


@pytest.mark.asyncio
async def test_a_gateway_bot_follows_a_rest_bot_that_was_killed_with_its_kernel(maker):
    """The endpoint that it left in the world takes no click of the next bot's."""
    async with kit.Lab.start(kit.lab.hikari.bot(maker("hikari_rest")), name="shop") as lab:
        await lab.slash("panel")
    async with kit.Lab.start(kit.lab.hikari.bot(maker("hikari_gateway")), name="shop") as lab:
        assert (await lab.click("Button 1")).message.text == "You pressed button 1."


@pytest.mark.asyncio
async def test_a_bot_for_the_real_discord_is_refused(maker):
    """Without the lab's rest_url hikari would ask Discord; it does not get that far."""
    forgetful = kit.lab.hikari.bot(lambda token, rest_url: hikari.GatewayBot(token, banner=None, logs=None))
    with pytest.raises(ValueError, match=r"hikari\.GatewayBot\(\.\.\., rest_url=rest_url\)"):
        await kit.Lab.start(forgetful)
    assert kit.Lab.running is None


@pytest.mark.asyncio
async def test_a_client_around_a_bot_will_do(maker):
    """The lab takes the bot of what has one as its `app`."""

    def make(token, rest_url):
        return miru.Client(hikari.GatewayBot(token, rest_url=rest_url, banner=None, logs=None))

    async with kit.Lab.start(kit.lab.hikari.bot(make)) as lab:
        assert (lab.online, type(lab.bot)) == (True, hikari.GatewayBot)


@pytest.mark.asyncio
async def test_what_makes_no_bot_is_refused(maker):
    """The messages name what was given, and what is to be given."""

    async def make(token, rest_url):
        return None

    with pytest.raises(TypeError, match=r"made <coroutine.*let it return the hikari\.GatewayBot"):
        await kit.Lab.start(kit.lab.hikari.bot(make))
    with pytest.raises(TypeError, match=r"can't be called as make\(token, rest_url\)"):
        kit.lab.hikari.bot(lambda: None)
    with pytest.raises(TypeError, match=r"kit\.lab\.hikari\.bot\(\.\.\.\)"):
        await kit.Lab.start(lambda: hikari.GatewayBot("MTIz.b.c", banner=None, logs=None))
    assert kit.Lab.running is None


@pytest.mark.asyncio
async def test_a_maker_that_raises_is_the_error_of_the_restart_and_the_next_one_works(lab, monkeypatch):
    """A notebook cell that breaks the bot is corrected and restarted."""
    bots = lab._lives.bots
    good = bots._make

    def broken(token, rest_url):
        raise KeyError("no such setting")

    monkeypatch.setattr(bots, "_make", broken)
    with pytest.raises(KeyError, match="no such setting"):
        await lab.restart()
    assert not lab.online
    with pytest.raises(LabError, match="the bot is down"):
        _ = lab.bot
    monkeypatch.setattr(bots, "_make", good)
    await lab.restart()
    assert (await lab.say(asking(lab))).message.labels == ["Button 1", "Button 2"]


@pytest.mark.asyncio
async def test_a_start_that_does_not_end_is_an_error_that_says_what_holds_it(maker, monkeypatch):
    """Whatever listens to the StartedEvent is waited for by hikari, for ever."""
    monkeypatch.setattr(kit.lab.hikari, "START_TIMEOUT", 0.3)

    def make(token, rest_url):
        bot = hikari.GatewayBot(token, rest_url=rest_url, banner=None, logs=None)

        @bot.listen()
        async def on_started(event: hikari.StartedEvent) -> None:
            await asyncio.Event().wait()

        return bot

    with pytest.raises(TimeoutError, match=r"StartedEvent.*let them start a task"):
        await kit.Lab.start(kit.lab.hikari.bot(make))
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert not left


@pytest.mark.asyncio
async def test_a_close_that_does_not_end_is_an_error_and_the_bot_is_gone_even_so(maker, monkeypatch):
    """The next start finds nothing of the bot that hung."""
    monkeypatch.setattr(kit.lab.hikari, "CLOSE_TIMEOUT", 0.3)

    def make(token, rest_url):
        bot = hikari.GatewayBot(token, rest_url=rest_url, banner=None, logs=None)

        @bot.listen()
        async def on_stopping(event: hikari.StoppingEvent) -> None:
            await asyncio.Event().wait()

        return bot

    lab = await kit.Lab.start(kit.lab.hikari.bot(make))
    with pytest.raises(TimeoutError, match="did not close within"):
        await lab.stop()
    assert kit.Lab.running is None
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert not left


@pytest.mark.asyncio
async def test_a_bot_that_closed_itself_is_offline_and_can_be_restarted(maker):
    """As by a command of its owner."""

    async def close(bot, client, event):
        # Not awaited here: hikari's close() waits for its listeners.
        closing.append(asyncio.create_task(bot.close()))

    closing = []
    async with kit.Lab.start(listening(close)) as lab:
        await lab.say("!close")
        await closing[0]
        assert not lab.online
        await lab.restart()
        assert lab.online


def test_without_hikari_the_error_names_the_extra(monkeypatch):
    """The lab itself needs no hikari."""
    monkeypatch.delitem(sys.modules, "kit.lab.hikari")
    monkeypatch.delattr(kit.lab, "hikari")
    monkeypatch.setitem(sys.modules, "hikari", None)
    with pytest.raises(ImportError, match=r'pip install "viewkit\[hikari\]"'):
        _ = kit.lab.hikari
