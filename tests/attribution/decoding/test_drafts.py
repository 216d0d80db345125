"""What is drafted, and how sure of it a forest is."""

from itertools import islice

import pytest

from attribution.decoding.drafts import Drafts, share


def read(*texts: str) -> Drafts:
    drafts = Drafts()
    for text in texts:
        drafts.read([ord(sign) for sign in text])
    return drafts


def behind(drafts: Drafts, text: str, most: int = 4) -> str:
    found = islice(drafts.behind([ord(sign) for sign in text]), most)
    return "".join(chr(token) for token, _ in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ab", "cdef"),  # as it was written
        ("xab", "cdef"),  # what is unknown before it does not matter
        ("b", ""),  # one token says too little
        ("ax", ""),
        ("ef", ""),  # nothing came behind it
    ],
)
def test_what_was_written_behind_the_same_tokens_is_drafted(text: str, expected: str) -> None:
    assert behind(read("abcdef"), text) == expected


def test_the_longer_context_is_the_better_one_and_the_later_text_the_newer() -> None:
    drafts = read("abcdX", "qcdY")
    assert behind(drafts, "cd", 1) == "Y"
    assert behind(drafts, "bcd", 1) == "X"


def test_a_text_that_repeats_itself_is_drafted_without_end() -> None:
    assert behind(read("ababab"), "ab", 9) == "ababababa"


def test_chances_fall_with_every_token_and_with_every_wrong_guess() -> None:
    def first(drafts: Drafts) -> float:
        return next(drafts.behind([ord("a"), ord("b")]))[1]

    right, wrong = read("abc"), read("abc")
    chances = [chance for _, chance in read("abcdef").behind([ord("a"), ord("b")])]
    assert chances == sorted(chances, reverse=True)
    assert 0.0 < chances[-1] < chances[0] < 1.0
    before = first(right)
    for _ in range(3):
        right.learn([ord(sign) for sign in "abc"])
    for sign in "xyz":
        wrong.learn([ord("a"), ord("b"), ord(sign)])
    assert first(wrong) < before < first(right)


def test_the_likeliest_tokens_fill_a_pass() -> None:
    drafts = {1: [(11, 0.9), (12, 0.5)], 2: [(21, 0.8), (22, 0.7), (23, 0.1)], 3: []}
    assert share(drafts, (), 3) == {1: [11], 2: [21, 22], 3: []}
    assert share(drafts, {1}, 3) == {1: [11, 12], 2: [21], 3: []}
    assert share(drafts, (), 9) == {1: [11, 12], 2: [21, 22], 3: []}  # the last is too unlikely
    assert share({1: [(11, 0.8)], 2: [(21, 0.8)]}, (), 1) == {1: [11], 2: []}  # the older
    assert share(drafts, (), -1) == {1: [], 2: [], 3: []}
