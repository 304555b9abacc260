"""A bot of another library: the simulator speaks the protocol, not discord.py's dialect of it."""

from __future__ import annotations

import asyncio

import pytest

hikari = pytest.importorskip("hikari", reason="hikari is not installed")


@pytest.mark.asyncio
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_a_hikari_bot_answers_a_click(lab):
    """An unmodified hikari bot logs in with rest_url=, posts a button and answers its click."""
    bot = hikari.GatewayBot(
        lab.world.token, rest_url=lab.simulator.rest_url, banner=None, suppress_optimization_warning=True
    )
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
        sent = await bot.rest.create_message(int(lab.world.channel_id), "panel", component=row)
        interaction = await lab.simulator.click("press", message=sent.id, user="bob")
        await interaction.answered()
        await bot.close()
    assert (interaction.status, seen) == ("answered", ["bob"])
    assert lab.world.message(sent.id)["content"] == "pressed"
