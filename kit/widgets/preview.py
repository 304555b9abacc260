"""The preview: a channel as Discord would show it, whose buttons answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final, Protocol

import traitlets

from . import console, lines, page
from .base import BenchWidget, ErrorListener, Pacer, read_text
from .events import read_event, read_id
from .markdown import Node, parse

__all__ = ["Channel", "Preview"]

MESSAGES_SHOWN: Final = 100
MEDIA_LIMIT: Final = 8 * 1024 * 1024
_MEDIA_ASKED: Final = 50
_URL: Final = 2048
_NOTICES: Final = ("error", "info")
_STATUSES: Final = ("ok", "failed", "modal")
_EPHEMERAL: Final = 64


class Channel(Protocol):
    """What the preview needs of a channel."""

    @property
    def users(self) -> Sequence[str]:
        """Names for the "Acting as" switch, the default first."""

    @property
    def name(self) -> str:
        """The channel's name without its #."""

    def messages(self, user: str) -> list[dict[str, Any]]:
        """Return the raw messages that `user` sees, oldest first."""

    def entities(self) -> dict[str, Any]:
        """Return the users, roles, channels, commands, emojis and skus by id."""

    def attachment(self, url: str) -> tuple[str, bytes]:
        """Return content type and bytes.

        Raises:
            LookupError: The url is unknown.
        """

    def subscribe(self, listener: Callable[[str, dict[str, Any]], None]) -> Callable[[], None]:
        """Call `listener` with each event's name and payload; the answer ends that."""

    async def act(self, event: dict[str, Any]) -> dict[str, Any]:
        """Carry out what a user did and answer with `status`, `reason` and `modal`."""


