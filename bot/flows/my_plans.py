"""My plans: how they fare, add to one, withdraw one."""

from __future__ import annotations

from typing import Any

from bot.flows import life
from bot.flows.common import how_to_tell, reason, status_label
from bot.prompts import Answer, Ask, Choice, Choose, Command, Counted, Do, Go, Outcome, Scene, Text
from civic.plans import OPEN_TO_ADDITIONS, Status, may_become

PAGE = 6  # plans on one screen: with "more", "code" and "menu" each has one key of a phone


def start(scene: Scene) -> Do:
    return Do(Command("list_plans"), _listed)


def _listed(scene: Scene, outcome: Outcome) -> Go:
    plans = list(outcome.data["plans"])
    if not plans:
        return Go("none")
    return Go("plans", keep={"plans": plans, "page": 0})


_HAVE_CODE = Choice("have_code", Text("my_plans.have_code.label"))


def none(scene: Scene) -> Choose:
    """Perhaps somebody entered a plan for them."""
    return Choose(
        Text("my_plans.none"),
        (_HAVE_CODE, Choice("menu", Text("common.menu.label"), "menu")),
        _plan_chosen,
    )


def plans(scene: Scene) -> Choose:
    """Each plan by its number and name; "more" turns the page."""
    shown = _page(scene)
    more = (Choice("more", Text("my_plans.more.label"), "more"),) if _has_more(scene) else ()
    return Choose(
        Counted("my_plans.plans", len(_plans(scene)), plans=tuple(map(_line, shown))),
        (
            *(Choice(f"plan-{p['number']}", _short(p), _by_number(p, shown)) for p in shown),
            *more,
            _HAVE_CODE,
            Choice("menu", Text("common.menu.label"), "menu"),
        ),
        _plan_chosen,
    )


def _line(plan: dict[str, Any]) -> Text:
    return Text(
        "my_plans.line",
        number=str(plan["number"]),
        title=str(plan["title"]),
        status=status_label(plan["status"]),
    )


def _short(plan: dict[str, Any]) -> Text:
    return Text("my_plans.plan.label", number=str(plan["number"]))


def _by_number(plan: dict[str, Any], shown: list[dict[str, Any]]) -> str:
    """Its number means the plan, unless it is the place of another one in the list."""
    places = len(shown) + 3
    return str(plan["number"]) if plan["number"] > places else ""


def _plan_chosen(scene: Scene, answer: Answer) -> Go:
    if answer.choice == "menu":
        return Go("menu.menu", keep={"plans": None, "page": None}, fresh=True)
    if answer.choice == "have_code":
        return Go("link.code")
    if answer.choice == "more":
        return Go("plans", keep={"page": int(scene.answers.get("page") or 0) + 1})
    return Go("look", keep={"plan": int(answer.choice.removeprefix("plan-"))})


def look(scene: Scene) -> Do:
    return Do(Command("show_plan", {"number": scene.answers.get("plan")}), _looked)


def _looked(scene: Scene, outcome: Outcome) -> Go:
    if not outcome.ok:
        return Go("start", fresh=True)
    return Go("plan", keep={"shown": dict(outcome.data)})


def plan(scene: Scene) -> Choose:
    shown = _shown(scene)
    status = Status(shown["status"])
    add = (Choice("add", Text("my_plans.add.label"), "add"),)
    withdraw = (Choice("withdraw", Text("my_plans.withdraw.label"), "withdraw"),)
    return Choose(
        Text(
            "my_plans.plan",
            number=str(shown["number"]),
            title=str(shown["title"]),
            text=str(shown["text"]),
            status=status_label(status),
            meaning=(Text(f"status.{status}.meaning"), *reason(shown)),
        ),
        (
            *_answers(status, shown["number"]),
            *(add if status in OPEN_TO_ADDITIONS else ()),
            *(withdraw if may_become(status, Status.WITHDRAWN) else ()),
            Choice("menu", Text("common.menu.label"), "menu"),
        ),
        _to_do,
    )


