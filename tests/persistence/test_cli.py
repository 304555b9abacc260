"""`python -m kit.persistence`, run as an operator runs it."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import sqlite3
import struct
import subprocess
import sys
import termios
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest

from kit.persistence.cli import main, parser, redact
from tests.persistence.test_migration import SAMPLE, files, old_database

ENVIRONMENT = {
    **os.environ,
    "PYTHONWARNINGS": "error,ignore:'audioop' is deprecated:DeprecationWarning",
    "COLUMNS": "100",
}


class Done(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def process(folder: Path, *arguments: str) -> Done:
    """The command as a process of its own, in `folder`."""
    command = [sys.executable, "-m", "kit.persistence", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=ENVIRONMENT, text=True, capture_output=True, timeout=60, check=False
    )
    return Done(done.returncode, done.stdout, done.stderr)


def run(folder: Path, *arguments: str) -> Done:
    """The same without the half second that a new process takes."""
    out, err = io.StringIO(), io.StringIO()
    with chdir(folder), redirect_stdout(out), redirect_stderr(err):
        try:
            code = main(arguments)
        except SystemExit as leaving:
            code = int(leaving.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


def on_terminal(folder: Path, *arguments: str, blocked: str = "") -> tuple[int, str]:
    """The exit code of the command, and what it wrote on stderr, a terminal."""
    code = f"import sys; sys.modules.update({{{blocked!r}: None}} if {blocked!r} else {{}})\n"
    code += "from kit.persistence.cli import main; sys.exit(main())"
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:
                break
            if not part:
                break
            shown += part
    os.close(ours)
    return process.returncode, shown.decode()


def state_file(folder: Path, name: str = "state.json", **application: object) -> Path:
    """A JSON file of kit."""
    state = {
        "views": {},
        "sessions": {},
        "application": application or {"n": 1},
        "persistent_views": {
            "roles:main": {
                "class_name": "Roles",
                "message_id": 7,
                "channel_id": 8,
                "guild_id": 9,
                "user_id": 10,
            }
        },
    }
    file = folder / name
    file.write_text(json.dumps(state))
    return file


def test_a_bot_moves_from_a_file_to_a_database(tmp_path):
    """`migrate` says what it moved, and `inspect` finds it there."""
    state_file(tmp_path, counters={"a": 1, "b": 2})
    done = process(tmp_path, "migrate", "state.json", "state.db")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "8 leaves moved",
        "  from state.json (JSON file, written by kit)",
        "  to state.db (SQLite file)",
        "  views: 0",
        "  sessions: 0",
        "  application: 1",
        "  persistent_views: 1",
    ]
    found = json.loads(run(tmp_path, "inspect", "--json", "state.db").stdout)
    assert found["branches"]["application.counters"] == 2
    assert found["panels"] == {"Roles": {"9": 1}}
    assert (found["written_by"], found["kind"], found["leaves"]) == ("kit", "SQLite file", 8)
    assert sorted(files(tmp_path)) == ["state.db", "state.json"]


def test_a_dry_run_tells_everything_and_writes_nothing(tmp_path):
    """What is left behind of pycascadeui's data is said before it is done."""
    (tmp_path / "cascadeui_state.json").write_text(SAMPLE, encoding="utf-8")
    before = files(tmp_path)
    done = run(tmp_path, "migrate", "--dry-run", "cascadeui_state.json", "state.db")
    assert done.returncode == 0
    assert "27 leaves would be moved" in done.stdout
    assert "written by pycascadeui" in done.stdout
    assert "  persistent_views: 3" in done.stdout
    assert "  note: the undo history of 1 of 3 sessions left behind" in done.stdout
    assert done.stdout.endswith("nothing was written (--dry-run)\n")
    assert files(tmp_path) == before


def test_a_target_that_holds_something_needs_replace(tmp_path):
    """The refusal is one line on stderr that names the option; with it the old content is counted."""
    state_file(tmp_path)
    state_file(tmp_path, "other.json", n=2)
    refused = run(tmp_path, "migrate", "state.json", "other.json")
    assert (refused.returncode, refused.stdout) == (1, "")
    [line] = refused.stderr.splitlines()
    assert line.startswith("error: other.json already holds 6 leaves")
    assert "--replace" in line
    done = run(tmp_path, "migrate", "state.json", "other.json", "--replace")
    assert "  6 leaves that were there were overwritten" in done.stdout
    assert json.loads((tmp_path / "other.json").read_text())["application"] == {"n": 1}


