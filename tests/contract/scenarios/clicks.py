"""What people press, and how a bot may answer."""

from __future__ import annotations

from typing import Any

import discord
from discord import ui

from tests.contract.stage import Stage, refusal, scenario

EPHEMERAL, LOADING = 1 << 6, 1 << 7


@scenario(["panel", "hello"])
async def a_click_is_answered(stage: Stage) -> Any:
    """A reply to a click is a message in the channel."""
    interaction = await stage.pressed()
    await interaction.response.send_message("hello")
    return stage.contents


@scenario(["alice", "general", "panel", True])
async def a_click_says_who_and_where(stage: Stage) -> Any:
    """A click brings its member, its channel and its message."""
    interaction = await stage.pressed()
    shown = [interaction.user.name, interaction.channel.name, interaction.message.content]
    return [*shown, interaction.permissions.administrator]


@scenario([["changed"], True])
async def a_click_edits_its_message(stage: Stage) -> Any:
    """Answering with an edit changes the panel and adds no message."""
    interaction = await stage.pressed()
    await interaction.response.edit_message(content="changed", view=None)
    return [stage.contents, stage.seen("bob")[0]["edited_timestamp"] is not None]


@scenario([["panel"], ["later"]])
async def a_deferred_edit(stage: Stage) -> Any:
    """After defer() on a click, the original response is the panel itself."""
    interaction = await stage.pressed()
    await interaction.response.defer()
    before = stage.contents
    await interaction.edit_original_response(content="later")
    return [before, stage.contents]


@scenario([["panel", "", LOADING], ["panel", "done", 0], ["panel", "done", "more"]])
async def a_deferred_reply(stage: Stage) -> Any:
    """defer(thinking=True) shows a loading message, which the first follow-up fills in."""
    interaction = await stage.pressed()
    await interaction.response.defer(thinking=True)
    first = [*stage.contents, stage.seen("bob")[-1]["flags"]]
    await interaction.followup.send("done")
    second = [*stage.contents, stage.seen("bob")[-1]["flags"]]
    await interaction.followup.send("more")
    return [first, second, stage.contents]


@scenario([["panel"], ["panel", "secret"], [404, 10008], ["panel"]])
async def an_ephemeral_reply(stage: Stage) -> Any:
    """Only who clicked sees an ephemeral reply; the bot neither fetches nor lists it."""
    interaction = await stage.pressed()
    await interaction.response.send_message("secret", ephemeral=True)
    alice = [message["content"] for message in stage.seen("alice")]
    reply = await interaction.original_response()
    fetched = await refusal(stage.channel.fetch_message(reply.id))
    return [stage.contents, alice, fetched, [it.content async for it in stage.channel.history()]]


@scenario([EPHEMERAL | LOADING, EPHEMERAL])
async def an_ephemeral_deferral_stays_ephemeral(stage: Stage) -> Any:
    """What fills in an ephemeral deferral is ephemeral, whatever the follow-up says."""
    interaction = await stage.pressed()
    await interaction.response.defer(thinking=True, ephemeral=True)
    first = stage.seen("alice")[-1]["flags"]
    await interaction.followup.send("done", ephemeral=False)
    return [first, stage.seen("alice")[-1]["flags"]]


@scenario(["refused by the client", "done"])
async def a_click_in_an_ephemeral_reply(stage: Stage) -> Any:
    """A button in an ephemeral reply is there for one person only."""
    interaction = await stage.pressed()
    await interaction.response.send_message("secret", ephemeral=True, view=stage.catching())
    reply = (await interaction.original_response()).id
    return [await refusal(stage.click(reply, "press", user=name)) for name in ("bob", "alice")]


@scenario([["panel", "first", "second"], ["panel", "first, changed", "second, changed"], ["panel"]])
async def responses_are_edited_and_deleted(stage: Stage) -> Any:
    """The original response and follow-ups are edited and deleted by the interaction's token."""
    interaction = await stage.pressed()
    await interaction.response.send_message("first")
    second = await interaction.followup.send("second", wait=True)
    sent = stage.contents
    await interaction.edit_original_response(content="first, changed")
    await second.edit(content="second, changed")
    changed = stage.contents
    await second.delete()
    await interaction.delete_original_response()
    return [sent, changed, stage.contents]


@scenario([[400, 40060], [400, 40060]])
async def a_second_answer(stage: Stage) -> Any:
    """An interaction is answered once; 40060 is for the second time, deferred or not."""
    codes = []
    for deferred in (False, True):
        interaction = await stage.pressed()
        await (interaction.response.defer() if deferred else interaction.response.send_message("one"))
        interaction.response._response_type = None  # discord.py's own guard would come first
        codes.append(await refusal(interaction.response.send_message("two")))
    return codes


@scenario([404, 10062])
async def an_answer_after_the_deadline(stage: Stage) -> Any:
    """An answer after more than three seconds gets 10062."""
    interaction = await stage.pressed()
    await stage.advance(3.5)
    return await refusal(interaction.response.send_message("late"))


