"""`buurtstem campaign …` as somebody types it."""

import pytest

from civic.campaigns import Kind
from runtime import cli
from runtime.campaign_texts import OUTSIDE

from .campaigning import WORDS

ROUND = "examples/demo.toml"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("BUURTSTEM_DATABASE_URL", f"sqlite:///{tmp_path}/b.db")

    def _run(*words):
        status = cli.main(["campaign", *words])
        out, err = capsys.readouterr()
        return status, out.splitlines(), err

    assert cli.main(["round", "load", ROUND]) == 0
    capsys.readouterr()
    return _run


def test_the_default_reminders_are_there_to_be_scheduled(run):
    assert len(run("list")[1]) == 3
    assert run("schedule", "vote_closing", "--at", "2999-12-01T10:00")[0] == 0
    assert "vote_closing: 2999-12-01 10:00, scheduled" in run("list")[1]
    assert run("pause", "vote_closing")[1] == ["vote_closing: paused"]
    assert run("resume", "vote_closing")[1] == ["vote_closing: goes on"]
    assert run("cancel", "vote_closing")[1] == ["vote_closing: cancelled"]
    assert run("progress", "vote_closing")[1] == ["vote_closing: cancelled"]


def test_news_in_every_language(run):
    texts = [word for code, words in WORDS.items() for word in ("--text", f"{code}={words}")]
    assert run("schedule", "n", "--at", "2999-12-01T10:00", *texts)[0] == 0
    shown = "\n".join(run("preview", "n")[1])
    assert all(f"[{code}]" in shown and words in shown for code, words in WORDS.items())


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["pause", "vote_opening"], "not scheduled"),
        (["preview", "x"], "no such campaign"),
        (["schedule", "x"], "--at"),
        (["schedule", "x", "--at", "tomorrow"], "not a time"),
        (["schedule", "x", "--at", "2999-12-01T10:00+01:00"], "without a zone"),
        (["schedule", "x", "--at", "2999-12-01T10:00", "--text", "nl=a"], "missing: en, tr, ar"),
        (["schedule", "vote_opening", "--at", "2019-12-01T10:00"], "that is over"),
        (["schedule", "vote_opening", "--area", "x"], "not an area"),
    ],
)
def test_what_is_wrong_is_one_line(run, words, why):
    status, out, err = run(*words)
    assert (status, out, err.count("\n")) == (2, [], 1)
    assert why in err


def test_every_kind_has_an_approved_text_to_begin_with():
    assert set(OUTSIDE) == set(Kind)
