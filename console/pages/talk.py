"""One conversation with a resident, and answering in the bot's place."""

from __future__ import annotations

from functools import partial
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import Connection
from starlette.responses import Response

from console.desk import Desk
from console.forms import Filters, Form, Paging
from console.roles import COORDINATORS
from console.routes import Act, View
from console.texts import T
from console.visit import Visit
from storage import takeovers, talks
from storage.talks import Line

LINES = 50  # on a page


class TalkFilters(Filters):
    """What the address of the page may ask for."""


class Taking(BaseModel):
    """`instead_of`: the user whom the page said has the conversation."""

    name: str = Field(default="", max_length=40)
    instead_of: int | None = None


class Writing(BaseModel):
    words: str = Field(max_length=1500)


async def show(visit: Visit) -> Response:
    return await _shown(visit, Form())


async def _shown(visit: Visit, form: Form[Any], status: int = 200) -> Response:
    person_id, page = visit.number("id"), visit.filters(TalkFilters).page
    found = await visit.read(lambda conn: _found(conn, person_id, page))
    who = found["who"]
    if who is None:
        raise visit.missing()
    visit.saw("talk", person_id)
    has_it = found["takeover"]
    closed = visit.deps.desk is not None and visit.deps.desk.is_closed(who.channel, who.last_in_at)
    mine = has_it is not None and has_it.user_id == visit.me.id
    return visit.page("talk.html", status, form=form, closed=closed, mine=mine, **found)


def _found(conn: Connection, person_id: int, page: int) -> dict[str, Any]:
    lines, total = talks.lines(conn, person_id, Paging.offset(page, LINES), LINES)
    return {
        "who": talks.contact(conn, person_id),
        "lines": together(lines),
        "paging": Paging(page, total, LINES),
        "takeover": takeovers.of_person(conn, person_id),
    }


def together(lines: list[Line]) -> list[Line]:
    """The same lines, but of what is hidden one after the other only the first: how many there
    were, and when, would say something about a vote."""
    return [
        line
        for before, line in zip([None, *lines], lines, strict=False)
        if not (before and before.hidden and line.hidden)
    ]


async def take(visit: Visit) -> Response:
    form = visit.form(Taking)
    if form.bad:
        return await _shown(visit, form, 422)
    person_id = visit.number("id")
    begin = partial(
        _desk(visit).begin,
        person_id=person_id,
        user_id=visit.me.id,
        name=" ".join(form.ok.name.split()),
        instead_of=form.ok.instead_of,
    )
    if not await visit.change("talk.take", person_id, begin):
        visit.say(T("talk.somebody_first"), "bad")
        return _back(visit, person_id)
    return _back(visit, person_id, T("talk.taken"))


async def write(visit: Visit) -> Response:
    form = visit.form(Writing)
    if form.bad:
        return await _shown(visit, form, 422)
    person_id, words = visit.number("id"), form.ok.words.strip()
    send = partial(_desk(visit).write, person_id=person_id, user_id=visit.me.id, words=words)
    if not await visit.change("talk.write", person_id, send):
        form.wrong("words", T("talk.not_yours"))
        return await _shown(visit, form, 422)
    return _back(visit, person_id, T("talk.written"))


async def hand_back(visit: Visit) -> Response:
    person_id = visit.number("id")
    if not await visit.change(
        "talk.back", person_id, partial(_desk(visit).end, person_id=person_id)
    ):
        return _back(visit, person_id, T("talk.is_back_already"))
    return _back(visit, person_id, T("talk.is_back"))


def _desk(visit: Visit) -> Desk:
    if visit.deps.desk is None:
        raise visit.missing()
    return visit.deps.desk


def _back(visit: Visit, person_id: int, say: str = "") -> Response:
    answer = visit.go("help.talk", say, id=person_id)
    answer.headers["location"] += "#latest"
    return answer


ROUTES = [
    View("help.talk", "/help/people/{id:int}", show, COORDINATORS),
    Act("help.take", "/help/people/{id:int}/take", take, COORDINATORS),
    Act("help.write", "/help/people/{id:int}/write", write, COORDINATORS),
    Act("help.back", "/help/people/{id:int}/back", hand_back, COORDINATORS),
]
