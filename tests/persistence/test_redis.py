"""Redis: several machines on one server, which may go away, run out of memory or lose its data."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from typing import Self
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.persistence.backends import FellBehindError, OvertakenError, StorageError
from kit.persistence.leaves import Write, coalesce, overlap
from kit.persistence.redis import RedisBackend
from kit.persistence.redis_scripts import KEYS
from tests.persistence.redis_server import REDIS_URL, RedisServer, redis_program
from tests.persistence.servers import answers, free_port
from tests.persistence.shared_laws import STATE, A, B, SharedLaws
from tests.persistence.shared_laws import key as path_key

redis = pytest.importorskip("redis.asyncio", reason="redis-py is not installed: pip install viewkit[redis]")

pytestmark = pytest.mark.redis


@pytest.fixture(scope="module")
def url() -> str:
    """A server that runs already."""
    parts = urlsplit(REDIS_URL)
    if not answers(parts.hostname or "127.0.0.1", parts.port or 6379):
        pytest.skip(f"no Redis server at {parts.hostname}:{parts.port}: start one, or set KIT_TEST_REDIS")
    return REDIS_URL


@pytest.fixture
def key() -> str:
    """Keys that no other test has."""
    return f"kit-test-{uuid.uuid4().hex}"


@pytest_asyncio.fixture
async def client(url, key):
    """An administrator's connection; the keys of the test go with it."""
    async with redis.Redis.from_url(url, decode_responses=True) as client:
        yield client
        await client.delete(*names(key))


def names(key: str) -> list[str]:
    """The four keys of a backend."""
    return [f"{{{key}}}:{name}" for name in KEYS]


@pytest_asyncio.fixture
async def connect(url, key, client):
    """Backends of one key."""
    backends = []

    def make(address: str = url, **options) -> RedisBackend:
        backends.append(RedisBackend(address, key=key, **options))
        return backends[-1]

    yield make
    for backend in backends:
        await backend.close()


@pytest.fixture
def server():
    """Makes servers of our own, which may be killed; they run already."""
    program = redis_program()
    if program is None:
        pytest.skip("redis-server is not installed here")
    servers = []

    def make(**options: str) -> RedisServer:
        servers.append(RedisServer(program, **options))
        servers[-1].start()
        return servers[-1]

    yield make
    for each in servers:
        each.remove()


class TestSharing(SharedLaws):
    """Several processes on one key."""

    @pytest.fixture
    def spawn(self, url, key):
        """How another process finds the key."""
        return ["redis", url, key]


paths = st.lists(st.sampled_from(["a", "b", "a,b", 1, '"', "]"]), min_size=1, max_size=3).map(
    lambda steps: path_key("application", *steps)
)
rows = st.lists(
    st.builds(Write, paths, st.sampled_from([None, "{}", "1", "[1]"]), st.booleans()), min_size=1, max_size=4
).map(coalesce)


@pytest.mark.asyncio
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(theirs=rows, ours=rows)
async def test_the_server_refuses_exactly_what_overlaps(connect, theirs, ours):
    """The rule of `leaves.overlap` is told to the server in its own language; both must say the same."""
    first, second = connect(), connect()
    try:
        await first.save_state({"application": {}})
        await second.load_state()
        await first.write(theirs)
        before = await rows_of(first)
        try:
            await second.write(ours)
        except OvertakenError:
            assert overlap(ours, theirs)
            assert await rows_of(first) == before
        else:
            assert not overlap(ours, theirs)
    finally:
        await first.close()
        await second.close()


async def rows_of(backend: RedisBackend) -> dict[str, str]:
    """What the hash holds."""
    return await backend._client.hgetall(names(backend.key)[1])


@pytest.mark.asyncio
async def test_two_keys_of_one_server_know_nothing_of_each_other(connect, client, key, url):
    """Two bots share a server, and one name may begin with the other."""
    ours, theirs = connect(), RedisBackend(url, key=f"{key}2")
    try:
        await ours.save_state(STATE)
        await theirs.save_state({"application": {"n": 1}})
        await theirs.write([Write(A, "1")])
        assert await ours.changes() == []
        assert await ours.load_state() == STATE
        assert await theirs.load_state() == {"application": {"n": 1, "a": 1}}
    finally:
        await theirs.close()
        await client.delete(*names(f"{key}2"))