def test_inspect_shows_what_is_odd(tmp_path):
    """Ids that are text, entries that can't be restored, two panels on a message, sessions of dead views."""
    file = state_file(tmp_path)
    state = json.loads(file.read_text())
    state["persistent_views"]["text"] = {"class_name": "Roles", "message_id": "70", "channel_id": "8"}
    state["persistent_views"]["lost"] = {"class_name": "Roles", "channel_id": 8}
    state["persistent_views"]["twin"] = {"class_name": "Roles", "message_id": 7, "channel_id": 8}
    state["sessions"]["Hub:user_1"] = {
        "views": ["gone"],
        "nav_stack": [1],
        "undo_stack": [],
        "data": {"a": 1},
    }
    file.write_text(json.dumps(state))
    found = json.loads(run(tmp_path, "inspect", "state.json", "--json").stdout)
    assert {(odd["at"], odd["what"]) for odd in found["oddities"]} == {
        ("persistent_views['text']", "message_id, channel_id stored as text"),
        ("persistent_views['lost']", "lacks message_id: it can't be restored"),
        ("persistent_views['twin']", "is on the same message as 'roles:main': one of them never answers"),
        ("sessions['Hub:user_1']", "names 1 view(s) that are not there"),
    }
    assert found["sessions"] == {"all": 1, "a way back": 1, "undo": 0, "data": 1}
    shown = run(tmp_path, "inspect", "state.json").stdout
    assert "  odd entries: 4" in shown
    assert "Roles: 3 in direct messages, 1 in guild 9" in shown


def test_inspect_of_nothing_makes_nothing(tmp_path):
    """A database that is not there is not there afterwards either."""
    done = run(tmp_path, "inspect", "state.db")
    assert (done.returncode, done.stdout) == (0, "SQLite file state.db\n  nothing is stored\n")
    assert files(tmp_path) == {}


def test_inspect_of_pycascadeuis_database(tmp_path):
    """It is recognised by its table, and stays as it was."""
    old_database(tmp_path / "cascadeui.db")
    before = files(tmp_path)
    shown = run(tmp_path, "inspect", "cascadeui.db").stdout
    assert "written by pycascadeui" in shown
    assert "TicketPanel: 1 in guild 1180000000000000456" in shown
    assert "stored as text" in shown
    assert files(tmp_path) == before


