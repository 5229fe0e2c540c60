"""What may leave: the one place that decides it. Every writer gets a `Dataset` and nothing else.

People are pseudonyms here, the same for one person within one round. Contact details are in
`admin_export.contacts`, which is made only by whoever has the role for it. Of votes there is
only what the count published. Money is in euros, times are instants in UTC.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import Connection

from admin_export.figures import Figure, figures
from admin_export.plan import (
    Addition,
    Assessment,
    Correction,
    ExportedPlan,
    Photo,
    Recording,
    Step,
    Translation,
)
from civic.plans import Role
from civic.rounds import Round
from storage import exports, published
from storage.money import to_euros
from storage.times import from_ms, to_ms

__all__ = ["Dataset", "ExportedPlan", "Link", "collect", "pseudonym"]

Link = Callable[[str, int], str]  # ("recording" or "photo", row id) -> where it can be had

_ROLES = frozenset(role.value for role in Role)
_OPEN = "open"


@dataclass(frozen=True, slots=True)
class Dataset:
    """Plans of one round as they were at `until`.

    With `since` only plans that changed from then on, whole; `figures` are always of the whole
    round. `published`: what the count published, by the name of the file.
    Two datasets of the same moment over the same rows are equal, and so are their files.
    """

    round: Round
    since: datetime | None
    until: datetime
    plans: tuple[ExportedPlan, ...] = ()
    figures: tuple[Figure, ...] = ()
    published: Mapping[str, bytes] = field(default_factory=dict)

    def area_name(self, area: str, language: str = "nl") -> str:
        """What the area is called; its id when the round no longer has it."""
        found = self.round.area(area)
        return found.name.get(language) if found else area

    def theme_name(self, theme: str, language: str = "nl") -> str:
        """Likewise of a theme."""
        found = self.round.theme(theme)
        return found.name.get(language) if found else theme


def pseudonym(key: bytes, round_slug: str, person_id: int | None) -> str:
    """A person's name in exports of one round; the key is not in the database."""
    if person_id is None:
        return ""
    digest = hmac.digest(key, f"export|{round_slug}|{person_id}".encode(), hashlib.sha256)
    return "R-" + digest.hex()[:12]


def collect(
    conn: Connection,
    round_id: int,
    round_: Round,
    *,
    until: datetime,
    since: datetime | None,
    key: bytes,
    link: Link,
) -> Dataset:
    """Reads what may leave. `key` makes the pseudonyms, `link` tells where files can be had.

    What happened at or after `until` is not in it, but for one thing: what has been corrected,
    translated anew or taken along by a forgotten person since then is not brought back.
    """
    until_ms = to_ms(until)
    parts = _Parts(conn, round_id, until_ms, link)
    made = [
        parts.plan(row, pseudonym(key, round_.id, row.initiator))
        for row in exports.plans_of(conn, round_id, until_ms)
    ]
    kept = made if since is None else [plan for plan in made if plan.updated_at >= since]
    return Dataset(
        round_,
        since,
        until,
        tuple(kept),
        tuple(figures(made, exports.supporters(conn, round_id, until_ms))),
        published.files(conn, round_id, until_ms),
    )


