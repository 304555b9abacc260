"""The notebooks without a browser: in a kernel, as `make demo` runs it, and the quickstart in plain Python."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import kit

ROOT = Path(__file__).parents[2]
QUICKSTART = ROOT / "notebooks" / "quickstart.ipynb"
TOLD = {
    "quickstart": ("Get the role (1)", "crashed and came back", "Become an Explorer", "✓ loads"),
    "simulated_discord": ("2 clicks", "no answer within 0.5 s", "10062", "Must be 80 or fewer in length."),
}


@pytest.mark.notebook
@pytest.mark.parametrize("notebook", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_notebook_runs_in_a_kernel(notebook):
    """`make demo` prints what happened at each step, and no cell fails."""
    done = subprocess.run(
        [sys.executable, ROOT / "notebooks" / "run.py", notebook],
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for expected in TOLD[notebook.stem]:
        assert expected in done.stdout


@pytest.mark.asyncio
async def test_the_loop_works_in_plain_python(tmp_path, monkeypatch):
    """Outside IPython the same cells run as they are; only the export asks for a notebook."""
    monkeypatch.chdir(tmp_path)
    cells = [cell.source for cell in nbformat.read(QUICKSTART, 4).cells if cell.cell_type == "code"]
    namespace = {"__name__": "__main__"}
    shown = []
    try:
        for source in cells:
            if "lab.export(" in source:
                with pytest.raises(Exception, match="outside IPython"):
                    await run(source, namespace)
            elif "read_text()" not in source:
                shown.append(await run(source.replace("%load_ext kit", ""), namespace))
                if "class RolePanel" in source and "lab" in namespace and kit.Lab.running.messages:
                    await namespace["lab"].reload(namespace["RolePanel"])
    finally:
        if kit.Lab.running is not None:
            await kit.Lab.running.stop()
    assert any("Become an Explorer" in repr(value) for value in shown)


async def run(source: str, namespace: dict):
    """Run a cell as IPython does: with top-level await, and the value of its last expression."""
    tree = ast.parse(source)
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        tree.body[-1] = ast.Assign([ast.Name("_", ast.Store())], tree.body[-1].value)
    code = compile(ast.fix_missing_locations(tree), "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    pending = eval(code, namespace)
    if pending is not None:
        await pending
    return namespace.get("_")
