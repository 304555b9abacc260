"""Takes the pictures of the README: the quickstart in a real JupyterLab, clicked through.

python docs/screenshots.py
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.e2e.jupyterlab import CHROMIUM, CHROMIUM_ARGUMENTS, JupyterServer, NotebookPage  # noqa: E402

IMAGES = ROOT / "docs" / "images"


def main() -> None:
    """Write `docs/images/*.png`."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="viewkit-shots-") as folder, sync_playwright() as playwright:
        root, home = Path(folder, "notebooks"), Path(folder, "jupyter")
        root.mkdir()
        home.mkdir()
        shutil.copy(ROOT / "notebooks" / "quickstart.ipynb", root)
        server = JupyterServer(root, home)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        page = browser.new_page(viewport={"width": 1360, "height": 1500}, device_scale_factor=1.5)
        notebook = NotebookPage(page, server).open("quickstart.ipynb")
        try:
            take(notebook)
        finally:
            notebook.close()
            browser.close()
            server.close()


def take(notebook: NotebookPage) -> None:
    """Go through the notebook, and take a picture where there is something to see."""
    cells = notebook.cells()
    codes = [index for index, cell in enumerate(cells) if cell["cell_type"] == "code"]
    post = next(index for index in codes if "lab.preview()" in cells[index]["source"])
    whole = next(index for index in codes if cells[index]["source"] == "lab")
    for index in codes:
        notebook.run(index)
        if index == post:
            notebook.show(post)
            shoot(notebook, post, "preview")
        if index == whole:
            break
    notebook.show(whole)
    board = notebook.output(whole)
    button = board.locator('[data-custom-id="roles:get"]')
    button.click()
    expect(button).to_contain_text("Become an Explorer")
    board.locator("""[data-path='["application","holders"]']""").click()
    board.locator("""[data-path='["application","holders","roles:main"]']""").click()
    board.locator("""[data-path='["persistent_views","roles:main"]']""").click()
    shoot(notebook, whole, "lab")


def shoot(notebook: NotebookPage, index: int, name: str) -> None:
    """Take a picture of a cell's output."""
    # The flash of a changed leaf is over, and fonts have settled.
    notebook.page.wait_for_timeout(1500)
    widget = notebook.output(index).locator(".jp-OutputArea-output").last
    widget.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
