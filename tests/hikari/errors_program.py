"""Commands of arc and crescent that raise, in the lab; run where their libraries are."""

import asyncio

import arc
import crescent
import hikari

import kit
import kit.lab.hikari

HANDLED = []


def bot_of(kind, token, rest_url):
    made = {"banner": None, "logs": None, "rest_url": rest_url}
    if kind == "rest":
        return hikari.RESTBot(token, hikari.TokenType.BOT, **made)
    return hikari.GatewayBot(token, **made)


def arc_client(kind, handler=None):
    def make(token, rest_url):
        bot = bot_of(kind, token, rest_url)
        client = arc.RESTClient(bot) if kind == "rest" else arc.GatewayClient(bot)

        @client.include
        @arc.slash_command("break", "Break it.")
        async def break_it(ctx: arc.Context) -> None:
            raise LookupError("no such table")

        if handler is not None:
            client.set_error_handler(handler)
        return client

    return make


async def handle(ctx, error):
    HANDLED.append(str(error))
    await ctx.respond("It broke")


async def fail_to_handle(ctx, error):
    raise RuntimeError("no such answer")


def crescent_client(kind):
    def make(token, rest_url):
        client = crescent.Client(bot_of(kind, token, rest_url))

        @client.include
        @crescent.command(name="break", description="Break it.")
        async def break_it(ctx: crescent.Context) -> None:
            raise LookupError("no such table")

        return client

    return make


async def seen_of(make):
    """The errors in the outcome, and those that a check raises."""
    async with kit.Lab.start(kit.lab.hikari.bot(make)) as lab:
        lab.discord.deadline = 0.5
        outcome = await lab.slash("break")
        try:
            await lab.check()
        except BaseExceptionGroup as group:
            checked = [str(error) for error in group.exceptions]
        else:
            checked = []
    return [str(error) for error in outcome.errors], checked


async def main():
    expected = ["no such table"]
    for make in (*map(arc_client, ("gateway", "rest")), *map(crescent_client, ("gateway", "rest"))):
        assert await seen_of(make) == (expected, expected), make
    assert await seen_of(arc_client("gateway", handle)) == ([], [])
    assert HANDLED == ["no such table"]
    assert await seen_of(arc_client("gateway", fail_to_handle)) == (["no such answer"], ["no such answer"])
    print("all of it")


asyncio.run(main())
