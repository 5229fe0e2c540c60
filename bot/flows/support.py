"""Plans of others: look, listen, follow, and one 👍 a person a plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.flows.common import area_label, permission, reason, status_label, theme_label
from bot.prompts import (
    Answer,
    Ask,
    Choice,
    Choose,
    Command,
    Do,
    Go,
    Outcome,
    Param,
    Scene,
    Text,
    Then,
)
from bot.understand.plan_numbers import plan_number
from civic.plans import OPEN_TO_SUPPORT, Status
from civic.rounds import Act, Permission

PAGE = 7  # plans on one screen: a list holds ten rows, with "more" and "menu" among them

MENU = Choice("menu", Text("common.menu.label"), "menu")
DONE: Mapping[str, None] = {"look": None, "found": None, "seen": None, "gave": None}


def can_look(scene: Scene) -> bool:
    """Whether there may be plans of others to see: from the first day on which they count."""
    round_ = scene.world.round
    if round_ is None or not round_.phases:
        return False
    if permission(scene, Act.SUPPORT).allowed:
        return True
    begun = any(dates.start <= scene.world.round_day for dates in round_.phases)
    return begun and not permission(scene, Act.SUBMIT_PLAN).allowed


def to_plan(number: int) -> Go:
    """Where somebody goes who named a plan."""
    return Go("support.look", keep={**DONE, "seen": {"number": number}})


def _asking(text: Text, choices: tuple[Choice, ...], then: Then) -> Ask:
    """A question with a few answers, in which a plan may also be named by its number."""

    def answered(scene: Scene, answer: Answer) -> Go:
        if answer.kind == "choice":
            return then(scene, answer)
        number = plan_number(answer.text, len(choices))
        return to_plan(number) if number else Go("@missed", missed=True)

    easier = Text("engine.easier_choose", question=text)
    return Ask(text, answered, accepts=("text",), choices=choices, easier=easier)


def when(permission: Permission) -> tuple[Text, ...]:
    """When one can support a plan, said plainly with the date; nothing in a round without it."""
    if permission.allowed and permission.closes:
        return (Text("support.until", until=permission.closes),)
    if permission.opens:
        return (Text("support.from", start=permission.opens),)
    return (Text("support.over", ended=permission.closes),) if permission.closes else ()


# --- how to look -----------------------------------------------------------------------------


def start(scene: Scene) -> Ask:
    """How somebody wants to look."""
    allowed, question = permission(scene, Act.SUPPORT), Text("support.start")
    nearest = (Choice("nearest", Text("support.nearest.label")),) if allowed else ()
    round_ = scene.world.round
    area = (Choice("area", Text("support.area.label")),) if round_ and _several(scene) else ()
    theme = (Choice("theme", Text("support.theme.label")),) if round_ and round_.themes else ()
    return _asking(
        Text("life.lines", lines=(*when(allowed), question)),
        (*nearest, Choice("newest", Text("support.newest.label"), "new"), *area, *theme, MENU),
        _started,
    )


def _several(scene: Scene) -> bool:
    round_ = scene.world.round
    return round_ is not None and len(round_.areas) > 1


def _started(scene: Scene, answer: Answer) -> Go:
    if answer.choice == "menu":
        return Go("menu.menu", keep=DONE, fresh=True)
    if answer.choice in ("area", "theme"):
        return Go(answer.choice)
    return Go("find", keep={**DONE, "look": {"order": answer.choice, "page": 0}})


def area(scene: Scene) -> Choose:
    round_ = scene.world.round
    areas = round_.areas if round_ else ()
    return Choose(
        Text("support.area"),
        (*(Choice(each.id, each.name) for each in areas), MENU),
        lambda scene, answer: _narrowed(answer, "area"),
    )


def theme(scene: Scene) -> Choose:
    round_ = scene.world.round
    themes = round_.themes if round_ else ()
    return Choose(
        Text("support.theme"),
        (*(Choice(each.id, theme_label(scene, each.id)) for each in themes), MENU),
        lambda scene, answer: _narrowed(answer, "theme"),
    )


def _narrowed(answer: Answer, by: str) -> Go:
    if answer.choice == "menu":
        return Go("menu.menu", keep=DONE, fresh=True)
    look = {"order": "newest", "page": 0, by: answer.choice}
    return Go("find", keep={**DONE, "look": look})


# --- the list ----------------------------------------------------------------------------------


def find(scene: Scene) -> Do:
    return Do(Command("browse_plans", {**_look(scene), "most": PAGE}), _found)


def _look(scene: Scene) -> dict[str, Any]:
    return dict(scene.answers.get("look") or {})


def _found(scene: Scene, outcome: Outcome) -> Go:
    if not outcome.data["plans"]:
        return Go("start", say=(Text("support.none"),), keep=DONE)
    return Go("found", keep={"found": dict(outcome.data)})


def found(scene: Scene) -> Ask:
    """Each plan by its number and name, with how much support it has."""
    seen = dict(scene.answers.get("found") or {})
    plans = list(seen.get("plans") or ())
    more = (Choice("more", Text("my_plans.more.label"), "more"),) if seen.get("more") else ()
    translated = (Text("life.machine"),) if seen.get("machine") else ()
    lines = (*(_line(scene, each) for each in plans), *translated)
    return _asking(
        Text("support.found", plans=lines),
        (*(_choice(each, len(plans)) for each in plans), *more, MENU),
        _plan_chosen,
    )


def _line(scene: Scene, plan: Mapping[str, Any]) -> Text:
    facts = {"number": str(plan["number"]), "title": str(plan["title"])}
    if _counts(scene, plan):
        return Text("support.line", **facts, count=int(plan["count"]), needed=_needed(scene))
    return Text("my_plans.line", **facts, status=status_label(str(plan["status"])))


def _counts(scene: Scene, plan: Mapping[str, Any]) -> bool:
    """Whether what matters about a plan is how much support it has."""
    return bool(_needed(scene)) and Status(plan["status"]) in OPEN_TO_SUPPORT


def _needed(scene: Scene) -> int:
    round_ = scene.world.round
    return round_.support_needed if round_ else 0


def _choice(plan: Mapping[str, Any], shown: int) -> Choice:
    """Its number means the plan, unless it is the place of another one in the list."""
    number = int(plan["number"])
    label = Text("my_plans.plan.label", number=str(number))
    return Choice(f"plan-{number}", label, str(number) if number > shown + 2 else "")


def _plan_chosen(scene: Scene, answer: Answer) -> Go:
    if answer.choice == "menu":
        return Go("menu.menu", keep=DONE, fresh=True)
    if answer.choice == "more":
        look = _look(scene)
        return Go("find", keep={"look": {**look, "page": int(look.get("page") or 0) + 1}})
    return Go("look", keep={"seen": {"number": int(answer.choice.removeprefix("plan-"))}})


# --- one plan ------------------------------------------------------------------------------------


def look(scene: Scene) -> Do:
    return Do(Command("look_plan", {"number": _seen(scene).get("number")}), _looked)


def _seen(scene: Scene) -> dict[str, Any]:
    return dict(scene.answers.get("seen") or {})


def _looked(scene: Scene, outcome: Outcome) -> Go:
    if not outcome.ok:
        number = str(_seen(scene).get("number") or "")
        say = (Text("support.unknown", number=number),)
        return Go("menu.menu", say=say, keep=DONE, fresh=True)
    return Go("plan", keep={"seen": dict(outcome.data)})


def plan(scene: Scene) -> Ask:
    """The plan in the reader's language if it can be had; whose it is, nobody sees."""
    seen = _seen(scene)
    return _asking(
        Text(
            "support.plan",
            number=str(seen["number"]),
            title=str(seen["title"]),
            text=str(seen["text"]),
            facts=_facts(scene, seen),
        ),
        _to_do(scene, seen),
        _done,
    )


