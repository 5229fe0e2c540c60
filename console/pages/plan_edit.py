"""Putting a plan's title, words, place, theme, area and cost right; its translations."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

from pydantic import BaseModel, Field, field_validator
from starlette.responses import Response

from civic.plans import TITLE_MOST
from console.forms import Form
from console.on_plan import OnPlan, on_plan
from console.roles import COORDINATORS
from console.routes import Act, View
from console.texts import T
from console.visit import Visit
from storage import plan_edits, translations
from storage.translations import Translation

ON_BALLOT = ("title", "area", "theme", "cost")  # what a voter sees, and the count counts with
OTHER_WORDS = frozenset({"€", " ", "\xa0"})


class Facts(BaseModel):
    title: str = Field(max_length=TITLE_MOST)
    text: str = Field(max_length=20_000)
    area: str | None = None
    theme: str | None = None
    address: str = Field(default="", max_length=300)
    lat: float | None = Field(default=None, ge=-90, le=90)
    lng: float | None = Field(default=None, ge=-180, le=180)
    cost: Decimal | None = Field(default=None, ge=0, le=100_000_000, decimal_places=2)
    reason: str = Field(max_length=1000)

    @field_validator("title", "text", "address", "reason")
    @classmethod
    def tidy(cls, value: str) -> str:
        return value.replace("\r\n", "\n").strip()

    @field_validator("lat", "lng", mode="before")
    @classmethod
    def with_a_point(cls, value: str) -> str:
        return value.strip().replace(",", ".")

    @field_validator("cost", mode="before")
    @classmethod
    def as_people_write_it(cls, value: str) -> str:
        return amount(value)


def amount(typed: str) -> str:
    """An amount as people here write it, "€ 1.250,50", as a number is written: 1250.50."""
    plain = "".join(sign for sign in typed if sign not in OTHER_WORDS)
    if "," in plain:
        return plain.replace(".", "").replace(",", ".")
    whole, point, rest = plain.rpartition(".")
    return whole.replace(".", "") + rest if point and len(rest) == 3 else plain


class Words(BaseModel):
    title: str = Field(max_length=200)
    text: str = Field(max_length=20_000)


async def show(visit: Visit) -> Response:
    on = await on_plan(visit)
    values = {name: getattr(on.plan, name) for name in plan_edits.FIELDS}
    shown = {name: "" if value is None else value for name, value in values.items()}
    return visit.page("plan_edit.html", on=on, form=Form[Facts](shown), locked=_locked(on))


async def save(visit: Visit) -> Response:
    on = await on_plan(visit)
    form = visit.form(Facts)
    if form.model:
        _check(on, form, form.model)
    if form.bad:
        return visit.again("plan_edit.html", on=on, form=form, locked=_locked(on))
    given = form.ok.model_dump(exclude={"reason", *_locked(on)})
    work = partial(
        plan_edits.edit,
        plan_id=on.plan.id,
        values=given,
        actor=visit.me.name,
        reason=form.ok.reason,
        now_ms=visit.deps.clock(),
    )
    changed = await visit.change("plan.edit", on.plan.id, work)
    return visit.go("plan", T("edit.saved") if changed else T("edit.same"), number=on.plan.number)


def _locked(on: OnPlan) -> tuple[str, ...]:
    return ON_BALLOT if on.ballot_fixed else ()


def _check(on: OnPlan, form: Form[Facts], given: Facts) -> None:
    if given.area and on.round.area(given.area) is None and given.area != on.plan.area:
        form.wrong("area", T("field.choose"))
    if given.theme and on.round.theme(given.theme) is None and given.theme != on.plan.theme:
        form.wrong("theme", T("field.choose"))
    if (given.lat is None) != (given.lng is None):
        form.wrong("lat", T("edit.both"))


# --- in other languages


async def show_translation(visit: Visit) -> Response:
    on, language, found = await _translation(visit)
    values: dict[str, Any] = {"title": found.title, "text": found.text} if found else {}
    return visit.page(
        "plan_translation.html",
        on=on,
        language=language,
        found=found,
        form=Form[Words](values),
    )


async def save_translation(visit: Visit) -> Response:
    on, language, found = await _translation(visit)
    form = visit.form(Words)
    if form.bad:
        return visit.again(
            "plan_translation.html", on=on, language=language, found=found, form=form
        )
    text = form.ok.text.replace("\r\n", "\n").strip()
    new = Translation(language, form.ok.title.strip(), text, machine=False)
    work = partial(translations.put, plan_id=on.plan.id, what=new, now_ms=visit.deps.clock())
    await visit.change("plan.translate", on.plan.id, work)
    return visit.go("plan", T("translation.saved"), number=on.plan.number)


async def _translation(visit: Visit) -> tuple[OnPlan, str, Translation | None]:
    on = await on_plan(visit)
    language = str(visit.request.path_params["language"])
    if language not in {"nl", *on.round.languages} or language == on.plan.language:
        raise visit.missing()
    found = await visit.read(partial(translations.of_plan, plan_id=on.plan.id))
    return on, language, found.get(language)


FACTS, TRANSLATION = "/plans/{number:int}/edit", "/plans/{number:int}/translation/{language}"
ROUTES = [
    View("plan.edit", FACTS, show, COORDINATORS),
    Act("plan.save", FACTS, save, COORDINATORS),
    View("plan.translation", TRANSLATION, show_translation, COORDINATORS),
    Act("plan.translate", TRANSLATION, save_translation, COORDINATORS),
]
