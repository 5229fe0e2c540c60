"""How long an export takes, and the memory: `python -m bench.export [plans] [supports]`.

20,000 plans in four languages with 100,000 times support, history, translations, recordings and
photos, and the ballots of a count, from SQLite to every format. It must stay under 60 seconds and
500 MB. The baseline is the plans' own columns as plain CSV, read from the same database. One
figure a line; the export runs in a process of its own, so that filling does not count.
"""

from __future__ import annotations

import csv
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, insert, select

from admin_export.dataset import collect
from admin_export.writers import FORMATS
from civic import pabulib
from civic.pabulib import Instance, Project, Vote
from civic.plans import Status
from runtime.round_file import load_round
from storage import published, rounds
from storage.db import Database
from storage.life_tables import assessments, plan_reasons, plan_translations, supports
from storage.tables import people, photos, plan_history, plan_texts, plans, recordings
from storage.times import from_ms, now_ms

REPO = Path(__file__).resolve().parent.parent
PLANS, SUPPORTS, VOTES = 20_000, 100_000, 15_000
HOUR = 3_600_000
WORDS = {
    "nl": "wij willen graag een groen plein met bankjes en bomen voor alle kinderen in de buurt",
    "en": "we would like a green square with benches and trees for every child around here",
    "tr": "mahallede çocuklar için ağaçlı yeşil bir meydan ve gölgede oturacak banklar istiyoruz",
    "ar": "نريد ساحة خضراء فيها مقاعد وأشجار لكل الأطفال في الحي 🌳",
}
LANGUAGES, CHANNELS = tuple(WORDS), ("whatsapp", "telegram", "sms", "phone")
AFTER = (Status.SUBMITTED, Status.ASSESSING, Status.ADMITTED, Status.DECLINED, Status.CHOSEN)

T = TypeVar("T")


def main() -> None:
    if sys.argv[1:2] == ["--export"]:
        export(sys.argv[2], Path(sys.argv[3]))
        return
    many, support = (*map(int, sys.argv[1:]), *(PLANS, SUPPORTS)[len(sys.argv) - 1 :])
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        db = Database.open(url)
        db.migrate()
        db.call(lambda conn: fill(conn, many, support))
        db.close()
        print(f"plans: {many}, supports: {support}, votes: {VOTES}", flush=True)
        command = [sys.executable, "-m", "bench.export", "--export", url, folder]
        subprocess.run(command, cwd=REPO, check=True)


def export(url: str, folder: Path) -> None:
    """Reads and writes everything, and tells how long each step took."""
    db = Database.open(url)
    until = from_ms(now_ms() + 24 * HOUR)
    timed("baseline, plans as plain csv", lambda: plain(db, folder / "plain.csv"))
    begun = time.perf_counter()
    dataset = timed("reading", lambda: read(db, until))
    written = [timed(name, partial(write, dataset, folder)) for name, write in FORMATS.items()]
    print(f"all formats: {time.perf_counter() - begun:.1f} s (wanted: under 60)")
    print(f"of the processor, with the start: {time.process_time():.1f} s")
    print(f"notes: {len({note for each in written for note in each.notes})}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory: {peak:.0f} MB (wanted: under 500)")
    db.close()


def timed(name: str, work: Callable[[], T]) -> T:
    begun = time.perf_counter()
    result = work()
    print(f"{name}: {time.perf_counter() - begun:.1f} s", flush=True)
    return result


def read(db: Database, until: datetime) -> Any:
    def work(conn: Connection) -> Any:
        active = rounds.active(conn)
        assert active
        return collect(
            conn,
            active.id,
            active.round,
            until=until,
            since=None,
            key=b"bench",
            link=lambda kind, row_id: f"https://buurtstem.example/console/{kind}/{row_id}",
        )

    return db.read(work)


