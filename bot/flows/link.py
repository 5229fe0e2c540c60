"""The code on a receipt: what a coordinator entered for somebody becomes theirs.

Typed or keyed, never said aloud: an open transcript does not decide a code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.flows.common import YES_NO
from bot.prompts import Answer, Ask, Choice, Choose, Command, Counted, Do, Go, Outcome, Scene, Text
from civic.link_codes import Told, told

# Where eight digits can be nothing else.
_FREE = ("menu.", "welcome.", "my_plans.plan", "my_plans.none", "link.", "support.", "help.offer")


def told_code(state: str, text: str) -> Told | None:
    """The code that was written in this state, else None.

    Where a code was asked, a mistyped one is the state's own to answer.
    """
    found = told(text) if state.startswith(_FREE) else None
    return None if found and not found.code and state == "link.code" else found


def with_code(scene: Scene, found: Told) -> Go:
    """Where a code leads; who has not said yes yet is asked for that first."""
    if not scene.consent:
        where = "welcome.privacy" if scene.language else "welcome.language"
        return Go(where, keep={"link": {"code": found.code}})
    if not found.code:
        return Go("link.code", say=(Text("link.typo"),))
    return Go("link.check", keep={"link": {"code": found.code}})


def brought(scene: Scene) -> Go | None:
    """Where the code leads that somebody came with, before there was a yes; None without one."""
    if "code" not in _kept(scene):
        return None
    return with_code(scene, Told(str(_kept(scene)["code"])))


def code(scene: Scene) -> Ask:
    """One short question; without a code there is a person who helps."""
    typed = "text" in scene.world.ways
    return Ask(
        Text("link.code", how=Text("vote.code_type") if typed else Text("vote.code_keys")),
        _coded,
        accepts=("text",),
        choices=(
            Choice("no_code", Text("vote.no_code.label"), "no_code"),
            Choice("menu", Text("common.menu.label"), "menu"),
        ),
        easier=Text("link.code.easier"),
    )


def _coded(scene: Scene, answer: Answer) -> Go:
    if answer.choice == "menu":
        return Go("menu.menu", fresh=True)
    if answer.kind == "choice":
        return Go("help.offer")
    return Go("code", say=(Text("link.typo"),), missed=True)


def check(scene: Scene) -> Do:
    return Do(Command("check_link", {"code": _kept(scene).get("code")}), _checked)


def _checked(scene: Scene, outcome: Outcome) -> Go:
    if not outcome.ok:
        return _refused(scene, outcome)
    return Go("confirm", keep={"link": {**_kept(scene), **outcome.data}})


def confirm(scene: Scene) -> Choose:
    """What it is, so that nobody takes what is another's by a wrong digit."""
    kept = _kept(scene)
    number, title = str(kept.get("number")), str(kept.get("title"))
    support = kept.get("kind") == "support"
    is_plan = Text("link.is_plan", number=number, title=title)
    is_support = Text("link.is_support", number=number, title=title)
    return Choose(is_support if support else is_plan, YES_NO, _confirmed, by_hand=True)


def _confirmed(scene: Scene, answer: Answer) -> Go:
    if answer.choice == "no":
        return Go("menu.menu", keep=_DONE, say=(Text("link.left"),), fresh=True)
    return Go("take")


def take(scene: Scene) -> Do:
    return Do(Command("link", {"code": _kept(scene).get("code")}), _taken)


def _taken(scene: Scene, outcome: Outcome) -> Go:
    if not outcome.ok:
        return _refused(scene, outcome)
    number = str(outcome.data["number"])
    if outcome.data["kind"] == "plan":
        say = Text("link.plan_is_yours", number=number)
        return Go("my_plans.look", keep={**_DONE, "plan": outcome.data["number"]}, say=(say,))
    texts = {
        "already": Text("link.support_once", number=number),
        "own": Text("support.own"),
    }
    say = texts.get(outcome.data["what"]) or Text("link.support_is_yours", number=number)
    return Go("menu.menu", keep=_DONE, say=(say,), fresh=True)


def _refused(scene: Scene, outcome: Outcome) -> Go:
    """Each reason has a kind sentence and a way on."""
    reason = outcome.data.get("reason")
    if reason == "unknown":
        return Go("code", keep=_DONE, say=(Text("link.unknown"),))
    if reason == "wait":
        minutes = max(1, int(outcome.data.get("minutes") or 1))
        return Go("menu.menu", keep=_DONE, say=(Counted("vote.wait", minutes),), fresh=True)
    if reason == "enough":
        most = Counted("count.plans", int(outcome.data.get("most") or 0))
        return Go("help.offer", keep=_DONE, say=(Text("submit_plan.enough", most=most),))
    return Go("help.offer", keep=_DONE, say=(Text("vote.too_often"),))


def _kept(scene: Scene) -> Mapping[str, Any]:
    found = scene.answers.get("link")
    return found if isinstance(found, dict) else {}


_DONE = {"link": None}

# What stands beside a code on paper: see console/pages/enter.py.
ON_PAPER = Text("link.on_paper")
