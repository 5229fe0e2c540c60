"""Fits a reply to a channel: the language, the limits, buttons or a list or numbers, and sound."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.channels.limits import Limits, units
from bot.channels.split import split
from bot.i18n.catalogue import Catalogue, Param, Text, default
from bot.i18n.languages import Direction, language
from bot.i18n.script import isolated, marked, without_signs
from bot.messages import Button, Outbound, Reply, Sound, Style


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
    spoken = work.spoken() if sound and limits.sound != "never" else ""
    if not messages or not spoken.strip():
        return messages
    return _with_sound(messages, Sound(spoken, work.language), limits)


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

    def spoken(self) -> str:
        """What a voice says: the lines, then each choice with the number that answers it."""
        lines = [self._aloud(line) for line in self.reply.lines]
        lines += [self._choice_aloud(n) for n in range(self._count)]
        return "\n".join(line for line in lines if line)

    def _choice_aloud(self, n: int) -> str:
        label, key = self.reply.choices[n][1], self._key(n)
        if self.limits.sound == "only":
            return self._aloud(Text("sound.press", number=int(key), label=label))
        return self._aloud(Text("sound.answer", number=int(key), label=label))

    def _aloud(self, what: Param) -> str:
        said = self.texts.translate(what, self.language, spoken=True)
        return without_signs(said) or said

    def spoken_messages(self) -> list[Outbound]:
        """For the ear alone. The digits of a keypad are the numbers that are spoken."""
        parts = split(self.spoken(), lambda part: self._measured(part) <= self.limits.text)
        messages = [
            replace(self._message(part), sound=Sound(part, self.language)) for part in parts
        ]
        if messages:
            style: Style = "numbers" if self.buttons else "plain"
            messages[-1] = self._with_choices(messages[-1], style)
        return messages
