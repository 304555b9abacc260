"""What no module can carry: names of the notebook, live objects, magics, code that has no source."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .bindings import running_now
from .credentials import masked
from .errors import ExportError

if TYPE_CHECKING:
    from .imports import Import
    from .repeats import Need
    from .slice import Slice
    from .statements import Statement

HISTORY = re.compile(r"^(?:In|Out|_+|_i{1,3}|_ih|_oh|_dh|_i?\d+)$")
NOTEBOOK_NAMES = frozenset({"display", "get_ipython"})
NOTEBOOK_MODULES = frozenset(
    {
        "IPython",
        "ipykernel",
        "ipywidgets",
        "anywidget",
        "jupyter",
        "jupyter_client",
        "jupyter_core",
        "jupyterlab",
        "nbclient",
        "nbformat",
        "nest_asyncio",
        "nest_asyncio2",
        "google.colab",
        "kit.lab",
        "kit.widgets",
        "kit.simulator",
        "kit.export",
    }
)
_LIVE = {
    ("discord", "Client"): ("a bot", "interaction.client"),
    ("discord", "Message"): ("a message", "interaction.message"),
    ("discord", "PartialMessage"): ("a message", "interaction.message"),
    ("discord", "Interaction"): ("an interaction", "interaction"),
    ("discord", "Context"): ("a command's context", "interaction"),
    ("discord", "Guild"): ("a server", "interaction.guild"),
    ("discord", "Member"): ("a member", "interaction.user"),
    ("discord", "User"): ("a user", "interaction.user"),
    ("discord", "Messageable"): ("a channel", "interaction.channel"),
    ("discord", "GuildChannel"): ("a channel", "interaction.client.get_channel(CHANNEL_ID)"),
    ("discord", "Role"): ("a role", "interaction.guild.get_role(ROLE_ID)"),
    ("discord", "Webhook"): ("a webhook", "discord.Webhook.from_url(os.environ['WEBHOOK_URL'], ...)"),
    ("discord", "BaseView"): ("a running view", "a view made inside the callback"),
    ("discord", "View"): ("a running view", "a view made inside the callback"),
    ("aiohttp", "ClientSession"): ("a session", "async with aiohttp.ClientSession() as session:"),
    ("sqlite3", "Connection"): ("a connection", "with sqlite3.connect(PATH) as connection:"),
    ("sqlite3", "Cursor"): ("a connection", "with sqlite3.connect(PATH) as connection:"),
    ("aiosqlite", "Connection"): ("a connection", "async with aiosqlite.connect(PATH) as connection:"),
    ("asyncpg", "Connection"): ("a connection", "interaction.client.pool"),
    ("asyncpg", "Pool"): ("a connection", "interaction.client.pool"),
    ("psycopg", "Connection"): ("a connection", "interaction.client.pool"),
    ("redis", "Redis"): ("a connection", "interaction.client.redis"),
    ("socket", "socket"): ("a connection", "a connection opened inside the callback"),
    ("_asyncio", "Task"): ("a running task", "asyncio.create_task(...) inside the callback"),
    ("_asyncio", "Future"): ("a running task", "asyncio.create_task(...) inside the callback"),
    ("asyncio", "Task"): ("a running task", "asyncio.create_task(...) inside the callback"),
    ("asyncio", "AbstractEventLoop"): ("an event loop", "asyncio.get_running_loop() inside the callback"),
    ("threading", "Thread"): ("a thread", "await asyncio.to_thread(...) inside the callback"),
    ("subprocess", "Popen"): ("a process", "a process started inside the callback"),
    ("_io", "_IOBase"): ("an open file", "with open(PATH) as file: inside the callback"),
    ("builtins", "generator"): ("a running generator", "a list"),
    ("builtins", "coroutine"): ("a coroutine", "await it inside the callback"),
}
_MISSING = object()


@dataclass(frozen=True)
class Kernel:
    """What is known of the running notebook.

    Args:
        namespace: The live values of the user's names.
        lab_objects: Objects that belong to the workbench.
    """

    namespace: Mapping[str, Any]
    lab_objects: Collection[Any] = ()

    def is_lab(self, name: str) -> bool:
        """Say whether a name stands for the lab or something of it.

        Args:
            name: A global name.

        Returns:
            Whether its value is one of the lab's objects, or it is called `lab` and is no module or class.
        """
        live = self.namespace.get(name, _MISSING)
        if any(live is known for known in self.lab_objects):
            return True
        owner = live if isinstance(live, type) else type(live)
        return _in_modules(owner.__module__, {"kit.lab", "kit.widgets", "kit.simulator"}) or name == "lab"


def _in_modules(name: str, modules: Collection[str]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def live_object(value: object) -> tuple[str, str] | None:
    """Say what kind of live thing a value is, by the names of its classes.

    Args:
        value: Any value.

    Returns:
        What it is and what to use instead, or None for a value that a module can make again.
    """
    for base in type(value).__mro__:
        found = _LIVE.get((base.__module__.partition(".")[0], base.__name__))
        if found is not None:
            return found
    return None


def refuse(found: Slice, kernel: Kernel) -> None:
    """Refuse a slice that a module can't carry.

    Args:
        found: The slice.
        kernel: The running notebook.

    Raises:
        ExportError: For the first name, in order of distance from the class, that can't come along.
    """
    for need in found.needs:
        if not need.quoted:
            _refuse_name(need, found, kernel)
    for statement in found.statements:
        _refuse_magic(statement)
        _refuse_await(statement)
        _refuse_prompt(statement)
        _refuse_lookup(statement, found.names)
    for item in found.imports:
        _refuse_import(item, kernel)


def _refuse_name(need: Need, found: Slice, kernel: Kernel) -> None:
    name, reader = need.name, need.reader
    if not need.found and (name in NOTEBOOK_NAMES or HISTORY.match(name)):
        if name == "get_ipython":
            _refuse_magic(reader)
        raise _at(
            reader,
            name,
            "notebook-only",
            f"`{name}` exists only in a notebook",
            "await interaction.response.send_message(...)"
            if name == "display"
            else f"leave `{name}` out of the class, or store the value under a name of its own",
        )
    binder = need.found[0] if need.found else None
    if binder is not None and isinstance(
        binder.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
    ):
        _refuse_incomplete(need)
        return
    if kernel.is_lab(name):
        raise _at(
            reader,
            name,
            "notebook-only",
            f"`{name}` is the lab, which never leaves the notebook",
            f"leave the line out, or use `interaction.client` for what `{name}` was asked",
        )
    if kernel.namespace and (kind := live_object(kernel.namespace.get(name))) is not None:
        what, instead = kind
        raise _at(reader, name, "live object", f"`{name}` is {what} of this session", f"use `{instead}`")
    if binder is None and not need.optional:
        _refuse_unbound(need, found, kernel)
    _refuse_incomplete(need)
    for statement in need.found:
        _refuse_magic(statement, name, kernel)
        _refuse_await(statement, name, kernel)


def _refuse_unbound(need: Need, found: Slice, kernel: Kernel) -> None:
    name = need.name
    if (magic := _magic_that_binds(name, found)) is not None:
        statement, line, plain = magic
        raise statement.refusal(
            "magic", f"`{name}` comes from a magic", plain or value_line(name, kernel), line
        )
    if name in kernel.namespace:
        raise _at(
            need.reader,
            name,
            "no source",
            f"`{name}` has a value, but no executed cell binds it: "
            "it came from `exec`, `%run`, `%store` or a push",
            value_line(name, kernel),
        )
    deleted = [statement for statement in found.bindings.statements if name in statement.bound.deleted]
    why = f"cell {deleted[-1].cell.number} deleted it" if deleted else "no executed cell binds it"
    raise _at(
        need.reader,
        name,
        "no source",
        f"`{name}` is read, but {why}",
        f"run a cell that defines `{name}`",
    )


def _magic_that_binds(name: str, found: Slice) -> tuple[Statement, int, str] | None:
    """The magic that names a variable: its statement, its line of the tree, the plain line it wraps."""
    word = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
    for statement in reversed(found.bindings.statements):
        for number, text in enumerate(statement.cell.source.splitlines()[: statement.offset], 1):
            if text.startswith("%%") and word.search(text.partition(" ")[2]):
                return statement, number - statement.offset, ""
        for call in _magic_calls(statement.node):
            texts = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
            magic, *rest = [text for text in texts if isinstance(text, str)] or [""]
            if magic in {"run", "store", "load", "loadpy"} or not any(word.search(text) for text in rest):
                continue
            plain = rest[0] if magic in {"time", "prun"} and len(rest) == 1 else ""
            return statement, call.lineno, plain
    return None


def _magic_calls(node: ast.AST) -> list[ast.Call]:
    return [
        inner
        for inner in ast.walk(node)
        if isinstance(inner, ast.Call)
        and isinstance(inner.func, ast.Attribute)
        and inner.func.attr in {"run_line_magic", "run_cell_magic", "system", "getoutput"}
        and isinstance(inner.func.value, ast.Call)
        and isinstance(inner.func.value.func, ast.Name)
        and inner.func.value.func.id == "get_ipython"
    ]


def _refuse_magic(statement: Statement, name: str | None = None, kernel: Kernel | None = None) -> None:
    for call in _magic_calls(statement.node):
        if "get_ipython" in statement.excerpt(call.lineno):
            continue
        fix = "write it in Python: `subprocess.run([...])` for a shell line"
        raise statement.refusal(
            "magic",
            f"`{name}` comes from a magic" if name else "a magic stands in the code that the view needs",
            value_line(name, kernel) if name and kernel else fix,
            call.lineno,
        )


def _refuse_await(statement: Statement, name: str | None = None, kernel: Kernel | None = None) -> None:
    for node in running_now(statement.node):
        waits = isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith)
        if waits or (isinstance(node, ast.comprehension) and node.is_async):
            line = getattr(node, "lineno", statement.node.lineno)
            what = f"`{name}` is made with `await`" if name else "`await` stands outside a function"
            move = "move it into the callback"
            raise statement.refusal(
                "top-level await",
                f"{what}, which a cell may do and a module may not",
                value_line(name, kernel, otherwise=move) if name and kernel else move,
                line,
            )


def _refuse_prompt(statement: Statement) -> None:
    for node in running_now(statement.node):
        match node:
            case ast.Call(func=ast.Name(id="input" | "getpass") | ast.Attribute(attr="getpass")):
                names = sorted(statement.bound.names) or ["VALUE"]
                raise statement.refusal(
                    "notebook-only",
                    "the module would wait for a keyboard when the bot loads it",
                    f'{names[0]} = os.environ["{names[0].upper()}"]',
                    node.lineno,
                )


def _refuse_lookup(statement: Statement, own: Collection[str]) -> None:
    """Names looked up by their text lead nowhere that could be followed."""
    for node in ast.walk(statement.node):
        match node:
            case ast.Call(func=ast.Name(id=("globals" | "eval" | "exec" | "vars") as name), args=args):
                # With a namespace of their own they don't see the notebook's.
                if name in own or len(args) > (0 if name == "vars" else 1):
                    continue
                raise statement.refusal(
                    "no source",
                    f"`{name}()` looks names up in the notebook, and no one can say which",
                    "write the name itself: `LIMIT`, not `globals()['LIMIT']`",
                    node.lineno,
                )


def _refuse_import(item: Import, kernel: Kernel) -> None:
    statement = item.statement
    live = kernel.namespace.get(item.binds)
    comes_from = str(getattr(live, "__module__", "")) if item.name and item.source == "kit" else ""
    whole = f"{item.module}.{item.name}" if item.name else item.module
    if statement is not None and (
        _in_modules(whole, NOTEBOOK_MODULES) or _in_modules(comes_from, NOTEBOOK_MODULES)
    ):
        raise _at(
            statement,
            None,
            "notebook-only",
            f"`{item.text}` imports the notebook's side, which a production bot doesn't have",
            f"leave `{item.binds}` out of what the view uses",
        )


def _refuse_incomplete(need: Need) -> None:
    for statement in need.found:
        if not statement.complete:
            raise _at(
                statement,
                None,
                "no source",
                f"`{need.name}` was bound by a statement that raised half-way",
                f"run cell {statement.cell.number} again without the error",
            )


def value_line(name: str | None, kernel: Kernel | None, *, otherwise: str = "") -> str:
    """Write the line that gives a name its present value.

    Args:
        name: A global name.
        kernel: The running notebook.
        otherwise: What to say when the value can't be written down.

    Returns:
        `LIMIT = 3`, if the value is short and made of literals.
    """
    live = kernel.namespace.get(name) if kernel is not None and name is not None else None
    if isinstance(live, list) and type(live) is not list:
        live = list(live)
    text = repr(live)
    if live is not None and masked(f"{name} = {text}") == f"{name} = {text}":
        try:
            same = len(text) <= 100 and ast.literal_eval(text) == live
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            same = False
        if same:
            return f"{name} = {text}"
    return otherwise or f"write a cell with `{name} = ...`"


def _at(statement: Statement, name: str | None, reason: str, message: str, fix: str) -> ExportError:
    return statement.refusal(reason, message, fix, statement.uses.lines.get(name) if name else None)
