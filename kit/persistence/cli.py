"""The commands of `python -m kit.persistence`: migrate, inspect, backup."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import re
import sys
import time
from collections.abc import Sequence
from typing import Any, NoReturn

from kit.persistence.backends import close_backend
from kit.persistence.backup import back_up
from kit.persistence.inspection import inspect
from kit.persistence.migration import Migration, migrate_storage
from kit.persistence.places import FORMS, UsageError, open_place
from kit.persistence.reading import Progress, read
from kit.state import StateError

EXAMPLES = """\
examples:
  python -m kit.persistence inspect state.db
  python -m kit.persistence migrate --dry-run cascadeui_state.json state.db
  python -m kit.persistence migrate state.db postgresql://bot@localhost/bot
  python -m kit.persistence backup state.db state-monday.db"""

LARGE = 10_000
SECONDS_BETWEEN_LINES = 2.0


def redact(text: str) -> str:
    """`text` without the passwords of its URLs.

    >>> redact("can't reach redis://bot:s3cret@db:6379/0?password=s3cret")
    "can't reach redis://bot:***@db:6379/0?password=***"
    """
    text = re.sub(r"(://[^\s/@:]*):\S*@", r"\1:***@", text)
    return re.sub(r"(?i)\b(password|passwd|pwd)=[^&\s'\"]+", r"\1=***", text)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        super().error(redact(message))


def parser() -> argparse.ArgumentParser:
    """What the command line may say."""
    top = _Parser(
        prog="python -m kit.persistence",
        description="Move, look at and copy what a bot remembers.",
        epilog=f"SRC and DST are one of\n{FORMS}\n\n{EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, summary: str, more: str) -> argparse.ArgumentParser:
        command = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}. {more}",
            epilog=f"SRC and DST are one of\n{FORMS}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_argument("source", metavar="SRC", help="where the state is")
        return command

    migrate = add(
        "migrate",
        "copy the whole state to another storage",
        "Stop the bot first.\nWhat was written is read back and compared; SRC is never changed.",
    )
    migrate.add_argument("target", metavar="DST", help="where it goes; it must hold nothing")
    migrate.add_argument("--dry-run", action="store_true", help="say what would be moved, and write nothing")
    migrate.add_argument("--replace", action="store_true", help="overwrite what DST holds")

    look = add("inspect", "say what is in a storage", "The bot may go on running.")
    look.add_argument("--json", action="store_true", help="for a program to read")

    copy = add(
        "backup",
        "copy a storage to a new file",
        "The bot may go on running.\nAn SQLite file is copied as a database, unless DST ends in .json; "
        "all else as JSON.",
    )
    copy.add_argument("target", metavar="DST", help="the file to make; there must be none of that name")
    return top


class Display:
    """Shows how far a large move is: a bar where tqdm is installed, else a line now and then."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._phase = ""
        self._spoke = 0.0
        try:
            from tqdm import tqdm  # type: ignore[import-untyped]
        except ImportError:
            self._make_bar = None
        else:
            self._make_bar = tqdm

    def __call__(self, phase: str, done: int, total: int) -> None:
        """Take note of progress; nothing is shown for a small store."""
        if total <= LARGE:
            return
        if self._make_bar is None:
            self._say(phase, done, total)
            return
        if phase != self._phase:
            self.close()
            self._phase = phase
            self._bar = self._make_bar(total=total, desc=phase, unit=" rows", file=sys.stderr, leave=False)
        self._bar.update(done - self._bar.n)

    def _say(self, phase: str, done: int, total: int) -> None:
        now = time.monotonic()
        if phase == self._phase and now - self._spoke < SECONDS_BETWEEN_LINES:
            return
        self._phase, self._spoke = phase, now
        sys.stderr.write(f"{phase}: {done:,} of {total:,}\n")

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0 done, 1 it could not be done, 2 it was not understood."""
    # What a log line would say stands in the output, or in the error.
    logging.getLogger("kit").addHandler(logging.NullHandler())
    options = parser().parse_args(arguments)
    display = Display() if sys.stderr.isatty() else None
    try:
        lines = asyncio.run(_run(options, display))
    except UsageError as error:
        _complain(str(error))
        return 2
    except (StateError, OSError, ImportError) as error:
        _complain(" ".join(str(error).split()))
        return 1
    except KeyboardInterrupt:
        _complain("interrupted; the source is as it was")
        return 1
    finally:
        if display is not None:
            display.close()
    try:
        sys.stdout.writelines(f"{redact(line)}\n" for line in lines)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _complain(what: str) -> None:
    sys.stderr.write(f"error: {redact(what)}\n")


async def _run(options: argparse.Namespace, progress: Progress | None) -> list[str]:
    source = open_place(options.source)
    if options.command == "migrate":
        migration = await migrate_storage(
            source,
            open_place(options.target),
            replace=options.replace,
            dry_run=options.dry_run,
            progress=progress,
        )
        return _told(migration, dry_run=options.dry_run)
    try:
        if options.command == "backup":
            copy = await back_up(source, options.target, progress=progress)
            return [f"{copy.leaves:,} leaves copied to {options.target}"]
        inspection = inspect(await read(source, progress))
    finally:
        await close_backend(source)
    if options.json:
        return [json.dumps(inspection.as_json(), indent=2)]
    return list(inspection.lines())


def _told(migration: Migration, *, dry_run: bool) -> list[str]:
    source, target = migration.source, migration.target
    verb = "would be moved" if dry_run else "moved"
    lines = [f"{migration.leaves:,} leaves {verb}"]
    lines.append(f"  from {source.place} ({source.kind}, written by {source.written_by})")
    lines.append(f"  to {target.place} ({target.kind})")
    counts = {name: len(branch) for name, branch in source.state.items() if isinstance(branch, dict)}
    lines += [f"  {name}: {number:,}" for name, number in counts.items()]
    if not target.is_empty:
        overwritten = "would be overwritten" if dry_run else "were overwritten"
        lines.append(f"  {target.leaves:,} leaves that were there {overwritten}")
    lines += [f"  note: {note}" for note in migration.notes]
    if dry_run:
        lines.append("nothing was written (--dry-run)")
    return lines
