"""``python -m kit.simulator.limits FILE``: judges a JSON payload; ``--rules`` prints what it is judged by."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from kit.simulator.limits.messages import check_message, check_modal
from kit.simulator.limits.rules import table

MODAL_CALLBACK = 9


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: The command line without the program's name; the real one when left out.

    Returns:
        0 if Discord would take the payload, 1 if not, 2 if there is no payload to judge.
    """
    parser = argparse.ArgumentParser(prog="python -m kit.simulator.limits")
    parser.description = "Judges a payload as Discord would; docs/limits.md has the rules."
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument(
        "file", nargs="?", type=Path, help="a message, a modal, or an interaction response, as JSON"
    )
    group.add_argument("--rules", action="store_true", help="print all rules as Markdown")
    parser.add_argument("--upload", action="append", default=[], metavar="NAME", help="a file sent with it")
    options = parser.parse_args(arguments)
    if options.rules:
        sys.stdout.write(table())
        return 0
    try:
        payload = json.loads(options.file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{options.file}: {error}. Give a file that holds one JSON object.\n")
        return 2
    if not isinstance(payload, dict):
        sys.stderr.write(f"{options.file} holds no JSON object but {type(payload).__name__}.\n")
        return 2
    response = isinstance(payload.get("data"), dict)
    data = payload["data"] if response else payload
    # No message has a title.
    if payload.get("type") == MODAL_CALLBACK if response else "title" in payload:
        found = check_modal(data)
    else:
        found = check_message(data, files=options.upload, interaction=response)
    for violation in found:
        where = ".".join(violation.path) or "the payload"
        sys.stdout.write(f"{violation.severity} {violation.rule} in {where}: {violation.message}\n")
    return 1 if any(violation.severity == "error" for violation in found) else 0


if __name__ == "__main__":
    sys.exit(main())
