"""What a bot asks for costs by what it gets, not by what there is."""

from __future__ import annotations

import sys

import pytest

from kit.simulator import World
from kit.simulator.world import messages, pins


def steps(function) -> int:
    """How many lines of Python a call runs: work that no other process of the machine can disturb."""
    count = 0

    def trace(_frame, event, _argument):
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return count


def crowd(people: int, written: int) -> World:
    """A guild of so many people, one of whom wrote so much."""
    world = World()
    for number in range(people):
        world.dm(world.user(f"person{number}")["id"])
    for number in range(written):
        messages.create(world, world.channel_id, {"content": str(number)}, {}, author=world.bot_user)
    return world


@pytest.fixture(scope="module")
def worlds() -> tuple[World, World]:
    return crowd(10, 20), crowd(400, 1000)


WORK = {
    "the newest messages": lambda world: [world.message(key) for key in world.listed(world.channel_id)[-10:]],
    "a message that mentions somebody": lambda world: messages.create(
        world,
        world.channel_id,
        {"content": f"<@{world.find_user('person9')['id']}>"},
        {},
        author=world.bot_user,
    ),
    "a message with a nonce": lambda world: messages.sent_before(
        world, world.channel_id, {"nonce": "none", "enforce_nonce": True}, "1"
    ),
    "somebody by id": lambda world: world.member(world.find_user("person9")["id"]),
    "a direct message": lambda world: world.dm(world.find_user("person9")["id"]),
    "a pin": lambda world: pins.pin(
        world, world.message(world.listed(world.channel_id)[9]), user=world.bot_user
    ),
    "a deletion": lambda world: world.delete_message(world.listed(world.channel_id)[10]),
}


@pytest.mark.parametrize("work", WORK)
def test_large_worlds_are_as_quick_as_small_ones(worlds, work):
    """Forty times the people and fifty times the messages cost the same steps, but for a logarithm."""
    small, large = (steps(lambda world=world: WORK[work](world)) for world in worlds)
    assert 0 < large < 3 * small + 100


def test_a_large_world_is_the_same_after_it_was_loaded(worlds, tmp_path):
    """What is looked up by id is found again in a world that was read from its file."""
    large = worlds[1]
    large.save(tmp_path / "world.json")
    again = World.load(tmp_path / "world.json")
    assert again.listed(large.channel_id) == large.listed(large.channel_id)
    someone = large.find_user("person300")
    assert again.user_by_id(someone["id"]) == again.find_user(someone["id"]) == someone
    assert again.pins == large.pins
