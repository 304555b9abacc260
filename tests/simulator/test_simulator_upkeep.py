"""What a long lab leaves behind, and the small truths of messages that bots rely on."""

from __future__ import annotations

import io

import aiohttp
import discord
import pytest

from kit.simulator import Simulator


def file(name: str = "a.txt") -> discord.File:
    return discord.File(io.BytesIO(b"x" * 100), name)


@pytest.mark.asyncio
async def test_files_go_with_their_messages(lab):
    """A file that an edit replaces, or whose message or channel is deleted, takes no room any more."""
    bot = await lab.bot()
    channel, uploads = lab.channel(bot), lab.world.uploads
    message = await channel.send(files=[file("kept.txt"), file("replaced.txt")])
    kept = message.attachments[0]
    for _ in range(3):
        message = await message.edit(attachments=[kept, file()])
        assert [upload.filename for upload in uploads.values()] == ["kept.txt", "a.txt"]
    await message.edit(content="files stay")
    assert len(uploads) == 2
    await message.delete()
    await channel.delete_messages([await channel.send(file=file()), await channel.send(file=file())])
    assert uploads == {}
    other = await channel.guild.create_text_channel("other")
    await other.send(file=file())
    await other.delete()
    assert uploads == {}


@pytest.mark.asyncio
async def test_a_refused_reply_keeps_no_file(lab):
    """A message that is refused because it answers nothing leaves its file nowhere."""
    bot = await lab.bot()
    gone = discord.MessageReference(message_id=1, channel_id=lab.channel(bot).id)
    with pytest.raises(discord.HTTPException, match="Unknown message"):
        await lab.channel(bot).send(file=file(), reference=gone)
    assert lab.world.uploads == {}


@pytest.mark.asyncio
async def test_a_modals_files_live_as_long_as_its_token():
    """A file that someone put into a modal is dropped when its interaction is."""
    simulator = await Simulator.start()
    bob = simulator.world.user("bob")
    shown = simulator.interactions.open(
        3, {}, user=bob, bot=simulator.world.bot, channel_id=simulator.world.channel_id
    )
    upload = {"type": 19, "id": 2, "custom_id": "f"}
    shown.modal = {"title": "t", "custom_id": "m", "components": [{"type": 18, "id": 1, "component": upload}]}
    await simulator.submit(shown, {"f": [("a.txt", b"x")]}, user="bob")
    assert len(simulator.world.uploads) == 1
    await simulator.close()
    assert simulator.world.uploads == {}


@pytest.mark.asyncio
async def test_what_is_not_served_is_listed_once(lab, http):
    """A route that a bot asks for again and again is one line, and the list has an end."""
    told = []
    lab.simulator.subscribe(lambda event, _data: told.append(event))
    for _ in range(3):
        await http("GET", f"/api/v10/guilds/{lab.world.guild['id']}/stickers")
    assert lab.simulator.unsupported == [f"GET /guilds/{lab.world.guild['id']}/stickers"]
    assert told == ["unsupported"] * 3
    for number in range(150):
        await http("GET", f"/api/v10/nothing/{number}")
    assert len(lab.simulator.unsupported) == 100
    assert lab.simulator.unsupported[-1] == "GET /nothing/149"


@pytest.mark.asyncio
async def test_a_purge_is_one_event(lab):
    """A bot that deletes many messages hears of it once, and each subscriber of each message."""
    bot = await lab.bot()
    channel, heard, told = lab.channel(bot), [], []

    async def on_bulk_message_delete(gone):
        heard.append([message.content for message in gone])

    async def on_message_delete(gone):
        heard.append(gone.content)

    bot.add_listener(on_bulk_message_delete)
    bot.add_listener(on_message_delete)
    sent = [await channel.send(str(number)) for number in range(4)]
    lab.simulator.subscribe(lambda event, data: told.append((event, data.get("id"))))
    await channel.delete_messages(sent[:3])
    await sent[3].delete()
    await lab.until(lambda: len(heard) == 2)
    assert heard == [["0", "1", "2"], "3"]
    assert told == [("message_delete", str(message.id)) for message in sent]


@pytest.mark.asyncio
async def test_reactions_are_emoji_and_have_a_member(lab):
    """A reaction that is no emoji is refused with 10014, and the event of a good one names the member."""
    bot = await lab.bot()
    heard = []

    async def on_raw_reaction_add(payload):
        heard.append((str(payload.emoji), payload.member))

    bot.add_listener(on_raw_reaction_add)
    message = await lab.channel(bot).send("react")
    party = f"<:party:{lab.world.emoji('party')['id']}>"
    for wrong in ("hello", "name:notanid", "👍👍", "<:gone:123456789012345678>"):
        with pytest.raises(discord.NotFound) as caught:
            await message.add_reaction(wrong)
        assert caught.value.code == 10014
    for good in ("👍", "1️⃣", party):
        await message.add_reaction(good)
    await lab.until(lambda: len(heard) == 3)
    assert [emoji for emoji, _ in heard] == ["👍", "1️⃣", party]
    assert all(member == message.guild.me for _, member in heard)


@pytest.mark.asyncio
async def test_content_is_trimmed(lab):
    """Space around a message is dropped, and a message of nothing else is empty."""
    bot = await lab.bot()
    message = await lab.channel(bot).send("  hello\n ")
    assert message.content == "hello"
    assert (await message.edit(content=" new ")).content == "new"
    for action in (lab.channel(bot).send(" \n\t "), message.edit(content="   ")):
        with pytest.raises(discord.HTTPException) as caught:
            await action
        assert caught.value.code == 50006
    assert (await lab.channel(bot).send("\u200b")).content == "\u200b"


@pytest.mark.asyncio
async def test_a_category_takes_no_messages_and_frees_its_channels(lab):
    """Nothing can be sent to a category, and its channels stay when it is deleted."""
    bot = await lab.bot()
    guild = bot.guilds[0]
    category = await guild.create_category("Tickets")
    channel = await category.create_text_channel("one")
    with pytest.raises(discord.HTTPException) as caught:
        await bot.http.send_message(category.id, params=discord.http.handle_message_parameters("x"))
    assert caught.value.code == 50008
    await category.delete()
    assert (await guild.fetch_channel(channel.id)).category_id is None


@pytest.mark.asyncio
async def test_a_deadline_that_passes_while_the_bot_is_away(lab, http):
    """A click that a cut-off bot never comes back for fails with the reason, else only with the time."""
    button = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}
    body = {"components": [{"type": 1, "components": [button]}]}
    message = (await http("POST", f"/api/v10/channels/{lab.world.channel_id}/messages", body))[1]["id"]
    lab.simulator.deadline = 0.05
    async with aiohttp.ClientSession() as session, session.ws_connect(lab.simulator.gateway_url) as socket:
        await socket.send_json({"op": 2, "d": {"token": lab.world.token, "intents": 0}})
        await lab.simulator.wait_connected()
        late = await (await lab.simulator.click("go", message=message, user="bob")).answered()
        assert late.failure == "no answer within 0.05 s"
        await lab.simulator.drop_gateway()
        missed = await (await lab.simulator.click("go", message=message, user="bob")).answered()
        assert missed.failure == "no answer within 0.05 s: the bot is not connected"
