"""A lightbulb command that sends a menu and waits for it, in the lab; run where lightbulb is."""

import asyncio

import hikari
import lightbulb
from lightbulb.components import Menu, MenuContext

import kit
import kit.lab.hikari


class Question(Menu):
    def __init__(self):
        self.add_interactive_button(hikari.ButtonStyle.PRIMARY, self.yes, label="Yes", custom_id="yes")

    async def yes(self, ctx: MenuContext) -> None:
        ctx.stop_interacting()
        await ctx.respond("first")


def make_bot(token, rest_url):
    bot = hikari.GatewayBot(token, rest_url=rest_url, banner=None, logs=None)
    client = lightbulb.client_from_app(bot)

    @client.register
    class Ask(lightbulb.SlashCommand, name="ask", description="Ask"):
        @lightbulb.invoke
        async def invoke(self, ctx: lightbulb.Context) -> None:
            menu = Question()
            await ctx.respond("Well?", components=menu)
            await menu.attach(ctx.client, timeout=60)
            await ctx.respond("second")

    bot.subscribe(hikari.StartingEvent, client.start)
    return bot


async def main():
    async with kit.Lab.start(kit.lab.hikari.bot(make_bot)) as lab:
        asked = await lab.slash("ask")
        assert asked.message.labels == ["Yes"]
        assert asked.seconds < 10, "the command's wait for a person was waited for"
        clicked = await lab.click("Yes")
        assert [message.text for message in clicked.messages][:1] == ["first"]
        await lab.check()


asyncio.run(main())