def _facts(scene: Scene, seen: Mapping[str, Any]) -> tuple[Param, ...]:
    written = str(seen.get("language") or scene.language)
    name = scene.world.languages.get(written, written)
    foreign = (Text("support.language", language=name),) if written != scene.language else ()
    translated = (Text("life.machine"),) if seen.get("machine") else ()
    where = (Text("support.where", area=area_label(scene, seen["area"])),) if seen["area"] else ()
    about = (Text("support.about", theme=theme_label(scene, seen["theme"])),)
    status = (status_label(str(seen["status"])),)
    own = (Text("support.own"),) if seen["own"] else ()
    return (
        *foreign,
        *translated,
        *where,
        *(about if seen["theme"] else ()),
        *(_support(scene, seen) if _counts(scene, seen) else status),
        *reason(seen),
        *own,
    )


def _support(scene: Scene, seen: Mapping[str, Any]) -> tuple[Text, ...]:
    progress = Text("support.progress", count=int(seen["count"]), needed=_needed(scene))
    given = (Text("support.is_given"),) if seen["supported"] else ()
    return (progress, *given, *when(permission(scene, Act.SUPPORT)))


def _to_do(scene: Scene, seen: Mapping[str, Any]) -> tuple[Choice, ...]:
    open_ = _counts(scene, seen) and permission(scene, Act.SUPPORT).allowed and not seen["own"]
    give = (Choice("give", Text("support.give.label")),)
    back = (Choice("take_back", Text("support.take_back.label"), "withdraw"),)
    hear = (Choice("hear", Text("welcome.hear.label"), "listen"),)
    return (
        *((back if seen["supported"] else give) if open_ else ()),
        *(() if seen["own"] else _follow(scene, seen)),
        *(hear if "sound" in scene.world.ways and not scene.sound else ()),
        Choice("others", Text("support.others.label"), "more"),
        MENU,
    )


