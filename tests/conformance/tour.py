"""One visit to every route, with bodies that leave nothing out."""

from __future__ import annotations

import json
from typing import Any

import aiohttp

from tests.conformance.bodies import (
    IMAGE_DATA,
    PNG,
    command,
    layout,
    legacy,
    modal,
    second_modal,
)

Json = dict[str, Any]


class _Visit:
    """The calls of one tour; each must be answered well."""

    def __init__(self, lab: Any, http: Any) -> None:
        self.lab = lab
        self._http = http

    async def __call__(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = await self._http(method, f"/api/v10/{path}", body)
        assert status < 300, (method, path, status, answer)
        return answer

    async def refused(self, method: str, path: str, body: Any = None) -> int:
        """The code of a refusal."""
        _, answer = await self._http(method, f"/api/v10/{path}", body)
        return answer["code"]

    async def upload(self, path: str, body: Json) -> Json:
        form = aiohttp.FormData()
        form.add_field("payload_json", json.dumps(body), content_type="application/json")
        form.add_field("files[0]", PNG, filename="x.png")
        headers = {"Authorization": f"Bot {self.lab.world.token}"}
        url = f"{self.lab.simulator.rest_url}/{path}"
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(url, data=form) as response,
        ):
            answer = await response.json()
            assert response.status == 200, answer
            return answer


async def _answered_elsewhere(interaction: Any, error: Exception) -> None:
    """What the bot thinks of a command that it doesn't have."""


async def tour(lab: Any, http: Any) -> None:
    """Visits every route.

    Args:
        lab: The simulator, on which a bot is started.
        http: A raw client.
    """
    visit = _Visit(lab, http)
    lab.world.emoji("x", id="5", animated=True)
    bot = await lab.bot()
    # The tour answers in the bot's place.
    bot.tree.on_error = _answered_elsewhere
    role = await _guild(visit)
    message = await _messages(visit, role["id"])
    await _reactions(visit)
    await _channels(visit, role["id"])
    await _threads(visit)
    await _emojis(visit)
    await _bans(visit)
    await _webhooks(visit)
    await _commands(visit)
    await _interactions(visit, message)


async def _guild(visit: _Visit) -> Json:
    world = visit.lab.world
    guild, bob = f"guilds/{world.guild['id']}", world.user("bob")["id"]
    for path in (
        "applications/@me",
        "oauth2/applications/@me",
        "gateway",
        "gateway/bot",
        "users/@me",
        "soundboard-default-sounds",
    ):
        await visit("GET", path)
    await visit("PATCH", "applications/@me", {"interactions_endpoint_url": None})
    for path in ("users/@me/guilds", f"users/{bob}", guild, f"{guild}?with_counts=1"):
        await visit("GET", path)
    await visit("POST", "users/@me/channels", {"recipient_id": bob})
    colors = {"primary_color": 1, "secondary_color": 2, "tertiary_color": None}
    role = await visit("POST", f"{guild}/roles", {"name": "r", "colors": colors, "permissions": "8"})
    await visit("PATCH", f"{guild}/roles/{role['id']}", {"color": 5, "hoist": True, "mentionable": True})
    await visit("GET", f"{guild}/roles")
    await visit("GET", f"{guild}/roles/{role['id']}")
    alice = world.user("alice")["id"]
    await visit("PUT", f"{guild}/members/{bob}/roles/{role['id']}")
    await visit("DELETE", f"{guild}/members/{bob}/roles/{role['id']}")
    until = world.clock.now().isoformat()
    await visit("PATCH", f"{guild}/members/{bob}", {"nick": "n", "communication_disabled_until": until})
    await visit("PATCH", f"{guild}/members/@me", {"nick": "bot"})
    for path in ("members?limit=5", "members/search?query=a", f"members/{alice}"):
        await visit("GET", f"{guild}/{path}")
    gone = await visit("POST", f"{guild}/roles", {"name": "gone"})
    await visit("DELETE", f"{guild}/roles/{gone['id']}")
    return role


async def _messages(visit: _Visit, role_id: str) -> Json:
    world = visit.lab.world
    at = f"channels/{world.channel_id}/messages"
    first = await visit("POST", at, legacy())
    shown = layout(world.user("bob")["id"], role_id)
    await visit.upload(at, {**shown, "attachments": [{"id": "0", "filename": "x.png", "description": "alt"}]})
    reply = {"message_id": first["id"], "channel_id": world.channel_id, "fail_if_not_exists": False}
    mentions = {"parse": ["users"], "replied_user": True}
    text = f"<@{world.user('bob')['id']}> <@&{role_id}> @everyone"
    second = await visit(
        "POST", at, {"content": text, "message_reference": reply, "allowed_mentions": mentions}
    )
    one = f"{at}/{first['id']}"
    await visit("PATCH", one, {"content": "y", "flags": 4, "embeds": []})
    await visit("PUT", f"{one}/reactions/🎉/@me")
    await visit("PUT", f"{one}/reactions/x:5/@me")
    await visit("GET", one)
    await visit("GET", f"{at}?limit=5&before={second['id']}")
    await visit("DELETE", f"{one}/reactions/🎉/@me")
    await visit("DELETE", f"{one}/reactions")
    await visit("POST", f"channels/{world.channel_id}/typing")
    await visit("PUT", f"{at}/pins/{first['id']}")
    await visit("PUT", f"channels/{world.channel_id}/pins/{second['id']}")
    await visit("GET", f"{at}/pins")
    await visit("GET", f"channels/{world.channel_id}/pins")
    await visit("DELETE", f"{at}/pins/{first['id']}")
    await visit("DELETE", f"channels/{world.channel_id}/pins/{second['id']}")
    many = [(await visit("POST", at, {"content": str(number)}))["id"] for number in range(3)]
    await visit("POST", f"{at}/bulk-delete", {"messages": many[:2]})
    await visit("DELETE", f"{at}/{many[2]}")
    return first


