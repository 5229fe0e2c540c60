"""The dialogue as a pure function: `step(session, event) -> Step`.

No clock, no network, no database, and it never raises, whatever comes in. What
has to be done outside is a `Command`; its `Outcome` comes back as an event.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot import understand
from bot.events import Event, Step
from bot.flows import FLOWS
from bot.flows.common import YES_NO
from bot.messages import Reply
from bot.prompts import (
    BY_HAND,
    Answer,
    AnswerKind,
    Ask,
    Choose,
    Command,
    Do,
    End,
    Go,
    Prompt,
    Scene,
    State,
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
    TRAIL,
    Session,
    front,
    underway,
    unfinished,
)
from bot.understand.answers import answer_in

HELP = "help.offer"
LANGUAGE = "settings.language"
FORGET = "settings.forget"
STOPPED = "menu.stopped"
BACK = "@back"

# What wakes a dialogue that rests: anything a person does.
_BY_PERSON = frozenset({"text", "choice", "voice", "photo", "location", "unsupported"})


def step(session: Session, event: Event) -> Step:
    """One step of the dialogue. Never raises: what goes wrong in a flow ends in the menu."""
    try:
        if _state(session.state) is None:
            return _mend(session, event, "unknown_state")
        if session.state == RESTING and event.kind in _BY_PERSON:
            return _on_waking(session.with_(state=front(session)), event)
        if session.state == FIRST and event.kind in ("choice", "unsupported"):
            return _hello(session, event)
        return _HANDLERS[event.kind](session, event)
    except Exception as fault:  # a person must get an answer, whatever we did wrong
        return _mend(session, event, type(fault).__name__)


def prompt_of(session: Session, world: World) -> Prompt:
    """What the session's state asks. Raises KeyError for a state that does not exist."""
    state = _state(session.state)
    if state is None:
        raise KeyError(session.state)
    return state(_scene(session, world))


# --- one handler an event ---------------------------------------------------------------


def _on_text(session: Session, event: Event) -> Step:
    word = _keyword(session, event.text)
    if word:
        return _KEYWORDS[word](session, event)
    prompt = prompt_of(session, event.world)
    answer = answer_in(event.text, prompt)
    if answer is not None:
        done = _answered(session, event.world, prompt, answer)
    else:
        done = _miss(session, event.world, Text("engine.not_understood"))
    language = understand.language_named(event.text, tuple(event.world.languages))
    if language and session.language and done.session.misses > session.misses:
        return _in_language(session, event.world, language)
    return done


def _in_language(session: Session, world: World, language: str) -> Step:
    """Who answers with the name of a language wants to be asked in it."""
    session = session.with_(language=language)
    return _question(session, world, (Text("settings.language_is_set"),))


def _on_choice(session: Session, event: Event) -> Step:
    state, _, choice = event.choice.rpartition(":")
    prompt = prompt_of(session, event.world)
    known = choice in {c.id for c in choices_of(prompt)}
    if known and state in ("", session.state):
        return _answered(session, event.world, prompt, Answer("choice", choice=choice))
    return _question(session, event.world, (Text("engine.old_button"),))


def _on_waking(session: Session, event: Event) -> Step:
    """The first words after a rest: an answer to the menu if they are one, else the menu."""
    done = _HANDLERS[event.kind](session, event)
    return _question(session, event.world) if done.session.misses else done


def _on_media(session: Session, event: Event) -> Step:
    """A voice note or photo has come: take it in if this state can use it."""
    kind: AnswerKind = "voice" if event.kind == "voice" else "photo"
    if not listens(prompt_of(session, event.world), kind):
        return _miss(session, event.world, Text(f"engine.no_{kind}_here"))
    # Who sends several voice notes is told once that we listen.
    told = kind == "photo" or event.waited
    listening = () if told else (Reply((Text("engine.listening"),)),)
    return Step(session, listening, Command("take_in", {"kind": kind}))


def _on_taken(session: Session, event: Event) -> Step:
    """The recording or photo is stored (and transcribed), or could not be."""
    if event.revision != session.revision:
        return Step(session)
    if event.verdict not in ("ok", "unsure"):
        return _miss(session, event.world, Text(f"taken.{event.verdict}"))
    prompt = prompt_of(session, event.world)
    kind: AnswerKind = "voice" if event.kind == "heard" else "photo"
    said = _said(session, event, prompt) if kind == "voice" else None
    if said:
        return said
    if not accepts(prompt, kind):
        return _miss(session, event.world, Text("engine.not_understood"))
    done = _answered(session, event.world, prompt, _taken_answer(kind, event, prompt))
    after = prompt_of(done.session, event.world)
    return Step(done.session) if event.more and accepts(after, kind) else done


