"""From notebook cells to a cog module that a production bot loads."""

from .changes import Remark
from .errors import ExportError
from .export import Export, export_view
from .ledger import Cell, Ledger
from .proof import Proof
from .slice import Slice, slice_source

__all__ = [
    "Cell",
    "Export",
    "ExportError",
    "Ledger",
    "Proof",
    "Remark",
    "Slice",
    "export_view",
    "slice_source",
]
