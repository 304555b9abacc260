"""What a bot that asks for members is sent (docs page *Gateway Events*, "Request Guild Members")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kit.simulator.gateway.codes import DECODE_ERROR, Closed
from kit.simulator.gateway.intents import GUILD_MEMBERS, GUILD_PRESENCES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kit.simulator.gateway.session import Session
    from kit.simulator.world.world import World

Json = dict[str, Any]

CHUNK = 1000
MOST_BY_QUERY = 100


def chunks(world: World, session: Session, data: Any, presences: Mapping[str, Json]) -> Iterator[Json]:
    """The data of each GUILD_MEMBERS_CHUNK that answers a request; none for what the bot may not ask.

    Args:
        world: Where.
        session: Who asks.
        data: The ``d`` of the request.
        presences: By the id of the member.

    Raises:
        Closed: The request makes no sense.
    """
    if not isinstance(data, dict):
        raise Closed(DECODE_ERROR, "Error while decoding payload.")
    asked = data.get("guild_id")
    guild_id = world.guild["id"]
    if str(asked[0] if isinstance(asked, list) and len(asked) == 1 else asked) != guild_id:
        return
    wanted, query = data.get("user_ids"), str(data.get("query") or "").lower()
    limit = max(0, data["limit"]) if type(data.get("limit")) is int else 0
    missing: list[str] = []
    if wanted:
        ids = [str(item) for item in (wanted if isinstance(wanted, list) else [wanted])][:MOST_BY_QUERY]
        missing = [user_id for user_id in ids if user_id not in world.members]
        found = [user_id for user_id in ids if user_id in world.members]
    elif query or limit:
        found = [key for key in world.members if _named(world, key, query)]
        found = found[: min(limit or MOST_BY_QUERY, MOST_BY_QUERY)]
    elif session.intents & GUILD_MEMBERS:
        found = list(world.members)
    else:
        return
    shown = presences if data.get("presences") and session.intents & GUILD_PRESENCES else {}
    groups = [found[start : start + CHUNK] for start in range(0, len(found), CHUNK)] or [[]]
    for index, group in enumerate(groups):
        chunk: Json = {
            "guild_id": guild_id,
            "members": [world.member(user_id) for user_id in group],
            "chunk_index": index,
            "chunk_count": len(groups),
            "not_found": missing,
        }
        if data.get("presences"):
            chunk["presences"] = [shown[user_id] for user_id in group if user_id in shown]
        if data.get("nonce") is not None:
            chunk["nonce"] = data["nonce"]
        yield chunk


def _named(world: World, user_id: str, query: str) -> bool:
    member = world.member(user_id)
    names = (member["user"]["username"], member["user"]["global_name"], member["nick"])
    return any(name.lower().startswith(query) for name in names if name)
