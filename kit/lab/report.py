"""The report of a start or restart."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import Any

from kit.lab.life import Life


@dataclass
class RestartReport:
    """What became of the panels when the bot came (back) up.

    Attributes:
        life: Which life of the bot this is, from 1.
        how: "started", "restarted" or "crashed".
        restored: State keys of the panels that answer.
        skipped: Those whose class is not imported; they are kept.
        failed: Those that could not be rebuilt; they are kept.
        removed: Those that are gone from Discord.
        unreachable: Those Discord could not be asked about, with the reason; they answer.
        milliseconds: From the start of the new bot until buttons answered.
        notes: What else is worth knowing.
    """

    life: int
    how: str
    restored: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unreachable: dict[str, str] = field(default_factory=dict)
    milliseconds: float = 0.0
    notes: list[str] = field(default_factory=list)

    @classmethod
    async def of(cls, life: Life, how: str) -> RestartReport:
        """The report of a life that has begun, after its panels were checked against Discord."""
        report = cls(life.number, how, milliseconds=life.seconds * 1000)
        if life.panels is None:
            report.notes.append(life.without_panels)
            return report
        summary = await life.panels.summary.verified()
        report.restored, report.skipped = list(summary["restored"]), list(summary["skipped"])
        report.failed, report.removed = list(summary["failed"]), list(summary["removed"])
        report.unreachable = dict(summary.unreachable)
        report.notes += [f"{key}: {type(error).__name__}: {error}" for key, error in summary.errors.items()]
        return report

    def as_json(self) -> dict[str, Any]:
        """The report for the controls widget."""
        return {
            "life": self.life,
            "how": self.how,
            "restored": self.restored,
            "skipped": self.skipped,
            "failed": self.failed,
            "removed": self.removed,
            "unreachable": list(self.unreachable),
            "ms": round(self.milliseconds),
            "notes": self.notes,
        }

    def __repr__(self) -> str:
        lines = [f"Life {self.life}: the bot {self.how}; buttons answered after {self.milliseconds:.0f} ms"]
        for name in ("restored", "skipped", "failed", "removed", "unreachable"):
            keys = list(getattr(self, name))
            if keys:
                more = " ..." if len(keys) > 5 else ""
                lines.append(f"  {name:<12}{len(keys):>3}  {', '.join(keys[:5])}{more}")
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        return f"<pre style='line-height:1.4'>{html.escape(repr(self))}</pre>"
