"""crescent, as a REST bot; it has nothing of its own for the start, so hikari's callback does it."""

import os

import crescent
import hikari
import miru
from panels import Persistence, Storage, send_counter, start_views


def make_bot(token: str, rest_url: str, logs: str | None = "INFO") -> hikari.RESTBot:
    bot = hikari.RESTBot(token, hikari.TokenType.BOT, rest_url=rest_url, banner=None, logs=logs)
    crescent_client = crescent.Client(bot)
    client = miru.Client(bot)
    storage = Storage()

    async def restart_views(_: hikari.RESTBot) -> None:
        start_views(client, storage)

    bot.add_startup_callback(restart_views)

    @crescent_client.include
    @crescent.command(name="panel", description="Send a panel")
    async def panel(ctx: crescent.Context) -> None:
        await ctx.respond(
            "This is a persistent view, and works after bot restarts!", components=Persistence()
        )

    @crescent_client.include
    @crescent.command(name="counter", description="Send a counter")
    async def counter(ctx: crescent.Context) -> None:
        await ctx.respond("Here it comes", ephemeral=True)
        await send_counter(client, storage, ctx.channel_id)

    return bot


if __name__ == "__main__":
    make_bot(os.environ["TOKEN"], os.environ["REST_URL"]).run(
        host="127.0.0.1", port=int(os.environ["PORT"]), check_for_updates=False
    )
