"""Messages as bots send, read and change them."""

from __future__ import annotations

import asyncio
import io
import struct

import discord
import pytest

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 40, 30) + b"\x08\x02\x00\x00\x00"


@pytest.mark.asyncio
async def test_send_fetch_edit_delete(lab):
    """A message goes through its life as on Discord."""
    bot = await lab.bot()
    channel = lab.channel(bot)
    sent = await channel.send("hello", nonce="n1")
    assert (await channel.fetch_message(sent.id)).content == "hello"
    assert sent.nonce == "n1"
    edited = await sent.edit(content="bye")
    assert edited.edited_at is not None
    assert lab.world.message(sent.id)["content"] == "bye"
    await sent.delete()
    with pytest.raises(discord.NotFound) as caught:
        await channel.fetch_message(sent.id)
    assert caught.value.code == 10008
    assert lab.world.messages() == []


@pytest.mark.asyncio
async def test_what_an_edit_leaves_out_stays(lab):
    """Editing the content keeps embeds, buttons and files; None and [] clear them."""
    bot = await lab.bot()
    view = discord.ui.View()
    view.add_item(discord.ui.Button(label="Press", custom_id="press"))
    sent = await lab.channel(bot).send(
        "text", embed=discord.Embed(title="E"), view=view, file=discord.File(io.BytesIO(b"x"), "x.txt")
    )
    sent = await sent.edit(content="new")
    assert (sent.content, len(sent.embeds), len(sent.components), len(sent.attachments)) == ("new", 1, 1, 1)
    sent = await sent.edit(embed=None, view=None, attachments=[])
    assert (sent.content, sent.embeds, sent.components, sent.attachments) == ("new", [], [], [])
    with pytest.raises(discord.HTTPException) as caught:
        await sent.edit(content=None)
    assert caught.value.code == 50006


@pytest.mark.asyncio
async def test_history(lab):
    """A bot reads a channel's messages in pages, in both directions."""
    bot = await lab.bot()
    channel = lab.channel(bot)
    sent = [await channel.send(str(number)) for number in range(7)]
    assert [m.content async for m in channel.history(limit=3)] == ["6", "5", "4"]
    assert [m.content async for m in channel.history(before=sent[2])] == ["1", "0"]
    assert [m.content async for m in channel.history(after=sent[4])] == ["5", "6"]
    around = [m.content async for m in channel.history(around=sent[3], limit=3)]
    assert sorted(around) == ["2", "3", "4"]


@pytest.mark.asyncio
async def test_files_arrive_with_type_and_size(lab):
    """An uploaded picture has its size in pixels, can be downloaded, and an embed can show it."""
    bot = await lab.bot()
    embed = discord.Embed(title="Picture").set_image(url="attachment://p.png")
    sent = await lab.channel(bot).send(
        embed=embed, file=discord.File(io.BytesIO(PNG), "p.png", description="d")
    )
    attachment = sent.attachments[0]
    assert (attachment.width, attachment.height, attachment.content_type) == (40, 30, "image/png")
    assert attachment.description == "d"
    assert await attachment.read() == PNG
    assert sent.embeds[0].image.url == attachment.url
    assert lab.world.attachment(attachment.url) == ("image/png", PNG)
    kept = await sent.edit(attachments=[attachment, discord.File(io.BytesIO(b"two"), "second (2).txt")])
    assert [a.filename for a in kept.attachments] == ["p.png", "second (2).txt"]
    assert await kept.attachments[1].read() == b"two"


@pytest.mark.asyncio
async def test_a_layout_view_with_media(lab):
    """A components V2 message is numbered, and its attachment:// links point at the uploaded file."""
    bot = await lab.bot()
    view = discord.ui.LayoutView(timeout=None)
    thumbnail = discord.ui.Thumbnail("attachment://p.png")
    section = discord.ui.Section("one", "two", accessory=thumbnail)
    row = discord.ui.ActionRow(discord.ui.Button(label="Go", custom_id="go"))
    view.add_item(discord.ui.Container(section, discord.ui.Separator(), row, accent_colour=0x00FF00))
    view.add_item(discord.ui.File("attachment://p.png"))
    sent = await lab.channel(bot).send(view=view, file=discord.File(io.BytesIO(PNG), "p.png"))
    stored = lab.world.message(sent.id)
    assert stored["flags"] & 1 << 15
    container, file = stored["components"]
    media = container["components"][0]["accessory"]["media"]
    assert (media["width"], media["height"], media["content_type"]) == (40, 30, "image/png")
    assert media["url"].startswith(lab.simulator.url)
    assert (file["name"], file["size"]) == ("p.png", len(PNG))
    ids = [container["id"], container["components"][0]["id"], file["id"]]
    assert ids == [1, 2, 9]
    fetched = discord.ui.LayoutView.from_message(await lab.channel(bot).fetch_message(sent.id))
    again = await sent.edit(view=fetched)
    assert lab.world.message(again.id)["components"][1]["file"]["url"] == media["url"]


