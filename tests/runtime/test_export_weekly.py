"""Each week's export: made once, whole, told once; also after downtime and failures."""

import json
import shutil
from datetime import timedelta

import pytest

from admin_export.weekly import Calendar
from civic.alarms import Kind
from runtime.export_mail import ExportMail
from storage import alarms, exports_made, supports
from storage.exports_made import State
from storage.times import to_ms
from tests.runtime.exporting import MONDAY, WEEK, Desk, files, filled, rows
from tests.runtime.test_mail import mail_server
from tests.storage.living import DAY, NOON, ROUND, Living


@pytest.fixture
def town(db):
    return filled(db)


@pytest.fixture
def desk(db, tmp_path):
    return Desk(db, tmp_path)


def manifest(desk, folder):
    return json.loads((desk.out / folder / "manifest.json").read_text())


def test_a_week_is_made_once(db, town, desk):
    desk.now = MONDAY - timedelta(seconds=1)
    desk.tick()
    assert rows(db, town) == []
    desk.now = MONDAY
    for _ in range(3):
        desk.tick()
    [made] = rows(db, town)
    assert (made.week, made.state, made.attempts) == ("2026-W26", State.DONE, 1)
    assert made.counts["plans"] == 2
    name = made.folder
    there = files(desk.out / name)
    assert {each.name for each in made.files} == there.keys()
    assert {"plannen.xlsx", "plans.json", "manifest.json"} <= there.keys()
    assert made.file("plans.json").bytes == len(there["plans.json"])
    told = manifest(desk, name)
    assert (told["week"], told["since"]) == ("2026-W26", None)
    assert told["until"] == MONDAY.isoformat()
    assert list(desk.out.iterdir()) == [desk.out / name]
    assert [path for path in (desk.out.parent / "work").iterdir() if path.is_dir()] == []


def test_weeks_that_were_missed_are_caught_up_each_as_it_was(db, town, desk):
    desk.now = MONDAY + 2 * WEEK
    desk.tick()
    made = rows(db, town)
    assert [each.week for each in made] == ["2026-W26", "2026-W27", "2026-W28"]
    support = []
    for each in made:
        plans = json.loads((desk.out / each.folder / "plans.json").read_text())["plans"]
        support.append(plans[0]["support"])
    assert support == [0, 1, 1]
    assert [each.counts.get("changed") for each in made] == [None, 1, 0]
    changed = manifest(desk, made[1].folder + "/changed")
    assert (changed["since"], changed["until"]) == (
        MONDAY.isoformat(),
        (MONDAY + WEEK).isoformat(),
    )
    plans = (desk.out / made[1].folder / "changed" / "plans.json").read_text()
    assert [plan["number"] for plan in json.loads(plans)["plans"]] == [1]


def test_the_same_week_again_is_the_same_bytes(db, town, desk, tmp_path):
    desk.now = MONDAY + WEEK
    desk.tick()
    first = files(desk.out)
    shutil.rmtree(desk.out)
    fourth = town.person()
    db.call(lambda c: supports.give(c, town.found(2).id, fourth, NOON + 30 * DAY))
    db.call(lambda c: c.exec_driver_sql("DELETE FROM exports_made"))
    desk.now = MONDAY + WEEK + timedelta(days=3)
    desk.tick()
    assert files(desk.out) == first


def test_two_processes_make_one_export(db, town, desk, tmp_path):
    other = Desk(db, tmp_path)
    desk.tick(work=False)
    other.tick(work=False)
    assert len(rows(db, town)) == 1
    desk.tick()
    other.tick()
    assert rows(db, town)[0].attempts == 1


