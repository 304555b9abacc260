"""REST bots: interactions that are POSTed, signed, to a bot's own HTTP endpoint."""

from __future__ import annotations

import asyncio
import json
import socket

import aiohttp
import discord
import pytest
import pytest_asyncio
from aiohttp import web
from discord import ui

from kit.simulator import EndpointError, Simulator, World

nacl_signing = pytest.importorskip("nacl.signing", reason="PyNaCl is not installed")
nacl_exceptions = pytest.importorskip("nacl.exceptions", reason="PyNaCl is not installed")

ROW = {"type": 1, "components": [{"type": 2, "style": 1, "label": "Press", "custom_id": "press"}]}
PANEL = {"content": "panel", "components": [ROW]}


class Endpoint:
    """An HTTP endpoint as Discord's documentation describes one; ``answers`` is what it says to interactions."""

    def __init__(self, verify_key: str) -> None:
        self.verify_key = verify_key
        self.checks = True
        self.received: list[dict] = []
        self.answers: list = []
        self.runner = web.AppRunner(self._app(), access_log=None)
        self.url = ""

    def _app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/interactions", self.handle)
        return app

    async def start(self) -> None:
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}/interactions"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if self.checks:
            signed = request.headers["X-Signature-Timestamp"].encode() + body
            signature = bytes.fromhex(request.headers["X-Signature-Ed25519"])
            try:
                nacl_signing.VerifyKey(bytes.fromhex(self.verify_key)).verify(signed, signature)
            except nacl_exceptions.BadSignatureError:
                return web.Response(status=401, text="invalid request signature")
        payload = json.loads(body)
        if payload["type"] == 1:
            return web.json_response({"type": 1})
        self.received.append(payload)
        answer = self.answers.pop(0)
        if callable(answer):
            answer = await answer(payload)
        return answer if isinstance(answer, web.StreamResponse) else web.json_response(answer)


@pytest_asyncio.fixture
async def endpoint(lab):
    """A REST bot's endpoint, connected."""
    endpoint = Endpoint(lab.world.bot.application["verify_key"])
    await endpoint.start()
    await lab.simulator.connect_endpoint(endpoint.url)
    yield endpoint
    await endpoint.runner.cleanup()


async def posted(lab, http):
    """A message with a button, sent by REST."""
    path = f"/api/v10/channels/{lab.world.channel_id}/messages"
    return (await http("POST", path, PANEL))[1]


async def clicked(lab, message):
    return await (await lab.simulator.click("press", message=message["id"], user="bob")).answered()


def original(lab, interaction):
    return f"/api/v10/webhooks/{lab.world.application_id}/{interaction.token}/messages/@original"


@pytest.mark.asyncio
async def test_a_click_is_posted_and_its_answer_shown(lab, http, endpoint):
    """A REST bot gets a signed interaction, and what it answers is the initial response."""
    message = await posted(lab, http)
    endpoint.answers = [{"type": 4, "data": {"content": "pressed", "flags": 64}}]
    interaction = await clicked(lab, message)
    (payload,) = endpoint.received
    assert (payload["id"], payload["data"]["custom_id"]) == (interaction.id, "press")
    ((what, answer),) = interaction.effects
    assert (interaction.status, what, answer["content"]) == ("answered", "create", "pressed")
    assert [m["content"] for m in lab.world.messages(viewer="alice")] == ["panel"]


@pytest.mark.asyncio
async def test_every_type_of_answer(lab, http, endpoint):
    """Deferred replies and edits, edits and modals mean in a response what they mean in a callback."""
    message = await posted(lab, http)
    field = {"type": 1, "components": [{"type": 4, "custom_id": "name", "label": "Name", "style": 1}]}
    modal = {"custom_id": "m", "title": "Who?", "components": [field]}
    endpoint.answers = [
        {"type": 5, "data": {"flags": 64}},
        {"type": 6},
        {"type": 7, "data": {"content": "edited"}},
        {"type": 9, "data": modal},
        {"type": 4, "data": {"content": "thanks"}},
    ]
    deferred = await clicked(lab, message)
    assert (await http("PATCH", original(lab, deferred), {"content": "later"}))[1]["content"] == "later"
    quiet = await clicked(lab, message)
    assert (await http("GET", original(lab, quiet)))[1]["id"] == message["id"]
    edited = await clicked(lab, message)
    assert lab.world.message(message["id"])["content"] == "edited"
    shown = await clicked(lab, message)
    assert shown.modal["title"] == "Who?"
    submitted = await (await lab.simulator.submit(shown, {"name": "Bob"}, user="bob")).answered()
    assert submitted.effects[0][1]["content"] == "thanks"
    assert [i.callback_type for i in (deferred, quiet, edited, shown, submitted)] == [5, 6, 7, 9, 4]


