"""In which order alternatives are tried: by what is known of them before anything is run.

That is how likely the model found the alternative, how undecided it was at that place, what
stands there, and how suspicious its line is (Ochiai). `tokenblame study faults` measures what each
signal is worth.
"""

from attribution.faults.syntax import Kind

_LOG_PROBABILITY = 0.7
_ENTROPY = 1.0
_SUSPICION = 3.0
_KIND = {
    Kind.OPERATOR: 0.5,
    Kind.NAME: 0.5,
    Kind.CONSTANT: 0.5,
    Kind.KEYWORD: -0.5,
    Kind.PUNCTUATION: 0.0,
    Kind.LAYOUT: -3.0,
    Kind.PROSE: -3.0,
    Kind.BEHIND: -3.0,
}


def score(log_probability: float, entropy: float, suspicion: float, kind: Kind) -> float:
    """The higher, the sooner: nats of probability (discounted), with a bonus for place and kind."""
    return (
        _LOG_PROBABILITY * log_probability
        + _ENTROPY * entropy
        + _SUSPICION * suspicion
        + _KIND[kind]
    )
