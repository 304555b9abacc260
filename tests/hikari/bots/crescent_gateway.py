"""crescent, on the gateway."""

import os

import crescent
import hikari
import miru
from panels import Persistence, Storage, send_counter, start_views


def make_bot(token: str, rest_url: str, logs: str | None = "INFO") -> hikari.GatewayBot:
    bot = hikari.GatewayBot(token, rest_url=rest_url, banner=None, logs=logs)
    crescent_client = crescent.Client(bot)
    client = miru.Client(bot)
    storage = Storage()

    @crescent_client.include
    @crescent.event
    async def restart_views(event: hikari.StartedEvent) -> None:
        start_views(client, storage)

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
    make_bot(os.environ["TOKEN"], os.environ["REST_URL"]).run(check_for_updates=False)
