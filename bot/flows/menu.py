"""The menu: only what can be done now."""

from __future__ import annotations

from bot.flows.common import permission, vote_permission, wants_to_submit
from bot.flows.draft import draft, text_of, with_part
from bot.flows.support import can_look, to_plan
from bot.flows.support import when as support_when
from bot.flows.vote_code import entry, when
from bot.flows.welcome import WORDS_OF_A_PLAN
from bot.prompts import Answer, Ask, Choice, Choose, End, Go, Scene, Text
from bot.understand.plan_numbers import plan_number
from civic.rounds import Act, Permission, Round

_WHERE = {
    "submit_plan": "submit_plan.start",
    "resume": "submit_plan.start",
    "look": "support.start",
    "my_plans": "my_plans.start",
    "about": "about",
    "settings": "settings.settings",
    "help": "help.offer",
}


def menu(scene: Scene) -> Ask:
    """A voice note, or a few sentences, in the menu is most likely a plan: we ask."""
    return Ask(
        Text("menu.menu", now=_now(scene)),
        _chosen,
        accepts=("text", "voice"),
        choices=_choices(scene),
        easier=Text("engine.easier_choose", question=Text("menu.menu", now=_now(scene))),
    )


_VOTE = Choice("vote", Text("menu.vote.label"), "vote")


def _choices(scene: Scene) -> tuple[Choice, ...]:
    plan: tuple[Choice, ...] = (_VOTE,) if vote_permission(scene) else ()
    if wants_to_submit(scene):
        if draft(scene):
            plan = (*plan, Choice("resume", Text("menu.resume.label"), "resume"))
        plan = (*plan, Choice("submit_plan", Text("menu.submit_plan.label"), "plan"))
    look = (Choice("look", Text("support.look.label")),) if can_look(scene) else ()
    return (
        *plan,
        *look,
        Choice("my_plans", Text("menu.my_plans.label"), "my_plans"),
        Choice("about", Text("menu.about.label"), "about"),
        Choice("settings", Text("menu.settings.label"), "settings"),
        Choice("help", Text("menu.help.label"), "help"),
    )


def _now(scene: Scene) -> Text:
    """What the round is waiting for, with the date: an act outside its phase is told plainly."""
    if scene.world.round is None:
        return Text("menu.no_round")
    if vote_permission(scene) and not wants_to_submit(scene):
        return when(vote_permission(scene))
    support, submit = permission(scene, Act.SUPPORT), permission(scene, Act.SUBMIT_PLAN)
    if support and not submit:
        return Text("life.lines", lines=(permission_text(submit), *support_when(support)))
    return permission_text(submit)


def permission_text(permission: Permission) -> Text:
    if permission.allowed and permission.closes:
        return Text("menu.submit_until", until=permission.closes)
    if permission.opens:
        return Text("menu.submit_from", start=permission.opens)
    if permission.closes:
        return Text("menu.submit_over", ended=permission.closes)
    return Text("menu.submit_never")


def _chosen(scene: Scene, answer: Answer) -> Go:
    if answer.choice == "vote":
        return entry(scene)
    if answer.choice == "submit_plan" and text_of(scene):
        return Go("begin_plan.resume")  # a new plan, or did they mean the one they have begun?
    if answer.kind == "choice":
        return Go(_WHERE[answer.choice])
    number = plan_number(answer.text, len(_choices(scene))) if answer.kind == "text" else None
    if number:
        return to_plan(number)
    if answer.kind == "voice" or len(answer.text.split()) >= WORDS_OF_A_PLAN:
        return _perhaps_a_plan(scene, answer)
    return Go("menu", missed=True)


def _perhaps_a_plan(scene: Scene, answer: Answer) -> Go:
    if not wants_to_submit(scene):
        return Go("menu", say=(Text("menu.heard_but_closed"),))
    return Go("begin_plan.is_it_a_plan", keep={"first": with_part({}, answer)})


def about(scene: Scene) -> Choose:
    """The rules, before anybody does anything: unclear rules lost trust in earlier rounds."""
    return Choose(
        _about_text(scene),
        (
            Choice("menu", Text("common.menu.label"), "menu"),
            Choice("help", Text("menu.help.label"), "help"),
        ),
        _after_about,
        easier=Text("engine.easier_choose", question=_now(scene)),
    )


def _about_text(scene: Scene) -> Text:
    round_ = scene.world.round
    if round_ is None:
        return Text("menu.no_round")
    return Text(
        "menu.about",
        round=round_.name,
        budget=round_.total_budget,
        rules=round_.texts.get("rules") or Text("menu.about_age", age=round_.rules.minimum_age),
        steps=_steps(round_),
        now=_now(scene),
    )


def _steps(round_: Round) -> tuple[Text, ...]:
    """What happens to a plan, as far as this round has it."""
    threshold = round_.support_needed
    support = (Text("menu.about_support", threshold=threshold),) if threshold else ()
    vote = (Text("menu.about_vote"),) if any(area.votes for area in round_.areas) else ()
    return (*support, Text("menu.about_assessed"), *vote)


def _after_about(scene: Scene, answer: Answer) -> Go:
    return Go("menu" if answer.choice == "menu" else "help.offer")


def resting(scene: Scene) -> Choose:
    """Nobody is in the middle of anything; the engine asks something else at the next word."""
    return Choose(Text("menu.menu", now=_now(scene)), (), _chosen)


def stopped(scene: Scene) -> End:
    return End(Text("menu.stopped"))
