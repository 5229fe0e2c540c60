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
    Shown("help", "/help"),
    Shown("help-done", "/help?state=done"),
    Shown("help-number", "/help?kind=call&number=1"),
    Shown("help-talk", "/help/people/5"),
    Shown("help-talk-bot", "/help/people/1"),
    Shown("audit", "/audit", "auditor"),
    Shown("account", "/account"),
    Shown("account-app", "/account/app"),
    Shown("refused", "/audit", "coordinator"),
    Shown("missing", "/plans/999", "coordinator"),
]
