"""A notebook without Jupyter: cells run in a real IPython shell, and a ledger records them."""

from __future__ import annotations

import contextlib
import io
import sys
from typing import TYPE_CHECKING, Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from kit.export import Cell, Export, Ledger, export_view

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Notebook:
    """Runs cells and exports from them, as the lab does."""

    def __init__(self, directory: Path) -> None:
        self.shell = InteractiveShell(user_ns={})
        self.shell.history_manager.enabled = False
        self.ledger = Ledger()
        self.directory = directory

    @property
    def namespace(self) -> dict[str, Any]:
        return self.shell.user_ns

    async def run(self, *cells: str, may_fail: bool = False) -> None:
        for source in cells:
            result = await self._execute(source)
            error = result.error_before_exec or result.error_in_exec
            if error is not None and not may_fail:
                raise AssertionError(f"the cell raised {error!r}:\n{source}")

    async def _execute(self, source: str) -> Any:
        transformed = self.shell.transform_cell(source)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            result = await self.shell.run_cell_async(source, store_history=True, transformed_cell=transformed)
        self.ledger.append(
            Cell(
                number=len(self.ledger.cells) + 1,
                source=source,
                transformed=transformed,
                succeeded=result.success,
                failed_line=_failed_line(result.error_in_exec),
                id=f"cell-{len(self.ledger.cells) + 1}",
            )
        )
        return result

    async def export(self, view: str | type = "Poll", **options: Any) -> Export:
        options.setdefault("to", self.directory / "exported.py")
        return await export_view(view, ledger=self.ledger, namespace=self.namespace, **options)

    async def write(self, view: str = "Poll", **options: Any) -> str:
        """Export without the proof and give the module's text."""
        return (await self.export(view, prove=False, **options)).code


def _failed_line(error: BaseException | None) -> int | None:
    traceback = getattr(error, "__traceback__", None)
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename.startswith("<ipython-input"):
            return traceback.tb_lineno
        traceback = traceback.tb_next
    return None


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    main = sys.modules["__main__"]
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    book = Notebook(project)
    yield book
    book.shell.reset(new_session=False)
    with contextlib.suppress(AttributeError):
        book.shell.history_manager.end_session()
    book.shell.restore_sys_module_state()
    InteractiveShell.clear_instance()
    sys.modules["__main__"] = main