@pytest.mark.asyncio
async def test_a_server_that_was_only_looked_at_stays_empty(connect, client, key):
    """Reading makes no keys: to look at the wrong server leaves nothing behind."""
    backend = connect()
    assert await backend.load_state() == {}
    assert await backend.changes() == []
    await backend.write([])
    assert await client.exists(*names(key)) == 0


@pytest.mark.asyncio
async def test_the_log_of_changes_does_not_grow_for_ever(connect, client, key):
    """A year of clicks costs no more memory than the rows that are kept, in large writes and in small ones."""
    backend = connect(changes_kept=20)
    _, leaves, paths, changes = names(key)
    for number in range(100):
        await backend.write([Write(A, str(number)), Write(B, str(number))])
    assert await client.xlen(changes) == 11
    await backend.write([Write(path_key("application", "many", number), "1") for number in range(30)])
    await backend.write([Write(A, "1")])
    assert await client.xlen(changes) == 3
    assert await client.hlen(leaves) == await client.zcard(paths) == 32
    await backend.write([Write(path_key("application"), None, subtree=True)])
    assert await client.exists(leaves, paths) == 0
    assert await backend.load_state() == {}


@pytest.mark.asyncio
async def test_a_large_write_is_applied_whole(connect):
    """More rows than a script can hand over at once: all are set, and all are cleared again."""
    ours, theirs = connect(), connect()
    await ours.load_state()
    await theirs.load_state()
    many = [Write(path_key("application", "many", number), str(number)) for number in range(9_001)]
    await ours.write(many)
    assert await theirs.changes() == many
    await theirs.write([Write(path_key("application", "many"), "{}", subtree=True), Write(A, "1")])
    assert await ours.load_state() == {"application": {"many": {}, "a": 1}}


@pytest.mark.asyncio
async def test_what_is_cleared_is_a_branch_and_not_what_is_called_like_it(connect):
    """Guild 1 leaves the bot, and guilds 12 and 1a stay."""
    backend = connect()
    guilds = {1: {"x": 1, 2: {3: 4}}, 12: {"x": 1}, "1": {"x": 1}, "1a": {"x": 1}, "1,": {"x": 1}}
    await backend.save_state({"application": guilds})
    await backend.write([Write(path_key("application", 1), None, subtree=True)])
    del guilds[1]
    assert await backend.load_state() == {"application": guilds}


@pytest.mark.asyncio
async def test_a_waiting_process_sleeps_on_while_it_writes_itself(connect):
    """A busy bot alone on its server is not woken by each of its own clicks."""
    ours, theirs = connect(), connect()
    await theirs.load_state()
    waiting = asyncio.ensure_future(ours.changed())
    await asyncio.sleep(0.05)
    for number in range(20):
        await ours.write([Write(A, str(number))])
    await asyncio.sleep(0.1)
    assert not waiting.done()
    await theirs.write([Write(B, "1")])
    await asyncio.wait_for(waiting, 1)


@pytest.mark.asyncio
async def test_keys_of_a_newer_kit_are_left_alone(connect, client, key):
    """The error names the upgrade, and nothing is written."""
    backend = connect()
    await backend.save_state(STATE)
    await client.set(names(key)[0], "99")
    for attempt in (connect().load_state(), connect().save_state({}), backend.write([Write(A, "1")])):
        with pytest.raises(StorageError, match=r"newer kit \(schema 99.*pip install -U viewkit"):
            await attempt
    await client.set(names(key)[0], "1")
    assert await backend.load_state() == STATE


@pytest.mark.parametrize("taken", KEYS)
@pytest.mark.asyncio
async def test_a_key_of_somebody_else_is_left_alone(connect, client, key, taken):
    """One of the four names is a list of somebody's: the error names it, and the list stays."""
    name = f"{{{key}}}:{taken}"
    await client.rpush(name, "theirs")
    for attempt in (connect().load_state(), connect().save_state(STATE), connect().write([Write(A, "1")])):
        with pytest.raises(StorageError, match=rf"{re.escape(name)} is a list, .*Give another `key`"):
            await attempt
    assert await client.lrange(name, 0, -1) == ["theirs"]
    assert await client.exists(*names(key)) == 1


