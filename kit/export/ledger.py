"""The executed cells of a notebook, in the order in which they ran."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Cell:
    """One execution of one cell; running a cell twice makes two of them.

    Args:
        number: Execution order, from 1, as in `In [5]`.
        source: The text as typed.
        transformed: The text after IPython's input transformer.
        succeeded: Whether it ran to its end.
        failed_line: The line of `transformed` at which it raised; None when unknown or a syntax error.
        id: The notebook's id of the cell, if it has one.
    """

    number: int
    source: str
    transformed: str
    succeeded: bool = True
    failed_line: int | None = None
    id: str | None = None


@dataclass(slots=True)
class Ledger:
    """What ran, and nothing else: cells deleted or edited since are of no interest to an export.

    Args:
        cells: The cells so far, oldest first.
        environment: The variables that the process had before any cell could set others.
    """

    cells: list[Cell] = field(default_factory=list)
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)

    def append(self, cell: Cell) -> None:
        """Record one executed cell.

        Args:
            cell: The cell that has just ended, well or badly.
        """
        self.cells.append(cell)

    def label(self, cell: Cell) -> str:
        """Name a cell as messages name it.

        Args:
            cell: A cell of this ledger.

        Returns:
            `cell 5` for the fifth execution.
        """
        return f"cell {cell.number}"
