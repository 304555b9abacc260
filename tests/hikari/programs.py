"""The bots of the hikari guides as processes of their own, and what people do with them."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tomllib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import aiohttp

from kit.simulator import Simulator
from tests.environments import environment

BOTS = Path(__file__).parent / "bots"
PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# What kit.lab imports, so that it can take these bots where they are.
LAB = (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["lab"])
# lightbulb pins hikari 2.6, which one environment can't hold beside the newest.
ENVIRONMENTS = {
    "hikari-2.7": (
        *LAB,
        "hikari[server]==2.7.0",
        "hikari-miru==4.3.1",
        "hikari-arc==2.3.2",
        "hikari-crescent==1.4.0",
        "hikari-tanjun==2.17.7",
    ),
    "hikari-2.6": (*LAB, "hikari[server]==2.6.0", "hikari-miru==4.3.1", "hikari-lightbulb==3.2.6"),
}
PATIENCE = 30


def python_of(name: str) -> Path:
    """The Python of one of the two environments."""
    return environment(name, ENVIRONMENTS[name])


@dataclass(frozen=True)
class Bot:
    """A program beside this file.

    Attributes:
        name: Its name.
        environment: Which of the environments it needs.
        endpoint: Whether Discord posts interactions to it: a REST bot.
        commands: Whether it is asked with slash commands; by a mention if not.
    """

    name: str
    environment: str = "hikari-2.7"
    endpoint: bool = False
    commands: bool = True

    async def ask(self, simulator: Simulator, what: str) -> str:
        """Let alice ask for a "panel" or a "counter", and return the id of its message."""

        async def ask() -> None:
            if self.commands:
                interaction = await simulator.slash(what, user="alice")
                await interaction.answered()
                assert interaction.status == "answered", interaction.failure
            else:
                await simulator.say(f"<@{simulator.world.application_id}> {what}", user="alice")

        return await message_of(simulator, ask)


class Program:
    """A bot in a process: up from `start()` until `stop()` or `kill()`.

    Args:
        python: The Python that has its libraries.
        arguments: What to run.
        simulator: The Discord it logs in to.
        variables: What its environment has beside TOKEN and REST_URL.
        endpoint: Whether it is a REST bot.
    """

    def __init__(
        self,
        python: Path,
        arguments: tuple[str, ...],
        simulator: Simulator,
        variables: Mapping[str, str],
        *,
        endpoint: bool = False,
    ) -> None:
        self.output: deque[str] = deque(maxlen=200)
        self._command = (str(python), *arguments)
        self._simulator = simulator
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        self._variables = {
            **inherited,
            "TOKEN": simulator.token,
            "REST_URL": simulator.rest_url,
            "PYTHONIOENCODING": "utf-8",
            **variables,
        }
        self._endpoint = endpoint
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._started = asyncio.Event()

    async def start(self) -> None:
        """Run it, and return when it answers."""
        port = _free_port()
        self._started.clear()
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            env={**self._variables, "PORT": str(port)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._reading = asyncio.create_task(self._read(self._process))
        async with asyncio.timeout(PATIENCE):
            await self._started.wait()
            assert not self._reading.done(), "\n".join(["the bot ended:", *self.output])
            if self._endpoint:
                await _listening(port)
                await self._announce(port)

    async def _announce(self, port: int) -> None:
        """Set the endpoint's URL as its developer would in Discord's portal, which checks it."""
        async with aiohttp.ClientSession() as session:
            response = await session.patch(
                f"{self._simulator.rest_url}/applications/@me",
                json={"interactions_endpoint_url": f"http://127.0.0.1:{port}"},
                headers={"Authorization": f"Bot {self._simulator.token}"},
            )
            assert response.status == 200, await response.text()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        sign = "Starting site on" if self._endpoint else "started successfully"
        assert process.stdout is not None
        async for line in process.stdout:
            self.output.append(line.decode(errors="replace").rstrip())
            if sign in self.output[-1]:
                self._started.set()
        self._started.set()

    async def stop(self) -> int:
        """End it as a service manager does, and return its exit code."""
        assert self._process is not None
        self._process.terminate()
        return await self._gone()

    async def kill(self) -> None:
        """End it with `kill -9`, if it runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._gone()

    async def _gone(self) -> int:
        assert self._process is not None
        assert self._reading is not None
        async with asyncio.timeout(PATIENCE):
            await self._reading
            return await self._process.wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()
        sys.stdout.write("\n".join(["The bot's output:", *self.output, ""]))


async def message_of(simulator: Simulator, act: Callable[[], Awaitable[object]]) -> str:
    """Do something, and return the id of the message with components that comes of it."""
    arrived: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def listen(event: str, data: dict) -> None:
        if event == "message_create" and data["components"] and not arrived.done():
            arrived.set_result(data["id"])

    end = simulator.subscribe(listen)
    try:
        await act()
        async with asyncio.timeout(PATIENCE):
            return await arrived
    finally:
        end()


async def press(simulator: Simulator, message: str, custom_id: str) -> dict:
    """Let bob press a button, and return the message that came of it, or was changed."""
    interaction = await simulator.click(custom_id, message=message, user="bob")
    await interaction.answered()
    assert interaction.status == "answered", interaction.failure
    assert len(interaction.effects) == 1, "one click, one answer"
    return interaction.effects[0][1]


def label(message: dict) -> str:
    """What is written on the first button."""
    return message["components"][0]["components"][0]["label"]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


async def _listening(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            await writer.wait_closed()
            return
