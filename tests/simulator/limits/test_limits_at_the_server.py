"""What the rules say is what a real bot is answered: status, code, tree, and discord.py's words for it."""

from __future__ import annotations

import json

import discord
import pytest
from discord.http import Route

from kit.simulator import check_message, check_modal
from tests.simulator.limits.builders import button, label, modal, rows, select, text, v2
from tests.simulator.limits.component_cases import COMPONENTS
from tests.simulator.limits.message_cases import EDITS, MESSAGES, WARNINGS
from tests.simulator.limits.modal_cases import MODAL_WARNINGS, MODALS

# Polls, stickers and themes are what the simulator can't do: refused by the rules first, answered 501 then.
UNSERVED = ("poll", "sticker_ids", "shared_client_theme")


def words(violations, prefix=()):
    """How discord.py prints what was found."""
    errors = [violation for violation in violations if violation.severity == "error"]
    return [f"In {'.'.join((*prefix, *error.path))}: {error.message}" for error in errors]


class Sender:
    """A logged-in bot that sends raw bodies through discord.py's own HTTP client."""

    def __init__(self, lab, bot):
        self.lab = lab
        self.bot = bot
        self.path = f"/channels/{lab.world.channel_id}/messages"
        # The custom emoji of the cases.
        lab.world.emoji("x", id="5")

    async def send(self, body, *, files=("x.txt",), method="POST", path=None):
        """The status, and of a refusal discord.py's lines."""
        form = [{"name": "payload_json", "value": json.dumps(body)}]
        form += [{"name": f"files[{n}]", "value": b"x", "filename": name} for n, name in enumerate(files)]
        sent = {"form": form, "files": None} if files else {"json": body}
        try:
            answer = await self.bot.http.request(Route(method, path or self.path), **sent)
        except discord.HTTPException as error:
            if (error.status, error.code) != (400, 50035):
                raise
            return error.text.splitlines()
        return answer

    async def show(self, body):
        """The same for a modal, as the answer to a click."""
        sent = await self.bot.http.request(Route("POST", self.path), json=rows(button()))
        clicked = await self.lab.simulator.click("go", message=sent["id"], user="bob")
        path = f"/interactions/{clicked.id}/{clicked.token}/callback"
        answer = await self.send({"type": 9, "data": body}, files=(), path=path)
        return answer, clicked


@pytest.mark.asyncio
async def test_every_message_rule_at_the_server(lab):
    """Each payload beyond a rule raises discord.py's HTTPException with the rule's words; the one at its edge is sent."""
    sender = Sender(lab, await lab.bot())
    for case in (*MESSAGES, *COMPONENTS):
        body = {"attachments": [], **case.bad} if case.rule == "M12" else case.bad
        expected = words(check_message(body, files=["x.txt"]))
        assert (await sender.send(body))[-1:] == expected, case
        assert expected[0].startswith(f"In {case.where}: ")
        files = () if "attachments" in case.good else ("x.txt",)
        sent = await sender.send(case.good, files=files)
        assert sent["id"] in lab.world.channel_of, case


@pytest.mark.asyncio
async def test_every_modal_rule_at_the_server(lab):
    """The same for modals, whose paths start with data; one that is refused may be followed by a good one."""
    sender = Sender(lab, await lab.bot())
    for case in MODALS:
        refused, clicked = await sender.show(case.bad)
        assert refused[-1:] == words(check_modal(case.bad), prefix=("data",)), case
        assert clicked.status == "pending"
        shown, clicked = await sender.show(case.good)
        assert (shown or None, clicked.modal["custom_id"]) == (None, case.good["custom_id"])


@pytest.mark.asyncio
async def test_what_is_warned_of_is_taken(lab):
    """Discord takes what a warning is about, and so does the simulator."""
    sender = Sender(lab, await lab.bot())
    for case in WARNINGS:
        assert "id" in await sender.send(case.bad, files=("x.txt",) if case.rule == "M13" else ())
    for case in MODAL_WARNINGS:
        shown, clicked = await sender.show(case.bad)
        assert (shown or None, clicked.callback_type) == (None, 9)


@pytest.mark.asyncio
async def test_every_edit_rule_at_the_server(lab):
    """An edit beyond a rule is refused and changes nothing; one at its edge is made."""
    sender = Sender(lab, await lab.bot())
    for case in EDITS:
        before = {key: case.before[key] for key in ("content", "embeds", "components", "flags")}
        before = {key: value for key, value in before.items() if value}
        sent = await sender.send(before, files=())
        path = f"{sender.path}/{sent['id']}"
        refused = await sender.send(case.bad, files=(), method="PATCH", path=path)
        assert refused[-1].startswith(f"In {case.where}: ")
        assert lab.world.message(sent["id"])["edited_timestamp"] is None
        edited = await sender.send(case.good, files=(), method="PATCH", path=path)
        # A flag alone is no edit.
        assert (edited["edited_timestamp"] is not None) == (set(case.good) != {"flags"})


