"""What does not fit is told with the plan's number, and every proposal really fits."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from admin_export import openstad
from admin_export.measures import characters
from admin_export.measures import openstad as length
from admin_export.notes import Note
from admin_export.wording import lengthened, sentences, words
from admin_export.writers import FORMATS, openpoen_file
from civic.rounds import Area, Localised
from tests.admin_export.hard import dataset, hard, plan

# Words of many scripts, with and without spaces, marks, joined emoji, and what looks like HTML.
TEXTS = st.one_of(
    st.text(max_size=400),
    st.text(alphabet="👨‍👩‍👧🏳️🌈🌳é̈̃ ", max_size=200),
    st.text(alphabet="ابتثجحخد يوه،.؟ ", max_size=300),
    st.text(alphabet="ığüşöçİ ne.,", max_size=6000),
    st.text(alphabet="&<>b/ ", max_size=200),
    st.text(alphabet="ß…ﷺŒ ", max_size=200),
    st.integers(0, 6000).map("a".__mul__),
    st.lists(st.text(alphabet="abc", min_size=1, max_size=12), max_size=900).map(" ".join),
)


def javascript(text: str) -> int:
    """length in JavaScript of what its trim() leaves, written once more and otherwise."""
    blank = " \t\n\v\f\r\xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff"
    blank += "".join(chr(code) for code in range(0x2000, 0x200B))
    return sum(2 if ord(sign) > 0xFFFF else 1 for sign in text.strip(blank))


def as_kept(text: str) -> str:
    """What OpenStad's sanitize leaves of a text without tags."""
    plain = "".join(sign for sign in text if ord(sign) <= 0xFFFF)
    apart = unicodedata.normalize("NFKD", plain)
    double = {"ß": "ss", "Æ": "Ae", "æ": "ae", "Œ": "Oe", "œ": "oe", "Þ": "Th", "þ": "th"}
    for sign, letters in double.items():
        apart = apart.replace(sign, letters)
    marks = [*range(0x300, 0x370), *range(0xFE20, 0xFE30), *range(0x20D0, 0x2100)]
    return "".join(sign for sign in apart if ord(sign) not in marks)


@given(TEXTS, TEXTS, TEXTS)
@example("", "", "")
@example("🌳" * 25, "🌳" * 70, "🌳" * 2500)
@example("&" * 50, "&" * 140, "&" * 1001)
@example("<b>" * 20, "<script>" * 20, "<p>" * 60)
def test_every_proposal_fits(title: str, text: str, address: str) -> None:
    one = plan(7, title=title, text=text, address=address)
    data = dataset(one)
    made, taken = openstad.resource(data, one), openstad.proposed(data, one)
    noted = {note.field: note for note in openstad.notes(data, one)}
    for field, (least, most) in openstad.LENGTHS.items():
        own, proposal = getattr(made, field), getattr(taken, field)
        assert least <= javascript(proposal) <= most
        assert least <= javascript(as_kept(proposal)) <= most
        if field not in noted:
            assert own == proposal
            assert least <= javascript(own) <= most
        elif own:
            assert noted[field].number == 7
    assert made.description.startswith(text)


@given(TEXTS)
def test_a_proposal_for_any_round_fits(name: str) -> None:
    """The names of the round are people's words too."""
    one = plan(123456, title="", text="", address="", area="x", theme="")
    data = dataset(one)
    area = Area("x", Localised({"nl": name}), Decimal(1))
    named = replace(data.round, areas=(area,), name=Localised({"nl": name}))
    taken = openstad.proposed(replace(data, round=named), one)
    for field, (least, most) in openstad.LENGTHS.items():
        assert least <= javascript(getattr(taken, field)) <= most


@given(TEXTS)
def test_a_length_is_between_the_least_and_the_most(text: str) -> None:
    shortest, longest = length(text)
    assert shortest <= javascript(text) <= longest
    if "<" not in text and "&" not in text:
        assert shortest <= javascript(as_kept(text)) <= longest


