"""Where a key stands, and what a text that is not TOML is told."""

import tomllib
from pathlib import Path

import pytest

from runtime.round_toml import explain_toml, lines_of_keys

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))


def paths(table, path=""):
    """The dotted path of each table and value in a parsed file."""
    for key, value in table.items():
        here = f"{path}.{key}".lstrip(".")
        yield here
        if isinstance(value, dict):
            yield from paths(value, here)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_key_stands_where_its_name_is(path):
    text = path.read_text(encoding="utf-8")
    lines, rows = lines_of_keys(text), text.split("\n")
    assert set(lines) <= set(paths(tomllib.loads(text)))
    for key, number in lines.items():
        assert key.rpartition(".")[2] in rows[number - 1]


def test_quotes_spaces_and_dots_in_keys():
    lines = lines_of_keys("a . b = 1\n\n[ x.\"y\" ] # so\n 'z' = 2\nz = 3\n")
    assert lines == {"a.b": 1, "x.y": 3, "x.y.z": 4}


@pytest.mark.parametrize(
    ("text", "key", "line", "remedy"),
    [
        ("a = 1\n[x.y]\n[x.y]\n", "x.y", 3, "Keep one"),
        ("a = { x = 1, x = 2 }\n", "", 1, "take one of the two away"),
        ("a = 1\n\nb = 2019-02-30\n", "", 3, "Write a day that exists"),
        ("a = 1\nb = 'x", "", 2, "between quotes"),
        ("", "", 1, "between quotes"),
    ],
)
def test_what_is_not_toml_is_told_in_plain_words(text, key, line, remedy):
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(text or "=")
    told = explain_toml(caught.value, text)
    assert told[0] == key
    assert remedy in told[1]
    assert told[2] == line