def _said(session: Session, event: Event, prompt: Prompt) -> Step | None:
    """A word that always works, or one of the answers, said aloud; None for anything else."""
    word, choices = _keyword(session, event.text), choices_of(prompt)
    id_ = understand.choose(event.text, choices)
    bare = accepts(prompt, "text") and understand.choose(event.text, YES_NO)
    if not word and not id_ and not bare:
        return None
    means = {c.means for c in choices if c.id == id_}
    if event.verdict != "ok" or (not word and (means & BY_HAND or not id_)):
        what = Text("engine.by_hand") if choices else Text("engine.not_understood")
        return _miss(session, event.world, what)
    if word:
        return _KEYWORDS[word](session, event)
    return _answered(session, event.world, prompt, Answer("choice", choice=id_ or ""))


def _taken_answer(kind: AnswerKind, event: Event, prompt: Prompt) -> Answer:
    amount = understand.amount(event.text) if accepts(prompt, "number") else None
    told = Answer(kind, text=event.text, amount=amount, media=event.media)
    return replace(told, verdict=event.verdict, language=event.language)


def _on_location(session: Session, event: Event) -> Step:
    prompt = prompt_of(session, event.world)
    if not accepts(prompt, "location"):
        return _miss(session, event.world, Text("engine.no_location_here"))
    answer = Answer("location", location=event.location, text=event.text)
    return _answered(session, event.world, prompt, answer)


def _on_unsupported(session: Session, event: Event) -> Step:
    return _question(session, event.world, (Text("engine.unsupported"),))


def _on_outcome(session: Session, event: Event) -> Step:
    prompt = prompt_of(session, event.world)
    if not isinstance(prompt, Do) or event.outcome is None:
        return Step(session)
    go = prompt.then(_scene(session, event.world), event.outcome)
    return _go(session, event.world, go, from_question=False)


def _on_nudge(session: Session, event: Event) -> Step:
    if event.revision != session.revision or session.nudged or not unfinished(session):
        return Step(session)
    if not session.notify:
        return Step(session.with_(nudged=True))
    return _question(session.with_(nudged=True), event.world, (Text("engine.nudge"),))


def _on_rest(session: Session, event: Event) -> Step:
    if event.revision != session.revision or not underway(session):
        return Step(session)
    return Step(_moved(session, RESTING).with_(trail=()))


# --- keywords: always there, in every state and every language -----------------------------


def _keyword(session: Session, text: str) -> str | None:
    word = understand.keyword(text)
    return None if word == "forget" and session.state == FORGET else word  # there it is an answer


def _back(session: Session, event: Event) -> Step:
    return _question(_stepped_back(session), event.world)


def _menu(session: Session, event: Event) -> Step:
    return _go(session.with_(trail=()), event.world, Go(front(session)))


def _help(session: Session, event: Event) -> Step:
    return _go(session, event.world, Go(HELP))


def _language(session: Session, event: Event) -> Step:
    return _go(session, event.world, Go(LANGUAGE if session.language else FIRST_LANGUAGE))


def _forget(session: Session, event: Event) -> Step:
    return _go(session, event.world, Go(FORGET))


def _stop(session: Session, event: Event) -> Step:
    return _go(session, event.world, Go(STOPPED, settings={"notify": False}))


def _start(session: Session, event: Event) -> Step:
    on_again = () if session.notify else (Text("settings.notify_is_on"),)
    woken = session.with_(notify=True, trail=())
    return _go(woken, event.world, Go(front(woken), say=on_again))


def _hello(session: Session, event: Event) -> Step:
    """A greeting is never wrong: it opens the menu, or repeats the question."""
    if session.state == FIRST:
        greeting = Answer("text", text=event.text, language=event.language)
        return _answered(session, event.world, prompt_of(session, event.world), greeting)
    return _question(session, event.world)


# --- going on ------------------------------------------------------------------------------


def _answered(session: Session, world: World, prompt: Prompt, answer: Answer) -> Step:
    assert isinstance(prompt, Ask | Choose)
    go = prompt.then(_scene(session, world), answer)
    if go.missed:
        kept = session.with_(answers=_merged(session, go))
        return _miss(kept, world, *(go.say or (Text("engine.not_understood"),)))
    return _go(session.with_(misses=0, nudged=False), world, go)


