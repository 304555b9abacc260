"""What is written, when, and what is never overwritten."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kit.export import ExportError
from kit.export import proof as proofs

if TYPE_CHECKING:
    from conftest import Notebook

IMPORTS = "import discord\nfrom discord import ui"
POLL = """class Poll(ui.View):
    def __init__(self):
        super().__init__(timeout=None)

    @ui.button(label='Vote', custom_id='poll:vote')
    async def vote(self, interaction, button):
        await interaction.response.send_message('ok')
"""


@pytest.mark.asyncio
async def test_same_notebook_gives_the_same_bytes(notebook: Notebook) -> None:
    """Exporting twice changes nothing, so that a repository sees no difference."""
    await notebook.run(IMPORTS, POLL)
    first = await notebook.export(prove=False)
    written = first.path.read_bytes()
    second = await notebook.export(prove=False)
    assert (first.unchanged, second.unchanged) == (False, True)
    assert written == second.path.read_bytes()
    assert re.match(r"# Exported by viewkit from Poll, digest sha256:[0-9a-f]{16}\n", first.code)
    assert str(notebook.directory) not in first.code


@pytest.mark.asyncio
async def test_changed_cells_replace_the_last_export(notebook: Notebook) -> None:
    """A file that nobody edited follows the notebook."""
    await notebook.run(IMPORTS, POLL)
    await notebook.export(prove=False)
    await notebook.run(POLL.replace("'ok'", "'fine'"))
    done = await notebook.export(prove=False)
    assert "'fine'" in done.path.read_text()


@pytest.mark.parametrize(
    "present",
    ["{code}\nEDITED = True\n", "print('mine')\n", "", "{other}"],
    ids=["edited", "foreign", "empty", "of another class"],
)
@pytest.mark.asyncio
async def test_other_work_is_never_overwritten(notebook: Notebook, present: str) -> None:
    """An edited, foreign or other view's file stays as it is, and the difference is shown."""
    await notebook.run(IMPORTS, POLL, POLL.replace("Poll", "Vote"))
    code = (await notebook.export(prove=False, to="first.py")).code
    other = (await notebook.export("Vote", prove=False, to="other.py")).code
    target = notebook.directory / "exported.py"
    text = present.format(code=code, other=other)
    target.write_text(text)
    with pytest.raises(ExportError) as caught:
        await notebook.export(prove=False)
    assert caught.value.reason == "conflict"
    assert "+++ the new export" in str(caught.value)
    assert target.read_text() == text


@pytest.mark.asyncio
async def test_line_endings_of_a_checkout_are_no_edit(notebook: Notebook) -> None:
    """Git on Windows rewrites line ends; that is not an edit by hand."""
    await notebook.run(IMPORTS, POLL)
    done = await notebook.export(prove=False)
    done.path.write_bytes(done.path.read_bytes().replace(b"\n", b"\r\n"))
    assert (await notebook.export(prove=False)).unchanged


@pytest.mark.asyncio
async def test_directory_and_missing_parents(notebook: Notebook) -> None:
    """`to` may be a directory, and the directories above a new module are made."""
    await notebook.run(IMPORTS, POLL.replace("Poll", "RolePanel"))
    assert (
        await notebook.export("RolePanel", prove=False, to=notebook.directory)
    ).path.name == "role_panel.py"
    done = await notebook.export("RolePanel", to="cogs/roles.py")
    assert done.proof is not None
    assert (notebook.directory / "cogs" / "roles.py").exists()
    assert [found.name for found in (notebook.directory / "cogs").iterdir()] == ["roles.py"]


@pytest.mark.asyncio
async def test_name_that_no_bot_can_load_is_refused(notebook: Notebook) -> None:
    """An extension's file must be a module's name."""
    await notebook.run(IMPORTS, POLL)
    with pytest.raises(ExportError) as caught:
        await notebook.export(to="my-poll.py")
    assert caught.value.reason == "path"
    assert "my_poll.py" in caught.value.fix


@pytest.mark.asyncio
async def test_failed_proof_writes_nothing(notebook: Notebook) -> None:
    """A module that a fresh interpreter can't load is not written, and the cell is named."""
    await notebook.run(IMPORTS + "\nimport sys", "assert 'IPython' in sys.modules, (LIMIT := 3)")
    await notebook.run("NAME = sys.modules['IPython'].__name__", POLL.replace("'ok'", "NAME"))
    with pytest.raises(ExportError) as caught:
        await notebook.export()
    assert (caught.value.reason, caught.value.cell) == ("proof", 3)
    assert "KeyError" in str(caught.value)
    assert not list(notebook.directory.iterdir())


