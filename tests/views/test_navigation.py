"""Navigation: pages of one message, and the way back, before and after a restart."""

from __future__ import annotations

import asyncio

import discord
import pytest
from discord import ui

import kit
from kit import PersistentLayoutView, PersistentView, StatefulButton, StatefulView, card
from kit.persistence.live import live_views
from kit.state import StateError


class Menu(PersistentView):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.add_item(StatefulButton(label="Topic", custom_id="menu:topic", callback=self.topic))
        self.add_item(StatefulButton(label="About", custom_id="menu:about", callback=self.about))

    async def topic(self, interaction):
        await self.push(Topic, interaction, name="art")

    async def about(self, interaction):
        await self.replace(About, interaction)


class Topic(PersistentView):
    auto_back_button = True

    def __init__(self, name="none", **kwargs):
        super().__init__(**kwargs)
        self.name = name
        self.add_item(StatefulButton(label=f"Join {name}", custom_id="topic:join", callback=self.join))
        self.add_item(StatefulButton(label="Deeper", custom_id="topic:deeper", callback=self.deeper))

    async def join(self, interaction):
        await interaction.response.send_message(f"joined {self.name}", ephemeral=True)

    async def deeper(self, interaction):
        await self.push(Topic, interaction, name=self.name + "+")


class About(PersistentView):
    auto_back_button = True

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.add_item(StatefulButton(label="Hello", custom_id="about:hello", callback=self.hello))

    async def hello(self, interaction):
        await interaction.response.send_message("hello", ephemeral=True)


class LayoutPage(PersistentLayoutView):
    pass


@pytest.fixture(autouse=True)
def registered():
    """The classes of this module, which the class registry of each test begins without."""
    for cls in (Menu, Topic, About, LayoutPage):
        kit.persistence.view_classes.put(cls.registry_key, cls)


@pytest.mark.asyncio
async def test_a_page_takes_the_message_and_the_back_button_leads_back(lab):
    """Push shows the page, its buttons answer, and Back brings the first page again."""
    await lab.post(Menu, state_key="menu")
    pushed = await lab.click("Topic")
    assert pushed.message.labels == ["Join art", "Deeper", "◀ Back"]
    assert (await lab.click("topic:join")).ephemeral[0].text == "joined art"
    assert (await lab.click("nav:back")).message.labels == ["Topic", "About"]
    assert (await lab.click("Topic")).message.labels[0] == "Join art"
    assert len([message for message in lab.messages if not message.ephemeral]) == 1


@pytest.mark.parametrize("crash", [False, True])
@pytest.mark.asyncio
async def test_the_way_back_survives_a_restart(lab, crash):
    """Two pages deep, after a restart: the page answers with its arguments, and Back leads through both."""
    await lab.post(Menu, state_key="menu")
    await lab.click("Topic")
    await lab.click("Deeper")
    await lab.restart(crash=crash)
    assert (await lab.click("topic:join")).ephemeral[0].text == "joined art+"
    assert (await lab.click("nav:back")).message.labels[0] == "Join art"
    await lab.restart(crash=crash)
    assert (await lab.click("nav:back")).message.labels == ["Topic", "About"]
    session = lab.store.state["sessions"][
        "Menu:user_" + str(lab.store.state["persistent_views"]["menu"]["user_id"])
    ]
    assert session["nav_stack"] == []


@pytest.mark.asyncio
async def test_two_panels_of_one_user_have_a_way_back_each(lab):
    """They share a session; Back on one does not lead to the page of the other."""
    first = (await lab.post(Menu, state_key="menu:1")).message
    second = (await lab.post(Menu, state_key="menu:2")).message
    await lab.click("Topic", message=first)
    await lab.click("Topic", message=second)
    await lab.click("Deeper", message=second)
    assert (await lab.click("nav:back", message=first)).message.labels == ["Topic", "About"]
    assert (await lab.click("nav:back", message=second)).message.labels[0] == "Join art"


@pytest.mark.asyncio
async def test_replace_leaves_no_way_back_and_survives_a_restart(lab):
    """A page that replaced the first one is the first one, and has no Back button."""
    await lab.post(Menu, state_key="menu")
    assert (await lab.click("About")).message.labels == ["Hello"]
    await lab.restart(crash=True)
    assert (await lab.click("Hello")).ephemeral[0].text == "hello"


