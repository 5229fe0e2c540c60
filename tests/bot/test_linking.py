"""A code from a coordinator's paper: where it counts, what it brings, and its limits."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from civic.link_codes import in_fours
from civic.rounds import Round
from runtime.round_file import load_round
from storage import entered, plans, rounds, supports
from storage.db import Database
from storage.plans import NewPlan, Plan
from storage.times import to_ms
from tests.bot.test_conversation import Resident
from tests.dialogue import REPO, Town

START = datetime(2019, 6, 12, 12, tzinfo=UTC)
ROUND = load_round(REPO / "examples" / "slotermeer.toml")
YES = "#link.confirm:yes"
UNKNOWN = "🔎 Deze code kennen wij niet."


class Stall:
    """A coordinator in the same town."""

    def __init__(self, town: Town, round_: Round = ROUND) -> None:
        town.load(round_)
        self.town = town
        self.round_id = town.db.call(rounds.active).id  # type: ignore[union-attr]

    @property
    def at(self) -> entered.At:
        return entered.At(self.round_id, ROUND.id, self.town.codes, to_ms(self.town.now))

    def plan(self, form: str = "form") -> str:
        """Enters a plan; its code."""
        new = NewPlan(initiator=None, title="Bank", text="Een bank", language="nl", channel="paper")
        self.town.db.call(lambda c: entered.plan(c, self.at, new, form))
        return self.town.codes.made(ROUND.id, form, 0)

    def sheet(self, plan: Plan, lines: int) -> list[str]:
        self.town.db.call(lambda c: entered.sheet(c, self.at, plan.id, "A1", lines))
        return [self.town.codes.made(ROUND.id, "A1", line) for line in range(1, lines + 1)]

    def found(self, number: int) -> Plan:
        found = self.town.db.call(lambda c: plans.by_number(c, self.round_id, number))
        assert found
        return found


@pytest.fixture
def town(db: Database) -> Town:
    return Town(db, START)


@pytest.fixture
def stall(town: Town) -> Stall:
    return Stall(town)


def resident(town: Town, address: str = "12345") -> Resident:
    found = Resident(town, address)
    found.says("hoi", "nederlands", "ja")
    return found


def wrong(stall: Stall, n: int) -> str:
    return stall.town.codes.made(ROUND.id, "of nobody", n)


def test_a_plan_becomes_theirs_only_after_a_yes(stall: Stall) -> None:
    code = stall.plan()
    anna = resident(stall.town)
    assert anna.says(code) == ["📋 Bij deze code hoort plan 1: “Bank”.\nIs dit jouw plan?"]
    assert stall.found(1).initiator is None
    anna.says("menu")
    assert stall.found(1).initiator is None
    anna.says(code, "ja")
    assert stall.found(1).initiator == anna.id
    assert "link" not in anna.session.answers


def test_a_voice_never_says_yes_to_it(stall: Stall) -> None:
    code = stall.plan()
    anna = resident(stall.town)
    anna.says(code, "@ ja")
    assert stall.found(1).initiator is None


def test_a_code_said_aloud_is_not_taken(stall: Stall) -> None:
    code = stall.plan()
    anna = resident(stall.town)
    anna.says(f"@ {code}", f"@ {' '.join(code)}")
    assert not anna.session.state.startswith("link.")


def test_eight_digits_elsewhere_are_what_was_asked(stall: Stall) -> None:
    code = stall.plan()
    anna = resident(stall.town)
    anna.says("1", "Een bankje bij de speeltuin", "klopt", "goed", "groen", "weet ik niet")
    assert anna.session.state == "plan_details.cost"
    anna.says(code)
    assert anna.session.state != "link.confirm"


def test_before_consent_it_waits_and_a_no_forgets_it(stall: Stall) -> None:
    code = stall.plan()
    anna = Resident(stall.town, "12345")
    anna.says(in_fours(code), "nederlands")
    assert "code" in anna.session.answers["link"]
    assert "📋 Bij deze code hoort plan 1" in anna.says("ja")[-1]
    bert = Resident(stall.town, "678")
    bert.says(in_fours(code), "nederlands", "nee")
    assert stall.found(1).initiator is None
    bert.says("hoi", "nederlands")
    assert "link" not in bert.session.answers


def test_somebody_elses_code_is_unknown(stall: Stall) -> None:
    code = stall.plan()
    anna, bert = resident(stall.town), resident(stall.town, "678")
    anna.says(code, YES)
    assert bert.says(code)[-1].startswith(UNKNOWN)


def test_whoever_is_slower_hears_it_kindly(stall: Stall) -> None:
    code = stall.plan()
    anna, bert = resident(stall.town), resident(stall.town, "678")
    bert.says(code)
    anna.says(code, YES)
    assert bert.says(YES)[0].startswith(UNKNOWN)
    assert stall.found(1).initiator == anna.id


def test_a_code_that_is_too_old(stall: Stall) -> None:
    code = stall.plan()
    stall.town.now += timedelta(days=60)
    anna = resident(stall.town)
    assert anna.says(code)[-1].startswith(UNKNOWN)


def test_five_wrong_ones_then_a_pause_also_for_a_right_one(stall: Stall) -> None:
    code = stall.plan()
    anna = resident(stall.town)
    anna.says(*(wrong(stall, n) for n in range(5)))
    assert anna.says(code)[-1].startswith("⏳")
    stall.town.now += timedelta(minutes=15)
    assert "plan 1" in anna.says(code)[-1]


def test_ten_in_a_day_then_a_person_helps(stall: Stall) -> None:
    anna = resident(stall.town)
    for n in range(10):
        anna.says(wrong(stall, n))
        stall.town.now += timedelta(minutes=16)
    said = anna.says(wrong(stall, 11))[-1]
    assert said.startswith("🙋 De code lukt niet.")
    assert anna.session.state == "help.offer"


def test_a_typing_error_costs_no_guess(stall: Stall) -> None:
    code = stall.plan()
    anna = resident(stall.town)
    for _ in range(8):
        said = anna.says(code[:-1] + str((int(code[-1]) + 1) % 10))[0]
        assert said.startswith("🔎 Er zit een typfout in de code.")
        anna.says("menu")
    assert "plan 1" in anna.says(code)[-1]


def test_nobody_gets_more_plans_than_the_round_allows(town: Town) -> None:
    stall = Stall(town, replace(ROUND, rules=replace(ROUND.rules, plans_to_send_in=1)))
    first, second = stall.plan("one"), stall.plan("two")
    anna = resident(town)
    anna.says(first, YES)
    said = anna.says(second, YES)[-1]
    assert said.startswith("Je hebt al 1 plan ingestuurd.")
    assert stall.found(2).initiator is None
    assert "plan 1" in anna.says(first)[-1]  # their own code leads to their own plan still


def test_support_on_paper_is_theirs_once(stall: Stall) -> None:
    stall.plan()
    plan = stall.found(1)
    codes = stall.sheet(plan, 3)
    anna = resident(stall.town)
    assert "Is dit jouw steun?" in anna.says(codes[0])[-1]
    assert anna.says(YES)[0].startswith("👍 Je steun voor plan 1 hoort nu bij jou.")
    assert anna.says(codes[1], YES)[0].startswith("👍 Je steunt plan 1 al.")
    assert stall.town.db.call(lambda c: supports.count(c, plan.id)) == 2


def test_the_initiators_own_line(stall: Stall) -> None:
    code = stall.plan()
    codes = stall.sheet(stall.found(1), 3)
    anna = resident(stall.town)
    anna.says(code, YES)
    assert anna.says(codes[0], YES)[0].startswith("💡 Dit is je eigen plan.")


def test_without_a_round_a_code_is_unknown(town: Town) -> None:
    anna = resident(town)
    code = town.codes.made(ROUND.id, "form", 0)
    assert anna.says(code)[-1].startswith(UNKNOWN)


def test_no_code_is_logged(stall: Stall, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    code = stall.plan()
    anna = resident(stall.town)
    anna.says(code, YES, wrong(stall, 1))
    assert code not in caplog.text
    assert wrong(stall, 1) not in caplog.text
