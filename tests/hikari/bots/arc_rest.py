"""arc, as a REST bot."""

import os

import arc
import hikari
import miru
from panels import Persistence, Storage, send_counter, start_views


def make_bot(token: str, rest_url: str, logs: str | None = "INFO") -> hikari.RESTBot:
    bot = hikari.RESTBot(token, hikari.TokenType.BOT, rest_url=rest_url, banner=None, logs=logs)
    arc_client = arc.RESTClient(bot)
    client = miru.Client.from_arc(arc_client)
    storage = Storage()

    @arc_client.add_startup_hook
    async def restart_views(_: arc.RESTClient) -> None:
        start_views(client, storage)

    @arc_client.include
    @arc.slash_command("panel", "Send a panel")
    async def panel(ctx: arc.RESTContext) -> None:
        await ctx.respond(
            "This is a persistent view, and works after bot restarts!", components=Persistence()
        )

    @arc_client.include
    @arc.slash_command("counter", "Send a counter")
    async def counter(ctx: arc.RESTContext) -> None:
        await ctx.respond("Here it comes", flags=hikari.MessageFlag.EPHEMERAL)
        await send_counter(client, storage, ctx.channel_id)

    return bot


if __name__ == "__main__":
    make_bot(os.environ["TOKEN"], os.environ["REST_URL"]).run(
        host="127.0.0.1", port=int(os.environ["PORT"]), check_for_updates=False
    )
