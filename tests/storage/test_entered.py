"""What a coordinator enters for somebody: counted once, linked once, and forgotten."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import text

from civic.link_codes import Codes
from civic.plans import Role, Status
from storage import browsing, entered, exports, people, plan_life, plans, reached, supports
from storage.db import Database
from storage.entered import LASTS_MS, At, Line
from storage.plans import NewPlan
from tests.storage.living import NOON, Living

CODES = Codes(b"a synthetic pepper")
S = Status


class Stall:
    """A coordinator with paper, in one town."""

    def __init__(self, town: Living) -> None:
        self.town, self.db = town, town.db
        self.at = At(town.round_id, "slotermeer", CODES, NOON)

    def plan(self, form: str = "form", **more: object) -> Line:
        values = {"title": "Bank", "text": "Een bank", "language": "nl", "channel": "paper"} | more
        new = NewPlan(initiator=None, **values)  # type: ignore[arg-type]
        row, _ = self.db.call(lambda c: entered.plan(c, self.at, new, form))
        return self.line(row)

    def line(self, row: int) -> Line:
        found = self.db.read(lambda c: entered.line(c, self.at.round_id, row))
        assert found
        return found

    def sheet(self, plan: plans.Plan, lines: int, name: str = "A1") -> entered.Counted:
        return self.db.call(lambda c: entered.sheet(c, self.at, plan.id, name, lines))

    def lines(self, name: str = "A1") -> list[Line]:
        return self.db.read(lambda c: entered.of_sheet(c, self.at.round_id, name))

    def link(self, found: Line, person: int, now: int = NOON) -> entered.Linked:
        return self.db.call(lambda c: entered.link(c, found, person, now))

    def count(self, plan: plans.Plan) -> int:
        """As every place counts it."""
        counts = {
            self.db.read(lambda c: supports.count(c, plan.id)),
            self.db.read(self._browsed)[plan.number],
            self.db.read(self._exported).get(plan.id, 0),
        }
        (count,) = counts
        return count

    def _browsed(self, conn: browsing.Connection) -> dict[int, int]:
        shown = browsing.browse(conn, self.at.round_id, "nl", limit=99)
        return {each.number: each.supporters for each in shown}

    def _exported(self, conn: browsing.Connection) -> dict[int, int]:
        where = (conn, self.at.round_id, NOON * 2)
        found: dict[int, int] = {}
        for row in (*exports.supported(*where), *exports.on_paper(*where)):
            found[row.plan_id] = found.get(row.plan_id, 0) + row.count
        return found


@pytest.fixture
def stall(db: Database) -> Stall:
    return Stall(Living(db))


def test_a_plan_belongs_to_nobody_until_its_code_comes(stall: Stall) -> None:
    line = stall.plan(phone="0612345678", may_call=True)
    plan = stall.town.found(line.number)
    assert (plan.initiator, plan.status, plan.phone, line.person_id) == (
        None, "submitted", "0612345678", None,
    )  # fmt: skip
    history = stall.db.read(lambda c: plans.history(c, plan.id))
    assert [(step.actor, step.after) for step in history] == [("coordinator", "submitted")]
    code = entered.code_of(CODES, "slotermeer", line)
    kept = CODES.kept("slotermeer", code)
    assert stall.db.read(lambda c: entered.by_code(c, stall.at.round_id, kept)) == line
    anna = stall.town.person()
    assert stall.link(line, anna) == "linked"
    assert stall.town.found(line.number).initiator == anna
    assert stall.line(line.id).person_id == anna


def test_the_same_form_again_is_the_same_plan(stall: Stall) -> None:
    assert stall.plan("form") == stall.plan("form")
    assert stall.plan("another").number == 2


def test_the_same_form_twice_at_once_is_one_plan(stall: Stall, database_url: str) -> None:
    databases = [Database.open(database_url) for _ in range(2)]
    start = threading.Barrier(2)
    new = NewPlan(initiator=None, title="Bank", text="", language="nl")

    def post(db: Database) -> int | None:
        start.wait(10)
        try:
            return db.call(lambda c: entered.plan(c, stall.at, new, "form"))[0]
        except entered.AlreadyEntered:
            return db.call(lambda c: entered.plan(c, stall.at, new, "form"))[0]

    with ThreadPoolExecutor(2) as threads:
        rows = set(threads.map(post, databases))
    for each in databases:
        each.close()
    assert len(rows) == 1
    assert len(stall.db.read(lambda c: plans.of_round(c, stall.at.round_id))) == 1


def test_a_code_links_once(stall: Stall) -> None:
    line = stall.plan()
    anna, bert = stall.town.people(2)
    assert [stall.link(line, anna), stall.link(line, anna)] == ["linked", "already"]
    assert stall.link(line, bert) == "gone"
    assert stall.town.found(line.number).initiator == anna


def test_two_people_with_one_code_at_once(stall: Stall, database_url: str) -> None:
    line = stall.plan()
    both = stall.town.people(2)
    databases = [Database.open(database_url) for _ in both]
    start = threading.Barrier(2)

    def link(db: Database, person: int) -> str:
        start.wait(10)
        return db.call(lambda c: entered.link(c, line, person, NOON))

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(link, databases, both)) == ["gone", "linked"]
    for each in databases:
        each.close()


def test_a_code_lasts_for_sixty_days_and_can_be_renewed(stall: Stall) -> None:
    line, anna = stall.plan(), stall.town.person()
    late = NOON + LASTS_MS
    assert stall.link(line, anna, late) == "gone"
    assert stall.db.call(lambda c: entered.renew(c, stall.at.round_id, line.sheet, late)) == 1
    assert stall.link(line, anna, late) == "linked"
    assert stall.db.call(lambda c: entered.renew(c, stall.at.round_id, line.sheet, late)) == 0


def test_who_becomes_the_initiator_supports_and_follows_it_no_more(stall: Stall) -> None:
    line, anna = stall.plan(), stall.town.person()
    plan = stall.town.found(line.number)
    stall.town.support(plan, anna)
    stall.town.follow(plan, anna)
    assert stall.link(line, anna) == "linked"
    assert stall.count(plan) == 0
    assert stall.db.read(lambda c: supports.followers(c, plan.id)) == 0


def test_who_is_nobody_yet_and_was_not_chosen_is_still_to_be_called(stall: Stall) -> None:
    line = stall.plan(phone="+31612345678", may_call=True)
    plan = stall.town.found(line.number)
    stall.db.call(lambda c: plans.set_status(c, plan.id, "submitted", "admitted", "t", "", NOON))
    why = {"nl": "Er was niet genoeg geld."}
    stall.town.change(plan, S.NOT_CHOSEN, Role.COMMITTEE, why)
    (waiting,) = stall.db.read(lambda c: reached.not_reached(c, stall.at.round_id))
    assert (waiting.why, waiting.phone, waiting.may_call) == ("no_channel", "+31612345678", True)


# --- supports on paper


@pytest.fixture
def plan(stall: Stall) -> plans.Plan:
    return stall.town.plan(stall.town.person())


def test_lines_count_once_however_often_the_sheet_comes(stall: Stall, plan: plans.Plan) -> None:
    assert stall.sheet(plan, 12) == entered.Counted(
        12, plan_life.Support("given", 12, 30, enough=False)
    )
    assert stall.sheet(plan, 12).new == 0
    assert stall.count(plan) == 12
    assert stall.sheet(plan, 14).new == 2
    assert stall.sheet(plan, 3, "A2").new == 3
    assert stall.count(plan) == 17


def test_the_same_sheet_twice_at_once(stall: Stall, plan: plans.Plan, database_url: str) -> None:
    databases = [Database.open(database_url) for _ in range(2)]
    with ThreadPoolExecutor(2) as threads:
        sheet = partial(entered.sheet, at=stall.at, plan_id=plan.id, name="A1", lines=20)
        new = [c.new for c in threads.map(lambda db: db.call(sheet), databases)]
    for each in databases:
        each.close()
    assert sum(new) == 20
    assert stall.count(plan) == 20


def test_paper_may_bring_the_last_one_that_was_needed(stall: Stall, plan: plans.Plan) -> None:
    for neighbour in stall.town.people(10):
        stall.town.support(plan, neighbour)
    assert not stall.sheet(plan, 19).support.enough
    assert stall.town.status(plan) == "submitted"
    done = stall.sheet(plan, 20).support
    assert (done.enough, done.count, done.needed) == (True, 30, 30)
    assert stall.town.status(plan) == "supported"


def test_the_phone_may_bring_the_last_one_after_paper(stall: Stall, plan: plans.Plan) -> None:
    stall.sheet(plan, 29)
    assert stall.town.support(plan, stall.town.person()).enough
    assert stall.town.status(plan) == "supported"


def test_linked_support_is_the_persons_and_counts_the_same(stall: Stall, plan: plans.Plan) -> None:
    stall.sheet(plan, 5)
    anna = stall.town.person()
    assert stall.link(stall.lines()[2], anna) == "linked"
    assert stall.count(plan) == 5
    assert stall.db.read(lambda c: supports.has(c, plan.id, anna))


def test_who_also_supported_by_phone_counts_once(stall: Stall, plan: plans.Plan) -> None:
    stall.sheet(plan, 5)
    anna = stall.town.person()
    stall.town.support(plan, anna)
    assert stall.count(plan) == 6  # nobody knows yet that two of them are one
    assert stall.link(stall.lines()[0], anna) == "already"
    assert stall.count(plan) == 5
    assert stall.link(stall.lines()[1], anna) == "already"  # signed twice
    assert stall.count(plan) == 4
    stall.db.call(lambda c: supports.take_back(c, plan.id, anna))
    assert stall.count(plan) == 3
    assert stall.sheet(plan, 5).new == 0
    assert stall.count(plan) == 3


def test_whoever_links_first_and_then_taps_counts_once(stall: Stall, plan: plans.Plan) -> None:
    stall.sheet(plan, 2)
    anna = stall.town.person()
    stall.link(stall.lines()[0], anna)
    assert stall.town.support(plan, anna).what == "already"
    assert stall.count(plan) == 2


def test_the_initiators_own_line_does_not_count(stall: Stall, plan: plans.Plan) -> None:
    stall.sheet(plan, 3)
    assert plan.initiator
    assert stall.link(stall.lines()[0], plan.initiator) == "own"
    assert stall.count(plan) == 2


def test_a_sheet_is_of_one_plan(stall: Stall, plan: plans.Plan) -> None:
    other = stall.town.plan(stall.town.person())
    stall.sheet(plan, 3)
    with pytest.raises(entered.SheetTaken) as caught:
        stall.sheet(other, 3)
    assert caught.value.number == plan.number
    assert stall.count(other) == 0


def test_a_plan_that_takes_no_support_any_more(stall: Stall) -> None:
    tested = stall.town.plan(stall.town.person(), S.ASSESSING)
    with pytest.raises(entered.SupportClosed):
        stall.sheet(tested, 3)
    with pytest.raises(LookupError):
        stall.db.call(lambda c: entered.sheet(c, stall.at, 999, "A9", 3))


def test_a_linked_support_of_a_closed_plan_is_kept(stall: Stall, plan: plans.Plan) -> None:
    stall.sheet(plan, 3)
    stall.db.call(lambda c: plans.set_status(c, plan.id, "submitted", "assessing", "t", "", NOON))
    assert stall.link(stall.lines()[0], stall.town.person()) == "linked"
    assert stall.count(plan) == 3


def test_whoever_is_forgotten_takes_their_line_along(stall: Stall, plan: plans.Plan) -> None:
    stall.sheet(plan, 3)
    line = stall.plan()
    anna = stall.town.person()
    stall.link(stall.lines()[0], anna)
    stall.link(line, anna)
    stall.db.call(lambda c: people.forget(c, anna))
    assert stall.count(plan) == 2
    gone = stall.line(line.id)
    assert (gone.person_id, stall.town.found(line.number).initiator) == (None, None)
    assert stall.link(gone, stall.town.person()) == "gone"
    kept = stall.db.read(
        lambda c: c.execute(text("SELECT credential FROM entered")).scalars().all()
    )
    assert sum(one is None for one in kept) == 2


def test_two_lines_with_one_code_get_another(stall: Stall, plan: plans.Plan) -> None:
    """Two lines whose codes are the same by chance: see `turn`."""

    class Few(Codes):
        def made(self, round_slug: str, sheet: str, line: int, turn: int = 0) -> str:
            return super().made(round_slug, sheet, line % 3 if turn == 0 else line, turn)

    stall.at = replace(stall.at, codes=Few(b"pepper"))
    assert stall.sheet(plan, 9).new == 9
    lines = stall.lines()
    assert {line.turn for line in lines} == {0, 1}
    assert len({entered.code_of(stall.at.codes, "slotermeer", line) for line in lines}) == 9


def test_nothing_in_the_database_tells_a_code(stall: Stall, plan: plans.Plan) -> None:
    stall.sheet(plan, 3)
    code = entered.code_of(CODES, "slotermeer", stall.lines()[0])
    rows = stall.db.read(lambda c: c.execute(text("SELECT * FROM entered")).all())
    assert code not in str(rows)
