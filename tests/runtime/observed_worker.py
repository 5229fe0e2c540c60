"""A whole system that is told personal things while everything fails in turn.

What it writes to standard output and error is looked through by test_nothing_personal.py, which
starts it as a process of its own: so nothing that is written escapes, wherever it comes from.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import threading
import warnings
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import httpx

from bot import engine
from bot.messages import Sound
from civic import stempas
from runtime import logs, observing, wiring
from runtime.web import app
from runtime.wiring import System
from storage import envelopes, hot, outbox
from tests.runtime import personal
from tests.runtime.voting import Phone, voting_system


def fails(*_: Any, **__: Any) -> Any:
    raise ValueError(personal.ALL)


async def fails_later(*_: Any, **__: Any) -> Any:
    raise ValueError(personal.ALL)


async def until(done: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await done():
            await asyncio.sleep(0.05)


async def tells(phone: Phone) -> None:
    """A plan with everything in it, and what people say besides."""
    await phone.says("hoi", "nederlands", "ja", "menu", "1", personal.ALL, "ja")
    await phone.says(*personal.LINES)


async def speaks(system: System, phone: Phone) -> None:
    data = await asyncio.to_thread(
        system.sounds.made, Sound(f"Ik ben {personal.NAMES[0]} van {personal.IDEA}", "nl")
    )
    await phone.says("menu", "1")
    before = system.db.read(lambda conn: _last(conn))
    await phone.takes(phone.speaks(data))
    await until(lambda: system.db.aread(lambda conn: _taken(conn, before)))


def _last(conn: Any) -> int:
    return int(conn.exec_driver_sql("SELECT coalesce(max(id), 0) FROM inbox").scalar())


def _taken(conn: Any, after: int) -> bool:
    open_ = "SELECT count(*) FROM inbox WHERE id > {} AND state != 'done'"
    return not conn.exec_driver_sql(open_.format(after)).scalar()


async def votes(phone: Phone, code: str) -> None:
    await phone.says("hoi", "nederlands", "ja", stempas.with_check("1111111111"))
    await phone.gets_ready(code)
    await phone.says("ja")


async def is_met_by_faults(system: System, web: httpx.AsyncClient) -> None:
    """One stage after the other goes wrong, with personal things in the text of the error."""
    phone = Phone(system, "faults")
    await phone.says("hoi", "nederlands", "ja")
    with patch.object(engine, "_step", fails):
        await phone.says(personal.ALL)
    with patch.object(hot, "arrive", fails):
        posted = {"as": "faults", "id": str(uuid4()), "text": personal.ALL}
        print((await web.post("/simulator/api/messages", json=posted)).text)
        with suppress(ValueError):
            await phone.says(personal.ALL)
    with patch.object(system.conversation._saying, "_render", fails), suppress(ValueError):
        await phone.says(personal.ALL)
    with patch.object(type(system.sounds), "of", fails_later):
        await phone.says("menu", "geluid aan", "menu")
    simulator = system.listener._ports["simulator"]
    with patch.object(simulator, "send", fails_later):
        await phone.says("menu")
        await asyncio.sleep(0.5)
    with patch.object(simulator, "fetch", fails_later), patch("runtime.listener.TRIES", 1):
        await speaks(system, phone)
    with (
        patch.object(system.listener._transcriber, "transcribe", fails),
        patch("runtime.listener.TRIES", 1),
    ):
        await speaks(system, phone)
    with patch.object(hot, "due_timers", fails), patch.object(outbox, "lost", fails):
        await system.sweep.once()
    with patch.object(envelopes, "put", fails), patch.object(envelopes, "taking", fails):
        await system.traces.mix()
    with patch.object(hot, "held", fails):
        await phone.takes(phone.speaks(b"no sound"))
        await asyncio.sleep(1.5)


async def is_left_alone() -> None:
    """What nobody catches: a task, a thread, a destructor, a warning, other libraries."""
    task = asyncio.create_task(fails_later())
    await asyncio.sleep(0)
    del task
    gc.collect()
    thread = threading.Thread(target=fails)
    thread.start()
    thread.join()
    type("Left", (), {"__del__": fails})()
    warnings.warn(personal.ALL, stacklevel=1)
    for name in ("httpx", "sqlalchemy.engine", "telegram.ext", "apscheduler", "uvicorn.error"):
        other = logging.getLogger(name)
        other.debug(personal.ALL)
        other.error("%s", personal.ALL)
        other.error("%s", ValueError(personal.ALL), exc_info=ValueError(personal.ALL))


async def scene(system: System, code: str) -> None:
    await system.start()
    await asyncio.to_thread(system.warm_up)
    served = app(system, simulated=True)
    transport = httpx.ASGITransport(served)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as web:
        anna = Phone(system, f"{personal.PHONE}")
        await tells(anna)
        await speaks(system, anna)
        await votes(Phone(system, "voter"), code)
        await is_met_by_faults(system, web)
        for path in (f"/{personal.CODE}", f"/media/{personal.MAIL}", "/simulator/api/audio/99"):
            print((await web.get(path, params={"who": personal.PHONE})).text)
        signing = {"name": personal.NAMES[0], "password": personal.ALL}
        print((await web.post("/console/signin", data=signing)).text)
        print((await web.post("/webhooks/telegram", content=personal.ALL)).text)
        for page in ("/healthz", "/readyz", "/metrics"):
            print((await web.get(page)).text)
    await is_left_alone()
    await system.stop()
    observing.end()


def main(folder: Path) -> None:
    logs.configure("json", "debug")
    url = f"sqlite:///{folder}/town.db"
    with voting_system(folder, url) as (system, (code,)):
        print(f"code {code[:4]}", flush=True)  # only its beginning: the search is for all of it
        (folder / "code").write_text(code)
        asyncio.run(scene(system, code))
    assert wiring.log is not None
    raise ValueError(personal.ALL)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
