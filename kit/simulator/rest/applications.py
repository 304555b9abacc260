"""The routes of the bot's own application, and those that lead to the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kit.simulator.errors import EndpointError, UnsupportedError, invalid_field
from kit.simulator.rest.calls import Call
from kit.simulator.rest.routing import Routes
from kit.simulator.world.bots import ENDPOINT_URL

if TYPE_CHECKING:
    from kit.simulator.server import Simulator

Json = dict[str, Any]

routes = Routes()


@routes.add("GET", "applications/@me")
@routes.add("GET", "oauth2/applications/@me")
def get_application(simulator: Simulator, call: Call) -> Json:  # noqa: ARG001
    """Get Current Application."""
    return call.bot.application


@routes.add("PATCH", "applications/@me")
async def edit_application(simulator: Simulator, call: Call) -> Json:
    """Edit Current Application: its interactions endpoint."""
    form = call.form()
    others = sorted(form.data.keys() - {ENDPOINT_URL})
    if others:
        raise UnsupportedError(f"an application's {others[0]}")
    url = form.data.get(ENDPOINT_URL)
    if url is not None and not isinstance(url, str):
        raise invalid_field(ENDPOINT_URL, "STRING_TYPE_CONVERT", "Could not interpret the value as string.")
    if url:
        await _connect(simulator, call, url)
    elif ENDPOINT_URL in form.data:
        simulator.disconnect_endpoint(bot=call.bot)
    return call.bot.application


async def _connect(simulator: Simulator, call: Call, url: str) -> None:
    try:
        await simulator.connect_endpoint(url, bot=call.bot)
    except EndpointError as error:
        raise invalid_field(
            ENDPOINT_URL,
            "APPLICATION_INTERACTIONS_ENDPOINT_URL_INVALID",
            f"The specified interactions endpoint url could not be verified. {error}",
        ) from error


@routes.add("GET", "gateway")
def get_gateway(simulator: Simulator, call: Call) -> Json:  # noqa: ARG001
    """Get Gateway."""
    return {"url": simulator.gateway_url}


@routes.add("GET", "gateway/bot")
def get_gateway_bot(simulator: Simulator, call: Call) -> Json:
    """Get Gateway Bot."""
    gateway, now = simulator.gateway, simulator.world.clock.monotonic()
    starts = gateway.starts(call.bot)
    limit = {
        "total": starts.limit,
        "remaining": starts.remaining(now),
        "reset_after": round(starts.reset_after(now) * 1000),
        "max_concurrency": gateway.max_concurrency,
    }
    return {"url": simulator.gateway_url, "shards": gateway.shards, "session_start_limit": limit}