async def _reactions(visit: _Visit) -> None:
    world = visit.lab.world
    said = await visit.lab.simulator.say("x", user="alice")
    at = f"channels/{world.channel_id}/messages/{said['id']}/reactions"
    await visit.lab.simulator.react(said, "🎉", user="alice")
    await visit("GET", f"{at}/🎉?limit=1&after=5")
    await visit("DELETE", f"{at}/🎉/{world.user('alice')['id']}")
    await visit("PUT", f"{at}/x:5/@me")
    await visit("DELETE", f"{at}/x:5")


async def _threads(visit: _Visit) -> None:
    world = visit.lab.world
    channel, guild = f"channels/{world.channel_id}", f"guilds/{world.guild['id']}"
    bob = world.user("bob")["id"]
    said = await visit.lab.simulator.say("x", user="alice")
    body = {"name": "t", "auto_archive_duration": 60}
    await visit("POST", f"{channel}/messages/{said['id']}/threads", body)
    await visit("GET", f"{channel}/messages/{said['id']}")
    thread = await visit("POST", f"{channel}/threads", {**body, "type": 12, "invitable": False})
    at = f"channels/{thread['id']}"
    await visit("POST", f"{at}/messages", {"content": "x"})
    for who in ("@me", bob):
        await visit("PUT", f"{at}/thread-members/{who}")
        await visit("GET", f"{at}/thread-members/{bob if who == bob else world.application_id}?with_member=1")
    await visit("GET", f"{at}/thread-members?with_member=true&limit=5")
    await visit("GET", f"{guild}/threads/active")
    await visit("DELETE", f"{at}/thread-members/{bob}")
    await visit("PATCH", at, {"name": "u", "archived": True, "locked": False})
    for path in ("threads/archived/private", "users/@me/threads/archived/private"):
        await visit("GET", f"{channel}/{path}?limit=5")
    await visit("PATCH", at, {"archived": False})
    await visit("GET", at)
    await visit("DELETE", f"{at}/thread-members/@me")
    public = await visit("POST", f"{channel}/threads", {**body, "type": 11})
    await visit("PATCH", f"channels/{public['id']}", {"archived": True})
    await visit("GET", f"{channel}/threads/archived/public?before=2099-01-01T00:00:00Z")
    await visit("DELETE", at)
    tag = {"name": "bug", "moderated": True, "emoji_name": "🎉"}
    forum = {"name": "f", "type": 15, "available_tags": [tag], "default_reaction_emoji": {"emoji_name": "🎉"}}
    made = await visit("POST", f"{guild}/channels", forum)
    post = {"name": "p", "message": {"content": "x"}, "applied_tags": [made["available_tags"][0]["id"]]}
    await visit("POST", f"channels/{made['id']}/threads", post)


async def _emojis(visit: _Visit) -> None:
    world = visit.lab.world
    image = IMAGE_DATA
    for at in (f"guilds/{world.guild['id']}/emojis", f"applications/{world.application_id}/emojis"):
        emoji = await visit("POST", at, {"name": "party", "image": image})
        await visit("PATCH", f"{at}/{emoji['id']}", {"name": "fest"})
        await visit("GET", f"{at}/{emoji['id']}")
        await visit("GET", at)
        await visit("DELETE", f"{at}/{emoji['id']}")


async def _webhooks(visit: _Visit) -> None:
    world = visit.lab.world
    at = f"channels/{world.channel_id}/webhooks"
    hook = await visit("POST", at, {"name": "Log"})
    one = f"webhooks/{hook['id']}"
    own = f"{one}/{hook['token']}"
    for path in (at, f"guilds/{world.guild['id']}/webhooks", one, own):
        await visit("GET", path)
    for path in (one, own):
        await visit("PATCH", path, {"name": "Log 2"})
    sent = await visit("POST", f"{own}?wait=true", {**legacy(), "username": "Logger"})
    message = f"{own}/messages/{sent['id']}"
    await visit("GET", message)
    await visit("PATCH", message, {"content": "y"})
    await visit("DELETE", message)
    await visit("DELETE", own)
    gone = await visit("POST", at, {"name": "Log"})
    await visit("DELETE", f"webhooks/{gone['id']}")


