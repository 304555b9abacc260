"""Mistakes that are made with a hikari bot in the lab: each is refused, or told, with what to do instead."""

from __future__ import annotations

import asyncio
import gc
import logging
import warnings

import hikari
import miru
import pytest

import kit
import kit.lab.hikari


def gateway(token, rest_url, **options):
    return hikari.GatewayBot(token, rest_url=rest_url, banner=None, **{"logs": None, **options})


def rest(token, rest_url):
    return hikari.RESTBot(token, hikari.TokenType.BOT, rest_url=rest_url, banner=None, logs=None)


def raising_at(event_type, **options):
    """A maker of gateway bots that raise in what listens to an event."""

    def make(token, rest_url):
        bot = gateway(token, rest_url, **options)

        @bot.listen(event_type)
        async def listener(event) -> None:
            raise LookupError(f"no table at {type(event).__name__}")

        return bot

    return kit.lab.hikari.bot(make)


async def unchecked(lab):
    """How many errors a check finds."""
    with pytest.raises(ExceptionGroup) as collected:
        await lab.check()
    return len(collected.value.exceptions)


@pytest.fixture
def logging_as_it_was():
    """What `logs=` sets up is the logging and the warnings of the whole process."""
    handlers, level = logging.root.handlers[:], logging.root.level
    flags = (logging.logThreads, logging.logProcesses, logging.logMultiprocessing)
    disabled = {
        logger: logger.disabled
        for logger in logging.root.manager.loggerDict.values()
        if isinstance(logger, logging.Logger)
    }
    logging.root.handlers[:] = []
    with warnings.catch_warnings():
        yield
        logging.captureWarnings(False)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    logging.logThreads, logging.logProcesses, logging.logMultiprocessing = flags
    for logger, was in disabled.items():
        logger.disabled = was


@pytest.mark.parametrize("kind", [gateway, rest])
@pytest.mark.asyncio
async def test_one_bot_for_two_lives_is_refused(kind):
    """A restart with the old bot would keep what a restart loses, and show a panel as persistent that is not."""
    made = []

    def make(token, rest_url):
        made.append(made[0] if made else kind(token, rest_url))
        return made[-1]

    async with kit.Lab.start(kit.lab.hikari.bot(make)) as lab:
        for crash in (False, True):
            with pytest.raises(TypeError, match=r"that of the life before.*make the bot inside the function"):
                await lab.restart(crash=crash)
            assert not lab.online
        made.clear()
        await lab.restart()
        assert lab.online
        await lab.check()


@pytest.mark.parametrize("kind", [gateway, rest])
@pytest.mark.asyncio
async def test_another_token_is_refused_with_where_the_right_one_is(kind):
    """Hikari itself says 401 and no more."""
    wrong = kit.lab.hikari.bot(lambda token, rest_url: kind("MTIzNDU2Nzg5MDEyMzQ1Njc4.abc.def", rest_url))
    with pytest.raises(ValueError, match=r"the one that the function is given: hikari\."):
        await kit.Lab.start(wrong)
    assert kit.Lab.running is None


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.asyncio
async def test_a_bot_that_is_run_where_it_is_made_is_told_to_leave_that_to_the_lab():
    """`bot.run()` is the last line of every program with hikari."""

    def make(token, rest_url):
        bot = gateway(token, rest_url)
        bot.run()
        return bot

    with pytest.raises(RuntimeError) as refused:
        await kit.Lab.start(kit.lab.hikari.bot(make))
    assert refused.value.__notes__ == ["The lab starts the bot: leave out `bot.run()`, and return the bot."]
    # hikari's coroutines, which nobody will await, go while their warnings are ignored.
    del refused
    gc.collect()
    assert (kit.Lab.running, asyncio.get_running_loop().is_closed()) == (None, False)


@pytest.mark.asyncio
async def test_a_bot_that_closes_itself_as_it_starts_is_no_bot_that_answers():
    """The start does not tell of buttons that answer."""

    def make(token, rest_url):
        bot = gateway(token, rest_url)

        @bot.listen()
        async def give_up(event: hikari.StartedEvent) -> None:
            await bot.close()

        return bot

    with pytest.raises(RuntimeError, match=r"closed itself as it started.*bot\.close\(\)"):
        await kit.Lab.start(kit.lab.hikari.bot(make))
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


@pytest.mark.parametrize("event", [hikari.StartingEvent, hikari.StartedEvent])
@pytest.mark.asyncio
async def test_what_is_raised_as_the_bot_starts_is_in_the_report(event):
    """There the views are started: without this the report tells of a good start and no button answers."""
    async with kit.Lab.start(raising_at(event)) as lab:
        raised = f"raised as it started: LookupError: no table at {event.__name__}"
        assert raised in lab.report.notes
        assert raised in (await lab.restart(crash=True)).notes
        assert await unchecked(lab) == 2


@pytest.mark.parametrize("event", [hikari.StoppingEvent, hikari.StoppedEvent])
@pytest.mark.asyncio
async def test_what_is_raised_as_the_bot_stops_is_collected(event):
    """By a restart and by the end of the lab, which can still be asked."""
    lab = await kit.Lab.start(raising_at(event))
    await lab.restart()
    assert await unchecked(lab) == 1
    await lab.stop()
    assert await unchecked(lab) == 1


@pytest.mark.asyncio
async def test_errors_are_collected_whatever_logging_the_bot_sets_up(logging_as_it_was):
    """A `dictConfig` disables the loggers there are, and takes their handlers, unless it is told not to."""
    logs = {
        "version": 1,
        "root": {"level": "CRITICAL"},
        "loggers": {"hikari": {"level": "INFO", "handlers": []}},
    }
    async with kit.Lab.start(raising_at(hikari.StartedEvent, logs=logs)) as lab:
        for _ in range(2):
            with pytest.raises(ExceptionGroup) as collected:
                await lab.check()
            assert [str(error) for error in collected.value.exceptions] == ["no table at StartedEvent"]
            await lab.restart(crash=True)


@pytest.mark.asyncio
async def test_what_a_form_and_a_check_raise_is_in_the_outcome():
    """They are logged, and miru goes on; each belongs to what was done."""

    class Form(miru.Modal, title="Name"):
        name = miru.TextInput(label="Name", custom_id="name")

        async def callback(self, ctx):
            raise ValueError("no such name")

    class Panel(miru.View):
        async def view_check(self, ctx):
            if ctx.user.username == "bob":
                raise KeyError("no such member")
            return True

        @miru.button(label="Open", custom_id="open")
        async def open_form(self, ctx, button):
            await ctx.respond_with_modal(Form())

    def make(token, rest_url):
        bot = gateway(token, rest_url)
        client = miru.Client(bot)

        @bot.listen()
        async def send(event: hikari.GuildMessageCreateEvent) -> None:
            if event.is_human:
                view = Panel(timeout=None)
                client.start_view(view, bind_to=(await event.message.respond("!", components=view)).id)

        return bot

    async with kit.Lab.start(kit.lab.hikari.bot(make)) as lab:
        await lab.say("panel")
        assert (await lab.click("open")).modal["title"] == "Name"
        lab.discord.deadline = 0.2
        submitted = await lab.submit({"name": "x"})
        checked = await lab.click("open", user="bob")
        assert [str(error) for error in (*submitted.errors, *checked.errors)] == [
            "no such name",
            "'no such member'",
        ]
        assert await unchecked(lab) == 2
