"""What goes through a template of Twilio's Content API, and the rules that such a template obeys.

Choices: everything in a quick reply and a list picker may be a variable, the labels and ids too.
So one template for each number of choices serves every question in every language. They are only
sent to somebody who has just written, so WhatsApp need not approve them.

Outside the window only an approved text may go: those are in the catalogue, one template for each
key and language.

https://www.twilio.com/docs/content/using-variables-with-content-api
https://developers.facebook.com/docs/whatsapp/message-templates/guidelines
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any

from bot.channels.limits import LIMITS
from bot.i18n.catalogue import Text, translate
from bot.i18n.languages import LANGUAGES
from bot.messages import Channel, Outbound, Template

MOST_TEXT = 1024  # of an approved text with its values, and of the body above choices
MOST_VALUE = 250

# The texts for outside the window, with the names of their variables in the order of
# `Template.variables`.
OUTSIDE: Mapping[str, tuple[str, ...]] = {
    "outside.message": (),
    "outside.unfinished": (),
    "outside.status": ("number", "title", "status"),
    "outside.news": (),
    "outside.vote_open": ("last_day",),
    "outside.vote_reminder": ("last_day",),
    "outside.result": ("number", "title"),
}

_VARIABLE = re.compile(r"\{\{\d+\}\}")


@dataclass(frozen=True, slots=True)
class Content:
    """One template as Twilio is to have it: `kind` is a content type, `fields` what it holds.

    `samples` are the values that are shown to who approves it, `category` WhatsApp's, or "" for
    what needs no approval.
    """

    label: str
    language: str
    kind: str
    fields: dict[str, Any] = field(compare=False)
    samples: tuple[str, ...] = ()
    category: str = ""

    @property
    def hash(self) -> str:
        """64 hexadecimal digits: another one means another template."""
        what = [self.language, self.kind, self.fields, self.category]
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()

    @property
    def name(self) -> str:
        """Small letters, digits and `_`, as WhatsApp wants it; another one for another hash."""
        return f"buurtstem_{self.label}_{self.language}_{self.hash[:8]}"

    @property
    def variables(self) -> dict[str, str]:
        return {str(n): value for n, value in enumerate(self.samples, 1)}


# --- choices ---------------------------------------------------------------------------------


@lru_cache
def of_choices(style: str, count: int) -> Content:
    """The template that shows `count` choices; `style` is `buttons` or `list`."""
    first = 2 if style == "buttons" else 3
    pairs = [(f"{{{{{n}}}}}", f"{{{{{n + 1}}}}}") for n in range(first, first + 2 * count, 2)]
    samples = ["?"] * (first - 1 + 2 * count)
    if style == "buttons":
        actions = [{"type": "QUICK_REPLY", "title": label, "id": id_} for label, id_ in pairs]
        fields: dict[str, Any] = {"body": "{{1}}", "actions": actions}
        kind = "twilio/quick-reply"
    else:
        items = [{"item": label, "id": id_} for label, id_ in pairs]
        fields = {"body": "{{1}}", "button": "{{2}}", "items": items}
        kind = "twilio/list-picker"
    return Content(f"{style}_{count}", "nl", kind, fields, tuple(samples))


def choice_values(message: Outbound) -> dict[str, str]:
    """The variables of `of_choices` for this message."""
    opens = [message.opens] if message.style == "list" else []
    pairs = [part for button in message.buttons for part in (button.label, button.id)]
    values = [message.text, *opens, *pairs]
    return {str(n): value for n, value in enumerate(values, 1)}


# --- texts for outside the window ------------------------------------------------------------


@lru_cache
def of_text(key: str, language: str) -> Content:
    """The template of a text in `OUTSIDE`. Raises KeyError for another key."""
    names = OUTSIDE[key]
    places = {name: f"{{{{{n}}}}}" for n, name in enumerate(names, 1)}
    body = translate(Text(f"outside.{key.removeprefix('outside.')}", **places), language)
    samples = tuple(_SAMPLES[name] for name in names)
    label = key.replace(".", "_")
    return Content(label, language, "twilio/text", {"body": body}, samples, "UTILITY")


_SAMPLES = {
    "number": "12",
    "title": "Een bankje bij de speeltuin",
    "status": "OK",
    "last_day": "30-11-2026",
}


def template_values(template: Template) -> dict[str, str]:
    """The variables of `of_text`, cleaned. Raises ValueError when they are not the right ones."""
    names = OUTSIDE.get(template.key)
    if names is None or len(names) != len(template.variables):
        raise ValueError("not the variables of this text")
    values = {str(n): value(each) for n, each in enumerate(template.variables, 1)}
    if len(filled(of_text(template.key, template.language), values)) > MOST_TEXT:
        raise ValueError("too long")
    return values


def filled(content: Content, values: Mapping[str, str]) -> str:
    """The text as the person reads it."""
    return _VARIABLE.sub(lambda found: values[found[0][2:-2]], content.fields["body"])


def value(text: str) -> str:
    """A value as WhatsApp takes it: one line, single spaces, not empty, not too long."""
    line = " ".join(text.replace("{", "(").replace("}", ")").split())
    if len(line) > MOST_VALUE:
        cut = line[: MOST_VALUE - 1]
        line = (cut.rpartition(" ")[0] or cut) + "…"
    return line or "-"


def faults(body: str) -> Iterator[str]:
    """What is wrong with a text that WhatsApp has to approve, each in a few words."""
    variables = list(_VARIABLE.finditer(body))
    if variables and not _letters(body[: variables[0].start()]):
        yield "begins with a variable"
    if variables and not _letters(body[variables[-1].end() :]):
        yield "ends with a variable"
    if any(not _letters(body[one.end() : other.start()]) for one, other in pairwise(variables)):
        yield "has two variables side by side"
    if len(_VARIABLE.sub(" ", body).split()) < 2 * len(variables) + 1:
        yield "has too few words for its variables"
    if "\n\n\n" in body or "    " in body or "\t" in body:
        yield "has too much white space"
    if len(body) > MOST_TEXT:
        yield "is too long"


def _letters(text: str) -> bool:
    return any(map(str.isalnum, text))


# --- all of them -----------------------------------------------------------------------------


def wanted(languages: Sequence[str] = tuple(LANGUAGES)) -> list[Content]:
    """Every template that Twilio should have."""
    limits = LIMITS[Channel.WHATSAPP]
    shown = [("buttons", n) for n in range(1, limits.buttons + 1)]
    shown += [("list", n) for n in range(1, limits.rows + 1)]
    choices = [of_choices(style, n) for style, n in shown]
    return [*choices, *(of_text(key, code) for key in OUTSIDE for code in languages)]
