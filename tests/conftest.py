"""What every test gets: a store, a class registry and a process of its own making."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.persistence.registry import view_classes
from kit.state import StateStore, get_store, set_store


def _is_test(module: str) -> bool:
    return module.rpartition(".")[2].startswith("test_")


def _folder(module: str) -> str:
    return module.rpartition(".")[0]


@pytest.fixture(autouse=True)
def store(request) -> Iterator[StateStore]:
    """A store that no other test has touched, and the classes of the modules that the test's own uses."""
    before = set_store(StateStore())
    classes = {key: view_classes.get(key) for key in view_classes}
    name = request.module.__name__
    used = {name, *(getattr(thing, "__module__", None) for thing in vars(request.module).values())}
    for key, cls in classes.items():
        beside = not _is_test(cls.__module__) and _folder(cls.__module__) == _folder(name)
        if cls.__module__ not in used and not beside:
            view_classes.put(key, None)
    yield get_store()
    set_store(before)
    for key in {*view_classes, *classes}:
        view_classes.put(key, classes.get(key))


@pytest.fixture(autouse=True, scope="session")
def discord_recorder():
    """Hears what every simulator takes, answers and tells; None without Discord's description of its API."""
    if not (Path(__file__).parents[1].parent / "shared" / "discord" / "openapi.json").exists():
        yield None
        return
    from tests.conformance.description import corrected
    from tests.conformance.recorder import Recorder

    recorder = Recorder(corrected())
    with recorder.listening():
        yield recorder


@pytest.fixture(autouse=True)
def conforming(discord_recorder):
    """A simulator that a test uses keeps to Discord's description, or the test has failed."""
    yield
    faults = discord_recorder.news() if discord_recorder is not None else []
    assert not faults, "Discord's description of its API says otherwise:\n" + "\n".join(map(str, faults))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Where everything is installed (KIT_REQUIRE names the marks), a test that is skipped has failed."""
    report = yield
    required = os.environ.get("KIT_REQUIRE", "").split(",")
    if report.skipped and any(item.get_closest_marker(mark) for mark in required if mark):
        report.outcome = "failed"
        report.longrepr = f"skipped, but required here: {report.longrepr}"
    return report
