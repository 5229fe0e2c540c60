"""The dialogue as a pure function: `step(session, event) -> Step`.

No clock, no network, no database, and it never raises, whatever comes in. What
has to be done outside is a `Command`; its `Outcome` comes back as an event.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot import understand
from bot.engine import voice
from bot.engine.linking import link_given
from bot.engine.moves import (
    HELP,
    answered,
    go_to,
    miss,
    moved,
    prompt_of,
    question,
    scene_of,
    state_of,
    stepped_back,
    unsure,
)
from bot.engine.voting import code_given, code_heard, discreet, lapsed, without_vote
from bot.events import Event, Step
from bot.flows import life
from bot.flows.vote_code import entry
from bot.messages import Reply
from bot.prompts import (
    Answer,
    AnswerKind,
    Ask,
    Choose,
    Command,
    Do,
    Go,
    Prompt,
    Text,
    World,
    accepts,
    choices_of,
    listens,
)
from bot.session import (
    FIRST,
    FIRST_LANGUAGE,
    RESTING,
    VOTE,
    Session,
    front,
    underway,
    unfinished,
    votes,
)
from bot.understand.answers import answer_in

__all__ = ["HELP", "prompt_of", "step"]

LANGUAGE = "settings.language"
OTHER_LANGUAGE = "settings.other_language"
FORGET = "settings.forget"
STOPPED = "menu.stopped"

# Where "vote" and "undo" answer the question.
_CHOOSING = frozenset(
    VOTE + name for name in ("choose", "numbers", "browse", "theme", "basket", "remove", "overview")
)

# What wakes a dialogue that rests: anything a person does.
_BY_PERSON = frozenset({"text", "choice", "voice", "photo", "location", "unsupported"})


def step(session: Session, event: Event) -> Step:
    """One step of the dialogue. Never raises: what goes wrong in a flow ends in the menu."""
    try:
        return discreet(session, event, _step(session, event))
    except Exception as fault:  # a person must get an answer, whatever we did wrong
        return _mend(session, event, type(fault).__name__)


def _step(session: Session, event: Event) -> Step:
    if state_of(session.state) is None:
        return _mend(session, event, "unknown_state")
    if session.state == RESTING and event.kind in _BY_PERSON:
        return _on_waking(session.with_(state=front(session)), event)
    if session.state == FIRST and event.kind in ("choice", "unsupported"):
        return _hello(session, event)
    return _HANDLERS[event.kind](session, event)


# --- one handler an event ---------------------------------------------------------------


def _on_text(session: Session, event: Event) -> Step:
    by_code = code_given(session, event) or link_given(session, event)
    if by_code:
        return by_code
    word = _keyword(session, event.text)
    if word:
        return _KEYWORDS[word](session, event)
    prompt = prompt_of(session, event.world)
    answer = answer_in(event.text, prompt)
    if answer is not None:
        done = answered(session, event.world, prompt, answer)
    else:
        done = miss(session, event.world, Text("engine.not_understood"))
    language = understand.language_named(event.text, tuple(event.world.languages))
    if language and session.language and done.session.misses > session.misses:
        return _in_language(session, event.world, language)
    return done


def _in_language(session: Session, world: World, language: str) -> Step:
    """Who answers with the name of a language wants to be asked in it."""
    session = session.with_(language=language)
    return question(session, world, (Text("settings.language_is_set"),))


def _on_choice(session: Session, event: Event) -> Step:
    state, _, choice = event.choice.rpartition(":")
    prompt = prompt_of(session, event.world)
    known = choice in {c.id for c in choices_of(prompt)}
    if known and state in ("", session.state):
        return answered(session, event.world, prompt, Answer("choice", choice=choice))
    later = life.later(state, choice) if session.consent and not votes(session) else None
    if later:
        return go_to(session, event.world, later)
    return question(session, event.world, (Text("engine.old_button"),))


def _on_waking(session: Session, event: Event) -> Step:
    """The first words after a rest: an answer to the menu if they are one, else the menu."""
    done = _HANDLERS[event.kind](session, event)
    return question(session, event.world) if done.session.misses else done


def _on_media(session: Session, event: Event) -> Step:
    """A voice note or photo has come: take it in if this state can use it."""
    kind: AnswerKind = "voice" if event.kind == "voice" else "photo"
    if not listens(prompt_of(session, event.world), kind):
        return miss(session, event.world, Text(f"engine.no_{kind}_here"))
    # Who sends several voice notes is told once that we listen.
    told = kind == "photo" or event.waited
    listening = () if told else (Reply((Text("engine.listening"),)),)
    return Step(session, listening, Command("take_in", {"kind": kind}))


def _on_taken(session: Session, event: Event) -> Step:
    """The recording or photo is stored (and transcribed), or could not be."""
    if event.revision != session.revision:
        return Step(session)
    prompt = prompt_of(session, event.world)
    short = bool(event.picked) and not accepts(prompt, "voice")  # one word is often "no speech"
    if event.verdict not in ("ok", "unsure") and not short:
        return miss(session, event.world, Text(f"taken.{event.verdict}"))
    kind: AnswerKind = "voice" if event.kind == "heard" else "photo"
    said = _said(session, event, prompt) if kind == "voice" else None
    if said:
        return said
    if not accepts(prompt, kind):
        return miss(session, event.world, Text("engine.not_understood"))
    done = answered(session, event.world, prompt, _taken_answer(kind, event, prompt))
    after = prompt_of(done.session, event.world)
    if event.more and accepts(after, kind):
        return Step(done.session)
    return _offered(done, event) or done


def _said(session: Session, event: Event, prompt: Prompt) -> Step | None:
    """A word that always works, one of the answers, or a code, said aloud; None for anything else.

    What is not surely one of them is asked for by button or key, and is half a miss.
    """
    decided = voice.decided(session, event, prompt, _keyword(session, event.text))
    by_code = code_heard(session, event) if decided is None or decided.why else None
    if decided is None or by_code:
        return by_code
    if decided.why:
        return unsure(session, event.world, decided.why)
    if decided.word:
        return _KEYWORDS[decided.word](session, event)
    return answered(session, event.world, prompt, Answer("choice", choice=decided.choice))


def _offered(done: Step, event: Event) -> Step | None:
    """Asks whether to go on in the language that a recording is in; never where it would disturb.

    The question that comes next is asked after that. What they sent already answers that one, and
    must not be taken for an answer to this.
    """
    session, code = done.session, "" if event.followed else event.sounds_like
    asks = isinstance(prompt_of(session, event.world), Ask | Choose) and not done.command
    known = code in event.world.languages and code != session.language
    if not code or not known or not asks or not session.language or votes(session):
        return None
    if session.answers.get("not_in") == code:  # they said no to it before
        return None
    return go_to(session, event.world, Go(OTHER_LANGUAGE, keep={"sounds_like": code}))


def _taken_answer(kind: AnswerKind, event: Event, prompt: Prompt) -> Answer:
    amount = understand.amount(event.text) if accepts(prompt, "number") else None
    told = Answer(kind, text=event.text, amount=amount, media=event.media)
    return replace(told, verdict=event.verdict, language=event.language)


def _on_location(session: Session, event: Event) -> Step:
    prompt = prompt_of(session, event.world)
    if not accepts(prompt, "location"):
        return miss(session, event.world, Text("engine.no_location_here"))
    answer = Answer("location", location=event.location, text=event.text)
    return answered(session, event.world, prompt, answer)


def _on_unsupported(session: Session, event: Event) -> Step:
    return question(session, event.world, (Text("engine.unsupported"),))


def _on_outcome(session: Session, event: Event) -> Step:
    prompt = prompt_of(session, event.world)
    if not isinstance(prompt, Do) or event.outcome is None:
        return Step(session)
    go = prompt.then(scene_of(session, event.world), event.outcome)
    return go_to(session, event.world, go, from_question=False)


def _on_nudge(session: Session, event: Event) -> Step:
    if event.revision != session.revision or session.nudged or not unfinished(session):
        return Step(session)
    if not session.notify:
        return Step(session.with_(nudged=True))
    return question(session.with_(nudged=True), event.world, (Text("engine.nudge"),))


def _on_rest(session: Session, event: Event) -> Step:
    if event.revision != session.revision or not underway(session):
        return Step(session)
    rested = without_vote(moved(session, RESTING).with_(trail=()))
    return Step(rested, lapsed(session))


# --- keywords: always there, in every state and every language -----------------------------


def _keyword(session: Session, text: str) -> str | None:
    """The keyword that the text is, unless it is an answer here."""
    word = understand.keyword(text)
    if word == "forget" and session.state == FORGET:
        return None
    return None if word and session.state in _CHOOSING and _is_of_the_vote(word, text) else word


def _is_of_the_vote(word: str, text: str) -> bool:
    """Whether it is the vote that somebody speaks of who chooses plans: "stem", "undo"."""
    return word == "vote" or (word == "back" and understand.meaning(text, ("undo",)) is not None)


def _back(session: Session, event: Event) -> Step:
    prompt = prompt_of(session, event.world)
    if isinstance(prompt, Ask) and prompt.back:
        return go_to(session, event.world, prompt.back)
    return question(stepped_back(session), event.world)


def _menu(session: Session, event: Event) -> Step:
    return go_to(session.with_(trail=()), event.world, Go(front(session)))


def _help(session: Session, event: Event) -> Step:
    return go_to(session, event.world, Go(HELP))


def _language(session: Session, event: Event) -> Step:
    return go_to(session, event.world, Go(LANGUAGE if session.language else FIRST_LANGUAGE))


def _forget(session: Session, event: Event) -> Step:
    return go_to(session, event.world, Go(FORGET))


def _stop(session: Session, event: Event) -> Step:
    return go_to(session, event.world, Go(STOPPED, settings={"notify": False}))


def _vote(session: Session, event: Event) -> Step:
    if not session.consent:
        return _hello(session, event)
    return go_to(session, event.world, entry(scene_of(session, event.world)))


def _start(session: Session, event: Event) -> Step:
    on_again = () if session.notify else (Text("settings.notify_is_on"),)
    woken = session.with_(notify=True, trail=())
    return go_to(woken, event.world, Go(front(woken), say=on_again))


def _hello(session: Session, event: Event) -> Step:
    """A greeting is never wrong: it opens the menu, or repeats the question."""
    if session.state == FIRST:
        greeting = Answer("text", text=event.text, language=event.language)
        return answered(session, event.world, prompt_of(session, event.world), greeting)
    return question(session, event.world)


def _mend(session: Session, event: Event, fault: str) -> Step:
    """The menu with an apology, answers kept; the last resort."""
    safe = session.with_(state=front(session), trail=(), misses=0, revision=session.revision + 1)
    mended = question(safe, event.world, (Text("engine.mended"),))
    return Step(mended.session, mended.replies, mended.command, fault)


_Handler = Callable[[Session, Event], Step]
_HANDLERS: dict[str, _Handler] = {
    "text": _on_text,
    "choice": _on_choice,
    "voice": _on_media,
    "photo": _on_media,
    "heard": _on_taken,
    "seen": _on_taken,
    "location": _on_location,
    "unsupported": _on_unsupported,
    "outcome": _on_outcome,
    "nudge": _on_nudge,
    "rest": _on_rest,
}
_KEYWORDS: dict[str, _Handler] = {
    "back": _back,
    "menu": _menu,
    "help": _help,
    "language": _language,
    "stop": _stop,
    "start": _start,
    "hello": _hello,
    "forget": _forget,
    "vote": _vote,
}
