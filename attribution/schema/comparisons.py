"""What another model makes of the same choice in the same text."""

from attrs import frozen

from attribution.schema.explanations import Attribution
from attribution.schema.generation import Alternative, Generation


@frozen
class Comparison:
    """The same target against the same contrast, in the sibling.

    `generation` is the text as the sibling reads it: its tokens end before the target, so they are
    those of `attribution.relevance`, and `attribution.pair.position` is their number. Where the
    models share their tokens they are the first model's; otherwise the text was tokenised anew,
    and only spans can be compared.
    """

    generation: Generation
    attribution: Attribution
    choices: tuple[Alternative, ...]  # what the sibling would most likely write there, best first
    same_tokens: bool
