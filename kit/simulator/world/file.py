"""The one JSON file that a world is kept in."""

from __future__ import annotations

import base64
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.simulator.errors import WorldFileError
from kit.simulator.world import shape
from kit.simulator.world.bots import Bot
from kit.simulator.world.media import Upload
from kit.simulator.world.payloads import DM_CHANNEL
from kit.simulator.world.snowflakes import Snowflakes

if TYPE_CHECKING:
    from kit.simulator.world.world import World

FORMAT = 4
PLAIN = (
    *("guild", "users", "members", "roles", "channels", "dm_bots"),
    *("channel_id", "base_url", "viewers", "bans", "thread_members", "reactors", "webhooks"),
    *("pins", "closed_dms"),
)


def dump_world(world: World) -> str:
    """A world as JSON text.

    Args:
        world: The world.
    """
    data: dict[str, Any] = {"viewkit_world": FORMAT, "last_id": world.snowflakes.last}
    data.update({name: getattr(world, name) for name in PLAIN})
    data["bots"] = [bot.as_json() for bot in world.bots.values()]
    data["messages"] = world.message_store
    data["files"], data["images"] = _files(world.uploads), _files(world.images)
    return json.dumps(data)


def _files(uploads: dict[str, Upload]) -> dict[str, Any]:
    return {
        key: {"filename": upload.filename, "data": base64.b64encode(upload.data).decode()}
        for key, upload in uploads.items()
    }


def _uploads(files: dict[str, Any]) -> dict[str, Upload]:
    return {key: Upload(file["filename"], base64.b64decode(file["data"])) for key, file in files.items()}


def write_world(path: Path, world: World) -> None:
    """Replaces the file in one step: a crash leaves the old one or the new one, never half of each.

    Args:
        path: The file.
        world: The world.
    """
    path = Path(path)
    text = dump_world(world)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def read_world(path: Path, world: World) -> None:
    """Fills an empty world from its file.

    Args:
        path: The file.
        world: The world to fill.

    Raises:
        WorldFileError: The file can't be read or holds no world.
    """
    remedy = "Restore the file from a backup, or move it away and start with a new World()."
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise WorldFileError(f"Can't read the world file {path}: {error.strerror}. {remedy}") from error
    except (ValueError, RecursionError) as error:
        raise WorldFileError(f"{path} is not JSON: {error}. {remedy}") from error
    found = data.get("viewkit_world") if isinstance(data, dict) else None
    if type(found) is not int or not 1 <= found <= FORMAT:
        raise WorldFileError(
            f"{path} is not a world of format {FORMAT} (viewkit_world is {found!r}). {remedy}"
        )
    try:
        for upgrade in UPGRADES[found - 1 :]:
            upgrade(data)
        for name in PLAIN:
            setattr(world, name, data[name])
        world.snowflakes = Snowflakes(world.clock, data["last_id"])
        world.bots = {bot["user"]["id"]: Bot(**bot) for bot in data["bots"]}
        world.message_store = data["messages"]
        world.uploads, world.images = _uploads(data["files"]), _uploads(data["images"])
        shape.check(world)
        world.index_users()
        world.index_channels()
        world.index_messages()
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise WorldFileError(f"{path} is a damaged world file: {error!r}. {remedy}") from error


def _several_bots(data: dict[str, Any]) -> None:
    """Format 1 had exactly one bot, and every direct message channel was its own."""
    bot = {"user": data["bot_user"], "token": data["token"], "application": data["application"]}
    data["bots"] = [{**bot, "commands": data["commands"]}]
    direct = [key for key, channel in data["channels"].items() if channel["type"] == DM_CHANNEL]
    data["dm_bots"] = dict.fromkeys(direct, data["bot_user"]["id"])


def _reactions_and_threads(data: dict[str, Any]) -> None:
    """Format 2 knew only the first bot's reactions, no threads, no bans, no webhooks and no custom emoji."""
    data.update(bans={}, thread_members={}, webhooks={}, images={}, reactors={})
    bot_id = data["bots"][0]["user"]["id"]
    for messages in data["messages"].values():
        for key, message in messages.items():
            found = {
                str(r["emoji"]["id"] or r["emoji"]["name"]): [bot_id] for r in message.get("reactions", ())
            }
            if found:
                data["reactors"][key] = found
            for reaction in message.get("reactions", ()):
                reaction["me"] = False


def _pins_and_closed_dms(data: dict[str, Any]) -> None:
    """Format 3 knew what was pinned, but not since when, and that everyone takes direct messages."""
    data["closed_dms"] = []
    data["pins"] = {
        channel_id: {key: message["timestamp"] for key, message in messages.items() if message["pinned"]}
        for channel_id, messages in data["messages"].items()
        if any(message["pinned"] for message in messages.values())
    }


UPGRADES = (_several_bots, _reactions_and_threads, _pins_and_closed_dms)
