"""What the guides say and hikari-miru 4.3.1, arc 2.3 and tanjun 2.17 don't do; docs/hikari.md lists it."""

import asyncio
import inspect

import arc
import hikari
import miru
import tanjun


class View(miru.View):
    def __init__(self):
        super().__init__(timeout=None)

    @miru.button(label="Button", custom_id="button")
    async def button(self, ctx, button):
        """Nothing."""


async def main():
    bot = hikari.GatewayBot("MTIz.b.c", banner=None, logs=None)
    arc_client = arc.GatewayClient(bot)
    client = miru.Client.from_arc(arc_client)

    # `await view.start(message)`, of miru 3.
    assert not hasattr(View(), "start")
    assert inspect.signature(client.start_view).parameters["bind_to"]

    # `@arc_client.set_startup_hook`, and in it `client.start_view` on the parameter `client`.
    assert not hasattr(arc_client, "set_startup_hook")
    assert arc_client.add_startup_hook
    assert not hasattr(arc_client, "start_view")

    # `bind_to=` a message that was sent: hikari's Message is not what miru takes for an id.
    message = hikari.Message.__new__(hikari.Message)
    message.id = hikari.Snowflake(1)
    by_message, by_id = View(), View()
    client.start_view(by_message, bind_to=message)
    assert client.get_bound_view(message) is None
    client.start_view(by_id, bind_to=message.id)
    assert client.get_bound_view(message) is by_id

    # "You may end up with duplicate responses": the twin that is started last answers alone.
    twins = View(), View()
    for view in twins:
        client.start_view(view, bind_to=None)
    assert client.get_unbound_view("button") is twins[1]

    # tanjun's slash commands: what it asks its builders for is no longer in hikari.
    command = tanjun.as_slash_command("name", "description")(main)
    refused = "no: let its bot use slash commands"
    try:
        await tanjun.Client.from_gateway_bot(bot).declare_application_commands(
            [command.build()], application=1
        )
    except AttributeError as error:
        refused = str(error)
    assert "is_dm_enabled" in refused

    client.clear()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


asyncio.run(main())
print("all of it")
