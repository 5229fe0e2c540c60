"""`make texts`: puts new keys of the code into every catalogue, with nothing to say yet.

What somebody translated is kept; a key that the code no longer uses moves to the end of the
file as a comment. Each entry shows where it is used, the notes of the programmers (a comment
`# NOTE: ...` above the `Text(...)`), and what it says in Dutch.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po
from babel.plural import to_gettext

from bot.i18n.catalogue import LOCALES, po_file
from bot.i18n.keys import ROOT, is_dynamic, used
from bot.i18n.languages import FALLBACK, LANGUAGES, Language

NATIVE_READER = re.compile(r'^"X-Native-Reader: *(.*?) *\\n"$', re.MULTILINE)
NOT_READ = "none yet"


def update(
    folder: Path = LOCALES, languages: Mapping[str, Language] = LANGUAGES, root: Path = ROOT
) -> None:
    """Brings every catalogue up to date with the code; makes the file of a new language."""
    catalogues = {code: _read(po_file(folder, code), each) for code, each in languages.items()}
    template = _with_dynamic(used(root), list(catalogues.values()))
    dutch = catalogues[FALLBACK]
    for code, catalogue in catalogues.items():
        notes = template if code == FALLBACK else _with_dutch(template, dutch)
        catalogue.update(notes, no_fuzzy_matching=True, update_creation_date=False)
    for code, catalogue in catalogues.items():
        _write(po_file(folder, code), catalogue)


def plural_forms(language: Language) -> str:
    """The `Plural-Forms` of a catalogue: the forms of CLDR in its order (zero, one, two, ...)."""
    return to_gettext(Locale.parse(language.locale).plural_form)


def _read(file: Path, language: Language) -> Catalog:
    if file.exists():
        return read_po(io.BytesIO(file.read_bytes()), abort_invalid=True)
    catalogue = Catalog(locale=language.locale, project="Buurtstem", version="1", fuzzy=False)
    catalogue.header_comment = f"# What Buurtstem says: {language.own_name}."
    catalogue.mime_headers = [("Plural-Forms", plural_forms(language))]
    return catalogue


def _with_dynamic(template: Catalog, catalogues: list[Catalog]) -> Catalog:
    """The template with the keys that the code puts together, as the catalogues have them."""
    for catalogue in catalogues:
        for message in catalogue:
            if message.id and is_dynamic(_key(message)) and message.id not in template:
                template.add(message.id)
    return template


def _with_dutch(template: Catalog, dutch: Catalog) -> Catalog:
    """The template with what each key says in Dutch: the key alone tells a translator little."""
    shown = Catalog()
    for message in template:
        if message.id:
            notes = [*message.auto_comments, *_dutch(dutch.get(message.id))]
            shown.add(message.id, locations=message.locations, auto_comments=notes)
    return shown


def _dutch(message: Message | None) -> list[str]:
    string = message.string if message else None
    forms = [string] if isinstance(string, str) else list(string or ())
    return [f"nl: {line}" for form in forms for line in form.split("\n") if line.strip()]


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _write(file: Path, catalogue: Catalog) -> None:
    """Writes the file; Babel drops headers that it does not know, so ours is put back."""
    old = NATIVE_READER.search(file.read_text("utf-8")) if file.exists() else None
    reader = f'"X-Native-Reader: {old[1] if old else NOT_READ}\\n"\n'
    written = io.BytesIO()
    write_po(written, catalogue, width=100, include_lineno=False)
    text = written.getvalue().decode("utf-8")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text.replace('"MIME-Version', f'{reader}"MIME-Version', 1), "utf-8")


if __name__ == "__main__":
    update()
