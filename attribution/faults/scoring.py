"""In which order alternatives are tried: by what is known of them before anything is run.

That is how likely the model found the alternative, how undecided it was at that place, what
stands there, and how suspicious its line is (Ochiai). `tokenblame study faults` measures what each
signal is worth.
"""

from attribution.faults.syntax import TokenKind

_LOG_PROBABILITY = 0.7
_ENTROPY = 1.0
_SUSPICION = 3.0
_KIND = {
    TokenKind.OPERATOR: 0.5,
    TokenKind.NAME: 0.5,
    TokenKind.CONSTANT: 0.5,
    TokenKind.KEYWORD: -0.5,
    TokenKind.PUNCTUATION: 0.0,
    TokenKind.LAYOUT: -3.0,
    TokenKind.PROSE: -3.0,
    TokenKind.BEHIND: -3.0,
}


def score(log_probability: float, entropy: float, suspicion: float, kind: TokenKind) -> float:
    """The higher, the sooner: nats of probability (discounted), with a bonus for place and kind."""
    return (
        _LOG_PROBABILITY * log_probability
        + _ENTROPY * entropy
        + _SUSPICION * suspicion
        + _KIND[kind]
    )
