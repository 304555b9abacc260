"""People who are typed at a terminal, beside a real bot."""

from __future__ import annotations

import asyncio

import discord
import pytest
from discord import ui

from kit.simulator.prompt import HELP, Prompt
from tests.simulator.test_simulator_process import running


class Reason(ui.Modal, title="Why?"):
    text = ui.TextInput(label="Reason", custom_id="reason")

    async def on_submit(self, interaction):
        await interaction.response.send_message(f"because {self.text.value}", ephemeral=True)


class Panel(ui.View):
    @ui.button(label="Vote", custom_id="vote")
    async def vote(self, interaction, button):
        button.label = f"Vote ({interaction.user.name})"
        await interaction.response.edit_message(view=self)

    @ui.button(label="Why", custom_id="why")
    async def why(self, interaction, button):
        await interaction.response.send_modal(Reason())

    @ui.select(cls=ui.UserSelect, custom_id="who")
    async def who(self, interaction, select):
        await interaction.response.send_message(f"you chose {select.values[0].name}")


@pytest.fixture
def typed(lab):
    """Types a line, and gives what is told about it."""
    told = []
    prompt = Prompt(lab.simulator, told.append)
    end = lab.simulator.subscribe(prompt._happened)

    async def type_it(line):
        del told[:]
        await prompt.do(line)
        return list(told)

    yield type_it
    end()


@pytest.mark.asyncio
async def test_a_panel_is_used_from_the_terminal(lab, typed):
    """Words, buttons, selects, commands and modals: each is told with what it brought."""
    bot = await lab.bot()

    @bot.tree.command()
    async def buy(interaction: discord.Interaction, fruit: str, count: int):
        """Buys fruit."""
        await interaction.response.send_message(f"{count} {fruit}")

    await bot.tree.sync()
    await lab.channel(bot).send("Which game?", view=Panel(timeout=None))
    assert await typed("say bob hello there") == ["bob: hello there"]
    assert await typed("click bob Vote") == ["edited: viewkit: Which game? [Vote (bob)] [Why] [who]"]
    assert await typed("choose alice who bob") == ["viewkit: you chose bob"]
    assert await typed('slash bob buy "fruit=red apples" count=3') == ["viewkit: 3 red apples"]
    assert await typed("click bob why") == ["a modal opened: Why?. Type: submit bob reason=..."]
    assert await typed("submit bob reason=fun") == ["viewkit: because fun (only one person sees this)"]
    assert (await typed("show bob"))[-1] == "viewkit: because fun (only one person sees this)"
    assert len(await typed("show alice")) == len(await typed("show bob")) - 1


@pytest.mark.asyncio
async def test_what_is_mistyped_says_how_it_is_typed(lab, typed):
    """A wrong word, name, number or quote changes nothing, and tells what is there."""
    bot = await lab.bot()

    @bot.tree.command()
    async def buy(interaction: discord.Interaction, count: int):
        """Buys fruit."""

    await bot.tree.sync()
    assert await typed("") == await typed("dance") == [HELP]
    assert await typed("click bob") == ["Type: click WHO BUTTON"]
    assert "Known: alice, bob" in (await typed("say bobby hello"))[0]
    assert await typed("click bob vote") == ["No message has a button or select."]
    assert "takes int, not 'many'" in (await typed("slash bob buy count=many"))[0]
    assert "is no NAME=VALUE" in (await typed("slash bob buy many"))[0]
    assert "No modal is open" in (await typed("submit bob a=b"))[0]
    assert "quote" in (await typed("say bob it's"))[0]
    assert lab.world.messages() == []


@pytest.mark.asyncio
async def test_the_command_takes_what_is_typed():
    """`--prompt` reads the input, as a terminal is read; its end ends nothing."""
    async with running("--prompt") as (process, _, _, _):
        process.stdin.write(b"say alice hello\n")
        await process.stdin.drain()
        process.stdin.close()
        async with asyncio.timeout(10):
            lines = [line.decode().strip() async for line in _until(process.stdout, b"alice: hello\n")]
        assert any("Type what people do" in line for line in lines)
        assert process.returncode is None


async def _until(stream, last):
    while True:
        line = await stream.readline()
        yield line
        if line in (last, b""):
            return
