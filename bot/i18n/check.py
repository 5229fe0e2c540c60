"""`make check`: whether every language says everything, within the limits, in fitting words.

`python -m bot.i18n.check` prints one line for each problem and then exits with 1.
"""

from __future__ import annotations

import io
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from gettext import c2py
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import PoFileError, read_po

from bot.i18n.catalogue import LOCALES, po_file
from bot.i18n.keys import LABELS, ROOT, Use, is_dynamic, used, uses
from bot.i18n.languages import FALLBACK, LANGUAGES, Language
from bot.i18n.rules import faults, placeholders
from bot.i18n.update import NATIVE_READER, plural_forms

_MSGID = re.compile(r'^msgid "(.+)"$', re.MULTILINE)
_CLDR_ORDER = ("zero", "one", "two", "few", "many", "other")


@dataclass(frozen=True, slots=True)
class _File:
    """One language's file: its text, its entries, and the filled-in forms of each key."""

    language: Language
    raw: str
    catalogue: Catalog
    forms: Mapping[str, tuple[str, ...]]


def problems(
    folder: Path = LOCALES, languages: Mapping[str, Language] = LANGUAGES, root: Path = ROOT
) -> list[str]:
    """One line for each problem: `tr: submit_plan.idea: ...`, or `bot/engine.py:9: ...`."""
    found, files = [], {}
    for code, language in languages.items():
        try:
            files[code] = _read(po_file(folder, code), language)
        except (OSError, PoFileError, UnicodeDecodeError) as error:
            found.append(f"{code}: {po_file(folder, code).name}: {type(error).__name__}")
    expected = _expected(used(root), files)
    for code, file in files.items():
        found += [f"{code}: {line}" for line in _in_file(file, expected, files.get(FALLBACK))]
    return [*found, *_in_code(list(uses(root)), files.get(FALLBACK))]


def _read(path: Path, language: Language) -> _File:
    raw = path.read_text("utf-8")
    catalogue = read_po(io.BytesIO(raw.encode()), abort_invalid=True)
    return _File(language, raw, catalogue, _all_forms(catalogue))


def _all_forms(catalogue: Catalog) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for message in catalogue:
        string = message.string
        if isinstance(message.id, str):
            found[message.id] = (string if isinstance(string, str) else "",)
        else:
            found[message.id[0]] = tuple(string or ())
    found.pop("", None)
    return found


def _expected(template: Catalog, files: Mapping[str, _File]) -> Catalog:
    """What each language must have: what the code names, and what it puts together."""
    for file in files.values():
        for message in file.catalogue:
            if message.id and is_dynamic(_first(message.id)) and message.id not in template:
                template.add(message.id)
    return template


def _first(id_: str | list[str] | tuple[str, ...]) -> str:
    return id_ if isinstance(id_, str) else id_[0]


def _in_file(file: _File, expected: Catalog, dutch: _File | None) -> Iterator[str]:
    yield from _header(file)
    yield from _keys(file, expected)
    for key, forms in file.forms.items():
        reported = Counter(fault for form in forms for fault in faults(key, form))
        yield from (f"{key}: {fault}" for fault in reported)
        if dutch and any(_names(form) != _wanted(dutch, key, form) for form in filter(None, forms)):
            yield f"{key}: other placeholders than in Dutch"


def _wanted(dutch: _File, key: str, form: str) -> frozenset[str]:
    """The placeholders of a text in Dutch; a plural form may leave out the number itself."""
    forms = dutch.forms.get(key, (form,))
    names = frozenset[str]().union(*map(_names, forms))
    return names if len(forms) == 1 or "n" in _names(form) else names - {"n"}


def _names(form: str) -> frozenset[str]:
    try:
        return placeholders(form)
    except ValueError:
        return frozenset()  # reported by itself


def _header(file: _File) -> Iterator[str]:
    if not NATIVE_READER.search(file.raw):
        yield 'header: no "X-Native-Reader: ..." (who read it; or "none yet")'
    if not _plurals_are_right(file):
        yield f"header: Plural-Forms should be: {plural_forms(file.language)}"
    twice = (key for key, count in Counter(_MSGID.findall(file.raw)).items() if count > 1)
    yield from (f"{key}: stands in the file twice" for key in twice)


def _plurals_are_right(file: _File) -> bool:
    """Whether the header gives each number the form that CLDR gives it, in CLDR's order."""
    rule = Locale.parse(file.language.locale).plural_form
    tags = [tag for tag in _CLDR_ORDER if tag in {*rule.tags, "other"}]
    chosen = c2py(file.catalogue.plural_expr)
    count_fits: bool = file.catalogue.num_plurals == len(tags)
    return count_fits and all(chosen(n) == tags.index(rule(n)) for n in range(1001))


def _keys(file: _File, expected: Catalog) -> Iterator[str]:
    wanted = {_first(message.id): message for message in expected if message.id}
    yield from (f"{key}: no code uses it" for key in file.forms if key not in wanted)
    for key, message in wanted.items():
        own = file.catalogue.get(key)
        if own is None:
            yield f"{key}: missing"
        elif own.fuzzy:
            yield f"{key}: fuzzy"
        elif own.pluralizable != message.pluralizable:
            yield f"{key}: plural forms {'missing' if message.pluralizable else 'not asked for'}"
        elif not all(file.forms[key]) or len(file.forms[key]) != _forms_of(file, key):
            yield f"{key}: not filled in"


def _forms_of(file: _File, key: str) -> int:
    message = file.catalogue.get(key)
    return int(file.catalogue.num_plurals) if message and message.pluralizable else 1


def _in_code(found: list[Use], dutch: _File | None) -> Iterator[str]:
    """Keys that cannot be checked, and placeholders for which the code gives nothing."""
    for use in found:
        if (use.is_open and not is_dynamic(use.key)) or not use.key:
            yield f"{use.place}: write the key out, or list its start in bot/i18n/keys.py"
        if use.is_label and use.key and not use.is_open and not use.key.endswith(tuple(LABELS)):
            yield f"{use.place}: {use.key}: the key of a label ends with {' or '.join(LABELS)}"
        if dutch and use.given is not None and use.key in dutch.forms:
            names = frozenset[str]().union(*map(_names, dutch.forms[use.key])) - use.given
            yield from (f"{use.place}: {use.key}: nothing for {{{name}}}" for name in sorted(names))


def main() -> int:
    found = problems()
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
