"""Payloads at a limit and past it: Discord takes the one, and refuses the other with 50035."""

from __future__ import annotations

from typing import Any

import discord
from discord import ui

from tests.contract.stage import Json, Scenario, Stage, add, refusal, scenario

V2 = 1 << 15
REFUSED = [400, 50035]


def button(**fields: Any) -> Json:
    return {"type": 2, "style": 1, "label": "x", "custom_id": "x", **fields}


def select(**fields: Any) -> Json:
    return {"type": 3, "custom_id": "x", "options": options(3), **fields}


def options(count: int, **fields: Any) -> list[Json]:
    return [{"label": str(number), "value": str(number), **fields} for number in range(count)]


def row(*components: Json) -> Json:
    return {"type": 1, "components": [*components]}


def rows(count: int, width: int) -> Json:
    """A message of many buttons."""
    return components(
        *(row(*(button(custom_id=f"{line} {place}") for place in range(width))) for line in range(count))
    )


def components(*components: Json) -> Json:
    return {"components": [*components]}


def layout(*components: Json) -> Json:
    return {"flags": V2, "components": [*components]}


def text(content: str = "x") -> Json:
    return {"type": 10, "content": content}


def container(*components: Json) -> Json:
    return {"type": 17, "components": [*components]}


def embed(**fields: Any) -> Json:
    return {"embeds": [{"description": "x", **fields}]}


def limit(name: str, story: str, good: Json, bad: Json) -> None:
    """Registers a scenario: the first payload is sent, the second refused."""

    async def play(stage: Stage) -> Any:
        return [await refusal(stage.send(good)), await refusal(stage.send(bad))]

    add(Scenario(f"limit_{name}", story, ["done", REFUSED], play))


limit("content", "Content has 2000 characters.", {"content": "x" * 2000}, {"content": "x" * 2001})
limit(
    "label",
    "A button's label has 80 characters.",
    components(row(button(label="x" * 80))),
    components(row(button(label="x" * 81))),
)
limit(
    "custom_id",
    "A custom_id has 100 characters.",
    components(row(button(custom_id="x" * 100))),
    components(row(button(custom_id="x" * 101))),
)
limit(
    "custom_id_twice",
    "A custom_id is there once.",
    components(row(button(), button(custom_id="y"))),
    components(row(button(), button())),
)
limit(
    "bare_button",
    "A button shows a label or an emoji.",
    components(row(button(label=None, emoji={"name": "🎉"}))),
    components(row(button(label=None))),
)
limit(
    "link",
    "A link leads to http, https or discord.",
    components(row({"type": 2, "style": 5, "label": "x", "url": "https://example.com"})),
    components(row({"type": 2, "style": 5, "label": "x", "url": "javascript:alert(1)"})),
)
limit(
    "emoji",
    "An emoji is one that Discord knows.",
    components(row(button(emoji={"name": "⬆️"}))),
    components(row(button(emoji={"name": "▲"}))),
)
limit("row_width", "A row is five buttons wide.", rows(1, 5), rows(1, 6))
limit("rows", "A message of old has five rows.", rows(5, 1), rows(6, 1))
limit(
    "placeholder",
    "A placeholder has 150 characters.",
    components(row(select(placeholder="x" * 150))),
    components(row(select(placeholder="x" * 151))),
)
limit(
    "options",
    "A select has 25 options.",
    components(row(select(options=options(25)))),
    components(row(select(options=options(26)))),
)
limit(
    "no_options",
    "A select has an option.",
    components(row(select(options=options(1)))),
    components(row(select(options=[]))),
)
limit(
    "option_value_twice",
    "No two options have one value.",
    components(row(select())),
    components(row(select(options=options(2, value="x")))),
)
limit(
    "min_over_max",
    "min_values is at most max_values.",
    components(row(select(min_values=2, max_values=2))),
    components(row(select(min_values=3, max_values=2))),
)
limit(
    "min_over_options",
    "min_values is at most the number of options.",
    components(row(select(min_values=3, max_values=3))),
    components(row(select(min_values=4, max_values=4))),
)
limit(
    "defaults",
    "No more options are chosen beforehand than may be.",
    components(row(select(options=options(2, default=True), max_values=2))),
    components(row(select(options=options(2, default=True), max_values=1))),
)
limit(
    "embeds",
    "A message has ten embeds.",
    {"embeds": embed()["embeds"] * 10},
    {"embeds": embed()["embeds"] * 11},
)
limit("embed_title", "An embed's title has 256 characters.", embed(title="x" * 256), embed(title="x" * 257))
limit(
    "embed_total",
    "The embeds of a message have 6000 characters together.",
    {"embeds": embed(description="x" * 3000)["embeds"] * 2},
    {"embeds": [*embed(description="x" * 3000)["embeds"] * 2, {"title": "x"}]},
)
limit(
    "components",
    "A message has 40 components.",
    layout(*(text() for _ in range(40))),
    layout(*(text() for _ in range(41))),
)
limit(
    "displayed_text",
    "All texts have 4000 characters together.",
    layout(text("x" * 2000), text("x" * 2000)),
    layout(text("x" * 2000), text("x" * 2001)),
)
limit("layout_flag", "Components V2 need their flag.", layout(text()), components(text()))
limit(
    "layout_content",
    "Components V2 take the place of content.",
    layout(text()),
    {**layout(text()), "content": "x"},
)
limit("container", "A container holds something.", layout(container(text())), layout(container()))
limit(
    "nested_container",
    "A container holds no container.",
    layout(container(text())),
    layout(container(container(text()))),
)
limit(
    "component_type",
    "A component is of a type that Discord knows.",
    layout(text()),
    layout({"type": 15, "content": "x"}),
)
limit(
    "file",
    "A file component shows an upload.",
    layout(text()),
    layout({"type": 13, "file": {"url": "https://example.com/x.txt"}}),
)


@scenario(["In components.0.components.0.label: Must be 80 or fewer in length."])
async def an_error_names_its_field(stage: Stage) -> Any:
    """The error that discord.py prints says which field breaks which rule."""
    try:
        await stage.send(components(row(button(label="x" * 81))))
    except discord.HTTPException as error:
        return error.text.splitlines()[1:]


@scenario(["In data.components.0.components.0.label: Must be 80 or fewer in length."])
async def an_error_in_an_answer_names_its_field(stage: Stage) -> Any:
    """In the answer to an interaction, the path starts with data."""
    interaction = await stage.pressed()
    view = stage.catching(ui.Button(label="x", custom_id="x"))
    view.children[0].label = "x" * 81
    try:
        await interaction.response.send_message(view=view)
    except discord.HTTPException as error:
        return error.text.splitlines()[1:]


@scenario([REFUSED, "done"])
async def a_modal_with_a_long_title(stage: Stage) -> Any:
    """A modal's title has 45 characters; after the refusal, the interaction is still to be answered."""
    interaction = await stage.pressed()
    answers = []
    for length in (46, 45):
        modal = ui.Modal(title="x", custom_id="x").add_item(ui.TextInput(label="x"))
        modal.title = "x" * length
        answers.append(await refusal(interaction.response.send_modal(modal)))
    return answers


@scenario([REFUSED, "done"])
async def a_command_with_a_long_description(stage: Stage) -> Any:
    """A command's description has 100 characters."""
    route = discord.http.Route(
        "POST", "/applications/{application_id}/commands", application_id=stage.bot.application_id
    )
    return [
        await refusal(stage.bot.http.request(route, json={"name": "x", "description": "x" * length}))
        for length in (101, 100)
    ]
