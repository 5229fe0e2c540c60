"""What `buurtstem campaign …` does; its arguments are in `runtime.campaign_cli`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from sqlalchemy import Connection

from civic import campaigns as civic
from civic.campaigns import Audience, Campaign, Kind, Role, State
from runtime import campaigns as runtime
from runtime.campaign_texts import preview
from storage import campaigns, rounds
from storage.campaigns import Stored
from storage.db import Database
from storage.rounds import ActiveRound
from storage.times import now_ms

Act = Callable[[Connection, Stored], bool]
ACTS: dict[str, tuple[Act, str]] = {
    "pause": (runtime.pause, "paused"),
    "resume": (runtime.resume, "goes on"),
    "cancel": (runtime.cancel, "cancelled"),
}


def run(db: Database, args: argparse.Namespace) -> list[str]:
    """Does what `args` say; the lines to print. Raises ValueError with one line."""
    active = db.read(rounds.active)
    if active is None:
        raise ValueError("no round is loaded: buurtstem round load FILE")
    if args.act == "list":
        return list(db.read(lambda conn: list(_listed(conn, active))))
    if args.act == "schedule":
        return [db.call(lambda conn: _schedule(conn, active, args))]
    if args.act == "preview":
        return list(_preview(_campaign(db, active, args.name), active))
    stored = db.read(lambda conn: campaigns.named(conn, active.id, args.name))
    if stored is None:
        raise ValueError(f"{args.name}: not scheduled")
    if args.act == "progress":
        return list(db.read(lambda conn: list(_progress(conn, stored))))
    return [db.call(lambda conn: _act(conn, stored, args.act))]


def _act(conn: Connection, stored: Stored, name: str) -> str:
    act, done = ACTS[name]
    if not act(conn, stored):
        raise ValueError(f"{stored.campaign.name}: is {stored.state.value}")
    return f"{stored.campaign.name}: {done}"


def _defaults(active: ActiveRound) -> dict[str, Campaign]:
    return {campaign.name: campaign for campaign in civic.vote_reminders(active.round)}


def _campaign(db: Database, active: ActiveRound, name: str) -> Campaign:
    stored = db.read(lambda conn: campaigns.named(conn, active.id, name))
    found = stored.campaign if stored else _defaults(active).get(name)
    if found is None:
        raise ValueError(f"{name}: no such campaign; see buurtstem campaign list")
    return found


def _listed(conn: Connection, active: ActiveRound) -> Iterator[str]:
    stored = campaigns.listed(conn, active.id)
    names = {each.campaign.name for each in stored}
    shown = [(each.campaign, each.state.value) for each in stored]
    shown += [(c, "not scheduled") for c in _defaults(active).values() if c.name not in names]
    for campaign, state in sorted(shown, key=lambda item: item[0].begins):
        yield f"{campaign.name}: {campaign.begins:%Y-%m-%d %H:%M}, {state}"


def _schedule(conn: Connection, active: ActiveRound, args: argparse.Namespace) -> str:
    campaign = _wanted(active, args)
    if civic.is_missed(campaign, datetime.now(UTC)):
        raise ValueError(f"{campaign.begins:%Y-%m-%d %H:%M}: that is over")
    campaigns.save(conn, active.id, campaign, State.SCHEDULED, now_ms())
    return f"{campaign.name}: {campaign.begins:%Y-%m-%d %H:%M} in Amsterdam"


def _wanted(active: ActiveRound, args: argparse.Namespace) -> Campaign:
    default = _defaults(active).get(args.name)
    begins = _moment(args.at) if args.at else default.begins if default else None
    if begins is None:
        raise ValueError("--at: say when, such as 2026-10-07T10:00")
    audience = Audience(_area(active, args.area), args.language, Role(args.role))
    if default:
        return Campaign(default.name, default.kind, begins, default.expires, audience)
    news = civic.news(args.name, _words(active, args.text), begins, Kind(args.kind))
    return Campaign(news.name, news.kind, begins, news.expires, audience, news.words)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text}: not a time such as 2026-10-07T10:00") from None
    if moment.tzinfo is not None:
        raise ValueError(f"{text}: without a zone, it is the clock in Amsterdam")
    return moment


def _area(active: ActiveRound, area: str | None) -> str | None:
    if area is not None and active.round.area(area) is None:
        names = ", ".join(each.id for each in active.round.areas)
        raise ValueError(f"{area}: not an area of this round. Choose {names}")
    return area


def _words(active: ActiveRound, texts: list[str]) -> dict[str, str]:
    words = dict(text.partition("=")[::2] for text in texts)
    lacking = [code for code in active.round.languages if not words.get(code, "").strip()]
    if lacking:
        raise ValueError(f"--text: give the words in each language; missing: {', '.join(lacking)}")
    return words


def _preview(campaign: Campaign, active: ActiveRound) -> Iterator[str]:
    for language, (invitation, *texts) in preview(campaign, active.round).items():
        yield f"[{language}] outside WhatsApp's window first:\n{invitation}\n"
        yield f"[{language}]\n" + "\n\n".join(texts) + "\n"


def _progress(conn: Connection, stored: Stored) -> Iterator[str]:
    progress = campaigns.progress(conn, stored.id)
    yield f"{stored.campaign.name}: {stored.state.value}"
    yield from (f"{state}: {many}" for state, many in sorted(progress.states.items()))
    yield from (f"failed, {why}: {many}" for why, many in sorted(progress.failed.items()))
    yield from (f"skipped, {why}: {many}" for why, many in sorted(progress.skipped.items()))
