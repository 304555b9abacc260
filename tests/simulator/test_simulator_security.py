"""What a hostile program on the same machine, or a web page in its browser, can do to a simulator: nothing."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import re
import socket as sockets
import struct
import zlib
from pathlib import Path

import aiohttp
import pytest

from kit.simulator import Simulator
from kit.simulator.gateway import connection as gateway_connection
from kit.simulator.gateway import gateway as gateway_module

OPEN_REFUSALS = {10015, 10062}


def filled(template: str) -> str:
    """A path of a template, with an id or a word for each of its names."""
    return re.sub(r"\{(\w+)\}", lambda name: "1" if name[1].endswith("_id") else "x", template)


async def raw(lab, data: bytes, *, until: bytes | None = None, timeout: float = 5) -> bytes:
    """What a plain socket that sends some bytes gets back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", lab.simulator.port)
    try:
        writer.write(data)
        async with asyncio.timeout(timeout):
            return await (reader.readuntil(until) if until else reader.read())
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def message_with(lab, parts: bytes) -> tuple[int, dict]:
    """Sends a message as a multipart body."""
    headers = {"Authorization": f"Bot {lab.world.token}", "Content-Type": "multipart/form-data; boundary=b"}
    url = f"{lab.simulator.rest_url}/channels/{lab.world.channel_id}/messages"
    async with aiohttp.ClientSession() as session, session.post(url, data=parts, headers=headers) as response:
        return response.status, await response.json()


def resident() -> int:
    """The bytes of memory that this process holds."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.asyncio
async def test_no_route_without_the_token(lab):
    """Every route of the table refuses who has no token, or another world's; nothing changes."""
    stranger = await Simulator.start()
    told = []
    lab.world.observe(lambda event, data: told.append(event))
    routes = list(lab.simulator._rest.routes)
    assert len(routes) > 40
    try:
        async with aiohttp.ClientSession() as session:
            for route in routes:
                for token in (
                    None,
                    "Bot x",
                    f"Bot {stranger.token}",
                    lab.world.token,
                    f"Bearer {lab.world.token}",
                ):
                    url = f"{lab.simulator.rest_url}/{filled(route.template)}"
                    headers = {"Authorization": token} if token else {}
                    async with session.request(route.method, url, json={}, headers=headers) as response:
                        code = (await response.json())["code"]
                    expected = code in OPEN_REFUSALS if route.open else (response.status, code) == (401, 0)
                    assert expected, (route, token, response.status, code)
    finally:
        await stranger.close()
    assert told == []


@pytest.mark.asyncio
async def test_the_gateway_says_nothing_before_the_token(lab):
    """A socket that is just open hears of nothing that happens."""
    async with aiohttp.ClientSession() as session, session.ws_connect(lab.simulator.gateway_url) as socket:
        assert set((await socket.receive_json())["d"]) == {"heartbeat_interval", "_trace"}
        await lab.simulator.say("secret", user="bob")
        await socket.send_json({"op": 1, "d": None})
        assert (await socket.receive_json())["op"] == 11


@pytest.mark.asyncio
async def test_it_listens_on_the_loopback_only(lab):
    """The sockets of this process that listen on its port are those of 127.0.0.1."""
    port = f"{lab.simulator.port:04X}"
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    addresses = {row[1] for row in listening if row[3] == "0A" and row[1].endswith(f":{port}")}
    assert addresses == {f"{struct.unpack('<I', sockets.inet_aton('127.0.0.1'))[0]:08X}:{port}"}
    six = [line.split() for line in Path("/proc/net/tcp6").read_text().splitlines()[1:]]
    assert not [row for row in six if row[3] == "0A" and row[1].endswith(f":{port}")]


