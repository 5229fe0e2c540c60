"""Figures of a running system; the dashboard and the alarms know no others."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed
from sqlalchemy import Connection, insert, text
from starlette.applications import Starlette

from bot.messages import Inbound
from runtime import metrics, observing
from runtime.config import Settings
from runtime.health import Health
from runtime.serve import built
from runtime.wiring import System
from storage import backlog, outbox
from storage import jobs as embedded
from storage.db import Database
from storage.tables import jobs, people
from storage.times import now_ms
from tests.dialogue import REPO
from tests.runtime.voting import Phone, voting_system

NAME = re.compile(r"\bbuurtstem_[a-z_]+")


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    monkeypatch.chdir(tmp_path)
    settings = Settings(
        database_url=f"sqlite:///{tmp_path}/town.db", media_url=f"file://{tmp_path}/media"
    )
    system = built(settings, REPO / "examples" / "demo.toml")
    yield system
    system.db.close()


async def page(system: System, path: str = "/metrics", **headers: str) -> httpx.Response:
    app = Starlette(routes=Health(system).routes())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as web:
        return await web.get(path, headers=headers)


def figures(system: System) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels in alphabetical order."""
    shown = asyncio.run(page(system)).text
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in parsed(shown)
        for sample in family.samples
    }


def grown(system: System, act: Callable[[], object]) -> dict[tuple[str, ...], float]:
    before = figures(system)
    act()
    after = figures(system)
    return {name: value - before.get(name, 0) for name, value in after.items()}


def say(system: System, *lines: str) -> None:
    for n, line in enumerate(lines):
        message = Inbound(f"{line}{n}", "simulator", "telegram:anna", text=line)
        asyncio.run(system.take(message))


def test_messages_answers_and_repeats_are_counted(system: System) -> None:
    def act() -> None:
        say(system, "hoi", "nederlands", "ja", "xyzzy")
        say(system, "hoi")  # the same message again

    more = grown(system, act)
    assert more["buurtstem_messages_in_total", "simulator", "text"] == 4
    assert more["buurtstem_messages_repeated_total", "simulator"] == 1
    assert more["buurtstem_take_seconds_count", "simulator"] == 4
    assert more["buurtstem_answers_total", "nl", "understood", "welcome.language"] == 1
    assert more["buurtstem_answers_total", "nl", "understood", "welcome.privacy"] == 1
    assert more["buurtstem_answers_total", "menu.menu", "missed", "nl"] == 1


def test_sends_are_counted_by_outcome(system: System) -> None:
    async def scene() -> None:
        await system.start()
        phone = Phone(system, "bas")
        await phone.says("hoi")
        async with asyncio.timeout(60):
            while _unsent(system):
                await asyncio.sleep(0.05)
        await system.stop()

    before = _count("buurtstem_sends_total", "simulator", "reply", "sent")
    asyncio.run(scene())
    assert _count("buurtstem_sends_total", "simulator", "reply", "sent") > before
    assert _count("buurtstem_answer_seconds_count", "simulator") > 0


def _unsent(system: System) -> bool:
    query = "SELECT count(*) FROM outbox WHERE state != 'sent'"
    return bool(system.db.read(lambda conn: conn.exec_driver_sql(query).scalar()))


def _count(name: str, *labels: str) -> float:
    for family in metrics.REGISTRY.collect():
        for sample in family.samples:
            if sample.name == name and tuple(sample.labels.values()) == labels:
                return float(sample.value)
    return 0.0


def test_a_turn_that_is_undone_is_not_counted(system: System) -> None:
    def undone(conn: Connection, *, cast: object) -> int:
        system.conversation.take(conn, Inbound("u", "simulator", "telegram:anna", text="hoi"))
        raise RuntimeError

    def act() -> None:
        with pytest.raises(RuntimeError):
            asyncio.run(system.casting.run(observing.turn(undone)))

    more = grown(system, act)
    assert not any(n for name, n in more.items() if name[0] == "buurtstem_answers_total")


# --- a vote ------------------------------------------------------------------------------------


def test_a_vote_is_counted_when_its_day_is_over_and_nobody_can_follow_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    day = [date(2026, 11, 22)]
    daily = metrics.Daily(metrics.VOTING._out, lambda: day[0])
    monkeypatch.setattr(metrics, "VOTING", daily)
    with voting_system(tmp_path, f"sqlite:///{tmp_path}/town.db") as (system, (code,)):
        phone = Phone(system, "anna")
        asyncio.run(phone.says("hoi", "nederlands", "ja"))
        before = figures(system)
        asyncio.run(phone.says(code, "ja", "3 en ook 1", "klaar", "klaar"))
        taken = figures(system)["buurtstem_take_seconds_count", "simulator"]
        asyncio.run(phone.says("ja"))  # this casts it: two transactions
        after = figures(system)
        assert after["buurtstem_take_seconds_count", "simulator"] == taken
        told = [name for name in after if name[0] == "buurtstem_answers_total"]
        assert all(after[name] == before.get(name, 0) for name in told)
        day[0] = date(2026, 11, 23)
        tomorrow = figures(system)
    vote = ("buurtstem_answers_total", "all", "understood", "vote")
    assert tomorrow[vote] - before.get(vote, 0) >= 6
    assert not any(value.startswith("vote.") for name in tomorrow for value in name[1:])


