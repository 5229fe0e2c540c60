"""Whether every text that the console asks for is there, in Dutch and in English.

Run by `make check`: one line for each problem. Keys come from the templates and the code (Babel),
and from the few places where a key is put together (`DYNAMIC`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import get_args

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import PoFileError

from admin_export.destinations import Why
from civic.alarms import Kind
from civic.assessments import Verdict
from civic.campaigns import Kind as Campaign
from civic.campaigns import Role as Audience
from civic.campaigns import State as CampaignState
from civic.plan_costs import Bound
from civic.plans import RESULTS, Status
from civic.plans import Role as Actor
from civic.rounds import Act as Doing
from civic.rounds import BallotKind, Model, Phase, TallyRule
from console import pages
from console.bot_texts import REASONS, State
from console.bot_texts import Kind as TextKind
from console.examples import EXAMPLES
from console.pages.failed import MEANS
from console.pages.stuck import TASKS, WHY
from console.pages.today import SHOWN_ABOVE
from console.participation import ALL
from console.roles import Role
from console.texts import LANGUAGES, LOCALES, catalogues
from storage import plan_edits
from storage.assessing import Whose
from storage.starting import Who

HERE = Path(__file__).parent
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
KEYWORDS = {"T": None, "t": None, "tn": (1, 1)}
AUDITED = {"saw": None, "change": None}  # visit.saw("plan", …): the text is `audit.plan`

STUCK = sorted({*WHY.values(), "other"})
FAILED = sorted({*MEANS.values(), "other"})

# Keys that are put together: how they begin, and how they may end.
DYNAMIC: Mapping[str, Iterable[str]] = {
    "status.": Status,
    "role.": Role,
    "actor.": Actor,
    "export.why.": Why,
    "alarm.": [kind for kind in Kind if kind not in SHOWN_ABOVE],
    "channel.": ("simulator", "telegram", "whatsapp", "sms", "phone", "paper"),
    "help.kind.": ("call", "message", "listen"),
    "who.": ("me", "municipality", "together"),
    "news.": ("word", "contact", "reminder"),
    "verdict.": ("unsure", "no_speech", "rejected"),
    "sent.": (
        "queued", "sending", "sent", "unknown", "failed", "waiting", "delivered", "read", "not_put",
    ),
    "election.": ("none", "open", "closed", "counted"),
    "stempas.next.": ("none", "open", "closed", "counted"),
    "stempas.kind.": ("resident", "entrepreneur", "replacement"),
    "stempas.channel.": ("internet", "paper"),
    "chain.": ("opened", "issued", "voided", "closed", "counted", "tie"),
    "participation.by.": ALL,
    "participation.head.": ALL,
    "texts.kind.": TextKind,
    "texts.short.": TextKind,
    "texts.state.": State,
    "texts.not.": REASONS,
    "param.": EXAMPLES,
    "phase.": Phase,
    "act.": Doing,
    "model.": Model,
    "ballot.": BallotKind,
    "tally.": TallyRule,
    "over.": Bound,
    **{
        f"step.{part}.": [s for s in Status if s not in RESULTS | {Status.DRAFT}]
        for part in ("to", "lead", "go")
    },
    "edit.field.": plan_edits.FIELDS,
    "test.": Verdict,
    "whose.": get_args(Whose),
    "assessments.none.": get_args(Whose),
    "side.": Who,
    "starts.": ("all", "overdue", "no_contact"),
    "missed.": (
        "not_yet", "on_its_way", "window", "invited", "stopped", "inactive", "no_consent",
        "no_channel", "forgotten", "unknown", "failed", "do.wait", "do.call", "do.letter",
        "do.nothing",
    ),
    "campaigns.kind.": Campaign,
    "campaigns.state.": ("none", *CampaignState),
    "campaigns.role.": Audience,
    "campaigns.skipped.": ("inactive", "no_consent", "stopped", "no_channel"),
    "campaigns.act.": ("pause", "resume", "cancel"),
    "campaigns.sure.": ("pause", "resume", "cancel"),
    "campaigns.sure_why.": ("pause", "resume", "cancel"),
    "campaigns.do.": ("pause", "resume", "cancel"),
    "stuck.task.": (*TASKS, "other"),
    "stuck.why.": STUCK,
    "stuck.do.": STUCK,
    "stuck.did.": ("again", "remove"),
    "audit.stuck.": ("again", "remove"),
    "failed.means.": FAILED,
    "failed.do.": FAILED,
    "failed.kind.": ("reply", "notice", "campaign"),
    "exports.state.": ("wanted", "running", "done", "failed"),
    "exports.count.": ("plans", "recordings", "photos", "changed", "plans_with_notes"),
    "error.": ("400", "403", "404", "405", "413"),
    # written by the guard, the sign-in and the command line
    "audit.": (
        "sign_in", "sign_in.password", "sign_in.failed", "user.add", "user.disable", "user.reset",
        "export.contacts", "import.decisions",
    ),
}  # fmt: skip


def problems(folder: Path = LOCALES) -> list[str]:
    """One line for each problem."""
    wanted = dict(used())
    found: list[str] = []
    names: dict[str, frozenset[str]] = {}
    for language in LANGUAGES:
        try:
            files = list(catalogues(language, folder))
        except (OSError, PoFileError, UnicodeDecodeError) as error:
            found.append(f"{language}: {type(error).__name__}: {error}")
            continue
        found += [f"{language}: {line}" for line in _in_language(files, wanted, names)]
    return found


def used() -> Iterator[tuple[str, bool]]:
    """Each key that the console asks for, and whether it has plural forms."""
    for key in _extracted(KEYWORDS):
        yield (key, False) if isinstance(key, str) else (key[0], True)
    for key in _extracted(AUDITED):
        yield f"audit.{key}", False
    for begin, ends in DYNAMIC.items():
        yield from ((begin + end, False) for end in ends)
    for route in pages.routes():
        if getattr(route, "nav", False):
            yield f"nav.{route.name}", False


def _extracted(keywords: Mapping[str, tuple[int, ...] | None]) -> Iterator[str | tuple[str, ...]]:
    found = extract_from_dir(HERE, METHODS, keywords=dict(keywords))
    yield from (message for _, _, message, _, _ in found if message)


def _in_language(
    files: list[Catalog], wanted: Mapping[str, bool], names: dict[str, frozenset[str]]
) -> Iterator[str]:
    forms = dict(_forms(files))
    twice = sum(len([m for m in file if m.id]) for file in files) - len(forms)
    if twice:
        yield f"{twice} keys stand there twice"
    yield from (f"{key}: missing" for key in sorted(wanted.keys() - forms.keys()))
    yield from (f"{key}: nobody uses it" for key in sorted(forms.keys() - wanted.keys()))
    for key, texts in forms.items():
        if not all(texts) or (wanted.get(key) and len(texts) < 2):
            yield f"{key}: not filled in"
        elif names.setdefault(key, placeholders(texts)) != placeholders(texts):
            yield f"{key}: other placeholders than in the other language"


def _forms(files: list[Catalog]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for file in files:
        for message in file:
            string = message.string
            texts = (string,) if isinstance(string, str) else tuple(string or ())
            if message.id:
                yield message.id if isinstance(message.id, str) else message.id[0], texts


def placeholders(texts: Iterable[str]) -> frozenset[str]:
    """The names in braces; the number itself may be left out of a plural form."""
    parsed = (Formatter().parse(text) for text in texts)
    return frozenset(name for parts in parsed for _, name, _, _ in parts if name) - {"n"}


def main() -> int:
    found = problems()
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
