"""What comes in and what goes out, the same for every channel.

An `Inbound` is one act of one person, as the channel understood it. An
`Outbound` is one message as the channel will carry it: already in the person's
language and within the channel's limits. Both go to the database as JSON.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, Literal, Self


class Channel(StrEnum):
    SIMULATOR = "simulator"
    TELEGRAM = "telegram"
    WHATSAPP = "whatsapp"
    SMS = "sms"
    PHONE = "phone"


MediaKind = Literal["voice", "photo"]
InboundKind = Literal["text", "choice", "voice", "photo", "location", "unsupported"]


@dataclass(frozen=True, slots=True)
class Media:
    """A file that somebody sent and that we have not fetched yet.

    `ref` is the channel's own way to find it: a Telegram file id, a media URL,
    or for the simulator the name under which the media store already has it.
    `size` is in bytes and `seconds` is the length, both as the provider claims.
    """

    kind: MediaKind
    ref: str
    mime: str = ""
    size: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message from one person.

    `id` is the provider's message id: the same id on the same channel is the
    same message. `address` is who on that channel (a chat id, `whatsapp:+31…`).
    `choice` is the id of a tapped button, `location` is (latitude, longitude) in
    degrees. `kind_unknown` marks what we cannot take (a sticker, a contact, a
    video). `private` is False in a group. `language_hint` is the BCP 47 tag that
    the channel tells, or "".
    """

    id: str
    channel: str
    address: str
    text: str = ""
    choice: str = ""
    media: tuple[Media, ...] = ()
    location: tuple[float, float] | None = None
    kind_unknown: bool = False
    private: bool = True
    language_hint: str = ""

    def __post_init__(self) -> None:
        # JSON can carry half a character and a zero, which no database takes.
        text = self.text.encode("utf-8", "replace").decode().replace("\0", "")
        object.__setattr__(self, "text", text)

    @property
    def kind(self) -> InboundKind:
        """What it is: a file before a tap, a tap before a place, a place before words."""
        if self.media:
            return self.media[0].kind
        if self.choice:
            return "choice"
        if self.location:
            return "location"
        return "text" if self.text.strip() and not self.kind_unknown else "unsupported"

    def parts(self) -> list[Self]:
        """A message with several files as several messages, each with one, in order."""
        if len(self.media) < 2:
            return [self]
        first = replace(self, media=self.media[:1])
        others = [
            replace(self, id=f"{self.id}#{n}", text="", media=(media,))
            for n, media in enumerate(self.media[1:], 2)
        ]
        return [first, *others]

    def to_json(self) -> dict[str, Any]:
        return {**_told(self), **_each("media", self.media)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        media = tuple(Media(**m) for m in data.get("media", ()))
        place = data.get("location")
        return cls(**{**data, "media": media, "location": tuple(place) if place else None})


@dataclass(frozen=True, slots=True)
class Button:
    """One possible answer: `id` comes back when it is tapped, `label` is what people see."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Sound:
    """What is to be heard with (or after) a message: the words and their language.

    One that is `secret` is not kept as a file that others could hear. `labels` are the answers
    that stand in it, which somebody may have recorded by themselves. `parts` are its pieces as
    (words, language) when it is in more than one language.
    """

    text: str
    language: str
    secret: bool = False
    labels: tuple[str, ...] = ()
    parts: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        plain: dict[str, Any] = {"text": self.text, "language": self.language}
        more = {"secret": self.secret, "labels": self.labels, "parts": self.parts}
        return plain | {name: value for name, value in more.items() if value}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        lists = {"labels": tuple(data.get("labels", ()))}
        lists["parts"] = tuple((words, code) for words, code in data.get("parts", ()))
        return cls(**{**data, **lists})


@dataclass(frozen=True, slots=True)
class Template:
    """A text that the provider approved beforehand, for when only such a text may be sent.

    `key` is the catalogue's (see `bot.channels.content.OUTSIDE`), `variables` its values in the
    order told there, already in the person's language.
    """

    key: str
    language: str
    variables: tuple[str, ...] = ()


Style = Literal["plain", "buttons", "list", "numbers"]


@dataclass(frozen=True, slots=True)
class Outbound:
    """One message to one person, within its channel's limits.

    `style` says how the choices are shown: `buttons` and `list` are the
    channel's own, with `numbers` they stand in the text already. `opens` is the
    label that opens a list. `secret` messages are never kept after sending and
    are deleted at the provider where that is possible. `asks_location` wants the
    channel's own "send my location" button. `direction` is `rtl` for Arabic. With
    a `template` it goes as that where the channel has templates.
    """

    text: str
    buttons: tuple[Button, ...] = ()
    style: Style = "plain"
    opens: str = ""
    sound: Sound | None = None
    secret: bool = False
    asks_location: bool = False
    direction: Literal["ltr", "rtl"] = "ltr"
    template: Template | None = None

    def to_json(self) -> dict[str, Any]:
        data = {**_told(self), **_each("buttons", self.buttons)}
        more = {"sound": self.sound.to_json()} if self.sound else {}
        return data | more | ({"template": asdict(self.template)} if self.template else {})

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        sound, template = data.get("sound"), data.get("template")
        return cls(
            **{
                **data,
                "buttons": tuple(Button(**b) for b in data.get("buttons", ())),
                "sound": Sound.from_json(sound) if sound else None,
                "template": _template(template) if template else None,
            }
        )


def _told(message: Inbound | Outbound) -> dict[str, Any]:
    """What is told besides the defaults: rows stay short, and no time goes into copying."""
    kind = type(message)
    if kind not in _DEFAULTS:
        _DEFAULTS[kind] = {f.name: f.default for f in fields(message)}
    plain = _DEFAULTS[kind].items()
    return {name: value for name, usual in plain if (value := getattr(message, name)) != usual}


_DEFAULTS: dict[type, dict[str, Any]] = {}


def _each(name: str, parts: tuple[Media, ...] | tuple[Button, ...]) -> dict[str, Any]:
    return {name: [_told_part(part) for part in parts]} if parts else {}


def _told_part(part: Media | Button) -> dict[str, Any]:
    return {name: getattr(part, name) for name in part.__slots__}


def _template(data: dict[str, Any]) -> Template:
    return Template(data["key"], data["language"], tuple(data["variables"]))


@dataclass(frozen=True, slots=True)
class Reply:
    """What the engine wants said, before language and channel: see `bot.channels.render`.

    `lines` are the texts in order, the last one being the question if there is
    one; `choices` are (scoped id, label) pairs, labels still to be translated.
    `keys` are the numbers that answer them and `shorts` the labels for a button whose own
    label stands in the text; "" and None for those without, both empty when none has one.
    """

    lines: tuple[Any, ...]
    choices: tuple[tuple[str, Any], ...] = ()
    secret: bool = False
    asks_location: bool = False
    numbered: bool = field(default=False)
    keys: tuple[str, ...] = ()
    shorts: tuple[Any, ...] = ()