@pytest.mark.asyncio
async def test_a_response_with_a_file(lab, http, endpoint):
    """A multipart response brings its files along, as hikari sends them."""
    message = await posted(lab, http)

    async def answer(payload):
        data = {"type": 4, "data": {"content": "see", "attachments": [{"id": 0, "description": "a log"}]}}
        with aiohttp.MultipartWriter("form-data") as parts:
            part = parts.append_json(data)
            part.set_content_disposition("form-data", name="payload_json")
            part = parts.append(b"hello")
            part.set_content_disposition("form-data", name="files[0]", filename="log.txt")
        return web.Response(body=parts)

    endpoint.answers = [answer]
    interaction = await clicked(lab, message)
    assert (interaction.status, interaction.failure) == ("answered", None)
    (file,) = interaction.effects[0][1]["attachments"]
    assert (file["filename"], file["description"]) == ("log.txt", "a log")
    assert lab.world.attachment(file["url"]) == ("text/plain", b"hello")


@pytest.mark.asyncio
async def test_the_callback_route_answers_a_rest_bot_too(lab, http, endpoint):
    """A bot may use the callback route and end the POST with an empty 202; a second answer is ignored."""
    message = await posted(lab, http)

    async def by_callback(payload):
        path = f"/api/v10/interactions/{payload['id']}/{payload['token']}/callback"
        assert (await http("POST", path, {"type": 4, "data": {"content": "by callback"}}))[0] == 204
        return web.Response(status=202)

    async def twice(payload):
        await by_callback(payload)
        return web.json_response({"type": 4, "data": {"content": "again"}})

    endpoint.answers = [by_callback, twice]
    for _ in range(2):
        interaction = await clicked(lab, message)
        assert [answer["content"] for _, answer in interaction.effects] == ["by callback"]


async def redirect(payload):
    raise web.HTTPFound("http://example.com/")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (web.Response(status=500), "answered 500"),
        (redirect, "answered 302"),
        (web.Response(text="ok"), "invalid JSON"),
        (web.Response(text="ok", content_type="multipart/form-data"), "multipart body is broken"),
        ({"type": 1}, "Value must be one of"),
        ([], "Only dictionaries"),
        ({"type": 4, "data": {"content": "x" * 2001}}, "Must be 2000 or fewer in length"),
        ({"type": 8, "data": {"choices": []}}, "Value must be one of"),
        ({"type": 12}, "does not serve callback type 12"),
    ],
)
@pytest.mark.asyncio
async def test_an_answer_that_discord_would_not_take(lab, http, endpoint, answer, reason):
    """The person sees the interaction fail, and the reason says what was wrong with the answer."""
    message = await posted(lab, http)
    endpoint.answers = [answer]
    interaction = await clicked(lab, message)
    assert interaction.status == "failed"
    assert reason in interaction.failure
    path = f"/api/v10/interactions/{interaction.id}/{interaction.token}/callback"
    assert (await http("POST", path, {"type": 6}))[1]["code"] == 10062


@pytest.mark.asyncio
async def test_an_endpoint_that_is_down(lab, http, endpoint):
    """A bot that no longer listens fails its interactions at once, with the address that was tried."""
    message = await posted(lab, http)
    await endpoint.runner.cleanup()
    interaction = await clicked(lab, message)
    assert interaction.status == "failed"
    assert f"the endpoint {endpoint.url} can't be reached" in interaction.failure


