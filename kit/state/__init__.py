"""What is remembered: the store, its state tree, and the stream of patches that changes it."""

from kit.state.actions import Action, UndoScope
from kit.state.current import computed, get_store, reducer, set_store
from kit.state.journal import Journal
from kit.state.patches import Change, Patch
from kit.state.reducers import Reducer, Reducers
from kit.state.scopes import Scope, scope_key, scope_name
from kit.state.store import StateStore
from kit.state.transaction import Batch, Middleware
from kit.state.tree import Path, StateError, StateMutationError, UnstorableError, freeze, show, thaw
from kit.state.undo import UndoConflictError

__all__ = [
    "Action",
    "Batch",
    "Change",
    "Journal",
    "Middleware",
    "Patch",
    "Path",
    "Reducer",
    "Reducers",
    "Scope",
    "StateError",
    "StateMutationError",
    "StateStore",
    "UndoConflictError",
    "UndoScope",
    "UnstorableError",
    "computed",
    "freeze",
    "get_store",
    "reducer",
    "scope_key",
    "scope_name",
    "set_store",
    "show",
    "thaw",
]
