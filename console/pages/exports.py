"""Exports: those that were made, one made now, and the municipality's decisions back."""

from __future__ import annotations

from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import Response

from admin_export import decisions
from admin_export.decisions import Decisions, DecisionsError, Diff
from admin_export.destinations import Destination, DestinationError, Why
from admin_export.sheets import SheetError
from console import carrying
from console.forms import Filters, Form, Paging
from console.roles import COORDINATORS, Role
from console.routes import Act, View
from console.texts import T
from console.visit import Visit
from storage import exports_made
from storage.exports_made import State

WATCHERS = frozenset({Role.COORDINATOR, Role.AUDITOR})
SHOWN = 10  # exports on a page
MOST_FILE = 5_000_000  # bytes of a file with decisions
TASK = "export"  # as in runtime.weekly_export


class ExportFilters(Filters):
    """What the address of the page may ask for."""


class Upload(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    file: UploadFile


class Agreed(BaseModel):
    """The file as it was carried along, and what was shown of it."""

    carried: str
    shown: str


async def show(visit: Visit) -> Response:
    return await _shown(visit, Form())


async def _shown(visit: Visit, form: Form[Any], status: int = 200) -> Response:
    active = await visit.round()
    page = visit.filters(ExportFilters).page
    offset = Paging.offset(page, SHOWN)
    find = partial(exports_made.page, round_id=active.id, offset=offset, limit=SHOWN)
    found, total = await visit.read(find)
    return visit.page(
        "exports.html",
        status,
        form=form,
        exports=found,
        paging=Paging(page, total, SHOWN),
        busy=any(each.state in (State.WANTED, State.RUNNING) for each in found),
        known=frozenset(Why),
    )


async def make(visit: Visit) -> Response:
    """Wants an export of the round as it is now; a worker makes it."""
    active = await visit.round()
    now, me = visit.deps.clock(), visit.me.id

    def ask(conn: Connection) -> int:
        wanted = exports_made.ask(conn, active.id, now, asked_by=me)
        visit.deps.enqueue(conn, TASK, wanted, f"{TASK}:{wanted}")
        return wanted

    await visit.change("export.make", None, ask)
    return visit.go("exports", T("exports.asked"))


async def download(visit: Visit) -> Response:
    export_id, name = visit.number("id"), str(visit.request.path_params["file"])
    export = await visit.read(partial(exports_made.by_id, export_id=export_id))
    if export is None or export.state is not State.DONE or export.file(name) is None:
        raise visit.missing()
    try:
        read = Destination(visit.deps.export_url).read
        content = await run_in_threadpool(read, export.folder, name)
    except (DestinationError, OSError):
        visit.say(T("exports.not_there"), "bad")
        return visit.go("exports")
    visit.saw("export", export_id)
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in name)
    headers = {"Content-Disposition": f'attachment; filename="{plain}"'}
    return Response(content, headers=headers, media_type="application/octet-stream")


# --- decisions, back from the municipality


async def upload(visit: Visit) -> Response:
    """Shows what a file would change; nothing changes yet."""
    form = visit.form(Upload)
    if form.bad:
        return await _shown(visit, form, 422)
    content = await form.ok.file.read()
    read = await _read(form, content)
    if read is None:
        return await _shown(visit, form, 422)
    return await _look(visit, read, carrying.packed(content))


async def _read(form: Form[Any], content: bytes) -> Decisions | None:
    """The file taken apart; None, with what is wrong in the form."""
    try:
        return await run_in_threadpool(decisions.read, content)
    except SheetError:
        form.wrong("file", T("exports.no_sheet"))
        return None


async def _look(visit: Visit, read: Decisions, carried: str, changed: bool = False) -> Response:
    active = await visit.round()
    found = await visit.read(partial(decisions.diff, round_id=active.id, decisions=read))
    return visit.page(
        "decisions.html",
        422 if found.faults or changed else 200,
        diff=found,
        carried=carried if len(carried) <= carrying.MOST else "",
        shown=_mark(found),
        changed=changed,
    )


def _mark(found: Diff) -> str:
    """Tells one difference from another, so that what is applied is what was shown."""
    return carrying.digest(repr(found.changes).encode())


async def apply(visit: Visit) -> Response:
    """Applies what was shown; if something changed meanwhile it is shown again instead."""
    form, active = visit.form(Agreed), await visit.round()
    content = None if form.bad else carrying.unpacked(form.ok.carried, MOST_FILE)
    read = await _read(form, content) if content is not None else None
    if read is None:
        visit.say(T("exports.again"), "bad")
        return visit.go("exports")
    found = await visit.read(partial(decisions.diff, round_id=active.id, decisions=read))
    if found.faults or _mark(found) != form.ok.shown:
        return await _look(visit, read, form.ok.carried, changed=True)
    work = partial(
        decisions.apply,
        round_id=active.id,
        decisions=read,
        user_id=visit.me.id,
        now_ms=visit.deps.clock(),
    )
    try:
        await visit.change("decisions.apply", None, work)
    except DecisionsError:
        return await _look(visit, read, form.ok.carried, changed=True)
    return visit.go("exports", T("exports.applied"))


ROUTES = [
    View("exports", "/exports", show, WATCHERS, nav=True),
    Act("exports.make", "/exports", make, COORDINATORS),
    View("exports.file", "/exports/{id:int}/{file:path}", download, COORDINATORS),
    Act("exports.upload", "/decisions", upload, COORDINATORS, most_bytes=MOST_FILE, files=1),
    Act("exports.apply", "/decisions/apply", apply, COORDINATORS, most_bytes=MOST_FILE),
]
