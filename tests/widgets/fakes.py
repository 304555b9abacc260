"""A channel without a simulator, a store without reducers, a bench without a bot."""

from __future__ import annotations

import base64
from types import SimpleNamespace

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
BOT = {"id": "900", "username": "Helper", "bot": True, "avatar": None}


class FakeChannel:
    """A channel whose bot answers what the test tells it to."""

    def __init__(self, *messages):
        self.users = ["alice", "bob"]
        self.name = "general"
        self.stored = list(messages)
        self.files = {}
        self.names = {"users": {"1": {"username": "ant", "global_name": "Ant"}}, "roles": {}, "channels": {}}
        self.acted = []
        self.answer = {"status": "ok", "reason": None, "modal": None}
        self.listeners = []
        self.answering = None

    def messages(self, user):
        return [message for message in self.stored if message.get("_only") in (None, user)]

    def entities(self):
        return dict(self.names)

    def attachment(self, url):
        return self.files[url]

    def subscribe(self, listener):
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    async def act(self, event):
        self.acted.append(event)
        if self.answering is not None:
            await self.answering(event)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def tell(self, kind, payload):
        for listener in list(self.listeners):
            listener(kind, payload)

    def create(self, message):
        self.stored.append(message)
        self.tell("message_create", message)

    def update(self, message_id, **changes):
        for message in self.stored:
            if message["id"] == message_id:
                message.update(changes)
                self.tell("message_update", message)

    def delete(self, message_id):
        self.stored = [message for message in self.stored if message["id"] != message_id]
        self.tell("message_delete", {"id": message_id})


def make_message(number=1, **fields):
    """Return a raw message as the API gives it."""
    return {
        "id": str(1000 + number),
        "channel_id": "300",
        "author": BOT,
        "content": "",
        "timestamp": "2026-01-15T12:30:00.000Z",
        "edited_timestamp": None,
        "flags": 0,
        "embeds": [],
        "attachments": [],
        "components": [],
        **fields,
    }


def make_row(*children):
    return {"type": 1, "components": list(children)}


def make_button(custom_id, label="Press", style=1, **fields):
    return {"type": 2, "style": style, "label": label, "custom_id": custom_id, **fields}


def record_sends(widget):
    """Return the list that receives (message, buffers) of everything the widget sends from now on."""
    sent = []
    widget.send = lambda message, buffers=None: sent.append((message, buffers or []))
    return sent


class FakeStore:
    """A store whose state the test changes by patches."""

    def __init__(self, state):
        self.state = state
        self.listeners = []

    def subscribe_changes(self, listener):
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def apply(self, *patches, action="CHANGED", payload=None):
        """Apply (op, path, value) and tell about it."""
        for op, path, value in patches:
            *way, last = path
            container = self.state
            for key in way:
                container = container[key]
            if op == "remove":
                del container[last]
            elif op == "add" and isinstance(container, list):
                container.insert(last, value)
            else:
                container[last] = value
        change = SimpleNamespace(
            action=SimpleNamespace(type=action, payload=payload, source="test", time=1_700_000_000.0),
            patches=[SimpleNamespace(op=op, path=tuple(path), value=value) for op, path, value in patches],
        )
        for listener in list(self.listeners):
            listener(change)


FULL_STATUS = {
    "life": 3,
    "report": {"restored": 4, "skipped": 0, "failed": ["Broken"], "removed": 1, "unreachable": 0, "ms": 41.7},
    "reloads": [
        {
            "view": "Poll",
            "status": "refused",
            "cell": 5,
            "line": 2,
            "changes": [],
            "error": "two buttons share an id",
        },
        {
            "view": "RolePanel",
            "status": "reloaded",
            "cell": 4,
            "line": 1,
            "changes": ["label a → b"],
            "error": None,
        },
    ],
    "errors": [{"when": "12:00:01", "what": "RolePanel.join", "traceback": "Traceback…\nKeyError: 'x'"}],
    "exports": [
        {"view": "RolePanel", "path": "cogs/a.py", "status": "written", "proof": ["loads", "answers"]}
    ],
}


class FakeBench:
    """A bench that remembers the commands it got."""

    def __init__(self, **status):
        self.now = {
            "bot": "Helper",
            "online": True,
            "life": 1,
            "busy": None,
            "report": None,
            "reloads": [],
            "errors": [],
            "views": ["RolePanel"],
            "exports": [],
            **status,
        }
        self.listeners = []
        self.commands = []
        self.failure = None

    def status(self):
        return self.now

    def subscribe_status(self, listener):
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    async def command(self, name, arguments):
        self.commands.append((name, arguments))
        if self.failure is not None:
            raise self.failure

    def change(self, **status):
        self.now.update(status)
        for listener in list(self.listeners):
            listener()


def make_state():
    """Return a small state of a store."""
    return {
        "application": {"_scoped": {"user": {1: {"points": 1}}}, "name": "demo"},
        "persistent_views": {},
        "views": {"a": {"open": True}},
    }