@given(TEXTS, st.integers(1, 200))
def test_shortened_texts_are_beginnings(text: str, most: int) -> None:
    plain = " ".join(text.split())
    for shorten in (words, sentences):
        short = shorten(text, most, characters)
        assert len(short) <= most
        assert plain.startswith(short.removesuffix("…"))
        rest = plain[len(short.removesuffix("…")) :]
        assert rest == "" or not unicodedata.category(rest[0]).startswith("M")


def test_words_are_kept_whole() -> None:
    text = "Een bankje bij de speeltuin. Ook een prullenbak, en een lamp."
    assert sentences(text, 40, characters) == "Een bankje bij de speeltuin."
    assert sentences(text, 20, characters) == "Een bankje bij de…"
    assert words(text, 48, characters) == "Een bankje bij de speeltuin. Ook een prullenbak…"
    assert words("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 10, characters) == "👨‍👩‍👧‍👦…"
    assert lengthened("a", ["too long", "bb", "cc"], (6, 7), characters) == "a bb cc"
    assert lengthened("a", ["b"], (6, 7), characters) == ""


@pytest.mark.parametrize(
    ("title", "what", "proposal"),
    [
        ("Bankje", "6 tekens, ten minste 10", "Bankje in Slotermeer Noordoost"),
        ("a" * 60, "60 tekens, hoogstens 50", "a" * 47 + "…"),
        (
            "🌳🌳🌳 Bomen",
            "12 tekens (5 zoals OpenStad ze bewaart), ten minste 10",
            "🌳🌳🌳 Bomen in Slotermeer Noordoost",
        ),
    ],
)
def test_a_note_says_how_long_it_is(title: str, what: str, proposal: str) -> None:
    one = plan(12, title=title)
    note = next(n for n in openstad.notes(dataset(one), one) if n.field == "title")
    assert (note.number, note.what, note.proposal) == (12, what, proposal)
    assert str(note) == f"OpenStad: plan 12: titel: {what}; voorstel: {proposal}"


def test_cents_and_languages_are_told() -> None:
    one = plan(5, cost=Decimal("99.50"), language="ar")
    told = {(n.field, n.what, n.proposal) for n in openstad.notes(dataset(one), one)}
    assert ("budget", "€ 99.50 heeft centen, alleen hele euro's", "100") in told
    assert ("text", "niet in het Nederlands (ar)", "") in told
    assert openstad.resource(dataset(one), one).body()["budget"] == 100


def test_the_file_for_the_api_has_proposals_beside_the_plans_own_words(tmp_path: Path) -> None:
    data = hard()
    notes = FORMATS["openstad"](data, tmp_path).notes
    resources = json.loads((tmp_path / "openstad.json").read_bytes())["resources"]
    for sent, one in zip(resources, data.plans, strict=True):
        noted = {n.field for n in notes if n.number == one.number and n.field in openstad.LENGTHS}
        assert set(sent["proposal"]) == noted
        for field, text in sent["proposal"].items():
            least, most = openstad.LENGTHS[field]
            assert least <= javascript(text) <= most


@given(TEXTS, TEXTS)
def test_open_poen_gets_no_more_than_it_takes(title: str, text: str) -> None:
    plans = [plan(n, title=title, text=text, address=text, status="chosen") for n in (1, 2)]
    raw = {"name": title, "description": text, "location": text}
    for field, value in raw.items():
        assert len(openpoen_file._fitted(field, value)) <= openpoen_file.LENGTHS[field]
    made = openpoen_file._initiative(dataset(*plans), plans[0], Counter())
    told = {note.field for note in openpoen_file._notes(plans[0], made)}
    assert {field for field in raw if len(raw[field]) > openpoen_file.LENGTHS[field]} <= told


def test_a_note_about_everything_has_no_number() -> None:
    assert str(Note(0, "Decidim", "id", "let op")) == "Decidim: id: let op"
