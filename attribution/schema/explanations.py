"""Why: contrast pairs, their attribution, and what the search did."""

from enum import StrEnum

from attrs import frozen

_CONVERGED = 0.05  # error of integrated gradients, as a share of what they should add up to


class Origin(StrEnum):
    """Who says that the contrast token is the right one."""

    VERIFIED = "verified"  # the tests: the model, going on greedily from it, passes them
    SUBSTITUTED = "substituted"  # the tests: they pass with it, all else left as it was
    TWO_TOKENS = "two-token"  # the tests, once the model's way was corrected a second time
    SIBLING = "sibling"  # a sibling model proposed it, the tests agree
    MANUAL = "manual"  # the user; nothing is proved


class Outcome(StrEnum):
    """How the search for a contrast pair ended."""

    CLEAR = "clear"  # a proved pair with Δℓ > 1
    WEAK = "weak"  # proved pairs, all with Δℓ ≤ 1
    FIRST_TOKEN = "first-token"  # nothing but the first token repairs it: wrong from the start
    UNFINISHED = "unfinished"  # the sample never ended, and no token that was tried makes it pass
    BUDGET = "budget"  # no repair within the budget; there is more to try
    EXHAUSTED = "exhausted"  # no repair among all alternatives
    EMPTY = "empty"  # the model wrote nothing


@frozen
class TokenChoice:
    id: int
    text: str
    rank: int  # 1 = the model's first choice at this position


@frozen
class SecondFlip:
    """The other token of a two-token repair."""

    position: int  # index into the sequence that the first token led to
    written: TokenChoice  # what the model wrote there
    token: TokenChoice  # what it had to write


@frozen
class ContrastPair:
    """Target (what the model wrote) against contrast (what would have passed)."""

    position: int  # index into Generation.tokens of the target token
    target: TokenChoice
    contrast: TokenChoice
    logit_diff: float  # Δℓ = logit(target) − logit(contrast), natural-log units
    origin: Origin
    repaired_program: str | None = None  # the whole sample file, tests passed
    repair_size: int | None = None  # words and signs that differ between sample and repair
    second: SecondFlip | None = None  # of a two-token repair

    def is_weak(self, threshold: float) -> bool:
        """Whether the model hardly preferred the target: Δℓ is smaller than `threshold`."""
        return self.logit_diff < threshold


@frozen
class Attribution:
    """Signed relevance of every token before the target for Δℓ at the pair's position.

    Completeness: logit_diff = sum + leak + bias + baseline − error (see lrp/relevance.py).
    `relevance[k]` belongs to Generation.tokens[k]; it ends at the token before the target.
    The features are the input tokens before the target, held fixed; generating anew from an
    edited prompt is a different question.
    """

    pair: ContrastPair
    method: str
    logit_diff: float
    relevance: tuple[float, ...]
    sum: float
    leak: float  # of the softmaxes: AttnLRP only
    bias: float
    objective: str = "contrast"
    # [layer][token]: at the embedding, then at the end of every layer; empty where not known.
    profile: tuple[tuple[float, ...], ...] = ()
    baseline: float = 0.0  # integrated gradients: Δℓ of the input they start from, exact

    @property
    def error(self) -> float:
        """By how much the parts add up to more than Δℓ, logit units.

        Rounding for attnlrp and cplrp, the error of the quadrature for integrated gradients.
        """
        return self.sum + self.leak + self.bias + self.baseline - self.logit_diff

    @property
    def missing(self) -> tuple[str, float]:
        """What of Δℓ neither tokens nor biases have: its name for a person, and how much."""
        if self.method in ("attnlrp", "cplrp"):
            return "softmax leak", self.leak
        return "not distributed", self.logit_diff - self.sum - self.bias

    @property
    def caveat(self) -> str:
        """A sentence where integrated gradients miss what they promise; else empty."""
        promised = abs(self.logit_diff - self.baseline)
        if self.method != "integrated" or abs(self.error) <= _CONVERGED * promised:
            return ""
        return (
            f"The method has not converged: off by {abs(self.error):.2f} logits, "
            f"where its sum should be {self.logit_diff - self.baseline:.2f}."
        )


@frozen
class Trial:
    """One alternative that the search has judged, with what it knew of it before."""

    position: int
    token: int
    rank: int
    logit_diff: float
    log_probability: float  # of the alternative, nats
    entropy: float  # of the position, nats
    kind: str  # syntactic class of what stands there
    suspicion: float  # Ochiai of its line, 0..1
    origin: Origin
    passed: bool
    seconds: float  # since the search began


@frozen
class SearchReport:
    """What the fault search did, also when it found nothing."""

    rollouts: int  # continuations that the model decoded
    decoded_tokens: int  # chosen by the model
    proved: int
    message: str  # for a person, e.g. why there is no pair
    outcome: Outcome = Outcome.BUDGET
    programs: int = 0  # tested
    accepted_tokens: int = 0  # of the decoded: drafted before and verified in one pass
    computed_tokens: int = 0  # that went through the model
    plain_tokens: int = 0  # that prefilling and decoding every rollout plainly would have computed
    seconds: float = 0.0  # in all runs of this search together
    first_seconds: float | None = None  # until the first proved pair
    complete: bool = False  # every alternative was tried
    own_share: float = 1.0  # of the output tokens: the model's own first choice
    pivotal: int | None = None  # the last position from which a single token still repairs it
    pivotal_certain: bool = False  # every alternative behind it was tried
    trials: tuple[Trial, ...] = ()  # where they were asked for
