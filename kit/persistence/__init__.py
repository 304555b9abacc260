"""Where the state rests: backends, the ordered writer, and panels after a restart."""

from kit.persistence.backends import IncrementalBackend, StorageBackend, StorageError
from kit.persistence.file import FileStorageBackend
from kit.persistence.registry import ClassCollisionError, view_classes
from kit.persistence.restore import Panels, RestoreSummary
from kit.persistence.setup import setup_persistence
from kit.persistence.sqlite import SQLiteBackend
from kit.persistence.writer import Writer

__all__ = [
    "ClassCollisionError",
    "FileStorageBackend",
    "IncrementalBackend",
    "Panels",
    "RestoreSummary",
    "SQLiteBackend",
    "StorageBackend",
    "StorageError",
    "Writer",
    "setup_persistence",
    "view_classes",
]
