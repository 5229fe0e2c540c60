"""Outlines on the map, and place names in a text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from civic.places import contains, found_in, words_of

patiently = settings(deadline=None)  # the machine may be busy


def test_a_dent_in_an_outline_is_outside():
    horseshoe = ((0, 0), (0, 3), (3, 3), (3, 2), (1, 2), (1, 1), (3, 1), (3, 0))
    assert contains(horseshoe, 0.5, 1.5)
    assert contains(horseshoe, 2, 0.5)
    assert contains(horseshoe, 2, 2.5)
    assert not contains(horseshoe, 2, 1.5)


@pytest.mark.parametrize(
    ("lat", "lng", "inside"),
    [
        (1, 3.1, True),
        (1, 2.9, False),
        (3, 1.1, True),
        (3, 0.9, False),
        (0, 3.9, False),
        (0, 4, True),
    ],
)
def test_a_slanting_border(lat, lng, inside):
    """From (0, 4) to (4, 0), with the square's other half to the east of it."""
    assert contains(((0, 4), (4, 0), (4, 4), (0, 8)), lat, lng) is inside


degrees = st.floats(0.01, 0.99)


@patiently
@given(lat=degrees, lng=degrees, south=degrees, north=degrees)
def test_a_point_belongs_to_exactly_one_of_two_neighbours(lat, lng, south, north):
    """A square cut by a line from its south border to its north border."""
    west = ((0, 0), (0, south), (1, north), (1, 0))
    east = ((0, south), (0, 1), (1, 1), (1, north))
    assert contains(west, lat, lng) != contains(east, lat, lng)


@patiently
@given(degrees, degrees, st.integers(0, 3), st.booleans())
def test_an_outline_is_the_same_whichever_corner_comes_first(lat, lng, turn, backwards):
    corners = ((0.0, 0.3), (0.4, 1.0), (1.0, 0.6), (0.5, 0.1))
    turned = corners[turn:] + corners[:turn]
    other = turned[::-1] if backwards else turned
    assert contains(corners, lat, lng) == contains(other, lat, lng)


def test_a_place_without_letters_is_never_found():
    assert found_in(words_of("overal"), {"west": ("", "---")}) == set()


@pytest.mark.parametrize("text", ["Noord Plein", "het noord plein 3", "NOORD-PLEIN"])
def test_the_longer_of_two_names_counts(text):
    places = {"a": ("Noord",), "b": ("Plein",), "c": ("Noord Plein",)}
    assert found_in(words_of(text), places) == {"c"}
