"""lightbulb 3, whose client is made beside the bot; its own bot class of version 2 can't go with miru 4.3."""

import os

import hikari
import lightbulb
import miru
from panels import Persistence, Storage, send_counter, start_views


def make_bot(token: str, rest_url: str, logs: str | None = "INFO") -> hikari.GatewayBot:
    bot = hikari.GatewayBot(token, rest_url=rest_url, banner=None, logs=logs)
    lightbulb_client = lightbulb.client_from_app(bot)
    client = miru.Client(bot)
    storage = Storage()

    @lightbulb_client.register
    class Panel(lightbulb.SlashCommand, name="panel", description="Send a panel"):
        @lightbulb.invoke
        async def invoke(self, ctx: lightbulb.Context) -> None:
            await ctx.respond(
                "This is a persistent view, and works after bot restarts!", components=Persistence()
            )

    @lightbulb_client.register
    class CounterCommand(lightbulb.SlashCommand, name="counter", description="Send a counter"):
        @lightbulb.invoke
        async def invoke(self, ctx: lightbulb.Context) -> None:
            await ctx.respond("Here it comes", ephemeral=True)
            await send_counter(client, storage, ctx.channel_id)

    bot.subscribe(hikari.StartingEvent, lightbulb_client.start)

    @bot.listen()
    async def restart_views(event: hikari.StartedEvent) -> None:
        start_views(client, storage)

    return bot


if __name__ == "__main__":
    make_bot(os.environ["TOKEN"], os.environ["REST_URL"]).run(check_for_updates=False)
