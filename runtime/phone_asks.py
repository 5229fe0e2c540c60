"""What the dialogue is asking somebody on the phone, and so what the line listens for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from bot.channels.phone import Way
from bot.engine import prompt_of
from bot.keeping import Keeping
from bot.prompts import Ask, Choose, Param, Prompt, accepts, choices_of
from bot.saying import language_of
from bot.session import FIRST, RESTING, SENT, VOTE, Session, underway
from bot.turn import Turn as Act
from bot.worlds import Worlds
from storage import calls, hot
from storage.vault import Vault

CODE = "vote.code"
# Where a number is keyed that may have more than one digit; a `#` ends it.
NUMBERS = frozenset(
    {CODE, "link.code", "vote.numbers", "vote.points", "support.start", "help.phone",
     "plan_details.phone", "settings.sms_phone"}
)  # fmt: skip
# These say themselves how a number is ended.
TELL_HOW = frozenset({"vote.code", "link.code", "vote.numbers"})
# A voice answers these at once, although there are keys too.
VOICE_FIRST = frozenset({"plan_details.place"})
# There are keys for an answer, and one more to say something.
VOICE_TOO = frozenset({"submit_plan.idea_check", "adapt.check"})
PAUSE, LONG_PAUSE = 8, 12  # seconds of silence; longer where somebody reads from a letter
MOST_PLACES = 9


@dataclass(frozen=True, slots=True)
class Asked:
    """The question that somebody is asked.

    `speak` is the key that lets them say something besides the choices, "" for none; `sent` the
    number of the plan that has just been sent in; `more` that there may be several digits, and
    nobody has said yet how they end. `strict`: keys that are no answer must not become words.
    `settled`: they have a language and said yes. `signs`: those of a receipt, to be heard twice.
    """

    language: str
    way: Way
    most: int = 1
    pause: int = PAUSE
    keys: frozenset[str] = frozenset()
    speak: str = ""
    sent: str = ""
    more: bool = False
    strict: bool = False
    settled: bool = False
    misses: int = 0
    signs: tuple[Param, ...] = ()


class Asks:
    """Reads sessions as they are stored. `languages`, `knows_number` and `ways` as in `Worlds`."""

    def __init__(
        self,
        vault: Vault,
        languages: Mapping[str, str],
        knows_number: Callable[[str, str], bool],
        ways: Callable[[str, str], frozenset[str]],
    ) -> None:
        self._keeping = Keeping(vault)
        self._worlds = Worlds(languages, knows_number, ways)

    def session(self, conn: Connection, person_id: int) -> Session | None:
        """Where somebody is; None when they are forgotten."""
        loaded = hot.load(conn, person_id)
        return (
            self._keeping.read(loaded.session_json, datetime.now(UTC)).session if loaded else None
        )

    def goes_on(self, conn: Connection, person_id: int) -> str:
        """The language of somebody who is in the middle of something, else ""."""
        session = self.session(conn, person_id)
        return session.language if session and underway(session) else ""

    def of(self, conn: Connection, person_id: int, channel: str, address: str) -> Asked | None:
        """What is asked now; None when nobody is left to be asked."""
        session = self.session(conn, person_id)
        if session is None:
            return None
        language = language_of(session)
        if session.state == RESTING:
            return Asked(language, "end")
        world = self._worlds.of(Act(conn, datetime.now(UTC), person_id, channel, address))
        return asked(session, prompt_of(session, world), self._code_digits(conn, session))

    def _code_digits(self, conn: Connection, session: Session) -> int:
        active = self._worlds.active(conn) if session.state == CODE else None
        return calls.code_digits(conn, active.id) if active else 0


def asked(session: Session, prompt: Prompt, code_digits: int = 0) -> Asked:
    """What the line listens for, given a question. Pure."""
    state, choices = session.state, choices_of(prompt)
    places = not any(choice.key for choice in choices)
    keys = [choice.key or str(n) for n, choice in enumerate(choices, 1)]
    free = f"{len(keys) + 1}" if places and len(keys) < MOST_PLACES else ""
    voice = _takes_voice(state, prompt)
    several = _several(state, prompt, keys)
    return Asked(
        language=language_of(session),
        way="voice" if voice and (not keys or state in VOICE_FIRST) else "keys",
        most=code_digits if several else 1,
        pause=LONG_PAUSE if several else PAUSE,
        keys=frozenset(keys) if places or not several else frozenset({"0"} & {*keys}),
        speak=free if state in VOICE_TOO else "",
        sent=_sent(session) if free else "",
        more=several and (state not in TELL_HOW or session.misses > 0),
        strict=isinstance(prompt, Ask) and not several,
        settled=session.consent and bool(session.language) and state != FIRST,
        misses=session.misses,
        signs=_signs(prompt),
    )


def _takes_voice(state: str, prompt: Prompt) -> bool:
    """Never in a vote: what is keyed there nobody else hears, and nothing can be misheard."""
    return accepts(prompt, "voice") and not state.startswith(VOTE)


def _several(state: str, prompt: Prompt, keys: list[str]) -> bool:
    return state in NUMBERS or accepts(prompt, "number") or any(len(key) > 1 for key in keys)


def _signs(prompt: Prompt) -> tuple[Param, ...]:
    signs = prompt.text.params.get("signs") if isinstance(prompt, Ask | Choose) else ()
    return signs if isinstance(signs, tuple) else ()


def _sent(session: Session) -> str:
    return str(session.answers.get("sent") or "") if session.state == SENT else ""
