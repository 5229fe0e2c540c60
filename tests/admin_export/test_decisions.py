"""What the municipality decided, from files as people make them: every row right, or nothing."""

import io
from dataclasses import replace

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from admin_export import decisions, openstad
from admin_export.decisions import Decisions, DecisionsError, read
from admin_export.sheets import Fault, SheetError, number_in
from admin_export.writers import decidim_files
from civic.plans import Status
from civic.rounds import Model
from storage import audit, plan_life, plan_news, supports
from storage.times import from_ms
from tests.admin_export.conftest import exported
from tests.storage.living import DAY, NOON, ROUND, Living

AREA = ROUND.areas[0]
VOTES = replace(AREA, id="elders")  # there everybody votes
PLATFORM = replace(ROUND, areas=(replace(AREA, model=Model.PLATFORM_DECIDES), VOTES))


def csv(*lines):
    return "\n".join(lines).encode()


def excel(*rows, before=()):
    book = openpyxl.Workbook()
    for name in before:
        book.create_sheet(name, 0)["A1"] = "iets anders"
    sheet = book.worksheets[-1]
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def said(found):
    assert found.faults == ()
    return [(each.number, each.states[0], dict(each.answers)) for each in found.rows]


ADMITTED = [(12, Status.ADMITTED, {"nl": "Kan."}), (3, Status.DECLINED, {"nl": "Te duur; sorry"})]


@pytest.mark.parametrize(
    "data",
    [
        csv("id,state,answer", "12,admitted,Kan.", '3,declined,"Te duur; sorry"'),
        csv("Antwoord;Status;Nr", "Kan.;Haalbaar;12", '"Te duur; sorry";NIET HAALBAAR;3'),
        "\ufeffID;Besluit;Reden\r\n12.0;haalbaar;Kan.\r\n3,0;niet_haalbaar;"
        '"Te duur; sorry"\r\n'.encode(),
        "id\tstate\tanswer/nl\n#12\tFeasible\tKan.\n3\tNot-feasible\tTe duur; sorry\n".encode(
            "utf-16"
        ),
        csv("sep=;", "plan;state;answer", "12;admitted;Kan.", '3;declined;"Te duur; sorry"'),
        csv(
            "", "titel;id;x;state;answer", ";;;;", "Bank;12;1;admitted;Kan.",
            'T;3;2;declined;"Te duur; sorry"', "Niets;4;;;",
        ),
        excel(
            ("ID", "State", "Answer"), (12.0, "admitted", "Kan."),
            (3, "Declined", "Te duur; sorry"),
        ),
        excel(
            ("Toelichting", "Nummer", "Besluit"), ("Kan.", "12", " Haalbaar "),
            (None, None, None), ("Te duur; sorry", 3, "niet haalbaar"), before=("Uitleg",),
        ),
    ],
    ids=["plain", "dutch", "bom", "utf-16", "sep", "more columns", "excel", "second sheet"],
)  # fmt: skip
def test_files_as_people_make_them(data):
    assert said(read(data)) == ADMITTED


def test_letters_of_a_windows_machine():
    data = "id;state;answer\n12;haalbaar;Café's zijn ok\n".encode("cp1252")
    assert said(read(data)) == [(12, Status.ADMITTED, {"nl": "Café's zijn ok"})]


def test_answers_in_other_languages_and_on_several_lines():
    data = csv("id,state,answer/nl,answer/tr", '12,declined,"Te\nduur",Çok pahalı', "3,admitted,,")
    assert said(read(data)) == [
        (12, Status.DECLINED, {"nl": "Te\nduur", "tr": "Çok pahalı"}),
        (3, Status.ADMITTED, {}),
    ]


def test_every_fault_has_its_row_and_column():
    found = read(
        excel(
            ("id", "state", "answer"),
            (12, "haalbaar", ""),
            ("twaalf", "haalbaar", ""),
            (13, "misschien", ""),
            (None, None, None),
            (12, "declined", "Nee"),
            (14, "", "Nee"),
            (15.5, "haalbaar", ""),
        )
    )
    assert [(fault.row, fault.column) for fault in found.faults] == [
        (3, "id"),
        (4, "state"),
        (6, "id"),
        (7, "state"),
        (8, "id"),
    ]
    assert str(found.faults[2]) == "row 6, id: plan 12 is in row 2 already"


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", Fault(1, "id", "is no column")),
        (csv("id,answer", "1,x"), Fault(1, "state", "is no column")),
        (csv("", "nummer,titel", "1,x"), Fault(2, "state", "is no column")),
        (csv("id,ID,state", "1,2,haalbaar"), Fault(1, "id", "is there twice")),
    ],
)
def test_files_without_the_columns(data, fault):
    assert read(data).faults == (fault,)


@pytest.mark.parametrize("data", [b"PK\x03\x04 broken", b"x" * 20_000_001])
def test_files_that_are_none(data):
    with pytest.raises(SheetError):
        read(data)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("12", 12), ("12.0", 12), ("12,00", 12), ("#12", 12), ("Plan 12", 12), ("١٢", 12),
        ("1.000", None), ("12.5", None), ("-3", None), ("", None), ("12 en 13", None),
        ("1e3", None),
    ],
)  # fmt: skip
def test_numbers_as_spreadsheets_write_them(written, number):
    assert number_in(written) == number


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_whatever_is_in_a_file_it_is_told(data):
    try:
        found = read(b"id;state;answer\n" + data)
    except SheetError:
        return
    assert isinstance(found, Decisions)


def test_every_name_that_we_write_is_understood():
    for status, name in openstad.STATUSES.items():
        if status is not Status.DRAFT:
            assert status in decisions.STATES[name.lower()]
    for status, name in decidim_files.STATES.items():
        assert status in decisions.STATES[name]


