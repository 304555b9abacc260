"""People who write, answer, change and delete, in channels and in direct messages."""

from __future__ import annotations

import discord
import pytest

from kit.simulator import ClickError
from kit.simulator.world.permissions import READ_MESSAGE_HISTORY, VIEW_CHANNEL
from tests.simulator.agreement import agree


def listen(bot, *names):
    """Gathers what a bot hears."""
    heard = []
    for name in names:

        async def on_event(*data, name=name):
            heard.append((name, *data))

        bot.add_listener(on_event, f"on_{name}")
    return heard


@pytest.mark.asyncio
async def test_people_change_their_messages(lab):
    """A person writes with a file, edits and deletes; the bot hears of each."""
    bot = await lab.bot()
    heard = listen(bot, "message", "message_edit", "message_delete", "typing")
    await lab.simulator.start_typing(user="bob")
    said = await lab.simulator.say("helo", user="bob", files=[("a.txt", b"text")])
    await lab.simulator.edit(said, "hello", user="bob")
    await lab.until(lambda: len(heard) == 3)
    assert [name for name, *_ in heard] == ["typing", "message", "message_edit"]
    assert heard[0][2].name == "bob"
    message = heard[2][2]
    assert (message.content, message.author.name, message.edited_at is None) == ("hello", "bob", False)
    assert await message.attachments[0].read() == b"text"
    await agree(lab, bot)
    with pytest.raises(ClickError, match="bob wrote that message"):
        await lab.simulator.edit(said, "x", user="alice")
    lab.world.user("carol")
    with pytest.raises(ClickError, match="carol can't delete what others wrote in #general"):
        await lab.simulator.delete(said, user="carol")
    await lab.simulator.delete(said["id"], user="alice")
    await lab.until(lambda: len(heard) == 4)
    assert lab.world.messages() == []
    assert lab.world.uploads == {}


@pytest.mark.asyncio
async def test_what_people_cannot_write(lab):
    """An empty or overlong text, a channel where they may not write, and somebody who isn't there are refused."""
    lab.world.channel("rules", overwrites={"@everyone": {"send_messages": False}})
    lab.world.channel("Office", type="category")
    simulator = lab.simulator
    for arguments, words in (
        ({"content": "  ", "user": "bob"}, "Cannot send an empty message"),
        ({"content": "x" * 2001, "user": "bob"}, "content: Must be 2000 or fewer in length."),
        ({"content": "x", "user": "bob", "channel": "rules"}, "bob can't write in #rules"),
        ({"content": "x", "user": "alice", "channel": "Office"}, "Nobody can write in a channel of type 4"),
        ({"content": "x", "user": "bobby"}, r"Known: alice, bob. Make them first: world.user\('bobby'\)"),
        ({"content": "x", "user": "viewkit"}, "viewkit is a bot; people act here: alice, bob"),
    ):
        with pytest.raises(ClickError, match=words):
            await simulator.say(**arguments)
    with pytest.raises(LookupError, match="Known: #general"):
        await simulator.say("x", user="bob", channel="genral")


