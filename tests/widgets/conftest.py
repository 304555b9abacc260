"""Previews that record what they send, and a browser page to show widgets on."""

from __future__ import annotations

import shutil

import pytest

from kit.widgets import Preview
from tests.widgets.fakes import record_sends
from tests.widgets.stage import FLAGS, Stage

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture
def errors():
    return []


@pytest.fixture
def open_preview(errors):
    """Make previews that report to `errors` and are closed at the end."""
    opened = []

    def make(channel, **options):
        preview = Preview(channel, on_error=errors.append, **options)
        opened.append(preview)
        return preview, record_sends(preview)

    yield make
    for preview in opened:
        preview.close()


@pytest.fixture(scope="module")
def chromium():
    """A browser for one module: while it runs, Playwright's loop lets no other loop run on this thread."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium; install it, or put it on PATH")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright's Python package")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def stage(chromium):
    page = chromium.new_page(viewport={"width": 760, "height": 900}, timezone_id="UTC", locale="en-US")
    stage = Stage(page)
    yield stage
    stage.close()


@pytest.fixture
def show(stage):
    """Mount a preview, and check at the end that the page asked nobody for anything and had no problem."""
    errors = []

    def mount(channel, **options):
        stage.mount(Preview, channel, on_error=errors.append, **options)
        return stage.page

    mount.errors = errors
    yield mount
    assert stage.problems == []
    assert [url for url in stage.requests if not url.startswith(("blob:", "data:"))] == []
