"""Sending in a plan: one question at a time, any answer can be changed, nothing twice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bot.flows.common import area_label, permission, theme_label, wants_to_submit
from bot.flows.draft import (
    MOST_PHOTOS,
    draft,
    kept,
    onward,
    parts_of,
    shortened,
    text_of,
    the_round,
    told,
)
from bot.flows.menu import permission_text
from bot.prompts import (
    Answer,
    Ask,
    Choice,
    Choose,
    Command,
    Do,
    Go,
    Label,
    Outcome,
    Param,
    Scene,
    Text,
)
from civic.plans import TITLE_MOST, propose_title
from civic.rounds import Act

FEW_WORDS = 3  # less than this tells too little to be a plan
MOST_PARTS = 20
MOST_LETTERS = 5000  # what the municipality's platform takes as a description


# --- before the first question ------------------------------------------------------------


def start(scene: Scene) -> Do:
    """How many plans this person has sent in, before the rule about it is told."""
    return Do(Command("count_plans"), _counted)


def _counted(scene: Scene, outcome: Outcome) -> Go:
    if not wants_to_submit(scene):
        now = permission_text(permission(scene, Act.SUBMIT_PLAN))
        return Go("menu.menu", say=(now,), fresh=True)
    most = the_round(scene).rules.plans_to_send_in
    sent = int(outcome.data.get("count", 0))
    if most is not None and sent >= most:
        return Go("menu.menu", say=(Text("submit_plan.enough", most=most),), fresh=True)
    rule = () if most is None else (Text("submit_plan.rule", most=most, sent=sent),)
    if draft(scene).get("parts"):
        return Go("idea_check", say=rule)
    return Go("idea", say=rule, keep={"draft": {}})


def resume(scene: Scene) -> Choose:
    """A plan was begun earlier: go on with it, or begin again."""
    return Choose(
        Text("submit_plan.resume", so_far=told(scene)),
        (
            Choice("go_on", Text("submit_plan.go_on.label"), "yes"),
            Choice("new", Text("submit_plan.new.label"), "new"),
        ),
        _resumed,
    )


def _resumed(scene: Scene, answer: Answer) -> Go:
    return Go("start", keep={} if answer.choice == "go_on" else {"draft": None})


def is_it_a_plan(scene: Scene) -> Choose:
    """Somebody began by telling something: is that a plan?"""
    first = scene.answers.get("first") or {}
    return Choose(
        Text("submit_plan.is_it_a_plan", heard=shortened(str(first.get("text", "")))),
        (
            Choice("yes", Text("common.yes.label"), "yes"),
            Choice("no", Text("common.no.label"), "no"),
        ),
        _is_a_plan,
    )


def _is_a_plan(scene: Scene, answer: Answer) -> Go:
    first = scene.answers.get("first")
    if answer.choice == "no" or not isinstance(first, dict):
        return Go("menu.menu", keep={"first": None}, fresh=True)
    begun = draft(scene)
    return Go("start", keep={"first": None, "draft": {**begun, "parts": [*parts_of(scene), first]}})


# --- the idea --------------------------------------------------------------------------------


def idea(scene: Scene) -> Ask:
    return Ask(
        Text("submit_plan.idea"),
        _idea_told,
        accepts=("text", "voice", "photo"),
        easier=Text("submit_plan.idea.easier"),
    )


def _idea_told(scene: Scene, answer: Answer) -> Go:
    grown = _with_part(scene, answer)
    if grown is None:
        return Go("idea_check", say=(Text("submit_plan.long_enough"),))
    if answer.kind == "photo" and not answer.text:
        return Go("idea", keep=grown, say=(Text("submit_plan.photo_kept"),))
    words = sum(len(str(part["text"]).split()) for part in grown["draft"]["parts"])
    if words < FEW_WORDS and answer.media is None:
        return Go("idea", keep=grown, say=(Text("submit_plan.tell_more"),))
    return Go("idea_check", keep=grown, say=_unsure(answer))


def _with_part(scene: Scene, answer: Answer) -> dict[str, Any] | None:
    """The answers with one more part of the idea; None when there is no room for it."""
    parts, photos = parts_of(scene), list(draft(scene).get("photos") or ())
    if answer.kind == "photo" and answer.media is not None:
        photos = [*photos, answer.media][:MOST_PHOTOS]
    if answer.text or answer.kind == "voice":
        recording = answer.media if answer.kind == "voice" else None
        unsure = {"unsure": True} if answer.verdict == "unsure" else {}
        parts = [*parts, {"text": answer.text, "recording": recording, **unsure}]
    if len(parts) > MOST_PARTS or sum(len(str(p["text"])) for p in parts) > MOST_LETTERS:
        return None
    return kept(scene, parts=parts, **({"photos": photos} if photos else {}))


def _unsure(answer: Answer) -> tuple[Text, ...]:
    return (Text("submit_plan.unsure"),) if answer.verdict == "unsure" else ()


def idea_check(scene: Scene) -> Ask:
    """What we heard or read, back to the one who told it. More may follow at once."""
    return Ask(
        Text("submit_plan.idea_check", so_far=told(scene)),
        _idea_checked,
        accepts=("text", "voice", "photo"),
        choices=_after_hearing(scene),
        easier=Text("submit_plan.idea_check.easier", so_far=told(scene)),
    )


def _after_hearing(scene: Scene) -> tuple[Choice, ...]:
    """Whom the machine does not understand well is offered a person's ear as well."""
    choices = (
        Choice("right", Text("submit_plan.right.label"), "yes"),
        Choice("again", Text("submit_plan.again.label"), "again"),
        Choice("type", Text("submit_plan.type.label"), "type"),
    )
    unsure = any(part.get("unsure") for part in parts_of(scene))
    person = Choice("person", Text("submit_plan.person.label"), "person")
    return (*choices, person) if unsure else choices


