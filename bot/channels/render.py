"""Fits a reply to a channel: the language, the limits, buttons or a list or numbers, and sound."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bot.channels.limits import Limits, units
from bot.channels.split import split
from bot.i18n.catalogue import Catalogue, Param, Text, default
from bot.i18n.languages import LANGUAGES, Direction, language
from bot.i18n.script import isolated, marked, without_signs
from bot.messages import Button, Outbound, Reply, Sound, Style

_TWO_ENDS = re.compile(r"([?!؟])\.$")  # of a sentence that ends with a choice that asks


def render(reply: Reply, language: str, limits: Limits, *, sound: bool) -> list[Outbound]:
    """The messages that say this reply, in order; [] when it says nothing.

    language: of the person; an unknown one reads as Dutch. sound: the person wants to hear it
    too. Choices stand in the last message with words. Nothing is cut off: what is too long
    becomes several messages, and choices that do not fit on buttons become a list or numbers.
    """
    work = _Work(reply, language, limits)
    if limits.sound == "only":
        return work.spoken_messages()
    messages = work.messages()
    said = work.sound() if sound and limits.sound != "never" else None
    return _with_sound(messages, said, limits) if messages and said else messages


def _with_sound(messages: list[Outbound], sound: Sound, limits: Limits) -> list[Outbound]:
    *before, last = messages
    if limits.sound == "with":
        return [*before, replace(last, sound=sound)]
    return [*messages, Outbound("", sound=sound, secret=last.secret, direction=last.direction)]


@dataclass(slots=True)
class _Work:
    """One reply on its way to one channel."""

    reply: Reply
    language: str
    limits: Limits
    texts: Catalogue
    direction: Direction
    buttons: tuple[Button, ...]
    labels: tuple[str, ...]

    def __init__(self, reply: Reply, code: str, limits: Limits) -> None:
        known = language(code)
        self.reply, self.limits = reply, limits
        self.language, self.direction = known.code, known.direction
        self.texts = default()
        self.labels = tuple(self._label(label) for _, label in reply.choices)
        self.buttons = tuple(map(self._button, range(len(self.labels))))

    def _button(self, n: int) -> Button:
        id_, short = self.reply.choices[n][0], self._short(n)
        return Button(id_, self.labels[n] if short is None else self._label(short))

    def _short(self, n: int) -> Param | None:
        return self.reply.shorts[n] if self.reply.shorts else None

    def _label(self, label: Param) -> str:
        return " ".join(self.texts.translate(label, self.language).split())

    def messages(self) -> list[Outbound]:
        style = self._style()
        numbered = style == "numbers" or self.reply.numbered
        parts = self._parts(self._text(numbered), with_body=style in ("buttons", "list"))
        messages = [self._message(part) for part in parts]
        if messages:
            messages[-1] = self._with_choices(messages[-1], style)
        return messages

    def _style(self) -> Style:
        """Buttons if they fit, else a list, else numbers. Equal labels need numbers too."""
        if not self.buttons:
            return "plain"
        limits, labels = self.limits, {button.label for button in self.buttons}
        ids_fit = all(len(button.id.encode()) <= limits.id_bytes for button in self.buttons)
        if limits.interactive and ids_fit and "" not in labels and len(labels) == self._count:
            longest = max(map(units, labels))
            if self._count <= limits.buttons and longest <= limits.button_label:
                return "buttons"
            if self._count <= limits.rows and longest <= limits.row_label:
                return "list"
        return "numbers"

    @property
    def _count(self) -> int:
        return len(self.buttons)

    def _text(self, numbered: bool) -> str:
        lines = [self.texts.inserted(line, self.language) for line in self.reply.lines]
        lines = [line for line in lines if line.strip()]
        told = [n for n in range(self._count) if numbered or not lines or self._short(n)]
        if told:
            lines.append("\n".join(map(self._numbered, told)))
        return "\n\n".join(lines)

    def _numbered(self, n: int) -> str:
        """`2. Label`. A label with words of the other direction must not pull the number along."""
        label = isolated(self.labels[n], self.direction)
        return f"{isolated(self._key(n), self.direction)}. {label}"

    def _key(self, n: int) -> str:
        """What is typed for a choice: its own number, or else its place."""
        return (self.reply.keys[n] if self.reply.keys else "") or str(n + 1)

    def _parts(self, text: str, *, with_body: bool) -> list[str]:
        text = self.limits.plainer(text)
        parts = split(text, lambda part: self._measured(part) <= self.limits.text)
        if parts and with_body and self._measured(parts[-1]) > self.limits.body:
            last = split(parts.pop(), lambda part: self._measured(part) <= self.limits.body)
            parts += last
        return parts

    def _measured(self, part: str) -> int:
        return self.limits.measure(self._marked(part))

    def _marked(self, part: str) -> str:
        """The part with its direction shown, where the channel has no other way to tell it."""
        return marked(part) if self.limits.marks and self.direction == "rtl" else part

    def _message(self, part: str) -> Outbound:
        return Outbound(self._marked(part), secret=self.reply.secret, direction=self.direction)

    def _with_choices(self, message: Outbound, style: Style) -> Outbound:
        opens = self._label(Text("list.open.label")) if style == "list" else ""
        return replace(
            message,
            buttons=self.buttons,
            style=style,
            opens=opens,
            asks_location=self.reply.asks_location,
        )

    def sound(self) -> Sound | None:
        """What a voice says: the lines, then each choice with the number that answers it; None
        for nothing. What is in several languages is said in each at one go."""
        pieces = [piece for line in self.reply.lines for piece in self._pieces(line)]
        pieces += [self._choice_aloud(n) for n in range(self._count)]
        pieces = [(words, code) for words, code in pieces if words.strip()]
        if not pieces:
            return None
        codes = list(dict.fromkeys(code for _, code in pieces))
        parts = [("\n".join(w for w, c in pieces if c == code), code) for code in codes]
        text = "\n".join(words for words, _ in parts)
        own = codes == [self.language]
        return Sound(text, self.language, labels=self._recordable(), parts=() if own else (*parts,))

    def _recordable(self) -> tuple[str, ...]:
        """The labels that are always the same words."""
        labels = [label for _, label in self.reply.choices if isinstance(label, Text)]
        fixed = [label for label in labels if not label.params.keys() - {"in_language"}]
        return tuple(self._aloud(label, self._language_of(label)) for label in fixed)

    def _pieces(self, what: Param) -> list[tuple[str, str]]:
        """(words, language). What is nothing but texts in languages of their own is these."""
        if isinstance(what, Text) and len(what.params) == 1:
            (inner,) = what.params.values()
            if isinstance(inner, tuple) and all(map(_has_language, inner)):
                return [piece for each in inner for piece in self._pieces(each)]
        code = self._language_of(what)
        return [(self._aloud(what, code), code)]

    def _language_of(self, what: Param) -> str:
        own = what.params.get("in_language") if isinstance(what, Text) else None
        return language(own).code if isinstance(own, str) else self.language

    def _choice_aloud(self, n: int) -> tuple[str, str]:
        label, key = self.reply.choices[n][1], int(self._key(n))
        code = self._language_of(label)
        if self.limits.sound == "only":
            said = self._aloud(Text("sound.press", number=key, label=label), code)
        else:
            said = self._aloud(Text("sound.answer", number=key, label=label), code)
        return _TWO_ENDS.sub(r"\1", said), code

    def _aloud(self, what: Param, code: str = "") -> str:
        said = self.texts.translate(what, code or self.language, spoken=True)
        return without_signs(said) or said

    def spoken_messages(self) -> list[Outbound]:
        """For the ear alone. The digits of a keypad are the numbers that are spoken."""
        if own := self._languages_offered():
            return self._each_in_its_own(own)
        sound = self.sound()
        if sound is None:
            return []
        parts = split(sound.text, lambda part: self._measured(part) <= self.limits.text)
        messages = [
            replace(self._message(part), sound=replace(sound, text=part, parts=()))
            for part in parts
        ]
        if messages:
            style: Style = "numbers" if self.buttons else "plain"
            messages[-1] = self._with_choices(messages[-1], style)
        return messages

    def _languages_offered(self) -> list[str]:
        """The languages among which this asks to choose; [] for any other question."""
        codes = [id_.rpartition(":")[2] for id_, _ in self.reply.choices]
        return codes if codes and all(code in LANGUAGES for code in codes) else []

    def _each_in_its_own(self, codes: list[str]) -> list[Outbound]:
        """Each language says in its own voice by which key it is chosen, and greets if that is
        what is said; who hears their language need not understand the rest."""
        lines = [line for line in self.reply.lines if not _greets(line)]
        greets = len(lines) < len(self.reply.lines)
        before = "\n".join(said for line in lines if (said := self._aloud(line)))
        messages = [self._in(self.language, before)] if before else []
        for n, code in enumerate(codes, 1):
            texts = [Text("welcome.greeting")] if greets else []
            texts.append(Text("sound.language", number=n))
            aloud = [self.texts.translate(text, code, spoken=True) for text in texts]
            messages.append(self._in(code, " ".join(without_signs(each) for each in aloud)))
        messages[-1] = self._with_choices(messages[-1], "numbers")
        return messages

    def _in(self, code: str, said: str) -> Outbound:
        way = language(code).direction
        return Outbound(said, sound=Sound(said, code), secret=self.reply.secret, direction=way)


def _greets(line: Param) -> bool:
    """Whether a line greets in several languages, be it as a part of another."""
    if not isinstance(line, Text):
        return False
    return line.key == "welcome.language" or any(_greets(part) for part in line.params.values())


def _has_language(what: Param) -> bool:
    return isinstance(what, Text) and "in_language" in what.params
