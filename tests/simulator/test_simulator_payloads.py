"""What the simulator answers, held against Discord's own API description."""

from __future__ import annotations

import json
from pathlib import Path

import discord
import pytest

SPEC = Path(__file__).parents[2].parent / "shared" / "discord" / "openapi.json"
# Fields that Discord's description demands of each object, kept here for machines without that file.
REQUIRED = {
    "MessageResponse": (
        *("type", "content", "mentions", "mention_roles", "attachments", "embeds", "timestamp", "flags"),
        *(
            "edited_timestamp",
            "components",
            "id",
            "channel_id",
            "author",
            "pinned",
            "mention_everyone",
            "tts",
        ),
    ),
    "UserResponse": ("id", "username", "avatar", "discriminator", "public_flags", "flags", "global_name"),
    "GuildMemberResponse": (
        "avatar",
        "flags",
        "joined_at",
        "nick",
        "pending",
        "roles",
        "user",
        "mute",
        "deaf",
    ),
    "GuildRoleResponse": ("id", "name", "permissions", "position", "color", "colors", "hoist", "managed"),
    "GuildChannelResponse": ("id", "type", "flags", "guild_id", "name", "position"),
    "ApplicationCommandResponse": ("id", "application_id", "version", "type", "name", "description"),
    "PrivateApplicationResponse": (
        "id",
        "name",
        "icon",
        "description",
        "verify_key",
        "flags",
        "owner",
        "team",
    ),
}


async def objects(lab) -> dict[str, dict]:
    """One object of each kind, as the simulator has it."""
    bot = lab.make_bot()

    @bot.tree.command()
    async def ping(interaction) -> None:
        """Pings."""

    await lab.bot(bot)
    await bot.tree.sync()
    view = discord.ui.View()
    view.add_item(discord.ui.Button(label="Press", custom_id="press"))
    sent = await lab.channel(bot).send("x", view=view, embed=discord.Embed(title="t"))
    world = lab.world
    return {
        "MessageResponse": world.message(sent.id),
        "UserResponse": world.user("alice"),
        "GuildMemberResponse": world.member(world.user("alice")["id"]),
        "GuildRoleResponse": world.add_role("Mod"),
        "GuildChannelResponse": world.channel(world.channel_id),
        "ApplicationCommandResponse": world.bot.commands["global"][0],
        "PrivateApplicationResponse": world.bot.application,
    }


@pytest.mark.asyncio
async def test_objects_have_every_field_that_discord_promises(lab):
    """A bot that reads a documented field finds it."""
    for name, value in (await objects(lab)).items():
        assert (name, [key for key in REQUIRED[name] if key not in value]) == (name, [])


@pytest.mark.asyncio
@pytest.mark.skipif(not SPEC.exists(), reason="Discord's API description is not beside this repository")
async def test_objects_against_the_whole_description(lab):
    """No object lacks a required field, nor has one that Discord doesn't know."""
    schemas = json.loads(SPEC.read_text())["components"]["schemas"]
    for name, value in (await objects(lab)).items():
        missing = [key for key in schemas[name].get("required", ()) if key not in value]
        assert (name, missing) == (name, [])
