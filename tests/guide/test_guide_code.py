"""Every code block of the guide, run as it stands in a bot on a simulated Discord."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import discord
import pytest
from discord.ext import commands

import kit
from kit import setup_persistence
from kit.lab import Lab
from kit.persistence import FileStorageBackend, SQLiteBackend, StorageBackend, StorageError
from tests.guide import seed
from tests.guide.panels import PassingLayout, TallyLayout
from tests.guide.plan import new_process
from tests.guide.storages import Shelf, answers

TEXT = seed.guide()
BLOCKS = seed.python_blocks(TEXT)

pytestmark = pytest.mark.skipif(not TEXT, reason="the guide is not beside this repository")

# What the guide's reader has imported where a block does not show it.
PRELUDE = """
import discord
from discord.ext import commands
from discord.ui import TextDisplay
from kit import PersistentView, StatefulLayoutView, StatefulView, get_store
"""


def block(*parts: str) -> str:
    """The one block that has all the parts."""
    [found] = [source for source in BLOCKS if all(part in source for part in parts)]
    return found


def in_setup(source: str) -> str:
    """A block that needs `bot`, as the setup of a cog module."""
    return "\n\nasync def setup(bot):\n" + textwrap.indent(source, "    ") + "\n"


COUNTER = {
    "V1": ("class CounterView(StatefulView)", 'await view.send(f"Count: {view.counter}")'),
    "V2": (
        "class CounterView(StatefulLayoutView)",
        'view.add_item(TextDisplay(f"Count: {view.counter}"))\n    await view.send()',
    ),
}
COUNTER_COMMAND = """
@bot.command()
async def counter(ctx):
    view = CounterView(context=ctx, state_key=f"counter:{ctx.author.id}")
    SEND

@bot.command()
async def count(ctx):
    await get_store().dispatch("COUNTED", {"key": f"counter:{ctx.author.id}"})
"""
ROLES = {
    "V1": ("class RoleSelectorView(PersistentView)", "RoleSelectorView"),
    "V2": ("class RoleSelectorPanel(PersistentLayoutView)", "RoleSelectorPanel"),
}


def write_cogs(plan, version):
    """The two cogs that the guide's bot loads, of the guide's own views."""
    beginning, send = COUNTER[version]
    command = COUNTER_COMMAND.replace("SEND", send)
    plan.cog("counter", PRELUDE + block(beginning) + in_setup(command))
    beginning, name = ROLES[version]
    command = block("def setup_roles(ctx)").replace("RoleSelectorPanel", name)
    plan.cog("dashboard", PRELUDE + block(beginning) + in_setup(command))


def names(**more: Any) -> dict[str, Any]:
    """What a block finds defined."""
    given = {"discord": discord, "commands": commands, "PersistentView": kit.PersistentView}
    return {**given, **more}


def setup_of(source):
    """A setup_hook that runs a block with its bot as `bot`."""

    async def setup(bot):
        await seed.run(
            source, names(bot=bot, SQLiteBackend=SQLiteBackend, setup_persistence=setup_persistence)
        )

    return setup


def test_the_guide_has_thirteen_blocks_of_python():
    """None is missed: each import and each class of the guide's text is in one of them."""
    assert len(BLOCKS) == 13
    joined = "\n".join(BLOCKS)
    for line in TEXT.splitlines():
        if line.startswith(("from kit", "import ", "class ", "await ", "@")):
            assert line in joined
    assert "•" not in joined


@pytest.mark.parametrize("crash", [False, True], ids=["closed", "crashed"])
@pytest.mark.parametrize("version", ["V1", "V2"])
@pytest.mark.asyncio
async def test_the_bot_of_the_setup_block_with_the_views_of_both_patterns(plan, version, crash):
    """Its setup_hook loads the cogs and the database; its panel answers in every process, its counter remembers."""
    write_cogs(plan, version)
    bot_class = (await seed.run(block("class MyBot"), names()))["MyBot"]
    lab = await Lab.start(lambda: bot_class(command_prefix="!", intents=discord.Intents.all()))
    assert isinstance(lab.bot, bot_class)
    panel = (await lab.say("!setup_roles")).messages[0]
    assert panel.labels == ["Get Role"]
    await lab.say("!count", user="bob")
    assert "Count: 1" in (await lab.say("!counter", user="bob")).messages[0].text
    pressed = []
    for life in (1, 2):
        lab.store.subscribe("test", lambda _, action: pressed.append(action), ["COMPONENT_INTERACTION"])
        assert (await lab.click("roles:get", user="bob", message=panel)).ok
        assert [action.payload["component_id"] for action in pressed] == ["roles:get"] * life
        report = await lab.restart(crash=crash, offline=new_process)
        assert report.restored == [f"roles:panel:{lab.discord.world.guild['id']}"]
        [view] = lab.bot.persistent_views
        assert (view.message.id, view.timeout) == (panel.id, None)
    assert "Count: 1" in (await lab.say("!counter", user="bob")).messages[0].text
    assert "Count: 0" in (await lab.say("!counter", user="alice")).messages[0].text