@pytest.mark.asyncio
async def test_other_payload_in_a_fresh_process_is_refused(notebook: Notebook) -> None:
    """A view that looks different outside the notebook would not fit the messages already posted."""
    await notebook.run(
        IMPORTS + "\nimport sys", POLL.replace("'poll:vote'", "f'poll:{\"IPython\" in sys.modules}'")
    )
    with pytest.raises(ExportError) as caught:
        await notebook.export()
    assert caught.value.reason == "proof"
    assert "poll:False" in str(caught.value)


@pytest.mark.asyncio
async def test_what_unloading_leaves_is_refused(notebook: Notebook) -> None:
    """A cog that starts a task and forgets it is seen by the proof."""
    await notebook.run(
        IMPORTS + "\nimport asyncio",
        POLL.replace(
            "timeout=None)", "timeout=None)\n        self.task = asyncio.ensure_future(asyncio.sleep(60))"
        ),
    )
    with pytest.raises(ExportError) as caught:
        await notebook.export()
    assert caught.value.reason == "proof"
    assert "left behind" in str(caught.value)
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


@pytest.mark.asyncio
async def test_cancelled_proof_leaves_nothing(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupting an export kills its process and writes no file."""
    started = asyncio.Event()
    processes: list[asyncio.subprocess.Process] = []
    create = asyncio.create_subprocess_exec

    async def remember(*arguments: str, **options: object) -> asyncio.subprocess.Process:
        process = await create(*arguments, **options)
        processes.append(process)
        started.set()
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", remember)
    await notebook.run(IMPORTS, "import time\nPAUSE = time.sleep(0.2)", POLL.replace("'ok'", "str(PAUSE)"))
    task = asyncio.create_task(notebook.export())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert processes[0].returncode is not None
    assert not list(notebook.directory.iterdir())


@pytest.mark.asyncio
async def test_module_that_hangs_is_given_up(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that waits at import is refused after the time limit."""
    monkeypatch.setattr(proofs, "TIME_LIMIT", 1.0)
    await notebook.run(
        IMPORTS + "\nimport sys, time",
        "PAUSE = None if 'IPython' in sys.modules else time.sleep(60)",
        POLL.replace("'ok'", "str(PAUSE)"),
    )
    with pytest.raises(ExportError) as caught:
        await notebook.export()
    assert caught.value.reason == "proof"
    assert "1 seconds" in str(caught.value)


@pytest.mark.asyncio
async def test_failed_write_keeps_the_old_file(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk leaves the last export whole and no temporary file beside it."""
    await notebook.run(IMPORTS, POLL)
    done = await notebook.export(prove=False)
    await notebook.run(POLL.replace("'ok'", "'fine'"))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        await notebook.export(prove=False)
    assert done.path.read_text() == done.code
    assert [found.name for found in notebook.directory.iterdir()] == ["exported.py"]


@pytest.mark.asyncio
async def test_module_passes_ruff(notebook: Notebook) -> None:
    """The module passes ruff's default rules and its formatter when the cells do."""
    await notebook.run(
        "from math import *\nimport os, json\nimport discord\nfrom discord import ui",
        "LIMIT = 3\nNAME = str(pi)",
        "def clip(text):\n    return os.path.basename(text)[:LIMIT]",
        "class Mode: ...",
        POLL.replace("'", '"').replace('"ok"', "clip(NAME) + Mode.__name__"),
    )
    done = await notebook.export(prove=False)
    for arguments in (["check", "--isolated"], ["format", "--check", "--isolated"]):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "ruff",
            *arguments,
            str(done.path),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()


@pytest.mark.asyncio
async def test_result_reads_well(notebook: Notebook) -> None:
    """What a cell shows after an export is short: the file, the steps of the proof, what is missing."""
    await notebook.run(IMPORTS, POLL)
    done = await notebook.export()
    text = str(done)
    assert text.startswith("Poll -> ")
    assert "✓ loads\n" in text
    assert "&gt;" in done._repr_html_()
    assert len(text.splitlines()) < 12
