"""Notebooks that export: what is in the module, what isn't, and that a fresh interpreter loads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from conftest import Notebook

IMPORTS = "import discord\nfrom discord import ui"


def poll(answer: str = "'ok'", *, custom_id: str = "'poll:vote'", base: str = "ui.View") -> str:
    """A plain persistent view; `answer` is what its callback sends."""
    return (
        f"class Poll({base}):\n"
        "    def __init__(self):\n"
        "        super().__init__(timeout=None)\n"
        "\n"
        f"    @ui.button(label='Vote', custom_id={custom_id})\n"
        "    async def vote(self, interaction, button):\n"
        f"        await interaction.response.send_message({answer})\n"
    )


class Loads(NamedTuple):
    cells: list[str]
    contains: list[str]
    lacks: list[str]


LOADS = {
    "class keeps its old constant": Loads(
        [IMPORTS, "KEY = 'poll:a'", poll(custom_id="KEY"), "KEY = 'poll:b'"], ["KEY = 'poll:a'"], ["poll:b"]
    ),
    "callback takes the newest constant": Loads(
        [IMPORTS, "TEXT = 'a'", poll("TEXT"), "TEXT = 'b'"], ["TEXT = 'b'"], ["TEXT = 'a'"]
    ),
    "cells run twice count once": Loads(
        [IMPORTS, "TEXT = 'a'", poll("TEXT"), IMPORTS, "TEXT = 'a'"],
        ["\nTEXT = 'a'\n"],
        ["TEXT = 'a'\n\nTEXT"],
    ),
    "class redefined": Loads([IMPORTS, poll("'old'"), poll("'new'")], ["'new'"], ["'old'"]),
    "helper called by the class body": Loads(
        [
            IMPORTS,
            "PREFIX = 'poll'\ndef name(): return f'{PREFIX}:x'",
            poll(custom_id="name()"),
            "PREFIX = 'other'",
        ],
        ["PREFIX = 'poll'"],
        ["other"],
    ),
    "several statements on one line": Loads(
        [IMPORTS, "A = 'ä'; B = 2; C = 3  # the third", poll("str(C)")],
        ["\nC = 3  # the third\n"],
        ["A =", "B ="],
    ),
    "comments above a statement": Loads(
        [IMPORTS, "# not this\n\n# Discord cuts\n# longer ones\nLIMIT = 3\n# nor this", poll("LIMIT")],
        ["# Discord cuts\n# longer ones\nLIMIT = 3\n"],
        ["not this", "nor this"],
    ),
    "decorated helper in parentheses": Loads(
        [
            IMPORTS + "\nimport functools",
            "# cached for a reason\n@(\n    functools.cache\n)\ndef text():\n    return 'x'",
            poll("text()"),
        ],
        ["# cached for a reason\n@(\n    functools.cache\n)\ndef text():"],
        [],
    ),
    "import with a fallback": Loads(
        [
            IMPORTS + "\ntry:\n    import orjson_ as json\nexcept ImportError:\n    import json",
            poll("json.dumps(1)"),
        ],
        ["try:\n    import orjson_ as json\nexcept ImportError:\n    import json\n"],
        [],
    ),
    "conditional constant": Loads(
        [IMPORTS, "import sys\nTEXT = 'a'\nif sys.platform == 'beos':\n    TEXT = 'b'", poll("TEXT")],
        ["import sys", "TEXT = 'a'", "if sys.platform == 'beos':\n    TEXT = 'b'"],
        [],
    ),
    "constant built by a loop": Loads(
        [IMPORTS, "TOTAL = 0\nfor n in range(3):\n    TOTAL += n", poll("str(TOTAL)")],
        ["TOTAL = 0\nfor n in range(3):\n    TOTAL += n"],
        [],
    ),
    "constant rebound from itself": Loads(
        [IMPORTS, "LIMIT = 1", "LIMIT = LIMIT + 1\nLIMIT += 1", poll("str(LIMIT)")],
        ["LIMIT = 1\n\nLIMIT = LIMIT + 1\nLIMIT += 1"],
        [],
    ),
    "walrus in a condition": Loads(
        [IMPORTS, "print(LIMIT := 3)\nprint('noise')", poll("str(LIMIT)")], ["print(LIMIT := 3)"], ["noise"]
    ),
    "class-level name of the same global": Loads(
        [IMPORTS, "LIMIT = 3\nn = 99", poll() + "    LIMIT = LIMIT\n    n = 1\n    m = n\n"],
        ["\nLIMIT = 3\n"],
        ["n = 99"],
    ),
    "nested class and modal": Loads(
        [
            IMPORTS,
            "TITLE = 'Why?'",
            "class Reason(ui.Modal, title=TITLE):\n    text = ui.TextInput(label='Reason')",
            (
                "class Poll(ui.View):\n"
                "    class Vote(ui.Button):\n"
                "        async def callback(self, interaction):\n"
                "            await interaction.response.send_modal(Reason())\n"
                "    def __init__(self):\n"
                "        super().__init__(timeout=None)\n"
                "        self.add_item(self.Vote(custom_id='poll:vote'))"
            ),
        ],
        ["class Reason(ui.Modal", "TITLE = 'Why?'"],
        [],
    ),
    "a layout": Loads(
        [
            IMPORTS,
            (
                "class Poll(ui.LayoutView):\n"
                "    def __init__(self):\n"
                "        super().__init__(timeout=None)\n"
                "        row = ui.ActionRow(ui.Button(custom_id='poll:a', label='A'))\n"
                "        self.add_item(ui.Container(ui.TextDisplay('# Poll'), row))"
            ),
        ],
        ["self.view = Poll()"],
        [],
    ),
    "view of dynamic items only": Loads(
        [
            IMPORTS,
            (
                "class Count(ui.DynamicItem[ui.Button], template=r'count:(?P<n>[0-9]+)'):\n"
                "    def __init__(self, n):\n"
                "        super().__init__(ui.Button(label=str(n), custom_id=f'count:{n}'))"
            ),
            (
                "class Poll(ui.View):\n"
                "    def __init__(self):\n"
                "        super().__init__(timeout=None)\n"
                "        self.add_item(Count(1))"
            ),
        ],
        ["self.bot.remove_dynamic_items(Count)"],
        [],
    ),
    "unused secret": Loads([IMPORTS, "TOKEN = 'hunter2'", poll()], [], ["TOKEN", "hunter2"]),
    "secret-like name of no secret": Loads(
        [IMPORTS, "TOKEN_EMOJI = 'x'", poll("TOKEN_EMOJI")], ["TOKEN_EMOJI = 'x'"], []
    ),
    "environment and its fix": Loads(
        [IMPORTS + "\nimport os", "HOME_TOKEN = os.environ['PATH']", poll("HOME_TOKEN")],
        ["HOME_TOKEN = os.environ['PATH']"],
        [],
    ),
    "own setup that nothing needs": Loads(
        [IMPORTS, poll(), "async def setup(bot):\n    bot.add_view(Poll())"],
        ["await bot.add_cog"],
        ["(Poll())"],
    ),
    "magics around the class": Loads(
        [IMPORTS, "%%time\n%%capture out\n# above\n" + poll("LIMIT") + "LIMIT = 3\n%pwd"],
        ["# above\nclass Poll", "LIMIT = 3"],
        ["%", "get_ipython"],
    ),
    "dotted imports of one package": Loads(
        [
            IMPORTS,
            "import os\nimport os.path\nimport xml.dom\nimport xml.etree.ElementTree",
            poll("os.path.sep + xml.etree.ElementTree.VERSION"),
        ],
        ["import os.path\n", "import xml.etree.ElementTree\n"],
        ["xml.dom"],
    ),
    "import shared between cells": Loads(
        [IMPORTS, "from os.path import join, sep, basename as base", poll("join(base('x'), 'y')")],
        ["from os.path import basename as base\nfrom os.path import join\n"],
        ["sep"],
    ),
    "unused future flag": Loads(["from __future__ import annotations", IMPORTS, poll()], [], ["__future__"]),
    "docstring and strings kept": Loads(
        [IMPORTS, 'TEXT = """one\n  two\n%time not a magic\n"""', poll("TEXT")],
        ['"""one\n  two\n%time not a magic\n"""'],
        [],
    ),
    "cast and quoted default": Loads(
        [
            IMPORTS + "\nfrom typing import cast\nfrom fractions import Fraction",
            poll("cast('Fraction', 1)"),
        ],
        ["from fractions import Fraction"],
        [],
    ),
    "match statement": Loads(
        [IMPORTS, "match (1, 2):\n    case (FIRST, *REST):\n        pass", poll("str(FIRST)")],
        ["case (FIRST, *REST):"],
        [],
    ),
    "indented cell": Loads(
        [IMPORTS, "\n\n  LIMIT = 3\n  OTHER = 4", poll("LIMIT")], ["\nLIMIT = 3\n"], ["OTHER"]
    ),
}


@pytest.mark.parametrize("case", LOADS.values(), ids=LOADS)
@pytest.mark.asyncio
async def test_notebook_becomes_an_extension(notebook: Notebook, case: Loads) -> None:
    """The module has what the view needs, nothing more, and a bot loads it."""
    await notebook.run(*case.cells)
    done = await notebook.export()
    for part in case.contains:
        assert part in done.code
    for part in case.lacks:
        assert part not in done.code.partition("\n")[2]
    assert done.proof is not None
    assert done.proof.passed
    assert done.path.read_text() == done.code


@pytest.mark.asyncio
async def test_statements_before_the_failing_line_count(notebook: Notebook) -> None:
    """A cell that raised has still bound what stood above the line that raised."""
    await notebook.run(IMPORTS)
    await notebook.run("LIMIT = 3; 1 / 0; LIMIT = 4", "def (", may_fail=True)
    await notebook.run(poll("LIMIT") + "assert False\nLIMIT = 5", may_fail=True)
    code = await notebook.write()
    assert "\nLIMIT = 3\n" in code
    assert "assert" not in code


@pytest.mark.asyncio
async def test_left_out_statements_are_listed(notebook: Notebook) -> None:
    """Whoever reads the result learns which lines about the view stayed behind, and which imports."""
    await notebook.run(IMPORTS + "\nimport json", poll(), "panel = Poll()")
    done = await notebook.export(prove=False)
    assert any("panel = Poll()" in line for line in done.left_out)
    assert any("json" in line for line in done.left_out)
    assert "panel = Poll()" in str(done)


@pytest.mark.parametrize(
    "body", ["votes[1] = 2", "votes.update(a=1)", "global votes; votes = {}", "del votes[1]", "votes[1] += 1"]
)
@pytest.mark.asyncio
async def test_global_state_of_callbacks_is_a_warning(notebook: Notebook, body: str) -> None:
    """A callback that counts in a module-level dict works, and the user is told what a restart does."""
    await notebook.run(IMPORTS, "votes = {1: 1}", poll() + f"        {body}\n")
    done = await notebook.export(prove=False)
    assert [warning.kind for warning in done.warnings] == ["global state"]
    assert "votes" in done.warnings[0].text


@pytest.mark.asyncio
async def test_state_changed_by_clicks_does_not_block_the_export(notebook: Notebook) -> None:
    """After clicks in the lab the live dict differs from its literal; the module starts from the literal."""
    await notebook.run(IMPORTS, "votes = {}", poll() + "        votes[interaction] = 1\n")
    notebook.namespace["votes"][5] = 1
    assert "\nvotes = {}\n" in await notebook.write()


@pytest.mark.asyncio
async def test_command_for_a_plain_view_becomes_a_method(notebook: Notebook) -> None:
    """The notebook's command comes along as a method, its text unchanged but for the bot."""
    await notebook.run(
        IMPORTS + "\nfrom discord.ext import commands",
        "bot = commands.Bot('!', intents=discord.Intents.none())\nHELP = 'Ask'",
        poll(),
        "# for admins\n@bot.command(help=HELP)\n@commands.has_permissions(manage_guild=True)\n"
        "async def ask(\n    ctx: commands.Context, *, text: str = '''a\nb''',\n):\n"
        "    await ctx.send(text, view=Poll())",
    )
    done = await notebook.export()
    assert (
        "    # for admins\n    @commands.command(help=HELP)\n"
        "    @commands.has_permissions(manage_guild=True)\n"
        "    async def ask(\n        self, ctx: commands.Context, *, text: str = '''a\nb''',\n    ):\n"
        "        await ctx.send(text, view=Poll())\n"
    ) in done.code
    assert "commands.Bot('!'" not in done.code


