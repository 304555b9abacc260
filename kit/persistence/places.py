"""The places of storage that a command line can name, and their backends."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from kit.persistence.backends import StorageBackend
from kit.persistence.file import FileStorageBackend
from kit.persistence.postgres import PostgresBackend
from kit.persistence.redis import RedisBackend
from kit.persistence.sqlite import SQLiteBackend

FORMS = """\
  state.json                            a JSON file
  state.db, .sqlite, .sqlite3           an SQLite file
  redis://HOST:PORT/DB?key=viewkit      Redis (also rediss:// and unix://)
  postgresql://USER@HOST/DB?table=kit_leaves   PostgreSQL
  A file with another ending is recognised by its content. Files, tables and keys that
  pycascadeui 2.1.0 wrote can be read: cascadeui_state.json, cascadeui.db,
  redis://localhost?key=cascadeui:state"""

IN_SHORT = (
    "state.json, state.db (.sqlite, .sqlite3), redis://HOST/DB?key=viewkit, or "
    "postgresql://USER@HOST/DB?table=kit_leaves"
)

SQLITE_HEADER = b"SQLite format 3\x00"
OPTION = {"redis": "key", "rediss": "key", "unix": "key", "postgresql": "table", "postgres": "table"}


class UsageError(Exception):
    """The command line names no storage."""


def open_place(text: str) -> StorageBackend:
    """The backend of a place that the command line names.

    Raises:
        UsageError: If it names none.
    """
    if "://" in text:
        return _open_url(text)
    path = Path(text)
    suffix = path.suffix.lower()
    if suffix == ".json":
        return FileStorageBackend(path)
    if suffix in {".db", ".sqlite", ".sqlite3"}:
        return SQLiteBackend(path)
    start = b""
    if path.is_file():
        with path.open("rb") as file:
            start = file.read(64)
    if start.startswith(SQLITE_HEADER):
        return SQLiteBackend(path)
    if start.lstrip().startswith(b"{"):
        return FileStorageBackend(path)
    found = (
        "holds neither JSON nor an SQLite database"
        if start
        else "does not exist, and its ending says nothing"
    )
    raise UsageError(f"{text!r} {found}; give {IN_SHORT}")


def _open_url(text: str) -> StorageBackend:
    try:
        parts = urlsplit(text)
        _ = parts.port
        query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:
        # The reason may quote a part of the password.
        raise UsageError(
            f"the {text.partition('://')[0]}:// URL can't be read; write the characters :/?#@ of a "
            "password as %3A %2F %3F %23 %40"
        ) from None

    option = OPTION.get(parts.scheme)
    if option is None:
        raise UsageError(f"{parts.scheme}:// is not known; give {IN_SHORT}")
    given: dict[str, Any] = {option: query[option]} if option in query else {}
    # The rest of the query is the driver's, and goes on as it was written.
    rest = "&".join(part for part in parts.query.split("&") if part.partition("=")[0] != option)
    url = f"{text.partition('?')[0]}{'?' if rest else ''}{rest}"
    try:
        return RedisBackend(url, **given) if option == "key" else PostgresBackend(url, **given)
    except ValueError as error:
        raise UsageError(str(error)) from error