@pytest.mark.asyncio
async def test_a_conversation_in_direct_messages(lab):
    """A person writes to the bot, which answers there; a button and a slash command work there as well."""
    bot = await lab.bot()
    heard = listen(bot, "message", "interaction")
    said = await lab.simulator.say("hi", user="bob", to="viewkit")
    await lab.until(lambda: heard)
    message = heard[0][1]
    assert (message.guild, message.channel.type, message.author.name) == (
        None,
        discord.ChannelType.private,
        "bob",
    )
    view = discord.ui.View()
    button = discord.ui.Button(label="Yes", custom_id="yes")

    async def pressed(interaction) -> None:
        assert interaction.guild is None
        await interaction.response.send_message("only here", ephemeral=True)

    button.callback = pressed
    view.add_item(button)
    answer = await message.reply("really?", view=view)
    assert [m["content"] for m in lab.world.messages(said["channel_id"])] == ["hi", "really?"]
    used = await (await lab.simulator.click("yes", message=answer.id, user="bob")).answered()
    assert (used.payload["context"], used.effects[0][1]["content"]) == (1, "only here")
    await lab.simulator.say("thanks", user="bob", reply_to=answer.id)
    await lab.until(lambda: heard[-1][0] == "message" and heard[-1][1].content == "thanks")
    assert heard[-1][1].reference.message_id == answer.id
    await lab.simulator.react(answer.id, "👍", user="bob")
    await lab.simulator.pin(answer.id, user="bob")
    for action in (
        lambda: lab.simulator.react(answer.id, "👍", user="alice"),
        lambda: lab.simulator.say("x", user="alice", channel=said["channel_id"]),
        lambda: lab.simulator.click("yes", message=answer.id, user="alice"),
    ):
        with pytest.raises(ClickError, match="bob's direct messages"):
            await action()
    with pytest.raises(ClickError, match="deletes only what they wrote"):
        await lab.simulator.delete(answer.id, user="bob")
    assert (await lab.channel(bot).guild.get_member_named("bob").create_dm()).id == int(said["channel_id"])
    await agree(lab, bot)


@pytest.mark.asyncio
async def test_people_pin(lab):
    """A moderator pins a message; who may not is told so."""
    bot = await lab.bot()
    message = await lab.channel(bot).send("rules")
    with pytest.raises(ClickError, match="bob can't pin in #general"):
        await lab.simulator.pin(message.id, user="bob")
    lab.world.role("Mods", permissions=["pin_messages", "manage_messages"])
    lab.world.give_role("bob", "Mods")
    await lab.simulator.pin(message.id, user="bob")
    assert [pinned.id async for pinned in lab.channel(bot).pins()] == [message.id]
    await agree(lab, bot)
    await lab.simulator.pin(message.id, user="bob", pinned=False)
    assert [pinned.id async for pinned in lab.channel(bot).pins()] == []
    await lab.simulator.delete(message.id, user="bob")


@pytest.mark.asyncio
async def test_answers_and_forwards(lab):
    """A bot answers and forwards messages; what it can't refer to is refused with Discord's reason."""
    bot = await lab.bot()
    channel = lab.channel(bot)
    other = await channel.guild.create_text_channel("other")
    said = await lab.simulator.say("news", user="bob", files=[("a.txt", b"x")])
    message = await channel.fetch_message(int(said["id"]))
    forwarded = await message.forward(other)
    assert forwarded.flags.forwarded
    assert [(s.content, s.attachments[0].filename) for s in forwarded.message_snapshots] == [
        ("news", "a.txt")
    ]
    assert forwarded.reference.message_id == message.id
    again = await other.fetch_message(forwarded.id)
    assert (again.content, again.message_snapshots[0].content) == ("", "news")

    async def refused(reference, into=channel) -> tuple[int, str]:
        with pytest.raises(discord.HTTPException) as caught:
            await into.send("x", reference=reference)
        return caught.value.code, caught.value.text

    assert await refused(message, other) == (
        50035,
        "Invalid Form Body\nIn message_reference: Cannot reply to a message in a different channel",
    )
    thread = await message.create_thread(name="Talk")
    starter = lab.world.messages(thread.id)[0]
    reference = discord.MessageReference(message_id=int(starter["id"]), channel_id=thread.id)
    assert (await refused(reference, thread))[1].endswith("Cannot reply to a system message")
    gone = discord.MessageReference(message_id=1, channel_id=channel.id)
    assert (await refused(gone))[1].endswith("Unknown message")
    gone.fail_if_not_exists = False
    assert (await channel.send("x", reference=gone)).reference is None
    gone.type = discord.MessageReferenceType.forward
    assert (await refused(gone))[0] == 10008
    lab.world.role("@everyone", permissions=VIEW_CHANNEL)
    lab.world.bot_permissions = ["view_channel", "send_messages"]
    assert (await refused(message))[0] == 160002
    lab.world.role("@everyone", permissions=VIEW_CHANNEL | READ_MESSAGE_HISTORY)


