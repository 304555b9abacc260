"""Just hikari, as a REST bot: Discord posts interactions to it."""

import os
from collections.abc import AsyncGenerator

import hikari
import miru
from panels import Persistence, Storage, send_counter, start_views


def make_bot(token: str, rest_url: str, logs: str | None = "INFO") -> hikari.RESTBot:
    bot = hikari.RESTBot(token, hikari.TokenType.BOT, rest_url=rest_url, banner=None, logs=logs)
    client = miru.Client(bot)
    storage = Storage()

    async def restart_views(bot: hikari.RESTBot) -> None:
        application = await bot.rest.fetch_application()
        for name in ("panel", "counter"):
            await bot.rest.create_slash_command(application, name, f"Send a {name}")
        start_views(client, storage)

    async def command(
        interaction: hikari.CommandInteraction,
    ) -> AsyncGenerator[hikari.api.InteractionMessageBuilder, None]:
        response = interaction.build_response()
        if interaction.command_name == "panel":
            response.set_content("This is a persistent view, and works after bot restarts!")
            for row in Persistence():
                response.add_component(row)
            yield response
        else:
            yield response.set_content("Here it comes").set_flags(hikari.MessageFlag.EPHEMERAL)
            await send_counter(client, storage, interaction.channel_id)

    bot.add_startup_callback(restart_views)
    bot.set_listener(hikari.CommandInteraction, command)
    return bot


if __name__ == "__main__":
    make_bot(os.environ["TOKEN"], os.environ["REST_URL"]).run(
        host="127.0.0.1", port=int(os.environ["PORT"]), check_for_updates=False
    )
