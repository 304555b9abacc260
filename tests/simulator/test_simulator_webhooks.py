"""Webhooks of channels, by which bots and others write without being there."""

from __future__ import annotations

import aiohttp
import discord
import pytest

from kit.simulator import World
from tests.simulator.agreement import agree


async def refusal(action) -> int:
    with pytest.raises(discord.HTTPException) as caught:
        await action
    return caught.value.code


@pytest.mark.asyncio
async def test_a_bot_logs_by_a_webhook(lab):
    """A bot makes a webhook and writes by it under another name; what it wrote can be changed and pressed."""
    bot = await lab.bot()
    channel = lab.channel(bot)
    told = []

    async def on_webhooks_update(where) -> None:
        told.append(where.name)

    bot.add_listener(on_webhooks_update)
    hook = await channel.create_webhook(name="Log")
    view = discord.ui.View(timeout=None)
    button = discord.ui.Button(label="Seen", custom_id="seen")

    async def seen(interaction) -> None:
        await interaction.response.edit_message(content="seen", view=None)

    button.callback = seen
    view.add_item(button)
    sent = await hook.send("@everyone look", username="Logger", view=view, wait=True)
    raw = lab.world.message(sent.id)
    assert (raw["author"]["username"], raw["webhook_id"], raw["mention_everyone"]) == (
        "Logger",
        str(hook.id),
        True,
    )
    assert [m.author.name async for m in channel.history()] == ["Logger"]
    await sent.edit(content="look again")
    assert await refusal((await channel.fetch_message(sent.id)).edit(content="x")) == 50005
    used = await (await lab.simulator.click("seen", message=sent.id, user="bob")).answered()
    assert (used.status, lab.world.message(sent.id)["content"]) == ("answered", "seen")
    await agree(lab, bot)
    await sent.delete()
    assert await refusal(hook.fetch_message(sent.id)) == 10008
    assert [found.name for found in await channel.webhooks()] == ["Log"]
    await hook.edit(name="Diary", channel=await channel.guild.create_text_channel("diary"))
    await hook.send("dear diary")
    assert lab.world.messages("diary")[0]["author"]["username"] == "Diary"
    await hook.delete()
    assert await refusal(hook.send("x")) == 10015
    await lab.until(lambda: told == ["general", "general", "diary", "diary"])


@pytest.mark.asyncio
async def test_a_webhook_by_its_url(lab, tmp_path):
    """Whoever has the URL writes without a bot, in threads and forums too; a wrong token is refused."""
    bot = await lab.bot()
    channel = lab.channel(bot)
    made = await channel.create_webhook(name="Log")
    async with aiohttp.ClientSession(connector=lab.simulator.connector()) as session:
        hook = discord.Webhook.from_url(made.url, session=session)
        await hook.send("hello", file=discord.File(__file__, "log.txt"))
        thread = await channel.create_thread(name="Logs", type=discord.ChannelType.public_thread)
        await hook.send("inside", thread=thread)
        assert lab.world.messages("Logs")[-1]["content"] == "inside"
        assert await refusal(hook.send("x", thread=discord.Object(1))) == 10003
        assert await refusal(hook.send("")) == 50006
        wrong = discord.Webhook.partial(made.id, "wrong", session=session)
        assert await refusal(wrong.send("x")) == 50027
        forum = await channel.guild.create_forum("posts")
        there = await forum.create_webhook(name="Poster")
        assert await refusal(there.send("x")) == 220001
        await there.send("first", thread_name="News")
        assert lab.world.messages("News")[0]["author"]["username"] == "Poster"
        lab.world.save(tmp_path / "w.json")
        assert World.load(tmp_path / "w.json").webhooks == lab.world.webhooks
        await channel.delete()
        assert await refusal(hook.send("x")) == 10015
    await agree(lab, bot)
    lab.world.bot_permissions = ["manage_channels"]
    assert await refusal(forum.create_webhook(name="x")) == 50013
    assert await refusal(forum.webhooks()) == 50013
