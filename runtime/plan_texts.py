"""What news of a plan says to one person: in their language, and no more than is true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.channels.content import OUTSIDE
from bot.flows.common import reason as why
from bot.flows.life import MENU, answer, talk
from bot.i18n.catalogue import translate
from bot.messages import Channel, Outbound, Reply, Template
from bot.prompts import Choice, Param, Text
from bot.turn import Render
from civic.plans import Status
from civic.rounds import Localised, Phase, Round, today
from storage.plan_life import Reason
from storage.plan_news import News, Reader
from storage.plans import Plan
from storage.starting import Contact
from storage.times import from_ms

TALK, ASKED = "life.offer", "life.asked"
# Where an initiator's answer is expected, and while the plan is in which status.
QUESTIONS: Mapping[str, tuple[str, Status]] = {
    "adjust": (ASKED, Status.ADJUST),
    "reminder": (ASKED, Status.ADJUST),
    "declined": (TALK, Status.DECLINED),
    "not_chosen": (TALK, Status.NOT_CHOSEN),
}
_RESULTS = ("chosen", "not_chosen")
_OWN_WORDS = ("word", "contact")
_NOT_FINAL = ("supported", "assessing", "admitted")


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of a piece of news, the same for everybody it goes to.

    `deadline`: until when its question may be answered (milliseconds); None without a question.
    """

    news: News
    plan: Plan
    round: Round | None
    titles: Mapping[str, str] = field(default_factory=dict)
    contact: Contact | None = None
    deadline: int | None = None

    def title(self, language: str) -> str:
        return self.titles.get(language, self.plan.title)


def is_obsolete(facts: Facts) -> bool:
    """A question that was answered, or withdrawn, before anybody was told of it."""
    return facts.news.kind in ("adjust", "reminder") and facts.deadline is None


def question_of(facts: Facts) -> str:
    """The state in which its initiator may answer this news; "" when there is nothing to say."""
    state, status = QUESTIONS.get(facts.news.kind, ("", None))
    return state if facts.plan.status == status else ""


def written(
    facts: Facts, reader: Reader, reason: Reason | None, state: str, render: Render
) -> list[Outbound]:
    """The messages to one person, in order. `state`: where their answer is expected, or ""."""
    language = reader.language or "nl"
    own = reader.id == facts.plan.initiator
    lines = (_head(facts, own, language), *_body(facts, own, reason, language))
    reply = Reply(
        (Text("life.lines", lines=lines), *_foot(facts, own, state)), _choices(facts, state)
    )
    messages = list(render(reply, language, reader.channel, reader.address, sound=reader.sound))
    if reader.channel == Channel.WHATSAPP and messages:
        messages[0] = replace(messages[0], template=_template(facts, language))
    return messages


def _head(facts: Facts, own: bool, language: str) -> Text:
    about = {"number": str(facts.plan.number), "title": facts.title(language)}
    return Text("life.about_own" if own else "life.about_followed", **about)


def _body(facts: Facts, own: bool, reason: Reason | None, language: str) -> tuple[Text, ...]:
    """What happened. A question of the city is the initiator's only."""
    kind, whose = facts.news.kind, "own" if own else "followed"
    if kind == "word":
        return (Text("life.word", words=Localised(facts.news.words)),)
    if kind == "contact":
        return _contact(facts.contact)
    because = why(_told(reason, language)) if own or kind != "adjust" else ()
    return (Text(f"life.{whose}.{kind}"), *because, *_more(facts, own))


def _more(facts: Facts, own: bool) -> tuple[Text, ...]:
    """The dates, and that it is not the final choice yet."""
    kind = facts.news.kind
    if own and facts.deadline is not None and kind in ("adjust", "reminder"):
        return (Text("life.until", until=today(from_ms(facts.deadline))),)
    vote = _vote(facts) if kind == "admitted" else ()
    return (*vote, *((Text("life.not_final"),) if kind in _NOT_FINAL else ()))


def _told(reason: Reason | None, language: str) -> dict[str, str]:
    if reason is None:
        return {}
    note = "machine" if reason.machine else ""
    return {"reason": reason.text, "note": note if reason.language == language else "dutch"}


def _contact(contact: Contact | None) -> tuple[Text, ...]:
    if contact is None:
        return ()
    phone = (Text("life.phone", phone=contact.phone),) if contact.phone else ()
    email = (Text("life.email", email=contact.email),) if contact.email else ()
    return (Text("life.contact", name=contact.name), *phone, *email)


def _vote(facts: Facts) -> tuple[Text, ...]:
    """When people vote for it, where they do."""
    dates = facts.round.dates(Phase.VOTE) if facts.round else None
    area = facts.round.area(facts.plan.area) if facts.round and facts.plan.area else None
    if dates is None or (area is not None and not area.votes):
        return ()
    return (Text("life.vote", start=dates.start, end=dates.end),)


def _foot(facts: Facts, own: bool, state: str) -> tuple[Text, ...]:
    """The question; for who is in the middle of something else, where to find it later."""
    number = str(facts.plan.number)
    if not own:
        return (Text("life.unfollow", number=number),)
    if state:
        return (Text(state, number=number),)
    return (Text("life.later"),) if question_of(facts) else ()


def _choices(facts: Facts, state: str) -> tuple[tuple[str, Param], ...]:
    number = facts.plan.number
    choices: tuple[Choice, ...] = ()
    if state:
        first = (answer(number),) if state == ASKED else ()
        choices = (*first, talk(number), MENU)
    return tuple((f"{state}:{choice.id}", choice.label) for choice in choices)


def _template(facts: Facts, language: str) -> Template:
    """The approved text that asks them to write, outside WhatsApp's window."""
    kind = facts.news.kind
    known: dict[str, str] = {
        "number": str(facts.plan.number),
        "title": facts.title(language),
        "status": translate(Text(f"status.{facts.plan.status}"), language),
    }
    key = "outside.result" if kind in _RESULTS else "outside.status"
    key = "outside.message" if kind in _OWN_WORDS else key
    return Template(key, language, tuple(known[name] for name in OUTSIDE[key]))
