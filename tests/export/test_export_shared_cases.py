"""The project's shared export cases, where they are at hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kit.export import ExportError

if TYPE_CHECKING:
    from conftest import Notebook

CASES = sorted((Path(__file__).parents[2].parent / "shared" / "export_cases").glob("*.json"))


@pytest.mark.skipif(not CASES, reason="the shared export cases are not beside this repository")
@pytest.mark.parametrize("text", [path.read_text() for path in CASES], ids=[path.stem for path in CASES])
@pytest.mark.asyncio
async def test_shared_case(notebook: Notebook, text: str) -> None:
    """A notebook of the collection comes out as the collection says."""
    case: dict[str, Any] = json.loads(text)
    await notebook.run(*case["cells"], may_fail=bool(case.get("failed")))
    target = notebook.directory / "exported.py"
    if case["expect"].startswith("error: "):
        with pytest.raises(ExportError) as caught:
            await notebook.export(case["export"])
        assert caught.value.reason == case["expect"].removeprefix("error: ")
        assert not target.exists()
        return
    done = await notebook.export(case["export"])
    assert done.proof is not None
    assert done.proof.passed
    assert all(part in done.code for part in case.get("must_contain", []))
    assert not any(part in done.code for part in case.get("must_not_contain", []))
    if "warning" in case:
        assert case["warning"] in [warning.kind for warning in done.warnings]
    assert target.read_text() == done.code
