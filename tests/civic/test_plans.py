"""The life of a plan, and the short name it gets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civic.plans import NEXT, OPEN_TO_ADDITIONS, TITLE_MOST, Status, may_become, propose_title

NAMES = [
    ("nl", "Ik wil een bankje bij de speeltuin", "Een bankje bij de speeltuin"),
    ("nl", "ik wil graag meer bomen in onze straat.", "Meer bomen in onze straat"),
    ("nl", "Ik wil graag dat er een fontein komt op het plein", "Een fontein op het plein"),
    (
        "nl",
        "Goedemiddag, mijn naam is Fatima. Ik heb een idee: een moestuin voor kinderen.",
        "Een moestuin voor kinderen",
    ),
    ("nl", "hoi! Ik ben Ahmed en ik zou graag willen dat er meer licht komt", "Meer licht"),
    ("nl", "Meer groen. Nu is het kaal.", "Meer groen"),
    ("nl", "bank\nbij de halte van tram 7", "Bank bij de halte van tram 7"),
    (
        "nl",
        "Een grote speeltuin voor de kinderen van de hele buurt en hun ouders",
        "Een grote speeltuin voor de kinderen van de hele",
    ),
    ("en", "I would like to have a bench near the tram stop", "A bench near the tram stop"),
    ("en", "hello, we need more light in the park!", "More light in the park"),
    (
        "en",
        "My plan is: a library in a phone box, for everybody in the neighbourhood to share books",
        "A library in a phone box, for everybody",
    ),
    ("tr", "Merhaba, parka bir bank istiyorum", "Parka bir bank"),
    ("tr", "istasyonun yanına çöp kutusu lazım", "İstasyonun yanına çöp kutusu"),
    ("tr", "ışıklı bir yol olsun", "Işıklı bir yol"),
    ("tr", "Çocuklar için oyun parkı istiyoruz lütfen", "Çocuklar için oyun parkı"),
    ("tr", "Kadınlar için bisiklet kursu yapmak istiyorum", "Kadınlar için bisiklet kursu"),
    ("ar", "أريد حديقة للأطفال في الحي", "حديقة للأطفال في الحي"),
    ("ar", "السلام عليكم، بغيت كراسي في الحديقة", "كراسي في الحديقة"),
    ("ar", "عندي فكرة: نزرع شجرًا في الشارع.", "نزرع شجرًا في الشارع"),
]


@pytest.mark.parametrize(("language", "text", "name"), NAMES)
def test_the_name_says_what_it_is_about(language: str, text: str, name: str) -> None:
    assert propose_title(text, language) == name


def test_a_name_does_not_end_in_the_middle_of_a_thought() -> None:
    text = "Een ontmoetingsplek voor alle oudere mensen uit de straten rond het plein"
    assert propose_title(text) == "Een ontmoetingsplek voor alle oudere mensen"


@pytest.mark.parametrize("text", ["", "   ", "...", "?!", "\n\n"])
def test_nothing_gets_no_name(text: str) -> None:
    assert propose_title(text) == ""


def test_only_a_run_up_is_still_a_name() -> None:
    assert propose_title("ik wil") == "Ik wil"


words = st.lists(st.text("abcçdeéıiİأبتن", min_size=1, max_size=20), min_size=1, max_size=40)


@given(words, st.sampled_from(["nl", "en", "tr", "ar"]))
def test_whole_words_within_the_limit(said: list[str], language: str) -> None:
    name = propose_title(" ".join(said), language)
    assert name
    assert len(name) <= TITLE_MOST
    meant = [word.casefold() for word in said]
    kept = [word.casefold() for word in name.split()]
    start = meant.index(kept[-1]) if kept[-1] in meant else -1
    assert start >= 0 or len(kept) == 1  # only the first letter may differ from what was said


@given(st.text(max_size=300), st.sampled_from(["nl", "en", "tr", "ar", "xx"]))
def test_any_text_gives_a_name_that_fits(text: str, language: str) -> None:
    name = propose_title(text, language)
    assert len(name) <= TITLE_MOST
    assert "\n" not in name
    assert name == name.strip()


# --- the life of a plan -------------------------------------------------------------------------


def test_every_status_has_a_future_or_is_an_end() -> None:
    assert set(NEXT) == set(Status)
    ends = {status for status, following in NEXT.items() if not following}
    assert ends == {Status.DECLINED, Status.NOT_CHOSEN, Status.DONE, Status.WITHDRAWN}


def test_every_status_is_reached() -> None:
    reached, following = {Status.DRAFT}, {Status.DRAFT}
    while following:
        following = {after for before in following for after in NEXT[before]} - reached
        reached |= following
    assert reached == set(Status)


def test_a_plan_is_withdrawn_only_before_the_vote_has_decided() -> None:
    may = {status for status in Status if may_become(status, Status.WITHDRAWN)}
    before = {Status.SUBMITTED, Status.SUPPORTED, Status.ASSESSING, Status.ADJUST}
    assert may == before | {Status.ADMITTED}
    assert before == OPEN_TO_ADDITIONS