class _Parts:
    """Everything about plans that is not in their own rows, by the plan's row id."""

    def __init__(self, conn: Connection, round_id: int, until_ms: int, link: Link) -> None:
        where = (conn, round_id, until_ms)
        self._until = until_ms
        self._changes: defaultdict[int, int] = defaultdict(int)
        self._support = self._counted(exports.supported(*where), exports.on_paper(*where))
        self._followers = self._counted(exports.followed(*where))
        self._history = self._by_plan(exports.steps(*where), _steps(exports.reasons(*where)))
        self._recordings = self._by_plan(exports.recorded(*where), lambda row: _heard(row, link))
        self._photos = self._by_plan(exports.pictured(*where), lambda row: _seen(row, link))
        self._additions = self._by_plan(exports.added(*where), _addition)
        self._corrections = self._by_plan(exports.corrected(*where), _correction)
        self._translations = self._by_plan(exports.translated(*where), _translation)
        self._assessments = self._by_plan(exports.judged(*where), self._assessment)

    def plan(self, row: Any, initiator: str) -> ExportedPlan:
        history = tuple(self._history[row.id])
        return ExportedPlan(
            number=row.number,
            title=row.title,
            text=row.text,
            language=row.language,
            theme=row.theme or "",
            area=row.area or "",
            address=row.address,
            lat=row.lat,
            lng=row.lng,
            cost=to_euros(row.cost),
            who=row.who,
            status=history[-1].after if history else row.status,
            channel=row.channel,
            by_voice=bool(row.by_voice),
            initiator=initiator,
            support=self._support[row.id],
            followers=self._followers[row.id],
            created_at=from_ms(row.created_at),
            updated_at=from_ms(self._changed(row)),
            translations=tuple(self._translations[row.id]),
            history=history,
            recordings=tuple(self._recordings[row.id]),
            photos=tuple(self._photos[row.id]),
            additions=tuple(self._additions[row.id]),
            corrections=tuple(self._corrections[row.id]),
            assessments=tuple(self._assessments[row.id]),
        )

    def _changed(self, row: Any) -> int:
        touched = row.updated_at if row.updated_at < self._until else 0
        latest: int = max(row.created_at, touched, self._changes[row.id])
        return latest

    def _counted(self, *parts: Iterable[Any]) -> Counter[int]:
        found: Counter[int] = Counter()
        for row in chain.from_iterable(parts):
            self._change(row.plan_id, row.at)
            found[row.plan_id] += row.count
        return found

    def _by_plan(
        self, rows: Iterable[Any], make: Callable[[Any], Any]
    ) -> defaultdict[int, list[Any]]:
        found: defaultdict[int, list[Any]] = defaultdict(list)
        for row in rows:
            self._change(row.plan_id, row.at)
            found[row.plan_id].append(make(row))
        return found

    def _change(self, plan_id: int, at: int) -> None:
        self._changes[plan_id] = max(self._changes[plan_id], at)

    def _assessment(self, row: Any) -> Assessment:
        """As it was: a verdict that came later is not told, nor what belongs to it."""
        if row.judged_at is None or row.judged_at >= self._until:
            return Assessment(row.field, _OPEN, {}, "", "", None, None)
        self._change(row.plan_id, row.judged_at)
        return Assessment(
            row.field,
            row.verdict,
            json.loads(row.reasons or "{}"),
            row.related,
            row.permits,
            to_euros(row.cost),
            to_euros(row.upkeep),
        )


def _steps(reasons: Iterable[Any]) -> Callable[[Any], Step]:
    others: dict[int, dict[str, str]] = defaultdict(dict)
    for row in reasons:
        others[row.history_id][row.language] = row.text
    return lambda row: _step(row, others.get(row.id, {}))


def _step(row: Any, others: Mapping[str, str]) -> Step:
    """An official's own name stays here: what they did, they did as the municipality."""
    dutch = {"nl": row.reason} if row.reason else {}
    actor = row.actor if row.actor in _ROLES else Role.COORDINATOR.value
    return Step(from_ms(row.at), actor, row.before, row.after, {**dutch, **others})


def _heard(row: Any, link: Link) -> Recording:
    words = row.transcript or ""
    return Recording(link("recording", row.id), row.seconds or 0.0, words, row.language)


def _seen(row: Any, link: Link) -> Photo:
    return Photo(link("photo", row.id), row.width, row.height)


def _addition(row: Any) -> Addition:
    return Addition(from_ms(row.at), row.text, row.language)


def _correction(row: Any) -> Correction:
    return Correction(from_ms(row.at), row.field, row.reason)


def _translation(row: Any) -> Translation:
    return Translation(row.language, row.title, row.text, bool(row.machine))
