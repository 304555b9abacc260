"""The exported file on disk: its header, the check for edits by hand, the atomic write."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import tempfile
from pathlib import Path

from .credentials import masked
from .errors import ExportError

_HEADER = re.compile(r"^# Exported by viewkit from (?P<view>\w+), digest sha256:(?P<digest>[0-9a-f]+)$")
_SHOWN = 40


def digest(body: str) -> str:
    """Give the digest that the header carries.

    Args:
        body: The module without its header line.

    Returns:
        The first 16 hexadecimal digits of SHA-256 over the text in UTF-8.
    """
    return hashlib.sha256(body.encode()).hexdigest()[:16]


def with_header(view: str, body: str) -> str:
    """Put the header line above a module.

    Args:
        view: The name of the class.
        body: The module.

    Returns:
        The text to write.
    """
    return f"# Exported by viewkit from {view}, digest sha256:{digest(body)}\n{body}"


def destination(to: str | Path, default: str) -> Path:
    """Turn what the user gave into the path of a module.

    Args:
        to: A path that ends in `.py`, or a directory that exists.
        default: The stem to use in a directory.

    Returns:
        The path.

    Raises:
        ExportError: If the path could never be loaded as an extension.
    """
    path = Path(to)
    if path.is_dir():
        path /= f"{default}.py"
    if path.suffix != ".py" or not path.stem.isidentifier():
        stem = re.sub(r"\W", "_", path.stem) or default
        raise ExportError(
            "path",
            f"a bot can't load {path.name!r} as an extension",
            fix=f"export to {str(path.with_name(f'{stem}.py'))!r}",
        )
    return path


def refuse_conflict(path: Path, view: str, code: str) -> bool:
    """Refuse to overwrite what this export did not write.

    Args:
        path: Where the module goes.
        view: The name of the class.
        code: The new text.

    Returns:
        Whether the file already holds exactly the new text.

    Raises:
        ExportError: With the reason `conflict` and the difference, if the file was edited by hand, was
            exported from another class or never was an export.
    """
    if not path.exists():
        return False
    present = path.read_text(encoding="utf-8")
    if present == code:
        return True
    first, _, body = present.partition("\n")
    header = _HEADER.match(first)
    if header is None:
        why = "was not written by an export"
    elif header["digest"] != digest(body):
        why = "was edited by hand since it was exported"
    elif header["view"] != view:
        why = f"holds the export of {header['view']}"
    else:
        return False
    raise ExportError(
        "conflict",
        f"{path.name} {why}, and nothing was written:\n{_difference(masked(present), masked(code))}\n",
        fix="move the edits into cells, or export to another path, or delete the file",
    )


def _difference(present: str, code: str) -> str:
    lines = list(
        difflib.unified_diff(
            present.splitlines(), code.splitlines(), "the file", "the new export", lineterm="", n=2
        )
    )
    rest = len(lines) - _SHOWN
    return "\n".join(lines[:_SHOWN] + ([f"... and {rest} more lines"] if rest > 0 else []))


def write_atomically(path: Path, code: str) -> None:
    """Write a module so that a reader sees the old text or the new one, never a part.

    Args:
        path: Where it goes; missing directories are made.
        code: The text.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(code)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files that only their owner reads, and a module is no secret.
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        temporary.chmod(mode)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    present = os.umask(0o022)
    os.umask(present)
    return present