@pytest.mark.asyncio
async def test_an_empty_message_has_an_error_of_its_own(lab, http):
    """M11: 50006 and no tree."""
    path = f"/api/v10/channels/{lab.world.channel_id}/messages"
    empty = (400, {"message": "Cannot send an empty message", "code": 50006})
    for body in ({}, {"content": " "}, {"embeds": [], "flags": 64}):
        assert await http("POST", path, body) == empty
    assert (await http("POST", path, {"content": "x"}))[0] == 200


@pytest.mark.asyncio
async def test_the_words_of_the_readme(lab):
    """A label of 81 characters, sent by a view, fails with the very line that Discord's answer gives."""
    bot = await lab.bot()
    view = discord.ui.View()
    view.add_item(discord.ui.Button(label="x" * 81, custom_id="go"))
    with pytest.raises(discord.HTTPException) as caught:
        await lab.channel(bot).send("x", view=view)
    line = "In components.0.components.0.label: Must be 80 or fewer in length."
    assert caught.value.text.splitlines()[-1] == line
    assert str(caught.value) == f"400 Bad Request (error code: 50035): Invalid Form Body\n{line}"


@pytest.mark.asyncio
async def test_several_faults_are_told_at_once(lab, http):
    """The tree mirrors the request, with every fault at its place and indexes as keys."""
    body = rows(
        button(label="x" * 81), button(style=9, custom_id="b"), button(emoji={"name": "▲"}, custom_id="")
    )
    status, answer = await http("POST", f"/api/v10/channels/{lab.world.channel_id}/messages", body)
    assert (status, answer["code"], answer["message"]) == (400, 50035, "Invalid Form Body")
    tree = answer["errors"]["components"]["0"]["components"]
    assert {index: sorted(fields) for index, fields in tree.items()} == {
        "0": ["label"],
        "1": ["style"],
        "2": ["custom_id", "emoji"],
    }


@pytest.mark.asyncio
async def test_what_is_not_served_is_judged_first(lab, http):
    """M02: a poll beside components of version 2 is Discord's 400; one that Discord would take is our 501."""
    path = f"/api/v10/channels/{lab.world.channel_id}/messages"
    poll = {"question": {"text": "x"}, "answers": [{"poll_media": {"text": "a"}}]}
    for name, value in zip(UNSERVED, (poll, ["5"], {"colors": ["5"]}), strict=True):
        status, answer = await http("POST", path, v2(text(), **{name: value}))
        assert (status, list(answer["errors"])) == (400, [name])
        assert (await http("POST", path, {name: value}))[0] == 501


@pytest.mark.asyncio
async def test_required_is_the_default_of_a_modal(lab):
    """D13: an input that says nothing of required can't be left out; one that says false can."""
    sender = Sender(lab, await lab.bot())
    _, strict = await sender.show(modal(label(select())))
    with pytest.raises(ValueError, match="takes 1 to 1 values"):
        await lab.simulator.submit(strict, {}, user="bob")
    _, lax = await sender.show(modal(label(select(required=False))))
    assert (await lab.simulator.submit(lax, {}, user="bob")).type == 5


@pytest.mark.asyncio
async def test_no_modal_answers_a_modal(lab):
    """D14: the submission of a modal takes no modal; a message it takes."""
    sender = Sender(lab, await lab.bot())
    _, shown = await sender.show(modal(label()))
    submitted = await lab.simulator.submit(shown, {"t": "x"}, user="bob")
    path = f"/interactions/{submitted.id}/{submitted.token}/callback"
    refused = await sender.send({"type": 9, "data": modal(label())}, files=(), path=path)
    assert refused[-1].startswith("In type: Value must be one of (4, 5, 6, 7")
    await sender.send({"type": 4, "data": {"content": "x"}}, files=(), path=path)
    assert submitted.status == "answered"


@pytest.mark.asyncio
async def test_files_beyond_ten(lab):
    """M12: the eleventh file is refused, whether the body lists it or not."""
    sender = Sender(lab, await lab.bot())
    names = [f"{number}.txt" for number in range(11)]
    assert (await sender.send({}, files=names))[-1] == "In attachments: Must be 10 or fewer in length."
    assert len((await sender.send({}, files=names[:10]))["attachments"]) == 10
