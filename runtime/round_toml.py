"""Where a key stands in a TOML text, and plain words for a text that is not TOML."""

from __future__ import annotations

import re
import tomllib

_TABLE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?")
_KEY = re.compile(r"""\s*([\w.\-"' ]+?)\s*=""")
_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_TABLE_TWICE = re.compile(r"Cannot declare \((.*)\) twice")


def lines_of_keys(text: str) -> dict[str, int]:
    """The line (from 1) of each table and key that begins a line, by its dotted path.

    A helping hand for messages, not a parser: what stands in an inline table is not listed.
    """
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _TABLE.fullmatch(line):
            table = _path(header[1])
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault(f"{table}.{_path(key[1])}".lstrip("."), number)
    return lines


def explain_toml(error: tomllib.TOMLDecodeError, text: str) -> tuple[str, str, int]:
    """Key ("" if unknown), message with a remedy, and line, for a text that is not TOML."""
    said = str(error)
    at = _AT.search(said)
    line = int(at[1]) if at and at[1] else text.rstrip().count("\n") + 1
    what = _AT.sub("", said)
    if twice := _TABLE_TWICE.match(what):
        key = ".".join(re.findall(r"'([^']*)'", twice[1]))
        return key, "is there twice. Keep one, or give the other an id of its own.", line
    return "", f"this is not TOML: {_lower(what)}. {_remedy(what)}", line


def _remedy(what: str) -> str:
    if "overwrite" in what or "Duplicate" in what or "mutate" in what:
        return "A key may stand only once in a table: take one of the two away."
    if "date" in what:
        return "Write a day that exists, such as 2026-03-31."
    return 'Check this line: "key = value", a text between quotes, a table between [ and ].'


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _path(name: str) -> str:
    return ".".join(part.strip(" \"'") for part in name.split("."))
