"""The file of codes: read whole or refused with its line, and never a code in what is said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyrage
import pytest

from tests.runtime.letters.conftest import CODES, Press, row, text_of

GOOD = row(CODES[0])
WRONG_CHECK = "123 456 789 093"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([GOOD, row(WRONG_CHECK)], "line 3: the check digits"),
        ([GOOD, [*GOOD[:3]]], "line 3: 3 values; expected 4"),
        ([GOOD, ["12345", *GOOD[1:]]], "line 3: a code has 12 to 16 digits"),
        ([GOOD, ["٤٨٢ ٩١٣ ٠٧٥ ٦٦٤", *GOOD[1:]]], "line 3: a code has 12 to 16 digits"),
        ([row(CODES[0], "nergens")], "line 2: not an area"),
        ([row(CODES[0], kind="mayor")], "line 2: the kind is not one of"),
        ([[*GOOD[:3], "one"]], "line 2: the batch"),
        ([GOOD, row(CODES[1]), GOOD], "line 4: the same code as line 2"),
        ([], "no code in it"),
    ],
)
def test_what_is_wrong_is_told_by_its_line(
    press: Press,
    capsys: pytest.CaptureFixture[str],
    rows: Sequence[Sequence[object]],
    said: str,
) -> None:
    press.write(rows)
    assert press.run() == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1
    refused_without_a_trace(press, error)


def refused_without_a_trace(press: Press, error: str) -> None:
    bare = error.replace(" ", "")
    assert not any(code in bare for code in (*CODES, WRONG_CHECK.replace(" ", ""), "12345"))
    names = {path.name for path in press.folder.iterdir()}
    assert not {name for name in names if "letters" in name or "part" in name}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"area,code\n", "line 1: the header"),
        (b"", "line 1: the header"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b'code,area,kind,batch\n"123', "line 2: not a row"),
    ],
)
def test_another_kind_of_file_is_refused(
    press: Press, capsys: pytest.CaptureFixture[str], data: bytes, said: str
) -> None:
    press.codes.write_bytes(data)
    assert press.run() == 2
    error = capsys.readouterr().err
    assert said in error
    refused_without_a_trace(press, error)


def test_what_a_spreadsheet_saved_is_read(press: Press) -> None:
    """A byte order mark, CRLF, an empty line at the end."""
    press.write([GOOD])
    press.codes.write_bytes(b"\xef\xbb\xbf" + press.codes.read_bytes() + b"\r\n")
    assert press.run() == 0


def test_a_missing_file(press: Press, capsys: pytest.CaptureFixture[str]) -> None:
    assert press.run(press.folder / "none.csv") == 2
    assert "none.csv: No such file" in capsys.readouterr().err


@pytest.mark.parametrize("armored", [False, True])
def test_an_encrypted_file_needs_its_key(
    press: Press, capsys: pytest.CaptureFixture[str], armored: bool
) -> None:
    ours, another = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    plain = press.write([GOOD]).read_bytes()
    press.codes.write_bytes(pyrage.encrypt(plain, [ours.to_public()], armored=armored))
    key, wrong = press.folder / "key.txt", press.folder / "wrong.txt"
    key.write_text(f"# created: today\n# public key: {ours.to_public()}\n{ours}\n")
    wrong.write_text(f"{another}\n")
    assert press.run() == 2
    assert "is encrypted; give --key-file" in capsys.readouterr().err
    assert press.run(key_file=wrong) == 2
    assert "cannot be decrypted" in capsys.readouterr().err
    assert press.run(key_file=press.codes) == 2
    assert "holds no age identity" in capsys.readouterr().err
    assert press.run(key_file=key) == 0
    assert text_in(press.out)


def text_in(path: Path) -> bool:
    import pypdfium2

    return "123 456 789 092" in text_of(pypdfium2.PdfDocument(path.read_bytes())[0])
