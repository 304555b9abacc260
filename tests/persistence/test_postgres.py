"""PostgreSQL: several machines on one database, and a server that goes away and comes back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Self
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from kit.persistence.backends import OvertakenError, StorageError
from kit.persistence.leaves import Write
from kit.persistence.postgres import PostgresBackend
from kit.persistence.postgres_server import without_password
from tests.persistence.servers import POSTGRES_URL, PostgresCluster, answers, free_port, postgres_programs
from tests.persistence.shared_laws import STATE, A, B, SharedLaws

pytestmark = pytest.mark.postgres


@pytest.fixture
def url() -> str:
    """A server that runs already."""
    parts = urlsplit(POSTGRES_URL)
    if not answers(parts.hostname or "127.0.0.1", parts.port or 5432):
        pytest.skip(
            f"no PostgreSQL server at {parts.hostname}:{parts.port}: start one, or set KIT_TEST_POSTGRES"
        )
    return POSTGRES_URL


@pytest.fixture
def table() -> str:
    """A table that no other test has."""
    return f"kit_test_{uuid.uuid4().hex}"


@pytest_asyncio.fixture
async def connect(url, table):
    """Backends of one table, which is dropped afterwards."""
    backends = []

    def make(address: str = url, **options) -> PostgresBackend:
        backends.append(PostgresBackend(address, table=table, **options))
        return backends[-1]

    yield make
    for backend in backends:
        await backend.close()
    await run(url, f"DROP TABLE IF EXISTS {table}, {table}_changes, {table}_meta")


@pytest.fixture(scope="module")
def cluster() -> Iterator[PostgresCluster]:
    """A server of our own, which may be stopped."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL's initdb and pg_ctl are not installed here")
    cluster = PostgresCluster(programs)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.remove()


async def run(url: str, sql: str) -> list:
    """What a statement answers."""
    import asyncpg

    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(sql)
    finally:
        await connection.close()


class TestSharing(SharedLaws):
    """Several processes on one table."""

    @pytest.fixture
    def spawn(self, url, table):
        """How another process finds the table."""
        return ["postgres", url, table]


@pytest.mark.asyncio
async def test_two_tables_of_one_database_know_nothing_of_each_other(connect, url, table):
    """Two bots share a server; a schema of one's own works as well."""
    await run(url, f"CREATE SCHEMA {table}")
    try:
        ours, theirs = connect(), PostgresBackend(url, table=f"{table}.leaves")
        await ours.save_state(STATE)
        await theirs.save_state({"application": {"n": 1}})
        await theirs.write([Write(A, "1")])
        assert await ours.changes() == []
        assert await ours.load_state() == STATE
        assert await theirs.load_state() == {"application": {"n": 1, "a": 1}}
        await theirs.close()
    finally:
        await run(url, f"DROP SCHEMA {table} CASCADE")


@pytest.mark.asyncio
async def test_the_log_of_changes_does_not_grow_for_ever(connect, url, table):
    """A year of clicks costs no more room than the log that is kept."""
    backend = connect(changes_kept=20)
    for number in range(100):
        await backend.write([Write(A, str(number)), Write(B, str(number))])
    [[logged]] = await run(url, f"SELECT count(DISTINCT revision) FROM {table}_changes")
    assert 20 <= logged <= 23
    await backend.save_state(STATE)
    assert (await run(url, f"SELECT count(*) FROM {table}_changes"))[0][0] == 0


@pytest.mark.asyncio
async def test_tables_of_a_newer_kit_are_left_alone(connect, url, table):
    """The error names the upgrade, and nothing is written."""
    backend = connect()
    await backend.save_state(STATE)
    await run(url, f"UPDATE {table}_meta SET value = 99 WHERE name = 'schema'")
    for attempt in (connect().load_state(), connect().save_state({}), connect().write([Write(A, "1")])):
        with pytest.raises(StorageError, match=r"newer kit \(schema 99.*pip install -U viewkit"):
            await attempt
    await run(url, f"UPDATE {table}_meta SET value = 1 WHERE name = 'schema'")
    assert await backend.load_state() == STATE


@pytest.mark.asyncio
async def test_a_table_of_somebody_else_is_left_alone(connect, url, table):
    """The name is taken: the error says to give another, and the rows stay."""
    await run(url, f"CREATE TABLE {table} (path TEXT, value TEXT, more INT)")
    await run(url, f"INSERT INTO {table} VALUES ('theirs', 'theirs', 1)")
    for attempt in (connect().load_state(), connect().save_state(STATE)):
        with pytest.raises(StorageError, match="no tables of kit: give another `table`"):
            await attempt
    assert [tuple(row) for row in await run(url, f"SELECT * FROM {table}")] == [("theirs", "theirs", 1)]


