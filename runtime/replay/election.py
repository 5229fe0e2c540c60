"""A Pabulib election as a round of ours: in a database of its own, with plans, key and codes."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Connection

from bot.i18n.languages import LANGUAGES
from civic import pabulib, pabulib_rules, tally
from civic.ballots import Ballot, Paper, Refusal, refuses
from civic.pabulib import Instance
from civic.plans import Status
from civic.rounds import (
    Area,
    BallotKind,
    Help,
    Keeper,
    Localised,
    Phase,
    PhaseDates,
    Round,
    Rules,
    Theme,
    today,
)
from civic.tally import Pile
from runtime import stempas
from runtime.election import keys
from storage import elections, hot, papers, plans, rounds
from storage.db import Database
from storage.migrate import is_empty
from storage.times import from_ms, now_ms

AREA = "pabulib"
DAYS = 2  # before and after today on which the vote runs: midnight may pass meanwhile
_SIGNS = "🌳🎨🤝🏃📚🚲🏠🎵🧩"
_NOT_NAMES = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class File:
    """What was read: `paper` and `piles` have the file's numbers of plans, `ours` the round's.

    theme_of: the id of each category's theme.
    """

    instance: Instance
    paper: Paper
    piles: tuple[Pile, ...]
    ours: Mapping[int, int]
    theme_of: Mapping[str, str]

    def in_round(self, ballot: Ballot) -> Ballot:
        """The ballot as the residents' letter has it: our numbers, each plan once."""
        once = dict(reversed(ballot.choices))
        numbers = dict.fromkeys(number for number, _ in ballot.choices)
        return Ballot(AREA, tuple((self.ours[number], once[number]) for number in numbers))

    def forbids(self, ballot: Ballot) -> Refusal | None:
        """Which rule of the file itself this ballot breaks; a plan named again counts once."""
        once = dict(reversed(ballot.choices))
        return refuses(self.paper, tuple(once.items()), final=True)

    def allowed(self) -> tuple[Pile, ...]:
        """The piles without the ballots that the file's own rules forbid."""
        return tuple(
            Pile(pile.channel, tuple(b for b in pile.ballots if self.forbids(b) is None))
            for pile in self.piles
        )


def read(path: Path) -> File:
    """Reads a file. Raises ValueError with one line."""
    try:
        instance = pabulib.read(path.read_text("utf-8"))
        paper = pabulib_rules.paper_of(instance, AREA)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if not instance.votes or not paper.items:
        raise ValueError(f"{path}: there is nothing to vote for, or nobody who votes")
    ours = {item.number: place for place, item in enumerate(paper.items, 1)}
    piles = pabulib_rules.piles_of(instance, AREA)
    return File(instance, paper, piles, ours, _themes(paper))


def _themes(paper: Paper) -> dict[str, str]:
    """An id for each category that a plan, or a limit, has."""
    names = dict.fromkeys([*paper.theme_caps, *(item.theme for item in paper.items)])
    plain = (_NOT_NAMES.sub("-", name.lower()).strip("-") for name in names if name)
    return {
        name: f"{slug or 'theme'}-{n}"
        for n, (name, slug) in enumerate(zip(filter(None, names), plain, strict=True), 1)
    }


def round_of(file: File) -> Round:
    """The round that holds this vote, today."""
    meta, day = file.instance.meta, today(from_ms(now_ms()))
    name = _same(meta.get("description") or meta.get("unit") or "Pabulib")
    vote = PhaseDates(Phase.VOTE, day - timedelta(days=DAYS), day + timedelta(days=DAYS))
    return Round(
        id="replay",
        name=name,
        city=meta.get("unit") or "Amsterdam",
        languages=tuple(LANGUAGES),
        phases=(vote,),
        areas=(Area(AREA, _same(meta.get("subunit") or name.get("nl")), file.paper.budget),),
        themes=tuple(
            Theme(id_, _SIGNS[n % len(_SIGNS)], _same(name), file.paper.theme_caps.get(name))
            for n, (name, id_) in enumerate(file.theme_of.items())
        ),
        rules=_rules(file.paper),
        keeper=Keeper(name, "privacy@example.org", 1, 1),
        help=Help("+31200000000", name, name, 1),
    )


def _same(text: str) -> Localised:
    return Localised({"nl": text})


