"""Drives a real JupyterLab in headless Chromium.

The page is driven through `window.jupyterapp` (`--expose-app-in-browser`), not through
menus. A cell is waited for by its own `executionState`: the kernel's status reads "idle"
while a cell runs, because each widget message publishes a busy and an idle of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, Self

from playwright.sync_api import Locator, Page

CHROMIUM = os.environ.get("KIT_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
CHROMIUM_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
    "@jupyterlab/completer-extension:manager": {"autoCompletion": False},
}

_PANEL = """(() => {
    const shell = window.jupyterapp.shell;
    const isNotebook = (widget) => widget && widget.sessionContext;
    return isNotebook(shell.currentWidget) ? shell.currentWidget : [...shell.widgets('main')].find(isNotebook);
})()"""


class JupyterServer:
    """A JupyterLab on 127.0.0.1 whose settings and data are its own.

    Args:
        root: The folder it serves.
        home: An empty folder for its settings.
    """

    def __init__(self, root: Path, home: Path) -> None:
        self.root = root
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        (home / "config" / "labconfig").mkdir(parents=True)
        (home / "config" / "labconfig" / "default_setting_overrides.json").write_text(json.dumps(SETTINGS))
        self._log = home / "server.log"
        folders = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "run",
            "IPYTHONDIR": "ipython",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        }
        environment = {name: str(home / folder) for name, folder in folders.items()}
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={self.port}"),
            *("--ip=127.0.0.1", "--ServerApp.port_retries=0", "--IdentityProvider.token="),
            *(
                "--ServerApp.disable_check_xsrf=True",
                f"--ServerApp.root_dir={root}",
                "--expose-app-in-browser",
            ),
        ]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, env={**os.environ, **environment}, stdout=log, stderr=subprocess.STDOUT, cwd=root
            )
        self._wait()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            if self._process.poll() is not None:
                raise RuntimeError(self._log.read_text()[-3000:])
            try:
                urllib.request.urlopen(f"{self.url}/api", timeout=2).read()
            except OSError:
                if time.monotonic() > deadline:
                    raise TimeoutError(self._log.read_text()[-3000:]) from None
                time.sleep(0.05)
            else:
                return

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class NotebookPage:
    """One notebook open in JupyterLab."""

    def __init__(self, page: Page, server: JupyterServer) -> None:
        self.page = page
        self.server = server
        self.console: list[str] = []
        self.offsite: list[str] = []
        page.on("console", lambda message: self.console.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.console.append(f"pageerror: {error}"))
        page.on("request", lambda request: self._note(request.url))

    def _note(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")):
            self.offsite.append(url)

    def open(self, name: str) -> Self:
        self.page.goto(f"{self.server.url}/lab/tree/{name}?reset", wait_until="domcontentloaded")
        self.page.wait_for_function(
            "() => { if (!window.jupyterapp) return false; const panel = " + _PANEL + ";"
            " return panel && panel.sessionContext.session?.kernel?.status === 'idle'"
            " && panel.content.widgets.length > 0; }",
            timeout=60_000,
        )
        return self

    def run(self, index: int, timeout: float = 60) -> None:
        """Run a cell as the user does, and wait for its end."""
        self.page.evaluate(
            "async (index) => { const panel = " + _PANEL + "; panel.content.deselectAll();"
            " panel.content.activeCellIndex = index;"
            " await window.jupyterapp.commands.execute('notebook:run-cell'); }",
            index,
        )
        self.page.wait_for_function(
            "(index) => (" + _PANEL + ").content.widgets[index].model.executionState === 'idle'",
            arg=index,
            timeout=timeout * 1000,
        )

    def set_source(self, index: int, source: str) -> None:
        self.page.evaluate(
            "([index, source]) => ("
            + _PANEL
            + ").content.widgets[index].model.sharedModel.setSource(source)",
            [index, source],
        )

    def source(self, index: int) -> str:
        return str(
            self.page.evaluate(
                "(index) => (" + _PANEL + ").content.widgets[index].model.sharedModel.getSource()", index
            )
        )

    def cells(self) -> list[dict[str, Any]]:
        return list(self.page.evaluate("() => (" + _PANEL + ").content.model.toJSON().cells"))

    def output(self, index: int) -> Locator:
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".jp-Cell-outputArea")

    def show(self, index: int) -> None:
        """Scroll to a cell."""
        self.page.evaluate(
            "async (index) => { const panel = " + _PANEL + ";"
            " panel.content.activeCellIndex = index; await panel.content.scrollToItem(index, 'start'); }",
            index,
        )

    def ask(self, code: str) -> str:
        """Run code in the kernel beside the notebook; what it prints, or its error."""
        return str(
            self.page.evaluate(
                "async (code) => { const kernel = ("
                + _PANEL
                + ").sessionContext.session.kernel; let out = '';"
                " const future = kernel.requestExecute({code, store_history: false});"
                " future.onIOPub = (message) => {"
                " if (message.header.msg_type === 'stream') out += message.content.text;"
                " if (message.header.msg_type === 'error')"
                " out += message.content.ename + ': ' + message.content.evalue; };"
                " await future.done; return out; }",
                code,
            )
        )

    def close(self) -> None:
        self.page.evaluate(
            "async () => { const panel = "
            + _PANEL
            + "; if (!panel) return; panel.context.model.dirty = false;"
            " const id = panel.sessionContext.session?.id;"
            " if (id) await window.jupyterapp.serviceManager.sessions.shutdown(id); }"
        )
        self.page.close()