@pytest.mark.asyncio
async def test_command_that_needs_the_bot_is_left_out_with_its_reason(notebook: Notebook) -> None:
    """A command that reads the notebook's bot can't come along, and the result says so."""
    await notebook.run(
        IMPORTS + "\nfrom discord.ext import commands",
        "bot = commands.Bot('!', intents=discord.Intents.none())",
        poll(),
        "@bot.command()\nasync def ask(ctx):\n    await ctx.send(bot.user, view=Poll())",
    )
    done = await notebook.export(prove=False)
    assert "def ask" not in done.code
    assert any("ask" in line and "interaction.client" in line for line in done.left_out)


@pytest.mark.asyncio
async def test_slash_command_brings_real_annotations(notebook: Notebook) -> None:
    """An app command's annotations are read by discord.py, so what they name is in the module."""
    await notebook.run(
        "from __future__ import annotations",
        IMPORTS + "\nfrom discord.ext import commands\nimport enum",
        "bot = commands.Bot('!', intents=discord.Intents.none())",
        "class Size(enum.Enum):\n    S = 1\n    L = 2",
        poll(),
        "@bot.tree.command()\nasync def ask(interaction: discord.Interaction, size: Size):\n"
        "    await interaction.response.send_message(size.name, view=Poll())",
    )
    done = await notebook.export()
    assert "class Size" in done.code
    assert "from discord import app_commands" in done.code
    assert "@app_commands.command()" in done.code


