"""The bots of the guides in the lab, one after the other; run where their libraries are."""

import asyncio
import importlib
import json
import sys
from functools import partial
from pathlib import Path

import kit
import kit.lab.hikari


async def ask(lab, what):
    if what in lab.discord.world.entities()["commands"].values():
        return await lab.slash(what)
    return await lab.say(f"<@{lab.discord.world.application_id}> {what}")


async def lives_of(name):
    """What was seen: of a panel and a counter, before and after a close and a crash."""
    make = partial(importlib.import_module(name).make_bot, logs=None)
    seen = []
    async with kit.Lab.start(kit.lab.hikari.bot(make)) as lab:
        panel = next(message for message in (await ask(lab, "panel")).messages if message.controls)
        counter = next(message for message in (await ask(lab, "counter")).messages if message.controls)
        for crash in (False, True, None):
            pressed = await lab.click("my_unique_custom_id_1", message=panel)
            counted = await lab.click("counter:press", message=counter)
            seen.append([pressed.message.text, counted.edited[0].labels[0]])
            if crash is not None:
                await lab.restart(crash=crash)
        await lab.check()
    left = [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    return {"bot": name, "seen": seen, "left": left}


async def main():
    for name in sys.argv[1:]:
        Path("panels.db").unlink(missing_ok=True)
        print(json.dumps(await lives_of(name)))


asyncio.run(main())
