"""Undo and redo: the steps back of what a person did, kept in that person's session.

An entry holds what was at the changed places before and after, so it is as large as
the change. It is undone only where the state still is as the change left it: what
somebody else has changed since is never touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from kit.state.actions import UndoScope
from kit.state.draft import DictDraft, ListDraft, SetDraft, plain
from kit.state.patches import Patch, apply
from kit.state.selectors import is_same
from kit.state.tree import Path, StateError, freeze, show, thaw

_ABSENT = object()


class UndoConflictError(StateError):
    """Something can't be undone or redone, because somebody else has changed it since.

    Attributes:
        path: Where.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{show(path)} was changed by somebody else since, so this step was dropped")


class NothingToUndoError(StateError):
    """There is no step to take back, or to make again."""


def remember(
    state: DictDraft, scope: UndoScope, name: str, patches: Sequence[Patch], inverses: Sequence[Patch]
) -> None:
    """Put a change on the undo stack of a session. What is not the application's own is not undone."""
    places = {_place(state, patch.path) for patch in patches if patch.path[0] == "application"}
    slots = [
        slot
        for place in sorted(places, key=len)
        if not any(place[:depth] in places for depth in range(1, len(place)))
        for slot in _slots(place, _before(state, place, inverses), _now(state, place))
    ]
    if not slots:
        return
    session = session_of(state, scope.session_id)
    back = [_patch(path, after, before) for path, before, after in reversed(slots)]
    entry = _entry(name, back, [_patch(*slot) for slot in slots])
    entries = [*session["undo_stack"].copy(), entry]
    session["undo_stack"] = entries[-scope.limit :] if scope.limit > 0 else []
    if session["redo_stack"]:
        session["redo_stack"] = []


Slot = tuple[Path, Any, Any]


def _place(state: DictDraft, path: Path) -> Path:
    """What is taken back for a patch at `path`: that, or the whole list that it is in.

    What an index names changes with what others put before it.
    """
    node: Any = state
    for depth, key in enumerate(path):
        if isinstance(node, ListDraft):
            return path[:depth]
        if not isinstance(node, DictDraft) or key not in node:
            return path[: depth + 1]
        node = node[key]
    return path


def _now(state: DictDraft, place: Path) -> Any:
    node: Any = state
    for key in place:
        if not isinstance(node, DictDraft) or key not in node:
            return _ABSENT
        node = node[key]
    return node.copy() if isinstance(node, DictDraft | ListDraft) else thaw(plain(node))


def _before(state: DictDraft, place: Path, inverses: Sequence[Patch]) -> Any:
    """What was at `place`: what is there now, with all that concerns it taken back."""
    now = _now(state, place)
    root = freeze({} if now is _ABSENT else {"it": now})
    for inverse in inverses:
        if inverse.path[: len(place)] == place:
            apply(root, [inverse._replace(path=("it", *inverse.path[len(place) :]))])
    return thaw(root["it"]) if "it" in root else _ABSENT


def _slots(path: Path, before: Any, after: Any) -> Iterator[Slot]:
    """What differs, a leaf each: so that what others put into the same mapping is left alone."""
    if before is _ABSENT and isinstance(after, dict | set):
        before = type(after)()
        yield path, _ABSENT, before
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            yield from _slots((*path, key), before.get(key, _ABSENT), after.get(key, _ABSENT))
    elif not is_same(before, after):
        yield path, before, after


def _patch(path: Path, before: Any, after: Any) -> Patch:
    if after is _ABSENT:
        return Patch("remove", path)
    return Patch("add" if before is _ABSENT else "replace", path, after)


def step(state: DictDraft, session_id: str, source: str, target: str) -> None:
    """Take the newest entry of the stack `source` back, and put its opposite on `target`.

    Raises:
        UndoConflictError: If the state is not as the entry's change left it.
        StateError: If the stack is empty.
    """
    session = state["sessions"].get(session_id)
    if session is None or not session[source]:
        raise NothingToUndoError(f"the {source} of the session {session_id!r} is empty")
    entry = session[source].copy()[-1]
    back, forth = _patches(entry["back"]), _patches(entry["forth"])
    # Each patch has its inverse: forth[0] is taken back by back[-1], last of all.
    for done, inverse in zip(reversed(forth), back, strict=True):
        _take_back(state, done, inverse)
    del session[source][-1]
    session[target].append(_entry(entry["action"], forth, back))


def drop(state: DictDraft, session_id: str, source: str) -> None:
    """Forget the newest entry of a stack."""
    session = state["sessions"].get(session_id)
    if session is not None and session[source]:
        del session[source][-1]


def new_session() -> dict[str, Any]:
    """The record of a session that has just begun."""
    return {"views": [], "nav_stack": [], "undo_stack": [], "redo_stack": [], "data": {}}


def session_of(state: DictDraft, session_id: str) -> Any:
    """The session `session_id` of a draft, begun if it isn't there."""
    return state["sessions"].setdefault(session_id, new_session())


def _entry(name: str, back: Iterable[Patch], forth: Iterable[Patch]) -> dict[str, Any]:
    return {
        "action": name,
        "back": [[patch.op, list(patch.path), patch.value] for patch in back],
        "forth": [[patch.op, list(patch.path), patch.value] for patch in forth],
    }


def _patches(written: Iterable[Sequence[Any]]) -> list[Patch]:
    return [Patch(op, tuple(path), value) for op, path, value in written]


def _take_back(state: DictDraft, done: Patch, inverse: Patch) -> None:
    parent: Any = state
    try:
        for key in done.path[:-1]:
            parent = parent[key]
    except (KeyError, IndexError, TypeError):
        raise UndoConflictError(done.path) from None
    if not isinstance(parent, DictDraft):
        raise UndoConflictError(done.path)
    _take_back_in_dict(parent, done, inverse)


def _take_back_in_dict(parent: DictDraft, done: Patch, inverse: Patch) -> None:
    key = done.path[-1]
    if _is_container_of_others(parent.get(key), done, inverse):
        return
    if isinstance(done.value, set) and isinstance(inverse.value, set):
        _take_back_in_set(parent[key], done, inverse)
        return
    if (key in parent) != (done.op != "remove") or (done.op != "remove" and parent[key] != done.value):
        raise UndoConflictError(done.path)
    if inverse.op == "remove":
        del parent[key]
    else:
        parent[key] = inverse.value


def _is_container_of_others(present: Any, done: Patch, inverse: Patch) -> bool:
    """Whether an empty container came or went by the step, and others have something in it now."""
    made = done.value if inverse.op == "remove" else inverse.value if done.op == "remove" else None
    kinds = {dict: DictDraft, list: ListDraft, set: SetDraft}
    return (
        made.__class__ in kinds
        and not made
        and isinstance(present, kinds[made.__class__])
        and (len(present) > 0 or done.op == "remove")
    )


def _take_back_in_set(members: Any, done: Patch, inverse: Patch) -> None:
    """Only the members that came or went: what others have put in since stays."""
    came, went = done.value - inverse.value, inverse.value - done.value
    if not isinstance(members, SetDraft) or not came <= set(members) or not went.isdisjoint(members):
        raise UndoConflictError(done.path)
    members.update(went)
    for member in came:
        members.discard(member)
