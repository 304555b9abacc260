"""The state as pycascadeui 2.1.0 stored it, and the same state in kit's form.

pycascadeui kept one JSON text: in a file, in the one row of an SQLite table, or under
one Redis key. Panels, counters, scoped state and session data come over. What only
made sense in the process that wrote it does not, and `normalise` says what that was.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kit.persistence.backends import StorageError

_log = logging.getLogger(__name__)

SQLITE_TABLE = "cascadeui_state"
SQLITE_QUERY = "SELECT data FROM cascadeui_state WHERE id = 1"
REDIS_KEY = "cascadeui:state"

ID_FIELDS = ("message_id", "channel_id", "guild_id", "user_id")
NEEDED_FIELDS = ("class_name", "message_id", "channel_id")

# What every session of pycascadeui has beside its data: who and when, and the ids of dead views.
_SESSION_BOOKKEEPING = frozenset({"id", "user_id", "created_at", "updated_at", "history"})


class Normalised(NamedTuple):
    """A state in kit's form.

    Attributes:
        state: The state.
        notes: What was left behind, one sentence each.
    """

    state: dict[str, Any]
    notes: list[str]


def is_legacy(state: Mapping[str, Any]) -> bool:
    """Whether pycascadeui wrote `state`.

    Its store always has a branch `components`, the last clicks on each component, which
    kit never writes and `normalise` removes. A branch of that name that a bot's own reducer
    made is told apart by what is in it; an empty one counts only beside another mark.
    """
    components = state.get("components")
    if not isinstance(components, dict):
        return False
    if components:
        return all(_is_click_log(log) for log in components.values())
    return "persistent_views" not in state or any(
        mark in record
        for branch, mark in (
            ("views", "props"),
            ("sessions", "history"),
            ("persistent_views", "registered_at"),
        )
        for record in _records(state, branch).values()
    )


def normalise(state: Mapping[str, Any]) -> Normalised:
    """A state of pycascadeui in kit's form.

    Ids of panels become integers. The application's own data stays as it is: a counter that
    pycascadeui stored under the integer 7 comes back under the text "7", as it did there. A
    branch or a field that pycascadeui does not know is kept.
    """
    notes: list[str] = []
    views = _records(state, "views")
    if views:
        notes.append(f"{_count(views, 'live view')} left behind: what they showed ended with their process")
    sessions = _sessions(_records(state, "sessions"), notes)
    panels = _panels(state.get("persistent_views"), notes)
    clicks = state.get("components")
    if clicks:
        notes.append(f"the log of clicks on {_count(clicks, 'component')} left behind: kit keeps none")
    others = {name: branch for name, branch in state.items() if name not in _REWRITTEN}
    own = {"views": {}, "sessions": sessions, "application": {}, "persistent_views": panels}
    return Normalised({**own, **others}, notes)


_REWRITTEN = frozenset({"views", "sessions", "persistent_views", "components"})


def adopt(state: Mapping[str, Any], where: str) -> dict[str, Any]:
    """`normalise(state)` for a bot that starts on it: what is left behind is logged."""
    normalised = normalise(state)
    for note in normalised.notes:
        _log.warning("%s was written by pycascadeui; %s", where, note)
    return normalised.state


def from_json(text: str | bytes, where: str) -> dict[str, Any]:
    """The state in a text that pycascadeui stored in `where`, as `adopt` takes it over.

    Raises:
        StorageError: If the text is torn, or is no state.
    """
    return adopt(parse(text, where), where)


def parse(text: str | bytes, where: str) -> dict[str, Any]:
    """The state in a text of pycascadeui, as it is there.

    Raises:
        StorageError: If the text is torn, or is no state.
    """
    try:
        state = json.loads(text)
    except ValueError as error:
        raise StorageError(
            f"can't read what pycascadeui stored in {where}: {error}. It was left as it is; "
            "repair it or restore a copy"
        ) from error
    if not isinstance(state, dict):
        raise StorageError(f"{where} holds {type(state).__name__}, not a state of pycascadeui")
    return state


def from_sqlite_rows(rows: Sequence[Sequence[Any]], where: str) -> dict[str, Any]:
    """The state in the rows that `SQLITE_QUERY` found; empty if pycascadeui never saved.

    Raises:
        StorageError: If the row can't be read.
    """
    return from_json(rows[0][0], where) if rows else {}


def from_redis(value: str | bytes | None, where: str) -> dict[str, Any]:
    """The state in the value of pycascadeui's Redis key; empty if there is none.

    Raises:
        StorageError: If the value can't be read.
    """
    return from_json(value, where) if value is not None else {}


def integer_id(value: Any) -> Any:
    """`value` as an integer if it is an id written as text, else as it is.

    >>> integer_id("1180000000000000456"), integer_id(7), integer_id(None), integer_id("general")
    (1180000000000000456, 7, None, 'general')
    """
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value)
    return value


def missing_fields(entry: Any) -> list[str]:
    """What a stored panel lacks to be restored; all of it if it is no record at all.

    >>> missing_fields({"class_name": "Roles", "message_id": None, "channel_id": "12"})
    ['message_id']
    """
    if not isinstance(entry, dict):
        return list(NEEDED_FIELDS)
    lacks = [] if isinstance(entry.get("class_name"), str) else ["class_name"]
    for field in ("message_id", "channel_id"):
        value = integer_id(entry.get(field))
        if not isinstance(value, int) or isinstance(value, bool):
            lacks.append(field)
    return lacks


def _panels(entries: Any, notes: list[str]) -> dict[str, Any]:
    panels: dict[str, Any] = {}
    for state_key, entry in entries.items() if isinstance(entries, dict) else ():
        lacks = missing_fields(entry)
        if lacks:
            notes.append(
                f"the panel {state_key!r} left behind: without {' and '.join(lacks)} it can't be restored"
            )
            continue
        panel = {"guild_id": None, "user_id": None, **entry, "state_key": state_key}
        panels[state_key] = {**panel, **{field: integer_id(panel[field]) for field in ID_FIELDS}}
    return panels


def _sessions(records: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:
    sessions: dict[str, Any] = {}
    undone = navigated = 0
    for session_id, record in records.items():
        undone += bool(record.get("undo_stack") or record.get("redo_stack"))
        navigated += bool(record.get("nav_stack"))
        kept = {name: value for name, value in record.items() if name not in _SESSION_BOOKKEEPING}
        stacks: dict[str, Any] = {"views": [], "nav_stack": [], "undo_stack": [], "redo_stack": []}
        session = {**kept, **stacks, "data": record.get("data") or {}}
        # A session that remembers nothing is made anew by the next view of its user.
        if any(session.values()):
            sessions[session_id] = session
    if undone:
        notes.append(
            f"the undo history of {undone} of {_count(records, 'session')} left behind: it is made of copies "
            "of the whole state, and kit undoes single changes"
        )
    if navigated:
        notes.append(
            f"the way back of {navigated} of {_count(records, 'session')} left behind: the views it leads "
            "to ended with their process"
        )
    return sessions


def _records(state: Mapping[str, Any], branch: str) -> dict[str, dict[str, Any]]:
    records = state.get(branch)
    if not isinstance(records, dict):
        return {}
    return {key: record for key, record in records.items() if isinstance(record, dict)}


def _is_click_log(value: Any) -> bool:
    return isinstance(value, dict) and "id" in value and isinstance(value.get("interactions"), list)


def _count(things: Mapping[str, Any], noun: str) -> str:
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"
