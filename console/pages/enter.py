"""Entering for others: a plan for somebody at a stall, and supports on a sheet of paper.

What is entered is nobody's until its code comes in on somebody's own phone: see
`storage.entered`. Names on paper stay on paper.
"""

from __future__ import annotations

import re
import secrets
from decimal import Decimal
from functools import partial
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import Response

from civic.link_codes import in_fours
from civic.plans import TITLE_MOST, propose_title
from civic.rounds import Act as Doing
from civic.rounds import Permission, today
from console.forms import Form
from console.pages.plan_edit import amount
from console.roles import COORDINATORS
from console.routes import Act, View
from console.texts import T
from console.visit import Visit
from storage import entered, photos, plans
from storage.entered import At, Line
from storage.photos import NewPhoto
from storage.plans import NewPlan
from storage.rounds import ActiveRound
from storage.times import from_ms

MOST_BYTES = 20_500_000  # of the form: a photo of 20 MB and the few fields beside it
MOST_LINES = 200  # on one sheet
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that is taken for a digit
_PHONE = re.compile(r"\+[1-9][0-9]{7,14}")


class PlanForm(BaseModel):
    """A plan as somebody tells it. `form` tells one form from the next."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    form: str = Field(max_length=40)
    text: str = Field(max_length=20_000)
    title: str = Field(default="", max_length=TITLE_MOST)
    language: str
    area: str | None = None
    theme: str | None = None
    address: str = Field(default="", max_length=300)
    cost: Decimal | None = Field(default=None, ge=0, le=100_000_000, decimal_places=2)
    who: Literal["", "me", "municipality", "together"] = ""
    reach: Literal["code", "call"]
    phone: str = ""
    photo: UploadFile | None = None
    agreed: Literal["yes"]

    @field_validator("text", "title", "address")
    @classmethod
    def tidy(cls, value: str) -> str:
        return value.replace("\r\n", "\n").strip()

    @field_validator("cost", mode="before")
    @classmethod
    def as_people_write_it(cls, value: str) -> str:
        return amount(value)

    @field_validator("phone")
    @classmethod
    def abroad_too(cls, value: str) -> str:
        """`06 12 34 56 78` as +31612345678."""
        digits = re.sub(r"[\s().-]", "", value)
        digits = re.sub(r"^0(?!0)", "+31", re.sub(r"^00", "+", digits))
        if not _PHONE.fullmatch(digits):
            raise ValueError(T("enter.no_phone"))
        return digits


class SheetForm(BaseModel):
    """How many people signed a sheet for a plan."""

    number: int = Field(ge=1, le=99_999)
    sheet: str = Field(max_length=20, pattern=r"^[^\x00-\x1f]+$")
    lines: int = Field(ge=1, le=MOST_LINES)

    @field_validator("sheet")
    @classmethod
    def as_written(cls, value: str) -> str:
        return " ".join(value.upper().split())


# --- a plan


async def show(visit: Visit) -> Response:
    active = await visit.round()
    language = next(iter(active.round.languages), "nl")
    values = {"form": f"form {secrets.token_hex(12)}", "language": language, "reach": "code"}
    return _page(visit, active, Form[PlanForm](values))


async def add(visit: Visit) -> Response:
    active = await visit.round()
    form = visit.form(PlanForm)
    if form.model:
        _check(visit, active, form, form.model)
    photo = await _photo(visit, form) if not form.bad else None
    if form.bad:
        return _page(visit, active, form, 422)
    work = partial(_add, at=_at(visit, active), new=_plan(active, form.ok), photo=photo)
    work = partial(work, form=form.ok.form)
    try:
        row = await visit.change("enter.plan", None, work)
    except entered.AlreadyEntered:
        row = await visit.change("enter.plan", None, work)
    return visit.go("enter.receipt", T("enter.added"), id=row)


def _page(visit: Visit, active: ActiveRound, form: Form[PlanForm], status: int = 200) -> Response:
    spoken = {c: n for c, n in visit.deps.languages.items() if c in active.round.languages}
    when = _permission(visit, active, Doing.SUBMIT_PLAN)
    return visit.page("enter.html", status, form=form, round=active.round, spoken=spoken, when=when)


def _check(visit: Visit, active: ActiveRound, form: Form[PlanForm], given: PlanForm) -> None:
    if not _may(_permission(visit, active, Doing.SUBMIT_PLAN)):
        form.wrong("text", T("enter.not_yet"))
    if given.language not in active.round.languages:
        form.wrong("language", T("field.choose"))
    if given.area and active.round.area(given.area) is None:
        form.wrong("area", T("field.choose"))
    if given.theme and active.round.theme(given.theme) is None:
        form.wrong("theme", T("field.choose"))
    if given.reach == "call" and not given.phone:
        form.wrong("phone", T("enter.no_phone"))


async def _photo(visit: Visit, form: Form[PlanForm]) -> NewPhoto | None:
    """The photo, upright and without what the camera wrote into it, in the store; if any."""
    data = await form.ok.photo.read() if form.ok.photo else b""
    if not data:
        return None
    try:
        clean = await run_in_threadpool(visit.deps.clean_photo, data)
    except ValueError:
        form.wrong("photo", T("enter.no_photo"))
        return None
    name = await run_in_threadpool(visit.deps.store.put, clean.data, ".jpg")
    return NewPhoto(
        person_id=None, inbox_id=None, name=name, mime="image/jpeg",
        bytes=len(clean.data), width=clean.width, height=clean.height,
    )  # fmt: skip


def _plan(active: ActiveRound, given: PlanForm) -> NewPlan:
    found = active.round.area_of_address(given.address)
    return NewPlan(
        initiator=None,
        title=given.title or propose_title(given.text, given.language),
        text=given.text,
        language=given.language,
        area=given.area or (found.id if found else None),
        theme=given.theme,
        address=given.address,
        cost=given.cost,
        who=given.who,
        may_call=given.reach == "call",
        phone=given.phone if given.reach == "call" else "",
        channel=entered.CHANNEL,
    )


def _add(conn: Connection, at: At, new: NewPlan, photo: NewPhoto | None, form: str) -> int:
    row, is_new = entered.plan(conn, at, new, form)
    line = entered.line(conn, at.round_id, row)
    if photo and is_new and line:
        photos.add(conn, photo, at.now_ms, plan_id=line.plan_id)
    return row


# --- a sheet of supports


async def show_sheet(visit: Visit) -> Response:
    active = await visit.round()
    name = "".join(secrets.choice(_LETTERS) for _ in range(2)) + f"-{secrets.randbelow(1000):03}"
    return _sheet_page(visit, active, Form[SheetForm]({"sheet": name}))


async def count(visit: Visit) -> Response:
    active = await visit.round()
    form = visit.form(SheetForm)
    row = None if form.bad else await _count(visit, active, form)
    if row is None:
        return _sheet_page(visit, active, form, 422)
    return visit.go("enter.receipt", T("enter.counted"), id=row)


def _sheet_page(
    visit: Visit, active: ActiveRound, form: Form[SheetForm], status: int = 200
) -> Response:
    when = _permission(visit, active, Doing.SUPPORT)
    return visit.page("enter_sheet.html", status, form=form, when=when, most=MOST_LINES)


async def _count(visit: Visit, active: ActiveRound, form: Form[SheetForm]) -> int | None:
    """The row of the sheet's first line; None when it cannot be counted, which the form says."""
    if not _may(_permission(visit, active, Doing.SUPPORT)):
        form.wrong("number", T("enter.not_yet"))
        return None
    find = partial(plans.by_number, round_id=active.id, number=form.ok.number)
    plan = await visit.read(find)
    if plan is None:
        form.wrong("number", T("enter.no_plan"))
        return None
    name, at = form.ok.sheet, _at(visit, active)
    work = partial(entered.sheet, at=at, plan_id=plan.id, name=name, lines=form.ok.lines)
    try:
        await visit.change("enter.support", plan.id, work)
    except entered.SheetTaken as taken:
        form.wrong("sheet", T("enter.sheet_taken"), number=taken.number)
        return None
    except entered.SupportClosed:
        form.wrong("number", T("enter.support_closed"))
        return None
    lines = await visit.read(partial(entered.of_sheet, round_id=active.id, name=name))
    return lines[0].id


