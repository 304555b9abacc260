"""What cells do by their effect: the module does it too, or the export is refused and says which cell did."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from kit.export import Cell, ExportError

if TYPE_CHECKING:
    from conftest import Notebook

IMPORTS = "import discord\nfrom discord import ui"
KIT = "import kit\nfrom discord.ui import ActionRow\nfrom kit import PersistentLayoutView, StatefulButton, get_store"


def poll(answer: str = "'ok'", *, label: str = "'Vote'", extra: str = "") -> str:
    """A plain persistent view; `answer` is what its callback sends."""
    return (
        "class Poll(ui.View):\n"
        "    def __init__(self):\n"
        "        super().__init__(timeout=None)\n"
        "\n"
        f"    @ui.button(label={label}, custom_id='poll:vote')\n"
        "    async def vote(self, interaction, button):\n"
        f"        {extra}await interaction.response.send_message({answer})\n"
    )


def panel(dispatch: str, *, label: str = "'Vote'") -> str:
    """A view of kit's whose button dispatches."""
    return (
        "class Poll(PersistentLayoutView):\n"
        "    def __init__(self, **kwargs):\n"
        "        super().__init__(**kwargs)\n"
        f"        button = StatefulButton(label={label}, custom_id='poll:vote', callback=self.vote)\n"
        "        self.add_item(ActionRow(button))\n"
        "    async def vote(self, interaction):\n"
        f"        {dispatch}\n"
    )


REDUCE = "(action, state):\n    state['application']['votes'] = {}"
REDUCERS = {
    "constant": ["VOTED = 'VOTED'", f"@kit.reducer(VOTED)\ndef one{REDUCE.format(1)}", "VOTED"],
    "attribute": [
        "class Action:\n    VOTE = 'VOTED'",
        f"@kit.reducer(Action.VOTE)\ndef one{REDUCE.format(1)}",
        "Action.VOTE",
    ],
    "keyword": [f"@kit.reducer(action_type='VOTED')\ndef one{REDUCE.format(1)}", "'VOTED'"],
    "enum member": [
        "import enum\nclass Action(enum.StrEnum):\n    VOTE = 'VOTED'",
        f"@kit.reducer(Action.VOTE)\ndef one{REDUCE.format(1)}",
        "Action.VOTE",
    ],
    "computed": [
        "PREFIX = 'VO'",
        f"@kit.reducer(PREFIX + 'TED')\ndef one{REDUCE.format(1)}",
        "PREFIX + 'TED'",
    ],
    "redefined": [
        f"@kit.reducer('VOTED')\ndef one{REDUCE.format(0)}",
        f"@kit.reducer('VOTED')\ndef one{REDUCE.format(1)}",
        "'VOTED'",
    ],
    "anonymous": [
        f"@kit.reducer('VOTED')\ndef _{REDUCE.format(1)}",
        f"@kit.reducer('TAKEN_BACK')\ndef _{REDUCE.format(2)}",
        "'VOTED'",
    ],
}


@pytest.mark.parametrize("case", REDUCERS.values(), ids=REDUCERS)
@pytest.mark.asyncio
async def test_reducer_comes_along_however_its_action_is_written(notebook: Notebook, case: list[str]) -> None:
    """The store knows which reducer answers, so the cells may write the action as they like."""
    *cells, action = case
    await notebook.run(IMPORTS, KIT, *cells, panel(f"await self.dispatch({action}, {{}})"))
    done = await notebook.export()
    assert done.proof is not None
    assert ("has its reducers", True, "VOTED") in done.proof.steps
    assert "['votes'] = 1" in done.code
    assert "['votes'] = 0" not in done.code
    assert "TAKEN_BACK" not in done.code


@pytest.mark.asyncio
async def test_reducer_registered_by_a_call_is_refused(notebook: Notebook) -> None:
    """A reducer that only a call in a cell registered would be missing, and the decorator is named."""
    await notebook.run(
        IMPORTS, KIT, f"def one{REDUCE.format(1)}\nget_store().reducers.register('VOTED', one)"
    )
    await notebook.run(panel("await self.dispatch('VOTED', {})"))
    with pytest.raises(ExportError) as caught:
        await notebook.export()
    assert (caught.value.reason, caught.value.cell) == ("proof", 3)
    assert "@kit.reducer('VOTED')" in caught.value.fix


