"""What may leave: all of a plan as it was at a moment, and nothing of a person."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import insert, select, update

from admin_export.dataset import pseudonym
from civic.plans import Role, Status
from storage import (
    people,
    plan_edits,
    plan_life,
    plans,
    published,
    rounds,
    supports,
    translations,
)
from storage.db import Database
from storage.entered_tables import entered
from storage.life_tables import assessments as assessment_rows
from storage.life_tables import contacts
from storage.tables import addresses
from storage.tables import people as person_rows
from storage.tables import plans as plan_rows
from storage.times import to_ms
from storage.translations import Translation
from tests.admin_export.conftest import INTAKE, NEXT_WEEK, Resident, exported, told_as
from tests.dialogue import Town

DAY = timedelta(days=1)
PHONE, WHATSAPP = "06 12345678", "whatsapp:+31687654321"


def round_id(db: Database) -> int:
    active = db.read(rounds.active)
    assert active
    return active.id


def plan_of(db: Database, number: int = 1) -> plans.Plan:
    plan = db.read(lambda conn: plans.by_number(conn, round_id(db), number))
    assert plan
    return plan


def person_of(db: Database, address: str) -> int:
    query = select(addresses.c.person_id).where(addresses.c.address == address)
    return db.read(lambda conn: conn.execute(query).scalar_one())


def step(town: Town, to: Status, role: Role = Role.COORDINATOR, actor: str = "", **why: str):
    plan = plan_of(town.db)
    now = to_ms(town.now)
    town.db.call(
        lambda conn: plan_life.change(
            conn, plan.id, to, actor=actor or role.value, role=role, reasons=why, now_ms=now
        )
    )


def supported(town: Town, number: int, count: int) -> None:
    plan = plan_of(town.db, number)
    for place in range(count):
        Resident(town, f"77{number}{place:03}").begins()
        who = person_of(town.db, f"77{number}{place:03}")
        town.db.call(lambda conn, who=who: supports.give(conn, plan.id, who, to_ms(town.now)))


@pytest.fixture
def spoken(town: Town) -> Town:
    """A town with one plan, spoken in, with a photo and the number to be called on."""
    anna = Resident(town, "12345").begins()
    anna.says("menu", "1", "@ Ik wil een bankje bij de speeltuin voor alle kinderen", "klopt")
    anna.says("andere naam", "Bankje bij de speeltuin", "groen", "Slotermeerlaan 12", "500")
    anna.says("!photo", "samen", "ja", PHONE, "insturen")
    return town


# --- what is in it ------------------------------------------------------------------------------


def test_real_plans_come_out_as_they_were_filed(west: Database, real_projects) -> None:
    dataset = exported(west)
    assert [plan.text for plan in dataset.plans] == [told_as(each) for each in real_projects]
    assert [plan.cost for plan in dataset.plans] == [each.cost for each in real_projects]
    assert [plan.number for plan in dataset.plans] == list(range(1, 59))
    assert len({plan.initiator for plan in dataset.plans}) == 58


def test_a_spoken_plan_has_its_recording_transcript_and_photo(spoken: Town) -> None:
    (plan,) = exported(spoken.db).plans
    assert (plan.title, plan.theme, plan.area) == (
        "Bankje bij de speeltuin", "groen", "slotermeer-no",
    )  # fmt: skip
    assert plan.address == "Slotermeerlaan 12"
    assert (plan.cost, plan.who, plan.status) == (Decimal(500), "together", "submitted")
    assert plan.by_voice
    assert plan.channel == "telegram"
    (recording,) = plan.recordings
    assert recording.transcript == "Ik wil een bankje bij de speeltuin voor alle kinderen"
    assert recording.link.startswith("https://buurtstem.example/console/recording/")
    (photo,) = plan.photos
    assert (photo.width, photo.height) == (640, 480)
    assert plan.created_at == plan.updated_at == INTAKE


def test_history_reasons_support_and_translations(spoken: Town) -> None:
    db, plan = spoken.db, plan_of(spoken.db)
    supported(spoken, 1, 30)
    spoken.now += DAY
    step(spoken, Status.ASSESSING)
    step(spoken, Status.ADJUST, nl="Welke kleur?", tr="Hangi renk?")
    turkish = Translation("tr", "Bank", "Parka bir bank", True)
    db.call(lambda conn: translations.put(conn, plan.id, turkish, to_ms(spoken.now)))
    (found,) = exported(db).plans
    assert found.support == 30
    assert found.status == "adjust"
    assert [each.after for each in found.history] == ["submitted", "assessing", "adjust"]
    assert found.history[-1].reasons == {"nl": "Welke kleur?", "tr": "Hangi renk?"}
    assert found.reason("tr") == "Hangi renk?"
    assert found.reason("en") == "Welke kleur?"
    assert found.said_in("tr") == ("Bank", "Parka bir bank")
    assert found.said_in("en") == (plan.title, plan.text)
    assert found.updated_at == spoken.now


def test_support_on_paper_counts_until_it_is_somebodys(spoken: Town) -> None:
    plan, at = plan_of(spoken.db), to_ms(INTAKE + DAY)
    row = {"round_id": plan.round_id, "plan_id": plan.id, "kind": "support", "sheet": "A"}
    row |= {"turn": 0, "expires_at": at, "created_at": at}
    lines = [{**row, "line": n, "linked_at": at if n == 1 else None} for n in (1, 2, 3)]
    spoken.db.call(lambda conn: conn.execute(insert(entered), lines))
    assert exported(spoken.db).plans[0].support == 2
    assert exported(spoken.db, until=INTAKE + DAY / 2).plans[0].support == 0


def test_an_assessment_tells_nothing_before_its_verdict(spoken: Town) -> None:
    db, plan = spoken.db, plan_of(spoken.db)
    asked, judged = INTAKE + DAY, INTAKE + 2 * DAY
    row = {"plan_id": plan.id, "field": "groen", "assessor": "Jan de Vries", "verdict": "feasible"}
    row |= {"reasons": '{"nl": "Kan"}', "deadline": 0, "related": "Park", "permits": "geen"}
    row |= {"cost": 45050, "upkeep": None, "created_at": to_ms(asked), "judged_at": to_ms(judged)}
    db.call(lambda conn: conn.execute(insert(assessment_rows), row))
    (found,) = exported(db).plans[0].assessments
    assert (found.verdict, found.reasons, found.cost) == (
        "feasible", {"nl": "Kan"}, Decimal("450.50"),
    )  # fmt: skip
    (before,) = exported(db, until=judged).plans[0].assessments
    assert asdict(before) | {"field": ""} == {
        "field": "", "verdict": "open", "reasons": {}, "related": "", "permits": "",
        "cost": None, "upkeep": None,
    }  # fmt: skip
    assert exported(db, until=asked).plans[0].assessments == ()


def test_corrections_are_told_without_what_was_there(spoken: Town) -> None:
    plan = plan_of(spoken.db)
    words = "Een bankje. Bel mij: 06 87654321"
    for text in (words, "Een bankje."):
        spoken.db.call(
            lambda conn, text=text: plan_edits.edit(
                conn, plan.id, {"text": text}, actor="Jan", reason="eigen", now_ms=to_ms(INTAKE)
            )
        )
    (found,) = exported(spoken.db).plans
    assert found.text == "Een bankje."
    assert [(each.field, each.reason) for each in found.corrections] == [("text", "eigen")] * 2
    assert "87654321" not in str(found)


# --- as of a moment, and changed since ----------------------------------------------------------


def test_what_happened_later_is_not_in_it(spoken: Town) -> None:
    db = spoken.db
    before = exported(db, until=INTAKE + DAY)
    spoken.now = INTAKE + 2 * DAY
    supported(spoken, 1, 30)
    step(spoken, Status.ASSESSING)
    Resident(spoken, "55555").begins().files("Meer bomen in onze straat voor iedereen")
    plan = plan_of(db)
    dutch = Translation("en", "Bench", "A bench", False)
    db.call(lambda conn: translations.put(conn, plan.id, dutch, to_ms(spoken.now)))
    db.call(lambda conn: plans.add_text(conn, plan.id, "Meer", "nl", None, to_ms(spoken.now)))
    assert exported(db, until=INTAKE + DAY) == before
    assert len(exported(db).plans) == 2
    assert exported(db, until=INTAKE).plans == ()


def test_changed_since_has_whole_plans_and_all_figures(spoken: Town) -> None:
    db = spoken.db
    Resident(spoken, "55555").begins().files("Meer bomen in onze straat voor iedereen")
    whole = exported(db)
    assert exported(db, since=INTAKE).plans == whole.plans
    assert exported(db, since=INTAKE + DAY).plans == ()
    spoken.now += 2 * DAY
    supported(spoken, 2, 1)
    changed = exported(db, since=INTAKE + DAY)
    assert [plan.number for plan in changed.plans] == [2]
    assert changed.plans[0].history == whole.plans[1].history
    assert changed.figures == exported(db).figures


# --- people -------------------------------------------------------------------------------------


def test_nothing_of_a_person_leaves(spoken: Town) -> None:
    db = spoken.db
    bob = Resident(spoken, WHATSAPP, "whatsapp").begins()
    bob.says("menu", "1", "Meer licht in de straat voor alle ouderen", "klopt", "goed", "groen")
    bob.says("Slotermeerlaan 3", "700", "geen foto", "samen", "ja", "insturen")
    plan = plan_of(db)
    official = {"plan_id": plan.id, "name": "Jan de Vries", "phone": "020 1234567", "at": 1}
    db.call(lambda conn: conn.execute(insert(contacts), {**official, "email": "jan@town.example"}))
    supported(spoken, 1, 30)
    step(spoken, Status.ASSESSING, actor="jan.devries")
    dataset = exported(db)
    told = str(replace(dataset, round=None))  # the round has the town's own number
    for secret in ("12345678", "87654321", "12345", "Jan", "devries", "020", "jan@", "whatsapp:"):
        assert secret not in told.replace("Slotermeerlaan 12", ""), secret
    assert dataset.plans[0].history[-1].actor == "coordinator"


def test_a_person_has_one_pseudonym_a_round_that_only_the_key_can_make(town: Town) -> None:
    anna = Resident(town, "12345").begins()
    anna.files("Meer bomen in onze straat voor iedereen")
    anna.files("Een bankje bij de halte voor ouderen")
    Resident(town, "99999").begins().files("Een schommel voor kleine kinderen hier")
    first, second, other = (plan.initiator for plan in exported(town.db).plans)
    assert first == second != other
    assert exported(town.db, key=b"another").plans[0].initiator != first
    assert pseudonym(b"k", "a", 1) != pseudonym(b"k", "b", 1) != pseudonym(b"k", "b", 2)


def test_who_is_forgotten_leaves_the_plan_without_a_voice(spoken: Town) -> None:
    who = person_of(spoken.db, "12345")
    spoken.db.call(lambda conn: people.forget(conn, who))
    (plan,) = exported(spoken.db).plans
    assert plan.initiator == ""
    assert plan.recordings == ()
    assert plan.title == "Bankje bij de speeltuin"


# --- figures and what the count published -------------------------------------------------------


def test_figures_hide_small_cells(west: Database) -> None:
    some = select(person_rows.c.id).limit(3).scalar_subquery()
    west.call(
        lambda conn: conn.execute(
            update(plan_rows).where(plan_rows.c.initiator.in_(some)).values(by_voice=True)
        )
    )
    figures = {(f.what, f.by, f.value): f for f in exported(west).figures}
    assert figures["plans", "channel", "telegram"].people == 58
    # Three voices are hidden, and so is the only other cell: the total would tell them.
    for way in ("voice", "text"):
        cell = figures["plans", "way", way]
        assert cell.people is None
        assert cell.plans is None


def test_what_was_published_is_there_from_then_on(town: Town) -> None:
    round_ = round_id(town.db)
    for files in ({"b.pb": b"one"}, {"a.pb": b"1", "b.pb": b"two"}):
        town.db.call(lambda conn, f=files: published.put(conn, round_, f, to_ms(INTAKE)))
    again = to_ms(NEXT_WEEK)
    town.db.call(lambda conn: published.put(conn, round_, {"a.pb": b"1", "b.pb": b"two"}, again))
    assert exported(town.db).published == {"a.pb": b"1", "b.pb": b"two"}
    assert exported(town.db, until=INTAKE).published == {}
    town.db.call(lambda conn: published.put(conn, round_, {"a.pb": b"3"}, again))
    assert exported(town.db).published == {}


def test_the_same_moment_gives_the_same_dataset(west: Database) -> None:
    assert exported(west) == exported(west)
