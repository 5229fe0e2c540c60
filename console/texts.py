"""The console's own texts, in Dutch and English: keys in the code, a `.po` file a page.

`locales/<language>/LC_MESSAGES/*.po` are read together at the start; which file a key is in
only matters to people.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from functools import cache
from gettext import GNUTranslations
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).parent / "locales"
LANGUAGES: Mapping[str, str] = {"nl": "Nederlands", "en": "English"}
REGIONS: Mapping[str, str] = {"nl": "nl_NL", "en": "en_GB"}
FALLBACK = "nl"


def T(key: str) -> str:
    """Marks a key that is written in the code, for `console.check`."""
    return key


class Texts:
    """All texts of one language. A key that is nowhere raises KeyError."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._files = [_compiled(catalogue) for catalogue in catalogues(language)]

    def t(self, key: str, **params: object) -> str:
        """The text of `key`, with `{name}` filled in."""
        for texts in self._files:
            found = texts.gettext(key)
            if found != key:
                return found.format(**params) if params else found
        raise KeyError(key)

    def tn(self, key: str, n: int, **params: object) -> str:
        """Likewise, in the form for the number `n`, which fills in `{n}`."""
        for texts in self._files:
            found = texts.ngettext(key, key, n)
            if found != key:
                return found.format(n=n, **params)
        raise KeyError(key)


@cache
def texts(language: str) -> Texts:
    """The texts of a language, or of the fallback; read once."""
    return Texts(language if language in LANGUAGES else FALLBACK)


def catalogues(language: str, folder: Path = LOCALES) -> Iterator[Catalog]:
    """The files of a language. Raises PoFileError for one that is broken."""
    for file in sorted((folder / language / "LC_MESSAGES").glob("*.po")):
        yield read_po(io.BytesIO(file.read_bytes()), locale=language, abort_invalid=True)


def _compiled(catalogue: Catalog) -> GNUTranslations:
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
