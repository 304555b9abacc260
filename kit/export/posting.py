"""The notebook's own commands that post the panel, made ready to be methods of a cog."""

from __future__ import annotations

import ast
import inspect
import io
import tokenize
import types
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import discord
from discord.ext import commands

from .bindings import Function, root_name
from .statements import Piece, Statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .namespace import Bindings

_MODULES = {"discord.ext.commands": "commands", "discord.app_commands": "app_commands"}
_MAKERS = frozenset({"command", "hybrid_command"})
_COMPANIONS = frozenset({"error", "before_invoke", "after_invoke", "autocomplete"})
# Any builtin will do: it keeps the decorator's place while the slice is cut, and needs no source.
_STAND_IN = "object"


@dataclass(frozen=True)
class Edit:
    """A replacement in the text of a command.

    Args:
        line: The line, from 1.
        start: The first column, in bytes.
        end: The column after the last.
        text: What to put there; `commands` and `app_commands` stand for the module's names of them.
        counts: Whether it takes away a name that the slice would follow.
    """

    line: int
    start: int
    end: int
    text: str
    counts: bool = False


@dataclass(frozen=True)
class Command:
    """A command function of the notebook.

    Args:
        statement: The function as it counts for the slice: without the bot in its decorators.
        original: The statement in the cell.
        edits: What turns its text into a method.
    """

    statement: Statement
    original: Statement
    edits: tuple[Edit, ...]

    @property
    def name(self) -> str:
        """The name of the function."""
        assert isinstance(self.statement.node, ast.AsyncFunctionDef)
        return self.statement.node.name

    @property
    def modules(self) -> frozenset[str]:
        """Which of `commands` and `app_commands` the method needs beyond what the slice imports."""
        return frozenset(edit.text for edit in self.edits if edit.text in _MODULES.values())

    def method(self, modules: Mapping[str, str]) -> str:
        """Write the command as a method, indented for the body of a class.

        Args:
            modules: The module's names for `commands` and `app_commands`.

        Returns:
            The text.
        """
        text = _edited(self.original.source, self.edits, modules)
        comments = f"{self.original.piece.comments}\n" if self.original.piece.comments else ""
        return indented(comments + text)


def find_commands(view: str, bindings: Bindings, namespace: Mapping[str, Any]) -> list[Command]:
    """Find the newest command functions that make the view.

    Args:
        view: The name of the class.
        bindings: The history of all names.
        namespace: The kernel's live values, which tell a bot from another object.

    Returns:
        The commands that can become methods, in the order of the notebook.
    """
    makers = _makers(view, bindings)
    found: dict[str, Command] = {}
    for statement in bindings.statements:
        node = statement.node
        if not isinstance(node, ast.AsyncFunctionDef) or bindings.find(node.name, None)[:1] != [statement]:
            continue
        if any(makes(node, maker) for maker in makers - {node.name}) or companion_of(node) in found:
            command = _command(statement, namespace)
            if command is not None:
                found[node.name] = command
    return list(found.values())


def _makers(view: str, bindings: Bindings) -> set[str]:
    """The view's name with those of the functions that make it, themselves or through others."""
    found = {view}
    while True:
        more = {
            name
            for statement in bindings.statements
            if isinstance(statement.node, Function) and not statement.node.decorator_list
            for name in statement.bound.names - found
            if any(makes(statement.node, maker) for maker in found)
        }
        if not more:
            return found
        found |= more


def companion_of(node: ast.stmt) -> str | None:
    """Say to which command a function such as `@post.error` belongs.

    Args:
        node: A top-level statement.

    Returns:
        The name of the command, or None.
    """
    for decorator in getattr(node, "decorator_list", []):
        maker = decorator.func if isinstance(decorator, ast.Call) else decorator
        if (
            isinstance(maker, ast.Attribute)
            and maker.attr in _COMPANIONS
            and isinstance(maker.value, ast.Name)
        ):
            return maker.value.id
    return None


def find_cogs(view: str, bindings: Bindings, namespace: Mapping[str, Any]) -> list[tuple[Statement, str]]:
    """Find the notebook's own cogs that make the view.

    Args:
        view: The name of the class.
        bindings: The history of all names.
        namespace: The kernel's live values.

    Returns:
        Each cog's class statement and the expression that makes it, of those that a bot alone can make.
    """
    found: list[tuple[Statement, str]] = []
    for statement in bindings.statements:
        node = statement.node
        if not isinstance(node, ast.ClassDef) or bindings.find(node.name, None)[:1] != [statement]:
            continue
        live = namespace.get(node.name)
        if not (isinstance(live, type) and issubclass(live, commands.Cog) and makes(node, view)):
            continue
        parameters = list(inspect.signature(live).parameters.values())
        required = [
            one for one in parameters if one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD
        ]
        if len(required) <= 1:
            found.append((statement, f"{node.name}({'bot' if required else ''})"))
    return found


def makes(node: ast.AST, view: str) -> bool:
    """Say whether some code calls a class.

    Args:
        node: Any tree.
        view: The name of the class.

    Returns:
        Whether a call of that name stands in it.
    """
    return any(
        isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id == view
        for inner in ast.walk(node)
    )


