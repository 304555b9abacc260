"""Virtual environments for the libraries that can't share one, made from the package index on demand."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path

import pytest

PLACE = Path(__file__).parents[1] / ".venvs"
# What pip says when there is no index to ask; whatever else it says is an error of ours.
OFFLINE = ("(from versions: none)", "NewConnectionError", "NameResolutionError", "ReadTimeoutError")

_unreachable: dict[str, str] = {}


def environment(name: str, requirements: Sequence[str]) -> Path:
    """The Python that has these packages; its environment is built if there is none yet.

    Mark the tests that call it `environments`: without an index to ask they are skipped, or fail where
    KIT_REQUIRE names that mark.

    Args:
        name: What the environment is for; a part of its folder's name.
        requirements: What to install, as pip takes it.

    Returns:
        Its `python`. Run it with `-m`: the scripts beside it don't know where they are.

    Raises:
        RuntimeError: If pip can't install them together; the message ends with what pip said.
    """
    key = hashlib.sha256("\n".join([sys.version, *sorted(requirements)]).encode()).hexdigest()[:12]
    place = PLACE / f"{name}-{key}"
    if not place.exists():
        if str(place) in _unreachable:
            pytest.skip(_unreachable[str(place)])
        _build(place, requirements)
    return _python(place)


def _build(place: Path, requirements: Sequence[str]) -> None:
    PLACE.mkdir(exist_ok=True)
    # It hides itself from git and ruff.
    (PLACE / ".gitignore").write_text("*\n", encoding="ascii")
    # Built beside its place and moved there whole: another run may be at it, and any may be killed.
    with tempfile.TemporaryDirectory(dir=PLACE, prefix="building-") as folder:
        unfinished = Path(folder) / place.name
        # The pip that is there installs into it: one of its own would take longer than most of the packages.
        venv.create(unfinished, with_pip=False)
        pip = [sys.executable, "-m", "pip", "--python", str(_python(unfinished))]
        pip += ["--disable-pip-version-check", "--retries", "1"]
        installed = subprocess.run(
            [*pip, "install", "--quiet", "--timeout", "10", *requirements],
            check=False,
            capture_output=True,
            text=True,
        )
        if installed.returncode != 0:
            said = installed.stderr.strip()[-2000:]
            if any(sign in said for sign in OFFLINE):
                _unreachable[str(place)] = f"pip reaches no package index for {place.name}: {said[-300:]}"
                pytest.skip(_unreachable[str(place)])
            raise RuntimeError(f"pip can't install {', '.join(requirements)} for {place.name!r}:\n{said}")
        try:
            unfinished.rename(place)
        except OSError:
            if not place.exists():
                raise


def _python(place: Path) -> Path:
    return place / ("Scripts" if os.name == "nt" else "bin") / "python"
