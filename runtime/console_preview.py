"""The message that people will get, for the console: by the same code that writes it."""

from __future__ import annotations

from dataclasses import replace

from bot.messages import Channel
from civic.plans import Status
from console.preview import Tidings
from runtime.fitting import fit
from runtime.plan_texts import Facts, question_of, written
from storage.plan_life import DUTCH, Reason
from storage.plan_news import EVERYONE, News, Reader

_SOMEBODY, _ANOTHER = 1, 2  # row ids of nobody: only whether they are the same counts


def preview(what: Tidings, language: str, own: bool) -> str:
    """The text to the initiator (`own`) or to a follower, with what they may choose."""
    facts = _facts(what)
    state = question_of(facts) if own else ""
    messages = written(facts, _reader(language, own), _reason(what, language), state, fit)
    parts = [text for each in messages for text in (each.text, *_choices(each.buttons))]
    return "\n".join(parts).strip()


def _choices(buttons: tuple[object, ...]) -> list[str]:
    labels = [str(getattr(button, "label", "")) for button in buttons]
    return ["", " ".join(f"[{label}]" for label in labels)] if labels else []


def _facts(what: Tidings) -> Facts:
    """As things will be once it is done."""
    is_step = what.kind in frozenset(Status)
    plan = replace(
        what.plan,
        initiator=_SOMEBODY,
        status=what.kind if is_step else what.plan.status,
    )
    words = what.reasons if what.kind == "word" else {}
    news = News(0, plan.id, None, what.kind, words, EVERYONE, 0, 0)
    return Facts(news, plan, what.round, what.titles, what.contact, what.deadline)


def _reader(language: str, own: bool) -> Reader:
    return Reader(
        id=_SOMEBODY if own else _ANOTHER,
        language=language,
        sound=False,
        notify=True,
        consents=True,
        state="active",
        channel=Channel.TELEGRAM,
        address="",
    )


def _reason(what: Tidings, language: str) -> Reason | None:
    said = language if language in what.reasons else DUTCH
    text = what.reasons.get(said, "")
    return Reason(text, said) if text and what.kind != "word" else None
