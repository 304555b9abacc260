"""What bots show of themselves: status and activities (docs page *Gateway Events*, "Update Presence")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kit.simulator.gateway.codes import DECODE_ERROR, Closed

if TYPE_CHECKING:
    from kit.simulator.world.bots import Bot

Json = dict[str, Any]

OFFLINE = "offline"
STATUSES = ("online", "idle", "dnd", "invisible", OFFLINE)
SHOWN = ("name", "type", "url", "state")


def presence_of(bot: Bot, data: Any, guild_id: str) -> Json:
    """The data of PRESENCE_UPDATE.

    Args:
        bot: Who shows it.
        data: What the bot sent.
        guild_id: Where it is shown.

    Raises:
        Closed: It makes no sense.
    """
    activities = data.get("activities") or [] if isinstance(data, dict) else None
    status = data.get("status") or "online" if isinstance(data, dict) else None
    if not isinstance(activities, list) or not all(map(_valid, activities)) or status not in STATUSES:
        raise Closed(DECODE_ERROR, "Error while decoding payload.")
    seen = OFFLINE if status == "invisible" else status
    return {
        "user": {"id": bot.id},
        "guild_id": guild_id,
        "status": seen,
        "activities": [{key: item[key] for key in SHOWN if key in item} for item in activities],
        "client_status": {} if seen == OFFLINE else {"web": seen},
    }


def _valid(activity: Any) -> bool:
    return isinstance(activity, dict) and isinstance(activity.get("name"), str)
