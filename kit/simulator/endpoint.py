"""REST bots: what is POSTed, signed, to a bot's own HTTP endpoint instead of its gateway connection."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import secrets
import urllib.parse
from typing import TYPE_CHECKING, Any

import aiohttp

from kit.simulator.errors import ApiError, EndpointError, UnknownError, UnsupportedError
from kit.simulator.rest.calls import MAX_BODY, Call, parse, read_parts
from kit.simulator.rest.interactions import respond
from kit.simulator.world.bots import ENDPOINT_URL
from kit.simulator.world.keys import new_signing_key, sign

if TYPE_CHECKING:
    from kit.simulator.interactions.interactions import Interaction
    from kit.simulator.server import Simulator
    from kit.simulator.world.bots import Bot

Json = dict[str, Any]

PING, PONG = 1, 1
OK, ACCEPTED = 200, 202
CHECK_SECONDS = 3.0

log = logging.getLogger(__name__)


class Endpoints:
    """The endpoints of a world's bots. Each bot's URL is in its application, and so in the world's file.

    Args:
        simulator: Whose interactions are POSTed.
    """

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._session: aiohttp.ClientSession | None = None
        self._deliveries: set[asyncio.Task[None]] = set()

    async def connect(self, bot: Bot, url: str) -> None:
        """Sends a bot's interactions to a URL from now on, if what answers there checks signatures.

        Args:
            bot: The bot.
            url: Its endpoint.

        Raises:
            EndpointError: The URL is not of this machine, or Discord would not accept what answers there.
            ModuleNotFoundError: PyNaCl is missing.
        """
        check_url(url)
        answer = await self._ping(url, bot, bot.signing_key)
        if answer != (OK, {"type": PONG}):
            raise EndpointError(
                f"{url} does not answer a PING: it must answer a correctly signed one with 200 and "
                f'{{"type": 1}}, but {_shown(*answer)}. It must check with the application\'s verify_key, '
                f"{bot.application['verify_key']}."
            )
        answer = await self._ping(url, bot, new_signing_key())
        # The documents ask for 401. Discord takes hikari's 400 as well.
        if not 400 <= answer[0] < 500:
            raise EndpointError(
                f"{url} does not check signatures: it must answer a wrongly signed PING with 401, "
                f"but {_shown(*answer)}."
            )
        self._move(bot, url)

    def disconnect(self, bot: Bot) -> None:
        """Sends a bot's interactions to its gateway connection again.

        Args:
            bot: The bot.
        """
        self._move(bot, None)

    def _move(self, bot: Bot, url: str | None) -> None:
        bot.application[ENDPOINT_URL] = url
        self._simulator.notify("endpoint", {"application_id": bot.id, "url": url})

    def deliver(self, interaction: Interaction) -> bool:
        """POSTs an interaction, and judges what is answered as a callback is judged.

        Args:
            interaction: The interaction, pending.

        Returns:
            Whether its bot has an endpoint.
        """
        url = interaction.bot.endpoint_url
        if url is None:
            return False
        task = asyncio.create_task(self._deliver(interaction, url), name="viewkit endpoint delivery")
        self._deliveries.add(task)
        # A bot that used the callback route may take until then to answer the POST.
        timer = self._simulator.world.clock.call_later(self._simulator.deadline, task.cancel)
        task.add_done_callback(lambda _: timer.cancel())
        task.add_done_callback(self._deliveries.discard)
        return True

    async def close(self) -> None:
        """Gives up what is on its way."""
        for task in self._deliveries:
            task.cancel()
        await asyncio.gather(*self._deliveries, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def _deliver(self, interaction: Interaction, url: str) -> None:
        try:
            failure = await self._exchange(interaction, url)
        except EndpointError as error:
            failure = str(error)
        except Exception:
            log.exception("The simulator failed on %r; this is a bug of viewkit, please report it", url)
            failure = "the simulator failed"
        if failure:
            self._simulator.interactions.fail(interaction, failure)

    async def _exchange(self, interaction: Interaction, url: str) -> str | None:
        # A world's file may name any address; nothing leaves this machine.
        check_url(url)
        call = Call(interaction.bot, f"POST {url}", {}, {})
        status = await self._post(url, interaction.bot.signing_key, interaction.payload, call)
        if interaction.status != "pending" or status == ACCEPTED:
            return None
        if status != OK:
            return f"the endpoint {url} answered {status}"
        try:
            respond(self._simulator, interaction, call)
        except ApiError as error:
            return f"Discord would refuse the endpoint's answer: {json.dumps(error.body())}"
        except UnknownError as error:
            return f"Discord would refuse the endpoint's answer: {error}"
        except UnsupportedError as error:
            self._simulator.note_unsupported(f"{call.route} ({error})")
            return f"viewkit's simulator does not serve {error}"
        return None

    async def _ping(self, url: str, bot: Bot, signing_key: str) -> tuple[int, Any]:
        payload = {
            "id": self._simulator.world.snowflakes.next(),
            "application_id": bot.id,
            "type": PING,
            "token": secrets.token_urlsafe(64),
            "version": 1,
            "user": self._simulator.world.user_by_id(self._simulator.world.guild["owner_id"]),
            "entitlements": [],
            "authorizing_integration_owners": {},
            "app_permissions": "0",
        }
        call = Call(bot, f"POST {url}", {}, {})
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                return await self._post(url, signing_key, payload, call), call.body
        except TimeoutError:
            raise EndpointError(f"{url} did not answer a PING within {CHECK_SECONDS:g} s.") from None

    async def _post(self, url: str, signing_key: str, payload: Json, call: Call) -> int:
        """Sends a signed payload; the status comes back, what came with it goes into the call."""
        body = json.dumps(payload).encode()
        timestamp = str(int(self._simulator.world.clock.time()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Discord-Interactions/1.0 (+https://discord.com)",
            "X-Signature-Ed25519": sign(signing_key, timestamp.encode() + body),
            "X-Signature-Timestamp": timestamp,
        }
        try:
            async with self._client().post(
                url, data=body, headers=headers, allow_redirects=False
            ) as response:
                if response.status == OK:
                    await _read(response, call)
                return response.status
        except ApiError as error:
            raise EndpointError(f"the endpoint's answer can't be read: {json.dumps(error.body())}") from error
        except (aiohttp.ClientError, OSError) as error:
            raise EndpointError(f"the endpoint {url} can't be reached: {error}") from error

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            # A kept connection would break, and cost an interaction, when the bot restarts.
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, force_close=True),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
            )
        return self._session


async def _read(response: aiohttp.ClientResponse, call: Call) -> None:
    if response.content_type.startswith("multipart/"):
        await read_parts(response.headers, response.content, call)
        return
    data = bytearray()
    async for chunk in response.content.iter_chunked(1 << 16):
        data += chunk
        if len(data) > MAX_BODY:
            raise EndpointError(f"the endpoint's answer is larger than {MAX_BODY} bytes")
    call.body = parse(bytes(data))


def check_url(url: str) -> None:
    """Refuses a URL that is not of this machine: nothing leaves it.

    Args:
        url: An endpoint.

    Raises:
        EndpointError: The URL is no ``http://`` one with a loopback host.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise EndpointError(f"{url!r} is no URL: {error}.") from error
    if parts.scheme != "http" or not _loopback(host):
        raise EndpointError(
            f"{url!r} is not an address of this machine, and nothing leaves it: "
            "let the bot listen on 127.0.0.1 and give a URL such as 'http://127.0.0.1:8080/'."
        )


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _shown(status: int, body: Any) -> str:
    return f"it answered {status}" + (f" {json.dumps(body):.200}" if body not in ({}, None) else "")
