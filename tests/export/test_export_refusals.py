"""What an export refuses, and whether it says which cell, which line and what to write."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from kit.export import ExportError

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Notebook

IMPORTS = "import discord\nfrom discord import ui"
FAKE_TOKEN = "MTE4" + "x" * 20 + ".Gabcde." + "y" * 30


def poll(answer: str = "'ok'", *, custom_id: str = "'poll:vote'", start: str = "") -> str:
    """A plain persistent view; `answer` is what its callback sends."""
    return (
        "class Poll(ui.View):\n"
        "    def __init__(self):\n"
        f"        super().__init__(timeout=None){start}\n"
        "\n"
        f"    @ui.button(label='Vote', custom_id={custom_id})\n"
        "    async def vote(self, interaction, button):\n"
        f"        await interaction.response.send_message({answer})\n"
    )


class Refused(NamedTuple):
    cells: list[str]
    reason: str
    cell: int | None
    line: int | None
    fix: str


REFUSALS = {
    "shell line": Refused(
        [IMPORTS, "NOTE = 1\nFILES = !echo one", poll("str(FILES)")], "magic", 2, 2, "FILES = ['one']"
    ),
    "magic in callback": Refused([IMPORTS, poll("'ok'") + "        %pwd\n"], "magic", 2, 8, "Python"),
    "line magic binds": Refused([IMPORTS, "%time LIMIT = 3", poll("LIMIT")], "magic", 2, 1, "LIMIT = 3"),
    "capture binds": Refused(
        [IMPORTS, "%%capture out\nprint(1)", poll("str(out)")], "magic", 2, 1, "out = ..."
    ),
    "get_ipython typed": Refused(
        [IMPORTS, poll("str(get_ipython())")], "notebook-only", 2, 7, "leave `get_ipython` out"
    ),
    "output history": Refused([IMPORTS, "1 + 1", poll("str(Out)")], "notebook-only", 3, 7, "`Out`"),
    "display imported": Refused(
        [IMPORTS + "\nfrom IPython.display import display as show", poll("show('x')")],
        "notebook-only",
        1,
        3,
        "leave `show` out",
    ),
    "workbench imported": Refused(
        [IMPORTS + "\nimport kit.export as out", poll("out.__name__")], "notebook-only", 1, 3, "`out`"
    ),
    "asks at the keyboard": Refused(
        [IMPORTS + "\nNAME = 'x' if True else input()", poll("NAME")],
        "notebook-only",
        1,
        3,
        'NAME = os.environ["NAME"]',
    ),
    "token by look": Refused(
        [IMPORTS, f"WHO = '{FAKE_TOKEN}'", poll("WHO[:1]")], "secret", 2, 1, 'WHO = os.environ["WHO"]'
    ),
    "token in callback": Refused(
        [IMPORTS, poll(f"'{FAKE_TOKEN}'")], "secret", 2, 7, 'SECRET = os.environ["SECRET"]'
    ),
    "password in URL": Refused(
        [IMPORTS, "DB = 'postgres://bot:hunter2@db/polls'", poll("DB[:3]")],
        "secret",
        2,
        1,
        'DB = os.environ["DB"]',
    ),
    "password argument": Refused(
        [IMPORTS, "def login(password='hunter2'): return password", poll("login()")],
        "secret",
        2,
        1,
        'PASSWORD = os.environ["PASSWORD"]',
    ),
    "token from parts": Refused(
        [IMPORTS, f"WHO = '.'.join({FAKE_TOKEN.split('.')!r})", poll("WHO[:1]")],
        "secret",
        2,
        1,
        'WHO = os.environ["WHO"]',
    ),
    "token as default of environment": Refused(
        [IMPORTS + "\nimport os", f"WHO = os.environ.get('WHO', '{FAKE_TOKEN}')", poll("WHO[:1]")],
        "secret",
        2,
        1,
        "WHO = os.environ",
    ),
    "factory": Refused(
        [IMPORTS, "def make():\n    class Poll(ui.View): pass\n    return Poll", "Poll = make()"],
        "not a class statement",
        3,
        1,
        "class Poll(discord.ui.View):",
    ),
    "type call": Refused(
        [IMPORTS, "Poll = type('Poll', (ui.View,), {})"], "not a class statement", 2, 1, "class Poll"
    ),
    "pushed name": Refused(
        [IMPORTS, "globals().update(LIMIT=3)", poll("LIMIT")], "no source", 3, 7, "LIMIT = 3"
    ),
    "deleted name": Refused(
        [IMPORTS, "LIMIT = 3", poll("LIMIT"), "del LIMIT"],
        "no source",
        3,
        7,
        "run a cell that defines `LIMIT`",
    ),
    "never defined": Refused([IMPORTS, poll("LIMIT")], "no source", 2, 7, "defines `LIMIT`"),
    "replaced behind the cells": Refused(
        [IMPORTS, "def text(): return 'a'", "globals()['text'] = len", poll("text()")],
        "no source",
        2,
        1,
        "run cell 2 again",
    ),
    "appended later": Refused(
        [IMPORTS, "ROLES = ['a']", "x = 1\nROLES.append('b')", poll("ROLES[0]")],
        "mutated global",
        3,
        2,
        "ROLES = ['a', 'b']",
    ),
    "item set in a loop": Refused(
        [IMPORTS, "ROLES = {}", "for name in 'ab':\n    ROLES[name] = 1", poll("str(ROLES)")],
        "mutated global",
        3,
        2,
        "ROLES = {'a': 1, 'b': 1}",
    ),
    "list extended in place": Refused(
        [IMPORTS, "ROLES = ['a']", "ROLES += ['b']", poll("ROLES[0]")],
        "mutated global",
        3,
        1,
        "ROLES = ['a', 'b']",
    ),
    "mutated by a helper": Refused(
        [IMPORTS, "ROLES = []\ndef add(role): ROLES.append(role)", "add('a')", poll("str(ROLES)")],
        "mutated global",
        2,
        1,
        "ROLES = ['a']",
    ),
    "filled empty container": Refused(
        [IMPORTS, "ROLES = dict()\ndef add(role): ROLES[role] = 1", "add('a')", poll("str(ROLES)")],
        "mutated global",
        2,
        1,
        "ROLES = {'a': 1}",
    ),
    "attribute set": Refused(
        [IMPORTS, "class Config: pass\nconfig = Config()", "config.debug = True", poll("str(config.debug)")],
        "mutated global",
        3,
        1,
        "whole value in one statement",
    ),
    "method replaced": Refused(
        [IMPORTS, poll(), "async def other(self, interaction): ...", "Poll.on_error = other"],
        "patched class",
        4,
        1,
        "write `on_error` inside `class Poll`",
    ),
    "method set by setattr": Refused(
        [IMPORTS, poll(), "setattr(Poll, 'interaction_check', print)"],
        "patched class",
        3,
        1,
        "interaction_check",
    ),
    "method set in a function": Refused(
        [
            IMPORTS,
            poll(),
            "def patch(cls):\n    async def on_timeout(self): ...\n    cls.on_timeout = on_timeout",
            "patch(Poll)",
        ],
        "patched class",
        2,
        1,
        "write `on_timeout` inside",
    ),
    "needed with two values": Refused(
        [IMPORTS, "KEY = 'poll:a'", poll("KEY", custom_id="KEY"), "KEY = 'poll:b'"],
        "two values",
        3,
        5,
        "run cell 3 again",
    ),
    "two values through a helper": Refused(
        [
            IMPORTS,
            "KEY = 'a'\ndef name(): return f'poll:{KEY}'",
            poll("KEY", custom_id="name()"),
            "KEY = 'b'",
        ],
        "two values",
        None,
        None,
        "again",
    ),
    "teardown of the user's": Refused(
        [IMPORTS, "def teardown(): return 'x'", poll("teardown()")], "name clash", 2, 1, "def teardown_view()"
    ),
    "no timeout given": Refused(
        [IMPORTS, "class Poll(ui.View):\n    @ui.button(custom_id='a')\n    async def vote(self, i, b): ..."],
        "not persistent",
        2,
        1,
        "super().__init__(timeout=None)",
    ),
    "added item without id": Refused(
        [IMPORTS, poll(start="\n        self.add_item(ui.Select(placeholder='Pick one'))")],
        "not persistent",
        2,
        4,
        'custom_id="poll:pick_one"',
    ),
    "id changes": Refused(
        [IMPORTS + "\nimport uuid", poll(start="; self.add_item(ui.Button(custom_id=uuid.uuid4().hex))")],
        "not persistent",
        2,
        1,
        "custom_id=",
    ),
    "needs arguments": Refused(
        [IMPORTS, poll().replace("(self):", "(self, *, question):")], "arguments", 2, 2, "question=..."
    ),
    "constructor raises": Refused(
        [IMPORTS, poll(start="; raise LookupError('no config')")], "constructor", 2, 1, "make `Poll()` work"
    ),
    "the bot": Refused(
        [IMPORTS + "\nbot = discord.Client(intents=discord.Intents.none())", poll("str(bot.user)")],
        "live object",
        2,
        7,
        "interaction.client",
    ),
    "a connection": Refused(
        [IMPORTS + "\nimport sqlite3", "db = sqlite3.connect(':memory:')", poll("str(db)"), "db.close()"],
        "live object",
        3,
        7,
        "sqlite3.connect",
    ),
    "a view instance": Refused(
        [IMPORTS, poll("str(panel)"), "panel = Poll()"], "live object", 2, 7, "inside the callback"
    ),
    "an awaited constant": Refused(
        [IMPORTS + "\nimport asyncio", "COUNT = await asyncio.sleep(0, 3)", poll("COUNT")],
        "top-level await",
        2,
        1,
        "COUNT = 3",
    ),
    "awaited loop": Refused(
        [
            IMPORTS,
            "async def rows():\n    yield 1",
            "ROWS = [row async for row in rows()]",
            poll("str(ROWS)"),
        ],
        "top-level await",
        3,
        1,
        "ROWS = [1]",
    ),
    "no view": Refused([IMPORTS, "class Poll: pass"], "not a view", 2, 1, "class Poll(discord.ui.View):"),
    "a modal": Refused([IMPORTS, "class Poll(ui.Modal, title='x'): pass"], "not a view", 2, 1, "ui.View"),
    "no class at all": Refused([IMPORTS], "no source", None, None, "class Poll"),
}


@pytest.mark.parametrize("case", REFUSALS.values(), ids=REFUSALS)
@pytest.mark.asyncio
async def test_refusal_names_place_and_fix(notebook: Notebook, case: Refused) -> None:
    """Whoever gets a refusal can go to the cell and the line and write what it says."""
    await notebook.run(*case.cells)
    with pytest.raises(ExportError) as caught:
        await notebook.export()
    error = caught.value
    assert case.reason == error.reason
    if case.cell is not None:
        assert (case.cell, case.line) == (error.cell, error.line)
    assert case.fix in error.fix
    assert error.fix in str(error)
    assert not list(notebook.directory.iterdir())


@pytest.mark.asyncio
async def test_refusal_never_repeats_a_secret(notebook: Notebook) -> None:
    """A refusal is saved with the notebook, so it must not carry the token it is about."""
    await notebook.run(IMPORTS, f"BOT_TOKEN = '{FAKE_TOKEN}'", poll("BOT_TOKEN[:1]"))
    with pytest.raises(ExportError) as caught:
        await notebook.export()
    assert FAKE_TOKEN not in str(caught.value)
    assert FAKE_TOKEN not in caught.value.fix


@pytest.mark.asyncio
async def test_half_run_loop_is_refused(notebook: Notebook) -> None:
    """A name bound by a loop that raised has a value that running the module would not give."""
    await notebook.run(IMPORTS)
    await notebook.run("for LIMIT in (1, 2, 3):\n    1 / (LIMIT - 2)", may_fail=True)
    await notebook.run(poll("LIMIT"))
    with pytest.raises(ExportError) as caught:
        await notebook.export()
    assert (caught.value.reason, caught.value.cell) == ("no source", 2)


@pytest.mark.asyncio
async def test_stale_class_object_is_refused(notebook: Notebook) -> None:
    """Exporting a class object kept from before its cell ran again names the newer one."""
    await notebook.run(IMPORTS, poll(), "old = Poll", poll("'new'"))
    with pytest.raises(ExportError) as caught:
        await notebook.export(notebook.namespace["old"])
    assert caught.value.reason == "two values"


@pytest.mark.asyncio
async def test_lab_object_under_any_name_is_refused(notebook: Notebook) -> None:
    """The lab stays in the notebook whatever the user calls it."""
    await notebook.run(IMPORTS, "world = object()", poll("str(world)"))
    with pytest.raises(ExportError) as caught:
        await notebook.export(lab_objects=[notebook.namespace["world"]])
    assert caught.value.reason == "notebook-only"


@pytest.mark.asyncio
async def test_module_that_only_the_kernel_has_is_refused(notebook: Notebook, tmp_path: Path) -> None:
    """An import that works here only because of a changed path is named with its cell."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "only_in_this_kernel.py").write_text("LIMIT = 3\n")
    await notebook.run(
        IMPORTS,
        f"import sys\nsys.path.insert(0, {str(elsewhere)!r})\nimport only_in_this_kernel",
        poll("only_in_this_kernel.LIMIT"),
        f"sys.path.remove({str(elsewhere)!r})",
    )
    with pytest.raises(ExportError) as caught:
        await notebook.export()
    assert (caught.value.reason, caught.value.cell, caught.value.line) == ("import", 2, 3)
    assert "only_in_this_kernel" in caught.value.fix
