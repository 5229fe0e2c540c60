"""Work that was given up: who sees it, what it says, and what the two buttons really do."""

from __future__ import annotations

import asyncio
import html

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import select

from console.pages import stuck
from runtime.jobs import EmbeddedJobs, Pace
from storage import audit
from storage.tables import jobs as job_rows
from tests.console.world import World, post


async def _break(world: World, task: str, error: type[Exception]) -> None:
    """The runner itself gives a job up whose handler fails each time."""
    scheduler = AsyncIOScheduler()
    scheduler.start()
    jobs = EmbeddedJobs(world.db, scheduler, Pace(poll=0.05, first_pause=0.001, attempts=3))

    async def fails(ref: int) -> None:
        raise error("what somebody wrote")

    jobs.register(task, fails)
    await world.db.run(lambda conn: jobs.enqueue(conn, task, 7, f"{task}:7"))
    await jobs.start()
    for _ in range(600):
        if await world.db.aread(lambda conn: jobs.dead(conn, 9)):
            break
        await asyncio.sleep(0.05)
    await jobs.stop()
    scheduler.shutdown(wait=False)


def given_up(world: World, task: str = "deliver", error: type[Exception] = TimeoutError) -> int:
    asyncio.run(_break(world, task, error))
    query = select(job_rows.c.id).where(job_rows.c.task == task, job_rows.c.state == "dead")
    return int(world.db.read(lambda conn: conn.execute(query).scalar_one()))


def states(world: World) -> list[tuple[str, str, int]]:
    query = select(job_rows.c.task, job_rows.c.state, job_rows.c.attempts)
    return [tuple(row) for row in world.db.read(lambda conn: conn.execute(query).all())]


def page(world: World) -> str:
    return html.unescape(world.signed_in("coordinator").get("/console/stuck").text)


def test_it_is_told_in_plain_words(both: World) -> None:
    both.fill()
    assert "Er is niets vastgelopen." in page(both)
    given_up(both)
    text = page(both)
    assert "Berichten naar één bewoner sturen" in text
    assert "3 keer geprobeerd." in text
    assert "Het duurde te lang." in text
    assert "(TimeoutError)" in text
    assert "what somebody wrote" not in text
    today = both.signed_in("coordinator").get("/console/").text
    assert "1 taak is vastgelopen" in today
    assert "vastgelopen" not in both.signed_in("assessor").get("/console/").text


@pytest.mark.parametrize(
    ("what", "left", "said"),
    [
        ("again", [("deliver", "queued", 0)], "Het wordt opnieuw geprobeerd."),
        ("remove", [], "De taak is weggehaald."),
    ],
)
def test_the_buttons_do_it_once_and_it_is_noted(
    both: World, what: str, left: list[tuple[str, str, int]], said: str
) -> None:
    job = given_up(both)
    client = both.signed_in("coordinator")
    assert post(client, "/console/stuck", id=str(job), what=what).status_code == 303
    assert states(both) == left
    assert said in html.unescape(client.get("/console/stuck").text)
    entries, _ = both.db.read(lambda conn: audit.entries(conn, "", f"stuck.{what}", 0, 9))
    assert [(entry.name, entry.ref) for entry in entries] == [("test-coordinator", job)]
    post(client, "/console/stuck", id=str(job), what=what)
    assert "Die taak is er niet meer." in html.unescape(client.get("/console/stuck").text)
    assert states(both) == left


@pytest.mark.parametrize("fields", [{}, {"id": "x", "what": "again"}, {"id": "1", "what": "y"},
                                    {"id": str(10**30), "what": "again"}])  # fmt: skip
def test_what_makes_no_sense_is_no_page(town: World, fields: dict[str, str]) -> None:
    answer = post(town.signed_in("coordinator"), "/console/stuck", **fields)
    assert answer.status_code == 404


def test_unknown_work_and_unknown_errors_have_words_too(town: World) -> None:
    given_up(town, "something_new", ValueError)
    text = page(town)
    assert "Werk van het programma zelf" in text
    assert "Er ging iets mis." in text


@pytest.mark.parametrize("role", ["assessor", "committee", "auditor"])
def test_others_do_not_get_in(town: World, role: str) -> None:
    assert town.signed_in(role).get("/console/stuck").status_code == 403


def test_every_kind_of_work_has_words() -> None:
    from runtime import campaigns, plan_news, removal, sender, weekly_export
    from runtime.translation import work

    parts = (campaigns, plan_news, removal, sender, weekly_export)
    known = {part.TASK for part in parts} | set(work.TASKS.values()) | {"take_in"}
    assert known <= set(stuck.TASKS)
