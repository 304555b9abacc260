"""The text of the module: imports, the slice, a cog and `setup`."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .bindings import Function
from .imports import Import, has_star_lines, import_block
from .others import Others
from .panel import Kind
from .posting import string_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .panel import Panel
    from .posting import Command
    from .slice import Slice
    from .statements import Statement

_BLANK = re.compile(r"^[ \t]+$", re.MULTILINE)
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake_case(name: str) -> str:
    """Write a class name as a function name.

    Args:
        name: `RolePanel`.

    Returns:
        `role_panel`.
    """
    return _WORD.sub("_", name).lower()


@dataclass
class Module:
    """A module that is ready to be proved and written.

    Args:
        body: Its text, without the header line.
        places: Which lines of the body came from which statement.
        imports: Its imports, those of the template included.
        found: The slice in it.
    """

    body: str
    found: Slice
    places: list[tuple[int, int, Statement]] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)

    def place(self, line: int) -> Statement | None:
        """Find the statement that a line came from.

        Args:
            line: A line of the whole file, header included.

        Returns:
            The statement, or None for a line of the template.
        """
        return next((found for first, last, found in self.places if first < line <= last + 1), None)

    def importer(self, missing: str) -> Statement | None:
        """Find the statement that imports a module or something below it.

        Args:
            missing: The name of the module.

        Returns:
            The statement, or None if only the template or the code inside the slice imports it.
        """
        wanted = [item for item in self.imports if f"{item.module}.".startswith(f"{missing}.")]
        return wanted[0].statement if wanted else None


@dataclass
class _Names:
    """The template's names, moved aside for the user's."""

    taken: set[str]
    imports: list[Import]

    def free(self, name: str) -> str:
        while name in self.taken:
            name += "_"
        return name

    def module(self, package: str, name: str) -> str:
        """Name a module of discord.py, importing it unless the slice has done so."""
        for item in self.imports:
            if (item.module, item.name) == (package, name):
                return item.binds
        free = self.free(name)
        self.imports.append(Import(None, package, name, asname=free if free != name else None))
        self.taken.add(free)
        return free


def write_module(
    found: Slice,
    panel: Panel,
    others: Others,
    commands: Sequence[Command],
    cogs: Sequence[tuple[Statement, str]],
) -> Module:
    """Write the module around a slice.

    Args:
        found: The slice.
        panel: The class.
        others: The views that it opens and that live on.
        commands: The notebook's commands that post it.
        cogs: The notebook's own cogs that post it, with the expressions that make them.

    Returns:
        The module.

    Raises:
        ExportError: With the reason `name clash` if the slice binds a name that discord.py calls.
    """
    own = {command.statement for command in commands}
    statements = [statement for statement in found.statements if statement not in own]
    _refuse_clash(statements)
    names = _Names(_words(found), list(found.imports))
    has_cog = any(_registers(cog, panel) for cog, _ in cogs)
    cog = _cog(panel, others, commands, names, has_cog=has_cog)
    chunks: list[tuple[str, Statement | None, bool]] = [
        (statement.text, statement, _is_block(statement)) for statement in statements
    ]
    cog_name, text = cog or (None, "")
    if text:
        chunks.append((text, None, True))
    cog_made = [f"{cog_name}(bot)"] if cog_name else []
    chunks.append(
        (
            _setup([*(made for _, made in cogs), *cog_made], names),
            None,
            True,
        )
    )
    head = import_block(names.imports, _local_modules(names.imports))
    if found.future:
        head = f"from __future__ import annotations\n\n{head}"
    if has_star_lines(names.imports):
        first, rest, more = head.partition("\n")
        head = f"{first}  # noqa: I001{rest}{more}"
    module = _laid_out(head, chunks, found)
    module.imports = names.imports
    return module


def _laid_out(head: str, chunks: list[tuple[str, Statement | None, bool]], found: Slice) -> Module:
    body = head.rstrip("\n")
    module = Module("", found)
    before: Statement | None = None
    was_block = False
    for text, statement, is_block in chunks:
        close = (
            statement is not None
            and before is not None
            and statement.cell is before.cell
            and not statement.piece.gap
            and not statement.piece.comments
        )
        empty = 2 if is_block or was_block else 0 if close else 1
        body += "\n" * (empty + 1) + text
        if statement is not None:
            last = body.count("\n") + 1
            module.places.append((last - statement.text.count("\n"), last, statement))
        before, was_block = statement, is_block
    module.body = _without_blanks(body) + "\n"
    return module


def _without_blanks(body: str) -> str:
    """Empty the lines of nothing but blanks, which inside a string are a part of its value."""
    inside = set(string_lines(body)) if _BLANK.search(body) else set()
    return "\n".join(
        line if line.strip() or number in inside else "" for number, line in enumerate(body.split("\n"), 1)
    )


def _is_block(statement: Statement) -> bool:
    return isinstance(statement.node, (*Function, ast.ClassDef))


def _words(found: Slice) -> set[str]:
    words = set(found.names)
    for statement in found.statements:
        words |= {node.id for node in ast.walk(statement.node) if isinstance(node, ast.Name)}
    return words


def _refuse_clash(statements: list[Statement]) -> None:
    for statement in statements:
        for name in sorted(statement.bound.names & {"setup", "teardown"}):
            raise statement.refusal(
                "name clash",
                f"discord.py calls `{name}(bot)` of every extension, and the view has its own `{name}`",
                f"rename it: {statement.excerpt().replace(name, f'{name}_view', 1)}",
            )


def _local_modules(imports: list[Import]) -> frozenset[str]:
    here = Path.cwd()
    found: set[str] = set()
    for root in {item.source for item in imports}:
        file = getattr(sys.modules.get(root), "__file__", None)
        if file and Path(file).is_relative_to(here) and "site-packages" not in Path(file).parts:
            found.add(root)
    return frozenset(found)


def _cog(
    panel: Panel, others: Others, commands: Sequence[Command], names: _Names, *, has_cog: bool
) -> tuple[str, str] | None:
    load, unload = _registration(panel, others, has_cog=has_cog)
    if has_cog and not commands and not load:
        return None
    ext = names.module("discord.ext", "commands")
    modules = {"commands": ext}
    if any("app_commands" in command.modules for command in commands):
        modules["app_commands"] = names.module("discord", "app_commands")
    name = names.free(f"{panel.name}Cog")
    names.taken.add(name)
    methods = [command.method(modules) for command in commands]
    if panel.kind is Kind.PERSISTENT:
        if not methods and not has_cog:
            methods = [_posting_command(panel.name, ext)]
        doc = f"Posts the {panel.name}; `setup_persistence` brings back those that were posted."
        doc = doc if methods else f"Keeps what the {panel.name} opens answering."
    elif panel.kind is Kind.DYNAMIC_ITEM:
        doc = f"Keeps every {panel.name} answering."
    else:
        doc = f"Keeps the {panel.name} answering on its messages."
    if load:
        lines = [
            f"    def __init__(self, bot: {ext}.Bot) -> None:",
            "        self.bot = bot",
            "",
            "    async def cog_load(self) -> None:",
            *(f"        {line}" for line in load),
            "",
            "    async def cog_unload(self) -> None:",
            *(f"        {line}" for line in unload),
        ]
        methods.insert(0, "\n".join(lines))
    return name, "\n\n".join([f'class {name}({ext}.Cog):\n    """{doc}"""', *methods])


def _registers(cog: Statement, panel: Panel) -> bool:
    """Whether a cog of the notebook needs no other beside it; a view of kit's registers itself."""
    words = {node.attr for node in ast.walk(cog.node) if isinstance(node, ast.Attribute)}
    return panel.kind is Kind.PERSISTENT or bool(words & {"add_view", "add_dynamic_items"})


