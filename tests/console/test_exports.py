"""Exports in the console: asked for, downloaded; and the municipality's decisions back."""

from __future__ import annotations

import csv
import html
import io
import re
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from admin_export.decisions import KIND
from civic.plans import Status
from console import carrying
from console.guard import COOKIE
from console.keys import Keys
from runtime.export import Maker, Order, make
from storage import audit, exports_made, plans, rounds
from storage.exports_made import File
from storage.life_tables import plan_news
from storage.times import from_ms
from tests.console.world import DAY, SECRET, World, post

ROUND = 1


def test_an_export_is_asked_for_once(town: World) -> None:
    jobs: list[tuple[str, int]] = []
    town.apps.clear()
    town.enqueue = lambda conn, task, ref, key: jobs.append((task, ref))
    client = town.signed_in("coordinator")
    for _ in range(2):
        post(client, "/console/exports")
    found, total = town.db.read(lambda conn: exports_made.page(conn, ROUND, 0, 10))
    assert total == 3  # the one that was wanted already
    assert [each.id for each in found if each.state == "wanted"] == [jobs[0][1]]
    assert jobs == [("export", jobs[0][1])] * 2


def test_a_real_export_can_be_downloaded(town: World, tmp_path: Path) -> None:
    from admin_export.destinations import Destination

    town.export_url = f"file://{tmp_path}/exports"
    active = town.db.read(rounds.active)
    assert active
    maker = Maker(town.db, b"k" * 32, lambda kind, row: f"https://x/{kind}/{row}", tmp_path / "w")
    order = Order(
        round_id=active.id, round=active.round, until=from_ms(town.clock() + DAY),
        formats=("csv", "xlsx"), folder="by-hand",
    )  # fmt: skip
    made = make(maker, order, Destination(town.export_url), lambda said: None)
    files = [File(each.name, each.bytes, each.sha256) for each in made.built.files]
    export_id = town.db.call(lambda conn: exports_made.ask(conn, active.id, town.clock()))
    town.db.call(
        lambda c: exports_made.finish(c, export_id, "by-hand", files, made.built.counts, 9)
    )
    client = town.signed_in("coordinator")
    for file in files:
        answer = client.get(f"/console/exports/{export_id}/{file.name}")
        assert len(answer.content) == file.bytes
        assert "attachment" in answer.headers["content-disposition"]
    assert client.get(f"/console/exports/{export_id}/../../town.db").status_code == 404
    assert client.get(f"/console/exports/{export_id}/other.csv").status_code == 404
    seen, _ = town.db.read(lambda conn: audit.entries(conn, "", "export", 0, 50))
    assert len(seen) == len(files)


def test_a_file_that_is_gone(town: World, tmp_path: Path) -> None:
    town.export_url = f"file://{tmp_path}/nowhere"
    client = town.signed_in("coordinator")
    assert client.get("/console/exports/1/plannen.xlsx").status_code == 303
    assert "niet (meer) waar het hoort" in html.unescape(client.get("/console/exports").text)


def sheet(*rows: tuple[object, ...]) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows([("id", "state", "answer"), *rows])
    return out.getvalue().encode("utf-8-sig")


def send(world: World, content: bytes) -> tuple[object, str]:
    client = world.signed_in("coordinator")
    token = Keys(SECRET).csrf(client.cookies.get(COOKIE) or "")
    answer = client.post(
        "/console/decisions", data={"csrf": token}, files={"file": ("besluiten.csv", content)}
    )
    return client, answer.text


def hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found
    return html.unescape(found[1])


def test_decisions_are_shown_then_applied(both: World) -> None:
    both.fill()
    tested(both)
    client, text = send(both, sheet((2, "haalbaar", "Mooi plan"), (3, "ingediend", "")))
    assert "1 plan verandert. 1 staat er al zo." in html.unescape(text)
    assert "Mooi plan" in html.unescape(text)
    assert status(both, 2) is Status.ASSESSING
    fields = {name: hidden(text, name) for name in ("carried", "shown")}
    done = post(client, "/console/decisions/apply", **fields)  # type: ignore[arg-type]
    assert done.status_code == 303
    assert status(both, 2) is Status.ADMITTED
    noted, _ = both.db.read(lambda conn: audit.entries(conn, "", KIND, 0, 9))
    assert [entry.name for entry in noted] == ["test-coordinator"]
    told = select(plan_news.c.kind).where(plan_news.c.plan_id == 2)
    assert "admitted" in both.db.read(lambda conn: list(conn.scalars(told)))


def status(world: World, number: int) -> Status:
    plan = world.db.read(lambda conn: plans.by_number(conn, ROUND, number))
    assert plan
    return Status(plan.status)


def tested(world: World) -> None:
    """Plan 2 is being tested."""
    begun = partial(
        plans.set_status, plan_id=2, before=Status.SUBMITTED, after=Status.ASSESSING,
        actor="x", reason="", now_ms=world.clock(),
    )  # fmt: skip
    world.db.call(begun)


def test_what_changed_meanwhile_is_shown_again(town: World) -> None:
    tested(town)
    client, text = send(town, sheet((2, "haalbaar", "")))
    fields = {name: hidden(text, name) for name in ("carried", "shown")}
    withdrawn = partial(
        plans.set_status, plan_id=2, before=Status.ASSESSING, after=Status.WITHDRAWN,
        actor="x", reason="", now_ms=town.clock(),
    )  # fmt: skip
    town.db.call(withdrawn)
    again = post(client, "/console/decisions/apply", **fields)  # type: ignore[arg-type]
    assert again.status_code == 422
    assert "intussen iets veranderd" in html.unescape(again.text)
    assert status(town, 2) is Status.WITHDRAWN


def test_a_wrong_row_changes_nothing(town: World) -> None:
    _, text = send(town, sheet((2, "in behandeling", ""), (77, "gekozen", ""), ("x", "y", "")))
    assert "Er kloppen" in html.unescape(text)
    assert 'name="carried"' not in text


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"PK\x03\x04nonsense"])
def test_what_is_no_spreadsheet(town: World, content: bytes) -> None:
    _, text = send(town, content)
    assert 'name="carried"' not in text


@pytest.mark.parametrize("carried", ["", "x", "eJw=", carrying.packed(b"a" * 6_000_000)])
def test_what_is_carried_may_be_anything(town: World, carried: str) -> None:
    client = town.signed_in("coordinator")
    answer = post(client, "/console/decisions/apply", carried=carried, shown="x")
    assert answer.status_code in (303, 422)
