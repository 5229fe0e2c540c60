"""The form by which a campaign is planned, and what may be wrong with it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field, field_validator

from civic import campaigns as civic
from civic.campaigns import Audience, Campaign, Kind, Role, State
from civic.rounds import Round
from console.texts import T
from storage.campaigns import Stored

MOST_WORDS = 900  # so that with our own words around it it fits one message on WhatsApp


class Schedule(BaseModel):
    """`begins` is the clock in Amsterdam; `words` are in the order of the round's languages.

    One of the round's own reminders has its own words and goes to everyone.
    """

    name: str = Field(max_length=60)
    begins: datetime
    kind: Literal["news", "result", "vote_opening", "vote_halfway", "vote_closing"] = "news"
    area: str = ""
    language: str = ""
    role: Role = Role.EVERYONE
    words: list[str] = Field(default_factory=list)
    sure: bool = False

    @field_validator("begins")
    @classmethod
    def _on_the_wall(cls, begins: datetime) -> datetime:
        if begins.tzinfo is not None:
            raise ValueError(T("campaigns.no_zone"))
        return begins.replace(second=0, microsecond=0)


def campaign_of(asked: Schedule, round_: Round, default: Campaign | None) -> Campaign:
    """What was asked for; of the round's own reminders only the moment is."""
    if default:
        return Campaign(default.name, default.kind, asked.begins, default.expires)
    words = dict(zip(round_.languages, map(str.strip, asked.words), strict=False))
    kind = Kind.RESULT if asked.kind == "result" else Kind.NEWS
    news = civic.news(" ".join(asked.name.split()), words, asked.begins, kind)
    audience = Audience(asked.area or None, asked.language or None, asked.role)
    return Campaign(news.name, news.kind, news.begins, news.expires, audience, news.words)


def problem(
    campaign: Campaign, round_: Round, now: datetime, there: Stored | None
) -> tuple[str, str] | None:
    """The field and the text of what is wrong, None when nothing is."""
    if civic.is_missed(campaign, now):
        return "begins", T("campaigns.is_over")
    if there is not None and there.state not in (State.DRAFT,):
        return "name", T("campaigns.name_taken")
    audience = campaign.audience
    if audience.area is not None and round_.area(audience.area) is None:
        return "area", T("field.choose")
    if audience.language is not None and audience.language not in round_.languages:
        return "language", T("field.choose")
    return _words_problem(campaign, round_)


def _words_problem(campaign: Campaign, round_: Round) -> tuple[str, str] | None:
    """News is said in every language of the round, since anybody may read any of them."""
    if campaign.kind not in (Kind.NEWS, Kind.RESULT):
        return None
    said = [campaign.words.texts.get(code, "") for code in round_.languages]
    if not all(said):
        return "words", T("campaigns.words_missing")
    return ("words", T("campaigns.words_long")) if max(map(len, said)) > MOST_WORDS else None
