"""What happens outside the lab's channel: tickets, threads, direct messages, and their ends."""

from __future__ import annotations

import discord
import pytest
from discord import ui
from discord.ext import commands

import kit
from kit.lab.discordlife import PlainBot
from kit.persistence import SQLiteBackend
from kit.widgets.base import BenchWidget


class TicketDesk(ui.View):
    """Opens a ticket: a private channel, a thread, and a direct message."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @ui.button(label="Open", custom_id="open")
    async def open_ticket(self, interaction: discord.Interaction, button: ui.Button) -> None:
        """Open a ticket."""
        guild, user = interaction.guild, interaction.user
        hidden = {guild.default_role: discord.PermissionOverwrite(view_channel=False)}
        staff = await guild.create_text_channel("staff", overwrites=hidden)
        await staff.send("for the staff only")
        ticket = await guild.create_text_channel(f"ticket-{user.name}")
        await ticket.send("Your ticket", view=Ticket())
        thread = await interaction.message.create_thread(name="log")
        await thread.send("a line of the log")
        await user.send("It is open")
        await interaction.response.send_message("Opened", ephemeral=True)


class Ticket(ui.View):
    """A ticket that can be closed."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @ui.button(label="Note", custom_id="note")
    async def note(self, interaction: discord.Interaction, button: ui.Button) -> None:
        """Note something."""
        await interaction.response.send_message("Noted")

    @ui.button(label="Close", custom_id="close")
    async def close(self, interaction: discord.Interaction, button: ui.Button) -> None:
        """Close the ticket."""
        await interaction.response.defer()
        await interaction.channel.delete()


@pytest.mark.asyncio
async def test_an_outcome_tells_what_comes_elsewhere(lab):
    """A ticket's message, a thread's and a direct one are seen by who sees them, and named by their place."""
    await lab.post(TicketDesk)
    opened = await lab.click("open", user="bob")
    assert opened.message.text == "Opened"
    told = {message.where: message.text for message in opened.elsewhere if message.text}
    assert told == {
        "#ticket-bob": "Your ticket",
        "#log": "a line of the log",
        "a direct message": "It is open",
    }
    assert "  in #ticket-bob: 'Your ticket' [Note] [Close]" in repr(opened).split("\n")


@pytest.mark.asyncio
async def test_a_click_elsewhere_has_its_outcome(lab):
    """What a click in a ticket brings is no less seen than in the lab's own channel."""
    await lab.post(TicketDesk)
    ticket = next(item for item in (await lab.click("open")).elsewhere if "Note" in item.labels)
    assert (await lab.click("Note", user="bob", message=ticket)).message.text == "Noted"


@pytest.mark.asyncio
async def test_the_end_of_another_channel_is_not_the_previews(lab):
    """A ticket is closed: the preview goes on showing its own channel."""
    await lab.post(TicketDesk)
    ticket = next(item for item in (await lab.click("open")).elsewhere if "Note" in item.labels)
    preview = lab.preview()
    await lab.click("Close", message=ticket)
    assert "[Open]" in preview.to_text()


@pytest.mark.asyncio
async def test_the_line_of_a_thread_follows_what_is_said_in_it(lab, monkeypatch):
    """The message that a thread was started from is sent again when the thread grows, and when it is gone."""
    sent = []
    monkeypatch.setattr(BenchWidget, "send", lambda self, message, buffers=None: sent.append(message))
    desk = (await lab.post(TicketDesk)).message
    preview = lab.preview()
    await lab.click("open")
    thread = lab.bot.get_channel(desk.id)

    def line():
        preview._flush()
        changed = [item["message"] for message in sent for item in message.get("changed", ())]
        return [
            item.get("thread", {}).get("message_count") for item in changed if item["id"] == str(desk.id)
        ][-1]

    assert line() == 1
    await thread.send("another")
    assert line() == 2
    assert "Thread: log (2 messages)" in preview.to_text()
    await thread.delete()
    assert line() is None


@pytest.mark.asyncio
async def test_one_bot_for_two_lives_is_refused(tmp_path, monkeypatch):
    """discord.py's closed bot would seem to start, and never be ready."""
    monkeypatch.chdir(tmp_path)
    bot: commands.Bot = PlainBot(SQLiteBackend(tmp_path / "one.db"))
    async with kit.Lab.start(lambda: bot) as lab:
        with pytest.raises(TypeError, match=r"that of the life before.*make the bot inside the function"):
            await lab.restart()
        assert not lab.online
