"""The page of faults is run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

import kit
from tests.shell import NotebookShell

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.asyncio
async def test_the_page_of_faults_runs_from_top_to_bottom(tmp_path, monkeypatch):
    """Each Python block is a cell of one notebook, every `assert` holds, and nothing goes wrong unseen."""
    monkeypatch.chdir(tmp_path)
    notebook = NotebookShell()
    monkeypatch.setattr(InteractiveShell, "_instance", notebook.shell)
    blocks = BLOCK.findall(PAGE.read_text())
    assert len(blocks) >= 8
    try:
        for block in blocks:
            await notebook.run_well(block)
        assert kit.Lab.running is None
    finally:
        if kit.Lab.running is not None:
            await kit.Lab.running.stop()
        notebook.close()
