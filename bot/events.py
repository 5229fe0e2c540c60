"""What can happen to a dialogue, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.messages import Reply
from bot.prompts import Command, Outcome, World
from bot.session import Session

EventKind = Literal[
    "text", "choice", "voice", "photo", "location", "unsupported", "heard", "seen",
    "outcome", "nudge", "rest",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to one person's dialogue.

    `voice` and `photo` say that a file came in and is still to be fetched;
    `heard` and `seen` bring what became of it: `media` is the row of the stored
    recording or photo, `verdict` the transcriber's or the reason it failed,
    `picked` which of the expected answers it surely is (see `bot.engine.voice`),
    `sounds_like` another language that it surely is in,
    `more` says that another file waits right behind, `followed` that any message does;
    `waited`, that this message itself waited behind one. Events that belong to
    an earlier moment (`heard`, `seen`, `nudge`, `rest`) carry its `revision`.
    """

    kind: EventKind
    world: World
    text: str = ""
    choice: str = ""
    location: tuple[float, float] | None = None
    media: int | None = None
    verdict: str = "ok"
    picked: str = ""
    language: str = ""
    sounds_like: str = ""
    revision: int = 0
    more: bool = False
    followed: bool = False
    waited: bool = False
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What follows from one event: the new session, what to say, what to do.

    `mended` names the fault when the dialogue had to be put back to the menu.
    """

    session: Session
    replies: tuple[Reply, ...] = ()
    command: Command | None = None
    mended: str = ""
