"""Processes that stay: the server, the worker, and what both begin with."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

import uvicorn

from bot.channels.telegram_poll import poll as poll_telegram
from runtime import console, health, logs, queues, wiring
from runtime.cli import UsageError
from runtime.config import Settings
from runtime.round_file import RoundFileError, load_round
from runtime.web import app, take_update
from runtime.wiring import System
from storage import rounds

log = logging.getLogger(__name__)


def built(
    settings: Settings, sample: Path | None = None, takes: frozenset[str] = queues.ALL
) -> System:
    """The system, with the sample round where there is none yet. Raises `UsageError`."""
    db = wiring.open_database(settings)
    try:
        if not settings.round_file and sample and db.read(rounds.active) is None:
            wiring.save_round(db, load_round(sample))
            logs.tell(f"using the sample round {sample.name}")
        return wiring.build(settings, db, takes=takes)
    except RoundFileError as error:
        db.close()
        raise UsageError(str(error)) from None


def run(
    settings: Settings,
    host: str,
    port: int,
    *,
    sample: Path | None,
    poll: bool,
    takes: frozenset[str] = queues.ALL,
) -> int:
    """Serves until it is told to stop."""
    system = built(settings, sample, takes)
    if system.db.read(rounds.active) is None:
        logs.tell("no round is loaded: buurtstem round load FILE")
    # not a daemon: a thread that is thrown out of the model's own code aborts the process
    threading.Thread(target=system.prepare, name="warm-up").start()
    demo = sample is not None and not settings.public_url
    if demo:
        for line in console.demo_users(system.db):
            print(f"buurtstem: {line}", file=sys.stderr)
    asyncio.run(_serve(system, host, port, poll=poll, demo=demo))
    return 0


class _Server(uvicorn.Server):
    """Says so when it is told to stop, so that long polls end at once."""

    def __init__(self, config: uvicorn.Config, system: System) -> None:
        super().__init__(config)
        self._system = system

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._system.stopping.set()
        super().handle_exit(sig, frame)


async def _serve(system: System, host: str, port: int, *, poll: bool, demo: bool) -> None:
    config = uvicorn.Config(
        app(system, simulated=system.settings.simulator, demo=demo),
        host=host,
        port=port,
        log_config=None,  # see runtime.logs
        access_log=False,  # a path may hold a resident's id
        server_header=False,
        proxy_headers=False,  # see BUURTSTEM_PROXIES and runtime.guarding
        timeout_graceful_shutdown=5,
    )
    server = _Server(config, system)
    polling = asyncio.create_task(_poll(system)) if poll else None
    if not poll:
        await _webhook(system)
    for sign in (signal.SIGINT, signal.SIGTERM):
        # uvicorn shuts down well, and then sends itself the signal again
        signal.signal(sign, lambda *_: None)
    logs.tell(f"http://{host}:{port}/simulator and /console")
    await server.serve()
    if polling:
        polling.cancel()


async def _poll(system: System) -> None:
    assert system.telegram is not None
    await poll_telegram(system.telegram, lambda update: take_update(system, update))


async def _webhook(system: System) -> None:
    """Tells Telegram where we are; a provider that is down must not keep us from starting."""
    if system.telegram is None or not system.settings.public_url:
        return
    try:
        await system.telegram.set_webhook(system.settings.public_url)
    except Exception as error:
        log.error("Telegram's webhook could not be set: %s", type(error).__name__)


def work(settings: Settings, takes: frozenset[str] = queues.ALL) -> int:
    """Sends, listens and sweeps until it is told to stop."""
    system = built(settings, takes=takes)
    threading.Thread(target=system.prepare, name="warm-up").start()
    asyncio.run(_work(system))
    return 0


async def _work(system: System) -> None:
    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    await wiring.until_stopped(system, lambda: health.beside(system, stop.wait))