# --- what it changes


@pytest.fixture
def town(db):
    return Living(db, replace(PLATFORM, rules=replace(PLATFORM.rules, support_threshold=0)))


def diff(town, *lines):
    data = read(csv("id,state,answer", *lines))
    return town.db.read(lambda c: decisions.diff(c, town.round_id, data))


def apply(town, *lines):
    data = read(csv("id,state,answer", *lines))
    return town.db.call(
        lambda c: decisions.apply(c, town.round_id, data, user_id=3, now_ms=NOON + DAY)
    )


def history(town, plan):
    steps = town.db.read(lambda c: plan_life.steps(c, plan.id))
    return [(step.after, dict(step.reasons)) for step in steps[1:]]


def test_statuses_reasons_and_news_with_the_steps_between(town):
    own = town.person()
    first, second = town.plan(own), town.plan(town.person(), Status.ASSESSING)
    third, same = town.plan(own, Status.ADJUST), town.plan(own, Status.ADMITTED)
    lines = (
        "1,haalbaar,Mooi plan.",
        "2,afgewezen,Dat mag niet.",
        "3,declined,Nee.",
        "4,haalbaar,x",
    )
    found = diff(town, *lines)
    assert found.faults == ()
    assert [(each.number, each.steps) for each in found.changes] == [
        (1, (Status.ASSESSING, Status.ADMITTED)),
        (2, (Status.DECLINED,)),
        (3, (Status.ASSESSING, Status.DECLINED)),
    ]
    assert found.same == 1
    assert town.status(first) == "submitted"  # that was only a look
    assert apply(town, *lines) == found
    assert history(town, first) == [("assessing", {}), ("admitted", {"nl": "Mooi plan."})]
    assert history(town, second)[-1] == ("declined", {"nl": "Dat mag niet."})
    assert history(town, third)[-1] == ("declined", {"nl": "Nee."})
    assert town.status(same) == "admitted"
    due = town.db.read(lambda c: plan_news.plans_due(c, NOON + 2 * DAY, NOON + 2 * DAY))
    assert set(due) == {first.id, second.id, third.id}
    entries, _ = town.db.read(lambda c: audit.entries(c, "", decisions.KIND, 0, 9))
    assert {entry.ref for entry in entries} == {first.id, second.id, third.id}


def test_the_same_file_twice_changes_nothing(town):
    plan = town.plan(town.person(), area=AREA.id)
    lines = ("1,gekozen,Van harte.",)
    assert len(apply(town, *lines).changes) == 1
    assert town.status(plan) == "chosen"
    before = history(town, plan)
    assert apply(town, *lines).changes == ()
    assert history(town, plan) == before


def test_one_wrong_row_and_nothing_changes(town):
    plan = town.plan(town.person())
    with pytest.raises(DecisionsError, match="row 3, id: there is no plan 99"):
        apply(town, "1,haalbaar,", "99,haalbaar,")
    assert town.status(plan) == "submitted"
    assert history(town, plan) == []


def test_what_cannot_be_is_told(town):
    town.plan(town.person(), Status.DECLINED)
    town.plan(town.person(), Status.ASSESSING)
    town.plan(town.person(), Status.ADMITTED, area=VOTES.id)
    town.plan(town.person(), Status.ASSESSING)
    lines = ("1,haalbaar,", "2,afgewezen,", "3,gekozen,", "4,aanpassen,", "1000,klaar,")
    assert [str(fault) for fault in diff(town, *lines).faults] == [
        "row 2, state: plan 1 is declined: it cannot become that",
        "row 3, answer: plan 2: a reason in Dutch is needed",
        "row 4, state: plan 3 is in a vote: the count decides",
        "row 5, answer: plan 4: a reason in Dutch is needed",
        "row 6, id: there is no plan 1000",
    ]


def test_a_plan_without_its_supporters_waits(db):
    town = Living(db, PLATFORM)
    plan = town.plan(town.person())
    needed = ROUND.support_needed
    [fault] = diff(town, "1,haalbaar,").faults
    assert fault.what == f"plan 1 still needs {needed} supporters"
    for fan in town.people(needed):
        db.call(lambda c, fan=fan: supports.give(c, plan.id, fan, NOON))
    assert diff(town, "1,haalbaar,").faults == ()


def test_what_decidim_answers_comes_back_as_it_was(town, tmp_path):
    """`accepted` and the like mean what the plan is already, if they can."""
    for status in (Status.ASSESSING, Status.ADMITTED, Status.DECLINED, Status.CHOSEN, Status.DONE):
        town.plan(town.person(), status, area=AREA.id)
    decidim_files.write(exported(town.db, from_ms(NOON + DAY)), tmp_path)
    data = read(tmp_path / "decidim-answers.csv")
    found = town.db.read(lambda c: decisions.diff(c, town.round_id, data))
    assert (found.changes, found.faults, found.same) == ((), (), 5)


def test_somebody_else_was_faster(town):
    """Between the look and the change: the plan's row is locked by the change itself."""
    plan = town.plan(town.person(), Status.ASSESSING)
    data = read(csv("id,state,answer", "1,haalbaar,"))

    def work(conn):
        found = decisions.diff(conn, town.round_id, data)
        conn.execute(text("UPDATE plans SET status = 'withdrawn' WHERE id = :id"), {"id": plan.id})
        decisions._take(conn, found.changes[0], "x", NOON)

    with pytest.raises(DecisionsError, match="changed by somebody else"):
        town.db.call(work)
    assert town.status(plan) == "assessing"