@pytest.mark.asyncio
async def test_a_web_page_gets_nothing(lab):
    """A page that guesses the port, or is rebound to it by DNS, has no token and is granted no other origin."""
    path = f"/api/v10/channels/{lab.world.channel_id}/messages"
    async with aiohttp.ClientSession() as session:
        for host in ("evil.example", f"127.0.0.1:{lab.simulator.port}"):
            headers = {"Origin": "http://evil.example", "Host": host, "Content-Type": "text/plain"}
            post = session.post(lab.simulator.url + path, data=b'{"content": "x"}', headers=headers)
            asked = {**headers, "Access-Control-Request-Method": "POST"}
            preflight = session.options(lab.simulator.url + path, headers=asked)
            for request in (post, preflight):
                async with request as response:
                    assert response.status == 401
                    assert not [name for name in response.headers if name.startswith("Access-Control")]
    assert lab.world.messages() == []


@pytest.mark.parametrize(
    "path",
    [
        *("/attachments/../../../../etc/passwd", "/attachments/1/2/..%2f..%2f..%2fetc%2fpasswd"),
        *("/attachments/%2e%2e/%2e%2e/etc/passwd?hm=0", "/attachments//etc/passwd", "/../etc/passwd"),
        *("/attachments/1/2/x%00.txt", "/api/v10/../../etc/passwd", "/attachments/1/2/" + "x" * 7000),
    ],
)
@pytest.mark.asyncio
async def test_no_path_leads_to_a_file(lab, path):
    """Whatever dots and slashes a URL has, it is an attachment of this world or nothing."""
    answer = await raw(lab, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert answer.split()[1] in (b"401", b"403", b"404")
    assert b"root:" not in answer


@pytest.mark.parametrize(
    "name",
    [
        *('"../../../../tmp/evil.txt"', '"/etc/passwd"', '"..\\\\..\\\\evil.exe"', '"a;b=\\"c.txt"'),
        *("\"\"; filename*=UTF-8''a%0d%0aX-Evil%3A%201.html", '"<img src=x>.html"', '"' + "x" * 3000 + '"'),
    ],
)
@pytest.mark.asyncio
async def test_a_hostile_file_name(lab, name, tmp_path, monkeypatch):
    """A file name is a string and nothing else: no path, no header, no page that runs."""
    monkeypatch.chdir(tmp_path)
    head = f'--b\r\nContent-Disposition: form-data; name="files[0]"; filename={name}\r\n'
    parts = f"{head}Content-Type: text/html\r\n\r\n<script>\r\n--b--\r\n".encode()
    status, message = await message_with(lab, parts)
    assert status == 200
    (file,) = message["attachments"]
    link = file["url"]
    assert re.fullmatch(r"[\x21-\x7e]+", link)
    assert link.startswith(f"{lab.simulator.url}/attachments/{lab.world.channel_id}/{file['id']}/")
    assert "/" not in link.split("?")[0].removeprefix(lab.simulator.url + "/attachments/").split("/", 2)[2]
    async with aiohttp.ClientSession() as session, session.get(link) as response:
        assert (response.status, await response.read()) == (200, b"<script>")
        assert response.headers["Content-Security-Policy"] == "sandbox"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "X-Evil" not in response.headers
    assert list(tmp_path.iterdir()) == []


@pytest.mark.asyncio
async def test_headers_can_not_be_injected_by_an_emoji(lab, http):
    """Line breaks in a path or a query come back in no header."""
    path = f"/channels/{lab.world.channel_id}/messages/1/reactions/%0d%0aX-Evil:1/@me?limit=%0d%0aX-Evil:1"
    head = (
        f"PUT {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bot {lab.world.token}\r\nConnection: close\r\n\r\n"
    )
    answer = await raw(lab, head.encode())
    assert b"X-Evil" not in answer.split(b"\r\n\r\n")[0]


@pytest.mark.asyncio
async def test_a_body_that_is_too_large(lab):
    """It is refused by what it claims before a byte of it is read, and by what it is when it claims nothing."""
    head = f"POST /channels/{lab.world.channel_id}/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bot {lab.world.token}\r\n"
    claimed = head + "Content-Length: 99999999999\r\n\r\n"
    assert b" 413 " in await raw(lab, claimed.encode(), until=b"\r\n")
    before = resident()
    reader, writer = await asyncio.open_connection("127.0.0.1", lab.simulator.port)
    writer.write((head + "Transfer-Encoding: chunked\r\n\r\n").encode())
    chunk = b"100000\r\n" + b"x" * (1 << 20) + b"\r\n"
    refused = asyncio.create_task(reader.readuntil(b"\r\n"))
    with contextlib.suppress(ConnectionError):
        for _ in range(200):
            writer.write(chunk)
            await writer.drain()
            if refused.done():
                break
    assert b" 413 " in await asyncio.wait_for(refused, 5)
    assert resident() - before < 100 << 20
    writer.close()


@pytest.mark.asyncio
async def test_a_stranger_sends_no_large_body(lab):
    """Routes that carry their own token read no body for a token that nobody was given."""
    told = []
    for path in ("/interactions/1/x/callback", f"/webhooks/{lab.world.application_id}/x"):
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n{{"
        told.append(await raw(lab, head.encode(), until=b"\r\n"))
    assert [answer.split()[1] for answer in told] == [b"404", b"404"]


@pytest.mark.asyncio
async def test_a_multipart_body_of_a_million_parts(lab):
    """More files than a message may have are refused while they are read."""
    part = b'--b\r\nContent-Disposition: form-data; name="files[%d]"; filename="x"\r\n\r\n\r\n'
    status, body = await message_with(lab, b"".join(part % number for number in range(5000)) + b"--b--\r\n")
    assert (status, body["code"]) == (400, 50035)
    assert "50 or fewer parts" in json.dumps(body)


@pytest.mark.asyncio
async def test_a_compressed_bomb(lab, http):
    """A kilobyte that would unpack to forty megabytes is not unpacked, as a body or as a frame."""
    bomb = zlib.compress(b'{"content": "' + b"x" * (40 << 20) + b'"}', 9)
    path = f"/api/v10/channels/{lab.world.channel_id}/messages"
    before = resident()
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bot {lab.world.token}", "Content-Encoding": "deflate"}
        async with session.post(lab.simulator.url + path, data=bomb, headers=headers) as response:
            assert (response.status, (await response.json())["code"]) == (400, 50109)
        async with session.ws_connect(lab.simulator.gateway_url, compress=15) as socket:
            assert socket.compress == 0, "the gateway takes no compressed frames"
            await socket.receive()
            await socket.send_bytes(bomb[:4000])
            assert (await socket.receive(timeout=5)).data == 4002
    assert resident() - before < 30 << 20


@pytest.mark.asyncio
async def test_slow_clients_hinder_nobody(lab, http):
    """A hundred clients that send a byte of their head and no more: others are served, and they are dropped."""
    opened = [await asyncio.open_connection("127.0.0.1", lab.simulator.port) for _ in range(100)]
    for number, (_, writer) in enumerate(opened):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "[: number % 30])
    assert (await http("GET", "/api/v10/users/@me"))[0] == 200
    lab.simulator._listener.header_seconds = 0
    lab.simulator._listener._silent = dict.fromkeys(lab.simulator._listener._silent, 0.0)
    lab.simulator._listener._sweep()
    async with asyncio.timeout(5):
        for reader, writer in opened:
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
            writer.close()
    assert (await http("GET", "/api/v10/users/@me"))[0] == 200


@pytest.mark.asyncio
async def test_a_slow_body_is_given_up(lab, http, monkeypatch):
    """A body that does not come to its end in time is a 408, and holds nothing."""
    monkeypatch.setattr("kit.simulator.rest.calls.BODY_SECONDS", 0.05)
    head = f"POST /channels/{lab.world.channel_id}/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bot {lab.world.token}\r\n"
    for kind in ("application/json", "multipart/form-data; boundary=b"):
        slow = f"{head}Content-Type: {kind}\r\nContent-Length: 100\r\n\r\n--b"
        assert b" 408 " in await raw(lab, slow.encode(), until=b"\r\n")
    assert (await http("GET", "/api/v10/users/@me"))[0] == 200


@pytest.mark.asyncio
async def test_a_flood_of_sockets(lab, monkeypatch):
    """Of the sockets that never identify the oldest are cut beyond a number; bots stay, and new ones come in."""
    monkeypatch.setattr(gateway_module, "MAX_STRANGERS", 20)
    bot = await lab.bot()
    async with aiohttp.ClientSession() as session:
        opened = [await session.ws_connect(lab.simulator.gateway_url) for _ in range(100)]
        for socket in opened[:80]:
            assert (await socket.receive(timeout=5)).type in (
                aiohttp.WSMsgType.TEXT,
                aiohttp.WSMsgType.CLOSED,
            )
            assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSED
        for socket in opened[80:]:
            assert (await socket.receive_json(timeout=5))["op"] == 10
            await socket.send_json({"op": 1, "d": None})
            assert (await socket.receive_json(timeout=5))["op"] == 11
        assert bot.is_ready()
        assert not bot.is_closed()
        await lab.bot(token=lab.world.add_bot("late").token)
        for socket in opened:
            await socket.close()


@pytest.mark.asyncio
async def test_a_flood_of_frames(lab, http):
    """Ten thousand heartbeats are answered while others are served; a huge frame closes its own socket only."""
    async with aiohttp.ClientSession() as session, session.ws_connect(lab.simulator.gateway_url) as socket:
        await socket.receive()
        flood = asyncio.create_task(send_many(socket, 10_000))
        assert (await http("GET", "/api/v10/users/@me"))[0] == 200
        for _ in range(10_000):
            assert (await socket.receive_json(timeout=5))["op"] == 11
        await flood
        await socket.send_str(" " * (1 << 20))
        message = await socket.receive(timeout=5)
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1009)
    assert (await http("GET", "/api/v10/users/@me"))[0] == 200


async def send_many(socket, count: int) -> None:
    for _ in range(count):
        await socket.send_str('{"op":1,"d":null}')


@pytest.mark.asyncio
async def test_a_client_that_does_not_read(lab, monkeypatch):
    """What it leaves unread is bounded: then its connection is cut, and its session is as one that broke."""
    monkeypatch.setattr(gateway_connection, "MAX_UNREAD", 200_000)
    states = []
    lab.simulator.subscribe(lambda event, data: states.append(data["state"]) if event == "gateway" else None)
    reader, writer = await asyncio.open_connection("127.0.0.1", lab.simulator.port, limit=1024)
    writer.write(
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.pause_reading()
    identify = json.dumps({"op": 2, "d": {"token": lab.world.token, "intents": 1 << 9 | 1 << 15}}).encode()
    writer.write(b"\x81\xfe" + struct.pack(">H", len(identify)) + bytes(4) + identify)
    await lab.until(lambda: states)
    for _ in range(5000):
        await lab.simulator.say("x" * 2000, user="bob")
        if "disconnected" in states:
            break
        # The writer gets its turn, as between the clicks of people.
        await asyncio.sleep(0)
    await lab.until(lambda: "disconnected" in states)
    assert states == ["connected", "disconnected"]
    writer.close()


@pytest.mark.parametrize(
    "request_line",
    [
        *(b"GET / HTTP/9.9\r\n\r\n", b"\x00\x01\x02\r\n\r\n", b"GET " + b"/x" * 9000 + b" HTTP/1.1\r\n\r\n"),
        *(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",),
        *(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",),
        *(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",),
    ],
)
@pytest.mark.asyncio
async def test_what_is_no_http(lab, http, request_line, caplog):
    """Nonsense is a 400, in the log it is no failure of ours, and the next request is served."""
    answer = await raw(lab, request_line, until=b"\r\n")
    assert answer.split()[1] == b"400"
    assert (await http("GET", "/api/v10/users/@me"))[0] == 200
    assert "bug of viewkit" not in caplog.text
