"""Exports of kit's own persistent views: class, reducers, and a cog with the command that posts the panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kit.export import ExportError

if TYPE_CHECKING:
    from conftest import Notebook

IMPORTS = (
    "import discord\nfrom discord.ext import commands\nfrom discord.ui import ActionRow\n"
    "from kit import PersistentLayoutView, PersistentView, StatefulButton, card, reducer"
)
PANEL = """class RolePanel(PersistentLayoutView):
    session_scope = "guild"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        button = StatefulButton(label="Get role", custom_id="roles:get", callback=self.give_role)
        self.add_item(card("## Roles", ActionRow(button), color=discord.Color.blurple()))

    async def give_role(self, interaction):
        await self.dispatch("ROLE_TAKEN", {"user": interaction.user.id})
"""
BOT = "bot = commands.Bot('!', intents=discord.Intents.none())"


@pytest.mark.asyncio
async def test_panel_gets_a_command_that_posts_it(notebook: Notebook) -> None:
    """A panel without a command in the notebook gets a plain one, for those who manage the server."""
    await notebook.run(IMPORTS, PANEL)
    done = await notebook.export("RolePanel", to="cogs/roles.py")
    assert "from kit import PersistentLayoutView, StatefulButton, card\n" in done.code
    assert (
        "    @commands.hybrid_command()\n"
        "    @commands.guild_only()\n"
        "    @commands.has_permissions(manage_guild=True)\n"
        "    async def post_role_panel(self, ctx: commands.Context) -> None:\n"
        '        """Post the RolePanel in this channel."""\n'
        '        view = RolePanel(context=ctx, state_key=f"role_panel:{ctx.guild.id}")\n'
        "        await view.send()\n"
    ) in done.code
    assert "add_view" not in done.code
    assert done.proof is not None
    assert ("answers as in the notebook", True, "same payload") in done.proof.steps


@pytest.mark.asyncio
async def test_old_style_view_exports_too(notebook: Notebook) -> None:
    """A PersistentView of the first components generation is exported the same way."""
    await notebook.run(
        IMPORTS,
        "class Ping(PersistentView):\n    def __init__(self, *args, **kwargs):\n"
        "        super().__init__(*args, **kwargs)\n"
        "        self.add_item(StatefulButton(label='Ping', custom_id='ping', callback=self.ping))\n"
        "    async def ping(self, interaction): ...",
    )
    assert "async def post_ping(" in (await notebook.export("Ping")).code


@pytest.mark.asyncio
async def test_command_of_the_notebook_comes_along(notebook: Notebook) -> None:
    """The command with which the user posts the panel replaces the plain one."""
    await notebook.run(
        IMPORTS,
        BOT,
        PANEL,
        "@bot.hybrid_command()\nasync def setup_roles(ctx):\n"
        "    view = RolePanel(context=ctx, state_key=f'roles:panel:{ctx.guild.id}')\n    await view.send()",
    )
    code = (await notebook.export("RolePanel")).code
    assert "    @commands.hybrid_command()\n    async def setup_roles(self, ctx):\n" in code
    assert "post_role_panel" not in code


@pytest.mark.asyncio
async def test_cog_of_the_notebook_comes_along(notebook: Notebook) -> None:
    """A cog that already posts the panel is used as it is."""
    await notebook.run(
        IMPORTS,
        PANEL,
        "class Roles(commands.Cog):\n    def __init__(self, bot):\n        self.bot = bot\n\n"
        "    @commands.hybrid_command()\n    async def roles(self, ctx: commands.Context):\n"
        "        await RolePanel(context=ctx, state_key='roles').send()",
    )
    code = (await notebook.export("RolePanel")).code
    assert "await bot.add_cog(Roles(bot))" in code
    assert "RolePanelCog" not in code


@pytest.mark.asyncio
async def test_reducers_of_dispatched_actions_come_along(notebook: Notebook) -> None:
    """No name leads from a view to the reducer of its action, and without it the click does nothing."""
    await notebook.run(
        IMPORTS,
        "STEP = 1",
        '@reducer("ROLE_TAKEN")\nasync def role_taken(action, state):\n'
        "    state['application']['taken'] = STEP",
        '@reducer("OTHER")\nasync def other(action, state): ...',
        PANEL,
    )
    code = (await notebook.export("RolePanel")).code
    assert '@reducer("ROLE_TAKEN")\nasync def role_taken' in code
    assert "STEP = 1" in code
    assert "OTHER" not in code


@pytest.mark.asyncio
async def test_argument_that_no_command_gives_is_refused(notebook: Notebook) -> None:
    """The plain command can't invent an argument of the user's, so the way out is named."""
    await notebook.run(IMPORTS, PANEL.replace("(self, *args,", "(self, *args, title,"))
    with pytest.raises(ExportError) as caught:
        await notebook.export("RolePanel")
    assert caught.value.reason == "arguments"
    assert "`title`" in str(caught.value)
    assert "write the command that posts it" in caught.value.fix


@pytest.mark.asyncio
async def test_argument_given_by_the_command_of_the_notebook(notebook: Notebook) -> None:
    """A panel with arguments is exported with the command that gives them."""
    await notebook.run(
        IMPORTS,
        BOT,
        PANEL.replace("(self, *args,", "(self, *args, title,"),
        "@bot.hybrid_command()\nasync def roles(ctx, title: str):\n"
        "    await RolePanel(context=ctx, state_key='roles', title=title).send()",
    )
    done = await notebook.export("RolePanel")
    assert "async def roles(self, ctx, title: str):" in done.code
    assert "not compared: its constructor needs arguments" in str(done)


@pytest.mark.asyncio
async def test_item_without_id_is_named(notebook: Notebook) -> None:
    """Kit's views need explicit ids as well, and the item is named."""
    await notebook.run(IMPORTS, PANEL.replace('custom_id="roles:get", ', ""))
    with pytest.raises(ExportError) as caught:
        await notebook.export("RolePanel")
    assert caught.value.reason == "not persistent"
    assert "Get role" in str(caught.value) or "give_role" in str(caught.value)


