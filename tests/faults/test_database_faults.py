"""The database falls down, or has no room, in the middle of traffic."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.provider import Provider
from tests.faults.town import LINES, Crowd, Town, examine, until
from tests.runtime.test_jobs_contract import crash_and_start

PEOPLE = 12

pytestmark = pytest.mark.slow


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.close()


def written_while(town: Town, trouble: Callable[[Crowd], None]) -> None:
    """Everybody writes, in the middle there is trouble, and in the end all is well."""
    web = town.web().start().wait()
    crowd = Crowd([web], random.Random(5), pause=0.1)

    async def scene() -> None:
        everybody = asyncio.create_task(crowd.write(PEOPLE))
        await asyncio.to_thread(trouble, crowd)
        await everybody

    try:
        asyncio.run(asyncio.wait_for(scene(), 200))
        until(town.settled)
        web.stop()
    finally:
        town.close()
    found = examine(town, PEOPLE)
    assert found.is_well, found
    assert found.doubled_sends == found.late == 0
    assert len(crowd.acknowledged) == PEOPLE * len(LINES)


def test_postgresql_crashes_twice(
    postgres: Any, postgres_url: str, tmp_path: Path, provider: Provider
) -> None:
    """What got its 200 was stored; the rest comes again."""
    name = postgres_url.partition("?")[0].rpartition("/")[2]
    postgres.execute(f"ALTER DATABASE {name} SET synchronous_commit = on")  # a crash tells
    town = Town(tmp_path, postgres_url, provider)
    town.load()

    def trouble(crowd: Crowd) -> None:
        for part in (3, 2):
            until(lambda: len(crowd.acknowledged) >= PEOPLE * len(LINES) // part)  # noqa: B023
            crash_and_start(postgres._server)

    written_while(town, trouble)


def refused_then_room(
    full: Callable[[], None], room: Callable[[], None], town: Town
) -> Callable[[Crowd], None]:
    def trouble(crowd: Crowd) -> None:
        until(lambda: len(crowd.acknowledged) >= PEOPLE)
        full()
        until(lambda: crowd.refused >= 20)
        # nobody is told "taken", and the process is there all the time
        assert httpx.get(town.processes[0].url + "/healthz", timeout=60).status_code == 200
        room()

    return trouble


is_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")


@pytest.fixture
def small_disk() -> Iterator[Callable[[int], Path]]:
    """A disk of so many megabytes, where PostgreSQL may come too, which is never root."""
    place = Path(tempfile.mkdtemp(prefix="buurtstem-disk-"))
    place.chmod(0o755)

    def mounted(megabytes: int) -> Path:
        how = f"size={megabytes}m"
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", how, "tmpfs", str(place)], capture_output=True
        )
        if done.returncode:
            pytest.skip("this machine lets nobody mount a small disk")
        return place

    yield mounted
    if place.is_mount():
        subprocess.run(["umount", "-l", str(place)], check=True)
    place.rmdir()


def fill(place: Path) -> None:
    """To the last byte."""
    with (place / "ballast").open("wb", buffering=0) as file:
        for size in (1 << 16, 512):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


@is_root
def test_sqlites_disk_is_full(
    small_disk: Callable[[int], Path], sqlite_url: str, tmp_path: Path, provider: Provider
) -> None:
    place = small_disk(8)
    shutil.copy(sqlite_url.removeprefix("sqlite:///"), place / "town.db")
    town = Town(tmp_path, f"sqlite:///{place}/town.db", provider)
    town.load()
    room = (place / "ballast").unlink
    written_while(town, refused_then_room(lambda: fill(place), room, town))


def test_sqlite_may_write_no_more(sqlite_url: str, tmp_path: Path, provider: Provider) -> None:
    """What an operator may set as well as a disk: no file may grow (EFBIG)."""
    town = Town(tmp_path, sqlite_url, provider)
    town.load()

    def limited(most: int) -> None:
        process = town.processes[0].running
        assert process is not None
        _, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most, hard))

    trouble = refused_then_room(
        lambda: limited(4096), lambda: limited(resource.RLIM_INFINITY), town
    )
    written_while(town, trouble)


@is_root
def test_postgresqls_disk_is_full(
    small_disk: Callable[[int], Path], postgres: Any, tmp_path: Path, provider: Provider
) -> None:
    """The disk of its tables, not that of its log: without that one it would stop by itself."""
    place = small_disk(40)
    (place / "tables").mkdir()
    shutil.chown(place / "tables", postgres._server.system_user)
    postgres.execute(f"CREATE TABLESPACE small LOCATION '{place}/tables'")
    try:
        postgres.execute(
            "CREATE DATABASE small TABLESPACE small ENCODING 'UTF8' TEMPLATE template0"
        )
        town = Town(tmp_path, postgres.url("small"), provider)
        town.load()
        room = (place / "ballast").unlink
        written_while(town, refused_then_room(lambda: fill(place), room, town))
    finally:
        postgres.execute("DROP DATABASE IF EXISTS small WITH (FORCE)")
        postgres.execute("DROP TABLESPACE small")
