"""Run in a fresh interpreter by `proof.py`: loads an extension twice and looks at what it leaves.

It imports nothing of kit, so that whatever of kit is loaded was loaded by the extension.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.abc
import importlib.util
import json
import os
import runpy
import sys
import traceback
import types
from pathlib import Path
from typing import Any

import discord
from discord.ext import commands

Step = tuple[str, bool, str]


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the extension under its name although its file is not in its place yet."""

    def __init__(self, name: str, code: Path) -> None:
        self.name = name
        self.code = code

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """Answer for the one name.

        Args:
            fullname: The module that is looked for.
            path: Not needed.
            target: Not needed.

        Returns:
            Its spec, or None for any other module.
        """
        del path, target
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.code)


class _Proof:
    """One run over one order."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.order = order
        self.name: str = order["module"]
        self.steps: list[Step] = []
        self.error: dict[str, Any] | None = None
        self.loads: list[dict[str, str]] = []
        # Run by its path: an import would bring kit along.
        self.describe = runpy.run_path(str(Path(__file__).with_name("values.py")))["descriptions"]

    async def run(self) -> None:
        """Load, look, unload, and all of it again; stop at the first step that fails."""
        bot = commands.Bot(command_prefix="!", intents=discord.Intents.none(), help_command=None)
        before = self._registered(bot)
        for turn in ("loads", "loads again"):
            if not await self._step(turn, bot.load_extension(self.name)):
                return
            module = sys.modules[self.name]
            self.loads.append(self.describe(self.order["names"], vars(module), self.name))
            if self.order["reducers"] and not await self._step("has its reducers", self._reduces()):
                return
            if not await self._step("answers as in the notebook", self._shows(bot)):
                return
            if not await self._step("unloads", bot.unload_extension(self.name)):
                return
            if not await self._step("leaves nothing registered", self._is_clean(bot, before)):
                return
        await self._step("imports nothing of the notebook", self._is_free())

    async def _step(self, name: str, doing: Any) -> bool:
        try:
            detail = await doing
        except BaseException as error:  # noqa: BLE001 - reported to the parent, which raises it
            cause = (
                error.__cause__ if isinstance(error, commands.ExtensionFailed) and error.__cause__ else error
            )
            self.error = self._described(cause)
            self.steps.append((name, False, f"{type(cause).__name__}: {cause}"))
            return False
        if (name, True, detail or "") not in self.steps:
            self.steps.append((name, True, detail or ""))
        return True

    def _described(self, error: BaseException) -> dict[str, Any]:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == self.order["code"]]
        missing = isinstance(error, ImportError)
        return {
            "kind": type(error).__name__,
            "text": str(error),
            "line": error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None,
            "import": missing,
            "missing": getattr(error, "name", None) if missing else None,
            "variable": self._variable(error),
            "reducer": str(error) if isinstance(error, _NoReducer) else None,
        }

    @staticmethod
    def _variable(error: BaseException) -> str | None:
        """The environment variable that was missing, if that is the error."""
        frames = traceback.extract_tb(error.__traceback__)
        asked = isinstance(error, KeyError) and frames and frames[-1].filename in {os.__file__, "<frozen os>"}
        return str(error.args[0]) if asked else None

    async def _reduces(self) -> str:
        state = sys.modules.get("kit.state")
        present = state.get_store().reducers.registered() if state is not None else {}
        for action in self.order["reducers"]:
            if action not in present:
                raise _NoReducer(action)
        return ", ".join(self.order["reducers"])

    def _registered(self, bot: commands.Bot) -> dict[str, set[str]]:
        store = bot._connection._view_store  # noqa: SLF001 - there is no public view of dynamic items
        return {
            "views": {type(view).__name__ for view in bot.persistent_views},
            "items": {item.custom_id for items in store._views.values() for item in items.values()},  # type: ignore[attr-defined]  # noqa: SLF001
            "dynamic items": {item.__name__ for item in store._dynamic_items.values()},  # noqa: SLF001
            "cogs": set(bot.cogs),
            "commands": {command.qualified_name for command in bot.commands},
            "app commands": {command.name for command in bot.tree.get_commands()},
            "listeners": {name for name, listeners in bot.extra_events.items() if listeners},
            "tasks": {task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()},
        }

    async def _shows(self, bot: commands.Bot) -> str:
        module = sys.modules[self.name]
        cls = getattr(module, self.order["view"])
        kind, payload = self.order["kind"], self.order["payload"]
        registered = self._registered(bot)
        if kind == "dynamic item":
            _require(cls.__name__ in registered["dynamic items"], f"{cls.__name__} is not registered")
            return "its template is registered"
        if kind == "view":
            found = [view for view in bot.persistent_views if type(view) is cls]
            dynamic = bool(registered["dynamic items"])
            pressed = any(item.is_dispatchable() for item in cls().walk_children())
            _require(bool(found) or dynamic or not pressed, f"{cls.__name__} was not added to the bot")
        if payload is None:
            return "not compared: its constructor needs arguments"
        view = cls(state_key=self.order["state_key"]) if kind == "persistent" else cls()
        try:
            shown = json.loads(json.dumps(view.to_components()))
        finally:
            view.stop()
        if shown == payload:
            return "same payload"
        texts = f"it shows {json.dumps(shown)}, the notebook {json.dumps(payload)}"
        _require(not self.order["stable"] and _shape(shown) == _shape(payload), texts)
        return "same components and ids; their texts depend on state"

    async def _is_clean(self, bot: commands.Bot, before: dict[str, set[str]]) -> str:
        await asyncio.sleep(0)
        left = {
            what: sorted(names - before[what])
            for what, names in self._registered(bot).items()
            if names - before[what]
        }
        _require(not left, f"left behind: {left}")
        return ""

    async def _is_free(self) -> str:
        found = sorted(
            name
            for name in sys.modules
            if any(name == bad or name.startswith(f"{bad}.") for bad in self.order["forbidden"])
        )
        _require(not found, f"imported: {', '.join(found[:5])}")
        return ""


class _Unproved(Exception):  # noqa: N818 - it names the state of the proof
    """A step did not hold."""


class _NoReducer(_Unproved):
    """An action of the slice is answered in the notebook and not here."""


def _require(held: bool, otherwise: str) -> None:
    if not held:
        raise _Unproved(otherwise)


def _shape(payload: Any) -> list[tuple[Any, Any]]:
    """The types and ids of all components, which must be the same whatever the state."""
    if isinstance(payload, list):
        return [one for value in payload for one in _shape(value)]
    if not isinstance(payload, dict):
        return []
    own = [(payload.get("type"), payload.get("custom_id"))] if "type" in payload else []
    return own + [one for value in payload.values() for one in _shape(value)]


def _make_parents(name: str, project: Path) -> None:
    """Let `cogs.poll` be found when the directory `cogs` is yet to be made."""
    parts = name.split(".")[:-1]
    for depth in range(1, len(parts) + 1):
        parent = ".".join(parts[:depth])
        if importlib.util.find_spec(parent) is None:
            package = types.ModuleType(parent)
            package.__path__ = [str(project.joinpath(*parts[:depth]))]
            sys.modules[parent] = package


def main() -> None:
    """Read the order from standard input and write the result as JSON where standard output was."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.dont_write_bytecode = True
    order = json.loads(sys.stdin.read())
    sys.path.insert(0, order["project"])
    proof = _Proof(order)
    sys.meta_path.insert(0, _Finder(order["module"], Path(order["code"])))
    _make_parents(order["module"], Path(order["project"]))
    with contextlib.redirect_stdout(sys.stderr):
        asyncio.run(proof.run())
    result = {"steps": proof.steps, "error": proof.error, "loads": proof.loads}
    answer.write(json.dumps(result))
    answer.flush()
    # Threads and atexit handlers of the user's modules must not hold up the notebook.
    os._exit(0)


if __name__ == "__main__":
    main()