def _idea_checked(scene: Scene, answer: Answer) -> Go:
    if answer.choice == "right":
        return onward(scene)
    if answer.choice == "person":
        return onward(scene, listen=True)
    if answer.choice in ("again", "type"):
        # The recordings stay: a person may still want to hear them.
        heard = [
            {"text": "", "recording": p["recording"]} for p in parts_of(scene) if p.get("recording")
        ]
        return Go(
            "idea_again" if answer.choice == "again" else "idea_typed",
            keep=kept(scene, parts=heard),
        )
    if answer.kind == "text" and len(answer.text.split()) < FEW_WORDS:
        return Go("idea_check", missed=True)
    return _idea_told(scene, answer)


def idea_again(scene: Scene) -> Ask:
    return Ask(Text("submit_plan.idea_again"), _idea_told, accepts=("text", "voice", "photo"))


def idea_typed(scene: Scene) -> Ask:
    return Ask(Text("submit_plan.idea_typed"), _idea_told, accepts=("text", "voice", "photo"))


# --- a short name, a theme ---------------------------------------------------------------------


def title(scene: Scene) -> Ask:
    """A short name is proposed; a text or voice note instead is the name."""
    return Ask(
        Text("submit_plan.title", title=_proposed(scene)),
        _titled,
        accepts=("text", "voice"),
        choices=(
            Choice("good", Text("submit_plan.title_good.label"), "yes"),
            Choice("other", Text("submit_plan.title_other.label"), "no"),
        ),
    )


def _proposed(scene: Scene) -> str:
    return propose_title(text_of(scene), scene.language)


def _titled(scene: Scene, answer: Answer) -> Go:
    if answer.choice == "other":
        return Go("title_new")
    if answer.choice == "good":
        return onward(scene, title=_proposed(scene))
    return _new_title(scene, answer)


def title_new(scene: Scene) -> Ask:
    return Ask(
        Text("submit_plan.title_new", most=TITLE_MOST), _new_title, accepts=("text", "voice")
    )


def _new_title(scene: Scene, answer: Answer) -> Go:
    name = " ".join(answer.text.split()).strip(" .")
    if not name:
        return Go("title_new", missed=True)
    if len(name) > TITLE_MOST:
        return Go("title_new", say=(Text("submit_plan.title_long", most=TITLE_MOST),))
    return onward(scene, title=name)


def theme(scene: Scene) -> Choose:
    return Choose(
        Text("submit_plan.theme"),
        (
            *(Choice(t.id, theme_label(scene, t.id)) for t in the_round(scene).themes),
            Choice("unknown", Text("common.unknown.label"), "unknown"),
        ),
        _themed,
    )