def test_daily_counts_come_out_once() -> None:
    day, out = [date(2026, 11, 22)], []
    daily = metrics.Daily(lambda *told: out.append(told), lambda: day[0])
    for _ in range(3):
        daily.count("missed")
    daily.turn_over()
    assert out == []
    day[0] = date(2026, 11, 24)
    daily.turn_over()
    daily.turn_over()
    assert out == [("missed", 3)]


# --- what waits ---------------------------------------------------------------------------------


def test_the_backlog_of_the_embedded_jobs_and_the_outbox(db: Database) -> None:
    now = now_ms()

    def fill(conn: Connection) -> None:
        embedded.enqueue(conn, "deliver", 1, "a", now - 60_000)
        embedded.enqueue(conn, "deliver", 2, "b", now - 1_000)
        embedded.enqueue(conn, "deliver", 3, "c", now + 60_000)
        embedded.enqueue(conn, "take_in", 4, "d", now - 5_000)
        conn.execute(
            insert(jobs).values(
                task="deliver", ref=5, key="e", due_at=now, state="dead", attempts=10,
                worker="", reason="ValueError", created_at=now,
            )
        )  # fmt: skip
        person = conn.execute(
            insert(people).values(
                language="nl", sound=False, notify=True, created_at=now, state="active"
            )
        ).inserted_primary_key[0]
        for channel, due in (("telegram", now - 30_000), ("sms", now + 5_000)):
            outbox.put(conn, person, channel, "x", ["{}", "{}"], "reply", now, due_ms=due)

    db.call(fill)
    found = db.read(lambda conn: backlog.backlog(conn, now, "calendar"))
    by = {queue.task: queue for queue in found.queues}
    assert by["deliver"] == backlog.Queue("embedded", "deliver", 2, 60.0, 0, 1)
    assert by["take_in"] == backlog.Queue("embedded", "take_in", 1, 5.0, 0, 0)
    out = {row.channel: row for row in found.outgoing}
    assert out["telegram"] == backlog.Outgoing("telegram", "queued", 2, 30.0)
    assert out["sms"] == backlog.Outgoing("sms", "queued", 2, 0.0)
    assert (found.held, found.lease) == (0, 0.0)


def test_the_backlog_of_procrastinate(postgres_url: str) -> None:
    database = Database.open(postgres_url)
    if not database.read(lambda conn: conn.scalar(text(_HAS))):
        database.close()
        pytest.skip("this database has no jobs of Procrastinate's")
    defer = text(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, scheduled_at)"
        " VALUES (:queue, :task, '{}', CAST(:status AS procrastinate_job_status),"
        " now() - make_interval(secs => :ago))"
    )
    rows = [("replies", "deliver", "todo", 90), ("replies", "deliver", "todo", -90)]
    rows += [("speech", "take_in", "failed", 5), ("replies", "deliver", "doing", 5)]
    for queue, task, status, ago in rows:
        values = {"queue": queue, "task": task, "status": status, "ago": ago}
        database.call(lambda conn, values=values: conn.execute(defer, values))
    found = database.read(lambda conn: [*backlog.queues(conn, now_ms())])
    database.close()
    by = {queue.queue: queue for queue in found}
    assert (by["replies"].due, by["replies"].running, by["replies"].dead) == (1, 1, 0)
    assert 89 < by["replies"].age < 150
    assert (by["speech"].due, by["speech"].dead) == (0, 1)


_HAS = "SELECT to_regclass('procrastinate_jobs') IS NOT NULL"


# --- the pages ----------------------------------------------------------------------------------


def test_a_database_that_is_gone_is_a_figure_and_not_a_fault(system: System) -> None:
    @contextmanager
    def gone() -> Iterator[None]:
        kept = system.db._reader
        system.db._reader = None  # type: ignore[assignment]
        try:
            yield
        finally:
            system.db._reader = kept

    with gone():
        found = figures(system)
        ready = asyncio.run(page(system, "/readyz"))
    assert found["buurtstem_database_up",] == 0
    assert "buurtstem_inbox_held" not in {name for name, *_ in found}
    assert (ready.status_code, ready.text) == (503, "database\n")
    assert figures(system)["buurtstem_database_up",] == 1


