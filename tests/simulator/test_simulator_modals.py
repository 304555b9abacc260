"""Modals, from the click that opens one to the callback that gets the values."""

from __future__ import annotations

import asyncio

import discord
import pytest

from kit.simulator import ClickError


class Opener(discord.ui.View):
    def __init__(self, make_modal) -> None:
        super().__init__(timeout=None)
        self.make_modal = make_modal

    @discord.ui.button(label="Open", custom_id="open")
    async def open(self, interaction, button) -> None:
        await interaction.response.send_modal(self.make_modal())


class Classic(discord.ui.Modal, title="Feedback"):
    name = discord.ui.TextInput(label="Name", custom_id="name", max_length=10)
    text = discord.ui.TextInput(
        label="Text", custom_id="text", required=False, style=discord.TextStyle.paragraph, default="fine"
    )

    async def on_submit(self, interaction) -> None:
        await interaction.response.edit_message(content=f"{self.name.value}: {self.text.value}")


class Labels(discord.ui.Modal, title="Everything"):
    intro = discord.ui.TextDisplay("Please fill in.")
    name = discord.ui.Label(text="Name", component=discord.ui.TextInput(custom_id="name"))
    who = discord.ui.Label(text="Who", component=discord.ui.UserSelect(custom_id="who", required=False))
    color = discord.ui.Label(
        text="Colour",
        component=discord.ui.RadioGroup(
            custom_id="color", options=[discord.RadioGroupOption(label=n, value=n) for n in ("red", "blue")]
        ),
    )
    file = discord.ui.Label(text="File", component=discord.ui.FileUpload(custom_id="file"))

    def __init__(self, seen) -> None:
        super().__init__()
        self.seen = seen

    async def on_submit(self, interaction) -> None:
        attachment = self.file.component.values[0]
        self.seen.append(
            (
                self.name.component.value,
                [user.name for user in self.who.component.values],
                self.color.component.value,
                attachment.filename,
                await attachment.read(),
            )
        )
        await interaction.response.send_message("thanks", ephemeral=True)


class Boxes(discord.ui.Modal, title="Boxes"):
    terms = discord.ui.Label(text="Terms", component=discord.ui.Checkbox(custom_id="terms"))
    days = discord.ui.Label(
        text="Days",
        component=discord.ui.CheckboxGroup(
            custom_id="days", options=[discord.CheckboxGroupOption(label=n, value=n) for n in ("mo", "tu")]
        ),
    )
    fruit = discord.ui.Label(
        text="Fruit",
        component=discord.ui.Select(
            custom_id="fruit", options=[discord.SelectOption(label="Pear", value="pear", default=True)]
        ),
    )

    def __init__(self, seen) -> None:
        super().__init__()
        self.seen = seen

    async def on_submit(self, interaction) -> None:
        self.seen.append(
            (self.terms.component.value, self.days.component.values, self.fruit.component.values)
        )
        await interaction.response.defer()


async def opened(lab, make_modal):
    bot = await lab.bot()
    sent = await lab.channel(bot).send("panel", view=Opener(make_modal))
    interaction = await lab.simulator.click("open", message=sent.id, user="alice")
    await interaction.answered()
    assert interaction.callback_type == 9
    return sent, interaction


@pytest.mark.asyncio
async def test_a_modal_round_trip(lab):
    """Alice opens a modal, fills in one field and submits; the other keeps what was prefilled."""
    sent, modal = await opened(lab, Classic)
    assert modal.modal["title"] == "Feedback"
    submitted = await lab.simulator.submit(modal, {"name": "Ada"}, user="alice")
    await submitted.answered()
    assert (submitted.type, submitted.callback_type) == (5, 7)
    assert lab.world.message(sent.id)["content"] == "Ada: fine"


@pytest.mark.asyncio
async def test_a_modal_with_labels_users_radios_and_files(lab):
    """Every input in a Label reaches on_submit as discord.py's own objects."""
    seen = []
    _, modal = await opened(lab, lambda: Labels(seen))
    bob = lab.world.user("bob")["id"]
    values = {"name": "Ada", "who": [bob], "color": "blue", "file": [("a.txt", b"hello")]}
    submitted = await lab.simulator.submit(modal, values, user="alice")
    assert (await submitted.answered()).status == "answered"
    assert seen == [("Ada", ["bob"], "blue", "a.txt", b"hello")]


@pytest.mark.asyncio
async def test_a_modal_with_checkboxes_and_defaults(lab):
    """Checkboxes and groups are submitted, and a select keeps its default option."""
    seen = []
    _, modal = await opened(lab, lambda: Boxes(seen))
    submitted = await lab.simulator.submit(modal, {"terms": True, "days": ["mo", "tu"]}, user="alice")
    await submitted.answered()
    assert seen == [(True, ["mo", "tu"], ["pear"])]


@pytest.mark.asyncio
async def test_values_that_do_not_fit_a_modal(lab):
    """A modal that Discord's client would not submit is refused with the reason."""
    _, modal = await opened(lab, Classic)
    for values, words in (
        ({}, "'name' is required"),
        ({"name": "x" * 11}, "0 to 10 characters"),
        ({"name": 5}, "give a str"),
        ({"nom": "Ada"}, "no input 'nom'. There: 'name', 'text'"),
    ):
        with pytest.raises(ClickError, match=words):
            await lab.simulator.submit(modal, values, user="alice")
    with pytest.raises(ClickError, match="shown to alice"):
        await lab.simulator.submit(modal, {"name": "x"}, user="bob")
    submitted = await lab.simulator.submit(modal, {"name": "x"}, user="alice")
    await submitted.answered()
    with pytest.raises(ClickError, match="not answered with a modal"):
        await lab.simulator.submit(submitted, {}, user="alice")


@pytest.mark.asyncio
async def test_a_modal_that_breaks_a_rule_is_refused(lab):
    """A title of 46 characters comes back as discord.py's HTTPException with the path to it."""
    errors = []

    def too_long():
        return Classic(title="x" * 46)

    class Daring(Opener):
        async def on_error(self, interaction, error, item) -> None:
            errors.append(str(error))
            await interaction.response.defer()

    bot = await lab.bot()
    sent = await lab.channel(bot).send("panel", view=Daring(too_long))
    interaction = await lab.simulator.click("open", message=sent.id, user="alice")
    async with asyncio.timeout(5):
        await interaction.answered()
    assert "In data.title: Must be between 1 and 45 in length." in errors[0]
