"""hikari and nothing around it: the simulator speaks the protocol, not discord.py's dialect of it."""

from __future__ import annotations

import asyncio

import hikari
import pytest


@pytest.mark.asyncio
async def test_a_hikari_bot_answers_a_click(simulator):
    """An unmodified hikari bot logs in with rest_url=, posts a button and answers its click."""
    bot = hikari.GatewayBot(simulator.token, rest_url=simulator.rest_url, banner=None, logs=None)
    seen = []

    @bot.listen()
    async def on_interaction(event: hikari.InteractionCreateEvent) -> None:
        seen.append(event.interaction.user.username)
        await event.interaction.create_initial_response(
            hikari.ResponseType.MESSAGE_UPDATE, content="pressed", components=[]
        )

    async with asyncio.timeout(30):
        await bot.start(check_for_updates=False)
        row = bot.rest.build_message_action_row().add_interactive_button(
            hikari.ButtonStyle.PRIMARY, "press", label="Press"
        )
        sent = await bot.rest.create_message(int(simulator.world.channel_id), "panel", component=row)
        interaction = await simulator.click("press", message=sent.id, user="bob")
        await interaction.answered()
        await bot.close()
    assert (interaction.status, seen) == ("answered", ["bob"])
    assert simulator.world.message(sent.id)["content"] == "pressed"


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.asyncio
async def test_a_bot_lists_its_guilds_to_the_end(simulator, newest_first):
    """The library asks for counts, and for the guilds after the last one until there are none."""
    app = hikari.RESTApp(url=simulator.rest_url)
    await app.start()
    async with asyncio.timeout(10), app.acquire(simulator.token, hikari.TokenType.BOT) as client:
        guilds = [guild async for guild in client.fetch_my_guilds(newest_first=newest_first)]
    await app.close()
    assert [(guild.name, guild.approximate_member_count) for guild in guilds] == [
        (simulator.world.guild["name"], len(simulator.world.members))
    ]
