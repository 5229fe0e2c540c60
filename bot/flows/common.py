"""What several flows need to say or to know."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from bot import understand
from bot.prompts import Choice, Counted, Label, Scene, Text
from civic.rounds import Act, Localised, Permission
from civic.worktime import answer_by

YES_NO = (
    Choice("yes", Text("common.yes.label"), "yes"),
    Choice("no", Text("common.no.label"), "no"),
)


def permission(scene: Scene, act: Act) -> Permission:
    """Whether an act is possible now; without a round nothing is."""
    round_ = scene.world.round
    return round_.allows(act, scene.world.round_day) if round_ else Permission(False)


def vote_permission(scene: Scene) -> Permission:
    """Whether one can vote now. Where a residents' platform decides everywhere, never."""
    round_ = scene.world.round
    votes = round_ is not None and any(area.votes for area in round_.areas)
    return permission(scene, Act.VOTE) if votes else Permission(False)


def wants_to_submit(scene: Scene) -> bool:
    return permission(scene, Act.SUBMIT_PLAN).allowed


def yes_or_no(text: str) -> str | None:
    """ID of YES_NO that a text means, for questions with other answers than these."""
    return understand.choose(text, YES_NO)


def how_to_tell(scene: Scene) -> Text:
    """How somebody tells something here: nobody is asked for what their phone cannot do."""
    if "voice" not in scene.world.ways:
        return Text("how.type")
    return Text("how.tell") if "text" in scene.world.ways else Text("how.say")


def retention_text(scene: Scene) -> Text:
    round_ = scene.world.round
    if round_ is None:
        return Text("keeper.unknown")
    keeper = round_.keeper
    return Text(
        "keeper.known",
        who=keeper.name,
        contact=keeper.contact,
        recordings=Counted("count.months", keeper.months_recordings),
        plans=Counted("count.months", keeper.months_plans),
    )


def theme_label(scene: Scene, theme_id: str) -> Label:
    """A theme's picture sign and name; its id when the round no longer has it."""
    round_ = scene.world.round
    theme = round_.theme(theme_id) if round_ else None
    if theme is None:
        return theme_id
    return Localised({code: theme.label(code) for code in theme.name.texts})


def area_label(scene: Scene, area_id: str) -> Label:
    round_ = scene.world.round
    area = round_.area(area_id) if round_ else None
    return area.name if area else area_id


def answered_by(scene: Scene) -> date:
    """The day by which somebody answers a request for help."""
    round_ = scene.world.round
    return answer_by(scene.world.today, round_.help.answer_within_days if round_ else 2)


def reason(told: Mapping[str, Any]) -> tuple[Text, ...]:
    """Why a plan is in its status, and what is to be known of the words; () without a reason."""
    words = str(told.get("reason") or "")
    if not words:
        return ()
    notes = {"machine": (Text("life.machine"),), "dutch": (Text("life.dutch"),)}
    return (Text("life.why", reason=words), *notes.get(str(told.get("note")), ()))


def status_label(status: str) -> Text:
    return Text(f"status.{status}")