@pytest.mark.parametrize("version", ["V1", "V2"])
@pytest.mark.asyncio
async def test_the_role_panel_is_one_for_each_guild_by_slash_command_too(plan, version):
    """`session_limit = 1`, `session_scope = "guild"`: another admin's panel takes the place of the first."""
    write_cogs(plan, version)
    bot_class = (await seed.run(block("class MyBot"), names()))["MyBot"]
    lab = await Lab.start(lambda: bot_class(command_prefix="!", intents=discord.Intents.all()))
    first = (await lab.slash("setup_roles", user="alice")).messages[0]
    await lab.restart(offline=new_process)
    second = (await lab.slash("setup_roles", user="alice")).messages[0]
    buttons = {message.id: message.controls["roles:get"] for message in lab.messages if message.controls}
    assert buttons[first.id]["disabled"]
    assert not buttons[second.id].get("disabled")
    assert (await lab.click("roles:get", user="bob", message=second)).ok


@pytest.mark.asyncio
async def test_the_block_with_and_without_a_bot(plan):
    """Both lines after each other, in one setup_hook and on one database."""
    plan.setup = setup_of(block("# Data-only persistence", "# Full persistence"))
    plan.sends["panel"] = lambda ctx: TallyLayout(context=ctx, state_key="panel")
    lab = await plan.start()
    await lab.say("!panel")
    await lab.click("tally:add")
    assert (await lab.restart()).restored == ["panel"]
    assert (await lab.click("tally:add")).message.labels == ["Add to 2"]


@pytest.mark.asyncio
async def test_the_block_with_a_json_file(plan):
    """The state is in `bot_state.json`, the save before it in its `.bak`."""
    plan.setup = setup_of(block('file_path="bot_state.json"'))
    plan.sends["panel"] = lambda ctx: TallyLayout(context=ctx, state_key="panel")
    lab = await plan.start()
    await lab.say("!panel")
    await lab.click("tally:add")
    for name in ("bot_state.json", "bot_state.json.bak"):
        assert list(json.loads((plan.folder / name).read_text())["persistent_views"]) == ["panel"]
    assert (await lab.restart()).restored == ["panel"]
    assert (await lab.click("tally:add")).message.labels == ["Add to 2"]


@pytest.mark.asyncio
async def test_the_block_with_sqlite(plan):
    """The import and the call as they stand."""
    plan.setup = setup_of(block("from kit.persistence import SQLiteBackend\n\nawait setup_persistence(bot"))
    plan.sends["panel"] = lambda ctx: TallyLayout(context=ctx, state_key="panel")
    lab = await plan.start()
    await lab.say("!panel")
    assert (await lab.restart(crash=True)).restored == ["panel"]
    assert (await lab.click("tally:add")).message.labels == ["Add to 1"]
    assert (plan.folder / "kit.db").exists()


@pytest.mark.redis
@pytest.mark.asyncio
async def test_the_block_with_redis(plan):
    """As it stands but for the number of a database that is empty."""
    if not answers(6379):
        pytest.skip("no Redis answers on 127.0.0.1:6379")
    import redis

    spare = next(url for number in range(15, 0, -1) if is_empty(url := f"redis://localhost/{number}"))
    plan.setup = setup_of(block("RedisBackend").replace("redis://localhost", spare))
    plan.sends["panel"] = lambda ctx: TallyLayout(context=ctx, state_key="panel")
    try:
        lab = await plan.start()
        await lab.say("!panel")
        await lab.click("tally:add")
        assert (await lab.restart(crash=True)).restored == ["panel"]
        assert (await lab.click("tally:add")).message.labels == ["Add to 2"]
        await lab.stop()
    finally:
        with redis.Redis.from_url(spare) as client:
            client.flushdb()


def is_empty(url):
    """Whether a database of Redis has no key."""
    import redis

    with redis.Redis.from_url(url) as client:
        return client.dbsize() == 0


