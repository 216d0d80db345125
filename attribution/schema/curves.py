"""Where the model lost the thread: the share of sampled continuations that pass, along a sample."""

from math import sqrt

from attrs import frozen

from attribution.schema.faithfulness import Estimate

_Z = 1.959964  # standard normal quantile of a two-sided 95 % interval


@frozen
class PassRate:
    """Of continuations sampled behind the tokens before `position`: how many pass the tests.

    `low` and `high` are Wilson's 95 % score interval of the share.
    """

    position: int  # index into Generation.tokens: those before it are kept, this one is sampled
    passed: int
    samples: int
    low: float
    high: float

    @classmethod
    def of(cls, position: int, passed: int, samples: int) -> "PassRate":
        return cls(position, passed, samples, *_wilson(passed, samples))

    @property
    def rate(self) -> float:
        return self.passed / self.samples

    def fall_to(self, later: "PassRate") -> Estimate:
        """This rate minus a later one, with Newcombe's hybrid score interval (1998, method 10)."""
        fall = self.rate - later.rate
        below = sqrt((self.rate - self.low) ** 2 + (later.high - later.rate) ** 2)
        above = sqrt((self.high - self.rate) ** 2 + (later.rate - later.low) ** 2)
        return Estimate(fall, max(-1.0, fall - below), min(1.0, fall + above))


def _wilson(passed: int, samples: int) -> tuple[float, float]:
    """E. B. Wilson (1927); exact at no and at all passes, where it does not collapse."""
    share, z2 = passed / samples, _Z**2
    middle = (share + z2 / (2 * samples)) / (1 + z2 / samples)
    half = _Z * sqrt(share * (1 - share) / samples + z2 / (4 * samples**2)) / (1 + z2 / samples)
    low = 0.0 if passed == 0 else max(0.0, middle - half)
    return low, 1.0 if passed == samples else min(1.0, middle + half)


@frozen
class PassCurve:
    """p(pass | tokens so far), known at some positions; closer together where it falls.

    Pivotal token search of the Phi-4 report (arXiv 2412.08905). The steepest stretch
    is the largest of many noisy falls, so its size tends to be overestimated; the samples that are
    added at its ends once all else is known lessen this.
    """

    points: tuple[PassRate, ...]  # ascending positions
    samples: int  # per point; twice as many at the ends of the steepest stretch
    temperature: float
    drop: float  # falls of at least this were narrowed down
    message: str  # for a person
    # Tokens [start, end) of Generation.tokens across which the rate falls most between two
    # neighbouring points, and by how much; None where no fall reaches `drop`.
    steepest: tuple[int, int] | None = None
    fall: Estimate | None = None
    pivot: int | None = None  # index into Generation.tokens where `steepest` is a single token
    complete: bool = False  # every fall was narrowed down; False: there is more to come
    rollouts: int = 0  # continuations that were written
    decoded_tokens: int = 0
    programs: int = 0  # different ones that were tested
    seconds: float = 0.0
