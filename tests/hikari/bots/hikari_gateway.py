"""Just hikari, on the gateway."""

import os

import hikari
import miru
from panels import Persistence, Storage, send_counter, start_views


def make_bot(token: str, rest_url: str, logs: str | None = "INFO") -> hikari.GatewayBot:
    bot = hikari.GatewayBot(token, rest_url=rest_url, banner=None, logs=logs)
    client = miru.Client(bot)
    storage = Storage()

    @bot.listen()
    async def restart_views(event: hikari.StartedEvent) -> None:
        start_views(client, storage)

    @bot.listen()
    async def buttons(event: hikari.GuildMessageCreateEvent) -> None:
        if not event.is_human or bot.get_me().id not in event.message.user_mentions_ids:
            return
        if event.content.endswith("counter"):
            await send_counter(client, storage, event.channel_id)
        else:
            await event.message.respond(
                "This is a persistent view, and works after bot restarts!", components=Persistence()
            )

    return bot


if __name__ == "__main__":
    make_bot(os.environ["TOKEN"], os.environ["REST_URL"]).run(check_for_updates=False)
