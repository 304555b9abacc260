"""Where the state rests: backends, the ordered writer, and panels after a restart."""

from kit.persistence.backends import (
    FellBehindError,
    IncrementalBackend,
    OvertakenError,
    SharedBackend,
    StorageBackend,
    StorageError,
)
from kit.persistence.file import FileStorageBackend
from kit.persistence.migration import migrate_storage
from kit.persistence.postgres import PostgresBackend
from kit.persistence.redis import RedisBackend
from kit.persistence.registry import ClassCollisionError, view_classes
from kit.persistence.restore import Panels, RestoreSummary
from kit.persistence.setup import setup_persistence
from kit.persistence.sqlite import SQLiteBackend
from kit.persistence.writer import Writer

__all__ = [
    "ClassCollisionError",
    "FellBehindError",
    "FileStorageBackend",
    "IncrementalBackend",
    "OvertakenError",
    "Panels",
    "PostgresBackend",
    "RedisBackend",
    "RestoreSummary",
    "SQLiteBackend",
    "SharedBackend",
    "StorageBackend",
    "StorageError",
    "Writer",
    "migrate_storage",
    "setup_persistence",
    "view_classes",
]
