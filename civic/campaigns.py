"""Campaigns: what goes out to many on our own initiative, to whom and when.

A campaign begins at a moment of the clock on the wall in Amsterdam. In the autumn night in
which 02:30 comes twice it begins once; in the spring night without 02:30, at half past three.
Whether somebody has voted is unknown by design, so a reminder goes to everyone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from civic.rounds import AMSTERDAM, Localised, Phase, Round

AT = time(10)  # when reminders begin: after the quiet hours, before lunch
CLOSING = timedelta(days=2)  # how long before closing the last reminder comes
APART = timedelta(days=2)  # reminders that would come closer together are one
TOO_LATE = timedelta(hours=12)  # after its moment a campaign does not begin any more
WORTH = timedelta(days=7)  # how long news is news


class Kind(StrEnum):
    """What a campaign says; the name of its text in the catalogue."""

    VOTE_OPENING = "vote_opening"
    VOTE_HALFWAY = "vote_halfway"
    VOTE_CLOSING = "vote_closing"
    NEWS = "news"
    RESULT = "result"


class Role(StrEnum):
    EVERYONE = "everyone"
    INITIATOR = "initiator"  # has sent in a plan


class State(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"
    MISSED = "missed"  # its moment had long passed when we came to it


@dataclass(frozen=True, slots=True)
class Audience:
    """Who it is for. `area`: has a plan there; `language`: reads that; None is any."""

    area: str | None = None
    language: str | None = None
    role: Role = Role.EVERYONE


@dataclass(frozen=True, slots=True)
class Campaign:
    """`begins` is the time on the wall, without zone; after `expires` nothing of it is sent.

    `words` are the coordinators' own, for news and results.
    """

    name: str
    kind: Kind
    begins: datetime
    expires: datetime
    audience: Audience = field(default_factory=Audience)
    words: Localised = field(default_factory=lambda: Localised({}))


@dataclass(frozen=True, slots=True)
class Reader:
    """What decides whether somebody gets a campaign; `channel` is "" without an address."""

    active: bool
    consents: bool
    wants: bool
    channel: str


def skipped(reader: Reader) -> str:
    """Why somebody in the audience is left out; "" when they are not."""
    if not reader.active:
        return "inactive"
    if not reader.consents:
        return "no_consent"
    if not reader.wants:
        return "stopped"
    return "" if reader.channel not in ("", "phone") else "no_channel"


def instant(wall: datetime) -> datetime:
    """The first instant, in UTC, at which clocks in Amsterdam show this or have passed it."""
    return wall.replace(tzinfo=AMSTERDAM, fold=0).astimezone(UTC)


def is_due(campaign: Campaign, now: datetime) -> bool:
    """Whether its moment has come."""
    return instant(campaign.begins) <= now


def is_missed(campaign: Campaign, now: datetime) -> bool:
    """Whether its moment has passed so long ago that it should not begin any more."""
    return now - instant(campaign.begins) > TOO_LATE or now >= campaign.expires


def day_of(campaign: Campaign) -> date:
    """The local day that its messages are keyed by."""
    return campaign.begins.date()


def vote_reminders(round_: Round) -> tuple[Campaign, ...]:
    """The reminders of a round by default: at the opening, half-way, and two days before closing.

    None for a round without a vote; fewer for a short one.
    """
    dates = round_.dates(Phase.VOTE)
    if dates is None:
        return ()
    days = {
        Kind.VOTE_OPENING: dates.start,
        Kind.VOTE_CLOSING: dates.end - CLOSING,
        Kind.VOTE_HALFWAY: dates.start + (dates.end - dates.start) / 2,
    }
    kept: dict[Kind, date] = {}
    for kind, day in days.items():
        if all(abs(day - other) >= APART for other in kept.values()) and day >= dates.start:
            kept[kind] = day
    ordered = sorted(kept.items(), key=lambda item: item[1])
    return tuple(
        Campaign(kind.value, kind, datetime.combine(day, AT), dates.closes_at)
        for kind, day in ordered
    )


def news(name: str, words: Mapping[str, str], begins: datetime, kind: Kind = Kind.NEWS) -> Campaign:
    """News in the coordinators' own words, by language."""
    return Campaign(name, kind, begins, instant(begins) + WORTH, words=Localised(words))
