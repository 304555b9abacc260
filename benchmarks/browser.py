"""Measures what is felt in JupyterLab: a click to the repainted message, and a state tree of 100,000 nodes.

    python benchmarks/browser.py [--rounds N] [--markdown]

Needs JupyterLab, Playwright's Python package and Chromium. Beside each median stands what nine of ten stay
below. A time ends in the frame that shows the change; bytes are whole frames of the kernel's websocket,
Jupyter's headers included.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.e2e.jupyterlab import CHROMIUM, CHROMIUM_ARGUMENTS, JupyterServer, NotebookPage  # noqa: E402

ENTRIES = 100_000
Rows = dict[str, list[float]]

CLICK = """() => new Promise((done) => {
  const roots = [...document.querySelectorAll(".viewkit-host")].map((host) => host.shadowRoot);
  const root = roots.find((each) => each.querySelector('[data-custom-id="roles:get"]'));
  const label = () => root.querySelector('[data-custom-id="roles:get"] .face').textContent;
  const before = label();
  const observer = new MutationObserver(() => {
    if (label() === before) return;
    observer.disconnect();
    requestAnimationFrame(() => done(performance.now() - start));
  });
  observer.observe(root, { subtree: true, childList: true, characterData: true });
  const start = performance.now();
  root.querySelector('[data-custom-id="roles:get"]').click();
})"""

FIRST_PAINT = """() => {
  const root = () => document.querySelector(".viewkit-host")?.shadowRoot;
  window.painted = new Promise((done) => {
    const look = () => {
      if (root()?.querySelectorAll(".row").length > 100) done(performance.timeOrigin + performance.now());
      else requestAnimationFrame(look);
    };
    look();
  });
}"""

LEAF_PAINTS = """(wanted) => {
  const root = document.querySelector(".viewkit-host").shadowRoot;
  const leaf = `[data-path='["application","counters","key7"]'] .value`;
  const value = () => root.querySelector(leaf).textContent;
  let shown = value();
  window.painted = new Promise((done) => {
    const times = [];
    new MutationObserver(() => {
      if (value() === shown) return;
      shown = value();
      requestAnimationFrame(() => {
        if (times.push(performance.timeOrigin + performance.now()) === wanted) done(times);
      });
    }).observe(root, { subtree: true, childList: true, characterData: true });
  });
}"""

STORE = f"""
import asyncio
import time

import kit
from kit.state import get_store
from kit.widgets import StateTree


@kit.reducer("COUNTED")
def counted(action, state):
    state["application"]["counters"][action["payload"]["key"]] += 1


store = get_store()
store.load({{"application": {{"counters": {{f"key{{number}}": number for number in range({ENTRIES})}}}}}})
dispatched = []


async def count(times):
    for _ in range(times):
        await asyncio.sleep(0.1)
        dispatched.append(time.time() * 1000)
        await store.dispatch("COUNTED", {{"key": "key7"}})
