"""The code on the stempas: typed, keyed, from a link, or said aloud and confirmed by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot import understand
from bot.flows.common import YES_NO, vote_permission
from bot.flows.vote_draft import as_kept, draft, is_open, kept, paper
from bot.flows.vote_texts import rules_told
from bot.prompts import Answer, Ask, Choice, Choose, Command, Counted, Do, Go, Outcome, Scene, Text
from civic.rounds import Permission
from civic.stempas import code_in, in_threes, looks_like_code

# Questions to which a long number is an answer.
_ASK_DIGITS = frozenset({"submit_plan.phone", "settings.sms_phone", "help.phone"})
_FRONT = ("menu.", "welcome.", "vote.")  # where a number can only be a code


@dataclass(frozen=True, slots=True)
class Told:
    """A code in what somebody wrote; `code` is "" when there is a typing error in it."""

    code: str


def about_a_code(text: str) -> bool:
    """Whether a text holds a code, or what may be a mistyped one."""
    return code_in(text) is not None or looks_like_code(text)


def told_code(state: str, text: str) -> Told | None:
    """The code that was written in this state, else None.

    A mistyped one is the state's own to answer where a code was asked. Amid other questions a
    telephone number is not taken for a code.
    """
    if state in _ASK_DIGITS or (not state.startswith(_FRONT) and understand.phone(text)):
        return None
    found = code_in(text)
    if found:
        return Told(found)
    odd = looks_like_code(text) and state != "vote.code"
    return Told("") if odd and not understand.phone(text) else None


def names_plans(scene: Scene, state: str, text: str) -> bool:
    """Whether many digits amid the choosing are numbers of plans: "23 14 11 5 8 7 22".

    What is right as a code is one, unless each of its groups is a plan on this paper.
    """
    if state == "vote.code" or not (state.startswith("vote.") and is_open(draft(scene))):
        return False
    numbers = understand.plans(text) or understand.plans_removed(text)
    known = sum(paper(scene).item(number) is not None for number in numbers)
    if code_in(text) is not None:
        return 0 < known == len(numbers)
    return 2 * known > len(numbers)


def with_code(scene: Scene, told: Told) -> Go:
    """Where a code leads."""
    if not scene.consent:
        return _kept_for_later(scene, {"code": told.code} if told.code else {"odd": True})
    if not vote_permission(scene):
        return Go("menu.menu", say=(when(vote_permission(scene)),), fresh=True)
    if not told.code:
        return Go("vote.code", say=(Text("vote.typo"),))
    return _begun(scene, told.code)


def _kept_for_later(scene: Scene, vote: dict[str, Any]) -> Go:
    """Who scans the letter before anything else first says a language, and yes."""
    where = "welcome.privacy" if scene.language else "welcome.language"
    return Go(where, keep={"vote": vote} if vote_permission(scene) else {})


def brought(scene: Scene) -> Go | None:
    """Where the code leads that somebody came with, before there was a yes; None without one."""
    if not draft(scene) or not vote_permission(scene):
        return None
    if draft(scene).get("heard"):
        return Go("vote.heard")
    if draft(scene).get("code"):
        return Go("vote.check")
    return Go("vote.code", keep={"vote": None}, say=(Text("vote.typo"),))


def _begun(scene: Scene, code: str) -> Go:
    if not is_open(draft(scene)):
        return Go("vote.check", keep={"vote": {"code": code}})
    if draft(scene).get("code") == code:
        return Go("vote.go_on")
    return Go("vote.check", keep={"vote": {"code": code}}, say=(Text("vote.other_not_cast"),))


def heard_code(scene: Scene, state: str, text: str) -> Go | None:
    """A code said aloud where nothing is asked: repeated, never taken as it is."""
    free = state.startswith(("menu.", "welcome."))
    code = code_in(understand.spoken_digits(text)) if free else None
    if code is None:
        return None
    if not scene.consent:
        return _kept_for_later(scene, {"heard": code})
    if not vote_permission(scene):
        return Go("menu.menu", say=(when(vote_permission(scene)),), fresh=True)
    return Go("vote.heard", keep=kept(scene, heard=code))


def when(permission: Permission) -> Text:
    """From when or until when one can vote."""
    if permission.allowed and permission.closes:
        return Text("vote.until", until=permission.closes)
    if permission.opens:
        return Text("vote.from", start=permission.opens)
    if permission.closes:
        return Text("vote.over", ended=permission.closes)
    return Text("vote.never")


def entry(scene: Scene) -> Go:
    """Where somebody begins who wants to vote."""
    if not vote_permission(scene):
        return Go("menu.menu", say=(when(vote_permission(scene)),), fresh=True)
    if is_open(draft(scene)):
        return Go("vote.go_on")
    if draft(scene).get("code") and not draft(scene).get("receipt"):
        return Go("vote.check")
    return Go("vote.code", keep={"vote": None})


# --- the states --------------------------------------------------------------------------------


def code(scene: Scene) -> Ask:
    # NOTE: the code stands on the letter, in big digits.
    """One short question. Without a letter there is a person who helps."""
    return Ask(
        Text("vote.code", how=_how(scene)),
        _coded,
        accepts=("text", "voice") if "voice" in scene.world.ways else ("text",),
        choices=(Choice("no_code", Text("vote.no_code.label"), "no_code"),),
        easier=Text("vote.code.easier"),
    )


def _how(scene: Scene) -> Text:
    return Text("vote.code_type") if "text" in scene.world.ways else Text("vote.code_keys")


def _coded(scene: Scene, answer: Answer) -> Go:
    if answer.kind == "choice":
        return Go("help.offer", say=(Text("vote.no_code"),))
    if answer.kind == "voice":
        return _said(scene, answer.text)
    odd = looks_like_code(answer.text)
    say = Text("vote.typo") if odd else Text("vote.no_code_in_it")
    return Go("code", say=(say,), missed=True)


def _said(scene: Scene, text: str) -> Go:
    found = code_in(understand.spoken_digits(text))
    if found:
        return Go("heard", keep=kept(scene, heard=found))
    return Go("code", say=(Text("vote.not_heard"),), missed=True)


def heard(scene: Scene) -> Choose:
    """Digit by digit, three on a line, as on the letter; only a hand says that it is right."""
    told = Text("vote.heard", code=_digit_by_digit(scene))
    return Choose(told, YES_NO, _confirmed, by_hand=True)


def _digit_by_digit(scene: Scene) -> tuple[str, ...]:
    groups = in_threes(str(draft(scene).get("heard") or "")).split()
    return tuple(" ".join(group) for group in groups)


def _confirmed(scene: Scene, answer: Answer) -> Go:
    found = str(draft(scene).get("heard") or "")
    if answer.choice == "no" or not found:
        return Go("code", keep=kept(scene, heard=None), say=(Text("vote.not_heard"),))
    return Go("check", keep={"vote": {"code": found}})


def check(scene: Scene) -> Do:
    return Do(Command("check_code", {"code": str(draft(scene).get("code") or "")}), _checked)


def _checked(scene: Scene, outcome: Outcome) -> Go:
    if not outcome.ok:
        return refused(scene, outcome)
    area = str(outcome.data.get("area") or "")
    if area not in scene.world.papers:
        return _no_further("not_ready", Text("vote.not_ready"))
    again = bool(outcome.data.get("again"))
    begun = {"code": draft(scene).get("code"), "area": area, "seed": outcome.data.get("seed")}
    say = (Text("vote.again"),) if again else ()
    keep = {"vote": {**begun, "again": again}}
    round_ = scene.world.round
    if round_ and round_.rules.minimum_age > 0:
        return Go("age", keep=keep, say=say)
    return Go("choose", keep=keep, say=(*say, *rules_told(as_kept(scene, keep))))


def refused(scene: Scene, outcome: Outcome) -> Go:
    """Each reason has a kind sentence and a way on."""
    reason = str(outcome.data.get("reason") or "")
    if reason == "unknown":
        return Go("code", keep={"vote": None}, say=(Text("vote.unknown"),))
    if reason == "wait":
        minutes = max(1, int(outcome.data.get("minutes") or 1))
        return _no_further(reason, Counted("vote.wait", minutes))
    if reason == "help":
        return _no_further(reason, Text("vote.too_often"))
    if reason in ("closed", "phase"):
        permission = vote_permission(scene)
        return _no_further(reason, Text("vote.closed") if permission else when(permission))
    return _no_further(reason, Text("vote.not_ready"))


def _no_further(reason: str, text: Text) -> Go:
    where = "help.offer" if reason == "help" else "menu.menu"
    return Go(where, keep={"vote": None}, say=(text,), fresh=reason != "help")
