"""The notebook's own commands that post the panel, made ready to be methods of a cog."""

from __future__ import annotations

import ast
import inspect
import io
import tokenize
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import discord
from discord.ext import commands

from .statements import Piece, Statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .namespace import Bindings

_MODULES = {"discord.ext.commands": "commands", "discord.app_commands": "app_commands"}
_MAKERS = frozenset({"command", "hybrid_command"})
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
    """

    line: int
    start: int
    end: int
    text: str


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
    found = [
        _command(statement, namespace)
        for statement in bindings.statements
        if isinstance(statement.node, ast.AsyncFunctionDef)
        and bindings.find(statement.node.name, None)[:1] == [statement]
        and makes(statement.node, view)
    ]
    return [command for command in found if command is not None]


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
    tree = ast.parse(statement.source)
    node = tree.body[0]
    assert isinstance(node, ast.AsyncFunctionDef)
    arguments = [*node.args.posonlyargs, *node.args.args]
    if not arguments:
        return None
    edits: list[Edit] = []
    is_command = False
    for decorator in node.decorator_list:
        maker = decorator.func if isinstance(decorator, ast.Call) else decorator
        keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
        if isinstance(maker, ast.Name):
            known = getattr(namespace.get(maker.id), "__module__", "")
            is_command |= maker.id in _MAKERS and known.startswith("discord.")
            continue
        if not isinstance(maker, ast.Attribute) or maker.attr not in _MAKERS:
            continue
        owner = _live(maker.value, namespace)
        if isinstance(owner, types.ModuleType):
            is_command |= owner.__name__ in _MODULES
        elif not any(one.arg in {"guild", "guilds"} for one in keywords) and (module := _module_for(owner)):
            is_command = True
            edits.append(_owner_edit(maker.value, module))
    if not is_command:
        return None
    first = arguments[0]
    method = [*edits, Edit(first.lineno, first.col_offset, first.col_offset, "self, ")]
    counted = _edited(statement.source, edits, dict.fromkeys(_MODULES.values(), _STAND_IN))
    return Command(_counting(statement, counted), statement, tuple(method))


def _live(node: ast.expr, namespace: Mapping[str, Any]) -> Any:
    """The value of `bot`, `lab.bot` or `bot.tree` in the kernel; None for any other expression."""
    if isinstance(node, ast.Name):
        return namespace.get(node.id)
    if isinstance(node, ast.Attribute):
        return getattr(_live(node.value, namespace), node.attr, None)
    return None


def _module_for(owner: object) -> str | None:
    if isinstance(owner, discord.Client):
        return "commands"
    return "app_commands" if isinstance(owner, discord.app_commands.CommandTree) else None


def _owner_edit(owner: ast.expr, module: str) -> Edit:
    return Edit(owner.lineno, owner.col_offset, owner.end_col_offset or owner.col_offset, module)


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
    inside = set(_string_lines(source))
    return "\n".join(
        f"    {line}" if line.strip() and number not in inside else line
        for number, line in enumerate(source.split("\n"), 1)
    )


def _string_lines(source: str) -> Iterator[int]:
    opened: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind = tokenize.tok_name[token.type]
        if kind == "STRING":
            yield from range(token.start[0] + 1, token.end[0] + 1)
        elif kind == "FSTRING_START":
            opened.append(token.start[0])
        elif kind == "FSTRING_END":
            yield from range(opened.pop() + 1, token.end[0] + 1)
