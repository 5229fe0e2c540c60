"""The rounds that were loaded."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Table, select

from civic.rounds import (
    Area,
    Help,
    Keeper,
    Localised,
    Phase,
    PhaseDates,
    Round,
    Rules,
    Theme,
)
from storage import rounds
from storage.db import Database
from storage.tables import areas, themes
from storage.tables import rounds as rows


def words(dutch: str) -> Localised:
    return Localised({"nl": dutch, "ar": "ميزانية الحي"})


@pytest.fixture
def round_() -> Round:
    return Round(
        id="slotervaart-2027",
        name=words("Buurtbudget Slotervaart"),
        city="Amsterdam",
        languages=("nl", "en", "tr", "ar"),
        phases=(PhaseDates(Phase.INTAKE, date(2027, 1, 11), date(2027, 2, 21)),),
        areas=(
            Area("noord", words("Slotervaart Noord"), Decimal("125000.50")),
            Area("zuid", words("Slotervaart Zuid"), Decimal(90_000)),
        ),
        themes=(
            Theme("groen", "🌳", words("Groen"), Decimal("20000")),
            Theme("samen", "🤝", words("Samen")),
        ),
        rules=Rules(plans_to_send_in=3),
        keeper=Keeper(words("Stadsdeel Nieuw-West"), "14 020", 6, 24),
        help=Help("14 020", words("ma t/m vr"), words("Huis van de Wijk"), 2),
    )


def table(db: Database, which: Table) -> list[tuple[Any, ...]]:
    query = select(which).order_by(which.c.round_id, which.c.position)
    return [tuple(row) for row in db.read(lambda conn: conn.execute(query).all())]


def test_there_is_no_round_before_one_is_loaded(db: Database) -> None:
    assert db.read(rounds.active) is None


def test_a_round_comes_back_as_it_was(db: Database, round_: Round, now: int) -> None:
    row_id = db.call(lambda conn: rounds.save_round(conn, round_, now))
    assert db.read(rounds.active) == rounds.ActiveRound(row_id, round_, None, now)


def test_areas_and_themes_are_mirrored_in_cents(db: Database, round_: Round, now: int) -> None:
    row_id = db.call(lambda conn: rounds.save_round(conn, round_, now))
    assert table(db, areas) == [
        (row_id, "noord", 1, "Slotervaart Noord", 12_500_050),
        (row_id, "zuid", 2, "Slotervaart Zuid", 9_000_000),
    ]
    assert table(db, themes) == [
        (row_id, "groen", 1, "Groen", 2_000_000),
        (row_id, "samen", 2, "Samen", None),
    ]


def test_a_changed_round_keeps_its_row_and_the_forced_phase(
    db: Database, round_: Round, now: int
) -> None:
    row_id = db.call(lambda conn: rounds.save_round(conn, round_, now))
    db.call(lambda conn: rounds.set_phase(conn, row_id, Phase.VOTE))
    fewer = replace(round_, areas=round_.areas[1:], themes=(), city="Utrecht")
    assert db.call(lambda conn: rounds.save_round(conn, fewer, now + 1)) == row_id
    assert db.read(rounds.active) == rounds.ActiveRound(row_id, fewer, Phase.VOTE, now + 1)
    assert [row[1:3] for row in table(db, areas)] == [("zuid", 1)]
    assert table(db, themes) == []


def test_a_forced_phase_can_be_given_up(db: Database, round_: Round, now: int) -> None:
    row_id = db.call(lambda conn: rounds.save_round(conn, round_, now))
    for phase in (Phase.RESULT, None):
        db.call(lambda conn, phase=phase: rounds.set_phase(conn, row_id, phase))
        active = db.read(rounds.active)
        assert active
        assert active.phase is phase


def test_the_last_one_loaded_is_the_active_one(db: Database, round_: Round, now: int) -> None:
    first = db.call(lambda conn: rounds.save_round(conn, round_, now))
    other = replace(round_, id="osdorp-2027")
    second = db.call(lambda conn: rounds.save_round(conn, other, now))
    assert first != second
    active = db.read(rounds.active)
    assert active
    assert active.round.id == "osdorp-2027"
    assert len(table(db, areas)) == 4
    assert db.call(lambda conn: rounds.save_round(conn, round_, now)) == first
    states = db.read(lambda conn: conn.execute(select(rows.c.slug, rows.c.active)).all())
    assert dict(tuple(state) for state in states) == {
        "slotervaart-2027": True,
        "osdorp-2027": False,
    }