@pytest.mark.asyncio
async def test_an_endpoint_that_is_too_slow(lab, http, endpoint):
    """An answer after three seconds is none: 10062 for the callback, and the POST is given up."""
    message = await posted(lab, http)
    arrived, gone_on = asyncio.Event(), asyncio.Event()

    async def slow(payload):
        arrived.set()
        await gone_on.wait()
        return web.json_response({"type": 6})

    endpoint.answers = [slow]
    interaction = await lab.simulator.click("press", message=message["id"], user="bob")
    await arrived.wait()
    lab.world.clock.advance(3.1)
    await interaction.answered()
    assert (interaction.status, interaction.failure) == ("failed", "no answer within 3 s")
    gone_on.set()
    path = f"/api/v10/interactions/{interaction.id}/{interaction.token}/callback"
    assert (await http("POST", path, {"type": 6}))[1]["code"] == 10062


@pytest.mark.asyncio
async def test_an_endpoint_is_checked_before_it_is_used(lab, http):
    """As Discord does when the URL is saved: each way to fail has its own words, and changes nothing."""
    endpoint = Endpoint("ab" * 32)
    await endpoint.start()
    try:
        with pytest.raises(EndpointError, match=r"does not answer a PING.*it answered 401"):
            await lab.simulator.connect_endpoint(endpoint.url)
        endpoint.checks = False
        with pytest.raises(EndpointError, match=r"does not check signatures.*it answered 200"):
            await lab.simulator.connect_endpoint(endpoint.url)
        with pytest.raises(EndpointError, match="it answered 404"):
            await lab.simulator.connect_endpoint(endpoint.url + "/other")
    finally:
        await endpoint.runner.cleanup()
    with pytest.raises(EndpointError, match="can't be reached"):
        await lab.simulator.connect_endpoint(endpoint.url)
    assert lab.world.bot.endpoint_url is None


@pytest.mark.parametrize(
    "url",
    [
        *("https://127.0.0.1/", "http://example.com/", "http://192.168.1.1:80/", "http://0.0.0.0:80/"),
        *(
            "http://127.0.0.1.example.com/",
            "http://[fe80::1]/",
            "ftp://127.0.0.1/",
            "http://127.0.0.1:x/",
            "",
        ),
    ],
)
@pytest.mark.asyncio
async def test_nothing_is_posted_to_another_machine(lab, url):
    """Only addresses of this machine are endpoints, whatever their URL looks like."""
    with pytest.raises(EndpointError, match=r"is not an address of this machine|is no URL"):
        await lab.simulator.connect_endpoint(url)


@pytest.mark.asyncio
async def test_the_url_is_saved_by_rest(lab, http):
    """PATCH /applications/@me connects an endpoint, refuses one in Discord's shape, and takes it away."""
    endpoint = Endpoint(lab.world.bot.application["verify_key"])
    await endpoint.start()
    try:
        path = "/api/v10/applications/@me"
        status, application = await http("PATCH", path, {"interactions_endpoint_url": endpoint.url})
        assert (status, application["interactions_endpoint_url"]) == (200, endpoint.url)
        message = await posted(lab, http)
        endpoint.answers = [{"type": 6}]
        assert (await clicked(lab, message)).status == "answered"
        assert (await http("PATCH", path, {}))[0] == 200
        assert lab.world.bot.endpoint_url == endpoint.url
        assert (await http("PATCH", path, {"interactions_endpoint_url": None}))[0] == 200
        assert "not connected" in (await clicked(lab, message)).failure
        status, refused = await http("PATCH", path, {"interactions_endpoint_url": "http://example.com/"})
        (error,) = refused["errors"]["interactions_endpoint_url"]["_errors"]
        assert (status, error["code"]) == (400, "APPLICATION_INTERACTIONS_ENDPOINT_URL_INVALID")
        assert (await http("PATCH", path, {"interactions_endpoint_url": 5}))[0] == 400
        assert (await http("PATCH", path, {"icon": "data:"}))[0] == 501
    finally:
        await endpoint.runner.cleanup()


@pytest.mark.asyncio
async def test_an_application_has_either(lab, endpoint):
    """While an endpoint is connected its bot's gateway gets no clicks; afterwards it gets them again."""
    seen = []

    class Panel(ui.View):
        @ui.button(label="Press", custom_id="press")
        async def press(self, interaction: discord.Interaction, button) -> None:
            seen.append(interaction.id)
            await interaction.response.defer()

    bot = await lab.bot()
    sent = await lab.channel(bot).send(view=Panel(timeout=None))
    endpoint.answers = [{"type": 6}]
    assert (await clicked(lab, {"id": sent.id})).status == "answered"
    assert (len(endpoint.received), seen) == (1, [])
    lab.simulator.disconnect_endpoint()
    interaction = await clicked(lab, {"id": sent.id})
    assert (interaction.status, seen) == ("answered", [int(interaction.id)])