@pytest.mark.asyncio
async def test_commands_imported_under_another_name(notebook: Notebook) -> None:
    """A global of the user's called `commands` keeps its name, also when a command comes along."""
    await notebook.run(
        IMPORTS + "\nfrom discord.ext import commands as ext",
        "bot = ext.Bot('!', intents=discord.Intents.none())\ncommands = ['a']",
        poll("commands[0]"),
        "@bot.hybrid_command()\nasync def ask(ctx: ext.Context):\n    await ctx.send(view=Poll())",
    )
    done = await notebook.export()
    assert "@ext.hybrid_command()" in done.code
    assert "class PollCog(ext.Cog)" in done.code


@pytest.mark.asyncio
async def test_texts_that_depend_on_state_may_differ(notebook: Notebook) -> None:
    """A label that shows a counter has another text in a fresh process, and its id is the same."""
    await notebook.run(
        IMPORTS,
        "votes = 0",
        poll() + "        global votes; votes += 1\n",
        "class Poll(Poll):\n    def __init__(self):\n        super().__init__()\n"
        "        self.children[0].label = str(votes)",
    )
    notebook.namespace["votes"] = 5
    done = await notebook.export()
    assert "same components and ids; their texts depend on state" in str(done)


@pytest.mark.asyncio
async def test_command_of_the_labs_bot(notebook: Notebook) -> None:
    """A command made with the lab's bot comes along although the lab does not."""
    await notebook.run(
        IMPORTS + "\nfrom discord.ext import commands\nimport types",
        "lab = types.SimpleNamespace(bot=commands.Bot('!', intents=discord.Intents.none()))",
        poll(),
        "@lab.bot.command()\nasync def ask(ctx):\n    await ctx.send(view=Poll())",
    )
    code = (await notebook.export()).code
    assert "    @commands.command()\n    async def ask(self, ctx):\n" in code
    assert "lab" not in code.replace("label", "")


@pytest.mark.asyncio
async def test_cog_that_adds_the_plain_view_itself(notebook: Notebook) -> None:
    """A cog of the notebook that adds and stops the view is the only one in the module."""
    await notebook.run(
        IMPORTS + "\nfrom discord.ext import commands",
        poll(),
        "class Polls(commands.Cog):\n    def __init__(self, bot):\n        self.bot = bot\n"
        "    async def cog_load(self):\n        self.view = Poll()\n        self.bot.add_view(self.view)\n"
        "    async def cog_unload(self):\n        self.view.stop()",
    )
    code = (await notebook.export()).code
    assert "add_cog(Polls(bot))" in code
    assert "PollCog" not in code
