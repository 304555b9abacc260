"""Junk at every place of every good payload: it is judged, and what passes can be stored, sent and edited."""

from __future__ import annotations

import json

from kit.simulator import World, check_modal, components
from kit.simulator.errors import ApiError, UnknownError, UnsupportedError
from kit.simulator.limits import RULES
from kit.simulator.world import messages
from kit.simulator.world.media import Upload
from tests.simulator.limits.component_cases import COMPONENTS
from tests.simulator.limits.message_cases import MESSAGES
from tests.simulator.limits.modal_cases import MODALS

JUNK = (
    *(None, True, -1, 2**70, 1.5, "", "x", "\ud800", "attachment://x.txt"),
    *([], [None], [[]], {}, {"type": 2}),
)
FILES = {0: Upload("x.txt", b"x")}


def mutations(value):
    """The value with each of its parts, at any depth, replaced by each piece of junk; of lists, the first part."""
    yield from JUNK
    if isinstance(value, dict):
        for key, part in value.items():
            yield from ({**value, key: changed} for changed in mutations(part))
    elif isinstance(value, list) and value:
        yield from ([changed, *value[1:]] for changed in mutations(value[0]))


def objects(value):
    return (mutation for mutation in mutations(value) if isinstance(mutation, dict))


def test_one_wrong_value_anywhere_in_a_message():
    """Each part of each good message: refused in Discord's shape, or stored and edited."""
    world = World()
    stored = refused = 0
    for case in (*MESSAGES, *COMPONENTS):
        for payload in objects(case.good):
            try:
                messages.validate(payload, FILES)
                message = messages.create(world, world.channel_id, payload, FILES, author=world.bot_user)
                messages.validate(payload, FILES, edit_of=message)
                json.dumps(messages.edit(world, message, payload, FILES))
                world.delete_message(message["id"])
                stored += 1
            except (ApiError, UnknownError, UnsupportedError):
                refused += 1
    assert stored > 500
    assert refused > 5000


def test_one_wrong_value_anywhere_in_a_modal():
    """Each part of each good modal: judged by rules that there are, or shown."""
    shown = refused = 0
    for case in MODALS:
        for payload in objects(case.good):
            errors = [violation for violation in check_modal(payload) if violation.severity == "error"]
            assert all(violation.rule in RULES for violation in errors)
            if errors:
                refused += 1
            else:
                json.dumps(components.stored(payload["components"], dict))
                shown += 1
    assert shown > 100
    assert refused > 1000