class Lost(NamedTuple):
    cells: list[str]
    reason: str
    name: str
    blamed: str


SHOP = "class Shop:\n    def __init__(self): self.items = {}\n    def stock(self, name): self.items[name] = 1"
LOST = {
    "method of an own object": Lost(
        [SHOP, "shop = Shop()", "shop.stock('sword')", poll("str(shop.items)")],
        "mutated global",
        "`shop`",
        "shop.stock('sword')",
    ),
    "class method": Lost(
        [
            "class Items:\n    known = {}\n    @classmethod\n    def put(cls, name): cls.known[name] = 1",
            "Items.put('sword')",
            poll("str(Items.known)"),
        ],
        "patched class",
        "`Items`",
        "Items.put('sword')",
    ),
    "helper that callbacks call too": Lost(
        [
            "ITEMS = []\ndef add(name): ITEMS.append(name)",
            "add('sword')",
            poll("str(ITEMS)", extra="add('x'); "),
        ],
        "mutated global",
        "`['sword']`",
        "add('sword')",
    ),
    "other name of the same list": Lost(
        ["A = B = []", "B.append(1)", poll("str(A)")], "mutated global", "`[1]`", "A = B = []"
    ),
    "list that is no literal": Lost(
        ["ITEMS = list('a')", "for x in [ITEMS]:\n    x.append('b')", poll("str(ITEMS)")],
        "mutated global",
        "`['a', 'b']`",
        "for x in [ITEMS]:",
    ),
    "objects in a loop": Lost(
        [
            "from dataclasses import dataclass\n@dataclass\nclass Limit:\n    n: int = 1\nLIMIT = Limit()",
            "for one in (LIMIT,):\n    one.n = 9",
            poll("str(LIMIT.n)"),
        ],
        "mutated global",
        "`Limit(n=9)`",
        "LIMIT = Limit()",
    ),
    "iterator used twice": Lost(
        ["import itertools\nids = itertools.count(1)", "N = next(ids)", "N = next(ids)", poll("str(N)")],
        "mutated global",
        "`2`",
        "N = next(ids)",
    ),
    "variable of a closure": Lost(
        [
            "def counter(n=0):\n    def up():\n        nonlocal n\n        n += 1\n    return up\nup = counter()",
            "up()",
            poll("str(up())"),
        ],
        "mutated global",
        "up(n=1)",
        "up()",
    ),
    "embed built in two cells": Lost(
        ["CARD = discord.Embed(title='a')", "CARD.add_field(name='b', value='c')", poll("'x', embed=CARD")],
        "mutated global",
        "`CARD`",
        "CARD.add_field",
    ),
    "attribute of a module": Lost(
        ["import string", "string.digits = string.digits", poll("string.digits")],
        "mutated global",
        "`string`",
        "string.digits = string.digits",
    ),
    "class patched in a loop": Lost(
        [poll(), "for view in [Poll]:\n    view.colour = 'red'"],
        "patched class",
        "`Poll.colour`",
        "for view in",
    ),
    "names looked up by their text": Lost(
        ["LIMIT = 3\ndef limit():\n    return globals()['LIMIT']", poll("limit()")],
        "no source",
        "`globals()`",
        "return globals()['LIMIT']",
    ),
    "expression in a text": Lost(
        ["LIMIT = 3\ndef limit():\n    return eval('LIMIT')", poll("limit()")],
        "no source",
        "`eval()`",
        "return eval('LIMIT')",
    ),
    "name deleted in a tuple": Lost(
        ["a, b = 1, 2", "del (a, b)", poll("str(a)")], "no source", "`a`", "send_message(str(a))"
    ),
}


@pytest.mark.parametrize("case", LOST.values(), ids=LOST)
@pytest.mark.asyncio
async def test_effect_that_a_module_would_lose_is_refused(notebook: Notebook, case: Lost) -> None:
    """A module whose values are not those of the notebook is never written, and the cell is named."""
    await notebook.run(IMPORTS, *case.cells)
    with pytest.raises(ExportError) as caught:
        await notebook.export()
    assert caught.value.reason == case.reason
    assert case.name in str(caught.value)
    assert case.blamed in str(caught.value)
    assert not list(notebook.directory.iterdir())