def _rules(paper: Paper) -> Rules:
    pointed = paper.kind is BallotKind.POINTS
    return Rules(
        ballot=paper.kind,
        ballot_least=paper.least,
        ballot_most=paper.most,
        ballot_points=paper.points if pointed else Rules().ballot_points,
        ballot_points_most=paper.points_most if pointed else None,
        ballot_within_caps=bool(paper.theme_most),
        tally=paper.tally,
        caps_bind_leftover=paper.caps_bind_leftover,
        paper_share=paper.paper_share,
    )


@dataclass(frozen=True, slots=True)
class Opened:
    """An election that takes votes. codes: by channel, in the order of issue; shares: words."""

    round_id: int
    codes: Mapping[str, Sequence[str]]
    shares: Sequence[str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """How the key is split, the pepper of the codes, and a folder for a moment's files."""

    trustees: int
    threshold: int
    pepper: bytes
    folder: Path


def refuse_filled(db: Database) -> None:
    """Raises ValueError for a database that has any table: it may be somebody's."""
    if not db.read(is_empty):
        raise ValueError("--database: it is not empty, so nothing is written into it")


def open_election(
    db: Database, file: File, wanted: Wanted, tell: Callable[[str], object]
) -> Opened:
    """Files the plans, opens the election and issues a code for each ballot.

    Raises ValueError for a rule of the file that a round cannot have.
    """
    public, shares = keys.make(wanted.trustees, wanted.threshold)
    round_id = db.call(lambda conn: _begin(conn, file, public))
    active = db.read(rounds.active)
    assert active
    found = db.read(lambda conn: papers.of_round(conn, active))
    _same_rules(file, found[AREA])
    codes = {pile.channel: _issue(db, pile, wanted, tell) for pile in file.piles if pile.ballots}
    return Opened(round_id, codes, shares[: wanted.threshold])


def _begin(conn: Connection, file: File, public: keys.PublicKey) -> int:
    now = now_ms()
    round_id = rounds.save_round(conn, round_of(file), now)
    arrival = hot.arrive(
        conn, channel="simulator", provider_id="plans", address="initiator", hint="", kind="text",
        body_json="{}", now_ms=now,
    )  # fmt: skip
    assert arrival
    for item in file.paper.items:
        title = item.title or f"Plan {item.number}"
        theme = file.theme_of.get(item.theme)
        new = plans.NewPlan(
            initiator=arrival.person_id, title=title, text=title, language="nl", area=AREA,
            theme=theme, cost=item.cost,
        )  # fmt: skip
        filed = plans.by_number(conn, round_id, plans.submit(conn, round_id, new, now))
        assert filed
        assert filed.number == file.ours[item.number]
        plans.set_status(conn, filed.id, filed.status, Status.ADMITTED, "replay", "", now)
    elections.opened(conn, round_id, public.key, public.trustees, public.threshold, now)
    return round_id


def _same_rules(file: File, found: Paper) -> None:
    """The paper that residents get is the file's, rule by rule."""
    items = tuple(
        replace(
            item,
            number=file.ours[item.number],
            title=item.title or f"Plan {item.number}",
            theme=file.theme_of.get(item.theme, ""),
        )
        for item in file.paper.items
    )
    wanted = asdict(replace(file.paper, items=items))
    for name in ("theme_most", "theme_caps"):
        wanted[name] = {file.theme_of[theme]: most for theme, most in wanted[name].items()}
    for name, value in asdict(found).items():
        if wanted[name] != value:
            raise ValueError(f"a round cannot have the rule of this file: {name}")


def _issue(db: Database, pile: Pile, wanted: Wanted, tell: Callable[[str], object]) -> list[str]:
    out = wanted.folder / f"codes-{pile.channel}.csv"
    order = stempas.Order(AREA, "resident", pile.channel, len(pile.ballots), out)
    stempas.issue(db, lambda: wanted.pepper, order, tell)
    with out.open(encoding="utf-8", newline="") as file:
        codes = [row["code"].replace(" ", "") for row in csv.DictReader(file)]
    out.unlink()
    return codes


def direct(file: File) -> tally.Tally:
    """The file counted as it stands, without the ballots that its own rules forbid."""
    return tally.count(file.paper, file.allowed())


def total(tally_: tally.Tally) -> Decimal:
    return sum((funded.amount for funded in tally_.funded), Decimal(0))