@pytest.mark.asyncio
async def test_workbench_never_comes_along(notebook: Notebook) -> None:
    """`Lab` belongs to the notebook, even when imported from `kit` beside the views."""
    await notebook.run(IMPORTS + "\nfrom kit import Lab", PANEL + "    LAB = Lab\n")
    with pytest.raises(ExportError) as caught:
        await notebook.export("RolePanel")
    assert caught.value.reason == "notebook-only"


POST = "await RolePanel(context=ctx, state_key='roles').send()"


@pytest.mark.asyncio
async def test_companions_of_a_command_come_along(notebook: Notebook) -> None:
    """What handles a command's errors belongs to it, in the cog as in the notebook."""
    await notebook.run(
        IMPORTS,
        BOT,
        PANEL,
        f"@bot.command()\nasync def post(ctx):\n    {POST}",
        "@post.error\nasync def post_error(ctx, error):\n    await ctx.send('no')",
    )
    code = (await notebook.export("RolePanel")).code
    assert "    @post.error\n    async def post_error(self, ctx, error):\n" in code


@pytest.mark.asyncio
async def test_command_that_posts_through_a_helper(notebook: Notebook) -> None:
    """A command that leaves the posting to a function is the posting command all the same."""
    await notebook.run(
        IMPORTS,
        BOT,
        PANEL,
        f"async def send_panel(ctx):\n    {POST}",
        "@bot.command()\nasync def post(ctx):\n    await send_panel(ctx)",
    )
    code = (await notebook.export("RolePanel")).code
    assert "\nasync def send_panel(ctx):\n" in code
    assert "    async def post(self, ctx):\n" in code
    assert "post_role_panel" not in code


@pytest.mark.asyncio
async def test_command_that_names_itself(notebook: Notebook) -> None:
    """A command that invokes itself finds itself in the cog."""
    command = f"@bot.command()\nasync def post(ctx, n=1):\n    {POST}\n    await ctx.invoke(post, n=0)"
    await notebook.run(IMPORTS, BOT, PANEL, command)
    assert "await ctx.invoke(self.post, n=0)" in (await notebook.export("RolePanel")).code


@pytest.mark.parametrize("arguments", ["", "help='x'"])
@pytest.mark.asyncio
async def test_command_whose_name_a_cog_may_not_have(notebook: Notebook, arguments: str) -> None:
    """discord.py reserves `bot_` for methods of a cog, so the method steps aside and the command does not."""
    command = f"@bot.command({arguments})\nasync def bot_panel(ctx):\n    {POST}"
    await notebook.run(IMPORTS, BOT, PANEL, command)
    code = (await notebook.export("RolePanel")).code
    assert '    @commands.command(name="bot_panel"' in code
    assert "    async def run_bot_panel(self, ctx):\n" in code


@pytest.mark.parametrize(
    ("decorator", "parameters"),
    [
        ("@panel.command()", "ctx"),
        ("@bot.tree.context_menu(name='Post')", "ctx: discord.Interaction, message: discord.Message"),
        ("@bot.tree.command(guild=HOME, description='Post')", "ctx: discord.Interaction"),
    ],
    ids=["group", "context menu", "guild"],
)
@pytest.mark.asyncio
async def test_command_that_no_cog_can_take_is_listed(
    notebook: Notebook, decorator: str, parameters: str
) -> None:
    """A command of a group, of a context menu or of one server stays behind, and the result says why."""
    await notebook.run(
        IMPORTS,
        BOT + "\nHOME = discord.Object(1)",
        PANEL,
        "@bot.group()\nasync def panel(ctx): ...",
        f"{decorator}\nasync def post({parameters}):\n    {POST}",
    )
    done = await notebook.export("RolePanel", prove=False)
    assert "post_role_panel" in done.code
    assert any("async def post(" in line and "write it into a cog" in line for line in done.left_out)