def _command(statement: Statement, namespace: Mapping[str, Any]) -> Command | None:
    node = ast.parse(statement.source).body[0]
    assert isinstance(node, ast.AsyncFunctionDef)
    arguments = [*node.args.posonlyargs, *node.args.args]
    if not arguments:
        return None
    first = arguments[0]
    edits = [Edit(first.lineno, first.col_offset, first.col_offset, "self, "), *_own_name(node)]
    companion = companion_of(node)
    is_command = companion is not None
    for decorator in node.decorator_list:
        maker = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(maker, ast.Attribute) and root_name(maker) == companion:
            edits.append(_replace(maker.value, method_name(str(companion))))
        module = _module_for(decorator, maker, namespace)
        if module is None:
            continue
        is_command = True
        edits += _kept_name(node, decorator, maker)
        if module and isinstance(maker, ast.Attribute):
            edits.append(_replace(maker.value, module))
    if not is_command:
        return None
    counted = [replace(edit, text=_STAND_IN) for edit in edits if edit.counts]
    return Command(_counting(statement, _edited(statement.source, counted, {})), statement, tuple(edits))


def method_name(command: str) -> str:
    """Name the method of a command: discord.py reserves `cog_` and `bot_` in a cog.

    Args:
        command: The name of the notebook's function.

    Returns:
        The same name, or `run_bot_...`.
    """
    return f"run_{command}" if command.startswith(("cog_", "bot_")) else command


def _own_name(node: ast.AsyncFunctionDef) -> Iterator[Edit]:
    """A command that reads its own name reads it from the cog."""
    for statement in node.body:
        for part in ast.walk(statement):
            if isinstance(part, ast.Name) and part.id == node.name:
                yield _replace(part, f"self.{method_name(node.name)}")


def _kept_name(node: ast.AsyncFunctionDef, decorator: ast.expr, maker: ast.expr) -> Iterator[Edit]:
    """Rename a method whose name is reserved, and let the command keep it."""
    if method_name(node.name) == node.name or not isinstance(decorator, ast.Call):
        return
    start = node.col_offset + len("async def ")
    yield Edit(node.lineno, start, start + len(node.name.encode()), method_name(node.name))
    if not decorator.args and not any(one.arg == "name" for one in decorator.keywords):
        inside = (maker.end_col_offset or 0) + 1
        comma = ", " if decorator.keywords else ""
        yield Edit(maker.end_lineno or maker.lineno, inside, inside, f'name="{node.name}"{comma}')


def _module_for(decorator: ast.expr, maker: ast.expr, namespace: Mapping[str, Any]) -> str | None:
    """The module that makes the command in a cog; empty if it is made by one now, None if it is none."""
    if isinstance(maker, ast.Name):
        known = getattr(namespace.get(maker.id), "__module__", "")
        return "" if maker.id in _MAKERS and known.startswith("discord.") else None
    if not isinstance(maker, ast.Attribute) or maker.attr not in _MAKERS:
        return None
    owner = _live(maker.value, namespace)
    if isinstance(owner, types.ModuleType):
        return "" if owner.__name__ in _MODULES else None
    if isinstance(decorator, ast.Call) and any(one.arg in {"guild", "guilds"} for one in decorator.keywords):
        return None
    if isinstance(owner, discord.Client):
        return "commands"
    return "app_commands" if isinstance(owner, discord.app_commands.CommandTree) else None


def _live(node: ast.expr, namespace: Mapping[str, Any]) -> Any:
    """The value of `bot`, `lab.bot` or `bot.tree` in the kernel; None for any other expression."""
    if isinstance(node, ast.Name):
        return namespace.get(node.id)
    if isinstance(node, ast.Attribute):
        return getattr(_live(node.value, namespace), node.attr, None)
    return None


def _replace(part: ast.expr, text: str) -> Edit:
    return Edit(part.lineno, part.col_offset, part.end_col_offset or part.col_offset, text, counts=True)


def _counting(statement: Statement, source: str) -> Statement:
    node = ast.parse(source).body[0]
    original = statement.node
    assert isinstance(original, ast.AsyncFunctionDef)
    assert isinstance(node, ast.AsyncFunctionDef)
    ast.increment_lineno(node, original.lineno - node.lineno)
    return Statement(
        statement.position,
        statement.cell,
        Piece(node, source, statement.piece.comments),
        offset=statement.offset,
        future=statement.future,
        complete=statement.complete,
    )


def _edited(source: str, edits: tuple[Edit, ...] | list[Edit], modules: Mapping[str, str]) -> str:
    lines = source.split("\n")
    for edit in sorted(edits, key=lambda edit: (edit.line, edit.start), reverse=True):
        line = lines[edit.line - 1].encode()
        text = modules.get(edit.text, edit.text)
        lines[edit.line - 1] = (line[: edit.start] + text.encode() + line[edit.end :]).decode()
    return "\n".join(lines)


def indented(source: str) -> str:
    """Indent code by one level, but not the inner lines of its strings.

    Args:
        source: Whole statements.

    Returns:
        The code, four columns to the right.
    """
    inside = set(string_lines(source))
    return "\n".join(
        f"    {line}" if line.strip() and number not in inside else line
        for number, line in enumerate(source.split("\n"), 1)
    )


def string_lines(source: str) -> Iterator[int]:
    """Find the lines that begin inside a string.

    Args:
        source: Whole statements.

    Yields:
        The numbers of the lines, from 1.
    """
    opened: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind = tokenize.tok_name[token.type]
        if kind == "STRING":
            yield from range(token.start[0] + 1, token.end[0] + 1)
        elif kind == "FSTRING_START":
            opened.append(token.start[0])
        elif kind == "FSTRING_END":
            yield from range(opened.pop() + 1, token.end[0] + 1)
