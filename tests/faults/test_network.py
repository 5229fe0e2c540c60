"""Several hosts: a worker is cut off in the middle of its work, others go on, and it comes back.

Each host is a network namespace with a cable that a test can pull. The database is on a host of
its own, behind a proxy that only passes bytes on to the real PostgreSQL; the provider is on ours.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg.conninfo
import pytest

from tests.faults.network import Network, missing, network
from tests.faults.provider import Provider
from tests.faults.town import LINES, Crowd, Process, Town, examine, until

PEOPLE = 16
WHY_NOT = missing()

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "there are namespaces"),
]

WHO_WAITS = """
SELECT pid, pg_blocking_pids(pid), state, wait_event, now() - xact_start, left(query, 200)
FROM pg_stat_activity WHERE datname = current_database() ORDER BY xact_start
"""
PASS_ON = """
import asyncio, sys
async def main(address, socket):
    async def pump(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()
    async def serve(reader, writer):
        try:
            far, to = await asyncio.open_unix_connection(socket)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, to), pump(far, writer), return_exceptions=True)
    server = await asyncio.start_server(serve, address, 5432)
    print("ready", flush=True)
    async with server:
        await server.serve_forever()
asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def hosts() -> Iterator[Network]:
    with network() as net:
        yield net


@pytest.fixture
def database_host(hosts: Network, postgres_url: str) -> Iterator[tuple[str, str]]:
    """The name of the host of the database, and the database's URL there.

    A path of the file system goes through all namespaces: that is how the proxy reaches it.
    """
    with psycopg.connect(postgres_url) as conn:
        place = conn.execute("SHOW unix_socket_directories").fetchone()
        port = conn.execute("SHOW port").fetchone()
    assert place
    assert port
    name, address = hosts.host()
    path = f"{place[0].split(',')[0].strip()}/.s.PGSQL.{port[0]}"
    command = [*hosts.inside(name), sys.executable, "-c", PASS_ON, address, path]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as proxy:
        assert proxy.stdout is not None
        assert proxy.stdout.readline() == b"ready\n"
        known: dict[str, Any] = psycopg.conninfo.conninfo_to_dict(postgres_url)
        yield name, f"postgresql://{known['user']}@{address}:5432/{known['dbname']}"
        proxy.kill()


@pytest.fixture
def town(
    hosts: Network, database_host: tuple[str, str], postgres_url: str, tmp_path: Path
) -> Iterator[Town]:
    provider = Provider(host=hosts.here, pause=0.05)
    town = Town(tmp_path, postgres_url, provider)
    town.load()
    town.database_url = database_host[1]
    yield town
    town.close()
    provider.close()


def at(net: Network, town: Town) -> tuple[str, str, Any]:
    name, address = net.host()
    return name, address, net.inside(name)


def written_while(
    town: Town, web: Process, postgres_url: str, trouble: Any, pause: float = 0.2
) -> None:
    crowd = Crowd([web], random.Random(11), pause=pause)

    async def scene() -> None:
        everybody = asyncio.create_task(crowd.write(PEOPLE))
        await asyncio.to_thread(trouble, crowd)
        await everybody

    town.database_url = postgres_url  # we look from our own side
    try:
        asyncio.run(asyncio.wait_for(scene(), 200))
    except (AssertionError, TimeoutError) as error:
        error.add_note("\n".join(map(str, town.rows(WHO_WAITS))))
        error.add_note(web.log.read_text()[-3000:])
        raise
    until(town.settled)
    found = examine(town, PEOPLE)
    assert found.is_well, found
    assert found.doubled_sends == 0
    # what was on its way when the cable was pulled may arrive when it is back, after the next one
    assert found.missing + found.late <= found.unknown
    assert len(crowd.acknowledged) == PEOPLE * len(LINES)


def halfway(crowd: Crowd, part: float) -> None:
    until(lambda: len(crowd.acknowledged) >= PEOPLE * len(LINES) * part)


def test_a_worker_is_cut_off_and_comes_back(hosts: Network, town: Town, postgres_url: str) -> None:
    """Its jobs are taken by another; what it had in hand is settled when it is back, or unknown."""
    _, address, inside = at(hosts, town)
    web = town.web("--queue", "none", host=address, before=inside).start()
    names = []
    for _ in range(2):
        name, _, inside = at(hosts, town)
        names.append(name)
        town.worker(before=inside).start()
    web.wait()
    until(lambda: town.count("leases") >= 1)

    def trouble(crowd: Crowd) -> None:
        for part, name in ((0.25, names[0]), (0.5, names[1])):
            halfway(crowd, part)
            until(lambda: town.count("outbox WHERE state = 'sending'"))
            hosts.cut(name)
            stopped, seen = time.monotonic(), len(town.provider.taken)
            until(lambda: len(town.provider.taken) > seen + 15)  # noqa: B023, the other goes on
            until(lambda: time.monotonic() - stopped > 6)  # noqa: B023, longer than any lease
            hosts.join(name)

    # slowly, so that there is still something to send when the second one is cut off
    written_while(town, web, postgres_url, trouble, pause=3.0)
    for process in town.processes:
        process.stop()


def test_the_database_is_cut_off_and_comes_back(
    hosts: Network, database_host: tuple[str, str], town: Town, postgres_url: str
) -> None:
    """Nobody is told "taken" meanwhile."""
    _, address, inside = at(hosts, town)
    web = town.web("--queue", "none", host=address, before=inside).start()
    _, _, inside = at(hosts, town)
    town.worker(before=inside).start()
    web.wait()

    def trouble(crowd: Crowd) -> None:
        halfway(crowd, 0.4)
        before = len(crowd.acknowledged)
        hosts.cut(database_host[0])
        time.sleep(3)
        # at most what was being answered at that moment
        assert len(crowd.acknowledged) <= before + PEOPLE
        hosts.join(database_host[0])

    written_while(town, web, postgres_url, trouble)


def test_hosts_are_gone_afterwards() -> None:
    with network() as net:
        name, address = net.host()
        with pytest.raises(OSError), socket.create_connection((address, 9), timeout=0.5):
            pass
    left = subprocess.run(["/usr/sbin/ip", "netns", "list"], capture_output=True, text=True).stdout
    assert name not in left
    with suppress(FileNotFoundError):
        assert net.bridge not in os.listdir("/sys/class/net")