def test_a_backup_is_a_new_file(tmp_path):
    """A database is copied as a database, or as JSON if the name says so; no file is overwritten."""
    state_file(tmp_path)
    run(tmp_path, "migrate", "state.json", "state.db")
    assert run(tmp_path, "backup", "state.db", "copy.db").stdout == "6 leaves copied to copy.db\n"
    assert run(tmp_path, "backup", "state.db", "copy.json").returncode == 0
    with sqlite3.connect(tmp_path / "copy.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()
    assert json.loads((tmp_path / "copy.json").read_text())["application"] == {"n": 1}
    before = files(tmp_path)
    again = run(tmp_path, "backup", "state.db", "copy.db")
    assert (again.returncode, again.stdout) == (1, "")
    assert "'copy.db' exists already" in again.stderr
    assert files(tmp_path) == before


def test_a_torn_file_is_one_line_and_no_traceback(tmp_path):
    """The operator reads which file it is and what to do."""
    (tmp_path / "state.json").write_text('{"application": ')
    for arguments in (
        ["migrate", "state.json", "new.db"],
        ["inspect", "state.json"],
        ["backup", "state.json", "b.json"],
    ):
        done = process(tmp_path, *arguments)
        assert (done.returncode, done.stdout) == (1, "")
        [line] = done.stderr.splitlines()
        assert line.startswith("error: 'state.json' can't be read: ")
        assert "restore a copy" in line
    assert list(files(tmp_path)) == ["state.json"]


def test_a_file_with_another_ending_is_recognised_by_its_content(tmp_path):
    """A header tells a database, a brace tells JSON; anything else is refused with the forms."""
    old_database(tmp_path / "bot.data")
    state_file(tmp_path, "bot.state")
    (tmp_path / "notes.txt").write_text("buy milk")
    assert run(tmp_path, "inspect", "bot.data").stdout.startswith("SQLite file bot.data")
    assert run(tmp_path, "inspect", "bot.state").stdout.startswith("JSON file bot.state")
    for name in ("notes.txt", "none.txt", "mongodb://localhost/bot"):
        refused = run(tmp_path, "inspect", name)
        assert refused.returncode == 2
        [line] = refused.stderr.splitlines()
        assert "state.json, state.db (.sqlite, .sqlite3), redis://" in line


def test_usage_errors_exit_with_2_and_help_with_0(tmp_path):
    """As every command of a shell does; the help has the forms and examples."""
    assert run(tmp_path).returncode == 2
    assert run(tmp_path, "migrate", "state.json").returncode == 2
    assert run(tmp_path, "erase", "state.json").returncode == 2
    shown = run(tmp_path, "--help")
    assert shown.returncode == 0
    assert "redis://HOST:PORT/DB?key=viewkit" in shown.stdout
    assert "python -m kit.persistence migrate --dry-run" in shown.stdout
    for command in ("migrate", "inspect", "backup"):
        assert run(tmp_path, command, "--help").returncode == 0


def test_the_examples_of_the_help_are_understood():
    """Each line of the epilog parses."""
    lines = [
        line.split()[3:] for line in parser().format_help().splitlines() if line.startswith("  python -m")
    ]
    assert len(lines) == 4
    for arguments in lines:
        assert parser().parse_args(arguments).source


@pytest.mark.parametrize(
    "arguments",
    [
        ["inspect", "redis://bot:hunter2@127.0.0.1:1/0"],
        ["inspect", "redis://bot:hun/ter2@127.0.0.1:1/0"],
        ["inspect", "redis://127.0.0.1:1/0?password=hunter2"],
        ["inspect", "mongodb://bot:hunter2@localhost"],
        ["migrate", "a.json", "b.json", "postgresql://bot:hunter2@localhost/bot"],
        ["migrate", "postgresql://bot:hunter2@127.0.0.1:1/bot", "state.json"],
    ],
)
def test_a_password_is_never_printed(tmp_path, arguments):
    """Whether the URL is wrong, in the wrong place, or names a server that is not there."""
    done = run(tmp_path, *arguments)
    assert done.returncode in (1, 2)
    assert done.stderr
    assert "Traceback" not in done.stderr
    for part in ("hunter2", "ter2", "'hun"):
        assert part not in done.stdout + done.stderr


def test_passwords_with_odd_characters_are_hidden_too():
    """Up to the last @ of the word."""
    assert redact("redis://u:p@ss:w@host:1/0 is away") == "redis://u:***@host:1/0 is away"
    assert redact("redis://host/0?key=a&password=x@y&z=1") == "redis://host/0?key=a&password=***&z=1"
    assert redact("unix:///tmp/redis.sock?db=1") == "unix:///tmp/redis.sock?db=1"


def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    """`inspect ... | head -1` ends without a complaint."""
    state_file(tmp_path, **{f"mapping-{n}": {"a": n} for n in range(20_000)})
    command = f"{sys.executable} -m kit.persistence inspect state.json | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path,
        env=ENVIRONMENT,
        text=True,
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("JSON file state.json\n0\n", "")


def test_a_large_move_shows_a_bar_on_a_terminal(tmp_path):
    """With tqdm a bar, without it lines, and neither where stderr is a file."""
    state_file(tmp_path, counters={str(n): n for n in range(20_000)})
    code, shown = on_terminal(tmp_path, "migrate", "state.json", "a.db")
    assert code == 0
    assert "comparing:" in shown
    assert "%|" in shown
    code, shown = on_terminal(tmp_path, "migrate", "a.db", "b.json", blocked="tqdm")
    assert code == 0
    assert "reading: 5,000 of 20,006" in shown
    quiet = process(tmp_path, "migrate", "b.json", "c.db")
    assert (quiet.returncode, quiet.stderr) == (0, "")


def test_a_small_move_shows_none(tmp_path):
    """A bar for ten rows is noise."""
    state_file(tmp_path)
    assert on_terminal(tmp_path, "migrate", "state.json", "a.db") == (0, "")
