"""The data of a simulated Discord, without any server."""

from __future__ import annotations

import json

import discord
import pytest

from kit.simulator import World, WorldFileError
from kit.simulator.world import messages, pins, reactions
from kit.simulator.world.file import FORMAT
from kit.simulator.world.media import Upload, image_size


def test_names_that_are_not_there_list_those_that_are():
    """A typo in a name is answered with the names to choose from."""
    world = World(users=("ann", "ben"))
    with pytest.raises(LookupError, match="Known: ann, ben"):
        world.find_user("bne")
    with pytest.raises(LookupError, match="#general"):
        world.channel("1")
    with pytest.raises(LookupError, match="deleted"):
        world.message("1")
    with pytest.raises(ValueError, match="already"):
        world.add_user("ann")
    with pytest.raises(ValueError, match="at least one"):
        World(users=())


def test_what_discord_py_calls_so_is_understood():
    """A colour, permissions and an overwrite may be discord.py's own; Discord's JSON comes of them."""
    world = World()
    role = world.role("Mods", color=discord.Color.red(), permissions=discord.Permissions(kick_members=True))
    assert (role["color"], role["permissions"]) == (discord.Color.red().value, "2")
    overwrite = discord.PermissionOverwrite(view_channel=False, send_messages=True)
    channel = world.channel("mods", overwrites={"Mods": overwrite})
    assert channel["permission_overwrites"] == [
        {"id": role["id"], "type": 0, "allow": str(1 << 11), "deny": str(1 << 10)}
    ]
    assert json.loads(json.dumps([role, channel])) == [role, channel]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda world: world.role("Red", color="#ff0000"), "not '#ff0000'; such as 0x5865F2"),
        (lambda world: world.role("Red", color=0x1000000), "from 0 to 0xFFFFFF"),
        (lambda world: world.channel("x", overwrites={"Mod": {}}), "Unknown Role: 'Mod'. Known: @everyone"),
        (lambda world: world.channel("x", overwrites={"bob": {"view_channel": "no"}}), "of 'bob' is"),
        (lambda world: world.channel("x", overwrites={"bob": ["view_channel"]}), "use a dict"),
        (lambda world: World(users="alice"), r"users is a list: use \['alice'\]"),
    ],
)
def test_a_fixture_that_makes_no_sense(wrong, says):
    """The error names what was given and what would do; nothing was made."""
    world = World()
    with pytest.raises((ValueError, LookupError), match=says):
        wrong(world)
    assert [role["name"] for role in world.roles.values()] == ["@everyone", "viewkit"]
    assert [channel["name"] for channel in world.guild_channels()] == ["general"]


def test_each_world_has_its_own_token_and_ids():
    """Two worlds share nothing, and a token has the three parts of a bot's token."""
    one, two = World(), World()
    assert one.token != two.token
    assert len(one.token.split(".")) == 3
    ids = [user["id"] for user in one.users.values()] + [one.channel_id, one.application_id]
    assert len(set(ids)) == len(ids)


def test_entities_name_what_messages_mention():
    """A preview finds the names of users, roles and channels by id."""
    world = World()
    role = world.add_role("Mod", color=255)
    entities = world.entities()
    assert entities["roles"][role["id"]] == {"name": "Mod", "color": 255}
    assert entities["channels"][world.channel_id] == {"name": "general", "type": 0}
    alice = world.user("alice")["id"]
    assert entities["users"][alice] == {"username": "alice", "global_name": "Alice"}
    assert entities["users"][world.application_id]["username"] == "viewkit"


def test_a_saved_world_keeps_its_files(tmp_path):
    """Uploaded files are in the world's one file, byte for byte."""
    world = World()
    path = tmp_path / "world.json"
    attachment = world.store_attachment(Upload("x.bin", bytes(range(256))), world.channel_id)
    world.save(path)
    world.save(path)
    assert [file.name for file in tmp_path.iterdir()] == ["world.json"]
    again = World.load(path)
    kind, data = again.attachment(attachment["url"])
    assert (kind, data) == ("application/octet-stream", bytes(range(256)))


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"viewkit_world": 1, "last_id": 5}', "\x00"])
def test_a_damaged_file_is_never_a_new_world(tmp_path, text):
    """A file that can't be read is an error that names it and says what to do."""
    path = tmp_path / "world.json"
    path.write_text(text)
    with pytest.raises(WorldFileError, match=r"world\.json.*Restore the file from a backup"):
        World.load(path)
    assert path.read_text() == text


def test_a_missing_file_is_an_error(tmp_path):
    """Loading what is not there says so; a new world is made only on purpose."""
    with pytest.raises(WorldFileError, match="No such file"):
        World.load(tmp_path / "nothing.json")


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    """When the disk fails in the middle of a save, the last good world is still there."""
    path = tmp_path / "world.json"
    world = World()
    world.save(path)
    before = path.read_text()

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    world.add_user("carol")
    with pytest.raises(OSError, match="No space left"):
        world.save(path)
    assert path.read_text() == before
    assert [file.name for file in tmp_path.iterdir()] == ["world.json"]


def test_sizes_of_pictures():
    """Width and height come from the headers of PNG, GIF and JPEG, and broken files have none."""
    png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x28\x00\x00\x00\x1e"
    gif = b"GIF89a\x28\x00\x1e\x00"
    jpeg = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08\x00\x1e\x00\x28\x03"
    assert [image_size(data) for data in (png, gif, jpeg)] == [(40, 30)] * 3
    assert [image_size(data) for data in (b"", png[:9], gif[:7], jpeg[:8], b"\xff\xd8")] == [None] * 5


def test_a_world_is_json(tmp_path):
    """The world's file is plain JSON that other tools can read."""
    world = World()
    world.save(tmp_path / "w.json")
    data = json.loads((tmp_path / "w.json").read_text())
    assert data["guild"]["name"] == "viewkit lab"


@pytest.mark.parametrize("older", [1, 2, 3])
def test_a_world_of_a_format_before_is_read(tmp_path, older):
    """A file of each older format is read with what it had, is a world that works, and is saved as a new one."""
    path = tmp_path / "world.json"
    world = World()
    message = messages.create(world, world.channel_id, {"content": "hi"}, {}, author=world.bot_user)
    direct = world.dm("bob")
    reactions.add(world, message, {"id": None, "name": "👍"}, world.application_id)
    pins.pin(world, world.message(message["id"]), user=world.bot_user)
    world.save(path)
    data = json.loads(path.read_text())
    assert data["viewkit_world"] == FORMAT
    data["viewkit_world"] = older
    stored = data["messages"][world.channel_id][message["id"]]
    del data["pins"], data["closed_dms"]
    if older < 3:
        for key in ("bans", "thread_members", "webhooks", "images", "reactors"):
            del data[key]
        for bot in data["bots"]:
            del bot["emojis"]
        stored["reactions"][0]["me"] = True
    if older < 2:
        (bot,) = data.pop("bots")
        del data["dm_bots"]
        data.update(bot_user=bot["user"], token=bot["token"])
        data.update(application=bot["application"], commands=bot["commands"])
    path.write_text(json.dumps(data))
    again = World.load(path)
    assert again.messages() == world.messages()
    assert again.reactors == world.reactors == {message["id"]: {"👍": [world.application_id]}}
    assert again.pins == {world.channel_id: {message["id"]: message["timestamp"]}}
    assert again.token == world.token
    assert again.dm("bob") == direct
    pins.unpin(again, again.message(message["id"]))
    again.delete_message(message["id"])
    again.save(path)
    assert json.loads(path.read_text())["viewkit_world"] == FORMAT
