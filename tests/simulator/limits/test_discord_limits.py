"""Every rule that Discord judges messages and modals by, without a server."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kit.simulator import check_message, check_modal, error_tree
from kit.simulator.emoji import is_emoji
from kit.simulator.limits.__main__ import main
from tests.simulator.limits.builders import (
    button,
    file,
    gallery,
    label,
    modal,
    option,
    row,
    rows,
    select,
    text,
    v2,
)
from tests.simulator.limits.component_cases import COMPONENTS
from tests.simulator.limits.message_cases import EDITS, MESSAGES, WARNINGS
from tests.simulator.limits.modal_cases import MODAL_WARNINGS, MODALS

SAMPLES = Path(__file__).parents[3].parent / "shared" / "discord" / "samples"


def errors(found):
    return [violation for violation in found if violation.severity == "error"]


def places(found):
    """Of each violation the rule, the place and the code."""
    return [(violation.rule, ".".join(violation.path), violation.code) for violation in found]


@pytest.mark.parametrize("case", [*MESSAGES, *COMPONENTS], ids=lambda case: case.rule)
def test_message_rules(case):
    """A message at the edge of a rule passes, and one beyond it is refused by that rule, at that place."""
    assert errors(check_message(case.good, files=["x.txt"])) == []
    assert places(errors(check_message(case.bad, files=["x.txt"]))) == [(case.rule, case.where, case.code)]


@pytest.mark.parametrize("case", MODALS, ids=lambda case: case.rule)
def test_modal_rules(case):
    """A modal at the edge of a rule passes, and one beyond it is refused by that rule, at that place."""
    assert errors(check_modal(case.good)) == []
    assert places(errors(check_modal(case.bad))) == [(case.rule, case.where, case.code)]


@pytest.mark.parametrize("case", WARNINGS, ids=lambda case: case.rule)
def test_what_is_only_unwise_is_a_warning(case):
    """What Discord accepts, but advises against or chokes on, is a warning and no error."""
    files = ["x.txt"] if case.rule == "M13" else []
    assert check_message(case.good, files=files) == []
    found = check_message(case.bad, files=files)
    assert places(found) == [(case.rule, case.where, "WARNING")]
    assert [violation.severity for violation in found] == ["warning"]


@pytest.mark.parametrize("case", MODAL_WARNINGS, ids=lambda case: case.rule)
def test_what_is_only_unwise_in_a_modal(case):
    """The same for modals."""
    assert check_modal(case.good) == []
    found = check_modal(case.bad)
    assert places(found) == [(case.rule, case.where, "WARNING")]
    assert [violation.severity for violation in found] == ["warning"]


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.rule)
def test_edits(edit):
    """An edit is judged with what it leaves of the message."""
    assert errors(check_message(edit.good, edit_of=edit.before)) == []
    assert places(errors(check_message(edit.bad, edit_of=edit.before))) == [
        (edit.rule, edit.where, edit.code)
    ]


def test_an_edit_may_not_leave_a_message_empty():
    """M11: what is left counts, whatever was sent; a warning beside it changes nothing."""
    old = {"flags": 0, "content": "x", "embeds": [], "components": [], "attachments": []}
    for bad in ({"content": None}, {"content": " "}, {"content": "", "embeds": None}):
        assert places(check_message(bad, edit_of=old)) == [("M11", "", "EMPTY_MESSAGE")]
    assert check_message({"content": None}, edit_of={**old, "embeds": [{"title": "x"}]}) == []
    assert places(errors(check_message({"content": "", "flags": 64}))) == [("M11", "", "EMPTY_MESSAGE")]
    assert errors(check_message({"content": "x"})) == []


def test_files_of_an_edited_message():
    """A file that the message has already can be shown, by name or by its URL; ten is the most in all."""
    url = "http://127.0.0.1/attachments/1/5/x.png"
    shown = [{"id": str(number), "filename": f"{number}.png", "url": url} for number in range(100, 105)]
    old = {**v2(text()), "content": "", "embeds": [], "attachments": shown}
    for good in (gallery(1, "attachment://100.png"), file(url), file("attachment://104.png")):
        assert errors(check_message({"components": [good]}, edit_of=old)) == []
    names = [f"{number}.txt" for number in range(6)]
    assert errors(check_message({}, edit_of=old, files=names[:5])) == []
    assert places(errors(check_message({}, edit_of=old, files=names))) == [
        ("M12", "attachments", "BASE_TYPE_MAX_LENGTH")
    ]


def test_more_chosen_than_offered():
    """S08: min_values and max_values beyond the options are two errors, at the two places Discord names."""
    found = errors(check_message(rows(select(2, min_values=3, max_values=3))))
    place = "components.0.components.0"
    assert places(found) == [
        ("S08", f"{place}.min_values", "NUMBER_TYPE_MAX"),
        ("S08", f"{place}.options", "BASE_TYPE_MIN_LENGTH"),
    ]


def test_custom_emoji_must_exist():
    """C05: where it is known which custom emoji there are, any other id is refused."""
    message = rows(button(emoji={"id": 5, "name": "x"}))
    assert check_message(message) == check_message(message, emojis={"5"}) == []
    found = errors(check_message(message, emojis={"6"}))
    assert places(found) == [("C05", "components.0.components.0.emoji.id", "COMPONENT_INVALID_EMOJI")]
    chosen = modal(label(select(options=[option("a", emoji={"id": "5", "name": "x"})])))
    assert [violation.rule for violation in errors(check_modal(chosen, emojis=()))] == ["C05"]


def test_ephemeral_belongs_to_interactions():
    """The flag 64 is fine in the answer to an interaction."""
    assert check_message({"content": "x", "flags": 64}, interaction=True) == []


def test_the_error_tree_mirrors_the_request():
    """Errors sit at the path of the value, indexes as strings, under data for an interaction."""
    found = check_message(rows(button(label="x" * 81), button(emoji={"name": "▲"})))
    tree = error_tree(found, prefix=("data",))
    children = tree["data"]["components"]["0"]["components"]
    assert children["0"]["label"]["_errors"] == [
        {"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 80 or fewer in length."}
    ]
    assert children["1"]["custom_id"]["_errors"][0]["code"] == "COMPONENT_CUSTOM_ID_DUPLICATED"
    assert children["1"]["emoji"]["name"]["_errors"][0]["message"] == "Invalid emoji"


def test_which_strings_are_an_emoji():
    """Signs, skin tones, families, flags and keycaps are; look-alikes, texts and pairs are not."""
    good = ("🇩", "🎉", "✅", "❤️", "👍🏽", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "▶️", "™", "🫠")
    bad = ("", "▲", "⏻", "a", "🎉🎉", "1", "→", "★", ":tada:", "\u200d")
    assert [sign for sign in good if not is_emoji(sign)] == []
    assert [sign for sign in bad if is_emoji(sign)] == []


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared sample payloads are not beside this repository")
def test_the_shared_samples_pass():
    """Payloads that were collected as good ones break no rule."""
    for path in sorted(SAMPLES.glob("0*.json")):
        payload = json.loads(path.read_text())
        files = re.findall(r'attachment://([^"]+)', path.read_text())
        is_modal = payload.get("type") == 9
        found = (
            check_modal(payload["data"])
            if is_modal
            else check_message(payload, files=files, interaction=True)
        )
        assert (path.name, errors(found)) == (path.name, [])


def test_a_file_is_judged_on_the_command_line(tmp_path, capsys):
    """Messages, interaction responses and modals are told apart, and each fault is one line."""
    path = tmp_path / "payload.json"

    def judge(payload, *more):
        path.write_text(payload if isinstance(payload, str) else json.dumps(payload))
        return main([str(path), *more]), capsys.readouterr()

    assert judge({"components": [row(button(label="x" * 81))]})[0] == 1
    code, said = judge({"type": 9, "data": modal(label(), title="x" * 46)})
    assert (code, said.out) == (1, "error D01 in title: Must be between 1 and 45 in length.\n")
    assert judge(modal(label(), title="x" * 46)) == (code, said)
    assert judge({"type": 4, "data": {"content": "x", "flags": 64}}) == (0, ("", ""))
    assert judge(v2(file("attachment://x.txt")), "--upload", "x.txt")[0] == 0
    code, said = judge(rows(select(required=False)))
    assert (code, said.out[:12]) == (0, "warning S04 ")
    for nonsense in ("{", "[]"):
        code, said = judge(nonsense)
        assert (code, said.out) == (2, "")
        assert str(path) in said.err
