"""What the three widgets share: the way from the browser to the main loop, the pace of sends, the bundle.

A callback of a widget may run on another thread with another loop (Jupyter's subshells), so a message is only
handed to the loop that ran when the widget was made. Everything else happens there.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
import re
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from html import escape
from pathlib import Path
from typing import Any, ClassVar, Final

try:
    import anywidget
    import traitlets
except ImportError as error:
    raise ImportError('kit.widgets needs anywidget. Install it with `pip install "viewkit[lab]"`.') from error

ErrorListener = Callable[[BaseException], None]
Send = tuple[dict[str, Any], list[bytes]]

THEMES: Final = ("dark", "light", "auto")
SENDS_PER_SECOND: Final = 30
_NONCES_KEPT: Final = 256
_STATIC: Final = Path(__file__).parent / "static"
_IMPORT = re.compile(r'^import (\{[^}\n]*\}) from "\./(\w+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:function|const|class) (\w+))", re.MULTILINE)
_LOG = logging.getLogger(__name__)


def bundle(*names: str) -> str:
    """Join modules of `static/` into the one module that anywidget can load.

    Args:
        names: File names, each after those it imports from.

    Returns:
        One module: each file but the last becomes an object of its exports, so that names cannot collide.
    """
    *parts, last = names
    joined = []
    for name in parts:
        source = read_static(name)
        exports = ", ".join(match[1] for match in _EXPORT.finditer(source))
        body = _IMPORT.sub(r"const \1 = $\2;", _EXPORT.sub("", source))
        module = f"(() => {{\n{body}return {{ {exports} }};\n}})()"
        joined.append(f"const ${name.removesuffix('.js')} = {module};\n")
    return "".join(joined) + _IMPORT.sub(r"const \1 = $\2;", read_static(last))


def read_static(name: str) -> str:
    """Return the text of a file in `static/`."""
    return (_STATIC / name).read_text(encoding="utf-8")


class Pacer:
    """Calls `flush` at most 30 times a second: the first call of a burst at once, the rest together.

    Args:
        loop: The loop that delays the calls; without one every call is made at once.
        flush: What sends everything that was collected since the last call.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None, flush: Callable[[], None]) -> None:
        self._loop = loop
        self._flush = flush
        self._interval = 1 / SENDS_PER_SECOND
        self._last = float("-inf")
        self._timer: asyncio.TimerHandle | None = None

    def poke(self) -> None:
        """Say that there is something to flush."""
        if self._loop is None:
            self._flush()
        elif self._timer is None:
            wait = self._last + self._interval - self._loop.time()
            if wait <= 0:
                self._fire()
            else:
                self._timer = self._loop.call_later(wait, self._fire)

    def _fire(self) -> None:
        assert self._loop is not None
        self._timer = None
        self._last = self._loop.time()
        self._flush()

    def cancel(self) -> None:
        """Drop what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class BenchWidget(anywidget.AnyWidget):
    """A widget that talks to its views by messages only.

    Args:
        theme: "dark", "light", or "auto" to follow JupyterLab.
        on_error: Receives every exception of a handler; by default it is logged.

    Raises:
        ValueError: The theme is unknown.
    """

    # ipywidgets closes whatever is collected, so also what was refused before it was open.
    _closed = True

    _scripts: ClassVar[tuple[str, ...]]
    _sheets: ClassVar[tuple[str, ...]]

    _esm = traitlets.Unicode("").tag(sync=True)
    _style_sheet = traitlets.Unicode("").tag(sync=True)
    _theme = traitlets.Unicode("dark").tag(sync=True)

    def __init__(self, *, theme: str = "dark", on_error: ErrorListener | None = None, **traits: Any) -> None:
        if theme not in THEMES:
            raise ValueError(f"theme {theme!r} is unknown. Use one of {', '.join(THEMES)}.")
        self._loop = _running_loop()
        self._thread = threading.get_ident()
        self._context = contextvars.copy_context()
        self._on_error = on_error
        self._tasks: set[asyncio.Task[None]] = set()
        self._nonces: deque[str] = deque(maxlen=_NONCES_KEPT)
        self._at_close: list[Callable[[], None]] = []
        self._closed = False
        super().__init__(
            _esm=bundle(*self._scripts),
            _style_sheet="\n".join(read_static(name) for name in self._sheets),
            _theme=theme,
            **traits,
        )
        self.on_msg(self._receive)

    def to_html(self) -> str:
        """Return a picture in HTML for places without a kernel: no scripts, no addresses of media."""
        return whole(self._html())

    def to_text(self) -> str:
        """Return a picture in text for terminals, of at most a few pages."""
        return whole(self._text())

    def _html(self) -> str:
        return f"<pre>{escape(self._text())}</pre>"

    def _text(self) -> str:
        raise NotImplementedError

    def handle(self, kind: str, message: Mapping[str, Any]) -> None:
        """Answer one message of the browser, on the main loop.

        Args:
            kind: The message's `type`.
            message: All of it, not to be trusted.

        Raises:
            ValueError: The message is not one this widget knows.
        """
        raise NotImplementedError

    def report(self, error: BaseException) -> None:
        """Hand an exception to `on_error`, or to the log when there is none."""
        if self._on_error is not None:
            self._on_error(error)
        else:
            _LOG.error("An event of %s failed", type(self).__name__, exc_info=error)

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` as a kept task on the main loop, in the context the widget was made in."""
        assert self._loop is not None
        task = self._loop.create_task(work, context=self._context.copy())
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def on_main(self, call: Callable[..., None], *args: Any) -> None:
        """Call on the main loop: at once when this is its thread, else as soon as it is free."""
        if self._loop is None or threading.get_ident() == self._thread:
            call(*args)
        else:
            self._loop.call_soon_threadsafe(call, *args)

    def post(self, message: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        """Send a message to all views, unless the widget is closed."""
        if not self._closed:
            text = json.dumps(message, ensure_ascii=False, default=str)
            sendable = whole(text)
            self.send(message if sendable is text else json.loads(sendable), buffers)

    def take_nonce(self, message: Mapping[str, Any]) -> str:
        """Return the nonce of a message.

        Raises:
            ValueError: It has none, or one that was used before.
        """
        nonce = read_text(message, "nonce", limit=64)
        if nonce in self._nonces:
            raise ValueError(f"The event {nonce!r} arrived twice; the second one is ignored.")
        self._nonces.append(nonce)
        return nonce

    def close(self) -> None:
        """Stop following the source, cancel what runs and remove the widget from every view."""
        if not self._closed:
            self._closed = True
            for stop in self._at_close:
                stop()
            for task in tuple(self._tasks):
                task.cancel()
        super().close()

    def _receive(self, _widget: object, content: object, _buffers: object) -> None:
        if self._loop is None or self._loop.is_closed():
            self.report(
                RuntimeError(
                    f"{type(self).__name__} has no running event loop to answer on. "
                    "Make it in a notebook cell or inside `await`, on a loop that goes on running."
                )
            )
            return
        self._loop.call_soon_threadsafe(self._dispatch, content)

    def _dispatch(self, content: object) -> None:
        if self._closed:
            return
        try:
            message = read_object(content, "A message of the browser")
            self.handle(read_text(message, "type", limit=32), message)
        except Exception as error:  # noqa: BLE001 - the boundary to the browser; the listener gets it
            self.report(error)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.report(error)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Put static HTML and text beside the widget, for nbconvert, GitHub and terminals."""
        bundled = super()._repr_mimebundle_(**kwargs)
        beside = {"text/html": self.to_html(), "text/plain": self.to_text()}
        if isinstance(bundled, tuple):
            data, metadata = bundled
            return {**data, **beside}, metadata
        return {**(bundled or {}), **beside}


def whole(text: str) -> str:
    """Return a text that UTF-8 can carry: half a surrogate pair, as a cut emoji leaves it, becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def read_text(message: Mapping[str, Any], name: str, *, limit: int, empty: bool = False) -> str:
    """Read a text from a message of the browser.

    Args:
        message: The message.
        name: The key of the text.
        limit: The most characters it may have.
        empty: Whether it may be empty.

    Returns:
        The text.

    Raises:
        ValueError: It is missing, no text, empty or too long.
    """
    value = message.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name!r} must be a text, not {type(value).__name__}.")  # noqa: TRY004
    if len(value) > limit:
        raise ValueError(f"{name!r} has {len(value)} characters; the most is {limit}.")
    if not value and not empty:
        raise ValueError(f"{name!r} must not be empty.")
    return value


def read_object(value: object, what: str) -> Mapping[str, Any]:
    """Return a value that must be an object.

    Args:
        value: What the browser sent.
        what: How the error names it.

    Raises:
        ValueError: It is something else.
    """
    if not isinstance(value, Mapping):
        raise ValueError(f"{what} must be an object, not {type(value).__name__}.")  # noqa: TRY004
    return value


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
