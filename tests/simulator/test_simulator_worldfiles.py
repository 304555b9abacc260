"""World files that somebody edited, cut short or made up: refused with the reason, or a world that works."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from kit.simulator import World, WorldFileError
from kit.simulator.world import messages, pins, starting

JUNK = (None, True, 5, -1, 1.5, "x", "9" * 30, [], [1], ["x"], {}, {"a": 1}, {"a": {}})


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> dict[str, Any]:
    """The data of a world that has something of everything."""
    world = World()
    world.add_bot("other")
    bob = world.find_user("bob")["id"]
    world.user("bob", roles=["Mods"])
    world.emoji("party")
    world.channel("support", category="Help", overwrites={"Mods": {"view_channel": True}})
    sent = messages.create(world, world.channel_id, {"content": "hi <@1>"}, {}, author=world.bot_user)
    messages.create(world, world.channel_id, {"content": "psst"}, {}, author=world.bot_user, viewer_id=bob)
    messages.create(world, world.dm("bob")["id"], {"content": "hi"}, {}, author=world.bot_user)
    pins.pin(world, sent, user=world.bot_user)
    starting.start(world, "talk", world.channel_id, owner_id=bob)
    world.user("zed")
    world.ban("zed", reason="spam")
    path = tmp_path_factory.mktemp("world") / "world.json"
    world.save(path)
    return json.loads(path.read_text())


def places(data: Any, before: tuple = ()) -> Iterator[tuple]:
    """Where something is in a file, as the keys and indexes that lead there."""
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inside:
        yield (*before, key)
        yield from places(value, (*before, key))


def changed(data: Any, place: tuple, value: Any) -> Any:
    copy = json.loads(json.dumps(data))
    inside = copy
    for key in place[:-1]:
        inside = inside[key]
    if value is KeyError:
        del inside[place[-1]]
    else:
        inside[place[-1]] = value
    return copy


def used(world: World) -> None:
    """What everything else stands on."""
    channel_id = world.channel("general")["id"]
    for user in tuple(world.members):
        world.permissions(user, channel_id)
    sent = messages.create(world, channel_id, {"content": "<@&1> @everyone"}, {}, author=world.bot_user)
    pins.pin(world, sent, user=world.bot_user)
    for name in tuple(world.channels):
        world.messages(name, viewer="alice")
    world.entities()
    world.dm("alice")
    world.role("Helpers")
    world.user("new", roles=["Helpers"])
    world.delete_message(sent["id"])
    world.delete_channel(channel_id)


@pytest.mark.parametrize("seed", range(2))
def test_whatever_one_value_of_a_file_is(saved, tmp_path, seed):
    """Any value replaced by any other, or gone: a WorldFileError with the remedy, or a world that works."""
    path, dice, told = tmp_path / "world.json", random.Random(seed), set()
    for place in places(saved):
        path.write_text(json.dumps(changed(saved, place, dice.choice((*JUNK, KeyError)))))
        try:
            world = World.load(path)
        except WorldFileError as error:
            told.add("Restore the file from a backup" in str(error))
        else:
            used(world)
    assert told == {True}


@pytest.mark.parametrize("text", [b"[" * 100_000, b"\xff\xfe", b'{"viewkit_world": true}', b"NaN"])
def test_files_that_are_hardly_json(tmp_path, text):
    """Depth without end, bytes that are no text, a format that is no number."""
    path = tmp_path / "world.json"
    path.write_bytes(text)
    with pytest.raises(WorldFileError, match="Restore the file from a backup"):
        World.load(path)


@pytest.mark.asyncio
async def test_an_endpoint_in_a_file_leads_nowhere_else(lab):
    """A file that somebody sent names an endpoint on the network: nothing is sent there, and the click says so."""
    lab.world.bot.application["interactions_endpoint_url"] = "http://192.0.2.1/collect"
    row = {"type": 1, "components": [{"type": 2, "style": 1, "label": "x", "custom_id": "x"}]}
    author = lab.world.bot_user
    panel = messages.create(lab.world, lab.world.channel_id, {"components": [row]}, {}, author=author)
    used_button = await lab.simulator.click("x", message=panel["id"], user="bob")
    await used_button.answered()
    assert "not an address of this machine" in used_button.failure