def _follow(scene: Scene, seen: Mapping[str, Any]) -> tuple[Choice, ...]:
    """Nobody is promised news who can only be called."""
    if scene.world.channel == "phone":
        return ()
    if seen.get("following"):
        return (Choice("unfollow", Text("support.unfollow.label")),)
    return (Choice("follow", Text("support.follow.label")),)


def _done(scene: Scene, answer: Answer) -> Go:
    if answer.choice == "menu":
        return Go("menu.menu", keep=DONE, fresh=True)
    if answer.choice == "hear":
        return Go("plan", settings={"sound": True}, say=(Text("settings.sound_is_on"),))
    if answer.choice == "others":
        return Go("find" if scene.answers.get("look") else "start")
    return Go(answer.choice)


# --- a 👍 ---------------------------------------------------------------------------------------


def give(scene: Scene) -> Do:
    return Do(Command("support_plan", {"number": _seen(scene).get("number")}), _given)


def _given(scene: Scene, outcome: Outcome) -> Go:
    if not outcome.ok:
        return _not_now(scene, outcome)
    now = {"supported": True, "count": outcome.data["count"]}
    return Go("given", keep={"gave": dict(outcome.data), "seen": {**_seen(scene), **now}})


def _not_now(scene: Scene, outcome: Outcome) -> Go:
    """Why not, plainly: the phase with its date, one's own plan, or one that is further on."""
    reason = outcome.data.get("reason")
    if reason == "phase":
        return Go("look", say=when(permission(scene, Act.SUPPORT)) or (Text("support.closed"),))
    if reason in ("unknown", "own"):  # the next screen says so
        return Go("look")
    return Go("look", say=(Text("support.closed"),))


def given(scene: Scene) -> Ask:
    """How far it is now; and does the person want to hear how it goes on?"""
    gave, question = dict(scene.answers.get("gave") or {}), Text("support.given")
    follow = () if gave.get("following") else _follow(scene, gave)
    back = Choice("take_back", Text("support.take_back.label"), "withdraw")
    return _asking(
        Text("life.lines", lines=(_thanks(gave), *_progress(gave), question)),
        (*follow, back, Choice("others", Text("support.others.label"), "more"), MENU),
        _done,
    )


def _progress(gave: Mapping[str, Any]) -> tuple[Text, ...]:
    count, needed = int(gave.get("count") or 0), int(gave.get("needed") or 0)
    return (Text("support.progress", count=count, needed=needed),) if needed else ()


def _thanks(gave: Mapping[str, Any]) -> Text:
    if gave.get("what") == "already":
        return Text("support.already")
    return Text("support.enough") if gave.get("enough") else Text("support.thanks")


def take_back(scene: Scene) -> Do:
    return Do(Command("unsupport_plan", {"number": _seen(scene).get("number")}), _taken_back)


def _taken_back(scene: Scene, outcome: Outcome) -> Go:
    if not outcome.ok:
        return _not_now(scene, outcome)
    return Go("look", say=(Text("support.taken_back"),), keep={"gave": None})


def follow(scene: Scene) -> Do:
    return Do(Command("follow_plan", {"number": _seen(scene).get("number"), "on": True}), _followed)


def unfollow(scene: Scene) -> Do:
    wanted = {"number": _seen(scene).get("number"), "on": False}
    return Do(Command("follow_plan", wanted), _followed)


def _followed(scene: Scene, outcome: Outcome) -> Go:
    if not outcome.ok:
        return Go("look")
    on = Text("support.following") if scene.notify else Text("support.following_silent")
    say = on if outcome.data["on"] else Text("support.not_following")
    return Go("look", say=(say,), keep={"gave": None})