@pytest.mark.asyncio
async def test_a_limit_counts_a_later_page_as_the_first(lab):
    """A user who went to another page has not got room for a second panel by that."""

    class One(PersistentView):
        session_limit = 1

        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.add_item(StatefulButton(label="Topic", custom_id="one:topic", callback=self.topic))

        async def topic(self, interaction):
            await self.push(Topic, interaction, name="art")

    first = (await lab.post(One, state_key="one:1")).message
    await lab.click("Topic", message=first)
    await lab.restart()
    await lab.post(One, state_key="one:2")
    assert set(lab.store.state["persistent_views"]) == {"one:2"}


@pytest.mark.asyncio
async def test_pages_of_plain_views_take_any_argument(lab):
    """A view that does not outlive the process can be given what JSON can't hold."""

    class Item:
        name = "sword"

    class Shop(StatefulView):
        def __init__(self, item=None, **kwargs):
            super().__init__(**kwargs)
            self.item = item
            self.add_item(StatefulButton(label=f"Look at {item.name}", custom_id="look", callback=self.look))

        async def look(self, interaction):
            await self.push(Detail, interaction, item=self.item)

    class Detail(StatefulView):
        auto_back_button = True

        def __init__(self, item=None, **kwargs):
            super().__init__(**kwargs)
            self.item = item
            self.add_item(StatefulButton(label=f"Buy {item.name}", custom_id="buy", callback=self.buy))

        async def buy(self, interaction):
            await interaction.response.send_message("sold")

    await lab.post(Shop, item=Item())
    assert (await lab.click("look")).message.labels == ["Buy sword", "◀ Back"]
    session = next(iter(lab.store.state["sessions"].values()))
    assert [page["class_name"] for page in session["nav_stack"]] == ["Shop"]
    assert (await lab.click("nav:back")).message.labels == ["Look at sword"]
    assert session["nav_stack"] == []
    assert len(live_views(lab.store)) == 1


@pytest.mark.asyncio
async def test_rebuild_fills_a_page_before_it_is_shown(lab):
    """It is given the new view, and may return more to edit."""

    class Start(StatefulView):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.add_item(StatefulButton(label="Go", custom_id="go", callback=self.go))

        async def go(self, interaction):
            await self.push(Filled, interaction, rebuild=self.fill)

        async def fill(self, view):
            view.add_item(ui.Button(label="Filled", custom_id="filled"))
            return {"embed": discord.Embed(title="A page")}

    class Filled(StatefulView):
        pass

    await lab.post(Start)
    message = (await lab.click("go")).message
    assert message.labels == ["Filled"]
    assert message.text == "A page"


@pytest.mark.asyncio
async def test_a_page_that_can_not_be_made_changes_nothing(lab):
    """The constructor raises, and the page before goes on answering."""

    class Broken(PersistentView):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            raise LookupError("no data")

    class Door(PersistentView):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.add_item(StatefulButton(label="Open", custom_id="open", callback=self.open))

        async def open(self, interaction):
            await self.push(Broken, interaction)

    await lab.post(Door, state_key="door")
    for _ in range(2):
        assert (await lab.click("open")).ephemeral[0].text.startswith("Something went wrong")
    assert lab.store.state["persistent_views"]["door"]["class_name"] == "Door"


@pytest.mark.asyncio
async def test_pages_of_two_kinds_are_refused(lab):
    """A layout view can't share a message with a plain one, nor a persistent one with one that is not."""

    class Plain(StatefulView):
        pass

    await lab.post(Menu, state_key="menu")
    menu = live_views(lab.store).panel("menu")
    with pytest.raises(TypeError, match="only one is a layout view"):
        await menu.push(LayoutPage)
    with pytest.raises(TypeError, match="make Plain persistent too"):
        await menu.push(Plain)
    with pytest.raises(RuntimeError, match="is on no message yet"):
        await Menu(state_key="other").push(Topic)