@pytest.mark.asyncio
async def test_embeds_are_hidden_by_a_moderator(lab):
    """A bot that manages messages hides the embeds of others, changes nothing else, and calls it no edit."""
    bot = await lab.bot()
    said = await lab.simulator.say("https://example.com", user="bob")
    message = await lab.channel(bot).fetch_message(int(said["id"]))
    hidden = await message.edit(suppress=True)
    assert (hidden.flags.suppress_embeds, hidden.edited_at, hidden.content) == (True, None, said["content"])
    with pytest.raises(discord.Forbidden) as caught:
        await message.edit(content="mine")
    assert caught.value.code == 50005
    await agree(lab, bot)


@pytest.mark.asyncio
async def test_a_nonce_is_sent_once(lab, http):
    """A message that is sent again with an enforced nonce is the first one."""
    path = f"/api/v10/channels/{lab.world.channel_id}/messages"
    body = {"content": "once", "nonce": "n1", "enforce_nonce": True}
    one, two = await http("POST", path, body), await http("POST", path, body)
    assert one == two
    assert len(lab.world.messages()) == 1
    await http("POST", path, {**body, "enforce_nonce": False})
    assert len(lab.world.messages()) == 2


@pytest.mark.asyncio
async def test_who_may_ping(lab):
    """@everyone pings only from those who may, and a role everyone may mention from all."""
    bot = await lab.bot()
    heard = listen(bot, "message")
    mods, team = lab.world.role("Mods"), lab.world.role("Team", mentionable=True)
    text = f"@everyone <@&{mods['id']}> <@&{team['id']}> <@{lab.world.user('alice')['id']}>"
    await lab.simulator.say(text, user="bob")
    await lab.simulator.say(text, user="alice")
    await lab.until(lambda: len(heard) == 2)
    seen = [(m.mention_everyone, [r.name for r in m.role_mentions], len(m.mentions)) for _, m in heard]
    assert seen[0] == (True, ["Mods", "Team"], 1)
    lab.world.role("@everyone", permissions=["view_channel", "send_messages"])
    await lab.simulator.say(text, user="bob")
    await lab.until(lambda: len(heard) == 3)
    message = heard[2][1]
    assert (message.mention_everyone, [r.name for r in message.role_mentions]) == (False, ["Team"])


@pytest.mark.asyncio
async def test_messages_around(lab):
    """A bot lists what was written around, before and after a message."""
    bot = await lab.bot()
    for number in range(9):
        await lab.simulator.say(str(number), user="bob")
    ids = {m["content"]: discord.Object(int(m["id"])) for m in lab.world.messages()}
    history = lab.channel(bot).history

    async def listed(**options):
        return "".join([message.content async for message in history(**options)])

    assert await listed(around=ids["4"], limit=3) == "543"
    assert await listed(around=ids["4"], limit=5) == "65432"
    assert await listed(around=ids["8"], limit=5) == "876"
    assert await listed(before=ids["4"], limit=2) == "32"
    assert await listed(after=ids["4"], limit=2) == "56"
    assert await listed(after=ids["4"], before=ids["7"]) == "56"


@pytest.mark.asyncio
async def test_what_discord_py_made_names_things(lab):
    """A message or a member of the bot's library stands for its id."""
    bot = lab.make_bot()

    @bot.tree.context_menu(name="Wave")
    async def wave(interaction, member: discord.Member) -> None:
        await interaction.response.send_message(f"hi {member.name}")

    await lab.bot(bot)
    await bot.tree.sync()
    message = await lab.channel(bot).send("x")
    await lab.simulator.react(message, "👍", user="bob")
    await lab.simulator.pin(message, user="alice")
    await lab.simulator.say("y", user="bob", reply_to=message)
    used = await lab.simulator.context_menu("Wave", target=bot.guilds[0].owner, user="bob")
    assert (await used.answered()).effects[0][1]["content"] == "hi alice"
    await agree(lab, bot)