def _answers(status: Status, number: int) -> tuple[Choice, ...]:
    """The city has a question, or said no: then there is somebody to talk to."""
    if status is Status.ADJUST:
        return (life.answer(number), life.talk(number))
    return (life.talk(number),) if status in (Status.DECLINED, Status.NOT_CHOSEN) else ()


def _to_do(scene: Scene, answer: Answer) -> Go:
    number = int(_shown(scene)["number"])
    if answer.choice.startswith("talk-"):
        return life.to_person(number)
    if answer.choice.startswith("answer-"):
        return Go("adapt.start", keep={"adapt": {"number": number}})
    return Go("menu.menu" if answer.choice == "menu" else answer.choice)


def add(scene: Scene) -> Ask:
    return Ask(
        Text("my_plans.add", number=str(_shown(scene)["number"]), how=_how_to_add(scene)),
        _added,
        accepts=("text", "voice", "photo"),
    )


def _how_to_add(scene: Scene) -> Text:
    return Text("how.show") if "photo" in scene.world.ways else how_to_tell(scene)


def _added(scene: Scene, answer: Answer) -> Go:
    kind = "photo" if answer.kind == "photo" else "recording"
    addition = {"text": answer.text, kind: answer.media}
    return Go("add_check", keep={"addition": addition})


def add_check(scene: Scene) -> Choose:
    """Read back before it joins the plan."""
    addition = scene.answers.get("addition") or {}
    photo = (Text("my_plans.add_photo"),) if addition.get("photo") else ()
    text = str(addition.get("text") or "")
    words = (Text("my_plans.add_text", text=text),) if text or not photo else ()
    return Choose(
        Text("my_plans.add_check", addition=(*photo, *words)),
        (
            Choice("right", Text("submit_plan.right.label"), "yes"),
            Choice("again", Text("submit_plan.again.label"), "again"),
        ),
        lambda scene, answer: Go("save" if answer.choice == "right" else "add"),
        by_hand=True,
    )


def save(scene: Scene) -> Do:
    addition = scene.answers.get("addition") or {}
    return Do(Command("add_to_plan", {"number": scene.answers.get("plan"), **addition}), _saved)


def _saved(scene: Scene, outcome: Outcome) -> Go:
    say = Text("my_plans.added") if outcome.ok else Text("my_plans.too_late")
    return Go("menu.menu", say=(say,), keep=_DONE, fresh=True)


def withdraw(scene: Scene) -> Choose:
    shown = _shown(scene)
    return Choose(
        Text("my_plans.withdraw", number=str(shown["number"]), title=str(shown["title"])),
        (
            Choice("withdraw", Text("my_plans.withdraw_yes.label"), "withdraw"),
            Choice("keep", Text("my_plans.keep.label"), "no"),
        ),
        lambda scene, answer: Go("take_back" if answer.choice == "withdraw" else "look"),
    )


def take_back(scene: Scene) -> Do:
    return Do(Command("withdraw_plan", {"number": scene.answers.get("plan")}), _taken_back)


def _taken_back(scene: Scene, outcome: Outcome) -> Go:
    say = Text("my_plans.withdrawn") if outcome.ok else Text("my_plans.too_late")
    return Go("menu.menu", say=(say,), keep=_DONE, fresh=True)


_DONE = {"plans": None, "page": None, "plan": None, "shown": None, "addition": None}


def _plans(scene: Scene) -> list[dict[str, Any]]:
    return list(scene.answers.get("plans") or ())


def _page(scene: Scene) -> list[dict[str, Any]]:
    first = int(scene.answers.get("page") or 0) * PAGE
    return _plans(scene)[first : first + PAGE]


def _has_more(scene: Scene) -> bool:
    return (int(scene.answers.get("page") or 0) + 1) * PAGE < len(_plans(scene))


def _shown(scene: Scene) -> dict[str, Any]:
    return dict(scene.answers["shown"])
