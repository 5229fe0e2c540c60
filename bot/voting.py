"""What the vote asks to be done: a code is checked, a vote is cast.

An envelope is never written by the transaction with the chat's rows. `cast_vote` raises `Uncast`
when its envelope is not in the box yet; the whole turn is undone, the envelope is put into the box
in a transaction of its own, and the turn is taken again with it (`Scope.cast`). A crash in
between leaves an envelope whose turn comes again, and then replaces it.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from bot.prompts import Outcome
from bot.scope import Cast, Scope
from civic import stempas
from civic.ballots import Ballot, Paper, refuses, seal
from civic.receipts import receipt
from civic.rounds import Act
from storage import attempts, elections, envelopes, stempassen
from storage.elections import Election, State
from storage.stempassen import Pass

log = logging.getLogger(__name__)

SLOW_MS = 4000  # by so much all answers are slowed while somebody tries many codes
MINUTE_MS = 60_000
_SEEDS = 2**31


class Uncast(Exception):
    """The envelope of this turn is not in the box yet: `put` it there, then take the turn again."""

    def __init__(self, scope: Scope, credential: str, ballot: Ballot, box: bytes) -> None:
        super().__init__("the envelope comes first")
        self.who = (scope.world.channel, scope.address)
        self._round = scope.round_id or 0
        self._day = scope.world.today.isoformat()
        self._credential = credential
        self._ballot = ballot
        self._box = box

    def put(self, conn: Connection) -> Cast:
        """In a transaction of its own. Raises `envelopes.NotTakenError`."""
        new = envelopes.put(
            conn, self._round, self._credential, self._box, self._ballot.area, self._day
        )
        return Cast(self._credential, self._ballot, self._box, new)


@dataclass(frozen=True, slots=True)
class _Checked:
    """A code that is right, with what it may be used for."""

    credential: str
    pass_: Pass
    paper: Paper
    election: Election


def check_code(scope: Scope, args: Mapping[str, Any]) -> Outcome:
    """Whether this code is a pass that may vote now; see `_check`."""
    found = _check(scope, str(args.get("code") or ""))
    if isinstance(found, Outcome):
        return found
    data = {"area": found.pass_.area, "again": found.pass_.used, "for_kind": found.pass_.kind}
    return Outcome(True, {**data, "seed": secrets.randbelow(_SEEDS)})


def cast_vote(scope: Scope, args: Mapping[str, Any]) -> Outcome:
    """Puts a ballot into the box, in place of an earlier one. Raises `Uncast`."""
    found = _check(scope, str(args.get("code") or ""))
    if isinstance(found, Outcome):
        return found
    ballot = Ballot(found.paper.area, _pairs(args.get("choices")))
    why = refuses(found.paper, ballot.choices, final=True)
    if why is not None:
        return Outcome(False, {"reason": "refused", "why": why})
    cast = scope.cast
    if cast is None or (cast.credential, cast.ballot) != (found.credential, ballot):
        raise Uncast(scope, found.credential, ballot, seal(ballot, found.election.public_key))
    if cast.new:
        envelopes.used_by(scope.conn, scope.round_id or 0, scope.person_id)
    data = {"receipt": list(receipt(cast.box)), "again": not cast.new}
    return Outcome(True, {**data, "area": ballot.area})


ACTIONS: Mapping[str, Callable[[Scope, Mapping[str, Any]], Outcome]] = {
    "check_code": check_code,
    "cast_vote": cast_vote,
}


def _pairs(choices: object) -> tuple[tuple[int, int], ...]:
    """The choices as the session had them. Raises ValueError or TypeError for anything else."""
    return tuple((int(number), int(points)) for number, points in choices or ())  # type: ignore[attr-defined]


def _check(scope: Scope, code: str) -> _Checked | Outcome:
    """The code if it may be used now, else why not: phase, not_ready, closed, wait, help, unknown.

    Whatever the answer is, the database does the same work for it, so that the time it takes
    tells nothing; only who must wait is told so at once.
    """
    round_ = scope.world.round
    if round_ is None or scope.round_id is None:
        return _refused("phase")
    limits = attempts.state(scope.conn, scope.round_id, scope.person_id, scope.now_ms, scope.who)
    if limits.storm:
        _slow_down(scope, scope.round_id)
    if limits.needs_help:
        return _refused("help")
    if limits.until_ms is not None:
        return _refused("wait", minutes=-((scope.now_ms - limits.until_ms) // MINUTE_MS))
    credential = stempas.credential(scope.pepper, round_.id, code)
    pass_ = stempassen.find(scope.conn, scope.round_id, credential)
    election = elections.of_round(scope.conn, scope.round_id)
    known = pass_ is not None and not pass_.voided
    shut = _shut(scope, election)
    attempts.note(scope.conn, scope.round_id, scope.person_id, not known and not shut, scope.now_ms)
    if shut:
        return _refused(shut)
    if pass_ is None or pass_.voided:
        return _refused("unknown")
    paper = scope.world.papers.get(pass_.area)
    if paper is None or election is None:
        return _refused("not_ready")
    return _Checked(credential, pass_, paper, election)


def _shut(scope: Scope, election: Election | None) -> str:
    """Why nobody can vote now; "" when they can."""
    round_ = scope.world.round
    if round_ is None or not round_.allows(Act.VOTE, scope.world.round_day):
        return "phase"
    if election is None or not scope.world.papers:
        return "not_ready"
    return "" if election.state is State.OPEN else "closed"


def _slow_down(scope: Scope, round_id: int) -> None:
    """Somebody tries many codes. Right ones still work; an alarm goes to those who watch."""
    scope.slow_ms = SLOW_MS
    if attempts.alarm(scope.conn, round_id, scope.now_ms):
        log.error("very many wrong codes in the last hour: somebody may be guessing")


def _refused(reason: str, **data: Any) -> Outcome:
    return Outcome(False, {"reason": reason, **data})
