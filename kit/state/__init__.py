"""What is remembered: the store, its state tree, and the stream of patches that changes it."""

from kit.state.actions import Action
from kit.state.patches import Change, Patch
from kit.state.reducers import Reducer, Reducers
from kit.state.store import Journal, StateStore, get_store, reducer, set_store
from kit.state.tree import Path, StateError, StateMutationError, UnstorableError, freeze, show, thaw

__all__ = [
    "Action",
    "Change",
    "Journal",
    "Patch",
    "Path",
    "Reducer",
    "Reducers",
    "StateError",
    "StateMutationError",
    "StateStore",
    "UnstorableError",
    "freeze",
    "get_store",
    "reducer",
    "set_store",
    "show",
    "thaw",
]
