"""The key: made here, never written, opened by any so many of the trustees and by no fewer."""

from __future__ import annotations

import json
import stat
from itertools import combinations
from pathlib import Path

import pytest
from nacl.public import PrivateKey

from runtime.election import keys
from storage import chain, elections

from .conftest import AREA, Town


@pytest.mark.parametrize(("trustees", "threshold"), [(1, 1), (2, 2), (3, 2), (5, 3), (4, 4)])
def test_any_k_open_it_and_fewer_do_not(trustees: int, threshold: int):
    public, shares = keys.make(trustees, threshold)
    key = bytes.fromhex(public.key)
    assert len(set(shares)) == trustees
    for some in combinations(shares, threshold):
        private = keys.combine(some, key, threshold)
        assert bytes(PrivateKey(private).public_key) == key
    for few in combinations(shares, threshold - 1):
        with pytest.raises(ValueError, match="different shares are needed"):
            keys.combine(few, key, threshold)
        if few:  # also when the election is made to believe that fewer are enough
            with pytest.raises(ValueError):
                keys.combine(few, key, threshold - 1)


def test_one_share_twice_is_one_share():
    public, shares = keys.make(3, 2)
    with pytest.raises(ValueError, match="different shares"):
        keys.combine([shares[0], shares[0]], bytes.fromhex(public.key), 2)


def test_shares_of_another_key():
    public, shares = keys.make(3, 2)
    _, others = keys.make(3, 2)
    with pytest.raises(ValueError, match="another election"):
        keys.combine(others, bytes.fromhex(public.key), 2)
    with pytest.raises(ValueError, match="do not belong together"):
        keys.combine([shares[0], others[1]], bytes.fromhex(public.key), 2)


@pytest.mark.parametrize(("trustees", "threshold"), [(0, 0), (17, 2), (3, 1), (3, 4), (3, 0)])
def test_a_split_that_is_none(trustees: int, threshold: int):
    with pytest.raises(ValueError, match="choose"):
        keys.make(trustees, threshold)


@pytest.mark.parametrize("way", ["letter", "words", "shouted", "out of order", "one a line"])
def test_a_share_is_read_however_it_was_written(tmp_path: Path, way: str):
    public, shares = keys.make(3, 2)
    words = shares[0].split()
    numbered = [f"{n}. {word}" for n, word in enumerate(words, 1)]
    text = {
        "letter": keys.files(public, shares)["share-1-of-3.txt"].decode(),
        "words": shares[0],
        "shouted": shares[0].upper(),
        "out of order": "\n".join(reversed(numbered)),
        "one a line": "\r\n".join(words),
    }[way]
    (tmp_path / "share").write_bytes(text.encode())
    assert keys.read_share(tmp_path / "share") == shares[0]


def test_a_word_that_is_wrong_is_seen_and_not_told(tmp_path: Path):
    words = keys.make(3, 2)[1][0].split()
    path = tmp_path / "share"
    for at in (0, 5, 32):
        changed = list(words)
        changed[at] = "academic" if changed[at] != "academic" else "acid"
        for wrong in (changed, words[:at] + words[at + 1 :], [*words[:at], "zzzz", *words[at:]]):
            path.write_text(" ".join(wrong))
            with pytest.raises(ValueError) as error:
                keys.read_share(path)
            assert not set(words) & set(str(error.value).split())


# --- as commands --------------------------------------------------------------------------------


def test_keygen_opens_the_election(town: Town):
    shares = town.keygen(5, 3)
    election = town.db.read(lambda conn: elections.of_round(conn, town.round_id))
    assert election
    assert (election.trustees, election.threshold, election.state) == (5, 3, "open")
    public = json.loads((town.folder / "keys" / "public.key").read_text())
    assert election.public_key.hex() == public["key"]
    [link] = town.db.read(lambda conn: chain.links(conn, town.round_id))
    assert (link.kind, link.facts["public_key"]) == ("opened", public["key"])
    private = keys.combine([keys.read_share(Path(x)) for x in shares[:3]], election.public_key, 3)
    for path in (town.folder / "keys").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert private.hex() not in path.read_text()
        assert "NEDERLANDS" in path.read_text() or path.name == "public.key"
    assert stat.S_IMODE((town.folder / "keys").stat().st_mode) == 0o700


def test_a_key_is_never_replaced(town: Town):
    town.keygen()
    other = town.folder / "other"
    status, _, err = town.run("keygen", "--trustees", 3, "--threshold", 2, "--out", other)
    assert (status, len(err)) == (2, 1)
    assert not other.exists()
    status, _, err = town.run("open", "--key", town.folder / "keys" / "public.key")
    assert (status, len(err)) == (2, 1)


def test_a_key_made_offline(town: Town, monkeypatch):
    out = town.folder / "offline"
    with monkeypatch.context() as away:
        away.setenv("BUURTSTEM_DATABASE_URL", f"sqlite:///{town.folder}/none/b.db")
        assert town.run("keygen", "--trustees", 3, "--threshold", 2, "--out", out)[0] == 0
    assert not (town.folder / "none").exists()
    assert town.db.read(lambda conn: elections.of_round(conn, town.round_id)) is None
    assert town.run("open", "--key", out / "public.key")[0] == 0
    assert town.db.read(lambda conn: elections.of_round(conn, town.round_id))


def test_offline_leaves_the_database_alone(town: Town):
    out = town.folder / "offline"
    words = ("keygen", "--offline", "--trustees", 2, "--threshold", 2, "--out", out)
    assert town.run(*words)[0] == 0
    assert town.db.read(lambda conn: elections.of_round(conn, town.round_id)) is None


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("keygen", "--trustees", 3, "--threshold", 4, "--out", "{0}/x"), "--threshold"),
        (("keygen", "--trustees", 3, "--threshold", 2, "--out", "{0}"), "is there already"),
        (("open", "--key", "{0}/none"), "No such file"),
        (("open", "--key", "{0}/used"), "not the public.key"),
        (("close",), "not open"),
        (("count", "--key", "{0}/used", "--out", "{0}/x"), "not closed"),
        (("settle", "--area", AREA, "--order", "a", "--reason", "x"), "--order"),
        (("settle", "--area", AREA, "--order", "1,2", "--reason", " "), "--reason"),
        (("settle", "--area", AREA, "--order", "1,2", "--reason", "x"), "no such tie"),
        (("paper", "--area", "nowhere", "--in", "{0}/used"), "nothing to vote for"),
    ],
)
def test_what_is_wrong_is_one_line(town: Town, words: tuple[object, ...], why: str):
    (town.folder / "used").write_text("used")
    status, out, err = town.run(*(str(word).format(town.folder) for word in words))
    assert (status, out, len(err)) == (2, [], 1)
    assert why in err[0]
    assert not (town.folder / "x").exists()


def test_count_needs_the_right_shares(town: Town):
    shares = town.keygen(3, 2)
    town.admit(AREA)
    town.run("close")
    for some, why in ((shares[:1], "2 different shares"), ([shares[0]] * 2, "2 different shares")):
        status, _, err = town.run("count", "--key", *some, "--out", town.folder / "x")
        assert (status, len(err)) == (2, 1)
        assert why in err[0]
    assert not (town.folder / "x").exists()
    assert town.run("close")[0] == 2  # the vote ends once
