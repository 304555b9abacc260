"""What an export says when it will not write a module."""

from __future__ import annotations


class ExportError(Exception):
    """The export was refused and nothing was written.

    Args:
        reason: A few fixed words, the same for every refusal of one kind ("secret", "two values").
        message: What was found, without a final stop.
        fix: The line to write instead, or the exact next thing to do.
        cell: The number of the cell, if one is to blame.
        line: The line in that cell as typed, counted from 1.
        excerpt: That line's text, as far as it may be shown.
    """

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        fix: str,
        cell: int | None = None,
        line: int | None = None,
        excerpt: str = "",
    ) -> None:
        self.reason = reason
        self.cell = cell
        self.line = line
        self.fix = fix
        self.message = message
        self.excerpt = excerpt
        super().__init__(str(self))

    @property
    def place(self) -> str:
        """Where it is: `cell 3, line 2`, or an empty string."""
        if self.cell is None:
            return ""
        where = f"cell {self.cell}" if self.line is None else f"cell {self.cell}, line {self.line}"
        return f"{where}: `{self.excerpt}`" if self.excerpt else where

    def __str__(self) -> str:
        place = f" ({self.place})" if self.place else ""
        return f"{self.message}{place}. Instead: {self.fix}"
