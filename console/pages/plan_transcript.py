"""A recording beside what was said in it, to be put right while listening."""

from __future__ import annotations

from functools import partial

from pydantic import BaseModel, Field
from starlette.responses import Response

from console.forms import Form
from console.on_plan import OnPlan, on_plan
from console.roles import COORDINATORS
from console.routes import Act, View
from console.texts import T
from console.visit import Visit
from storage import recordings, transcripts
from storage.recordings import Recording
from storage.transcripts import Version


class Words(BaseModel):
    """`before` is what the page showed: somebody else may have been at it meanwhile."""

    text: str = Field(max_length=20_000)
    before: str = Field(default="", max_length=20_000)


async def show(visit: Visit) -> Response:
    on, recording, versions = await _recording(visit)
    form = Form[Words]({"text": recording.transcript or ""})
    return visit.page(
        "plan_transcript.html", on=on, recording=recording, versions=versions, form=form
    )


async def save(visit: Visit) -> Response:
    on, recording, versions = await _recording(visit)
    form = visit.form(Words)
    if form.model and _lines(form.model.before) != _lines(recording.transcript or ""):
        form.wrong("text", T("transcript.changed_meanwhile"))
    if form.bad:
        return visit.again(
            "plan_transcript.html", on=on, recording=recording, versions=versions, form=form
        )
    work = partial(
        transcripts.correct,
        recording_id=recording.id,
        text=_lines(form.ok.text),
        actor=visit.me.name,
        now_ms=visit.deps.clock(),
    )
    done = await visit.change("transcript.correct", recording.id, work)
    if done.changed and not done.in_plan:
        visit.say(T("transcript.not_in_plan"), "bad")
    return visit.go(
        "plan",
        T("transcript.saved") if done.changed else T("transcript.same"),
        number=on.plan.number,
    )


def _lines(text: str) -> str:
    """A form brings back every line with two signs at its end."""
    return text.replace("\r\n", "\n").strip()


async def _recording(visit: Visit) -> tuple[OnPlan, Recording, list[Version]]:
    on = await on_plan(visit)
    found = await visit.read(partial(recordings.get, recording_id=visit.number("id")))
    if found is None or found.plan_id != on.plan.id:
        raise visit.missing()
    versions = await visit.read(partial(transcripts.of_plan, plan_id=on.plan.id))
    return on, found, versions.get(found.id, [])


PATH = "/plans/{number:int}/recordings/{id:int}"
ROUTES = [
    View("plan.transcript", PATH, show, COORDINATORS),
    Act("plan.correct", PATH, save, COORDINATORS),
]
