"""Many numbers of plans in one message are no code, and a code amid the choosing is one."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.engine import step
from bot.events import Event
from bot.prompts import World
from bot.session import Session
from civic.ballots import Item, Paper
from civic.rounds import Phase
from civic.stempas import code_in, with_check
from runtime.round_file import load_round
from tests.dialogue import REPO

ROUND = load_round(REPO / "examples" / "slotermeer.toml")
VOTE = next(dates for dates in ROUND.phases if dates.name is Phase.VOTE)
AREA = ROUND.areas[0].id
CODE = with_check("4829130756")


def world(plans: int) -> World:
    items = tuple(Item(n, f"Plan {n}", Decimal(1000)) for n in range(1, plans + 1))
    found = World(ROUND, VOTE.start, VOTE.start, papers={AREA: Paper(AREA, Decimal(9000), items)})
    return replace(found, languages={"nl": "Nederlands"})


def says(text: str, state: str = "vote.numbers", plans: int = 40) -> Session:
    vote = {"code": CODE, "area": AREA, "seed": 1, "aged": True}
    session = Session().with_(state=state, language="nl", consent=True, answers={"vote": vote})
    return step(session, Event("text", world(plans), text=text)).session


def chosen(session: Session) -> list[int]:
    return [number for number, _ in session.answers["vote"].get("choices", ())]


@pytest.mark.parametrize("state", ["choose", "numbers", "browse", "basket", "overview"])
@pytest.mark.parametrize(
    "text", ["23 14 11 5 8 7 22", "23\n14\n11\n5\n8\n7\n22", "23-14-11-5-8-7-22"]
)
def test_many_numbers_are_plans(state: str, text: str) -> None:
    assert chosen(says(text, f"vote.{state}")) == [23, 14, 11, 5, 8, 7, 22]


def test_numbers_of_which_one_is_no_plan_are_still_plans() -> None:
    assert chosen(says("23 14 99 5 8 7 22")) == [23, 14, 5, 8, 7, 22]


def test_numbers_that_are_right_as_a_code_are_plans_when_all_are_on_the_paper() -> None:
    right = next(text for n in range(10, 100) if code_in(text := f"10 11 12 13 14 {n}") is not None)
    last = int(right.split()[-1])
    assert chosen(says(right, plans=100)) == [10, 11, 12, 13, 14, last]
    assert says(right, plans=last - 1).state == "vote.check"


@pytest.mark.parametrize("written", [CODE, "482 913 075 653", "٤٨٢ ٩١٣ ٠٧٥ ٦٥٣"])
def test_a_code_stays_a_code(written: str) -> None:
    assert says(written).state == "vote.go_on"
    other = with_check("1357924680")
    assert says(other).state == "vote.check"
    assert says(written, "vote.code").state in ("vote.check", "vote.go_on")


def test_a_mistyped_code_is_told_as_one() -> None:
    assert says("482 913 075 654").state == "vote.code"
