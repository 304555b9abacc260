"""The workbench: a real bot on a simulated Discord, in the loop of a notebook."""

try:
    import anywidget  # noqa: F401
except ImportError as error:
    raise ImportError('kit.lab needs the notebook packages: pip install "viewkit[lab]"') from error

from kit.lab.outcome import Outcome, SeenMessage
from kit.lab.reload import Reload
from kit.lab.report import RestartReport
from kit.lab.session import Lab, LabError

__all__ = ["Lab", "LabError", "Outcome", "Reload", "RestartReport", "SeenMessage"]