@pytest.mark.asyncio
async def test_a_row_that_cannot_be_read_is_an_error_and_is_kept(connect, url, table):
    """One torn row does not make the rest disappear at the next save."""
    backend = connect()
    await backend.save_state(STATE)
    await run(url, f"UPDATE {table} SET value = '{{\"cut' WHERE path LIKE '%roles:main%'")
    with pytest.raises(StorageError, match=r"roles:main.*It was left as it is"):
        await backend.load_state()


@pytest.mark.asyncio
async def test_tables_that_were_emptied_under_a_running_bot_are_not_written_to(connect, url, table):
    """Somebody drops the tables: the bot says so instead of starting a second state."""
    backend = connect()
    await backend.write([Write(A, "1")])
    await run(url, f"DROP TABLE {table}, {table}_changes, {table}_meta")
    with pytest.raises(StorageError, match="repair them, or give another `table`"):
        await backend.write([Write(A, "2")])
    await backend.close()
    for attempt in (backend.write([Write(A, "2")]), backend.changes()):
        with pytest.raises(
            StorageError, match=r"is at revision 0, but this process has seen 1.*restart the bot"
        ):
            await attempt
    assert await backend.load_state() == {}


class Wire:
    """Carries one client's traffic to a server, and can be cut at the worst moment."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.target = parts.hostname, parts.port or 5432
        self.port = free_port()
        self.url = parts._replace(
            netloc=f"{parts.username}@127.0.0.1:{self.port}", query="sslmode=disable"
        ).geturl()
        self.cut_after_commit = False
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
            task = asyncio.ensure_future(self.pump(source, sink, ends))
            self.tasks.add(task)

    async def pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, ends) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65536):
                if self.cut_after_commit and data.endswith(b"Z\x00\x00\x00\x05I"):
                    self.cut_after_commit = False
                    break
                sink.write(data)
        for end in ends:
            end.transport.abort()


@pytest.mark.asyncio
async def test_a_write_whose_answer_was_lost_is_not_made_twice(connect, url, table):
    """The server commits, the network breaks: the backend asks what became of its write, and says it is done."""
    async with Wire(url) as wire:
        backend, other = connect(wire.url), connect()
        await backend.write([Write(A, "1")])
        await other.load_state()
        wire.cut_after_commit = True
        await backend.write([Write(A, "2")])
        assert not wire.cut_after_commit
        assert await other.changes() == [Write(A, "2")]
        [[logged]] = await run(url, f"SELECT count(*) FROM {table}_changes")
        assert logged == 2
        await backend.close()


@pytest.mark.asyncio
async def test_a_write_in_doubt_is_settled_when_the_server_is_back(connect, url):
    """Made, but nobody could say so; meanwhile another process went on from it, and is not undone."""
    async with Wire(url) as wire:
        backend, other = connect(wire.url, timeout=1), connect()
        await backend.write([Write(A, "1")])
        wire.cut_after_commit = wire.refusing = True
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
async def test_a_write_that_did_not_arrive_is_made_on_the_next_connection(connect, url, table):
    """An administrator ends the connection between two writes: the bot notices nothing."""
    backend = connect()
    await backend.write([Write(A, "1")])
    await run(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        f"WHERE pid <> pg_backend_pid() AND query LIKE '%{table}%'",
    )
    await backend.write([Write(A, "2")])
    assert await backend.load_state() == {"application": {"a": 2}}


@pytest.mark.asyncio
async def test_in_a_database_of_any_language_a_branch_is_its_rows_and_no_others(cluster):
    """English sorts brackets and quotes in its own way; what is cleared must not depend on it."""
    await run(
        cluster.url,
        "CREATE DATABASE english TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'",
    )
    backend = PostgresBackend(cluster.url.replace("/postgres", "/english"))
    await backend.save_state({"application": {"a": {"x": {"é": 1}, 1: 2}, "aa": {"x": 3}, "A": 4, 'a"b': 5}})
    await backend.write([Write(A, "{}", subtree=True)])
    assert await backend.load_state() == {"application": {"a": {}, "aa": {"x": 3}, "A": 4, 'a"b': 5}}
    await backend.close()


@pytest.mark.asyncio
async def test_a_server_that_goes_away_is_an_error_until_it_is_back(cluster):
    """A crash and a restart of the server: what was acknowledged is there, writing and listening go on."""
    ours, theirs = PostgresBackend(cluster.url), PostgresBackend(cluster.url)
    await ours.load_state()
    await theirs.load_state()
    await ours.changed()
    await ours.write([Write(A, "1")])
    listening = asyncio.ensure_future(ours.changed())
    await asyncio.sleep(0.1)
    assert not listening.done()
    await asyncio.to_thread(cluster.stop, "immediate")
    with pytest.raises(StorageError, match=r"listen.*Start the server"):
        await asyncio.wait_for(listening, 5)
    for attempt in (ours.write([Write(A, "2")]), ours.changes(), ours.load_state(), ours.changed()):
        with pytest.raises(StorageError, match="Start the server, or check the url; nothing is lost"):
            await attempt
    await asyncio.to_thread(cluster.start)
    await theirs.write([Write(B, "9")])
    await asyncio.wait_for(ours.changed(), 5)
    assert await ours.changes() == [Write(B, "9")]
    await ours.write([Write(A, "2")])
    assert await theirs.changes() == [Write(A, "2")]
    listening = asyncio.ensure_future(ours.changed())
    await asyncio.sleep(0.1)
    await theirs.write([Write(B, "10")])
    await asyncio.wait_for(listening, 1)
    assert await theirs.load_state() == {"application": {"a": 2, "b": 10}}
    await ours.close()
    await theirs.close()


@pytest.mark.asyncio
async def test_a_server_that_falls_silent_is_noticed(cluster):
    """A frozen server or a cut cable sends no farewell: writing and listening end with an error all the same."""
    backend = PostgresBackend(cluster.url, table="silent", timeout=0.5, heartbeat=0.2)
    await backend.write([Write(A, "1")])
    await backend.changed()
    rows = await run(
        cluster.url,
        "SELECT pid FROM pg_stat_activity WHERE client_port IS NOT NULL AND pid <> pg_backend_pid()",
    )
    frozen = [row["pid"] for row in rows]
    assert len(frozen) == 2
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        start = time.monotonic()
        with pytest.raises(StorageError, match=r"listen.*TimeoutError"):
            await backend.changed()
        assert time.monotonic() - start < 3
        await backend.write([Write(A, "2")])
        assert time.monotonic() - start < 5, "a new connection reaches the server"
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    assert await backend.load_state() == {"application": {"a": 2}}
    await backend.close()


@pytest.mark.asyncio
async def test_what_the_server_refuses_is_told_with_the_way_out_and_without_the_password(cluster):
    """A wrong password, a database that is not there, a user without rights, a malformed address."""
    await run(cluster.url, "CREATE ROLE guest LOGIN PASSWORD 'gu3st'")
    right = cluster.url
    secret = right.split(":")[2].split("@")[0]
    cases = {
        right.replace(secret, "wr0ng"): "Check the user and the password",
        right.replace("/postgres", "/nowhere"): "Create the database",
        right.replace(f"bot:{secret}", "guest:gu3st"): "GRANT USAGE, CREATE ON SCHEMA",
        right.replace(secret, cluster.password): "%2F",
        right.replace(str(cluster.port), str(free_port())): "Start the server",
    }
    for url, remedy in cases.items():
        backend = PostgresBackend(url, table="refused")
        with pytest.raises(StorageError) as caught:
            await backend.load_state()
        assert remedy in str(caught.value)
        everything = repr(backend) + str(caught.value) + repr(caught.value.__cause__)
        assert repr(backend) in str(caught.value)
        for password in (secret, cluster.password, "wr0ng", "gu3st", "s3cr"):
            assert password not in everything
        await backend.close()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://localhost/db", "postgresql://localhost/db"),
        ("postgresql://bot@db:5432/db", "postgresql://bot@db:5432/db"),
        ("postgresql://bot:pass@db:5432/db", "postgresql://bot:***@db:5432/db"),
        ("postgres://bot:pa/ss@wo?rd#@db/db", "postgres://bot:***@db/db"),
        (
            "postgresql:///db?user=bot&password=pass&host=/run",
            "postgresql:///db?user=bot&password=***&host=/run",
        ),
    ],
)
def test_a_password_is_never_shown(url, shown):
    """A log may be read by anybody, whatever way the password was given in."""
    assert without_password(url) == shown
    assert repr(PostgresBackend(url)) == f"PostgresBackend({shown!r}, table='kit_leaves')"


@pytest.mark.parametrize("table", ["", "a b", 'x"; DROP', "a.b.c", "x" * 51, "tisch-ß"])
def test_a_name_that_cannot_be_a_table_is_refused(table):
    """At once, and before anything is sent."""
    with pytest.raises(ValueError, match=r"give name or schema\.name"):
        PostgresBackend("postgresql://localhost", table=table)


def test_an_address_of_another_kind_is_refused_without_showing_it():
    """An address of Redis, or a bare host, is a mistake that is found at the line that makes it."""
    with pytest.raises(ValueError, match="postgresql://user:password@host") as caught:
        PostgresBackend("redis://:s3cret@localhost")
    assert "s3cret" not in str(caught.value)


def test_without_the_driver_the_error_names_what_to_install():
    """The package is optional: importing works, and making the backend says what is missing."""
    code = (
        "import sys; sys.modules['asyncpg'] = None\n"
        "from kit.persistence.postgres import PostgresBackend\n"
        "try: PostgresBackend('postgresql://localhost')\n"
        "except ImportError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install viewkit[postgres]" in done.stdout