"""
TREE = """
started = time.time() * 1000
StateTree(store, open_paths=[("application", "counters")])
"""


class Wire:
    """The frames that the kernel sent to a page.

    Args:
        page: The page, before it opens a notebook.
    """

    def __init__(self, page: Page) -> None:
        self.frames: list[bytes] = []
        page.on("websocket", lambda socket: socket.on("framereceived", self._note))

    def _note(self, frame: str | bytes) -> None:
        self.frames.append(frame.encode() if isinstance(frame, str) else frame)

    def messages(self) -> list[int]:
        """The sizes of the messages of widgets since the last time."""
        frames, self.frames = self.frames, []
        return [len(frame) for frame in frames if b'"comm_msg"' in frame and b'"custom"' in frame]


@contextmanager
def opened(browser: Browser, server: JupyterServer, name: str) -> Iterator[tuple[NotebookPage, Wire]]:
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    wire = Wire(page)
    notebook = NotebookPage(page, server).open(name)
    try:
        yield notebook, wire
    finally:
        notebook.close()


def row(rows: Rows, name: str) -> list[float]:
    return rows.setdefault(name, [])


def measure_clicks(rows: Rows, browser: Browser, server: JupyterServer, rounds: int) -> None:
    with opened(browser, server, "quickstart.ipynb") as (notebook, _):
        cells = notebook.cells()
        last = next(index for index, cell in enumerate(cells) if cell["source"] == "lab.state()")
        post = next(index for index, cell in enumerate(cells) if "lab.preview()" in cell["source"])
        for index in range(last + 1):
            if cells[index]["cell_type"] == "code":
                notebook.run(index)
        notebook.show(post)
        notebook.output(post).locator('[data-custom-id="roles:get"]').wait_for()
        for _ in range(rounds):
            notebook.page.wait_for_timeout(150)
            row(rows, "click in the browser to the repainted message (ms)").append(
                notebook.page.evaluate(CLICK)
            )


def measure_tree(rows: Rows, browser: Browser, server: JupyterServer, rounds: int) -> None:
    tree = f"state tree of {ENTRIES:,} entries"
    for _ in range(max(rounds // 10, 1)):
        with opened(browser, server, "tree.ipynb") as (notebook, wire):
            page = notebook.page
            notebook.run(0)
            wire.messages()
            page.evaluate(FIRST_PAINT)
            notebook.run(1)
            painted = page.evaluate("() => window.painted")
            row(rows, f"{tree}: first paint (ms)").append(painted - float(notebook.ask("print(started)")))
            row(rows, f"{tree}: first paint (bytes)").append(sum(wire.messages()))
            page.evaluate(LEAF_PAINTS, 10)
            notebook.ask("counting = asyncio.create_task(count(10))")
            painted = page.evaluate("() => window.painted")
            dispatched = json.loads(notebook.ask("print(dispatched)"))
            row(rows, f"{tree}: one leaf, dispatch to paint (ms)").extend(
                shown - made for shown, made in zip(painted, dispatched, strict=True)
            )
            row(rows, f"{tree}: one leaf (bytes)").extend(wire.messages())


def show(rows: Rows, *, markdown: bool) -> None:
    if markdown:
        print("| work | median | 90 % below |\n| --- | ---: | ---: |")
    for name, values in rows.items():
        slow = sorted(values)[len(values) * 9 // 10]
        cells = [
            name,
            *(
                f"{value:,.1f}" if "(ms)" in name else f"{value:,.0f}"
                for value in (statistics.median(values), slow)
            ),
        ]
        print(f"| {' | '.join(cells)} |" if markdown else f"{cells[0]:<62}{cells[1]:>10}{cells[2]:>10}")


def write_notebooks(folder: Path) -> None:
    shutil.copy(ROOT / "notebooks" / "quickstart.ipynb", folder)
    cells = [
        {
            "cell_type": "code",
            "id": name,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "source": source,
        }
        for name, source in (("store", STORE), ("tree", TREE))
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "tree.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure clicks and the state tree in a real JupyterLab.")
    parser.add_argument(
        "--rounds", type=int, default=30, help="clicks, and updates of a leaf, to take the median of"
    )
    parser.add_argument("--markdown", action="store_true", help="print a table for the README")
    options = parser.parse_args()
    rows: Rows = {}
    with tempfile.TemporaryDirectory(prefix="viewkit-bench-") as folder, sync_playwright() as playwright:
        root, home = Path(folder, "notebooks"), Path(folder, "jupyter")
        root.mkdir()
        home.mkdir()
        write_notebooks(root)
        server = JupyterServer(root, home)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        try:
            measure_clicks(rows, browser, server, options.rounds)
            measure_tree(rows, browser, server, options.rounds)
        finally:
            browser.close()
            server.close()
    show(rows, markdown=options.markdown)


if __name__ == "__main__":
    main()