def plain(db: Database, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        db.read(lambda conn: rows.writerows(conn.execute(select(plans)).all()))


def fill(conn: Connection, many: int, support: int) -> None:
    """A round after its vote, by whole tables at a time."""
    now, chance = now_ms(), random.Random(1)
    round_ = load_round(REPO / "examples" / "demo.toml")
    round_id = rounds.save_round(conn, round_, now)
    residents = max(many, support // 3)
    conn.execute(insert(people), [_person(n, now) for n in range(1, residents + 1)])
    areas = [area.id for area in round_.areas]
    themes = [theme.id for theme in round_.themes]
    made = [_plan(n, round_id, now, chance, areas, themes) for n in range(1, many + 1)]
    conn.execute(insert(plans), made)
    for table, rows in _parts(made, now).items():
        conn.execute(insert(table), rows)
    pairs = {(chance.randint(1, many), chance.randint(1, residents)) for _ in range(support * 2)}
    given = [
        {"plan_id": plan, "person_id": who, "at": now - plan % 500 * HOUR}
        for plan, who in chance.sample(sorted(pairs), support)
    ]
    conn.execute(insert(supports), given)
    published.put(conn, round_id, {"lindebuurt.pb": _ballots(chance).encode()}, now)


def _person(number: int, now: int) -> dict[str, Any]:
    language = LANGUAGES[number % 4]
    return {
        "id": number, "language": language, "sound": False, "notify": True, "consent_at": now,
        "created_at": now, "state": "active",
    }  # fmt: skip


def _plan(
    number: int, round_id: int, now: int, chance: random.Random, areas: list[str], themes: list[str]
) -> dict[str, Any]:
    language = LANGUAGES[number % 4]
    text = _text(language, chance)
    at = now - 30 * 24 * HOUR + number * 60_000
    return {
        "id": number, "round_id": round_id, "number": number, "initiator": number,
        "area": chance.choice(areas), "theme": chance.choice(themes), "title": text[:45],
        "text": text, "language": language, "address": f"Lindelaan {number % 300}",
        "lat": 52.3 + number / 1e6, "lng": 4.8 + number / 1e6,
        "cost": chance.randint(500, 25_000) * 100, "who": "together", "may_call": False,
        "phone": "", "channel": chance.choice(CHANNELS), "by_voice": number % 2 == 0,
        "status": AFTER[number % 5].value, "created_at": at, "updated_at": at,
    }  # fmt: skip


def _text(language: str, chance: random.Random) -> str:
    """A plan of a few sentences."""
    words = WORDS[language].split()
    return ". ".join(
        " ".join(chance.sample(words, len(words))).capitalize() for _ in range(chance.randint(2, 9))
    )


def _parts(made: list[dict[str, Any]], now: int) -> dict[Any, list[dict[str, Any]]]:
    history = [row for plan in made for row in _history(plan)]
    return {
        plan_history: history,
        plan_reasons: [
            {"history_id": row["id"], "language": "tr", "text": row["reason"], "machine": True}
            for row in history
            if row["reason"]
        ],
        plan_translations: [
            {
                "plan_id": plan["id"],
                "language": "nl",
                "title": plan["title"],
                "machine": True,
                "text": plan["text"],
                "at": plan["created_at"],
            }
            for plan in made
            if plan["language"] != "nl"
        ],
        recordings: [_recording(plan) for plan in made if plan["by_voice"]],
        photos: [_photo(plan) for plan in made if plan["id"] % 3 == 0],
        plan_texts: [
            {"plan_id": plan["id"], "at": now, "text": plan["title"], "language": plan["language"]}
            for plan in made
            if plan["id"] % 4 == 0
        ],
        assessments: [_assessment(plan) for plan in made if plan["id"] % 2 == 0],
    }


def _history(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    row = {"plan_id": plan["id"], "at": plan["created_at"], "actor": "initiator", "reason": ""}
    yield {**row, "id": 2 * plan["id"], "before": "", "after": "submitted"}
    if plan["status"] != "submitted":
        why = "Dat past goed bij de plannen van de gemeente voor dit plein."
        last = {"before": "assessing", "after": plan["status"], "actor": "coordinator"}
        yield {**row, **last, "id": 2 * plan["id"] + 1, "reason": why}


def _recording(plan: dict[str, Any]) -> dict[str, Any]:
    return {
        "person_id": plan["id"], "plan_id": plan["id"], "name": "0" * 64, "mime": "audio/ogg",
        "bytes": 1, "seconds": 20.5, "transcript": plan["text"], "language": plan["language"],
        "verdict": "ok", "model": "none", "created_at": plan["created_at"],
    }  # fmt: skip


def _photo(plan: dict[str, Any]) -> dict[str, Any]:
    return {
        "person_id": plan["id"], "plan_id": plan["id"], "name": "0" * 64, "mime": "image/jpeg",
        "bytes": 1, "width": 640, "height": 480, "created_at": plan["created_at"],
    }  # fmt: skip


def _assessment(plan: dict[str, Any]) -> dict[str, Any]:
    at = plan["created_at"]
    return {
        "plan_id": plan["id"], "field": "groen", "assessor": "", "verdict": "feasible",
        "reasons": json.dumps({"nl": "Kan goed."}), "deadline": at, "related": "", "permits": "",
        "cost": plan["cost"], "created_at": at, "judged_at": at,
    }  # fmt: skip


def _ballots(chance: random.Random) -> str:
    projects = tuple(Project(str(n), Decimal(5000), f"Plan {n}") for n in range(1, 61))
    votes = (chance.sample(range(1, 61), 5) for _ in range(VOTES))
    cast = tuple(Vote(str(n), tuple(map(str, vote))) for n, vote in enumerate(votes, 1))
    return pabulib.write(Instance({"budget": "200000", "vote_type": "approval"}, projects, cast))


if __name__ == "__main__":
    main()
