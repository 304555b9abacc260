"""Cells that ran again: which statements only repeat an earlier one, and which give a name a second value."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .errors import ExportError
from .imports import import_key, is_import
from .statements import Statement


@dataclass(frozen=True)
class Need:
    """One reading of one name.

    Args:
        name: The global name.
        reader: The statement that reads it.
        moment: The position at which it is read; None when a callback reads it.
        quoted: Whether only an annotation that nothing evaluates names it.
        optional: Whether the name may be missing.
        found: The statements that bound it, newest first.
    """

    name: str
    reader: Statement
    moment: int | None
    quoted: bool
    optional: bool
    found: tuple[Statement, ...]


def repeats(needed: Iterable[Statement], needs: Iterable[Need]) -> dict[Statement, Statement]:
    """Find the statements that only repeat an earlier one, because their cell ran again.

    A repeat gives the same value if nothing that it goes by was bound anew since the first time.

    Args:
        needed: The statements that a slice needs.
        needs: Every reading.

    Returns:
        Every statement, in order of execution, with the one that stands for it.
    """
    in_order = sorted(needed, key=lambda statement: statement.position)
    goes_by = _goes_by(in_order, needs)
    once: dict[Statement, Statement] = {}
    kept: list[Statement] = []
    first_at: dict[str, int] = {}
    for statement in in_order:
        text = ast.dump(statement.node)
        earlier = first_at.get(text)
        if earlier is not None and not is_import(statement):
            rebound = set[str]().union(*(other.bound.names for other in kept[earlier + 1 :]))
            grows = kept[earlier].bound.names & goes_by[statement]
            if not grows and not rebound & (goes_by[statement] | statement.bound.names):
                once[statement] = kept[earlier]
                continue
        first_at[text] = len(kept)
        kept.append(statement)
        once[statement] = statement
    return once


def _goes_by(in_order: list[Statement], needs: Iterable[Need]) -> dict[Statement, set[str]]:
    """The names on which the value made by each statement rests, directly or through others."""
    direct: dict[int, list[Need]] = {}
    for need in needs:
        if need.moment is not None:
            direct.setdefault(need.moment, []).append(need)
    names: dict[Statement, set[str]] = {}
    for statement in in_order:
        # A statement reads only what was bound before it, so those are done already.
        mine = names[statement] = set()
        for need in direct.get(statement.position, ()):
            mine.add(need.name)
            mine |= set[str]().union(*(names[other] for other in need.found if not is_import(other)))
    return names


def refuse_two_values(needs: Iterable[Need], once: Mapping[Statement, Statement]) -> None:
    """Refuse a name that one reader needs with an old value and a callback with a new one.

    Args:
        needs: Every reading.
        once: The statement that stands for each.

    Raises:
        ExportError: With the reason `two values` and the cell to run again.
    """
    needs = list(needs)
    later = {need.name: need for need in needs if need.moment is None and not need.quoted and need.found}
    for need in needs:
        final = later.get(need.name)
        if final is None or need.moment is None or not need.found or need.optional:
            continue
        old, new = need.found[0], final.found[0]
        if once[old] is once[new] or _same_import(old, new, need.name):
            continue
        if need.reader is new or need.name in need.reader.bound.names:
            continue
        _raise_two_values(need, final)


def _raise_two_values(need: Need, final: Need) -> None:
    old, new, reader = need.found[0], final.found[0], need.reader
    at = need.moment if need.moment is not None else reader.position
    running = reader.cell if at == reader.position else None
    where = f"cell {running.number}" if running else "a cell that ran before"
    again = f"run cell {running.number} again" if running else "run the cell that calls it again"
    raise ExportError(
        "two values",
        f"`{need.name}` has two values: {where} used the one of cell {old.cell.number} "
        f"(`{old.excerpt()}`) when it ran, and a callback will find the one of cell {new.cell.number} "
        f"(`{new.excerpt()}`)",
        fix=f"{again}, so that both are the newest, or give one of them another name",
        cell=running.number if running else new.cell.number,
        line=reader.typed_line(reader.uses.lines.get(need.name)) if running else new.typed_line(),
        excerpt=reader.excerpt(reader.uses.lines.get(need.name)) if running else new.excerpt(),
    )


def _same_import(old: Statement, new: Statement, name: str) -> bool:
    key = import_key(old, name)
    return key is not None and key == import_key(new, name)
