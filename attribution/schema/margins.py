"""What the model thinks of one choice, without anything being run, searched or attributed."""

from attrs import frozen


@frozen
class ScoredToken:
    """One token at one place, among all that could stand there."""

    id: int
    text: str  # as it reads there; empty or U+FFFD for a part of a character
    logit: float  # natural-log units
    probability: float  # 0..1, of the whole vocabulary
    rank: int  # 1 = the model's first choice


@frozen
class Margin:
    """Two tokens at one place of a text, and what the model would write there."""

    position: int  # index of the place among the tokens of prompt and output
    target: ScoredToken  # stands there
    contrast: ScoredToken
    first: ScoredToken  # the model's first choice; may be one of the two
    computed: int = 0  # tokens that went through the model
    reused: int = 0  # tokens whose keys and values were known from texts read before

    @property
    def logit_diff(self) -> float:
        """Δℓ = logit(target) − logit(contrast), natural-log units."""
        return self.target.logit - self.contrast.logit
