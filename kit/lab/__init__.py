"""The workbench: a real bot on a simulated Discord, in the loop of a notebook."""

from importlib import import_module
from typing import Any

try:
    import anywidget  # noqa: F401
except ImportError as error:
    raise ImportError('kit.lab needs the notebook packages: pip install "viewkit[lab]"') from error

from kit.lab.outcome import Outcome, SeenMessage
from kit.lab.reload import Reload
from kit.lab.report import RestartReport
from kit.lab.session import Lab, LabError

__all__ = ["Lab", "LabError", "Outcome", "Reload", "RestartReport", "SeenMessage"]


def __getattr__(name: str) -> Any:
    # `kit.Lab.start(kit.lab.hikari.bot(...))` needs no import of its own, and nobody else needs hikari.
    if name == "hikari":
        return import_module("kit.lab.hikari")
    raise AttributeError(f"module 'kit.lab' has no attribute {name!r}")
