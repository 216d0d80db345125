"""Why: contrast pairs, their attribution, and what the search did."""

from enum import StrEnum

from attrs import frozen


class Origin(StrEnum):
    """Who says that the contrast token is the right one."""

    VERIFIED = "verified"  # the tests: decoding on from it passes them
    SIBLING = "sibling"
    MANUAL = "manual"


@frozen
class TokenChoice:
    id: int
    text: str
    rank: int  # 1 = the model's first choice at this position


@frozen
class ContrastPair:
    """Target (what the model wrote) against contrast (what would have passed)."""

    position: int  # index into Generation.tokens of the target token
    target: TokenChoice
    contrast: TokenChoice
    logit_diff: float  # Δℓ = logit(target) − logit(contrast), natural-log units
    origin: Origin
    repaired_program: str | None = None  # the whole sample file, tests passed


@frozen
class Attribution:
    """Signed relevance of every token before the target for Δℓ at the pair's position.

    Completeness: logit_diff = sum + leak + bias up to rounding (see lrp/relevance.py).
    `relevance[k]` belongs to Generation.tokens[k]; it ends at the token before the target.
    The features are the input tokens before the target, held fixed; generating anew from an
    edited prompt is a different question.
    """

    pair: ContrastPair
    method: str
    logit_diff: float
    relevance: tuple[float, ...]
    sum: float
    leak: float
    bias: float
    objective: str = "contrast"


@frozen
class SearchReport:
    """What the fault search did, also when it found nothing."""

    rollouts: int
    decoded_tokens: int
    proved: int
    message: str  # for a person, e.g. why there is no pair
