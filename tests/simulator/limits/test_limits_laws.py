"""Laws of the rules: what is within all bounds is taken everywhere, and one step beyond a bound is told."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kit.simulator import Simulator, check_message, check_modal
from kit.simulator.limits import RULES
from tests.simulator.limits.builders import button, rows
from tests.simulator.limits.strategies import EMOJI_IDS, LAYOUT, LEGACY, MESSAGES, MODALS, nested

Json = dict[str, Any]
SELECTS, CHOOSERS = (3, 5, 6, 7, 8), (3, 21, 22)
COUNTED = (*SELECTS, 22, 19)
LONG = "x" * 6001


def errors(found):
    return [violation for violation in found if violation.severity == "error"]


def put(**fields: Any) -> Callable[[Json], None]:
    return lambda component: component.update(fields)


def first(key: str, **fields: Any) -> Callable[[Json], None]:
    return lambda component: component[key][0].update(fields)


# The rule, the types of component it is about ("" the message itself), and one step beyond it.
BEYOND: list[tuple[str, tuple[Any, ...], Callable[[Json], None]]] = [
    ("M10", ("legacy",), put(content="x" * 2001)),
    ("M14", ("legacy", "layout"), put(flags="0")),
    ("M16", ("legacy",), put(nonce="x" * 26)),
    ("C01", (1, 2, *SELECTS, 9, 10, 12, 13, 14, 17, 18, 19, 21, 22, 23), put(id=-1)),
    ("C02", (*SELECTS, 4, 19, 21, 22, 23), put(custom_id="x" * 101)),
    ("C02", (*SELECTS, 4, 19, 21, 22, 23), put(custom_id=None)),
    ("C05", (2,), put(emoji={"name": "▲"})),
    ("L01", (1,), put(components=[])),
    ("L03", (9,), put(components=[])),
    ("L04", (9,), put(accessory=None)),
    ("L06", (17,), put(components=[])),
    ("L07", (17,), put(accent_color=0x1000000)),
    ("L08", (14,), put(spacing=0)),
    ("T01", ("layout", 10), put(content=LONG)),
    ("T02", (11,), put(description="x" * 1025)),
    ("T03", (12,), put(items=[])),
    ("T03", (12,), first("items", description="")),
    ("T04", (13,), put(file={"url": "https://example.com/x.txt"})),
    ("T05", (12,), first("items", media={"url": "javascript:alert(1)"})),
    ("B01", (2,), put(style=7)),
    ("B02", (2,), put(label="x" * 81)),
    ("S01", SELECTS, put(placeholder="x" * 151)),
    ("S02", SELECTS, put(max_values=26)),
    ("S05", (3,), put(options=[])),
    ("S06", CHOOSERS, first("options", label="")),
    ("S06", CHOOSERS, first("options", value="x" * 101)),
    ("S10", (5, 6, 7, 8), put(default_values=[{"id": "5", "type": "nobody"}])),
    ("S11", (8,), put(channel_types=[99])),
    ("E01", ("embed",), put(title="x" * 257)),
    ("E02", ("legacy",), lambda message: message.update(embeds=[{"description": "x" * 4000}] * 2)),
    ("E03", ("embed",), put(color=-1)),
    ("D01", ("modal",), put(title="")),
    ("D02", ("modal",), put(components=[])),
    ("D04", (18,), put(label="x" * 46)),
    ("D05", (4,), put(style=0)),
    ("D05", (4,), put(max_length=4001)),
    ("D07", (19,), put(max_values=11)),
    ("D08", (21,), put(options=[])),
    ("D09", (22,), put(options=[])),
]


def targets(payload: Json, kinds: tuple[Any, ...]) -> list[Json]:
    """The parts of a payload that a step beyond a rule can be taken at."""
    name = "modal" if "title" in payload else "layout" if payload.get("flags", 0) == 1 << 15 else "legacy"
    if name in kinds:
        kinds = tuple(kind for kind in kinds if kind != name)
        if not kinds:
            return [payload]
    if kinds == ("embed",):
        return list(payload.get("embeds") or ())
    found = [part for part in nested(payload.get("components") or []) if part["type"] in kinds]
    # A premium button is judged for what it has, before the rest.
    return [part for part in found if part.get("style") != 6]


def judge(payload: Json):
    return check_modal(payload) if "title" in payload else check_message(payload, files=["x.txt"])


@given(MESSAGES)
@settings(max_examples=200, deadline=None)
def test_what_is_within_the_bounds_is_no_error(message):
    """No rule refuses a message that keeps to all of them."""
    assert errors(check_message(message, files=["x.txt"])) == []


@given(MODALS)
@settings(max_examples=200, deadline=None)
def test_a_modal_within_the_bounds_is_no_error(modal):
    """The same for modals."""
    assert errors(check_modal(modal)) == []


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_one_step_beyond_is_told(data):
    """Whatever else is in a payload: one step beyond a rule is an error of that rule, at that part of it."""
    rule, kinds, step = data.draw(st.sampled_from(BEYOND))
    strategy = (
        MODALS
        if rule[0] == "D"
        else {"legacy": LEGACY, "layout": LAYOUT, "embed": LEGACY}.get(
            kinds[0] if kinds else "", st.one_of(MESSAGES, MODALS)
        )
    )
    payload = copy.deepcopy(data.draw(strategy))
    where = targets(payload, kinds)
    assume(where)
    step(data.draw(st.sampled_from(where)))
    found = errors(judge(payload))
    expected = "D11" if rule == "T01" and "title" in payload else rule
    assert expected in {violation.rule for violation in found}
    assert all(violation.rule in RULES for violation in found)
    json.dumps([violation.path for violation in found])


class Server:
    """A simulator with a message to click, on a loop of its own: one for all examples."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.runner.run(self._start())

    async def _start(self) -> None:
        self.simulator = await Simulator.start(deadline=300)
        for emoji_id in EMOJI_IDS:
            self.simulator.world.emoji(f"x{emoji_id}", id=emoji_id)
        self.session = aiohttp.ClientSession()
        self.headers = {"Authorization": f"Bot {self.simulator.token}"}

    async def _post(self, path: str, body: Json, *, upload: bool = False) -> tuple[int, Any]:
        url = f"{self.simulator.rest_url}/{path}"
        form = aiohttp.FormData()
        form.add_field("payload_json", json.dumps(body))
        form.add_field("files[0]", b"x", filename="x.txt")
        sent = {"data": form} if upload else {"json": body}
        async with self.session.post(url, headers=self.headers, **sent) as response:
            return response.status, await response.json() if response.status != 204 else None

    async def _get(self, path: str) -> Any:
        async with self.session.get(f"{self.simulator.rest_url}/{path}", headers=self.headers) as response:
            return await response.json()

    def send(self, message: Json) -> tuple[int, Any, Any]:
        """Sends a message with the file x.txt, reads it again and deletes it."""

        async def exchange():
            world = self.simulator.world
            path = f"channels/{world.channel_id}/messages"
            status, answer = await self._post(path, message, upload=True)
            if status != 200:
                return status, answer, None
            again = await self._get(f"{path}/{answer['id']}")
            world.delete_message(answer["id"])
            return status, answer, again

        return self.runner.run(exchange())

    def show(self, modal: Json) -> tuple[int, Any]:
        """Answers a click with a modal."""

        async def exchange():
            world = self.simulator.world
            _, sent = await self._post(f"channels/{world.channel_id}/messages", rows(button()))
            clicked = await self.simulator.click("go", message=sent["id"], user="bob")
            # Nobody is connected; the answer comes from here.
            clicked.status = "pending"
            path = f"interactions/{clicked.id}/{clicked.token}/callback"
            return await self._post(path, {"type": 9, "data": modal})

        return self.runner.run(exchange())

    def close(self) -> None:
        """Ends it."""

        async def stop():
            await self.session.close()
            await self.simulator.close()

        self.runner.run(stop())
        self.runner.close()


@pytest.fixture(scope="module")
def server():
    served = Server()
    yield served
    served.close()


@given(message=MESSAGES)
@settings(max_examples=100, deadline=None)
def test_the_server_takes_what_the_rules_take(server, message):
    """A message within the bounds is answered 200, read again as it was answered, and conforms to the description."""
    status, answer, again = server.send(message)
    assert (status, again) == (200, answer)
    # The content is trimmed; the rest is as it was sent.
    assert answer["content"] == (message.get("content") or "").strip()
    assert sorted(part["type"] for part in nested(answer["components"])) == sorted(
        part["type"] for part in nested(message.get("components") or [])
    )


@given(modal=MODALS)
@settings(max_examples=50, deadline=None)
def test_the_server_takes_modals_within_the_bounds(server, modal):
    """The same for modals, in the answer to a click."""
    assert server.show(modal) == (204, None)