def _registration(panel: Panel, others: Others, *, has_cog: bool) -> tuple[list[str], list[str]]:
    """What the cog does when it is loaded and unloaded; a view of kit's registers itself."""
    load: list[str] = []
    dynamic = others.dynamic | set(panel.dynamic)
    views = list(others.names)
    if has_cog or panel.kind is Kind.PERSISTENT:
        dynamic = others.dynamic
    elif panel.kind is Kind.VIEW:
        views.insert(0, panel.name)
    elif panel.kind is Kind.DYNAMIC_ITEM:
        load.append(f"self.bot.add_dynamic_items({panel.name})")
        dynamic |= {panel.name}
    if len(views) == 1:
        load += [f"self.view = {views[0]}()", "self.bot.add_view(self.view)"]
        unload = ["self.view.stop()"]
    elif views:
        made = ", ".join(f"{view}()" for view in views)
        load += [f"self.views = [{made}]", "for view in self.views:", "    self.bot.add_view(view)"]
        unload = ["for view in self.views:", "    view.stop()"]
    else:
        unload = []
    if dynamic:
        # discord.py keeps the templates of a stopped view whose items are all dynamic.
        unload.append(f"self.bot.remove_dynamic_items({', '.join(sorted(dynamic))})")
    return load, unload


def _posting_command(view: str, ext: str) -> str:
    snake = snake_case(view)
    return "\n".join(
        [
            f"    @{ext}.hybrid_command()",
            f"    @{ext}.guild_only()",
            f"    @{ext}.has_permissions(manage_guild=True)",
            f"    async def post_{snake}(self, ctx: {ext}.Context) -> None:",
            f'        """Post the {view} in this channel."""',
            f'        view = {view}(context=ctx, state_key=f"{snake}:{{ctx.guild.id}}")',
            "        await view.send()",
        ]
    )


def _setup(made: list[str], names: _Names) -> str:
    ext = names.module("discord.ext", "commands")
    lines = [f"    await bot.add_cog({one})" for one in made]
    return "\n".join([f"async def setup(bot: {ext}.Bot) -> None:", *lines])
