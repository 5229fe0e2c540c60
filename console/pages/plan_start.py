"""Chosen plans on their way: the official to turn to, what is to be done first, a word."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import Connection
from starlette.responses import Response

from civic.alarms import SILENCE, ms
from civic.worktime import waking_hour
from console.forms import Filters, Form, Paging
from console.on_plan import OnPlan, on_plan
from console.preview import Tidings
from console.roles import COORDINATORS, EVERYONE
from console.routes import Act, View
from console.texts import T
from console.visit import Visit
from storage import plan_life, started, starting, supports
from storage.starting import Contact, Who
from storage.times import from_ms, to_ms

_EMAIL = r"[^@\s]+@[^@\s]+\.[^@\s]+"


class StartFilters(Filters):
    """What the address of the page may ask for."""

    only: Literal["all", "overdue", "no_contact"] = "all"


class ContactForm(BaseModel):
    name: str = Field(max_length=200)
    phone: str = Field(default="", max_length=40, pattern=r"^[+\d][\d\s()-]{5,}$|^$")
    email: str = Field(default="", max_length=200, pattern=f"^({_EMAIL})?$")


class ItemForm(BaseModel):
    who: Who
    what: str = Field(max_length=500)


class WordForm(BaseModel):
    """`seen`: the mark of what was shown as what people will get."""

    everyone: bool = False
    seen: str = ""


async def overview(visit: Visit) -> Response:
    active, filters = await visit.round(), visit.filters(StartFilters)
    found = await visit.read(partial(started.of_round, round_id=active.id))
    now = visit.deps.clock()
    late = [each for each in found if is_overdue(each, now)]
    alone = [each for each in found if each.status != "done" and not each.contact]
    shown = {"all": found, "overdue": late, "no_contact": alone}[filters.only]
    paging = Paging(filters.page, len(shown))
    return visit.page(
        "starts.html",
        filters=filters,
        plans=shown[Paging.offset(filters.page) :][: paging.size],
        counts={"all": len(found), "overdue": len(late), "no_contact": len(alone)},
        late={each.id for each in late},
        paging=paging,
    )


def is_overdue(plan: started.Started, now: int) -> bool:
    """Whether its initiator has heard nothing for three weeks."""
    return plan.status != "done" and now - plan.word_at > ms(SILENCE)


# --- one plan


async def _started(visit: Visit) -> OnPlan:
    on = await on_plan(visit)
    if on.status not in started.STATUSES:
        raise visit.missing()
    return on


async def show_contact(visit: Visit) -> Response:
    on = await _started(visit)
    known = await visit.read(partial(starting.contact_of, plan_id=on.plan.id))
    values = {} if known is None else {name: getattr(known, name) for name in Contact.__slots__}
    return visit.page("plan_contact.html", on=on, form=Form[ContactForm](values))


async def set_contact(visit: Visit) -> Response:
    on = await _started(visit)
    form = visit.form(ContactForm)
    if form.bad:
        return visit.again("plan_contact.html", on=on, form=form)
    given = form.ok
    contact = Contact(given.name.strip(), given.phone.strip(), given.email.strip())
    work = partial(
        starting.set_contact, plan_id=on.plan.id, contact=contact, now_ms=visit.deps.clock()
    )
    await visit.change("plan.contact", on.plan.id, work)
    return visit.go("plan", T("start.contact_set"), number=on.plan.number)


async def show_items(visit: Visit) -> Response:
    return await _items(visit, await _started(visit), Form())


async def _items(visit: Visit, on: OnPlan, form: Form[ItemForm], status: int = 200) -> Response:
    items = await visit.read(partial(starting.checklist, plan_id=on.plan.id))
    return visit.page("plan_checklist.html", status, on=on, items=items, form=form, sides=list(Who))


async def add_item(visit: Visit) -> Response:
    on = await _started(visit)
    form = visit.form(ItemForm)
    if form.bad:
        return await _items(visit, on, form, 422)
    work = partial(
        starting.add_item,
        plan_id=on.plan.id,
        who=form.ok.who,
        what=form.ok.what.strip(),
        now_ms=visit.deps.clock(),
    )
    await visit.change("plan.item", on.plan.id, work)
    return visit.go("plan.checklist", number=on.plan.number)


async def change_item(visit: Visit) -> Response:
    """Ticks an item, takes the tick away, or removes the item."""
    on = await _started(visit)
    item_id, wish = visit.number("item"), str(visit.posted.get("wish", ""))
    items = await visit.read(partial(starting.checklist, plan_id=on.plan.id))
    if item_id not in {item.id for item in items}:
        raise visit.missing()
    now = visit.deps.clock()

    def work(conn: Connection) -> None:
        if wish == "remove":
            starting.remove_item(conn, item_id)
        else:
            starting.set_done(conn, item_id, now if wish == "done" else None)

    await visit.change("plan.item", on.plan.id, work)
    return visit.go("plan.checklist", number=on.plan.number)


# --- a word to people


async def show_word(visit: Visit) -> Response:
    on = await on_plan(visit)
    return await _word(visit, on, Form({"everyone": True}))


async def send_word(visit: Visit) -> Response:
    on = await on_plan(visit)
    form, words = _read_word(visit, on)
    if form.bad:
        return await _word(visit, on, form, status=422)
    if form.ok.seen != _mark(visit, on, words, everyone=form.ok.everyone):
        return await _word(visit, on, form, words)
    work = partial(
        plan_life.say,
        plan_id=on.plan.id,
        words=words,
        now_ms=visit.deps.clock(),
        everyone=form.ok.everyone,
    )
    await visit.change("plan.word", on.plan.id, work)
    return visit.go("plan", T("word.sent"), number=on.plan.number)


def _read_word(visit: Visit, on: OnPlan) -> tuple[Form[WordForm], dict[str, str]]:
    """The form, with the words by language; a field for each language of the round."""
    form = visit.form(WordForm)
    typed = {code: str(visit.posted.get(f"in-{code}", "")) for code in languages(on)}
    form.values = {**form.values, **{f"in-{code}": text for code, text in typed.items()}}
    words = {code: text.replace("\r\n", "\n").strip() for code, text in typed.items()}
    if not words["nl"]:
        form.wrong("in-nl", T("field.missing"))
    for code, text in words.items():
        if len(text) > 1000:
            form.wrong(f"in-{code}", T("field.string_too_long"), max_length=1000)
    return form, {code: text for code, text in words.items() if text}


def languages(on: OnPlan) -> list[str]:
    """Those in which a word may be written: Dutch, the initiator's, then the others."""
    return list(dict.fromkeys((*on.languages, *on.round.languages)))


