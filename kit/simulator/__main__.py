"""``python -m kit.simulator``: serves a world to bots of other processes until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.simulator.errors import WorldFileError
from kit.simulator.prompt import Prompt
from kit.simulator.server import Simulator
from kit.simulator.world.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

SAVE_SECONDS = 1.0

log = logging.getLogger(__name__)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = argparse.ArgumentParser(prog="python -m kit.simulator")
    command.description = "A Discord on this machine, for bots of any library. It listens on 127.0.0.1 only."
    command.add_argument("--port", type=int, default=0, help="where to listen (default: any free port)")
    command.add_argument(
        "--user", action="append", metavar="NAME", help="a person in the guild; may be repeated"
    )
    command.add_argument("--world", type=Path, metavar="FILE", help="keep the world in this JSON file")
    command.add_argument("--deadline", type=float, default=3.0, help="seconds to answer an interaction in")
    command.add_argument(
        "--bot", action="append", metavar="NAME", help="another bot, with a token of its own; may be repeated"
    )
    command.add_argument("--rate-limits", choices=["discord"], help="keep rate limits like Discord's")
    command.add_argument(
        "--latency",
        type=latency,
        metavar="SECONDS",
        help="how long requests and events take, as 0.1 or 0.05-0.3 (default: no time)",
    )
    command.add_argument(
        "--prompt",
        action="store_true",
        help="take what people do from the input, which a terminal does anyway",
    )
    return command


def latency(text: str) -> tuple[float, float]:
    """The range that ``--latency`` names.

    Args:
        text: A number of seconds, or two with a dash between.

    Raises:
        argparse.ArgumentTypeError: It is neither.
    """
    low, _, high = text.partition("-")
    try:
        found = float(low), float(high or low)
    except ValueError:
        found = (1.0, 0.0)
    if not 0 <= found[0] <= found[1] < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no time: write seconds as 0.1, or a range as 0.05-0.3")
    return found


def open_world(path: Path | None, users: Sequence[str] | None) -> World:
    """The world of a file, or a new one if there is no such file yet.

    Args:
        path: The file.
        users: People who shall be there.

    Raises:
        WorldFileError: The file is there and can't be read.
    """
    if path is None or not path.exists():
        return World(users=users) if users else World()
    world = World.load(path)
    for name in users or ():
        if name not in world.users:
            world.add_user(name)
    return world


async def serve(arguments: argparse.Namespace) -> None:
    """Serves until a signal comes, and keeps the world's file up to date.

    Args:
        arguments: The command line.
    """
    world = open_world(arguments.world, arguments.user)
    for name in arguments.bot or ():
        if name not in [bot.name for bot in world.bots.values()]:
            world.add_bot(name)
    simulator = await Simulator.start(
        world, port=arguments.port, deadline=arguments.deadline, rate_limits=arguments.rate_limits
    )
    if arguments.latency is not None:
        simulator.faults.delay(arguments.latency)
        simulator.faults.delay(arguments.latency, "gateway")
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no signal handlers on a loop; there Ctrl-C is the KeyboardInterrupt below.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stopped.set)
    changed = asyncio.Event()
    changed.set()
    world.observe(lambda _event, _data: changed.set())
    # An endpoint is no change that bots are told of, and is kept all the same.
    simulator.subscribe(lambda event, _data: changed.set() if event == "endpoint" else None)
    saver = asyncio.create_task(_save_changes(world, arguments.world, changed), name="viewkit world saver")
    _greet(simulator)
    typing = asyncio.create_task(_prompt(simulator, asked=arguments.prompt), name="viewkit prompt")
    try:
        await stopped.wait()
    finally:
        saver.cancel()
        typing.cancel()
        await asyncio.gather(saver, typing, return_exceptions=True)
        await simulator.close()
        if arguments.world is not None:
            world.save(arguments.world)


async def _prompt(simulator: Simulator, *, asked: bool) -> None:
    """Does what is typed, where somebody can type."""
    if not (asked or sys.stdin.isatty()):
        return
    say: Any = sys.stdout.write

    def tell(line: str) -> None:
        say(f"{line}\n")
        sys.stdout.flush()

    lines, loop = asyncio.StreamReader(), asyncio.get_running_loop()
    threading.Thread(target=_read, args=(loop, lines), name="viewkit prompt", daemon=True).start()
    tell("Type what people do, such as: say alice hello. Return alone shows all that there is.")
    await Prompt(simulator, tell).serve(lines)


def _read(loop: asyncio.AbstractEventLoop, lines: asyncio.StreamReader) -> None:
    """Brings what is typed into the loop. asyncio's own way would leave the shell's terminal non-blocking."""
    if hasattr(signal, "pthread_sigmask"):
        # In the background a read would stop the process; so it fails.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTTIN])
    with contextlib.suppress(OSError, RuntimeError):
        while typed := os.read(0, 4096):
            loop.call_soon_threadsafe(lines.feed_data, typed)
        loop.call_soon_threadsafe(lines.feed_eof)


async def _save_changes(world: World, path: Path | None, changed: asyncio.Event) -> None:
    while path is not None:
        await changed.wait()
        changed.clear()
        try:
            world.save(path)
        except OSError:
            log.exception("The world could not be saved to %s; trying again after the next change", path)
        await asyncio.sleep(SAVE_SECONDS)


def _greet(simulator: Simulator) -> None:
    say: Any = sys.stdout.write
    say(f"REST     {simulator.rest_url}\n")
    say(f"gateway  {simulator.gateway_url}\n")
    say(f"token    {simulator.token}\n")
    say("Connect a bot of discord.py, disnake or py-cord, unchanged but for its connector:\n")
    say(f"    bot.http.connector = kit.simulator.LoopbackConnector({simulator.port})  # in a running loop\n")
    say(f"    await bot.start({simulator.token!r})\n")
    say("Or one of hikari:\n")
    say(f"    hikari.GatewayBot({simulator.token!r}, rest_url={simulator.rest_url!r})\n")
    for bot in tuple(simulator.world.bots.values())[1:]:
        say(f"The token of {bot.name}: {bot.token}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: The command line; the process's own when left out.

    Returns:
        The exit status.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        asyncio.run(serve(parser().parse_args(arguments)))
    except KeyboardInterrupt:
        return 0
    except (WorldFileError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