@scenario(["done", [404, 10015]])
async def a_token_of_yesterday(stage: Stage) -> Any:
    """A follow-up is taken for 15 minutes and gets 10015 from then on."""
    interaction = await stage.pressed()
    await interaction.response.defer()
    await stage.advance(14 * 60)
    first = await refusal(interaction.followup.send("in time"))
    await stage.advance(2 * 60)
    return [first, await refusal(interaction.followup.send("too late"))]


@scenario([404, 10015])
async def a_follow_up_before_the_answer(stage: Stage) -> Any:
    """There is no webhook to follow up on before the interaction is answered."""
    interaction = await stage.pressed()
    return await refusal(interaction.followup.send("first"))


@scenario(["refused by the client"] * 3)
async def buttons_that_cannot_be_clicked(stage: Stage) -> Any:
    """A disabled button, a link and a button that is not there send nothing."""
    view = stage.catching(ui.Button(label="Off", custom_id="off", disabled=True))
    view.add_item(ui.Button(label="Site", url="https://example.com"))
    sent = await stage.channel.send(view=view)
    return [await refusal(stage.click(sent.id, name)) for name in ("off", "Site", "gone")]


@scenario(["done", "refused by the client"])
async def components_that_were_removed(stage: Stage) -> Any:
    """When an edit has removed the buttons, nobody can click them any more."""
    sent = await stage.channel.send("panel", view=stage.catching())
    first = await refusal(stage.click(sent.id, "press"))
    await sent.edit(view=None)
    return [first, await refusal(stage.click(sent.id, "press"))]


@scenario([["refused by the client"] * 4, ["a", "c"]])
async def a_select_has_bounds(stage: Stage) -> Any:
    """A select takes as many values as it says, from those on offer, each once."""
    options = [discord.SelectOption(label=name) for name in "abc"]
    select = ui.Select(custom_id="pick", options=options, min_values=1, max_values=2)
    sent = await stage.channel.send(view=stage.catching(select))
    bad = ([], ["a", "b", "c"], ["z"], ["a", "a"])
    refused = [await refusal(stage.choose(sent.id, "pick", values)) for values in bad]
    await stage.choose(sent.id, "pick", ["a", "c"], user="bob")
    return [refused, (await stage.next()).data["values"]]


class Form(ui.Modal, title="Form"):
    name = ui.TextInput(label="Name", custom_id="name", min_length=2)

    def __init__(self, stage: Stage) -> None:
        super().__init__(custom_id="form")
        self.on_submit = stage.caught.put


@scenario(["refused by the client", "bob", ["panel", "hello bob"]])
async def a_modal(stage: Stage) -> Any:
    """A click shows a modal, which is filled in as it demands, and its submission is answered."""
    interaction = await stage.pressed()
    form = Form(stage)
    await interaction.response.send_modal(form)
    short = await refusal(stage.submit({"name": "b"}))
    await stage.submit({"name": "bob"})
    submitted = await stage.next()
    await submitted.response.send_message(f"hello {form.name.value}")
    return [short, form.name.value, stage.contents]


@scenario([400, 50035])
async def a_modal_after_a_modal(stage: Stage) -> Any:
    """The submission of a modal can't be answered with a modal."""
    interaction = await stage.pressed()
    await interaction.response.send_modal(Form(stage))
    await stage.submit({"name": "bob"})
    return await refusal((await stage.next()).response.send_modal(Form(stage)))


@scenario(["panel", "hello"])
async def an_old_panel_after_a_restart(stage: Stage) -> Any:
    """The panel of a bot that was restarted answers, if the new one added it as persistent."""
    sent = await stage.channel.send("panel", view=stage.catching())
    await stage.restart()
    interaction = await stage.pressed(message_id=sent.id)
    await interaction.response.send_message("hello")
    return stage.contents


@scenario([["panel", "second", "first"], 2])
async def answers_in_any_order(stage: Stage) -> Any:
    """Two people click one after the other, and are answered the other way round."""
    first = await stage.pressed()
    second = await stage.pressed(user="bob", message_id=first.message.id)
    await second.response.send_message("second")
    await first.response.send_message("first")
    return [stage.contents, len({first.user.id, second.user.id})]


@scenario([["x", "y"], "it is fine"])
async def a_modal_of_labels(stage: Stage) -> Any:
    """A modal holds selects and text inputs under labels, and their values arrive."""
    interaction = await stage.pressed()
    modal = ui.Modal(title="Form", custom_id="form")
    options = [discord.SelectOption(label=name) for name in "xyz"]
    modal.add_item(
        ui.Label(text="Which", component=ui.Select(custom_id="which", options=options, max_values=2))
    )
    style = discord.TextStyle.paragraph
    modal.add_item(ui.Label(text="Why", component=ui.TextInput(custom_id="why", style=style)))
    modal.on_submit = stage.caught.put
    await interaction.response.send_modal(modal)
    await stage.submit({"which": ["x", "y"], "why": "it is fine"})
    await stage.next()
    which, why = (label.component for label in modal.children)
    return [which.values, why.value]