def _themed(scene: Scene, answer: Answer) -> Go:
    return onward(scene, theme=None if answer.choice == "unknown" else answer.choice)


# --- everything once more, then send -------------------------------------------------------------


def summary(scene: Scene) -> Choose:
    return Choose(
        Text("submit_plan.summary", **_everything(scene)),
        (
            Choice("send", Text("submit_plan.send.label"), "send"),
            Choice("change", Text("submit_plan.change.label"), "change"),
            Choice("later", Text("submit_plan.later.label"), "later"),
        ),
        _summed_up,
        easier=Text("submit_plan.summary.easier"),
    )


def _everything(scene: Scene) -> dict[str, Param]:
    plan = draft(scene)
    theme_, cost_ = plan.get("theme"), plan.get("cost")
    return {
        "title": str(plan.get("title") or ""),
        "idea": told(scene),
        "theme": theme_label(scene, theme_) if theme_ else Text("common.unknown"),
        "place": _where(scene),
        "cost": Decimal(cost_) if cost_ else Text("common.unknown"),
        "photos": len(plan.get("photos") or ()),
        "who": Text(f"submit_plan.who_{plan['who']}.label")
        if plan.get("who")
        else Text("common.unknown"),
        "call": Text("common.yes.label") if plan.get("call") else Text("common.no.label"),
    }


def _where(scene: Scene) -> Label:
    plan = draft(scene)
    if plan.get("address"):
        return str(plan["address"])
    if plan.get("location"):
        return Text("submit_plan.on_the_map")
    return area_label(scene, plan["area"]) if plan.get("area") else Text("common.unknown")


def _summed_up(scene: Scene, answer: Answer) -> Go:
    if answer.choice == "change":
        return Go("change")
    if answer.choice == "later":
        return Go("menu.menu", say=(Text("submit_plan.kept_for_later"),), fresh=True)
    return Go("send")


_CHANGES = {
    "idea": "idea_check",
    "title": "title_new",
    "theme": "theme",
    "place": "plan_details.place",
    "cost": "plan_details.cost",
    "photo": "plan_details.photo",
    "who": "plan_details.who",
    "call": "plan_details.call",
}


def change(scene: Scene) -> Choose:
    """Any one answer, and then straight back to the summary."""
    return Choose(
        Text("submit_plan.change"),
        (
            Choice("idea", Text("submit_plan.change_idea.label")),
            Choice("title", Text("submit_plan.change_title.label")),
            Choice("theme", Text("submit_plan.change_theme.label")),
            Choice("place", Text("submit_plan.change_place.label")),
            Choice("cost", Text("submit_plan.change_cost.label")),
            Choice("photo", Text("submit_plan.change_photo.label")),
            Choice("who", Text("submit_plan.change_who.label")),
            Choice("call", Text("submit_plan.change_call.label")),
        ),
        _to_change,
    )


def _to_change(scene: Scene, answer: Answer) -> Go:
    return Go(_CHANGES[answer.choice])


def send(scene: Scene) -> Do:
    return Do(Command("submit_plan", {**draft(scene), "text": text_of(scene)}), _sent)


def _sent(scene: Scene, outcome: Outcome) -> Go:
    if outcome.ok:
        return Go("sent", keep={"draft": None, "sent": outcome.data["number"]}, fresh=True)
    if outcome.data.get("reason") == "enough":
        return Go(
            "menu.menu", say=(Text("submit_plan.enough", most=outcome.data["most"]),), fresh=True
        )
    now = permission_text(permission(scene, Act.SUBMIT_PLAN))
    return Go("menu.menu", say=(now, Text("submit_plan.kept_for_later")), fresh=True)


def sent(scene: Scene) -> Choose:
    """The number, and what happens next; it promises no more than is true."""
    threshold = the_round(scene).support_needed
    then = (
        Text("submit_plan.next_support", threshold=threshold)
        if threshold
        else Text("submit_plan.next")
    )
    return Choose(
        Text("submit_plan.sent", number=str(scene.answers.get("sent", "")), then=then),
        (
            Choice("my_plans", Text("menu.my_plans.label"), "my_plans"),
            Choice("menu", Text("common.menu.label"), "menu"),
        ),
        lambda scene, answer: Go(
            "my_plans.start" if answer.choice == "my_plans" else "menu.menu",
            keep={"sent": None},
            fresh=True,
        ),
    )
