"""Whether this process is alive, whether it is ready, and its figures: three small pages.

The web application has them beside its other routes; a worker has them on a port of its own when
`BUURTSTEM_METRICS_PORT` is set. They tell nothing of anybody, and no secret.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

import uvicorn
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from sqlalchemy import Connection
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from runtime import config
from runtime.metrics import Registry
from storage import migrate
from storage.backlog import Backlog, backlog
from storage.times import now_ms

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from runtime.config import Settings
    from runtime.wiring import System

log = logging.getLogger(__name__)

DATABASE_SECONDS = 3.0  # then it does not answer, for whoever asks
FRESH_SECONDS = 2.0  # figures of the database that were read since are shown again
LEASE = "calendar"
ASKED, PROOF, MOST_ASKED = "ask", "x-buurtstem", 64


def proof(key: str, asked: str) -> str:
    """What only who has the application's key can answer; by it `doctor` knows our own server."""
    return hmac.digest(key.encode(), f"healthz|{asked}".encode(), "sha256").hex()[:32]


class Health:
    """The pages of one process."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._token = system.settings.metrics_token.get_secret_value()
        self._at_head = False
        self._reading = asyncio.Lock()
        self._read: tuple[float, list[Metric]] = (float("-inf"), [])

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/healthz", self.healthz),
            Route("/readyz", self.readyz),
            Route("/metrics", self.metrics),
        ]

    async def healthz(self, request: Request) -> Response:
        """The process answers; asked with a few letters, it proves that it is we (see `proof`)."""
        asked = request.query_params.get(ASKED, "")[:MOST_ASKED]
        key = config.secret_key(self._system.settings)
        return PlainTextResponse("ok\n", headers={PROOF: proof(key, asked)} if asked else None)

    async def readyz(self, _: Request) -> Response:
        """503 with one word when something is missing: see `missing`."""
        lacks = await self.missing()
        return PlainTextResponse(f"{lacks or 'ready'}\n", 503 if lacks else 200)

    async def missing(self) -> str:
        """What this process lacks to do its work: database | migrations | jobs | lease | model.

        Whether it holds the lease does not matter, only that it tries to.
        """
        try:
            async with asyncio.timeout(DATABASE_SECONDS):
                await self._system.db.aread(self._look)
        except Exception as error:
            log.error("not ready: %s", type(error).__name__)
            return "database"
        if not self._at_head:
            return "migrations"
        if not self._system.jobs.alive:
            return "jobs"
        if not self._system.lease.alive:
            return "lease"
        return "" if self._system.listener.ready else "model"

    def _look(self, conn: Connection) -> None:
        """Reaches the database; its revision is looked at until it is right."""
        conn.exec_driver_sql("SELECT 1")
        self._at_head = self._at_head or migrate.is_at_head(conn)

    async def metrics(self, request: Request) -> Response:
        """The figures, for Prometheus; with a token only for who has it."""
        if not self._may(request.headers.get("authorization", "")):
            return PlainTextResponse("unauthorized\n", 401, {"www-authenticate": "Bearer"})
        text = generate_latest(Registry(await self._now()))
        return Response(text, headers={"content-type": CONTENT_TYPE_LATEST})

    def _may(self, authorization: str) -> bool:
        given = authorization.removeprefix("Bearer ").encode()
        return not self._token or hmac.compare_digest(given, self._token.encode())

    async def _now(self) -> list[Metric]:
        """What the database says, read at most once in `FRESH_SECONDS`."""
        async with self._reading:
            read_at, metrics = self._read
            if time.monotonic() - read_at > FRESH_SECONDS:
                metrics = [*_of_process(self._system), *await self._of_database()]
                self._read = time.monotonic(), metrics
            return metrics

    async def _of_database(self) -> list[Metric]:
        began, found = time.perf_counter(), None
        with suppress(Exception):
            async with asyncio.timeout(DATABASE_SECONDS):
                work = partial(backlog, now_ms=now_ms(), lease=LEASE)
                found = await self._system.db.aread(work)
        up = _gauge("buurtstem_database_up", "Whether the database answers.")
        up.add_metric([], 1 if found else 0)
        took = _gauge("buurtstem_database_seconds", "How long it took to read these figures.")
        took.add_metric([], time.perf_counter() - began)
        return [up, took, *(_of_backlog(found) if found else ())]


def _of_process(system: System) -> Iterator[Metric]:
    held = _gauge("buurtstem_lease_held", "Whether this process drives the calendar.")
    held.add_metric([], 1 if system.lease.held else 0)
    yield held


def _of_backlog(found: Backlog) -> Iterator[Metric]:
    by = ["queue", "task"]
    due = _gauge("buurtstem_jobs_due", "Jobs that wait for a worker.", by)
    age = _gauge("buurtstem_jobs_age_seconds", "How long the oldest of them waits.", by)
    running = _gauge("buurtstem_jobs_running", "Jobs that a worker has.", by)
    dead = _gauge("buurtstem_jobs_dead", "Jobs put aside after too many attempts.", by)
    for queue in found.queues:
        labels = [queue.queue, queue.task]
        due.add_metric(labels, queue.due)
        age.add_metric(labels, queue.age)
        running.add_metric(labels, queue.running)
        dead.add_metric(labels, queue.dead)
    by = ["channel", "state"]
    rows = _gauge("buurtstem_outbox_messages", "Messages to send: queued, waiting, unknown.", by)
    since = _gauge("buurtstem_outbox_age_seconds", "How long the first of them is due.", by)
    for out in found.outgoing:
        rows.add_metric([out.channel, out.state], out.count)
        since.add_metric([out.channel, out.state], out.age)
    inbox = _gauge("buurtstem_inbox_held", "Messages being taken in, or waiting behind one.")
    inbox.add_metric([], found.held)
    lease = _gauge("buurtstem_lease_seconds", "How long the calendar's lease lasts; 0: nobody's.")
    lease.add_metric([], found.lease)
    yield from (due, age, running, dead, rows, since, inbox, lease)


def _gauge(name: str, what: str, labels: list[str] | None = None) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, what, labels=labels or [])


class _Quiet(uvicorn.Server):
    """Leaves the signals to its process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served(system: System) -> AsyncIterator[None]:
    """These pages on a port of their own, as long as this lasts; nothing when none is set."""
    settings: Settings = system.settings
    if not settings.metrics_port:
        yield
        return
    server = _Quiet(
        uvicorn.Config(
            Starlette(routes=Health(system).routes()),
            host=settings.metrics_host,
            port=settings.metrics_port,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
        )
    )
    running = asyncio.create_task(_run(server), name="metrics")
    try:
        yield
    finally:
        server.should_exit = True
        await running


async def beside(system: System, work: Callable[[], Awaitable[object]]) -> None:
    """Does `work` with these pages beside it."""
    async with served(system):
        await work()


async def _run(server: uvicorn.Server) -> None:
    """A port that is taken must not keep a worker from its work."""
    try:
        await server.serve()
    except (Exception, SystemExit) as error:
        log.error("no figures on the worker's port: %s", type(error).__name__)
