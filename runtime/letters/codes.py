"""The file of codes, as `buurtstem stempas issue` writes it, read whole before anything is made.

CSV in UTF-8 with the header `code,area,kind,batch`, the code in groups of three; possibly
encrypted with age (age-encryption.org/v1). What is wrong is told by its line, never with a code.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyrage

from civic import stempas

HEADER = ["code", "area", "kind", "batch"]

_AGE = (b"age-encryption.org/", b"-----BEGIN AGE ENCRYPTED FILE-----")
_SSH = b"-----BEGIN OPENSSH"


class LettersError(Exception):
    """The letters cannot be made; the text is one line that never holds a code."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter: `code` in ASCII digits, `area` by its id, `kind` of `civic.stempas.KINDS`."""

    code: str
    area: str
    kind: str


def read_letters(path: Path, key_file: Path | None, areas: Collection[str]) -> list[Letter]:
    """The letters to make, in the order of the file. Raises `LettersError` at the first fault.

    `areas`: ids of the areas where people vote. `key_file`: an age or SSH identity.
    """
    data = _decrypted(path, _contents(path), key_file)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise LettersError(f"{path}: not a file of codes: it is not UTF-8") from None
    letters = list(_letters(path, text, areas))
    if not letters:
        raise LettersError(f"{path}: no code in it")
    return letters


def _contents(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LettersError(f"{path}: {error.strerror or 'cannot be read'}") from None


def _decrypted(path: Path, data: bytes, key_file: Path | None) -> bytes:
    if not data.startswith(_AGE):
        return data
    if key_file is None:
        raise LettersError(f"{path}: is encrypted; give --key-file with the identity it is for")
    try:
        plain: bytes = pyrage.decrypt(data, _identities(key_file, _contents(key_file)))
    except pyrage.DecryptError:
        raise LettersError(f"{path}: cannot be decrypted with {key_file}") from None
    return plain


def _identities(path: Path, data: bytes) -> list[pyrage.Identity]:
    """The identities of a file, as age writes it (`#` begins a remark), or one SSH key."""
    try:
        if data.startswith(_SSH):
            return [pyrage.ssh.Identity.from_buffer(data)]
        lines = [line.strip() for line in data.decode().splitlines()]
        found = [pyrage.x25519.Identity.from_str(line) for line in lines if line[:1] not in "#"]
    except (pyrage.IdentityError, UnicodeDecodeError):
        found = []
    if not found:
        raise LettersError(f"{path}: holds no age identity")
    return found


def _letters(path: Path, text: str, areas: Collection[str]) -> Iterator[Letter]:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines: dict[str, int] = {}
    try:
        _check_header(path, next(rows, []))
        for row in filter(None, rows):
            letter = _letter(f"{path}: line {rows.line_num}", row, areas)
            first = lines.setdefault(letter.code, rows.line_num)
            if first != rows.line_num:
                raise LettersError(f"{path}: line {rows.line_num}: the same code as line {first}")
            yield letter
    except csv.Error:
        raise LettersError(f"{path}: line {rows.line_num}: not a row of a CSV file") from None


def _check_header(path: Path, row: list[str]) -> None:
    if row != HEADER:
        raise LettersError(f"{path}: line 1: the header is not {','.join(HEADER)}")


def _letter(where: str, row: list[str], areas: Collection[str]) -> Letter:
    if len(row) != len(HEADER):
        raise LettersError(f"{where}: {len(row)} values; expected {len(HEADER)}")
    code, area, kind, batch = (value.strip() for value in row)
    code = code.replace(" ", "")
    if not (code.isascii() and code.isdigit() and stempas.LEAST <= len(code) <= stempas.MOST):
        raise LettersError(f"{where}: a code has {stempas.LEAST} to {stempas.MOST} digits")
    if not stempas.is_right(code):
        raise LettersError(f"{where}: the check digits of the code are not right")
    if area not in areas:
        raise LettersError(f"{where}: not an area of this round that votes")
    if kind not in stempas.KINDS:
        raise LettersError(f"{where}: the kind is not one of {', '.join(stempas.KINDS)}")
    if not (batch.isascii() and batch.isdigit()):
        raise LettersError(f"{where}: the batch is not a number")
    return Letter(code, area, kind)