@pytest.mark.parametrize(
    "cells",
    [
        [
            "HANDLERS = {}\ndef on(name):\n    def wrap(fn):\n        HANDLERS[name] = fn\n        return fn\n    return wrap"
        ],
        [
            "class Table(dict): pass\nHANDLERS = Table()\ndef on(name):\n    return lambda fn: HANDLERS.setdefault(name, fn)"
        ],
    ],
    ids=["dict", "own class"],
)
@pytest.mark.asyncio
async def test_functions_in_a_table_come_along(notebook: Notebook, cells: list[str]) -> None:
    """Handlers that a decorator put into a table are in the module's table too."""
    await notebook.run(
        IMPORTS,
        *cells,
        "@on('buy')\nasync def _(interaction): ...",
        "@on('sell')\nasync def _(interaction): ...",
        poll("'x'", extra="await HANDLERS['buy'](interaction); "),
    )
    code = (await notebook.export()).code
    assert "@on('buy')" in code
    assert "@on('sell')" in code


@pytest.mark.asyncio
async def test_single_dispatch_comes_along(notebook: Notebook) -> None:
    """The implementations registered for a generic function are in the module."""
    await notebook.run(
        IMPORTS + "\nimport functools",
        "@functools.singledispatch\ndef show(x):\n    return 'any'",
        "@show.register\ndef _(x: int):\n    return 'int'",
        poll("show(1)"),
    )
    assert "@show.register\ndef _(x: int):" in (await notebook.export()).code


@pytest.mark.asyncio
async def test_times_and_random_numbers_are_no_difference(notebook: Notebook) -> None:
    """A value that is another one at every load can't be compared, and does not block the export."""
    await notebook.run(
        IMPORTS + "\nimport random, time",
        "STARTED = time.time()\nLUCK = random.random()",
        poll("str(STARTED + LUCK)"),
    )
    assert "STARTED = time.time()" in (await notebook.export()).code


@pytest.mark.asyncio
async def test_object_changed_by_clicks_is_a_warning(notebook: Notebook) -> None:
    """After clicks an own object differs from a fresh one; both values are shown, and nothing is refused."""
    await notebook.run(IMPORTS, SHOP, "shop = Shop()", poll("str(shop.items)", extra="shop.stock('x'); "))
    notebook.namespace["shop"].stock("sword")
    done = await notebook.export()
    assert {warning.kind for warning in done.warnings} == {"global state"}
    assert any("{'sword': 1}" in warning.text for warning in done.warnings)


@pytest.mark.asyncio
async def test_other_effects_are_listed(notebook: Notebook) -> None:
    """A subscription or a logger's level is no value to compare, so the result says that it is missing."""
    await notebook.run(
        IMPORTS,
        KIT,
        "import logging\nlog = logging.getLogger('poll')\nlog.setLevel('DEBUG')",
        "get_store().subscribe('log', print, ['VOTED'])",
        poll("log.name"),
        "print(log)\nlen(str(Poll))",
    )
    done = await notebook.export(prove=False)
    listed = [line for line in done.left_out if "by its effect" in line]
    assert ["setLevel" in listed[0], "subscribe" in listed[1], len(listed)] == [True, True, 2]
    notebook.namespace["get_store"]().unsubscribe("log")


@pytest.mark.asyncio
async def test_texts_of_a_kit_view_are_compared(notebook: Notebook) -> None:
    """A label of kit's view that depends on no state is the same in the module, or the export is refused."""
    await notebook.run(
        IMPORTS, KIT, "import sys", panel("pass", label="'a' if 'IPython' in sys.modules else 'b'")
    )
    with pytest.raises(ExportError) as caught:
        await notebook.export()
    assert caught.value.reason == "proof"
    assert '"label": "b"' in str(caught.value)


@pytest.mark.asyncio
async def test_texts_of_a_kit_view_may_show_state(notebook: Notebook) -> None:
    """A label that shows what the store holds is compared as it is with an empty store."""
    await notebook.run(
        IMPORTS,
        KIT,
        f"@kit.reducer('VOTED')\ndef one{REDUCE.format(7)}",
        panel("pass", label="str(get_store().state['application'].get('votes', 0))"),
        "before = kit.state.set_store(kit.StateStore(reducers=get_store().reducers))",
        "await get_store().dispatch('VOTED')",
    )
    try:
        assert "same payload" in str(await notebook.export())
    finally:
        await notebook.run("await get_store().close()\n_ = kit.state.set_store(before)")


