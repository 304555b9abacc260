"""What the widgets share: the bundle, the pace of sends, and how a widget meets its loop."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import re

import pytest

from kit.widgets import Controls, Preview, StateTree
from kit.widgets.base import Pacer, bundle, read_static
from tests.widgets.fakes import FakeBench, FakeChannel, FakeStore, make_message, record_sends


@pytest.mark.parametrize("widget", [Preview, StateTree, Controls])
def test_a_bundle_is_one_module_that_needs_nothing(widget):
    """A notebook without internet and without a build step gets everything in one file."""
    source = bundle(*widget._scripts)
    assert re.findall(r"^(?:import|export) .*", source, re.MULTILINE) == ["export default {"]
    assert "http://www.w3.org" not in source.replace('const SVG = "http://www.w3.org/2000/svg"', "")


@pytest.mark.parametrize("widget", [Preview, StateTree, Controls])
def test_scripts_never_read_text_as_markup(widget):
    """No script has a way to turn somebody's text into elements or code."""
    for name in widget._scripts:
        source = read_static(name)
        for forbidden in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "fetch(",
        ):
            assert forbidden not in source, name


@pytest.mark.parametrize("widget", [Preview, StateTree, Controls])
def test_styles_load_nothing(widget):
    """No style asks another site for a font or a picture."""
    for name in widget._sheets:
        assert "url(" not in read_static(name)
        assert "@import" not in read_static(name)


@pytest.mark.asyncio
async def test_the_pace_is_thirty_a_second_and_nothing_is_late_for_ever():
    """The first change is shown at once, the last one soon, and those between together."""
    times = []
    loop = asyncio.get_running_loop()
    pacer = Pacer(loop, lambda: times.append(loop.time()))
    for _ in range(40):
        pacer.poke()
        await asyncio.sleep(0.003)
    await asyncio.sleep(0.05)
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert len(times) >= 3
    assert min(gaps) >= 1 / 30 - 0.002
    pacer.poke()
    pacer.cancel()


@pytest.mark.asyncio
async def test_an_error_without_a_listener_is_logged(caplog):
    """Nothing that goes wrong is silent."""
    controls = Controls(FakeBench())
    with caplog.at_level(logging.ERROR, logger="kit.widgets.base"):
        controls._receive(controls, {"type": "dance"}, [])
        await asyncio.sleep(0)
    assert "An event of Controls failed" in caplog.text
    assert "'dance'" in caplog.text
    controls.close()


@pytest.mark.asyncio
async def test_every_widget_has_html_and_text_beside_it():
    """A notebook that is read without a kernel still shows what was there."""
    widgets = [Preview(FakeChannel()), StateTree(FakeStore({"a": 1})), Controls(FakeBench())]
    for widget in widgets:
        bundled = widget._repr_mimebundle_()
        data = bundled[0] if isinstance(bundled, tuple) else bundled
        assert set(data) >= {"text/plain", "text/html", "application/vnd.jupyter.widget-view+json"}
        widget.close()


@pytest.mark.asyncio
async def test_half_a_surrogate_pair_breaks_nothing():
    """A bot that cuts an emoji in two spoils its own message, not the whole preview."""
    broken = "cut \ud83d here"
    preview = Preview(FakeChannel(make_message(1, content=broken), make_message(2, content="whole 🎉")))
    sent = record_sends(preview)
    preview.handle("ready", {"view": "a"})
    (snapshot, _), *_ = sent
    first, second = snapshot["messages"]
    assert first["message"]["content"] == "cut \ufffd here"
    assert first["markdown"] == {"cut \ufffd here": [{"type": "text", "text": "cut \ufffd here"}]}
    assert second["message"]["content"] == "whole 🎉"
    bundled = preview._repr_mimebundle_()
    data = bundled[0] if isinstance(bundled, tuple) else bundled
    for carried in (snapshot, data["text/html"], data["text/plain"]):
        assert json.dumps(carried, ensure_ascii=False).encode()
    preview.close()


@pytest.mark.asyncio
async def test_a_thousand_widgets_leave_nothing():
    """Opening and closing widgets all day leaves no listener and no task."""
    channel = FakeChannel()
    for _ in range(200):
        Preview(channel).close()
    assert channel.listeners == []
    assert len(asyncio.all_tasks()) == 1
