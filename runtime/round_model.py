"""The shape of a round's file. Each description says what to give, for `round_words`."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from civic.rounds import BallotKind, Model, Phase, TallyRule

ABOUT = "about"
TEXTS = (ABOUT, "rules")
"""The texts that a round brings along; `ABOUT` is required."""

SLUG_WORDS = "1 to 24 signs: a to z, 0 to 9, and single hyphens in between"

_NAME = 'a name in each language of the round, such as { nl = "Groen", en = "Green" }'
_BUDGET = "euros, such as 250000 or 250000.50"
_DAY = "2026-03-31 without quotes (in a relative round: days from today, such as -7)"
_CENTS = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?")
_PHONE = r"\+?[0-9][0-9 ()-]{2,24}"
_CONTACT = rf"^(\S+@\S+\.\S+|{_PHONE})$"


def _euros(value: Any) -> Decimal:
    if type(value) not in (int, Decimal, str) or not _CENTS.fullmatch(str(value)):
        raise PydanticCustomError("euros", "is not an amount in euros")
    return Decimal(str(value))


def _share(value: Any) -> Decimal:
    if type(value) not in (int, Decimal):
        raise PydanticCustomError("share", "is not a number")
    return Decimal(value)


def _part(value: Any) -> Decimal:
    share = _share(value)
    if share.is_nan() or not 0 < share < 1:
        raise PydanticCustomError("share", "is not between 0 and 1")
    return share


def _degrees(value: Any) -> float:
    if type(value) not in (int, Decimal):
        raise PydanticCustomError("degrees", "is not a number of degrees")
    return float(value)


def _day(value: Any) -> date | int:
    if type(value) is date and 2000 <= value.year < 2100:
        return value
    if type(value) is int and abs(value) < 3660:  # ten years
        return value
    raise PydanticCustomError("day", "is not a day")


def _one_line(value: str) -> str:
    if not value.isprintable():
        raise PydanticCustomError("one_line", "has a line break or a sign that cannot be seen")
    return value


def _text_key(value: str) -> str:
    if value not in TEXTS:
        raise PydanticCustomError("text_key", "is not a text of a round")
    return value


Text = Annotated[str, StringConstraints(strip_whitespace=True)]
Line = Annotated[Text, StringConstraints(min_length=1), AfterValidator(_one_line)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=24)]
Words = dict[str, Text]
"""Words in each language of the round."""
Euros = Annotated[Decimal, BeforeValidator(_euros)]
Share = Annotated[Decimal, BeforeValidator(_share)]
Part = Annotated[Decimal, BeforeValidator(_part)]
Degrees = Annotated[float, BeforeValidator(_degrees)]
Day = Annotated[date | int, BeforeValidator(_day)]
Corner = Annotated[tuple[Degrees, Degrees], Field(strict=False)]


class _Section(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class PhaseFile(_Section):
    start: Day = Field(description=f"the first day, such as {_DAY}")
    end: Day = Field(description=f"the last day, such as {_DAY}")


class AreaFile(_Section):
    name: Words = Field(description=_NAME)
    budget: Euros = Field(description=_BUDGET)
    model: Model = Field(Model.EVERYONE_VOTES, strict=False, description='one of "A", "B" and "C"')
    places: list[Line] = Field([], description='places, such as ["Dobbebuurt", "1063"]')
    outline: list[Corner] | None = Field(
        None, description="corners as [latitude, longitude], such as [52.38, 4.80]"
    )
    theme_caps: dict[Slug, Euros] = Field(
        {}, description="euros for the id of a theme, such as { groen = 40000 }"
    )


class ThemeFile(_Section):
    name: Words = Field(description=_NAME)
    sign: Line = Field(description='one emoji, such as "🌳"')
    cap: Euros | None = Field(None, description="euros, such as 100000")


class RulesFile(_Section):
    minimum_age: int | None = Field(None, ge=0, le=99, description="years, such as 12")
    plans_to_send_in: int | None = Field(None, ge=1, description="a number from 1, such as 3")
    plans_to_carry_out: int | None = Field(None, ge=1, description="a number from 1, such as 2")
    support_threshold: int | None = Field(None, ge=1, description="a number from 1, such as 30")
    support_during_intake: bool | None = Field(None, description="true or false")
    cost_min: Euros | None = Field(None, description="euros, such as 500")
    cost_max: Euros | None = Field(None, description="euros, such as 50000")
    handling_cost_share: Share | None = Field(
        None, ge=0, le=Decimal("0.08"), description="a share from 0 to 0.08; 5 % is 0.05"
    )
    ballot: BallotKind | None = Field(
        None, strict=False, description='"approval", "within-budget" or "points"'
    )
    ballot_least: int | None = Field(None, ge=1, description="a number of plans from 1")
    ballot_most: int | None = Field(None, ge=1, description="a number of plans from 1")
    ballot_points: int | None = Field(None, ge=1, le=1000, description="points, such as 10")
    ballot_points_most: int | None = Field(None, ge=1, description="points, such as 5")
    ballot_within_caps: bool | None = Field(None, description="true or false")
    tally: TallyRule | None = Field(
        None, strict=False, description='"fill", "stop", "stop-part-fund" or "equal-shares"'
    )
    caps_bind_leftover: bool | None = Field(None, description="true or false")
    paper_share: Part | None = Field(
        None, description="a share between 0 and 1; as much as all other ballots is 0.5"
    )


class KeeperFile(_Section):
    name: Words = Field(description=_NAME)
    contact: Line = Field(
        pattern=_CONTACT, description="an e-mail address or a phone number, in quotes"
    )
    months_recordings: int = Field(ge=1, le=120, description="months, from 1 to 120")
    months_plans: int = Field(ge=1, le=120, description="months, from 1 to 120")


class HelpFile(_Section):
    phone: str = Field(pattern=f"^{_PHONE}$", description='a phone number, such as "020 123 45 67"')
    hours: Words = Field(description="when somebody answers, in each language")
    place: Words = Field(description="where somebody helps, in each language")
    answer_within_days: int = Field(ge=1, le=30, description="days, from 1 to 30")


PhaseName = Annotated[Phase, Field(strict=False)]
TextKey = Annotated[str, AfterValidator(_text_key)]


class RoundFile(_Section):
    id: Slug = Field(description=f'an id of {SLUG_WORDS}, such as "noord-2026"')
    name: Words = Field(description=_NAME)
    city: Line = Field(description='the city, such as "Amsterdam"')
    district: Line | None = Field(None, description='the city district, such as "Noord"')
    languages: list[str] = Field(min_length=1, description='codes, such as ["nl", "en"]')
    budget: Euros | None = Field(None, description=_BUDGET)
    relative: bool = Field(False, description="true or false")
    phases: dict[PhaseName, PhaseFile] = Field(
        description="a table for each phase, such as [phases.intake]"
    )
    areas: dict[Slug, AreaFile] = Field(
        min_length=1, description="a table for each area, such as [areas.noord]"
    )
    themes: dict[Slug, ThemeFile] = Field(
        min_length=1, description="a table for each theme, such as [themes.groen]"
    )
    rules: RulesFile = Field(description="a table [rules]; it may be empty")
    keeper: KeeperFile = Field(description="a table [keeper]")
    help: HelpFile = Field(description="a table [help]")
    texts: dict[TextKey, Words] = Field(description="a table [texts.about]")