@pytest.mark.asyncio
async def test_variable_set_by_a_cell_is_not_there(notebook: Notebook) -> None:
    """A variable that only a cell has set is missing for the bot, and the proof finds that out."""
    await notebook.run(
        IMPORTS + "\nimport os", "os.environ['POLL_LABEL_'] = 'Hi'", poll(label="os.environ['POLL_LABEL_']")
    )
    try:
        with pytest.raises(ExportError) as caught:
            await notebook.export()
    finally:
        del os.environ["POLL_LABEL_"]
    assert (caught.value.reason, caught.value.cell) == ("proof", 3)
    assert "set POLL_LABEL_ before Jupyter starts" in caught.value.fix


@pytest.mark.asyncio
async def test_variables_that_the_bot_needs_are_named(notebook: Notebook) -> None:
    """Whoever takes the module to production learns which variables it reads."""
    await notebook.run(
        IMPORTS + "\nimport os",
        "A = os.environ.get('POLL_A', '')\nB = os.getenv('POLL_B')",
        poll("A + str(B)"),
    )
    done = await notebook.export(prove=False)
    assert [(one.kind, one.line) for one in done.warnings] == [("environment", 1), ("environment", 2)]


@pytest.mark.asyncio
async def test_blank_lines_of_strings_keep_their_blanks(notebook: Notebook) -> None:
    """Blanks on a line of their own are part of a string, wherever the cell's text came from."""
    await notebook.run(IMPORTS)
    source = 'ART = """a\n   \nb"""'
    exec(source, notebook.namespace)
    notebook.ledger.append(Cell(2, source, source))
    await notebook.run(poll("ART"))
    assert source in (await notebook.export()).code


@pytest.mark.asyncio
async def test_view_that_the_view_opens_is_added_too(notebook: Notebook) -> None:
    """Two views that lead to each other both answer after a restart."""
    back = poll("'x', view=Poll()").replace("class Poll", "class Back").replace("poll:vote", "poll:back")
    await notebook.run(IMPORTS, back, poll("'x', view=Back()"))
    code = (await notebook.export()).code
    assert "self.views = [Poll(), Back()]" in code
    assert "for view in self.views:\n            view.stop()" in code


@pytest.mark.asyncio
async def test_view_that_a_kit_view_opens_is_added_too(notebook: Notebook) -> None:
    """A plain view that kit's view opens is kept by the cog, beside the command."""
    back = poll().replace("class Poll", "class Back")
    await notebook.run(IMPORTS, KIT, back, panel("await interaction.response.send_message(view=Back())"))
    code = (await notebook.export()).code
    assert "self.view = Back()" in code
    assert "async def post_poll(" in code


@pytest.mark.asyncio
async def test_opened_view_with_arguments_is_a_warning(notebook: Notebook) -> None:
    """A view that lives on but needs arguments can't be added, and that is said."""
    back = poll().replace("class Poll", "class Back").replace("(self):", "(self, user):")
    await notebook.run(IMPORTS, back, poll("'x', view=Back(interaction.user)"))
    done = await notebook.export(prove=False)
    assert [(one.kind, one.cell) for one in done.warnings] == [("not persistent", 2)]


@pytest.mark.asyncio
async def test_names_of_one_star_import_pass_ruff(notebook: Notebook) -> None:
    """Names of a star import have a line each, in an order that ruff's import rule accepts."""
    await notebook.run(IMPORTS + "\nfrom math import *", poll("str(pow(2, 3) + sqrt(4))").replace("'", '"'))
    done = await notebook.export(prove=False)
    assert "from math import pow" in done.code
    assert "\nfrom math import sqrt\n" in done.code
    arguments = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E,F,I", str(done.path)]
    result = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


@pytest.mark.asyncio
async def test_cell_from_before_the_future_flag_is_named(notebook: Notebook) -> None:
    """A decorator that reads real annotations ran before the flag, and running its cell again shows it."""
    await notebook.run(
        IMPORTS,
        "def kinds(fn):\n    fn.kinds = [one.__name__ for one in fn.__annotations__.values()]\n    return fn",
        "@kinds\ndef helper(x: int): return helper.kinds",
        "from __future__ import annotations\ndef other(a: int): return a",
        poll("str(helper(1)) + str(other(2))"),
    )
    with pytest.raises(ExportError) as caught:
        await notebook.export()
    assert "run cell 3 again" in caught.value.fix