@pytest.mark.asyncio
async def test_a_hash_of_somebody_else_is_left_alone(connect, client, key):
    """Even where the type happens to be right."""
    name = names(key)[1]
    await client.hset(name, "theirs", "theirs")
    for attempt in (connect().load_state(), connect().save_state(STATE), connect().write([Write(A, "1")])):
        with pytest.raises(StorageError, match=r"holds no whole state.*give another `key`"):
            await attempt
    assert await client.hgetall(name) == {"theirs": "theirs"}


@pytest.mark.parametrize("lost", KEYS)
@pytest.mark.asyncio
async def test_a_state_with_a_hole_in_it_is_an_error(connect, client, key, lost):
    """A server that evicts keys takes a part of the state: nobody goes on from the rest as if it were all."""
    backend = connect()
    await backend.save_state(STATE)
    await client.delete(f"{{{key}}}:{lost}")
    left = await client.exists(*names(key))
    for attempt in (backend.load_state(), backend.write([Write(A, "1")]), backend.changes()):
        with pytest.raises(StorageError, match=r"evicted.*noeviction"):
            await attempt
    assert await client.exists(*names(key)) == left == 3


@pytest.mark.asyncio
async def test_a_single_row_that_is_gone_is_noticed(connect, client, key):
    """Somebody removes a field by hand, from the rows and from their order."""
    backend = connect()
    await backend.save_state({"application": {"a": 1, "b": 2}})
    await client.hdel(names(key)[1], A)
    await client.zrem(names(key)[2], A)
    with pytest.raises(StorageError, match=r"holds no whole state: 2 rows, 2 keys of rows, .* counts 3"):
        await backend.load_state()


@pytest.mark.parametrize("value", ['{"cut', b"\xff\xfe", '"é"', b'"\xe9"'])
@pytest.mark.asyncio
async def test_a_row_that_cannot_be_read_is_an_error_and_is_kept(connect, client, key, value):
    """One torn row does not make the rest disappear at the next save."""
    backend = connect()
    await backend.save_state(STATE)
    await client.hset(names(key)[1], path_key("persistent_views", "roles:main"), value)
    with pytest.raises(StorageError, match=r"roles:main.*It was left as it is"):
        await backend.load_state()


@pytest.mark.asyncio
async def test_a_server_that_was_emptied_under_a_running_bot_is_not_written_to(connect, client, key):
    """Somebody flushes the server: the bot says so instead of keeping one leaf and calling it the state."""
    backend = connect()
    await backend.save_state({"application": {"b": 1}})
    await client.delete(*names(key))
    for attempt in (backend.write([Write(A, "2")]), backend.changes()):
        with pytest.raises(StorageError, match=r"is gone.*restart the bot.*save_state\("):
            await attempt
    assert await client.exists(*names(key)) == 0
    await backend.save_state({"application": {"b": 1}})
    await backend.write([Write(A, "2")])
    assert await connect().load_state() == {"application": {"a": 2, "b": 1}}


