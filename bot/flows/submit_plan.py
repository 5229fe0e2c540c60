"""Sending in a plan: one question at a time, any answer can be changed, nothing twice."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bot.flows.common import (
    YES_NO,
    area_label,
    how_to_tell,
    theme_label,
    wants_to_submit,
    yes_or_no,
)
from bot.flows.draft import (
    FEW_WORDS,
    draft,
    not_asked,
    onward,
    parts_of,
    text_in,
    text_of,
    the_round,
    told,
    with_part,
)
from bot.prompts import (
    Answer,
    Ask,
    Choice,
    Choose,
    Command,
    Counted,
    Do,
    Go,
    Label,
    Outcome,
    Param,
    Scene,
    Text,
)
from civic.plans import TITLE_MOST, propose_title

# --- before the first question ------------------------------------------------------------


def start(scene: Scene) -> Do:
    """How many plans this person has sent in, before the rule about it is told."""
    return Do(Command("count_plans"), _counted)


def _counted(scene: Scene, outcome: Outcome) -> Go:
    if not wants_to_submit(scene):
        return Go("menu.menu", fresh=True)  # which says from when or until when it can be done
    most = the_round(scene).rules.plans_to_send_in
    sent = int(outcome.data.get("count", 0))
    if most is not None and sent >= most:
        return Go("menu.menu", say=(_enough(most),), fresh=True)
    rule = () if most is None else (_rule(most, sent),)
    if text_of(scene):
        return Go("idea_check", say=rule)
    return Go("idea", say=rule, keep={"draft": dict(draft(scene))})


def _rule(most: int, sent: int) -> Text:
    return Text("submit_plan.rule", most=Counted("count.plans", most), sent=sent)


def _enough(most: int) -> Text:
    return Text("submit_plan.enough", most=Counted("count.plans", most))


# --- the idea --------------------------------------------------------------------------------


def idea(scene: Scene) -> Ask:
    return Ask(
        Text("submit_plan.idea", how=how_to_tell(scene)),
        _idea_told,
        accepts=("text", "voice", "photo"),
        easier=Text("submit_plan.idea.easier", how=_how_to_begin(scene)),
    )


def _how_to_begin(scene: Scene) -> Text:
    both = {"text", "voice"} <= scene.world.ways
    return Text("how.hold") if both else how_to_tell(scene)


def idea_more(scene: Scene) -> Ask:
    """A word or two is a beginning."""
    return Ask(Text("submit_plan.tell_more"), _idea_told, accepts=("text", "voice", "photo"))


def _idea_told(scene: Scene, answer: Answer) -> Go:
    if answer.kind == "text" and yes_or_no(answer.text):
        return _no_more(scene, answer)
    return _with_idea(draft(scene), answer)


def _no_more(scene: Scene, answer: Answer) -> Go:
    """A yes or no tells nothing of a plan; a "no" to "tell more" means that this was all."""
    enough = text_of(scene) and yes_or_no(answer.text) == "no"
    return (
        Go("idea_check") if enough else Go("idea_more" if text_of(scene) else "idea", missed=True)
    )


def _with_idea(plan: Mapping[str, Any], answer: Answer) -> Go:
    grown = with_part(plan, answer)
    if grown is None:
        return Go("idea_check", say=(Text("submit_plan.long_enough"),))
    keep, text = {"draft": grown}, text_in(grown)
    if answer.kind == "photo" and not answer.text:
        kept = Text("submit_plan.photo_kept")
        return Go("idea_check" if text else "idea", keep=keep, say=(kept,))
    if len(text.split()) < FEW_WORDS and answer.media is None:
        return Go("idea_more", keep=keep)
    return Go("idea_check", keep=keep, say=_unsure(answer))


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
    both = {"text", "voice"} <= scene.world.ways
    unsure = any(part.get("unsure") for part in parts_of(draft(scene)))
    by_typing = (Choice("type", Text("submit_plan.type.label"), "type"),)
    by_person = (Choice("person", Text("submit_plan.person.label"), "person"),)
    return (
        Choice("right", Text("submit_plan.right.label"), "yes"),
        Choice("again", Text("submit_plan.again.label"), "again"),
        *(by_typing if both else ()),
        *(by_person if unsure else ()),
    )


def _idea_checked(scene: Scene, answer: Answer) -> Go:
    if answer.choice == "right":
        return onward(scene)
    if answer.choice == "person":
        return onward(scene, say=(Text("submit_plan.listened"),), listen=True)
    if answer.kind == "choice":
        return Go("idea_again" if answer.choice == "again" else "idea_typed")
    if answer.kind == "text" and yes_or_no(answer.text) == "no":
        return Go("idea_again")
    if answer.kind == "text" and len(answer.text.split()) < FEW_WORDS:
        return Go("idea_check", missed=True)
    return _with_idea(draft(scene), answer)


def idea_again(scene: Scene) -> Ask:
    """What was told before goes only when it is told again: until then one can go back."""
    if "voice" not in scene.world.ways:
        return idea_typed(scene)
    return Ask(Text("submit_plan.idea_again"), _retold, accepts=("text", "voice", "photo"))


def idea_typed(scene: Scene) -> Ask:
    return Ask(Text("submit_plan.idea_typed"), _retold, accepts=("text", "voice", "photo"))


def _retold(scene: Scene, answer: Answer) -> Go:
    if answer.kind == "photo" and not answer.text:
        return _with_idea(draft(scene), answer)
    if answer.kind == "text" and yes_or_no(answer.text):
        return Go("idea_check")
    # The recordings stay: a person may still want to hear them.
    heard = [
        {"text": "", "recording": part["recording"]}
        for part in parts_of(draft(scene))
        if part.get("recording")
    ]
    return _with_idea({**draft(scene), "parts": heard}, answer)


# --- a short name, a theme ---------------------------------------------------------------------


def title(scene: Scene) -> Ask:
    """A short name is proposed; a text or voice note instead is the name."""
    proposed = _proposed(scene)
    if not proposed:
        return title_new(scene)
    return Ask(
        Text("submit_plan.title", title=proposed),
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


def summary(scene: Scene) -> Ask:
    """Text is accepted only for a "no", which means: not yet."""
    return Ask(
        Text("submit_plan.summary", **_everything(scene)),
        _summed_up,
        accepts=("text",),
        choices=(
            Choice("send", Text("submit_plan.send.label"), "send"),
            Choice("change", Text("submit_plan.change.label"), "change"),
            Choice("later", Text("submit_plan.later.label"), "later"),
        ),
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
        "call": plan.get("phone") or YES_NO[0 if plan.get("call") else 1].label,
    }


def _where(scene: Scene) -> Label:
    plan = draft(scene)
    area = area_label(scene, plan["area"]) if plan.get("area") else None
    on_the_map = Text("submit_plan.on_the_map") if plan.get("location") else None
    place = str(plan.get("address") or "") or on_the_map
    if place and area and len(the_round(scene).areas) > 1:
        return Text("submit_plan.place_in", place=place, area=area)
    return place or area or Text("common.unknown")


def _summed_up(scene: Scene, answer: Answer) -> Go:
    if answer.choice == "change":
        return Go("change")
    if answer.choice == "later" or yes_or_no(answer.text) == "no":
        return Go("menu.menu", say=(Text("submit_plan.kept_for_later"),), fresh=True)
    return Go("send") if answer.choice == "send" else Go("summary", missed=True)


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
    theme_ = (Choice("theme", Text("submit_plan.change_theme.label")),)
    photo = (Choice("photo", Text("submit_plan.change_photo.label")),)
    useless = not_asked(scene)
    return Choose(
        Text("submit_plan.change"),
        (
            Choice("idea", Text("submit_plan.change_idea.label")),
            Choice("title", Text("submit_plan.change_title.label")),
            *(theme_ if "theme" not in useless else ()),
            Choice("place", Text("submit_plan.change_place.label")),
            Choice("cost", Text("submit_plan.change_cost.label")),
            *(photo if "photos" not in useless else ()),
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
        return Go("menu.menu", say=(_enough(outcome.data["most"]),), fresh=True)
    return Go("menu.menu", say=(Text("submit_plan.not_sent"),), fresh=True)


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