def _go(session: Session, world: World, go: Go, *, from_question: bool = True) -> Step:
    session = session.with_(answers=_merged(session, go), **go.settings)
    if go.state == BACK:
        return _question(_stepped_back(_leaving_flow(session)), world, go.say)
    name = go.state if "." in go.state else f"{session.state.partition('.')[0]}.{go.state}"
    # A command is not a question: "back" must never return to it.
    left = session.state if from_question else ""
    moved = _moved(session, name, left)
    return _question(moved.with_(trail=()) if go.fresh else moved, world, go.say)


def _merged(session: Session, go: Go) -> dict[str, object]:
    answers = {**session.answers, **go.keep}
    return {k: v for k, v in answers.items() if v is not None}


def _moved(session: Session, name: str, left: str = "") -> Session:
    """The session in state `name`; the question `left` behind goes on the trail."""
    trail = session.trail
    if name in trail:  # going to where we have been is going back there: no loops
        trail = trail[: trail.index(name)]
    elif left and left not in (name, RESTING, FIRST):
        trail = (*trail, left)[-TRAIL:]
    return session.with_(
        state=name, trail=trail, misses=0, nudged=False, revision=session.revision + 1
    )


def _leaving_flow(session: Session) -> Session:
    """Without the last questions of this flow: help and settings lead back to where one was."""
    flow = session.state.partition(".")[0] + "."
    trail = session.trail
    while trail and trail[-1].startswith(flow):
        trail = trail[:-1]
    return session.with_(trail=trail)


def _stepped_back(session: Session) -> Session:
    trail = [name for name in session.trail if _state(name)]
    name = trail.pop() if trail else front(session)
    return session.with_(
        state=name, trail=tuple(trail), misses=0, nudged=False, revision=session.revision + 1
    )


def _question(session: Session, world: World, say: tuple[Text, ...] = ()) -> Step:
    """What the session's state wants now: a question, a command, or the end."""
    prompt = prompt_of(session, world)
    if isinstance(prompt, Do):
        said = (Reply(say),) if say else ()
        return Step(session, said, prompt.command)
    if isinstance(prompt, End):
        rested = session.with_(state=RESTING, trail=(), misses=0)
        return Step(rested, (Reply((*say, prompt.text)),))
    return Step(session, (_reply(session.state, prompt, (*say, prompt.text)),))


def _reply(state: str, prompt: Ask | Choose, lines: tuple[Text, ...], **more: bool) -> Reply:
    return Reply(
        lines,
        tuple((f"{state}:{c.id}", c.label) for c in prompt.choices),
        asks_location=accepts(prompt, "location"),
        **more,
    )


def _miss(session: Session, world: World, *say: Text) -> Step:
    """First the question again, then an easier one, then a person."""
    missed = session.with_(misses=session.misses + 1)
    prompt = prompt_of(missed, world)
    assert isinstance(prompt, Ask | Choose)
    say = say if session.language else ()  # whose language we do not know reads only greetings
    if missed.misses == 1:
        return Step(missed, (_reply(missed.state, prompt, (*say, prompt.text)),))
    if missed.misses >= 3 and missed.state != HELP:
        return _go(missed, world, Go(HELP, say=(Text("engine.let_me_get_help"),)))
    easier = prompt.easier or _easier(prompt)
    return Step(missed, (_reply(missed.state, prompt, (*say, easier), numbered=True),))


def _easier(prompt: Ask | Choose) -> Text:
    if isinstance(prompt, Choose) or not {"text", "voice"} & set(prompt.accepts):
        return Text("engine.easier_choose", question=prompt.text)
    return Text("engine.easier_ask", question=prompt.text)


def _mend(session: Session, event: Event, fault: str) -> Step:
    """The menu with an apology, answers kept; the last resort."""
    safe = session.with_(state=front(session), trail=(), misses=0, revision=session.revision + 1)
    mended = _question(safe, event.world, (Text("engine.mended"),))
    return Step(mended.session, mended.replies, mended.command, fault)


# --- the states ------------------------------------------------------------------------------


def _state(name: str) -> State | None:
    flow, _, state = name.partition(".")
    return FLOWS.get(flow, {}).get(state)


def _scene(session: Session, world: World) -> Scene:
    return Scene(
        session.answers,
        world,
        session.language,
        session.sound,
        session.notify,
        session.consent,
    )


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
}
