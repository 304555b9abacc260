"""One JupyterLab and one Chromium for all browser tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.jupyterlab import CHROMIUM, CHROMIUM_ARGUMENTS, JupyterServer, NotebookPage


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """What JupyterLab serves."""
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="session")
def jupyter(folder, tmp_path_factory) -> Iterator[JupyterServer]:
    """A running JupyterLab."""
    if CHROMIUM is None:
        pytest.skip("no Chromium: install it (Debian: `apt-get install chromium`) or name it in KIT_CHROMIUM")
    server = JupyterServer(folder, tmp_path_factory.mktemp("jupyter"))
    yield server
    server.close()


@pytest.fixture(scope="module")
def browser(jupyter):
    """A headless Chromium for one module: while it runs, Playwright's loop lets no other loop run."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_notebook(browser, jupyter) -> Iterator[Callable[[str], NotebookPage]]:
    """Opens a notebook of the served folder."""
    opened = []

    def open_it(name: str, **options) -> NotebookPage:
        page = browser.new_page(**{"viewport": {"width": 1280, "height": 1000}, **options})
        notebook = NotebookPage(page, jupyter)
        opened.append(notebook)
        return notebook.open(name)

    yield open_it
    for notebook in opened:
        notebook.close()
