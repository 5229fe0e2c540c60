"""The pages that are looked at in a browser, one line each: what to call it, where, as whom.

`halfway`: with a password only. A role that starts with "nobody" is not signed in.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shown:
    name: str
    path: str
    role: str = "coordinator"
    complete: bool = True


SHOWN = [
    Shown("signin", "/signin", "nobody"),
    Shown("signin-code", "/signin/code", "auditor", complete=False),
    Shown("signin-password", "/signin/password", "auditor", complete=False),
    Shown("signin-app", "/signin/app", "auditor", complete=False),
    Shown("today", "/"),
    Shown("today-committee", "/", "committee"),
    Shown("plans", "/plans"),
    Shown("plans-board", "/plans?view=board"),
    Shown("plans-none", "/plans?q=helikopter"),
    Shown("plan-text", "/plans/1"),
    Shown("plan-voice", "/plans/2"),
    Shown("plan-rtl", "/plans/3", "committee"),
    Shown("plan-proposed", "/plans/7", "assessor"),
    Shown("plan-started", "/plans/11"),
    Shown("plan-step", "/plans/6/step/admitted"),
    Shown("plan-step-adjust", "/plans/6/step/adjust", "committee"),
    Shown("plan-transcript", "/plans/2/recordings/2"),
    Shown("plan-edit", "/plans/1/edit"),
    Shown("plan-translation", "/plans/3/translation/nl"),
    Shown("plan-contact", "/plans/11/contact"),
    Shown("plan-checklist", "/plans/11/checklist"),
    Shown("plan-word", "/plans/11/word"),
    Shown("plans-map", "/plans/map"),
    Shown("starts", "/starts"),
    Shown("assessments", "/assessments", "assessor"),
    Shown("assessment", "/assessments/1", "assessor"),
    Shown("assessment-again", "/assessments/5"),
    Shown("assessment-begin", "/plans/6/test"),
    Shown("results", "/results"),
    Shown("results-committee", "/results", "committee"),
    Shown("enter", "/enter"),
    Shown("enter-sheet", "/enter/sheet"),
    Shown("enter-codes", "/enter/1"),
    Shown("enter-code", "/enter/4"),
    Shown("help", "/help"),
    Shown("help-done", "/help?state=done"),
    Shown("help-number", "/help?kind=call&number=1"),
    Shown("help-talk", "/help/people/5"),
    Shown("help-talk-bot", "/help/people/1"),
    Shown("round", "/round"),
    Shown("campaigns", "/campaigns"),
    Shown("campaign", "/campaigns/1"),
    Shown("campaign-new", "/campaigns/new"),
    Shown("campaign-reminder", "/campaigns/new?name=vote_closing"),
    Shown("failed", "/failed"),
    Shown("stuck", "/stuck"),
    Shown("stempas", "/stempas"),
    Shown("exports", "/exports"),
    Shown("texts", "/texts"),
    Shown("texts-open", "/texts?language=ar&sound=open&flow=welcome", "committee"),
    Shown("text", "/texts/submit_plan.theme"),
    Shown("text-filled", "/texts/submit_plan.summary", "auditor"),
    Shown("text-label", "/texts/common.yes.label"),
    Shown("participation", "/participation", "committee"),
    Shown("audit", "/audit", "auditor"),
    Shown("account", "/account"),
    Shown("account-app", "/account/app"),
    Shown("refused", "/audit", "coordinator"),
    Shown("missing", "/plans/999", "coordinator"),
]