def _mark(visit: Visit, on: OnPlan, words: dict[str, str], *, everyone: bool) -> str:
    return visit.keys.mac("word", on.plan.id, sorted(words.items()), everyone)[:32]


async def _word(
    visit: Visit,
    on: OnPlan,
    form: Form[WordForm],
    words: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    """The form; with `words` what people will get, to be looked at before it goes."""
    followers = await visit.read(partial(supports.followers, plan_id=on.plan.id))
    shown: list[tuple[bool, str, str]] = []
    if words:
        news = Tidings("word", on.plan, on.round, words, titles=on.titles)
        everyone = bool(form.values.get("everyone")) and followers > 0
        own = [] if on.plan.initiator is None else [(True, on.reads)]
        wanted = [*own, *((False, code) for code in words if everyone)]
        shown = [(mine, code, visit.deps.preview(news, code, mine)) for mine, code in wanted]
    context: dict[str, Any] = {
        "codes": languages(on),
        "followers": followers,
        "at": to_ms(waking_hour(from_ms(visit.deps.clock()))),
        "shown": shown,
        "mark": _mark(visit, on, words, everyone=form.ok.everyone) if words else "",
    }
    return visit.page("plan_word.html", status, on=on, form=form, **context)


PLAN = "/plans/{number:int}"
ROUTES = [
    View("starts", "/starts", overview, EVERYONE, nav=True),
    View("plan.contact", f"{PLAN}/contact", show_contact, COORDINATORS),
    Act("plan.set_contact", f"{PLAN}/contact", set_contact, COORDINATORS),
    View("plan.checklist", f"{PLAN}/checklist", show_items, COORDINATORS),
    Act("plan.add_item", f"{PLAN}/checklist", add_item, COORDINATORS),
    Act("plan.change_item", f"{PLAN}/checklist/{{item:int}}", change_item, COORDINATORS),
    View("plan.word", f"{PLAN}/word", show_word, COORDINATORS),
    Act("plan.send_word", f"{PLAN}/word", send_word, COORDINATORS),
]