@pytest.mark.asyncio
async def test_v2_refuses_content_and_keeps_its_flag(lab):
    """A components V2 message takes no content, at once or in a later edit."""
    bot = await lab.bot()
    view = discord.ui.LayoutView()
    view.add_item(discord.ui.TextDisplay("text"))
    sent = await lab.channel(bot).send(view=view)
    with pytest.raises(discord.HTTPException, match="In content: The 'content' field cannot be used"):
        await sent.edit(content="text")
    plain = await lab.channel(bot).send("plain")
    with pytest.raises(discord.HTTPException, match="In content: The 'content' field cannot be used"):
        await plain.edit(view=view)
    await plain.edit(content=None, view=view)
    assert lab.world.message(plain.id)["flags"] & 1 << 15


@pytest.mark.asyncio
async def test_a_label_too_long_is_refused_as_on_discord(lab):
    """discord.py prints the path and the rule of a broken button."""
    bot = await lab.bot()
    view = discord.ui.View()
    view.add_item(discord.ui.Button(label="x" * 81, custom_id="long"))
    with pytest.raises(discord.HTTPException) as caught:
        await lab.channel(bot).send(view=view)
    assert (caught.value.status, caught.value.code) == (400, 50035)
    assert "In components.0.components.0.label: Must be 80 or fewer in length." in str(caught.value)


@pytest.mark.asyncio
async def test_replies_mentions_and_their_limits(lab):
    """A reply shows what it answers, and allowed_mentions says who is pinged."""
    bot = await lab.bot()
    channel = lab.channel(bot)
    said = await lab.simulator.say("question", user="bob")
    question = await channel.fetch_message(int(said["id"]))
    answer = await question.reply(f"<@{said['author']['id']}> @everyone")
    assert (answer.reference.message_id, answer.mention_everyone) == (question.id, True)
    assert [user.name for user in answer.mentions] == ["bob"]
    quiet = await channel.send(
        f"<@{said['author']['id']}> @here", allowed_mentions=discord.AllowedMentions.none()
    )
    assert (quiet.mentions, quiet.mention_everyone) == ([], False)
    await question.delete()
    with pytest.raises(discord.HTTPException, match="Unknown message"):
        await question.reply("too late")


@pytest.mark.asyncio
async def test_reactions_pins_and_bulk_delete(lab):
    """The smaller things a bot does with messages."""
    bot = await lab.bot()
    channel = lab.channel(bot)
    sent = [await channel.send(str(number)) for number in range(3)]
    await sent[0].add_reaction("🎉")
    assert (await channel.fetch_message(sent[0].id)).reactions[0].me
    await sent[0].remove_reaction("🎉", bot.user)
    assert (await channel.fetch_message(sent[0].id)).reactions == []
    await sent[1].pin()
    assert [m.content async for m in channel.pins()] == ["1"]
    await sent[1].unpin()
    assert [m async for m in channel.pins()] == []
    async with channel.typing():
        await channel.delete_messages(sent[:2])
    left, announced = lab.world.messages()
    assert (left["content"], announced["type"]) == ("2", 6)
    assert announced["message_reference"]["message_id"] == str(sent[1].id)


@pytest.mark.asyncio
async def test_another_authors_message_cannot_be_edited(lab):
    """A bot may delete what people write, but not change it."""
    bot = await lab.bot()
    said = await lab.simulator.say("mine", user="alice")
    partial = lab.channel(bot).get_partial_message(int(said["id"]))
    with pytest.raises(discord.Forbidden) as caught:
        await partial.edit(content="yours")
    assert caught.value.code == 50005
    await partial.delete()
    assert lab.world.messages() == []


@pytest.mark.asyncio
async def test_more_pins_than_a_page_has(lab):
    """Pins are listed page by page, the newest pin first whatever the age of its message; each is there once."""
    bot = await lab.bot()
    channel = lab.channel(bot)
    sent = [await channel.send(str(number)) for number in range(60)]
    for message in (*sent[1:], sent[0]):
        await message.pin()
    async with asyncio.timeout(10):
        found = [message async for message in channel.pins(limit=None)]
    assert [message.content for message in found] == ["0", *(str(number) for number in range(59, 0, -1))]
    assert found[0].pinned_at > found[1].pinned_at > sent[-1].created_at
    await sent[0].unpin()
    await sent[30].delete()
    assert len([message async for message in channel.pins(limit=None)]) == 58
    assert lab.world.channels[lab.world.channel_id]["last_pin_timestamp"] == found[1].pinned_at.isoformat()
