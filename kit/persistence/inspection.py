"""What is in a storage, counted: for the one who runs the bot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from kit.persistence.index import needed_ids
from kit.persistence.leaves import flatten
from kit.persistence.legacy import ID_FIELDS, missing_fields
from kit.persistence.snapshot import Snapshot, count_leaves

SHOWN_AT_MOST = 20


@dataclass(frozen=True, slots=True)
class Inspection:
    """The contents of a storage in numbers.

    Attributes:
        kind: What kind of storage it is.
        place: Where it is.
        written_by: "kit", "pycascadeui", or "" if nothing is stored.
        schema: The version of its layout, if it has one.
        size: How many bytes it takes; those of its rows alone, if the storage does not say.
        leaves: How many rows the state has in a storage that keeps rows.
        branches: How many entries each branch has, and each mapping in `application`.
        panels: How many panels there are, by class and guild ("-" for direct messages, "*" for views that
            are bound to no message, or to one whose guild is not known).
        sessions: How many sessions there are, and how many remember a way back, undo or data.
        oddities: What may be wrong: where, and what.
        notes: What a migration would leave behind, and which copy was read.
    """

    kind: str
    place: str
    written_by: str
    schema: int | None
    size: int
    leaves: int
    branches: dict[str, int] = field(default_factory=dict)
    panels: dict[str, dict[str, int]] = field(default_factory=dict)
    sessions: dict[str, int] = field(default_factory=dict)
    oddities: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The same in the types of JSON."""
        return {**asdict(self), "oddities": [{"at": at, "what": what} for at, what in self.oddities]}

    def lines(self) -> Iterator[str]:
        """The same to read."""
        yield f"{self.kind} {self.place}"
        if not self.written_by:
            yield "  nothing is stored"
            return
        schema = "" if self.schema is None else f", schema {self.schema}"
        yield f"  written by {self.written_by}{schema}, {self.size:,} bytes, {self.leaves:,} leaves"
        yield "  entries"
        for name, number in self.branches.items():
            yield f"    {name}: {number:,}"
        if self.panels:
            yield "  panels"
        for name, guilds in sorted(self.panels.items()):
            where = ", ".join(f"{number:,} in {_guild(guild)}" for guild, number in _most(guilds))
            yield f"    {name}: {where}"
        if self.sessions.get("all"):
            remembered = ", ".join(
                f"{number:,} with {name}" for name, number in self.sessions.items() if name != "all"
            )
            yield f"  sessions: {self.sessions['all']:,} ({remembered})"
        for title, entries in (
            ("odd entries", [f"{at}: {what}" for at, what in self.oddities]),
            ("notes", self.notes),
        ):
            yield f"  {title}: {len(entries) or 'none'}"
            yield from (f"    {entry}" for entry in entries[:SHOWN_AT_MOST])
            if len(entries) > SHOWN_AT_MOST:
                yield f"    and {len(entries) - SHOWN_AT_MOST:,} more; --json has them all"


def inspect(snapshot: Snapshot) -> Inspection:
    """Count what a storage holds, and find what may be wrong with it."""
    stored = snapshot.stored
    return Inspection(
        snapshot.kind,
        snapshot.place,
        snapshot.written_by,
        snapshot.schema,
        snapshot.size if snapshot.size is not None else _text_size(stored),
        count_leaves(stored),
        _branches(stored),
        _panels(_mapping(stored, "persistent_views")),
        _sessions(_mapping(stored, "sessions")),
        list(_oddities(stored)),
        list(snapshot.notes),
    )


def _text_size(state: Mapping[str, Any]) -> int:
    return sum(len(row.key) + len(row.value or "") for row in flatten(state))


def _branches(state: Mapping[str, Any]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name, branch in state.items():
        counts[name] = len(branch) if isinstance(branch, dict) else 1
        if name == "application" and isinstance(branch, dict):
            inner = {
                f"application.{key}": len(value) for key, value in branch.items() if isinstance(value, dict)
            }
            counts.update(inner)
    return counts


def _panels(entries: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {}
    for entry in entries.values():
        if isinstance(entry, dict):
            guilds = counts.setdefault(str(entry.get("class_name")), Counter())
            guilds[_guild_of(entry)] += 1
    return {name: dict(guilds) for name, guilds in counts.items()}


def _sessions(sessions: Mapping[str, Any]) -> dict[str, int]:
    records = [record for record in sessions.values() if isinstance(record, dict)]
    return {
        "all": len(sessions),
        "a way back": sum(bool(record.get("nav_stack")) for record in records),
        "undo": sum(bool(record.get("undo_stack") or record.get("redo_stack")) for record in records),
        "data": sum(bool(record.get("data")) for record in records),
    }


def _oddities(state: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    on_message: dict[int, str] = {}
    for state_key, entry in _mapping(state, "persistent_views").items():
        at = f"persistent_views[{state_key!r}]"
        lacks = missing_fields(entry)
        if isinstance(entry, dict):
            lacks = [name for name in lacks if name == "class_name" or name in needed_ids(entry)]
        if lacks:
            yield at, f"lacks {' and '.join(lacks)}: it can't be restored"
            continue
        texts = [name for name in ID_FIELDS if isinstance(entry.get(name), str)]
        if texts:
            yield at, f"{', '.join(texts)} stored as text"
        if entry.get("state_key", state_key) != state_key:
            yield at, f"says that its state key is {entry['state_key']!r}"
        if "message_id" not in entry:
            continue
        other = on_message.setdefault(int(entry["message_id"]), state_key)
        if other != state_key:
            yield at, f"is on the same message as {other!r}: one of them never answers"
    views = _mapping(state, "views")
    for session_id, session in _mapping(state, "sessions").items():
        at = f"sessions[{session_id!r}]"
        if not isinstance(session, dict):
            yield at, f"is {type(session).__name__}, not a record"
            continue
        gone = sum(view_id not in views for view_id in session.get("views") or ())
        if gone:
            yield at, f"names {gone} view(s) that are not there"


def _mapping(state: Mapping[str, Any], branch: str) -> Mapping[str, Any]:
    value = state.get(branch)
    return value if isinstance(value, dict) else {}


def _guild_of(entry: Mapping[str, Any]) -> str:
    if "bound" in entry and "guild_id" not in entry:
        return "*"
    return "-" if entry.get("guild_id") is None else str(entry["guild_id"])


def _guild(guild: str) -> str:
    return {"-": "direct messages", "*": "any guild"}.get(guild, f"guild {guild}")


def _most(guilds: Mapping[str, int]) -> list[tuple[str, int]]:
    return Counter(guilds).most_common(SHOWN_AT_MOST)
