"""tanjun, on the gateway, with message commands: "@bot panel".

tanjun 2.17.7 can't declare slash commands on the hikari that miru 4.3.1 needs.
"""

import os

import hikari
import miru
import tanjun
from panels import Persistence, Storage, send_counter, start_views


def make_bot(token: str, rest_url: str, logs: str | None = "INFO") -> hikari.GatewayBot:
    bot = hikari.GatewayBot(token, rest_url=rest_url, banner=None, logs=logs)
    tanjun_client = tanjun.Client.from_gateway_bot(bot, mention_prefix=True)
    client = miru.Client(bot)
    storage = Storage()
    component = tanjun.Component()

    @component.with_listener()
    async def restart_views(event: hikari.StartedEvent) -> None:
        start_views(client, storage)

    @component.with_command
    @tanjun.as_message_command("panel")
    async def panel(ctx: tanjun.abc.MessageContext) -> None:
        await ctx.respond(
            "This is a persistent view, and works after bot restarts!", components=Persistence()
        )

    @component.with_command
    @tanjun.as_message_command("counter")
    async def counter(ctx: tanjun.abc.MessageContext) -> None:
        await send_counter(client, storage, ctx.channel_id)

    tanjun_client.add_component(component)
    return bot


if __name__ == "__main__":
    make_bot(os.environ["TOKEN"], os.environ["REST_URL"]).run(check_for_updates=False)