class Wire:
    """Carries one client's traffic to a server, and can be cut at the worst moment."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.target = parts.hostname, parts.port or 6379
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self.cut_before_answer = False
        self.refusing = False
        self.tasks: set[asyncio.Task] = set()

    async def __aenter__(self) -> Self:
        self.server = await asyncio.start_server(self.carry, "127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_) -> None:
        self.server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def carry(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        if self.refusing:
            to_client.transport.abort()
            return
        from_server, to_server = await asyncio.open_connection(*self.target)
        ends = to_client, to_server
        for source, sink in ((from_client, to_server), (from_server, to_client)):
            self.tasks.add(asyncio.ensure_future(self.pump(source, sink, ends)))

    async def pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, ends) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65536):
                if self.cut_before_answer and data.startswith(b"*2\r\n$2\r\nat"):
                    self.cut_before_answer = False
                    break
                sink.write(data)
        for end in ends:
            end.transport.abort()


@pytest.mark.asyncio
async def test_a_write_whose_answer_was_lost_is_not_made_twice(connect, client, url, key):
    """The server writes, the network breaks: the backend asks again, and hears that it is done."""
    async with Wire(url) as wire:
        backend, other = connect(wire.url), connect()
        await backend.write([Write(A, "1")])
        await other.load_state()
        wire.cut_before_answer = True
        await backend.write([Write(A, "2")])
        assert not wire.cut_before_answer
        wire.cut_before_answer = True
        await backend.save_state({"application": {"a": 3}})
        assert not wire.cut_before_answer
        assert await client.xlen(names(key)[3]) == 3
        await backend.write([Write(A, "4")])
        assert await other.load_state() == {"application": {"a": 4}}
        await backend.close()


@pytest.mark.asyncio
async def test_a_write_in_doubt_is_settled_when_the_server_is_back(connect, url):
    """Made, but nobody could say so; meanwhile another process went on from it, and is not undone."""
    async with Wire(url) as wire:
        backend, other = connect(wire.url, timeout=1), connect()
        await backend.write([Write(A, "1")])
        wire.cut_before_answer = wire.refusing = True
        for _ in range(2):
            with pytest.raises(StorageError, match="nothing is lost"):
                await backend.write([Write(A, "2"), Write(B, "2")])
        assert await other.load_state() == {"application": {"a": 2, "b": 2}}
        await other.write([Write(A, "3")])
        wire.refusing = False
        await backend.write([Write(A, "2"), Write(B, "2")])
        assert await other.load_state() == {"application": {"a": 3, "b": 2}}
        with pytest.raises(OvertakenError):
            await backend.write([Write(A, "4")])
        assert await backend.changes() == [Write(A, "3")]
        await backend.close()


@pytest.mark.asyncio
async def test_a_connection_that_was_ended_is_opened_anew(connect, server):
    """An administrator ends all connections between two writes: the bot notices nothing."""
    own = server()
    backend = connect(own.url)
    await backend.write([Write(A, "1")])
    async with redis.Redis.from_url(own.url) as admin:
        await admin.client_kill_filter(_type="normal", skipme=True)
        await backend.write([Write(A, "2")])
        await admin.script_flush()
        await backend.write([Write(B, "3")])
    assert await backend.load_state() == {"application": {"a": 2, "b": 3}}


@pytest.mark.asyncio
async def test_no_cancellation_is_lost(connect):
    """A task that reads or listens ends when it is told to, at whatever moment: a bot must be able to stop."""
    backend, other = connect(), connect()
    await backend.load_state()
    await other.load_state()
    for moment in range(60):
        await other.write([Write(A, str(moment))])
        reading = asyncio.ensure_future(backend.changed() if moment % 3 == 0 else backend.changes())
        await asyncio.sleep(moment % 10 * 0.00005)
        if reading.cancel():
            with pytest.raises(asyncio.CancelledError):
                await reading
            assert await backend.changes() == [Write(A, str(moment))]
        elif moment % 3:
            assert await reading == [Write(A, str(moment))]
        else:
            assert await backend.changes() == [Write(A, str(moment))]


@pytest.mark.asyncio
async def test_closing_leaves_no_connection_behind(connect, server):
    """Whoever listens is told, a cancelled listener does no harm, and the server has no client of ours left."""
    own = server()
    backend = connect(own.url)
    await backend.write([Write(A, "1")])
    for _ in range(5):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(backend.changed(), 0.02)
        await backend.write([Write(A, "2")])
    listening = asyncio.ensure_future(backend.changed())
    await asyncio.sleep(0.05)
    await backend.close()
    with pytest.raises(StorageError, match="listen to"):
        await asyncio.wait_for(listening, 5)
    await backend.close()
    async with redis.Redis.from_url(own.url) as admin:
        deadline = time.monotonic() + 2
        while len(await admin.client_list()) > 1 and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        assert len(await admin.client_list()) == 1
    assert await backend.load_state() == {"application": {"a": 2}}


@pytest.mark.asyncio
async def test_a_server_that_goes_away_is_an_error_until_it_is_back(connect, server):
    """`kill -9` and a restart of the server: what was acknowledged is there, writing and listening go on."""
    own = server()
    ours, theirs = connect(own.url), connect(own.url)
    await ours.load_state()
    await theirs.load_state()
    await ours.write([Write(A, "1")])
    listening = asyncio.ensure_future(ours.changed())
    await asyncio.sleep(0.1)
    assert not listening.done()
    own.kill()
    with pytest.raises(StorageError, match=r"listen.*Start the server"):
        await asyncio.wait_for(listening, 5)
    for attempt in (ours.write([Write(A, "2")]), ours.changes(), ours.load_state(), ours.changed()):
        with pytest.raises(StorageError, match="Start the server, or check the url; nothing is lost"):
            await attempt
    await asyncio.to_thread(own.start)
    await theirs.write([Write(B, "9")])
    await asyncio.wait_for(ours.changed(), 5)
    assert await ours.changes() == [Write(B, "9")]
    await ours.write([Write(A, "2")])
    assert await theirs.changes() == [Write(A, "2")]
    assert await theirs.load_state() == {"application": {"a": 2, "b": 9}}


@pytest.mark.asyncio
async def test_nothing_acknowledged_is_lost_with_a_server_that_is_killed(connect, server):
    """Killed in the middle of writing, again and again; with `appendfsync always` every answer counts."""
    own = server()
    backend = connect(own.url)
    acknowledged = 0

    async def write_on() -> None:
        nonlocal acknowledged
        while True:
            await backend.write([Write(A, str(acknowledged + 1)), Write(B, str(acknowledged + 1))])
            acknowledged += 1

    for moment in (0.01, 0.03, 0.07):
        writing = asyncio.ensure_future(write_on())
        before = acknowledged
        while acknowledged == before:
            await asyncio.sleep(moment)
        own.kill()
        with pytest.raises(StorageError):
            await writing
        await asyncio.to_thread(own.start)
        kept = (await backend.load_state())["application"]
        assert kept["a"] == kept["b"], "half a write was kept"
        assert kept["a"] in (acknowledged, acknowledged + 1)
        acknowledged = kept["a"]


@pytest.mark.asyncio
async def test_a_server_that_went_back_in_time_is_read_again(connect, server):
    """It restarts from a snapshot, without the last writes: the process is told to load what there is."""
    own = server(appendonly="no")
    backend = connect(own.url)
    await backend.write([Write(A, "1")])
    async with redis.Redis.from_url(own.url) as admin:
        await admin.save()
    await backend.write([Write(A, "2")])
    own.kill()
    await asyncio.to_thread(own.start)
    with pytest.raises(OvertakenError, match="load_state"):
        await backend.write([Write(B, "1")])
    with pytest.raises(FellBehindError, match="load_state"):
        await backend.changes()
    assert await backend.load_state() == {"application": {"a": 1}}
    await backend.write([Write(B, "1")])


@pytest.mark.asyncio
async def test_a_server_that_falls_silent_is_noticed(connect, server):
    """A frozen server sends no farewell: writing and listening end with an error all the same."""
    own = server()
    backend = connect(own.url, timeout=0.5)
    await backend.write([Write(A, "1")])
    with pytest.raises(TimeoutError):
        # Longer than the wait for an answer: silence of those who write is no failure.
        await asyncio.wait_for(backend.changed(), 0.8)
    listening = asyncio.ensure_future(backend.changed())
    await asyncio.sleep(0.05)
    os.kill(own.process.pid, signal.SIGSTOP)
    try:
        start = time.monotonic()
        for attempt in (backend.write([Write(A, "2")]), listening):
            with pytest.raises(StorageError, match="Start the server, or check the url"):
                await attempt
        assert time.monotonic() - start < 3
    finally:
        os.kill(own.process.pid, signal.SIGCONT)
    await backend.write([Write(A, "2")])
    assert await backend.load_state() == {"application": {"a": 2}}


@pytest.mark.asyncio
async def test_a_server_without_memory_takes_all_of_a_write_or_nothing(connect, server):
    """Full is an error with the way out; the write is made when there is room again."""
    own = server()
    backend = connect(own.url)
    state = {"application": {"a": 1, "old": {"x": 1}}}
    await backend.save_state(state)
    group = [Write(B, '"' + "x" * 100_000 + '"'), Write(A, "2")]
    async with redis.Redis.from_url(own.url) as admin:
        await admin.config_set("maxmemory", "1")
        with pytest.raises(StorageError, match=r"raise its maxmemory; nothing is lost"):
            await backend.write(group)
        assert await backend.load_state() == state
        # To remove something must be possible where memory is short.
        await backend.write([Write(path_key("application", "old"), None, subtree=True)])
        await admin.config_set("maxmemory", "0")
    await backend.write(group)
    assert (await backend.load_state())["application"] == {"a": 2, "b": "x" * 100_000}


@pytest.mark.asyncio
async def test_one_node_of_a_cluster_has_all_the_keys(connect, server):
    """The keys lie in one slot, and no script touches a key that it does not name."""
    own = server(**{"cluster-enabled": "yes", "cluster-port": str(free_port())})
    backend = connect(own.url)
    async with redis.Redis.from_url(own.url) as admin:
        await admin.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        while b"cluster_state:ok" not in await admin.execute_command("CLUSTER", "INFO"):
            await asyncio.sleep(0.02)
    await backend.save_state(STATE)
    await backend.write([Write(A, "{}", subtree=True)])
    assert await backend.changes() == []
    assert await backend.load_state() == STATE | {"application": STATE["application"] | {"a": {}}}


@pytest.mark.asyncio
async def test_what_the_server_refuses_is_told_with_the_way_out_and_without_the_password(server, key):
    """A wrong password or none, a user without rights, a replica, and nobody there."""
    own = server(requirepass="s3cr/t@place")
    right = f"redis://:s3cr%2Ft%40place@127.0.0.1:{own.port}"
    async with redis.Redis.from_url(right) as admin:
        await admin.execute_command("ACL", "SETUSER", "guest", "on", ">gu3st", "~theirs:*", "+@all")
        cases = {
            right: None,
            own.url: "Give user and password in the url",
            right.replace("s3cr%2Ft%40place", "wr0ng"): "Give user and password in the url",
            right.replace(":s3cr%2Ft%40place", "guest:gu3st"): "Let its user at the keys",
            right.replace(str(own.port), str(free_port())): "Start the server",
        }
        for url, remedy in cases.items():
            await check_refusal(url, key, remedy)
        rule = f"~{{{key}}}:* +@all -@admin"
        await admin.execute_command("ACL", "SETUSER", "guest", "reset", "on", ">gu3st", *rule.split())
        await check_refusal(right.replace(":s3cr%2Ft%40place", "guest:gu3st"), key, None)
        await admin.replicaof("127.0.0.1", free_port())
        await check_refusal(right, key, "give the url of the primary")


async def check_refusal(url: str, key: str, remedy: str | None) -> None:
    """A write fails with the remedy, or without one goes well; nothing of a password is shown."""
    backend = RedisBackend(url, key=key, timeout=2)
    if remedy is None:
        await backend.write([Write(A, "1")])
    else:
        with pytest.raises(StorageError, match=re.escape(remedy)) as caught:
            await backend.write([Write(A, "1")])
        assert repr(backend) in str(caught.value)
        everything = str(caught.value) + repr(caught.value.__cause__)
        for password in ("s3cr", "place", "wr0ng", "gu3st"):
            assert password not in everything
    await backend.close()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://localhost", "redis://localhost"),
        ("redis://:pass@db:6379/0", "redis://:***@db:6379/0"),
        ("rediss://bot:pass@db/2", "rediss://bot:***@db/2"),
        ("redis://db/0?password=pass&db=3", "redis://db/0?password=***&db=3"),
        ("unix://bot:pass@/run/redis.sock?db=1", "unix://bot:***@/run/redis.sock?db=1"),
    ],
)
def test_a_password_is_never_shown(url, shown):
    """A log may be read by anybody, whatever way the password was given in."""
    assert repr(RedisBackend(url)) == f"RedisBackend({shown!r}, key='viewkit')"


@pytest.mark.parametrize(
    "url",
    [
        "localhost:6379",
        "postgresql://bot:s3cret@localhost",
        "redis://:s3c/ret@localhost",
        "redis://:12/s3cret@localhost",
        "redis://:s3cret@localhost:port",
        "redis://:s3cret@localhost?s3cret=1",
        "redis://:s3cret@localhost?socket_timeout=s3cret",
    ],
)
def test_an_address_that_cannot_be_read_is_refused_without_showing_it(url):
    """At the line that makes it, and before anything is sent."""
    with pytest.raises(ValueError, match=r"redis://user:password@host:port.*%2F") as caught:
        RedisBackend(url)
    assert "s3c" not in repr(caught.value) or "?" in url
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("options", [{"key": ""}, {"key": "a{b}"}, {"key": "a}"}, {"changes_kept": 0}])
def test_options_that_make_no_sense_are_refused(options):
    """The name of the option is in the error, and what to give instead."""
    [name] = options
    with pytest.raises(ValueError, match=rf"{name}=.*give"):
        RedisBackend(**options)


def test_without_the_driver_the_error_names_what_to_install():
    """The package is optional: importing works, and making the backend says what is missing."""
    code = (
        "import sys; sys.modules['redis'] = None\n"
        "from kit.persistence.redis import RedisBackend\n"
        "try: RedisBackend()\n"
        "except ImportError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install viewkit[redis]" in done.stdout