@pytest.mark.asyncio
async def test_each_bot_has_its_own_endpoint(lab, http, endpoint):
    """Two REST bots: a click is signed with the key of the bot whose message it is, and goes to it."""
    helper = lab.world.add_bot("helper")
    other = Endpoint(helper.application["verify_key"])
    await other.start()
    try:
        with pytest.raises(EndpointError, match=r"does not answer a PING"):
            await lab.simulator.connect_endpoint(endpoint.url, bot=helper)
        await lab.simulator.connect_endpoint(other.url, bot=helper)
        path = f"/api/v10/channels/{lab.world.channel_id}/messages"
        other.answers = [{"type": 6}]
        message = (await http("POST", path, PANEL, token=helper.token))[1]
        assert (await clicked(lab, message)).status == "answered"
        assert (len(other.received), endpoint.received) == (1, [])
    finally:
        await other.runner.cleanup()


@pytest.mark.asyncio
async def test_endpoints_are_saved_with_the_world(tmp_path):
    """A world that is loaded again signs with the same key and POSTs to the same URL."""
    world = World()
    endpoint = Endpoint(world.bot.application["verify_key"])
    await endpoint.start()
    simulator = await Simulator.start(world)
    await simulator.connect_endpoint(endpoint.url)
    world.save(tmp_path / "world.json")
    await simulator.close()
    again = await Simulator.start(World.load(tmp_path / "world.json"))
    try:
        endpoint.answers = [{"type": 4, "data": {"content": "again"}}]
        interaction = again.interactions.open(
            *(3, {"custom_id": "x", "component_type": 2}),
            user=again.world.user("bob"),
            bot=again.world.bot,
            channel_id=again.world.channel_id,
        )
        await interaction.answered()
        assert (interaction.status, len(endpoint.received)) == ("answered", 1)
    finally:
        await again.close()
        await endpoint.runner.cleanup()


@pytest.mark.asyncio
async def test_without_pynacl_the_error_names_the_extra(lab, monkeypatch):
    """Signing needs PyNaCl; where it is missing the rest of the simulator works."""
    monkeypatch.setitem(__import__("sys").modules, "nacl.signing", None)
    assert World().bot.application["verify_key"] == "0" * 64
    with pytest.raises(ModuleNotFoundError, match=r"viewkit\[hikari\]"):
        await lab.simulator.connect_endpoint("http://127.0.0.1:9/")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.asyncio
async def test_a_hikari_rest_bot(lab):
    """A RESTBot of hikari learns its public key by REST, passes the check, and answers a click with a file."""
    hikari = pytest.importorskip("hikari", reason="hikari is not installed")
    bot = hikari.RESTBot(
        *(lab.world.token, "Bot"),
        rest_url=lab.simulator.rest_url,
        banner=None,
        suppress_optimization_warning=True,
    )

    async def press(interaction: hikari.ComponentInteraction):
        reply = interaction.build_response(hikari.ResponseType.MESSAGE_CREATE)
        return reply.set_content(f"for {interaction.user.username}").add_attachment(
            hikari.Bytes(b"x", "a.txt")
        )

    bot.set_listener(hikari.ComponentInteraction, press)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with asyncio.timeout(30):
            await bot.start(socket=listening, check_for_updates=False)
            port = listening.getsockname()[1]
            await lab.simulator.connect_endpoint(f"http://127.0.0.1:{port}/")
            row = bot.rest.build_message_action_row().add_interactive_button(
                hikari.ButtonStyle.PRIMARY, "press", label="Press"
            )
            sent = await bot.rest.create_message(int(lab.world.channel_id), "panel", component=row)
            interaction = await clicked(lab, {"id": str(sent.id)})
            await bot.close()
    assert (interaction.status, interaction.failure) == ("answered", None)
    answer = interaction.effects[0][1]
    assert (answer["content"], answer["attachments"][0]["filename"]) == ("for bob", "a.txt")
