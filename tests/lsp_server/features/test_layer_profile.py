"""Bars in a hover: as many as there are layers, to scale, either side on its own."""

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.features.layer_profile import bars, layer_profile
from tests.lsp_server.samples import attribution

PROFILE = ((0.0, 1.0, -0.5), (0.0, -0.25, -2.0), (0.0, 0.0, 0.25))
ATTRIBUTION = evolve(attribution(), profile=PROFILE)


def test_both_sides_have_a_line() -> None:
    (text,) = layer_profile(ATTRIBUTION, [1])
    assert text == (
        "By layer, embedding to last: `█··` towards `␣<=`, `·▃·` towards `␣<` · "
        "strongest at the embedding (+1.00)"
    )


def test_tokens_that_share_a_character_count_together() -> None:
    (text,) = layer_profile(ATTRIBUTION, [1, 2])
    assert "strongest after layer 0 (−2.25)" in text


def test_nothing_is_drawn_of_what_is_not_known() -> None:
    assert list(layer_profile(attribution(), [1])) == []
    assert list(layer_profile(ATTRIBUTION, [0])) == []  # no relevance anywhere
    assert list(layer_profile(ATTRIBUTION, [7])) == []  # after the target
    assert list(layer_profile(evolve(ATTRIBUTION, profile=ATTRIBUTION.profile[:1]), [1])) == []


@given(st.lists(st.floats(0, 5), min_size=1, max_size=200))
def test_the_largest_value_has_the_highest_bar(values: list[float]) -> None:
    scale = max(values) or 1.0
    drawn = bars(values, scale)
    assert len(drawn) <= 48
    assert ("█" in drawn) == any(value >= scale * 7 / 8 for value in values)
