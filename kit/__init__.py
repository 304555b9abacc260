"""Persistent views for discord.py, and the workbench to build them in a notebook."""

from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from kit.lab import Lab

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


def __getattr__(name: str) -> Any:
    # The workbench is imported when it is asked for: a bot in production installs
    # the runtime alone.
    if name == "Lab":
        from kit.lab import Lab

        return Lab
    raise AttributeError(f"module 'kit' has no attribute {name!r}")


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext kit` calls: the cell ledger starts."""
    from kit.lab.extension import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """What `%unload_ext kit` calls."""
    from kit.lab.extension import unload

    unload(shell)
