"""Run a notebook without a browser and print what happened at each step.

python notebooks/run.py notebooks/quickstart.ipynb
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

WIDTH = 100


def main(path: Path) -> int:
    """Run the notebook at `path` in a folder of its own; 1 if a cell failed."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory(prefix="viewkit-demo-") as folder:
        client = NotebookClient(
            notebook,
            timeout=120,
            resources={"metadata": {"path": folder}},
            store_widget_state=False,
            extra_arguments=["--IPKernelApp.log_level=ERROR"],
        )
        with client.setup_kernel():
            for index, cell in enumerate(notebook.cells):
                if cell.cell_type == "markdown":
                    show_prose(cell.source)
                    continue
                started = time.perf_counter()
                try:
                    client.execute_cell(cell, index)
                except CellExecutionError as error:
                    print(error)
                    return 1
                show_cell(cell, time.perf_counter() - started)
    print(f"\nEvery cell of {path} ran.")
    return 0


def show_prose(source: str) -> None:
    """Print the headings of a markdown cell."""
    for line in source.splitlines():
        if line.startswith("#"):
            print(f"\n{line.lstrip('# ')}\n{'-' * len(line.lstrip('# '))}")


def show_cell(cell: Any, seconds: float) -> None:
    """Print the last line of a code cell, how long it took, and what it showed."""
    lines = [line for line in cell.source.splitlines() if line.strip()]
    print(f"\n> {lines[-1].strip()[: WIDTH - 12]}  [{seconds * 1000:.0f} ms]")
    for output in cell.outputs:
        text = output.get("text") or output.get("data", {}).get("text/plain", "")
        for line in str(text).splitlines()[:60]:
            print(f"  {line}")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
