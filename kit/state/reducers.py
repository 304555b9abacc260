"""Reducers: functions `(action, state)` that change a draft of the state.

The built-in ones keep the four branches of the tree: `views`, `sessions`,
`application` and `persistent_views`. A bot adds its own with `@reducer("NAME")`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from kit.state import actions
from kit.state.actions import Action
from kit.state.draft import DictDraft
from kit.state.tree import StateError

Reducer = Callable[[Action, Any], Awaitable[Any] | Any]
ReducerT = TypeVar("ReducerT", bound=Reducer)


class Reducers:
    """Reducers by the type of action they answer; one each."""

    def __init__(self) -> None:
        self._by_type: dict[str, Reducer] = dict(BUILT_IN)

    def register(self, action_type: str, reducer: Reducer) -> None:
        """Let `reducer` answer actions of `action_type`, instead of an earlier one.

        Raises:
            StateError: If the type is one of kit's own: its views depend on it.
        """
        if action_type in BUILT_IN:
            raise StateError(
                f"{action_type} is one of kit's own actions; name yours otherwise, e.g. 'MY_{action_type}'"
            )
        self._by_type[action_type] = reducer

    def unregister(self, action_type: str) -> None:
        """Forget the reducer of `action_type`; KeyError if there is none."""
        del self._by_type[action_type]

    def get(self, action_type: str) -> Reducer | None:
        """The reducer that answers `action_type`."""
        return self._by_type.get(action_type)

    def registered(self) -> dict[str, Reducer]:
        """The reducers beyond kit's own, by the type of action they answer."""
        return {kind: reducer for kind, reducer in self._by_type.items() if kind not in BUILT_IN}


def _view_created(action: Action, state: DictDraft) -> None:
    view = dict(action.payload)
    view_id = view.pop("view_id")
    state["views"][view_id] = view
    session_id = view.get("session_id")
    if session_id is None:
        return
    session = state["sessions"].get(session_id)
    if session is None:
        session = state["sessions"].setdefault(session_id, new_session())
    if view_id not in session["views"]:
        session["views"].append(view_id)


def _view_updated(action: Action, state: DictDraft) -> None:
    fields = dict(action.payload)
    view = state["views"].get(fields.pop("view_id"))
    if view is not None:
        view.update(fields)


def _view_destroyed(action: Action, state: DictDraft) -> None:
    view_id = action.payload["view_id"]
    view = state["views"].pop(view_id, None)
    if view is None:
        return
    session = state["sessions"].get(view.get("session_id"))
    if session is None:
        return
    if view_id in session["views"]:
        session["views"].remove(view_id)
    if _is_spent(session):
        del state["sessions"][view["session_id"]]


def _session_created(action: Action, state: DictDraft) -> None:
    state["sessions"].setdefault(action.payload["session_id"], new_session())


def _session_updated(action: Action, state: DictDraft) -> None:
    session = state["sessions"].setdefault(action.payload["session_id"], new_session())
    session["data"].update(action.payload["data"])


def _registered(action: Action, state: DictDraft) -> None:
    state["persistent_views"][action.payload["state_key"]] = dict(action.payload)


def _unregistered(action: Action, state: DictDraft) -> None:
    state["persistent_views"].pop(action.payload["state_key"], None)


def _scoped_update(action: Action, state: DictDraft) -> None:
    scopes = state["application"].setdefault("_scoped", {})
    scopes.setdefault(action.payload["scope"], {}).update(action.payload["data"])


def _restored(_: Action, state: DictDraft) -> None:
    # The view instances of the former process died with it; what a session
    # remembers beyond them (its navigation, undo and data) lives on.
    state["views"].clear()
    for session_id in list(state["sessions"]):
        session = state["sessions"][session_id]
        session["views"].clear()
        if _is_spent(session):
            del state["sessions"][session_id]


def _component_interaction(_: Action, __: DictDraft) -> None:
    """Says what was pressed, for subscribers and the action log; changes nothing."""


def new_session() -> dict[str, Any]:
    """The record of a session that has just begun."""
    return {"views": [], "nav_stack": [], "undo_stack": [], "redo_stack": [], "data": {}}


def _is_spent(session: DictDraft) -> bool:
    return not any(session.values())


BUILT_IN: dict[str, Reducer] = {
    actions.VIEW_CREATED: _view_created,
    actions.VIEW_UPDATED: _view_updated,
    actions.VIEW_DESTROYED: _view_destroyed,
    actions.SESSION_CREATED: _session_created,
    actions.SESSION_UPDATED: _session_updated,
    actions.COMPONENT_INTERACTION: _component_interaction,
    actions.PERSISTENT_VIEW_REGISTERED: _registered,
    actions.PERSISTENT_VIEW_UNREGISTERED: _unregistered,
    actions.SCOPED_UPDATE: _scoped_update,
    actions.STATE_RESTORED: _restored,
}
