"""Work that failed so often that the program gave it up: what it was, and what to do about it."""

from __future__ import annotations

from functools import partial
from typing import Literal

from pydantic import BaseModel
from starlette.responses import Response

from console.roles import COORDINATORS
from console.routes import Act, View
from console.texts import T
from console.visit import Visit

MOST = 100  # more than these tell nothing new
# What a job is in plain words: `stuck.task.<task>`; the rest is `other`.
TASKS = (
    "deliver", "take_in", "speak", "remove", "campaign", "tell_plan", "export", "translate_plan",
    "translate_reason",
)  # fmt: skip
# What the class of an error means for who has to do something; the rest is `other`.
WHY = {
    "crashed": "crashed",
    "TimeoutError": "slow",
    "ChannelError": "channel",
    "ConnectError": "channel",
    "OperationalError": "database",
    "InterfaceError": "database",
    "DBAPIError": "database",
    "OSError": "disk",
    "FileNotFoundError": "disk",
    "PermissionError": "disk",
}


class Do(BaseModel):
    """What is to be done about one of them."""

    id: int
    what: Literal["again", "remove"]


async def show(visit: Visit) -> Response:
    found = await visit.read(lambda conn: visit.deps.jobs.dead(conn, MOST))
    return visit.page("stuck.html", found=found, tasks=TASKS, why=WHY, most=MOST)


async def act(visit: Visit) -> Response:
    form = visit.form(Do)
    if form.bad or not 0 <= form.ok.id < 2**62:
        raise visit.missing()
    work = visit.deps.jobs.revive if form.ok.what == "again" else visit.deps.jobs.bury
    kind = f"stuck.{form.ok.what}"
    done = await visit.change(kind, form.ok.id, partial(work, id=form.ok.id))
    return visit.go("stuck", T("stuck.gone") if not done else f"stuck.did.{form.ok.what}")


ROUTES = [
    View("stuck", "/stuck", show, COORDINATORS),
    Act("stuck.act", "/stuck", act, COORDINATORS),
]
