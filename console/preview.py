"""What people will be told about a plan, to be looked at before it goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from civic.rounds import Round
from storage.plans import Plan
from storage.starting import Contact


@dataclass(frozen=True, slots=True)
class Tidings:
    """News that is still to be made. `kind` is a status, or word | contact.

    `reasons` is why, or with `word` the words themselves, by language. `deadline`: until when
    the initiator may answer (milliseconds). `titles` are those of other languages.
    """

    kind: str
    plan: Plan
    round: Round
    reasons: Mapping[str, str] = field(default_factory=dict)
    deadline: int | None = None
    contact: Contact | None = None
    titles: Mapping[str, str] = field(default_factory=dict)


# The text in a language, for the initiator (`own`) or for a follower.
Preview = Callable[[Tidings, str, bool], str]
