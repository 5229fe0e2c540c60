"""Who may take which step in the life of a plan, and when a reason is needed: all of them."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civic.assessments import Verdict, needs_reason, proposal
from civic.plans import (
    OPEN_TO_SUPPORT,
    RESULTS,
    SHOWN,
    STEPS,
    Refusal,
    Role,
    Status,
    may_become,
    refusal,
)
from civic.plans import needs_reason as step_needs_reason

S, R = Status, Role

# Written out by hand from DESIGN 9, one line a step: who may take it, c(oordinator) a(ssessor)
# k (committee) i(nitiator) s(upporters) v (the count).
BY_HAND = """
draft submitted ic
submitted supported sc
submitted assessing ca
submitted withdrawn ic
supported assessing ca
supported withdrawn ic
assessing adjust ack
assessing admitted ack
assessing declined ack
assessing withdrawn ic
adjust assessing ic
adjust withdrawn ic
admitted chosen vk
admitted not_chosen vk
admitted withdrawn ic
chosen starting c
starting running c
running done c
"""
LETTERS = {
    "c": R.COORDINATOR,
    "a": R.ASSESSOR,
    "k": R.COMMITTEE,
    "i": R.INITIATOR,
    "s": R.SUPPORTERS,
    "v": R.COUNT,
}
TABLE = {
    (S(before), S(after)): {LETTERS[letter] for letter in who}
    for before, after, who in (line.split() for line in BY_HAND.split("\n") if line)
}


@pytest.mark.parametrize(("before", "after"), list(product(Status, Status)))
def test_every_step_and_everybody(before: Status, after: Status) -> None:
    for role in Role:
        found = refusal(before, after, role, has_reason=True, support_missing=0)
        if (before, after) not in TABLE:
            assert found is Refusal.NO_SUCH_STEP
        elif role not in TABLE[before, after]:
            assert found is Refusal.NOT_YOURS
        else:
            assert found is None
    assert may_become(before, after) is ((before, after) in TABLE)


@pytest.mark.parametrize(
    ("step", "role"), [(s, r) for s, who in TABLE.items() for r in sorted(who)]
)
def test_a_refusal_or_a_question_has_a_reason(step: tuple[Status, Status], role: Role) -> None:
    before, after = step
    asked = refusal(before, after, role, has_reason=False, support_missing=0)
    needed = (
        after in (S.ADJUST, S.DECLINED)
        or (after is S.WITHDRAWN and role is R.COORDINATOR)
        or (after is S.NOT_CHOSEN and role is R.COMMITTEE)
    )
    assert asked is (Refusal.NO_REASON if needed else None)
    assert step_needs_reason(after, role) is needed


@pytest.mark.parametrize(("missing", "allowed"), [(0, True), (1, False), (30, False)])
def test_without_enough_support_nothing_is_assessed(missing: int, allowed: bool) -> None:
    for after, role in ((S.SUPPORTED, R.SUPPORTERS), (S.ASSESSING, R.COORDINATOR)):
        found = refusal(S.SUBMITTED, after, role, has_reason=True, support_missing=missing)
        assert found is (None if allowed else Refusal.NO_SUPPORT)
    back = refusal(S.SUBMITTED, S.WITHDRAWN, R.INITIATOR, has_reason=False, support_missing=missing)
    assert back is None


def test_nobody_but_the_count_or_the_committee_chooses() -> None:
    for after in RESULTS:
        assert STEPS[S.ADMITTED][after] == {R.COUNT, R.COMMITTEE}


def test_what_neighbours_see() -> None:
    assert S.DRAFT not in SHOWN
    assert S.WITHDRAWN not in SHOWN
    assert OPEN_TO_SUPPORT < SHOWN


# --- verdicts ---------------------------------------------------------------------------------

V = Verdict


@pytest.mark.parametrize(
    ("verdicts", "becomes"),
    [
        ([], None),
        ([V.OPEN], None),
        ([V.NOT_FEASIBLE, V.OPEN], None),
        ([V.FEASIBLE], S.ADMITTED),
        ([V.FEASIBLE, V.FEASIBLE], S.ADMITTED),
        ([V.FEASIBLE, V.ADJUST], S.ADJUST),
        ([V.ADJUST, V.NOT_FEASIBLE, V.FEASIBLE], S.DECLINED),
    ],
)
def test_what_the_verdicts_make_of_a_plan(verdicts: list[Verdict], becomes: Status | None) -> None:
    assert proposal(verdicts) is becomes


@given(st.lists(st.sampled_from(list(Verdict)), max_size=6))
def test_the_order_of_the_verdicts_does_not_matter(verdicts: list[Verdict]) -> None:
    assert proposal(verdicts) is proposal(reversed(verdicts))


def test_who_says_no_or_asks_has_a_reason() -> None:
    assert {v for v in Verdict if needs_reason(v)} == {V.ADJUST, V.NOT_FEASIBLE}
