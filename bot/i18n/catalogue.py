"""What a text of the catalogue says in each language.

The message ids are keys (`submit_plan.idea`); each language, Dutch too, has a `.po` file, which
is read at the start, so that there is nothing compiled to go stale.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from gettext import GNUTranslations
from pathlib import Path
from string import Formatter

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from bot.i18n.languages import FALLBACK, LANGUAGES, Language
from bot.i18n.languages import language as language_of
from bot.i18n.script import cleaned, isolated
from bot.i18n.values import day, money, number
from bot.prompts import Counted, Param, Text
from civic.rounds import Localised

__all__ = [
    "DOMAIN",
    "LOCALES",
    "Catalogue",
    "Param",
    "Text",
    "default",
    "everywhere",
    "po_file",
    "translate",
]

DOMAIN = "buurtstem"
LOCALES = Path(__file__).parent / "locales"


def po_file(folder: Path, code: str) -> Path:
    return folder / code / "LC_MESSAGES" / f"{DOMAIN}.po"


class Catalogue:
    """All texts in all languages.

    Raises FileNotFoundError when a language has no file. An unknown language reads as Dutch;
    so does a key that a language lacks. A key that no language has raises KeyError.
    """

    def __init__(
        self, folder: Path = LOCALES, languages: Mapping[str, Language] = LANGUAGES
    ) -> None:
        self.languages = languages
        self._texts = {code: _read(po_file(folder, code)) for code in languages}
        self._labels: dict[str, tuple[str, ...]] = {}

    def translate(self, what: Param, language: str, *, spoken: bool = False) -> str:
        """The words in this language; `spoken`: as a voice should read numbers and money."""
        return self._say(what, language_of(language, self.languages), spoken)

    def inserted(self, what: Param, language: str) -> str:
        """Likewise, for a place amid a text of this language: isolated where its script asks it."""
        return self._insert(what, language_of(language, self.languages), False)

    def everywhere(self, label: Text | Localised | str) -> tuple[str, ...]:
        """A label in every language, each once: any of them means the choice."""
        if isinstance(label, str):
            return (cleaned(label),)
        if isinstance(label, Localised):
            return tuple(dict.fromkeys(map(cleaned, label.texts.values())))
        if label.params:
            return self._in_each(label)
        if label.key not in self._labels:
            self._labels[label.key] = self._in_each(label)
        return self._labels[label.key]

    def _in_each(self, label: Text) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.translate(label, code) for code in self.languages))

    def _say(self, what: Param, language: Language, spoken: bool) -> str:
        if isinstance(what, Text):
            return self._text(what, language, spoken)
        if isinstance(what, str):
            return cleaned(what)
        if isinstance(what, Localised):
            return cleaned(what.get(language.code))
        if isinstance(what, tuple):
            return "\n".join(self._say(each, language, spoken) for each in what)
        return _value(what, language.locale, spoken)

    def _text(self, text: Text, language: Language, spoken: bool) -> str:
        language = self._own(text, language)
        template = _pieces(self._template(text, language.code))
        return "".join(
            piece if not name else piece + self._insert(text.params[name], language, spoken)
            for piece, name in template
        )

    def _insert(self, what: Param, language: Language, spoken: bool) -> str:
        if isinstance(what, tuple):
            return "\n".join(self._insert(each, language, spoken) for each in what)
        said = self._say(what, language, spoken)
        is_ours = isinstance(what, Text) and self._own(what, language) is language
        return said if spoken or is_ours else isolated(said, language.direction)

    def _own(self, text: Text, language: Language) -> Language:
        wanted = text.params.get("in_language")
        return language_of(wanted, self.languages) if isinstance(wanted, str) else language

    def _template(self, text: Text, code: str) -> str:
        for each in (code, FALLBACK, *self.languages):
            found = _look_up(self._texts[each], text)
            if found != text.key:
                return found
        raise KeyError(text.key)


def _read(file: Path) -> GNUTranslations:
    with file.open("rb") as source:
        catalogue = read_po(source, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def _look_up(texts: GNUTranslations, text: Text) -> str:
    """The template, or the key itself when it is missing."""
    if not isinstance(text, Counted):
        return texts.gettext(text.key)
    n = text.params["n"]
    assert isinstance(n, int)
    return texts.ngettext(text.key, text.key, n)


@lru_cache(4096)
def _pieces(template: str) -> tuple[tuple[str, str], ...]:
    """A template as (words, name of what follows them); raises ValueError for a loose brace."""
    return tuple((words, name or "") for words, name, _, _ in Formatter().parse(template))


def _value(what: int | Decimal | date, locale: str, spoken: bool) -> str:
    if isinstance(what, Decimal):
        return money(what, locale, spoken)
    return day(what, locale) if isinstance(what, date) else number(what, locale, spoken)


@cache
def default() -> Catalogue:
    """The catalogue that comes with the program, read once."""
    return Catalogue()


def translate(what: Param, language: str) -> str:
    """`Catalogue.translate` of the default catalogue."""
    return default().translate(what, language)


def everywhere(label: Text | Localised | str) -> tuple[str, ...]:
    """`Catalogue.everywhere` of the default catalogue."""
    return default().everywhere(label)