def test_ready_means_that_all_of_it_works(system: System) -> None:
    async def scene() -> list[str]:
        said = [(await page(system, "/readyz")).text]
        await system.start()
        said.append((await page(system, "/readyz")).text)
        system.listener.ready = False
        said.append((await page(system, "/readyz")).text)
        system.lease._tried_at = float("-inf")
        said.append((await page(system, "/readyz")).text)
        system.listener.ready = True
        await system.jobs.stop()
        said.append((await page(system, "/readyz")).text)
        await system.stop()
        return said

    assert asyncio.run(scene()) == ["jobs\n", "ready\n", "model\n", "lease\n", "jobs\n"]


def test_a_database_of_an_older_version_is_not_ready(system: System) -> None:
    older = text("UPDATE alembic_version SET version_num = '0003'")
    system.db.call(lambda conn: conn.execute(older))
    assert asyncio.run(page(system, "/readyz")).text == "migrations\n"
    newer = text("UPDATE alembic_version SET version_num = '9999'")
    system.db.call(lambda conn: conn.execute(newer))
    assert asyncio.run(page(system, "/readyz")).text == "jobs\n"


def test_a_token_opens_the_figures(system: System) -> None:
    token = "a token of some length"
    object.__setattr__(system.settings, "metrics_token", type(system.settings.pepper)(token))

    async def ask(authorization: str) -> int:
        headers = {"authorization": authorization} if authorization else {}
        return (await page(system, **headers)).status_code

    assert asyncio.run(ask("")) == 401
    assert asyncio.run(ask("Bearer another")) == 401
    assert asyncio.run(ask(f"Bearer {token}")) == 200


def test_scrapes_at_once_read_the_database_once(system: System) -> None:
    reads = []
    health = Health(system)

    async def read() -> list[object]:
        reads.append(threading.get_ident())
        return []

    health._of_database = read  # type: ignore[method-assign, assignment]

    async def scene() -> None:
        await asyncio.gather(*(health._now() for _ in range(20)))

    asyncio.run(scene())
    assert len(reads) == 1


# --- the dashboard and the alarms ---------------------------------------------------------------


def known(system: System) -> set[str]:
    """Every name that can be scraped, with the endings that Prometheus gives them."""
    names = set()
    for family in [*metrics.REGISTRY.collect(), *parsed(asyncio.run(page(system)).text)]:
        kinds = {
            "counter": ["_total"],
            "info": ["_info"],
            "histogram": ["_bucket", "_sum", "_count"],
        }
        names |= {family.name + end for end in kinds.get(family.type, [""])}
    return names


def filled(system: System) -> System:
    """With something of everything that is only shown when there is some."""
    now = now_ms()
    system.db.call(lambda conn: embedded.enqueue(conn, "deliver", 1, "a", now))
    say(system, "hoi")
    return system


@pytest.mark.parametrize("path", ["grafana/buurtstem.json", "prometheus/alerts.yml"])
def test_every_figure_that_is_looked_at_exists(system: System, path: str) -> None:
    used = set(NAME.findall((REPO / "deploy" / path).read_text("utf-8")))
    assert used - known(filled(system)) == set()
    assert len(used) > 8


def test_every_figure_of_ours_is_on_the_dashboard(system: System) -> None:
    shown = set(NAME.findall((REPO / "deploy/grafana/buurtstem.json").read_text("utf-8")))
    for name in known(filled(system)):
        base = re.sub("_(bucket|sum|count|total|info)$", "", name)
        if base.startswith("buurtstem_"):
            assert any(one.startswith(base) for one in shown), name


def test_the_dashboard_is_one_that_grafana_reads() -> None:
    board = json.loads((REPO / "deploy/grafana/buurtstem.json").read_text("utf-8"))
    assert board["schemaVersion"] >= 39  # Grafana 11
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    for panel in board["panels"]:
        grid = panel["gridPos"]
        assert grid["x"] + grid["w"] <= 24
        if panel["type"] != "row":
            assert panel["datasource"]["uid"] == "${datasource}"
            assert panel["targets"]
            assert all(target["expr"] for target in panel["targets"])


def test_every_alarm_says_what_to_do() -> None:
    yaml = pytest.importorskip("yaml")
    alarms = yaml.safe_load((REPO / "deploy/prometheus/alerts.yml").read_text("utf-8"))
    explained = (REPO / "docs" / "observation.md").read_text("utf-8")
    rules = [rule for group in alarms["groups"] for rule in group["rules"]]
    assert len(rules) >= 8
    for rule in rules:
        assert rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert f"### {rule['alert']}" in explained
