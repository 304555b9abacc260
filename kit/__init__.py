"""Persistent views for discord.py, and the workbench to build them in a notebook.

The names below are imported from their rooms when they are first asked for: a bot in production never loads
the workbench, and `kit.simulator`, which serves bots of any library, never loads discord.py.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kit.lab import Lab
    from kit.persistence import setup_persistence
    from kit.state import StateError, StateStore, UndoConflictError, computed, get_store, reducer
    from kit.views import (
        PersistentLayoutView,
        PersistentView,
        SessionLimitError,
        StatefulButton,
        StatefulLayoutView,
        StatefulSelect,
        StatefulView,
        ViewClient,
        card,
        slugify,
    )

__version__ = "0.1.0"

__all__ = [
    "Lab",
    "PersistentLayoutView",
    "PersistentView",
    "SessionLimitError",
    "StateError",
    "StateStore",
    "StatefulButton",
    "StatefulLayoutView",
    "StatefulSelect",
    "StatefulView",
    "UndoConflictError",
    "ViewClient",
    "card",
    "computed",
    "get_store",
    "reducer",
    "setup_persistence",
    "slugify",
]

_ROOMS = {
    "Lab": "kit.lab",
    "setup_persistence": "kit.persistence",
    **dict.fromkeys(
        ("StateError", "StateStore", "UndoConflictError", "computed", "get_store", "reducer"), "kit.state"
    ),
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'kit' has no attribute {name!r}")
    value = getattr(import_module(_ROOMS.get(name, "kit.views")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext kit` calls: the cell ledger starts."""
    from kit.lab.extension import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """What `%unload_ext kit` calls."""
    from kit.lab.extension import unload

    unload(shell)
