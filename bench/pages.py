"""How fast the console's pages open in a large round: 2,000 plans, 20,000 people.

`python -m bench.pages [plans] [people]`. Each page is asked for several times, in this process,
signed in, with everything that a request does (session, queries, template, audit log); the worst
of the medians is what must stay under 300 ms. The baseline is a page without queries of its own
(the account). Prints one line a page.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx
from sqlalchemy import Connection, insert, select, update
from starlette.applications import Starlette
from starlette.routing import Mount

from bench import _running
from civic.plans import RESULTS, Status
from civic.rounds import Round
from console.app import app
from console.deps import Deps
from console.guard import COOKIE
from console.keys import new_token, token_hash
from runtime import bot_texts
from runtime.round_file import load_round
from storage import audit, console_sessions, console_users, rounds
from storage.db import Database
from storage.life_tables import assessments, plan_news, supports
from storage.media import MediaStore
from storage.tables import help_requests, outbox, people, plan_history, plans
from storage.times import now_ms

PLANS, PEOPLE, TIMES = 2_000, 20_000, 15
ROUND = Path(__file__).resolve().parent.parent / "examples" / "demo.toml"
DAY = 24 * 3600 * 1000
PAGES = {
    "account (baseline)": ("/account", "coordinator"),
    "today": ("/", "coordinator"),
    "plans": ("/plans", "coordinator"),
    "plans, last page": (f"/plans?page={PLANS // 25}", "coordinator"),
    "plans, a word": ("/plans?q=bankje+lindeplein", "coordinator"),
    "plans, board": ("/plans?view=board", "coordinator"),
    "plans, map": ("/plans/map", "coordinator"),
    "one plan": ("/plans/1000", "coordinator"),
    "a step": ("/plans/17/step/declined", "coordinator"),
    "assessments": ("/assessments", "coordinator"),
    "assessments, overdue": ("/assessments?whose=overdue&page=5", "coordinator"),
    "a test": ("/assessments/1000", "coordinator"),
    "results": ("/results", "coordinator"),
    "under way": ("/starts", "coordinator"),
    "help": ("/help", "coordinator"),
    "texts": ("/texts", "coordinator"),
    "texts, a word": ("/texts?q=plan+over&sound=open", "coordinator"),
    "one text": ("/texts/submit_plan.theme", "coordinator"),
    "participation": ("/participation", "coordinator"),
    "participation, a minute later": ("/participation", "coordinator"),
    "a plot, a minute later": ("/participation/week.svg", "coordinator"),
    "one conversation": ("/help/people/1", "coordinator"),
    "failed messages": ("/failed", "coordinator"),
    "round": ("/round", "coordinator"),
    "campaigns": ("/campaigns", "coordinator"),
    "passes": ("/stempas", "coordinator"),
    "exports": ("/exports", "coordinator"),
    "audit": ("/audit", "auditor"),
    "audit, one kind": ("/audit?kind=plan&page=20", "auditor"),
}
LANGUAGES, CHANNELS = ("nl", "en", "tr", "ar"), ("whatsapp", "telegram", "sms", "phone")


def fill(conn: Connection, n_plans: int, n_people: int) -> None:
    """A round in its third week."""
    now, chance = now_ms(), random.Random(1)
    round_ = load_round(ROUND)
    round_id = rounds.save_round(conn, round_, now)
    row = {"language": "nl", "sound": True, "notify": True, "created_at": now, "state": "active"}
    conn.execute(insert(people), [row] * n_people)
    conn.execute(insert(plans), [_plan(n, round_id, round_, chance, now) for n in range(n_plans)])
    steps = [
        {"plan_id": n + 1, "at": now, "actor": "initiator", "before": "", "after": "submitted",
         "reason": ""}
        for n in range(n_plans)
    ]  # fmt: skip
    conn.execute(insert(plan_history), steps)
    conn.execute(update(plans).where(plans.c.number == 17).values(status="assessing"))
    _work(conn, n_plans, now)
    _messages(conn, n_people, now)
    _running.fill(conn, n_people, now)
    given = [
        {"plan_id": n % n_plans + 1, "person_id": n % n_people + 1, "at": now}
        for n in range(5 * n_people)
    ]
    conn.execute(insert(supports).prefix_with("OR IGNORE"), given)
    audit.note(conn, None, "plan", list(range(1, 50_001)), now)


def _plan(
    n: int, round_id: int, round_: Round, chance: random.Random, now: int
) -> dict[str, object]:
    at = now - chance.randrange(21 * DAY)
    return {
        "round_id": round_id, "number": n + 1, "initiator": n + 1, "title": f"Bankje nummer {n}",
        "text": "Een bankje bij het Lindeplein, met een boom. " * 12,
        "language": chance.choice(LANGUAGES), "channel": chance.choice(CHANNELS),
        "area": chance.choice(round_.areas).id, "theme": chance.choice(round_.themes).id,
        "address": "Lindeplein 1", "lat": 52.375 + chance.random() * 0.015,
        "lng": 4.79 + chance.random() * 0.04, "cost": 100_000, "who": "me",
        "may_call": True, "phone": "+31600000000", "by_voice": n % 3 == 0,
        "status": chance.choice(list(Status)[1:]).value, "created_at": at, "updated_at": at,
    }  # fmt: skip


def _work(conn: Connection, n_plans: int, now: int) -> None:
    """Two tests of each plan, and the result of those that have one, told to nobody yet."""
    test = {"assessor": "", "verdict": "open", "reasons": "{}", "created_at": now}
    test |= {"related": "", "permits": ""}
    fields = ("groen", "verkeer")
    tests = [
        {**test, "plan_id": n + 1, "field": field, "deadline": now + n * DAY // 99}
        for n in range(n_plans)
        for field in fields
    ]
    conn.execute(insert(assessments), tests)
    told = select(plans.c.id, plans.c.status).where(plans.c.status.in_(sorted(RESULTS)))
    news = {"words": "{}", "audience": "everyone", "state": "open", "cursor": 0, "due_at": now}
    rows = [
        {**news, "plan_id": row.id, "kind": row.status, "touched_at": 0, "created_at": now}
        for row in conn.execute(told)
    ]
    conn.execute(insert(plan_news), rows)


def _messages(conn: Connection, n_people: int, now: int) -> None:
    common = {"channel": "sms", "address": "", "body": "", "kind": "reply", "secret": False}
    common |= {"reason": "", "status": "", "attempts": 1, "due_at": now, "created_at": now}
    rows = [
        {**common, "person_id": n % n_people + 1, "state": "failed" if n % 50 == 0 else "sent"}
        for n in range(10 * n_people)
    ]
    conn.execute(insert(outbox), rows)
    asked = {"kind": "message", "phone": "", "text": "Mag ik iets vragen?", "created_at": now}
    conn.execute(
        insert(help_requests),
        [
            {
                **asked,
                "person_id": n + 1,
                "answer_by": now + n,
                "state": "open" if n < 60 else "done",
            }
            for n in range(n_people // 20)
        ],
    )


def signed_in(db: Database, role: str) -> str:
    token = new_token()

    def work(conn: Connection) -> None:
        user = console_users.add(conn, role, role, now_ms())
        hashed = token_hash(token)
        console_sessions.start(conn, user, hashed, "", now_ms(), complete=True)

    db.call(work)
    return token


async def measure(db: Database, folder: str) -> None:
    minutes = 0  # what is kept for a minute is made again by then
    deps = Deps(
        db=db,
        store=MediaStore(f"file://{folder}/media"),
        secret="a bench's key",
        texts=bot_texts.texts,
        clock=lambda: now_ms() + minutes * 60_000,
    )
    console = Starlette(routes=[Mount("/console", app(deps))])
    tokens = {role: signed_in(db, role) for role in ("coordinator", "auditor")}
    slowest = 0.0
    transport = httpx.ASGITransport(console)
    async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
        for name, (path, role) in PAGES.items():
            took = []
            for _ in range(TIMES):
                minutes += name.endswith("a minute later")
                took.append(await _one(client, path, tokens[role]))
            middle = statistics.median(took)
            slowest = max(slowest, middle)
            print(f"{name}: {middle:.0f} ms (worst {max(took):.0f} ms)", flush=True)
    print(f"slowest page: {slowest:.0f} ms, to stay under 300 ms", flush=True)


async def _one(client: httpx.AsyncClient, path: str, token: str) -> float:
    begin = time.perf_counter()
    answer = await client.get("/console" + path, headers={"cookie": f"{COOKIE}={token}"})
    assert answer.status_code == 200, (path, answer.status_code)
    return (time.perf_counter() - begin) * 1000


def main() -> None:
    n_plans = int(sys.argv[1]) if len(sys.argv) > 1 else PLANS
    n_people = int(sys.argv[2]) if len(sys.argv) > 2 else PEOPLE
    with tempfile.TemporaryDirectory() as folder:
        db = Database.open(f"sqlite:///{folder}/town.db")
        db.migrate()
        db.call(lambda conn: fill(conn, n_plans, n_people))
        asyncio.run(measure(db, folder))
        db.close()


if __name__ == "__main__":
    main()