def test_a_destination_that_fails_is_an_alarm_until_it_works(db, town, desk, tmp_path):
    (tmp_path / "out").write_text("a file is in the way")
    desk.tick()
    [row] = rows(db, town)
    assert (row.state, row.reason, row.attempts) == (State.FAILED, "not_there", 1)
    [alarm] = [
        each
        for each in db.read(lambda c: alarms.alarms(c, town.round_id, to_ms(MONDAY)))
        if each.kind is Kind.EXPORT_FAILED
    ]
    assert (alarm.since, alarm.count, alarm.reason) == (to_ms(MONDAY), 1, "not_there")
    tried = []
    for minute in range(1, 300):
        desk.now = MONDAY + timedelta(minutes=minute)
        desk.tick()
        if rows(db, town)[0].attempts > len(tried) + 1:
            tried.append(minute)
    assert tried == [1, 3, 7, 15, 31, 63, 123, 183, 243]
    (tmp_path / "out").unlink()
    desk.now += timedelta(hours=1)
    desk.tick()
    [row] = rows(db, town)
    assert (row.state, row.reason, row.failed_at) == (State.DONE, "", None)
    found = db.read(lambda c: alarms.alarms(c, town.round_id, to_ms(desk.now)))
    assert Kind.EXPORT_FAILED not in {each.kind for each in found}


def test_what_the_console_asks_for_is_of_the_latest_change(db, town, desk):
    desk.tick()
    asked = db.call(lambda c: exports_made.ask(c, town.round_id, to_ms(MONDAY), 3))
    assert db.call(lambda c: exports_made.ask(c, town.round_id, to_ms(MONDAY), 3)) == asked
    desk.tick()
    made = db.read(lambda c: exports_made.by_id(c, asked))
    assert (made.state, made.week) == (State.DONE, None)
    assert made.until == NOON + 13 * DAY + 1
    assert made.folder.endswith("-2026-06-28-120000")
    assert (desk.out / made.folder / "manifest.json").exists()
    page, total = db.read(lambda c: exports_made.page(c, town.round_id, 0, 1))
    assert ([each.id for each in page], total) == ([asked], 2)


def test_without_plans_nothing_is_made(db, desk):
    town = Living(db)
    desk.tick()
    assert rows(db, town) == []


def test_a_round_that_is_over_is_exported_no_more(db, desk):
    town = filled(db, ROUND)
    desk.now = MONDAY + 300 * WEEK  # it was over when it began; the last change is in week 27
    desk.tick(work=False)
    assert [each.week for each in rows(db, town)] == ["2026-W26", "2026-W27"]
    late = to_ms(desk.now + timedelta(days=1))
    fan = town.person()
    db.call(lambda c: supports.give(c, town.found(2).id, fan, late))
    desk.now += 50 * WEEK
    desk.tick(work=False)
    assert len(rows(db, town)) < 310
    before = rows(db, town)
    desk.now += 50 * WEEK
    desk.tick(work=False)
    assert rows(db, town) == before


def test_another_day_goes_on_where_the_last_week_ended(db, town, desk, tmp_path):
    desk.tick()
    other = Desk(db, tmp_path, calendar=Calendar(4, 18))
    other.now = MONDAY + timedelta(days=12)
    other.tick()
    assert [each.week for each in rows(db, town)] == ["2026-W26", "2026-W27"]
    assert rows(db, town)[1].since == to_ms(MONDAY)


def test_coordinators_are_told_once_without_people(db, town, tmp_path):
    with mail_server() as (kept, url):
        mail = ExportMail(url, "bot@example.org", ["anna@example.org"], "https://x.nl/console")
        desk = Desk(db, tmp_path, mail=mail)
        desk.now = MONDAY + WEEK
        for _ in range(3):
            desk.tick()
        assert [m["Subject"] for _, m in kept.mails] == [
            "Buurtstem: de export van 2026-W26 staat klaar",
            "Buurtstem: de export van 2026-W27 staat klaar",
        ]
        text = kept.mails[1][1].get_content()
    assert "- 2 plannen" in text
    assert "- 1 nieuw of veranderd sinds de vorige export" in text
    assert "https://x.nl/console" in text
    for trace in ("612345678", "bankje", "picknick"):
        assert trace not in text.lower()


def test_a_mail_server_that_is_down_is_tried_again(db, town, tmp_path):
    with mail_server() as (kept, url):
        desk = Desk(db, tmp_path, mail=ExportMail(url, "bot@example.org", ["anna@example.org"]))
        kept.refuses = 1
        with pytest.raises(OSError, match="not now"):
            desk.tick()
        assert rows(db, town)[0].state is State.DONE
        desk.tick()
        assert len(kept.mails) == 1