async def _bans(visit: _Visit) -> None:
    world = visit.lab.world
    guild = f"guilds/{world.guild['id']}"
    for name in ("carol", "dave", "erin"):
        world.user(name)
    carol, dave, erin = (world.user(name)["id"] for name in ("carol", "dave", "erin"))
    await visit("DELETE", f"{guild}/members/{carol}")
    await visit("PUT", f"{guild}/bans/{dave}", {"delete_message_seconds": 60})
    await visit("POST", f"{guild}/bulk-ban", {"user_ids": [erin]})
    await visit("GET", f"{guild}/bans?limit=1")
    await visit("GET", f"{guild}/bans/{dave}")
    await visit("DELETE", f"{guild}/bans/{dave}")
    roles = await visit("GET", f"{guild}/roles")
    moved = {"id": roles[-1]["id"], "position": 1}
    await visit("PATCH", f"{guild}/roles", [moved])


async def _channels(visit: _Visit, role_id: str) -> None:
    world = visit.lab.world
    guild = f"guilds/{world.guild['id']}"
    category = await visit("POST", f"{guild}/channels", {"name": "C", "type": 4})
    overwrite = {"id": role_id, "type": 0, "allow": "1024", "deny": "0"}
    for kind in (0, 2, 5, 13, 15):
        body = {"name": "c", "type": kind, "parent_id": category["id"], "permission_overwrites": [overwrite]}
        channel = await visit("POST", f"{guild}/channels", body)
        await visit("PATCH", f"channels/{channel['id']}", {"name": "d", "position": 3, "nsfw": True})
        await visit("GET", f"channels/{channel['id']}")
    await visit(
        "PUT", f"channels/{channel['id']}/permissions/{role_id}", {"type": 0, "allow": "0", "deny": "8"}
    )
    await visit("DELETE", f"channels/{channel['id']}/permissions/{role_id}")
    await visit("GET", f"{guild}/channels")
    await visit("DELETE", f"channels/{channel['id']}")


async def _commands(visit: _Visit) -> None:
    world = visit.lab.world
    mine = f"applications/{world.application_id}"
    for at in (f"{mine}/commands", f"{mine}/guilds/{world.guild['id']}/commands"):
        made = await visit("POST", at, command())
        await visit("PATCH", f"{at}/{made['id']}", {"description": "other"})
        await visit("GET", f"{at}/{made['id']}")
        await visit("PUT", at, [command(), {"name": "Menu", "type": 3}, {"name": "bare", "description": "d"}])
        registered = await visit("GET", at)
        if "guilds" in at:
            assert await visit("GET", f"{at}/permissions") == []
            one = f"{at}/{made['id']}/permissions"
            assert await visit.refused("GET", one) == 10066
            assert await visit.refused("PUT", one, {"permissions": []}) == 20001
        await visit("DELETE", f"{at}/{registered[1]['id']}")


async def _interactions(visit: _Visit, message: Json) -> None:
    simulator = visit.lab.simulator
    hook = f"webhooks/{visit.lab.world.application_id}"

    async def click(custom_id: str = "go") -> Any:
        return await simulator.click(custom_id, message=message["id"], user="alice")

    async def answer(interaction: Any, kind: int, data: Any = None) -> Any:
        path = f"interactions/{interaction.id}/{interaction.token}/callback?with_response=1"
        return await visit("POST", path, {"type": kind} if data is None else {"type": kind, "data": data})

    for body in ({"content": "x", "flags": 64}, legacy()):
        first = await click()
        await answer(first, 4, body)
        which = f"{hook}/{first.token}/messages"
        await visit("GET", f"{which}/@original")
        await visit("PATCH", f"{which}/@original", {"content": "y"})
        followed = await visit("POST", f"{hook}/{first.token}", {"content": "z", "flags": 64})
        await visit("GET", f"{which}/{followed['id']}")
        await visit("PATCH", f"{which}/{followed['id']}", legacy())
        await visit("DELETE", f"{which}/{followed['id']}")
        await visit("DELETE", f"{which}/@original")
    deferred = await click()
    await answer(deferred, 5, {"flags": 64})
    await visit("PATCH", f"{hook}/{deferred.token}/messages/@original", {"content": "late"})
    await answer(await click(), 6)
    await answer(await click(), 7, {"content": "edited"})
    people, where = [visit.lab.world.user("bob")["id"]], visit.lab.world.channel_id
    first, second = (
        {"b": people, "c": "0"},
        {"b": ["0"], "c": [("x.png", PNG)], "d": ["0", "1"], "e": [where]},
    )
    for form, values in ((modal(), first), (second_modal(), second)):
        shown = await click()
        await answer(shown, 9, form)
        await answer(await simulator.submit(shown, values, user="alice"), 4, {"content": "thanks"})
    for custom_id, chosen in (("s3", ["0"]), ("s5", people), ("s8", [where])):
        await answer(await simulator.choose(custom_id, chosen, message=message["id"], user="alice"), 6)
    options = {"o3": "v", "o4": 2, "o5": True, "o6": people[0]}
    await answer(await simulator.slash("cmd g s", options, user="alice"), 4, {"content": "done"})
