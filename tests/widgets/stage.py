"""A page that shows one widget, with a fake of anywidget's model between it and a loop on another thread."""

from __future__ import annotations

import asyncio
import base64
import json
import queue
import threading

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Kernel:
    """The kernel's side: a thread with a loop of its own, since Playwright's loop holds the test's thread."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()

    def call(self, function, *args, **options):
        """Call on the kernel's loop and return the result."""

        async def work():
            return function(*args, **options)

        return asyncio.run_coroutine_threadsafe(work(), self.loop).result(10)

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


class Stage:
    """A page that mounts widgets with a fake anywidget model wired to widgets of a `Kernel`.

    Messages of both sides wait in queues until `pump` carries them across.
    """

    def __init__(self, page):
        self.page = page
        self.kernel = Kernel()
        self.inbox = queue.SimpleQueue()
        self.outbox = queue.SimpleQueue()
        self.problems = []
        self.requests = []
        self.widget = None
        page.set_default_timeout(5000)
        page.on("console", lambda entry: self.problems.append(entry.text) if entry.type == "error" else None)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.expose_function("toPython", lambda text: self.inbox.put(json.loads(text)))

    def mount(self, make, *args, background="#0e0e11", **options):
        """Make a widget on the kernel, show it and return it."""
        self.widget = self.kernel.call(make, *args, **options)
        self.widget.send = lambda message, buffers=None: self.outbox.put((message, buffers or []))
        self.page.set_content(
            f"<body style='margin:12px;background:{background}'><div id='site'></div></body>"
        )
        state = {name: value for name, value in self.widget.get_state().items() if name[0] == "_"}
        self.page.evaluate(_MOUNT, {"source": state.pop("_esm"), "state": _plain(state)})
        self.pump()
        return self.widget

    def pump(self, rounds=5):
        """Carry messages both ways until nothing waits."""
        for _ in range(rounds):
            self.page.evaluate("() => new Promise((done) => setTimeout(done, 8))")
            while not self.inbox.empty():
                self.widget._receive(self.widget, self.inbox.get(), [])
            for _ in range(4):
                self.kernel.call(lambda: None)
            while not self.outbox.empty():
                message, buffers = self.outbox.get()
                encoded = [base64.b64encode(item).decode() for item in buffers]
                self.page.evaluate("([message, buffers]) => fromPython(message, buffers)", [message, encoded])

    def close(self):
        if self.widget is not None:
            self.kernel.call(self.widget.close)
        self.kernel.close()
        self.page.close()


def _plain(state):
    return {
        name: value for name, value in state.items() if isinstance(value, str | int | float | bool | None)
    }


_MOUNT = """async ({ source, state }) => {
  const listeners = new Map();
  const model = {
    get: (name) => state[name],
    send: (message) => toPython(JSON.stringify(message)),
    on: (name, call) => listeners.set(name, [...(listeners.get(name) ?? []), call]),
    off: (name, call) => listeners.set(name, (listeners.get(name) ?? []).filter((item) => item !== call)),
  };
  window.listeners = listeners;
  window.fromPython = (message, buffers) => {
    const read = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
    const views = buffers.map(read);
    for (const call of listeners.get("msg:custom") ?? []) call(message, views);
  };
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const module = await import(url);
  URL.revokeObjectURL(url);
  window.unmount = module.default.render({ model, el: document.getElementById("site") });
}"""
