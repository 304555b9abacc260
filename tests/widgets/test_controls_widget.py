"""The controls: commands that reach the bench, and a status that can be read."""

from __future__ import annotations

import asyncio

import pytest

from kit.widgets import Controls
from tests.widgets.fakes import FULL_STATUS, FakeBench, record_sends


@pytest.fixture
def open_controls(errors):
    """Make controls that report to `errors` and are closed at the end."""
    opened = []

    def make(bench, **options):
        controls = Controls(bench, on_error=errors.append, **options)
        opened.append(controls)
        return controls, record_sends(controls)

    yield make
    for controls in opened:
        controls.close()


def command(name, nonce="n", **arguments):
    return {"type": "command", "nonce": nonce, "name": name, "arguments": arguments}


async def receive(controls, *messages):
    for message in messages:
        controls._receive(controls, message, [])
    for _ in range(4):
        await asyncio.sleep(0)


@pytest.mark.asyncio
async def test_commands_reach_the_bench(open_controls, errors):
    """Restart, crash, clearing and export are carried out and answered."""
    bench = FakeBench()
    controls, sent = open_controls(bench)
    await receive(
        controls,
        command("restart", "1"),
        command("crash", "2"),
        command("clear_errors", "3"),
        command("export", "4", view="RolePanel", to="cogs/panel.py"),
    )
    export = ("export", {"view": "RolePanel", "to": "cogs/panel.py"})
    assert bench.commands == [("restart", {}), ("crash", {}), ("clear_errors", {}), export]
    assert [message["status"] for message, _ in sent] == ["ok"] * 4
    assert errors == []


@pytest.mark.asyncio
async def test_a_command_that_fails_says_why(open_controls, errors):
    """An export that is refused shows its reason where the button is."""
    bench = FakeBench()
    bench.failure = RuntimeError("cogs/panel.py has changed since")
    controls, sent = open_controls(bench)
    await receive(controls, command("export", view="RolePanel", to="cogs/panel.py"))
    assert sent[-1][0]["reason"] == "RuntimeError: cogs/panel.py has changed since"
    assert errors == [bench.failure]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("message", "says"),
    [
        (command("format_disk"), "'format_disk' is unknown"),
        (command("restart", hard=True), "takes no arguments"),
        (command("export", view="Nope", to="x"), "no view 'Nope'"),
        (command("export", view="RolePanel"), "'to' must be a text"),
        (command("export", view="RolePanel", to="x" * 1025), "1025 characters"),
        ({"type": "command", "nonce": "n", "name": "restart"}, "must be an object"),
        ({"type": "command", "name": "restart", "arguments": {}}, "'nonce' must be a text"),
        ({"type": "dance"}, "'dance'"),
    ],
)
async def test_a_command_that_is_not_right_does_nothing(open_controls, errors, message, says):
    """Whatever a page sends, only known commands reach the bench."""
    bench = FakeBench()
    controls, _ = open_controls(bench)
    await receive(controls, message)
    assert bench.commands == []
    assert says in str(errors[0])


@pytest.mark.asyncio
async def test_the_status_follows_the_bench(open_controls):
    """A new view gets the status, and changes of a moment come together."""
    bench = FakeBench(errors=[{"when": "1", "what": "x", "traceback": "y" * 50_000}] * 80)
    controls, sent = open_controls(bench)
    await receive(controls, {"type": "ready", "view": "v"})
    assert sent[0][0]["view"] == "v"
    assert len(sent[0][0]["status"]["errors"]) == 50
    assert len(sent[0][0]["status"]["errors"][0]["traceback"]) == 20_000
    assert len(bench.now["errors"][0]["traceback"]) == 50_000
    for life in range(100):
        bench.change(life=life)
    await asyncio.sleep(0.06)
    assert len(sent) == 3
    assert sent[-1][0]["status"]["life"] == 99


@pytest.mark.asyncio
async def test_nothing_is_left_after_close(errors):
    """Closed controls follow nothing and leave no task."""
    bench = FakeBench()
    controls = Controls(bench, on_error=errors.append)
    controls.close()
    assert bench.listeners == []
    assert len(asyncio.all_tasks()) == 1


def test_a_reload_without_a_line_names_its_cell(open_controls):
    """Only what failed has a line; where a class took over, the cell is all there is to tell."""
    controls, _ = open_controls(
        FakeBench(reloads=[{"view": "Poll", "status": "reloaded", "cell": 5, "line": None}])
    )
    assert "Poll reloaded (cell 5)" in controls.to_text().split("\n")


def test_text_and_html_tell_the_status(open_controls):
    """In a terminal the same can be read."""
    controls, _ = open_controls(FakeBench(**FULL_STATUS))
    assert controls.to_text().split("\n") == [
        "Helper ● online, life 3",
        "Last start: restored 4, skipped 0, failed 1, removed 1, unreachable 0, 41.7 ms",
        "Poll refused (cell 5, line 2): two buttons share an id",
        "RolePanel reloaded (cell 4, line 1): label a → b",
        "12:00:01 RolePanel.join",
        "RolePanel → cogs/a.py: written",
        "  loads",
        "  answers",
    ]
    assert controls.to_html().startswith("<pre>Helper")