@pytest.mark.asyncio
async def test_a_layout_view_has_its_back_button_in_a_row(lab):
    """V2 pages are navigated as V1 pages are."""

    class Front(PersistentLayoutView):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.add_item(
                card("# Front", ui.ActionRow(StatefulButton(label="In", custom_id="in", callback=self.go)))
            )

        async def go(self, interaction):
            await self.push(Inside, interaction)

    class Inside(PersistentLayoutView):
        auto_back_button = True

        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.add_item(card("# Inside"))

    await lab.post(Front, state_key="front")
    assert (await lab.click("In")).message.labels == ["◀ Back"]
    await lab.restart()
    assert (await lab.click("nav:back")).message.labels == ["In"]


@pytest.mark.asyncio
async def test_exit_on_a_later_page_ends_the_panel(lab):
    """Nothing of it is left in the state: no entry, no page, no view."""
    await lab.post(Menu, state_key="menu")
    await lab.click("Topic")
    await live_views(lab.store).panel("menu").exit(delete_message=True)
    state = lab.store.state
    assert (state["views"], state["sessions"], state["persistent_views"]) == ({}, {}, {})


@pytest.mark.asyncio
async def test_a_page_that_is_reloaded_keeps_its_way_back(lab):
    """The class of the page is run again: its new label is shown, and Back still leads back."""

    def topic(word):
        class Chapter(PersistentView):
            auto_back_button = True

            def __init__(self, **kwargs):
                super().__init__(**kwargs)
                self.add_item(StatefulButton(label=word, custom_id="chapter:word"))

        return Chapter

    first = topic("old")

    class Book(PersistentView):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.add_item(StatefulButton(label="Read", custom_id="book:read", callback=self.read))

        async def read(self, interaction):
            await self.push(first, interaction)

    await lab.post(Book, state_key="book")
    await lab.click("Read")
    await lab.reload(topic("new"))
    assert lab.messages[0].labels == ["new", "◀ Back"]
    assert (await lab.click("nav:back")).message.labels == ["Read"]


@pytest.mark.asyncio
async def test_a_double_click_pushes_once(lab):
    """The second press was on a page that has gone by then: nobody is told of an error, and Back leads back at once."""
    await lab.post(Menu, state_key="menu")
    outcomes = await asyncio.gather(lab.click("Topic"), lab.click("Topic"))
    assert [outcome.errors for outcome in outcomes] == [[], []]
    session = next(iter(lab.store.state["sessions"].values()))
    assert len(session["nav_stack"]) == len(session["views"]) == len(lab.store.state["views"]) == 1
    assert (await lab.click("nav:back")).message.labels == ["Topic", "About"]
    assert len(live_views(lab.store)) == 1


@pytest.mark.asyncio
async def test_a_push_in_a_batch_is_refused_before_anything_is_shown(lab):
    """A page is shown and stored by itself."""
    await lab.post(Menu, state_key="menu")
    menu = live_views(lab.store).panel("menu")

    async def both():
        async with menu.batch():
            await menu.push(Topic)

    with pytest.raises(StateError, match="after the batch"):
        await both()
    assert lab.messages[0].labels == ["Topic", "About"]
    with pytest.raises(TypeError, match="take a class of kit's views"):
        await menu.push(ui.View)


@pytest.mark.asyncio
async def test_a_page_lives_as_long_as_the_one_before(lab):
    """A menu without a timeout has pages without one, and has none when it is back."""

    class Lasting(StatefulView):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.add_item(StatefulButton(label="x"))

    class Short(Lasting):
        pass

    await lab.post(Lasting, timeout=None)
    [first] = live_views(lab.store)
    page = await first.push(Short)
    assert page.timeout is None
    brief = await page.push(Short, timeout=5)
    assert brief.timeout == 5
    assert (await brief.pop()).timeout is None


@pytest.mark.asyncio
async def test_exit_during_a_push_ends_the_page(lab):
    """Whoever is faster, the panel has ended."""
    await lab.post(Menu, state_key="menu")
    menu = live_views(lab.store).panel("menu")
    results = await asyncio.gather(menu.push(Topic), menu.exit(), return_exceptions=True)
    assert not isinstance(results[1], Exception)
    assert lab.store.state["persistent_views"] == {}
    assert len(live_views(lab.store)) == 0
