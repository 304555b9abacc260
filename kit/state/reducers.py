"""Reducers: functions `(action, state)` that change a draft of the state.

The built-in ones keep the four branches of the tree: `views`, `sessions`,
`application` and `persistent_views`. A bot adds its own with `@reducer("NAME")`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from kit.state import actions
from kit.state.actions import Action
from kit.state.draft import DictDraft
from kit.state.tree import StateError
from kit.state.undo import drop, new_session, session_of, step

Reducer = Callable[[Action, Any], Awaitable[Any] | Any]
ReducerT = TypeVar("ReducerT", bound=Reducer)


RESERVED = frozenset({actions.BATCH_COMPLETE, actions.STATE_SYNCED})


class Reducers:
    """Reducers by the type of action they answer; one each."""

    def __init__(self) -> None:
        self._by_type: dict[str, Reducer] = dict(BUILT_IN)

    def register(self, action_type: str, reducer: Reducer) -> None:
        """Let `reducer` answer actions of `action_type`, instead of an earlier one.

        Raises:
            StateError: If the type is one of kit's own: its views depend on it.
        """
        if action_type in BUILT_IN or action_type in RESERVED:
            raise StateError(
                f"{action_type} is one of kit's own actions; name yours otherwise, e.g. 'MY_{action_type}'"
            )
        self._by_type[action_type] = reducer

    def unregister(self, action_type: str) -> None:
        """Forget the reducer of `action_type`; KeyError if there is none."""
        del self._by_type[action_type]

    def get(self, action_type: str) -> Reducer:
        """The reducer that answers `action_type`.

        Raises:
            StateError: If there is none; it shows how to write one.
        """
        reducer = self._by_type.get(action_type)
        if reducer is None:
            raise StateError(
                f"no reducer answers {action_type!r}; write one:\n"
                f"    @kit.reducer({action_type!r})\n    def _(action, state): ..."
            )
        return reducer

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
    pages = session["nav_stack"].copy()
    if any(page["message_id"] == view.get("message_id") for page in pages):
        session["nav_stack"] = [page for page in pages if page["message_id"] != view.get("message_id")]
    # What can be undone ends with the last view; what the bot put into `data` is its own.
    if not (session["views"] or session["nav_stack"] or session["data"]):
        del state["sessions"][view["session_id"]]


def _session_created(action: Action, state: DictDraft) -> None:
    state["sessions"].setdefault(action.payload["session_id"], new_session())


def _session_updated(action: Action, state: DictDraft) -> None:
    session = state["sessions"].setdefault(action.payload["session_id"], new_session())
    session["data"].update(action.payload["data"])


def _registered(action: Action, state: DictDraft) -> None:
    state["persistent_views"][action.payload["state_key"]] = dict(action.payload)


def _unregistered(action: Action, state: DictDraft) -> None:
    state_key, message_id = action.payload["state_key"], action.payload.get("message_id")
    entry = state["persistent_views"].get(state_key)
    if entry is not None and (message_id is None or message_id == int(entry["message_id"])):
        del state["persistent_views"][state_key]


def _scoped_update(action: Action, state: DictDraft) -> None:
    scope = action.payload["scope"]
    if "scope_id" in action.payload:
        scope = f"{scope}:{action.payload['scope_id']}"
    scopes = state["application"].setdefault("_scoped", {})
    scopes.setdefault(scope, {}).update(action.payload["data"])


def _navigation_push(action: Action, state: DictDraft) -> None:
    page = {name: value for name, value in action.payload.items() if name not in {"session_id", "from_view"}}
    session_of(state, action.payload["session_id"])["nav_stack"].append(page)
    _leave(action, state)


def _navigation_pop(action: Action, state: DictDraft) -> None:
    session = state["sessions"].get(action.payload["session_id"])
    stack = [] if session is None else session["nav_stack"].copy()
    for index in reversed(range(len(stack))):
        if stack[index]["message_id"] == action.payload["message_id"]:
            del session["nav_stack"][index]
            break
    _leave(action, state)


def _leave(action: Action, state: DictDraft) -> None:
    """Forget the view of the page that was left; its session goes on."""
    view_id = action.payload.get("from_view")
    view = state["views"].pop(view_id, None)
    if view is not None:
        session = state["sessions"].get(view.get("session_id"))
        if session is not None and view_id in session["views"]:
            session["views"].remove(view_id)


def _undo(action: Action, state: DictDraft) -> None:
    step(state, action.payload["session_id"], "undo_stack", "redo_stack")


def _redo(action: Action, state: DictDraft) -> None:
    step(state, action.payload["session_id"], "redo_stack", "undo_stack")


def _undo_dropped(action: Action, state: DictDraft) -> None:
    drop(state, action.payload["session_id"], action.payload["stack"])


def _restored(action: Action, state: DictDraft) -> None:
    kept = action.payload.get("kept", {})
    for branch in ("views", "sessions", "persistent_views"):
        state[branch].update(kept.get(branch, {}))
    _fill(state["application"], kept.get("application", {}))
    # The view instances of the former process died with it, and with them the pages
    # of messages that no panel is on. The rest of a session lives on.
    dead = set(action.payload.get("views", ()))
    panels: set[str] = set()
    classes: set[Any] = set()
    for view_id in dead & set(state["views"]):
        del state["views"][view_id]
    for session_id in list(state["sessions"]):
        session = state["sessions"][session_id]
        if not dead.isdisjoint(session["views"]):
            session["views"] = [view_id for view_id in session["views"] if view_id not in dead]
        if session["views"]:
            continue
        if session["nav_stack"]:
            panels = panels or _messages_of_panels(state)
            session["nav_stack"] = [
                page for page in session["nav_stack"].copy() if str(page["message_id"]) in panels
            ]
        if not (session["nav_stack"] or session["data"]):
            # Only undo is left: of a panel's visitors, or of views that are gone for good.
            classes = classes or _classes_of_panels(state)
            if session_id.partition(":")[0] not in classes or not any(session.values()):
                del state["sessions"][session_id]


def _messages_of_panels(state: DictDraft) -> set[str]:
    entries = state["persistent_views"].copy().values()
    return {
        str(entry["message_id"]) for entry in entries if isinstance(entry, dict) and "message_id" in entry
    }


def _classes_of_panels(state: DictDraft) -> set[Any]:
    entries = [entry for entry in state["persistent_views"].copy().values() if isinstance(entry, dict)]
    return {entry.get("root", entry.get("class_name")) for entry in entries}


def _fill(state: Any, kept: Mapping[Any, Any]) -> None:
    """Put in what is not there; what storage has kept stays."""
    for key, value in kept.items():
        if key not in state:
            state[key] = value
        elif isinstance(state[key], DictDraft) and isinstance(value, Mapping):
            _fill(state[key], value)


def _nothing(_: Action, __: DictDraft) -> None:
    """Says that something happened, for subscribers and the history; changes nothing."""


BUILT_IN: dict[str, Reducer] = {
    actions.VIEW_CREATED: _view_created,
    actions.VIEW_UPDATED: _view_updated,
    actions.VIEW_DESTROYED: _view_destroyed,
    actions.SESSION_CREATED: _session_created,
    actions.SESSION_UPDATED: _session_updated,
    actions.COMPONENT_INTERACTION: _nothing,
    actions.PERSISTENT_VIEW_REGISTERED: _registered,
    actions.PERSISTENT_VIEW_UNREGISTERED: _unregistered,
    actions.SCOPED_UPDATE: _scoped_update,
    actions.STATE_RESTORED: _restored,
    actions.NAVIGATION_PUSH: _navigation_push,
    actions.NAVIGATION_POP: _navigation_pop,
    actions.NAVIGATION_REPLACE: _leave,
    actions.UNDO: _undo,
    actions.REDO: _redo,
    actions.UNDO_DROPPED: _undo_dropped,
}
