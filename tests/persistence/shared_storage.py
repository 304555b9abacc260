"""Storage that several processes share, by kind."""

from __future__ import annotations

from kit.persistence import PostgresBackend, RedisBackend, SQLiteBackend


def open_backend(kind: str, target: str):
    """The backend of a kind on a target: a path, a Redis key, or a PostgreSQL table."""
    if kind == "sqlite":
        return SQLiteBackend(target)
    if kind == "redis":
        return RedisBackend(url="redis://127.0.0.1:6379", key=target)
    return PostgresBackend("postgresql://postgres@127.0.0.1:5432/postgres", table=target)
