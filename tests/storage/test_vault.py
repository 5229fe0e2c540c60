"""What is sealed is read by nobody else, and its length tells little."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.vault import SEALED, STEP, SealError, Vault, is_sealed

KEY = b"a pepper of sixteen characters"
VAULT = Vault(KEY)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=3000)


@given(TEXT)
def test_what_was_sealed_opens_as_it_was(text):
    sealed = VAULT.seal(text)
    assert is_sealed(sealed)
    assert Vault(KEY).open(sealed) == text
    assert VAULT.seal(text) != sealed


@given(TEXT.filter(lambda text: not text.startswith(SEALED)))
def test_what_was_never_sealed_stays_as_it_is(text):
    assert not is_sealed(text)
    assert VAULT.open(text) == text


def test_no_word_of_it_can_be_seen():
    assert "482913075664" not in VAULT.seal('{"code": "482913075664"}')


@pytest.mark.parametrize("other", [b"", b"another pepper", KEY[:-1]])
def test_another_key_does_not_open_it(other):
    with pytest.raises(SealError):
        Vault(other).open(VAULT.seal("7"))


def test_what_was_changed_or_cut_does_not_open():
    sealed = VAULT.seal("7")
    for wrong in (sealed[:-1], sealed[:40], SEALED, SEALED + "é", SEALED + " ~~ "):
        with pytest.raises(SealError):
            VAULT.open(wrong)
    at = len(SEALED) + 60
    with pytest.raises(SealError):
        VAULT.open(sealed[:at] + ("0" if sealed[at] != "0" else "1") + sealed[at + 1 :])


def test_a_length_tells_only_the_step():
    short = {len(VAULT.seal("x" * n)) for n in range(STEP)}
    assert len(short) == 1
    assert short != {len(VAULT.seal("x" * STEP))}


@given(st.binary(max_size=5000))
def test_a_file_is_sealed_likewise(data):
    sealed = VAULT.seal_bytes(data)
    assert VAULT.open_bytes(sealed) == data
    with pytest.raises(SealError):
        Vault(b"another").open_bytes(sealed)
    with pytest.raises(SealError):
        VAULT.open_bytes(sealed[:30])
