"""Commands: registered, completed and used."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from tests.contract.stage import Stage, refusal, scenario


@scenario([["bob", 2], ["bob", 1], ["hi"]])
async def a_slash_command(stage: Stage) -> Any:
    """A synced command arrives with its options, or their defaults, and is answered."""
    await stage.bot.tree.sync()
    seen = []
    for options in ({"times": 2}, {}):
        await stage.slash("greet", who="bob", **options)
        interaction = await stage.next()
        seen.append(interaction.extras["options"])
    await interaction.response.send_message("hi")
    return [*seen, stage.contents]


@scenario(["hi", 20, "greet", "alice"])
async def an_answer_to_a_command(stage: Stage) -> Any:
    """The answer to a command is a message of a type of its own, which says who used what."""
    await stage.bot.tree.sync()
    await stage.slash("greet", who="bob")
    interaction = await stage.next()
    await interaction.response.send_message("hi")
    shown = await interaction.original_response()
    raw = stage.seen("bob")[-1]
    about = raw["interaction_metadata"]
    return [shown.content, raw["type"], interaction.command.name, about["user"]["username"]]


@scenario(["refused by the client", "done"])
async def a_command_for_moderators(stage: Stage) -> Any:
    """A command that needs a permission by default is not there for who lacks it."""

    @stage.bot.tree.command()
    @app_commands.default_permissions(manage_guild=True)
    async def settle(interaction: discord.Interaction) -> None:
        """Settles it."""

    await stage.bot.tree.sync()
    return [await refusal(stage.slash("settle", user=name)) for name in ("bob", "alice")]


@scenario("refused by the client")
async def a_command_that_was_never_synced(stage: Stage) -> Any:
    """Nobody can use a command that is not registered."""
    return await refusal(stage.slash("greet", who="bob"))


FRUIT = ("apple", "apricot", "pear")


@scenario([["apple", "apricot"], []])
async def a_completed_option(stage: Stage) -> Any:
    """While someone types into an option, the bot offers what it could be."""

    @stage.bot.tree.command()
    async def eat(interaction: discord.Interaction, fruit: str) -> None:
        """Eats a fruit."""

    @eat.autocomplete("fruit")
    async def complete(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=it, value=it) for it in FRUIT if it.startswith(typed)]

    await stage.bot.tree.sync()
    return [await stage.complete("eat", "fruit", typed) for typed in ("ap", "z")]


@scenario(["mine", "Quote", ["mine", "> mine"], "refused by the client"])
async def a_menu_of_a_message(stage: Stage) -> Any:
    """A command in the menu of a message gets that message."""

    @stage.bot.tree.context_menu(name="Quote")
    async def quote(interaction: discord.Interaction, message: discord.Message) -> None:
        interaction.extras["message"] = message
        await stage.caught.put(interaction)

    await stage.bot.tree.sync()
    said = await stage.say("mine", user="bob")
    await stage.menu("Quote", said)
    interaction = await stage.next()
    content = interaction.extras["message"].content
    await interaction.response.send_message(f"> {content}")
    return [content, interaction.command.name, stage.contents, await refusal(stage.menu("Unquote", said))]