class Preview(BenchWidget):
    """Shows a channel's messages and carries clicks to it.

    Args:
        channel: Where the messages come from and the events go.
        user: Who acts; the channel's first user by default.
        theme: "dark", "light", or "auto" to follow JupyterLab.
        height: The most pixels the list of messages takes before it scrolls.
        on_error: Receives every exception of a handler and every event that was refused.

    Raises:
        ValueError: The user is not one of the channel's, or the theme is unknown.
    """

    _scripts: ClassVar[tuple[str, ...]] = (
        "dom.js",
        "media.js",
        "markdown.js",
        "select.js",
        "components.js",
        "embed.js",
        "message.js",
        "modal.js",
        "preview.js",
    )
    _sheets: ClassVar[tuple[str, ...]] = (
        "tokens.css",
        "preview.css",
        "markdown.css",
        "components.css",
        "media.css",
        "embed.css",
        "modal.css",
    )

    _height = traitlets.Int(600).tag(sync=True)

    def __init__(
        self,
        channel: Channel,
        *,
        user: str | None = None,
        theme: str = "dark",
        height: int = 600,
        on_error: ErrorListener | None = None,
    ) -> None:
        users = list(channel.users)
        if not users:
            raise ValueError("The channel has no users. A preview needs one to act as.")
        if user is not None and user not in users:
            raise ValueError(f"There is no user {user!r} in #{channel.name}. Users: {', '.join(users)}.")
        super().__init__(theme=theme, on_error=on_error, _height=height)
        self._channel = channel
        self._user = user or users[0]
        self._notice: dict[str, str] | None = None
        self._online = True
        self._gone = False
        self._changed: dict[str, None] = {}
        self._dismissed: set[str] = set()
        self._shown: list[str] = [message["id"] for message in self._messages()]
        self._entities: dict[str, Any] = channel.entities()
        self._pacer = Pacer(self._loop, self._flush)
        unsubscribe = channel.subscribe(lambda kind, payload: self.on_main(self._follow, kind, payload))
        self._at_close += [unsubscribe, self._pacer.cancel]

    @property
    def user(self) -> str:
        """Who acts."""
        return self._user

    def notice(self, text: str | None, kind: str = "error") -> None:
        """Show a banner above the messages, or take it away with None.

        Args:
            text: What it says, for example why a hot reload was refused, with cell and line.
            kind: "error" or "info".

        Raises:
            ValueError: The kind is unknown.
        """
        if kind not in _NOTICES:
            raise ValueError(f"A notice is one of {', '.join(_NOTICES)}, not {kind!r}.")
        self._notice = None if text is None else {"kind": kind, "text": text}
        self.on_main(self.post, {"type": "notice", "notice": self._notice})

    def set_online(self, online: bool) -> None:
        """Colour the bot's presence; clicks while it is offline still reach the channel."""
        self._online = online
        self.on_main(self.post, {"type": "online", "online": online})

    def _html(self) -> str:
        return page.draw_channel(self._channel.name, self._messages(), self._channel.entities())

    def _text(self) -> str:
        return console.draw_channel(self._channel.name, self._messages(), self._channel.entities())

    def handle(self, kind: str, message: Mapping[str, Any]) -> None:
        """Answer one message of the browser; see `BenchWidget.handle`."""
        if kind == "ready":
            view = read_text(message, "view", limit=64)
            # A snapshot counts as told to everybody, so the other views must hear of the news first.
            self._flush()
            self.post(self._snapshot(view))
        elif kind == "event":
            self._event(message)
        elif kind == "user":
            self._switch(read_text(message, "user", limit=64))
        elif kind == "media":
            self._media(message)
        elif kind == "dismiss":
            self._dismiss(read_id(message, "message_id"))
        # A pulse only makes Jupyter's server send what it holds back; preview.js says why.
        elif kind != "pulse":
            raise ValueError(f"A preview knows no message of the type {kind!r}.")

    def _messages(self) -> list[dict[str, Any]]:
        if self._gone:
            return []
        visible = [
            message for message in self._channel.messages(self._user) if message["id"] not in self._dismissed
        ]
        return visible[-MESSAGES_SHOWN:]

    def _snapshot(self, view: str | None) -> dict[str, Any]:
        messages = self._messages()
        self._changed.clear()
        self._shown = [message["id"] for message in messages]
        self._entities = self._channel.entities()
        return {
            "type": "snapshot",
            "view": view,
            "channel": self._channel.name,
            "users": list(self._channel.users),
            "user": self._user,
            "online": self._online,
            "notice": self._notice,
            "gone": self._gone,
            "entities": self._entities,
            "messages": [render_payload(message, self._entities) for message in messages],
        }

    def _follow(self, kind: str, payload: Mapping[str, Any]) -> None:
        if self._closed:
            return
        if kind == "channel_delete":
            self._gone = True
            self._pacer.cancel()
            self.post(self._snapshot(None))
            return
        self._changed[str(payload["id"])] = None
        self._pacer.poke()

    def _flush(self) -> None:
        """Send the messages that changed or appeared since the last time, and the order if that did."""
        if self._closed:
            return
        messages = {message["id"]: message for message in self._messages()}
        entities = self._channel.entities()
        # An older message appears when one of the newest hundred is deleted.
        stale = [key for key in messages if key in self._changed or key not in self._shown]
        changed = [render_payload(messages[key], entities) for key in stale]
        self._changed.clear()
        update: dict[str, Any] = {"type": "messages", "changed": changed}
        shown = list(messages)
        if shown != self._shown:
            self._shown = shown
            update["order"] = shown
        if entities != self._entities:
            self._entities = entities
            update["entities"] = entities
        if changed or len(update) > 2:
            self.post(update)

    def _event(self, message: Mapping[str, Any]) -> None:
        nonce = self.take_nonce(message)
        try:
            event = read_event(message.get("event"), self._channel.users)
        except ValueError as error:
            self._answer(nonce, {"status": "failed", "reason": str(error), "modal": None})
            raise
        self.post({"type": "received", "nonce": nonce})
        self.run(self._act(nonce, event))

    async def _act(self, nonce: str, event: dict[str, Any]) -> None:
        try:
            answer = await self._channel.act(event)
            if answer["status"] not in _STATUSES:
                raise ValueError(f"The channel answered with the status {answer['status']!r}.")
        except Exception as error:
            self._answer(
                nonce, {"status": "failed", "reason": f"{type(error).__name__}: {error}", "modal": None}
            )
            raise
        self._answer(nonce, answer)

    def _answer(self, nonce: str, answer: Mapping[str, Any]) -> None:
        modal = answer.get("modal")
        message = {
            "type": "answer",
            "nonce": nonce,
            "status": answer["status"],
            "reason": answer.get("reason"),
        }
        if modal is not None:
            message |= {
                "modal": modal,
                "markdown": parse_all(console.component_texts(modal.get("components", ()))),
            }
        self.post(message)

    def _switch(self, user: str) -> None:
        if user not in self._channel.users:
            raise ValueError(f"There is no user {user!r} here. Users: {', '.join(self._channel.users)}.")
        self._user = user
        self.post(self._snapshot(None))

    def _dismiss(self, message_id: str) -> None:
        for message in self._messages():
            if message["id"] == message_id:
                if not message.get("flags", 0) & _EPHEMERAL:
                    raise ValueError(
                        f"The message {message_id} is not ephemeral; only those can be dismissed."
                    )
                self._dismissed.add(message_id)
                self._changed[message_id] = None
                self._pacer.poke()

    def _media(self, message: Mapping[str, Any]) -> None:
        urls = message.get("urls")
        if not isinstance(urls, list) or len(urls) > _MEDIA_ASKED:
            raise ValueError(f"'urls' must be a list of at most {_MEDIA_ASKED} texts.")
        view = read_text(message, "view", limit=64)
        for url in urls:
            name = read_text({"url": url}, "url", limit=_URL)
            try:
                content_type, content = self._channel.attachment(name)
            except LookupError:
                content_type, content = "", b""
            fits = content_type.startswith("image/") and len(content) <= MEDIA_LIMIT
            answer = {"type": "media", "view": view, "url": name, "content_type": content_type, "found": fits}
            self.post(answer, [content] if fits else None)


def render_payload(message: Mapping[str, Any], entities: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the browser draws one message from: the raw JSON and, beside it, its markdown parsed.

    Args:
        message: The raw message of Discord's API.
        entities: Names by id, for the line of the message it answers.

    Returns:
        `message`, `markdown` (source to tree), `reply`, the line above it (see `lines.answered`), and
        `notice`, what a message of Discord's own says.
    """
    quote = console.quote(message.get("referenced_message") or {}, entities)
    return {
        "message": message,
        "markdown": parse_all(_message_texts(message)),
        "reply": lines.answered(message, quote),
        "notice": lines.notice(message, quote),
    }


def parse_all(texts: Iterator[str]) -> dict[str, list[Node]]:
    """Parse each text once, keyed by its source."""
    return {text: parse(text) for text in dict.fromkeys(texts)}


def _message_texts(message: Mapping[str, Any]) -> Iterator[str]:
    if message.get("content"):
        yield message["content"]
    for embed in message.get("embeds") or ():
        fields = embed.get("fields") or ()
        texts = [embed.get("title"), embed.get("description")]
        texts += [field.get(key) for field in fields for key in ("name", "value")]
        yield from (text for text in texts if text)
    yield from console.component_texts(message.get("components") or ())
    for original in lines.forwarded(message):
        yield from _message_texts(original)