@pytest.mark.asyncio
async def test_the_backend_of_ones_own_works_once_its_two_methods_are_written(plan):
    """The guide's class is a backend; its dots are refused with what to write, and filled in they work."""
    skeleton = (await seed.run(block("class MyBackend"), names()))["MyBackend"]
    assert isinstance(skeleton(), StorageBackend)
    with pytest.raises(StorageError, match=r"MyBackend\.load_state\(\) returned None; return a dict, and {}"):
        await setup_persistence(backend=skeleton())
    written = type("MyBackend", (Shelf, skeleton), {})()

    async def setup(bot):
        await setup_persistence(bot, backend=written)

    plan.setup = setup
    plan.sends["panel"] = lambda ctx: TallyLayout(context=ctx, state_key="panel")
    lab = await plan.start()
    await lab.say("!panel")
    await lab.click("tally:add")
    assert (await lab.restart(crash=True)).restored == ["panel"]
    assert (await lab.click("tally:add")).message.labels == ["Add to 2"]


@pytest.mark.asyncio
async def test_the_block_that_migrates(plan):
    """A bot that began with the file goes on with the database."""

    async def before(bot):
        await setup_persistence(bot, backend=FileStorageBackend("old_state.json"))

    async def migrated():
        await seed.run(block("migrate_storage("), {})

    plan.setup = before
    plan.sends["panel"] = lambda ctx: TallyLayout(context=ctx, state_key="panel")
    lab = await plan.start()
    await lab.say("!panel")
    await lab.click("tally:add")
    plan.setup = setup_of('await setup_persistence(bot, backend=SQLiteBackend("kit.db"))')
    assert (await lab.restart(offline=migrated)).restored == ["panel"]
    assert (await lab.click("tally:add")).message.labels == ["Add to 2"]


@pytest.mark.asyncio
async def test_the_private_dashboard_is_its_creators(plan):
    """The guide's class with a button: a stranger is told privately, before and after a restart."""
    private = (await seed.run(block("class PrivateDashboard"), names()))["PrivateDashboard"]

    class Dashboard(private):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.add_item(kit.StatefulButton(label="Open", custom_id="open", callback=self.open))

        async def open(self, interaction):
            await interaction.response.send_message("opened", ephemeral=True)

    plan.sends["dashboard"] = lambda ctx: Dashboard(context=ctx, state_key=f"dashboard:{ctx.author.id}")
    lab = await plan.start()
    await lab.say("!dashboard", user="bob")
    for _ in range(2):
        assert (await lab.click("open", user="bob")).ephemeral[0].text == "opened"
        assert (await lab.click("open", user="alice")).ephemeral[0].text == Dashboard.owner_only_message
        await lab.restart()


def shape(tree):
    """A tree with every name that a bot chose as `*`, and every value as its type."""
    fixed = {
        "type", "session_id", "channel_id", "message_id", "user_id", "guild_id", "views", "nav_stack",
        "undo_stack", "redo_stack", "data", "class_name", "state_key", "sessions", "application",
        "counters", "_scoped", "settings", "theme", "persistent_views",
    }  # fmt: skip
    if isinstance(tree, dict):
        return {key if key in fixed else "*": shape(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [shape(value) for value in tree]
    return type(tree)


@pytest.mark.asyncio
async def test_the_tree_of_the_guide_is_the_tree_on_disk(plan):
    """Keys and types of values are those of its example, in the file and as it is loaded."""

    async def setup(bot):
        await setup_persistence(bot, backend=FileStorageBackend("state.json"))

    plan.setup = setup
    plan.sends["panel"] = lambda ctx: TallyLayout(context=ctx, state_key=f"roles:panel:{ctx.guild.id}")
    plan.sends["counter"] = lambda ctx: PassingLayout(context=ctx, state_key=f"counter:{ctx.author.id}")
    lab = await plan.start()
    await lab.say("!panel")
    await lab.say("!counter")
    await lab.click("tally:add")
    alice = lab.discord.world.user("alice")["id"]
    settings = {"scope": f"user:{alice}", "data": {"settings": {"theme": "dark"}}}
    await lab.store.dispatch("SCOPED_UPDATE", settings)
    await lab.store.flush()
    expected = shape(seed.json_block(TEXT))
    assert shape(json.loads((plan.folder / "state.json").read_text())) == expected
    assert shape(await FileStorageBackend("state.json").load_state()) == expected


@pytest.mark.asyncio
async def test_the_guides_own_tree_is_restored(plan):
    """A bot that finds the guide's example on disk keeps every word of it that outlives a process."""
    tree = seed.json_block(TEXT)
    (plan.folder / "state.json").write_text(json.dumps(tree))

    async def setup(bot):
        await setup_persistence(bot, backend=FileStorageBackend("state.json"), verify=None)

    plan.setup = setup
    lab = await plan.start()
    assert lab.report.skipped == ["roles:panel:456"]
    assert lab.store.state["application"] == tree["application"]
    assert lab.store.state["persistent_views"] == tree["persistent_views"]