# --- the receipt


async def receipt(visit: Visit) -> Response:
    """The codes, to be printed or read aloud; they can be shown again until they are used."""
    active = await visit.round()
    first = await _line(visit, active)
    lines = await visit.read(partial(entered.of_sheet, round_id=active.id, name=first.sheet))
    visit.saw("entered", first.plan_id)
    now = visit.deps.clock()
    return visit.page(
        "enter_receipt.html",
        first=first,
        lines=[(line, _code(visit, active, line)) for line in lines],
        is_plan=first.kind == entered.PLAN,
        how=await _how(visit, active, first),
        old=any(line.linked_at is None and line.expires_at <= now for line in lines),
        used=sum(line.linked_at is not None for line in lines),
    )


async def renew(visit: Visit) -> Response:
    active = await visit.round()
    first = await _line(visit, active)
    now = visit.deps.clock()
    work = partial(entered.renew, round_id=active.id, name=first.sheet, now_ms=now)
    await visit.change("enter.renew", first.plan_id, work)
    return visit.go("enter.receipt", T("enter.renewed"), id=first.id)


async def _line(visit: Visit, active: ActiveRound) -> Line:
    find = partial(entered.line, round_id=active.id, row_id=visit.number("id"))
    found = await visit.read(find)
    if found is None:
        raise visit.missing()
    return found


def _code(visit: Visit, active: ActiveRound, line: Line) -> str:
    """The code as it is read aloud; "" when it was used."""
    if line.linked_at is not None:
        return ""
    return in_fours(entered.code_of(visit.deps.codes, active.round.id, line))


async def _how(visit: Visit, active: ActiveRound, first: Line) -> dict[str, str]:
    """What to do with the code, in the round's languages, that of the plan first."""
    plan = await visit.read(partial(plans.by_id, plan_id=first.plan_id))
    own = plan.language if plan and first.kind == entered.PLAN else ""
    languages = sorted(active.round.languages, key=lambda code: code != own)
    return {code: visit.deps.say("link.on_paper", code) for code in languages}


def _at(visit: Visit, active: ActiveRound) -> At:
    return At(active.id, active.round.id, visit.deps.codes, visit.deps.clock())


def _permission(visit: Visit, active: ActiveRound, act: Doing) -> Permission:
    """Whether residents may do this now."""
    day = today(from_ms(visit.deps.clock()))
    round_ = active.round
    return round_.allows(act, round_.day_in(active.phase, day) if active.phase else day)


def _may(when: Permission) -> bool:
    """Paper counts by the day on which it was written: it may be entered when the phase is over."""
    return when.allowed or (when.opens is None and when.closes is not None)


ROUTES = [
    View("enter", "/enter", show, COORDINATORS, nav=True),
    Act("enter.plan", "/enter", add, COORDINATORS, most_bytes=MOST_BYTES, files=1),
    View("enter.sheet", "/enter/sheet", show_sheet, COORDINATORS),
    Act("enter.support", "/enter/sheet", count, COORDINATORS),
    View("enter.receipt", "/enter/{id:int}", receipt, COORDINATORS),
    Act("enter.renew", "/enter/{id:int}/renew", renew, COORDINATORS),
]
